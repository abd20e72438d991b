"""How evaluations and profiles are told, and to whom what: nobody reads the other side's word before it is revealed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from services.placement.trust.model import OTHER, Appeal, Evaluation, Word
from services.placement.trust.profile import AGAIN, Evidence
from services.placement.trust.record import WorkRecord
from services.placement.trust.rules import SIDES, Recommendation
from shared.clock import iso

Row = dict[str, Any]


def evaluation_row(evaluation: Evaluation, *, sides: Collection[str], officer: bool = False) -> Row:
    """Return an evaluation as those who speak for ``sides`` may read it, or an officer who speaks for none.

    ``words`` holds what may be read: one's own word, and the other's once all is revealed.
    """
    revealed = evaluation.revealed_at is not None
    readable = {
        side: word
        for side in SIDES
        if (word := evaluation.word_of(side)) is not None and (revealed or side in sides)
    }
    return {
        "placement_id": evaluation.id,
        "opening_id": evaluation.opening_id,
        "programme_id": evaluation.programme_id,
        "district": evaluation.district,
        "resident_id": evaluation.resident_id,
        "title": evaluation.title,
        "workplace": evaluation.workplace,
        "opened_at": iso(evaluation.opened_at),
        "until": iso(evaluation.until),
        "revealed_at": None if evaluation.revealed_at is None else iso(evaluation.revealed_at),
        "given": {side: evaluation.word_of(side) is not None for side in SIDES},
        "words": {side: _word(word, evaluation, officer=officer) for side, word in readable.items()},
        "appeals": [
            _appeal(one, evaluation, whole=officer or one.side in sides, officer=officer) for one in evaluation.appeals
        ],
    }


def _word(word: Word, evaluation: Evaluation, *, officer: bool) -> Row:
    row: Row = {
        "recommendations": list(word.recommendations),
        "would_again": word.would_again,
        "comment": word.comment,
        "given_at": iso(word.given_at),
        "on_behalf": word.officer,
        "counts": evaluation.counted(word.side) is not None,
    }
    return {**row, "given_by": word.given_by} if officer else row


def _appeal(appeal: Appeal, evaluation: Evaluation, *, whole: bool, officer: bool) -> Row:
    row: Row = {
        "appeal_id": evaluation.appeal_id(appeal.side),
        "side": appeal.side,
        "about": OTHER[appeal.side],
        "asked_at": iso(appeal.asked_at),
        "state": appeal.state,
        "answered_at": None if appeal.answered_at is None else iso(appeal.answered_at),
    }
    if whole:
        row |= {"reason": appeal.reason, "answer": appeal.answer}
    if officer:
        row |= {"answered_by": appeal.answered_by}
    return row


def evidence_rows(
    evidence: dict[str, Evidence], recommendations: Iterable[Recommendation], *, all_of_it: bool
) -> tuple[list[Row], Row | None]:
    """Return what is known for each thing that may be said, strongest first, and for "again" apart.

    ``all_of_it``: also what there is not enough of to be shown to others.
    """
    rows: Sequence[Row] = [
        {"code": one.code, "ko": one.ko, "en": one.en, **_evidence(evidence[one.code])}
        for one in recommendations
        if (all_of_it and not (one.retired and evidence[one.code].count == 0)) or evidence[one.code].shown
    ]
    again = evidence[AGAIN]
    ordered = sorted(rows, key=lambda row: (-row["estimate"], row["code"]))
    return ordered, _evidence(again) if all_of_it or again.shown else None


def _evidence(one: Evidence) -> Row:
    return {"count": one.count, "of": one.of, "estimate": round(one.estimate, 3), "shown": one.shown}


def record_row(record: WorkRecord) -> Row:
    """Return a record of work."""
    return {
        "opening_id": record.opening_id,
        "programme_id": record.programme_id,
        "district": record.district,
        "completed": record.counts,
        "shifts": [
            {"shift": one.shift, "day": one.day, "minutes": one.minutes, "result": one.result}
            for one in record.shifts
        ],
    }
