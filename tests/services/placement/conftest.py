"""Placement's office, in memory and on a server."""

from __future__ import annotations

import pytest

from shared.mongo.port import Database
from shared.mongo.real import connect
from shared.mongo.twin import TwinDatabase
from tests.services.placement.office import Office, an_office


@pytest.fixture
def office() -> Office:
    """An office on a twin: quick."""
    return an_office(TwinDatabase())


@pytest.fixture(params=["twin", "real"])
def kept_office(request: pytest.FixtureRequest) -> Office:
    """An office in memory, and one on a server."""
    if request.param == "twin":
        return an_office(TwinDatabase())
    there = request.getfixturevalue("database")
    kept: Database = connect(there.url, f"{there.prefix}placement")
    return an_office(kept)
