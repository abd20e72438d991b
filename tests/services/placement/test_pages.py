"""However many apply and however much is published: answers come in pages that cross the broker."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson
import pytest

from services.placement.openings.nearby import feed
from shared.actors import ANYONE
from shared.clock import KST
from shared.errors import Refused
from shared.messaging.rpc import MAX_BYTES
from tests.services.placement.office import OFFICER, TENANT, Office
from tests.services.placement.test_nearby import Consenting, Nearby


def a_hundred_shifts(office: Office) -> dict[str, Any]:
    """Return an opening's changes that make it as large as it may be."""
    day = (office.clock.now() + timedelta(days=2)).astimezone(KST).replace(hour=8, minute=0)
    starts = [day + timedelta(days=number // 4, hours=3 * (number % 4)) for number in range(100)]
    return {
        "shifts": [{"start": at, "end": at + timedelta(hours=1)} for at in starts],
        "title": "별" * 120,
        "places": 1,
    }


def test_the_applications_of_an_opening_are_read_page_by_page_first_come_first(kept_office: Office) -> None:
    office = kept_office
    office.an_opening(places=3)
    for number in range(7):
        office.applies(number)
        # Some in the same instant.
        office.clock.move(timedelta(seconds=number % 2))

    found: list[str] = []
    cursor = None
    for _ in range(3):
        told = office.openings.applications_of(OFFICER, opening_id="opn-1", limit=3, cursor=cursor)
        assert len(told["applications"]) <= 3
        found += [row["resident_id"] for row in told["applications"]]
        cursor = told["cursor"]

    assert cursor is None
    assert found == [f"res-{number}" for number in range(7)]


def test_openings_are_listed_page_by_page_latest_first_even_when_published_at_once(kept_office: Office) -> None:
    office = kept_office
    for number in range(9):
        office.an_opening(f"opn-{number}")
        office.clock.move(timedelta(minutes=number == 6))

    pages = []
    cursor = None
    while not pages or cursor is not None:
        told = office.openings.listed(ANYONE, tenant=TENANT, limit=2, cursor=cursor)
        pages.append([row["opening_id"] for row in told["openings"]])
        cursor = told["cursor"]

    assert [one for found in pages for one in found] == [f"opn-{number}" for number in (8, 7, 6, 5, 4, 3, 2, 1, 0)]
    assert max(map(len, pages)) == 2


def test_no_page_of_the_largest_openings_is_too_large_for_the_broker(office: Office) -> None:
    for number in range(60):
        office.an_opening(f"opn-{number:02}", **a_hundred_shifts(office))
    index = feed(office.openings.openings, office.clock)
    index.opened()
    nearby = Nearby(office.openings.openings, index, Consenting(), office.clock)

    def listed(cursor: str | None) -> dict[str, Any]:
        return office.openings.listed(ANYONE, tenant=TENANT, limit=100, cursor=cursor)

    def found(cursor: str | None) -> dict[str, Any]:
        return nearby.find(ANYONE, tenant=TENANT, lat=35.1457, lon=126.7937, limit=100, cursor=cursor)

    for ask in (listed, found):
        seen: list[str] = []
        cursor: str | None = None
        while not seen or cursor is not None:
            told = ask(cursor)
            assert len(orjson.dumps(told)) < MAX_BYTES
            seen += [row["opening_id"] for row in told["openings"]]
            cursor = told["cursor"]
        assert sorted(seen) == [f"opn-{number:02}" for number in range(60)], ask


@pytest.mark.parametrize("limit", [0, 201])
def test_a_page_has_a_length_that_makes_sense(office: Office, limit: int) -> None:
    with pytest.raises(Refused, match="out_of_range"):
        office.openings.listed(ANYONE, tenant=TENANT, limit=limit)
    with pytest.raises(Refused, match="out_of_range"):
        office.openings.applications_of(OFFICER, opening_id="opn-1", limit=limit)
