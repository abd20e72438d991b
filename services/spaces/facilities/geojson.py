"""Spaces for a map, as GeoJSON (RFC 7946): WGS 84, longitude before latitude. Pure."""

from __future__ import annotations

from typing import Any

from services.spaces.facilities.model import Place


def feature(place: Place) -> dict[str, Any]:
    """Return one place as a Feature; its id is the space's."""
    space, facility = place.space, place.facility
    return {
        "type": "Feature",
        "id": space.id,
        "geometry": {"type": "Point", "coordinates": [space.point.lon, space.point.lat]},
        "properties": {
            "space_id": space.id,
            "facility_id": facility.id,
            "facility": facility.name,
            "name": space.name,
            "kind": space.kind,
            "capacity": space.capacity,
            "equipment": list(space.equipment),
            "accessibility": list(space.accessibility),
            "mode": space.mode,
            "address": facility.address.road_address,
            "district": space.district,
            "state": place.state,
        },
    }
