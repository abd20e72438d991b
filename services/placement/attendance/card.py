"""What a sheet knows of itself: one shift of one place, what was said of it, and what follows from that. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from services.placement.attendance.deciding import Decision, Planned, Rules, Word, decided
from services.placement.attendance.revisions import Dispute, Revision
from shared.aggregate import Aggregate

OPEN, SETTLED, VOID = "open", "settled", "void"


@dataclass(kw_only=True)
class Card(Aggregate):
    """One shift of one place. Its id is ``application:attempt:shift``; ``placement`` is ``application:attempt``.

    What the opening said is kept with it: what was worked is paid by the terms of then.
    """

    placement: str
    opening_id: str
    programme_id: str
    district: str
    resident_id: str
    application_id: str
    attempt: int
    shift: int
    #: How many shifts, and so sheets, the place has.
    shifts: int
    start: datetime
    end: datetime
    hourly_won: int
    place: str
    selected_at: datetime
    made_at: datetime
    dong: str | None = None
    direct_job: bool | None = None
    engagement: str | None = None
    state: str = OPEN
    words: tuple[Word, ...] = ()
    revisions: tuple[Revision, ...] = ()
    disputes: tuple[Dispute, ...] = ()
    #: Due, and nothing to decide by.
    unclear: bool = False
    #: Until when an officer should have decided; kept from the first time it was found unclear, so that it moves no more.
    unclear_until: datetime | None = None
    #: Whether that went by, and operators were told.
    unclear_late: bool = False
    #: When the place was given back, if that was before the end of the shift: later only an officer's word counts.
    gone_at: datetime | None = None
    #: Wrong codes since then.
    wrong: int = 0
    wrong_since: datetime | None = None
    rules: Rules = field(default_factory=Rules)

    @staticmethod
    def id_of(application_id: str, attempt: int, shift: int) -> str:
        """Return the id of the sheet of a place's shift."""
        return f"{application_id}:{attempt}:{shift}"

    @property
    def planned(self) -> Planned:
        """The span of the shift."""
        return Planned(self.start, self.end)

    @property
    def decision(self) -> Decision:
        """What its words come to now."""
        return decided(self.words, self.planned, self.rules, self.held)

    @property
    def held(self) -> Planned:
        """The part of the shift in which the place was this one, so that no hour of a place counts twice.

        A place that is given in the middle counts from then on: what came before belongs to whoever gave it back. One
        that is given after the shift is a rehearsal's.
        """
        return self.planned.within(self.selected_at if self.selected_at < self.end else None, self.gone_at)

    @property
    def latest(self) -> Revision | None:
        """What it counts now, or None."""
        return self.revisions[-1] if self.revisions else None

    @property
    def minutes(self) -> int:
        """The minutes it counts; 0 until it is settled."""
        return self.revisions[-1].minutes if self.revisions else 0

    @property
    def open_dispute(self) -> Dispute | None:
        """The dispute that waits for an answer, or None: there is at most one."""
        return next((one for one in reversed(self.disputes) if one.answer is None), None)

    @property
    def ready(self) -> datetime:
        """From when it can be settled: the shift is over, and there is a sheet (a rehearsal's work may lie in the past)."""
        return max(self.end, self.made_at)

    @property
    def due(self) -> datetime | None:
        """When something happens by itself: it is settled, or what waits for an officer escalates."""
        if self.state == OPEN and not self.unclear:
            return self.settles_at
        if self.escalated or (self.unclear and self.unclear_until is None):
            # One that was found unclear before deadlines were kept has none.
            return None
        return self.waits_until

    @property
    def settles_at(self) -> datetime:
        """When it is settled by what was said until then, if nobody confirmed it."""
        return self.ready + timedelta(hours=self.rules.settle_after_hours)

    @property
    def waits_until(self) -> datetime | None:
        """Until when an officer should have answered, or decided what nobody else did; None when none has to."""
        if self.state == OPEN:
            return (self.unclear_until or self.settles_at) if self.unclear else None
        return None if self.open_dispute is None else self.open_dispute.until

    @property
    def escalated(self) -> bool:
        """Whether what waits for an officer waits beyond its time, and operators were told."""
        if self.state == OPEN:
            return self.unclear and self.unclear_late
        return self.open_dispute is not None and self.open_dispute.escalated

    @property
    def waits_for(self) -> str | None:
        """What must still be said before an unclear one counts anything: ``in`` or ``out``; None when nothing must."""
        return self.decision.missing if self.state == OPEN and self.unclear else None

    @property
    def correctable_until(self) -> datetime:
        """Until when a host may correct; later only an officer."""
        return self.ready + timedelta(days=self.rules.correction_days)

    @property
    def disputable_until(self) -> datetime | None:
        """Until when the resident or the host may dispute what counts now.

        While one's dispute waits the other can make none: their days begin again with its answer.
        """
        latest = self.latest
        if latest is None:
            return None
        answered = [one.answered_at for one in self.disputes if one.revision == latest.number and one.answered_at]
        return max([latest.at, *answered]) + timedelta(days=self.rules.dispute_days)

    def named(self) -> dict[str, Any]:
        """Return what every fact about it carries."""
        return {
            "opening_id": self.opening_id,
            "programme_id": self.programme_id,
            "district": self.district,
            "resident_id": self.resident_id,
            "application_id": self.application_id,
            "attempt": self.attempt,
            "attendance_id": self.id,
            "shift": self.shift,
            "day": self.planned.day.isoformat(),
        }
