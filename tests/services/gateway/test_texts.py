"""Every code that any part of Sipbun can refuse with has its words, in both languages."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.gateway import catalogue
from tests.harness import ROOT

#: Calls whose first argument is a code.
FAMILIES = ("Refused", "NotFound", "Conflict", "Problem", "Telling")


def raised(tree: ast.AST) -> Iterator[str]:
    """Yield a regular expression for each code that is written in a module: an f-string's holes may be anything."""
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call) or not call.args:
            continue
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        if name not in FAMILIES:
            continue
        code = call.args[0]
        if isinstance(code, ast.Constant) and isinstance(code.value, str):
            yield re.escape(code.value)
        elif isinstance(code, ast.JoinedStr):
            yield "".join(
                re.escape(str(part.value)) if isinstance(part, ast.Constant) else "[a-z_]+" for part in code.values
            )


def modules() -> list[Path]:
    """Return every module of ours that may refuse something."""
    return [path for folder in ("services", "shared") for path in sorted((ROOT / folder).rglob("*.py"))]


def test_every_code_has_its_words_in_both_languages() -> None:
    missing = {
        f"{path.relative_to(ROOT)}: {code}"
        for path in modules()
        for code in raised(ast.parse(path.read_text(encoding="utf-8")))
        for language in catalogue.LANGUAGES
        if not any(re.fullmatch(code, known) for known in catalogue.codes(language))
    }

    assert not missing


def test_both_languages_know_the_same_codes_and_the_same_values() -> None:
    korean, english = catalogue.codes("ko"), catalogue.codes("en")

    assert korean.keys() == english.keys()
    for code in korean:
        assert set(korean[code]) == set(english[code]) == {"title", "detail", "fix"}, code
        for part in ("title", "detail", "fix"):
            assert holes(korean[code][part]) == holes(english[code][part]), code


def holes(text: str) -> set[str]:
    """Return the names to be filled in."""
    return set(re.findall(r"\{(\w+(?::\w+=?)?)\}", text))


@pytest.mark.parametrize("code", sorted(catalogue.codes("ko")))
def test_words_are_whole_even_when_an_error_brought_no_values(code: str) -> None:
    for language in catalogue.LANGUAGES:
        told = catalogue.words(code, language)
        for text in (told.title, told.detail, told.fix):
            assert text
            assert "{" not in text


def test_korean_is_polite_and_korean() -> None:
    for code, texts in catalogue.codes("ko").items():
        assert re.search(r"[가-힣]", texts["title"]), code
        assert texts["detail"].rstrip().endswith((".", "}")), code


def test_what_a_schema_objects_is_told_in_korean() -> None:
    assert catalogue.why("Missing data for required field.", "ko") == "꼭 필요한 값입니다."
    assert catalogue.why("Must be one of: fast, slow.", "ko") == "fast, slow 가운데 하나여야 합니다."
    assert catalogue.why("Nobody translated this.", "ko") == "Nobody translated this."


def test_a_time_without_an_offset_is_told_in_english_by_what_to_give() -> None:
    for fault in ("Not a valid aware datetime.", "Not a valid datetime."):
        assert catalogue.why(fault, "en") == "Give an instant with an offset, such as 2026-11-22T09:00:00+09:00."
