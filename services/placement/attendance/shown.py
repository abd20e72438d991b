"""What is told of a sheet to those who may know it."""

from __future__ import annotations

from typing import Any

from services.placement.attendance.card import OPEN
from services.placement.attendance.deciding import told
from services.placement.attendance.model import Sheet
from services.placement.attendance.revisions import Dispute, Revision
from services.placement.wages.pay import won_for
from shared.clock import iso


def brief(sheet: Sheet) -> dict[str, Any]:
    """Return a sheet as a row of a list."""
    latest = sheet.latest
    dispute = sheet.open_dispute
    until = sheet.disputable_until
    return {
        "attendance_id": sheet.id,
        "opening_id": sheet.opening_id,
        "programme_id": sheet.programme_id,
        "district": sheet.district,
        "resident_id": sheet.resident_id,
        "application_id": sheet.application_id,
        "attempt": sheet.attempt,
        "shift": sheet.shift,
        "shifts": sheet.shifts,
        "place": sheet.place,
        "day": sheet.planned.day.isoformat(),
        "start": iso(sheet.start),
        "end": iso(sheet.end),
        "planned": sheet.planned.minutes,
        "state": sheet.state,
        "unclear": sheet.unclear,
        "waits_for": sheet.waits_for,
        "revision": len(sheet.revisions),
        "result": None if latest is None else latest.result,
        "minutes": None if latest is None else latest.minutes,
        "won": None if latest is None else won_for(latest.minutes, sheet.hourly_won),
        "settled_at": None if latest is None else iso(latest.at),
        "settled_by": None if latest is None else latest.by,
        "settles_at": iso(sheet.settles_at) if sheet.state == OPEN and not sheet.unclear else None,
        "disputable_until": None if until is None else iso(until),
        "correctable_until": iso(sheet.correctable_until),
        "dispute": None if dispute is None else dispute.number,
        "answer_until": answer_until(sheet),
        "escalated": sheet.escalated,
    }


def state_of(sheet: Sheet) -> dict[str, Any]:
    """Return what an act is answered with."""
    latest = sheet.latest
    return {
        "attendance_id": sheet.id,
        "state": sheet.state,
        "revision": len(sheet.revisions),
        "result": None if latest is None else latest.result,
        "minutes": None if latest is None else latest.minutes,
    }


def answer_until(sheet: Sheet) -> str | None:
    """Return until when an officer should have answered, or decided; None when none has to."""
    return None if sheet.waits_until is None else iso(sheet.waits_until)


def waiting(sheet: Sheet) -> dict[str, Any]:
    """Return a sheet as a row of what waits for officers, with why."""
    return {**brief(sheet), "why": "dispute" if sheet.open_dispute is not None else "unclear"}


def whole(sheet: Sheet, *, accounts: bool) -> dict[str, Any]:
    """Return a sheet with all that was said; whose accounts said it is for staff only."""
    return {
        **brief(sheet),
        "hourly_won": sheet.hourly_won,
        "dong": sheet.dong,
        "decision": told(sheet.decision),
        "words": [
            {
                "by": word.role,
                "said": word.said,
                "at": iso(word.at),
                "noted_at": iso(word.noted_at),
                **({"account": word.account} if accounts else {}),
            }
            for word in sheet.words
        ],
        "revisions": [_revision(one, accounts=accounts) for one in sheet.revisions],
        "disputes": [_dispute(one, accounts=accounts) for one in sheet.disputes],
    }


def _revision(revision: Revision, *, accounts: bool) -> dict[str, Any]:
    return {
        "revision": revision.number,
        "minutes": revision.minutes,
        "result": revision.result,
        "by": revision.by,
        "at": iso(revision.at),
        "why": list(revision.why),
        "reason": revision.reason,
        **({"account": revision.account} if accounts else {}),
    }


def _dispute(dispute: Dispute, *, accounts: bool) -> dict[str, Any]:
    return {
        "dispute": dispute.number,
        "revision": dispute.revision,
        "by": dispute.by,
        "at": iso(dispute.at),
        "answer_until": iso(dispute.until),
        "escalated": dispute.escalated,
        "text": dispute.text,
        "answer": dispute.answer,
        "answered_at": None if dispute.answered_at is None else iso(dispute.answered_at),
        "reason": dispute.reason,
        **({"account": dispute.account, "answered_by": dispute.answered_by} if accounts else {}),
    }
