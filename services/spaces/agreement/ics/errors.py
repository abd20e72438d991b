"""What goes wrong with a file."""

from __future__ import annotations

from services.spaces.agreement.calendar import Silent


class IcsSilent(Silent):
    """The file's server said no: ``not_let_in``, ``not_there`` or ``server_trouble``."""


class ReadOnly(Silent):
    """A file can't be written."""

    def __init__(self) -> None:
        super().__init__("read_only")
