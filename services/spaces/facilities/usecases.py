"""What can be done with facilities and spaces: by officers, by hosts for their own facility, and by our own subjects.

A space is opened in three steps, each one document: it is admitted to its facility's tree (which decides), its own
document is made, the facility notes that. Moving or closing a facility goes the same way: decided in its document, then
followed by its spaces. Whoever dies in between is finished by the sweep (following.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from services.spaces.facilities.following import Following
from services.spaces.facilities.holidays import HolidayTable
from services.spaces.facilities.hours import open_spans
from services.spaces.facilities.model import (
    BY_PERSON,
    INSTANT,
    WHOLE_SPAN,
    Address,
    Facility,
    Hours,
    Limits,
    Place,
    Policy,
    Region,
    Space,
    SpecialDay,
    Window,
)
from services.spaces.facilities.recent import RecentPlaces
from services.spaces.facilities.storage import Facilities, Spaces
from services.spaces.spans import Span
from shared.actors import Actor, must_be
from shared.aggregate import Act
from shared.clock import Clock, kst_day
from shared.errors import Refused
from shared.geo import Point

#: How long an act may take before the sweep finishes it; longer than most pauses that are not a crash.
GRACE = timedelta(seconds=30)
#: Seven days, Monday first: pairs of minutes from midnight.
Week = Sequence[Sequence[Window]]


@dataclass(frozen=True)
class FacilityDesk:
    """The acts on facilities and spaces. ``regions`` names the 시도, 시군구 and 동 of a point, or gives None."""

    facilities: Facilities
    spaces: Spaces
    holidays: HolidayTable
    regions: Callable[[Point], Region | None]
    clock: Clock
    recent: RecentPlaces = field(default_factory=RecentPlaces)

    @property
    def following(self) -> Following:
        """What finishes an act of several documents."""
        return Following(self.facilities, self.spaces, self.clock)

    # Officers.

    def open_facility(
        self,
        actor: Actor,
        *,
        act_id: str,
        facility_id: str,
        tenant: str,
        district: str,
        programme_id: str,
        name: str,
        kind: str,
        address: Mapping[str, str],
        lat: float,
        lon: float,
        operator_kind: str = "direct",
        contact: str = "",
        managers: Sequence[str] = (),
        weekly: Week = ((),) * 7,
        holidays: str = "closed",
        policy: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Put a facility into the register. ``district`` is the code its officer gives, whatever the point says."""
        must_be(actor, "officer", tenant=tenant, district=district)
        point = Point(lat, lon)
        fresh = Facility(
            id=facility_id,
            tenant=tenant,
            district=district,
            programme_id=programme_id,
            name=name,
            kind=kind,
            operator_kind=operator_kind,
            address=self._placed(Address(**address), point),
            point=point,
            contact=contact,
            managers=tuple(managers),
            hours=_hours(weekly),
            holidays=holidays,
            policy=Policy(**(policy or {})),
            opened_at=self.clock.now(),
        )
        fresh.open()
        act = Act.of(
            act_id,
            "open_facility",
            id=facility_id,
            tenant=tenant,
            is_=[district, programme_id, name, kind, operator_kind, contact],
            where=[dict(address), lat, lon],
            managers=list(managers),
            hours=[weekly, holidays],
            policy=dict(policy or {}),
        )
        return self.facilities.create(act, fresh, {"facility_id": facility_id, "state": fresh.state})

    def change_facility(self, actor: Actor, *, act_id: str, facility_id: str, **changes: Any) -> dict[str, Any]:
        """Describe a facility anew: any of ``district, programme_id, name, kind, operator_kind, address, lat, lon,
        contact, managers``. Its spaces follow when it moves.
        """
        known = self._for_officer(actor, facility_id)
        must_be(actor, "officer", tenant=known.tenant, district=changes.get("district", known.district))
        now = self.clock.now()

        def decide(facility: Facility) -> dict[str, Any]:
            told = dict(changes)
            point = Point(told.pop("lat", facility.point.lat), told.pop("lon", facility.point.lon))
            address = Address(**told.pop("address")) if "address" in told else facility.address
            if "managers" in told:
                told["managers"] = tuple(told["managers"])
            facility.change(now, **told, point=point, address=self._placed(address, point))
            return {"facility_id": facility_id, "state": facility.state}

        return self._act(Act.of(act_id, "change_facility", id=facility_id, **changes), facility_id, decide)

    def set_policy(self, actor: Actor, *, act_id: str, facility_id: str, **policy: Any) -> dict[str, Any]:
        """Say how bookings are treated from now on; what is not named stays. What is booked keeps its rule."""
        self._for_officer(actor, facility_id)

        def decide(facility: Facility) -> dict[str, Any]:
            facility.set_policy(replace(facility.policy, **policy))
            return {"facility_id": facility_id}

        return self._act(Act.of(act_id, "set_policy", id=facility_id, **policy), facility_id, decide)

    def close_facility(self, actor: Actor, *, act_id: str, facility_id: str) -> dict[str, Any]:
        """Close a facility for good, and all its spaces; what is booked there is displaced."""
        self._for_officer(actor, facility_id)
        now = self.clock.now()

        def decide(facility: Facility) -> dict[str, Any]:
            facility.close(now)
            return {"facility_id": facility_id, "state": facility.state}

        outcome = self._act(Act.of(act_id, "close_facility", id=facility_id), facility_id, decide)
        self.following.settle(facility_id)
        return outcome

    def open_space(
        self,
        actor: Actor,
        *,
        act_id: str,
        space_id: str,
        facility_id: str,
        name: str,
        kind: str,
        parent_id: str | None = None,
        leaves: Sequence[str] = (),
        capacity: int = 0,
        equipment: Sequence[str] = (),
        accessibility: Sequence[str] = (),
        before_minutes: int = 0,
        after_minutes: int = 0,
        mode: str = INSTANT,
        approver: str = BY_PERSON,
        limits: Mapping[str, int] | None = None,
        hours_apply: str = WHOLE_SPAN,
        plan_needed: bool = False,
        weekly: Week | None = None,
    ) -> dict[str, Any]:
        """Open a space that can be booked: a root, or with ``parent_id`` a part; ``leaves`` names a middle level's parts."""
        known = self._for_officer(actor, facility_id)
        other = self.spaces.find(space_id)
        if other is not None and other.facility_id != facility_id:
            raise Refused("id_taken", field="space_id", id=space_id)
        now = self.clock.now()
        described: dict[str, Any] = {
            "name": name,
            "kind": kind,
            "capacity": capacity,
            "equipment": tuple(equipment),
            "accessibility": tuple(accessibility),
            "mode": mode,
            "approver": approver,
            "hours_apply": hours_apply,
            "plan_needed": plan_needed,
        }
        act = Act.of(
            act_id,
            "open_space",
            id=space_id,
            **described,
            facility=facility_id,
            hangs=[parent_id, list(leaves)],
            buffers=[before_minutes, after_minutes],
            limits=dict(limits or {}),
            weekly=weekly,
        )
        fresh = Space(
            id=space_id,
            tenant=known.tenant,
            district=known.district,
            programme_id=known.programme_id,
            facility_id=facility_id,
            point=known.point,
            root_id=space_id,
            parent_id=parent_id,
            before=timedelta(minutes=before_minutes),
            after=timedelta(minutes=after_minutes),
            limits=Limits(**(limits or {})),
            opened_at=now,
            hours=None if weekly is None else _hours(weekly),
            **described,
        )

        def decide(facility: Facility) -> dict[str, Any]:
            facility.admit(fresh, tuple(leaves), now + GRACE)
            return {"space_id": space_id, "root_id": fresh.root_id, "parts": list(fresh.parts)}

        outcome = self._act(act, facility_id, decide)
        self.following.settle(facility_id)
        if self.spaces.get(space_id).facility_id != facility_id:
            raise Refused("id_taken", field="space_id", id=space_id)
        return outcome

    def change_space(self, actor: Actor, *, act_id: str, space_id: str, **changes: Any) -> dict[str, Any]:
        """Describe a space anew: any of ``name, kind, capacity, equipment, accessibility, before_minutes, after_minutes,
        mode, approver, limits, hours_apply, plan_needed``. Of ``limits`` only what is named changes. What is booked stays as it is.
        """
        self._space_for_officer(actor, space_id)

        def decide(space: Space) -> dict[str, Any]:
            told: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in changes.items()}
            for name in ("before", "after"):
                if f"{name}_minutes" in told:
                    told[name] = timedelta(minutes=told.pop(f"{name}_minutes"))
            if "limits" in told:
                told["limits"] = replace(space.limits, **told["limits"])
            space.change(**told)
            return {"space_id": space_id, "state": space.state}

        outcome = self.spaces.act(Act.of(act_id, "change_space", id=space_id, **changes), space_id, decide)
        self.recent.forget()
        return outcome

    def close_space(self, actor: Actor, *, act_id: str, space_id: str) -> dict[str, Any]:
        """Close a space for good; its parts, and what it is a part of, stay open. What is booked there is displaced."""
        self._space_for_officer(actor, space_id)

        def decide(space: Space) -> dict[str, Any]:
            space.close()
            return {"space_id": space_id, "state": space.state}

        outcome = self.spaces.act(Act.of(act_id, "close_space", id=space_id), space_id, decide)
        self.recent.forget()
        return outcome

    # Officers, and hosts for the facility they manage.

    def set_hours(
        self,
        actor: Actor,
        *,
        act_id: str,
        facility_id: str,
        weekly: Week | None,
        holidays: str | None = None,
        space_id: str | None = None,
    ) -> dict[str, Any]:
        """Open at other hours; with ``space_id`` that space alone, for which None means the facility's hours again."""
        self._for_staff(actor, facility_id)
        if weekly is None and space_id is None:
            raise Refused("hours_need_seven_days", field="weekly", days=0)
        hours = None if weekly is None else _hours(weekly)

        def decide(facility: Facility) -> dict[str, Any]:
            if space_id is not None:
                facility.set_own_hours(space_id, hours)
            elif hours is not None:
                facility.set_hours(hours, holidays or facility.holidays)
            return {"facility_id": facility_id, "hours_version": facility.hours_version}

        act = Act.of(act_id, "set_hours", id=facility_id, weekly=weekly, holidays=holidays, space=space_id)
        return self._act(act, facility_id, decide)

    def set_exceptions(
        self, actor: Actor, *, act_id: str, facility_id: str, exceptions: Iterable[Mapping[str, Any]]
    ) -> dict[str, Any]:
        """Replace the exceptional days ``{day, windows, reason}``; no windows mean closed. Past ones are forgotten."""
        self._for_staff(actor, facility_id)
        days = [SpecialDay(row["day"], tuple(row["windows"]), row["reason"]) for row in exceptions]
        today = kst_day(self.clock.now())

        def decide(facility: Facility) -> dict[str, Any]:
            facility.set_exceptions(days, today)
            return {
                "facility_id": facility_id,
                "hours_version": facility.hours_version,
                "exceptions": len(facility.exceptions),
            }

        asked = [[one.day.isoformat(), one.windows, one.reason] for one in days]
        return self._act(Act.of(act_id, "set_exceptions", id=facility_id, exceptions=asked), facility_id, decide)

    # Our own subjects.

    def place(self, space_id: str, *, fresh: bool = False) -> Place:
        """Return a space in its facility; raise ``NotFound`` ``no_such_space``.

        It may be two seconds old (recent.py): an opening hour that changed meanwhile is noticed in the diary, which
        keeps the ``hours_version`` it was decided on. Who validates again what is booked asks for a ``fresh`` one.
        """
        now = self.clock.now()
        found = None if fresh else self.recent.find(space_id, now)
        if found is None:
            space = self.spaces.get(space_id)
            found = Place.of(self.facilities.get(space.facility_id), space)
            self.recent.keep(found, now)
        return found

    def places(self, space_ids: Sequence[str]) -> dict[str, Place]:
        """Return those of the places that are there, by space id, read afresh in two questions a few hundred."""
        return self.placed(list(self.spaces.all_of(space_ids).values()))

    def places_of_root(self, root_id: str) -> dict[str, Place]:
        """Return a root and all its parts, by space id."""
        return self.placed(self.spaces.of_root(root_id))

    def placed(self, spaces: Sequence[Space]) -> dict[str, Place]:
        """Return these spaces in their facilities, by space id."""
        known = self.facilities.all_of(list({space.facility_id for space in spaces}))
        return {space.id: Place.of(known[space.facility_id], space) for space in spaces}

    def open_spans(self, place: Place, first: date, last: date) -> tuple[Span, ...]:
        """Return when the place is open on these KST days, both included, by the shipped table of public holidays."""
        return open_spans(place, first, last, self.holidays)

    def connect_feed(self, space_id: str, feed_id: str | None) -> None:
        """Let a calendar speak for a space, and for what shares parts with it and has none of its own; None: no more.

        Safe to repeat. One document, the facility's: there is no moment at which some spaces have it and some don't.
        """
        space = self.spaces.get(space_id)

        def decide(facility: Facility) -> dict[str, Any]:
            facility.connect_feed(space_id, feed_id)
            return {}

        self._act(None, space.facility_id, decide)

    def _act(
        self, act: Act | None, facility_id: str, decide: Callable[[Facility], dict[str, Any]]
    ) -> dict[str, Any]:
        try:
            return self.facilities.act(act, facility_id, decide)
        finally:
            self.recent.forget()

    def _placed(self, address: Address, point: Point) -> Address:
        region = self.regions(point) or Region()
        return replace(address, sido=region.sido, sigungu=region.sigungu, dong=region.dong)

    def _for_officer(self, actor: Actor, facility_id: str) -> Facility:
        facility = self.facilities.get(facility_id)
        must_be(actor, "officer", tenant=facility.tenant, district=facility.district)
        return facility

    def _for_staff(self, actor: Actor, facility_id: str) -> None:
        facility = self.facilities.get(facility_id)
        must_be(actor, "officer", "host", tenant=facility.tenant, district=facility.district)
        if not actor.is_any("officer", "service") and actor.subject not in facility.managers:
            raise Refused("not_your_facility", field="facility_id")

    def _space_for_officer(self, actor: Actor, space_id: str) -> None:
        space = self.spaces.get(space_id)
        must_be(actor, "officer", tenant=space.tenant, district=space.district)


def _hours(weekly: Week) -> Hours:
    return Hours(tuple(tuple((opens, closes) for opens, closes in day) for day in weekly))
