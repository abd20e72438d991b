"""How attendance is reached: asked (RPC), told (events), due (timers)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.placement.attendance import schemas
from services.placement.attendance.reactions import reactions
from services.placement.wiring import furnish
from shared.actors import Actor
from shared.messaging.core import Reaction
from shared.messaging.entrypoints import asked, desk, due, told


class AttendanceService:
    """Who was at work, as several witnesses say; what it counts, its corrections and disputes."""

    name = "placement_attendance"
    rooms = desk(furnish)

    @asked(schemas.OneOpening)
    def code(self, actor: Actor, *, opening_id: str) -> Mapping[str, Any]:
        """Return the code that a workplace shows now."""
        return self.rooms.attendance.code(actor, opening_id=opening_id)

    @asked(schemas.ChangeCode)
    def change_code(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Show other codes from now on."""
        return self.rooms.attendance.change_code(actor, **asked_for)

    @asked(schemas.Check)
    def check_in(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Say with the workplace's code that one has come."""
        return self.rooms.attendance.check_in(actor, **asked_for)

    @asked(schemas.Check)
    def check_out(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Say with the workplace's code that one leaves."""
        return self.rooms.attendance.check_out(actor, **asked_for)

    @asked(schemas.Witness)
    def witness(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Say that a resident came, left or was absent."""
        return self.rooms.attendance.witness(actor, **asked_for)

    @asked(schemas.Confirm)
    def confirm(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Settle a shift by what was said."""
        return self.rooms.attendance.confirm(actor, **asked_for)

    @asked(schemas.Correct)
    def correct(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Count other minutes from now on."""
        return self.rooms.attendance.correct(actor, **asked_for)

    @asked(schemas.Dispute)
    def dispute(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Say that what counts is wrong."""
        return self.rooms.attendance.dispute(actor, **asked_for)

    @asked(schemas.Answer)
    def answer(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Answer a dispute."""
        return self.rooms.attendance.answer(actor, **asked_for)

    @asked(schemas.Excuse)
    def excuse(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Excuse an absence."""
        return self.rooms.attendance.excuse(actor, **asked_for)

    @asked(schemas.OneAttendance)
    def sheet(self, actor: Actor, *, attendance_id: str) -> Mapping[str, Any]:
        """Return a sheet with all that was said."""
        return self.rooms.attendance.sheet(actor, attendance_id=attendance_id)

    @asked(schemas.SheetsOf)
    def sheets_of(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Return an opening's sheets."""
        return self.rooms.attendance.sheets_of(actor, **asked_for)

    @asked(schemas.MySheets)
    def my_sheets(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Return a resident's own sheets."""
        return self.rooms.attendance.my_sheets(actor, **asked_for)

    @asked(schemas.OpenDisputes)
    def open_disputes(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Return what waits for a tenant's officers."""
        return self.rooms.attendance.open_disputes(actor, **asked_for)

    @told("placement.attendance")
    def hears(self) -> Mapping[str, Reaction]:
        """Return the table of reactions."""
        return reactions(self.rooms.attendance_follower)

    @due(every=5.0)
    def settle_due(self) -> bool:
        """Settle what nobody confirmed; let unanswered disputes escalate."""
        return self.rooms.attendance_follower.settle_due()
