"""What goes wrong with a calendar of events."""

from __future__ import annotations

from services.spaces.agreement.calendar import Silent


class HearsOnly(Silent):
    """Nothing can be written to who only speaks."""

    def __init__(self) -> None:
        super().__init__("read_only")
