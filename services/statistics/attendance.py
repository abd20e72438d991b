"""Figures of attendance (출근 확인): shifts as they were settled, and placements that were completed. Pure.

A correction moves a shift from its old result to its new one, and its minutes by the difference, on the day of the
shift: both revisions may come in any order.
"""

from __future__ import annotations

from services.statistics.model import Counted, Sums, Table, quotient
from shared.events.envelope import Event
from shared.events.placement import work

#: ``settled``: shifts; ``worked``, ``partly``, ``absent``, ``excused``: how many of them ended so, as last corrected.
#: ``planned_minutes`` and ``worked_minutes`` of them. ``corrections``: later revisions. ``completed``: placements of
#: which every shift is settled and some were worked.
MEASURES = ("settled", *work.RESULTS, "planned_minutes", "worked_minutes", "corrections", "completed")


def _settled(event: Event) -> Counted:
    """``placement.attendance.settled``, on the day of the shift."""
    data = event.data
    first = data["revision"] == 1
    amounts = {"worked_minutes": data["minutes"] - data["was"]}
    amounts |= {"settled": 1, "planned_minutes": data["planned"]} if first else {"corrections": 1}
    was = None if first else data.get("result_was")
    if first or was is not None:
        amounts[data["result"]] = 1
    if was is not None:
        amounts[was] = amounts.get(was, 0) - 1
    return Counted(data["day"], amounts)


def _completed(event: Event) -> Counted | None:
    """``placement.placement.completed``, the first time only: a correction completes nothing again.

    Where the event doesn't say ``again``: settled more often than it has shifts is said again.
    """
    data = event.data
    return None if data.get("again", data["revision"] > data["shifts"]) else Counted(data["day"], {"completed": 1})


def _attended(sums: Sums) -> float | None:
    """Return the share of the minutes planned that was worked (근무시간 이행률)."""
    return quotient(sums["worked_minutes"], sums["planned_minutes"])


#: On one screen: which event counts towards what.
ATTENDANCE = Table(
    about="attendance",
    measures=MEASURES,
    counts={work.ATTENDANCE_SETTLED.type: _settled, work.PLACEMENT_COMPLETED.type: _completed},
    ratios={"attended": _attended},
)
