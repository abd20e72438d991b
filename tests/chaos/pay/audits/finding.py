"""What an audit finds: which kinds there are, and whose it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.chaos.pay.account import Account

UNBALANCED, PAID_TWICE, OVER_FILLED, OVERLAPPING = "unbalanced", "paid_twice", "over_filled", "overlapping"
FOUR_EYES, LOST, DUPLICATED, LEFT = "four_eyes_broken", "lost", "duplicated", "left"


@dataclass(frozen=True)
class Finding:
    """Something that is not as it must be. `about` and `act` say whose it is, when that is known."""

    kind: str
    what: str
    about: str = ""
    act: str = ""


def events(account: Account, suffix: str) -> Iterator[Mapping[str, Any]]:
    """Yield archived events of placement of that type, such as ``allowance.paid``."""
    for kept in account.archive:
        if kept["event"]["type"].startswith(f"kr.sipbun.placement.{suffix}."):
            yield kept["event"]
