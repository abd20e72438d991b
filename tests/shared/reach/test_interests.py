"""Whom a point concerns: the grid says what asking each resident would say."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import Refused
from shared.geo import Point, distance_m
from shared.ids import SeededIds
from shared.reach import Area, Interest, Interests, topics
from tests.shared.reach.makers import KEYS, points

LIBRARY = Point(lat=35.1395, lon=126.7937)
WORK, CULTURE, LAST = topics(0), topics(5), topics(63)


def a_resident(name, lat=35.1395, lon=126.7937, *, version=1, radius=700, matters=WORK, group=None):
    return Interest(name, version, (Area(Point(lat, lon), matters, radius),), group)


@pytest.fixture
def interests():
    return Interests()


def everyone(interests, point, matters, limit=1_000, group=None, between=lambda: None):
    pages, cursor = [], None
    while True:
        page = interests.reach(point, matters, cursor=cursor, limit=limit, group=group)
        assert len(page.residents) <= limit
        pages += page.residents
        if (cursor := page.cursor) is None:
            return pages
        between()


def test_residents_within_their_own_radius_who_care_for_the_topic_are_reached(interests):
    interests.put(
        [
            a_resident("res-near", 35.1457),
            a_resident("res-beyond", 35.1459),
            a_resident("res-wide", 35.1459, radius=1_500),
            a_resident("res-far", 35.30, radius=22_400),
            a_resident("res-reader", 35.1457, matters=CULTURE | LAST),
        ]
    )

    assert everyone(interests, LIBRARY, WORK) == sorted(["res-near", "res-wide", "res-far"])
    assert everyone(interests, LIBRARY, LAST) == ["res-reader"]
    assert everyone(interests, LIBRARY, WORK | CULTURE) == sorted(["res-near", "res-wide", "res-far", "res-reader"])


def test_a_resident_with_home_and_work_in_reach_is_reached_once(interests):
    home, work = Area(LIBRARY, WORK), Area(Point(35.1400, 126.7940), WORK | CULTURE, 1_000)
    interests.put([Interest("res-1", 1, (home, work))])

    assert everyone(interests, LIBRARY, WORK, limit=1) == ["res-1"]
    assert sorted(interests.areas("res-1"), key=lambda area: area.radius) == [home, work]


def test_new_areas_stand_instead_of_the_old_and_none_means_removed(interests):
    interests.put([Interest("res-1", 1, (Area(LIBRARY, WORK), Area(LIBRARY, CULTURE)))])
    interests.put([a_resident("res-1", version=2, matters=LAST)])
    assert everyone(interests, LIBRARY, WORK | CULTURE) == []
    assert len(interests) == 1

    assert interests.put([Interest("res-1", 3, ()), a_resident("res-1", version=2)]) == 1
    assert len(interests) == 0
    assert interests.version("res-1") == 3


def test_a_late_older_change_in_the_same_batch_does_not_bring_a_removed_resident_back(interests):
    batch = [a_resident("res-1"), Interest("res-1", 3, ()), a_resident("res-1", version=2)]

    interests.put(batch)

    assert everyone(interests, LIBRARY, WORK) == []


def test_one_refused_item_leaves_what_is_known_of_others(interests):
    interests.remove("res-1", 5)
    with pytest.raises(Refused):
        interests.put([a_resident("res-1", version=6), a_resident("res-2", radius=30_000)])

    assert interests.version("res-1") == 5


def test_a_resident_of_another_tenant_is_not_reached(interests):
    interests.put([a_resident("res-1", group="광산구"), a_resident("res-2", group="북구")])

    assert everyone(interests, LIBRARY, WORK, group="북구") == ["res-2"]
    assert everyone(interests, LIBRARY, WORK, group="남구") == []


def test_pages_are_in_the_order_of_ids_whatever_the_ids_look_like(interests):
    interests.put(a_resident(name) for name in reversed(KEYS))

    found = everyone(interests, LIBRARY, WORK, limit=3)

    assert sorted(found) == sorted(KEYS)
    ulids = [name for name in found if name.startswith("res-") and len(name) == 30 and name[4:].isupper()]
    assert ulids == sorted(ulids)


def test_a_cursor_stays_good_while_others_come_move_and_go(interests):
    ids = SeededIds(7)
    loyal = [ids.new("res") for _ in range(300)]
    others = [ids.new("res") for _ in range(300)]
    mixed = [name for pair in zip(loyal, others, strict=True) for name in pair]
    interests.put(a_resident(name) for name in mixed)
    version = iter(range(2, 10_000))

    def stir():
        for place, name in enumerate(others):
            if place % 3 == 0:
                interests.remove(name, next(version))
            else:
                interests.put([a_resident(name, 35.1395 + place % 2, version=next(version))])
        interests.put([a_resident(ids.new("res"))])
        interests.tidy()

    found = everyone(interests, LIBRARY, WORK, limit=17, between=stir)

    assert len(found) == len(set(found))
    assert [name for name in found if name in set(loyal)] == loyal


def test_another_replica_goes_on_where_the_first_stopped():
    first, second = Interests(), Interests()
    first.put(a_resident(name) for name in KEYS)
    second.put(a_resident(name) for name in reversed(KEYS))

    page = first.reach(LIBRARY, WORK, limit=5)
    rest = second.reach(LIBRARY, WORK, cursor=page.cursor)

    assert sorted(page.residents + rest.residents) == sorted(KEYS)


def test_many_residents_take_less_than_fifty_bytes_an_area():
    interests, ids = Interests(), SeededIds(3)
    interests.put(
        a_resident(ids.new("res"), 35.10 + number % 251 / 2_000, 126.70 + number % 241 / 2_000)
        for number in range(50_000)
    )

    assert interests.bytes / len(interests) < 50
    interests.tidy()
    assert interests.bytes / len(interests) < 48


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"radius": 0}, "radius"),
        ({"radius": 22_401}, "radius"),
        ({"version": -1}, "version"),
        ({"version": 2**32}, "version"),
        ({"matters": 2**64}, "topics"),
    ],
)
def test_an_interest_that_cannot_be_held_is_refused_with_its_field(interests, wrong, field):
    with pytest.raises(Refused) as refused:
        interests.put([a_resident("res-1", **wrong)])

    assert refused.value.field == field


@pytest.mark.parametrize("number", [-1, 64])
def test_there_are_sixty_four_topics(number):
    with pytest.raises(Refused):
        topics(number)


areas = st.lists(
    st.builds(
        Area, points, st.sampled_from([WORK, LAST, WORK | LAST]), st.sampled_from([1, 300, 700, 701, 2_000, 22_400])
    ),
    max_size=3,
).map(tuple)
puts = st.tuples(st.just("put"), st.sampled_from(KEYS), st.integers(0, 6), areas)
removals = st.tuples(st.just("remove"), st.sampled_from(KEYS), st.integers(0, 6))


@settings(deadline=None, max_examples=300)
@given(
    steps=st.lists(st.one_of(puts, puts, puts, removals, st.tuples(st.just("tidy"))), max_size=60),
    point=points,
    matters=st.sampled_from([WORK, LAST]),
    limit=st.integers(1, 10),
)
def test_the_grid_reaches_whom_asking_each_resident_reaches(steps, point, matters, limit):
    interests, held, versions = Interests(), {}, {}
    for kind, *rest in steps:
        if kind == "tidy":
            interests.tidy()
            continue
        name, version, *rest = rest
        newer = version > versions.get(name, -1)
        if kind == "put":
            assert interests.put([Interest(name, version, rest[0])]) == newer
        else:
            assert interests.remove(name, version) == newer
        if newer:
            versions[name] = version
            held[name] = rest[0] if rest else ()

    def concerned(slack):
        return {
            name
            for name, theirs in held.items()
            if any(area.topics & matters and distance_m(point, area.centre) <= area.radius + slack for area in theirs)
        }

    found = everyone(interests, point, matters, limit=limit)

    assert len(found) == len(set(found))
    assert concerned(-1e-6) <= set(found) <= concerned(1e-6)
    assert found == everyone(interests, point, matters)
    assert len(interests) == sum(len(theirs) for theirs in held.values())
    assert {name: interests.version(name) for name in versions} == versions
    for name, theirs in held.items():
        assert sorted(map(str, interests.areas(name))) == sorted(map(str, theirs))
