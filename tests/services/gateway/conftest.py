"""A town to knock at, and how far its one shift has come."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.services.gateway.neighbourhood import ACCOUNT, EUNHA, HOST, Neighbourhood, a_neighbourhood


@pytest.fixture
def town(tmp_path: Path) -> Neighbourhood:
    """A town in which nobody works yet."""
    return a_neighbourhood(tmp_path)


@pytest.fixture
def sheet(town: Neighbourhood) -> str:
    """A shift to which one resident was selected; another one still waits."""
    return town.works()


@pytest.fixture
def settled(town: Neighbourhood, sheet: str) -> str:
    """That shift, worked for two hours and confirmed by its host; the resident has an account."""
    town.does(EUNHA, "PUT", f"/v1/residents/{EUNHA.subject}/account", **ACCOUNT)
    told = town.does(EUNHA, "GET", f"/v1/attendance/{sheet}")
    town.passes(days=3)
    town.does(HOST, "POST", f"/v1/attendance/{sheet}/confirm", came=told["start"], left=told["end"])
    return sheet
