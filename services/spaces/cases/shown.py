"""What is told of a case to those who may know it."""

from __future__ import annotations

from typing import Any

from services.spaces.cases.model import Case
from shared.clock import iso


def shown(case: Case) -> dict[str, Any]:
    """Return a case, JSON-ready."""
    return {
        "case_id": case.id,
        "booking_id": case.booking_id,
        "resident_id": case.resident_id,
        "space_id": case.space_id,
        "facility_id": case.facility_id,
        "start": iso(case.span.start),
        "end": iso(case.span.end),
        "difference": case.cause.difference,
        "owner": case.owner,
        "opened_at": iso(case.opened_at),
        "deadline": iso(case.deadline),
        "alternatives": [one.told() for one in case.alternatives],
        "state": case.state,
        "resolution": case.resolution,
        "resolved_by": case.resolved_by,
        "resolved_at": None if case.resolved_at is None else iso(case.resolved_at),
        "new_booking_id": case.new_booking_id,
        "history": [{"at": iso(note.at), "by": note.by, "what": note.what} for note in case.history],
    }
