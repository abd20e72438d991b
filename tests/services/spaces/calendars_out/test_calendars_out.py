"""Calendars for others to read: who may open one, what it says, and that a reader understands it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import icalendar
import pytest
import recurring_ical_events

from services.spaces.bookings.model import Booking, CheckIn, Rule, Taken
from services.spaces.bookings.storage import Bookings, bookings
from services.spaces.calendars_out import feed
from services.spaces.calendars_out.model import MOST_OPEN, hash_of
from services.spaces.calendars_out.storage import addresses
from services.spaces.calendars_out.usecases import CalendarsOut, months
from services.spaces.facilities.model import Place
from services.spaces.spans import Span
from shared.actors import ANYONE, Actor
from shared.aggregate import Act
from shared.clock import KST, StoppedClock
from shared.errors import Conflict, NotFound, Refused
from shared.mongo.twin import TwinDatabase
from shared.serial import KeyedQueue
from tests.services.spaces.idle.makers import NOW, TENANT, a_place, at, span

RESIDENT = Actor("res-1", frozenset({"resident"}), TENANT)
OTHER = Actor("res-2", frozenset({"resident"}), TENANT)
HOST = Actor("host-1", frozenset({"host"}), TENANT)
OTHER_HOST = Actor("host-2", frozenset({"host"}), TENANT)
OFFICER = Actor("officer-1", frozenset({"officer"}), TENANT)
ROOM = a_place()


@dataclass
class Rooms:
    """The register, with one room."""

    known: dict[str, Place] = field(default_factory=lambda: {ROOM.space.id: ROOM})

    def place(self, space_id: str) -> Place:
        """Return it."""
        if space_id not in self.known:
            raise NotFound("no_such_space", field="space_id", id=space_id)
        return self.known[space_id]

    def places(self, space_ids: Sequence[str]) -> Mapping[str, Place]:
        """Return those that there are."""
        return {space_id: self.known[space_id] for space_id in space_ids if space_id in self.known}


class Town:
    """Calendars on a twin; tokens are t-1, t-2, ... drawn out to their length."""

    def __init__(self) -> None:
        self.database = TwinDatabase("spaces")
        self.clock = StoppedClock(NOW)
        ports: dict[str, Any] = {"clock": self.clock, "serial": KeyedQueue()}
        self.bookings: Bookings = bookings(self.database, **ports)
        self.addresses = addresses(self.database, **ports)
        self.addresses.prepare()
        numbers = count(1)
        self.desk = CalendarsOut(
            self.addresses, self.bookings, Rooms(), self.clock, lambda: f"t-{next(numbers)}".ljust(43, "x")
        )
        self._acts = count(1)

    def act_id(self) -> str:
        """Return an id for an act."""
        return f"act-{next(self._acts)}"

    def opens(self, actor: Actor = RESIDENT, **asked: Any) -> str:
        """Open an address; return its token."""
        known = {"act_id": self.act_id(), "address_id": f"adr-{next(self._acts)}", "kind": "resident"}
        return str(self.desk.open(actor, **{**known, **asked})["token"])

    def opens_room(self, actor: Actor = HOST) -> str:
        """Open an address of the room."""
        return self.opens(actor, kind="space", subject_id=ROOM.space.id)

    def books(self, number: int, taken: Span, *, resident: str = "res-1", mode: str = "instant") -> str:
        """Book the room."""
        space = ROOM.space
        booking = Booking.request(
            id=f"bkg-{number}",
            tenant=TENANT,
            resident_id=resident,
            taken=Taken(space.id, space.facility_id, space.root_id, space.district, space.programme_id, space.parts),
            span=taken,
            mode=mode,
            approver="person",
            rule=Rule(),
            check_in_rule=CheckIn(),
            requested_at=self.clock.now(),
            act_id=f"own:{number}",
        )
        self.bookings.create(Act.own(str(number), "request"), booking, {})
        return booking.id

    def changes(self, booking_id: str, verb: str, *asked: Any) -> None:
        """Let a booking change itself."""

        def decide(booking: Booking) -> dict[str, Any]:
            getattr(booking, verb)(*asked)
            return {}

        self.bookings.act(None, booking_id, decide)

    def reads(self, token: str) -> str:
        """Return the whole calendar's text."""
        told = self.desk.ics(ANYONE, secret=token)
        text = told["ics"]
        while told["cursor"] is not None:
            told = self.desk.ics(ANYONE, secret=token, cursor=told["cursor"])
            text += told["ics"]
        return str(text)

    def events(self, token: str) -> dict[str, icalendar.Event]:
        """Return the events as a reader has them, by UID."""
        calendar = icalendar.Calendar.from_ical(self.reads(token))
        return {str(event["UID"]): event for event in calendar.walk("VEVENT")}


@pytest.fixture
def town() -> Town:
    """A town where res-1 has the room from ten to twelve."""
    town = Town()
    town.books(1, span(10, 12))
    return town


def test_a_resident_reads_their_bookings_in_any_calendar(town: Town) -> None:
    town.books(2, span(14, 15), resident="res-2")
    events = town.events(town.opens())

    assert events.keys() == {"bkg-1@sipbun"}
    event = events["bkg-1@sipbun"]
    assert event["SUMMARY"] == "은하수 작은도서관 모임방"
    assert event["LOCATION"] == "광주광역시 광산구 소촌로 85 2층"
    assert event["STATUS"] == "CONFIRMED"
    assert (event["DTSTART"].dt, event["DTEND"].dt) == (at(10), at(12))
    assert event["DTSTART"].to_ical() == b"20261201T010000Z"


def test_another_library_finds_the_booking_on_its_day(town: Town) -> None:
    calendar = icalendar.Calendar.from_ical(town.reads(town.opens()))
    found = recurring_ical_events.of(calendar).between(at(0), at(24))

    assert [event.start.astimezone(KST).hour for event in found] == [10]


def test_a_cancelled_booking_stays_as_a_tombstone_with_a_higher_sequence(town: Town) -> None:
    token = town.opens()
    before = town.events(token)["bkg-1@sipbun"]
    town.changes("bkg-1", "cancel", "resident", NOW)
    after = town.events(token)["bkg-1@sipbun"]

    assert (before["STATUS"], after["STATUS"]) == ("CONFIRMED", "CANCELLED")
    assert after["SEQUENCE"] > before["SEQUENCE"]
    assert after["TRANSP"] == "TRANSPARENT"
    assert after["SUMMARY"] == "[취소] 은하수 작은도서관 모임방"


@pytest.mark.parametrize(
    ("verb", "asked"), [("displace", ("calendar",)), ("refuse", ("host",)), ("pass_time", (NOW + timedelta(days=9),))]
)
def test_what_came_to_nothing_is_a_tombstone_too(town: Town, verb: str, asked: tuple[Any, ...]) -> None:
    token = town.opens()
    town.books(2, span(14, 15), mode="approval")
    waiting = town.events(token)["bkg-2@sipbun"]
    town.changes("bkg-2", verb, *asked)
    ended = town.events(token)["bkg-2@sipbun"]

    assert (waiting["STATUS"], ended["STATUS"]) == ("TENTATIVE", "CANCELLED")
    assert ended["SEQUENCE"] > waiting["SEQUENCE"]


def test_tombstones_are_kept_for_ninety_days_and_then_go(town: Town) -> None:
    tokens = town.opens(), town.opens_room()
    town.changes("bkg-1", "cancel", "resident", NOW)
    town.clock.move(timedelta(days=90))
    assert all(town.events(token).keys() == {"bkg-1@sipbun"} for token in tokens)
    town.clock.move(timedelta(days=1))
    assert all(town.events(token) == {} for token in tokens)


def test_another_tenants_bookings_are_not_in_it(town: Town) -> None:
    stranger = Actor("res-1", frozenset({"resident"}), "bukgu")

    assert town.events(town.opens(stranger)) == {}


def test_a_rooms_calendar_says_when_it_is_used_and_never_by_whom(town: Town) -> None:
    town.books(2, span(14, 15), resident="res-2", mode="approval")
    text = town.reads(town.opens_room())
    events = {str(event["UID"]): event for event in icalendar.Calendar.from_ical(text).walk("VEVENT")}

    assert events.keys() == {"bkg-1@sipbun", "bkg-2@sipbun"}
    assert events["bkg-2@sipbun"]["SUMMARY"] == "[승인 대기] 예약 · 은하수 작은도서관 모임방"
    assert "res-" not in text


def test_an_unchanged_calendar_is_the_same_to_the_byte_and_is_not_sent_again(town: Town) -> None:
    token = town.opens()
    first = town.desk.ics(ANYONE, secret=token)
    town.clock.move(timedelta(hours=3))
    feed.event_text.cache_clear()
    again = town.desk.ics(ANYONE, secret=token)
    known = town.desk.ics(ANYONE, secret=token, etag=first["etag"])

    assert (again["ics"], again["etag"]) == (first["ics"], first["etag"])
    assert known == {"etag": first["etag"], "ics": None, "unchanged": True, "cursor": None}
    town.changes("bkg-1", "displace", "calendar")
    changed = town.desk.ics(ANYONE, secret=token, etag=first["etag"])
    assert changed["unchanged"] is False
    assert changed["etag"] != first["etag"]


def test_a_long_calendar_comes_in_pieces_that_fit_the_broker(town: Town) -> None:
    for number in range(2, 700):
        start = at(0, day=2) + timedelta(minutes=30 * number)
        town.books(number, Span(start, start + timedelta(minutes=30)))
    token = town.opens()
    told = town.desk.ics(ANYONE, secret=token)

    assert told["cursor"] is not None
    assert len(told["ics"].encode()) <= feed.PIECE_BYTES
    assert len(town.events(token)) == 699
    town.changes("bkg-1", "displace", "calendar")
    with pytest.raises(Conflict):
        town.desk.ics(ANYONE, secret=token, cursor=told["cursor"])


def test_of_too_many_entries_those_ahead_come_before_those_behind(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "MOST_ENTRIES", 3)
    for number, day in ((2, 2), (3, 3), (4, 4)):
        town.books(number, span(10, 12, day=day))
    town.clock.move(timedelta(days=2))

    # It is the 3rd, 08:10: two lie ahead, and of two behind the latest is kept.
    assert town.events(town.opens()).keys() == {"bkg-2@sipbun", "bkg-3@sipbun", "bkg-4@sipbun"}


# Addresses.


def test_only_a_hash_of_the_token_is_kept(town: Town) -> None:
    token = town.opens()
    kept = str(list(town.database.collection("addresses").everything()))

    assert token not in kept
    assert hash_of(token) in kept


def test_the_token_is_told_once(town: Town) -> None:
    asked = {"act_id": "a", "address_id": "adr-전화기", "kind": "resident"}
    first, again = town.desk.open(RESIDENT, **asked), town.desk.open(RESIDENT, **asked)

    assert first["token"] is not None
    assert again == {"address_id": "adr-전화기", "token": None}
    assert town.events(first["token"])


def test_a_revoked_address_leads_nowhere_and_stays_so(town: Town) -> None:
    token = town.opens(address_id="adr-1")
    for act_id in ("r", "r", "again"):
        assert town.desk.revoke(RESIDENT, act_id=act_id, address_id="adr-1") == {"address_id": "adr-1", "open": False}

    with pytest.raises(NotFound, match="no_such_address"):
        town.reads(token)
    with pytest.raises(Refused, match="address_is_revoked"):
        town.desk.renew(RESIDENT, act_id="n", address_id="adr-1")


def test_one_address_after_another_can_be_revoked_and_keeps_no_hash(town: Town) -> None:
    for number in (1, 2):
        town.opens(address_id=f"adr-{number}")
        town.desk.revoke(RESIDENT, act_id=f"r-{number}", address_id=f"adr-{number}")

    assert all("token_hash" not in row for row in town.database.collection("addresses").everything())


def test_after_renewal_only_the_new_token_leads_there(town: Town) -> None:
    old = town.opens(address_id="adr-1")
    new = town.desk.renew(RESIDENT, act_id="n", address_id="adr-1")["token"]

    assert town.events(new)
    with pytest.raises(NotFound):
        town.reads(old)


def test_nobody_guesses_a_token(town: Town) -> None:
    town.opens(address_id="adr-1")
    town.desk.revoke(RESIDENT, act_id="r", address_id="adr-1")

    for guess in ("", hash_of(""), "x" * 43):
        with pytest.raises(NotFound):
            town.reads(guess)


@pytest.mark.parametrize(
    ("actor", "kind", "subject", "code"),
    [
        (OTHER, "resident", "res-1", "only_for_oneself"),
        (OFFICER, "resident", "res-1", "role_not_allowed"),
        (ANYONE, "resident", "res-1", "sign_in_needed"),
        (RESIDENT, "space", ROOM.space.id, "role_not_allowed"),
        (OTHER_HOST, "space", ROOM.space.id, "not_your_facility"),
        (Actor("officer-9", frozenset({"officer"}), "bukgu"), "space", ROOM.space.id, "other_tenant"),
        (HOST, "space", "spc-없음", "no_such_space"),
    ],
)
def test_only_who_keeps_it_may_open_renew_revoke_and_list(
    town: Town, actor: Actor, kind: str, subject: str, code: str
) -> None:
    town.opens(RESIDENT, address_id="adr-resident")
    town.opens(HOST, address_id="adr-space", kind="space", subject_id=ROOM.space.id)
    attempts: Iterable[Any] = (
        lambda: town.desk.open(actor, act_id="x", address_id="adr-x", kind=kind, subject_id=subject),
        lambda: town.desk.mine(actor, kind=kind, subject_id=subject),
        lambda: town.desk.renew(actor, act_id="x", address_id=f"adr-{kind}"),
        lambda: town.desk.revoke(actor, act_id="x", address_id=f"adr-{kind}"),
    )

    for attempt in list(attempts)[: 2 if code == "no_such_space" else 4]:
        with pytest.raises((Refused, NotFound)) as refused:
            attempt()
        assert refused.value.code == code


def test_hosts_and_officers_may_open_a_rooms_calendar(town: Town) -> None:
    assert town.events(town.opens_room(HOST))
    assert town.events(town.opens_room(OFFICER))


def test_own_addresses_are_listed_latest_first_without_their_tokens(town: Town) -> None:
    for number in range(3):
        town.opens(address_id=f"adr-{number}")
        town.clock.move(timedelta(minutes=1))
    town.opens(OTHER)
    first = town.desk.mine(RESIDENT, kind="resident", limit=2)
    rest = town.desk.mine(RESIDENT, kind="resident", limit=2, cursor=first["cursor"])

    assert [row["address_id"] for row in first["addresses"] + rest["addresses"]] == ["adr-2", "adr-1", "adr-0"]
    assert "hash" not in str(first)


def test_no_more_addresses_are_open_at_once_than_may_be(town: Town) -> None:
    for number in range(MOST_OPEN):
        town.opens(address_id=f"adr-{number}", act_id=f"o-{number}")
    with pytest.raises(Refused, match="too_many_addresses"):
        town.opens()

    assert town.desk.open(RESIDENT, act_id="o-3", address_id="adr-3", kind="resident")["token"] is None
    town.desk.revoke(RESIDENT, act_id="r", address_id="adr-3")
    assert town.opens()


def test_every_month_of_the_window_is_read_and_the_one_before() -> None:
    since, until = feed.window(datetime(2026, 1, 31, 12, tzinfo=UTC))
    read = months(since, until)

    assert (read[0], read[-1], len(read)) == ("2025-10", "2027-03", 18)
