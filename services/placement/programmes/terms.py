"""What officers decide about a programme: flags, hosts, groups, tags, targets, and figures that a source published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from services.placement.programmes.figures import EXACT, MEASURES, Report, checked_figure, figure_told, must_be_told
from services.placement.programmes.model import Programme, Tenant
from services.placement.programmes.parts import Target
from services.placement.programmes.rows import groups_of
from services.placement.programmes.storage import Programmes, Reports
from shared.actors import Actor, must_be
from shared.aggregate import Act
from shared.clock import Clock, kst_day
from shared.errors import Refused


class Tenants(Protocol):
    """Where tenants are read."""

    def get(self, aggregate_id: str) -> Tenant:
        """Return the tenant; raise ``NotFound``."""


@dataclass(frozen=True)
class TermsDesk:
    """The acts of officers and operators of the tenant, and of the programme's district, on one programme.

    What they choose stays when the data is loaded again.
    """

    tenants: Tenants
    programmes: Programmes
    figures: Reports
    clock: Clock

    def set_flags(
        self,
        actor: Actor,
        *,
        act_id: str,
        programme_id: str,
        direct_job: bool | None = None,
        engagement: str | None = None,
        pilot: bool | None = None,
    ) -> dict[str, Any]:
        """Say whether it is a direct job (직접일자리), what its participants are, whether it is a pilot; None stays."""
        told = {"direct_job": direct_job, "engagement": engagement, "pilot": pilot}
        return self._choose(actor, act_id, "set_flags", programme_id, {k: v for k, v in told.items() if v is not None})

    def set_hosts(self, actor: Actor, *, act_id: str, programme_id: str, hosts: Sequence[str]) -> dict[str, Any]:
        """Say which hosts may publish its openings: all of them, those before are replaced."""
        return self._choose(actor, act_id, "set_hosts", programme_id, {"hosts": sorted(set(hosts))})

    def set_target_groups(
        self, actor: Actor, *, act_id: str, programme_id: str, target_groups: Sequence[Mapping[str, Any]]
    ) -> dict[str, Any]:
        """Say whom it is for, ``{code, name_ko, legal_basis}`` each; an opening is kept for a group by its basis only."""
        return self._choose(
            actor, act_id, "set_target_groups", programme_id, {"target_groups": [dict(one) for one in target_groups]}
        )

    def set_tags(self, actor: Actor, *, act_id: str, programme_id: str, tags: Sequence[str]) -> dict[str, Any]:
        """Say under which further umbrellas (codes of the same tenant) it appears; raise ``NotFound`` for an unknown."""
        programme = self._for_officer(actor, programme_id)
        for tag in tags:
            self.programmes.get(Programme.id_of(programme.tenant, tag))
        return self._choose(actor, act_id, "set_tags", programme_id, {"tags": sorted(set(tags))})

    def set_target(
        self,
        actor: Actor,
        *,
        act_id: str,
        programme_id: str,
        measure: str,
        value: int | None,
        qualifier: str = EXACT,
    ) -> dict[str, Any]:
        """Set what it promises to reach, from today on; None: nothing is promised."""
        self._for_officer(actor, programme_id)
        must_be_told(value, qualifier)
        target, day = None if value is None else Target(value, qualifier), kst_day(self.clock.now())

        def decide(programme: Programme) -> dict[str, Any]:
            programme.choose_target(measure, target, day)
            return {"programme_id": programme_id, "measure": measure, "value": value, "qualifier": qualifier}

        asked = {"id": programme_id, "measure": measure, "value": value, "qualifier": qualifier}
        return self.programmes.act(Act.of(act_id, "set_target", **asked), programme_id, decide)

    def report_figure(
        self,
        actor: Actor,
        *,
        act_id: str,
        programme_id: str,
        measure: str,
        value: int | None,
        source: str,
        qualifier: str = EXACT,
        as_of: date | None = None,
    ) -> dict[str, Any]:
        """Enter a figure that a source published, as of a KST day (기준일); the same source's figure of the same day is
        corrected, None takes it back. It never enters a sum of ours, and nothing of ours changes it.
        """
        programme = self._for_officer(actor, programme_id)
        if measure not in MEASURES:
            raise Refused("measure_unknown", field="measure", measures=list(MEASURES))
        figure = checked_figure(measure, value, qualifier, as_of, source, today=kst_day(self.clock.now()))
        report = Report(
            id=Report.id_of(programme_id, figure), tenant=programme.tenant, about=programme_id, figure=figure
        )
        outcome = {"programme_id": programme_id, **figure_told(figure)}
        return self.figures.put(Act.of(act_id, "report_figure", **outcome), report, outcome)

    def _choose(
        self, actor: Actor, act_id: str, verb: str, programme_id: str, values: Mapping[str, Any]
    ) -> dict[str, Any]:
        self._for_officer(actor, programme_id)
        chosen = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
        if "target_groups" in chosen:
            chosen["target_groups"] = groups_of(chosen["target_groups"])

        def decide(programme: Programme) -> dict[str, Any]:
            programme.choose(**chosen)
            return {"programme_id": programme_id, **values}

        return self.programmes.act(Act.of(act_id, verb, id=programme_id, **values), programme_id, decide)

    def _for_officer(self, actor: Actor, programme_id: str) -> Programme:
        programme = self.programmes.get(programme_id)
        must_be(actor, "officer", "operator", tenant=programme.tenant, district=programme.area)
        self.tenants.get(programme.tenant).must_be_open()
        return programme
