"""What a place would come to: overlap days, hours and pay in Korean weeks and months, each limit on its own day."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.placement.limits.model import LimitTable, Required
from services.placement.participation.claims import LEFT, Claim, minutes_by_day, month_of, week_of
from services.placement.participation.outlook import minutes_by, outlook, overlap_of
from shared.errors import Refused
from tests.services.placement.participation.makers import (
    ALL,
    CAP,
    DIRECT,
    HARD,
    a_claim,
    a_job,
    a_limit,
    a_wanted,
    at,
)
from tests.services.placement.participation.test_months import limited_until

DAY = timedelta(days=1)
some_days = st.dates(date(2025, 11, 1), date(2027, 2, 28))
some_spans = st.tuples(some_days, st.integers(0, 90)).map(lambda drawn: (drawn[0], drawn[0] + drawn[1] * DAY))


def named(*objections: object) -> list[str]:
    return [getattr(one, "code", "") for one in objections]


# Overlap.


@settings(deadline=None)
@given(some_spans, st.lists(st.tuples(some_spans, st.booleans()), max_size=5), st.booleans())
def test_overlap_days_are_those_in_both_sets_of_days(
    span: tuple[date, date], others: list[tuple[tuple[date, date], bool]], direct: bool
) -> None:
    wanted = a_wanted("opn-new", str(span[0]), str(span[1]), hours=0, direct=direct)
    claims = [
        a_job(str(first), str(last), key=f"k-{n}", direct_job=job) for n, ((first, last), job) in enumerate(others)
    ]
    of_others = {day for claim in claims if claim.direct_job for day in _days(claim)}

    found = outlook(claims, wanted, LimitTable(DIRECT[:1]))

    expected = sorted(of_others & {span[0] + n * DAY for n in range((span[1] - span[0]).days + 1)}) if direct else []
    assert list(found.overlap_days) == expected
    assert bool(found.objections) == bool(expected)
    if expected:
        assert found.objections[0].values["count"] == len(expected)
        assert found.objections[0].values["first"] == str(expected[0])


def test_the_days_that_overlap_are_named() -> None:
    found = outlook([a_job("2026-12-01", "2026-12-10")], a_wanted("opn-2", "2026-12-09", "2026-12-20"), ALL)

    assert [str(day) for day in found.overlap_days] == ["2026-12-09", "2026-12-10"]
    (objection,) = found.objections
    assert (objection.code, objection.values["days"]) == ("direct_jobs_overlap", ["2026-12-09", "2026-12-10"])
    assert objection.values["programmes"] == ["gs-citizen-allowance"]


def test_nobody_works_in_two_places_at_one_time() -> None:
    here = a_claim(a_wanted("opn-1", "2026-12-07", "2026-12-08", direct=False))
    there = a_wanted("opn-2", "2026-12-08", direct=False, shifts=((at("2026-12-08 11:30"), at("2026-12-08 13:00")),))
    once = LimitTable((a_limit("shift_overlap"),))

    (objection,) = outlook([here], there, once).objections

    assert objection.code == "shifts_at_one_time"
    assert objection.values == {"count": 1, "start": "2026-12-08 11:30", "end": "2026-12-08 12:00"}
    assert outlook([here], there, LimitTable()).objections == ()
    warned = outlook([here], there, LimitTable((a_limit("shift_overlap", effect="warn"),)))
    assert (warned.objections, named(*warned.warnings)) == ((), ["shifts_at_one_time"])


@pytest.mark.parametrize("scopes", [("here", "there"), ("there", "here")])
def test_two_places_at_one_time_are_refused_when_the_rules_of_either_refuse_it(scopes: tuple[str, str]) -> None:
    one, other = (a_wanted(f"opn-{scope}", direct=False, programme_code=scope) for scope in scopes)
    rule = LimitTable((a_limit("shift_overlap", scope="here"), a_limit("shift_overlap", effect="warn")))

    found = outlook([a_claim(one)], other, rule)

    assert named(*found.objections) == ["shifts_at_one_time"]
    assert found.warnings == ()


def test_two_places_at_one_time_are_refused_on_the_days_on_which_the_rule_is_in_force() -> None:
    rule = LimitTable((a_limit("shift_overlap", since=date(2026, 12, 8)),))
    here = a_claim(a_wanted("opn-1", "2026-12-07", "2026-12-08", direct=False))

    (objection,) = outlook([here], a_wanted("opn-2", "2026-12-07", "2026-12-08", direct=False), rule).objections

    assert objection.values == {"count": 1, "start": "2026-12-08 10:00", "end": "2026-12-08 12:00"}
    monday = outlook([here], a_wanted("opn-2", "2026-12-07", direct=False), rule)
    assert (monday.objections, monday.warnings) == ((), ())


@pytest.mark.parametrize("start", ["2026-12-07 12:00", "2026-12-07 08:00"])
def test_shifts_that_only_touch_are_one_after_the_other(start: str) -> None:
    here = a_claim(a_wanted("opn-1", "2026-12-07", direct=False))
    there = a_wanted("opn-2", "2026-12-07", direct=False, shifts=((at(start), at(start) + timedelta(hours=2)),))

    assert outlook([here], there, LimitTable((a_limit("shift_overlap"),))).objections == ()


def test_a_place_that_was_left_or_is_of_the_same_opening_is_in_nobodys_way() -> None:
    once = LimitTable((a_limit("shift_overlap"),))
    left = a_claim(a_wanted("opn-1", direct=False), state=LEFT)
    before = a_claim(a_wanted("opn-2", direct=False))

    assert outlook([left], a_wanted("opn-2", direct=False), once).objections == ()
    assert outlook([before], a_wanted("opn-2", direct=False, attempt=2), once).objections == ()


def test_jobs_that_follow_each_other_do_not_overlap() -> None:
    assert outlook([a_job("2026-12-01", "2026-12-10")], a_wanted("opn-2", "2026-12-11"), ALL).objections == ()


def test_a_job_that_is_no_direct_job_overlaps_nothing() -> None:
    work = a_job("2026-12-01", "2026-12-10")

    assert outlook([work], a_wanted("opn-2", "2026-12-05", direct=False), ALL).objections == ()
    assert outlook([replace(work, direct_job=False)], a_wanted("opn-2", "2026-12-05"), ALL).objections == ()


def test_an_overlap_counts_on_the_days_on_which_the_limit_is_in_force() -> None:
    rule = LimitTable((a_limit("direct_job_overlap", since=date(2026, 12, 5), until=date(2026, 12, 8)),))
    one, other = a_job("2026-12-01", "2026-12-10"), a_job("2026-12-01", "2026-12-09")

    found = overlap_of(one, other, limits=rule, effect="refuse")

    assert [day.day for day in found] == [5, 6, 7]


def test_an_overlap_may_be_warned_of_only() -> None:
    rule = LimitTable((a_limit("direct_job_overlap", effect="warn"),))

    found = outlook([a_job("2026-12-01", "2026-12-10")], a_wanted("opn-2", "2026-12-05"), rule)

    assert found.objections == ()
    assert named(*found.warnings) == ["direct_jobs_overlap"]


def test_a_place_left_and_given_again_in_the_same_opening_is_one_job() -> None:
    first = a_claim(a_wanted("opn-1", "2026-12-01", "2026-12-10", hours=3), state="left")

    found = outlook([first], a_wanted("opn-1", "2026-12-01", "2026-12-10", hours=3, attempt=2), ALL)

    assert found.objections == ()
    assert [week.minutes_after for week in found.weeks] == [6 * 180, 4 * 180]


def test_nobody_overlaps_with_themselves() -> None:
    wanted = a_wanted()

    found = outlook([a_claim(wanted)], wanted, ALL)

    assert found.objections == ()
    assert found.weeks[0].minutes_before == 0


# Months.


def test_who_took_part_for_more_than_two_of_three_years_is_told_until_when() -> None:
    found = outlook([a_job("2024-07-01", "2026-11-30")], a_wanted(), ALL)

    assert found.shut_out_until == date(2027, 12, 1)
    assert found.objections[0].refused().code == "direct_jobs_shut_out"
    assert found.objections[0].values == {"until": "2027-12-01", "months": 24, "of": 36}
    assert found.ranked_lower


def test_who_took_part_for_a_year_of_the_last_two_is_ranked_lower_and_not_refused() -> None:
    found = outlook([a_job("2025-12-01", "2026-11-30")], a_wanted(), ALL)

    assert found.ranked_lower
    assert found.objections == ()
    assert named(*found.warnings) == ["direct_jobs_recent"]


def test_who_would_pass_the_limit_at_a_place_that_begins_later_is_told_its_day() -> None:
    """Two years in all: the later place, chosen first, would begin on the day after more than two years of three."""
    held = [a_job("2025-07-01", "2026-11-30"), a_job("2027-12-01", "2027-12-31")]

    found = outlook(held, a_wanted("opn-new", "2026-12-07", "2027-11-30", hours=0), ALL)

    assert found.shut_out_until is None
    (objection,) = found.objections
    assert (objection.code, objection.field) == ("direct_jobs_shut_out_later", "resident_id")
    assert objection.values == {"day": "2027-12-01", "until": "2028-12-01", "months": 24, "of": 36}
    # The same in the order in which the work begins.
    first = [held[0], a_job("2026-12-07", "2027-11-30")]
    assert named(*outlook(first, a_wanted("opn-last", "2027-12-01", "2027-12-31", hours=0), ALL).objections) == [
        "direct_jobs_shut_out"
    ]


def test_who_would_be_ranked_lower_at_a_place_that_begins_later_is_ranked_lower_for_the_earlier_one() -> None:
    found = outlook([a_job("2027-12-01", "2027-12-31")], a_wanted("opn-new", "2026-12-01", "2027-11-30", hours=0), ALL)

    assert found.ranked_lower
    assert found.objections == ()
    (warning,) = found.warnings
    assert (warning.code, warning.values["day"]) == ("direct_jobs_recent_later", "2027-12-01")


def test_a_day_less_passes_no_limit_at_the_place_that_begins_later() -> None:
    later = a_job("2028-12-01", "2028-12-31")
    exactly, more = ("2026-12-01", "2028-11-30"), ("2026-11-30", "2028-11-30")

    assert outlook([later], a_wanted("opn-new", *exactly, hours=0), ALL).objections == ()
    assert named(*outlook([later], a_wanted("opn-new", *more, hours=0), ALL).objections) == ["direct_jobs_shut_out_later"]


def test_what_a_later_place_passes_already_is_not_the_new_ones_fault_unless_it_lasts_longer() -> None:
    held = [a_job("2024-01-01", "2026-06-30"), a_job("2027-02-01", "2027-02-28")]

    found = outlook(held, a_wanted("opn-new", "2027-01-10", "2027-01-20", hours=0), LimitTable((DIRECT[1],)))
    assert named(*found.objections) == ["direct_jobs_shut_out", "direct_jobs_shut_out_later"]
    short = a_wanted("opn-new", "2022-12-07", "2022-12-08", hours=0)
    assert outlook(held, short, LimitTable((DIRECT[1],))).objections == ()


def test_a_later_place_goes_by_its_own_rules_and_what_refuses_is_never_hidden_by_what_warns() -> None:
    here = a_limit("repeat_months", 12, direct_job=True, of_last_months=24, for_months=12)
    rules = LimitTable((replace(here, scope="29", effect="warn"), replace(here, scope="11")))
    later = [
        a_job("2028-01-10", "2028-01-20"),
        a_job("2028-02-10", "2028-02-20", key="seoul", regions=("11110", "11")),
    ]

    found = outlook(later, a_wanted("opn-new", "2026-12-01", "2027-12-31", hours=0), rules)

    assert [one.values["day"] for one in found.warnings] == ["2028-01-10"]
    assert [one.values["day"] for one in found.objections] == ["2028-02-10"]


some_jobs = st.lists(
    st.tuples(st.dates(date(2026, 12, 1), date(2031, 12, 31)), st.integers(0, 500)).map(
        lambda drawn: (drawn[0], drawn[0] + drawn[1] * DAY)
    ),
    min_size=2,
    max_size=8,
    unique_by=lambda span: span[0],
)


@settings(deadline=None)
@given(some_jobs.flatmap(st.permutations), st.booleans())
@example([(date(2029, 1, 1), date(2029, 1, 1)), (date(2026, 12, 1), date(2028, 12, 31))], False)
@example([(date(2028, 6, 1), date(2028, 12, 31)), (date(2027, 1, 1), date(2027, 12, 31))], True)
def test_in_whatever_order_places_are_given_nobody_begins_one_against_a_limit(
    spans: list[tuple[date, date]], both: bool
) -> None:
    """Each accepted job is looked at on its own first day, with every other one there, by a calendar walked by day."""
    rules = (DIRECT[1], replace(DIRECT[2], effect="refuse")) if both else (DIRECT[1],)
    taken: list[Claim] = []
    for first, last in spans:
        if not outlook(taken, a_wanted(f"opn-{first}-{last}", str(first), str(last), hours=0), LimitTable(rules)).objections:
            taken.append(a_job(str(first), str(last)))

    days = [(claim.first_day, claim.last_day) for claim in taken]
    assert [(limit.kind, day) for limit in rules for day, _ in days if limited_until(limit, days, day)] == []


def test_months_in_direct_jobs_say_nothing_of_other_work() -> None:
    found = outlook([a_job("2024-01-01", "2026-11-30")], a_wanted(direct=False), ALL)

    assert (found.objections, found.warnings, found.shut_out_until, found.ranked_lower) == ((), (), None, False)


# Hours.

instants = st.tuples(st.dates(date(2026, 11, 20), date(2027, 1, 15)), st.integers(0, 24 * 60 - 1)).map(
    lambda drawn: at(f"{drawn[0]} 00:00") + timedelta(minutes=drawn[1])
)
some_shifts = st.lists(st.tuples(instants, st.integers(1, 40 * 60)), min_size=1, max_size=4).map(
    lambda drawn: tuple((start, start + timedelta(minutes=length)) for start, length in drawn)
)


@settings(deadline=None)
@given(some_shifts)
@example(((at("2026-12-31 23:00"), at("2027-01-01 02:00")),))
@example(((at("2027-01-03 23:30"), at("2027-01-04 00:30")),))
def test_each_minute_belongs_to_the_korean_day_week_and_month_in_which_it_lies(
    shifts: tuple[tuple[datetime, datetime], ...],
) -> None:
    lived: Counter[date] = Counter()
    for start, end in shifts:
        minute = start
        while minute < end:
            lived[(minute + timedelta(hours=9)).date()] += 1
            minute += timedelta(minutes=1)
    by_week: Counter[str] = Counter()
    by_month: Counter[str] = Counter()
    for day, minutes in lived.items():
        by_week[day.strftime("%G-W%V")] += minutes
        by_month[day.strftime("%Y-%m")] += minutes

    claim = a_claim(a_wanted(shifts=shifts))
    distinct = replace(claim, shifts=tuple(dict.fromkeys(shifts)))

    assert minutes_by_day(shifts) == lived
    if distinct == claim:
        assert minutes_by(week_of, [claim]) == by_week
        assert minutes_by(month_of, [claim]) == by_month


def test_a_night_shift_on_new_years_eve_lies_in_two_months_and_one_week() -> None:
    night = a_wanted(shifts=((at("2026-12-31 22:00"), at("2027-01-01 06:00")),))

    found = outlook([], night, ALL)

    assert [(week.week, week.minutes_after) for week in found.weeks] == [("2026-W53", 480)]
    assert [(month.month, month.minutes_after) for month in found.months] == [("2026-12", 120), ("2027-01", 360)]
    # Its pay is a line of the month in which it starts.
    assert [month.won_after for month in found.months] == [82_560, 0]


def test_fifteen_hours_a_week_are_warned_of_and_never_refused() -> None:
    almost = a_claim(a_wanted("opn-1", "2026-12-07", "2026-12-11", direct=False, hours=2.5))

    below = outlook([almost], a_wanted("opn-2", "2026-12-12", direct=False, hours=2), ALL)
    reached = outlook([almost], a_wanted("opn-2", "2026-12-12", direct=False, hours=2.5), ALL)

    assert below.warnings == ()
    assert [(week.minutes_before, week.minutes_after, week.limit) for week in reached.weeks] == [(750, 900, 900)]
    assert named(*reached.warnings) == ["week_hours_passed"]
    assert reached.warnings[0].values["hours"] == "15"
    assert reached.objections == ()


def test_sixty_hours_a_month_are_counted_for_one_employer_and_in_total() -> None:
    rule = LimitTable((a_limit("month_minutes", 3600, "warn"), a_limit("month_minutes", 3600, "warn", per="employer")))
    there = a_claim(a_wanted("opn-1", "2026-12-01", "2026-12-10", direct=False, hours=5, workplace="별빛 경로당"))

    elsewhere = outlook([there], a_wanted("opn-2", "2026-12-21", "2026-12-22", direct=False, hours=5), rule)
    same = outlook(
        [there], a_wanted("opn-2", "2026-12-21", "2026-12-22", direct=False, hours=5, workplace="별빛 경로당"), rule
    )

    assert named(*elsewhere.warnings) == ["month_hours_passed"]
    assert named(*same.warnings) == ["month_hours_passed", "month_hours_at_employer_passed"]


def test_a_limit_on_hours_adds_up_only_the_work_it_is_about() -> None:
    rule = LimitTable((a_limit("week_minutes", 600, engagements=("employment",)),))
    volunteer = a_claim(a_wanted("opn-1", "2026-12-07", "2026-12-08", direct=False, hours=5, engagement="volunteer"))

    wanted = a_wanted("opn-2", "2026-12-09", direct=False, hours=2, engagement="employment")

    assert outlook([volunteer], wanted, rule).objections == ()
    assert named(*outlook([replace(volunteer, engagement="employment")], wanted, rule).objections) == [
        "week_hours_passed"
    ]


@pytest.mark.parametrize("first", ["strict", "other"])
@pytest.mark.parametrize(("kind", "code"), [("week_minutes", "week_hours_passed"), ("month_minutes", "month_hours_passed")])
def test_a_hard_limit_on_the_hours_of_one_programme_is_kept_whichever_place_is_given_first(
    first: str, kind: str, code: str
) -> None:
    rule = LimitTable((a_limit(kind, 600, scope="strict"), a_limit(kind, 900)))
    wanteds = {
        name: a_wanted(f"opn-{name}", day, direct=False, hours=hours, programme_code=name, programme_id=name)
        for name, day, hours in (("strict", "2026-12-08", 8), ("other", "2026-12-10", 3))
    }
    last = wanteds[{"strict": "other", "other": "strict"}[first]]

    (objection,) = outlook([a_claim(wanteds[first])], last, rule).objections

    assert (objection.code, objection.values["limit"], objection.values["minutes"]) == (code, 600, 660)
    elsewhen = replace(last, shifts=((at("2027-01-05 10:00"), at("2027-01-05 18:00")),))
    assert outlook([a_claim(wanteds[first])], elsewhen, rule).objections == ()


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["strict", "other"]), st.integers(7, 20), st.integers(1, 9)), min_size=2, max_size=8
    )
)
def test_in_whatever_order_places_are_given_no_week_passes_a_hard_limit_of_any_of_them(
    drawn: list[tuple[str, int, int]],
) -> None:
    rule = LimitTable((a_limit("week_minutes", 600, scope="strict"), a_limit("week_minutes", 900)))
    taken: list[Claim] = []
    for number, (programme, day, hours) in enumerate(drawn):
        wanted = a_wanted(f"opn-{number}", f"2026-12-{day:02d}", direct=False, hours=hours, programme_code=programme)
        if not outlook(taken, wanted, rule).objections:
            taken.append(a_claim(wanted))

    for week in {week_of(claim.first_day) for claim in taken}:
        of_week = [claim for claim in taken if week_of(claim.first_day) == week]
        most = 600 if any(claim.programme_code == "strict" for claim in of_week) else 900
        assert minutes_by(week_of, of_week)[week] <= most


def test_a_limit_of_another_place_says_nothing_of_work_that_it_is_not_about() -> None:
    rule = LimitTable((a_limit("week_minutes", 600, scope="strict", engagements=("employment",)),))
    strict = a_claim(
        a_wanted("opn-1", "2026-12-08", direct=False, hours=8, programme_code="strict", engagement="employment")
    )

    assert outlook([strict], a_wanted("opn-2", "2026-12-09", direct=False, hours=8), rule).objections == ()


def test_a_week_goes_by_the_limit_of_its_first_day_of_work() -> None:
    rule = LimitTable(
        (
            a_limit("week_minutes", 600, until=date(2026, 12, 9)),
            a_limit("week_minutes", 60, since=date(2026, 12, 9)),
        )
    )

    assert outlook([], a_wanted("opn-1", "2026-12-08", "2026-12-10", direct=False), rule).objections == ()
    assert outlook([], a_wanted("opn-1", "2026-12-09", "2026-12-10", direct=False), rule).objections != ()


# Pay.


def test_what_passes_the_monthly_cap_is_told_and_never_refused() -> None:
    done = a_claim(a_wanted("opn-1", "2026-12-01", "2026-12-12", direct=False, hours=4))
    other = a_claim(a_wanted("opn-3", "2026-12-01", "2026-12-12", direct=False, hours=4, programme_id="elsewhere"))

    found = outlook(
        [done, other], a_wanted("opn-2", "2026-12-21", "2026-12-23", direct=False, hours=4), LimitTable((CAP,))
    )

    (month,) = found.months
    assert (month.won_after, month.cap, month.above_cap) == (15 * 41_280, 583_444, 35_756)
    assert named(*found.warnings) == ["monthly_cap_passed"]
    assert found.objections == ()


def test_pay_is_rounded_up_shift_by_shift() -> None:
    begin = at("2026-12-07 10:00")
    twice = a_wanted(shifts=tuple((begin + n * DAY, begin + n * DAY + timedelta(minutes=1)) for n in range(3)))

    assert outlook([], twice, ALL).months[0].won_after == 3 * 172


def test_exactly_the_cap_is_not_above_it() -> None:
    exact = replace(CAP, value=41_280)

    assert outlook([], a_wanted(hours=4), LimitTable((exact,))).warnings == ()
    assert outlook([], a_wanted(hours=4), LimitTable((replace(exact, value=41_279),))).months[0].above_cap == 1


def test_a_limit_that_is_required_and_missing_stops_everybody() -> None:
    empty = LimitTable((), (Required("monthly_cap", "gs-citizen-allowance", date(2026, 1, 1)),))

    with pytest.raises(Refused, match="limit_row_missing"):
        outlook([], a_wanted(), empty)


def test_what_is_shown_is_json_ready() -> None:
    told = outlook([a_job("2026-12-01", "2026-12-10")], a_wanted("opn-2", "2026-12-09"), HARD).to_wire()

    assert told["overlap_days"] == ["2026-12-09"]
    assert told["weeks"] == [{"week": "2026-W50", "minutes_before": 0, "minutes_after": 120, "limit": 900}]
    assert told["months"][0]["cap"] is None
    assert told["objections"][0]["field"] == "shifts"


def _days(claim: Claim) -> set[date]:
    return {claim.first_day + n * DAY for n in range((claim.last_day - claim.first_day).days + 1)}
