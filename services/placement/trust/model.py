"""What is true of the evaluation of one place. No I/O, no clock: time comes in.

    opened (attendance) --> a word of each side, once --> revealed: both are in, or the time is over
                                                             |
                                                             +--> appeal of the one who was evaluated --> answered

Until it is revealed nobody reads the other side's word, nor an officer either. A word whose appeal is upheld counts no
more. Its id is the place's: ``application:attempt``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.placement.trust.rules import HOST, RESIDENT
from shared.aggregate import Aggregate
from shared.clock import iso
from shared.errors import Refused
from shared.events.placement import trust as events

#: Characters of a comment, and of the reasons of an appeal and its answer.
LONGEST = 300
WAITING, UPHELD, REJECTED = "waiting", "upheld", "rejected"
OTHER = {RESIDENT: HOST, HOST: RESIDENT}


@dataclass(frozen=True)
class Word:
    """What one side said of the other. ``officer``: an officer said it on the host's behalf (대신 남김)."""

    side: str
    recommendations: tuple[str, ...]
    would_again: bool
    comment: str | None
    given_at: datetime
    given_by: str
    officer: bool = False


@dataclass(frozen=True)
class Appeal:
    """One side's objection to what was said of it."""

    side: str
    reason: str
    asked_at: datetime
    state: str = WAITING
    answered_by: str | None = None
    answered_at: datetime | None = None
    answer: str | None = None


@dataclass(kw_only=True)
class Evaluation(Aggregate):
    """What the two sides of a place said of each other."""

    opening_id: str
    programme_id: str
    district: str
    resident_id: str
    application_id: str
    attempt: int
    #: Who may speak for the workplace: as the opening named them when the work was done.
    hosts: tuple[str, ...]
    workplace_id: str
    workplace: str
    title: str
    opened_at: datetime
    until: datetime
    words: tuple[Word, ...] = ()
    revealed_at: datetime | None = None
    appeals: tuple[Appeal, ...] = ()
    #: The resident has left: nothing in anybody's own words is kept of it any more.
    forgotten: bool = False

    def say_opened(self) -> None:
        """Say that both sides may evaluate."""
        self.say(events.EVALUATION_OPENED.fact(**self._named(), until=iso(self.until)))

    @property
    def due(self) -> datetime | None:
        """When it is revealed by itself; None once it is."""
        return self.until if self.revealed_at is None else None

    @property
    def waiting_since(self) -> datetime | None:
        """Since when an appeal waits for an officer, or None."""
        return min((one.asked_at for one in self.appeals if one.state == WAITING), default=None)

    def word_of(self, side: str) -> Word | None:
        """Return what this side said, or None."""
        return next((word for word in self.words if word.side == side), None)

    def appeal_of(self, side: str) -> Appeal | None:
        """Return this side's objection, or None."""
        return next((one for one in self.appeals if one.side == side), None)

    def counted(self, side: str) -> Word | None:
        """Return the word of this side that counts: revealed, and no appeal of the other side was upheld."""
        appeal = self.appeal_of(OTHER[side])
        if self.revealed_at is None or (appeal is not None and appeal.state == UPHELD):
            return None
        return self.word_of(side)

    def give(self, word: Word, appeals: timedelta) -> None:
        """Take a side's word, once; with the second all is revealed, and ``appeals`` is how long one may object.

        Raises ``Refused``: ``already_evaluated``, ``evaluation_is_over``.
        """
        if self.word_of(word.side) is not None:
            raise Refused("already_evaluated", field="side", side=word.side)
        if self.revealed_at is not None or word.given_at >= self.until:
            raise Refused("evaluation_is_over", field="placement_id", until=iso(self.until))
        self.words = (*self.words, replace(word, comment=None) if self.forgotten else word)
        self.say(events.EVALUATION_GIVEN.fact(**self._named(), by=word.side))
        if len(self.words) == len(OTHER):
            self._reveal(word.given_at, appeals)

    def pass_deadline(self, now: datetime, appeals: timedelta) -> None:
        """Reveal what there is once the time is over; ``appeals``: how long one may object. Safe to repeat."""
        if self.revealed_at is None and now >= self.until:
            self._reveal(now, appeals)

    def object_to(self, appeal: Appeal, window: timedelta) -> None:
        """Note that a side objects to what was said of it; once, within the window after the reveal.

        Raises ``Refused``: ``nothing_to_appeal``, ``already_appealed``, ``appeal_too_late``.
        """
        if self.revealed_at is None or self.word_of(OTHER[appeal.side]) is None:
            raise Refused("nothing_to_appeal", field="placement_id")
        if self.appeal_of(appeal.side) is not None:
            raise Refused("already_appealed", field="placement_id")
        if appeal.asked_at >= self.revealed_at + window:
            raise Refused("appeal_too_late", field="placement_id", until=iso(self.revealed_at + window))
        self.appeals = (*self.appeals, replace(appeal, reason="") if self.forgotten else appeal)
        self.say(events.APPEAL_MADE.fact(**self._named(), appeal_id=self.appeal_id(appeal.side), by=appeal.side))

    def answer(self, side: str, *, state: str, officer: str, why: str, now: datetime) -> None:
        """Answer a side's objection; upheld, the word counts no more.

        Raises ``Refused``: ``nothing_to_answer``, ``not_ones_own_word`` (the officer who said it on the host's behalf).
        """
        appeal = self.appeal_of(side)
        if appeal is None or appeal.state != WAITING:
            raise Refused("nothing_to_answer", field="placement_id")
        word = self.word_of(OTHER[side])
        if word is not None and word.given_by == officer:
            raise Refused("not_ones_own_word", field="placement_id")
        done = replace(appeal, state=state, answered_by=officer, answered_at=now, answer="" if self.forgotten else why)
        self.appeals = tuple(done if one is appeal else one for one in self.appeals)
        fact = events.APPEAL_ANSWERED.fact(
            **self._named(), appeal_id=self.appeal_id(side), by=side, answer="upheld" if state == UPHELD else "rejected"
        )
        self.say(fact)

    def forget_comments(self) -> None:
        """Destroy everything written in a person's own words, and keep none from now on; safe to repeat."""
        self.forgotten = True
        self.words = tuple(replace(word, comment=None) for word in self.words)
        self.appeals = tuple(
            replace(one, reason="", answer=None if one.answer is None else "") for one in self.appeals
        )

    def appeal_id(self, side: str) -> str:
        """Return the id of a side's objection."""
        return f"{self.id}:{side}"

    def _reveal(self, now: datetime, appeals: timedelta) -> None:
        self.revealed_at = now
        self.say(
            events.EVALUATION_REVEALED.fact(
                **self._named(),
                given=len(self.words),
                sides=sorted(word.side for word in self.words),
                appeal_until=iso(now + appeals),
            )
        )

    def _named(self) -> dict[str, str | int]:
        return {
            "opening_id": self.opening_id,
            "programme_id": self.programme_id,
            "district": self.district,
            "resident_id": self.resident_id,
            "application_id": self.application_id,
            "attempt": self.attempt,
        }
