"""Selections that race: however they are interleaved, killed or put to sleep, no two direct jobs share a day."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.placement.limits.model import LimitTable
from services.placement.participation.claims import HELD, TAKEN, minutes_by_day, week_of
from services.placement.participation.wanted import Wanted
from shared.errors import Conflict, Refused
from tests.services.placement.participation.makers import (
    ALL,
    HARD,
    Hall,
    Killed,
    Town,
    Turns,
    a_town,
    a_wanted,
)

ONE = a_wanted("opn-1", "2026-12-07", "2026-12-11")
TWO = a_wanted("opn-2", "2026-12-10", "2026-12-20")


def a_race(*wanteds: Wanted, limits: LimitTable = ALL) -> Town:
    town = a_town(limits)
    town.hall.publish(*(wanteds or (ONE, TWO)))
    return town


def placed(town: Town) -> dict[str, str]:
    """Return the keys of places that openings have given, and what participation says of them."""
    rows = {}
    for document in town.hall.notices.collection.find({}):
        if not document.get("tombstone"):
            for row in document["placements"]:
                key = f"{document['_id']}:{row['resident']}:{row['attempt']}"
                known = town.desk.participations.find(row["resident"])
                rows[key] = "" if known is None or key not in known.claims else known.claims[key].state
    return rows


def must_agree(town: Town) -> list[str]:
    """Assert that every place is taken, nothing else is held or taken, and no rule is broken; return the places."""
    rows = placed(town)
    assert set(rows.values()) <= {TAKEN}
    for document in town.desk.participations.collection.find({}):
        known = town.desk.participations.read(document)
        assert {claim.key for claim in known.claims.values() if claim.state in (HELD, TAKEN)} <= rows.keys()
        assert known.due is None
        must_keep_the_rules(town, known.id)
    assert town.overlapped() == []
    return sorted(rows)


def must_keep_the_rules(town: Town, resident: str = "res-1") -> None:
    """Assert that the resident's places share no day, and pass no hard limit on hours."""
    given = [town.wanteds[key] for key in placed(town) if f":{resident}:" in key]
    days = Counter(
        day
        for wanted in given
        if wanted.direct_job
        for day in range(wanted.first_day.toordinal(), wanted.last_day.toordinal() + 1)
    )
    assert all(number == 1 for number in days.values())
    if town.limits is HARD:
        weeks: Counter[str] = Counter()
        for wanted in given:
            for day, minutes in minutes_by_day(wanted.shifts).items():
                weeks[week_of(day)] += minutes
        assert all(minutes <= 900 for minutes in weeks.values())


def selects(hall: Hall, wanted: Wanted, act_id: str = "") -> None:
    """Select, whatever comes of it, as a caller would who tries once."""
    with contextlib.suppress(Refused, Conflict):
        hall.select(wanted, act_id)


def steps_of(act: Callable[[Hall], Any], town: Town) -> int:
    taken: list[str] = []
    act(town.process(taken.append))
    return len(taken)


def test_of_two_selections_at_once_exactly_one_wins_whoever_pauses_where() -> None:
    """The first pauses at each of its steps while the second runs from its beginning to its end."""
    winners = set()
    for at in range(steps_of(lambda hall: selects(hall, ONE), a_race())):
        town = a_race()
        seen: list[str] = []

        def step(what: str, town: Town = town, at: int = at, seen: list[str] = seen) -> None:
            seen.append(what)
            if len(seen) == at + 1:
                selects(town.hall, TWO)

        selects(town.process(step), ONE)
        town.hears()
        town.clean_up()
        (winner,) = must_agree(town)
        winners.add(winner)
    assert winners == {ONE.key, TWO.key}


def test_a_process_may_die_between_any_two_steps_of_a_selection() -> None:
    outcomes = set()
    for at in range(steps_of(lambda hall: selects(hall, ONE), a_race()) + 1):
        town = a_race()
        seen: list[str] = []

        def step(what: str, at: int = at, seen: list[str] = seen) -> None:
            seen.append(what)
            if len(seen) > at:
                raise Killed

        with contextlib.suppress(Killed):
            selects(town.process(step), ONE)
        selects(town.hall, TWO)
        town.clean_up()
        outcomes.add(tuple(must_agree(town)))
        # Whatever was left behind, the one who lost can be given a place that is free on those days.
        town.selects(a_wanted("opn-3", "2027-01-04"))
        must_agree(town)
    # Held by the dead and not yet released: neither; given before death: the first; never held: the second.
    assert outcomes == {(), (ONE.key,), (TWO.key,)}


def test_who_sleeps_past_every_deadline_finds_the_act_impossible_or_done() -> None:
    outcomes = set()
    for at in range(steps_of(lambda hall: selects(hall, ONE), a_race())):
        town = a_race()
        seen: list[str] = []

        def step(what: str, town: Town = town, at: int = at, seen: list[str] = seen) -> None:
            seen.append(what)
            if len(seen) == at + 1:
                town.clean_up()
                selects(town.hall, TWO)
                town.clean_up()

        selects(town.process(step), ONE)
        town.clean_up()
        (winner,) = must_agree(town)
        outcomes.add(winner)
    assert outcomes == {ONE.key, TWO.key}


def test_a_sweeper_may_die_or_sleep_between_any_two_of_its_steps() -> None:
    for done in (False, True):
        for at in range(40):
            town = a_race()
            if done:
                town.hall.select(ONE)
            else:
                town.desk.hold(act_id="asked:1", wanted=ONE)
            town.clock.move(timedelta(minutes=5))
            seen: list[str] = []

            def step(what: str, town: Town = town, at: int = at, seen: list[str] = seen) -> None:
                seen.append(what)
                if len(seen) == at + 1:
                    town.hears()
                    selects(town.hall, ONE, "again")
                    selects(town.hall, TWO)
                    if at % 2:
                        raise Killed

            with contextlib.suppress(Killed, Conflict):
                town.process(step).desk.sweep()
            if len(seen) <= at:
                break
            town.clean_up()
            assert must_agree(town) == [ONE.key]


@pytest.mark.parametrize("twice", [1, 2])
def test_facts_may_come_in_any_order_and_twice(twice: int) -> None:
    """Selected, withdrawn, then selected in another opening: every order of what was said ends the same."""
    orders = list(permutations(range(3)))
    for order in orders:
        town = a_race()
        town.hall.select(ONE)
        town.hall.withdraw(ONE)
        said = town.events()
        # Before anything was heard, the first place still keeps the second out.
        with pytest.raises(Refused, match="direct_jobs_overlap"):
            town.hall.select(TWO)
        again = a_wanted("opn-1", "2026-12-07", "2026-12-11", attempt=2, direct=False)
        town.hall.publish(again)
        town.hall.select(again)
        said += town.events()
        for number in order * twice:
            town.hears([said[number]])
        town.clean_up()
        town.hears(said)
        assert must_agree(town) == [again.key]


def test_a_withdrawal_heard_before_its_selection_leaves_nothing_behind() -> None:
    town = a_race()
    town.hall.select(ONE)
    town.hall.withdraw(ONE)
    selected, withdrawn = town.events()

    town.hears([withdrawn])
    assert town.states() == {}
    town.hears([selected, withdrawn, selected])

    assert town.states() == {}
    selects(town.hall, TWO)
    town.clean_up()
    assert must_agree(town) == [TWO.key]


def test_a_settlement_that_sleeps_never_takes_a_place_that_was_given_back() -> None:
    """Whatever happens at each of its steps: the place is withdrawn, and another act tries to hold it again."""
    for at in range(12):
        town = a_race()
        town.hall.select(ONE)
        selected = town.events()
        seen: list[str] = []

        def step(what: str, town: Town = town, at: int = at, seen: list[str] = seen) -> None:
            seen.append(what)
            if len(seen) == at + 1:
                town.hall.withdraw(ONE)
                town.hears()
                town.desk.hold(act_id="asked:again", wanted=ONE)

        town.hears(selected, town.process(step))
        town.clean_up()
        must_agree(town)


def test_a_place_without_a_claim_that_is_given_back_meanwhile_is_not_noted() -> None:
    for at in range(20):
        town = a_race()
        town.hall.place(ONE)
        selected = town.events()
        seen: list[str] = []

        def step(what: str, town: Town = town, at: int = at, seen: list[str] = seen) -> None:
            seen.append(what)
            if len(seen) == at + 1:
                town.hall.withdraw(ONE)
                town.hears()
                if at % 2:
                    raise Killed

        with contextlib.suppress(Killed):
            town.hears(selected, town.process(step))
        town.clean_up()
        must_agree(town)


def test_a_process_may_die_while_it_settles() -> None:
    for at in range(12):
        town = a_race()
        town.hall.select(ONE)
        selected = town.events()
        seen: list[str] = []

        def step(what: str, at: int = at, seen: list[str] = seen) -> None:
            seen.append(what)
            if len(seen) > at:
                raise Killed

        with contextlib.suppress(Killed):
            town.hears(selected, town.process(step))
        # What was not acked comes again.
        town.hears(selected)
        town.clean_up()
        assert must_agree(town) == [ONE.key]


# Many at once, in any order.

#: What may be wanted: two direct jobs that overlap, one that fits beside either, and hours that fill a week.
DIRECT_JOBS = (ONE, TWO, a_wanted("opn-3", "2026-12-12", "2026-12-15"), a_wanted("opn-4", "2026-12-21", "2026-12-22"))
HOURS = tuple(
    a_wanted(f"opn-{number}", day, direct=False, hours=hours)
    for number, (day, hours) in enumerate((("2026-12-07", 8), ("2026-12-08", 6), ("2026-12-09", 5), ("2026-12-13", 2)))
)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_in_any_interleaving_the_rules_are_kept(data: st.DataObject) -> None:
    limits, wanteds = data.draw(st.sampled_from([(ALL, DIRECT_JOBS), (HARD, HOURS)]))
    town = a_race(*wanteds, limits=limits)
    turns = Turns()
    acts: list[Callable[[Hall], Any]] = []
    for number in range(data.draw(st.integers(2, 4))):
        wanted = data.draw(st.sampled_from(wanteds))
        kind = data.draw(st.sampled_from(["select", "select", "select", "withdraw", "sweep", "hear"]))
        acts.append(_act_of(kind, town, wanted, data.draw(st.sampled_from(["", "", f"own-{number}"]))))
    for number, act in enumerate(acts):
        hall = town.process(turns.step(number))
        turns.begin(number, partial(act, hall))
    try:
        for _ in range(200):
            if not turns.running:
                break
            kind = data.draw(st.sampled_from(["turn"] * 12 + ["kill", "sleep", "hear"]))
            if kind == "sleep":
                town.clock.move(timedelta(minutes=data.draw(st.sampled_from([0.5, 2]))))
                town.desk.sweep()
            elif kind == "hear":
                town.hears()
            else:
                turns.turn(data.draw(st.sampled_from(turns.running)), kill=kind == "kill")
            must_keep_the_rules(town)
    finally:
        turns.finish()

    assert turns.errors == []
    town.clean_up()
    must_agree(town)


def _act_of(kind: str, town: Town, wanted: Wanted, act_id: str) -> Callable[[Hall], Any]:
    if kind == "withdraw":

        def select_and_withdraw(hall: Hall) -> None:
            selects(hall, wanted)
            hall.withdraw(wanted)

        return select_and_withdraw
    if kind == "sweep":
        return lambda hall: hall.desk.sweep()
    if kind == "hear":
        return lambda hall: town.hears(None, hall)
    return lambda hall: selects(hall, wanted, act_id)


@pytest.mark.parametrize("verb", ["find_one", "insert_one"])
def test_two_first_holds_of_a_resident_at_once_are_both_there_or_one_is_refused(verb: str) -> None:
    for other, refused in ((a_wanted("opn-2", "2026-12-21"), False), (TWO, True)):
        town = a_race(ONE, other)
        waiting = [other]

        def step(what: str, waiting: list[Wanted] = waiting, town: Town = town) -> None:
            if waiting and what.endswith(f"participations.{verb}"):
                wanted = waiting.pop()
                town.desk.hold(act_id="asked:other", wanted=wanted)

        holding = town.process(step).desk
        with pytest.raises(Refused) if refused else contextlib.nullcontext():
            holding.hold(act_id="asked:one", wanted=ONE)
        assert not waiting
        assert set(town.states()) == ({"opn-2"} if refused else {"opn-1", "opn-2"})
