"""Points, distances and minutes."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Refused
from shared.geo import EARTH_RADIUS, WALK_RADIUS, Point, distance_m, walking_minutes

RESIDENT = Point(lat=35.1395, lon=126.7937)

#: The town's scenario "walk 10 minutes": the metres each opening is away.
OPENINGS = {
    "A": (Point(lat=35.1457, lon=126.7937), 689),
    "B": (Point(lat=35.1395, lon=126.8013), 691),
    "C": (Point(lat=35.1459, lon=126.7937), 712),
    "D": (Point(lat=35.1395, lon=126.8015), 709),
    "E": (Point(lat=35.1449, lon=126.8003), 849),
}

anywhere = st.builds(Point, lat=st.floats(-90, 90), lon=st.floats(-180, 180))


@pytest.mark.parametrize("name", OPENINGS)
def test_the_openings_around_the_resident_are_as_far_as_the_scenario_says(name):
    opening, metres = OPENINGS[name]

    assert round(distance_m(RESIDENT, opening)) == metres


def test_two_openings_are_within_the_walk_and_each_takes_ten_minutes():
    within = {name: distance_m(RESIDENT, point) for name, (point, _) in OPENINGS.items()}
    within = {name: metres for name, metres in within.items() if metres <= WALK_RADIUS}

    assert list(within) == ["A", "B"]
    assert {walking_minutes(metres) for metres in within.values()} == {10}


@pytest.mark.parametrize(("metres", "minutes"), [(0, 0), (1, 1), (70, 1), (70.1, 2), (690, 10), (700, 10), (701, 11)])
def test_minutes_are_rounded_up(metres, minutes):
    assert walking_minutes(metres) == minutes


@given(anywhere, anywhere)
def test_a_distance_is_the_same_both_ways_and_at_most_half_the_way_around(a, b):
    assert 0 <= distance_m(a, b) <= math.pi * EARTH_RADIUS
    assert distance_m(a, b) == pytest.approx(distance_m(b, a), rel=1e-12, abs=1e-6)
    assert distance_m(a, a) == 0


def test_a_degree_of_latitude_is_a_360th_of_the_meridian():
    assert distance_m(Point(35, 126), Point(36, 126)) == pytest.approx(math.tau * EARTH_RADIUS / 360)


def test_the_180th_meridian_is_no_wall():
    assert distance_m(Point(35, 179.999), Point(35, -179.999)) < 200


@pytest.mark.parametrize(
    ("lat", "lon", "code", "field"),
    [
        (90.1, 0, "out_of_range", "lat"),
        (126.79, 35.14, "out_of_range", "lat"),
        (35, -180.01, "out_of_range", "lon"),
        (math.nan, 126, "not_a_number", "lat"),
        (35, math.inf, "not_a_number", "lon"),
        ("35.1", 126, "not_a_number", "lat"),
        (35, None, "not_a_number", "lon"),
        (True, 126, "not_a_number", "lat"),
    ],
)
def test_a_point_that_is_nowhere_is_refused_and_the_field_is_named(lat, lon, code, field):
    with pytest.raises(Refused) as refused:
        Point(lat=lat, lon=lon)

    assert (refused.value.code, refused.value.field) == (code, field)


def test_a_point_keeps_eleven_millimetres():
    assert Point(lat=35.13950004, lon=-0.0) == Point(lat=35.1395, lon=0.0)
    assert str(Point(lat=-0.00000001, lon=0)) == "Point(lat=0.0, lon=0.0)"
