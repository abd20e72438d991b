"""Who and what appears. The figures are those of ``deploy/data/programmes.yaml``; everybody else is made up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from shared.clock import KST

#: 광주광역시 광산구, MOIS series.
DISTRICT: Final = "29200"
#: Umbrellas of the data whose dashboards are read, and the one under which something is proposed.
INCHEON, SEOUL, UMBRELLA = "ic-sangsaeng", "se-sigu-sanghyeop", "gs-danggeun-gwangsan"
#: The programme that is proposed here instead of being loaded: its id is the one whose monthly cap the data knows.
PROPOSED: Final = "gs-citizen-allowance"
WON: Final = 30_000_000
APPLICANTS: Final = ("은하", "두리", "새봄", "가람", "마루")
PLACES: Final = 3
#: 광산구 생활임금 of 2022, the year in which the work lies: a rehearsal may.
HOURLY: Final = 10_920
#: Nine shifts of six hours in one month: 54 hours, more than the monthly cap of 583,444 won.
SHIFTS: Final = tuple(
    (datetime(2022, 3, day, 10, tzinfo=KST), datetime(2022, 3, day, 16, tzinfo=KST))
    for day in (2, 4, 7, 11, 14, 16, 21, 23, 28)
)
MONTH: Final = "2022-03"
#: Seconds from publishing to the deadline: long enough for everybody to apply.
TO_APPLY: Final = 6

PLACE: Final[dict[str, Any]] = {
    "name": "별빛 경로당",
    "address": "광주광역시 광산구 별빛로 12",
    "lat": 35.1395,
    "lon": 126.8013,
}
#: A made-up account each; the last digit tells them apart. 039 is no bank that the layout would refuse.
ACCOUNTS: Final = tuple(f"110-000-00000{number}" for number in range(1, len(APPLICANTS) + 1))


def shifts() -> list[dict[str, str]]:
    """Return the shifts as RPC takes them."""
    return [
        {"start": start.astimezone(UTC).isoformat(), "end": end.astimezone(UTC).isoformat()} for start, end in SHIFTS
    ]


def deadline(now: datetime) -> datetime:
    """Return until when anybody may apply."""
    return now + timedelta(seconds=TO_APPLY)
