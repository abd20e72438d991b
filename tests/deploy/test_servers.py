"""The private broker and the embedded database, for real: they boot, die, come back, and keep what was acknowledged."""

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import amqp
import pymongo
import pytest

from deploy import machine
from deploy.broker import MAX_MESSAGE_SIZE, BrokerNode, NotInstalled, ensure_installed
from deploy.database import EmbeddedDatabase
from deploy.management import vhost_of, with_vhost
from tests.harness import TestBroker, TestDatabase, eventually


def connect(url: str) -> Any:
    """Open a py-amqp connection to an `amqp://` address."""
    parts = urlsplit(url)
    connection = amqp.Connection(
        host=f"{parts.hostname}:{parts.port}",
        userid=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        virtual_host=vhost_of(url),
        confirm_publish=True,
    )
    connection.connect()
    return connection


def test_each_test_has_an_empty_virtual_host_of_its_own(broker: TestBroker) -> None:
    with connect(broker.amqp_url) as connection:
        connection.channel().queue_declare("library.letters", durable=True, auto_delete=False)

    names = eventually(lambda: [queue["name"] for queue in broker.management.queues(broker.vhost)])

    assert names == ["library.letters"]


def test_each_test_has_databases_of_its_own(database: TestDatabase) -> None:
    with pymongo.MongoClient[Any](database.url) as client:
        assert not [name for name in client.list_database_names() if name.startswith(database.prefix)]
        client[database.prefix + "placement"]["openings"].insert_one({"_id": "은하수 작은도서관"})
        assert database.prefix + "placement" in client.list_database_names()


def test_a_message_over_the_limit_is_refused_by_the_broker(broker: TestBroker) -> None:
    connection = connect(broker.amqp_url)
    channel = connection.channel()
    channel.queue_declare("library.letters", durable=True, auto_delete=False)

    with pytest.raises(amqp.PreconditionFailed):
        channel.basic_publish(amqp.Message(b"x" * (MAX_MESSAGE_SIZE + 1)), routing_key="library.letters")


@pytest.mark.timeout(400)
def test_a_killed_node_comes_back_with_its_queues_and_another_object_sees_it(tmp_path: Path) -> None:
    node = BrokerNode(tmp_path / "rabbitmq")
    try:
        node.start()
        node.wait_ready()
        url = node.add_vhost("library")
        with connect(url) as connection:
            channel = connection.channel()
            channel.queue_declare(
                "letters", durable=True, auto_delete=False, arguments={"x-queue-type": "quorum"}
            )
            channel.basic_publish(amqp.Message(b"kept", delivery_mode=2), routing_key="letters")
        # RabbitMQ writes a new quorum queue's name to disk half a second after declaring it; shot before that, the
        # node comes back without a leader for the queue.
        eventually(lambda: any(b"library_letters" in names.read_bytes() for names in node.folder.rglob("names.dets")))
        same = BrokerNode(tmp_path / "rabbitmq")
        assert same.running
        assert same.amqp_url == node.amqp_url

        same.kill()
        assert not node.running
        node.start()
        node.wait_ready()

        with connect(url) as connection:
            channel = connection.channel()
            assert eventually(lambda: channel.basic_get("letters")).body in ("kept", b"kept")
    finally:
        node.stop()
    assert not node.running
    assert not node.answers()


def test_the_embedded_database_keeps_what_it_acknowledged_over_a_kill(tmp_path: Path) -> None:
    engine = EmbeddedDatabase(tmp_path / "database")
    try:
        engine.start()
        engine.wait_ready()
        with pymongo.MongoClient[Any](engine.url) as client:
            for number in range(50):
                client["town"]["rooms"].insert_one({"_id": number})

        engine.kill()
        assert not EmbeddedDatabase(tmp_path / "database").running
        engine.start()
        engine.wait_ready()

        with pymongo.MongoClient[Any](engine.url) as client:
            assert client["town"]["rooms"].count_documents({}) == 50
    finally:
        engine.stop()
    assert not engine.running


def test_without_rabbitmq_an_ordinary_user_is_told_the_exact_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "SERVER_PLACES", ())
    monkeypatch.setattr("shutil.which", lambda _: None)
    monkeypatch.setattr("os.geteuid", lambda: 1000)

    with pytest.raises(NotInstalled, match="apt-get update && apt-get install -y rabbitmq-server"):
        ensure_installed(print)


def test_an_address_changes_its_virtual_host_and_nothing_else() -> None:
    moved = with_vhost("amqp://sipbun:p%40ss@127.0.0.1:5672/sipbun", "test/은하수")

    assert moved.startswith("amqp://sipbun:p%40ss@127.0.0.1:5672/")
    assert vhost_of(moved) == "test/은하수"
