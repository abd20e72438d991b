"""An agreement desk over twins: 은하수's 모임방, answered by its calendar on a server in memory."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from services.spaces.agreement.calendar import Adapter
from services.spaces.agreement.events.adapter import EventsAdapter
from services.spaces.agreement.events.entries import Entries, entries
from services.spaces.agreement.model import CALDAV, EVENTS, ICS, PERSON, Feed, Secret
from services.spaces.agreement.person.adapter import PersonAdapter
from services.spaces.agreement.ports import Cases
from services.spaces.agreement.reading import Reader
from services.spaces.agreement.storage import feeds
from services.spaces.agreement.twin import Step, TwinCalDav, TwinCalendar, TwinIcs, TwinServer, no_step
from services.spaces.agreement.usecases import AgreementDesk
from services.spaces.bookings.model import APPROVAL, BY_CALENDAR
from services.spaces.facilities.model import Place, Space
from services.spaces.facilities.tree import Admitted
from services.spaces.ical.writing import event_of
from services.spaces.spans import Span
from shared.actors import Actor
from shared.clock import StoppedClock
from shared.mongo.port import Database
from shared.mongo.twin import TwinDatabase
from shared.serial import KeyedQueue
from tests.services.spaces.makers import DISTRICT, NOW, TENANT, Counter, PlacesTwin, a_counter, a_facility, a_space

FEED_ID = "fed-모임방"
ADDRESS = "http://library.example/facility/moim/"
OFFICER = Actor("off-1", frozenset({"officer"}), TENANT)
HOST = Actor("host-1", frozenset({"host"}), TENANT)


@dataclass
class ConnectingPlaces(PlacesTwin):
    """Places whose facility knows which calendar speaks for which space."""

    def connect_feed(self, space_id: str, feed_id: str | None) -> None:
        """Let it speak."""
        place = self.known[space_id]
        known = place.facility.admitted.get(space_id, Admitted(place.space.root_id, None, place.space.parts))
        place.facility.admitted[space_id] = replace(known, feed_id=feed_id)
        self.known[space_id] = Place(place.facility, replace(place.space, feed_id=feed_id))


@dataclass
class CasesTwin:
    """Remembers which cases were opened."""

    opened: list[tuple[str, str]] = field(default_factory=list)

    def open_for(self, booking_id: str, difference: str) -> None:
        """Remember it."""
        if (booking_id, difference) not in self.opened:
            self.opened.append((booking_id, difference))


@dataclass
class Office:
    """Everything around one feed."""

    counter: Counter
    desk: AgreementDesk
    reader: Reader
    server: TwinServer
    cases: CasesTwin
    entries: Entries
    database: TwinDatabase
    clock: StoppedClock

    @property
    def feed(self) -> Feed:
        """The feed as it is kept."""
        return self.reader.feeds.get(FEED_ID)

    @property
    def calendar(self) -> TwinCalendar:
        """The facility's calendar, as its own people see it."""
        return self.server.calendar(ADDRESS)

    def reconcile(self) -> dict[str, int] | None:
        """Read the feed now."""
        return self.reader.reconcile(FEED_ID, asked=True)

    def requests(self) -> Mapping[str, int]:
        """Return how often each verb was asked since the last look."""
        asked = Tally(what.partition(" ")[0] + (" 1" if what == "PROPFIND 1" else "") for what in self.server.requests)
        self.server.requests.clear()
        return dict(asked)

    def said(self) -> list[str]:
        """Return the short names of everything the feed said, in order."""
        document = self.reader.feeds.collection.find_one({"_id": FEED_ID})
        return [] if document is None else [_short(entry["type"]) for entry in document["outbox"]]

    def claims(self, day: int = 1) -> dict[str, Span]:
        """Return the facility's own entries of a day."""
        diary = self.counter.diary(day)
        found = {} if diary is None else diary.claims
        return {claim.id: claim.span for claim in found.values() if claim.kind == "feed"}

    def events(self) -> list[str]:
        """Return the short names of everything that diaries said."""
        found = self.counter.desk.diary.diaries.collection.find({})
        return [_short(entry["type"]) for document in found for entry in document["outbox"]]


def _short(name: str) -> str:
    return name.removeprefix("kr.sipbun.spaces.").removesuffix(".v1")


def written(booking: Any, sequence: int) -> bytes:
    """Write a booking's entry."""
    return event_of(booking, summary="주민 예약", sequence=sequence)


def an_event(
    uid: str,
    start: datetime,
    end: datetime,
    *,
    sequence: int = 0,
    status: str = "CONFIRMED",
    transp: str = "OPAQUE",
    more: str = "",
) -> bytes:
    """Return one entry as a facility's calendar writes it."""
    form = "%Y%m%dT%H%M%SZ"
    lines = [
        *("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//은하수//KO", "BEGIN:VEVENT"),
        *(f"UID:{uid}", f"SEQUENCE:{sequence}", "DTSTAMP:20261101T000000Z"),
        *(f"DTSTART:{start.strftime(form)}", f"DTEND:{end.strftime(form)}", f"STATUS:{status}", f"TRANSP:{transp}"),
        *more.splitlines(),
        *("END:VEVENT", "END:VCALENDAR", ""),
    ]
    return "\r\n".join(lines).encode()


def a_calendar_space(**changes: Any) -> Space:
    """Return the 모임방, whose calendar answers requests."""
    return a_space(**{"mode": APPROVAL, "approver": BY_CALENDAR, **changes})


def an_office(
    *,
    adapter: str = CALDAV,
    space: Space | None = None,
    connected: bool = True,
    database: TwinDatabase | None = None,
    adapters: Mapping[str, Adapter] | None = None,
    address: str = ADDRESS,
    policy: Any = None,
    cases: Cases | None = None,
    server: TwinServer | None = None,
    step: Step = no_step,
) -> Office:
    """Return the desk; the feed is connected and not yet read. ``step``: around every request and database verb."""
    whole = database or TwinDatabase("spaces")
    kept: Database = whole if step is no_step else whole.seen_by(step)
    facility = a_facility() if policy is None else a_facility(policy=policy)
    counter = a_counter(space or a_calendar_space(), facility=facility, database=kept)
    places = ConnectingPlaces(counter.places.known)
    counter.places.known = places.known
    server = server or TwinServer()
    said = entries(kept)
    said.prepare()
    ports: dict[str, Any] = {"clock": counter.clock, "serial": KeyedQueue()}
    all_feeds = feeds(kept, **ports)
    all_feeds.prepare()
    noted = CasesTwin()
    known: dict[str, Adapter] = {
        CALDAV: TwinCalDav(server, step),
        ICS: TwinIcs(server, step),
        PERSON: PersonAdapter(),
        EVENTS: EventsAdapter(said),
    }
    reader = Reader(
        feeds=all_feeds,
        places=places,
        bookings=counter.desk.bookings,
        desk=counter.desk,
        diaries=counter.desk.diary.diaries,
        diary=counter.desk.diary,
        adapters={**known, **(adapters or {})},
        written=written,
        clock=counter.clock,
        cases=noted if cases is None else cases,
    )
    desk = AgreementDesk(reader)
    if connected:
        remote = adapter in (CALDAV, ICS)
        desk.connect_feed(
            OFFICER,
            act_id="connect",
            feed_id=FEED_ID,
            space_id="spc-모임방",
            adapter=adapter,
            address=address if remote else "",
        )
    return Office(counter, desk, reader, server, noted, said, whole, counter.clock)


def another(office: Office, **changes: Any) -> Office:
    """Return another process of the same town: the same database, server and time."""
    second = an_office(database=office.database, server=office.server, connected=False, **changes)
    second.reader.places.connect_feed("spc-모임방", FEED_ID)
    second.clock.at = office.clock.at
    return second


def a_feed(**changes: Any) -> Feed:
    """Return a connected feed that says nothing yet."""
    known: dict[str, Any] = {
        "id": FEED_ID,
        "tenant": TENANT,
        "district": DISTRICT,
        "facility_id": "fac-은하수",
        "space_id": "spc-모임방",
        "root_id": "spc-모임방",
        "parts": ("*",),
        "adapter": CALDAV,
        "address": ADDRESS,
        "secret": Secret("facility", "비밀"),
        "connected_at": NOW,
        "due": NOW,
    }
    return Feed(**{**known, **changes})


def later(minutes: float = 0, **more: float) -> datetime:
    """Return an instant after now."""
    return NOW + timedelta(minutes=minutes, **more)
