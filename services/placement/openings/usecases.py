"""What officers, hosts and everybody do with openings; residents: ``applying``; what follows by itself: ``followed``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from services.placement.openings.applying import Applying, must_not_be_over
from services.placement.openings.giving import LimitsObject
from services.placement.openings.model import OPEN, Application, Opening
from services.placement.openings.ports import Programmes, Tenants
from services.placement.openings.posting import features, job_posting
from services.placement.openings.publishing import Publishing
from services.placement.openings.shown import for_officer, shown
from shared.actors import Actor, must_be
from shared.aggregate import Act
from shared.errors import Refused, Unavailable
from shared.pages import checked_limit, instant_after, page

__all__ = ["OpeningDesk", "Programmes", "Tenants", "shown"]

#: Rows of one answer, which must cross the broker.
MOST_APPLICATIONS, MOST_OPENINGS = 200, 100


@dataclass(frozen=True)
class OpeningDesk(Applying):
    """The acts on openings and applications."""

    # Officers, and hosts.

    def publish(self, actor: Actor, **asked: Any) -> dict[str, Any]:
        """Publish an opening: hold its whole cost, then store it with its fact; the budget settles by reaction.

        An officer of the district, or a host whom the programme names. Of ``asked``: ``act_id``, ``opening_id``,
        ``programme_id`` and the terms (``publishing.Publishing.publish``).
        """
        desk = Publishing(
            self.openings,
            self.tenants,
            self.programmes,
            self.budget,
            self.wages,
            self.seeds,
            self.clock,
            self.declarable,
        )
        return desk.publish(actor, **asked)

    def select(
        self, actor: Actor, *, act_id: str, opening_id: str, resident_id: str, reason: str | None = None
    ) -> dict[str, Any]:
        """Give a place to an applicant; the same place is never given twice, whoever races.

        ``warnings``: ``resident_not_registered``, for somebody whom nobody registered here (before they are, they get no
        mail and cannot be paid), ``registration_not_checked`` when nobody could say; the ``reason`` is kept with the place.
        """
        application = self.applications.get(Application.id_of(opening_id, resident_id))
        must_be(actor, "officer", tenant=application.tenant, district=application.district)
        said = {} if reason is None else {"reason": reason}
        act = Act.of(act_id, "select", opening=opening_id, resident=resident_id, **said)
        registered = self._is_registered(application)
        try:
            return self._select(act, application, officer=actor.subject, registered=registered, reason=reason)
        except LimitsObject as objecting:
            raise objecting.refused from None

    def not_select(self, actor: Actor, *, act_id: str, application_id: str) -> dict[str, Any]:
        """Answer an applicant that there is no place for them (미선정); nobody is taken out of an order that is made."""
        known = self.applications.get(application_id)
        must_be(actor, "officer", tenant=known.tenant, district=known.district)
        opening = self.openings.get(known.opening_id)
        if opening.placement_of(known.resident_id) is not None:
            raise Refused("already_selected", field="application_id")
        if opening.offer_of(known.resident_id) is not None:
            raise Refused("offer_is_open", field="application_id")
        if opening.order_hash is not None and opening.is_running:
            raise Refused("opening_goes_in_order", field="application_id", mode=opening.terms.mode)

        def decide(application: Application) -> dict[str, Any]:
            application.end("not_selected")
            return {"application_id": application_id, "state": application.state}

        return self.applications.act(Act.of(act_id, "not_select", id=application_id), application_id, decide)

    def release_place(self, actor: Actor, *, act_id: str, opening_id: str, resident_id: str) -> dict[str, Any]:
        """Take a place back (an officer, for the resident or the host); it is offered again."""
        known = self._for_officer(actor, opening_id)
        placement = known.placement_of(resident_id)
        attempt = 0 if placement is None else placement.attempt
        must_not_be_over(known, self.clock.now())

        def decide(opening: Opening) -> dict[str, Any]:
            # Now, not when it was asked: which shifts had begun is seen by the time of the fact, too.
            if not opening.release(resident_id, attempt, "officer", self.clock.now()):
                raise Refused("no_such_placement", field="resident_id")
            return {"opening_id": opening_id, "state": opening.state, "free": opening.free}

        return self.openings.act(Act.of(act_id, "release_place", resident=resident_id), opening_id, decide)

    def close(self, actor: Actor, *, act_id: str, opening_id: str) -> dict[str, Any]:
        """Take no more applications; places given stay, and the rest of the budget is released."""
        self._for_officer(actor, opening_id)

        def decide(opening: Opening) -> dict[str, Any]:
            opening.close(self.clock.now())
            return {"opening_id": opening_id, "state": opening.state}

        return self.openings.act(Act.of(act_id, "close", id=opening_id), opening_id, decide)

    def cancel(self, actor: Actor, *, act_id: str, opening_id: str, reason: str) -> dict[str, Any]:
        """Call an opening off; everybody with a place or a pending application is told."""
        self._for_officer(actor, opening_id)

        def decide(opening: Opening) -> dict[str, Any]:
            opening.cancel(reason, self.clock.now())
            return {"opening_id": opening_id, "state": opening.state}

        return self.openings.act(Act.of(act_id, "cancel", id=opening_id, reason=reason), opening_id, decide)

    def applications_of(
        self, actor: Actor, *, opening_id: str, limit: int = MOST_APPLICATIONS, cursor: str | None = None
    ) -> dict[str, Any]:
        """Return ``{applications, cursor}`` of an opening, first come first, at most ``limit`` (1 to 200); officers."""
        checked_limit(limit, MOST_APPLICATIONS)
        since = instant_after(cursor)
        opening = self._for_officer(actor, opening_id)
        found = self.applications.of_opening(opening_id, since, limit + 1)
        rows, further = page(
            (for_officer(one, opening) for one in found),
            limit,
            lambda row: (row["submitted_at"], row["application_id"]),
        )
        return {"applications": rows, "cursor": further}

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
        rows, further = page(map(shown, found), limit, lambda row: (row["published_at"], row["opening_id"]))
        return {"openings": rows, "cursor": further}

    def posting(self, _actor: Actor, *, opening_id: str) -> dict[str, Any]:
        """Return an opening as a schema.org JobPosting; the tenant is who hires."""
        opening = self.openings.get(opening_id)
        where = self.programmes.get(opening.programme_id).district
        return job_posting(shown(opening), organisation=self.tenants.get(opening.tenant).name, where=where)

    def geojson(
        self, _actor: Actor, *, tenant: str, programme_id: str | None = None, limit: int = 50, cursor: str | None = None
    ) -> dict[str, Any]:
        """Return a FeatureCollection (RFC 7946) of the openings that take applications, and the next ``cursor``."""
        found = self.listed(_actor, tenant=tenant, programme_id=programme_id, state=OPEN, limit=limit, cursor=cursor)
        return {**features(found["openings"]), "cursor": found["cursor"]}

    def hosted(
        self, actor: Actor, *, host: str | None = None, limit: int = 50, cursor: str | None = None
    ) -> dict[str, Any]:
        """Return ``{openings, cursor}`` of a host, latest first: the host's own; an officer may ask for any host's."""
        checked_limit(limit, MOST_OPENINGS)
        since = instant_after(cursor)
        must_be(actor, "host", "officer", tenant=actor.tenant)
        subject = actor.subject if host is None else host
        if subject != actor.subject and not actor.is_any("officer"):
            raise Refused("only_for_oneself", field="host")
        found = self.openings.latest({"tenant": actor.tenant, "hosts": subject}, since, limit + 1)
        rows = ({**shown(one), "hosts": list(one.hosts)} for one in found)
        taken, further = page(rows, limit, lambda row: (row["published_at"], row["opening_id"]))
        only = actor.districts if actor.is_any("officer") else frozenset()
        told = [row for row in taken if not only or row["district"] in only]
        return {"openings": told, "cursor": further}

    # Steps.

    def _is_registered(self, application: Application) -> bool | None:
        """Return whether the tenant registered the resident, or None when nobody can say: a place does not wait for it."""
        try:
            return self.limits.is_registered(application.resident_id, application.tenant)
        except Unavailable:
            return None

    def _for_officer(self, actor: Actor, opening_id: str) -> Opening:
        opening = self.openings.get(opening_id)
        must_be(actor, "officer", tenant=opening.tenant, district=opening.district)
        return opening
