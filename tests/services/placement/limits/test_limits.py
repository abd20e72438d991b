"""The rows of the operator's file, and which of them speaks on a day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from services.placement.limits.model import Limit, LimitTable, Required
from services.placement.limits.storage import read_limits
from shared.errors import Refused
from tests.harness import ROOT

SHIPPED = read_limits(ROOT / "deploy/data/limits.yaml")
NATION = Limit("week_minutes", 900, "warn", date(2026, 1, 1), None, "근로기준법")
GWANGSAN = ("29200", "29")


def found(table: LimitTable, kind: str = "week_minutes", day: date = date(2026, 12, 1), **changes: Any) -> Limit | None:
    asked: dict[str, Any] = {
        "programme_code": "gs-citizen-allowance",
        "regions": GWANGSAN,
        "direct_job": False,
        "engagement": "participation_allowance",
    }
    return table.of(kind, day=day, **{**asked, **changes})


def test_the_nearest_row_speaks() -> None:
    city, district, programme = (replace(NATION, scope=scope) for scope in ("29", "29200", "gs-citizen-allowance"))

    assert found(LimitTable((NATION,))) is NATION
    assert found(LimitTable((NATION, city))) is city
    assert found(LimitTable((NATION, city, district))) is district
    assert found(LimitTable((NATION, city, district, programme))) is programme
    assert found(LimitTable((replace(NATION, scope="11"),))) is None


def test_a_row_speaks_from_since_to_the_day_before_until() -> None:
    table = LimitTable((replace(NATION, until=date(2027, 1, 1)),))

    days = [date(2025, 12, 31), date(2026, 1, 1), date(2026, 12, 31), date(2027, 1, 1)]
    assert [found(table, day=day) is not None for day in days] == [False, True, True, False]


def test_a_row_speaks_only_of_whom_it_concerns() -> None:
    direct = LimitTable((replace(NATION, direct_job=True),))
    paid = LimitTable((replace(NATION, engagements=("employment",)),))

    assert found(direct) is None
    assert found(direct, direct_job=True) is not None
    assert found(paid) is None
    assert found(paid, engagement="employment") is not None


def test_a_missing_row_is_no_limit_unless_it_is_required() -> None:
    required = LimitTable((), (Required("monthly_cap", "gs-citizen-allowance", date(2026, 1, 1)),))

    assert found(LimitTable(), "monthly_cap") is None
    assert found(required, "monthly_cap", date(2025, 12, 31)) is None
    assert found(required, "monthly_cap", programme_code="other") is None
    with pytest.raises(Refused, match="limit_row_missing"):
        found(required, "monthly_cap")


def test_a_duty_begins_at_the_value_and_a_ceiling_may_be_reached() -> None:
    assert NATION.is_passed(900)
    assert not NATION.is_passed(899)
    ceiling = replace(NATION, effect="refuse")
    assert not ceiling.is_passed(900)
    assert ceiling.is_passed(901)


def test_the_shipped_rows_are_those_of_the_notices() -> None:
    kinds = {(row.kind, row.per): (row.value, row.effect) for row in SHIPPED.rows if row.scope == "KR"}

    assert kinds == {
        ("direct_job_overlap", "total"): (0, "refuse"),
        ("shift_overlap", "total"): (0, "refuse"),
        ("repeat_months", "total"): (24, "refuse"),
        ("recent_months", "total"): (12, "rank"),
        ("week_minutes", "total"): (15 * 60, "warn"),
        ("week_minutes", "employer"): (15 * 60, "warn"),
        ("month_minutes", "total"): (60 * 60, "warn"),
        ("month_minutes", "employer"): (60 * 60, "warn"),
    }
    cap = found(SHIPPED, "monthly_cap")
    assert cap is not None
    assert (cap.value, cap.effect, cap.per) == (583_444, "flag", "programme")
    week = found(SHIPPED, per="programme")
    assert week is not None
    assert (week.value, week.effect) == (13 * 60, "flag")
    assert all(row.source for row in SHIPPED.rows)


GOOD = "{kind: week_minutes, scope: KR, value: 900, effect: warn, since: 2026-01-01, source: 근로기준법}"
BAD = {
    GOOD.replace(
        "week_minutes", "day_minutes"
    ): r"limits row 1: kind 'day_minutes': give one of monthly_cap, week_minut",
    GOOD.replace("warn", "shout"): r"limits row 1: effect 'shout': give one of refuse, warn, flag",
    # What would be read and never do anything.
    GOOD.replace("warn", "rank"): r"limits row 1: effect 'rank': give one of refuse, warn, flag",
    GOOD.replace("week_minutes", "direct_job_overlap").replace("warn", "flag"): r"effect 'flag': give one of refuse, warn$",
    GOOD.replace("scope", "engagements: employment, scope"): r"engagements 'employment': give a list such as \[employment\]",
    GOOD.replace("week_minutes", "shift_overlap").replace("scope", "per: employer, scope"): "per 'employer': give one of total",
    GOOD.replace("week_minutes", "repeat_months").replace("900", "36, of: 36, for: 12"): "value 36 of 36 months is never",
    GOOD.replace("week_minutes", "recent_months").replace("900", "25, of: 24, for: 12"): "value 25 of 24 months is never",
    GOOD.replace("week_minutes", "repeat_months").replace("900", "24, of: 99999, for: 12"): "of 99999: give months, 1 to 600",
    GOOD.replace("week_minutes", "recent_months").replace("900", "12, of: 24, for: 99999"): "for 99999: give months, 1 to 600",
    GOOD.replace("value: 900, ", ""): "limits row 1: value is missing: add it",
    GOOD.replace("900", "'15시간'"): "limits row 1: value '15시간': give a whole number, 1 or more",
    GOOD.replace("2026-01-01", "2026"): "limits row 1: since 2026: give a day such as 2026-01-01",
    GOOD.replace("since", "until: 2026-01-01, since"): "limits row 1: until 2026-01-01 is not after since 2026-01-01",
    GOOD.replace("근로기준법", "''"): "limits row 1: source is empty: say where the limit is published",
    GOOD.replace("kind", "sort"): r"limits row 1: nobody knows \['sort'\]: give",
    GOOD.replace("scope", "direct_job: maybe, scope"): "limits row 1: direct_job 'maybe': give true or false",
    GOOD.replace("week_minutes", "repeat_months"): "limits row 1: of is missing: add it",
    f"{GOOD}\n  - {GOOD}": "limits rows 1 and 2 are about the same days: end one with until",
}


@pytest.mark.parametrize("rows", BAD)
def test_an_error_in_the_file_names_the_row_and_the_fix(rows: str, tmp_path: Path) -> None:
    file = tmp_path / "limits.yaml"
    file.write_text(f"limits:\n  - {rows}\n", encoding="utf-8")

    with pytest.raises(ValueError, match=BAD[rows]):
        read_limits(file)


@pytest.mark.parametrize("text", ["limit:\n  - {}\n", "- {kind: week_minutes}\n", "limits: []\nneeded: []\n"])
def test_a_file_whose_names_are_misspelt_is_not_read_as_a_town_without_limits(text: str, tmp_path: Path) -> None:
    file = tmp_path / "limits.yaml"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(ValueError, match="the file has limits and required, each a list"):
        read_limits(file)


def test_a_required_row_says_only_what_is_read_of_it(tmp_path: Path) -> None:
    file = tmp_path / "limits.yaml"
    file.write_text("required:\n  - {kind: week_minutes, scope: KR, since: 2026-01-01, until: 2027-01-01}\n", "utf-8")

    with pytest.raises(ValueError, match=r"required row 1: nobody knows \['until'\]"):
        read_limits(file)


def test_a_limit_is_looked_back_on_for_as_long_as_it_counts_and_lasts() -> None:
    lasting = replace(NATION, kind="repeat_months", value=24, of_last_months=36, for_months=12)

    assert LimitTable().looks_back == 1
    assert LimitTable((NATION, lasting)).looks_back == SHIPPED.looks_back == 49


def test_rows_of_other_days_or_other_people_stand_beside_each_other(tmp_path: Path) -> None:
    file = tmp_path / "limits.yaml"
    rows = [
        GOOD.replace("since", "until: 2027-01-01, since"),
        GOOD.replace("2026-01-01", "2027-01-01"),
        GOOD.replace("scope", "per: employer, scope"),
        GOOD.replace("KR", "'29200'").replace("scope", "engagements: [volunteer], scope"),
        GOOD.replace("KR", "'29200'").replace("scope", "engagements: [employment], scope"),
    ]
    file.write_text("limits:\n" + "".join(f"  - {row}\n" for row in rows), encoding="utf-8")

    assert len(read_limits(file).rows) == 5
