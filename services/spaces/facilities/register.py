"""What everybody may read of facilities and spaces: one by one, in pages, by words of an address, and as GeoJSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from services.spaces.facilities.geojson import feature
from services.spaces.facilities.model import OPEN, Facility, Place, Space
from services.spaces.facilities.usecases import FacilityDesk
from services.spaces.facilities.values import FARTHEST, Hours, plain
from services.spaces.facilities.words import asked_words
from shared.actors import Actor
from shared.clock import iso, kst_day
from shared.errors import Refused
from shared.pages import checked_limit, instant_after, page

#: Rows of one answer, which must cross the broker.
MOST_ROWS = 100
MOST_FEATURES = 500
#: Facilities looked at that have the rarest word of a search.
MOST_LOOKED_AT = 500
#: Days of opening hours in one answer.
MOST_DAYS = 62


@dataclass(frozen=True)
class Register:
    """The public side of the desk. No manager is named, and nothing of a person is here."""

    desk: FacilityDesk

    def facility(self, _actor: Actor, *, facility_id: str) -> dict[str, Any]:
        """Return a facility."""
        return shown_facility(self.desk.facilities.get(facility_id))

    def space(self, _actor: Actor, *, space_id: str) -> dict[str, Any]:
        """Return a space with the hours that count for it."""
        return shown_space(self.desk.place(space_id))

    def hours(self, _actor: Actor, *, space_id: str, first: date, last: date) -> dict[str, Any]:
        """Return ``{open: [{start, end}], holidays: {day: name}}`` of these KST days, at most 62."""
        low, high = (kst_day(self.desk.clock.now()) + timedelta(days=away) for away in (-FARTHEST, FARTHEST))
        if not low <= first <= high:
            raise Refused("out_of_range", field="first", low=low.isoformat(), high=high.isoformat())
        furthest = first + timedelta(days=MOST_DAYS - 1)
        if not first <= last <= furthest:
            raise Refused("out_of_range", field="last", low=first.isoformat(), high=furthest.isoformat())
        place = self.desk.place(space_id)
        days = (date.fromordinal(day) for day in range(first.toordinal(), last.toordinal() + 1))
        named = ((day, self.desk.holidays.name(day)) for day in days)
        return {
            "space_id": space_id,
            "open": [
                {"start": iso(span.start), "end": iso(span.end)} for span in self.desk.open_spans(place, first, last)
            ],
            "holidays": {day.isoformat(): name for day, name in named if name is not None},
            "hours_version": place.facility.hours_version,
        }

    def facilities(
        self, _actor: Actor, *, tenant: str, kind: str | None = None, limit: int = 50, cursor: str | None = None
    ) -> dict[str, Any]:
        """Return ``{facilities, cursor}`` of a tenant, latest first, at most ``limit`` (1 to 100)."""
        query = {"tenant": tenant, **({} if kind is None else {"kind": kind})}
        found = self.desk.facilities.listed(query, instant_after(cursor), checked_limit(limit, MOST_ROWS) + 1)
        opened = {one.id: iso(one.opened_at) for one in found}
        rows, further = page(
            map(shown_facility, found), limit, lambda row: (opened[row["facility_id"]], row["facility_id"])
        )
        return {"facilities": rows, "cursor": further}

    def spaces(
        self,
        _actor: Actor,
        *,
        tenant: str,
        facility_id: str | None = None,
        kind: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> dict[str, Any]:
        """Return ``{spaces, cursor}`` of a tenant or one facility, latest first, at most ``limit`` (1 to 100)."""
        query = {"tenant": tenant, "facility_id": facility_id, "kind": kind}
        told = {name: value for name, value in query.items() if value is not None}
        found = self.desk.spaces.listed(told, instant_after(cursor), checked_limit(limit, MOST_ROWS) + 1)
        rows, further = page(map(shown_space, self._in_order(found)), limit, _by_opening(found, "space_id"))
        return {"spaces": rows, "cursor": further}

    def find_by_address(self, _actor: Actor, *, tenant: str, text: str, limit: int = 20) -> dict[str, Any]:
        """Return ``{facilities}`` whose name or address (road, lot, building) has words that begin like these."""
        words = asked_words(text)
        checked_limit(limit, MOST_ROWS)
        if not words:
            return {"facilities": []}
        found = self.desk.facilities.with_words(tenant, words, MOST_LOOKED_AT)
        ranked = sorted((one for one in found if one.state == OPEN), key=lambda one: (one.name, one.id))
        rows, _further = page(map(shown_facility, ranked), limit, lambda row: (row["facility_id"],))
        return {"facilities": rows}

    def geojson(
        self,
        _actor: Actor,
        *,
        tenant: str,
        facility_id: str | None = None,
        kind: str | None = None,
        limit: int = 200,
        cursor: str | None = None,
    ) -> dict[str, Any]:
        """Return a FeatureCollection (RFC 7946) of spaces that can be booked, and the ``cursor`` of the next page."""
        query = {"tenant": tenant, "facility_id": facility_id, "kind": kind, "state": OPEN}
        told = {name: value for name, value in query.items() if value is not None}
        found = self.desk.spaces.listed(told, instant_after(cursor), checked_limit(limit, MOST_FEATURES) + 1)
        features = map(feature, self._in_order(found))
        opened = _by_opening(found, "id")
        rows, further = page(features, limit, opened)
        shown = [row for row in rows if row["properties"].pop("state") == OPEN]
        return {"type": "FeatureCollection", "features": shown, "cursor": further}

    def _in_order(self, found: Sequence[Space]) -> Iterator[Place]:
        placed = self.desk.placed(found)
        return (placed[space.id] for space in found)


def _by_opening(found: Sequence[Space], name: str) -> Any:
    opened: dict[str, datetime] = {space.id: space.opened_at for space in found}
    return lambda row: (iso(opened[row[name]]), row[name])


def shown_hours(hours: Hours) -> list[list[dict[str, str]]]:
    """Return the week for people and their programs: ``{"open": "22:00", "close": "26:00"}``, Monday first."""
    return [[{"open": clock_time(opens), "close": clock_time(closes)} for opens, closes in day] for day in hours.weekly]


def clock_time(minutes: int) -> str:
    """Return ``09:00``; what passes midnight goes on to ``48:00``."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def shown_facility(facility: Facility) -> dict[str, Any]:
    """Return what everybody may know of a facility."""
    return {
        "facility_id": facility.id,
        "tenant": facility.tenant,
        "district": facility.district,
        "programme_id": facility.programme_id,
        "name": facility.name,
        "kind": facility.kind,
        "operator_kind": facility.operator_kind,
        "address": plain(facility.address),
        "lat": facility.point.lat,
        "lon": facility.point.lon,
        "contact": facility.contact,
        "weekly": shown_hours(facility.hours),
        "exceptions": [
            {
                "day": one.day.isoformat(),
                "windows": [{"open": clock_time(opens), "close": clock_time(closes)} for opens, closes in one.windows],
                "reason": one.reason,
            }
            for one in facility.exceptions
        ],
        "holidays": facility.holidays,
        "hours_version": facility.hours_version,
        "policy": plain(facility.policy),
        "state": facility.state,
        "version": facility.version,
    }


def shown_space(place: Place) -> dict[str, Any]:
    """Return what everybody may know of a space. Buffers are minutes."""
    space = place.space
    return {
        "space_id": space.id,
        "tenant": space.tenant,
        "facility_id": space.facility_id,
        "facility": place.facility.name,
        "district": space.district,
        "programme_id": space.programme_id,
        "root_id": space.root_id,
        "parent_id": space.parent_id,
        "parts": list(space.parts),
        "name": space.name,
        "kind": space.kind,
        "capacity": space.capacity,
        "equipment": list(space.equipment),
        "accessibility": list(space.accessibility),
        "lat": space.point.lat,
        "lon": space.point.lon,
        "before_minutes": int(space.before.total_seconds()) // 60,
        "after_minutes": int(space.after.total_seconds()) // 60,
        "mode": space.mode,
        "approver": space.approver,
        "limits": plain(space.limits),
        "hours_apply": space.hours_apply,
        "plan_needed": space.plan_needed,
        "weekly": shown_hours(place.hours),
        "has_calendar": space.feed_id is not None,
        "state": place.state,
        "version": space.version,
    }
