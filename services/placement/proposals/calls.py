"""What can be done with calls: by officers of the city, by the clock, and read by everybody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from services.placement.city import must_be_city
from services.placement.programmes.model import Programme, Tenant
from services.placement.proposals.call import Call, Criterion, Rules
from services.placement.proposals.storage import Calls
from shared.actors import Actor
from shared.aggregate import Act
from shared.clock import Clock, iso, utc
from shared.pages import after, checked_limit, page

#: Calls moved on in one sweep.
SWEPT_AT_ONCE = 100
#: Rows of one answer.
MOST_CALLS = 100


class Tenants(Protocol):
    """Where tenants are read."""

    def get(self, aggregate_id: str) -> Tenant:
        """Return the tenant; raise ``NotFound``."""


class Programmes(Protocol):
    """Where programmes are read."""

    def get(self, aggregate_id: str) -> Programme:
        """Return the programme; raise ``NotFound``."""


@dataclass(frozen=True)
class CallDesk:
    """The acts on calls."""

    calls: Calls
    programmes: Programmes
    tenants: Tenants
    clock: Clock

    def publish(
        self,
        actor: Actor,
        *,
        act_id: str,
        call_id: str,
        programme_id: str,
        year: int,
        title: str,
        opens_at: datetime,
        closes_at: datetime,
        fields: Sequence[str],
        criteria: Sequence[Mapping[str, Any]],
        reviews_needed: int,
        most_won: int | None = None,
        districts: Sequence[str] = (),
        civil_body_needed: bool = False,
    ) -> dict[str, Any]:
        """Publish a call under an umbrella programme (공모 공고); officers of the whole tenant."""
        programme = self.programmes.get(programme_id)
        must_be_city(actor, "officer", tenant=programme.tenant)
        self.tenants.get(programme.tenant).must_be_open()
        rules = Rules(
            fields=tuple(fields),
            criteria=tuple(Criterion(**criterion) for criterion in criteria),
            reviews_needed=reviews_needed,
            most_won=most_won,
            districts=tuple(districts),
            civil_body_needed=civil_body_needed,
        )
        call = Call(
            id=call_id,
            tenant=programme.tenant,
            programme_id=programme_id,
            year=year,
            title=title,
            opens_at=utc(opens_at),
            closes_at=utc(closes_at),
            rules=rules,
        )
        asked = {name: value for name, value in shown(call).items() if name not in ("state", "tenant")}
        if self.calls.find(call_id) is None:
            call.publish(self.clock.now())
        outcome = {"call_id": call_id, "state": call.state}
        return self.calls.create(Act.of(act_id, "publish_call", **asked), call, outcome)

    def close(self, actor: Actor, *, act_id: str, call_id: str) -> dict[str, Any]:
        """Take no more proposals, before the time; officers of the whole tenant."""
        must_be_city(actor, "officer", tenant=self.calls.get(call_id).tenant)

        def decide(call: Call) -> dict[str, Any]:
            call.close()
            return {"call_id": call_id, "state": call.state}

        return self.calls.act(Act.of(act_id, "close_call", id=call_id), call_id, decide)

    def read(self, _actor: Actor, *, call_id: str) -> dict[str, Any]:
        """Return a call, as everybody may know it."""
        return shown(self.calls.get(call_id))

    def listed(
        self,
        _actor: Actor,
        *,
        tenant: str,
        programme_id: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> dict[str, Any]:
        """Return ``{calls, cursor}`` of a tenant, or of one umbrella, by id, at most ``limit`` (1 to 100)."""
        checked_limit(limit, MOST_CALLS)
        found = self.calls.after(tenant, programme_id, after(cursor, 1), limit + 1)
        rows, further = page(map(shown, found), limit, lambda row: (row["call_id"],))
        return {"calls": rows, "cursor": further}

    def move_on(self) -> bool:
        """Open and close calls whose time is there; return whether there may be more."""
        now = self.clock.now()
        overdue = self.calls.overdue(now, SWEPT_AT_ONCE)
        for call_id in overdue:

            def decide(call: Call) -> dict[str, Any]:
                call.pass_time(now)
                return {}

            self.calls.act(None, call_id, decide)
        return len(overdue) == SWEPT_AT_ONCE


def shown(call: Call) -> dict[str, Any]:
    """Return a call, JSON-ready; ``most_won`` null: 자료 없음."""
    rules = call.rules
    return {
        "call_id": call.id,
        "tenant": call.tenant,
        "programme_id": call.programme_id,
        "year": call.year,
        "title": call.title,
        "opens_at": iso(call.opens_at),
        "closes_at": iso(call.closes_at),
        "state": call.state,
        "fields": list(rules.fields),
        "criteria": [vars(criterion).copy() for criterion in rules.criteria],
        "reviews_needed": rules.reviews_needed,
        "most_won": rules.most_won,
        "districts": list(rules.districts),
        "civil_body_needed": rules.civil_body_needed,
    }
