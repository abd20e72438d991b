"""Sheets follow the places that openings give, in any order, any number of times, and whoever dies in between."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.placement.wages.pay import Earned
from shared.errors import Refused, Unavailable
from shared.events.placement import work as events
from shared.mongo.twin import TwinDatabase
from tests.services.placement.attendance.office import (
    APPLICATION,
    FIRST,
    HOST,
    ME,
    OFFICER,
    OPENING,
    START,
    Office,
    an_office,
    days_of_work,
    minutes,
)

KEY = f"{APPLICATION}:1"


def confirmed(office: Office, *shifts: int, left: int = 120) -> None:
    """Let the host confirm these shifts, worked."""
    for number in shifts:
        start = START + timedelta(days=number)
        office.clock.at = max(office.clock.at, start + minutes(121))
        office.confirms(f"{APPLICATION}:1:{number}", came=start, left=start + minutes(left))


def ids(office: Office, state: str) -> list[int]:
    """Return the shifts whose sheets are in this state."""
    return sorted(int(one.rpartition(":")[2]) for one, known in office.states().items() if known == state)


class TestPlaces:
    """A place has a sheet for each of its shifts."""

    def test_shifts_are_numbered_by_their_start_whatever_order_they_were_told_in(self) -> None:
        office = an_office()
        office.placed(*reversed(days_of_work(3)))

        told = office.desk.sheets_of(HOST, opening_id=OPENING)["sheets"]

        assert [(row["shift"], row["day"]) for row in told] == [(0, "2026-12-01"), (1, "2026-12-02"), (2, "2026-12-03")]
        assert told[0]["place"] == "은하수 작은도서관"

    def test_a_hundred_shifts_are_made_once(self) -> None:
        office = an_office()
        office.an_opening(*days_of_work(100))
        given_ = office.gives()
        office.hears(given_)
        office.at(0)
        office.checks_in()
        office.hears(given_, given_)

        assert len(office.states()) == 100
        assert len(office.sheet()["words"]) == 1

    def test_what_was_over_before_the_place_was_given_is_void(self) -> None:
        office = an_office()
        office.clock.at = START + timedelta(days=1, minutes=120)
        office.placed(*days_of_work(3))

        assert (ids(office, "void"), ids(office, "open")) == ([0, 1], [2])

    def test_a_place_given_back_before_the_work_leaves_nothing_to_settle(self) -> None:
        office = an_office()
        office.placed(*days_of_work(2))
        office.hears(office.takes_back())
        office.clock.move(timedelta(days=9))
        office.follower.settle_due()
        office.relays()

        assert ids(office, "void") == [0, 1]
        assert office.said == []
        with pytest.raises(Refused, match="attendance_is_void"):
            office.says("in", 0)

    def test_who_gave_the_place_back_in_time_is_no_no_show_when_that_is_heard_after_it_was_settled(self) -> None:
        office = an_office()
        office.placed(*days_of_work(1))
        left = office.takes_back()
        office.clock.move(timedelta(days=9))
        office.follower.settle_due()
        assert office.sheet()["result"] == "absent"

        office.hears(left, left)
        office.relays()

        assert (office.sheet()["result"], office.sheet()["minutes"], office.sheet()["revision"]) == ("excused", 0, 2)
        assert [told["result"] for told in office.facts(events.ATTENDANCE_SETTLED)] == ["absent", "excused"]

    def test_who_drops_out_during_the_month_keeps_what_was_worked(self) -> None:
        office = an_office()
        office.placed(*days_of_work(4))
        confirmed(office, 0)
        office.at(60, start=START + timedelta(days=1))
        office.hears(office.takes_back())

        assert (ids(office, "settled"), ids(office, "open"), ids(office, "void")) == ([0], [1], [2, 3])
        confirmed(office, 1, left=60)
        office.relays()
        [completed] = office.facts(events.PLACEMENT_COMPLETED)
        assert (completed["minutes"], completed["shifts_worked"], completed["shifts"]) == (180, 2, 4)

    def test_who_drops_out_with_everything_settled_has_done_their_work(self) -> None:
        office = an_office()
        office.placed(*days_of_work(2))
        confirmed(office, 0)
        office.relays()
        assert office.facts(events.PLACEMENT_COMPLETED) == []
        office.hears(office.takes_back())
        office.relays()

        [completed] = office.facts(events.PLACEMENT_COMPLETED)
        assert (completed["minutes"], completed["shifts_worked"], completed["shifts"]) == (120, 1, 2)

    def test_what_was_rehearsed_in_the_past_had_begun_only_if_somebody_said_something(self) -> None:
        office = an_office()
        office.clock.at = START + timedelta(days=9)
        office.placed(*days_of_work(2), terms={"rehearsal": True})
        office.says("in", 0)
        office.hears(office.takes_back())

        assert (ids(office, "open"), ids(office, "void")) == ([0], [1])

    def test_applying_again_makes_sheets_of_its_own(self) -> None:
        office = an_office()
        office.placed()
        office.hears(office.takes_back(), office.gives(attempt=2))

        assert office.states() == {FIRST: "void", f"{APPLICATION}:2:0": "open"}

    def test_an_excuse_that_was_settled_before_the_place_was_given_back_stays(self) -> None:
        office = an_office()
        office.placed()
        office.excuses()
        office.hears(office.takes_back())

        assert ids(office, "settled") == [0]

    @pytest.mark.parametrize("withdrawn_day", [-1, 0, 1, 2, 5])
    def test_any_order_of_what_openings_say_ends_the_same(self, withdrawn_day: int) -> None:
        ends = set()
        for order in permutations(range(3)):
            office = an_office()
            office.an_opening(*days_of_work(3))
            selected = office.gives()
            office.at(5, start=START + timedelta(days=withdrawn_day))
            gone = office.takes_back()
            office.clock.move(minutes(10))
            again = office.gives(attempt=2)
            for number in order:
                office.hears((selected, gone, again)[number])
            office.hears(selected, gone, again)
            ends.add(tuple(sorted(office.states().items())))

        assert len(ends) == 1

    def test_a_place_seen_before_it_was_given_back_is_not_made_again_after_it(self) -> None:
        """Whoever looked at the opening in time and slept comes too late: the sheets are there, and void."""
        office = an_office()
        opening = office.an_opening(*days_of_work(2))
        selected = office.gives()
        gone = office.takes_back()
        place = opening.placements
        office.hears(gone)
        place["res-1"] = type("Slept", (), {"application_id": APPLICATION, "attempt": 1, "selected_at": selected.time})()
        office.hears(selected)

        assert ids(office, "void") == [0, 1]


class Dies(Unavailable):
    """The process ends here."""


class TestDying:
    """A process may end between any two steps, and the event comes again."""

    @pytest.mark.parametrize("step", range(40))
    def test_a_place_that_is_taken_back_in_pieces_is_whole_in_the_end(self, step: int) -> None:
        database = TwinDatabase("placement")
        count = 0
        dying = False

        def tick(_what: str) -> None:
            nonlocal count
            count += 1
            if dying and count == step:
                raise Dies

        office = an_office(database=database.seen_by(tick))
        office.placed(*days_of_work(4))
        confirmed(office, 0)
        office.at(5, start=START + timedelta(days=1))
        gone = office.takes_back()
        count, dying = 0, True
        with suppress(Dies):
            office.hears(gone)
        dying = False
        office.hears(gone)
        office.relays(times=2)
        confirmed(office, 1)
        office.relays(times=2)

        assert (ids(office, "settled"), ids(office, "void")) == ([0, 1], [2, 3])
        assert [fact["revision"] for fact in office.facts(events.PLACEMENT_COMPLETED)] == [2]


class TestWork:
    """``placement.completed``, and what a place has earned."""

    def test_work_is_done_once_its_last_shift_is_settled(self) -> None:
        office = an_office()
        office.placed(*days_of_work(3))
        confirmed(office, 0, 2)
        office.relays()
        assert office.facts(events.PLACEMENT_COMPLETED) == []
        assert office.desk.sheets.earned(APPLICATION, 1, 3) is None

        office.says("absent", sheet_id=f"{KEY}:1")
        office.confirms(f"{KEY}:1")
        office.relays(times=3)

        [completed] = office.facts(events.PLACEMENT_COMPLETED)
        assert (completed["minutes"], completed["shifts_worked"], completed["revision"]) == (240, 2, 3)
        assert completed["day"] == "2026-12-03"
        assert office.desk.sheets.earned(APPLICATION, 1, 3) == Earned(41_280, 3)

    def test_a_correction_says_it_again_with_a_higher_revision(self) -> None:
        office = an_office()
        office.placed()
        confirmed(office, 0)
        office.relays()
        office.corrects(60)
        office.relays()

        assert [(fact["revision"], fact["minutes"]) for fact in office.facts(events.PLACEMENT_COMPLETED)] == [
            (1, 120),
            (2, 60),
        ]
        assert office.desk.sheets.earned(APPLICATION, 1, 1) == Earned(10_320, 2)

    def test_who_never_came_completed_nothing_and_earned_nothing(self) -> None:
        office = an_office()
        office.placed()
        office.clock.move(timedelta(days=9))
        office.follower.settle_due()
        office.relays()

        assert office.facts(events.PLACEMENT_COMPLETED) == []
        assert [fact["revision"] for fact in office.facts(events.PLACEMENT_UNWORKED)] == [1]
        assert office.desk.sheets.earned(APPLICATION, 1, 1) == Earned(0, 1)

    def test_a_place_without_a_sheet_has_earned_nothing_yet(self) -> None:
        office = an_office()

        assert office.desk.sheets.earned(APPLICATION, 1, 1) is None

    def test_a_place_whose_sheets_are_not_all_there_has_earned_nothing_yet(self) -> None:
        office = an_office()
        office.placed()
        confirmed(office, 0)

        assert office.desk.sheets.earned(APPLICATION, 1, 2) is None

    def test_pay_is_rounded_up_shift_by_shift(self) -> None:
        office = an_office()
        office.placed(*days_of_work(2), terms={"hourly_won": 10_321})
        confirmed(office, 0, 1, left=50)

        assert office.desk.sheets.earned(APPLICATION, 1, 2) == Earned(2 * 8_601, 2)


CHANGES = st.sampled_from(
    [
        "host says in",
        "host says out",
        "host says absent",
        "officer says in",
        "officer says out",
        "host confirms",
        "officer confirms",
        "host corrects",
        "officer corrects",
        "officer excuses",
        "resident disputes",
        "host disputes",
        "officer upholds",
        "officer rejects",
        "sweep",
        "a day passes",
        "relay",
        "taken back",
    ]
)


def do(office: Office, what: str, number: int, sheet_id: str) -> None:
    """Let somebody do something, sent twice; what is refused is refused."""
    act: dict[str, str] = {"act_id": office.act_id(), "attendance_id": sheet_id}
    who, _, verb = what.partition(" ")
    actor = {"host": HOST, "officer": OFFICER, "resident": ME}.get(who, HOST)
    start = START if sheet_id.endswith(":0") else START + timedelta(days=1)
    at = start + minutes(number)
    acts = {
        "says in": lambda: office.desk.witness(actor, **act, said="in", at=at),
        "says out": lambda: office.desk.witness(actor, **act, said="out", at=at),
        "says absent": lambda: office.desk.witness(actor, **act, said="absent"),
        "confirms": lambda: office.desk.confirm(actor, **act),
        "corrects": lambda: office.desk.correct(actor, **act, minutes=number, reason="정정"),
        "excuses": lambda: office.desk.excuse(actor, **act, reason="진단서"),
        "disputes": lambda: office.desk.dispute(actor, **act, text="다릅니다."),
        "upholds": lambda: office.desk.answer(actor, **act, answer="upheld", minutes=number, reason="맞습니다."),
        "rejects": lambda: office.desk.answer(actor, **act, answer="rejected", reason="아닙니다."),
    }
    if what == "sweep":
        office.follower.settle_due()
    elif what == "a day passes":
        office.clock.move(timedelta(hours=20))
    elif what == "relay":
        office.relays(times=2)
    elif what == "taken back":
        if "res-1" in office.openings.all[OPENING].placements:
            office.hears(*[office.takes_back()] * 2)
    else:
        for _ in range(2):
            try:
                acts[verb]()
            except Refused:
                continue


class TestAnyStory:
    """Whatever happens, in whatever order, the facts add up."""

    @settings(max_examples=150, deadline=None)
    @given(st.lists(st.tuples(CHANGES, st.integers(0, 120), st.integers(0, 1)), max_size=40))
    def test_the_facts_of_every_sheet_add_up_to_what_it_counts(self, story: list[tuple[str, int, int]]) -> None:
        office = an_office()
        office.placed(*days_of_work(2))
        office.at(60)
        for what, number, shift in story:
            do(office, what, number, f"{KEY}:{shift}")
        office.relays(times=2)
        office.clock.move(timedelta(days=30))
        office.follower.settle_due()
        office.relays(times=2)

        for shift in range(2):
            known = office.sheet(f"{KEY}:{shift}")
            told = [fact for fact in office.facts(events.ATTENDANCE_SETTLED) if fact["shift"] == shift]
            assert [fact["revision"] for fact in told] == list(range(1, len(told) + 1))
            assert sum(fact["minutes"] - fact["was"] for fact in told) == (known["minutes"] or 0)
            assert len(known["revisions"]) == len(told)
            assert all(0 <= fact["minutes"] <= fact["planned"] for fact in told)
            assert [fact["result_was"] for fact in told] == [None, *(fact["result"] for fact in told)][: len(told)]
            assert known["state"] in ("settled", "void") or known["unclear"]
        completed = [fact["revision"] for fact in office.facts(events.PLACEMENT_COMPLETED)]
        assert completed == sorted(set(completed))
        earned = office.desk.sheets.earned(APPLICATION, 1, 2)
        counted = [office.sheet(f"{KEY}:{shift}")["minutes"] or 0 for shift in range(2)]
        if earned is not None:
            assert earned.won == sum(many * 172 for many in counted)
            if any(counted):
                [*_, last] = office.facts(events.PLACEMENT_COMPLETED)
                assert (last["minutes"], last["revision"]) == (sum(counted), earned.revision)

    @pytest.mark.parametrize("theirs", ["sweep", "officer corrects", "officer excuses", "host confirms"])
    @pytest.mark.parametrize("mine", ["sweep", "officer corrects", "officer excuses", "host confirms"])
    def test_two_replicas_in_the_same_instant_settle_one_revision_each(self, mine: str, theirs: str) -> None:
        database = TwinDatabase("placement")
        waiting: list[str] = []

        def tick(what: str) -> None:
            if what == "database sheets.update_one" and waiting:
                do(other, waiting.pop(), 30, FIRST)

        office, other = an_office(database=database.seen_by(tick)), an_office(database=database)
        office.placed()
        other.openings.all, other.prefix = office.openings.all, "other"
        office.at(130)
        if "excuses" in mine + theirs:
            office.says("absent")
        else:
            office.says("in", 0)
            office.says("out", 120)
        other.clock.at = office.at(120 + 24 * 60)
        if mine == "officer corrects":
            office.confirms()
        waiting.append(theirs)
        do(office, mine, 60, FIRST)
        office.relays()

        told = office.facts(events.ATTENDANCE_SETTLED)
        assert [fact["revision"] for fact in told] == list(range(1, len(told) + 1))
        assert sum(fact["minutes"] - fact["was"] for fact in told) == office.sheet()["minutes"]
        assert told
        assert not waiting



class TestLeftInTheMiddle:
    """A place that is given back in the middle of a shift pays until then; who comes again is paid from then on."""

    def test_nothing_after_the_place_was_given_back_counts(self) -> None:
        office = an_office()
        office.placed()
        office.at(0)
        office.checks_in()
        office.at(60)
        office.hears(office.takes_back())
        office.at(120)
        office.checks_out()

        assert office.confirms()["minutes"] == 60

    def test_one_who_gives_a_place_back_and_gets_it_again_is_not_paid_twice_for_the_same_hour(self) -> None:
        office = an_office()
        office.placed()
        again = f"{APPLICATION}:2:0"
        office.at(0)
        office.checks_in()
        office.at(30)
        gone = office.takes_back()
        office.at(40)
        office.hears(gone, office.gives(attempt=2))
        office.checks_in(again)
        office.at(120)
        office.checks_out()
        office.checks_out(again)

        both = office.confirms()["minutes"] + office.confirms(again)["minutes"]
        assert both == 30 + 80

    def test_a_host_s_word_of_the_second_place_does_not_reach_back_into_the_first(self) -> None:
        office = an_office()
        office.placed()
        again = f"{APPLICATION}:2:0"
        office.at(30)
        office.says("in", 0)
        gone = office.takes_back()
        office.at(31)
        office.hears(gone, office.gives(attempt=2))
        office.at(120)

        both = (
            office.confirms(left=START + minutes(120))["minutes"]
            + office.confirms(again, came=START, left=START + minutes(120))["minutes"]
        )
        assert both == 30 + 89

    def test_an_officer_says_that_somebody_worked_on_when_the_place_was_given_back_by_mistake(self) -> None:
        office = an_office()
        office.placed()
        office.at(5)
        office.says("in", 0)
        office.hears(office.takes_back())
        office.at(120)
        office.says("out", 120)
        office.says("out", 120, actor=OFFICER)

        assert office.confirms(actor=OFFICER)["minutes"] == 120

    def test_a_host_does_not_correct_beyond_what_was_held(self) -> None:
        office = an_office()
        office.placed()
        office.at(60)
        office.hears(office.takes_back())
        office.at(120)
        office.confirms(came=START, left=START + minutes(30))

        with pytest.raises(Refused, match="out_of_range"):
            office.corrects(61, actor=HOST)
        assert office.corrects(61, actor=OFFICER)["minutes"] == 61

    def test_who_left_before_coming_worked_nothing_and_the_sheet_settles_by_itself(self) -> None:
        office = an_office()
        office.placed()
        office.at(10)
        office.hears(office.takes_back())
        office.at(20)
        office.checks_in()
        office.at(120)
        office.checks_out()

        assert (office.confirms()["result"], office.sheet()["minutes"]) == ("absent", 0)
