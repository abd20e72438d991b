"""Letters about offers, attendance, pay and evaluation: who is told what, and who is left in peace."""

from __future__ import annotations

from dataclasses import replace

from services.notifications.letters.matters import Known, letter_of
from services.notifications.letters.model import MailRecord
from services.notifications.letters.of_jobs import opening_of
from services.notifications.letters.of_work import best_before
from services.notifications.letters.wording import words_of
from shared.clock import from_iso
from shared.events.placement import OFFER_LAPSED, OFFER_MADE, OPENING_PUBLISHED, pay, trust, work
from tests.services.facts import MORNING, said


def test_an_offer_says_until_when_and_is_of_no_use_after_that() -> None:
    letter = letter_of(said(OFFER_MADE), written=MORNING)
    opening = opening_of(said(OPENING_PUBLISHED))

    assert letter is not None
    assert "2026. 11. 30.(월) 18:00까지" in words_of(letter, Known({opening.id: opening})).text
    assert best_before(letter) == from_iso("2026-11-30T18:00:00+09:00")


def test_whose_place_went_to_the_next_hears_why_also_when_an_officer_declined_for_them() -> None:
    declined = letter_of(said(OFFER_LAPSED, reason="declined"), written=MORNING)

    assert declined is not None
    assert "본인의 뜻이 아니면" in words_of(declined).text
    assert letter_of(said(OFFER_LAPSED, reason="expired"), written=MORNING) is not None
    assert letter_of(said(OFFER_LAPSED, reason="not_allowed"), written=MORNING) is None


def test_a_shift_worked_as_planned_needs_no_letter() -> None:
    assert letter_of(said(work.ATTENDANCE_SETTLED), written=MORNING) is None


def test_a_correction_is_told_with_the_hours_that_count_now() -> None:
    letter = letter_of(said(work.ATTENDANCE_SETTLED, revision=2, minutes=90, was=120), written=MORNING)

    assert letter is not None
    assert "인정 시간: 1시간 30분" in words_of(letter).text


def test_what_is_above_the_cap_is_told_with_the_cap() -> None:
    letter = letter_of(said(pay.ALLOWANCE_HELD_BACK, won=12_000, cap=583_444), written=MORNING)

    assert letter is not None
    assert "월 상한액 583,444원을 12,000원 넘었습니다" in words_of(letter).text


def test_every_payment_is_told_once_with_its_month() -> None:
    letter = letter_of(said(pay.ALLOWANCE_PAID, won=61_920), written=MORNING)

    assert letter is not None
    assert words_of(letter).title == "[지급] 2026년 12월 참여수당 61,920원"
    assert letter.mail == MailRecord(due=MORNING)


def test_a_line_of_work_is_no_letter_but_money_to_be_paid_back_is() -> None:
    assert letter_of(said(pay.ALLOWANCE_EARNED), written=MORNING) is None
    letter = letter_of(said(pay.ALLOWANCE_EARNED, reason="recovery", won=-20_640), written=MORNING)
    assert letter is not None
    assert "수당 20,640원을 돌려받아야" in words_of(letter).text


def test_a_shift_that_nobody_could_settle_is_told_with_what_is_missing_and_until_when() -> None:
    came, left = (letter_of(said(work.ATTENDANCE_DELAYED, missing=one), written=MORNING) for one in ("in", "out"))

    assert came is not None
    assert left is not None
    assert "온 시각을 아무도 확인해 주지 않아" in words_of(came).text
    assert "나간 시각을 아무도 확인해 주지 않아" in words_of(left).text
    assert "2026. 12. 9.(수) 12:00까지 정하며" in words_of(left).text


def test_whose_pay_waits_for_the_dispute_of_another_hears_until_when_and_whom_to_ask() -> None:
    letter = letter_of(said(work.ATTENDANCE_DISPUTED, by_role="host"), written=MORNING)
    opening = opening_of(said(OPENING_PUBLISHED))

    assert letter is not None
    words = words_of(letter, Known({opening.id: opening}))
    assert "늦어도 2026. 12. 8.(화) 18:00까지 기다렸다가 지급됩니다" in words.text
    assert "시설 담당자나 담당 공무원에게 물어보십시오" in words.text
    assert "2026. 12. 1.(화)" in words.text


def test_nobody_hears_of_a_dispute_of_their_own_or_of_one_that_does_not_tell_whose_it_is() -> None:
    untold = said(work.ATTENDANCE_DISPUTED)
    older = replace(untold, data={name: value for name, value in untold.data.items() if name != "by_role"})

    assert letter_of(said(work.ATTENDANCE_DISPUTED, by_role="resident"), written=MORNING) is None
    assert letter_of(older, written=MORNING) is None


def test_a_resident_hears_what_was_said_of_them_while_they_may_object_and_of_no_word_of_their_own() -> None:
    letter = letter_of(said(trust.EVALUATION_REVEALED), written=MORNING)

    assert letter is not None
    assert "2026. 12. 30.(수) 12:00까지 이의를" in words_of(letter).text
    assert best_before(letter) == from_iso("2026-12-30T12:00:00+09:00")
    assert letter_of(said(trust.EVALUATION_REVEALED, sides=["resident"], given=1), written=MORNING) is None
    assert letter_of(said(trust.EVALUATION_REVEALED, sides=[], given=0), written=MORNING) is None


def test_only_the_resident_hears_of_an_answer_to_their_own_appeal() -> None:
    assert letter_of(said(trust.APPEAL_ANSWERED, by="host"), written=MORNING) is None
    assert letter_of(said(trust.APPEAL_ANSWERED, by="resident"), written=MORNING) is not None
