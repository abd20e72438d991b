"""The hall."""

from __future__ import annotations

import pytest

from tests.services.placement.openings.hall import Hall, a_hall


@pytest.fixture
def hall() -> Hall:
    """A hall on twins."""
    return a_hall()
