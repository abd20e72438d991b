"""The words for every problem a caller may be told of: by code, Korean first, English beside it.

    texts/ko.yaml   no_place_left: {title: ..., detail: ..., fix: ...}
                    _faults: [{match: <regular expression>, say: ...}]   what marshmallow says of a field
                    _values: {role: {officer: 담당 공무원}}              words for values that services tell as codes
    _said: {rule: {least_served: {title: ..., detail: ..., otherwise: ...}}}   codes within answers that are no problems

``{field}`` and the error's own values may stand in ``detail`` and ``fix``. ``{needs:role}`` is told in the words of the table
``role``; ``{modes:mode=}`` with the code beside each word, for whoever has to send it; ``{values:field=}`` by the table that
is called as the field is. A code without a word is told as it is.
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
#: What follows the name of a value in a text: the table of its words.
_TABLE = re.compile(r":\w+=?}")
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
        detail=_filled(texts["detail"], told, language) or title,
        fix=_filled(texts["fix"], told, language) or texts["fix"].partition("{")[0].strip() or title,
    )


def plain(text: str) -> str:
    """Return a text as people read it who see what is to be filled in: ``{needs}``, without the table's name."""
    return _TABLE.sub("}", text)


def why(fault: str, language: str, field: str | None = None) -> str:
    """Return what is wrong with a field, in a language; a sentence nobody has translated stays as it is.

    The codes that the field may have are told with their words, where its table has them.
    """
    for pattern, say in _faults(language):
        if found := pattern.match(fault):
            if "{codes}" not in say:
                return found.expand(say)
            choices = found[1].split(", ")
            return say.replace("{codes}", _said(choices, _known(language, "field", field, choices), with_code=True))
    return fault


def said(kind: str, code: str, values: Mapping[str, Any]) -> dict[str, str]:
    """Return title and detail of a code that is no problem, in Korean and (``_en``) in English; unknown: the code.

    ``kind``: a table under ``_said``, such as the rules by which candidates are ranked. Where a value of the detail is
    not known, ``otherwise`` is told instead.
    """
    told: dict[str, str] = {}
    for language, suffix in (("ko", ""), ("en", "_en")):
        texts = _file(language)["_said"][kind].get(code) or {"title": code}
        detail = _filled(texts.get("detail", texts["title"]), values, language)
        told |= {f"title{suffix}": texts["title"], f"detail{suffix}": detail or texts.get("otherwise", texts["title"])}
    return told


def _filled(text: str, values: Mapping[str, Any], language: str) -> str | None:
    """Return the text with its values, or None when one of them is missing."""
    told = []
    for literal, name, spec, _ in Formatter().parse(text):
        told.append(literal)
        if name:
            if values.get(name) is None:
                return None
            table, with_code = (spec or "").rstrip("="), (spec or "").endswith("=")
            known = _known(language, table, values.get("field"), values[name])
            told.append(_said(values[name], known, with_code=with_code))
    return "".join(told)


def _known(language: str, table: str, field: str | None, codes: Any) -> Mapping[str, str]:
    """Return the words of a table.

    Of ``field`` it is the one that has all the codes: first the one that is called as the field is (``topics.0``:
    ``topic``), then whichever does.
    """
    tables: Mapping[str, Mapping[str, str]] = _file(language)["_values"]
    if table != "field":
        return tables.get(table, {})
    name = next((part for part in reversed((field or "").split(".")) if not part.isdigit()), "")
    own = tables.get(name) or tables.get(name.removesuffix("s")) or {}
    wanted = set(codes) if isinstance(codes, (list, tuple)) else {codes}
    return own if own.keys() >= wanted else next((one for one in tables.values() if one.keys() >= wanted), own)


def _said(value: Any, known: Mapping[str, str], *, with_code: bool) -> str:
    """Return a value as people read it; ``known``: the words of codes."""
    if isinstance(value, (list, tuple, set, frozenset)):
        return ", ".join(_said(one, known, with_code=with_code) for one in value)
    if isinstance(value, str) and value in known:
        return f"{known[value]}({value})" if with_code else known[value]
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
