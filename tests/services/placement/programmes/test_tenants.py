"""A closed tenant takes no more acts, and no opening stays open in it, whoever was publishing meanwhile."""

from __future__ import annotations

from datetime import timedelta

from services.placement.budgets.usecases import HOLD_FOR
from services.placement.programmes.model import STILL_PUBLISHING, Tenant
from tests.services.placement.programmes.city import NOW, OPERATOR, TENANT, City


def test_openings_that_were_being_published_when_a_tenant_closed_are_closed_too(city: City) -> None:
    left: list[str] = []

    def close_openings_of(tenant: str) -> bool:
        return bool(left and (left.pop(), tenant == TENANT))

    def sweeps() -> None:
        while city.programmes.finish_closing(close_openings_of):
            continue

    city.programmes.close_tenant(OPERATOR, act_id="close", tenant=TENANT)
    sweeps()
    # Somebody read the tenant while it was open, slept, and publishes now.
    left.append("별빛 경로당 식사 보조")
    city.clock.at = NOW + STILL_PUBLISHING - timedelta(seconds=1)
    sweeps()
    assert left

    city.clock.move(timedelta(seconds=1))
    sweeps()

    assert not left
    city.clock.move(timedelta(days=1))
    assert not city.programmes.tenants.closing(city.clock.now())


def test_a_publication_that_sleeps_longer_than_we_look_is_impossible_by_then() -> None:
    assert STILL_PUBLISHING > 2 * HOLD_FOR


def test_a_tenant_that_was_closed_before_this_was_kept_is_looked_at_once_more() -> None:
    tenant = Tenant(id=TENANT, tenant=TENANT, name="광산구", state="closed", due=NOW)

    tenant.found_none_open(NOW)

    assert tenant.due == NOW + STILL_PUBLISHING
    tenant.found_none_open(tenant.due)
    assert tenant.due is None
