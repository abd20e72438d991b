"""What is not as it must be: told alike by every scenario whose people are asked by ``about`` and ``act``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

LOST, DUPLICATED, LEFT = "lost", "duplicated", "left"


@dataclass(frozen=True)
class Finding:
    """Something that is not as it must be. `about` and `act` say whose it is, when that is known."""

    kind: str
    what: str
    about: str = ""
    act: str = ""


def letters_found(
    owed: Mapping[tuple[str, str], tuple[str, str]], letters: Iterable[Mapping[str, Any]]
) -> Iterator[Finding]:
    """Yield what is wrong with the letters; ``owed``: (event key, resident) -> (kind, what it is about)."""
    written = Counter((one["cause"]["key"], one["resident"], one["kind"], one["about"]) for one in letters)
    for (key, resident), (kind, about) in owed.items():
        times = written.pop((key, resident, kind, about), 0)
        if times == 0:
            yield Finding(LOST, f"the letter {kind} to {resident}", about, kind)
        elif times > 1:
            yield Finding(DUPLICATED, f"{times} letters {kind} to {resident}", about)
    for _key, resident, kind, about in written:
        yield Finding(DUPLICATED, f"a letter {kind} to {resident} that no archived fact explains", about)
