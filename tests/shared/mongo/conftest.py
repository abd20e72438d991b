"""Both engines under the same tests."""

from __future__ import annotations

import pytest

from shared.mongo.port import Database
from shared.mongo.real import connect
from shared.mongo.twin import TwinDatabase


@pytest.fixture(params=["twin", "real"])
def kept(request: pytest.FixtureRequest) -> Database:
    """An empty database, in memory or on a server."""
    if request.param == "twin":
        return TwinDatabase()
    there = request.getfixturevalue("database")
    return connect(there.url, f"{there.prefix}kernel")
