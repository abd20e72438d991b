"""Counts something in a budget exactly once, although its own document is another one.

    read the budget (version v) --> already pending? ------------------------------------> note --> forget
                                    noted by its own document? --> done                      ^
                                    write, only at version v, and keep the id as pending ----+

Whoever dies between two steps, the next one who tries goes on from there. Who sleeps before the write wakes to a
budget of another version, reads again, and finds the id pending, or noted: it is forgotten only once it is noted.
"""

from __future__ import annotations

from collections.abc import Callable

from services.placement.budgets.model import Budget
from services.placement.budgets.storage import Budgets
from shared.errors import Refused, Unavailable

#: Times that a budget may change between the reading and the write.
TRIES = 100


def count_once(
    budgets: Budgets,
    budget_id: str,
    name: str,
    *,
    counted: str,
    count: Callable[[Budget], None],
    noted: Callable[[], bool],
    note: Callable[[], None],
) -> None:
    """Let ``count`` change the budget once under this name, then ``note`` it.

    Call it whenever the name is heard of, also when it is noted: whoever noted it may have died before the budget
    forgot the name. ``count`` must put the name into ``pending``, with ``counted``; ``noted`` and ``note`` are about the document that
    the name belongs to, and ``note`` is safe to repeat. Raises ``Refused`` when the name counted something else.
    """
    for _ in range(TRIES):
        seen = budgets.get(budget_id)
        if name in seen.pending:
            if seen.pending[name] != counted:
                raise Refused("act_id_reused", field="posting_id", act_id=name)
            break
        if noted():
            return
        if _written(budgets, seen, count):
            break
    else:
        raise Unavailable("the budget changes faster than it can be posted to")
    note()

    def forget(budget: Budget) -> dict[str, bool]:
        budget.forget(name)
        return {}

    budgets.act(None, budget_id, forget)


def _written(budgets: Budgets, seen: Budget, count: Callable[[Budget], None]) -> bool:
    def decide(budget: Budget) -> dict[str, bool]:
        if budget.version != seen.version:
            return {"written": False}
        count(budget)
        return {"written": True}

    return bool(budgets.act(None, seen.id, decide)["written"])
