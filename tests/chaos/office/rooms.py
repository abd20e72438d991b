"""The rooms that residents race for: halls with parts, buffers, facilities' own calendars. Pure.

Ten rooms make two facilities, and are followed by ten more of the same kinds:

    은하수 N호   hall -- A, B, C, and A+B together        a calendar of the hall, in every second one of part A alone
    별빛 N호     five single rooms                        with buffers, with calendars, open past midnight

What a room takes, and which calendar it lies in, is said here by itself: the reckoning holds the services to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

from shared.clock import KST

INSTANT, APPROVAL = "instant", "approval"
#: 광주광역시 광산구: everything is within a walk of here.
DISTRICT, LAT, LON = "29200", 35.1457, 126.7937
#: Days on which everything happens, from tomorrow.
DAYS = 7
#: Minutes from midnight between which spans are asked for, on a half-hour step.
FIRST_START, LAST_START, LATE_LAST_START = 9 * 60, 19 * 60, 24 * 60
STEP = 30
LENGTHS = (60, 90, 120, 180)


@dataclass(frozen=True)
class Room:
    """One space. ``leaves``: what it takes of its root; ``calendar``: the room whose facility's calendar shows it."""

    id: str
    facility: str
    name: str
    root: str
    leaves: frozenset[str]
    parent: str | None = None
    #: Given to a middle level when it is opened.
    named_leaves: tuple[str, ...] = ()
    before: int = 0
    after: int = 0
    mode: str = INSTANT
    calendar: str | None = None
    late: bool = False

    @property
    def has_calendar(self) -> bool:
        """Whether a calendar of its own is connected to it."""
        return self.calendar == self.id

    def shares_with(self, other: Room) -> bool:
        """Whether both can't be used at once."""
        return self.root == other.root and not self.leaves.isdisjoint(other.leaves)


@dataclass(frozen=True, order=True)
class Span:
    """``[start, end)``, aware."""

    start: datetime
    end: datetime

    @property
    def minutes(self) -> int:
        """Its length."""
        return int((self.end - self.start).total_seconds()) // 60

    def overlaps(self, other: Span) -> bool:
        """Whether both hold an instant."""
        return self.start < other.end and other.start < self.end


def clash(one: Room, span: Span, other: Room, another: Span) -> bool:
    """Whether two uses can't both be: same parts, and less between them than must be set up or cleaned."""
    if not one.shares_with(other):
        return False
    (first, early), (second, late) = sorted(((one, span), (other, another)), key=lambda use: use[1])
    return late.start < early.end + timedelta(minutes=max(first.after, second.before))


def rooms_of(count: int, prefix: str) -> tuple[Room, ...]:
    """Return so many rooms, parts after what they are parts of."""
    found: list[Room] = []
    for house in range(-(-count // 10)):
        found += _family(prefix, house)
        found += _singles(prefix, house)
    return tuple(found[:count])


def _family(prefix: str, house: int) -> list[Room]:
    name, facility = f"{prefix}-spc-{house}", f"{prefix}-fac-{house}-hall"
    hall, a, b, c = f"{name}-hall", f"{name}-a", f"{name}-b", f"{name}-c"
    # With a calendar of part A alone, the hall and A+B lie in that one, B and C in none.
    whole = house % 2 == 0
    everybody, those_with_a = (hall, hall) if whole else (None, a)
    room: dict[str, Any] = {"facility": facility, "root": hall}
    return [
        Room(hall, name="강당", leaves=frozenset({a, b, c}), mode=APPROVAL, after=30, calendar=those_with_a, **room),
        Room(a, name="강당 A", leaves=frozenset({a}), parent=hall, mode=APPROVAL, calendar=those_with_a, **room),
        Room(b, name="강당 B", leaves=frozenset({b}), parent=hall, before=30, after=30, calendar=everybody, **room),
        Room(
            f"{name}-ab",
            name="강당 A+B",
            leaves=frozenset({a, b}),
            parent=hall,
            named_leaves=(a, b),
            calendar=those_with_a,
            **room,
        ),
        Room(c, name="강당 C", leaves=frozenset({c}), parent=hall, calendar=everybody, **room),
    ]


def _singles(prefix: str, house: int) -> list[Room]:
    def single(number: int, name: str, *, calendar: bool = False, **how: Any) -> Room:
        room = f"{prefix}-spc-{house}-{number}"
        return Room(
            room,
            facility=f"{prefix}-fac-{house}-rooms",
            name=name,
            root=room,
            leaves=frozenset({room}),
            calendar=room if calendar else None,
            **how,
        )

    return [
        single(1, "모임방", calendar=True, mode=APPROVAL, before=30, after=60),
        single(2, "작업실", after=30),
        single(3, "상담실", calendar=True),
        single(4, "연습실", late=True),
        single(5, "녹음실", calendar=True, mode=APPROVAL, late=True),
    ]


@dataclass(frozen=True)
class Wanted:
    """A span of a room that a resident will ask for."""

    room: Room
    span: Span


def wants(rooms: Sequence[Room], count: int, random: Random, today: date) -> list[Wanted]:
    """Return what is asked for, in this order: three or four at a time want nearly the same.

    Some rooms and hours are wanted by everybody, as everywhere.
    """
    found: list[Wanted] = []
    weights = [1 / (1 + number % 7) for number in range(len(rooms))]
    while len(found) < count:
        first = random.choices(rooms, weights)[0]
        span = a_span(first, random, today)
        kin = [room for room in rooms if room.shares_with(first)]
        for _ in range(random.choice((3, 4, 4, 5))):
            shift = timedelta(minutes=random.choice((0, 0, 0, STEP, 2 * STEP)))
            found.append(Wanted(random.choice([first, first, *kin]), Span(span.start + shift, span.end + shift)))
    return found[:count]


def a_span(room: Room, random: Random, today: date) -> Span:
    """Return a span within the opening hours, with room for a shift of an hour."""
    day = today + timedelta(days=1 + min(random.randrange(DAYS), random.randrange(DAYS)))
    last = LATE_LAST_START if room.late and random.random() < 0.5 else LAST_START
    first = LAST_START if last == LATE_LAST_START else FIRST_START
    start = datetime.combine(day, time(), KST) + timedelta(minutes=random.randrange(first, last, STEP))
    length = random.choice(LENGTHS) if last == LAST_START else 60
    return Span(start, min(start + timedelta(minutes=length), _closes(day, room) - timedelta(minutes=2 * STEP)))


def _closes(day: date, room: Room) -> datetime:
    return datetime.combine(day, time(), KST) + timedelta(minutes=_hours(room.late)[1])


def _hours(late: bool) -> tuple[int, int]:
    return (FIRST_START, 27 * 60) if late else (FIRST_START, 22 * 60)


def weekly(*, late: bool) -> list[list[Mapping[str, str]]]:
    """Return the opening hours of every day, as the register takes them."""
    opens, closes = (f"{minutes // 60:02d}:{minutes % 60:02d}" for minutes in _hours(late))
    return [[{"open": opens, "close": closes}]] * 7
