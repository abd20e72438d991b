"""Participations in the collection ``participations``, one document a resident; and the operator's target groups."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import yaml

from services.placement.participation.claims import Claim, Holder
from services.placement.participation.model import Participation
from shared.aggregate import Act
from shared.clock import Clock
from shared.errors import NotFound
from shared.mongo.aggregates import INDEXES, Aggregates
from shared.mongo.port import Collection, Database, Document, Duplicate, Index
from shared.serial import Serial

SOURCE = "/sipbun/placement/participations"
#: Kept as they are.
_PLAIN = (
    "key",
    "opening_id",
    "programme_id",
    "programme_code",
    "workplace",
    "direct_job",
    "engagement",
    "hourly_won",
    "state",
    "noted_at",
    "source",
    "noted_by",
)


class ParticipationCodec:
    """Participation <-> document. Keys of claims are values, never keys of the document."""

    def to_document(self, participation: Participation) -> Document:
        """Return the fields to keep."""
        document: Document = {
            "claims": [_written(claim) for claim in participation.claims.values()],
            "impossible": list(participation.impossible),
        }
        if participation.due is not None:
            document["due"] = participation.due
        return document

    def from_document(self, document: Document) -> Participation:
        """Return the participation."""
        return Participation(
            id=document["_id"],
            tenant=document["tenant"],
            claims={row["key"]: _read(row) for row in document["claims"]},
            impossible=tuple(document["impossible"]),
        )


def _written(claim: Claim) -> dict[str, Any]:
    return {name: getattr(claim, name) for name in _PLAIN} | {
        "regions": list(claim.regions),
        "first_day": claim.first_day.isoformat(),
        "last_day": claim.last_day.isoformat(),
        "shifts": [{"start": start, "end": end} for start, end in claim.shifts],
        "holders": [vars(holder).copy() for holder in claim.holders],
    }


def _read(row: dict[str, Any]) -> Claim:
    return Claim(
        regions=tuple(row["regions"]),
        first_day=date.fromisoformat(row["first_day"]),
        last_day=date.fromisoformat(row["last_day"]),
        shifts=tuple((shift["start"], shift["end"]) for shift in row["shifts"]),
        holders=tuple(Holder(**holder) for holder in row["holders"]),
        **{name: row[name] for name in _PLAIN},
    )


class Participations(Aggregates[Participation]):
    """What all residents take part in."""

    named = "resident_id"

    def __init__(self, collection: Collection, *, clock: Clock, serial: Serial) -> None:
        super().__init__(collection, ParticipationCodec(), source=SOURCE, clock=clock, serial=serial)

    def prepare(self) -> None:
        """Make the indexes."""
        self.collection.ensure([*INDEXES, Index(("due",), where_exists="due")])

    def make_sure_of(self, resident_id: str, tenant: str) -> None:
        """Make the resident's document, with nothing in it, if there is none."""
        if self.find(resident_id) is None:
            self.create(Act.own(f"open:{resident_id}", "open"), Participation(id=resident_id, tenant=tenant), {})

    def change(self, resident_id: str, tenant: str, decide: Callable[[Participation], dict[str, Any]]) -> None:
        """Let ``decide`` change the resident's document, or make it as ``decide`` leaves it: one write.

        ``decide`` may be called again; what it raises is passed on and nothing is saved.
        """
        try:
            self.act(None, resident_id, decide)
        except NotFound:
            fresh = Participation(id=resident_id, tenant=tenant)
            decide(fresh)
            try:
                self._insert(self._fresh(Act.own(f"open:{resident_id}", "open"), fresh, {}))
            except Duplicate:
                # Somebody else made it, without what was decided here.
                self.act(None, resident_id, decide)

    def overdue(self, now: datetime, most: int) -> list[Participation]:
        """Return residents for whom an act is past its deadline."""
        return [self.read(document) for document in self.collection.find({"due": {"$lte": now}}, limit=most)]


def participations(database: Database, *, clock: Clock, serial: Serial) -> Participations:
    """Return the participations kept in placement's database."""
    return Participations(database.collection("participations"), clock=clock, serial=serial)


def read_declarable(file: Path) -> dict[str, bool]:
    """Return the target groups that residents can declare, of the operator's list: code -> whether it is sensitive."""
    rows = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)["groups"]
    return {row["code"]: bool(row.get("sensitive")) for row in rows if not row.get("retired")}
