"""A reader dies, or sleeps past its lease, between any two steps: what was begun is finished, what came late is healed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from services.spaces.agreement.model import LATE, LEASE
from services.spaces.bookings.model import ACTIVE, AWAITING
from shared.clock import kst_day
from tests.services.spaces.agreement.makers import Office, an_event, an_office, another
from tests.services.spaces.makers import a_resident, at


class Died(BaseException):
    """The process was killed."""


def die() -> None:
    """Be killed."""
    raise Died


class Steps:
    """Counts what a process does, and acts once before one of its steps."""

    def __init__(self) -> None:
        self.count = 0
        self.at = -1
        self.do: Callable[[], None] = lambda: None

    def before(self, number: int, do: Callable[[], None]) -> None:
        """Do something before the step of that number, counted from now."""
        self.count, self.at, self.do = 0, number, do

    def __call__(self, _what: str) -> None:
        self.count += 1
        if self.count == self.at:
            self.do()


def a_busy_office() -> Office:
    """Return an office with everything to do: theirs added, moved and removed, ours to write, remove, and refuse."""
    office = an_office()
    for day in (1, 2, 3):
        office.calendar.set(f"e-{day}.ics", an_event(f"e-{day}", at(9, day), at(10, day)))
    office.counter.book(1, 34, 36)
    office.counter.book(2, 37, 38)
    office.reconcile()
    office.calendar.set("e-1.ics", an_event("e-1", at(22, 1), at(26, 1), sequence=1))
    office.calendar.remove("e-2.ics")
    office.calendar.set("e-4.ics", an_event("e-4", at(19, 2), at(20, 2)))
    office.counter.desk.cancel(a_resident(2), act_id="c-2", booking_id="bkg-2-37-38")
    office.counter.book(3, 39, 40)
    office.counter.book(4, 42.5, 43.5)
    return office


def edit(office: Office) -> None:
    """Do what people do meanwhile: take the new things back, and bring the old ones again."""
    office.calendar.set("e-1.ics", an_event("e-1", at(9, 1), at(10, 1)))
    office.calendar.set("e-2.ics", an_event("e-2", at(9, 2), at(10, 2)))
    office.calendar.remove("e-4.ics")
    office.calendar.remove("bkg-1-34-36.ics")


def rest(office: Office) -> None:
    """Let the clock run, read until nothing is left to do."""
    office.clock.move(max(LEASE, LATE) + timedelta(minutes=1))
    for _ in range(4):
        office.reconcile()
    assert office.reconcile() == {}
    assert office.feed.unfinished == ()


def must_agree(office: Office) -> None:
    """Check that both sides have the same."""
    theirs = {
        (name.removesuffix(".ics"), day)
        for name, span in shown(office).items()
        if not name.startswith("bkg-")
        for day in span
    }
    diaries = office.counter.desk.diary.diaries
    kept = {
        (claim.entry.uid, diary.day.isoformat())
        for diary in map(diaries.read, diaries.collection.find({}))
        for claim in diary.claims.values()
        if claim.entry is not None
    }
    assert kept == theirs
    opened = {booking_id for booking_id, _ in office.cases.opened}
    bookings = office.counter.desk.bookings
    for booking in map(bookings.read, bookings.collection.find({})):
        is_there = f"{booking.id}.ics" in office.calendar.resources
        assert is_there == (booking.state in ACTIVE and booking.id not in opened), booking.id
        assert booking.state != AWAITING, booking.id


def shown(office: Office) -> dict[str, set[str]]:
    """Return the days of each entry that their calendar shows."""
    days: dict[str, set[str]] = {}
    for name, content in office.calendar.resources.items():
        told = dict(line.split(":", 1) for line in content.decode().splitlines() if line.startswith("DT"))
        start, end = (
            datetime.strptime(told[key], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC) for key in ("DTSTART", "DTEND")
        )
        days[name] = {kst_day(start).isoformat(), kst_day(end - timedelta(milliseconds=1)).isoformat()}
    return days


def steps_of_one_reading() -> int:
    """Return how many steps a reading of the busy office takes."""
    steps = Steps()
    reader = another(a_busy_office(), step=steps)
    steps.before(-1, lambda: None)
    reader.reconcile()
    return steps.count


def test_a_reader_that_dies_anywhere_is_finished_by_the_next() -> None:
    for number in range(1, steps_of_one_reading() + 1):
        office, steps = a_busy_office(), Steps()
        reader = another(office, step=steps)
        steps.before(number, die)
        with suppress(Died):
            reader.reconcile()
        rest(office)
        must_agree(office)
        assert office.cases.opened == [], number


def test_a_reader_that_sleeps_past_its_lease_anywhere_does_no_lasting_harm() -> None:
    for number in range(1, steps_of_one_reading() + 1):
        office, steps = a_busy_office(), Steps()
        late = another(office, step=steps)

        def sleep(office: Office = office, late: Office = late) -> None:
            office.clock.move(LEASE)
            edit(office)
            for _ in range(3):
                office.reconcile()
            late.clock.at = office.clock.at

        steps.before(number, sleep)
        late.reconcile()
        office.cases.opened = sorted({*office.cases.opened, *late.cases.opened})
        office.calendar.remove("bkg-1-34-36.ics")
        rest(office)
        must_agree(office)


def test_a_reader_whose_lease_is_over_writes_one_thing_at_most() -> None:
    office, wrote = a_busy_office(), []

    def step(what: str) -> None:
        if what in ("database diaries.update_one", "database diaries.insert_one") or what.startswith(("calendar PUT", "calendar DEL")):
            if not wrote:
                office.clock.move(LEASE)
                late.clock.at = office.clock.at
            if not what.endswith(" done"):
                wrote.append(what)

    late = another(office, step=step)
    assert late.reconcile() is None
    assert len(wrote) == 1
    assert office.feed.reason == "too_slow"


def test_while_a_reader_may_still_write_every_reading_is_whole() -> None:
    office, steps = a_busy_office(), Steps()
    reader = another(office, step=steps)
    steps.before(12, die)
    with suppress(Died):
        reader.reconcile()
    office.clock.move(LEASE)
    office.reconcile()
    office.requests()
    office.reconcile()
    assert office.requests() == {"PROPFIND": 1, "PROPFIND 1": 1, "REPORT": 1}
    office.clock.move(LATE)
    office.reconcile()
    office.requests()
    office.reconcile()
    assert office.requests() == {"PROPFIND": 1}


def test_two_readers_never_read_at_once() -> None:
    office, steps = a_busy_office(), Steps()
    first, seen = another(office, step=steps), []
    steps.before(8, lambda: seen.append(office.reconcile()))

    assert first.reconcile() is not None
    assert seen == [None]


def test_a_calendar_over_which_every_reader_dies_is_said_to_be_dead() -> None:
    office, steps = a_busy_office(), Steps()
    reader = another(office, step=steps)
    for _ in range(6):
        office.clock.move(timedelta(minutes=40))
        reader.clock.at = office.clock.at
        steps.before(9, die)
        with suppress(Died):
            reader.reconcile()
    assert office.said().count("feed.died") == 1
