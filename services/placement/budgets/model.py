"""A programme's budget (hold, act, settle: DECISIONS.md 3). Amounts are whole won; ``total`` None is 자료 없음: no ceiling.

    hold (before the act) --> granted (the opening exists; of it, committed = places given) --> released (closed)

``held + granted`` never passes ``total``. A grant moves in three guarded steps (usecases.settle), so that each
opening is counted once however often and in whatever order its facts arrive; ``moving`` holds the moves under way.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from shared.aggregate import Aggregate
from shared.errors import Refused


@dataclass(frozen=True)
class Hold:
    """An amount set aside for an act that is under way."""

    act_id: str
    opening_id: str
    amount: int
    deadline: datetime


@dataclass(frozen=True)
class Grant:
    """What an opening has of the budget, and how much of it is promised to people."""

    granted: int = 0
    committed: int = 0


@dataclass(frozen=True)
class Move:
    """An opening's grant on its way to a new value; ``acts`` are the holds it replaced."""

    to: Grant
    acts: tuple[str, ...] = ()


@dataclass(kw_only=True)
class Budget(Aggregate):
    """One programme's money; its id is the programme's."""

    total: int | None = None
    granted: int = 0
    committed: int = 0
    holds: dict[str, Hold] = field(default_factory=dict)
    moving: dict[str, Move] = field(default_factory=dict)

    @property
    def held(self) -> int:
        """Won set aside for acts under way."""
        return sum(hold.amount for hold in self.holds.values())

    @property
    def balance(self) -> int | None:
        """Won that can still be held; None without a ceiling."""
        return None if self.total is None else self.total - self.held - self.granted

    @property
    def due(self) -> datetime | None:
        """When the first hold runs out."""
        return min((hold.deadline for hold in self.holds.values()), default=None)

    def set_total(self, total: int | None) -> None:
        """Set the ceiling; raise ``Refused`` below what is already held and granted."""
        if total is not None and total < self.held + self.granted:
            raise Refused("budget_below_granted", field="total", least=self.held + self.granted)
        self.total = total

    def hold(self, hold: Hold) -> None:
        """Set an amount aside; raise ``Refused`` when it does not fit."""
        balance = self.balance
        if balance is not None and hold.amount > balance:
            raise Refused("budget_exceeded", field="places", needs=hold.amount, balance=balance)
        self.holds[hold.act_id] = hold

    def release(self, act_id: str) -> None:
        """Give a hold back: its act has been made impossible, or was refused."""
        self.holds.pop(act_id, None)

    def begin_move(self, opening_id: str, since: Grant, move: Move) -> None:
        """Count an opening's new grant instead of its old one, and of the holds it replaces."""
        self.granted += move.to.granted - since.granted
        self.committed += move.to.committed - since.committed
        for act_id in move.acts:
            self.holds.pop(act_id, None)
        self.moving[opening_id] = move

    def end_move(self, opening_id: str) -> None:
        """Forget a move whose opening has noted its new grant."""
        del self.moving[opening_id]
