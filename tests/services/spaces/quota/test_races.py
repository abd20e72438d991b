"""Minutes under many hands: pooled members, replicas, and processes that die between any two steps."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.spaces.plans.wiring import build
from services.spaces.quota.usecases import QuotaDesk
from services.spaces.spans import Span
from shared.clock import StoppedClock
from shared.errors import Refused
from shared.ids import SeededIds
from shared.mongo.twin import TwinDatabase
from shared.town import twin_town
from tests.services.spaces.makers import Counter, a_counter, a_resident
from tests.services.spaces.plans.office import InTurn, Office, all_at_once, an_office

DECEMBER = "sub-1:2026-12-01"


class Killed(BaseException):
    """The process died here."""


def a_company(database: Any = None, minutes: int = 600) -> Office:
    """Return an office where a company of five shares 600 minutes a month."""
    office = an_office(database)
    office.offers(included_minutes=minutes, most_members=4)
    office.subscribes()
    for number in range(2, 6):
        office.room.subscriptions.add_member(
            a_resident(1), act_id=office.act_id(), subscription_id="sub-1", resident_id=f"res-{number}"
        )
    office.hears()
    return office


def test_members_who_race_for_the_last_minutes_never_have_more_than_there_are() -> None:
    shared = InTurn(TwinDatabase("spaces"))
    replicas = [a_company(shared), an_office(shared)]
    done: list[str] = []

    def books(number: int, attempt: int) -> None:
        name = f"bkg-{number}-{attempt}"
        replicas[number % 2].books(name, 100, resident=f"res-{number}")
        done.append(name)

    raised = all_at_once(*(lambda n=n, a=a: books(n, a) for n in range(1, 6) for a in range(2)))

    ledger = replicas[0].ledger()
    assert sorted(ledger.lines) == sorted(done)
    assert (len(done), ledger.available, ledger.consumed) == (6, 0, 600)
    assert {getattr(error, "code", error) for error in raised} == {"quota_exceeded"}


def test_two_replicas_open_one_ledger_with_one_grant() -> None:
    shared = InTurn(TwinDatabase("spaces"))
    replicas = [a_company(shared), an_office(shared)]

    raised = all_at_once(*(lambda n=n: replicas[n % 2].holds(f"bkg-{n}", 60, day=33) for n in range(4)))

    january = replicas[0].ledger("sub-1:2027-01-01")
    assert raised == []
    assert (january.granted, january.held) == (600, 240)


def test_two_replicas_seal_a_cycle_once() -> None:
    shared = InTurn(TwinDatabase("spaces"))
    replicas = [a_company(shared), an_office(shared)]
    for replica in replicas:
        replica.clock.at = replica.clock.at + timedelta(days=33)

    raised = all_at_once(*(replica.room.quota.sweep for replica in replicas))
    replicas[0].hears(times=2)

    assert raised == []
    assert len(replicas[0].told("quota.sealed")) == 1
    assert replicas[0].ledger("sub-1:2027-01-01").carried == 120


# Hold, act, settle with the bookings themselves: the process dies before and after every single verb of the database.


def a_house(database: TwinDatabase, *, minutes: int = 600) -> tuple[Office, Counter]:
    """Return the office and the booking desk that spends its minutes."""
    office = a_company(database, minutes)
    counter = a_counter(database=database)
    return office, Counter(
        replace(counter.desk, quota=office.room.quota), counter.places, counter.quota, counter.neighbours, counter.clock
    )


def dying_after(steps: int, database: TwinDatabase, clock: StoppedClock, counter: Counter) -> tuple[Counter, list[str]]:
    """Return the same desk in a process that dies at its n-th step, and the steps that it took."""
    taken: list[str] = []

    def step(what: str) -> None:
        taken.append(what)
        if len(taken) > steps:
            raise Killed(what)

    view = database.seen_by(step)
    town = twin_town(database=lambda _name: view, clock=clock, ids=SeededIds(2))
    there = a_counter(database=database)
    bookings = type(there.desk.bookings)(view.collection("bookings"), clock=clock, serial=town.serial)
    diaries = type(there.desk.diary.diaries)(view.collection("diaries"), clock=clock, serial=town.serial)
    desk = replace(
        counter.desk,
        bookings=bookings,
        diary=replace(counter.desk.diary, diaries=diaries),
        quota=build(town).quota,
    )
    return Counter(desk, counter.places, counter.quota, counter.neighbours, clock), taken


def clean_up(office: Office, counter: Counter) -> None:
    """Do what sweepers and reactions do, past every deadline."""
    office.clock.at = counter.clock.at = office.clock.at + timedelta(minutes=5)
    for _ in range(2):
        office.room.quota.sweep_holds(counter.desk)
        counter.desk.diary.sweep({"booking": counter.desk})
        counter.settle_all()
        office.hears()


def must_agree(office: Office, counter: Counter) -> int:
    """Assert that the ledger counts exactly what is booked; return how many bookings there are."""
    documents = [one for one in counter.desk.bookings.collection.find({}) if "tombstone" not in one]
    booked = {one["_id"]: counter.booking(one["_id"]).charge.consumed for one in documents}
    ledger = office.room.quota.ledgers.find(DECEMBER)
    lines = {} if ledger is None else {line.booking_id: line.consumed for line in ledger.lines.values() if line.minutes}
    assert lines == {name: minutes for name, minutes in booked.items() if minutes}
    assert ledger is None or (ledger.held == 0 and ledger.holds_due is None and ledger.net == ledger.available)
    return len(documents)


def steps_of_a_request() -> int:
    database = TwinDatabase("spaces")
    office, counter = a_house(database)
    living, taken = dying_after(10_000, database, office.clock, counter)
    living.book(subscription_id="sub-1")
    living.settle_all()
    return len(taken)


def test_a_process_may_die_between_any_two_steps_of_a_request() -> None:
    outcomes = set()
    for steps in range(steps_of_a_request() + 1):
        database = TwinDatabase("spaces")
        office, counter = a_house(database)
        mortal, _ = dying_after(steps, database, office.clock, counter)
        try:
            mortal.book(subscription_id="sub-1")
            mortal.settle_all()
        except Killed:
            pass
        clean_up(office, counter)
        outcomes.add(must_agree(office, counter))
    assert outcomes == {0, 1}


def test_a_process_that_sleeps_past_its_deadline_finds_its_act_impossible() -> None:
    """Every step of the request may last longer than the hold; whoever wakes up finds one outcome for both sides."""
    outcomes = set()
    for asleep_at in range(steps_of_a_request()):
        database = TwinDatabase("spaces")
        office, counter = a_house(database)
        sleeper, taken = dying_after(10_000, database, office.clock, counter)

        def step(_what: str, at: int = asleep_at, counted: list[str] = taken, sides: Any = (office, counter)) -> None:
            if len(counted) == at + 1:
                counted.append("asleep")
                clean_up(*sides)

        _watch(sleeper, taken, step)
        try:
            sleeper.book(subscription_id="sub-1")
            sleeper.settle_all()
        except Refused as refused:
            if refused.code != "act_too_late":
                raise
        clean_up(office, counter)
        outcomes.add(must_agree(office, counter))
    assert outcomes == {0, 1}


def _watch(counter: Counter, taken: list[str], step: Any) -> None:
    """Call ``step`` after each step that a process took."""
    quota: QuotaDesk = counter.desk.quota  # type: ignore[assignment]
    for kept in (
        counter.desk.bookings,
        counter.desk.diary.diaries,
        quota.ledgers,
        quota.subscriptions,
        quota.plans,
    ):
        collection: Any = kept.collection  # type: ignore[attr-defined]
        before = collection._step

        def both(what: str, before: Any = before) -> None:
            before(what)
            step(what)

        collection._step = both


def test_a_hold_whose_act_never_came_is_released_after_its_deadline_only() -> None:
    office, counter = a_house(TwinDatabase("spaces"))
    office.holds("bkg-1", 120)

    office.room.quota.sweep_holds(counter.desk)
    assert office.ledger().held == 120

    clean_up(office, counter)
    assert office.ledger().held == 0


def test_a_hold_by_the_name_of_a_booking_that_another_cycle_pays_is_released() -> None:
    office, counter = a_house(TwinDatabase("spaces"))
    counter.book(subscription_id="sub-1")
    paid = office.room.quota.quote("sub-1", "res-1", counter.clock.at + timedelta(days=40))
    office.room.quota.hold(
        act_id="asked:act-1-10-12",
        booking_id="bkg-1-10-12",
        paid=paid,
        minutes=60,
        deadline=counter.clock.at + timedelta(minutes=1),
    )

    clean_up(office, counter)

    assert office.ledger(paid.ledger_id).held == 0
    assert must_agree(office, counter) == 1


def test_an_overdue_hold_takes_no_younger_one_with_it() -> None:
    office, counter = a_house(TwinDatabase("spaces"))
    office.holds("bkg-old", 120)
    office.clock.at += timedelta(seconds=50)
    office.holds("bkg-young", 60)
    office.clock.at += timedelta(seconds=20)

    office.room.quota.sweep_holds(counter.desk)

    assert list(office.ledger().lines) == ["bkg-young"]


def test_an_act_that_was_given_up_can_never_come_back() -> None:
    office, counter = a_house(TwinDatabase("spaces"))
    span = Span(counter.clock.at + timedelta(hours=1), counter.clock.at + timedelta(hours=3))
    name = "bkg-1-10-12"
    office.holds(name, span.minutes, act_id="asked:act-1-10-12")
    clean_up(office, counter)
    office.clock.at = counter.clock.at = counter.clock.at - timedelta(minutes=5)

    with pytest.raises(Refused, match="act_too_late"):
        counter.book(subscription_id="sub-1")

    assert office.ledger().held == 0
    assert must_agree(office, counter) == 0
