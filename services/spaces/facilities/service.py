"""How facilities and spaces are reached: asked (RPC) and due (a timer)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.spaces.facilities import schemas
from services.spaces.facilities.intake import Intake
from services.spaces.facilities.register import Register
from services.spaces.wiring import furnish
from shared.actors import Actor
from shared.messaging.entrypoints import asked, desk, due


class FacilitiesService:
    """Facilities and their spaces."""

    name = "spaces_facilities"
    rooms = desk(furnish)

    @asked(schemas.OpenFacility)
    def open_facility(self, actor: Actor, **told: Any) -> Mapping[str, Any]:
        """Put a facility into the register."""
        return self.rooms.facilities.open_facility(actor, **told)

    @asked(schemas.ChangeFacility)
    def change_facility(self, actor: Actor, **told: Any) -> Mapping[str, Any]:
        """Describe a facility anew."""
        return self.rooms.facilities.change_facility(actor, **told)

    @asked(schemas.SetHours)
    def set_hours(self, actor: Actor, **told: Any) -> Mapping[str, Any]:
        """Open at other hours."""
        return self.rooms.facilities.set_hours(actor, **told)

    @asked(schemas.SetExceptions)
    def set_exceptions(self, actor: Actor, **told: Any) -> Mapping[str, Any]:
        """Replace the exceptional days."""
        return self.rooms.facilities.set_exceptions(actor, **told)

    @asked(schemas.SetPolicy)
    def set_policy(self, actor: Actor, **told: Any) -> Mapping[str, Any]:
        """Say how bookings are treated."""
        return self.rooms.facilities.set_policy(actor, **told)

    @asked(schemas.FacilityAct)
    def close_facility(self, actor: Actor, **told: Any) -> Mapping[str, Any]:
        """Close a facility and its spaces, for good."""
        return self.rooms.facilities.close_facility(actor, **told)

    @asked(schemas.OpenSpace)
    def open_space(self, actor: Actor, **told: Any) -> Mapping[str, Any]:
        """Open a space."""
        return self.rooms.facilities.open_space(actor, **told)

    @asked(schemas.ChangeSpace)
    def change_space(self, actor: Actor, **told: Any) -> Mapping[str, Any]:
        """Describe a space anew."""
        return self.rooms.facilities.change_space(actor, **told)

    @asked(schemas.SpaceAct)
    def close_space(self, actor: Actor, **told: Any) -> Mapping[str, Any]:
        """Close a space, for good."""
        return self.rooms.facilities.close_space(actor, **told)

    @asked(schemas.ImportRows)
    def import_rows(self, actor: Actor, **told: Any) -> Mapping[str, Any]:
        """Take facilities and spaces from a file, row by row."""
        return Intake(self.rooms.facilities).import_rows(actor, **told)

    @asked(schemas.OneFacility)
    def get_facility(self, actor: Actor, **told: Any) -> Mapping[str, Any]:
        """Return a facility."""
        return Register(self.rooms.facilities).facility(actor, **told)

    @asked(schemas.OneSpace)
    def get_space(self, actor: Actor, **told: Any) -> Mapping[str, Any]:
        """Return a space."""
        return Register(self.rooms.facilities).space(actor, **told)

    @asked(schemas.HoursOfDays)
    def hours(self, actor: Actor, **told: Any) -> Mapping[str, Any]:
        """Return when a space is open."""
        return Register(self.rooms.facilities).hours(actor, **told)

    @asked(schemas.ListFacilities)
    def list_facilities(self, actor: Actor, **told: Any) -> Mapping[str, Any]:
        """Return a page of facilities."""
        return Register(self.rooms.facilities).facilities(actor, **told)

    @asked(schemas.ListSpaces)
    def list_spaces(self, actor: Actor, **told: Any) -> Mapping[str, Any]:
        """Return a page of spaces."""
        return Register(self.rooms.facilities).spaces(actor, **told)

    @asked(schemas.FindByAddress)
    def find_by_address(self, actor: Actor, **told: Any) -> Mapping[str, Any]:
        """Return facilities by words of their name or address."""
        return Register(self.rooms.facilities).find_by_address(actor, **told)

    @asked(schemas.ListSpaces)
    def geojson(self, actor: Actor, *, facility_id: str | None = None, **told: Any) -> Mapping[str, Any]:
        """Return open spaces for a map."""
        return Register(self.rooms.facilities).geojson(actor, facility_id=facility_id, **told)

    @due(every=2.0)
    def follow(self) -> bool:
        """Bring spaces in line with their facilities after a crash or a change."""
        return self.rooms.facilities.following.sweep()
