"""What a facility and a space are described with: hours, exceptional days, addresses, limits, policy. Pure.

Each checks itself when made and raises ``Refused`` that names the field and the bounds.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date

from shared.errors import Refused

#: Minutes from midnight in Seoul at which a door opens and closes; the close may lie in the night that follows.
Window = tuple[int, int]

DAY = 24 * 60
#: Of one day: morning, afternoon, evening, and some more.
MOST_WINDOWS = 6
#: A year and a month of exceptions entered ahead.
MOST_EXCEPTIONS = 400
#: A week and a bit: a kit that goes to a festival and comes back. Minutes.
LONGEST = 10 * DAY
#: Days ahead for which facilities' calendars are read.
FARTHEST = 400

STALE = ("closed", "tentative")
CONFLICT = ("facility_first", "ask")
HOLIDAYS = ("closed", "open")


def checked_windows(windows: tuple[Window, ...], field: str) -> tuple[Window, ...]:
    """Return a day's windows in order; raise ``Refused`` ``hours_out_of_range`` or ``too_many_at_once``."""
    if len(windows) > MOST_WINDOWS:
        raise Refused("too_many_at_once", field=field, most=MOST_WINDOWS)
    for opens, closes in windows:
        if not (0 <= opens < DAY and opens < closes <= 2 * DAY):
            raise Refused("hours_out_of_range", field=field, opens=opens, closes=closes)
    return tuple(sorted(windows))


@dataclass(frozen=True)
class Hours:
    """The week, Monday first: for each day its windows. ``(1320, 1560)`` is 22:00 until 02:00 of the next day."""

    weekly: tuple[tuple[Window, ...], ...] = ((),) * 7

    def __post_init__(self) -> None:
        if len(self.weekly) != 7:
            raise Refused("hours_need_seven_days", field="hours.weekly", days=len(self.weekly))
        checked = tuple(checked_windows(tuple(day), f"hours.weekly.{n}") for n, day in enumerate(self.weekly))
        object.__setattr__(self, "weekly", checked)

    @staticmethod
    def always() -> Hours:
        """Return 24 hours, every day."""
        return Hours((((0, DAY),),) * 7)

    @staticmethod
    def daily(opens: int, closes: int, days: int = 7) -> Hours:
        """Return the same window on the first ``days`` days of the week, from Monday."""
        return Hours((((opens, closes),),) * days + ((),) * (7 - days))


@dataclass(frozen=True)
class SpecialDay:
    """A KST day on which the week doesn't count: closed (no windows), or open at other hours; for every space."""

    day: date
    windows: tuple[Window, ...]
    reason: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "windows", checked_windows(tuple(self.windows), "exceptions"))


@dataclass(frozen=True)
class Region:
    """Where a point lies: 시도, 시군구, 동(읍면), or "" where unknown."""

    sido: str = ""
    sigungu: str = ""
    dong: str = ""


@dataclass(frozen=True)
class Address:
    """A Korean address as people know it: by road, by lot (지번), by the building's name. Unknown parts are ""."""

    road_address: str
    detail: str = ""
    jibun: str = ""
    building_name: str = ""
    #: Five digits (우편번호), or "".
    zip: str = ""
    #: From the point, offline.
    sido: str = ""
    sigungu: str = ""
    dong: str = ""


@dataclass(frozen=True)
class Policy:
    """How a facility wants its bookings treated. Minutes, unless said otherwise."""

    #: What happens when its calendar was not read for longer than the budget: nothing is booked, or tentatively.
    stale: str = "closed"
    freshness_minutes: int = 30
    alarm_minutes: int = 180
    #: Its own entry over a booking: the entry wins at once, or somebody is asked first.
    conflict: str = "facility_first"
    case_minutes: int = 1440
    #: How long a request may wait for its answer.
    answer_minutes: int = 4320
    #: Until so long before the start a booking is given back for nothing; after that a part of it is forfeit.
    free_until: int = 60
    forfeit_percent: int = 50
    check_in_needed: bool = False
    check_in_opens: int = 15
    check_in_grace: int = 15
    #: How long an offer from the waiting list is kept for one person.
    offer_minutes: int = 30

    def __post_init__(self) -> None:
        _one_of("policy.stale", self.stale, STALE)
        _one_of("policy.conflict", self.conflict, CONFLICT)
        for name, (low, high) in _POLICY.items():
            _within(f"policy.{name}", getattr(self, name), low, high)


_POLICY = {
    "freshness_minutes": (1, 7 * DAY),
    "alarm_minutes": (1, 30 * DAY),
    "case_minutes": (10, 30 * DAY),
    "answer_minutes": (10, 30 * DAY),
    "free_until": (0, 30 * DAY),
    "forfeit_percent": (0, 100),
    "check_in_opens": (0, DAY),
    "check_in_grace": (1, DAY),
    "offer_minutes": (1, DAY),
}


@dataclass(frozen=True)
class Limits:
    """How long, how soon, how far ahead and how often a space may be booked."""

    min_minutes: int = 30
    max_minutes: int = 480
    #: Bookings start and end on this step, counted from midnight in Seoul.
    step_minutes: int = 30
    notice_minutes: int = 0
    horizon_days: int = 60
    #: Bookings of one resident that are still to come.
    most_active: int = 10

    def __post_init__(self) -> None:
        for name, (low, high) in _LIMITS.items():
            _within(f"limits.{name}", getattr(self, name), low, high)
        _within("limits.max_minutes", self.max_minutes, self.min_minutes, LONGEST)


_LIMITS = {
    "min_minutes": (1, LONGEST),
    "max_minutes": (1, LONGEST),
    "step_minutes": (1, DAY),
    "notice_minutes": (0, 30 * DAY),
    "horizon_days": (1, FARTHEST),
    "most_active": (1, 1000),
}


def plain(value: Policy | Limits | Address) -> dict[str, object]:
    """Return its fields by name, JSON-ready."""
    return {one.name: getattr(value, one.name) for one in fields(value)}


def _within(field: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise Refused("out_of_range", field=field, low=low, high=high)


def _one_of(field: str, value: str, values: tuple[str, ...]) -> None:
    if value not in values:
        raise Refused("not_one_of", field=field, values=list(values))
