"""The three-way diff, as a pure function: whatever both sides have, one plan brings them together."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.spaces.agreement.calendar import Seen
from services.spaces.agreement.diff import Everything, Plan, Room, claim_id, claim_of, plan
from services.spaces.agreement.ours import CONFIRM, FORGET, THEIRS, Step, Theirs, as_shown, hash_of
from services.spaces.bookings.model import (
    APPROVAL,
    AWAITING,
    BY_CALENDAR,
    BY_PERSON,
    CANCELLED,
    CHECKED_IN,
    CONFIRMED,
    DISPLACED,
    MISSED,
    REFUSED,
    USED,
    Booking,
    CalendarMark,
    CheckIn,
    Rule,
    Taken,
)
from services.spaces.diary.model import Claim
from services.spaces.ical.writing import content_hash
from services.spaces.spans import Span
from shared.events.spaces import DIFFERENCES
from tests.services.spaces.agreement.makers import FEED_ID
from tests.services.spaces.makers import NOW, TENANT, a_span, at

ROOM = Room(FEED_ID, "spc-모임방", ("*",), writes=True)
READ_ONLY = replace(ROOM, writes=False)
WINDOW = Span(at(0), at(0) + timedelta(days=10))
#: Before the first of the bookings, and in the middle of them.
EARLY = NOW
Days = dict[date, dict[str, Claim]]


def a_booking(number: int = 1, **changes: Any) -> Booking:
    """Return a confirmed booking of the 모임방 that their calendar should show and does not."""
    known: dict[str, Any] = {
        "id": f"bkg-{number}",
        "tenant": TENANT,
        "resident_id": f"res-{number}",
        "taken": Taken("spc-모임방", "fac-은하수", "spc-모임방", "29200", "gs", ("*",)),
        "span": a_span(10, 12, day=2),
        "mode": APPROVAL,
        "approver": BY_CALENDAR,
        "rule": Rule(),
        "check_in_rule": CheckIn(),
        "requested_at": NOW,
        "act_id": f"act-{number}",
        "state": CONFIRMED,
        "calendar": CalendarMark(FEED_ID),
    }
    return Booking(**{**known, **changes})


def a_seen(uid: str = "closed", span: Span | None = None, **changes: Any) -> Seen:
    """Return an entry of theirs."""
    known: dict[str, Any] = {"occurrence": "", "href": f"/moim/{uid}.ics", "etag": f'"{uid}-1"', "hash": "h"}
    return Seen(uid, span=span or a_span(10, 12, day=2), **{**known, **changes})


@dataclass
class World:
    """Both sides, and what we know: all that a plan looks at and changes."""

    base: Days = field(default_factory=dict)
    bookings: dict[str, Booking] = field(default_factory=dict)
    #: By place: its entries.
    calendar: dict[str, list[Seen]] = field(default_factory=dict)
    writes: int = 0

    def plan(self, *, room: Room = ROOM, kept: frozenset[str] = frozenset(), **told: Any) -> Plan:
        """Return the plan when everything but ``kept`` was read."""
        seen = [one for href, entries in self.calendar.items() if href not in kept for one in entries]
        theirs = told.pop("theirs", Theirs(seen, kept=kept))
        return plan(
            room=room, base=self.base, ours=self.bookings.values(), theirs=theirs, window=WINDOW, now=EARLY, **told
        )

    def known(self) -> frozenset[str]:
        """Return the places at a version we know: everything of theirs, and of ours what bookings note."""
        marks = {(mark.href, mark.etag) for one in self.bookings.values() if (mark := one.calendar) is not None}
        ours = {booking.uid for booking in self.bookings.values()}
        return frozenset(
            href
            for href, entries in self.calendar.items()
            if all(one.uid not in ours or (href, one.etag) in marks for one in entries)
        )

    def carry_out(self, todo: Plan) -> None:
        """Do what it says, as reading.py does."""
        for day, keys in todo.gone.items():
            for key in keys:
                del self.base[day][key]
        for day, claims in todo.put.items():
            self.base.setdefault(day, {}).update({claim.id: claim for claim in claims})
        for step in todo.steps:
            self._do(step)

    def _do(self, step: Step) -> None:
        booking = self.bookings[step.booking_id]
        mark = booking.calendar
        assert mark is not None
        sequence = max(mark.sequence, booking.sequence)
        if step.name == "calendar_busy":
            booking.refuse("calendar_busy")
        elif step.name == "ours_removed_by_them":
            booking.calendar = CalendarMark(FEED_ID, mark.hash or hash_of(booking), "", "", sequence)
        elif step.name == "ours_changed_by_them":
            assert step.seen is not None
            seen = step.seen
            booking.calendar = CalendarMark(FEED_ID, THEIRS + seen.hash, seen.href, seen.etag, sequence)
        elif step.name == FORGET:
            booking.calendar = CalendarMark(FEED_ID, sequence=mark.sequence)
        elif step.name == "ours_to_remove":
            assert step.seen is not None
            self.calendar.pop(step.seen.href, None)
            booking.calendar = CalendarMark(FEED_ID, sequence=mark.sequence)
        else:
            self._bring_over(step, booking, sequence)

    def _bring_over(self, step: Step, booking: Booking, sequence: int) -> None:
        there = step.seen
        if step.name in ("ours_to_write", "ours_to_change"):
            self.writes += 1
            shown = as_shown(booking)
            href = f"/moim/{booking.id}.ics" if there is None else there.href
            assert there is not None or href not in self.calendar, "written over"
            there = Seen(
                booking.uid, "", booking.span, hash=content_hash(shown), href=href, etag=f'"w{self.writes}"'
            )
            self.calendar[href] = [there]
        if there is not None:
            booking.calendar = CalendarMark(FEED_ID, hash_of(booking), there.href, there.etag, sequence)
        if step.confirm:
            booking.confirm()


# What is generated: two days, a few entries, a few bookings, all in every state of being known.

SPANS = st.builds(
    lambda day, start, length: a_span(start, start + length, day),
    st.integers(2, 4),
    st.integers(0, 23),
    st.sampled_from((1, 2, 5, 30)),
)
FOREIGN = st.builds(
    lambda name, span, busy, cancelled, version: a_seen(
        f"uid-{name}", span, busy=busy, cancelled=cancelled, sequence=version, etag=f'"{name}-{version}"'
    ),
    st.integers(0, 4),
    SPANS,
    st.booleans() | st.just(True),
    st.booleans(),
    st.integers(0, 2),
)
STATES = st.sampled_from((AWAITING, CONFIRMED, CHECKED_IN, USED, MISSED, CANCELLED, DISPLACED, REFUSED))


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Return any world: marks and entries need not fit each other."""
    world = World()
    for one in draw(st.lists(FOREIGN, max_size=5)):
        world.calendar[one.href] = [one]
    for one in draw(st.lists(FOREIGN, max_size=5)):
        if one.keeps_out:
            claim = claim_of(ROOM, one)
            for day in claim.span.days:
                world.base.setdefault(day, {})[claim.id] = claim
    for number in range(draw(st.integers(0, 4))):
        booking = a_booking(
            number,
            span=draw(SPANS),
            state=draw(STATES),
            approver=draw(st.sampled_from((BY_CALENDAR, BY_PERSON))),
        )
        href, entry = f"/moim/{booking.id}.ics", draw(st.sampled_from(("none", "same", "moved", "cancelled", "free")))
        if entry != "none":
            span = draw(SPANS) if entry == "moved" else booking.span
            own = Seen(booking.uid, "", span, hash=f"{entry}-{span}", href=href, etag='"e"')
            world.calendar[href] = [replace(own, cancelled=entry == "cancelled", busy=entry != "free")]
            if entry == "same" and draw(st.booleans()):
                world.calendar[href] = [replace(own, hash=hash_of(booking))]
        noted = draw(st.sampled_from(("", "ours", "old", "gone", "theirs")))
        hash_ = {"": "", "ours": hash_of(booking), "old": "old", "gone": hash_of(booking)}.get(
            noted, THEIRS + "x"
        )
        place = ("", "") if noted in ("", "gone") else (href, draw(st.sampled_from(('"e"', '"older"'))))
        booking.calendar = CalendarMark(FEED_ID, hash_, *place, draw(st.sampled_from((-1, 0))))
        world.bookings[booking.id] = booking
    return world


@settings(max_examples=300, deadline=None)
@given(world=worlds())
def test_a_plan_that_is_carried_out_leaves_an_empty_plan(world: World) -> None:
    todo = world.plan()
    world.carry_out(todo)

    assert world.plan().is_empty
    assert set(todo.differences) <= set(DIFFERENCES)


@settings(max_examples=100, deadline=None)
@given(world=worlds(), data=st.data())
def test_the_order_in_which_things_come_does_not_matter(world: World, data: st.DataObject) -> None:
    todo = world.plan()
    seen = data.draw(st.permutations([one for entries in world.calendar.values() for one in entries]))
    ours = data.draw(st.permutations(list(world.bookings.values())))
    shuffled = plan(room=ROOM, base=world.base, ours=ours, theirs=Theirs(seen), window=WINDOW, now=EARLY)

    assert shuffled == todo


@settings(max_examples=100, deadline=None)
@given(world=worlds(), data=st.data())
def test_reading_a_part_now_and_the_rest_later_comes_to_the_same(world: World, data: st.DataObject) -> None:
    world.carry_out(world.plan())
    changed = {one.href: [one] for one in data.draw(st.lists(FOREIGN, max_size=3))}
    kept = world.known() - set(changed)
    world.calendar.update(changed)
    for href in data.draw(st.lists(st.sampled_from(sorted(world.calendar) or ["/none"]), max_size=2)):
        world.calendar.pop(href, None)
        kept -= {href}

    world.carry_out(world.plan(kept=kept))
    assert world.plan(kept=world.known()).is_empty
    assert world.plan().is_empty


@settings(max_examples=100, deadline=None)
@given(world=worlds(), partly=st.booleans())
def test_nothing_of_ours_is_dropped_because_theirs_cannot_be_read(world: World, partly: bool) -> None:
    theirs = Theirs(partial=True) if partly else Theirs(unread=frozenset(world.calendar) | _known(world), unread_uids=_uids(world))
    todo = world.plan(theirs=theirs)

    assert not todo.gone
    assert not {"ours_removed_by_them", "ours_changed_by_them", "theirs_removed"} & set(todo.differences)


def _known(world: World) -> frozenset[str]:
    marks = [booking.calendar for booking in world.bookings.values() if booking.calendar is not None]
    entries = [claim.entry for day in world.base.values() for claim in day.values() if claim.entry is not None]
    return frozenset([mark.href for mark in marks] + [entry.href for entry in entries])


def _uids(world: World) -> frozenset[str]:
    return frozenset(booking.uid for booking in world.bookings.values())


@settings(max_examples=60, deadline=None)
@given(world=worlds(), in_one_piece=st.booleans())
def test_an_unchanged_calendar_is_never_the_cause_of_anything_theirs(world: World, in_one_piece: bool) -> None:
    if in_one_piece:
        for claims in world.base.values():
            for key, claim in claims.items():
                assert claim.entry is not None
                claims[key] = replace(claim, entry=replace(claim.entry, href="", etag=""))
    todo = world.plan(theirs=Theirs(kept=Everything()))

    assert not todo.put
    assert not todo.gone
    assert not {name for name in todo.differences if name.startswith("theirs") or name.endswith("by_them")}


@settings(max_examples=60, deadline=None)
@given(world=worlds())
def test_a_calendar_that_can_only_be_read_is_asked_for_nothing(world: World) -> None:
    todo = world.plan(room=READ_ONLY)

    assert {step.name for step in todo.steps} <= {"calendar_busy", CONFIRM}


def test_equal_sides_need_nothing() -> None:
    entry = a_seen()
    booking = a_booking(span=a_span(14, 15, day=2))
    own = Seen(booking.uid, "", booking.span, hash=hash_of(booking), href="/moim/bkg-1.ics", etag='"1"')
    booking.calendar = CalendarMark(FEED_ID, hash_of(booking), own.href, own.etag, 0)
    claim = claim_of(ROOM, entry)
    world = World({claim.span.days[0]: {claim.id: claim}}, {booking.id: booking}, {entry.href: [entry], own.href: [own]})

    assert world.plan().is_empty
    assert world.plan(kept=frozenset(world.calendar)).is_empty


def test_two_resources_with_one_uid_both_keep_people_out() -> None:
    world = World()
    for number, hour in enumerate((10, 14)):
        one = a_seen("same", a_span(hour, hour + 1, day=2), href=f"/moim/{number}.ics")
        world.calendar[one.href] = [one]

    todo = world.plan()
    assert todo.differences == {"theirs_added": 2}
    assert len(todo.days) == 1


def test_an_id_is_bounded_and_printable_whatever_the_uid() -> None:
    for uid in ("x" * 5000, "a\nb", "한글-uid", "\ud800"):
        one = claim_id(FEED_ID, a_seen(uid, href="/moim/1.ics", occurrence="2026-12-01T00:00:00.000Z"))
        assert len(one) <= 400
        assert one.isprintable()
        assert one.startswith(f"{FEED_ID}/")


def test_an_entry_of_a_hundred_years_claims_the_days_that_are_read() -> None:
    world = World(calendar={"/moim/ever.ics": [a_seen("ever", Span(NOW - timedelta(days=9000), NOW + timedelta(days=30_000)))]})

    assert len(world.plan().days) == len(WINDOW.days)


def test_another_calendars_entry_on_the_same_hall_answers_too() -> None:
    booking = a_booking(state=AWAITING, taken=replace(a_booking().taken, parts=("east",)))
    hall = replace(claim_of(ROOM, a_seen("hall")), parts=("*",))
    west = replace(hall, parts=("west",))

    assert World(bookings={booking.id: booking}).plan(others=[hall]).differences == {"calendar_busy": 1}
    assert World(bookings={booking.id: booking}).plan(others=[west]).differences == {"ours_to_write": 1}
