"""Values that services tell as codes are told in words, in both languages: nobody reads ``first_come`` in a sentence."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
import yaml
from marshmallow import Schema, validate

from services.gateway import catalogue
from services.gateway.subject import Body
from services.notifications.letters.model import MAIL_STATES
from services.placement.attendance.deciding import ANY_WORD, IN, OUT
from services.placement.batches.schemas import STATES as BATCH_STATES
from services.placement.limits.model import KINDS as LIMITS
from services.placement.openings.scores import SCORE_RULES
from services.placement.organisations.model import KINDS as ORGANISATION_KINDS
from services.placement.organisations.model import MEASURES as COUNTED
from services.placement.organisations.model import OPERATOR_KINDS
from services.placement.programmes.figures import MEASURES, QUALIFIERS
from services.placement.wages.model import FLOORS
from services.residents.accounts.model import METHODS
from services.residents.interests.model import TOPICS
from services.spaces.agreement.model import ADAPTERS
from services.spaces.agreement.reading import _REASONS
from services.spaces.facilities.values import CONFLICT, HOLIDAYS, STALE
from services.spaces.plans.model import KINDS as PLAN_KINDS
from services.spaces.plans.model import PROMOTIONS
from shared.actors import ROLES
from shared.errors import Refused
from shared.events.placement.openings import MODES
from shared.events.placement.plans import ENGAGEMENTS, FUNDERS, TARGET_MEASURES
from shared.events.residents import PURPOSES
from tests.harness import ROOT
from tests.services.gateway.test_texts import FAMILIES, modules, raised
from tests.services.gateway.twins import OFFICER, a_gateway, an_opening

#: What services know, by the table of its words.
KNOWN: dict[str, Sequence[str]] = {
    "role": ROLES,
    "mode": MODES,
    "batch_state": BATCH_STATES,
    "mail_state": MAIL_STATES,
    "wage_floor": FLOORS,
    "engagement": ENGAGEMENTS,
    "limit": LIMITS,
    "measure": (*MEASURES, *TARGET_MEASURES, *COUNTED),
    "qualifier": QUALIFIERS,
    "organisation_kind": ORGANISATION_KINDS,
    "operator_kind": OPERATOR_KINDS,
    "plan_kind": PLAN_KINDS,
    "promote": PROMOTIONS,
    "purpose": PURPOSES,
    "topic": TOPICS,
    "funder": FUNDERS,
    "method": METHODS,
    "missing": (IN, OUT, ANY_WORD),
    "rule": tuple(SCORE_RULES),
    "adapter": ADAPTERS,
    "decision": ("keep", "displace"),
    "holidays": HOLIDAYS,
    "stale": STALE,
    "conflict": CONFLICT,
}


@pytest.mark.parametrize("table", KNOWN)
def test_every_code_has_its_word_in_both_languages(table: str) -> None:
    for language in catalogue.LANGUAGES:
        words = catalogue._file(language)["_values"][table]
        assert words.keys() >= set(KNOWN[table])
        for code in KNOWN[table]:
            assert words[code].strip()
            assert language == "en" or re.search("[가-힣]", words[code]), code


@pytest.mark.parametrize(
    ("table", "file", "lists"),
    [
        ("programme_kind", "kinds.yaml", ("kinds",)),
        ("group", "groups.yaml", ("groups",)),
        ("recommendation", "trust.yaml", ("resident", "workplace")),
    ],
)
def test_what_the_towns_own_tables_name_is_told_by_that_name(table: str, file: str, lists: tuple[str, ...]) -> None:
    told = yaml.safe_load((ROOT / "deploy" / "data" / file).read_text(encoding="utf-8"))

    for language in catalogue.LANGUAGES:
        named = {row["code"]: row[language] for one in lists for row in told[one]}
        assert catalogue._file(language)["_values"][table] == named


def test_both_languages_have_words_for_the_same_codes() -> None:
    korean, english = (catalogue._file(language)["_values"] for language in catalogue.LANGUAGES)

    assert {table: words.keys() for table, words in korean.items()} == {
        table: words.keys() for table, words in english.items()
    }


def filled(text: str) -> dict[str, str]:
    """Return the tables by which the values of a text are told, by the value's name; "": as they are."""
    return {name: spec or "" for _, name, spec, _ in Formatter().parse(text) if name}


def test_every_table_that_a_text_names_is_there() -> None:
    for language in catalogue.LANGUAGES:
        tables = {*catalogue._file(language)["_values"], "field"}
        for code, texts in catalogue.codes(language).items():
            for text in texts.values():
                assert {spec.rstrip("=") for spec in filled(text).values() if spec} <= tables, code


def coded(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield (code of the refusal, name of the value) where a service fills in a code: a constant's, a state, a mode."""
    for call in ast.walk(tree):
        name = getattr(call.func, "attr", getattr(call.func, "id", "")) if isinstance(call, ast.Call) else ""
        if name not in FAMILIES or not isinstance(call, ast.Call):
            continue
        for code in raised(ast.Expression(ast.Call(call.func, call.args, []))):
            for keyword in call.keywords:
                if keyword.arg and keyword.arg != "field" and is_coded(ast.unparse(keyword.value)):
                    yield code.replace("\\", ""), keyword.arg


def is_coded(written: str) -> bool:
    """Return whether a value as it is written in a program is a code, or several."""
    return bool(
        re.search(r"\.(state|mode|kind|method|missing|purpose)$|^\['", written)
        or re.fullmatch(r"kind|funder|group|codes|known|sorted\(roles\)|\[side\]|list\(states\)", written)
        or re.fullmatch(r"(list|sorted)\((\w+\.)?[A-Z_]+\)|\[[A-Z_]+\]", written)
    )


def test_no_refusal_fills_a_code_into_a_sentence_as_it_is() -> None:
    found = {
        (code, value)
        for path in modules()
        for code, value in coded(ast.parse(path.read_text(encoding="utf-8")))
        if code in catalogue.codes("ko")
    }
    assert ("role_not_allowed", "needs") in found
    assert ("opening_is_no_draw", "mode") in found
    assert len(found) > 25

    bare = {
        (code, value)
        for code, value in found
        for language in catalogue.LANGUAGES
        for text in catalogue.codes(language)[code].values()
        if filled(text).get(value, "named") == ""
    }

    assert not bare


@pytest.mark.parametrize("language", catalogue.LANGUAGES)
def test_words_stand_where_codes_would_and_codes_only_beside_them(language: str) -> None:
    tables = catalogue._file(language)["_values"]
    for code, texts in catalogue.codes(language).items():
        for text in texts.values():
            for value, spec in filled(text).items():
                for one in tables.get(spec.rstrip("="), {}):
                    told = catalogue._filled(text, {**dict.fromkeys(filled(text), "-"), value: [one]}, language) or ""
                    word = tables[spec.rstrip("=")][one]
                    assert (f"{word}({one})" if spec.endswith("=") else word) in told, code
                    if language == "ko" and not spec.endswith("="):
                        assert not re.search(rf"\b{one}\b", told), code


def test_a_refusal_tells_a_role_a_mode_and_a_state_in_both_languages(tmp_path: Path) -> None:
    needs = Refused("role_not_allowed", field="token", needs=["officer", "operator"])
    door = a_gateway(tmp_path, {"placement_openings.publish": needs})

    told = door.post("/v1/openings", by=OFFICER, json=an_opening()).json

    assert told["detail"] == "이 일은 담당 공무원, 운영자만 할 수 있습니다."
    assert told["detail_en"] == "Only these roles may: officers, operators."
    words = catalogue.words("batch_is_not_so_far", "ko", values={"state": "gathering", "needs": ["approved"]})
    assert words.detail == "지급 묶음은 ‘모으는 중’ 상태입니다. ‘승인됨’ 상태여야 합니다."
    words = catalogue.words("opening_is_no_draw", "ko", values={"mode": "first_come"})
    assert words.detail == "이 공고는 선착순 방식으로 선정합니다."


def test_who_must_send_a_code_is_told_it_beside_its_word(tmp_path: Path) -> None:
    door = a_gateway(tmp_path)

    told = door.post("/v1/openings", by=OFFICER, json=an_opening(mode="lottery")).json

    assert told["field"] == "mode"
    assert told["faults"][0]["why"].startswith("담당자 선정(officer), 선착순(first_come)")
    assert told["faults"][0]["why"] in told["detail"]
    assert told["faults"][0]["why_en"] == "Must be one of: officer, first_come, ranked, draw."
    words = catalogue.words("not_one_of", "ko", field="policy.stale", values={"values": ["closed", "tentative"]})
    assert "받지 않음(closed), 잠정으로 받음(tentative)" in words.detail


def test_a_code_that_has_no_word_is_told_as_it_is() -> None:
    told = catalogue.words("role_not_allowed", "ko", values={"needs": ["officer", "mayor"]})

    assert told.detail == "이 일은 담당 공무원, mayor만 할 수 있습니다."


def choices() -> Iterator[tuple[str, str, list[Any]]]:
    """Yield (schema, field, values) of everything that the door lets in by choice."""
    known: list[type[Schema]] = [Body]
    while known:
        schema = known.pop()
        known += schema.__subclasses__()
        for name, field in schema().fields.items():
            for rule in getattr(getattr(field, "inner", field), "validators", ()):
                if isinstance(rule, validate.OneOf):
                    yield schema.__name__, name, list(rule.choices)


def test_every_choice_that_the_door_gives_is_told_in_words() -> None:
    found = list(choices())
    assert len(found) > 40

    for schema, field, values in found:
        said = catalogue.why(f"Must be one of: {', '.join(values)}.", "ko", field)
        for value in values:
            assert f"({value})" in said, (schema, field, said)


def test_the_page_that_explains_a_problem_names_values_and_no_tables(tmp_path: Path) -> None:
    door = a_gateway(tmp_path)

    assert door.get("/problems/role_not_allowed").json["ko"]["detail"] == "이 일은 {needs}만 할 수 있습니다."
    assert not re.search(r"{\w+:", door.get("/problems").text)


# Facilities' calendars


def reasons() -> set[str]:
    """Return every reason for which a calendar is not read or written."""
    told = set(_REASONS.values())
    for path in (ROOT / "services" / "spaces" / "agreement").rglob("*.py"):
        told |= set(re.findall(r"\b\w*Silent\(\"(\w+)\"", path.read_text(encoding="utf-8")))
    return told


def test_why_a_calendar_is_not_read_is_told_in_words(tmp_path: Path) -> None:
    assert len(reasons()) > 10
    for reason in reasons():
        told = catalogue.said("feed", reason, {})
        assert reason not in (told["title"], told["title_en"])

    silent = {"feed_id": "fed-1", "reason": "not_let_in"}
    answers = {
        "spaces_agreement.status": silent,
        "spaces_agreement.reconcile_now": {**silent, "read": False},
        "spaces_agreement.feeds": {"feeds": [silent, {"feed_id": "fed-2", "reason": None}]},
    }
    door = a_gateway(tmp_path, answers)

    for told in (
        door.get("/v1/feeds/fed-1", by=OFFICER).json,
        door.post("/v1/feeds/fed-1/reconcile", by=OFFICER).json,
        door.get("/v1/facilities/fac-1/feeds", by=OFFICER).json["feeds"][0],
    ):
        assert told["reason_in_words"]["title"] == "아이디나 비밀번호가 맞지 않습니다"
    assert door.get("/v1/facilities/fac-1/feeds", by=OFFICER).json["feeds"][1]["reason_in_words"] is None
