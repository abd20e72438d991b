"""How what was found is told."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from services.spaces.idle.search import Found, Read
from services.spaces.idle.windows import Window
from services.spaces.spans import Span
from shared.clock import iso, start_of_kst_day
from shared.geo import walking_minutes

#: Windows told of one space.
MOST_WINDOWS = 12


def row_of(found: Found) -> dict[str, Any]:
    """Return a space with its windows, the best first, and why it stands where it stands."""
    place, best = found.place, found.windows[0]
    space, facility = place.space, place.facility
    return {
        "space_id": space.id,
        "facility_id": facility.id,
        "facility_name": facility.name,
        "name": space.name,
        "kind": space.kind,
        "capacity": space.capacity,
        "equipment": list(space.equipment),
        "accessibility": list(space.accessibility),
        "mode": space.mode,
        "plan_needed": space.plan_needed,
        "lat": space.point.lat,
        "lon": space.point.lon,
        "distance_m": round(found.metres),
        "distance_mm": round(found.metres * 1000),
        "walk_minutes": walking_minutes(found.metres),
        **_window_row(best),
        "more": [_window_row(window) for window in sorted(found.windows[1:MOST_WINDOWS], key=lambda one: one.start)],
        "tentative": found.read is not None and not found.read.fresh,
        **freshness_row(found.read),
        "score": found.score.points,
        "parts": dict(found.score.parts),
    }


def _window_row(window: Window) -> dict[str, Any]:
    span = window.span
    return {
        "start": iso(span.start),
        "end": iso(span.end),
        "minutes": window.minutes,
        "longest_minutes": window.longest,
    }


def freshness_row(read: Read | None) -> dict[str, Any]:
    """Return how fresh we are; nulls where there is no calendar to read."""
    return {
        "calendar_read_at": None if read is None or read.read_at is None else iso(read.read_at),
        "fresh": None if read is None else read.fresh,
    }


def cut(spans: Iterable[Span], day: date) -> list[dict[str, str]]:
    """Return what of the spans lies in a KST day."""
    whole = Span(start_of_kst_day(day), start_of_kst_day(day + timedelta(days=1)))
    parts = (part for span in spans if (part := span.common(whole)) is not None)
    return [{"start": iso(part.start), "end": iso(part.end)} for part in parts]
