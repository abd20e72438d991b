"""One go for what several threads of a process ask at the same time: a group commit.

    one thread   asks --> carried out at once, alone
    many         the first is carried out; what is asked meanwhile waits, and is carried out together, in one go

Each caller learns its own outcome. A database pays for a write mostly by the write, not by the document, so that a
group costs little more than one. While there is company, a group gives it a moment to gather; who is alone never waits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from shared.clock import Clock
from shared.errors import CrossesTheDoor, Unavailable
from shared.serial import Serial

Asked = TypeVar("Asked")
Told = TypeVar("Told")
Error = CrossesTheDoor | Unavailable
#: Seconds that a group waits for more, if the one before was more than one.
GATHER = 0.001


@dataclass(eq=False)
class _Wish(Generic[Asked, Told]):
    asked: Asked
    #: One entry, once it is known.
    outcome: tuple[Told | Error] | None = None


class Together(Generic[Asked, Told]):
    """Carries out what is asked by ``do``, which gets a group and returns an outcome for each, in order.

    An outcome that is an error is raised to the one whose it is; what ``do`` itself raises of ours (``Unavailable``,
    ``Conflict``) is raised to the whole group. ``do`` must be safe to repeat for each that is asked: after any other
    failure everybody left of the group asks again.
    """

    def __init__(
        self, do: Callable[[Sequence[Asked]], Sequence[Told | Error]], *, key: str, serial: Serial, clock: Clock
    ) -> None:
        self._do = do
        self._key = key
        self._serial = serial
        self._clock = clock
        self._company = False
        self._waiting: list[_Wish[Asked, Told]] = []

    def __call__(self, asked: Asked) -> Told:
        """Carry it out, with whatever else waits; return its outcome."""
        mine: _Wish[Asked, Told] = _Wish(asked)
        self._waiting.append(mine)
        with self._serial(self._key):
            if mine.outcome is None:
                self._carry_out(mine)
        outcome = mine.outcome
        if outcome is None:
            raise AssertionError(f"{self._key}: an outcome for each that was asked")
        (told,) = outcome
        if isinstance(told, CrossesTheDoor | Unavailable):
            raise told
        return told

    def _carry_out(self, mine: _Wish[Asked, Told]) -> None:
        if self._company:
            self._clock.sleep(GATHER)
        waiting = self._waiting[:]
        # Others may be adding to the list right now, at its end.
        del self._waiting[: len(waiting)]
        group = waiting if mine in waiting else [mine, *waiting]
        self._company = len(group) > 1
        try:
            outcomes = self._do([wish.asked for wish in group])
        except (CrossesTheDoor, Unavailable) as error:
            outcomes = [error] * len(group)
        for wish, told in zip(group, outcomes, strict=True):
            wish.outcome = (told,)
