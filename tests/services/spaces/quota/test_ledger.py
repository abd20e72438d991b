"""A ledger in any order of events: never below nothing, and what was told folds to what it says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from services.spaces.bookings.model import Charge
from services.spaces.plans.cycles import Days
from services.spaces.quota.lines import NOT_MADE, Line
from services.spaces.quota.model import QuotaLedger
from shared.aggregate import Fact
from shared.errors import Refused

NOW = datetime(2026, 12, 1, tzinfo=UTC)
DECEMBER = Days(date(2026, 12, 1), date(2027, 1, 1))
JANUARY = Days(date(2027, 1, 1), date(2027, 2, 1))
LATER = NOW + timedelta(seconds=60)


def a_ledger(cycle: Days = DECEMBER, *, granted: int = 600, cap: int = 120, first: bool = True) -> QuotaLedger:
    ledger = QuotaLedger(
        id=QuotaLedger.id_of("sub-1", cycle),
        tenant="gwangsan",
        subscription_id="sub-1",
        plan_id="pln-대관형",
        district="29200",
        cycle=cycle,
        next_id=QuotaLedger.id_of("sub-1", JANUARY),
        included=granted,
        rollover_cap=cap,
        first=first,
        opened_at=NOW,
    )
    ledger.follow(granted, None)
    return ledger


def a_hold(booking_id: str = "bkg-1", minutes: int = 120, act_id: str = "act-1") -> Line:
    return Line(booking_id, act_id, held=minutes, deadline=LATER)


def kinds(ledger: QuotaLedger) -> list[tuple[str, int]]:
    return [(fact.data["kind"], fact.data["minutes"]) for fact in ledger.facts if "kind" in fact.data]


def fold(facts: list[Fact]) -> tuple[int, int, int]:
    """Return what is available, held and consumed, from the facts alone."""
    available = held = consumed = 0
    for fact in facts:
        minutes = fact.data.get("minutes", 0)
        match fact.data.get("kind"):
            case "grant" | "carry":
                available += minutes
            case "hold":
                available, held = available - minutes, held + minutes
            case "release":
                available, held = available + minutes, held - minutes
            case "consume":
                held, consumed = held - minutes, consumed + minutes
            case "return":
                available, consumed = available + minutes, consumed - minutes
            case "expire":
                available -= minutes
            case None:
                available -= fact.data["carry"]
        if "kind" in fact.data:
            assert fact.data["available"] == available
    return available, held, consumed


def test_minutes_are_held_then_used_then_given_back() -> None:
    ledger = a_ledger()

    ledger.hold(a_hold())
    assert ledger.available == 480
    ledger.settle("bkg-1", Charge(consumed=120), 1, None)
    assert (ledger.available, ledger.consumed) == (480, 120)
    ledger.settle("bkg-1", Charge(consumed=60), 2, None)
    assert (ledger.available, ledger.consumed) == (540, 60)
    assert kinds(ledger) == [("grant", 600), ("hold", 120), ("consume", 120), ("return", 60)]


def test_more_than_is_left_is_refused_with_what_is_left() -> None:
    ledger = a_ledger(granted=100)

    with pytest.raises(Refused) as refused:
        ledger.hold(a_hold())

    assert refused.value.code == "quota_exceeded"
    assert refused.value.values == {"needs": 120, "balance": 100}


def test_a_repeated_hold_counts_once() -> None:
    ledger = a_ledger()

    ledger.hold(a_hold())
    ledger.hold(a_hold())

    assert ledger.held == 120


def test_a_repeat_that_asks_for_other_minutes_is_refused() -> None:
    ledger = a_ledger()
    ledger.hold(a_hold())

    with pytest.raises(Refused, match="act_id_reused"):
        ledger.hold(replace(a_hold(), held=480))


def test_a_refused_repeat_does_not_release_what_the_first_try_holds() -> None:
    ledger = a_ledger()
    ledger.hold(a_hold())
    ledger.hold(a_hold())

    ledger.release("bkg-1", "act-1")
    assert ledger.held == 120
    ledger.release("bkg-1", "act-1")
    assert ledger.held == 0


def test_what_was_made_impossible_is_released_however_often_it_was_tried() -> None:
    ledger = a_ledger()
    ledger.hold(a_hold())
    ledger.hold(a_hold())

    ledger.release("bkg-1", "act-1", impossible=True)

    assert ledger.held == 0


def test_a_hold_of_another_act_is_not_touched() -> None:
    ledger = a_ledger()
    ledger.hold(a_hold())

    with pytest.raises(Refused, match="id_taken"):
        ledger.hold(a_hold(act_id="act-2"))
    ledger.release("bkg-1", "act-2", impossible=True)

    assert ledger.held == 120


def test_a_booking_that_is_made_is_never_released() -> None:
    ledger = a_ledger()
    ledger.hold(a_hold())
    ledger.settle("bkg-1", Charge(held=120), 1, None)

    ledger.release("bkg-1", "act-1", impossible=True)

    assert ledger.held == 120
    assert ledger.holds_due is None


def test_an_older_version_changes_nothing() -> None:
    ledger = a_ledger()
    ledger.hold(a_hold())
    ledger.settle("bkg-1", Charge(), 3, None)

    ledger.settle("bkg-1", Charge(consumed=120), 2, None)

    assert ledger.available == 600


def test_a_charge_without_its_hold_is_counted_and_told() -> None:
    ledger = a_ledger(granted=100)

    assert ledger.settle("bkg-1", Charge(consumed=60), 1, None) == "charge_without_hold"
    assert ledger.settle("bkg-2", Charge(consumed=60), 1, None) == "quota_overdrawn"

    assert (ledger.available, ledger.consumed, ledger.net) == (0, 120, -20)


def test_what_is_left_is_carried_up_to_the_cap_and_the_rest_expires() -> None:
    ledger = a_ledger()
    ledger.hold(a_hold(minutes=300))
    ledger.settle("bkg-1", Charge(consumed=300), 1, None)

    ledger.seal(goes_on=True)

    assert (ledger.carried_out, ledger.expired, ledger.available) == (120, 180, 0)
    assert ledger.facts[-1].data["carry"] == 120
    assert ledger.facts[-1].data["expired"] == 180


def test_nothing_is_carried_when_the_subscription_is_over() -> None:
    ledger = a_ledger()

    ledger.seal(goes_on=False)

    assert (ledger.carried_out, ledger.expired) == (0, 600)


def test_a_cycle_with_an_open_hold_is_not_sealed() -> None:
    ledger = a_ledger()
    late = datetime(2027, 3, 1, tzinfo=UTC)
    ledger.hold(a_hold())
    assert not ledger.is_ripe(late)

    ledger.settle("bkg-1", Charge(consumed=120), 1, None)

    assert ledger.is_ripe(late)


def test_a_cycle_waits_a_day_and_for_what_is_carried_into_it() -> None:
    ledger = a_ledger(first=False)
    a_day_later = datetime(2027, 1, 1, 15, tzinfo=UTC)
    assert not ledger.is_ripe(a_day_later)

    ledger.take_carry("sub-1:2026-11-01", 0)

    assert ledger.is_ripe(a_day_later)
    assert not ledger.is_ripe(a_day_later - timedelta(milliseconds=1))


def test_minutes_that_come_back_after_the_sealing_are_owed_to_the_cycle_that_runs() -> None:
    ledger = a_ledger()
    ledger.hold(a_hold())
    ledger.settle("bkg-1", Charge(consumed=120), 1, None)
    ledger.seal(goes_on=True)

    for _ in range(2):
        ledger.settle("bkg-1", Charge(), 2, "sub-1:2027-01-01")

    assert [(owed.minutes, owed.to) for owed in ledger.owed] == [(120, "sub-1:2027-01-01")]
    assert ledger.net == 0


def test_minutes_that_come_back_with_no_cycle_to_go_to_expire() -> None:
    ledger = a_ledger()
    ledger.hold(a_hold())
    ledger.settle("bkg-1", Charge(consumed=120), 1, None)
    ledger.seal(goes_on=False)

    ledger.settle("bkg-1", Charge(), 2, None)

    assert (ledger.owed, ledger.expired, ledger.net) == ((), 600, 0)


def test_minutes_are_received_once_a_key() -> None:
    ledger = a_ledger(JANUARY, first=False)

    assert ledger.receive("sub-1:2026-12-01/bkg-1/2", "bkg-1", 120)
    assert ledger.receive("sub-1:2026-12-01/bkg-1/2", "bkg-1", 120)

    assert ledger.available == 720


def test_a_pause_takes_back_only_what_nobody_booked() -> None:
    ledger = a_ledger()
    ledger.hold(a_hold(minutes=500))

    ledger.follow(300, None)
    assert ledger.available == 0
    assert (ledger.granted, ledger.expired) == (600, 100)

    ledger.follow(600, None)
    assert ledger.available == 100


def test_an_ended_subscription_holds_nothing_more() -> None:
    ledger = a_ledger()

    ledger.follow(600, date(2026, 12, 10))

    with pytest.raises(Refused, match="subscription_has_ended"):
        ledger.hold(a_hold())
    assert ledger.is_ripe(datetime(2026, 12, 10, 15, tzinfo=UTC))


class AnyOrder(RuleBasedStateMachine):
    """Everything a ledger can be told, with repeats and in any order; bookings keep their own side of the protocol."""

    @initialize(granted=st.integers(0, 500), cap=st.integers(0, 200), first=st.booleans())
    def opens(self, granted: int, cap: int, first: bool) -> None:
        self.ledger = a_ledger(granted=granted, cap=cap, first=first)
        #: What each booking is at, by version: the charge of every version it ever had.
        self.bookings: dict[str, list[Charge]] = {}
        self.counted: dict[str, int] = {}
        self.tries: dict[str, int] = {}
        self.seals = 0

    names = st.sampled_from([f"bkg-{number}" for number in range(6)])

    @rule(name=names, minutes=st.integers(1, 300))
    def holds(self, name: str, minutes: int) -> None:
        if name in self.bookings:
            return
        left = self.ledger.available
        known = self.ledger.lines.get(name)
        try:
            self.ledger.hold(a_hold(name, minutes))
        except Refused as refused:
            if refused.code == "quota_exceeded" and minutes > left:
                return
            if refused.code == "act_id_reused" and known is not None and known.held != minutes:
                return
            if refused.code not in {"cycle_is_over", "subscription_has_ended"}:
                raise
            return
        assert known is not None or minutes <= left

    @rule(name=names, impossible=st.booleans())
    def releases(self, name: str, impossible: bool) -> None:
        if name in self.bookings:
            return
        self.ledger.release(name, "act-1", impossible=impossible)

    @rule(name=names, waits=st.booleans())
    def books(self, name: str, waits: bool) -> None:
        line = self.ledger.lines.get(name)
        if name in self.bookings or line is None or self.ledger.sealed:
            return
        minutes = line.held
        self.bookings[name] = [Charge(held=minutes) if waits else Charge(consumed=minutes)]

    @rule(name=names, share=st.integers(0, 100))
    def ends(self, name: str, share: int) -> None:
        history = self.bookings.get(name)
        if not history:
            return
        now = history[-1]
        total = now.held + now.consumed
        history.append(Charge(consumed=total if now.held and share > 50 else total * share // 100))

    @rule(name=names, age=st.integers(0, 5), home=st.sampled_from(["sub-1:2027-01-01", None]))
    def settles(self, name: str, age: int, home: str | None) -> None:
        history = self.bookings.get(name)
        if not history:
            return
        version = max(0, len(history) - 1 - age)
        wrong = self.ledger.settle(name, history[version], version, home)
        newest = self.counted.get(name, NOT_MADE)
        if version > newest:
            self.counted[name] = version
        # A line that the sealing folded away is at nothing; an older version of it is only an alarm.
        assert wrong is None or (wrong == "charge_after_sealing" and version < newest)

    @rule(granted=st.integers(0, 500), closes=st.booleans())
    def follows(self, granted: int, closes: bool) -> None:
        self.ledger.follow(granted, date(2026, 12, 20) if closes else None)

    @rule(minutes=st.integers(0, 200))
    def carries(self, minutes: int) -> None:
        if not self.ledger.sealed and not self.ledger.first:
            self.ledger.take_carry("sub-1:2026-11-01", minutes)

    @rule(number=st.integers(1, 3))
    def receives(self, number: int) -> None:
        sealed, known = self.ledger.sealed, f"key-{number}" in self.ledger.received
        assert self.ledger.receive(f"key-{number}", "bkg-elsewhere", number * 10) == (known or not sealed)

    @precondition(lambda self: self.ledger.is_ripe(datetime(2027, 6, 1, tzinfo=UTC)))
    @rule(goes_on=st.booleans())
    def seals(self, goes_on: bool) -> None:
        unused = self.ledger.available
        self.ledger.seal(goes_on=goes_on)
        self.seals += 1
        assert self.ledger.carried_out <= min(unused, self.ledger.rollover_cap)

    @rule()
    def delivers(self) -> None:
        for owed in self.ledger.owed:
            self.ledger.forget_owed(owed)

    @rule(home=st.sampled_from(["sub-1:2027-02-01", None]))
    def redirects(self, home: str | None) -> None:
        for owed in self.ledger.owed:
            self.ledger.redirect(owed, home)

    @invariant()
    def is_never_below_nothing(self) -> None:
        assert self.ledger.net >= 0
        assert self.ledger.available == self.ledger.net

    @invariant()
    def is_what_was_told(self) -> None:
        available, held, consumed = fold(self.ledger.facts)
        assert (available, held) == (self.ledger.net, self.ledger.held)
        # What was handed to another ledger is told as returned there, and what came from another was used there.
        assert consumed == self.ledger.consumed + self.ledger.handed_out - self.ledger.returned

    @invariant()
    def counts_the_newest_version_that_it_heard(self) -> None:
        for name, version in self.counted.items():
            charge = self.bookings[name][version]
            line = self.ledger.lines.get(name, Line(name))
            assert line.held + line.consumed == charge.held + charge.consumed

    @invariant()
    def is_sealed_at_most_once(self) -> None:
        told = [fact for fact in self.ledger.facts if fact.type.endswith("quota.sealed.v1")]
        assert len(told) == self.seals <= 1


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)
