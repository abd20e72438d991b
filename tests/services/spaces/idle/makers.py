"""Facilities, spaces and claims of 광산구 for tests of what is idle."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from services.spaces.diary.model import BOOKING, Claim
from services.spaces.facilities.model import Address, Admitted, Facility, Hours, Place, Space
from services.spaces.spans import Span
from shared.clock import KST
from shared.geo import Point

TENANT = "gwangsan"
#: A Tuesday, 08:10 in Seoul.
NOW = datetime(2026, 12, 1, 8, 10, tzinfo=KST).astimezone(UTC)
HOME = Point(35.1395, 126.7937)
_numbers = count(1)


def at(hour: int, minute: int = 0, *, day: int = 1) -> datetime:
    """Return that time of a day of December 2026 in Seoul; hours from 24 on are the next day's."""
    return datetime(2026, 12, day, tzinfo=KST).astimezone(UTC) + timedelta(hours=hour, minutes=minute)


def span(start: int, end: int, *, day: int = 1) -> Span:
    """Return a span of whole hours."""
    return Span(at(start, day=day), at(end, day=day))


def a_facility(name: str = "은하수", **changes: Any) -> Facility:
    """Return a small library that is open every day from 9 to 18."""
    known: dict[str, Any] = {
        "id": f"fac-{name}",
        "tenant": TENANT,
        "district": "29200",
        "programme_id": "gs-subscription-office",
        "name": f"{name} 작은도서관",
        "kind": "library",
        "address": Address(road_address="광주광역시 광산구 소촌로 85", detail="2층"),
        "point": HOME,
        "managers": ("host-1",),
        "hours": Hours.daily(9 * 60, 18 * 60),
        "opened_at": NOW,
        "version": 1,
        **changes,
    }
    return Facility(**known)


def a_space(name: str = "모임방", *, facility: Facility | None = None, **changes: Any) -> Space:
    """Return a meeting room for eight."""
    home = facility or a_facility()
    space_id = changes.pop("id", f"spc-{home.id.removeprefix('fac-')}-{name}")
    known: dict[str, Any] = {
        "id": space_id,
        "tenant": home.tenant,
        "district": home.district,
        "programme_id": home.programme_id,
        "facility_id": home.id,
        "point": home.point,
        "root_id": space_id,
        "name": name,
        "kind": "meeting_room",
        "capacity": 8,
        "opened_at": NOW,
        "version": 1,
        **changes,
    }
    return Space(**known)


def a_place(name: str = "모임방", *, facility: Facility | None = None, **changes: Any) -> Place:
    """Return a room in its library."""
    home = facility or a_facility()
    space = a_space(name, facility=home, **changes)
    home.admitted[space.id] = Admitted(space.root_id, space.parent_id, space.parts, hours=space.hours)
    return Place.of(home, space)


def a_claim(place: Place, taken: Span, **changes: Any) -> Claim:
    """Return a booking's claim on a space."""
    space = place.space
    known: dict[str, Any] = {
        "id": f"bkg-{next(_numbers)}",
        "kind": BOOKING,
        "space_id": space.id,
        "parts": space.parts,
        "span": taken,
        "before": space.before,
        "after": space.after,
        **changes,
    }
    return Claim(**known)
