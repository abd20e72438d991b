"""Where the story plays and who is in it. Everybody and everything is made up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from shared.actors import Actor
from tests.simulation.folk import DISTRICT, LIBRARY, TENANT

#: A Monday, ten minutes before midnight in Seoul: a day, and a cycle of the plans, ends in the middle of everything.
BEGINNING = datetime(2026, 11, 30, 14, 50, tzinfo=UTC)
#: Bookings that are still to come when all is over lie around this midnight.
FAR = datetime(2026, 12, 10, 14, 58, tzinfo=UTC)
#: Seconds: what a resident is asked to decide is decided by then.
NIGHT = 70 * 60.0

PROGRAMME = f"{TENANT}:office"
HALL, EAST, WEST, ROOM, STUDIO = "spc-hall", "spc-east", "spc-west", "spc-room", "spc-studio"
SPACES = (HALL, EAST, WEST, ROOM, STUDIO)
HOUSE, CENTRE = "fac-house", "fac-centre"
#: The centre keeps its room's calendar on a CalDAV server; the house tells its own over the broker.
CALENDAR = "https://calendar.example/room/"
ROOMS_FEED, HALLS_FEED = "fed-room", "fed-hall"
HOURLY, SEATED = "pln-hourly", "pln-seat"
SEATS = 2

HOSTS = {
    HOUSE: Actor("host-house", frozenset({"host"}), TENANT, frozenset({DISTRICT})),
    CENTRE: Actor("host-centre", frozenset({"host"}), TENANT, frozenset({DISTRICT})),
}
HOUSE_OF = {HALL: HOUSE, EAST: HOUSE, WEST: HOUSE, ROOM: CENTRE, STUDIO: CENTRE}
RESIDENTS = tuple(Actor(f"res-{number}", frozenset({"resident"}), TENANT) for number in range(1, 6))

_ALWAYS = [[{"open": "00:00", "close": "24:00"}]] * 7
_LIMITS = {"min_minutes": 1, "max_minutes": 30, "step_minutes": 1, "horizon_days": 60, "most_active": 4}


def facilities() -> list[dict[str, Any]]:
    """Return what the officer puts into the register; 360 m lie between the two."""
    common: dict[str, Any] = {
        "tenant": TENANT,
        "district": DISTRICT,
        "programme_id": PROGRAMME,
        "kind": "문화의집",
        "lat": LIBRARY["lat"],
        "weekly": _ALWAYS,
        "holidays": "open",
    }
    times = {"case_minutes": 10, "answer_minutes": 10, "offer_minutes": 5, "free_until": 2}
    return [
        {
            **common,
            "facility_id": HOUSE,
            "name": "은하수 문화의집",
            "address": {"road_address": "광주광역시 광산구 은하수길 1"},
            "lon": LIBRARY["lon"],
            "managers": [HOSTS[HOUSE].subject],
            "policy": {**times, "check_in_needed": True, "check_in_opens": 3, "check_in_grace": 1},
        },
        {
            **common,
            "facility_id": CENTRE,
            "name": "별빛 공유센터",
            "address": {"road_address": "광주광역시 광산구 별빛로 12"},
            "lon": LIBRARY["lon"] + 0.004,
            "managers": [HOSTS[CENTRE].subject],
            "policy": {**times, "conflict": "ask", "stale": "tentative", "freshness_minutes": 3, "alarm_minutes": 5},
        },
    ]


def spaces() -> list[dict[str, Any]]:
    """Return the spaces: a hall of two parts, one of them with buffers; a room whose calendar answers; a studio."""
    common: dict[str, Any] = {"kind": "모임방", "limits": _LIMITS}
    return [
        {**common, "space_id": HALL, "facility_id": HOUSE, "name": "큰방", "mode": "instant"},
        {
            **common,
            "space_id": EAST,
            "facility_id": HOUSE,
            "parent_id": HALL,
            "name": "동쪽방",
            "mode": "instant",
            "before_minutes": 1,
            "after_minutes": 2,
        },
        {
            **common,
            "space_id": WEST,
            "facility_id": HOUSE,
            "parent_id": HALL,
            "name": "서쪽방",
            "mode": "approval",
            "approver": "person",
        },
        {
            **common,
            "space_id": ROOM,
            "facility_id": CENTRE,
            "name": "모임방",
            "mode": "approval",
            "approver": "calendar",
        },
        {**common, "space_id": STUDIO, "facility_id": CENTRE, "name": "작업실", "mode": "instant"},
    ]


def plans(promote: str) -> list[dict[str, Any]]:
    """Return the plans: few minutes a day that people share, and seats for half of those who want one."""
    common: dict[str, Any] = {
        "tenant": TENANT,
        "district": DISTRICT,
        "programme_id": PROGRAMME,
        "cycle_days": 1,
        "most_pauses": 2,
    }
    return [
        {
            **common,
            "plan_id": HOURLY,
            "name": "대관형",
            "kind": "hourly",
            "included_minutes": 9,
            "rollover_cap": 3,
            "most_members": 2,
        },
        {
            **common,
            "plan_id": SEATED,
            "name": "입주형",
            "kind": "seat",
            "seats": SEATS,
            "included_minutes": 4,
            "promote": promote,
            "offer_hours": 1,
        },
    ]


def entry(uid: str, start: datetime, end: datetime, *, sequence: int = 0, lines: tuple[str, ...] = ()) -> bytes:
    """Return an entry as people at a facility write it."""
    written = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Facility//KO",
        "BEGIN:VEVENT",
        f"UID:{uid}",
        f"SEQUENCE:{sequence}",
        "DTSTAMP:20261130T000000Z",
        f"DTSTART:{_utc(start)}",
        f"DTEND:{_utc(end)}",
        "SUMMARY:시설 점검",
        *lines,
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ]
    return "\r\n".join(written).encode()


def minutes(count: float) -> timedelta:
    """Return so many minutes."""
    return timedelta(minutes=count)


def _utc(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y%m%dT%H%M%SZ}"
