"""The standing of a resident, and what other systems told of them or may ask (일모아): for people and for systems."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from services.placement.limits.model import NATIONWIDE, LimitTable
from services.placement.participation.belonging import Residents, is_for_everybody, must_be_of_here, unknown_here
from services.placement.participation.claims import TAKEN, Claim
from services.placement.participation.model import Participation
from services.placement.participation.months import months_before
from services.placement.participation.outlook import shared_days
from services.placement.participation.standing import check_of, key_of, row_of, standing_of
from services.placement.participation.storage import Participations
from shared.actors import Actor, must_be, must_be_self
from shared.aggregate import Act
from shared.clock import Clock, kst_day
from shared.errors import Refused
from shared.ids import content_hash
from shared.pages import after, checked_limit, page

#: Days: the longest stretch of another system that is taken at its word.
LONGEST_OUTSIDE = 1200
#: Months before and after today in which such days may lie: 9999-12-31 is no day, but a wish for none.
MONTHS_AROUND = 120
#: Rows of one answer.
MOST_ROWS = 200


@dataclass(frozen=True)
class RecordDesk:
    """What is shown of residents' participation, and what is noted from outside."""

    participations: Participations
    limits: LimitTable
    residents: Residents
    clock: Clock

    def standing(
        self, actor: Actor, *, resident_id: str, limit: int = MOST_ROWS, cursor: str | None = None
    ) -> dict[str, Any]:
        """Return what counts for a resident today, and their places page by page; oneself, or officers of the tenant.

        An officer of certain districts sees of the places elsewhere only the days and whether they are direct jobs.
        """
        must_be_self(actor, resident_id, tenant=actor.tenant, or_roles=("officer", "operator"))
        known = self._of_here(actor, resident_id)
        today = kst_day(self.clock.now())
        since = after(cursor, 2)
        rows = sorted(known.claims.values(), key=lambda claim: (claim.first_day, claim.key))
        # By its number among those of its day: a cursor can be read, and the key of a place elsewhere is not for everybody.
        numbered = (
            {"after": f"{number:03d}", **row_of(claim, actor.districts)}
            for _, of_day in groupby(rows, key=lambda claim: claim.first_day)
            for number, claim in enumerate(of_day)
        )
        shown, cursor = page(
            (row for row in numbered if since is None or [row["first_day"], row["after"]] > since),
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
        """Return whether somebody may take part on these days: for other systems, and officers of the tenant.

        An officer of certain districts is not told which places lie in the way elsewhere, only their days.
        """
        must_be(actor, "service", "officer", "operator")
        known = self._of_here(actor, resident_id)
        _must_be_days(first_day, last_day, kst_day(self.clock.now()))
        asked: dict[str, Any] = {"direct_job": direct_job, "regions": tuple(regions)}
        return check_of(known, self.limits, first_day, last_day, **asked, districts=actor.districts)

    def overlapping(self, actor: Actor, *, resident_id: str) -> dict[str, Any]:
        """Return the days that a resident's direct jobs share against the rules; officers of the tenant.

        An officer of certain districts is not told which places they are elsewhere, only their days.
        """
        must_be(actor, "officer", "operator")
        known = self._of_here(actor, resident_id)
        rows = [
            {
                "key": key_of(known.claims[overlap.key], actor.districts),
                "other": key_of(known.claims[overlap.other], actor.districts),
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
        """Note a direct job that another system told of (일모아); officers of the tenant, never for themselves.

        The same job noted again changes nothing. Days that it shares with a place given here are told as a fact.
        """
        _must_be_for_another(actor, resident_id)
        known = self._of_here(actor, resident_id)
        now = self.clock.now()
        _must_be_days(first_day, last_day, kst_day(now))
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
            participation.fold(kst_day(now), looks_back=self.limits.looks_back)
            participation.note_outside(claim, shared_days(self.limits), kst_day(now))
            return {"resident_id": resident_id, "key": claim.key}

        act = Act.of(act_id, "note_outside", resident_id=resident_id, **asked)
        return self.participations.act(act, resident_id, decide)

    def retract_outside(self, actor: Actor, *, act_id: str, resident_id: str, key: str) -> dict[str, Any]:
        """Take back what was noted of another system by mistake; officers of the tenant, never for themselves."""
        _must_be_for_another(actor, resident_id)
        self._of_here(actor, resident_id)
        today = kst_day(self.clock.now())

        def decide(participation: Participation) -> dict[str, Any]:
            participation.retract_outside(key, shared_days(self.limits), today)
            return {"resident_id": resident_id, "key": key}

        act = Act.of(act_id, "retract_outside", resident_id=resident_id, key=key)
        return self.participations.act(act, resident_id, decide)

    def _of_here(self, actor: Actor, resident_id: str) -> Participation:
        """Return what is known of a resident of the caller's tenant: nothing, where nobody told of them; or ``NotFound``."""
        must_be_of_here(self.residents, actor, resident_id)
        known = self.participations.find(resident_id) or Participation(id=resident_id, tenant=actor.tenant)
        # A name that two tenants gave: what the other one's resident takes part in is not theirs.
        if known.tenant != actor.tenant and not is_for_everybody(actor):
            raise unknown_here()
        return known


def _must_be_for_another(actor: Actor, resident_id: str) -> None:
    """Raise ``Refused`` unless an officer writes about somebody else: nobody lifts what shuts themselves out."""
    must_be(actor, "officer")
    if actor.subject == resident_id:
        raise Refused("not_ones_own_record", field="token")


def _must_be_days(first_day: date, last_day: date, today: date) -> None:
    low, high = months_before(today, MONTHS_AROUND), months_before(today, -MONTHS_AROUND)
    for name, day in (("first_day", first_day), ("last_day", last_day)):
        if not low <= day <= high:
            raise Refused("out_of_range", field=name, low=low.isoformat(), high=high.isoformat())
    if last_day < first_day:
        raise Refused("input_invalid", field="last_day", why="last_day < first_day")
    if (last_day - first_day).days >= LONGEST_OUTSIDE:
        raise Refused("out_of_range", field="last_day", low=1, high=LONGEST_OUTSIDE)
