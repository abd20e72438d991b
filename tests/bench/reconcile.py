"""Reading a facility of 5,000 events from a real Radicale: what an unchanged calendar costs, and one change.

The shipped reader on a real database, one process. What counts is counted, not timed: an unchanged calendar is one
request and no parsing, one change reads one resource and touches one diary. The times beside it are the server's too:
Radicale looks at every file of the collection to answer "unchanged?". Nobody else does this, so there is no peer.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

from deploy.radicale import USER, Radicale
from services.spaces.agreement import parsing
from services.spaces.agreement.fetch import Reply, Visit
from services.spaces.agreement.model import CALDAV, Feed, Secret
from services.spaces.facilities.model import Facility, Space
from services.spaces.ical.reading import read_resource
from services.spaces.wiring import furnish
from shared.aggregate import Act, Aggregate
from shared.clock import kst_day, start_of_kst_day
from shared.config import settings
from shared.mongo.aggregates import Aggregates
from shared.town import town
from tests.bench.bed import Bed
from tests.bench.result import Result, percentile
from tests.services.spaces.agreement.makers import an_event
from tests.services.spaces.makers import a_facility, a_space

FEED_ID, SPACE_ID = "fed-모임방", "spc-모임방"
CALENDAR = "moim"
PASSWORD = "은하수-비밀"
#: Within the horizon of 400 days, a dozen and a bit each day.
DAYS = 380


class Reading:
    """A process that reads the calendar, and counts what that takes."""

    def __init__(self, address: str) -> None:
        here = town(settings())
        self._rooms = furnish(here)
        for kept in self._rooms.kept:
            kept.prepare()
        facility: Facility = a_facility()
        space: Space = a_space(mode="approval", approver="calendar")
        facility.admit(space, (), here.clock.now())
        facility.connect_feed(SPACE_ID, FEED_ID)
        feed = Feed.connect(
            id=FEED_ID,
            tenant=space.tenant,
            district=space.district,
            facility_id=facility.id,
            space_id=SPACE_ID,
            root_id=space.root_id,
            parts=space.parts,
            adapter=CALDAV,
            address=address,
            secret=Secret(USER, PASSWORD),
            connected_at=here.clock.now(),
        )
        reader = self._rooms.agreement.reader
        _keep(self._rooms.facilities.facilities, facility)
        _keep(self._rooms.facilities.spaces, space)
        _keep(reader.feeds, feed)
        self._reader = reader
        self._diaries = reader.diary.diaries  # type: ignore[attr-defined]  # the shipped desk has them

    def read(self, times: int = 1) -> dict[str, Any]:
        """Read so many times; return what each took (ms), and what all of it asked, parsed, found and touched."""
        before = self._versions()
        took: list[float] = []
        found: dict[str, int] = {}
        with counting() as counted:
            for _ in range(times):
                since = time.perf_counter()
                told = self._reader.reconcile(FEED_ID, asked=True, seconds=300.0)
                took.append((time.perf_counter() - since) * 1000)
                if told is None:
                    raise RuntimeError(f"not read: {self._reader.feeds.get(FEED_ID).reason}")
                found |= told
        after = self._versions()
        touched = sum(after[key] != before.get(key) for key in after)
        return {"took": took, "found": found, "touched": touched, **counted}

    def _versions(self) -> dict[str, int]:
        documents = self._diaries.collection.find({}, ["version"])
        return {document["_id"]: document["version"] for document in documents}


def _keep(storage: Aggregates[Any], aggregate: Aggregate) -> None:
    storage.create(Act.own(f"bench:{aggregate.id}", "open"), aggregate, {})


@contextmanager
def counting() -> Iterator[dict[str, int]]:
    """Count requests, and resources that are parsed."""
    counted = {"requests": 0, "parsed": 0}
    ask = Visit.ask

    def counted_ask(self: Visit, *how: Any, **more: Any) -> Reply:
        counted["requests"] += 1
        return ask(self, *how, **more)

    def counted_parse(*how: Any, **more: Any) -> Any:
        counted["parsed"] += 1
        return read_resource(*how, **more)

    with patch.object(Visit, "ask", counted_ask), patch.object(parsing, "read_resource", counted_parse):
        yield counted


def an_entry(number: int, count: int, *, sequence: int = 0) -> bytes:
    """Return one of the facility's own entries; a higher sequence ends half an hour later."""
    each = -(-count // DAYS)
    tomorrow = start_of_kst_day(kst_day(datetime.now(UTC)) + timedelta(days=1))
    start = tomorrow + timedelta(days=number // each, minutes=24 * 60 * (number % each) // each)
    return an_event(f"e-{number}", start, start + timedelta(minutes=30 + 30 * sequence), sequence=sequence)


def fill(server: Radicale, count: int) -> str:
    """Make a calendar of so many entries; return its address."""
    address = server.make(CALENDAR)
    entries = [an_entry(number, count).split(b"BEGIN:VEVENT")[1].split(b"END:VEVENT")[0] for number in range(count)]
    body = b"".join(b"BEGIN:VEVENT" + entry + b"END:VEVENT\r\n" for entry in entries)
    whole = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//bench//KO\r\n" + body + b"END:VCALENDAR\r\n"
    status, _, told = server.ask("PUT", address, whole, {"Content-Type": "text/calendar"}, seconds=600)
    if status not in (200, 201, 204):
        raise RuntimeError(f"PUT: {status} {told[:200]!r}")
    return address


def name_of(server: Radicale, address: str, uid: str) -> str:
    """Return the address of the entry with this UID."""
    asked = (
        '<?xml version="1.0"?><C:calendar-query xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><prop><getetag/></prop>'
        '<C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT"><C:prop-filter name="UID">'
        f"<C:text-match>{uid}</C:text-match></C:prop-filter></C:comp-filter></C:comp-filter></C:filter></C:calendar-query>"
    )
    _, _, told = server.ask("REPORT", address, asked.encode(), {"Depth": "1", "Content-Type": "text/xml"}, seconds=300)
    path = told.split(b"<href>")[1].split(b"<")[0].decode()
    return server.url.rstrip("/") + path


def run(bed: Bed, *, quick: bool, count: int = 0, rounds: int = 0) -> list[Result]:
    """Run it; what an unchanged calendar and one change cost."""
    count = count or (1_000 if quick else 5_000)
    rounds = rounds or (5 if quick else 20)
    server = Radicale(bed.folder / "radicale", password=PASSWORD)
    bed.also_close(server.stop)
    server.start()
    server.wait_ready()
    if server.process is not None:
        bed.remember(server.process)
    bed.say(f"  {count:,} events ...")
    address = fill(server, count)
    environment = bed.environment(bed.a_vhost("reconcile"), "reconcile_") | {"SIPBUN_CALENDAR_NETWORKS": "127.0.0.1/32"}
    reader = bed.stage("reader", "tests.bench.reconcile:Reading", environment=environment, address=address)
    first = reader.ask("read")
    if first["found"] != {"theirs_added": count}:
        raise RuntimeError(f"found {first['found']}")
    reader.ask("read")
    unchanged = reader.ask("read", times=rounds)
    changed = []
    # The longest UID, so that no other one contains it.
    entry = name_of(server, address, f"e-{count - 1}")
    for sequence in range(1, rounds + 1):
        content = an_entry(count - 1, count, sequence=1 + sequence % 2)
        server.ask("PUT", entry, content, {"Content-Type": "text/calendar"}, seconds=60)
        changed.append(reader.ask("read"))
    of = f"of {count:,} events"
    return [
        Result(f"reconcile {of}, unchanged: requests a reading", unchanged["requests"] / rounds, "requests", most=1),
        Result(f"reconcile {of}, unchanged: resources parsed", unchanged["parsed"] / rounds, "resources", most=0),
        Result(f"reconcile {of}, unchanged: diaries touched", unchanged["touched"] / rounds, "documents", most=0),
        Result(f"reconcile {of}, unchanged, p50", percentile(unchanged["took"], 0.5), "ms", limits="with Radicale's own time"),
        Result(f"reconcile {of}, one change: resources parsed", max(one["parsed"] for one in changed), "resources", most=1),
        Result(f"reconcile {of}, one change: diaries touched", max(one["touched"] for one in changed), "documents", most=1),
        Result(
            f"reconcile {of}, one change, p50",
            percentile([one["took"][0] for one in changed], 0.5),
            "ms",
            limits="with Radicale's own time",
        ),
        Result(f"reconcile {of}, first reading", first["took"][0] / 1000, "s", limits="with Radicale's own time"),
    ]
