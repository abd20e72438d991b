"""What can be done with openings and applications: by officers, by residents, by the clock, and when told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from services.placement.budgets.usecases import BudgetDesk
from services.placement.openings.model import (
    OPEN,
    PENDING,
    SELECTED,
    Application,
    Opening,
    Shift,
    Terms,
    Workplace,
    agreement,
    objection,
)
from services.placement.openings.storage import Applications, Openings
from services.placement.programmes.model import Programme, Tenant
from services.placement.wages.model import WageTable
from shared.actors import Actor, must_be, must_be_self
from shared.aggregate import Act
from shared.clock import Clock, iso
from shared.errors import Conflict, Refused
from shared.geo import Point
from shared.pages import checked_limit, instant_after, page

#: Openings closed in one sweep.
SWEPT_AT_ONCE = 100
#: Rows of one answer, which must cross the broker.
MOST_APPLICATIONS, MOST_OPENINGS = 200, 100


class Tenants(Protocol):
    """Where tenants are read."""

    def get(self, aggregate_id: str) -> Tenant:
        """Return the tenant; raise ``NotFound``."""


class Programmes(Protocol):
    """Where programmes are read."""

    def get(self, aggregate_id: str) -> Programme:
        """Return the programme; raise ``NotFound``."""


@dataclass(frozen=True)
class OpeningDesk:
    """The acts on openings and applications."""

    openings: Openings
    applications: Applications
    tenants: Tenants
    programmes: Programmes
    budget: BudgetDesk
    wages: WageTable
    clock: Clock

    # Officers.

    def publish(
        self,
        actor: Actor,
        *,
        act_id: str,
        opening_id: str,
        programme_id: str,
        title: str,
        place: Mapping[str, Any],
        shifts: Sequence[Mapping[str, datetime]],
        places: int,
        hourly_won: int,
        mode: str,
        deadline: datetime,
    ) -> dict[str, Any]:
        """Publish an opening: hold its whole cost, then store it with its fact; the budget settles by reaction."""
        programme = self.programmes.get(programme_id)
        district = programme.must_host_openings()
        code = str(district.code)
        must_be(actor, "officer", tenant=programme.tenant, district=code)
        tenant = self.tenants.get(programme.tenant)
        tenant.must_be_open()
        terms = Terms(
            title=title,
            place=Workplace(place["name"], place["address"], Point(place["lat"], place["lon"])),
            shifts=tuple(Shift(shift["start"], shift["end"]) for shift in shifts),
            places=places,
            hourly_won=hourly_won,
            mode=mode,
            deadline=deadline,
            rehearsal=tenant.rehearsal,
        )
        now = self.clock.now()
        outcome = {"opening_id": opening_id, "state": OPEN, "version": 1, "cost": terms.cost}
        act = Act.of(act_id, "publish", id=opening_id, programme=programme_id, terms=_spelled(terms))
        known = self.openings.find(opening_id)
        if known is None:
            refused = objection(terms, now)
            if refused:
                raise refused
            self._must_pay_enough(programme, terms)
            self.budget.hold(
                act_id=act.id,
                programme_id=programme_id,
                tenant=programme.tenant,
                opening_id=opening_id,
                amount=terms.cost,
            )
        opening = known or Opening.publish(
            opening_id=opening_id,
            tenant=programme.tenant,
            programme_id=programme_id,
            district=code,
            terms=terms,
            act=act,
            now=now,
        )
        try:
            return self.openings.create(act, opening, outcome)
        except Refused:
            self.budget.release_unless_done(act_id=act.id, opening_id=opening_id, programme_id=programme_id)
            raise

    def select(self, actor: Actor, *, act_id: str, opening_id: str, resident_id: str) -> dict[str, Any]:
        """Give a place to an applicant; the same place is never given twice, whoever races."""
        application = self.applications.get(Application.id_of(opening_id, resident_id))
        must_be(actor, "officer", tenant=application.tenant, district=application.district)
        act = Act.of(act_id, "select", opening=opening_id, resident=resident_id)
        return self._select(act, application)

    def not_select(self, actor: Actor, *, act_id: str, application_id: str) -> dict[str, Any]:
        """Answer an applicant that there is no place for them (미선정)."""
        known = self.applications.get(application_id)
        must_be(actor, "officer", tenant=known.tenant, district=known.district)
        if self.openings.get(known.opening_id).placement_of(known.resident_id) is not None:
            raise Refused("already_selected", field="application_id")

        def decide(application: Application) -> dict[str, Any]:
            application.end("not_selected")
            return {"application_id": application_id, "state": application.state}

        return self.applications.act(Act.of(act_id, "not_select", id=application_id), application_id, decide)

    def release_place(self, actor: Actor, *, act_id: str, opening_id: str, resident_id: str) -> dict[str, Any]:
        """Take a place back (an officer, for the resident or the host); it is offered again."""
        known = self._for_officer(actor, opening_id)
        placement = known.placement_of(resident_id)
        attempt = 0 if placement is None else placement.attempt
        now = self.clock.now()

        def decide(opening: Opening) -> dict[str, Any]:
            if not opening.release(resident_id, attempt, "officer", now):
                raise Refused("no_such_placement", field="resident_id")
            return {"opening_id": opening_id, "state": opening.state, "free": opening.free}

        return self.openings.act(Act.of(act_id, "release_place", resident=resident_id), opening_id, decide)

    def close(self, actor: Actor, *, act_id: str, opening_id: str) -> dict[str, Any]:
        """Take no more applications; places given stay, and the rest of the budget is released."""
        self._for_officer(actor, opening_id)

        def decide(opening: Opening) -> dict[str, Any]:
            opening.close()
            return {"opening_id": opening_id, "state": opening.state}

        return self.openings.act(Act.of(act_id, "close", id=opening_id), opening_id, decide)

    def cancel(self, actor: Actor, *, act_id: str, opening_id: str, reason: str) -> dict[str, Any]:
        """Call an opening off; everybody with a place or a pending application is told."""
        self._for_officer(actor, opening_id)

        now = self.clock.now()

        def decide(opening: Opening) -> dict[str, Any]:
            opening.cancel(reason, now)
            return {"opening_id": opening_id, "state": opening.state}

        return self.openings.act(Act.of(act_id, "cancel", id=opening_id, reason=reason), opening_id, decide)

    def applications_of(
        self, actor: Actor, *, opening_id: str, limit: int = MOST_APPLICATIONS, cursor: str | None = None
    ) -> dict[str, Any]:
        """Return ``{applications, cursor}`` of an opening, first come first, at most ``limit`` (1 to 200); officers."""
        checked_limit(limit, MOST_APPLICATIONS)
        since = instant_after(cursor)
        self._for_officer(actor, opening_id)
        found = self.applications.of_opening(opening_id, since, limit + 1)
        rows, further = page(map(_shown, found), limit, lambda row: (row["submitted_at"], row["application_id"]))
        return {"applications": rows, "cursor": further}

    # Residents.

    def apply(self, actor: Actor, *, act_id: str, opening_id: str, resident_id: str | None = None) -> dict[str, Any]:
        """Apply for an opening, for oneself; an officer may apply for a resident, and is recorded as proxy."""
        opening = self.openings.get(opening_id)
        resident = resident_id or actor.subject
        must_be_self(actor, resident, tenant=opening.tenant, or_roles=("officer",), district=opening.district)
        proxy = actor.subject if actor.is_any("officer") else None
        now = self.clock.now()
        act = Act.of(act_id, "apply", opening=opening_id, resident=resident)
        application_id = Application.id_of(opening_id, resident)
        known = self.applications.find(application_id)
        if known is None:
            opening.takes_applications(now)
            fresh = Application.submit(opening, resident, now, proxy)
            try:
                return self.applications.create(act, fresh, _answered(fresh))
            except Refused as refused:
                if refused.code != "id_taken":
                    raise

        def decide(application: Application) -> dict[str, Any]:
            opening.takes_applications(now)
            application.submit_again(now, proxy)
            return _answered(application)

        return self.applications.act(act, application_id, decide)

    def withdraw(self, actor: Actor, *, act_id: str, application_id: str) -> dict[str, Any]:
        """Take an application back; when it has won a place meanwhile, the place is given back by reaction."""
        known = self.applications.get(application_id)
        must_be_self(actor, known.resident_id, tenant=known.tenant, or_roles=("officer",), district=known.district)

        def decide(application: Application) -> dict[str, Any]:
            application.withdraw()
            return _answered(application)

        return self.applications.act(Act.of(act_id, "withdraw", id=application_id), application_id, decide)

    def applications_by(self, actor: Actor, *, resident_id: str) -> dict[str, Any]:
        """Return a resident's own applications, latest first."""
        must_be_self(actor, resident_id, tenant=actor.tenant, or_roles=("officer",))
        found = self.applications.of_resident(resident_id)
        mine = [application for application in found if actor.is_any("service") or application.tenant == actor.tenant]
        return {"applications": [_shown(application) for application in mine]}

    # Everybody.

    def read(self, _actor: Actor, *, opening_id: str) -> dict[str, Any]:
        """Return what everybody may know of an opening."""
        return shown(self.openings.get(opening_id))

    def listed(
        self,
        _actor: Actor,
        *,
        tenant: str,
        programme_id: str | None = None,
        state: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> dict[str, Any]:
        """Return ``{openings, cursor}`` of a tenant, latest first, at most ``limit`` (1 to 100)."""
        checked_limit(limit, MOST_OPENINGS)
        since = instant_after(cursor)
        query: dict[str, Any] = {"tenant": tenant}
        if programme_id is not None:
            query["programme_id"] = programme_id
        if state is not None:
            query["state"] = state
        found = self.openings.latest(query, since, limit + 1)
        published = {opening.id: iso(opening.published_at) for opening in found}
        rows, further = page(map(shown, found), limit, lambda row: (published[row["opening_id"]], row["opening_id"]))
        return {"openings": rows, "cursor": further}

    # The clock.

    def close_overdue(self) -> bool:
        """Close openings whose deadline is there; return whether there may be more."""
        now = self.clock.now()
        overdue = self.openings.overdue(now, SWEPT_AT_ONCE)
        for opening_id in overdue:

            def decide(opening: Opening) -> dict[str, Any]:
                opening.pass_deadline(now)
                return {}

            self.openings.act(None, opening_id, decide)
        return len(overdue) == SWEPT_AT_ONCE

    def close_of_tenant(self, tenant: str) -> bool:
        """Close a closed tenant's openings; return whether any was left."""
        left = self.openings.listed({"tenant": tenant, "state": {"$in": [OPEN, "filled"]}}, SWEPT_AT_ONCE)
        for known in left:

            def decide(opening: Opening) -> dict[str, Any]:
                if opening.due is not None:
                    opening.close()
                return {}

            self.openings.act(None, known.id, decide)
        return bool(left)

    # When told.

    def agree(self, application_id: str) -> None:
        """Bring an application and its opening together: the opening says who has a place, the application follows.

        Safe in any order and any number of times; every change of the application says a fact that leads here again.
        """
        application = self.applications.find(application_id)
        if application is None:
            return
        opening = self.openings.get(application.opening_id)
        step = agreement(application, opening)
        if step.release_attempt is not None:
            self._release(opening.id, application.resident_id, step.release_attempt)
        if step.note_selected or step.note_withdrawn or step.end is not None:

            def decide(known: Application) -> dict[str, Any]:
                if known.version != application.version:
                    raise Conflict("changed_meanwhile", field="application_id")
                if step.note_selected:
                    known.note_selected()
                elif step.end is not None:
                    known.end(step.end)
                else:
                    known.withdraw()
                return {}

            self.applications.act(None, application_id, decide)

    def note_place_lost(self, application_id: str, attempt: int) -> None:
        """End the attempt whose place was taken back, also when nobody had yet noted that it had one."""
        application = self.applications.find(application_id)
        if application is None or application.attempt != attempt or application.state not in (PENDING, SELECTED):
            return
        if self.openings.get(application.opening_id).placement_of(application.resident_id) is not None:
            return

        def decide(known: Application) -> dict[str, Any]:
            if known.attempt == attempt and known.state in (PENDING, SELECTED):
                known.withdraw()
            return {}

        self.applications.act(None, application_id, decide)

    def close_if_tenant_closed(self, opening_id: str) -> None:
        """Close an opening that was published while its tenant was being closed."""
        opening = self.openings.find(opening_id)
        if opening is None or self.tenants.get(opening.tenant).state == OPEN:
            return

        def decide(known: Opening) -> dict[str, Any]:
            if known.due is not None:
                known.close()
            return {}

        self.openings.act(None, opening_id, decide)

    def agree_all(self, opening_id: str) -> None:
        """Bring an opening and its pending applications together.

        They are listed before each is compared with the opening as it then is: those that come later are dealt with
        when their own ``application.submitted`` is heard.
        """
        for application in self.applications.pending(opening_id):
            self.agree(application.id)

    def give_first_come(self, opening_id: str) -> None:
        """Give free places of a first-come opening to those who have waited longest."""
        opening = self.openings.find(opening_id)
        if opening is None or opening.terms.mode != "first_come" or opening.state != OPEN:
            return
        waiting = sorted(self.applications.pending(opening_id), key=lambda one: (one.submitted_at, one.id))
        for application in waiting:
            try:
                if self._select(None, application)["filled"]:
                    return
            except Refused as refused:
                if refused.code != "already_selected":
                    return

    def _select(self, act: Act | None, application: Application) -> dict[str, Any]:
        now = self.clock.now()

        def decide(opening: Opening) -> dict[str, Any]:
            opening.select(application, now)
            return {
                "opening_id": opening.id,
                "resident_id": application.resident_id,
                "filled": opening.free == 0,
                "free": opening.free,
            }

        return self.openings.act(act, application.opening_id, decide)

    def _release(self, opening_id: str, resident_id: str, attempt: int) -> None:
        now = self.clock.now()

        def decide(opening: Opening) -> dict[str, Any]:
            opening.release(resident_id, attempt, "application_withdrawn", now)
            return {}

        self.openings.act(None, opening_id, decide)

    def _for_officer(self, actor: Actor, opening_id: str) -> Opening:
        opening = self.openings.get(opening_id)
        must_be(actor, "officer", tenant=opening.tenant, district=opening.district)
        return opening

    def _must_pay_enough(self, programme: Programme, terms: Terms) -> None:
        for number, shift in enumerate(terms.shifts):
            for day in shift.days:
                floor = self.wages.won_an_hour(kind=programme.wage_floor, regions=programme.district.regions(), day=day)
                if terms.hourly_won < floor:
                    raise Refused(
                        "below_wage_floor",
                        field="hourly_won",
                        least=floor,
                        kind=programme.wage_floor,
                        day=day.isoformat(),
                        shift=number,
                    )


def _answered(application: Application) -> dict[str, Any]:
    return {"application_id": application.id, "state": application.state, "attempt": application.attempt}


def _shown(application: Application) -> dict[str, Any]:
    return {
        **_answered(application),
        "opening_id": application.opening_id,
        "resident_id": application.resident_id,
        "submitted_at": iso(application.submitted_at),
        "reason": application.reason,
        "proxy": application.proxy,
        "waiting": application.state == PENDING,
    }


def _spelled(terms: Terms) -> dict[str, Any]:
    """Return the terms JSON-ready, to recognise the same command."""
    return {
        "title": terms.title,
        "place": [terms.place.name, terms.place.address, terms.place.point.lat, terms.place.point.lon],
        "shifts": [[iso(shift.start), iso(shift.end)] for shift in terms.shifts],
        "places": terms.places,
        "hourly_won": terms.hourly_won,
        "mode": terms.mode,
        "deadline": iso(terms.deadline),
    }


def shown(opening: Opening) -> dict[str, Any]:
    """Return what everybody may know of an opening: never who has a place."""
    terms = opening.terms
    return {
        "opening_id": opening.id,
        "tenant": opening.tenant,
        "programme_id": opening.programme_id,
        "district": opening.district,
        "title": terms.title,
        "place": {
            "name": terms.place.name,
            "address": terms.place.address,
            "lat": terms.place.point.lat,
            "lon": terms.place.point.lon,
        },
        "shifts": [{"start": iso(shift.start), "end": iso(shift.end)} for shift in terms.shifts],
        "places": terms.places,
        "free": opening.free,
        "hourly_won": terms.hourly_won,
        "won_a_place": terms.won_a_place,
        "mode": terms.mode,
        "deadline": iso(terms.deadline),
        "state": opening.state,
        "round": opening.round,
        "version": opening.version,
    }
