"""Hold, act, settle, leave: what one resident's document says after each."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from services.placement.limits.model import LimitTable
from services.placement.participation.claims import HELD, MOST_HOLDERS, TAKEN, Claim
from services.placement.participation.model import MOST_CLAIMS, Participation
from services.placement.participation.outlook import shared_days
from services.placement.participation.usecases import HOLD_FOR
from shared.aggregate import Act
from shared.errors import Refused
from tests.services.placement.participation.makers import (
    ALL,
    DIRECT,
    HARD,
    NOW,
    OFFICER,
    TENANT,
    Town,
    a_claim,
    a_job,
    a_town,
    a_wanted,
    at,
)

ONE = a_wanted("opn-1", "2026-12-07", "2026-12-11")
TWO = a_wanted("opn-2", "2026-12-10", "2026-12-20")


def notes(town: Town, first: str = "2026-12-10", last: str = "2026-12-31", act_id: str = "note", **changes: str) -> str:
    told = town.records.note_outside(
        OFFICER,
        act_id=act_id,
        resident_id="res-1",
        programme="지역공동체일자리",
        first_day=date.fromisoformat(first),
        last_day=date.fromisoformat(last),
        **{"source": "일모아 조회", **changes},
    )
    return str(told["key"])


def test_a_selection_is_held_and_then_taken() -> None:
    town = a_town()
    town.hall.publish(ONE)
    town.hall.select(ONE)
    assert town.states() == {"opn-1": HELD}

    town.hears()

    assert town.states() == {"opn-1": TAKEN}
    assert town.known().due is None


def test_a_quote_writes_nothing() -> None:
    town = a_town()

    assert town.desk.quote(ONE).objections == ()
    assert town.states() == {}


def test_a_second_direct_job_on_the_same_days_is_refused_and_the_days_named() -> None:
    town = a_town()
    town.selects(ONE)
    town.hall.publish(TWO)

    with pytest.raises(Refused) as refused:
        town.hall.select(TWO)

    assert refused.value.code == "direct_jobs_overlap"
    assert refused.value.values["days"] == ["2026-12-10", "2026-12-11"]
    assert town.states() == {"opn-1": TAKEN}


def test_a_place_that_is_only_held_keeps_another_one_out() -> None:
    town = a_town()
    town.hall.publish(ONE, TWO)
    town.desk.hold(act_id="asked:1", wanted=ONE)

    with pytest.raises(Refused, match="direct_jobs_overlap"):
        town.hall.select(TWO)


def test_a_place_that_begins_later_counts_from_its_hold_until_it_is_given_back() -> None:
    town = a_town()
    later, earlier = a_wanted("opn-9", "2029-01-10", hours=0), a_wanted("opn-1", "2026-12-07", "2028-12-31", hours=0)
    town.hall.publish(later, earlier)
    town.desk.hold(act_id="asked:later", wanted=later)

    assert [one.code for one in town.desk.quote(earlier).objections] == ["direct_jobs_shut_out_later"]
    with pytest.raises(Refused) as refused:
        town.hall.select(earlier)
    assert (refused.value.code, refused.value.values["day"]) == ("direct_jobs_shut_out_later", "2029-01-10")

    town.selects(later)
    with pytest.raises(Refused, match="direct_jobs_shut_out_later"):
        town.hall.select(earlier)
    town.withdraws(later)
    town.selects(earlier)
    assert town.states() == {"opn-1": TAKEN}


def test_a_hard_limit_on_hours_is_kept_over_all_openings() -> None:
    town = a_town(HARD)
    town.selects(a_wanted("opn-1", "2026-12-07", "2026-12-11", direct=False, hours=2.5))
    last = a_wanted("opn-2", "2026-12-12", direct=False, hours=2.5)
    town.selects(last)

    with pytest.raises(Refused, match="week_hours_passed"):
        town.desk.hold(act_id="asked:3", wanted=a_wanted("opn-3", "2026-12-13", direct=False, hours=0.5))

    assert town.desk.quote(a_wanted("opn-3", "2026-12-14", direct=False, hours=0.5)).objections == ()


def test_a_refused_selection_gives_its_hold_back() -> None:
    town = a_town()
    town.selects(ONE)
    town.withdraws(ONE)

    with pytest.raises(Refused, match="application_not_pending"):
        town.hall.select(ONE, "again")

    assert town.states() == {}


def test_one_try_that_is_refused_does_not_give_back_what_another_try_holds() -> None:
    town = a_town()
    town.hall.publish(ONE)
    for _ in range(2):
        town.desk.hold(act_id="asked:1", wanted=ONE)

    given = {"act_id": "asked:1", "wanted_key": ONE.key, "resident_id": "res-1", "opening_id": "opn-1"}
    town.desk.release_unless_done(**given)
    assert town.states() == {"opn-1": HELD}

    town.desk.release_unless_done(**given)
    assert town.states() == {}


def test_two_acts_may_hold_one_place_and_each_gives_back_its_own() -> None:
    town = a_town()
    town.hall.publish(ONE)
    town.desk.hold(act_id="asked:1", wanted=ONE)
    town.hall.select(ONE, "2")

    town.desk.release_unless_done(act_id="asked:1", wanted_key=ONE.key, resident_id="res-1", opening_id="opn-1")

    assert town.states() == {"opn-1": TAKEN}


def test_a_release_of_an_act_that_was_done_settles_it() -> None:
    town = a_town()
    town.hall.publish(ONE)
    town.hall.select(ONE, "1")

    town.desk.release_unless_done(act_id="asked:1", wanted_key=ONE.key, resident_id="res-1", opening_id="opn-1")

    assert town.states() == {"opn-1": TAKEN}


def test_the_sweep_makes_an_act_impossible_before_it_releases() -> None:
    town = a_town()
    town.hall.publish(ONE)
    town.desk.hold(act_id="asked:late", wanted=ONE)
    town.desk.sweep()
    assert town.states() == {"opn-1": HELD}

    town.clock.move(timedelta(seconds=60))
    town.desk.sweep()

    assert town.states() == {}
    with pytest.raises(Refused, match="act_too_late"):
        town.hall.place(ONE, _act("late"))


def test_an_overdue_hold_takes_no_younger_one_with_it() -> None:
    town = a_town()
    town.hall.publish(ONE)
    town.desk.hold(act_id="asked:old", wanted=ONE)
    town.clock.move(timedelta(seconds=50))
    town.desk.hold(act_id="asked:young", wanted=ONE)
    town.clock.move(timedelta(seconds=20))

    town.desk.sweep()

    (holder,) = town.known().claims[ONE.key].holders
    assert holder.act_id == "asked:young"
    assert town.known().impossible == ("asked:old",)


def test_holding_again_moves_the_deadline_and_never_back() -> None:
    town = a_town()
    town.hall.publish(ONE)
    for moved in (0, 50, -20):
        town.clock.move(timedelta(seconds=moved))
        town.desk.hold(act_id="asked:1", wanted=ONE)

    assert town.known().due == NOW + timedelta(seconds=50) + HOLD_FOR


def test_what_is_held_is_not_folded_away_however_old_the_work_is() -> None:
    town = a_town()
    old = a_wanted("opn-old", "2020-03-02")
    town.hall.publish(old, ONE)
    town.desk.hold(act_id="asked:old", wanted=old)
    town.clock.move(timedelta(days=2000))

    town.desk.hold(act_id="asked:1", wanted=ONE)

    assert town.states() == {"opn-old": HELD, "opn-1": HELD}


def test_a_released_act_never_holds_again_but_another_one_may() -> None:
    town = a_town()
    town.hall.publish(ONE)
    town.desk.hold(act_id="asked:late", wanted=ONE)
    town.clock.move(timedelta(minutes=5))
    town.desk.sweep()

    with pytest.raises(Refused, match="act_too_late"):
        town.desk.hold(act_id="asked:late", wanted=ONE)
    town.hall.select(ONE, "other")
    town.hears()

    assert town.states() == {"opn-1": TAKEN}


def test_the_sweep_settles_what_was_done_and_forgot_to_say_so() -> None:
    town = a_town()
    town.hall.publish(ONE)
    town.hall.select(ONE)
    town.clock.move(timedelta(minutes=5))

    assert town.desk.sweep() is False

    assert town.states() == {"opn-1": TAKEN}
    # A repeat of the act that was done is still heard as done.
    assert town.hall.select(ONE) == {"key": ONE.key}


def test_a_place_that_was_given_without_asking_is_noted_all_the_same() -> None:
    town = a_town()
    town.selects(ONE)
    town.hall.publish(TWO)
    town.hall.place(TWO)

    town.hears()
    town.events()

    assert town.states() == {"opn-1": TAKEN, "opn-2": TAKEN}
    (told,) = town.overlapped()
    assert (told["key"], told["other"]) == (TWO.key, ONE.key)
    assert told["days"] == ["2026-12-10", "2026-12-11"]


def test_a_place_given_back_before_the_work_is_free_again() -> None:
    town = a_town()
    town.selects(ONE)
    town.withdraws(ONE)
    assert town.states() == {}

    town.selects(TWO)

    assert town.states() == {"opn-2": TAKEN}


def test_who_leaves_in_the_middle_frees_the_days_to_come() -> None:
    town = a_town()
    town.selects(ONE)
    town.clock.at = at("2026-12-09 11:00")
    town.withdraws(ONE)

    claim = town.known().claims[ONE.key]
    assert (claim.state, claim.first_day, claim.last_day) == ("left", date(2026, 12, 7), date(2026, 12, 9))
    assert len(claim.shifts) == 3
    with pytest.raises(Refused, match="direct_jobs_overlap"):
        town.desk.hold(act_id="asked:1", wanted=a_wanted("opn-3", "2026-12-09"))
    town.selects(a_wanted("opn-3", "2026-12-10"))


@pytest.mark.parametrize(
    ("moment", "stays"), [("2026-12-07 09:59", False), ("2026-12-07 10:00", True), ("2026-12-30 10:00", True)]
)
def test_the_work_has_begun_with_the_first_shift(moment: str, stays: bool) -> None:
    left = a_claim(ONE).left_at(at(moment))

    assert (left is not None) is stays
    if left is not None:
        assert left.last_day == min(ONE.last_day, at(moment).date())


def test_leaving_twice_or_late_changes_nothing() -> None:
    town = a_town()
    town.selects(ONE)
    town.clock.at = at("2026-12-08 18:00")
    town.hall.withdraw(ONE)
    events = town.events()
    town.hears(events)
    before = town.known()

    for _ in range(3):
        town.desk.leave("res-1", ONE.key, at("2026-12-10 18:00"))
        town.hears(events)

    assert town.known() == before


def test_another_systems_job_that_overlaps_is_told_with_its_days() -> None:
    town = a_town()
    town.selects(ONE)
    key = notes(town)
    town.events()

    (told,) = town.overlapped()
    assert told == {
        "resident_id": "res-1",
        "key": ONE.key,
        "other": key,
        "outside": True,
        "programme_id": ONE.programme_id,
        "opening_id": "opn-1",
        "days": ["2026-12-10", "2026-12-11"],
        "count": 2,
        "revision": town.known().version,
        "day": "2026-12-01",
    }
    shown = town.records.overlapping(OFFICER, resident_id="res-1")
    assert shown["overlaps"] == [
        {"key": ONE.key, "other": key, "count": 2, "first_day": "2026-12-10", "last_day": "2026-12-11"}
    ]


def test_no_overlap_is_told_when_there_is_none() -> None:
    town = a_town()
    town.selects(ONE)
    notes(town, "2026-12-12", "2026-12-31")
    town.selects(a_wanted("opn-3", "2027-01-05"))
    town.events()

    assert town.overlapped() == []
    assert town.records.overlapping(OFFICER, resident_id="res-1")["overlaps"] == []


def test_a_job_noted_while_a_place_is_held_is_told_once_the_place_is_given() -> None:
    town = a_town()
    town.hall.publish(ONE)
    town.hall.select(ONE)
    key = notes(town)
    said = town.events()
    assert town.overlapped() == []

    town.hears(said)
    town.events()

    assert [(one["key"], one["other"], one["count"]) for one in town.overlapped()] == [(ONE.key, key, 2)]


def test_an_overlap_that_shrinks_or_ends_is_told_again_with_a_higher_revision() -> None:
    town = a_town()
    town.selects(ONE)
    key = notes(town, "2026-12-08", "2026-12-31")
    town.clock.at = at("2026-12-09 15:00")
    town.withdraws(ONE)
    town.records.retract_outside(OFFICER, act_id="retract", resident_id="res-1", key=key)
    town.events()

    told = town.overlapped()
    assert [one["count"] for one in told] == [4, 2, 0]
    assert all((one["key"], one["other"]) == (ONE.key, key) for one in told)
    revisions = [one["revision"] for one in told]
    assert revisions == sorted(set(revisions))


def test_the_same_job_noted_twice_is_noted_once() -> None:
    town = a_town()
    town.selects(ONE)

    keys = {notes(town, act_id=f"note-{n}") for n in range(3)}

    town.events()
    assert len(keys) == 1
    assert len(town.overlapped()) == 1


def test_what_other_systems_overlap_among_themselves_is_not_ours_to_put_right() -> None:
    town = a_town()
    notes(town)
    notes(town, act_id="note-2", source="다른 조회")
    town.events()

    assert town.overlapped() == []


def test_another_systems_job_keeps_a_direct_job_out_beforehand() -> None:
    town = a_town()
    notes(town)

    with pytest.raises(Refused, match="direct_jobs_overlap"):
        town.desk.hold(act_id="asked:1", wanted=ONE)


def test_claims_that_can_matter_no_more_are_folded_away() -> None:
    town = a_town()
    town.selects(ONE)
    town.selects(a_wanted("opn-9", "2027-01-15"))

    town.clock.at = at("2027-04-10 10:00")
    town.selects(a_wanted("opn-3", "2027-04-11"))
    assert [(claim.opening_id, bool(claim.shifts)) for claim in town.known().claims.values()] == [
        ("opn-1", False),
        ("opn-9", True),
        ("opn-3", True),
    ]

    # Three years back from a day a year ago, and a month.
    town.clock.at = at("2031-01-13 10:00")
    town.selects(a_wanted("opn-4", "2031-01-21"))
    assert list(town.states()) == ["opn-9", "opn-3", "opn-4"]


def test_a_job_of_three_years_ago_is_known_in_a_town_without_limits_that_last() -> None:
    town = a_town(LimitTable(DIRECT[:1]))
    town.selects(ONE)

    town.clock.at = at("2029-12-10 10:00")
    town.selects(a_wanted("opn-3", "2029-12-11"))

    assert list(town.states()) == ["opn-1", "opn-3"]


def test_a_job_of_four_years_ago_still_shuts_out_who_is_shut_out_for_the_rest_of_the_year() -> None:
    town = a_town()
    for first, last, act_id in (("2023-01-01", "2023-10-31", "one"), ("2024-10-01", "2025-12-31", "two")):
        notes(town, first, last, act_id=act_id)
    # 25 months of the three years before 2026: shut out through 2026, in its last month, too.
    town.clock.at = at("2026-12-20 10:00")
    told = _forgets_when_it_was_noted(town).desk.quote(a_wanted(first="2026-12-21"))

    assert [one.code for one in told.objections] == ["direct_jobs_shut_out"]
    assert told.shut_out_until == date(2027, 1, 1)


def _forgets_when_it_was_noted(town: Town) -> Town:
    """Let the town have known of every job when it ended."""

    def decide(known: Participation) -> dict[str, object]:
        for key, claim in known.claims.items():
            known.claims[key] = replace(claim, noted_at=at(f"{claim.last_day} 18:00"))
        return {}

    town.desk.participations.act(None, "res-1", decide)
    return town


def test_work_of_long_ago_that_was_noted_today_is_kept() -> None:
    town = a_town()
    town.selects(a_wanted("opn-old", "2020-03-02"))
    town.selects(ONE)

    assert town.states() == {"opn-old": TAKEN, "opn-1": TAKEN}


def test_a_residents_claims_are_bounded() -> None:
    full = Participation(id="res-1", tenant=TENANT)
    for number in range(MOST_CLAIMS):
        full.claims[str(number)] = a_job("2026-12-01", "2026-12-01", key=str(number))

    with pytest.raises(Refused, match="too_many_participations"):
        full.hold("asked:1", a_claim(key="one more"), NOW)
    with pytest.raises(Refused, match="too_many_participations"):
        full.note_outside(a_claim(key="one more", source="일모아"), shared_days(ALL), NOW.date())
    assert len(full.claims) == MOST_CLAIMS


def test_who_has_as_many_places_as_are_counted_reads_so_before_applying() -> None:
    town = a_town()
    town.desk.participations.make_sure_of("res-1", TENANT)

    def fill(known: Participation) -> dict[str, object]:
        for number in range(MOST_CLAIMS):
            known.claims[str(number)] = a_job("2026-11-01", "2026-11-01", key=str(number))
        return {}

    town.desk.participations.act(None, "res-1", fill)

    told = town.desk.quote(ONE)

    assert [one.code for one in told.objections] == ["too_many_participations"]


def test_the_acts_that_hold_one_place_are_bounded() -> None:
    held = Participation(id="res-1", tenant=TENANT)
    for number in range(MOST_HOLDERS):
        held.hold(f"asked:{number}", replace(a_claim(), state=HELD), NOW)

    with pytest.raises(Refused, match="place_given_too_often"):
        held.hold("asked:one-more", replace(a_claim(), state=HELD), NOW)


def test_impossible_acts_are_bounded() -> None:
    known = Participation(id="res-1", tenant=TENANT)
    for number in range(250):
        known.forbid(f"asked:{number}")

    assert len(known.impossible) == 100
    assert known.impossible[-1] == "asked:249"


def _act(name: str) -> Act:
    return Act.of(name, "select", key=ONE.key)


# What is long over.


def test_short_jobs_of_last_year_leave_room_for_the_next_one() -> None:
    known = Participation(id="res-1", tenant="gwangsan")
    today = date(2026, 12, 1)
    for direct_job, days_ago in ((False, 93), (False, 92), (True, 93)):
        day = today - timedelta(days=days_ago)
        key = f"opn-{direct_job}-{days_ago}:res-1:1"
        begins = datetime(day.year, day.month, day.day, 1, tzinfo=UTC)
        known.claims[key] = Claim(
            key=key,
            opening_id=key.partition(":")[0],
            programme_id="gwangsan:x",
            programme_code="x",
            regions=(),
            workplace="별빛 경로당",
            direct_job=direct_job,
            engagement="participation_allowance",
            first_day=day,
            last_day=day,
            shifts=((begins, begins + timedelta(hours=2)),),
            hourly_won=10_320,
            state=TAKEN,
            noted_at=begins,
        )

    known.fold(today, looks_back=ALL.looks_back)

    assert sorted(known.claims) == ["opn-False-92:res-1:1", "opn-True-93:res-1:1"]
