"""A programme's budget (hold, act, settle: DECISIONS.md 3). Amounts are whole won; ``total`` None is 자료 없음: no ceiling.

    appropriated --> hold (before the act) --> granted (the opening exists; of it, committed = places given)
                                                   --> paid by a batch --> returned by the bank
                                               --> released (closed)

``held + granted`` never passes ``total``, which is the sum of what each funder gave. A grant moves in three guarded
steps (usecases.settle), so that each opening is counted once however often and in whatever order its facts arrive;
``moving`` holds the moves under way. What must be counted exactly once (a batch's posting) is ``pending`` until its own
document has noted it (usecases.post). What is granted and what follows is kept apart by the 동 of the opening.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from shared.aggregate import Aggregate
from shared.errors import Refused
from shared.events.contract import LARGEST
from shared.events.placement import plans as events
from shared.events.placement.plans import FUNDERS

#: 동 that one budget keeps apart: no 시·군·구 has half as many. What comes later counts under ``NOWHERE``.
MOST_DONGS = 200
#: The 동 of what has none.
NOWHERE = ""
#: The funder of a ceiling that was set without saying who pays.
OTHER = "other"


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


@dataclass(frozen=True)
class Posting:
    """What a batch paid, or what came back of it; ``dongs``: (paid, returned) by 동, which add up to the whole.

    ``recovered``: what a resident gave back of what was paid too much; ``batch_id`` is then the month of pay.
    """

    id: str
    batch_id: str
    programme_id: str
    tenant: str
    district: str | None
    paid: int
    returned: int
    dongs: Mapping[str, tuple[int, int]]
    #: KST, YYYY-MM-DD.
    day: str
    recovered: int = 0

    def __post_init__(self) -> None:
        parts = (sum(pair[0] for pair in self.dongs.values()), sum(pair[1] for pair in self.dongs.values()))
        if parts != (self.paid, self.returned) or min(parts) < 0:
            raise ValueError(f"posting {self.id}: {parts} by dong, {(self.paid, self.returned)} in all")

    @property
    def counted(self) -> str:
        """What it counts, to recognise it by."""
        recovered = f"/{self.recovered}" if self.recovered else ""
        return f"{self.paid}/{self.returned}{recovered}"


@dataclass(frozen=True)
class Sums:
    """Won of one 동, or of all."""

    granted: int = 0
    committed: int = 0
    paid: int = 0
    returned: int = 0
    #: Given back by residents (환수).
    recovered: int = 0

    def __add__(self, other: Sums) -> Sums:
        return Sums(
            self.granted + other.granted,
            self.committed + other.committed,
            self.paid + other.paid,
            self.returned + other.returned,
            self.recovered + other.recovered,
        )


@dataclass(kw_only=True)
class Budget(Aggregate):
    """One programme's money; its id is the programme's."""

    #: Won by who gives it (``FUNDERS``); without any there is no ceiling.
    funders: dict[str, int] = field(default_factory=dict)
    sums: Sums = field(default_factory=Sums)
    dongs: dict[str, Sums] = field(default_factory=dict)
    holds: dict[str, Hold] = field(default_factory=dict)
    moving: dict[str, Move] = field(default_factory=dict)
    #: What was counted once and whose own document has not noted it yet: its id, and what was counted.
    pending: dict[str, str] = field(default_factory=dict)

    @property
    def total(self) -> int | None:
        """Won appropriated; None: no ceiling."""
        return sum(self.funders.values()) if self.funders else None

    @property
    def granted(self) -> int:
        """Won that openings have."""
        return self.sums.granted

    @property
    def committed(self) -> int:
        """Won promised to people."""
        return self.sums.committed

    @property
    def paid(self) -> int:
        """Won that batches sent out."""
        return self.sums.paid

    @property
    def returned(self) -> int:
        """Won that the bank sent back."""
        return self.sums.returned

    @property
    def held(self) -> int:
        """Won set aside for acts under way."""
        return sum(hold.amount for hold in self.holds.values())

    @property
    def balance(self) -> int | None:
        """Won that can still be held; None without a ceiling."""
        return None if self.total is None else self.total - self.held - self.granted

    @property
    def overdrawn(self) -> int:
        """Won paid beyond what is committed: what was corrected after it was paid, and is not given back yet.

        Else it is 0: nothing is paid that is not committed.
        """
        return max(0, self.paid - self.returned - self.sums.recovered - self.committed)

    @property
    def due(self) -> datetime | None:
        """When the first hold runs out."""
        return min((hold.deadline for hold in self.holds.values()), default=None)

    def appropriate(self, funder: str, won: int, *, district: str | None, day: str) -> None:
        """Let a funder give ``won`` more, or take back what is negative (감액); the first one makes the ceiling.

        Raises ``Refused`` below what that funder gave, and below what is already held and granted.
        """
        given = self.funders.get(funder, 0) + won
        if given < 0:
            raise Refused("appropriation_below_zero", field="won", funder=funder, most=given - won)
        funders = {**self.funders, funder: given}
        self._must_suffice(sum(funders.values()), "won")
        self.funders = {name: funders[name] for name in FUNDERS if name in funders}
        self._say_appropriated(funder, won, district=district, day=day)

    def set_total(self, total: int | None, *, district: str | None, day: str) -> None:
        """Set the ceiling, whoever pays: ``other`` carries the difference. None (자료 없음) takes that back, too.

        Raises ``Refused`` below what the other funders gave, and below what is already held and granted.
        """
        others = sum(won for funder, won in self.funders.items() if funder != OTHER)
        if (total or 0) < others:
            raise Refused("total_below_funders", field="total", least=others)
        if total is None and self.total is None:
            return
        self._must_suffice(total or 0, "total")
        if total is not None and total != self.total:
            was, self.funders[OTHER] = self.funders.get(OTHER, 0), total - others
            self._say_appropriated(OTHER, total - others - was, district=district, day=day)
        elif total is None:
            gone, self.funders = self.funders.get(OTHER, 0), {}
            self._say_appropriated(OTHER, -gone, district=district, day=day)

    def hold(self, hold: Hold) -> None:
        """Set an amount aside; raise ``Refused`` when it does not fit."""
        balance = self.balance
        if balance is not None and hold.amount > balance:
            raise Refused("budget_exceeded", field="places", needs=hold.amount, balance=balance)
        self.holds[hold.act_id] = hold

    def release(self, act_id: str) -> None:
        """Give a hold back: its act has been made impossible, or was refused."""
        self.holds.pop(act_id, None)

    def begin_move(self, opening_id: str, since: Grant, move: Move, dong: str = NOWHERE) -> None:
        """Count an opening's new grant instead of its old one, and of the holds it replaces.

        ``dong`` is the opening's, the same for all its moves.
        """
        self._add(dong, Sums(move.to.granted - since.granted, move.to.committed - since.committed))
        for act_id in move.acts:
            self.holds.pop(act_id, None)
        self.moving[opening_id] = move

    def end_move(self, opening_id: str) -> None:
        """Forget a move whose opening has noted its new grant."""
        del self.moving[opening_id]

    def post(self, posting: Posting) -> None:
        """Count what really moved; a posting that passes what is committed counts too, and shows (``overdrawn``)."""
        for dong, (paid, returned) in posting.dongs.items():
            self._add(dong, Sums(paid=paid, returned=returned))
        if posting.recovered:
            self._add(NOWHERE, Sums(recovered=posting.recovered))
        self.pending[posting.id] = posting.counted
        self.say(
            events.BUDGET_POSTED.fact(
                programme_id=self.id,
                district=posting.district,
                posting_id=posting.id,
                batch_id=posting.batch_id,
                paid=posting.paid,
                returned=posting.returned,
                day=posting.day,
                **({"recovered": posting.recovered} if posting.recovered else {}),
            )
        )

    def forget(self, pending_id: str) -> None:
        """Forget that something was counted: its own document has noted it."""
        self.pending.pop(pending_id, None)

    def _add(self, dong: str, change: Sums) -> None:
        # No 동 is ever taken out, so that what was once counted under NOWHERE is always counted there.
        key = dong if dong in self.dongs or len(self.dongs) < MOST_DONGS else NOWHERE
        self.dongs[key] = self.dongs.get(key, Sums()) + change
        self.sums = self.sums + change

    def _must_suffice(self, total: int, named: str) -> None:
        if total > LARGEST:
            raise Refused("out_of_range", field=named, low=0, high=LARGEST)
        if total < self.held + self.granted:
            raise Refused("budget_below_granted", field=named, least=self.held + self.granted)

    def _say_appropriated(self, funder: str, won: int, *, district: str | None, day: str) -> None:
        self.say(
            events.BUDGET_APPROPRIATED.fact(
                programme_id=self.id, district=district, won=won, total=self.total, funder=funder, day=day
            )
        )


def faults(budget: Budget) -> dict[str, int]:
    """Return the identities of the ledger that a budget breaks, with the won by which it does; empty: it balances.

    appropriated = held + granted + balance and no balance below 0; committed <= granted; the 동 add up to the whole; nothing below 0.
    Neither the bank, in any 동, nor residents give back more than was paid; the same won can come back from both: a
    resident has paid some of it back when the bank sends back the whole. It is then due again, in the next batch.
    """
    sums, parts = budget.sums, sum(budget.dongs.values(), Sums())
    broken = {
        "above_ceiling": max(0, -(budget.balance or 0)),
        "committed_above_granted": max(0, sums.committed - sums.granted),
        "returned_above_paid": max(
            0, sums.recovered - sums.paid, *(part.returned - part.paid for part in (sums, *budget.dongs.values()))
        ),
        "dongs_differ": max(abs(whole - part) for whole, part in zip(_figures(sums), _figures(parts), strict=True)),
        "below_zero": max(0, -min(_figures(sums)), *(-min(_figures(part)) for part in budget.dongs.values()), 0),
        "funder_below_zero": max(0, -min(budget.funders.values(), default=0)),
    }
    return {name: won for name, won in broken.items() if won}


def _figures(sums: Sums) -> tuple[int, ...]:
    return sums.granted, sums.committed, sums.paid, sums.returned, sums.recovered
