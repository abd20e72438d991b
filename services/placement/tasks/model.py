"""Which things await whom, and how a pile of them is told. Pure: no I/O, no clock; time comes in.

A rule here repeats none of the subject's own: it says whom a thing awaits, the subject decides what they may do. Nobody
is told to judge what is about themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from heapq import nsmallest
from typing import Any

from services.placement.allowance.lines import RETURNED
from services.placement.allowance.model import PayMonth
from services.placement.attendance.card import OPEN as SHEET_OPEN
from services.placement.attendance.deciding import HOST
from services.placement.attendance.model import RESIDENT, Sheet
from services.placement.batches.model import Batch
from services.placement.openings.model import CLOSED, OPEN, Application, Opening
from services.placement.openings.terms import OFFICER as BY_OFFICER
from services.placement.proposals.call import Call
from services.placement.proposals.model import Proposal
from services.placement.trust.model import OTHER, WAITING, Evaluation
from shared.clock import iso, kst_day, start_of_kst_day
from shared.errors import Refused

OFFICER = "officer"
#: What can await somebody, by their role, in the order in which it is told.
KINDS = {
    RESIDENT: ("offers_to_confirm", "evaluations_owed"),
    HOST: ("shifts_to_confirm", "shifts_unclear", "attendance_disputes", "places_lost", "evaluations_owed"),
    OFFICER: (
        "attendance_disputes",
        "shifts_unclear",
        "selections",
        "batches_to_approve",
        "returns_to_second",
        "payments_sent_back",
        "payments_contradicted",
        "proposals_to_review",
        "proposals_to_decide",
        "evaluation_appeals",
    ),
}
#: A pile is counted so far; what is more is only said to be more.
COUNTED = 100
#: Things of a pile that are named.
NAMED = 5
#: Shifts are looked for so much longer than until they settle by themselves: a sweep may be late.
SLACK = timedelta(days=1)


@dataclass(frozen=True)
class Task:
    """One thing that awaits somebody: ``until`` its deadline, if it has one, ``since`` when it has waited, ``about`` what."""

    id: str
    until: datetime | None = None
    since: datetime | None = None
    about: str = ""

    @property
    def urgency(self) -> tuple[bool, float, float, str]:
        """The nearest deadline first, then what has waited longest."""
        return (
            self.until is None,
            0.0 if self.until is None else self.until.timestamp(),
            0.0 if self.since is None else self.since.timestamp(),
            self.id,
        )

    def told(self) -> dict[str, Any]:
        """Return it JSON-ready."""
        return {
            "id": self.id,
            "until": None if self.until is None else iso(self.until),
            "since": None if self.since is None else iso(self.since),
            "about": self.about,
        }


@dataclass
class Pile:
    """Things of one kind. ``whole``: whether all there are were looked at."""

    tasks: list[Task] = field(default_factory=list)
    whole: bool = True

    def told(self, role: str, kind: str) -> dict[str, Any]:
        """Return it JSON-ready. ``more``: there are, or may be, more than ``count``.

        ``until`` is the nearest deadline; null where there is none, and where not all could be looked at.
        """
        deadlines = [task.until for task in self.tasks if task.until is not None]
        return {
            "role": role,
            "kind": kind,
            "count": min(len(self.tasks), COUNTED),
            "more": len(self.tasks) > COUNTED or not self.whole,
            "until": iso(min(deadlines)) if deadlines and self.whole else None,
            "first": [task.told() for task in nsmallest(NAMED, self.tasks, key=lambda task: task.urgency)],
        }


# Attendance.


def of_sheet(sheet: Sheet) -> Task:
    """Return the task that a sheet is."""
    until = sheet.settles_at if sheet.state == SHEET_OPEN and not sheet.unclear else sheet.waits_until
    dispute = sheet.open_dispute
    since = sheet.end if dispute is None else dispute.at
    return Task(sheet.id, until, since, f"{sheet.place} {kst_day(sheet.start).isoformat()}")


def to_confirm(sheets: Iterable[Sheet], subject: str, now: datetime) -> list[Task]:
    """Return the shifts that are over and that nobody has settled; not the caller's own."""
    return [
        of_sheet(sheet)
        for sheet in sheets
        if sheet.state == SHEET_OPEN and not sheet.unclear and sheet.ready <= now and sheet.resident_id != subject
    ]


def unclear(sheets: Iterable[Sheet], subject: str) -> list[Task]:
    """Return the shifts that wait for a word; not the caller's own."""
    return [of_sheet(sheet) for sheet in sheets if sheet.unclear and sheet.resident_id != subject]


def disputed(sheets: Iterable[Sheet], subject: str, *, by: str | None = None) -> list[Task]:
    """Return the shifts whose dispute, of this side or any, has no answer; not the caller's own."""
    return [
        of_sheet(sheet)
        for sheet in sheets
        if (dispute := sheet.open_dispute) is not None and by in (None, dispute.by) and sheet.resident_id != subject
    ]


# Openings.


def offer_to_confirm(application: Application, opening: Opening, now: datetime) -> Task | None:
    """Return the task that a place is kept for this applicant until they confirm it, or None."""
    offer = opening.offer_of(application.resident_id)
    if offer is None or offer.attempt != application.attempt or now >= offer.until:
        return None
    return Task(application.id, offer.until, offer.made_at, opening.terms.title)


def may_have_shifts_to_confirm(opening: Opening, settle_after: timedelta, now: datetime) -> bool:
    """Return whether a shift of it has ended, and not so long ago that it has settled by itself.

    A rehearsal's work may lie in the past: there its places are what is new.
    """
    ended = [shift.end for shift in opening.terms.shifts]
    if opening.terms.rehearsal:
        ended += [placement.selected_at for placement in opening.placements]
    return any(now - settle_after - SLACK <= end <= now for end in ended)


def places_lost(opening: Opening, now: datetime) -> Task | None:
    """Return the task that somebody gave their place back, nobody has it, and there is work to come; or None.

    Not while candidates are asked in order. Whether a closed one was closed by such a loss is not known here.
    """
    ahead = [shift.start for shift in opening.terms.shifts if shift.start > now]
    if not ahead or opening.spare <= 0 or opening.state not in (OPEN, CLOSED):
        return None
    if opening.state == OPEN and opening.round == 1:
        return None
    return Task(opening.id, min(ahead), opening.ended_at, opening.terms.title)


def to_select(opening: Opening, now: datetime) -> bool:
    """Return whether an officer chooses among its applicants, by hand."""
    terms = opening.terms
    return opening.state == OPEN and terms.mode == BY_OFFICER and opening.spare > 0 and now < terms.deadline


# Pay.


def to_approve(batches: Iterable[Batch], subject: str, paid_by: Iterable[str]) -> list[Task]:
    """Return the prepared batches that another one prepared and changed; ``paid_by``: those that pay the caller."""
    own = set(paid_by)
    return [
        Task(batch.id, None, batch.created_at, f"{batch.programme_id} {batch.month}")
        for batch in batches
        if batch.people and subject != batch.preparer and subject not in batch.changers and batch.id not in own
    ]


def to_second(batches: Iterable[Batch], subject: str) -> list[Task]:
    """Return the batches of whose paid rows another officer said that one came back; not the caller's own pay."""
    return [
        Task(batch.id, None, None, f"{batch.programme_id} {batch.month}")
        for batch in batches
        if any(word.by != subject and batch.rows[word.row - 1].resident_id != subject for word in batch.words)
    ]


def to_clear_up(batches: Iterable[Batch], subject: str) -> list[Task]:
    """Return the batches of whose rows the bank said both, that they came back and that they are paid; not the own pay."""
    return [
        Task(batch.id, None, None, f"{batch.programme_id} {batch.month}")
        for batch in batches
        if any(batch.rows[one.row - 1].resident_id != subject for one in batch.contradictions)
    ]


def sent_back(months: Iterable[PayMonth], subject: str) -> list[Task]:
    """Return the months of pay that the bank sent back and that are due again; not the caller's own."""
    return [
        Task(month.id, None, _back_since(month), f"{month.programme_id} {month.month}")
        for month in months
        if month.resident_id != subject
    ]


def _back_since(month: PayMonth) -> datetime | None:
    """Return the beginning of the KST day on which the bank last sent something of it back, or None."""
    days = [one.day for one in month.payments if one.state == RETURNED and one.day is not None]
    latest = max([*days, *(one.day for one in month.sent_back)], default=None)
    return None if latest is None else start_of_kst_day(date.fromisoformat(latest))


# Proposals.


def to_review(proposal: Proposal, call: Call, subject: str, districts: frozenset[str], now: datetime) -> bool:
    """Return whether it lacks reviews, and the caller may give one that they have not given."""
    if not call.over(now) or proposal.district in districts or subject in proposal.reviews:
        return False
    return len(proposal.reviews) < call.rules.reviews_needed and _of_others(proposal, subject)


def to_decide(proposal: Proposal, call: Call, subject: str, districts: frozenset[str], now: datetime) -> bool:
    """Return whether enough have reviewed it, and the caller decides for the city."""
    if not call.over(now) or districts:
        return False
    return len(proposal.reviews) >= call.rules.reviews_needed and _of_others(proposal, subject)


def _of_others(proposal: Proposal, subject: str) -> bool:
    try:
        proposal.must_be_of_others(subject)
    except Refused:
        return False
    return True


# Evaluations.


def to_answer(evaluations: Iterable[Evaluation], subject: str) -> list[Task]:
    """Return the evaluations in which an appeal waits that the caller has no part in."""
    return [
        Task(one.id, None, one.waiting_since, one.workplace)
        for one in evaluations
        if subject != one.resident_id and subject not in one.hosts and _answerable(one, subject)
    ]


def _answerable(evaluation: Evaluation, subject: str) -> bool:
    waiting = [appeal for appeal in evaluation.appeals if appeal.state == WAITING]
    words = [evaluation.word_of(OTHER[appeal.side]) for appeal in waiting]
    return any(word is None or word.given_by != subject for word in words)
