"""Who and what appears: scenario V4 of the domain notes. Everybody is made up; mail goes to ``.example`` (RFC 2606)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from shared.clock import KST

#: 광주광역시 광산구, MOIS series.
DISTRICT: Final = "29200"
#: The programme of the data that hosts the subscription office.
OFFICE: Final = "gs-subscription-office"
#: The facility's own calendar, on its own server.
CALENDAR: Final = "모임방"
#: Days from now on which everything happens: far enough for every rule, near enough for every horizon.
IN_DAYS: Final = 7
SEATS: Final = 8
INCLUDED_MINUTES: Final = 20 * 60

_TOWN = "광주광역시 광산구"
#: Open every day, from nine to nine.
_DAILY: Final = [[{"open": "09:00", "close": "21:00"}]] * 7

CENTRE: Final[dict[str, Any]] = {
    "name": "은하수 지역경제활력센터",
    "kind": "활력센터",
    "address": {"road_address": f"{_TOWN} 은하수길 1"},
    "lat": 35.1457,
    "lon": 126.7937,
    "weekly": _DAILY,
    "holidays": "open",
}
#: 420 m further, another room that is free.
WORKSHOP: Final[dict[str, Any]] = {
    "name": "별빛 공유센터",
    "kind": "공유센터",
    "address": {"road_address": f"{_TOWN} 별빛로 12"},
    "lat": 35.1457,
    "lon": 126.7983,
    "weekly": _DAILY,
    "holidays": "open",
}
FREELANCER, COMPANY = "프리랜서 하나", "1인 회사 두리"
SEAT_TAKERS: Final = tuple(f"입주 신청 {number}" for number in range(1, SEATS + 2))


def at(now: datetime, hour: int, *, later: int = 0) -> datetime:
    """Return an hour in Seoul, ``IN_DAYS`` days (and ``later`` more) from now."""
    day = (now + timedelta(days=IN_DAYS + later)).astimezone(KST)
    return day.replace(hour=hour, minute=0, second=0, microsecond=0)
