"""What an aggregate is in memory: it changes itself through verbs and remembers the facts it caused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.ids import content_hash


@dataclass(frozen=True)
class Fact:
    """Something that happened, not yet saved: its full type and its data, checked against the contract when made."""

    type: str
    data: Mapping[str, Any]


@dataclass(frozen=True)
class Act:
    """A command's name for itself: the id its sender chose, and the hash of what it asks.

    The same id with another hash is a mistake of the sender, not a repeat.
    """

    id: str
    hash: str

    @staticmethod
    def of(act_id: str, verb: str, **asked: Any) -> Act:
        """Return the act that a caller named ``act_id`` and that asks ``verb`` with these JSON-ready values.

        A caller's name is kept apart from our own (``own``), whatever it chose.
        """
        return Act(f"asked:{act_id}", content_hash({"verb": verb, **asked}))

    @staticmethod
    def own(name: str, verb: str, **asked: Any) -> Act:
        """Return an act that a service does by itself, under a name that no caller can choose."""
        return Act(f"own:{name}", content_hash({"verb": verb, **asked}))


@dataclass(kw_only=True)
class Aggregate:
    """One document's worth of truth."""

    id: str
    tenant: str
    version: int = 0
    facts: list[Fact] = field(default_factory=list, repr=False, compare=False)

    def say(self, fact: Fact) -> None:
        """Remember a fact, to be saved by the same write as the change that caused it."""
        self.facts.append(fact)
