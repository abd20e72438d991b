"""Figures as files: Excel opens them, no text runs as a formula, and nothing unknown is a 0."""

from __future__ import annotations

import csv
import io
import json
from base64 import b64decode
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from marshmallow import ValidationError
from openpyxl import load_workbook

from services.statistics.headings import COMMON, EVERY_DAY, HEADINGS, MASKED, MEASURED, TITLES, UNKNOWN
from services.statistics.schemas import Export, Figures, Outcomes
from services.statistics.sheets import BOM, FORMATS
from services.statistics.tables import TABLES
from services.statistics.usecases import MOST_EXPORTED, MOST_ROWS
from shared.errors import Refused
from shared.events.placement import OPENING_PUBLISHED, PLACEMENT_SELECTED
from shared.events.placement.plans import TARGET_MEASURES, TARGET_SET
from shared.events.residents import GROUP_COUNTED
from shared.messaging.rpc import MAX_BYTES
from shared.mongo.twin import TwinDatabase
from tests.services.facts import said
from tests.services.statistics.test_figures import OPERATOR, TENANT, Desk, a_filled_opening
from tests.services.statistics.test_groups import everybody, publish


@pytest.fixture
def desk() -> Desk:
    return Desk(TwinDatabase())


def export(desk: Desk, form: str = "csv", **asked: Any) -> dict[str, Any]:
    return desk.statistics.export(OPERATOR, tenant=TENANT, format=form, **asked)


def lines(told: dict[str, Any]) -> list[list[str]]:
    return list(csv.reader(io.StringIO(told["content"].removeprefix(BOM), newline="")))


def cells(told: dict[str, Any]) -> list[list[Any]]:
    page = load_workbook(io.BytesIO(b64decode(told["content"]))).active
    assert page is not None
    return [[cell.value for cell in row] for row in page.iter_rows()]


def test_a_csv_is_what_excel_reads_as_korean(desk: Desk) -> None:
    desk.note(*a_filled_opening())

    told = export(desk, through="2026-11-22")

    assert (told["name"], told["media_type"], told["encoding"]) == (
        "jobs_2026-11-22.csv",
        "text/csv; charset=utf-8",
        "text",
    )
    assert told["content"].encode().startswith(b"\xef\xbb\xbf")
    found = lines(told)
    assert found[:3] == [["일자리 통계"], ["기준일", "2026-11-22"], ["자료 시점", "2026-11-22 09:30 (KST)"]]
    assert found[4][:6] == ["사업", "시·군·구 코드", "월", "모집 인원", "지원(건)", "배치(명)"]
    assert found[5][:6] == ["gs-citizen-allowance", "29200", "2026-11", "3", "10", "3"]
    assert found[6][:6] == ["합계", "", "", "3", "10", "3"]


def test_a_sheet_says_when_it_was_known_as_the_clock_in_seoul_shows_it_and_json_says_the_instant(desk: Desk) -> None:
    desk.note(*a_filled_opening())
    late = {"known_at": "2026-11-21T15:00:00.000Z"}

    assert lines(export(desk, **late))[2] == cells(export(desk, "xlsx", **late))[2][:2] == [
        "자료 시점",
        "2026-11-22 00:00 (KST)",
    ]
    assert json.loads(export(desk, "json", **late)["content"])["known_at"] == late["known_at"]


def test_the_name_of_a_file_has_the_day_in_seoul_that_was_asked_for(desk: Desk) -> None:
    late = "2026-11-20T15:00:00.000Z"

    assert export(desk)["name"] == "jobs_2026-11-22.csv"
    assert export(desk, known_at=late)["name"] == "jobs_known-2026-11-21.csv"
    assert export(desk, "xlsx", known_at=late, through="2026-10-31", month="2026-10")["name"] == (
        "jobs_2026-10_2026-10-31_known-2026-11-21.xlsx"
    )


def test_a_file_without_a_day_does_not_call_what_is_to_come_todays(desk: Desk) -> None:
    desk.note(said(TARGET_SET, "t-1", day="2027-03-01"))

    assert lines(export(desk, about="programmes"))[1] == ["기준일", EVERY_DAY]
    assert lines(export(desk, about="programmes", through="2026-11-22"))[1] == ["기준일", "2026-11-22"]


def test_a_total_over_anothers_target_is_unknown_in_every_format(desk: Desk) -> None:
    desk.note(*(said(PLACEMENT_SELECTED, f"s-{n}", programme_id="광산구:가") for n in range(2)))
    desk.note(said(TARGET_SET, "t-나", programme_id="광산구:나", value=30))

    assert lines(export(desk, about="outcomes"))[-2] == ["합계", "", "일자리(개)", "30", "2", UNKNOWN]
    assert cells(export(desk, "xlsx", about="outcomes"))[-2][3:] == [30, 2, UNKNOWN]
    told = json.loads(export(desk, "json", about="outcomes")["content"])
    assert told["total"]["jobs"] == {"target": 30, "outcome": 2, "achieved": None}


def test_headings_keep_minutes_worked_from_coming_and_sent_back_from_given_back() -> None:
    assert HEADINGS["attendance"]["attended"] == "근무시간 이행률(근무분/계획분)"
    assert HEADINGS["programmes"]["returned"] == HEADINGS["pay"]["returned"] == "지급 반송(원)"
    assert HEADINGS["jobs"]["openings_filled"] == "모집 완료(회)"


def test_what_is_unknown_is_said_in_words_and_masked_cells_in_others(desk: Desk) -> None:
    desk.note(said(PLACEMENT_SELECTED, "s-1"), *(said(GROUP_COUNTED, f"g-{n}") for n in range(6)), *everybody(20))
    publish(desk)

    assert lines(export(desk))[-1][-1] == UNKNOWN, "a competition without places"
    assert lines(export(desk, district="28260"))[-1][3:] == [UNKNOWN] * len(HEADINGS["jobs"])
    groups = lines(export(desk, about="groups"))
    assert groups[-2][4:] == [MASKED, "5", MASKED, "가림"]
    assert ["기준일", "2026-11-30"] in groups
    assert any("5명 단위로 내림" in line[0] for line in groups)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("about", [*TABLES, "outcomes"])
def test_every_table_is_written_in_every_format_empty_or_not(desk: Desk, about: str, form: str) -> None:
    empty = export(desk, form, about=about)
    desk.note(*a_filled_opening(), said(TARGET_SET, "t-1"))
    full = export(desk, form, about=about)

    for told in (empty, full):
        if form == "xlsx":
            assert cells(told)[0][0] == TITLES[about]
        elif form == "json":
            assert json.loads(told["content"])["title"] == TITLES[about]
        else:
            assert lines(told)[0] == [TITLES[about]]


def test_a_workbook_is_read_back_with_numbers_as_numbers(desk: Desk) -> None:
    desk.note(*a_filled_opening())

    found = cells(export(desk, "xlsx"))

    assert found[5][:6] == ["gs-citizen-allowance", "29200", "2026-11", 3, 10, 3]
    assert found[5][-1] == 3.33


def test_json_says_the_same_as_the_figures(desk: Desk) -> None:
    desk.note(*a_filled_opening())

    told = json.loads(export(desk, "json")["content"])

    assert {name: told[name] for name in ("rows", "total", "through", "known_at")} == {
        name: desk.figures()[name] for name in ("rows", "total", "through", "known_at")
    }
    assert told["headings"]["competition"] == "경쟁률"


FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "=HYPERLINK(\"http://x\",\"눌러 보십시오\")", "＝1")


@pytest.mark.parametrize("text", FORMULAS)
def test_no_text_runs_as_a_formula(desk: Desk, text: str) -> None:
    # A contract refuses control characters in an id; a file does not count on it.
    event = said(OPENING_PUBLISHED, "p-1")
    event.data["programme_id"] = text  # type: ignore[index]
    desk.note(event)

    (row,) = [line for line in lines(export(desk)) if "29200" in line]
    page = load_workbook(io.BytesIO(b64decode(export(desk, "xlsx")["content"]))).active

    assert row[0].startswith("'")
    assert page is not None
    assert "f" not in {cell.data_type for line in page.iter_rows() for cell in line}


@settings(max_examples=20, deadline=None)
@given(st.text(min_size=1, max_size=20))
def test_whatever_a_programme_is_called_its_line_stays_one_line(name: str) -> None:
    desk = Desk(TwinDatabase())
    event = said(OPENING_PUBLISHED, "p-1")
    event.data["programme_id"] = name.encode(errors="ignore").decode() or "사업"  # type: ignore[index]
    desk.note(event)

    assert len(lines(export(desk))) == 7
    assert len(cells(export(desk, "xlsx"))) == 7
    assert lines(export(desk))[5][0].lstrip(" ")[:1] not in tuple("=+-@\t\r")


def test_pages_of_a_csv_make_one_file(desk: Desk) -> None:
    desk.note(*(said(OPENING_PUBLISHED, f"p-{n}", programme_id=f"사업-{n:02}") for n in range(5)))

    first = export(desk, limit=3)
    second = export(desk, limit=3, cursor=first["cursor"])
    whole = export(desk)

    assert (first["rows"], second["rows"], second["cursor"]) == (3, 2, None)
    assert first["content"] + second["content"] == whole["content"]


@pytest.mark.parametrize("form", FORMATS)
def test_the_largest_file_crosses_the_broker(desk: Desk, form: str) -> None:
    long = "아주 긴 이름의 사업 " * 9
    desk.note(
        *(
            said(OPENING_PUBLISHED, f"p-{n}", programme_id=f"{n}{long}", places=9_999_999, district="29200" * 4)
            for n in range(MOST_EXPORTED + 1)
        )
    )

    told = export(desk, form)

    assert len(orjson.dumps(told)) < MAX_BYTES
    assert told["cursor"] is not None
    with pytest.raises(Refused, match="out_of_range"):
        export(desk, form, limit=MOST_EXPORTED + 1)


def test_every_measure_has_a_korean_heading() -> None:
    for about, table in TABLES.items():
        assert set(HEADINGS[about]) == {*table.measures, *table.ratios}
        assert TITLES[about]
    assert set(MEASURED) == set(TARGET_MEASURES)
    assert not set(COMMON) & {name for headings in HEADINGS.values() for name in headings}


def test_what_belongs_to_other_figures_is_refused(desk: Desk) -> None:
    with pytest.raises(Refused, match="umbrella_of_outcomes"):
        export(desk, umbrella="동행")
    with pytest.raises(Refused, match="no_such_rows"):
        export(desk, about="outcomes", by="plan")
    assert export(desk, about="outcomes", umbrella="동행")["rows"] == 0


def test_the_door_knows_every_table_and_refuses_others() -> None:
    assert Export().load({"tenant": "t", "about": "outcomes"})["limit"] == MOST_EXPORTED
    assert Figures().load({"tenant": "t", "about": "pay"})["limit"] == MOST_ROWS
    assert Outcomes().load({"tenant": "t", "umbrella": "u"})["umbrella"] == "u"
    for wrong in ({"about": "outcomes"}, {"by": "month"}, {"limit": MOST_ROWS + 1}, {"format": "csv"}):
        with pytest.raises(ValidationError):
            Figures().load({"tenant": "t", **wrong})
