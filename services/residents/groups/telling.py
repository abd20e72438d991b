"""What services are told of target groups: codes, or only whether somebody belongs to those that are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.residents.groups.model import Kinds, Membership
from services.residents.groups.ports import AllMemberships, Outcome, Residents
from services.residents.registry.model import TARGET_GROUPS
from services.residents.trail import Trail
from shared.actors import Actor, must_be
from shared.clock import Clock
from shared.errors import Refused

#: Residents whose groups a service is told at once.
MOST = 100
#: What is told of somebody and some groups: they belong to one of them; they say so, and an officer must see a proof.
MEMBER, UNCONFIRMED = "member", "unconfirmed"


@dataclass(frozen=True, kw_only=True)
class Telling:
    """The questions of services."""

    residents: Residents
    memberships: AllMemberships
    kinds: Kinds
    trail: Trail
    clock: Clock

    def groups_of(self, actor: Actor, *, resident_ids: Sequence[str], purpose: str, reason: str = "") -> Outcome:
        """Return ``{"groups": {id: [codes]}}`` to a service, of those who agreed; each has a line on the access log.

        Only memberships that count: those of a group that needs a proof, once it was seen.
        """
        must_be(actor, "service")
        if len(resident_ids) > MOST:
            raise Refused("too_many_at_once", field="resident_ids", most=MOST)
        wanted = list(dict.fromkeys(resident_ids))
        kept = self.memberships.get_many(wanted)
        known = self.residents.get_many(wanted)
        told: dict[str, Sequence[str]] = {}
        for resident_id, memberships in kept.items():
            resident = known.get(resident_id)
            if resident is not None:
                codes = [
                    one.group
                    for one in memberships.in_force(resident.agreed_since(TARGET_GROUPS))
                    if one.counts_at(self.clock.now(), proof=self._proof(one.group))
                ]
                if codes:
                    told[resident_id] = codes
        tenants = {resident_id: known[resident_id].tenant for resident_id in told}
        self.trail.service_reads(actor, "groups_of", tenants, reason=reason, purpose=purpose)
        return {"groups": told}

    def belonging(
        self,
        actor: Actor,
        *,
        resident_ids: Sequence[str],
        groups: Sequence[str],
        purpose: str,
        reason: str = "",
        officer: str | None = None,
    ) -> Outcome:
        """Return ``{"known": {id: "member" | "unconfirmed"}}`` to a service: who belongs to one of the groups.

        Of who is left out nothing is known: nobody learns whether they registered, agreed or declared. Which of the
        groups it is stays here. Everybody who registered has a line on the access log, with the ``officer`` who asks.
        """
        must_be(actor, "service")
        if len(resident_ids) > MOST:
            raise Refused("too_many_at_once", field="resident_ids", most=MOST)
        wanted = list(dict.fromkeys(resident_ids))
        known = self.residents.get_many(wanted)
        tenants = {resident_id: resident.tenant for resident_id, resident in known.items()}
        self.trail.service_reads(actor, "belonging", tenants, reason=reason, purpose=purpose, officer=officer)
        told: dict[str, str] = {}
        for resident_id, memberships in self.memberships.get_many(list(known)).items():
            standing = memberships.in_force(known[resident_id].agreed_since(TARGET_GROUPS))
            declared = [one for one in standing if one.group in groups]
            if declared:
                told[resident_id] = MEMBER if any(self._counts_now(one) for one in declared) else UNCONFIRMED
        return {"known": told}

    # Steps.

    def _counts_now(self, membership: Membership) -> bool:
        return membership.counts_at(self.clock.now(), proof=self._proof(membership.group))

    def _proof(self, group: str) -> bool:
        kind = self.kinds.get(group)
        return kind is None or kind.proof
