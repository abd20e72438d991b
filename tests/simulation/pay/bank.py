"""The bank, and who runs the local currency: each pays exactly what stands in the file it was given, and answers so.

Some of what it paid comes back days later; its later files say so.

Nothing here reads a batch: the file that came over the counter is all that is known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from random import Random

from tests.simulation.pay import cast

ENCODING = "cp949"
_WRONG_BANK, _WRONG_WALLET = ("0011", "0012", "0099"), ("미가입", "번호오류")


@dataclass
class Order:
    """One file that was given to the bank: by row, whom and how much; and which rows came back, and why."""

    content: bytes
    rows: dict[int, tuple[str, int]]
    is_bank: bool
    failed: dict[int, str] = field(default_factory=dict)
    #: Rows that were paid, and came back days later.
    later: dict[int, str] = field(default_factory=dict)
    #: Every file that came back, oldest first.
    answers: list[list[str]] = field(default_factory=list)

    @property
    def gone(self) -> dict[int, str]:
        """Rows that came back, whenever, and why."""
        return {row: reason for row in self.rows if (reason := self.failed.get(row) or self.later.get(row))}

    @property
    def paid(self) -> int:
        """Won that were really paid, and stayed."""
        return sum(won for row, (_, won) in self.rows.items() if row not in self.gone)

    @property
    def returned(self) -> int:
        """Won that came back."""
        return sum(self.rows[row][1] for row in self.gone)


class Bank:
    """Pays."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self.orders: dict[str, Order] = {}
        self.complaints: list[str] = []

    def take(self, batch_id: str, content: bytes) -> None:
        """Take a file and pay it; the same file again is the same order, another one for it is a complaint."""
        known = self.orders.get(batch_id)
        if known is not None:
            if known.content != content:
                self.complaints.append(f"{batch_id} came to the bank twice, in two different files")
            return
        lines = [line.split(",") for line in content.decode(ENCODING).splitlines()]
        is_bank = lines[0][0] == "H"
        number, won = (3, 4) if is_bank else (2, 3)
        rows = {int(line[1 if is_bank else 0]): (cast.owner(line[number]), int(line[won])) for line in lines[1:-1]}
        if sum(amount for _, amount in rows.values()) != int(lines[-1][2]):
            self.complaints.append(f"the file of {batch_id} does not add up")
        order = Order(content, rows, is_bank)
        for row in rows:
            if self._random.random() < 0.25:
                order.failed[row] = self._random.choice(_WRONG_BANK if is_bank else _WRONG_WALLET)
        self.orders[batch_id] = order

    def send_back(self, batch_id: str) -> None:
        """Take some of what was paid back again: the account was closed meanwhile."""
        order = self.orders[batch_id]
        for row in sorted(order.rows.keys() - order.gone.keys()):
            if self._random.random() < 0.5:
                order.later[row] = self._random.choice(_WRONG_BANK if order.is_bank else _WRONG_WALLET)

    def answer(self, batch_id: str) -> list[str]:
        """Return the lines of the file that comes back, as of now."""
        order = self.orders[batch_id]
        told = _file(batch_id, order, order.rows if order.is_bank else order.gone)
        order.answers.append(told)
        return told

    def later_answer(self, batch_id: str) -> list[str]:
        """Return the lines of a file with nothing but what was paid and came back."""
        order = self.orders[batch_id]
        return _file(batch_id, order, order.later)

    def paid_to(self) -> Counter[str]:
        """Return what each resident really has."""
        paid: Counter[str] = Counter()
        for order in self.orders.values():
            for row, (resident, won) in order.rows.items():
                if row not in order.gone:
                    paid[resident] += won
        return paid


def _file(batch_id: str, order: Order, rows: Collection[int]) -> list[str]:
    """Return a file that comes back, with these rows."""
    gone = {row: reason for row, reason in order.gone.items() if row in rows}
    won = {row: order.rows[row][1] for row in rows}
    back = sum(won[row] for row in gone)
    if order.is_bank:
        return [
            f"H,{batch_id}",
            *(f"D,{row},{won[row]},{gone.get(row, '0000')}" for row in rows),
            f"T,{len(rows) - len(gone)},{sum(won.values()) - back},{len(gone)},{back}",
        ]
    return [
        "순번,충전금액,처리결과",
        *(f"{row},{won[row]},{reason}" for row, reason in gone.items()),
        f"합계,{len(gone)},{back},{batch_id}",
    ]
