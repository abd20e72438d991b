"""Places near a point: the grid says what looking at each place would say."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import Refused
from shared.geo import Point, distance_m, walking_minutes
from shared.reach import Place, Places
from tests.shared.reach.makers import KEYS, points

NOW = datetime(2026, 7, 1, 9, 0, tzinfo=UTC)
RESIDENT = Point(lat=35.1395, lon=126.7937)


def an_opening(name, lat=35.1457, lon=126.7937, *, version=1, ends=NOW + timedelta(days=7), group="광산구"):
    return Place(name, Point(lat, lon), version, ends, group)


@pytest.fixture
def places():
    return Places()


def names(nearby):
    return [name for name, _ in nearby.places]


def test_the_resident_finds_exactly_a_and_b_ten_minutes_away(places):
    places.put(
        [
            an_opening("E", 35.1449, 126.8003),
            an_opening("B", 35.1395, 126.8013),
            an_opening("C", 35.1459, 126.7937),
            an_opening("A", 35.1457, 126.7937),
            an_opening("F", 35.1457, 126.7937),
            an_opening("G", 35.1457, 126.7937, ends=NOW - timedelta(days=1)),
            an_opening("D", 35.1395, 126.8015),
        ]
    )
    places.remove("F", version=2)  # filled

    found = places.nearby(RESIDENT, at=NOW, group="광산구")

    assert names(found) == ["A", "B"]
    assert [round(metres) for _, metres in found.places] == [689, 691]
    assert [walking_minutes(metres) for _, metres in found.places] == [10, 10]
    assert (found.total, found.cursor) == (2, None)


def test_a_place_ends_at_its_end(places):
    places.put([an_opening("A", ends=NOW)])

    assert names(places.nearby(RESIDENT, at=NOW)) == []
    assert names(places.nearby(RESIDENT, at=NOW - timedelta(microseconds=1))) == ["A"]


def test_places_at_one_address_come_by_id_and_are_paged_without_a_gap(places):
    shifts = [f"은하수 작은도서관 {number:02} 시간대" for number in range(30)] + [
        f"s-{number:02}" for number in range(30)
    ]
    places.put(an_opening(name) for name in reversed(shifts))
    whole = places.nearby(RESIDENT, at=NOW, limit=100)

    pages, cursor = [], None
    while True:
        page = places.nearby(RESIDENT, at=NOW, limit=7, cursor=cursor)
        pages += page.places
        assert page.total == 60
        if (cursor := page.cursor) is None:
            break

    assert pages == whole.places
    assert sorted(names(whole)) == sorted(shifts)
    assert names(whole)[:30] == [f"s-{number:02}" for number in range(30)]


def test_a_tenant_sees_its_own_places_only(places):
    places.put([an_opening("A"), an_opening("B", group="북구"), an_opening("C", group=None)])

    assert names(places.nearby(RESIDENT, at=NOW, group="북구")) == ["B"]
    assert names(places.nearby(RESIDENT, at=NOW, group="남구")) == []
    assert names(places.nearby(RESIDENT, at=NOW)) == ["A", "B", "C"]


def test_an_older_version_changes_nothing_and_a_removed_place_does_not_come_back(places):
    assert places.put([an_opening("A", version=5)]) == 1
    assert places.put([an_opening("A", 35.2, version=5), an_opening("A", 35.2, version=4)]) == 0
    assert names(places.nearby(RESIDENT, at=NOW)) == ["A"]

    assert not places.remove("A", version=5)
    assert places.remove("A", version=6)
    assert places.put([an_opening("A", version=6)]) == 0
    assert len(places) == 0
    assert places.version("A") == 6
    assert places.put([an_opening("A", version=7)]) == 1


def test_a_removal_may_come_before_the_place_it_removes(places):
    assert places.remove("A", version=3)
    assert places.put([an_opening("A", version=2)]) == 0


def test_a_moved_place_is_at_one_place_only(places):
    places.put([an_opening("A")])
    places.put([an_opening("A", 35.30, 126.60, version=2)])

    assert names(places.nearby(RESIDENT, at=NOW)) == []
    assert names(places.nearby(Point(35.30, 126.60), at=NOW)) == ["A"]
    assert places.point("A") == Point(35.30, 126.60)


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"radius": 0}, "radius"),
        ({"radius": float("nan")}, "radius"),
        ({"radius": 22_401}, "radius"),
        ({"limit": 0}, "limit"),
        ({"limit": 1_001}, "limit"),
        ({"cursor": "이건 아니다"}, "cursor"),
        ({"cursor": "AAAA"}, "cursor"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused_with_its_field(places, asked, field):
    with pytest.raises(Refused) as refused:
        places.nearby(RESIDENT, at=NOW, **asked)

    assert refused.value.field == field


@pytest.mark.parametrize("name", ["", "a" * 65, "a\0b"])
def test_an_id_that_cannot_be_held_is_refused(places, name):
    with pytest.raises(Refused):
        places.put([an_opening(name)])


adds = st.tuples(
    st.just("put"),
    st.sampled_from(KEYS),
    st.integers(0, 6),
    points,
    st.sampled_from([-1, 0, 1]),
    st.sampled_from("가나"),
)
removals = st.tuples(st.just("remove"), st.sampled_from(KEYS), st.integers(0, 6))
tidyings = st.tuples(st.just("tidy"))


@settings(deadline=None, max_examples=300)
@given(
    steps=st.lists(st.one_of(adds, adds, adds, removals, tidyings), max_size=60),
    centre=points,
    radius=st.sampled_from([1, 350, 700, 1_500, 22_400]),
    group=st.sampled_from([None, "가", "나"]),
    limit=st.integers(1, 20),
)
def test_the_grid_finds_what_looking_at_each_place_finds(steps, centre, radius, group, limit):
    places, held, versions = Places(), {}, {}
    for kind, *rest in steps:
        if kind == "tidy":
            places.tidy()
            continue
        name, version = rest[:2]
        newer = version > versions.get(name, -1)
        if kind == "put":
            place = Place(name, rest[2], version, NOW + timedelta(hours=rest[3]), rest[4])
            assert places.put([place]) == newer
        else:
            assert places.remove(name, version) == newer
        if newer:
            versions[name] = version
            held.pop(name, None)
            if kind == "put":
                held[name] = place
    shown = [place for place in held.values() if place.ends > NOW and group in (None, place.group)]
    distances = {place.id: distance_m(centre, place.point) for place in shown}
    surely = {name for name, metres in distances.items() if metres <= radius - 1e-6}
    maybe = {name for name, metres in distances.items() if metres <= radius + 1e-6}

    found, cursor = [], None
    while True:
        page = places.nearby(centre, at=NOW, radius=radius, limit=limit, group=group, cursor=cursor)
        assert surely <= maybe
        assert len(surely) <= page.total <= len(maybe)
        found += page.places
        if (cursor := page.cursor) is None:
            break

    assert len(places) == len(held)
    assert {name: places.version(name) for name in versions} == versions
    assert {name: places.point(name) for name in held} == {name: place.point for name, place in held.items()}
    assert len(dict(found)) == len(found)
    assert surely <= dict(found).keys() <= maybe
    assert [metres for _, metres in found] == sorted(metres for _, metres in found)
    for name, metres in found:
        assert metres == pytest.approx(distances[name], abs=1e-5)
