"""Points on the earth, the distance between them, and how long the walk takes.

One earth for the whole platform: a sphere of the mean radius. The true earth differs from it by at most half a percent,
which is less than what walking around a block adds, and a sphere gives the same metre in every process. Databases often
take the equatorial radius instead and answer 0.11 % more, 0.8 m at 700 m: never mix the two.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from shared.errors import Refused

#: Metres. IUGG mean radius (2a + b) / 3 of WGS 84: the sphere that is wrong by the least on average, in every direction.
EARTH_RADIUS = 6_371_008.8

#: Metres a minute. The town's "walk 10 minutes" list counts 4.2 km/h, an unhurried pace that a 70-year-old keeps.
WALKING_PACE = 70

#: Metres, inclusive: a place at exactly 700 m is still ten minutes away.
WALK_RADIUS = 700

#: Decimal places of a degree that a point keeps: 11 mm. Finer digits are noise in any address or receiver, and whole
#: numbers of 1e-7 degrees fit 32 bits, so that an index holds exactly the point that it was given.
PLACES_OF_A_DEGREE = 7


@dataclass(frozen=True, slots=True)
class Point:
    """A point in WGS 84 degrees, kept to seven decimal places: ``lat`` in [-90, 90], ``lon`` in [-180, 180].

    Raises ``Refused`` ``not_a_number`` or ``out_of_range`` with the field, ``lat`` or ``lon``.
    """

    lat: float
    lon: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "lat", _degrees("lat", self.lat, 90))
        object.__setattr__(self, "lon", _degrees("lon", self.lon, 180))


def _degrees(field: str, given: object, limit: int) -> float:
    if isinstance(given, bool) or not isinstance(given, int | float) or not math.isfinite(given):
        raise Refused("not_a_number", field=field)
    if not -limit <= given <= limit:
        raise Refused("out_of_range", field=field, low=-limit, high=limit)
    return round(float(given), PLACES_OF_A_DEGREE) + 0.0  # + 0.0 turns -0.0 into 0.0: equal points print the same


def distance_m(a: Point, b: Point) -> float:
    """Return the great-circle distance in metres, by the haversine formula (exact for near points too)."""
    lat_a, lat_b = math.radians(a.lat), math.radians(b.lat)
    half_chord_squared = (
        math.sin((lat_b - lat_a) / 2) ** 2
        + math.cos(lat_a) * math.cos(lat_b) * math.sin(math.radians(b.lon - a.lon) / 2) ** 2
    )
    return 2 * EARTH_RADIUS * math.asin(math.sqrt(min(1.0, half_chord_squared)))


def walking_minutes(metres: float) -> int:
    """Return whole minutes at 70 m a minute, rounded up: 690 m are 10 minutes, 701 m are 11."""
    return math.ceil(metres / WALKING_PACE)
