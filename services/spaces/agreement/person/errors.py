"""What goes wrong without a calendar."""

from __future__ import annotations

from services.spaces.agreement.calendar import Silent


class NoCalendar(Silent):
    """There is nothing to write to."""

    def __init__(self) -> None:
        super().__init__("no_calendar")
