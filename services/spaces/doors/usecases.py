"""What can be done at a door: show the code, check it, change its secret."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import quote

import segno

from services.spaces.doors.model import Door
from services.spaces.doors.storage import Doors
from services.spaces.facilities.model import Place
from shared.actors import Actor
from shared.aggregate import Act
from shared.clock import Clock, iso
from shared.rotating import STEP


class Places(Protocol):
    """Facilities and spaces."""

    def place(self, space_id: str) -> Place:
        """Return the space and its facility; raise ``NotFound``."""


@dataclass(frozen=True)
class DoorDesk:
    """The acts at doors. ``must_be_staff`` raises ``Refused``; ``new_secret`` returns base 32, 160 bits."""

    doors: Doors
    places: Places
    must_be_staff: Callable[[Actor, Place], None]
    new_secret: Callable[[], str]
    clock: Clock

    def show(self, actor: Actor, *, space_id: str, address: str = "") -> dict[str, Any]:
        """Return ``{code, until, seconds, qr}`` for the screen at the room; staff of the facility.

        ``qr`` is an SVG picture of ``<address>#space=...&code=...``: what follows the # is never sent to a server's log.
        """
        place = self.places.place(space_id)
        self.must_be_staff(actor, place)
        door = self._door(place)
        now = self.clock.now()
        code = door.code(now)
        picture = segno.make(f"{address}#space={quote(space_id)}&code={code}", error="m")
        return {
            "space_id": space_id,
            "code": code,
            "until": iso(door.until(now)),
            "seconds": STEP,
            "qr": picture.svg_inline(scale=6),
        }

    def change(self, actor: Actor, *, act_id: str, space_id: str) -> dict[str, Any]:
        """Show other codes from now on: the old ones may have been given away."""
        place = self.places.place(space_id)
        self.must_be_staff(actor, place)
        self._door(place)
        secret = self.new_secret()

        def decide(door: Door) -> dict[str, Any]:
            door.change(secret)
            return {"space_id": space_id}

        return self.doors.act(Act.of(act_id, "change", id=space_id), space_id, decide)

    def is_right(self, space_id: str, code: str, now: datetime) -> bool:
        """Return whether that is what the room shows."""
        door = self.doors.find(space_id)
        return door is not None and door.is_right(code, now)

    def _door(self, place: Place) -> Door:
        space = place.space
        found = self.doors.find(space.id)
        if found is None:
            door = Door(id=space.id, tenant=space.tenant, secret=self.new_secret())
            self.doors.create(Act.own(f"open:{space.id}", "open"), door, {})
            found = self.doors.get(space.id)
        return found
