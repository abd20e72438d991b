"""Hold, act, settle for places and the resident who gets them.

Whoever gives a place holds it here first, writes the opening, and is settled by reaction:

    hold(act, wanted) --> the opening's write --> settle (placement.selected) --> leave (placement.withdrawn)
          |                     | refused
          +-- sweep             +--> release_unless_done

One resident is one document, so of two openings that would give overlapping direct jobs at once, one hold is refused.
Every step may be repeated, come late or in any order, and be left out by a process that dies.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from services.placement.limits.model import LimitTable
from services.placement.participation.belonging import Residents, must_be_of_here
from services.placement.participation.claims import HELD, Claim
from services.placement.participation.membership import Groups, NoGroups, for_whom
from services.placement.participation.model import MOST_CLAIMS, Objection, Outlook, Participation
from services.placement.participation.outlook import outlook, shared_days
from services.placement.participation.storage import Participations
from services.placement.participation.wanted import REQUIRED, Wanted
from shared.actors import Actor
from shared.aggregate import Act
from shared.clock import Clock, kst_day
from shared.errors import Conflict
from shared.telemetry import log

#: How long an act may take between its hold and its write; the sweeper then makes it impossible.
HOLD_FOR = timedelta(seconds=60)
#: Overdue residents looked at in one sweep.
SWEPT_AT_ONCE = 50
#: Times that a settlement looks again before it gives up until it is asked again.
LOOKS = 20
#: Of a place in a tenant that is not the resident's own.
ELSEWHERE = Objection("no_such_resident_here", "resident_id", {})


class Places(Protocol):
    """The openings, as far as a resident's place goes."""

    def has_place(self, opening_id: str, resident_id: str, attempt: int) -> bool:
        """Return whether this attempt has a place now."""

    def make_impossible(self, *, act_id: str, opening_id: str, tenant: str) -> bool:
        """Make an act impossible; False when it is done."""

    def wanted_of(self, opening_id: str, resident_id: str) -> Wanted | None:
        """Return the place that this resident has or asks for, or None."""


@dataclass(frozen=True)
class ParticipationDesk:
    """The acts on what residents take part in."""

    participations: Participations
    places: Places
    limits: LimitTable
    residents: Residents
    clock: Clock
    groups: Groups = field(default_factory=NoGroups)

    # For openings.

    def must_know(self, actor: Actor, resident_id: str) -> None:
        """Raise ``NotFound`` for an officer who asks for a resident of another tenant, or for nobody."""
        must_be_of_here(self.residents, actor, resident_id)

    def is_registered(self, resident_id: str, tenant: str) -> bool:
        """Return whether this tenant registered the resident; raise ``Unavailable`` when nobody can say."""
        return self.residents.tenant_of(resident_id) == tenant

    def quote(self, wanted: Wanted) -> Outlook:
        """Return what would be, if the resident got this place; nothing is written.

        Raises ``Refused`` (``limit_row_missing``) for an operator's file without a row that it requires, and
        ``Unavailable`` when it matters to which groups the resident belongs and nobody can say.
        """
        found = self._outlook(wanted)
        whom = for_whom(wanted, self.limits, self.groups)
        if whom is None:
            return found
        found = replace(found, for_whom=whom.to_wire())
        if whom.objection is None:
            return found
        if whom.membership == REQUIRED:
            return replace(found, objections=(*found.objections, whom.objection))
        return replace(found, warnings=(*found.warnings, whom.objection))

    def _outlook(self, wanted: Wanted) -> Outlook:
        known = self.participations.find(wanted.resident_id)
        if known is None:
            return outlook((), wanted, self.limits)
        if known.tenant != wanted.tenant:
            return Outlook(objections=(ELSEWHERE,))
        known.fold(kst_day(self.clock.now()), looks_back=self.limits.looks_back)
        found = outlook(known.claims.values(), wanted, self.limits)
        if wanted.key in known.claims or len(known.claims) < MOST_CLAIMS:
            return found
        # What a hold would refuse is told before: or whoever gives in order would try it for ever.
        full = Objection("too_many_participations", "resident_id", {"most": MOST_CLAIMS})
        return replace(found, objections=(*found.objections, full))

    def hold(self, *, act_id: str, wanted: Wanted) -> None:
        """Let an act hold a place for ``HOLD_FOR``; call it before every try of the act.

        ``act_id`` is the one under which the opening keeps the act (``Act.id``). Holding again for the same act, or for
        another act on the same place, looks at no limit again but to whom the place is for. Raises ``Refused``: the first
        objection of ``quote``, ``act_too_late`` when the sweep has made the act impossible, ``too_many_participations``,
        ``place_given_too_often``; and ``Unavailable`` as ``quote``.
        """
        # Asked outside the write, which may run again; so late an answer that it is stale is refused by the opening.
        whom = for_whom(wanted, self.limits, self.groups)
        now = self.clock.now()

        def decide(known: Participation) -> dict[str, Any]:
            if known.tenant != wanted.tenant:
                raise ELSEWHERE.refused()
            known.fold(kst_day(now), looks_back=self.limits.looks_back)
            if wanted.key not in known.claims:
                objections = outlook(known.claims.values(), wanted, self.limits).objections
                if objections:
                    raise objections[0].refused()
            if whom is not None and whom.membership == REQUIRED and whom.objection is not None:
                raise whom.objection.refused()
            known.hold(act_id, Claim.of(wanted, now), now + HOLD_FOR)
            return {}

        self.participations.change(wanted.resident_id, wanted.tenant, decide)

    def release_unless_done(self, *, act_id: str, wanted_key: str, resident_id: str, opening_id: str) -> None:
        """Give a hold back after its act was refused; when the place was given all the same, it is settled.

        Once for each hold. After ``Unavailable`` leave it to the sweep: the write may still arrive. The same act may
        hold again; only what the sweep released never holds again.
        """
        self.settle(resident_id, wanted_key, opening_id)
        if self.participations.find(resident_id) is None:
            return

        def decide(known: Participation) -> dict[str, Any]:
            known.release(wanted_key, act_id)
            return {}

        self.participations.act(None, resident_id, decide)

    def settle(self, resident_id: str, key: str, opening_id: str) -> None:
        """Note that a held place is given, if it is; seen on a moment at which both documents were as read."""
        for _ in range(LOOKS):
            seen = self.participations.find(resident_id)
            if seen is None or key not in seen.claims or seen.claims[key].state != HELD:
                return
            if not self.places.has_place(opening_id, resident_id, attempt_of(key)):
                return
            if self._take(seen, key):
                return
        raise Conflict("changed_meanwhile", field="resident_id", tries=LOOKS)

    # When told, and by the clock.

    def agree(self, resident_id: str, opening_id: str) -> None:
        """Settle what the resident holds in an opening; a place that is there without a claim gets one, with an alarm."""
        for claim in self._claims_of(resident_id):
            if claim.opening_id == opening_id and claim.state == HELD:
                self.settle(resident_id, claim.key, opening_id)
        wanted = self.places.wanted_of(opening_id, resident_id)
        if wanted is None or wanted.key in {claim.key for claim in self._claims_of(resident_id)}:
            return
        if self.places.has_place(opening_id, resident_id, attempt_of(wanted.key)):
            log.error("place_without_claim", opening=opening_id, key=wanted.key)
            self._hold_anyway(wanted)
            self.settle(resident_id, wanted.key, opening_id)

    def leave(self, resident_id: str, key: str, at: datetime) -> None:
        """Free a place that was given back at this instant: all of it before the work began, else the days to come.

        The KST day of leaving still counts as a day of taking part, and so does each shift that had begun. A place that
        nobody knows here, or that was left before, stays as it is: safe to repeat, and in any order.
        """
        if self.participations.find(resident_id) is None:
            return

        def decide(known: Participation) -> dict[str, Any]:
            known.leave(key, at, shared_days(self.limits), kst_day(self.clock.now()))
            return {}

        self.participations.act(None, resident_id, decide)

    def sweep(self) -> bool:
        """Deal with holds past their deadline: first make the act impossible, only then release.

        A hold whose act turns out to be done is settled; when its place is gone again meanwhile, it is released.
        Returns whether there may be more.
        """
        now = self.clock.now()
        overdue = self.participations.overdue(now, SWEPT_AT_ONCE)
        for known in overdue:
            for claim in list(known.claims.values()):
                for holder in claim.holders:
                    if holder.deadline <= now:
                        self._end_hold(known, claim, holder.act_id)
        return len(overdue) == SWEPT_AT_ONCE

    def _claims_of(self, resident_id: str) -> tuple[Claim, ...]:
        known = self.participations.find(resident_id)
        return () if known is None else tuple(known.claims.values())

    def _take(self, seen: Participation, key: str) -> bool:
        """Note that a place is given, if nothing has changed since it was seen."""

        def decide(known: Participation) -> dict[str, Any]:
            if known.version != seen.version:
                return {"taken": False}
            known.take(key, shared_days(self.limits), kst_day(self.clock.now()))
            return {"taken": True}

        return bool(self.participations.act(None, seen.id, decide)["taken"])

    def _hold_anyway(self, wanted: Wanted) -> None:
        """Hold a place that was given without asking; the sweep releases it if it is gone before it is settled."""
        now = self.clock.now()

        def decide(known: Participation) -> dict[str, Any]:
            known.hold(Act.own(f"settle:{wanted.key}", "settle").id, Claim.of(wanted, now), now + HOLD_FOR)
            return {}

        self.participations.change(wanted.resident_id, wanted.tenant, decide)

    def _end_hold(self, known: Participation, claim: Claim, act_id: str) -> None:
        """Take an overdue act off a claim; what is taken by then is no longer the act's to release."""
        impossible = self.places.make_impossible(act_id=act_id, opening_id=claim.opening_id, tenant=known.tenant)
        self.settle(known.id, claim.key, claim.opening_id)

        def decide(participation: Participation) -> dict[str, Any]:
            if impossible:
                participation.forbid(act_id)
            participation.release(claim.key, act_id, whole=True)
            return {}

        self.participations.act(None, known.id, decide)


def attempt_of(key: str) -> int:
    """Return the attempt in a placement's key, ``application:attempt``."""
    return int(key.rpartition(":")[2])
