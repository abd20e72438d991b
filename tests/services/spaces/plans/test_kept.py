"""The office on a server as in memory: what is kept, found and refused is the same; and its table is the topology's."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.spaces.plans.reactions import reactions
from shared.errors import Refused
from shared.messaging.topology import queue
from shared.mongo.real import connect
from shared.mongo.twin import TwinDatabase
from tests.services.spaces.makers import TENANT, a_resident
from tests.services.spaces.plans.office import HOURLY, SEATS, Office, an_office


@pytest.fixture(params=["twin", "real"])
def office(request: pytest.FixtureRequest) -> Office:
    """An office in memory, and one on a server."""
    if request.param == "twin":
        return an_office(TwinDatabase("spaces"))
    there = request.getfixturevalue("database")
    return an_office(connect(there.url, f"{there.prefix}spaces"))


def test_a_month_of_the_office(office: Office) -> None:
    office.offers(HOURLY, most_members=1)
    office.offers(SEATS, seats=1)
    for number in (1, 2):
        office.subscribes(number)
        office.subscribes(number, SEATS, subscription_id=f"sub-seat-{number}")
    office.hears()
    office.books("bkg-1", 540)
    office.holds("bkg-2", 60)

    with pytest.raises(Refused, match="quota_exceeded"):
        office.holds("bkg-3", 1)
    with pytest.raises(Refused, match="already_subscribed"):
        office.subscribes(1, subscription_id="sub-more")
    assert office.seats().place_of("sub-seat-2") == 1
    assert [one.id for one in office.room.quota.ledgers.with_overdue_holds(office.clock.at, 10)] == []

    office.room.quota.release(act_id="act-bkg-2", booking_id="bkg-2", ledger_id="sub-1:2026-12-01")
    office.moves_to(office.clock.at + timedelta(days=33))

    assert office.ledger("sub-1:2027-01-01").carried == 60
    assert office.ledger("sub-2:2027-01-01").carried == 120
    plans = office.room.plans.listed(a_resident(1), tenant=TENANT)["plans"]
    assert {plan["plan_id"] for plan in plans} == {HOURLY, SEATS}
    told = office.room.subscriptions.of_resident(a_resident(1))["subscriptions"]
    assert {one["subscription_id"] for one in told} == {"sub-1", "sub-seat-1"}


def test_the_table_covers_its_queue() -> None:
    assert set(reactions(an_office().room)) == set(queue("spaces.plans").types)
