"""A row of the data -> a programme. What a row leaves out or has as null is unknown, never 0. Pure."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from datetime import date
from typing import Any

from services.placement.programmes.districts import Districts
from services.placement.programmes.figures import EXACT, MEASURES, Figure
from services.placement.programmes.kinds import Kinds
from services.placement.programmes.model import District, Programme
from services.placement.programmes.parts import Claimed, Pillar, Target, TargetGroup
from shared.errors import Refused
from shared.ids import content_hash

#: Fields of a row that are targets, by the measure they are for.
TARGET_FIELDS = {
    "jobs": "jobs_target",
    "people": "people_target",
    "trained": "trained_target",
    "sessions": "sessions_target",
    "sites": "sites_target",
}


def programme_of(tenant: str, row: Mapping[str, Any], *, districts: Districts, kinds: Kinds, at: str) -> Programme:
    """Return the programme that a row describes; ``at`` is where the row stands in what was sent.

    Raises ``Refused`` when the file of kinds doesn't know its kind, and when it is its own umbrella: what it reports would
    be summed up with what its programmes itemise.
    """
    kind = kinds.of(row["kind"], field=f"{at}.kind")
    code = row.get("district_code")
    if row.get("parent") == row["id"]:
        raise Refused("programme_is_own_parent", field=f"{at}.parent", programme=row["id"])
    valid_from, valid_to = districts.valid(code)
    kept = plain(row)
    return Programme(
        id=Programme.id_of(tenant, row["id"]),
        tenant=tenant,
        code=row["id"],
        name_ko=row["name_ko"],
        name_en=row.get("name_en"),
        kind=kind.code,
        role=row["role"],
        parent=row.get("parent"),
        district=District(code, row.get("district"), row.get("municipality"), valid_from, valid_to),
        year=row.get("year"),
        start=row.get("start"),
        wage_floor=row.get("wage_floor") or "minimum",
        direct_job=bool(row.get("direct_job")),
        engagement=row.get("engagement") or "participation_allowance",
        pilot=bool(row.get("pilot")),
        hosts=tuple(row.get("hosts") or ()),
        target_groups=groups_of(row.get("target_groups") or ()),
        tags=tuple(row.get("tags") or ()),
        pillars=tuple(Pillar(one["code"], one["name_ko"], one.get("programme")) for one in row.get("pillars") or ()),
        partners=tuple(row.get("partners") or ()),
        agreed_on=day_of(row.get("agreed_on")),
        claimed=Claimed(**(row.get("claimed") or {})),
        targets=_targets(row),
        figures=_figures(row),
        has_openings=kind.openings,
        row=kept,
        row_hash=content_hash({"row": kept, "openings": kind.openings, "valid": plain([valid_from, valid_to])}),
    )


def groups_of(rows: Any) -> tuple[TargetGroup, ...]:
    """Return target groups; one that is only named has its name for a code, and no legal basis."""
    return tuple(
        TargetGroup(one, one)
        if isinstance(one, str)
        else TargetGroup(one["code"], one["name_ko"], (one.get("legal_basis") or "").strip() or None)
        for one in rows
    )


def day_of(text: str | None) -> date | None:
    """Return the day a source names; a month or a year alone is no day."""
    return date.fromisoformat(text) if text is not None and len(text) == len("2026-11-22") else None


def last_day_of(text: str | None) -> date | None:
    """Return the last day of the year or month that a source names: nobody counted before it was over."""
    if text is None or len(text) not in (len("2026"), len("2026-11")):
        return None
    year, month = (int(part) for part in f"{text}-12".split("-")[:2])
    return date(year, month, monthrange(year, month)[1])


def plain(value: Any) -> Any:
    """Return a value as JSON has it: YAML's bare days become text."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value


def _targets(row: Mapping[str, Any]) -> dict[str, Target]:
    told = row.get("qualifiers") or {}
    return {
        measure: Target(row[name], told.get(name, EXACT))
        for measure, name in TARGET_FIELDS.items()
        if row.get(name) is not None
    }


def _figures(row: Mapping[str, Any]) -> tuple[Figure, ...]:
    told = row.get("qualifiers") or {}
    return tuple(
        Figure(
            measure=measure,
            value=row[measure],
            qualifier=told.get(measure, EXACT),
            as_of=day_of(row.get("as_of")),
            source=row.get("source"),
            published=day_of(row.get("published")) or last_day_of(row.get("as_of")),
        )
        for measure in MEASURES
        if row.get(measure) is not None
    )
