"""What can be done with feeds: by officers and hosts, by the clock, and when told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from services.spaces.agreement.connecting import Connecting
from services.spaces.agreement.events.adapter import EventsAdapter
from services.spaces.agreement.events.entries import Word
from services.spaces.agreement.model import (
    ADAPTERS,
    CONNECTED,
    EVERY,
    GONE,
    LEAVING,
    REMOTE,
    Feed,
    Freshness,
    Secret,
)
from services.spaces.agreement.ours import THEIRS, wants_a_look
from services.spaces.agreement.reading import Reader
from services.spaces.bookings.model import Booking
from services.spaces.facilities.model import Place
from shared.actors import Actor, must_be
from shared.aggregate import Act
from shared.clock import iso
from shared.errors import Conflict, NotFound, Refused

#: Feeds of one line read in one sweep.
SWEPT_AT_ONCE = 5
#: Who may act for a facility.
STAFF = ("officer", "host")
#: Residents with bookings this soon are told when nobody can vouch for the calendar.
TOLD_AHEAD = timedelta(days=14)
#: Seconds between readings: as often as a polite guest asks, and as seldom as a freshness budget allows.
LEAST_EVERY, MOST_EVERY = 10, 86_400
#: Seconds that a person waits for a reading.
A_PERSONS_PATIENCE = 8.0


@dataclass(frozen=True)
class AgreementDesk:
    """The acts on feeds."""

    reader: Reader

    # Officers, and hosts for their own facility.

    def connect_feed(
        self,
        actor: Actor,
        *,
        act_id: str,
        feed_id: str,
        space_id: str,
        adapter: str,
        address: str = "",
        user: str = "",
        password: str = "",
        every: int = EVERY,
    ) -> dict[str, Any]:
        """Connect a facility's own calendar to a space; it is read at once.

        Raises ``Refused``: ``not_one_of``, ``feed_needs_address``, ``feed_address_unusable``, ``space_has_feed``.
        """
        place = self.reader.places.place(space_id)
        self._must_be_staff(actor, place)
        _check(adapter, address, every)
        act = Act.of(
            act_id, "connect_feed", id=feed_id, space=space_id, adapter=adapter, address=address, user=user, every=every
        )
        space = place.space
        known = place.facility.admitted.get(space_id)
        before = None if known is None else known.feed_id
        if before is not None and before != feed_id and self._connecting.is_connected(before):
            raise Refused("space_has_feed", field="space_id", feed_id=before)
        feed = Feed.connect(
            id=feed_id,
            tenant=space.tenant,
            district=space.district,
            facility_id=space.facility_id,
            space_id=space_id,
            root_id=space.root_id,
            parts=space.parts,
            adapter=adapter,
            address=address,
            secret=Secret(user, password),
            every=every,
            connected_at=self.reader.clock.now(),
        )
        answered = self.reader.feeds.create(act, feed, {"feed_id": feed_id, "space_id": space_id, "state": CONNECTED})
        self._connecting.let_it_speak(feed_id)
        return answered

    def change_feed(
        self,
        actor: Actor,
        *,
        act_id: str,
        feed_id: str,
        address: str | None = None,
        user: str | None = None,
        password: str | None = None,
        every: int | None = None,
    ) -> dict[str, Any]:
        """Change where a feed is, who we are there, or how often it is read; left out: as it was."""
        known = self._for_staff(actor, feed_id)
        _check(known.adapter, known.address if address is None else address, known.every if every is None else every)
        now = self.reader.clock.now()

        def decide(feed: Feed) -> dict[str, Any]:
            secret = replace(
                feed.secret,
                user=feed.secret.user if user is None else user,
                password=feed.secret.password if password is None else password,
            )
            feed.change(now, address=address, secret=secret, every=every)
            return {"feed_id": feed_id, "state": feed.state}

        act = Act.of(act_id, "change_feed", id=feed_id, address=address, user=user, every=every)
        return self.reader.feeds.act(act, feed_id, decide)

    def disconnect_feed(self, actor: Actor, *, act_id: str, feed_id: str) -> dict[str, Any]:
        """Read it no more: its entries leave the diaries; ours stay in their calendar, for its people to remove."""
        self._for_staff(actor, feed_id)
        now = self.reader.clock.now()

        def decide(feed: Feed) -> dict[str, Any]:
            feed.disconnect(now)
            return {"feed_id": feed_id, "state": feed.state}

        answered = self.reader.feeds.act(Act.of(act_id, "disconnect_feed", id=feed_id), feed_id, decide)
        self._connecting.leave(feed_id)
        return answered

    def reconcile_now(self, actor: Actor, *, feed_id: str) -> dict[str, Any]:
        """Read a feed now and return ``{read, differences, ...}``; ``read`` False: it failed, or somebody is at it."""
        feed = self.reader.feeds.get(feed_id)
        if not (actor.is_any("operator") and actor.tenant in ("", feed.tenant)):
            self._for_staff(actor, feed_id)
        differences = self.reader.reconcile(feed_id, asked=True, seconds=A_PERSONS_PATIENCE)
        return {**self._shown(self.reader.feeds.get(feed_id)), "read": differences is not None, "found": differences or {}}

    def status(self, actor: Actor, *, feed_id: str) -> dict[str, Any]:
        """Return how a feed is: when it was read, whether it is fresh, silent or dead, what was last found."""
        return self._shown(self._for_staff(actor, feed_id))

    def feeds_of(self, actor: Actor, *, facility_id: str) -> dict[str, Any]:
        """Return ``{feeds}`` of a facility, latest first, those that are gone left out."""
        found = [feed for feed in self.reader.feeds.of_facility(facility_id) if feed.state != GONE]
        for feed in found[:1]:
            self._must_be_staff(actor, self.reader.places.place(feed.space_id))
        return {"feeds": [self._shown(feed) for feed in found]}

    # Our own subjects.

    def freshness(self, place: Place) -> Freshness | None:
        """Return how old our knowledge of the facility's calendar is; None: there is none to read."""
        if place.space.feed_id is None:
            return None
        found = self.reader.feeds.read_at(place.space.feed_id)
        if found is None:
            return None
        return found.freshness(self.reader.clock.now(), place.facility.policy.freshness_minutes)

    # The clock.

    def sweep(self, *, slow: bool = False) -> bool:
        """Read the feeds that are due, of one of the two lines; return whether there may be more.

        Feeds that failed last time stand in a line of their own, so that one that doesn't answer holds the others up once,
        for ten seconds at most.
        """
        due = self.reader.feeds.due(self.reader.clock.now(), SWEPT_AT_ONCE, slow=slow)
        read = 0
        for feed_id in due:
            try:
                if self.reader.reconcile(feed_id) is not None:
                    read += 1
                elif self.reader.feeds.get(feed_id).state == LEAVING:
                    self._connecting.leave(feed_id)
            except (Conflict, NotFound):
                continue
        return read == SWEPT_AT_ONCE

    # When told.

    def look_for(self, booking_ids: Iterable[str]) -> None:
        """Let the calendars of these bookings be read at once, where a booking and its entry differ."""
        known = self.reader.bookings.get_many(sorted(set(booking_ids)))
        # Asked for while the calendar was being connected: it may not have known of it.
        unheard = [one for one in known.values() if one.calendar is None and one.in_calendar]
        if self._follow(unheard):
            known = self.reader.bookings.get_many(list(known))
        wanted = {booking.calendar.feed_id for booking in known.values() if booking.calendar and wants_a_look(booking)}
        for feed_id in sorted(wanted):
            self.hurry(feed_id)

    def hurry(self, feed_id: str) -> None:
        """Let a feed be read as soon as may be; nothing happens where there is none."""
        now = self.reader.clock.now()

        def decide(feed: Feed) -> dict[str, Any]:
            feed.hurry(now)
            return {}

        try:
            self.reader.feeds.act(None, feed_id, decide)
        except NotFound:
            return

    def doubt_bookings(self, feed_id: str) -> None:
        """Tell who has a room in the next fortnight that its calendar is silent, while it is."""
        feed = self.reader.feeds.find(feed_id)
        if feed is None or not feed.died:
            return
        now = self.reader.clock.now()
        for booking in self.reader.bookings.watched(feed_id):
            if booking.in_calendar and now < booking.span.end and booking.span.start < now + TOLD_AHEAD:
                self.reader.desk.doubt(booking.id, feed.silent_since)

    def write_again(self, booking_id: str) -> None:
        """A case was decided for a booking that the facility took out of its calendar, or moved: it is written again."""
        booking = self.reader.bookings.get_many([booking_id]).get(booking_id)
        if booking is None or not booking.in_calendar or booking.calendar is None:
            return
        if booking.calendar.hash.startswith(THEIRS) or (booking.calendar.hash and not booking.calendar.href):
            self.reader.desk.note_unwritten(booking_id)

    def hear(self, tenant: str, space_id: str, word: Word) -> None:
        """Keep what a facility's own system said of an entry; raise ``Refused`` where no such calendar is connected."""
        for feed in self.reader.feeds.of_space(space_id):
            adapter = self.reader.adapters[feed.adapter]
            if isinstance(adapter, EventsAdapter) and feed.state == CONNECTED and feed.tenant == tenant:
                adapter.entries.hear(feed.id, word)
                self.hurry(feed.id)
                return
        raise Refused("no_such_feed", field="space_id", space_id=space_id)

    def let_it_speak(self, feed_id: str) -> None:
        """Let the facility follow a feed that was connected, and what is booked there already; safe to repeat."""
        self._connecting.let_it_speak(feed_id)
        feed = self.reader.feeds.find(feed_id)
        if feed is not None and self._follow(self.reader.bookings.active_of_facility(feed.facility_id)):
            self.hurry(feed_id)

    # Inside.

    def _follow(self, bookings: Iterable[Booking]) -> bool:
        """Let each booking follow the calendar that speaks for its space now; return whether any did."""
        followed = False
        for booking in bookings:
            feed_id = self.reader.places.place(booking.taken.space_id, fresh=True).space.feed_id
            if feed_id is not None and (booking.calendar is None or booking.calendar.feed_id != feed_id):
                followed = self.reader.desk.note_feed(booking.id, feed_id) or followed
        return followed

    @property
    def _connecting(self) -> Connecting:
        return Connecting(self.reader)

    def _for_staff(self, actor: Actor, feed_id: str) -> Feed:
        feed = self.reader.feeds.get(feed_id)
        self._must_be_staff(actor, self.reader.places.place(feed.space_id))
        return feed

    def _must_be_staff(self, actor: Actor, place: Place) -> None:
        facility = place.facility
        must_be(actor, *STAFF, tenant=facility.tenant, district=facility.district)
        if not actor.is_any("officer", "service") and actor.subject not in facility.managers:
            raise Refused("not_your_facility", field="feed_id")

    def _shown(self, feed: Feed) -> dict[str, Any]:
        """Return a feed without what opens it."""
        budget = self.reader.places.place(feed.space_id).facility.policy.freshness_minutes
        now = self.reader.clock.now()
        return {
            **feed.named(),
            "state": feed.state,
            "address": _without_query(feed.address),
            "every": feed.every,
            "read_at": None if feed.read_at is None else iso(feed.read_at),
            "fresh": feed.freshness(now, budget).fresh,
            "budget_minutes": budget,
            "silent_since": None if feed.failures == 0 else iso(feed.silent_since),
            "died": feed.died,
            "reason": feed.reason,
            "differences": dict(feed.differences),
        }


def _check(adapter: str, address: str, every: int) -> None:
    """Raise ``Refused`` for what can be no feed; whether the address may be gone to is checked when it is."""
    if adapter not in ADAPTERS:
        raise Refused("not_one_of", field="adapter", values=list(ADAPTERS))
    if not LEAST_EVERY <= every <= MOST_EVERY:
        raise Refused("out_of_range", field="every", low=LEAST_EVERY, high=MOST_EVERY)
    if adapter not in REMOTE:
        return
    if not address:
        raise Refused("feed_needs_address", field="address")
    try:
        parts = urlsplit(address)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
        parts = urlsplit("")
    if not usable or parts.username is not None or parts.password is not None or not address.isprintable():
        raise Refused("feed_address_unusable", field="address")


def _without_query(address: str) -> str:
    """Return the address without what may be a secret in it: many feeds carry their key in the query."""
    return address.partition("?")[0]
