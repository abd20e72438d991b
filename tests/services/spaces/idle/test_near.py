"""Idle rooms near a point: who is shown, in which order, and at what cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from services.spaces.diary.model import FEED, Claim
from services.spaces.diary.storage import Diaries, diaries
from services.spaces.diary.usecases import DiaryDesk
from services.spaces.facilities.model import Facility, Limits, Place, Policy, Space
from services.spaces.facilities.storage import facilities, spaces
from services.spaces.facilities.usecases import FacilityDesk
from services.spaces.idle import search
from services.spaces.idle.desk import idle_desk
from services.spaces.idle.ranking import POINTS
from services.spaces.idle.usecases import IdleDesk
from services.spaces.spans import Span
from shared.actors import ANYONE, Actor
from shared.aggregate import Act
from shared.clock import StoppedClock, from_iso
from shared.errors import NotFound, Refused, Unavailable
from shared.geo import Point
from shared.messaging.outbox import event_of
from shared.mongo.twin import TwinDatabase
from shared.serial import KeyedQueue
from tests.services.spaces.idle.makers import HOME, NOW, TENANT, a_claim, a_facility, a_space, at, span

RESIDENT = Actor("res-1", frozenset({"resident"}), TENANT)
#: One degree of latitude is some 111 km.
METRE = 1 / 111_195


@dataclass
class Neighbours:
    """What agreement and residents would say."""

    read: dict[str, Any] = field(default_factory=dict)
    consenting: set[str] = field(default_factory=set)
    asked: int = 0

    def freshness_of(self, places: Sequence[Place]) -> Mapping[str, Any]:
        """Return how fresh we are."""
        self.asked += 1
        return {place.space.id: self.read[place.space.id] for place in places if place.space.id in self.read}

    def given(self, resident_id: str, purpose: str) -> bool:
        """Return whether the consent is in force."""
        return purpose == "location" and resident_id in self.consenting


class Town:
    """Spaces on a twin, with an index that is loaded."""

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.database = TwinDatabase("spaces", self.steps.append)
        self.clock = StoppedClock(NOW)
        ports: dict[str, Any] = {"clock": self.clock, "serial": KeyedQueue()}
        self.facilities = facilities(self.database, **ports)
        self.spaces = spaces(self.database, **ports)
        self.diaries: Diaries = diaries(self.database, **ports)
        self.diary = DiaryDesk(self.diaries, self.clock)
        self.neighbours = Neighbours()
        register = FacilityDesk(self.facilities, self.spaces, frozenset(), lambda _point: None, self.clock)
        self.register = register
        self.desk: IdleDesk = idle_desk(register, self.diaries, self.neighbours, self.neighbours, self.clock)

    def library(self, name: str, metres: float = 0, **changes: Any) -> Facility:
        """Put a library into the register, so many metres north of home."""
        facility = a_facility(name, point=Point(HOME.lat + metres * METRE, HOME.lon), version=0, **changes)
        facility.open()
        self.facilities.create(Act.own(facility.id, "open"), facility, {})
        return facility

    def room(self, facility: Facility, name: str = "모임방", **changes: Any) -> Space:
        """Open a room in it."""
        space = a_space(name, facility=facility, version=0, **changes)
        space.open()
        self.spaces.create(Act.own(space.id, "open"), space, {})

        def admit(known: Facility) -> dict[str, Any]:
            known.admit(space, (), NOW)
            known.settle()
            return {}

        self.facilities.act(None, facility.id, admit)
        return space

    def takes(self, space: Space, taken: Span, **changes: Any) -> Claim:
        """Let somebody have a room."""
        place = self.register.place(space.id, fresh=True)
        claim = a_claim(place, taken, **changes)
        self.diary.hold(place.root, claim, hours_version=1)
        return claim

    def load(self) -> Town:
        """Load the index."""
        self.desk.search.feed.opened()
        return self

    def tell(self) -> None:
        """Tell the index what was said so far."""
        for collection in (self.spaces.collection, self.facilities.collection):
            for row in list(collection.everything()):  # type: ignore[attr-defined]
                self.desk.search.feed.told([event_of(fact) for fact in row["outbox"]])

    def near(self, actor: Actor = ANYONE, **asked: Any) -> dict[str, Any]:
        """Ask from home."""
        return self.desk.near(actor, **{"tenant": TENANT, "lat": HOME.lat, "lon": HOME.lon, **asked})

    def names(self, **asked: Any) -> list[str]:
        """Return which libraries have something idle, the best first."""
        return [row["facility_name"].split()[0] for row in self.near(**asked)["spaces"]]


@dataclass
class TwinWatch:
    """Lets something happen at a step of the database."""

    town: Town
    happens: Callable[[str], None]

    def __enter__(self) -> None:
        """Look at every step."""
        for collection in (self.town.spaces.collection, self.town.facilities.collection):
            collection._step = self.happens  # type: ignore[attr-defined]

    def __exit__(self, *_error: object) -> None:
        """Look away."""
        for collection in (self.town.spaces.collection, self.town.facilities.collection):
            collection._step = self.town.steps.append  # type: ignore[attr-defined]


@pytest.fixture
def town() -> Town:
    """Three libraries in a walk, one beyond, and one of another tenant."""
    town = Town()
    for name, metres in (("은하수", 100), ("별빛", 300), ("소촌", 690)):
        town.room(town.library(name, metres))
    town.room(town.library("먼곳", 720))
    town.room(town.library("북구", 50, tenant="bukgu"))
    return town.load()


def test_rooms_in_a_ten_minute_walk_are_shown_the_best_first(town: Town) -> None:
    told = town.near()

    rows = [(row["facility_name"], row["distance_m"], row["walk_minutes"]) for row in told["spaces"]]
    assert rows == [("은하수 작은도서관", 100, 2), ("별빛 작은도서관", 300, 5), ("소촌 작은도서관", 690, 10)]
    assert (told["within"], told["looked_at"], told["cursor"]) == (3, 3, None)
    assert (told["start"], told["until"]) == ("2026-11-30T23:10:00.000Z", "2026-12-01T15:00:00.000Z")
    assert told["spaces"][0]["start"] == "2026-12-01T00:00:00.000Z"
    assert told["spaces"][0]["end"] == "2026-12-01T09:00:00.000Z"
    assert told["spaces"][0]["longest_minutes"] == 480


def test_the_parts_of_a_score_add_up_and_are_told(town: Town) -> None:
    for row in town.near()["spaces"]:
        assert row["score"] == sum(row["parts"].values())
        assert row["parts"].keys() == POINTS.keys()


def test_a_room_that_is_taken_all_day_is_not_shown(town: Town) -> None:
    town.takes(town.spaces.get("spc-은하수-모임방"), span(9, 18))

    assert town.names() == ["별빛", "소촌"]


def test_a_free_hour_now_comes_before_a_nearer_room_that_is_free_at_night(town: Town) -> None:
    town.takes(town.spaces.get("spc-은하수-모임방"), span(9, 17))

    assert town.names(minutes=60) == ["별빛", "소촌", "은하수"]


def test_other_windows_of_the_same_room_are_told_beside_the_best(town: Town) -> None:
    town.takes(town.spaces.get("spc-은하수-모임방"), span(11, 13))
    (row,) = [row for row in town.near()["spaces"] if row["space_id"] == "spc-은하수-모임방"]

    assert (row["start"], row["end"]) == ("2026-12-01T00:00:00.000Z", "2026-12-01T02:00:00.000Z")
    assert [(one["start"], one["minutes"]) for one in row["more"]] == [("2026-12-01T04:00:00.000Z", 300)]


def test_what_is_needed_is_a_filter_and_what_is_wished_for_a_rank() -> None:
    town = Town()
    town.room(town.library("은하수", 100))
    town.room(town.library("별빛", 200), equipment=("projector", "piano"), accessibility=("wheelchair",), capacity=12)
    town.load()

    assert town.names(equipment=["piano"], accessibility=["wheelchair"], capacity=10) == ["별빛"]
    assert town.names(equipment=["piano", "oven"]) == []
    assert town.names(kind="studio") == []
    assert town.names(mode="approval") == []
    assert town.names(plan_needed=True) == []
    assert town.names(wished_equipment=["piano"]) == ["별빛", "은하수"]
    assert town.names(wished_accessibility=["wheelchair"]) == ["별빛", "은하수"]


def test_pages_are_whole_and_in_order_while_the_clock_goes_on(town: Town) -> None:
    whole = [row["space_id"] for row in town.near(start=at(10))["spaces"]]
    rows: list[str] = []
    cursor = None
    while True:
        told = town.near(start=at(10), limit=1, cursor=cursor)
        rows += [row["space_id"] for row in told["spaces"]]
        cursor = told["cursor"]
        town.clock.move(timedelta(minutes=10))
        if cursor is None:
            break

    assert rows == whole


@settings(max_examples=40, deadline=None)
@given(
    some.lists(some.tuples(some.integers(0, 700), some.lists(some.integers(9, 17), max_size=4)), max_size=14),
    some.integers(1, 3),
)
def test_whatever_is_taken_pages_give_the_same_as_the_whole(
    rooms: list[tuple[int, list[int]]], limit: int
) -> None:
    town = Town()
    for number, (metres, hours) in enumerate(rooms):
        space = town.room(town.library(f"도서관{number}", metres), limits=Limits(min_minutes=60, step_minutes=60))
        for hour in set(hours):
            town.takes(space, span(hour, hour + 1))
    town.load()
    whole = town.near(limit=100)["spaces"]
    told = town.near(limit=limit)
    rows = told["spaces"]
    search._SPARE, spare = 0, search._SPARE
    try:
        while told["cursor"] is not None:
            told = town.near(limit=limit, cursor=told["cursor"])
            rows = rows + told["spaces"]
    finally:
        search._SPARE = spare

    assert rows == whole
    assert [row["score"] for row in rows] == sorted((row["score"] for row in rows), reverse=True)


def test_a_space_whose_calendar_is_silent_fails_closed_or_is_tentative_as_its_facility_wants() -> None:
    town = Town()
    for name, stale in (("은하수", "closed"), ("별빛", "tentative")):
        space = town.room(town.library(name, 100, policy=Policy(stale=stale)))
        town.register.connect_feed(space.id, f"fed-{name}")
        town.neighbours.read[space.id] = SimpleNamespace(read_at=NOW - timedelta(hours=5), fresh=False)
    town.room(town.library("소촌", 100))
    town.load()

    rows = {row["facility_id"]: row for row in town.near()["spaces"]}
    assert rows.keys() == {"fac-별빛", "fac-소촌"}
    assert (rows["fac-별빛"]["tentative"], rows["fac-별빛"]["fresh"]) == (True, False)
    assert rows["fac-별빛"]["calendar_read_at"] == "2026-11-30T18:10:00.000Z"
    assert (rows["fac-소촌"]["tentative"], rows["fac-소촌"]["fresh"], rows["fac-소촌"]["calendar_read_at"]) == (False, None, None)


def test_what_is_said_of_a_space_or_its_facility_is_shown_at_once(town: Town) -> None:
    town.near()
    officer = Actor("officer-1", frozenset({"officer"}), TENANT)
    town.register.set_hours(officer, act_id="h", facility_id="fac-은하수", weekly=[[(14 * 60, 16 * 60)]] * 7)
    town.register.change_space(officer, act_id="c", space_id="spc-별빛-모임방", capacity=3)
    town.tell()

    rows = {row["facility_id"]: row for row in town.near()["spaces"]}
    assert rows["fac-은하수"]["start"] == "2026-12-01T05:00:00.000Z"
    assert rows["fac-별빛"]["capacity"] == 3


def test_what_changed_in_silence_is_shown_within_a_minute(town: Town) -> None:
    town.register.connect_feed("spc-은하수-모임방", "fed-1")
    town.neighbours.read["spc-은하수-모임방"] = SimpleNamespace(read_at=None, fresh=False)
    town.desk.search.cards.doubt()
    assert town.names() == ["별빛", "소촌"]
    officer = Actor("officer-1", frozenset({"officer"}), TENANT)
    town.register.set_policy(officer, act_id="p", facility_id="fac-은하수", stale="tentative")
    town.clock.move(timedelta(minutes=1))

    assert town.names() == ["은하수", "별빛", "소촌"]


def test_a_calendar_that_was_connected_is_heard_of(town: Town) -> None:
    town.near()
    town.register.connect_feed("spc-은하수-모임방", "fed-1")
    town.neighbours.read["spc-은하수-모임방"] = SimpleNamespace(read_at=None, fresh=False)
    connected = SimpleNamespace(type="spaces.feed.connected.v1", subject="fed-1", data={"facility_id": "fac-은하수"})
    town.desk.search.feed.told([connected])  # type: ignore[list-item]

    assert town.names() == ["별빛", "소촌"]


def test_a_space_that_closed_or_moved_before_the_index_heard_of_it_is_not_shown(town: Town) -> None:
    officer = Actor("officer-1", frozenset({"officer"}), TENANT)
    town.register.close_space(officer, act_id="c", space_id="spc-은하수-모임방")
    far = {"lat": HOME.lat + 720 * METRE, "lon": HOME.lon}
    town.register.change_facility(officer, act_id="m", facility_id="fac-별빛", **far)
    town.register.following.settle("fac-별빛")

    assert town.names() == ["소촌"]


def test_a_card_is_not_trusted_when_something_may_have_been_missed(town: Town) -> None:
    town.near()
    officer = Actor("officer-1", frozenset({"officer"}), TENANT)
    town.register.change_space(officer, act_id="c", space_id="spc-별빛-모임방", capacity=3)
    town.desk.search.feed.lost()

    assert {row["facility_id"]: row["capacity"] for row in town.near()["spaces"]}["fac-별빛"] == 3


def test_a_fact_heard_while_its_document_is_read_is_not_lost(town: Town) -> None:
    officer = Actor("officer-1", frozenset({"officer"}), TENANT)
    cards = town.desk.search.cards
    town.near()
    town.room(town.library("새집", 10))
    town.load()
    changed: list[bool] = []

    def meanwhile(step: str) -> None:
        # The known rooms were compared and the new one is about to be read: a known one changes, and it is heard.
        if step == "database spaces.find" and not changed:
            changed.append(True)
        elif step == "database spaces.find" and len(changed) == 1:
            changed.append(True)
            town.register.change_space(officer, act_id="c", space_id="spc-별빛-모임방", capacity=3)
            cards.doubt("spc-별빛-모임방")

    watched = TwinWatch(town, meanwhile)
    with watched:
        town.near()

    assert {row["facility_id"]: row["capacity"] for row in town.near()["spaces"]}["fac-별빛"] == 3


def test_the_index_follows_what_is_said(town: Town) -> None:
    officer = Actor("officer-1", frozenset({"officer"}), TENANT)
    town.room(town.library("새집", 10))
    town.register.close_space(officer, act_id="c", space_id="spc-별빛-모임방")
    town.tell()

    assert town.names() == ["새집", "은하수", "소촌"]
    assert town.near()["within"] == 3


def test_a_question_costs_the_same_however_many_rooms_there_are(town: Town) -> None:
    def questions() -> int:
        town.steps.clear()
        town.near()
        return len(town.steps)

    town.near()
    few = questions()
    for number in range(60):
        town.room(town.library(f"도서관{number}", 5 * number))
    town.load()
    town.near()

    assert questions() == few == 1


def test_a_devices_position_needs_consent(town: Town) -> None:
    town.neighbours.consenting.add("res-1")

    with pytest.raises(Refused, match="location_consent_needed"):
        town.near(source="device")
    with pytest.raises(Refused, match="location_consent_needed"):
        town.near(Actor("res-2", frozenset({"resident"}), TENANT), source="device")
    assert len(town.near(RESIDENT, source="device")["spaces"]) == 3


@pytest.mark.parametrize(
    ("asked", "code", "where"),
    [
        ({"radius": 5_001}, "out_of_range", "radius"),
        ({"limit": 0}, "out_of_range", "limit"),
        ({"lat": 91.0}, "out_of_range", "lat"),
        ({"until": NOW}, "span_empty", "until"),
        ({"until": NOW + timedelta(days=8)}, "question_too_long", "until"),
        ({"source": "guess"}, "input_invalid", "source"),
        ({"cursor": "!"}, "bad_cursor", "cursor"),
    ],
)
def test_a_question_out_of_range_names_the_field(town: Town, asked: dict[str, Any], code: str, where: str) -> None:
    with pytest.raises(Refused) as refused:
        town.near(**asked)

    assert (refused.value.code, refused.value.field) == (code, where)


def test_before_the_index_is_loaded_it_says_so() -> None:
    with pytest.raises(Unavailable):
        Town().near()


# Alternatives.


def instead(town: Town, wanted: Span, **how: Any) -> list[tuple[str, datetime]]:
    place = town.register.place("spc-은하수-모임방", fresh=True)
    return [(row["space_id"], from_iso(row["start"])) for row in town.desk.alternatives(place, wanted, **how)]


def test_an_alternative_is_as_long_and_free_at_that_time(town: Town) -> None:
    place = town.register.place("spc-은하수-모임방", fresh=True)
    rows = town.desk.alternatives(place, span(10, 12))

    assert rows[0] == {
        "space_id": "spc-별빛-모임방",
        "start": "2026-12-01T01:00:00.000Z",
        "end": "2026-12-01T03:00:00.000Z",
        "metres": 200,
        "walk_minutes": 3,
    }
    # 620 m further on, and now the one that is 720 m from home is within a walk, too.
    assert [row["metres"] for row in rows] == [200, 590, 620]


def test_where_it_is_taken_the_nearest_time_of_the_day_is_offered(town: Town) -> None:
    town.takes(town.spaces.get("spc-별빛-모임방"), span(9, 13))
    town.takes(town.spaces.get("spc-소촌-모임방"), span(11, 18))

    # 먼곳 at the time itself, 소촌 an hour before, 별빛 three hours later.
    assert instead(town, span(10, 12)) == [
        ("spc-먼곳-모임방", at(10)),
        ("spc-소촌-모임방", at(9)),
        ("spc-별빛-모임방", at(13)),
    ]


def test_the_same_kind_comes_first(town: Town) -> None:
    town.room(town.library("공방", 110), "공방", kind="studio")
    town.load()
    town.takes(town.spaces.get("spc-별빛-모임방"), span(9, 12))

    found = instead(town, span(10, 12))
    assert found[-1] == ("spc-공방-공방", at(10))
    assert ("spc-별빛-모임방", at(12)) in found[:-1]


def test_no_more_alternatives_than_wanted_and_none_where_there_are_none(town: Town) -> None:
    assert len(instead(town, span(10, 12), most=1)) == 1
    assert instead(town, span(10, 12), minutes=481) == []
    assert instead(town, span(10, 12), minutes=45) == []


# Timetables.


def test_a_day_says_what_is_open_taken_and_free_and_never_by_whom() -> None:
    town = Town()
    space = town.room(town.library("은하수"), before=timedelta(minutes=30))
    town.takes(space, span(10, 12))
    town.takes(space, span(14, 15), kind=FEED, before=timedelta(0))
    told = town.desk.day(ANYONE, space_id=space.id, day=NOW.date() + timedelta(days=1))

    (day,) = told["days"]
    assert day["day"] == "2026-12-01"
    assert times(day["open"]) == [(9, 18)]
    assert times(day["taken"]) == [(10, 12), (14, 15)]
    assert times(day["free"]) == [(9, 9.5), (12.5, 14), (15.5, 18)]
    assert "bkg" not in str(told)


def test_a_week_has_seven_days() -> None:
    town = Town()
    space = town.room(town.library("은하수"))
    told = town.desk.week(ANYONE, space_id=space.id, day=NOW.date() + timedelta(days=1))

    assert [day["day"][-2:] for day in told["days"]] == ["01", "02", "03", "04", "05", "06", "07"]
    assert [times(day["free"]) for day in told["days"]] == [[(24 * n + 9, 24 * n + 18)] for n in range(7)]


def test_a_timetable_of_nothing_or_of_another_century_is_refused() -> None:
    town = Town()
    with pytest.raises(NotFound, match="no_such_space"):
        town.desk.day(ANYONE, space_id="spc-없음", day=NOW.date())
    with pytest.raises(Refused, match="out_of_range"):
        town.desk.week(ANYONE, space_id="spc-없음", day=NOW.date().replace(year=2126))


def times(rows: list[dict[str, str]]) -> list[tuple[float, float]]:
    """Return hours of 1 December in Seoul."""

    def hour(text: str) -> float:
        return (from_iso(text) - at(0)).total_seconds() / 3600

    return [(hour(row["start"]), hour(row["end"])) for row in rows]
