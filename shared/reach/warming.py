"""Compile the kernel now (``python -m shared.reach``), so that no process does so at its first question.

The machine code is kept beside the module, or in ``NUMBA_CACHE_DIR``; with it a process needs about a second.
"""

from __future__ import annotations

from datetime import UTC, datetime

from shared.geo import Point
from shared.reach.interests import Area, Interest, Interests, topics
from shared.reach.places import Place, Places

_HERE = Point(lat=35.1395, lon=126.7937)


def warm() -> None:
    """Use every compiled function once."""
    places = Places()
    places.put([Place("warm", _HERE, 1)])
    places.tidy()
    places.nearby(_HERE, at=datetime.now(UTC))
    places.point("warm")
    places.remove("warm", 2)
    interests = Interests()
    interests.put([Interest("warm", 1, (Area(_HERE, topics(0)),))])
    interests.reach(_HERE, topics(0))
