"""Who and what appears in the demo: scenarios V1 (walk ten minutes) and V2 (recruitment complete) of the domain notes.

Everybody here is made up; mail goes to ``.example``, which is nobody's (RFC 2606).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from services.placement.wages.model import WageTable
from shared.clock import KST, iso, kst_day

#: 광주광역시 광산구, MOIS series.
DISTRICT: Final = "29200"
#: Programmes of the data: one for each scenario, so that the figures of one come from it alone.
WALK: Final = "gs-sangsang-village"
MEALS: Final = "gs-citizen-allowance"

#: Where the resident of V1 stands.
HERE: Final = (35.1395, 126.7937)
#: Expected of V1, nearest first: name of the opening and metres (one more or less is rounding).
WITHIN_A_WALK: Final = (("A", 689), ("B", 691))
#: Metres: wide enough to see A to E, which proves that C, D and E are known and left out for their distance only.
WIDE: Final = 900
EVERYTHING_OPEN: Final = ("A", "B", "D", "C", "E")

PLACES: Final = 3
REDELIVERIES: Final = 5


@dataclass(frozen=True)
class Job:
    """An opening of V1."""

    name: str
    title: str
    place: str
    address: str
    lat: float
    lon: float

    @property
    def workplace(self) -> dict[str, Any]:
        """What ``publish`` wants as the place."""
        return {"name": self.place, "address": self.address, "lat": self.lat, "lon": self.lon}


_TOWN = "광주광역시 광산구"
JOBS: Final = (
    Job("A", "작은도서관 도서 정리", "은하수 작은도서관", f"{_TOWN} 은하수길 1", 35.1457, 126.7937),
    Job("B", "어린이공원 꽃밭 돌보기", "무지개 어린이공원", f"{_TOWN} 무지개로 7", 35.1395, 126.8013),
    Job("C", "마을 카페 오전 일손", "달빛 마을카페", f"{_TOWN} 은하수길 3", 35.1459, 126.7937),
    Job("D", "장난감 도서관 소독", "꼬마 장난감도서관", f"{_TOWN} 무지개로 9", 35.1395, 126.8015),
    Job("E", "하교 시간 길 건너기", "햇살 초등학교", f"{_TOWN} 햇살로 12", 35.1449, 126.8003),
    Job("F", "도서관 안내 (이미 찬 자리)", "은하수 작은도서관", f"{_TOWN} 은하수길 1", 35.1457, 126.7937),
    Job("G", "서가 이름표 달기 (이미 끝난 자리)", "은하수 작은도서관", f"{_TOWN} 은하수길 1", 35.1457, 126.7937),
)
#: Published first: F has to be filled and G has to end before anybody searches.
FIRST: Final = ("G", "F")

MEAL_HELPERS: Final = Job("V2", "경로당 식사 보조", "느티나무 경로당", f"{_TOWN} 느티나무길 10", 35.1440, 126.7950)


@dataclass(frozen=True)
class Who:
    """A resident of the demo: an id of this run, a name nobody has, and what they consent to."""

    resident_id: str
    name: str
    mail: str | None
    consents: tuple[str, ...]


WALKER: Final = ("봄이", None, ("service",))
NEIGHBOURS: Final = tuple(
    (name, f"{mail}@neighbours.example", ("service", "location", "news_near_me", "contact_mail"))
    for name, mail in (("하나", "hana"), ("두리", "duri"))
)
APPLICANTS: Final = tuple(
    (name, f"{mail}@applicants.example", ("service", "contact_mail"))
    for name, mail in (
        ("가온", "gaon"),
        ("나래", "narae"),
        ("다솜", "dasom"),
        ("라온", "raon"),
        ("마루", "maru"),
        ("바다", "bada"),
        ("새롬", "saerom"),
        ("아라", "ara"),
        ("자람", "jaram"),
        ("찬솔", "chansol"),
    )
)
CONSENT_TEXT: Final = "2026-01"


@dataclass(frozen=True)
class Work:
    """When the work is and what an hour of it pays, in won."""

    day: date
    hourly_won: int

    @property
    def shifts(self) -> list[dict[str, str]]:
        """Two hours before noon, KST."""
        start = datetime(self.day.year, self.day.month, self.day.day, 10, tzinfo=KST)
        return [{"start": iso(start), "end": iso(start + timedelta(hours=2))}]


def work_for(wages: WageTable, now: datetime) -> Work:
    """Return work within the last year whose minimum wage is known: tomorrow, or that year's last day but one.

    A rehearsal tenant's work may lie in the past, so the demo runs for as long as anybody keeps it.
    """
    newest = wages.newest_day()
    tomorrow = kst_day(now) + timedelta(days=1)
    in_time = kst_day(now).year == newest.year and tomorrow <= newest
    day = tomorrow if in_time else newest - timedelta(days=1)
    return Work(day, wages.won_an_hour(kind="minimum", regions=(), day=day))
