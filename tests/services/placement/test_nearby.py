"""걸어서 10분: what is within 700 m of a point, and what is not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest

from services.placement.openings.nearby import Nearby, feed
from shared.actors import ANYONE
from shared.errors import Refused, Unavailable
from tests.services.placement.office import TENANT, Office, a_resident

HOME = {"lat": 35.1395, "lon": 126.7937}
PLACES = {
    "A": (35.1457, 126.7937),
    "B": (35.1395, 126.8013),
    "C": (35.1459, 126.7937),
    "D": (35.1395, 126.8015),
    "E": (35.1449, 126.8003),
    "F": (35.1457, 126.7937),
    "G": (35.1457, 126.7937),
}


@dataclass
class Consenting:
    """Residents who consent, by id."""

    residents: frozenset[str] = frozenset()

    def given(self, resident_id: str, purpose: str) -> bool:
        """Return whether this resident is one of them."""
        return purpose == "location" and resident_id in self.residents


def publish(office: Office, name: str, **changes: object) -> None:
    lat, lon = PLACES[name]
    place = {"name": f"작은도서관 {name}", "address": "광주광역시 광산구", "lat": lat, "lon": lon}
    office.an_opening(name, place=place, places=1, **changes)


def the_map(office: Office, consenting: str = "") -> Nearby:
    index = feed(office.openings.openings, office.clock)
    index.opened()
    return Nearby(office.openings.openings, index, Consenting(frozenset({consenting})), office.clock)


@pytest.fixture
def town(office: Office) -> Office:
    """Seven openings, of which F is filled and G has ended."""
    for name in "ABCDE":
        publish(office, name)
    publish(office, "F")
    office.applies(1, "F")
    office.selects(1, "F")
    publish(office, "G", deadline=office.clock.now() + timedelta(minutes=5))
    office.clock.move(timedelta(hours=1))
    return office


def test_exactly_what_is_in_a_ten_minute_walk_is_shown(town: Office) -> None:
    found = the_map(town).find(ANYONE, tenant=TENANT, **HOME)

    rows = [(row["opening_id"], row["distance_m"], row["walk_minutes"]) for row in found["openings"]]
    assert rows == [("A", 689, 10), ("B", 691, 10)]


def test_the_map_follows_what_happens(town: Office) -> None:
    shown = the_map(town)
    town.hears()
    town.openings.withdraw(a_resident(1), act_id="w", application_id="F:res-1")
    shown.feed.told(town.hears())

    assert [row["opening_id"] for row in shown.find(ANYONE, tenant=TENANT, **HOME)["openings"]] == ["A", "F", "B"]


def test_another_tenants_openings_are_not_shown(town: Office) -> None:
    assert the_map(town).find(ANYONE, tenant="bukgu", **HOME)["openings"] == []


def test_a_devices_position_needs_consent(town: Office) -> None:
    shown = the_map(town, consenting="res-2")
    asked = {"tenant": TENANT, **HOME, "source": "device"}

    for actor in (ANYONE, a_resident(1)):
        with pytest.raises(Refused, match="location_consent_needed"):
            shown.find(actor, **asked)
    assert len(shown.find(a_resident(2), **asked)["openings"]) == 2


def test_nothing_of_a_search_is_stored(town: Office) -> None:
    before = {name: len(list(rows.everything())) for name, rows in town.database.collections().items()}  # type: ignore[attr-defined]

    the_map(town, consenting="res-2").find(a_resident(2), tenant=TENANT, **HOME, source="device")

    after = {name: len(list(rows.everything())) for name, rows in town.database.collections().items()}  # type: ignore[attr-defined]
    assert after == before


def test_before_the_map_is_loaded_it_says_so(town: Office) -> None:
    empty = Nearby(town.openings.openings, feed(town.openings.openings, town.clock), Consenting(), town.clock)

    with pytest.raises(Unavailable):
        empty.find(ANYONE, tenant=TENANT, **HOME)


@pytest.mark.parametrize(("field", "value"), [("radius", 0), ("limit", 101), ("lat", 91.0), ("lon", float("nan"))])
def test_a_question_out_of_range_names_the_field(town: Office, field: str, value: float) -> None:
    with pytest.raises(Refused) as refused:
        the_map(town).find(ANYONE, **{"tenant": TENANT, **HOME, field: value})

    assert refused.value.field == field
