"""Amounts, days and times as people write them, and every text in both languages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from services.notifications import config
from services.notifications.letters.formats import LANGUAGES, catalogue, day_and_time, length, span, won
from services.notifications.letters.matters import OWN_FACTS, Known, letter_of
from services.notifications.letters.model import KINDS, Letter
from services.notifications.letters.of_jobs import opening_of, published_letter
from services.notifications.letters.wording import words_of
from shared.clock import from_iso
from shared.config import Misconfigured
from shared.events import spaces
from shared.events.contract import Contract
from shared.events.placement import (
    APPLICATION_CLOSED,
    APPLICATION_WITHDRAWN,
    CLOSING_REASONS,
    OFFER_LAPSED,
    OPENING_PUBLISHED,
    PLACEMENT_SELECTED,
    PLACEMENT_WITHDRAWN,
    WITHDRAWAL_REASONS,
    pay,
    trust,
    work,
)
from shared.events.registry import CONTRACTS
from tests.services.facts import MORNING, said


def the_letter(contract: Contract, **told: Any) -> Letter:
    letter = letter_of(said(contract, **told), written=MORNING)
    assert letter is not None
    return letter


def test_amounts_and_times_are_written_as_the_town_writes_them() -> None:
    assert won(10920) == "10,920원"
    assert won(10920, "en") == "10,920 won"
    assert day_and_time(from_iso("2026-11-22T15:04:00Z")) == "2026. 11. 23.(월) 00:04"
    assert day_and_time(from_iso("2026-11-22T15:04:00Z"), "en") == "Mon 2026-11-23 00:04"


def test_lengths_of_time_are_told_in_hours_and_minutes() -> None:
    assert [length(minutes) for minutes in (0, 45, 120, 90)] == ["0분", "45분", "2시간", "1시간 30분"]
    assert length(90, "en") == "1 h 30 min"


def test_a_span_over_midnight_names_both_days() -> None:
    start, end = from_iso("2026-11-22T22:00:00+09:00"), from_iso("2026-11-23T02:00:00+09:00")

    assert span(start, end) == "2026. 11. 22.(일) 22:00~2026. 11. 23.(월) 02:00"


def keys(texts: Any, path: str = "") -> Iterator[str]:
    if isinstance(texts, Mapping):
        for name, inner in texts.items():
            yield from keys(inner, f"{path}.{name}")
    else:
        yield path


def test_both_languages_say_the_same_things() -> None:
    assert set(keys(catalogue("ko"))) == set(keys(catalogue("en")))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_a_contract_knows_has_its_text(language: str) -> None:
    opening = opening_of(said(OPENING_PUBLISHED))
    letters = [
        published_letter(said(OPENING_PUBLISHED), "res-1", written=MORNING),
        *(letter_of(said(CONTRACTS[name]), written=MORNING) for name in OWN_FACTS),
        *(the_letter(APPLICATION_CLOSED, reason=one) for one in CLOSING_REASONS if not one.startswith("offer_")),
        *(the_letter(PLACEMENT_WITHDRAWN, reason=one) for one in WITHDRAWAL_REASONS),
        *(the_letter(OFFER_LAPSED, reason=one) for one in ("expired",)),
        *(the_letter(work.ATTENDANCE_SETTLED, result=one) for one in work.RESULTS if one != "worked"),
        the_letter(work.ATTENDANCE_SETTLED, revision=2),
        the_letter(APPLICATION_WITHDRAWN, by_officer=True),
        *(the_letter(work.ATTENDANCE_DISPUTED, by_role=one) for one in work.DISPUTERS if one != "resident"),
        *(the_letter(work.ATTENDANCE_DISPUTE_ANSWERED, answer=one) for one in work.ANSWERS),
        *(the_letter(pay.ALLOWANCE_EARNED, reason=one, won=-9000) for one in ("recovery", "recovery_lifted")),
        *(the_letter(trust.APPEAL_ANSWERED, by="resident", answer=one) for one in work.ANSWERS),
        *(the_letter(spaces.BOOKING_REFUSED, reason=one) for one in spaces.REFUSED_REASONS),
        *(the_letter(spaces.BOOKING_DISPLACED, reason=one) for one in spaces.DISPLACED_REASONS),
        *(the_letter(spaces.BOOKING_CANCELLED, by=one) for one in spaces.CANCELLED_BY if one != "moved"),
        *(the_letter(spaces.WISH_ENDED, how=one) for one in ("lapsed", "passed")),
        *(the_letter(spaces.SEAT_TAKEN, promoted=one) for one in (True, False)),
        *(the_letter(spaces.CONDUCT_STRUCK, level=one, until="2026-12-31T15:00:00Z") for one in (2, 3, 4)),
        *(the_letter(spaces.CONDUCT_CLEARED, how=one) for one in ("excuse", "appeal", "forgiven", "corrected")),
        *(the_letter(spaces.CONDUCT_ANSWERED, what=one) for one in ("excuse", "appeal")),
        the_letter(spaces.CASE_OPENED, owner="facility"),
        the_letter(spaces.CASE_RESOLVED, resolution="kept"),
    ]
    written = [letter for letter in letters if letter is not None]
    assert {letter.kind for letter in written} == set(KINDS)
    for letter in written:
        for known in (Known({opening.id: opening}), Known()):
            words = words_of(letter, known, language)
            assert "{" not in words.title + words.text


def test_many_shifts_are_summed_up() -> None:
    shift = {"start": "2026-12-01T10:00:00+09:00", "end": "2026-12-01T12:00:00+09:00"}
    opening = opening_of(said(OPENING_PUBLISHED, shifts=[shift] * 5))

    text = words_of(the_letter(PLACEMENT_SELECTED), Known({opening.id: opening})).text

    assert text.count("2026. 12. 1.(화)") == 3
    assert "외 2회" in text


def test_a_title_with_braces_or_line_breaks_is_only_text() -> None:
    opening = opening_of(said(OPENING_PUBLISHED, title="경로당 {0}\r\nBcc: 모두 {won}"))

    title = words_of(the_letter(PLACEMENT_SELECTED), Known({opening.id: opening})).title

    assert title == "[선정] 경로당 {0} Bcc: 모두 {won}"


@pytest.mark.parametrize(
    "wrong",
    [
        {"SIPBUN_MAIL_FROM": "십분"},
        {"SIPBUN_MAIL_REFUSAL": "javascript:alert(1)"},
    ],
)
def test_a_sender_that_no_mail_server_would_take_is_the_operators_error(wrong: dict[str, str]) -> None:
    with pytest.raises(Misconfigured, match=next(iter(wrong))):
        config.sender(wrong)


def test_a_pace_is_whole_seconds() -> None:
    assert config.pace({"SIPBUN_MAIL_GRACE_S": "15"}).grace.total_seconds() == 15
    with pytest.raises(Misconfigured, match="SIPBUN_MAIL_CLAIM_S"):
        config.pace({"SIPBUN_MAIL_CLAIM_S": "soon"})
