"""One running town for all tests of this folder that only speak with it: starting one takes a while."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from deploy.pids import free_port
from deploy.running import ROOT
from deploy.town import bring_down, ensure_up
from tests.flows.door import Door
from tests.harness import Servers, a_prefix, a_vhost


@pytest.fixture(scope="session")
def door(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """A town on the test run's own servers, in a virtual host and databases of its own."""
    state = tmp_path_factory.mktemp("town")
    with a_vhost(servers) as broker, a_prefix(servers) as database:
        environment = {
            "SIPBUN_AMQP_URL": broker.amqp_url,
            "SIPBUN_AMQP_ADMIN_URL": broker.admin_url,
            "SIPBUN_MONGO_URL": database.url,
            "SIPBUN_DB_PREFIX": database.prefix,
            "NUMBA_CACHE_DIR": os.environ.get("NUMBA_CACHE_DIR") or str(ROOT / ".sipbun" / "numba"),
            "SIPBUN_MAIL_SINK": "1",
            # The facility's own calendar of the office scenario runs on this machine.
            "SIPBUN_CALENDAR_NETWORKS": "127.0.0.1/32",
        }
        town = ensure_up(state, say=print, seconds=300, environment=environment, http_port=free_port())
        try:
            yield Door(state, town)
        finally:
            bring_down(state, say=print)
