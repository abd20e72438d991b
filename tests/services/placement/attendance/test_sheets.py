"""A shift from the first word to the last: who says what, what it comes to, and what can be done about it later."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.errors import NotFound, Refused
from shared.events.placement import work as events
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


@pytest.fixture
def office() -> Office:
    """An office in which the resident has a place of one shift."""
    made = an_office()
    made.placed()
    return made


def refused(code: str) -> pytest.RaisesExc[Refused]:
    """Expect a refusal."""
    return pytest.raises(Refused, match=rf"^{code}\b")


def worked(office: Office) -> None:
    """Let the resident work the whole shift, by the code."""
    office.at(0)
    office.checks_in()
    office.at(121)
    office.checks_out()


class TestTheCode:
    """The workplace's rotating code."""

    def test_who_reads_it_at_the_workplace_is_there_and_the_host_confirms(self, office: Office) -> None:
        worked(office)

        told = office.confirms()

        assert told == {"attendance_id": FIRST, "state": "settled", "revision": 1, "result": "worked", "minutes": 120}
        office.relays()
        assert [fact["by"] for fact in office.facts(events.ATTENDANCE_WITNESSED)] == ["code", "code"]
        [settled] = office.facts(events.ATTENDANCE_SETTLED)
        assert settled["day"] == "2026-12-01"
        assert (settled["minutes"], settled["was"], settled["planned"]) == (120, 0, 120)
        assert (settled["revision"], settled["result_was"], settled["hourly_won"]) == (1, None, 10_320)
        assert (settled["dong"], settled["engagement"]) == ("첨단2동", "participation_allowance")

    @pytest.mark.parametrize("minute", [-31, 151])
    def test_it_is_taken_from_half_an_hour_before_to_half_an_hour_after(self, office: Office, minute: int) -> None:
        office.at(minute)

        with refused("attendance_code_not_now"):
            office.checks_in()

    @pytest.mark.parametrize("minute", [-30, 150])
    def test_the_ends_of_that_window_belong_to_it(self, office: Office, minute: int) -> None:
        office.at(minute)

        assert office.checks_in()["said"] == "in"

    def test_a_code_changes_every_half_minute_and_an_old_one_is_wrong(self, office: Office) -> None:
        office.at(0)
        old = office.shows()
        office.at(2)

        with refused("attendance_code_wrong"):
            office.checks_in(code=old)
        assert office.sheet()["words"] == []

    def test_who_needs_a_moment_to_type_it_may_take_one(self, office: Office) -> None:
        office.at(0)
        old = office.shows()
        office.at(0.9)

        assert office.checks_in(code=old)["said"] == "in"

    def test_after_five_wrong_ones_even_the_right_one_waits_ten_minutes(self, office: Office) -> None:
        office.at(0)
        for _ in range(5):
            with refused("attendance_code_wrong"):
                office.checks_in(code="000000")

        with refused("attendance_codes_used_up"):
            office.checks_in()
        office.at(9.9)
        with refused("attendance_codes_used_up"):
            office.checks_in()
        office.at(10)
        assert office.checks_in()["said"] == "in"

    def test_a_wrong_one_that_is_sent_again_counts_once(self, office: Office) -> None:
        office.at(0)
        for _ in range(7):
            with refused("attendance_code_wrong"):
                office.checks_in(code="000000", act_id="act-wrong")

        assert office.checks_in()["said"] == "in"

    def test_a_right_one_that_is_sent_again_is_one_word(self, office: Office) -> None:
        office.at(0)
        first = office.checks_in(act_id="act-in")
        office.at(5)

        assert office.checks_in(act_id="act-in", code=_code_at_start(office)) == first
        assert len(office.sheet()["words"]) == 1

    def test_coming_twice_is_coming_once_and_the_last_going_counts(self, office: Office) -> None:
        office.at(0)
        office.checks_in()
        office.at(40)
        office.checks_in()
        office.checks_out()
        office.at(120)
        office.checks_out()

        assert [word["said"] for word in office.sheet()["words"]] == ["in", "out", "out"]
        assert office.confirms()["minutes"] == 120

    def test_other_codes_are_shown_once_the_secret_was_changed(self, office: Office) -> None:
        office.at(0)
        old = office.desk.code(HOST, opening_id=OPENING)
        office.desk.change_code(HOST, act_id="change", opening_id=OPENING)

        fresh = office.desk.code(HOST, opening_id=OPENING)

        assert fresh["provisioning"] != old["provisioning"]
        assert old["provisioning"].startswith("otpauth://totp/")
        assert (fresh["seconds"], fresh["until"]) == (30, "2026-12-01T01:00:30.000Z")

    def test_the_resident_can_t_fill_the_sheet_and_leave_no_room_for_the_host(self, office: Office) -> None:
        office.at(0)
        office.checks_in()
        for _ in range(9):
            office.checks_out()

        with refused("too_many_words"):
            office.checks_out()
        office.says("in", 0)
        office.says("out", 0)


def _code_at_start(office: Office) -> str:
    now = office.clock.at
    office.at(0)
    code = office.shows()
    office.clock.at = now
    return code


class TestHosts:
    """What hosts and officers say."""

    def test_one_act_says_both_ends_and_confirms(self, office: Office) -> None:
        office.at(130)

        told = office.confirms(came=START + minutes(30), left=START + minutes(120))

        assert (told["result"], told["minutes"]) == ("partly", 90)
        assert [word["by"] for word in office.sheet()["words"]] == ["host", "host"]

    def test_a_time_that_is_still_to_come_is_refused(self, office: Office) -> None:
        office.at(10)

        with refused("attendance_time_ahead"):
            office.says("out", 120)

    @pytest.mark.parametrize("minute", [-181, 301])
    def test_a_time_far_from_the_shift_is_refused(self, office: Office, minute: int) -> None:
        office.at(500)

        with refused("attendance_time_outside"):
            office.says("in", minute)

    def test_coming_needs_its_time(self, office: Office) -> None:
        office.at(10)

        with refused("attendance_time_needed"):
            office.says("in")

    def test_nobody_is_absent_before_the_shift_begins(self, office: Office) -> None:
        office.at(-1)

        with refused("shift_not_begun"):
            office.says("absent")

    def test_a_host_has_fifteen_words(self, office: Office) -> None:
        office.at(100)
        for minute in range(15):
            office.says("in", minute)

        with refused("too_many_words"):
            office.says("in", 16)

    def test_a_coming_without_a_going_is_not_confirmed(self, office: Office) -> None:
        office.at(0)
        office.checks_in()
        office.says("in", 0)
        office.at(121)

        with refused("attendance_unclear"):
            office.confirms()

    def test_an_absence_is_confirmed_once_the_shift_is_over(self, office: Office) -> None:
        office.at(60)
        office.says("absent")

        with refused("shift_not_over"):
            office.confirms()
        office.at(120)
        assert office.confirms()["result"] == "absent"

    def test_who_leaves_early_can_be_confirmed_at_once(self, office: Office) -> None:
        office.at(60)
        office.says("in", 0)
        office.says("out", 60)

        assert office.confirms()["minutes"] == 60

    def test_confirming_needs_somebody_to_have_said_something(self, office: Office) -> None:
        office.at(130)

        with refused("attendance_unclear"):
            office.confirms()

    def test_a_confirmation_that_is_sent_again_is_the_same_one(self, office: Office) -> None:
        worked(office)

        assert office.confirms(act_id="act-1") == office.confirms(act_id="act-1")
        with refused("attendance_is_settled"):
            office.confirms()
        with refused("attendance_is_settled"):
            office.says("in", 0)
        with refused("attendance_is_settled"):
            office.checks_out()


class TestTheClock:
    """What happens by itself."""

    def test_what_nobody_confirmed_settles_a_day_after_the_shift(self, office: Office) -> None:
        worked(office)
        office.at(120 + 24 * 60 - 1)
        office.follower.settle_due()
        assert office.sheet()["state"] == "open"

        office.at(120 + 24 * 60)
        office.follower.settle_due()

        assert (office.sheet()["settled_by"], office.sheet()["minutes"]) == ("clock", 120)

    def test_nobody_came_and_nobody_said_so_is_absent(self, office: Office) -> None:
        office.at(120 + 24 * 60)
        office.follower.settle_due()
        office.relays()

        [settled] = office.facts(events.ATTENDANCE_SETTLED)
        assert (settled["result"], settled["minutes"]) == ("absent", 0)
        assert office.facts(events.PLACEMENT_COMPLETED) == []

    def test_who_never_checked_out_waits_for_a_host_and_officers_see_it(self, office: Office) -> None:
        office.at(0)
        office.checks_in()
        office.at(120 + 24 * 60)
        assert not office.follower.settle_due()
        assert not office.follower.settle_due()

        [row] = office.desk.open_disputes(OFFICER, tenant="gwangsan")["disputes"]
        assert (row["attendance_id"], row["why"], row["state"]) == (FIRST, "unclear", "open")
        office.says("out", 100)
        office.follower.settle_due()

        assert (office.sheet()["state"], office.sheet()["minutes"]) == ("settled", 100)
        assert office.desk.open_disputes(OFFICER, tenant="gwangsan")["disputes"] == []

    def test_the_shift_of_a_rehearsal_may_lie_in_the_past_and_still_has_its_day(self) -> None:
        office = an_office()
        office.at(10_000)
        office.placed(terms={"rehearsal": True})
        office.follower.settle_due()

        assert office.sheet()["state"] == "open"
        assert office.confirms(came=START, left=START + minutes(120))["minutes"] == 120


class TestCorrections:
    """Nothing is edited: a correction is the next revision."""

    def test_a_correction_says_what_it_replaces(self, office: Office) -> None:
        worked(office)
        office.confirms()
        office.corrects(60, actor=HOST)
        office.relays()

        first, second = office.facts(events.ATTENDANCE_SETTLED)
        assert (second["revision"], second["minutes"], second["was"]) == (2, 60, 120)
        assert (second["result"], second["result_was"]) == ("partly", "worked")
        told = office.sheet()["revisions"]
        assert [(row["revision"], row["minutes"], row["reason"]) for row in told] == [(1, 120, ""), (2, 60, "출근부 확인")]
        assert first["revision"] == 1

    def test_a_host_corrects_for_fourteen_days_and_an_officer_later_too(self, office: Office) -> None:
        worked(office)
        office.confirms()
        office.clock.at = START + minutes(120) + timedelta(days=14)

        with refused("correction_over"):
            office.corrects(60, actor=HOST)
        assert office.corrects(60, actor=OFFICER)["revision"] == 2

    def test_a_host_never_changes_what_an_officer_decided(self, office: Office) -> None:
        worked(office)
        office.confirms()
        office.corrects(60, actor=OFFICER)

        with refused("officer_has_decided"):
            office.corrects(120, actor=HOST)

    def test_more_than_planned_is_refused_with_the_bounds(self, office: Office) -> None:
        worked(office)
        office.confirms()

        with refused("out_of_range") as caught:
            office.corrects(121)
        assert (caught.value.field, caught.value.values["high"]) == ("minutes", 120)

    def test_the_same_again_is_no_correction(self, office: Office) -> None:
        worked(office)
        office.confirms()

        with refused("nothing_to_correct"):
            office.corrects(120)

    def test_what_is_not_settled_can_t_be_corrected(self, office: Office) -> None:
        with refused("attendance_is_open"):
            office.corrects(120)

    def test_a_sheet_is_settled_twenty_times_at_most(self, office: Office) -> None:
        worked(office)
        office.confirms()
        for number in range(19):
            office.corrects(number)

        with refused("too_many_corrections"):
            office.corrects(100)


class TestExcuses:
    """An excused absence is no no-show."""

    def test_an_officer_excuses_before_the_shift(self, office: Office) -> None:
        assert office.excuses()["result"] == "excused"
        office.relays()
        assert [fact["result"] for fact in office.facts(events.ATTENDANCE_SETTLED)] == ["excused"]

    def test_an_officer_excuses_after_it(self, office: Office) -> None:
        office.at(120)
        office.says("absent")
        office.confirms()

        told = office.excuses()

        assert (told["result"], told["revision"], told["minutes"]) == ("excused", 2, 0)
        with refused("attendance_is_excused"):
            office.excuses()

    def test_work_is_not_excused(self, office: Office) -> None:
        worked(office)
        with refused("attendance_was_worked"):
            office.excuses()
        office.confirms()
        with refused("attendance_was_worked"):
            office.excuses()


class TestDisputes:
    """The resident or the host says that it was otherwise; an officer answers."""

    @pytest.fixture
    def absent(self, office: Office) -> Office:
        """An office in which the host says that the resident was absent."""
        office.at(121)
        office.says("absent")
        office.confirms()
        return office

    def test_an_upheld_dispute_counts_other_minutes_by_the_next_revision(self, absent: Office) -> None:
        told = absent.disputes()
        absent.answers("upheld", 120)
        absent.relays()

        assert told["dispute"] == 1
        [made] = absent.facts(events.ATTENDANCE_DISPUTED)
        assert (made["until"], made["by_role"]) == ("2026-12-08T03:01:00.000Z", "resident")
        assert [fact["minutes"] for fact in absent.facts(events.ATTENDANCE_SETTLED)] == [0, 120]
        assert [fact["answer"] for fact in absent.facts(events.ATTENDANCE_DISPUTE_ANSWERED)] == ["upheld"]

    def test_a_rejected_one_changes_nothing_and_its_words_are_kept_no_longer(self, absent: Office) -> None:
        absent.disputes()
        assert absent.sheet()["disputes"][0]["text"] == "두 시간 다 일했습니다."
        absent.answers("rejected")

        [row] = absent.sheet()["disputes"]
        assert (row["answer"], row["text"], row["reason"]) == ("rejected", "", "출근부를 보았습니다.")
        assert absent.sheet()["revision"] == 1
        with refused("dispute_was_answered"):
            absent.disputes()

    def test_it_is_made_within_seven_days(self, absent: Office) -> None:
        absent.clock.move(timedelta(days=7))

        with refused("dispute_over"):
            absent.disputes()

    def test_there_is_one_at_a_time(self, absent: Office) -> None:
        absent.disputes()

        with refused("dispute_is_open"):
            absent.disputes(actor=HOST)

    def test_a_host_disputes_what_an_officer_corrected(self, absent: Office) -> None:
        absent.corrects(120)

        absent.disputes(actor=HOST)

        assert absent.sheet()["disputes"][0]["by"] == "host"
        absent.relays()
        assert [fact["by_role"] for fact in absent.facts(events.ATTENDANCE_DISPUTED)] == ["host"]

    def test_an_unanswered_one_escalates_once_and_stays_in_the_officers_list(self, absent: Office) -> None:
        absent.disputes()
        absent.clock.move(timedelta(days=7))
        for _ in range(3):
            absent.follower.settle_due()

        [row] = absent.desk.open_disputes(OFFICER, tenant="gwangsan")["disputes"]
        assert (row["why"], row["escalated"]) == ("dispute", True)
        assert absent.escalations == [1]
        absent.answers("upheld", 60)
        assert absent.desk.open_disputes(OFFICER, tenant="gwangsan")["disputes"] == []

    @pytest.mark.parametrize(("answer", "many"), [("upheld", None), ("rejected", 60)])
    def test_an_answer_and_its_minutes_fit(self, absent: Office, answer: str, many: int | None) -> None:
        absent.disputes()

        with refused("dispute_minutes_needed"):
            absent.answers(answer, many)

    def test_there_must_be_something_to_answer(self, absent: Office) -> None:
        with refused("no_open_dispute"):
            absent.answers("rejected")

    def test_a_sheet_is_disputed_six_times_at_most(self, absent: Office) -> None:
        for number in range(6):
            absent.disputes()
            absent.answers("upheld", number + 1)

        with refused("too_many_disputes"):
            absent.disputes()


class TestLists:
    """Lists come page by page."""

    def test_an_opening_s_sheets_come_shift_by_shift(self) -> None:
        office = an_office()
        office.an_opening(*days_of_work(3))
        office.hears(office.gives("res-1"), office.gives("res-2"))
        told, cursor = [], None
        while True:
            answer = office.desk.sheets_of(HOST, opening_id=OPENING, limit=4, cursor=cursor)
            told += [(row["shift"], row["resident_id"]) for row in answer["sheets"]]
            cursor = answer["cursor"]
            if cursor is None:
                break

        assert told == [(shift, who) for shift in range(3) for who in ("res-1", "res-2")]
        one = office.desk.sheets_of(HOST, opening_id=OPENING, shift=1, limit=1)
        rest = office.desk.sheets_of(HOST, opening_id=OPENING, shift=1, limit=1, cursor=one["cursor"])
        assert [row["resident_id"] for row in one["sheets"] + rest["sheets"]] == ["res-1", "res-2"]
        assert rest["cursor"] is None

    def test_a_resident_s_come_latest_first(self) -> None:
        office = an_office()
        office.placed(*days_of_work(5))
        first = office.desk.my_sheets(ME, limit=3)
        rest = office.desk.my_sheets(ME, limit=3, cursor=first["cursor"])

        assert [row["shift"] for row in first["sheets"] + rest["sheets"]] == [4, 3, 2, 1, 0]
        assert rest["cursor"] is None

    def test_what_waits_comes_most_urgent_first(self) -> None:
        office = an_office()
        office.placed(*days_of_work(3))
        for number in range(3):
            office.at(0, start=START + timedelta(days=number))
            office.checks_in(f"{APPLICATION}:1:{number}")
        office.clock.move(timedelta(days=9))
        office.follower.settle_due()
        first = office.desk.open_disputes(OFFICER, tenant="gwangsan", limit=2)
        rest = office.desk.open_disputes(OFFICER, tenant="gwangsan", limit=2, cursor=first["cursor"])

        assert [row["shift"] for row in first["disputes"] + rest["disputes"]] == [0, 1, 2]
        assert rest["cursor"] is None

    @pytest.mark.parametrize("cursor", ["?", "WyJhIiwiYiJd"])
    def test_a_cursor_that_is_not_ours_is_refused(self, office: Office, cursor: str) -> None:
        with refused("bad_cursor"):
            office.desk.sheets_of(HOST, opening_id=OPENING, cursor=cursor)
        with refused("bad_cursor"):
            office.desk.my_sheets(ME, cursor=cursor)

    def test_a_sheet_that_is_not_there_is_not_found(self, office: Office) -> None:
        with pytest.raises(NotFound, match="no_such_attendance"):
            office.sheet("opn-1:res-9:1:0")
