"""How people act: every act has its own id and is asked again with the same one until somebody answers.

What was answered is kept with the time, so that the reckoning can hold the services to it, and a loss can be told.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from shared.errors import CrossesTheDoor
from tests.chaos.load import NeverAnswered, People

Who = tuple[str, str]

#: Seconds between two looks at what others do, and until somebody stops looking.
LOOK_AGAIN, LOOKS_FOR = 0.7, 150.0
#: An act that was given up meanwhile: asked anew, as another act.
TOO_LATE = "act_too_late"
#: What the limits on taking part say.
LIMITS = ("direct_jobs_overlap", "shifts_at_one_time")
_OPENING = frozenset({"opening_is_filled", "opening_is_selecting", "opening_is_closed", "opening_is_cancelled"})
_SHEET = frozenset({"attendance_is_settled", "attendance_is_void", "attendance_is_open"})
#: Refusals that a race explains, by verb.
EXPLAINED: Mapping[str, frozenset[str]] = {
    "publish": frozenset({TOO_LATE, "budget_exceeded"}),
    "apply": _OPENING | set(LIMITS),
    "select": _OPENING
    | {"selection_has_ended", "no_place_left", "already_selected", *LIMITS, "application_not_pending", TOO_LATE},
    "accept_offer": frozenset(
        {"no_such_offer", "offer_is_lost", "already_selected", *LIMITS, "application_not_pending", TOO_LATE}
    ),
    "decline_offer": frozenset({"no_such_offer"}),
    "withdraw": frozenset({"application_has_ended"}),
    "release_place": frozenset({"no_such_placement"}),
    "rank": _OPENING,
    "close": _OPENING,
    "witness": _SHEET,
    "confirm": _SHEET | {"attendance_unclear"},
    "correct": _SHEET | {"nothing_to_correct", "officer_has_decided"},
    "dispute": _SHEET | {"dispute_is_open", "dispute_was_answered"},
    "answer": _SHEET | {"no_open_dispute", "nothing_to_correct"},
    "excuse": _SHEET | {"attendance_was_worked", "attendance_is_excused"},
    "prepare": frozenset({"nothing_to_pay", "batch_at_the_bank"}),
    "drop_row": frozenset({"no_such_row", "batch_is_not_so_far"}),
    "cancel": frozenset({"batch_is_not_so_far"}),
    "approve": frozenset({"four_eyes_needed", "batch_is_not_so_far", "batch_is_empty"}),
    "mark_filed": frozenset({"file_hash_differs", "batch_is_not_so_far"}),
    "read_returns": frozenset(),
    "note_paid_back": frozenset({"more_than_to_recover"}),
}
#: Verbs that ask for a place.
FOR_A_PLACE = frozenset({"apply", "select", "accept_offer"})


@dataclass(frozen=True)
class Told:
    """An answer: to which act, about what, and what it was. ``refused``: the code, or None."""

    act: str
    verb: str
    #: The opening, application, sheet, batch or month of pay.
    about: str
    by: str
    answer: Mapping[str, Any] = field(default_factory=dict)
    refused: str | None = None
    #: What was asked beside that.
    asked: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Story:
    """What was done for one opening (or a pair), or on one payday."""

    name: str
    told: list[Told] = field(default_factory=list)
    lines: list[tuple[datetime, str]] = field(default_factory=list)
    #: What went wrong for good: a refusal that nothing explains, or no answer at all.
    failed: str | None = None

    def tell(self, what: str) -> None:
        """Add a line."""
        self.lines.append((datetime.now(UTC), what))


class Acting:
    """Lets people act, in a story."""

    def __init__(self, people: People) -> None:
        self.people = people
        self._numbers: dict[str, int] = {}
        self._lock = threading.Lock()

    def act(self, story: Story, who: Who, service: str, verb: str, about: str, /, **asked: Any) -> Told:
        """Act until answered; raise when the refusal is none that a race explains. ``asked`` names what it is about."""
        act_id = f"{verb}-{about}-{self._next(f'{verb}-{about}')}"
        try:
            answer = self.people.insist(service, verb, who, story.tell, act_id=act_id, **asked)
            told = Told(act_id, verb, about, who[0], answer or {}, asked=asked)
            story.tell(f"{act_id} by {who[0]}: acknowledged {_short(answer)}")
        except CrossesTheDoor as refused:
            told = Told(act_id, verb, about, who[0], refused=refused.code, asked=asked)
            story.tell(f"{act_id} by {who[0]}: refused ({refused})")
            if refused.code not in EXPLAINED[verb]:
                story.told.append(told)
                raise
        story.told.append(told)
        return told

    def read(self, story: Story, who: Who, service: str, method: str, /, **asked: Any) -> Any:
        """Read until answered."""
        return self.people.insist(service, method, who, story.tell, **asked)

    def at_once(self, *acts: Callable[[], Told]) -> list[Told]:
        """Let several people act in the same moment; raise what the first of them met that nothing explains."""
        together = threading.Barrier(len(acts))

        def one(act: Callable[[], Told]) -> Told:
            together.wait()
            return act()

        with ThreadPoolExecutor(len(acts)) as pool:
            return list(pool.map(one, acts))

    def until(self, done: Callable[[], bool], what: str) -> None:
        """Look again and again until it is done; raise ``NeverAnswered`` when it never is."""
        until = time.monotonic() + LOOKS_FOR
        while not done():
            if time.monotonic() >= until or self.people.stopping.wait(LOOK_AGAIN):
                raise NeverAnswered(f"never came about: {what}")

    def hold_back(self) -> None:
        """Wait while the town is behind."""
        while self.people.behind.is_set() and not self.people.stopping.wait(0.1):
            continue
        if self.people.stopping.is_set():
            raise NeverAnswered("told to stop")

    def _next(self, name: str) -> int:
        with self._lock:
            self._numbers[name] = self._numbers.get(name, 0) + 1
            return self._numbers[name]


def _short(answer: Any) -> str:
    text = str(answer)
    return text if len(text) <= 300 else f"{text[:297]}..."
