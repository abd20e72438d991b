"""The two services as they run: facts through the real broker, answers over RPC."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from shared.actors import Actor
from shared.auth import Keys
from shared.clock import SystemClock
from shared.errors import Refused
from shared.events.placement import APPLICATION_SUBMITTED, PLACEMENT_SELECTED
from shared.messaging.rpc import RpcClient
from tests.harness import eventually
from tests.services.facts import said
from tests.shared.messaging.conftest import Edge, Hosted, a_message, edge, host  # noqa: F401  (fixtures)


def a_token(edge: Edge, actor: Actor) -> str:  # noqa: F811
    return Keys.read(edge.keys).issue(actor, SystemClock().now())


def test_a_selection_becomes_a_letter_that_its_resident_reads(edge: Edge, host: Callable[..., Hosted]) -> None:  # noqa: F811
    hosted = host("services.notifications.service")
    selected = said(PLACEMENT_SELECTED, at=SystemClock().now() - timedelta(minutes=1))
    edge.publish(a_message(selected), a_message(selected))
    resident = a_token(edge, Actor("res-1", frozenset({"resident"}), "광산구"))
    operator = a_token(edge, Actor("운영자", frozenset({"operator"}), "광산구"))
    rpc = RpcClient(edge.amqp_url)

    letters = eventually(
        lambda: rpc.call("notifications_letters", "inbox", token=resident, resident_id="res-1")["letters"]
    )

    assert [letter["letter_id"] for letter in letters] == [f"{selected.key}:res-1"]
    followed = rpc.call("notifications_letters", "by_event", token=operator, event_key=selected.key)
    assert len(followed["letters"]) == 1
    with pytest.raises(Refused) as refused:
        rpc.call("notifications_letters", "inbox", token=resident, resident_id="res-1", limit=0)
    assert refused.value.field == "limit"
    assert hosted.stop() == 0


def test_facts_become_figures_that_anyone_may_ask_for(edge: Edge, host: Callable[..., Hosted]) -> None:  # noqa: F811
    hosted = host("services.statistics.service")
    facts = [said(APPLICATION_SUBMITTED, f"a-{n}", resident_id=f"res-{n}") for n in range(300)]
    edge.publish(*(a_message(fact) for fact in facts))
    rpc = RpcClient(edge.amqp_url)

    def applications() -> int | None:
        told = rpc.call("statistics_figures", "figures", tenant="광산구")
        counted: int | None = told["total"]["applications"]
        return counted

    eventually(applications, until=lambda counted: counted == 300)

    assert edge.depth("statistics.archive.dead") == 0
    assert hosted.stop() == 0
