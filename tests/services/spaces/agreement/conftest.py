"""A real Radicale for the contract of calendars."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.radicale import Radicale

PASSWORD = "은하수-비밀"


@pytest.fixture(scope="session")
def radicale(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Radicale]:
    """A server with one user, ready; every test makes a calendar of its own."""
    folder: Path = tmp_path_factory.mktemp("radicale")
    server = Radicale(folder, password=PASSWORD)
    server.start()
    try:
        server.wait_ready()
        yield server
    finally:
        server.stop()
