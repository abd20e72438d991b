"""The operator's files of districts and kinds: what is wrong is named by its row, its field and the fix."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from services.placement.programmes.districts import Named
from services.placement.programmes.files import read_districts, read_kinds
from tests.services.placement.programmes.city import DATA


def a_file(folder: Path, text: str) -> Path:
    file = folder / "districts.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_codes_are_valid_on_days_and_names_stay(tmp_path: Path) -> None:
    told = read_districts(
        a_file(tmp_path, "districts:\n  - {code: '28260', name: 서구, valid_to: 2026-07-01}\n  - {code: '28290'}\n")
    )

    assert told.rows == {"28260": (Named("서구", None, None, date(2026, 7, 1)),), "28290": (Named(),)}
    assert read_districts(DATA / "districts.yaml").valid("28260") == (None, date(2026, 7, 1))


def test_a_code_may_have_a_name_after_another_in_whatever_order_they_are_written(tmp_path: Path) -> None:
    first, second = "{code: '29200', name: 광산구, valid_to: 2027-01-01}", "{code: '29200', valid_from: 2027-01-01}"

    told = read_districts(a_file(tmp_path, f"districts:\n  - {second}\n  - {first}\n"))

    assert [row.name for row in told.rows["29200"]] == ["광산구", None]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("districts:\n  - {name: 인천광역시 서구}\n", "districts row 1: code: give the five digits"),
        ("districts:\n  - {code: 2826}\n", "districts row 1: code: give the five digits"),
        ("districts:\n  - 28260\n", "districts row 1: code"),
        ("districts:\n  - {code: '28260', valid_to: '2026-07-01'}\n", "valid_to: '2026-07-01': give a day without quotes"),
        ("districts:\n  - {code: '28260', valid_from: 2026-02-29}\n", "districts"),
        ("districts:\n  - {code: '28260', valid_to: 2026}\n", "valid_to: 2026: give a day"),
        ("districts:\n  - {code: '28260', valid_from: 2026-07-01, valid_to: 2026-07-01}\n", "give a day after valid_from"),
        ("districts:\n  - {code: '28260\\n'}\n", "districts row 1: code"),
        ("districts:\n  - {code: ２８２６０}\n", "districts row 1: code"),
        ("districts:\n  - {code: '28260', name: ' '}\n", "name: ' ': give a name such as 광산구"),
        ("districts:\n  - {code: '28260', municipality: 28}\n", "municipality: 28: give a name"),
        (
            "districts:\n  - {code: '28260', valid_to: 2026-07-02}\n  - {code: '28260', valid_from: 2026-07-01}\n",
            "districts row 2: code: 28260 is there twice: give it on days that don't meet",
        ),
        ("districts:\n  - {code: '28260'}\n  - {code: '28260'}\n", "districts row 2: code: 28260 is there twice"),
        ("districts:\n", "districts: give a list of rows"),
        ("kinds: []\n", "districts: give a list of rows"),
        ("", "districts: give a list of rows"),
    ],
)
def test_what_is_wrong_with_a_district_is_named(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why if why != "districts" else "day|month|range"):
        read_districts(a_file(tmp_path, text))


def test_a_file_of_kinds_without_kinds_says_so(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="kinds: give a list of rows under this name"):
        read_kinds(a_file(tmp_path, "kind: []\n"))
