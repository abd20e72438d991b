"""A call for N people, with the places given and offered so far. Pure: time, ids and seeds come in.

    open <--> filled --> closed          officer, first come
      |         |
      +-> selecting <--> filled          ranked and drawn ones; and whoever has a waitlist, once a place comes free
      +---------+---> closed | cancelled

``places >= placements + offers``, always. Who is selected is decided here alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from services.placement.budgets.model import Grant
from services.placement.openings.application import Application
from services.placement.openings.asking import Asking
from services.placement.openings.given import Lapse, Placement, key_of
from services.placement.openings.rules import (
    CANCELLED,
    FILLED,
    OPEN,
    PLACE_LOST,
    SELECTING,
    acceptance_refused,
    selection_refused,
)
from services.placement.openings.terms import Terms, objection
from shared.aggregate import Act
from shared.clock import iso, kst_day
from shared.errors import Refused
from shared.events import placement as events


@dataclass(kw_only=True)
class Opening(Asking):
    """A call for N people, with the places given so far."""

    @staticmethod
    def publish(
        *,
        opening_id: str,
        tenant: str,
        programme_id: str,
        district: str,
        terms: Terms,
        act: Act,
        now: datetime,
        hosts: tuple[str, ...] = (),
        direct_job: bool = False,
        engagement: str = "participation_allowance",
        groups: tuple[str, ...] = (),
        seed: str = "",
    ) -> Opening:
        """Return an opening that takes applications from now on; raise the first rule's objection."""
        refused = objection(terms, now)
        if refused:
            raise refused
        opening = Opening(
            id=opening_id,
            tenant=tenant,
            programme_id=programme_id,
            district=district,
            terms=terms,
            published_at=now,
            unsettled=(act.id,),
            hosts=hosts,
            direct_job=direct_job,
            engagement=engagement,
            groups=groups,
            seed=seed,
        )
        known = {"dong": terms.dong, "seed_hash": opening.seed_hash}
        opening.say(
            events.OPENING_PUBLISHED.fact(
                opening_id=opening_id,
                programme_id=programme_id,
                district=district,
                title=terms.title,
                place={"name": terms.place.name, "lat": terms.place.point.lat, "lon": terms.place.point.lon},
                shifts=[{"start": iso(shift.start), "end": iso(shift.end)} for shift in terms.shifts],
                places=terms.places,
                hourly_won=terms.hourly_won,
                mode=terms.mode,
                deadline=iso(terms.deadline),
                day=kst_day(now).isoformat(),
                cost=terms.cost,
                act_id=act.id,
                direct_job=direct_job,
                engagement=engagement,
                **{name: value for name, value in known.items() if value is not None},
            )
        )
        return opening

    # Places.

    def select(
        self,
        application: Application,
        now: datetime,
        act_id: str = "",
        *,
        registered: bool | None = None,
        reason: str | None = None,
    ) -> None:
        """Give a place to the applicant; raise the first rule's objection.

        What an officer knew and said is kept with it: whether the resident is ``registered``, and the ``reason``.
        """
        refused = selection_refused(self, application, now)
        if refused:
            raise refused
        self._place(application, now, act_id, registered, reason)

    def accept(self, application: Application, now: datetime, act_id: str) -> None:
        """Give the place that was offered; raise ``Refused`` when there is no such offer (any more)."""
        refused = acceptance_refused(self, application, now)
        if refused:
            raise refused
        self.offers = tuple(offer for offer in self.offers if offer.resident_id != application.resident_id)
        self._place(application, now, act_id)

    def release(self, resident_id: str, attempt: int, reason: str, now: datetime) -> bool:
        """Take a place back and offer it again; return False when this attempt has no place (any more).

        With a waitlist the next is asked, until the work is over. Without one the opening is open again, in a new
        round, before its deadline; after it, and where candidates had an order, it is closed.
        """
        placement = self.placement_of(resident_id)
        if placement is None or placement.attempt != attempt:
            return False
        self._take_back(placement, reason, now)
        self.lapsed = (*self.lapsed, Lapse(placement.application_id, attempt, PLACE_LOST))
        if self.state == FILLED and self.terms.waitlist and now < self.terms.over:
            self.state, self.selecting_since = SELECTING, now
            self._reopen()
            return True
        if self.state == FILLED and self.terms.goes_in_order:
            self.close(now)
            return True
        if self.state == FILLED and now < self.terms.deadline:
            self.state = OPEN
            self._reopen()
        elif self.state == FILLED:
            self.close(now)
        return True

    def note_earned(self, application_id: str, attempt: int, earned: int, revision: int) -> None:
        """Note what a place really cost; what an older revision says changes nothing."""
        key = key_of(application_id, attempt)

        def noted(one: Placement) -> Placement:
            is_news = one.key == key and revision > one.revision
            return replace(one, earned=earned, revision=revision) if is_news else one

        self.placements, self.left = tuple(map(noted, self.placements)), tuple(map(noted, self.left))

    # Time, and the end.

    def pass_time(self, now: datetime) -> None:
        """Do what is due: take no more applications after the deadline, let offers lapse, end after the work."""
        if self.state == SELECTING and now < self.terms.over:
            for offer in [offer for offer in self.offers if offer.until <= now]:
                self._lapse(offer, "expired")
        elif self.state == OPEN and self.terms.goes_in_order and self.terms.deadline <= now < self.terms.over:
            self.begin_selection(now)
        elif self.state == SELECTING or (self.turns_at is not None and self.turns_at <= now):
            self.close(now)

    def cancel(self, reason: str, now: datetime) -> None:
        """Call the whole opening off; every place given is taken back, each its own fact. Not after the work."""
        if now >= self.terms.ends and not self.terms.rehearsal:
            raise Refused("work_is_over", field="opening_id")
        if self.state == CANCELLED:
            raise Refused("opening_is_cancelled", field="opening_id", state=self.state)
        for offer in self.offers:
            self._lapse(offer, "opening_cancelled")
        for placement in self.placements:
            self._take_back(placement, "opening_cancelled", now)
        self.state, self.ended_at = CANCELLED, self.ended_at or now
        self.say(
            events.OPENING_CANCELLED.fact(
                **self._named(),
                places=self.terms.places,
                published_day=kst_day(self.published_at).isoformat(),
                reason=reason,
            )
        )

    def note_grant(self, grant: Grant, acts: tuple[str, ...]) -> None:
        """Note what the budget now counts for this opening, and which holds it has replaced."""
        self.grant = grant
        self.unsettled = tuple(act_id for act_id in self.unsettled if act_id not in acts)

    # Steps.

    def _place(
        self,
        application: Application,
        now: datetime,
        act_id: str,
        registered: bool | None = None,
        reason: str | None = None,
    ) -> None:
        placement = Placement(
            application.resident_id,
            application.id,
            application.attempt,
            now,
            act_id,
            registered=registered,
            reason=reason,
        )
        self.placements = (*self.placements, placement)
        self.say(
            events.PLACEMENT_SELECTED.fact(
                **self._named(),
                resident_id=placement.resident_id,
                application_id=placement.application_id,
                attempt=placement.attempt,
                won=self.terms.won_a_place,
                day=kst_day(now).isoformat(),
            )
        )
        if self.free == 0:
            self.state, self.selecting_since = FILLED, None
            self.say(events.OPENING_FILLED.fact(**self._named()))

    def _take_back(self, placement: Placement, reason: str, now: datetime) -> None:
        self.placements = tuple(other for other in self.placements if other is not placement)
        worked = self.at_most(placement, now)
        if worked:
            earned = worked if placement.earned is None else placement.earned
            self.left = (*self.left, replace(placement, earned=earned))
        self.say(
            events.PLACEMENT_WITHDRAWN.fact(
                **self._named(),
                resident_id=placement.resident_id,
                application_id=placement.application_id,
                won=self.terms.won_a_place,
                attempt=placement.attempt,
                selected_day=kst_day(placement.selected_at).isoformat(),
                selected_at=iso(placement.selected_at),
                reason=reason,
            )
        )
