"""Fixtures every test may ask for, and how hypothesis searches. What they promise is told in `tests/harness.py`.

The examples of a property are the same in every run, so that a red run is red for its author, too. To search further:
`./sipbun test -- tests/services/placement --hypothesis-profile=explore`.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.harness import ROOT, Servers, TestBroker, TestDatabase, a_prefix, a_vhost

# A slow machine is no fault in what is tested: neither an example nor making one up is timed.
settings.register_profile("steady", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("explore", derandomize=False, deadline=None, max_examples=1000, print_blob=True)
settings.load_profile("steady")


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
