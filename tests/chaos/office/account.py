"""Reading what one run left behind, past the services: databases, the mail server, the calendar server's files.

The calendars are read twice, from the server's own files and over HTTP, with a library and not with our own reader.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pymongo.errors
from icalendar import Calendar

from deploy.radicale import USER, Radicale
from shared.messaging.relaying import OUTBOXES
from tests.chaos.account import MAIL_SETTLED, in_outbox
from tests.chaos.office.facility import OURS, Deed, FacilityPeople
from tests.chaos.office.rooms import Span
from tests.chaos.office.stage import Office
from tests.chaos.office.world import OfficeWorld

Document = Mapping[str, Any]

#: Services with a database.
SERVICES = ("placement", "spaces", "residents", "notifications", "statistics")
#: A sweeper passes by this often, at least, once a hold is overdue.
SWEPT_WITHIN = timedelta(seconds=15)
#: States in which a span is the booker's.
ACTIVE = frozenset({"awaiting", "confirmed", "checked_in"})


@dataclass(frozen=True, order=True)
class Entry:
    """What a facility's calendar has. ``name`` is where it lies."""

    uid: str
    span: Span
    name: str
    busy: bool = True

    @property
    def is_ours(self) -> bool:
        """Whether we wrote it: its UID is a booking's."""
        return self.uid.endswith(OURS)


@dataclass(frozen=True)
class Account:
    """Everything that one run left behind, as plain documents."""

    now: datetime
    bookings: Sequence[Document] = ()
    diaries: Sequence[Document] = ()
    ledgers: Sequence[Document] = ()
    wishes: Sequence[Document] = ()
    cases: Sequence[Document] = ()
    letters: Sequence[Document] = ()
    archive: Sequence[Document] = ()
    #: (Message-ID, recipients) of each mail that the server accepted.
    mails: Sequence[tuple[str, tuple[str, ...]]] = ()
    #: Room with a calendar of its own -> what its files hold, and what the server says over HTTP.
    calendars: Mapping[str, Sequence[Entry]] = field(default_factory=dict)
    told: Mapping[str, Sequence[Entry]] = field(default_factory=dict)
    #: What the facilities' people did, and what must stand by their hand: (calendar, uid) -> when.
    deeds: Sequence[Deed] = ()
    standing: Mapping[tuple[str, str], Span] = field(default_factory=dict)
    #: Facts still in an outbox, by state.
    outbox: Mapping[str, int] = field(default_factory=dict)
    #: Dead and parked messages, by queue; and those that still wait.
    dead: Mapping[str, int] = field(default_factory=dict)
    waiting: Mapping[str, int] = field(default_factory=dict)


def keep_account(world: OfficeWorld, office: Office, facility: FacilityPeople) -> Account:
    """Read everything."""
    spaces, mine = world.database("spaces"), {"tenant": office.tenant}
    depths = world.depths()
    return Account(
        now=datetime.now(UTC),
        bookings=_whole(spaces["bookings"].find(mine)),
        diaries=_whole(spaces["diaries"].find(mine)),
        ledgers=_whole(spaces["ledgers"].find(mine)),
        wishes=_whole(spaces["wishes"].find(mine)),
        cases=_whole(spaces["cases"].find(mine)),
        letters=list(world.database("notifications")["letters"].find(mine)),
        archive=list(world.database("statistics")["archive"].find(mine)),
        mails=[(mail.message_id, mail.recipients) for mail in world.mails()],
        calendars={room: sorted(in_files(world.calendar, room)) for room in office.addresses},
        told={room: sorted(over_http(world.calendar, address)) for room, address in office.addresses.items()},
        deeds=tuple(facility.deeds),
        standing=facility.standing(),
        outbox=_outboxes(world),
        dead=world.dead(depths),
        waiting=world.waiting(depths),
    )


def is_under_way(row: Document, now: datetime) -> bool:
    """Whether a claim or a ledger's line is held for an act that may still come."""
    deadline = row.get("deadline")
    return deadline is not None and deadline + SWEPT_WITHIN > now


def _whole(documents: Any) -> list[Document]:
    """Return what was made; acts that were made impossible leave a tombstone."""
    return [document for document in documents if not document.get("tombstone")]


def _outboxes(world: OfficeWorld) -> dict[str, int]:
    found = {"new": 0, "stuck": 0}
    for service in SERVICES:
        database = world.database(service)
        for name in database.list_collection_names():
            for state, count in in_outbox(database[name]).items():
                found[state] += count
    return found


# -- calendars


def in_files(calendar: Radicale, name: str) -> Iterator[Entry]:
    """Yield what the server's files of one calendar hold."""
    folder: Path = calendar.folder / "collections" / "collection-root" / USER / name
    for file in sorted(folder.glob("*.ics")):
        yield from entries_of(file.read_bytes(), file.name)


def over_http(calendar: Radicale, address: str) -> Iterator[Entry]:
    """Yield what the server tells of one calendar."""
    status, _, body = calendar.ask("GET", address)
    if status != 200:
        raise OSError(f"GET {address}: {status}")
    yield from entries_of(body, "")


def entries_of(content: bytes, name: str) -> Iterator[Entry]:
    """Yield the events of an iCalendar object that don't repeat."""
    for event in Calendar.from_ical(content).walk("VEVENT"):
        span = Span(event.decoded("DTSTART").astimezone(UTC), event.decoded("DTEND").astimezone(UTC))
        busy = str(event.get("TRANSP", "OPAQUE")) == "OPAQUE" and str(event.get("STATUS", "")) != "CANCELLED"
        yield Entry(str(event["UID"]), span, name, busy)


# -- rest


def unrest(world: OfficeWorld, office: Office, facility: FacilityPeople) -> list[str]:
    """What has not come to rest yet, in words; empty when everything has. Servers that are away count too.

    Minutes and spans that are held for an act that never came are apart: see ``held``.
    """
    depths = world.broker_answers()
    if depths is None:
        return ["the broker is away"]
    try:
        found = {f"waiting in {queue}": depth for queue, depth in world.waiting(depths).items()}
        return [f"{name} {count}" for name, count in (found | _restless(world, office, facility)).items() if count]
    except pymongo.errors.PyMongoError:
        return ["the database is away"]


def _restless(world: OfficeWorld, office: Office, facility: FacilityPeople) -> dict[str, int]:
    mine = {"tenant": office.tenant}
    spaces = world.database("spaces")
    bookings = {one["_id"]: one for one in _whole(spaces["bookings"].find(mine, ["state", "calendar", "tombstone"]))}
    feeds = list(spaces["feeds"].find(mine, ["read_at", "failures"]))
    return {
        "outbox": sum(
            in_outbox(world.database(service)[name])["new"] for service, names in OUTBOXES.items() for name in names
        ),
        "mails under way": world.database("notifications")["letters"].count_documents(
            {**mine, "mail.s": {"$nin": list(MAIL_SETTLED)}}
        ),
        "bookings that wait for their calendar": sum(one["state"] == "awaiting" for one in bookings.values()),
        "bookings to be written or taken out": sum(not _is_in_step(one) for one in bookings.values()),
        "cases to follow": sum(
            bookings[case["booking_id"]]["state"] in ACTIVE
            for case in spaces["cases"].find({**mine, "state": "open"}, ["booking_id"])
        ),
        "calendars to read": sum(
            one["failures"] > 0 or one["read_at"] is None or one["read_at"] < facility.last for one in feeds
        ),
    }


def _is_in_step(booking: Document) -> bool:
    mark = booking["calendar"]
    if mark is None:
        return True
    return bool(mark["href"]) if booking["state"] in ACTIVE else not mark["hash"]


def held(world: OfficeWorld, office: Office) -> tuple[int, timedelta]:
    """Return how many claims and ledger lines are held for an act, and until when the last of them is."""
    mine, now = {"tenant": office.tenant}, datetime.now(UTC)
    spaces = world.database("spaces")
    rows = [row for one in _whole(spaces["diaries"].find(mine, ["claims", "tombstone"])) for row in one["claims"]]
    deadlines = [row["deadline"] for row in rows if row["kind"] == "booking" and row.get("deadline") is not None]
    for ledger in _whole(spaces["ledgers"].find(mine, ["lines", "tombstone"])):
        deadlines += [line["deadline"] for line in ledger["lines"] if line["deadline"] is not None]
    return len(deadlines), max((deadline - now for deadline in deadlines), default=timedelta())
