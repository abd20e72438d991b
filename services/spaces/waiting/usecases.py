"""What can be done with wishes: by residents, by the clock, and when a span comes free.

An offer is hold, act, settle (DECISIONS.md 16): the span is held in the diary for a moment, the wish then says that it is
offered, and the claim is kept until a little after the offer lapses. Whoever dies in between is cleaned up after by the
diary's sweeper, which asks ``make_impossible`` and ``settle`` here.

    diary.freed --> first in line whose whole span can be held --> offer.made
                            ^                                         | accepted: the booking's claim takes its place
                            +------- diary.freed <-- claim dropped <--+ declined, lapsed
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from services.spaces.bookings.ports import Conduct, Places
from services.spaces.bookings.usecases import must_be_staff
from services.spaces.diary.model import BOOKING, Claim
from services.spaces.diary.usecases import DiaryDesk
from services.spaces.facilities.model import Place
from services.spaces.facilities.rules import asked_span, refusal
from services.spaces.spans import Span
from services.spaces.waiting.model import MOST_OPEN, OFFERED, WAITING, Wish, offer_until
from services.spaces.waiting.shown import shown
from services.spaces.waiting.storage import Wishes
from shared.actors import Actor, must_be_self
from shared.aggregate import Act
from shared.clock import Clock, iso
from shared.errors import NotFound, Refused
from shared.ids import Ids
from shared.pages import checked_limit, instant_after, page

#: How long an offer may take between its hold and its write; the sweeper then makes it impossible.
HOLD_FOR = timedelta(seconds=60)
#: How much longer than its offer a claim is kept: the wish lapses before its claim runs out, and a booking that was
#: asked for in the last second can still be heard of.
MARGIN = timedelta(minutes=2)
#: Wishes moved on in one sweep.
SWEPT_AT_ONCE = 100
MOST_ROWS = 200


@dataclass(frozen=True)
class WaitingDesk:
    """The acts on wishes."""

    wishes: Wishes
    diary: DiaryDesk
    places: Places
    conduct: Conduct
    clock: Clock
    ids: Ids

    # Residents.

    def wish(
        self,
        actor: Actor,
        *,
        act_id: str,
        wish_id: str,
        space_id: str,
        start: datetime,
        end: datetime,
        subscription_id: str | None = None,
    ) -> dict[str, Any]:
        """Wait for a span. ``free_now`` tells that nothing lies over it: it can be booked without waiting.

        Raises ``Refused``: the first rule of the place that the span breaks, ``already_waiting``, ``too_many_wishes``.
        """
        place = self.places.place(space_id)
        must_be_self(actor, actor.subject, tenant=place.space.tenant)
        span = asked_span(start, end)
        space = place.space
        act = Act.of(
            act_id,
            "wish",
            wish=wish_id,
            space=space_id,
            start=iso(span.start),
            end=iso(span.end),
            subscription=subscription_id,
            resident=actor.subject,
        )
        now = self.clock.now()
        wish = Wish.make(
            id=wish_id,
            tenant=space.tenant,
            resident_id=actor.subject,
            space_id=space_id,
            root_id=space.root_id,
            facility_id=space.facility_id,
            district=space.district,
            parts=space.parts,
            before=space.before,
            after=space.after,
            span=span,
            subscription_id=subscription_id,
            asked_at=now,
        )
        if self.wishes.find(wish_id) is None:
            self._must_be_bookable(place, span, now)
            self._must_have_room(wish)
        outcome = self.wishes.create(act, wish, {"wish_id": wish_id, "state": WAITING, "asked_at": iso(now)})
        # Looked at only now: what comes free after the wish is stored is heard of.
        return {**outcome, "free_now": not self._clashing(wish)}

    def withdraw(self, actor: Actor, *, act_id: str, wish_id: str) -> dict[str, Any]:
        """Wait no longer; an offer goes to the next in line."""
        return self._leave(actor, act_id, wish_id, "withdraw")

    def decline(self, actor: Actor, *, act_id: str, wish_id: str) -> dict[str, Any]:
        """Leave an offer to the next in line."""
        return self._leave(actor, act_id, wish_id, "decline")

    def read(self, actor: Actor, *, wish_id: str) -> dict[str, Any]:
        """Return a wish to its resident, with how many are ahead of it."""
        wish = self.wishes.get(wish_id)
        must_be_self(actor, wish.resident_id, tenant=wish.tenant, or_roles=("officer",), district=wish.district)
        return {**shown(wish), "ahead": self._ahead(wish)}

    def mine(self, actor: Actor, *, limit: int = 50) -> dict[str, Any]:
        """Return ``{wishes}`` of the caller, latest first, at most ``limit`` (1 to 200)."""
        checked_limit(limit, MOST_ROWS)
        must_be_self(actor, actor.subject, tenant=actor.tenant)
        found = self.wishes.of_resident(actor.subject, limit)
        return {"wishes": [shown(wish) for wish in found if wish.tenant == actor.tenant]}

    def of_space(
        self, actor: Actor, *, space_id: str, limit: int = MOST_ROWS, cursor: str | None = None
    ) -> dict[str, Any]:
        """Return ``{wishes, cursor}``: who waits for a space, first come first; staff."""
        checked_limit(limit, MOST_ROWS)
        since = instant_after(cursor)
        must_be_staff(actor, self.places.place(space_id))
        found = [wish for wish in self.wishes.of_space(space_id) if since is None or wish.turn > since]
        rows, further = page(map(shown, found), limit, lambda row: (row["asked_at"], row["wish_id"]))
        return {"wishes": rows, "cursor": further}

    # When told.

    def serve(self, root_id: str, day: date) -> None:
        """Offer what is free of a root's day: first come first served, to those whose whole span can be held.

        Offers that were made come first: a booking that was refused in the end may have taken their claim.
        """
        in_line = self.wishes.of_day(root_id, day)
        for wish in in_line:
            if wish.state == OFFERED:
                self.settle(wish.id)
        places: dict[str, Place | None] = {}
        for wish in in_line:
            if wish.state != WAITING:
                continue
            if wish.space_id not in places:
                places[wish.space_id] = self._place(wish.space_id)
            place = places[wish.space_id]
            if place is not None and self._may_be_offered(wish, place):
                self._offer(wish, place)

    def note_booked(self, tenant: str, resident_id: str, space_id: str, span: Span) -> None:
        """A resident booked the span that they wished for: the wait is over."""
        for wish in self.wishes.open_of(tenant, resident_id):
            if (wish.space_id, wish.span) == (space_id, span):
                self.wishes.act(None, wish.id, _changing(Wish.take))
                self.settle(wish.id)

    # The clock.

    def move_on(self) -> bool:
        """Let offers lapse and wishes pass whose time has come. Returns whether there may be more."""
        now = self.clock.now()
        overdue = self.wishes.overdue(now, SWEPT_AT_ONCE)
        for wish_id in overdue:
            self._move_on(wish_id, now)
        return len(overdue) == SWEPT_AT_ONCE

    # The diary's owner of offers (services/spaces/diary/usecases.py).

    def make_impossible(self, claim: Claim, tenant: str) -> bool:
        """Make the offer that a held claim waits for impossible; False when it was made."""
        return self.wishes.make_impossible(
            Act(claim.act_id, hash=""),
            claim.id,
            tenant=tenant,
            code="offer_too_late",
            done=lambda document: document.get("offer_act") == claim.act_id,
        )

    def settle(self, claim_id: str) -> None:
        """Bring a wish and its claim together: kept a little longer than the offer, and given back with it."""
        wish = self.wishes.find(claim_id)
        while wish is not None:
            if wish.state != OFFERED or wish.offer_until is None:
                if wish.offer_act:
                    self.diary.drop(wish.root_id, wish.id, wish.days, wish.offer_act)
                return
            if self.clock.now() >= wish.offer_until + MARGIN:
                self._move_on(wish.id, self.clock.now())
            elif not self._keep(wish, wish.offer_until + MARGIN):
                self._if_offered(wish, Wish.give_back)
            then = self.wishes.get(wish.id)
            if then.state == OFFERED and then.offer_act == wish.offer_act:
                return
            wish = then

    # Steps.

    def _offer(self, wish: Wish, place: Place) -> None:
        """Hold, act, settle. Each try has a name of its own, so that no two offerers share a claim.

        Looked at first: a hold that fails on its second day gives the first one back, which is heard of here again.
        """
        if self._in_the_way(wish):
            return
        now = self.clock.now()
        act = Act.own(f"offer:{self.ids.new('try')}", "offer")
        until = offer_until(wish.span, now, place.facility.policy.offer_minutes)
        try:
            self.diary.hold(
                place.root, wish.claim(act.id, now + HOLD_FOR), hours_version=place.facility.hours_version
            )
        except Refused:
            return

        def decide(known: Wish) -> dict[str, Any]:
            known.offer(until, act.id)
            return {}

        try:
            self.wishes.act(act, wish.id, decide)
        except Refused:
            self.diary.drop(wish.root_id, wish.id, wish.days, act.id)
            return
        self.settle(wish.id)

    def _keep(self, wish: Wish, until: datetime) -> bool:
        """Keep the claim until then on all its days; False when somebody else has the span by now.

        A booking under way may be the one that accepts the offer: it either becomes real or comes free again.
        """
        if self.diary.extend(wish.root_id, wish.id, wish.days, until):
            return True
        place = self._place(wish.space_id)
        if place is None:
            return False
        try:
            claim = wish.claim(wish.offer_act, until)
            self.diary.hold(place.root, claim, hours_version=place.facility.hours_version)
        except Refused:
            return any(other.kind == BOOKING and other.deadline is not None for other in self._clashing(wish))
        return True

    def _move_on(self, wish_id: str, now: datetime) -> None:
        wish = self.wishes.find(wish_id)
        if wish is None or wish.due is None or now < wish.due:
            return
        if wish.state == WAITING:
            self.wishes.act(None, wish_id, _changing(lambda known: known.lapse(now)))
            return
        # Over an offer lies the facility's own entry, or (in its place) a booking, perhaps theirs, still to be heard of.
        spoilt = now < wish.span.start and self._clashing(wish)
        self._if_offered(wish, Wish.give_back if spoilt else lambda known: known.lapse(now))
        self.settle(wish_id)

    def _if_offered(self, seen: Wish, change: Callable[[Wish], None]) -> None:
        """Change a wish that still has the offer that was seen."""

        def decide(wish: Wish) -> dict[str, Any]:
            if wish.state == OFFERED and wish.offer_act == seen.offer_act:
                change(wish)
            return {}

        self.wishes.act(None, seen.id, decide)

    def _leave(self, actor: Actor, act_id: str, wish_id: str, verb: str) -> dict[str, Any]:
        known = self.wishes.get(wish_id)
        must_be_self(actor, known.resident_id, tenant=known.tenant)

        def decide(wish: Wish) -> dict[str, Any]:
            if verb == "decline":
                wish.decline()
            else:
                wish.withdraw()
            return {"wish_id": wish_id, "state": wish.state}

        return self.wishes.act(Act.of(act_id, verb, id=wish_id), wish_id, decide)

    def _place(self, space_id: str) -> Place | None:
        try:
            return self.places.place(space_id)
        except NotFound:
            return None

    def _may_be_offered(self, wish: Wish, place: Place) -> bool:
        now = self.clock.now()
        days = wish.span.days
        if refusal(place, wish.span, self.places.open_spans(place, days[0], days[-1]), now) is not None:
            return False
        try:
            self.conduct.may_book(wish.tenant, wish.resident_id, start=wish.span.start, now=now)
        except Refused:
            return False
        return True

    def _must_be_bookable(self, place: Place, span: Span, now: datetime) -> None:
        days = span.days
        refused = refusal(place, span, self.places.open_spans(place, days[0], days[-1]), now)
        if refused is not None:
            raise refused

    def _must_have_room(self, wish: Wish) -> None:
        others = self.wishes.open_of(wish.tenant, wish.resident_id)
        if any((other.space_id, other.span) == (wish.space_id, wish.span) for other in others):
            raise Refused("already_waiting", field="space_id")
        if len(others) >= MOST_OPEN:
            raise Refused("too_many_wishes", field="wish_id", most=MOST_OPEN)

    def _clashing(self, wish: Wish) -> list[Claim]:
        """Return the claims of others that lie where the wish's would, as it is now."""
        return [claim for claim in self._in_the_way(wish) if claim.id != wish.id]

    def _in_the_way(self, wish: Wish) -> list[Claim]:
        mine = wish.claim("", wish.span.start)
        diaries = self.diary.diaries.of([wish.root_id], wish.days)
        return [
            claim for diary in diaries.values() for claim in diary.claims.values() if claim.clashes_with(mine)
        ]

    def _ahead(self, wish: Wish) -> int:
        """Return how many came first whose wishes can't be met together with it."""
        if not wish.is_open:
            return 0
        mine = wish.claim("", wish.span.start)
        found = {one.id: one for day in wish.days for one in self.wishes.of_day(wish.root_id, day)}
        return sum(
            other.turn < wish.turn and other.claim("", other.span.start).clashes_with(mine) for other in found.values()
        )


def _changing(change: Callable[[Wish], None]) -> Callable[[Wish], dict[str, Any]]:
    def decide(wish: Wish) -> dict[str, Any]:
        change(wish)
        return {}

    return decide
