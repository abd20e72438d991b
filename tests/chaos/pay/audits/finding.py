"""What an audit of pay finds beside what is lost, doubled or left."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tests.chaos.pay.account import Account

UNBALANCED, PAID_TWICE, OVER_FILLED, OVERLAPPING = "unbalanced", "paid_twice", "over_filled", "overlapping"
FOUR_EYES = "four_eyes_broken"


def events(account: Account, suffix: str) -> Iterator[Mapping[str, Any]]:
    """Yield archived events of placement of that type, such as ``allowance.paid``."""
    for kept in account.archive:
        if kept["event"]["type"].startswith(f"kr.sipbun.placement.{suffix}."):
            yield kept["event"]
