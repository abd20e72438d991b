"""What goes wrong with a CalDAV server."""

from __future__ import annotations

from services.spaces.agreement.calendar import Silent


class CalDavSilent(Silent):
    """The server said no: ``not_let_in``, ``not_there``, ``not_a_calendar``, ``server_trouble`` or ``unreadable``."""
