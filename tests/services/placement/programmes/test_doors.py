"""What comes through the RPC doors fits the desks behind them, and what goes out is JSON of a bounded size."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from services.placement.organisations.service import OrganisationsService
from services.placement.programmes.service import ProgrammesService
from shared.messaging import rpc
from shared.messaging.entrypoints import Asked
from tests.services.placement.programmes.city import OFFICER, TENANT, City, named, the_rows

BYEOLBIT = {"programme_id": named("ic-bupyeong-parenting")}
DAIN = {"organisation_id": f"{TENANT}:dain"}
GROUP = {"code": "career_break_women", "name_ko": "경력단절여성"}

#: In an order in which each finds what it needs.
CALLS: tuple[tuple[type, str, dict[str, Any]], ...] = (
    (ProgrammesService, "load", {"tenant": TENANT, "programmes": the_rows()}),
    (ProgrammesService, "list", {"tenant": TENANT, "under": "ic-sangsaeng", "on": "2019-08-31", "limit": 5}),
    (ProgrammesService, "kinds", {}),
    (ProgrammesService, "get", BYEOLBIT),
    (ProgrammesService, "set_wage_floor", {"act_id": "1", **BYEOLBIT, "wage_floor": "living"}),
    (ProgrammesService, "set_flags", {"act_id": "2", **BYEOLBIT, "pilot": True, "direct_job": None}),
    (ProgrammesService, "set_hosts", {"act_id": "3", **BYEOLBIT, "hosts": ["host-1"]}),
    (ProgrammesService, "set_target_groups", {"act_id": "4", **BYEOLBIT, "target_groups": [GROUP]}),
    (ProgrammesService, "set_tags", {"act_id": "5", **BYEOLBIT, "tags": ["gs-child-friendly"]}),
    (ProgrammesService, "set_target", {"act_id": "6", **BYEOLBIT, "measure": "sessions", "value": 2200}),
    (
        ProgrammesService,
        "report_figure",
        {"act_id": "7", **BYEOLBIT, "measure": "trained", "value": 28, "as_of": "2019-11-01", "source": "부평구"},
    ),
    (ProgrammesService, "figures", {**BYEOLBIT, "limit": 2}),
    (ProgrammesService, "report", {"programme_id": named("ic-sangsaeng"), "as_of": "2019-12-31"}),
    (
        OrganisationsService,
        "register",
        {"act_id": "1", "tenant": TENANT, "code": "dain", "name": "다인", "kind": "cooperative"},
    ),
    (OrganisationsService, "add_line", {"act_id": "2", **DAIN, "name": "활동 보조", "since": "2015-06-01"}),
    (
        OrganisationsService,
        "add_facility",
        {"act_id": "3", **DAIN, "name": "은하수 작은도서관", "operator_kind": "entrusted", "facility_id": "fac-1"},
    ),
    (
        OrganisationsService,
        "note_count",
        {"act_id": "4", **DAIN, "measure": "members", "value": 6, "as_of": "2015-06-30", "source": "뉴시스"},
    ),
    (OrganisationsService, "get", {**DAIN, "on": "2016-01-01"}),
    (OrganisationsService, "list", {"tenant": TENANT, "kind": "cooperative"}),
    (OrganisationsService, "counts", {**DAIN, "measure": "members"}),
)


def test_every_method_of_a_door_fits_its_desk(city: City) -> None:
    rooms = SimpleNamespace(
        programmes=city.programmes, terms=city.terms, reports=city.reports, organisations=city.organisations
    )
    for service, method, asked in CALLS:
        told = _ask(service, method, SimpleNamespace(rooms=rooms), asked)

        assert len(rpc.written(told)) < rpc.MAX_BYTES // 2, method


@pytest.mark.parametrize("service", [ProgrammesService, OrganisationsService])
def test_every_method_of_a_door_is_tried_here(service: type) -> None:
    tried = {method for door, method, _ in CALLS if door is service}
    of_budgets = {"set_budget", "budget"}

    assert {name for name in vars(service) if _entrypoint(service, name)} - of_budgets == tried


def _entrypoint(service: type, name: str) -> Asked | None:
    found = [one for one in getattr(getattr(service, name), "nameko_entrypoints", ()) if isinstance(one, Asked)]
    return found[0] if found else None


def _ask(service: type, method: str, held: Any, asked: dict[str, Any]) -> Any:
    entrypoint = _entrypoint(service, method)
    assert entrypoint is not None
    assert entrypoint.schema is not None
    return getattr(service, method)(held, OFFICER, **entrypoint.schema.load(asked))
