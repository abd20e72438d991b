"""What can be done with agreements: by officers, by the clock, and read by everybody once they are signed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from services.placement.agreements.model import DRAFT, Agreement, Partner
from services.placement.agreements.storage import Agreements
from services.placement.programmes.model import Programme, Tenant
from shared.actors import Actor, must_be
from shared.aggregate import Act
from shared.clock import Clock, kst_day
from shared.errors import Refused
from shared.pages import after, checked_limit, page

#: Agreements ended in one sweep.
SWEPT_AT_ONCE = 100
#: Rows of one answer.
MOST_AGREEMENTS = 100


class Programmes(Protocol):
    """Where programmes are read."""

    def get(self, aggregate_id: str) -> Programme:
        """Return the programme; raise ``NotFound``."""


class Tenants(Protocol):
    """Where tenants are read."""

    def get(self, aggregate_id: str) -> Tenant:
        """Return the tenant; raise ``NotFound``."""


@dataclass(frozen=True)
class AgreementDesk:
    """The acts on agreements. A closed tenant makes none any more; those it has may still end."""

    agreements: Agreements
    programmes: Programmes
    tenants: Tenants
    clock: Clock

    def draft(
        self,
        actor: Actor,
        *,
        act_id: str,
        agreement_id: str,
        programme_id: str,
        title: str,
        partners: Sequence[Mapping[str, str]],
        ends_on: str | None = None,
    ) -> dict[str, Any]:
        """Prepare an agreement for a programme; officers of the programme's district, or of the whole tenant."""
        programme = self._for_officer(actor, programme_id)
        self.tenants.get(programme.tenant).must_be_open()
        agreement = Agreement(
            id=agreement_id,
            tenant=programme.tenant,
            programme_id=programme_id,
            district=programme.district.code,
            title=title,
            partners=tuple(Partner(**partner) for partner in partners),
            ends_on=None if ends_on is None else date.fromisoformat(ends_on),
        )
        agreement.draft()
        asked = {
            "id": agreement_id,
            "programme": programme_id,
            "title": title,
            "partners": [dict(partner) for partner in partners],
            "ends_on": ends_on,
        }
        act = Act.of(act_id, "draft_agreement", **asked)
        return self.agreements.create(act, agreement, {"agreement_id": agreement_id, "state": DRAFT})

    def add_partner(self, actor: Actor, *, act_id: str, agreement_id: str, name: str, does: str) -> dict[str, Any]:
        """Add a party before the agreement is signed, or change what it does."""
        act = Act.of(act_id, "add_partner", id=agreement_id, name=name, does=does)
        return self._act(actor, act, agreement_id, lambda agreement: agreement.add_partner(Partner(name, does)))

    def remove_partner(self, actor: Actor, *, act_id: str, agreement_id: str, name: str) -> dict[str, Any]:
        """Take a party out before the agreement is signed."""
        act = Act.of(act_id, "remove_partner", id=agreement_id, name=name)
        return self._act(actor, act, agreement_id, lambda agreement: agreement.remove_partner(name))

    def sign(
        self, actor: Actor, *, act_id: str, agreement_id: str, day: str, documents: Sequence[str] = ()
    ) -> dict[str, Any]:
        """Note that all parties signed on a KST day, and the SHA-256 of what they signed."""
        act = Act.of(act_id, "sign_agreement", id=agreement_id, day=day, documents=list(documents))
        signed, today = date.fromisoformat(day), kst_day(self.clock.now())
        return self._act(
            actor, act, agreement_id, lambda agreement: agreement.sign(signed, tuple(documents), today=today)
        )

    def end(self, actor: Actor, *, act_id: str, agreement_id: str, day: str, reason: str) -> dict[str, Any]:
        """End an agreement on a KST day that is there, within its term."""
        act = Act.of(act_id, "end_agreement", id=agreement_id, day=day, reason=reason)
        ended, today = date.fromisoformat(day), kst_day(self.clock.now())
        return self._act(actor, act, agreement_id, lambda agreement: agreement.end(ended, reason, today=today), winds_down=True)

    def read(self, actor: Actor, *, agreement_id: str) -> dict[str, Any]:
        """Return an agreement; a draft to officers of its district only."""
        agreement = self.agreements.get(agreement_id)
        if agreement.state == DRAFT:
            self._for_officer(actor, agreement.programme_id)
        return shown(agreement)

    def listed(self, actor: Actor, *, programme_id: str, limit: int = 50, cursor: str | None = None) -> dict[str, Any]:
        """Return ``{agreements, cursor}`` of a programme by id, at most ``limit`` (1 to 100); drafts to its officers."""
        checked_limit(limit, MOST_AGREEMENTS)
        programme = self.programmes.get(programme_id)
        found = self.agreements.after(
            programme_id, after(cursor, 1), limit + 1, drafts=_is_officer_of(actor, programme)
        )
        rows, further = page(map(shown, found), limit, lambda row: (row["agreement_id"],))
        return {"agreements": rows, "cursor": further}

    def move_on(self) -> bool:
        """End agreements whose last day is over; return whether there may be more."""
        now = self.clock.now()
        overdue = self.agreements.overdue(now, SWEPT_AT_ONCE)
        for agreement_id in overdue:

            def decide(agreement: Agreement) -> dict[str, Any]:
                agreement.pass_time(now)
                return {}

            self.agreements.act(None, agreement_id, decide)
        return len(overdue) == SWEPT_AT_ONCE

    def _act(
        self,
        actor: Actor,
        act: Act,
        agreement_id: str,
        change: Callable[[Agreement], None],
        *,
        winds_down: bool = False,
    ) -> dict[str, Any]:
        programme = self._for_officer(actor, self.agreements.get(agreement_id).programme_id)
        if not winds_down:
            self.tenants.get(programme.tenant).must_be_open()

        def decide(agreement: Agreement) -> dict[str, Any]:
            change(agreement)
            return {"agreement_id": agreement_id, "state": agreement.state, "partners": len(agreement.partners)}

        return self.agreements.act(act, agreement_id, decide)

    def _for_officer(self, actor: Actor, programme_id: str) -> Programme:
        programme = self.programmes.get(programme_id)
        must_be(actor, "officer", "operator", tenant=programme.tenant, district=programme.area)
        return programme


def _is_officer_of(actor: Actor, programme: Programme) -> bool:
    try:
        must_be(actor, "officer", "operator", "service", tenant=programme.tenant, district=programme.area)
    except Refused:
        return False
    return True


def shown(agreement: Agreement) -> dict[str, Any]:
    """Return an agreement, JSON-ready."""
    return {
        "agreement_id": agreement.id,
        "tenant": agreement.tenant,
        "programme_id": agreement.programme_id,
        "district": agreement.district,
        "title": agreement.title,
        "state": agreement.state,
        "partners": [{"name": partner.name, "does": partner.does} for partner in agreement.partners],
        "documents": list(agreement.documents),
        "signed_on": None if agreement.signed_on is None else agreement.signed_on.isoformat(),
        "ends_on": None if agreement.ends_on is None else agreement.ends_on.isoformat(),
        "ended_on": None if agreement.ended_on is None else agreement.ended_on.isoformat(),
        "reason": agreement.reason,
    }
