"""Who leaves in the middle: what was worked stays promised, what was not is free, and the budget balances."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.placement.budgets.model import Budget, faults
from services.placement.wages.pay import Earned, won_for
from shared.errors import Refused
from shared.events.contract import Contract
from shared.events.envelope import Event
from shared.events.placement import work
from tests.services.placement.office import NOW, OFFICER, TENANT
from tests.services.placement.openings.hall import PROGRAMME, Hall, a_hall

#: Two hours at 10,320 won.
SHIFT = 20_640
DAYS = 4


def a_week(hall: Hall, places: int = 1) -> None:
    """Publish work of two hours at two in the afternoon on four days from tomorrow."""
    first = NOW + timedelta(days=1)
    shifts = [
        {"start": first + timedelta(days=day), "end": first + timedelta(days=day, hours=2)} for day in range(DAYS)
    ]
    deadline = first + timedelta(days=DAYS - 1)
    hall.an_opening(mode="officer", places=places, waitlist=True, shifts=shifts, deadline=deadline)


def leaves(hall: Hall, number: int) -> None:
    hall.desk.release_place(OFFICER, act_id=hall.act_id(), opening_id="opn-1", resident_id=f"res-{number}")
    hall.sweeps()


def kept(hall: Hall) -> Budget:
    return hall.desk.budget.budgets.get(PROGRAMME)


def completed(number: int, contract: Contract = work.PLACEMENT_COMPLETED) -> Event:
    """Return that all work of a place is done, or that there was none."""
    data = {
        "opening_id": "opn-1",
        "resident_id": f"res-{number}",
        "application_id": f"opn-1:res-{number}",
        "attempt": 1,
    }
    return Event("e", "/sipbun/placement/work", contract.type, "w", TENANT, NOW, "1", data)


def test_who_leaves_before_the_work_costs_nothing(hall: Hall) -> None:
    a_week(hall)
    hall.applies(1)
    hall.selects(1)
    hall.sweeps()

    leaves(hall, 1)

    assert hall.opening().left == ()
    assert hall.budget() == (DAYS * SHIFT, 0)


def test_who_leaves_in_the_middle_and_who_comes_then_cost_one_place_together(hall: Hall) -> None:
    a_week(hall)
    hall.applies(1)
    hall.selects(1)
    hall.sweeps()
    hall.passes(days=2, hours=3)  # two shifts are over
    leaves(hall, 1)
    assert hall.budget() == (DAYS * SHIFT, 2 * SHIFT)

    hall.applies(2)
    hall.selects(2)
    hall.sweeps()

    assert hall.budget() == (DAYS * SHIFT, DAYS * SHIFT)
    hall.desk.close(OFFICER, act_id="close", opening_id="opn-1") if hall.opening().is_running else None
    hall.sweeps()
    assert hall.budget() == (DAYS * SHIFT, DAYS * SHIFT)
    assert faults(kept(hall)) == {}


def test_a_shift_that_two_began_is_counted_for_both_and_shown(hall: Hall) -> None:
    a_week(hall)
    hall.desk.budget.set_total(OFFICER, act_id="ceiling", programme_id=PROGRAMME, total=DAYS * SHIFT)
    hall.applies(1)
    hall.selects(1)
    hall.sweeps()
    hall.passes(days=1, hours=1)  # in the middle of the first shift
    leaves(hall, 1)
    hall.applies(2)
    hall.selects(2)
    hall.sweeps()

    assert hall.budget() == ((DAYS + 1) * SHIFT, (DAYS + 1) * SHIFT)
    assert faults(kept(hall)) == {"above_ceiling": SHIFT}


def test_what_somebody_who_left_really_earned_frees_the_rest(hall: Hall) -> None:
    a_week(hall)
    hall.applies(1)
    hall.selects(1)
    hall.sweeps()
    hall.passes(days=1, hours=3)
    leaves(hall, 1)
    assert hall.budget() == (DAYS * SHIFT, SHIFT)

    hall.attendance.told["opn-1:res-1:1"] = Earned(SHIFT // 2, 1)
    hall.takes([completed(1)])
    hall.desk.close(OFFICER, act_id="close", opening_id="opn-1")
    hall.sweeps()

    assert hall.budget() == (SHIFT // 2, SHIFT // 2)


def test_who_left_in_the_middle_and_had_never_come_costs_nothing(hall: Hall) -> None:
    a_week(hall)
    hall.applies(1)
    hall.selects(1)
    hall.sweeps()
    hall.passes(days=1, hours=3)
    leaves(hall, 1)

    hall.attendance.told["opn-1:res-1:1"] = Earned(0, 1)
    hall.takes([completed(1, work.PLACEMENT_UNWORKED)])
    hall.desk.close(OFFICER, act_id="close", opening_id="opn-1")
    hall.sweeps()

    assert hall.budget() == (0, 0)


def test_cancelling_in_the_middle_keeps_what_was_worked(hall: Hall) -> None:
    a_week(hall, places=2)
    hall.applies(1, 2)
    hall.selects(1)
    hall.sweeps()
    hall.passes(days=1, hours=3)
    hall.selects(2)
    hall.sweeps()

    hall.desk.cancel(OFFICER, act_id="off", opening_id="opn-1", reason="시설 공사")
    hall.sweeps()

    assert hall.budget() == (SHIFT, SHIFT)
    assert faults(kept(hall)) == {}


STEPS = st.lists(
    st.tuples(st.sampled_from(["select", "leave", "earn", "pass", "cancel"]), st.integers(1, 3)), max_size=8
)


@settings(max_examples=12, deadline=None)
@given(STEPS)
def test_whoever_comes_and_goes_what_attendance_may_pay_is_promised(steps: list[tuple[str, int]]) -> None:
    """As attendance has it: of each attempt, every shift that was not over when it began and had begun when it ended."""
    hall = a_hall()
    a_week(hall, places=2)
    spans: dict[str, tuple[Any, Any]] = {}
    for verb, number in steps:
        now, opening = hall.clock.now(), hall.opening()
        try:
            if verb == "select":
                hall.applies(number)
                hall.selects(number)
            elif verb == "leave":
                leaves(hall, number)
            elif verb == "earn":
                hall.passes(minutes=59)
            elif verb == "cancel" and number == 3:
                hall.desk.cancel(OFFICER, act_id="off", opening_id="opn-1", reason="시설 공사")
            else:
                hall.passes(hours=7 * number)
        except Refused:
            pass
        hall.sweeps()
        _note(hall, spans)

        opening, budget = hall.opening(), kept(hall)
        most = 0
        for given_at, gone_at in spans.values():
            for shift in opening.terms.shifts:
                if shift.end > given_at and (gone_at is None or shift.start <= gone_at):
                    most += won_for(shift.minutes, opening.terms.hourly_won)
        assert budget.committed == most == opening.wanted_grant.committed, (verb, now)
        assert budget.granted >= budget.committed
        assert not faults(budget)


def _note(hall: Hall, spans: dict[str, tuple[Any, Any]]) -> None:
    """Note from when till when each attempt had its place, as the facts say."""
    for event in hall.said:
        if not event.type.startswith("kr.sipbun.placement.placement."):
            continue
        key = f"{event.data['application_id']}:{event.data['attempt']}"
        given_at, gone_at = spans.get(key, (None, None))
        if event.type.endswith("selected.v1"):
            given_at = event.time
        else:
            gone_at = event.time
        spans[key] = (given_at, gone_at)
