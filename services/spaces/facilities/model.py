"""Facilities, their spaces, and the place that both make. Pure: no I/O, no clock; time and ids come in.

    Facility (hours, exceptions, policy, the tree of its spaces)        Space (what it is, how it may be booked)
       +-- hall            root   claims WHOLE                             root_id = itself
            +-- east wing  middle claims its leaves a, b                   parent_id = hall
            |    +-- a     leaf   claims a                                 parent_id = east wing
            |    +-- b     leaf   claims b
            +-- c          leaf   claims c                                 parent_id = hall

What must be decided together lies in the facility's document: when it and each of its spaces are open (under one
``hours_version``), which space is a part of which, and whose calendar speaks for which. A middle level names its leaves
when it is opened, and a space never changes what it claims: claims that were made keep their meaning.
``Space.hours`` and ``Space.feed_id`` are therefore filled in from the facility, by ``Place.of``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from services.spaces.diary.model import WHOLE
from services.spaces.diary.usecases import Root
from services.spaces.facilities.tree import Admitted, feed_of, hung
from services.spaces.facilities.values import (
    HOLIDAYS,
    MOST_EXCEPTIONS,
    Address,
    Hours,
    Limits,
    Policy,
    Region,
    SpecialDay,
    Window,
)
from shared.aggregate import Aggregate
from shared.errors import Refused
from shared.events import spaces as events
from shared.geo import Point

__all__ = [
    "CLOSED",
    "KIT",
    "OPEN",
    "Address",
    "Admitted",
    "Facility",
    "Hours",
    "Limits",
    "Place",
    "Policy",
    "Region",
    "Space",
    "SpecialDay",
    "Window",
]

OPEN, CLOSED = "open", "closed"
OPERATOR_KINDS = ("direct", "entrusted")
INSTANT, APPROVAL = "instant", "approval"
BY_CALENDAR, BY_PERSON = "calendar", "person"
#: The whole span lies in opening hours, or its two ends only: a kit may be out overnight.
WHOLE_SPAN, ENDS = "whole", "ends"
#: Rentable equipment: always a root of its own.
KIT = "kit"
#: Spaces of one facility, closed ones included; keeps its document small.
MOST_SPACES = 500


@dataclass(kw_only=True)
class Space(Aggregate):
    """Something in a facility that can be booked: a hall, a room, a studio, a kit."""

    district: str
    programme_id: str
    facility_id: str
    point: Point
    root_id: str
    #: What it claims in the diary of its root (services/spaces/diary/model.py).
    parts: tuple[str, ...] = WHOLE
    parent_id: str | None = None
    name: str
    kind: str
    capacity: int = 0
    #: Codes, such as ``projector``.
    equipment: tuple[str, ...] = ()
    #: Codes, such as ``wheelchair``.
    accessibility: tuple[str, ...] = ()
    #: To set up before and to clean after each use.
    before: timedelta = timedelta(0)
    after: timedelta = timedelta(0)
    mode: str = INSTANT
    approver: str = BY_PERSON
    limits: Limits = field(default_factory=Limits)
    hours_apply: str = WHOLE_SPAN
    #: Booked on a subscription only, never without one.
    plan_needed: bool = False
    state: str = OPEN
    opened_at: datetime
    #: The version of its facility that it last followed.
    followed: int = 0
    #: Its own hours, or None for the facility's. Filled in from the facility.
    hours: Hours | None = None
    #: The calendar that speaks for it, or None. Filled in from the facility.
    feed_id: str | None = None

    def open(self) -> None:
        """Say that it can be booked."""
        self.say(events.SPACE_OPENED.fact(**self.described()))

    def change(self, **changes: Any) -> None:
        """Describe it anew; what was booked keeps what it was booked with."""
        self.must_be_open()
        before = self.description
        for name, value in changes.items():
            setattr(self, name, value)
        if self.description != before:
            self.say(events.SPACE_CHANGED.fact(**self.described()))

    def follow(self, facility: Facility) -> None:
        """Be where its facility is, and close with it; an older word of the facility changes nothing."""
        if facility.version <= self.followed or self.state != OPEN:
            return
        self.followed = facility.version
        if facility.state == CLOSED:
            self.close()
        else:
            self.change(point=facility.point, district=facility.district, programme_id=facility.programme_id)

    def close(self) -> None:
        """Take no more bookings, for good; those it has are displaced."""
        if self.state == OPEN:
            self.state = CLOSED
            self.say(events.SPACE_CLOSED.fact(**self.named()))

    def must_be_open(self) -> None:
        """Raise ``Refused`` ``space_closed``."""
        if self.state != OPEN:
            raise Refused("space_closed", field="space_id")

    @property
    def description(self) -> tuple[object, ...]:
        """Everything that ``change`` may change."""
        return (
            *(self.point, self.district, self.programme_id, self.name, self.kind, self.capacity, self.equipment),
            *(self.accessibility, self.before, self.after, self.mode, self.approver, self.limits, self.hours_apply),
            self.plan_needed,
        )

    def named(self) -> dict[str, Any]:
        """Return what every fact about it carries."""
        return {
            "space_id": self.id,
            "facility_id": self.facility_id,
            "root_id": self.root_id,
            "district": self.district,
            "programme_id": self.programme_id,
        }

    def described(self) -> dict[str, Any]:
        """Return what its opening and its changes tell."""
        return {
            **self.named(),
            "name": self.name,
            "kind": self.kind,
            "place": {"lat": self.point.lat, "lon": self.point.lon},
            "capacity": self.capacity,
            "mode": self.mode,
        }


@dataclass(kw_only=True)
class Facility(Aggregate):
    """A public facility."""

    district: str
    programme_id: str
    name: str
    kind: str
    operator_kind: str = "direct"
    address: Address
    point: Point
    contact: str = ""
    #: Subjects of the hosts who may answer for it.
    managers: tuple[str, ...] = ()
    hours: Hours = field(default_factory=Hours)
    exceptions: tuple[SpecialDay, ...] = ()
    #: Whether it is closed on public holidays (공휴일).
    holidays: str = "closed"
    #: Rises with every change of when it, or one of its spaces, is open.
    hours_version: int = 1
    policy: Policy = field(default_factory=Policy)
    state: str = OPEN
    opened_at: datetime
    admitted: dict[str, Admitted] = field(default_factory=dict)
    #: Admitted, and not yet known to have a document of their own.
    pending: dict[str, Space] = field(default_factory=dict)
    #: Its spaces don't follow it yet.
    unsettled: bool = False
    #: When its spaces are to be brought in line, if nobody has by then.
    due: datetime | None = None

    def open(self) -> None:
        """Say that it is in the register."""
        self.say(events.FACILITY_OPENED.fact(**self.described()))

    def change(self, now: datetime, **changes: Any) -> None:
        """Describe it anew; its spaces follow when it moves."""
        self.must_be_open()
        told, placed = self.described(), self._placed()
        for name, value in changes.items():
            setattr(self, name, value)
        if self._placed() != placed:
            self.unsettled, self.due = True, now
        if self.described() != told:
            self.say(events.FACILITY_CHANGED.fact(**self.described()))

    def set_hours(self, hours: Hours, holidays: str) -> None:
        """Open at other hours; nothing happens when they are the same."""
        self.must_be_open()
        if holidays not in HOLIDAYS:
            raise Refused("not_one_of", field="holidays", values=list(HOLIDAYS))
        if (hours, holidays) != (self.hours, self.holidays):
            self.hours, self.holidays = hours, holidays
            self._hours_changed()

    def set_own_hours(self, space_id: str, hours: Hours | None) -> None:
        """Give one space hours of its own, or (None) the facility's again."""
        self.must_be_open()
        known = self._admitted(space_id)
        if known.hours != hours:
            self.admitted[space_id] = replace(known, hours=hours)
            self._hours_changed()

    def set_exceptions(self, exceptions: Iterable[SpecialDay], today: date) -> None:
        """Replace the exceptional days; those of the past are forgotten. One entry a day, ``Refused`` otherwise."""
        self.must_be_open()
        kept = tuple(sorted((one for one in exceptions if one.day >= today), key=lambda one: one.day))
        if len(kept) > MOST_EXCEPTIONS:
            raise Refused("too_many_at_once", field="exceptions", most=MOST_EXCEPTIONS)
        days = [one.day for one in kept]
        twice = next((day for day in days if days.count(day) > 1), None)
        if twice is not None:
            raise Refused("exception_named_twice", field="exceptions", day=twice.isoformat())
        was = tuple(one for one in self.exceptions if one.day >= today)
        changed = [(one.day, one.windows) for one in kept] != [(one.day, one.windows) for one in was]
        self.exceptions = kept
        if changed:
            self._hours_changed()

    def set_policy(self, policy: Policy) -> None:
        """Treat bookings differently from now on."""
        self.must_be_open()
        self.policy = policy

    def close(self, now: datetime) -> None:
        """Take no more bookings, for good; its spaces close."""
        if self.state == OPEN:
            self.state, self.unsettled, self.due = CLOSED, True, now
            self.say(events.FACILITY_CLOSED.fact(facility_id=self.id, district=self.district))

    def admit(self, space: Space, leaves: tuple[str, ...], due: datetime) -> None:
        """Let a space into the tree; raise ``Refused`` where it would change the meaning of what is claimed.

        ``leaves`` names the parts of a middle level, those still to be opened included; a leaf and a root have none.
        Sets ``space.root_id`` and ``space.parts``.
        """
        self.must_be_open()
        if space.id in self.admitted:
            raise Refused("id_taken", field="space_id", id=space.id)
        if len(self.admitted) >= MOST_SPACES:
            raise Refused("too_many_at_once", field="space_id", most=MOST_SPACES)
        space.root_id, space.parts = hung(
            self.admitted, space.id, parent_id=space.parent_id, is_kit=space.kind == KIT, leaves=leaves
        )
        self.admitted[space.id] = Admitted(space.root_id, space.parent_id, space.parts, hours=space.hours)
        self.pending[space.id] = space
        self.due = due if self.due is None else min(self.due, due)

    def connect_feed(self, space_id: str, feed_id: str | None) -> None:
        """Let a calendar speak for a space (None: no more), and for those of its root that have none of their own."""
        self.admitted[space_id] = replace(self._admitted(space_id), feed_id=feed_id)

    def feed_of(self, space_id: str) -> str | None:
        """Return the calendar that speaks for a space, or None."""
        return feed_of(self.admitted, space_id)

    def settle(self, taken: Iterable[str] = ()) -> None:
        """Its spaces are as it wants them; ``taken`` names admitted ones whose id belongs to another facility."""
        for space_id in taken:
            self.admitted.pop(space_id, None)
        self.pending, self.unsettled, self.due = {}, False, None

    def must_be_open(self) -> None:
        """Raise ``Refused`` ``facility_closed``."""
        if self.state != OPEN:
            raise Refused("facility_closed", field="facility_id")

    def described(self) -> dict[str, Any]:
        """Return what its opening and its changes tell."""
        return {
            "facility_id": self.id,
            "district": self.district,
            "name": self.name,
            "kind": self.kind,
            "place": {"lat": self.point.lat, "lon": self.point.lon},
            "programme_id": self.programme_id,
        }

    def _admitted(self, space_id: str) -> Admitted:
        known = self.admitted.get(space_id)
        if known is None:
            raise Refused("not_in_this_facility", field="space_id", id=space_id)
        return known

    def _placed(self) -> tuple[object, ...]:
        return self.point, self.district, self.programme_id

    def _hours_changed(self) -> None:
        self.hours_version += 1
        self.say(
            events.HOURS_CHANGED.fact(facility_id=self.id, district=self.district, hours_version=self.hours_version)
        )


@dataclass(frozen=True)
class Place:
    """A space in its facility: what most acts want to know."""

    facility: Facility
    space: Space

    @staticmethod
    def of(facility: Facility, space: Space) -> Place:
        """Return the place, with the hours and the calendar that the facility has for the space."""
        known = facility.admitted.get(space.id)
        if known is None:
            return Place(facility, space)
        return Place(facility, replace(space, hours=known.hours, feed_id=facility.feed_of(space.id)))

    @property
    def root(self) -> Root:
        """Whose diaries its claims go into."""
        return Root(self.space.root_id, self.space.tenant, self.space.facility_id, self.space.district)

    @property
    def hours(self) -> Hours:
        """The week that counts for it."""
        return self.space.hours or self.facility.hours

    @property
    def state(self) -> str:
        """Open only while both are."""
        return OPEN if self.space.state == self.facility.state == OPEN else CLOSED
