"""A bank (and a local currency's operator) that reads payout files, pays, keeps its own book, and answers with a file.

It is a bank like any other: a file that is handed in twice is paid twice. It knows nothing of us but the files.
"""

from __future__ import annotations

import csv
import io
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

BANK, WALLET = "bank", "local_currency"
#: How often a payment fails that could have gone through, while the bank is not calm.
FAILS = 0.08
#: What it answers: code of an unknown account, of a limit.
UNKNOWN = {BANK: "0011", WALLET: "번호오류"}
LIMIT = {BANK: "0014", WALLET: "한도초과"}
ENCODING = "cp949"


@dataclass(frozen=True)
class Entry:
    """One line of the bank's book. ``failed``: the code of why nothing was paid, or None: paid."""

    batch: str
    seq: int
    number: str
    won: int
    failed: str | None = None


class Bank:
    """Both institutions. ``unknown``: account numbers, as the file has them, that don't exist."""

    def __init__(self, seed: int, unknown: Sequence[str]) -> None:
        self.book: list[Entry] = []
        #: What was wrong with a file, in words.
        self.complaints: list[str] = []
        self._seed = seed
        self._unknown = frozenset(unknown)
        self._calm = threading.Event()
        self._lock = threading.Lock()

    def be_calm(self) -> None:
        """Let everything go through from now on that can."""
        self._calm.set()

    def take(self, batch: str, method: str, content: bytes) -> tuple[list[Entry], str]:
        """Pay what a file says; return the lines that were booked for it, and the text of the file that goes back."""
        rows = list(csv.reader(io.StringIO(content.decode(ENCODING), newline="")))
        told = self._bank_rows(batch, rows) if method == BANK else self._wallet_rows(batch, rows)
        entries = [Entry(batch, seq, number, won, self._why_not(batch, method, seq, number)) for seq, number, won in told]
        with self._lock:
            self.book += entries
        return entries, _answer_of_bank(batch, entries) if method == BANK else _answer_of_wallets(batch, entries)

    def _bank_rows(self, batch: str, rows: Sequence[Sequence[str]]) -> list[tuple[int, str, int]]:
        header, *payments, trailer = rows
        told = [(int(row[1]), row[3], int(row[4])) for row in payments]
        self._check(batch, told, int(header[3]), int(header[4]))
        self._check(batch, told, int(trailer[1]), int(trailer[2]))
        if (header[0], header[1], trailer[0]) != ("H", batch, "T"):
            self.complaints.append(f"{batch}: the file says {header[0]} {header[1]} {trailer[0]}")
        return told

    def _wallet_rows(self, batch: str, rows: Sequence[Sequence[str]]) -> list[tuple[int, str, int]]:
        _titles, *payments, trailer = rows
        told = [(int(row[0]), row[2], int(row[3])) for row in payments]
        self._check(batch, told, int(trailer[1]), int(trailer[2]))
        return told

    def _check(self, batch: str, told: Sequence[tuple[int, str, int]], count: int, won: int) -> None:
        sums = (len(told), sum(row[2] for row in told))
        if sums != (count, won) or [row[0] for row in told] != list(range(1, len(told) + 1)):
            self.complaints.append(f"{batch}: its rows are {sums}, its totals {(count, won)}")

    def _why_not(self, batch: str, method: str, seq: int, number: str) -> str | None:
        if number in self._unknown:
            return UNKNOWN[method]
        unlucky = Random(f"{self._seed}/{batch}/{seq}").random() < FAILS
        return LIMIT[method] if unlucky and not self._calm.is_set() else None


def _answer_of_bank(batch: str, entries: Sequence[Entry]) -> str:
    paid = [one.won for one in entries if one.failed is None]
    failed = [one.won for one in entries if one.failed is not None]
    lines = [
        f"H,{batch}",
        *(f"D,{one.seq:07d},{one.won},{one.failed or '0000'}" for one in entries),
        f"T,{len(paid)},{sum(paid)},{len(failed)},{sum(failed)}",
    ]
    return "".join(f"{line}\r\n" for line in lines)


def _answer_of_wallets(batch: str, entries: Sequence[Entry]) -> str:
    failed = [one for one in entries if one.failed is not None]
    lines = [
        "순번,충전금액,처리결과",
        *(f"{one.seq},{one.won},{one.failed}" for one in failed),
        f"합계,{len(failed)},{sum(one.won for one in failed)},{batch}",
    ]
    return "".join(f"{line}\r\n" for line in lines)
