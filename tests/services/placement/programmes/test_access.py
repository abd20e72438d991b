"""Each act on a programme asks for role, tenant and district, and for a tenant that is open."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from shared.actors import Actor
from shared.errors import Refused
from tests.services.placement.programmes.city import (
    HOST,
    NOBODY,
    OF_BUPYEONG,
    OF_ELSEWHERE,
    OF_GWANGSAN,
    OFFICER,
    OPERATOR,
    RESIDENT,
    TENANT,
    City,
    a_row,
    named,
)

BYEOLBIT = named("byeolbit")
WOMEN = {"code": "career_break_women", "name_ko": "경력단절여성", "legal_basis": None}

#: Every act of an officer on a programme, as a call.
ACTS: dict[str, Callable[[City, Actor], Any]] = {
    "flags": lambda city, actor: city.terms.set_flags(actor, act_id="1", programme_id=BYEOLBIT, direct_job=True),
    "hosts": lambda city, actor: city.terms.set_hosts(actor, act_id="2", programme_id=BYEOLBIT, hosts=["host-1"]),
    "groups": lambda city, actor: city.terms.set_target_groups(
        actor, act_id="3", programme_id=BYEOLBIT, target_groups=[WOMEN]
    ),
    "tags": lambda city, actor: city.terms.set_tags(actor, act_id="4", programme_id=BYEOLBIT, tags=[]),
    "target": lambda city, actor: city.terms.set_target(
        actor, act_id="5", programme_id=BYEOLBIT, measure="jobs", value=4
    ),
    "figure": lambda city, actor: city.terms.report_figure(
        actor, act_id="6", programme_id=BYEOLBIT, measure="people_placed", value=4, source="구정 소식"
    ),
    "floor": lambda city, actor: city.programmes.set_wage_floor(
        actor, act_id="7", programme_id=BYEOLBIT, wage_floor="living"
    ),
    "load": lambda city, actor: city.programmes.load(actor, tenant=TENANT, programmes=[a_row(pilot=True)]),
}


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize(
    ("actor", "code"),
    [
        (NOBODY, "sign_in_needed"),
        (RESIDENT, "role_not_allowed"),
        (HOST, "role_not_allowed"),
        (OF_ELSEWHERE, "other_tenant"),
        (OF_BUPYEONG, "other_district"),
    ],
)
def test_an_act_on_a_programme_asks_for_role_tenant_and_district(city: City, act: str, actor: Actor, code: str) -> None:
    city.load(a_row())

    with pytest.raises(Refused) as refused:
        ACTS[act](city, actor)

    assert refused.value.code == code


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("actor", [OFFICER, OPERATOR, OF_GWANGSAN])
def test_officers_of_the_district_and_operators_may_act_on_a_programme(city: City, act: str, actor: Actor) -> None:
    city.load(a_row())

    ACTS[act](city, actor)


@pytest.mark.parametrize("act", ACTS)
def test_nothing_is_set_in_a_closed_tenant(city: City, act: str) -> None:
    city.load(a_row())
    city.programmes.close_tenant(OPERATOR, act_id="close", tenant=TENANT)

    with pytest.raises(Refused, match="tenant_is_closed"):
        ACTS[act](city, OFFICER)


def test_an_umbrella_of_the_whole_city_is_not_for_the_officer_of_a_district(full_city: City) -> None:
    asked: dict[str, Any] = {"programme_id": named("ic-sangsaeng"), "measure": "jobs", "value": 200}

    with pytest.raises(Refused, match="other_district"):
        full_city.terms.set_target(OF_BUPYEONG, act_id="mine", **asked)

    assert full_city.terms.set_target(OFFICER, act_id="city", **asked)["value"] == 200


def test_an_officer_of_a_district_does_not_take_another_districts_programme_by_a_row(city: City) -> None:
    city.load(a_row(district="부평구", district_code="28237"))

    with pytest.raises(Refused, match="other_district"):
        city.programmes.load(OF_GWANGSAN, tenant=TENANT, programmes=[a_row()])
