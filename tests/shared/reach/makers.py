"""Points where a grid is most easily wrong, and ids of every length."""

from hypothesis import strategies as st

from shared.geo import EARTH_RADIUS, Point
from shared.ids import SeededIds

_ids = SeededIds(1)

KEYS = (
    *(_ids.new("opn") for _ in range(4)),
    *(_ids.new("res") for _ in range(8)),
    *(f"res-{number}" for number in range(6)),
    "은하수 작은도서관 앞 교통지킴이",
    "res-0f8b7c0e-6f0e-4b7e-9d53-7a4c3c1d2e0f",
    "res-00000000000000000000000000",
    "res-ZZZZZZZZZZZZZZZZZZZZZZZZZZ",
    "res-01j0000000000000000000000u",
)

#: Degrees: the height of a 700 m cell.
_CELL = 700 / EARTH_RADIUS * 57.29577951308232

_around = [
    (35.1395, 126.7937),
    (35.1395, 126.8013),
    (round(178 * 1000 * _CELL / 1000 - 90 + 40, 7), 127.0),
    (35.0, 180.0),
    (35.0, -180.0),
    (66.0, 179.9999999),
    (0.0, 0.0),
    (79.99, 12.0),
    (80.01, 12.0),
    (89.9999, 10.0),
    (90.0, 0.0),
    (-90.0, 0.0),
]


def _near(anchor, north, east):
    lat = max(-90.0, min(90.0, anchor[0] + north))
    lon = anchor[1] + east
    return Point(lat=lat, lon=lon - 360 if lon > 180 else lon + 360 if lon < -180 else lon)


def _on_a_border(ring, away, lon):
    return Point(lat=max(-90.0, min(90.0, ring * _CELL - 90 + away)), lon=lon)


_steps = st.one_of(
    st.sampled_from([0.0, 1e-7, -1e-7, _CELL, -_CELL]),
    st.floats(-0.012, 0.012),
    st.floats(-0.15, 0.15),
)

points = st.one_of(
    st.builds(_near, st.sampled_from(_around), _steps, _steps),
    st.builds(_near, st.sampled_from(_around[-3:]), _steps, st.floats(-180, 180)),
    st.builds(
        _on_a_border, st.sampled_from([19_876, 19_877]), st.sampled_from([0.0, 1e-7, -1e-7]), st.floats(126.79, 126.82)
    ),
)
