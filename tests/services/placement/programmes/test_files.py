"""The operator's files of districts and kinds: what is wrong is named by its row, its field and the fix."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from services.placement.programmes.storage import read_districts, read_kinds
from tests.services.placement.programmes.city import DATA


def a_file(folder: Path, text: str) -> Path:
    file = folder / "districts.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_codes_are_valid_on_days_and_names_stay(tmp_path: Path) -> None:
    told = a_file(tmp_path, "districts:\n  - {code: '28260', name: 인천광역시 서구, valid_to: 2026-07-01}\n  - {code: '28290'}\n")

    assert read_districts(told) == {"28260": (None, date(2026, 7, 1)), "28290": (None, None)}
    assert read_districts(DATA / "districts.yaml")["28260"] == (None, date(2026, 7, 1))


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
