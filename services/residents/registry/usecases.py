"""What can be done about who a resident is: register, consent, correct, say where home is, and be written to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from services.residents.admission import STAFF, admit
from services.residents.registry.model import CHANNELS, LOCATION, NIGHT_NEWS, Agreement, Hand, Resident
from services.residents.trail import Trail
from shared.actors import Actor, must_be, must_be_self
from shared.aggregate import Act
from shared.clock import Clock, iso
from shared.errors import NotFound, Refused
from shared.events.envelope import Event
from shared.events.residents import PURPOSES
from shared.geo import Point
from shared.ids import Ids

#: Residents in one question for contacts.
MOST_CONTACTS = 1_000
Outcome = dict[str, Any]


class Residents(Protocol):
    """Everybody who registered."""

    def get(self, aggregate_id: str) -> Resident:
        """Return the resident; raise ``NotFound``."""

    def create(self, act: Act, aggregate: Resident, outcome: Outcome) -> Outcome:
        """Store a new resident once."""

    def act(self, act: Act, aggregate_id: str, decide: Callable[[Resident], Outcome]) -> Outcome:
        """Change a resident once."""

    def reachable_by_mail(self, ids: Sequence[str]) -> list[Resident]:
        """Return those who may be written to, with their consents and address."""

    def for_reach(self, ids: Sequence[str]) -> list[Resident]:
        """Return those residents, with their consents."""


@dataclass(frozen=True)
class Registry:
    """The acts. Each may be repeated with its ``act_id``."""

    residents: Residents
    trail: Trail
    clock: Clock
    ids: Ids

    def register(
        self,
        actor: Actor,
        *,
        act_id: str,
        resident_id: str,
        name: str,
        consents: Sequence[dict[str, str]],
        over_14: bool,
        mail: str | None = None,
        tenant: str | None = None,
    ) -> Outcome:
        """Register a resident in the caller's tenant; only a service, which has none, may and must name one."""
        town = tenant or actor.tenant
        must_be_self(actor, resident_id, tenant=town, or_roles=STAFF)
        if not town:
            raise Refused("tenant_needed", field="tenant")
        fresh = Resident.register(
            resident_id=resident_id,
            tenant=town,
            name=name,
            mail=mail,
            agreed=[Agreement(**consent) for consent in consents],
            over_14=over_14,
            hand=self._hand(actor, resident_id),
            salt=self.ids.new("salt"),
        )
        if actor.is_any(*STAFF) and actor.subject != resident_id:
            self.trail.staff_acted(actor, "register", resident_id, town)
        # Without name and address: a repeat brings another salt, so nothing could tell whether they are the same.
        act = Act.of(act_id, "register", tenant=town, consents=list(consents))
        return self.residents.create(act, fresh, {"resident_id": resident_id})

    def get(self, actor: Actor, *, resident_id: str) -> Outcome:
        """Return what is kept about a resident, to themselves or to staff."""
        resident = admit(self.residents, self.trail, actor, resident_id, "get")
        return {
            "resident_id": resident.id,
            "tenant": resident.tenant,
            "name": resident.name,
            "mail": resident.mail,
            "home": None if resident.home is None else {"lat": resident.home.lat, "lon": resident.home.lon},
            "registered_at": iso(resident.registered_at),
            "left_at": None if resident.left_at is None else iso(resident.left_at),
            "consents": [
                {
                    "purpose": consent.purpose,
                    "text_version": consent.text_version,
                    "given_at": iso(consent.given_at),
                    "channel": consent.channel,
                    "withdrawn_at": None if consent.withdrawn_at is None else iso(consent.withdrawn_at),
                }
                for consent in resident.consents
            ],
        }

    def correct(
        self, actor: Actor, *, act_id: str, resident_id: str, name: str | None = None, mail: str | None = None
    ) -> Outcome:
        """Change the name or the mail address; an empty address removes it."""
        known = admit(self.residents, self.trail, actor, resident_id, "correct")

        def decide(resident: Resident) -> Outcome:
            resident.correct(name=name, mail=mail)
            return {"resident_id": resident_id}

        act = Act.of(act_id, "correct", sealed=known.sealed(name=name, mail=mail))
        return self.residents.act(act, resident_id, decide)

    def give_consent(self, actor: Actor, *, act_id: str, resident_id: str, purpose: str, text_version: str) -> Outcome:
        """Record that a resident agrees to a version of a purpose's text."""
        admit(self.residents, self.trail, actor, resident_id, "give_consent")
        hand = self._hand(actor, resident_id)

        def decide(resident: Resident) -> Outcome:
            resident.give(Agreement(purpose, text_version), hand)
            return {"resident_id": resident_id, "purpose": purpose, "given": True}

        act = Act.of(act_id, "give_consent", purpose=purpose, text_version=text_version)
        return self.residents.act(act, resident_id, decide)

    def withdraw_consent(
        self, actor: Actor, *, act_id: str, resident_id: str, purpose: str, text_version: str | None = None
    ) -> Outcome:
        """Withdraw a consent and what rests on it, whatever version of the text it was given to or is named."""
        del text_version
        admit(self.residents, self.trail, actor, resident_id, "withdraw_consent")
        hand = self._hand(actor, resident_id)

        def decide(resident: Resident) -> Outcome:
            resident.withdraw(purpose, hand)
            return {"resident_id": resident_id, "purpose": purpose, "given": False}

        return self.residents.act(Act.of(act_id, "withdraw_consent", purpose=purpose), resident_id, decide)

    def set_home(self, actor: Actor, *, act_id: str, resident_id: str, lat: float, lon: float) -> Outcome:
        """Keep the home neighbourhood; refused without the consent ``location``."""
        point = Point(lat, lon)
        resident = admit(self.residents, self.trail, actor, resident_id, "set_home")
        resident.settle_home(point)  # on this copy only: what is refused is not recorded as collected
        self.trail.collects(act_id, resident_id, kind="home", tenant=resident.tenant)

        def decide(resident: Resident) -> Outcome:
            resident.settle_home(point)
            return {"resident_id": resident_id}

        act = Act.of(act_id, "set_home", sealed=resident.sealed(lat=point.lat, lon=point.lon))
        return self.residents.act(act, resident_id, decide)

    def consented(self, actor: Actor, *, resident_id: str, purpose: str) -> Outcome:
        """Return ``{"given"}`` to the resident or to a service; somebody unknown has consented to nothing."""
        if purpose not in PURPOSES:
            raise Refused("unknown_purpose", field="purpose", purposes=list(PURPOSES))
        try:
            resident = admit(self.residents, self.trail, actor, resident_id, "consented", staff=())
        except NotFound:
            return {"given": False}
        return {"given": resident.consents_to(purpose)}

    def consented_of(self, actor: Actor, *, resident_ids: Sequence[str], purpose: str) -> Outcome:
        """Return ``{"given": [ids]}`` to a service: those of the residents whose consent stands."""
        must_be(actor, "service")
        if purpose not in PURPOSES:
            raise Refused("unknown_purpose", field="purpose", purposes=list(PURPOSES))
        if len(resident_ids) > MOST_CONTACTS:
            raise Refused("too_many_at_once", field="resident_ids", most=MOST_CONTACTS)
        known = self.residents.for_reach(resident_ids)
        return {"given": sorted(resident.id for resident in known if resident.consents_to(purpose))}

    def tenant_of(self, actor: Actor, *, resident_id: str) -> Outcome:
        """Return ``{"tenant"}`` to a service: who registered them; null for somebody whom nobody registered."""
        must_be(actor, "service")
        try:
            return {"tenant": self.residents.get(resident_id).tenant}
        except NotFound:
            return {"tenant": None}

    def contacts(self, actor: Actor, *, resident_ids: Sequence[str]) -> Outcome:
        """Return ``{"contacts": {id: {"mail", "night_news"}}}`` to a service: of those who agreed to be written to.

        ``night_news``: advertising may come between 21:00 and 08:00 too (정보통신망법 제50조제3항).
        """
        must_be(actor, "service")
        if len(resident_ids) > MOST_CONTACTS:
            raise Refused("too_many_at_once", field="resident_ids", most=MOST_CONTACTS)
        return {
            "contacts": {
                resident.id: {"mail": resident.mail, "night_news": resident.consents_to(NIGHT_NEWS)}
                for resident in self.residents.reachable_by_mail(resident_ids)
            }
        }

    def location_records(self, actor: Actor, *, resident_id: str, limit: int = 50) -> Outcome:
        """Return when and for what a resident's place was collected and used, latest first."""
        admit(self.residents, self.trail, actor, resident_id, "location_records")
        return {"records": self.trail.location_records(resident_id, limit)}

    def forget_places(self, withdrawn: Event) -> None:
        """Destroy the location records of somebody who withdrew the consent ``location``, up to that instant."""
        if withdrawn.data["purpose"] == LOCATION:
            self.trail.forget_places(withdrawn.data["resident_id"], until=withdrawn.time)

    def _hand(self, actor: Actor, resident_id: str) -> Hand:
        own, counter, service = CHANNELS
        if actor.is_any("service"):
            return Hand(service, self.clock.now(), actor.subject)
        if actor.subject == resident_id:
            return Hand(own, self.clock.now())
        return Hand(counter, self.clock.now(), actor.subject)
