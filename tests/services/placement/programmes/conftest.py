"""A city without programmes, one with all that are shipped, and one on a server."""

from __future__ import annotations

import pytest

from shared.mongo.real import connect
from shared.mongo.twin import TwinDatabase
from tests.services.placement.programmes.city import City, a_city, the_rows


@pytest.fixture
def city() -> City:
    """A city without programmes."""
    return a_city()


@pytest.fixture
def full_city() -> City:
    """A city with every shipped programme."""
    made = a_city()
    made.load(*the_rows())
    return made


@pytest.fixture(params=["twin", "real"])
def kept_city(request: pytest.FixtureRequest) -> City:
    """A city in memory, and one on a server; with every shipped programme."""
    if request.param == "twin":
        made = a_city(TwinDatabase("placement"))
    else:
        there = request.getfixturevalue("database")
        made = a_city(connect(there.url, f"{there.prefix}placement"))
    made.load(*the_rows())
    return made
