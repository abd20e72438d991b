"""What residents gave back is counted on the budget exactly once (budgets/once.py)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from services.placement.allowance.model import PayMonth
from services.placement.allowance.ports import BudgetPosts
from services.placement.allowance.storage import PayMonths
from services.placement.budgets.model import NOWHERE, Posting
from shared.events.envelope import Event


@dataclass(frozen=True)
class PaidBackDesk:
    """Lets the budget follow months of pay."""

    months: PayMonths
    budget: BudgetPosts

    def post(self, event: Event) -> None:
        """Count what ``allowance.paid_back`` says; safe to repeat, and to leave at any step."""
        said = event.data
        pay_month_id, number = said["pay_month_id"], said["number"]
        posting = Posting(
            id=f"{pay_month_id}:paid_back:{number}",
            batch_id=pay_month_id,
            programme_id=said["programme_id"],
            tenant=event.tenant,
            district=said["district"],
            paid=0,
            returned=0,
            dongs={NOWHERE: (0, 0)},
            day=said["day"],
            recovered=said["won"],
        )

        def mark(month: PayMonth) -> dict[str, Any]:
            month.note_posted(number)
            return {}

        def note() -> None:
            self.months.act(None, pay_month_id, mark)

        def noted() -> bool:
            return bool(self.months.get(pay_month_id).paid_back[number - 1].posted)

        self.budget.post(posting, noted=noted, note=note)
