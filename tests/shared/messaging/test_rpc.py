"""Asking a service by name: answers, errors that cross the door, poison, and a server that is not there."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import amqp
import orjson
import pytest

from shared.errors import Conflict, NotFound, Refused, Unavailable
from shared.messaging.rpc import DIRECT_REPLY, EXCHANGE, NotUnderstood, RemoteFailure, RpcClient
from shared.messaging.topology import RPC_DEAD
from shared.messaging.wire import connect
from shared.trace import new_traceparent, within
from tests.harness import eventually
from tests.shared.messaging.conftest import Edge, Hosted, a_residents_token, cut_connections

LIBRARY = "hosted_library"


@pytest.fixture(scope="module")
def rpc(town_edge: Edge, town_host: Hosted) -> Iterator[RpcClient]:
    """A client of the service that these tests share."""
    client = RpcClient(town_edge.amqp_url)
    yield client
    client.close()


@pytest.fixture(scope="module")
def token(town_edge: Edge) -> str:
    """A resident's token."""
    return a_residents_token(town_edge)


@pytest.fixture
def own_rpc(edge: Edge) -> Iterator[RpcClient]:
    """A client on the test's own edge."""
    client = RpcClient(edge.amqp_url)
    yield client
    client.close()


def test_a_method_is_asked_by_name(rpc: RpcClient) -> None:
    answer = rpc.call(LIBRARY, "echo", said={"책": ["은하수", 3, None]})

    assert answer["said"] == {"책": ["은하수", 3, None]}
    assert answer["by"] == ""


def test_the_verified_caller_and_the_trace_reach_the_method(rpc: RpcClient, token: str) -> None:
    trace = new_traceparent()

    with within(trace):
        answer = rpc.call(LIBRARY, "echo", token=token)

    assert answer == {"said": None, "by": "resident-하나", "trace": trace}


def test_every_kind_of_answer_comes_back_as_itself(rpc: RpcClient, town_host: Hosted, token: str) -> None:
    with pytest.raises(Refused) as refused:
        rpc.call(LIBRARY, "fail", how="refused")
    assert (refused.value.code, refused.value.field, refused.value.values) == (
        "no_place_left",
        "opening",
        {"places": 3},
    )
    with pytest.raises(NotFound):
        rpc.call(LIBRARY, "fail", how="not_found")
    with pytest.raises(Conflict):
        rpc.call(LIBRARY, "fail", how="conflict")
    with pytest.raises(Unavailable) as away:
        rpc.call(LIBRARY, "fail", how="unavailable")
    assert "secret" not in str(away.value)
    with pytest.raises(Refused) as large:
        rpc.call(LIBRARY, "fail", how="large")
    assert (large.value.code, large.value.field) == ("answer_too_large", "limit")
    for how in ("crash", "set"):
        with pytest.raises(RemoteFailure) as failure:
            rpc.call(LIBRARY, "fail", how=how)
        assert "010" not in str(failure.value)
    assert rpc.call(LIBRARY, "borrow", token=token, book="별", days=3)["by"] == "resident-하나"
    assert rpc.call(LIBRARY, "now")["at"].endswith("Z")
    assert town_host.process.poll() is None


def test_wrong_input_names_the_field_and_wrong_calls_are_not_understood(rpc: RpcClient, token: str) -> None:
    with pytest.raises(Refused) as refused:
        rpc.call(LIBRARY, "borrow", token=token, book="별", days="셋")
    assert (refused.value.code, refused.value.field) == ("input_invalid", "days")
    with pytest.raises(Refused) as extra:
        rpc.call(LIBRARY, "borrow", token=token, book="별", days=3, colour="파랑")
    assert extra.value.field == "colour"
    with pytest.raises(Refused) as nobody:
        rpc.call(LIBRARY, "borrow", book="별", days=3)
    assert nobody.value.code == "sign_in_needed"
    with pytest.raises(Refused) as forged:
        rpc.call(LIBRARY, "borrow", token=token[:-6] + "AAAAAA", book="별", days=3)
    assert forged.value.code == "token_invalid"
    with pytest.raises(NotUnderstood):
        rpc.call(LIBRARY, "echo", shouted="왜")
    with pytest.raises(NotUnderstood):
        rpc.call(LIBRARY, "build")


def test_a_service_that_is_not_there_is_known_at_once_and_a_slow_one_by_its_time_out(rpc: RpcClient) -> None:
    with pytest.raises(Unavailable, match="no such service"):
        rpc.call("nobody", "home", timeout=60)
    with pytest.raises(Unavailable, match="in time"):
        rpc.call(LIBRARY, "sleep", seconds=2, timeout=0.3)
    assert rpc.call(LIBRARY, "echo", said=1)["said"] == 1


def test_one_slow_call_does_not_hold_up_the_others(rpc: RpcClient) -> None:
    def wait_long() -> None:
        with suppress(Unavailable):
            rpc.call(LIBRARY, "sleep", seconds=60, timeout=90)

    slow = threading.Thread(target=wait_long, daemon=True)
    slow.start()

    for number in range(50):
        assert rpc.call(LIBRARY, "echo", said=number)["said"] == number
    assert slow.is_alive()


def test_threads_share_a_client(rpc: RpcClient) -> None:
    wrong: list[Any] = []

    def ask(of: int) -> None:
        for number in range(40):
            if rpc.call(LIBRARY, "echo", said=[of, number])["said"] != [of, number]:
                wrong.append((of, number))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_killed_service_answers_again_after_its_restart(own_rpc: RpcClient, host: Callable[..., Hosted]) -> None:
    first = host()
    assert own_rpc.call(LIBRARY, "echo", said=1)["said"] == 1
    first.stop(signal.SIGKILL)
    host()

    assert own_rpc.call(LIBRARY, "echo", said=2)["said"] == 2


def test_connections_cut_by_the_broker_are_replaced(town_edge: Edge, rpc: RpcClient) -> None:
    assert rpc.call(LIBRARY, "echo", said=1)["said"] == 1

    cut_connections(town_edge)

    def answered() -> Any:
        with suppress(Unavailable):
            return rpc.call(LIBRARY, "echo", said=2)
        return None

    assert eventually(answered)["said"] == 2


def test_sigterm_finishes_the_call_at_work(edge: Edge, own_rpc: RpcClient, host: Callable[..., Hosted]) -> None:
    hosted = host()
    answers: list[Any] = []
    call = threading.Thread(target=lambda: answers.append(own_rpc.call(LIBRARY, "sleep", seconds=1.5)))
    call.start()
    eventually(lambda: edge.database.collection("ticks").count({"_id": "asleep"}))

    assert hosted.stop() == 0
    call.join()
    assert answers == ["slept"]


# -- poison


def a_poisonous_request(**properties: Any) -> tuple[bytes, dict[str, Any]]:
    body = orjson.dumps({"args": [], "kwargs": {"said": 1}})
    return body, {"content_type": "application/json", "content_encoding": "utf-8", "reply_to": "x", **properties}


POISON: dict[str, tuple[bytes, dict[str, Any]]] = {
    "a call stack that is a number": a_poisonous_request(application_headers={"nameko.call_id_stack": 7}),
    "a call stack of numbers": a_poisonous_request(application_headers={"nameko.call_id_stack": [1, 2]}),
    "no reply_to": a_poisonous_request(reply_to=None),
    "a reply to a service": a_poisonous_request(reply_to=f"{LIBRARY}.echo"),
    "no content type": a_poisonous_request(content_type=None),
    "pickle": a_poisonous_request(content_type="application/x-python-serialize"),
    "a compression that is not one": a_poisonous_request(application_headers={"compression": "application/x-gzip"}),
    "broken JSON": (b'{"args": [', a_poisonous_request()[1]),
    "not UTF-8": (b"\xff\xfe", a_poisonous_request()[1]),
    "an empty body": (b"", a_poisonous_request()[1]),
    "a list": (b"[]", a_poisonous_request()[1]),
    "no args": (b'{"kwargs": {}}', a_poisonous_request()[1]),
    "args that are text": (b'{"args": "all", "kwargs": {}}', a_poisonous_request()[1]),
    "NaN": (b'{"args": [], "kwargs": {"said": NaN}}', a_poisonous_request()[1]),
    "a type tag": (b'{"args": [{"__type__": "datetime", "__value__": "x"}], "kwargs": {}}', a_poisonous_request()[1]),
    "deep nesting": (
        b'{"args": [], "kwargs": {"said": ' + b"[" * 50_000 + b"]" * 50_000 + b"}}",
        a_poisonous_request()[1],
    ),
    "a token that is a number": (b'{"args": [], "kwargs": {"token": 7}}', a_poisonous_request()[1]),
    "a reply_to with half a character": a_poisonous_request(reply_to="\ud800"),
    "a correlation id with half a character": a_poisonous_request(correlation_id="\ud800"),
}


def test_no_poison_stops_the_service_and_what_cannot_be_answered_is_kept(
    town_edge: Edge, rpc: RpcClient, town_host: Hosted
) -> None:
    buried = town_edge.depth(RPC_DEAD)
    connection = connect(town_edge.amqp_url, "hostile")
    channel = connection.channel()
    for body, properties in POISON.values():
        told = {name: value for name, value in properties.items() if value is not None}
        channel.basic_publish(amqp.Message(body, **told), exchange=EXCHANGE, routing_key=f"{LIBRARY}.echo")
    channel.basic_publish(
        amqp.Message(b'{"args":[],"kwargs":{}}', content_type="application/json", reply_to="x"),
        exchange=EXCHANGE,
        routing_key=f"{LIBRARY}.__init__",
    )
    connection.close()

    assert rpc.call(LIBRARY, "echo", said="still here")["said"] == "still here"
    eventually(lambda: town_edge.depth(RPC_DEAD) == buried + 2)
    eventually(lambda: town_edge.depth(f"rpc-{LIBRARY}") == 0)
    assert town_host.process.poll() is None, town_host.log.read_text()


def test_properties_that_no_parser_reads_do_not_stop_the_service(
    town_edge: Edge, rpc: RpcClient, town_host: Hosted
) -> None:
    buried = town_edge.depth(RPC_DEAD)
    for properties in (b"\xff\xfe", "a date beyond the calendar"):
        send_raw_properties(town_edge, properties)

    assert rpc.call(LIBRARY, "echo", said="still here")["said"] == "still here"
    eventually(lambda: town_edge.depth(RPC_DEAD) == buried + 2)
    assert town_host.process.poll() is None


def send_raw_properties(edge: Edge, what: bytes | str) -> None:
    """Publish with properties that py-amqp would not write itself."""
    connection = connect(edge.amqp_url, "hostile")
    channel = connection.channel()
    message = amqp.Message(b"{}", reply_to="x")
    if isinstance(what, bytes):
        # correlation_id: a short string of bytes that are not UTF-8.
        raw = (1 << 10).to_bytes(2, "big") + bytes([len(what)]) + what
    else:
        # headers: one entry of type T (timestamp) with the largest value.
        table = b"\x01t" + b"T" + b"\xff" * 8
        raw = (1 << 13).to_bytes(2, "big") + len(table).to_bytes(4, "big") + table
    message._serialize_properties = lambda: raw
    channel.basic_publish(message, exchange=EXCHANGE, routing_key=f"{LIBRARY}.echo")
    connection.close()


@pytest.mark.usefixtures("town_host")
def test_a_stock_nameko_client_is_answered(town_edge: Edge) -> None:
    from nameko.exceptions import MethodNotFound, RemoteError  # noqa: PLC0415
    from nameko.standalone.rpc import ClusterRpcProxy  # noqa: PLC0415

    with ClusterRpcProxy({"AMQP_URI": town_edge.amqp_url}, timeout=60) as cluster:
        library = getattr(cluster, LIBRARY)
        assert library.echo(said="안녕")["said"] == "안녕"
        with pytest.raises(RemoteError, match="no_place_left"):
            library.fail(how="refused")
        with pytest.raises(MethodNotFound):
            library.nothing()


def test_a_made_up_reply_address_costs_nobody_an_answer(
    edge: Edge, own_rpc: RpcClient, host: Callable[..., Hosted]
) -> None:
    hosted = host()
    answers: list[Any] = []
    call = threading.Thread(target=lambda: answers.append(own_rpc.call(LIBRARY, "sleep", seconds=1.5)))
    call.start()
    eventually(lambda: edge.database.collection("ticks").count({"_id": "asleep"}))
    connection = connect(edge.amqp_url, "hostile")
    channel = connection.channel()
    for address in (f"{DIRECT_REPLY}.aGVsbG8=.aGVsbG8=", f"{DIRECT_REPLY}.!!.!!", DIRECT_REPLY[:-1] + ".x"):
        body, told = a_poisonous_request(reply_to=address)
        channel.basic_publish(amqp.Message(body, **told), exchange=EXCHANGE, routing_key=f"{LIBRARY}.echo")
    connection.close()

    eventually(lambda: edge.depth(RPC_DEAD) == 2)
    eventually(lambda: "rpc_reply_leads_nowhere" in hosted.log.read_text())
    call.join()
    assert answers == ["slept"]
    assert "line_lost" not in hosted.log.read_text()


def test_a_request_that_its_caller_gave_up_is_not_carried_out_later(
    edge: Edge, own_rpc: RpcClient, host: Callable[..., Hosted]
) -> None:
    hosted = host()
    assert own_rpc.call(LIBRARY, "echo", said=1)["said"] == 1
    hosted.stop()
    with pytest.raises(Unavailable, match="in time"):
        own_rpc.call(LIBRARY, "sleep", seconds=0, timeout=0.3)

    host()

    assert own_rpc.call(LIBRARY, "echo", said=2)["said"] == 2
    assert edge.database.collection("ticks").count({"_id": "asleep"}) == 0


def test_a_service_that_can_never_open_ends_with_exit_1_and_says_why(host: Callable[..., Hosted]) -> None:
    hosted = host("tests.shared.messaging.hosted.cannot_open", wait=False)

    assert hosted.process.wait(30) == 1
    assert "cannot_open" in hosted.log.read_text()
    assert "IndexOptionsConflict" in hosted.log.read_text()
