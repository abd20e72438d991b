"""What residents promises, on a real broker and database: who consented is reached, and who withdrew is not, at once."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from shared.actors import Actor
from shared.auth import Keys
from shared.clock import SystemClock
from shared.messaging.rpc import RpcClient
from tests.harness import ROOT, eventually
from tests.shared.messaging.conftest import Edge, Hosted, edge, host

__all__ = ["edge", "host"]

LIBRARY = {"lat": 35.1457, "lon": 126.7937}


def test_a_resident_is_reached_until_the_consent_is_withdrawn_and_no_trace_of_the_place_is_left(
    edge: Edge,
    host: Callable[..., Hosted],
) -> None:
    keys, now = Keys.read(edge.keys), SystemClock().now()
    resident = keys.issue(Actor("res-1", frozenset({"resident"}), "gwangsan"), now)
    service = keys.issue(Actor("notifications", frozenset({"service"}), ""), now)
    host("services.residents.service")
    relay = subprocess.Popen([sys.executable, "-m", "shared.messaging.relaying"], cwd=ROOT, env=edge.environment())
    rpc = RpcClient(edge.amqp_url)

    def registry(method: str, token: str = resident, **asked: Any) -> Any:
        return rpc.call("residents_registry", method, token=token, **asked)

    def interests(method: str, token: str = resident, **asked: Any) -> Any:
        return rpc.call("residents_interests", method, token=token, **asked)

    def reached() -> list[str]:
        found = interests("reach", service, tenant="gwangsan", **LIBRARY, topic="jobs")
        assert found["cursor"] is None
        return list(found["resident_ids"])

    def records() -> list[dict[str, Any]]:
        return list(registry("location_records", resident_id="res-1")["records"])

    try:
        registry(
            "register",
            act_id="act-1",
            resident_id="res-1",
            name="김은하",
            mail="eunha@example.org",
            over_14=True,
            consents=[
                {"purpose": purpose, "text_version": "2026-01"}
                for purpose in ("service", "location", "contact_mail", "news_near_me")
            ],
        )
        registry("set_home", act_id="act-2", resident_id="res-1", **LIBRARY)
        interests("set", act_id="act-3", resident_id="res-1", interest_id="res-1:home", **LIBRARY, topics=["jobs"])

        assert eventually(reached) == ["res-1"]
        assert registry("contacts", service, resident_ids=["res-1"])["contacts"]["res-1"]["mail"] == "eunha@example.org"
        assert {record["act"] for record in records()} == {"collected", "used"}

        registry("withdraw_consent", act_id="act-4", resident_id="res-1", purpose="location", text_version="2026-01")

        assert reached() == []
        assert registry("get", resident_id="res-1")["home"] is None
        assert interests("list", resident_id="res-1") == {"interests": []}
        assert eventually(records, until=lambda left: left == []) == []
    finally:
        relay.send_signal(signal.SIGTERM)
        relay.wait(60)
        rpc.close()
