"""How calendars out are reached: asked (RPC)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.spaces.calendars_out import schemas
from services.spaces.wiring import furnish
from shared.actors import Actor
from shared.messaging.entrypoints import asked, desk


class CalendarsOutService:
    """Residents' and spaces' bookings as iCalendar, at secret addresses."""

    name = "spaces_calendars"
    rooms = desk(furnish)

    @asked(schemas.Open)
    def open(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Open an address; its token is told once."""
        return self.rooms.calendars_out.open(actor, **asked_for)

    @asked(schemas.AddressAct)
    def renew(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Let another token lead there."""
        return self.rooms.calendars_out.renew(actor, **asked_for)

    @asked(schemas.AddressAct)
    def revoke(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Let no token lead there any more."""
        return self.rooms.calendars_out.revoke(actor, **asked_for)

    @asked(schemas.ListAddresses)
    def mine(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Return the addresses of oneself, or of a space one keeps."""
        return self.rooms.calendars_out.mine(actor, **asked_for)

    @asked(schemas.Read)
    def ics(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Return the calendar that a token leads to."""
        return self.rooms.calendars_out.ics(actor, **asked_for)
