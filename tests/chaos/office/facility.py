"""The facilities' own people: they know nothing of us, and write into their calendars as they always did.

They black a room out, change their minds, and now and then take an entry of ours out or move it. A server that was shot
is asked again until it answers.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from urllib.parse import unquote

from icalendar import Calendar, Event

from deploy.radicale import Radicale
from tests.chaos.load import PATIENCE, NeverAnswered
from tests.chaos.office.rooms import Span, a_span
from tests.chaos.office.stage import Office

#: What ours look like from outside.
OURS = "@sipbun"
_HREF = re.compile(rb"<(?:\w+:)?href>([^<]+\.ics)</")
_ICS = {"Content-Type": "text/calendar; charset=utf-8"}
#: What they do, and how often out of ten.
DEEDS = ("black_out",) * 6 + ("remove", "move", "take_ours_out", "move_ours")


@dataclass(frozen=True)
class Deed:
    """One thing that they did, acknowledged by their server. ``span`` None: the entry is gone."""

    at: datetime
    calendar: str
    uid: str
    span: Span | None
    what: str


class FacilityPeople:
    """Whoever keeps the calendars."""

    def __init__(self, office: Office, calendar: Radicale, *, seed: int) -> None:
        self.deeds: list[Deed] = []
        self.stopping = threading.Event()
        self._office = office
        self._calendar = calendar
        self._seed = seed
        self._lock = threading.Lock()
        #: (calendar, uid) -> what stands there by their own hand.
        self._own: dict[tuple[str, str], Span] = {}

    @property
    def last(self) -> datetime:
        """When they last did something."""
        return max((deed.at for deed in self.deeds), default=datetime(2000, 1, 1, tzinfo=UTC))

    def standing(self) -> Mapping[tuple[str, str], Span]:
        """What must stand in each calendar by their own hand: (calendar, uid) -> when."""
        return dict(self._own)

    def do(self, number: int) -> Deed | None:
        """Do the next thing; None when there was nothing to do it to. Raises ``NeverAnswered``."""
        random = Random(f"{self._seed}/facility/{number}")
        calendar = random.choice(sorted(self._office.addresses))
        with self._lock:  # one at a time: they sit at one desk, and what stands there is known
            match random.choice(DEEDS):
                case "remove":
                    return self._remove(calendar, random)
                case "move":
                    return self._move(calendar, random)
                case "take_ours_out":
                    return self._take_ours_out(calendar, random)
                case "move_ours":
                    return self._move_ours(calendar, random)
                case _:
                    return self.black_out(calendar, f"{self._office.prefix}-blackout-{number}@facility.example", random)

    def black_out(self, calendar: str, uid: str, random: Random) -> Deed:
        """Say that a room is theirs for a while."""
        span = a_span(self._office.rooms[calendar], random, self._office.today)
        self._write(calendar, uid, span)
        return self._note(calendar, uid, span, "black_out")

    def _remove(self, calendar: str, random: Random) -> Deed | None:
        mine = sorted(uid for there, uid in self._own if there == calendar)
        if not mine:
            return None
        uid = random.choice(mine)
        self._ask("DELETE", self._address(calendar, uid))
        return self._note(calendar, uid, None, "remove")

    def _move(self, calendar: str, random: Random) -> Deed | None:
        mine = sorted(uid for there, uid in self._own if there == calendar)
        if not mine:
            return None
        uid = random.choice(mine)
        span = a_span(self._office.rooms[calendar], random, self._office.today)
        self._write(calendar, uid, span)
        return self._note(calendar, uid, span, "move")

    def _take_ours_out(self, calendar: str, random: Random) -> Deed | None:
        found = self._an_entry_of_ours(calendar, random)
        if found is None:
            return None
        address, _, _ = found
        self._ask("DELETE", address)
        return self._did(calendar, address, "take_ours_out")

    def _move_ours(self, calendar: str, random: Random) -> Deed | None:
        found = self._an_entry_of_ours(calendar, random)
        if found is None:
            return None
        address, etag, content = found
        there = Calendar.from_ical(content)
        for event in there.walk("VEVENT"):
            for name in ("DTSTART", "DTEND"):
                moved = event.decoded(name) + timedelta(minutes=30)
                del event[name]
                event.add(name, moved)
        # Only over what was seen: an entry that we took out meanwhile must not come back by their hand.
        self._ask("PUT", address, there.to_ical(), {**_ICS, "If-Match": etag})
        return self._did(calendar, address, "move_ours")

    def _an_entry_of_ours(self, calendar: str, random: Random) -> tuple[str, str, bytes] | None:
        _, _, body = self._ask("PROPFIND", self._office.addresses[calendar], headers={"Depth": "1"})
        hrefs = sorted(unquote(found.decode()) for found in _HREF.findall(body))
        names = [href.rpartition("/")[2] for href in hrefs if f"/{self._office.prefix}-bkg-" in href]
        if not names:
            return None
        address = self._office.addresses[calendar] + random.choice(names)
        status, headers, content = self._ask("GET", address)
        return (address, headers.get("etag", ""), content) if status == 200 else None

    def _write(self, calendar: str, uid: str, span: Span) -> None:
        event = Event()
        event.add("UID", uid)
        event.add("DTSTAMP", datetime.now(UTC))
        event.add("DTSTART", span.start.astimezone(UTC))
        event.add("DTEND", span.end.astimezone(UTC))
        event.add("SUMMARY", "시설 점검")
        there = Calendar()
        there.add("PRODID", "-//Facility//KO")
        there.add("VERSION", "2.0")
        there.add_component(event)
        self._ask("PUT", self._address(calendar, uid), there.to_ical(), _ICS)

    def _address(self, calendar: str, uid: str) -> str:
        return f"{self._office.addresses[calendar]}{uid.partition('@')[0]}.ics"

    def _note(self, calendar: str, uid: str, span: Span | None, what: str) -> Deed:
        if span is None:
            self._own.pop((calendar, uid), None)
        else:
            self._own[calendar, uid] = span
        return self._did(calendar, uid, what, span)

    def _did(self, calendar: str, uid: str, what: str, span: Span | None = None) -> Deed:
        deed = Deed(datetime.now(UTC), calendar, uid.rpartition("/")[2], span, what)
        self.deeds.append(deed)
        return deed

    def _ask(
        self, method: str, address: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Ask until the server answers; what is gone by now (404, 412) was taken away by somebody else."""
        until = time.monotonic() + PATIENCE
        while True:
            try:
                status, told, content = self._calendar.ask(method, address, body, headers, seconds=5)
                if status < 300 or status in (404, 410, 412):
                    return status, told, content
                said = f"{status} {content[:100]!r}"
            except OSError as away:
                said = str(away)
            if time.monotonic() >= until or self.stopping.is_set():
                raise NeverAnswered(f"{method} {address}: {said}")
            self.stopping.wait(0.3)
