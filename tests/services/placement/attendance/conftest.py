"""Attendance's office, in memory and on a server."""

from __future__ import annotations

import pytest

from shared.mongo.port import Database
from shared.mongo.real import connect
from tests.services.placement.attendance.office import Office, an_office


@pytest.fixture(params=["twin", "real"])
def kept_office(request: pytest.FixtureRequest) -> Office:
    """An office in memory, and one on a server."""
    if request.param == "twin":
        return an_office()
    there = request.getfixturevalue("database")
    kept: Database = connect(there.url, f"{there.prefix}placement")
    return an_office(database=kept)
