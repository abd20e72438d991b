"""Publishing an opening: hold its whole cost, then store it with its fact; the budget settles by reaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.placement.budgets.usecases import BudgetDesk
from services.placement.openings.model import OPEN, USUAL_SCORES, Opening, Score, Shift, Terms, Workplace, objection
from services.placement.openings.ports import Programmes, Tenants
from services.placement.openings.seeds import Seeds
from services.placement.openings.shown import spelled
from services.placement.openings.storage import Openings
from services.placement.openings.terms import DRAW, IN_ORDER, RANKED, USUAL_OFFER
from services.placement.participation.wanted import ANYONE
from services.placement.programmes.model import Programme
from services.placement.wages.model import WageTable
from shared.actors import Actor, must_be
from shared.aggregate import Act
from shared.clock import Clock
from shared.errors import Refused
from shared.geo import Point


@dataclass(frozen=True)
class Publishing:
    """The one act."""

    openings: Openings
    tenants: Tenants
    programmes: Programmes
    budget: BudgetDesk
    wages: WageTable
    seeds: Seeds
    clock: Clock
    #: Target groups that residents can declare: code -> whether it is sensitive.
    declarable: Mapping[str, bool] = field(default_factory=dict)

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
        dong: str | None = None,
        waitlist: bool | None = None,
        offer_minutes: int = USUAL_OFFER,
        scores: Sequence[Mapping[str, Any]] = (),
        target_group: str | None = None,
        membership: str = ANYONE,
        hosts: Sequence[str] = (),
    ) -> dict[str, Any]:
        """Publish an opening; see ``OpeningDesk.publish``."""
        programme = self.programmes.get(programme_id)
        district = programme.must_host_openings()
        code = str(district.code)
        its_hosts = _may_publish(actor, programme, code, tuple(hosts))
        tenant = self.tenants.get(programme.tenant)
        tenant.must_be_open()
        if target_group is not None:
            programme.must_restrict_to(target_group)
        groups = self._groups_of(programme, target_group)
        named = tuple(Score(score["rule"], score["weight"]) for score in scores)
        terms = Terms(
            title=title,
            place=Workplace(place["name"], place["address"], Point(place["lat"], place["lon"])),
            shifts=tuple(Shift(shift["start"], shift["end"]) for shift in shifts),
            places=places,
            hourly_won=hourly_won,
            mode=mode,
            deadline=deadline,
            rehearsal=tenant.rehearsal,
            dong=dong,
            waitlist=waitlist if waitlist is not None else mode in IN_ORDER,
            offer_minutes=offer_minutes,
            scores=named or (USUAL_SCORES if mode == RANKED else ()),
            target_group=target_group,
            membership=membership,
        )
        now = self.clock.now()
        outcome = {"opening_id": opening_id, "state": OPEN, "version": 1, "cost": terms.cost}
        with_hosts = {"hosts": sorted(its_hosts)} if its_hosts else {}
        act = Act.of(act_id, "publish", id=opening_id, programme=programme_id, terms=spelled(terms), **with_hosts)
        known = self.openings.find(opening_id)
        if known is None:
            refused = objection(terms, now)
            if refused:
                raise refused
            if membership != ANYONE and not groups:
                raise Refused("membership_needs_target_group", field="membership", groups=sorted(self.declarable))
            if membership != ANYONE and mode == DRAW and self._would_tell(groups):
                raise Refused("draw_would_tell_group", field="mode", groups=list(groups))
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
            hosts=its_hosts,
            direct_job=programme.direct_job,
            engagement=programme.engagement,
            groups=() if mode == DRAW and self._would_tell(groups) else groups,
            seed=self.seeds.new() if terms.goes_in_order else "",
        )
        try:
            return self.openings.create(act, opening, outcome)
        except Refused:
            self.budget.release_unless_done(act_id=act.id, opening_id=opening_id, programme_id=programme_id)
            raise

    def _groups_of(self, programme: Programme, target_group: str | None) -> tuple[str, ...]:
        """Return the groups that the opening is for: its own, else its programme's if each has a stated legal basis.

        None where nobody can be known to belong to one of them: it is then for anyone.
        """
        known = programme.target_groups if target_group is None else ()
        codes = tuple(group.code for group in known) or ((target_group,) if target_group else ())
        stated = all(group.legal_basis for group in known)
        return codes if stated and all(code in self.declarable for code in codes) else ()

    def _would_tell(self, groups: tuple[str, ...]) -> bool:
        """Return whether the public tickets of a draw, open to those who belong alone, would tell something sensitive.

        Who knows a resident's id can find their ticket (``draw.ticket_of``), and so that they were let in to the draw.
        """
        return any(self.declarable.get(code, True) for code in groups)

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


def _may_publish(actor: Actor, programme: Programme, district: str, hosts: tuple[str, ...]) -> tuple[str, ...]:
    """Return the opening's hosts; raise ``Refused`` for who may not publish.

    An officer of the district names any hosts. A host whom the programme names publishes as one of its hosts.
    """
    must_be(actor, "officer", "host", tenant=programme.tenant, district=district)
    if actor.is_any("officer"):
        return tuple(dict.fromkeys(hosts))
    for host in (actor.subject, *hosts):
        if host not in programme.hosts:
            raise Refused("host_not_of_programme", field="hosts" if host != actor.subject else "token", host=host)
    return tuple(dict.fromkeys((actor.subject, *hosts)))
