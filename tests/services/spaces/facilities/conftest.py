"""The office."""

from __future__ import annotations

import pytest

from tests.services.spaces.facilities.office import Office


@pytest.fixture
def office() -> Office:
    """Return an office with nothing in it."""
    return Office()
