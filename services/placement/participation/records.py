"""The standing of a resident, and what other systems told of them or may ask (일모아): for people and for systems."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.placement.limits.model import NATIONWIDE, LimitTable
from services.placement.participation.claims import TAKEN, Claim
from services.placement.participation.model import Participation
from services.placement.participation.outlook import shared_days
from services.placement.participation.standing import check_of, row_of, standing_of
from services.placement.participation.storage import Participations
from shared.actors import Actor, must_be, must_be_self
from shared.aggregate import Act
from shared.clock import Clock, kst_day
from shared.errors import Refused
from shared.ids import content_hash
from shared.pages import after, checked_limit, page

#: Days: the longest stretch of another system that is taken at its word.
LONGEST_OUTSIDE = 1200
#: Rows of one answer.
MOST_ROWS = 200


@dataclass(frozen=True)
class RecordDesk:
    """What is shown of residents' participation, and what is noted from outside."""

    participations: Participations
    limits: LimitTable
    clock: Clock

    def standing(
        self, actor: Actor, *, resident_id: str, limit: int = MOST_ROWS, cursor: str | None = None
    ) -> dict[str, Any]:
        """Return what counts for a resident today, and their places page by page; oneself, or officers of the tenant.

        An officer of certain districts sees of the places elsewhere only the days and whether they are direct jobs.
        """
        known = self._seen_by(actor, resident_id)
        must_be_self(actor, resident_id, tenant=known.tenant, or_roles=("officer", "operator"))
        today = kst_day(self.clock.now())
        since = after(cursor, 2)
        rows = sorted(known.claims.values(), key=lambda claim: (claim.first_day.isoformat(), claim.key))
        later = (claim for claim in rows if since is None or [claim.first_day.isoformat(), claim.key] > since)
        shown, cursor = page(
            ({"after": claim.key, **row_of(claim, actor.districts)} for claim in later),
            checked_limit(limit, MOST_ROWS),
            key=lambda row: (row["first_day"], row["after"]),
        )
        for row in shown:
            del row["after"]
        return {"resident_id": resident_id, **standing_of(known, self.limits, today), "spans": shown, "cursor": cursor}

    def check(
        self,
        actor: Actor,
        *,
        resident_id: str,
        first_day: date,
        last_day: date,
        direct_job: bool = True,
        regions: Sequence[str] = (NATIONWIDE,),
    ) -> dict[str, Any]:
        """Return whether somebody may take part on these days: for other systems, and officers of the tenant."""
        known = self._seen_by(actor, resident_id)
        must_be(actor, "service", "officer", "operator", tenant=known.tenant)
        _must_be_days(first_day, last_day)
        return check_of(known, self.limits, first_day, last_day, direct_job=direct_job, regions=tuple(regions))

    def overlapping(self, actor: Actor, *, resident_id: str) -> dict[str, Any]:
        """Return the days that a resident's direct jobs share against the rules; officers of the tenant."""
        known = self._seen_by(actor, resident_id)
        must_be(actor, "officer", "operator", tenant=known.tenant)
        rows = [
            {
                "key": overlap.key,
                "other": overlap.other,
                "count": len(overlap.days),
                "first_day": overlap.days[0].isoformat(),
                "last_day": overlap.days[-1].isoformat(),
            }
            for overlap in known.overlaps(shared_days(self.limits))
        ]
        return {"resident_id": resident_id, "overlaps": rows[:MOST_ROWS], "pairs": len(rows)}

    def note_outside(
        self,
        actor: Actor,
        *,
        act_id: str,
        resident_id: str,
        programme: str,
        first_day: date,
        last_day: date,
        source: str,
    ) -> dict[str, Any]:
        """Note a direct job that another system told of (일모아); officers of the tenant.

        The same job noted again changes nothing. Days that it shares with a place given here are told as a fact.
        """
        known = self._seen_by(actor, resident_id)
        must_be(actor, "officer", tenant=known.tenant)
        _must_be_days(first_day, last_day)
        now = self.clock.now()
        asked = {"programme": programme, "first_day": str(first_day), "last_day": str(last_day), "source": source}
        claim = Claim(
            key=f"outside:{content_hash(asked)}",
            opening_id="",
            programme_id="",
            programme_code=programme,
            regions=(),
            workplace="",
            direct_job=True,
            engagement="",
            first_day=first_day,
            last_day=last_day,
            state=TAKEN,
            noted_at=now,
            source=source,
            noted_by=actor.subject,
        )
        self.participations.make_sure_of(resident_id, known.tenant)

        def decide(participation: Participation) -> dict[str, Any]:
            participation.fold(kst_day(now))
            participation.note_outside(claim, shared_days(self.limits), kst_day(now))
            return {"resident_id": resident_id, "key": claim.key}

        act = Act.of(act_id, "note_outside", resident_id=resident_id, **asked)
        return self.participations.act(act, resident_id, decide)

    def retract_outside(self, actor: Actor, *, act_id: str, resident_id: str, key: str) -> dict[str, Any]:
        """Take back what was noted of another system by mistake; officers of the tenant."""
        known = self._seen_by(actor, resident_id)
        must_be(actor, "officer", tenant=known.tenant)
        today = kst_day(self.clock.now())

        def decide(participation: Participation) -> dict[str, Any]:
            participation.retract_outside(key, shared_days(self.limits), today)
            return {"resident_id": resident_id, "key": key}

        act = Act.of(act_id, "retract_outside", resident_id=resident_id, key=key)
        return self.participations.act(act, resident_id, decide)

    def _seen_by(self, actor: Actor, resident_id: str) -> Participation:
        """Return what is known of a resident; of somebody unknown, nothing, in the caller's tenant."""
        known = self.participations.find(resident_id)
        return known or Participation(id=resident_id, tenant=actor.tenant)


def _must_be_days(first_day: date, last_day: date) -> None:
    if last_day < first_day:
        raise Refused("input_invalid", field="last_day", why="last_day < first_day")
    if (last_day - first_day).days >= LONGEST_OUTSIDE:
        raise Refused("out_of_range", field="last_day", low=1, high=LONGEST_OUTSIDE)
