"""What attendance does by itself: follow the places that openings give, pass time, and say when a place's work is done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.placement.attendance.card import VOID
from services.placement.attendance.model import Sheet
from services.placement.attendance.ports import Opening, Openings, Programmes, dong_of
from services.placement.attendance.storage import Sheets, Works
from services.placement.attendance.work import Work, is_complete
from shared.aggregate import Act
from shared.clock import Clock

#: Sheets looked at in one sweep.
SWEPT_AT_ONCE = 100


@dataclass(frozen=True)
class AttendanceFollower:
    """The convergent steps. ``escalated`` counts disputes that nobody answered in time, ``late`` unclear shifts."""

    sheets: Sheets
    works: Works
    openings: Openings
    programmes: Programmes
    clock: Clock
    escalated: Callable[[], None] = lambda: None
    late: Callable[[], None] = lambda: None

    # When told.

    def note_selected(self, opening_id: str, resident_id: str) -> None:
        """A place was given: make its sheets. A place that is gone by now is seen to when its withdrawal is heard."""
        opening = self.openings.find(opening_id)
        placement = None if opening is None else opening.placement_of(resident_id)
        if opening is not None and placement is not None:
            made = self._sheets(
                opening, resident_id, placement.application_id, placement.attempt, placement.selected_at
            )
            self.sheets.make_all(made)

    def note_withdrawn(
        self,
        opening_id: str,
        resident_id: str,
        application_id: str,
        attempt: int,
        *,
        selected_at: datetime,
        withdrawn_at: datetime,
    ) -> None:
        """A place is gone: what had not begun by then is void, what had is settled like any other.

        Its sheets are made when they are not there yet: the word of its selection may still come, and then changes
        nothing any more.
        """
        opening = self.openings.find(opening_id)
        if opening is None:
            return
        self.sheets.make_all(self._sheets(opening, resident_id, application_id, attempt, selected_at))
        placement = f"{application_id}:{attempt}"
        for sheet in self.sheets.of_placement(placement):
            self._void(sheet, withdrawn_at)
        self.follow_work(placement)

    def follow_work(self, placement: str) -> None:
        """Say that a place's work is done, once all its shifts are settled; again when one is corrected.

        Whatever is settled last is heard after it was stored: then nothing is missing any more.
        """
        known = self.sheets.of_placement(placement)
        if not known or not is_complete(known, known[0].shifts):
            return
        if self.works.find(placement) is None:
            self.works.create(Act.own(f"open:{placement}", "open"), Work(id=placement, tenant=known[0].tenant), {})

        def decide(work: Work) -> dict[str, Any]:
            # Read anew on every try: whoever was faster may have seen less.
            work.follow(self.sheets.of_placement(placement))
            return {}

        self.works.act(None, placement, decide)

    # The clock.

    def settle_due(self) -> bool:
        """Settle what nobody confirmed, and let what waits for an officer escalate. Returns whether there may be more."""
        now = self.clock.now()
        overdue = self.sheets.overdue(now, SWEPT_AT_ONCE)
        for sheet_id in overdue:
            done: list[str | None] = []

            def decide(sheet: Sheet, done: list[str | None] = done) -> dict[str, Any]:
                done[:] = [sheet.pass_time(now)]
                return {}

            self.sheets.act(None, sheet_id, decide)
            if done == ["escalated"]:
                self.escalated()
            elif done == ["late"]:
                self.late()
            elif done == [None]:
                # Else those that are not due any more would keep the others from ever being looked at.
                self.sheets.put_off(sheet_id)
        return len(overdue) == SWEPT_AT_ONCE

    # Steps.

    def _void(self, known: Sheet, withdrawn_at: datetime) -> None:
        def decide(sheet: Sheet) -> dict[str, Any]:
            sheet.void(withdrawn_at, self.clock.now())
            return {}

        if known.state != VOID:
            self.sheets.act(None, known.id, decide)

    def _sheets(
        self, opening: Opening, resident_id: str, application_id: str, attempt: int, selected_at: datetime
    ) -> list[Sheet]:
        """Return the sheets of a place, fresh; a shift that was over when the place was given can't be worked."""
        terms, now = opening.terms, self.clock.now()
        programme = self.programmes.find(opening.programme_id)
        shifts = sorted(terms.shifts, key=lambda shift: shift.start)
        made = [
            Sheet(
                id=Sheet.id_of(application_id, attempt, number),
                tenant=opening.tenant,
                placement=f"{application_id}:{attempt}",
                opening_id=opening.id,
                programme_id=opening.programme_id,
                district=opening.district,
                resident_id=resident_id,
                application_id=application_id,
                attempt=attempt,
                shift=number,
                shifts=len(shifts),
                start=shift.start,
                end=shift.end,
                hourly_won=terms.hourly_won,
                place=terms.place.name,
                selected_at=selected_at,
                made_at=now,
                dong=dong_of(opening),
                direct_job=getattr(programme, "direct_job", None),
                engagement=getattr(programme, "engagement", None),
                rules=self.sheets.rules,
            )
            for number, shift in enumerate(shifts)
        ]
        if not terms.rehearsal:
            for sheet in made:
                if sheet.end <= selected_at:
                    sheet.state = VOID
        return made
