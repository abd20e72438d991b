"""A feed: one facility's own calendar of one space, and how far it has been read. Pure: no I/O, no clock.

    connected --begin_reading--> leased --end_reading--> connected (cursor, read_at)
        |                          +----fail_reading--> connected (silent since the last good reading)
        +--disconnect--> leaving --left--> gone

One reader at a time holds the lease, and readings are numbered. A reader may sleep past its lease and write late, so
what the server gave us to recognise "nothing changed" (``cursor``, ``shelf``) is kept only when every other reading is
known to be over. A reading that began and never ended keeps them away for an hour; until then each reading is whole,
which heals whatever a late writer did.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from shared.aggregate import Aggregate
from shared.clock import iso
from shared.errors import Refused
from shared.events import spaces as events

CALDAV, ICS, PERSON, EVENTS = "caldav", "ics", "person", "events"
ADAPTERS = (CALDAV, ICS, PERSON, EVENTS)
#: Adapters that have a calendar to read at all.
READ = frozenset({CALDAV, ICS, EVENTS})
#: Adapters with an address to go to.
REMOTE = frozenset({CALDAV, ICS})
CONNECTED, LEAVING, GONE = "connected", "leaving", "gone"

#: How long one reader may work: longer than the adapter's limit and all it writes, and no longer than need be, since one
#: that dies keeps the others away for so long. Calendars that need time have the long one.
LEASE, LONG_LEASE = timedelta(seconds=30), timedelta(minutes=5)
#: Readings in a row that failed, or outlived their lease, after which a calendar is given more time.
NEEDS_TIME = 3
#: How long a reading that never ended is believed to be able to write.
LATE = timedelta(hours=1)
#: However unchanged a calendar says it is, it is read whole this often; the horizon moves with it.
WHOLE_EVERY = timedelta(hours=24)
#: How far ahead a facility's own entries are kept.
HORIZON_DAYS = 400
#: Between two readings, unless the facility asks for another pace. Seconds.
EVERY = 300
#: The first pause after a reading failed; it doubles up to the longest.
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=2), timedelta(seconds=60)


@dataclass(frozen=True)
class Secret:
    """What a calendar server asks for (RFC 7617); never told by any read and in no event."""

    user: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True)
class Unfinished:
    """A reading that began and has not ended."""

    number: int
    began: datetime


@dataclass(frozen=True)
class Reading:
    """The right to read, until then."""

    number: int
    began: datetime
    until: datetime
    #: Whether nothing that was known before may be relied on.
    whole: bool


@dataclass(frozen=True)
class Freshness:
    """How old our knowledge of a facility's calendar is. ``read_at`` None: it was never read."""

    feed_id: str
    read_at: datetime | None
    fresh: bool
    budget_minutes: int


def freshness(feed_id: str, read_at: datetime | None, now: datetime, budget_minutes: int) -> Freshness:
    """Return whether a reading at ``read_at`` is within the budget."""
    fresh = read_at is not None and now - read_at <= timedelta(minutes=budget_minutes)
    return Freshness(feed_id, read_at, fresh, budget_minutes)


@dataclass(kw_only=True)
class Feed(Aggregate):
    """A facility's own calendar of one space, a root or a part."""

    district: str
    facility_id: str
    space_id: str
    root_id: str
    #: What its entries claim.
    parts: tuple[str, ...]
    adapter: str
    #: Of the calendar collection or file; "" where there is none to go to.
    address: str = ""
    secret: Secret = Secret()
    #: Seconds between readings.
    every: int = EVERY
    connected_at: datetime
    state: str = CONNECTED
    #: Whether what follows may be relied on; otherwise the next reading is whole.
    trusted: bool = False
    #: What the server gave for the whole calendar, or "" where entries must be compared one by one: after we wrote
    #: there ourselves, an entry that people take out may bring back the very state that was read before.
    cursor: str = ""
    #: The resources whose entries are all in the diaries (shelf.py).
    shelf: bytes = field(default=b"", repr=False)
    #: When the last good reading began.
    read_at: datetime | None = None
    #: When the last good whole reading began.
    whole_at: datetime | None = None
    reading: int = 0
    lease_until: datetime | None = None
    unfinished: tuple[Unfinished, ...] = ()
    #: Somebody asked for a reading while one was under way.
    again: bool = False
    #: Readings in a row that asked to read again at once, or failed: their pauses grow.
    hurries: int = 0
    failures: int = 0
    #: Why the last reading failed, or could not write.
    reason: str | None = None
    died: bool = False
    #: What the last reading with differences found.
    differences: Mapping[str, int] = field(default_factory=dict)
    due: datetime | None = None

    @staticmethod
    def connect(**known: Any) -> Feed:
        """Return a feed that is read at once; one without a calendar never is."""
        feed = Feed(**known)
        feed.due = feed.connected_at if feed.adapter in READ else None
        feed.say(events.FEED_CONNECTED.fact(**feed.named()))
        return feed

    @property
    def slow(self) -> bool:
        """Whether the last reading failed: such feeds are read apart, so that they hold nobody up."""
        return self.failures > 0

    @property
    def needs_time(self) -> bool:
        """Whether it is read with long patience, and under a long lease."""
        return self.failures >= NEEDS_TIME

    @property
    def silent_since(self) -> datetime:
        """Since when nothing was heard of it."""
        return self.read_at or self.connected_at

    def change(self, now: datetime, *, address: str | None, secret: Secret | None, every: int | None) -> None:
        """Change where or how often it is read; what was known of the old place counts no more."""
        self._must_be_connected()
        if every is not None:
            self.every = every
        if (address is not None and address != self.address) or (secret is not None and secret != self.secret):
            self.address = self.address if address is None else address
            self.secret = self.secret if secret is None else secret
            self._forget_all()
            self.hurry(now)

    def disconnect(self, now: datetime) -> None:
        """Read it no more; its entries are taken out of the diaries, and then it is gone."""
        if self.state == CONNECTED:
            self.state, self.due, self.failures = LEAVING, now, 0
            self._forget_all()

    def left(self, now: datetime) -> None:
        """Note that none of its entries is left, unless a reader may still bring some: then look again."""
        if self.state != LEAVING:
            return
        self.unfinished = tuple(one for one in self.unfinished if now - one.began < LATE)
        if self.unfinished:
            self.due = now + LONGEST_PAUSE
        else:
            self.state, self.due, self.lease_until = GONE, None, None

    def hurry(self, now: datetime) -> None:
        """Ask for a reading as soon as may be; one that failed keeps its pause."""
        if self.state != CONNECTED or self.adapter not in READ:
            return
        if self._is_leased(now):
            self.again = True
        elif not self.slow and (self.due is None or self.due > now):
            self.due = now

    def begin_reading(self, now: datetime, *, asked: bool = False) -> Reading | None:
        """Take the lease when a reading is due, or ``asked`` for by a person; None when it is not to be had."""
        if self.state != CONNECTED or self.adapter not in READ or self._is_leased(now):
            return None
        if not asked and (self.due is None or now < self.due):
            return None
        self.unfinished = tuple(one for one in self.unfinished if now - one.began < LATE)
        if self.unfinished:
            self._forget_all()
        whole = not self.trusted or self.whole_at is None or now - self.whole_at >= WHOLE_EVERY
        self.reading += 1
        self.lease_until = self.due = now + (LONG_LEASE if self.needs_time else LEASE)
        self.unfinished += (Unfinished(self.reading, now),)
        self.again = False
        return Reading(self.reading, now, self.lease_until, whole)

    def end_reading(
        self,
        reading: Reading,
        now: datetime,
        *,
        cursor: str,
        shelf: bytes,
        differences: Mapping[str, int],
        again: bool = False,
        trouble: str | None = None,
    ) -> bool:
        """Note a good reading; False when it was overtaken, and then nothing of it is kept.

        ``again``: somebody changed the calendar under our hands; it is read once more, soon. ``trouble``: why our own
        entries could not be written there.
        """
        if not self._is_last(reading):
            return False
        silent_since = self.silent_since
        # Another reading that may still write makes all that this one saw worth nothing.
        self.trusted = not self.unfinished
        self.cursor, self.shelf = (cursor, shelf) if self.trusted else ("", b"")
        self.read_at = reading.began
        if reading.whole:
            self.whole_at = reading.began
        self.failures, self.reason = 0, trouble
        self.hurries = self.hurries + 1 if again else 0
        self.due = now + timedelta(seconds=self.every)
        if again:
            self.due = min(self.due, now + timedelta(seconds=2 ** min(self.hurries, 10) // 2 - 1))
        if self.again:
            self.due, self.again = now, False
        if differences:
            self.differences = dict(differences)
            found = [{"difference": name, "count": count} for name, count in sorted(differences.items())]
            self.say(events.FEED_RECONCILED.fact(**self.named(), differences=found))
        if self.died:
            self.died = False
            self.say(events.FEED_RECOVERED.fact(**self.named(), silent_since=iso(silent_since)))
        return True

    def fail_reading(
        self, reading: Reading, now: datetime, reason: str, *, wrote: bool, alarm: timedelta | None
    ) -> bool:
        """Note that a reading came to nothing, for one of the adapters' reasons; False when it was overtaken.

        ``wrote``: a part of it is in the diaries already, so a calendar that looks as before is not as known.
        """
        if not self._is_last(reading):
            return False
        if wrote:
            self._forget_all()
        self.failures += 1
        self.reason, self.again = reason, False
        self.due = now + min(FIRST_PAUSE * 2 ** min(self.failures - 1, 10), LONGEST_PAUSE)
        if alarm is not None:
            self.note_silence(now, alarm)
        return True

    def note_silence(self, now: datetime, alarm: timedelta) -> None:
        """Say that it died once it was silent for so long, once an outage."""
        if not self.died and self.state == CONNECTED and now - self.silent_since >= alarm:
            self.died = True
            self.say(
                events.FEED_DIED.fact(
                    **self.named(), silent_since=iso(self.silent_since), reason=self.reason or "not_read"
                )
            )

    def freshness(self, now: datetime, budget_minutes: int) -> Freshness:
        """Return how old our knowledge of it is."""
        return freshness(self.id, self.read_at, now, budget_minutes)

    def named(self) -> dict[str, str]:
        """Return what every fact about it carries: no address, no secret."""
        return {
            "feed_id": self.id,
            "space_id": self.space_id,
            "facility_id": self.facility_id,
            "district": self.district,
            "adapter": self.adapter,
        }

    def _is_last(self, reading: Reading) -> bool:
        """Note that this reading writes no more; return whether no other began since."""
        self.unfinished = tuple(one for one in self.unfinished if one.number != reading.number)
        if self.state != CONNECTED:
            return False
        if self.reading != reading.number:
            # It outlived its lease: after some of these the next one has more time.
            self.failures += 1
            return False
        self.lease_until = None
        return True

    def _is_leased(self, now: datetime) -> bool:
        return self.lease_until is not None and now < self.lease_until

    def _forget_all(self) -> None:
        self.trusted, self.cursor, self.shelf = False, "", b""

    def _must_be_connected(self) -> None:
        if self.state != CONNECTED:
            raise Refused("feed_is_disconnected", field="feed_id")
