"""Who lives in the story of pay, what they may work at, and the operator's data of its own (limits with a hard cap)."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from shared.actors import Actor
from shared.clock import KST, iso
from shared.config import Settings
from tests.simulation.folk import DISTRICT, LIBRARY, TENANT

#: A Thursday, 14:00 in Seoul: the work is from Friday to Sunday, in one week and in two months.
BEGINNING = datetime(2026, 10, 29, 5, 0, tzinfo=UTC)
DAYS = (date(2026, 10, 30), date(2026, 10, 31), date(2026, 11, 1))
MONTHS = ("2026-10", "2026-11")
#: Whole days, until a month later: every deadline is over, and the second month is published.
NIGHT = 33 * 86_400.0
HOURLY = 10_320
#: Of ``data/limits.yaml``: minutes that nobody may pass in a week; won of the programme ``near`` in a month.
MOST_MINUTES = 600
CAPS = {f"{TENANT}:near": 25_000}
NEAR, DIRECT = f"{TENANT}:near", f"{TENANT}:direct"
CEILING = 2_000_000
#: Young people, as they say themselves; the sixth is none.
YOUNG = frozenset(f"res-{number}" for number in range(1, 6))
GROUP = "youth"
HOST = Actor("host-library", frozenset({"host"}), TENANT, frozenset({DISTRICT}))
#: Who is paid by a wallet; the others have a bank account.
BY_WALLET = "res-6"


@dataclass(frozen=True)
class Plan:
    """An opening that will be published. ``work``: (day of ``DAYS``, hours from 10:00)."""

    opening_id: str
    programme: str
    mode: str
    places: int
    work: tuple[tuple[int, int], ...]
    #: Virtual seconds until its deadline.
    open_for: float
    waitlist: bool = False

    @property
    def shifts(self) -> list[dict[str, str]]:
        """The shifts as RPC takes them."""
        return [{"start": iso(at(day)), "end": iso(at(day, 10 + hours))} for day, hours in self.work]


PLANS = (
    Plan("opn-1", NEAR, "first_come", 2, ((0, 2), (2, 2)), 160.0, waitlist=True),
    Plan("opn-2", DIRECT, "ranked", 3, ((0, 3), (1, 2)), 110.0, waitlist=True),
    Plan("opn-3", DIRECT, "draw", 3, ((1, 3),), 130.0, waitlist=True),
    Plan("opn-4", DIRECT, "officer", 2, ((1, 2), (2, 3)), 170.0, waitlist=True),
    Plan("opn-5", NEAR, "first_come", 2, ((1, 3),), 150.0),
    Plan("opn-6", DIRECT, "first_come", 2, ((2, 2),), 140.0),
)
BY_ID = {plan.opening_id: plan for plan in PLANS}


def at(day: int, hour: int = 10, minute: int = 0) -> datetime:
    """Return an instant on a day of work."""
    return datetime(DAYS[day].year, DAYS[day].month, DAYS[day].day, hour, minute, tzinfo=KST)


def programmes() -> list[dict[str, Any]]:
    """Return the programmes' rows: a direct job, and one that pays an allowance up to a cap."""
    common = {"kind": "job_matching", "role": "core", "district_code": DISTRICT}
    return [
        {"id": "near", "name_ko": "동네 일", **common},
        {"id": "direct", "name_ko": "직접일자리", "direct_job": True, **common},
    ]


def opening(plan: Plan, now: datetime) -> dict[str, Any]:
    """Return what is published."""
    return {
        "opening_id": plan.opening_id,
        "programme_id": plan.programme,
        "title": "은하수 작은도서관 도서 정리",
        "place": LIBRARY,
        "shifts": plan.shifts,
        "places": plan.places,
        "hourly_won": HOURLY,
        "mode": plan.mode,
        "deadline": iso(now + timedelta(seconds=plan.open_for)),
        "dong": "첨단2동" if plan.programme == DIRECT else None,
        "waitlist": plan.waitlist,
        "offer_minutes": 10,
        "hosts": [HOST.subject],
    }


def account(resident: str, number: int) -> dict[str, Any]:
    """Return a made-up account; its number says whose it is, and that it is their ``number``-th."""
    whose = int(resident.rpartition("-")[2])
    if resident == BY_WALLET:
        return {"method": "local_currency", "code": "gwangsan-pay", "number": f"wallet-{whose:02}-{number:03}"}
    return {"method": "bank", "code": "039", "number": f"110-00{whose:02}-{number:06}", "holder": "첨단동 주민"}


def owner(number: str) -> str:
    """Return whose account a file means."""
    plain = number.replace("-", "").removeprefix("wallet")
    return f"res-{int(plain[5:7] if number[0] == '1' else plain[:2])}"


@lru_cache(maxsize=1)
def settings() -> Settings:
    """Return settings with the operator's data: as it is shipped, but for what the story has of its own."""
    shipped, ours = Settings().data_dir, Path(__file__).parent / "data"
    _folders.append(tempfile.TemporaryDirectory(prefix="sipbun-pay-"))
    folder = Path(_folders[-1].name)
    for file in shipped.iterdir():
        own = ours / file.name
        (folder / file.name).symlink_to(own if own.exists() else file)
    return Settings(data_dir=folder)


#: Removed when the process ends.
_folders: list[tempfile.TemporaryDirectory[str]] = []
