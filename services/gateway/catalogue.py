"""The words for every problem a caller may be told of: by code, Korean first, English beside it.

    texts/ko.yaml   no_place_left: {title: ..., detail: ..., fix: ...}
                    _faults: [{match: <regular expression>, say: ...}]   what marshmallow says of a field
    _said: {rule: {least_served: {title: ..., detail: ..., otherwise: ...}}}   codes within answers that are no problems

``{field}`` and the error's own values may stand in ``detail`` and ``fix``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any

import yaml

from shared.clock import KST, from_iso

TEXTS = Path(__file__).parent / "texts"
LANGUAGES = ("ko", "en")
#: How services write an instant, in UTC; people read it as it is in Seoul.
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
#: Told when a service gives a code that nobody has written a text for.
UNKNOWN = "refused"


@dataclass(frozen=True)
class Words:
    """What is told of one problem in one language; ``fix`` says what to do about it."""

    title: str
    detail: str
    fix: str


@cache
def codes(language: str) -> Mapping[str, Mapping[str, str]]:
    """Return every code's texts in a language."""
    return {code: texts for code, texts in _file(language).items() if not code.startswith("_")}


def words(code: str, language: str, *, field: str | None = None, values: Mapping[str, Any] | None = None) -> Words:
    """Return the words for a code; an unknown code gets the words of ``refused``, with the code in them."""
    texts = codes(language).get(code) or codes(language)[UNKNOWN]
    told = {"code": code, "field": field or ("입력" if language == "ko" else "input"), **(values or {})}
    title = texts["title"]
    return Words(
        title=title,
        detail=_filled(texts["detail"], told) or title,
        fix=_filled(texts["fix"], told) or texts["fix"].partition("{")[0].strip() or title,
    )


def why(fault: str, language: str) -> str:
    """Return what is wrong with a field, in a language; a sentence nobody has translated stays as it is."""
    for pattern, say in _faults(language):
        if found := pattern.match(fault):
            return found.expand(say)
    return fault


def said(kind: str, code: str, values: Mapping[str, Any]) -> dict[str, str]:
    """Return title and detail of a code that is no problem, in Korean and (``_en``) in English; unknown: the code.

    ``kind``: a table under ``_said``, such as the rules by which candidates are ranked. Where a value of the detail is
    not known, ``otherwise`` is told instead.
    """
    told: dict[str, str] = {}
    for language, suffix in (("ko", ""), ("en", "_en")):
        texts = _file(language)["_said"][kind].get(code) or {"title": code}
        detail = _filled(texts.get("detail", texts["title"]), values)
        told |= {f"title{suffix}": texts["title"], f"detail{suffix}": detail or texts.get("otherwise", texts["title"])}
    return told


def _filled(text: str, values: Mapping[str, Any]) -> str | None:
    """Return the text with its values, or None when one of them is missing."""
    wanted = {name for _, name, _, _ in Formatter().parse(text) if name}
    if not wanted <= {name for name, value in values.items() if value is not None}:
        return None
    return Formatter().vformat(text, (), {name: _said(values[name]) for name in wanted})


def _said(value: Any) -> str:
    if isinstance(value, (list, tuple, set, frozenset)):
        return ", ".join(map(str, value))
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, str) and _INSTANT.fullmatch(value):
        return f"{from_iso(value).astimezone(KST):%Y-%m-%d %H:%M}"
    return str(value)


@cache
def _faults(language: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(row["match"]), row["say"]) for row in _file(language).get("_faults", ()))


@cache
def _file(language: str) -> Mapping[str, Any]:
    told: Mapping[str, Any] = yaml.safe_load((TEXTS / f"{language}.yaml").read_text(encoding="utf-8"))
    return told
