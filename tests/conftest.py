"""Fixtures every test may ask for. What they promise is told in `tests/harness.py`."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness import ROOT, Servers, TestBroker, TestDatabase, a_prefix, a_vhost


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """The broker and the database of this test run; started when first asked for."""
    running = Servers(Path(os.environ.get("SIPBUN_STATE_DIR", ROOT / ".sipbun")) / "tests")
    yield running
    running.stop()


@pytest.fixture
def broker(servers: Servers) -> Iterator[TestBroker]:
    """A fresh virtual host: `.amqp_url`, `.admin_url`, `.vhost`, `.management`."""
    with a_vhost(servers) as fresh:
        yield fresh


@pytest.fixture
def database(servers: Servers) -> Iterator[TestDatabase]:
    """A fresh database prefix: `.url`, `.prefix`."""
    with a_prefix(servers) as fresh:
        yield fresh
