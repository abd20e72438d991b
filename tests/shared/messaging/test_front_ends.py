"""A front-end on the real broker asks the methods it was given, and can do nothing else there."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import amqp
import pytest
from amqp import exceptions

from deploy.management import Management, ManagementRefused
from shared.caller import asked_from
from shared.errors import Unavailable
from shared.messaging.rpc import DIRECT_REPLY, EXCHANGE, RpcClient
from shared.messaging.wire import connect
from tests.harness import ROOT
from tests.shared.messaging.conftest import Edge, Hosted

NAME = "front-end-map"


def sipbun(edge: Edge, state: Path, *words: str) -> tuple[int, Any]:
    """Run a command of the one door on this broker; return its exit status and its answer."""
    done = subprocess.run(
        [sys.executable, "-m", "deploy.cli", *words, "--json"],
        env=edge.environment() | {"SIPBUN_AMQP_ADMIN_URL": edge.admin_url, "SIPBUN_STATE_DIR": str(state)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout.splitlines()[-1])


def test_a_front_end_asks_what_it_was_given_and_nothing_else(
    town_edge: Edge, town_host: Hosted, tmp_path: Path
) -> None:
    status, told = sipbun(town_edge, tmp_path, "front-ends", "add", NAME, "--method", "hosted_library.echo")
    assert status == 0, told
    try:
        url = re.sub(r"//[^@]*@", f"//{NAME}:{told['amqp']['password']}@", town_edge.amqp_url)
        rpc = RpcClient(url, "map")
        assert rpc.call("hosted_library", "echo", said="은하수")["said"] == "은하수"
        with pytest.raises(Unavailable, match=r"403|ACCESS_REFUSED"):
            rpc.call("hosted_library", "now")
        rpc.close()

        attempts: dict[str, Callable[[amqp.Channel], Any]] = {
            "another method": lambda channel: written(channel, EXCHANGE, "hosted_library.now"),
            "all methods": lambda channel: written(channel, EXCHANGE, "hosted_library.echo.x"),
            "an event": lambda channel: written(channel, "city.events", "placement.opening.filled.v1"),
            "a queue by its name": lambda channel: written(channel, "", "rpc-hosted_library"),
            "a queue of its own": lambda channel: channel.queue_declare("mine"),
            "what others ask": lambda channel: channel.basic_consume("rpc-hosted_library"),
            "the exchange": lambda channel: channel.exchange_delete(EXCHANGE),
        }
        for what, attempt in attempts.items():
            connection = connect(url, "map")
            with pytest.raises(exceptions.AccessRefused):
                attempt(connection.channel())
            connection.collect()
            assert what

        assert sipbun(town_edge, tmp_path, "front-ends", "list")[1]["front_ends"][0]["methods"] == [
            "hosted_library.echo"
        ]
        assert sipbun(town_edge, tmp_path, "front-ends", "add", NAME, "--method", "hosted_library.now")[0] == 1
        assert sipbun(town_edge, tmp_path, "front-ends", "remove", NAME)[0] == 0
        with pytest.raises(Unavailable):
            RpcClient(url, "map").call("hosted_library", "echo")
    finally:
        sipbun(town_edge, tmp_path, "front-ends", "remove", NAME)


@pytest.mark.parametrize(
    ("asked", "instead"),
    [
        ("placement_opening.nearby", "--method placement_openings.nearby"),
        ("placement_openings.nearbi", "--method placement_openings.nearby"),
        ("hosted_libary.echo", None),
    ],
)
def test_a_method_that_nobody_answers_makes_no_user(
    town_edge: Edge, town_host: Hosted, tmp_path: Path, asked: str, instead: str | None
) -> None:
    words = ("--method", "placement_openings.apply", "--method", asked)

    status, told = sipbun(town_edge, tmp_path, "front-ends", "add", NAME, *words)

    assert (status, told["error"]["code"]) == (2, "no_such_method")
    assert asked in told["error"]["message"]
    assert instead is None or told["error"]["fix"] == instead
    assert sipbun(town_edge, tmp_path, "front-ends", "list")[1]["front_ends"] == []
    with pytest.raises(ManagementRefused, match="404"):
        Management(town_edge.admin_url, timeout=60).ask("GET", f"users/{NAME}")


def written(channel: amqp.Channel, exchange: str, key: str) -> None:
    """Publish with a confirm, or raise what the broker objected."""
    channel.confirm_select()
    channel.basic_publish(amqp.Message(b"{}", reply_to=DIRECT_REPLY), exchange=exchange, routing_key=key)
    channel.wait([amqp.spec.Basic.Ack], timeout=60)


@pytest.mark.parametrize(
    "words",
    [
        ("front-ends", "add", "stranger", "--method", "placement_openings.nearby", "--renew"),
        ("publishers", "add", "stranger", "--type-prefix", "kr.stranger", "--tenant", "gwangsan", "--renew"),
    ],
)
def test_a_broker_user_that_somebody_else_made_is_left_alone(
    town_edge: Edge, tmp_path: Path, words: tuple[str, ...]
) -> None:
    management = Management(town_edge.admin_url, timeout=60)
    management.ask("PUT", "users/stranger", {"password": "별빛", "tags": "monitoring"})
    try:
        status, told = sipbun(town_edge, tmp_path, *words)

        assert (status, told["error"]["code"]) == (1, "not_ours_to_renew")
        assert management.ask("GET", "users/stranger")["tags"] in ("monitoring", ["monitoring"])
    finally:
        management.ask("DELETE", "users/stranger")


def test_the_address_of_who_asks_comes_along_and_a_made_up_one_does_not(town_edge: Edge, town_host: Hosted) -> None:
    rpc = RpcClient(town_edge.amqp_url, "map")
    with asked_from("203.0.113.7"):
        assert rpc.call("hosted_library", "whence") == "203.0.113.7"
    with asked_from("첨단동"):
        assert rpc.call("hosted_library", "whence") is None
    assert rpc.call("hosted_library", "whence") is None
    rpc.close()
