"""What can be asked of profiles: one's own, somebody's who consents, a workplace's, and all that is kept.

A profile is computed from the words that count and from attendance each time; nothing of it is stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from services.placement.openings.application import ENDED, WITHDRAWN
from services.placement.trust.model import Evaluation
from services.placement.trust.ports import (
    Applications,
    Consents,
    Evaluations,
    Openings,
    Outcome,
    WorkRecords,
)
from services.placement.trust.profile import AGAIN, Evidence, Said, badges, codes_of, fold
from services.placement.trust.record import WorkRecord, work_of
from services.placement.trust.rules import HOST, RESIDENT, Rules
from services.placement.trust.shown import evaluation_row, evidence_rows, record_row
from services.placement.trust.usecases import PAGE, workplace_id
from shared.actors import Actor, must_be
from shared.clock import Clock, kst_day
from shared.errors import Refused
from shared.pages import after, checked_limit, page

PURPOSE = "trust_profile"
#: Whoever's application is over is no candidate of anybody's any more.
OVER = (WITHDRAWN, ENDED)
One = TypeVar("One", Evaluation, WorkRecord)


@dataclass(frozen=True)
class ProfileDesk:
    """The questions."""

    evaluations: Evaluations
    records: WorkRecords
    openings: Openings
    applications: Applications
    consents: Consents
    rules: Rules
    clock: Clock

    def profile(self, actor: Actor, *, resident_id: str, opening_id: str | None = None) -> Outcome:
        """Return a resident's profile: all of it to themselves, what there is enough of to others who may.

        Others need the resident's consent ``trust_profile``: officers who have to do with them, and hosts of
        ``opening_id`` for which the resident applied, until the application is withdrawn or closed. Raises ``Refused``.
        """
        must_be(actor, "resident", "host", "officer", "service")
        own = actor.is_any("resident") and actor.subject == resident_id
        records = self._records(actor, resident_id)
        if not own:
            self._may_see(actor, resident_id, opening_id, records)
            if not self.consents.given(resident_id, PURPOSE):
                raise Refused("trust_profile_consent_needed", field="resident_id", needs=PURPOSE)
        told = _of_tenant(actor, self.evaluations.of_resident(resident_id))
        return self._profile(resident_id, records, told, all_of_it=own)

    def workplace(self, actor: Actor, *, opening_id: str) -> Outcome:
        """Return what residents said of the workplace of an opening, as far as there is enough of it, to its tenant."""
        must_be(actor, "resident", "host", "officer", "service")
        opening = self.openings.get(opening_id)
        must_be(
            actor, "resident", "host", "officer", "service", tenant=opening.tenant, district=opening.district
        )
        name = opening.terms.place.name
        told = self._attended(self.evaluations.of_workplace(workplace_id(opening.tenant, name)))
        evidence = self._fold(told, RESIDENT, opening.tenant)
        rows, again = evidence_rows(evidence, self.rules.of_workplace, all_of_it=False)
        return {
            "opening_id": opening_id,
            "workplace": name,
            "as_of": self._today().isoformat(),
            "completed": len(told),
            "enough": again is not None or bool(rows),
            "recommendations": rows,
            "would_again": again,
        }

    def export(
        self, actor: Actor, *, resident_id: str, limit: int = PAGE, cursor: str | None = None
    ) -> Outcome:
        """Return ``{"profile", "placements", "cursor"}`` to the resident: everything kept about them, page by page.

        A word about them that is not revealed yet is held back until it is (개인정보 보호법 제35조; double-blind).
        """
        must_be(actor, "resident")
        if actor.subject != resident_id:
            raise Refused("only_for_oneself", field="resident_id")
        checked_limit(limit, PAGE)
        since = after(cursor, 1)
        told = _of_tenant(actor, self.evaluations.of_resident(resident_id))
        evaluations = {one.id: one for one in told}
        records = {one.id: one for one in self._records(actor, resident_id)}
        ids = sorted({*records, *evaluations})
        wanted = [one for one in ids if since is None or one > since[0]][: limit + 1]
        rows, further = page(
            (
                {
                    "placement_id": one,
                    "work": record_row(records[one]) if one in records else None,
                    "evaluation": evaluation_row(evaluations[one], sides=(RESIDENT,)) if one in evaluations else None,
                }
                for one in wanted
            ),
            limit,
            key=lambda row: (row["placement_id"],),
        )
        profile = self._profile(resident_id, list(records.values()), told, all_of_it=True)
        return {"resident_id": resident_id, "profile": profile, "placements": rows, "cursor": further}

    def _records(self, actor: Actor, resident_id: str) -> Sequence[WorkRecord]:
        return _of_tenant(actor, self.records.of_residents([resident_id]).get(resident_id, ()))

    def _attended(self, told: Sequence[Evaluation]) -> list[Evaluation]:
        """Return those of a place where, as far as is known now, somebody was."""
        records = self.records.get_many([one.id for one in told])
        return [one for one in told if one.id not in records or not records[one.id].undone]

    def _may_see(
        self, actor: Actor, resident_id: str, opening_id: str | None, records: Sequence[WorkRecord]
    ) -> None:
        if actor.is_any("service"):
            return
        must_be(actor, "host", "officer")
        if opening_id is not None:
            opening = self.openings.get(opening_id)
            must_be(actor, "host", "officer", tenant=opening.tenant, district=opening.district)
            if not actor.is_any("officer") and actor.subject not in opening.hosts:
                raise Refused("not_of_this_placement", field="opening_id")
            application = self.applications.find(f"{opening_id}:{resident_id}")
            if application is None or application.state in OVER:
                raise Refused("not_an_applicant", field="resident_id")
            return
        if not actor.is_any("officer"):
            raise Refused("not_an_applicant", field="opening_id")
        if not records:
            raise Refused("not_an_applicant", field="resident_id")
        if not actor.districts or any(record.district in actor.districts for record in records):
            return
        raise Refused("other_district", field="resident_id", district=records[0].district)

    def _profile(
        self, resident_id: str, records: Sequence[WorkRecord], told: Sequence[Evaluation], *, all_of_it: bool
    ) -> Outcome:
        undone = {record.id for record in records if record.undone}
        told = [one for one in told if one.id not in undone]
        work = work_of(records)
        tenant = next((one.tenant for one in (*records, *told)), "")
        evidence = self._fold(told, HOST, tenant)
        rows, again = evidence_rows(evidence, self.rules.of_resident, all_of_it=all_of_it)
        return {
            "resident_id": resident_id,
            "as_of": self._today().isoformat(),
            "completed": work.completed,
            "missed": work.missed,
            "enough": any(one.shown for one in evidence.values()),
            "recommendations": rows,
            "would_again": again,
            "badges": badges(evidence, work.completed, self.rules),
        }

    def _fold(self, told: Iterable[Evaluation], side: str, tenant: str) -> dict[str, Evidence]:
        """Return the evidence in the words of one side that count."""
        words = ((one.id, one.counted(side)) for one in told)
        said = [
            Said(
                placement_id,
                kst_day(word.given_at),
                frozenset((*word.recommendations, *((AGAIN,) if word.would_again else ()))),
            )
            for placement_id, word in words
            if word is not None
        ]
        codes = codes_of(self.rules.said_by(side))
        return fold(said, codes, today=self._today(), rules=self.rules, prior=self.rules.prior_of(tenant))

    def _today(self) -> date:
        return kst_day(self.clock.now())


def _of_tenant(actor: Actor, all_: Iterable[One]) -> list[One]:
    """Return those of the caller's own tenant; all of them to a service, which has none."""
    return [one for one in all_ if actor.is_any("service") or one.tenant == actor.tenant]
