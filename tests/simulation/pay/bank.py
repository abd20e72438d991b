"""The bank, and who runs the local currency: each pays exactly what stands in the file it was given, and answers so.

Nothing here reads a batch: the file that came over the counter is all that is known.
"""

from __future__ import annotations

from collections import Counter
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

    @property
    def paid(self) -> int:
        """Won that were really paid."""
        return sum(won for row, (_, won) in self.rows.items() if row not in self.failed)

    @property
    def returned(self) -> int:
        """Won that came back."""
        return sum(self.rows[row][1] for row in self.failed)


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

    def answer(self, batch_id: str) -> list[str]:
        """Return the lines of the file that comes back."""
        order = self.orders[batch_id]
        failed = order.failed
        if order.is_bank:
            good = len(order.rows) - len(failed)
            return [
                f"H,{batch_id}",
                *(f"D,{row},{won},{failed.get(row, '0000')}" for row, (_, won) in order.rows.items()),
                f"T,{good},{order.paid},{len(failed)},{order.returned}",
            ]
        return [
            "순번,충전금액,처리결과",
            *(f"{row},{order.rows[row][1]},{reason}" for row, reason in failed.items()),
            f"합계,{len(failed)},{order.returned},{batch_id}",
        ]

    def paid_to(self) -> Counter[str]:
        """Return what each resident really has."""
        paid: Counter[str] = Counter()
        for order in self.orders.values():
            for row, (resident, won) in order.rows.items():
                if row not in order.failed:
                    paid[resident] += won
        return paid
