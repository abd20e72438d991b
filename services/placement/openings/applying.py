"""What residents do with openings: see what a place would mean, apply, withdraw, and see their own applications."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from services.placement.openings.followed import Followed
from services.placement.openings.model import SELECTED, Application, Opening
from services.placement.openings.shown import answered, of_application
from shared.actors import Actor, must_be_self
from shared.aggregate import Act
from shared.errors import Refused


@dataclass(frozen=True)
class Applying(Followed):
    """The acts of residents, and of officers for them."""

    def quote(self, actor: Actor, *, opening_id: str, resident_id: str | None = None) -> dict[str, Any]:
        """Return what the limits would say of a place here, and what it pays: shown before applying.

        ``may_apply``: it takes applications, and no limit objects; ``refused``: why it takes none, ``{code, field, values}``
        or null; ``limits``: objections (they refuse), warnings, weeks, months, and for whom it is; ``pay`` in won. Nothing
        is kept, but for a line on the access log when it matters to which groups the resident belongs.
        """
        opening = self.openings.get(opening_id)
        resident = resident_id or actor.subject
        must_be_self(actor, resident, tenant=opening.tenant, or_roles=("officer",), district=opening.district)
        self.limits.must_know(actor, resident)
        known = self.applications.find(Application.id_of(opening_id, resident))
        attempt = 1 if known is None else known.attempt + int(not (known.waits or known.state == SELECTED))
        now = self.clock.now()
        looked_by = "" if actor.subject == resident else actor.subject
        outlook = self.limits.quote(replace(opening.wanted(resident, attempt, now), looked_by=looked_by))
        terms, refused = opening.terms, self._refusal(opening, known, now)
        return {
            "opening_id": opening_id,
            "resident_id": resident,
            "may_apply": not outlook.objections and refused is None,
            "refused": None if refused is None else {name: refused.to_wire()[name] for name in ("code", "field", "values")},
            "limits": outlook.to_wire(),
            "pay": {
                "hourly_won": terms.hourly_won,
                "minutes": sum(shift.minutes for shift in terms.shifts),
                "won": terms.won_a_place,
            },
        }

    def _refusal(self, opening: Opening, known: Application | None, now: datetime) -> Refused | None:
        """Return why somebody can't apply here now, apart from limits, or None."""
        if known is not None and (known.waits or known.state == SELECTED):
            return Refused("already_applied", field="opening_id", state=known.state)
        try:
            opening.takes_applications(now)
        except Refused as refused:
            return refused
        return None

    def apply(self, actor: Actor, *, act_id: str, opening_id: str, resident_id: str | None = None) -> dict[str, Any]:
        """Apply for an opening, for oneself; an officer may apply for a resident, and is recorded as proxy."""
        opening = self.openings.get(opening_id)
        resident = resident_id or actor.subject
        must_be_self(actor, resident, tenant=opening.tenant, or_roles=("officer",), district=opening.district)
        self.limits.must_know(actor, resident)
        proxy = actor.subject if actor.is_any("officer") else None
        now = self.clock.now()
        act = Act.of(act_id, "apply", opening=opening_id, resident=resident)
        application_id = Application.id_of(opening_id, resident)
        known = self.applications.find(application_id)
        if known is None:
            opening.takes_applications(now)
            self._must_be_allowed(opening, resident, 1, proxy or "")
            fresh = Application.submit(opening, resident, now, proxy)
            try:
                return self.applications.create(act, fresh, answered(fresh))
            except Refused as refused:
                if refused.code != "id_taken":
                    raise

        def decide(application: Application) -> dict[str, Any]:
            opening.takes_applications(now)
            application.submit_again(now, proxy)
            self._must_be_allowed(opening, resident, application.attempt, proxy or "")
            return answered(application)

        return self.applications.act(act, application_id, decide)

    def withdraw(self, actor: Actor, *, act_id: str, application_id: str) -> dict[str, Any]:
        """Take an application back; when it has won a place meanwhile, the place is given back by reaction."""
        known = self.applications.get(application_id)
        must_be_self(actor, known.resident_id, tenant=known.tenant, or_roles=("officer",), district=known.district)
        if known.state == SELECTED:
            must_not_be_over(self.openings.get(known.opening_id), self.clock.now())

        officer = actor.subject if actor.is_any("officer") and actor.subject != known.resident_id else None

        def decide(application: Application) -> dict[str, Any]:
            application.withdraw(officer)
            return answered(application)

        return self.applications.act(Act.of(act_id, "withdraw", id=application_id), application_id, decide)

    def applications_by(self, actor: Actor, *, resident_id: str) -> dict[str, Any]:
        """Return a resident's own applications, latest first; an officer sees those for the own districts only."""
        must_be_self(actor, resident_id, tenant=actor.tenant, or_roles=("officer",))
        found = self.applications.of_resident(resident_id)
        every = actor.is_any("service") or actor.subject == resident_id or not actor.districts
        mine = [
            application
            for application in found
            if actor.is_any("service")
            or (application.tenant == actor.tenant and (every or application.district in actor.districts))
        ]
        openings = self.openings.get_many([one.opening_id for one in mine if one.waits])
        offers = {key: opening.offer_of(resident_id) for key, opening in openings.items()}
        return {"applications": [of_application(one, offers.get(one.opening_id)) for one in mine]}

    # Steps.

    def _must_be_allowed(self, opening: Opening, resident_id: str, attempt: int, officer: str) -> None:
        objecting = self.giving.objection(opening, resident_id, attempt, officer=officer)
        if objecting is not None:
            raise objecting.refused()


def must_not_be_over(opening: Opening, now: datetime) -> None:
    """Raise ``Refused`` once the work is over: a place that was worked is no more given back."""
    if now >= opening.terms.ends and not opening.terms.rehearsal:
        raise Refused("work_is_over", field="opening_id")
