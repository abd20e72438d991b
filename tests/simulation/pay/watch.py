"""What must never be, at any moment: looked at right after every write, before anybody else goes on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

from shared.clock import kst_day
from tests.simulation.pay import cast
from tests.simulation.world import World

Row = Mapping[str, Any]


class Watch:
    """Notes what should not have been, and how much each month could ever be paid."""

    def __init__(self, world: World) -> None:
        self.world = world
        #: Complaints, each once, in order.
        self.seen: dict[str, None] = {}
        #: Won that a month of pay could be paid at most, at whatever moment.
        self.most_payable: dict[str, int] = {}
        self._looks = {
            "openings": self._places,
            "budgets": self._money,
            "pay_months": self._months,
            "batches": self._eyes,
        }
        world.watchers.append(self)

    def __call__(self, what: str) -> None:
        """Look at what was written."""
        look = self._looks.get(what.removeprefix("database ").partition(".")[0])
        if look is not None:
            for complaint in look():
                if complaint not in self.seen:
                    self.seen[complaint] = None
                    self.world.scheduler.tell(f"NEVER {complaint}")

    def rows(self, collection: str) -> list[Row]:
        """Return what is in one of placement's collections."""
        found = self.world.databases["placement"].collection(collection).everything()
        return [row for row in found if not row.get("tombstone")]

    def _places(self) -> Iterator[str]:
        """No place is promised twice; nobody has direct jobs that overlap, nor more hours than they may."""
        taken: dict[str, list[Row]] = {}
        for opening in self.rows("openings"):
            promised = [row["resident_id"] for row in (*opening["placements"], *opening["offers"])]
            if len(promised) > opening["places"]:
                yield f"{opening['_id']} promises {len(promised)} of {opening['places']} places"
            if len(set(promised)) < len(promised):
                yield f"{opening['_id']} promises somebody two places: {sorted(promised)}"
            for placement in opening["placements"]:
                taken.setdefault(placement["resident_id"], []).append(opening)
        for resident, openings in taken.items():
            yield from too_much(resident, openings)

    def _money(self) -> Iterator[str]:
        """What is held and granted never passes what was given."""
        for budget in self.rows("budgets"):
            held = sum(hold["amount"] for hold in budget["holds"])
            if budget["total"] is not None and held + budget["granted"] > budget["total"]:
                yield f"{budget['_id']} has {held} held and {budget['granted']} granted of {budget['total']} won"

    def _months(self) -> Iterator[str]:
        """One batch at a time pays a month, each at most once."""
        for month in self.rows("pay_months"):
            payable = payable_of(month)
            self.most_payable[month["_id"]] = max(payable, self.most_payable.get(month["_id"], 0))
            if sum(payment["state"] == "claimed" for payment in month["payments"]) > 1:
                yield f"{month['_id']} is claimed by two batches"
            for batch_id, times in Counter(payment["batch_id"] for payment in month["payments"]).items():
                if times > 1:
                    yield f"{batch_id} pays {month['_id']} {times} times"

    def _eyes(self) -> Iterator[str]:
        """Whoever approves a batch has neither prepared it nor taken a row out; two who say the same are two."""
        for batch in self.rows("batches"):
            if batch["approver"] is not None and batch["approver"] in (batch["preparer"], *batch["changers"]):
                yield f"{batch['_id']} was approved by {batch['approver']}, who prepared or changed it"
            for reversal in batch["reversals"]:
                if len(set(reversal["by"])) < len(reversal["by"]):
                    yield f"{batch['_id']} had rows sent back by {reversal['by']}, who are one and the same"


def payable_of(month: Row) -> int:
    """Return what of a month's lines may be paid, by the story's own caps."""
    earned = sum(line["won"] for line in month["lines"])
    cap = cast.CAPS.get(month["programme_id"])
    return int(earned if cap is None else min(earned, cap))


def days_of(opening: Row) -> tuple[Any, Any]:
    """Return the first and the last KST day of an opening's work."""
    days = [kst_day(shift["start"]) for shift in opening["shifts"]]
    return min(days), max(days)


def too_much(resident: str, openings: list[Row]) -> Iterator[str]:
    """Yield what one resident has too much of."""
    minutes = sum(
        (shift["end"] - shift["start"]).total_seconds() / 60 for opening in openings for shift in opening["shifts"]
    )
    if minutes > cast.MOST_MINUTES:
        yield f"{resident} has {minutes:.0f} minutes in one week: {[one['_id'] for one in openings]}"
    for one, other in combinations([opening for opening in openings if opening["direct_job"]], 2):
        (first, last), (begin, end) = days_of(one), days_of(other)
        if max(first, begin) <= min(last, end):
            yield f"{resident} has two direct jobs at once: {one['_id']} and {other['_id']}"
