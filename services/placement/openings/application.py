"""A resident's wish for a place. Pure: time comes in.

    pending --> selected --> withdrawn          waiting: pending or waitlisted (예비)
       |  \\--> waitlisted --> selected
       +----------+---> withdrawn | closed

Who is selected is decided on ``Opening`` alone; an application follows it (``agreement``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from shared.aggregate import Aggregate
from shared.clock import kst_day
from shared.errors import Refused
from shared.events import placement as events

if TYPE_CHECKING:
    from services.placement.openings.opening import Opening

PENDING, WAITLISTED, SELECTED, WITHDRAWN, ENDED = "pending", "waitlisted", "selected", "withdrawn", "closed"
#: States in which an application may still get a place.
WAITING = (PENDING, WAITLISTED)


@dataclass(kw_only=True)
class Application(Aggregate):
    """A resident's wish for a place. Its id is ``opening:resident``; applying again raises ``attempt``."""

    opening_id: str
    programme_id: str
    district: str
    resident_id: str
    state: str
    attempt: int
    submitted_at: datetime
    #: Why it ended without a place.
    reason: str | None = None
    #: The officer who applied for the resident (대리 신청), or None.
    proxy: str | None = None
    #: The officer who took it back, or declined an offer, for the resident; or None.
    withdrawn_by: str | None = None
    #: Of one that ended with ``not_allowed``: the limit's objection, ``{code, field, values}``.
    why: Mapping[str, Any] | None = None

    @staticmethod
    def id_of(opening_id: str, resident_id: str) -> str:
        """Return the id of this resident's application for this opening."""
        return f"{opening_id}:{resident_id}"

    @staticmethod
    def submit(opening: Opening, resident_id: str, now: datetime, proxy: str | None) -> Application:
        """Return a first application."""
        application = Application(
            id=Application.id_of(opening.id, resident_id),
            tenant=opening.tenant,
            opening_id=opening.id,
            programme_id=opening.programme_id,
            district=opening.district,
            resident_id=resident_id,
            state=PENDING,
            attempt=1,
            submitted_at=now,
            proxy=proxy,
        )
        application._say_submitted(now)
        return application

    @property
    def waits(self) -> bool:
        """Whether it may still get a place."""
        return self.state in WAITING

    def submit_again(self, now: datetime, proxy: str | None) -> None:
        """Apply once more after the last attempt ended; raise ``Refused`` while it hasn't."""
        if self.waits or self.state == SELECTED:
            raise Refused("already_applied", field="opening_id", state=self.state)
        self.state, self.attempt, self.submitted_at = PENDING, self.attempt + 1, now
        self.reason, self.why, self.proxy, self.withdrawn_by = None, None, proxy, None
        self._say_submitted(now)

    def withdraw(self, by: str | None = None) -> None:
        """Take the application back, or the place that it won; ``by``: the officer who does so for the resident.

        Who waited is told that an officer did it; whose place it was is told by the place's own fact.
        """
        if not self.waits and self.state != SELECTED:
            raise Refused("application_has_ended", field="application_id", state=self.state)
        told = {"by_officer": True} if by is not None and self.waits else {}
        self.state, self.withdrawn_by = WITHDRAWN, by
        self.say(events.APPLICATION_WITHDRAWN.fact(**self._named(), **told))

    def note_selected(self) -> None:
        """Follow the opening: there is a place."""
        self.state, self.reason, self.why = SELECTED, None, None
        self.say(events.APPLICATION_SELECTED.fact(**self._named()))

    def note_waitlisted(self, rank: int) -> None:
        """Follow the opening: every place is given, and this application waits for one that comes free."""
        if self.state != PENDING:
            raise Refused("application_not_pending", field="application_id", state=self.state)
        self.state = WAITLISTED
        self.say(events.APPLICATION_WAITLISTED.fact(**self._named(), rank=rank))

    def end(self, reason: str, why: Mapping[str, Any] | None = None, by: str | None = None) -> None:
        """End without a place, for one of ``events.CLOSING_REASONS``; ``why`` is a limit's objection.

        ``by``: the officer who declined an offer for the resident.
        """
        if not self.waits:
            raise Refused("application_has_ended", field="application_id", state=self.state)
        self.state, self.reason, self.why, self.withdrawn_by = ENDED, reason, why, by
        self.say(events.APPLICATION_CLOSED.fact(**self._named(), reason=reason))

    def _say_submitted(self, now: datetime) -> None:
        self.say(events.APPLICATION_SUBMITTED.fact(**self._named(), day=kst_day(now).isoformat()))

    def _named(self) -> dict[str, str | int]:
        return {
            "application_id": self.id,
            "opening_id": self.opening_id,
            "programme_id": self.programme_id,
            "district": self.district,
            "resident_id": self.resident_id,
            "attempt": self.attempt,
        }
