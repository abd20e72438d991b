"""What can be done about payout accounts: set one, see it masked, remove it, and be told it to pay."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from services.residents.accounts.model import BANK, PayoutAccount, bank_account, wallet
from services.residents.admission import admit
from services.residents.beside import act_or_create
from services.residents.registry.model import PAYOUT, Resident
from services.residents.trail import Trail
from shared.actors import Actor, must_be
from shared.aggregate import Act
from shared.clock import Clock, iso
from shared.errors import Refused
from shared.events.envelope import Event

#: Accounts that a service is told at once.
MOST = 100
Outcome = dict[str, Any]


class Residents(Protocol):
    """Everybody who registered."""

    def get(self, aggregate_id: str) -> Resident:
        """Return the resident; raise ``NotFound``."""

    def get_many(self, ids: Sequence[str]) -> dict[str, Resident]:
        """Return those who are there, by id."""


class Accounts(Protocol):
    """Everybody's account."""

    def find(self, aggregate_id: str) -> PayoutAccount | None:
        """Return the account, or None."""

    def get_many(self, ids: Sequence[str]) -> dict[str, PayoutAccount]:
        """Return those that are there, by resident."""

    def create(self, act: Act, aggregate: PayoutAccount, outcome: Outcome) -> Outcome:
        """Store a new account once."""

    def act(self, act: Act | None, aggregate_id: str, decide: Callable[[PayoutAccount], Outcome]) -> Outcome:
        """Change an account once."""


@dataclass(frozen=True)
class AccountDesk:
    """The acts. Each may be repeated with its ``act_id``."""

    residents: Residents
    accounts: Accounts
    trail: Trail
    clock: Clock

    def set(
        self,
        actor: Actor,
        *,
        act_id: str,
        resident_id: str,
        method: str,
        code: str,
        number: str,
        holder: str | None = None,
    ) -> Outcome:
        """Keep where the resident is paid; by their own hand only, and with the consent ``payout``."""
        resident = self._own(actor, resident_id)
        now = self.clock.now()
        # Read after the clock: a withdrawal that this doesn't see is later than ``now``, and destroys what is kept.
        if not self.residents.get(resident_id).consents_to(PAYOUT):
            raise Refused("payout_consent_needed", field="resident_id", needs=PAYOUT)
        account = bank_account(code, number, holder or "") if method == BANK else wallet(code, number)

        def decide(payout: PayoutAccount) -> Outcome:
            payout.set(account, now)
            # An outcome outlives the account in the document, so it says nothing of it.
            return {"resident_id": resident_id}

        act = Act.of(act_id, "set_account", sealed=resident.sealed(**account.full))
        kept = act_or_create(self.accounts, act, PayoutAccount(id=resident_id, tenant=resident.tenant), decide)
        return {**kept, **account.masked}

    def remove(self, actor: Actor, *, act_id: str, resident_id: str) -> Outcome:
        """Destroy the account, by the resident's own hand; one that is not there is gone already."""
        resident = self._own(actor, resident_id)

        def decide(payout: PayoutAccount) -> Outcome:
            payout.remove()
            return {"resident_id": resident_id}

        fresh = PayoutAccount(id=resident_id, tenant=resident.tenant)
        return act_or_create(self.accounts, Act.of(act_id, "remove_account"), fresh, decide)

    def get(self, actor: Actor, *, resident_id: str) -> Outcome:
        """Return ``{"account": masked or null, "set_at"}`` to the resident, to officers of their tenant, to a service."""
        resident = admit(self.residents, self.trail, actor, resident_id, "get_account", staff=("officer",))
        payout = self.accounts.find(resident_id)
        account = None if payout is None else payout.in_force(resident.agreed_since(PAYOUT))
        if payout is None or payout.set_at is None or account is None:
            return {"resident_id": resident_id, "account": None, "set_at": None}
        return {"resident_id": resident_id, "account": account.masked, "set_at": iso(payout.set_at)}

    def payout(
        self,
        actor: Actor,
        *,
        resident_ids: Sequence[str],
        batch_id: str,
        purpose: str,
        officer: str | None = None,
    ) -> Outcome:
        """Return ``{"accounts": {id: {method, code, number, holder}}, "missing": {id: why}}`` to a service that pays.

        Each resident whose account is told has a line on the access log first, with the batch as its reason and the
        ``officer`` who is shown it (안전성 확보조치 기준 제8조: whose account looked). Why: ``no_such_resident``,
        ``no_consent``, ``no_account``. The same account is told in the same words.
        """
        must_be(actor, "service")
        if len(resident_ids) > MOST:
            raise Refused("too_many_at_once", field="resident_ids", most=MOST)
        wanted = list(dict.fromkeys(resident_ids))
        kept = self.accounts.get_many(wanted)
        # The consents are read last: who withdrew before now is not told.
        known = self.residents.get_many(wanted)
        told: dict[str, dict[str, str | None]] = {}
        missing: dict[str, str] = {}
        for resident_id in wanted:
            resident, payout = known.get(resident_id), kept.get(resident_id)
            since = None if resident is None else resident.agreed_since(PAYOUT)
            account = None if payout is None else payout.in_force(since)
            if resident is None:
                missing[resident_id] = "no_such_resident"
            elif since is None:
                missing[resident_id] = "no_consent"
            elif account is None:
                missing[resident_id] = "no_account"
            else:
                told[resident_id] = account.full
        tenants = {resident_id: known[resident_id].tenant for resident_id in told}
        self.trail.service_reads(actor, "payout", tenants, reason=batch_id, purpose=purpose, officer=officer)
        return {"accounts": told, "missing": missing}

    def forget(self, withdrawn: Event) -> None:
        """Destroy the account of somebody who withdrew the consent ``payout``, up to that instant."""
        if withdrawn.data["purpose"] != PAYOUT:
            return
        resident_id, until = withdrawn.data["resident_id"], withdrawn.time

        def decide(payout: PayoutAccount) -> Outcome:
            payout.forget(until)
            return {}

        fresh = PayoutAccount(id=resident_id, tenant=withdrawn.tenant)
        act_or_create(self.accounts, Act.own(f"forget-{withdrawn.id}", "forget"), fresh, decide)

    def _own(self, actor: Actor, resident_id: str) -> Resident:
        must_be(actor, "resident")
        return admit(self.residents, self.trail, actor, resident_id, "own_account", staff=())
