"""kombu without a framework: a drain that stores batches, and questions with their answers."""

from __future__ import annotations

import threading
import time
from typing import Any

import orjson
from kombu import Connection, Consumer, Exchange, Message, Producer, Queue

from shared.config import settings
from tests.bench import cast, floor

BATCH = 200
QUEUE = "bench.raw"
REPLY_TO = "amq.rabbitmq.reply-to"


class Drain:
    """Takes what waits in the archive's queue, and stores the same effect in the same batches."""

    def __init__(self) -> None:
        self._kept = floor.database("statistics")
        floor.prepare_archive(self._kept)

    def drain(self, count: int) -> dict[str, float]:
        """Consume so many events; return when it was told to and when the last effect was stored."""
        began = time.monotonic()
        waiting: list[Message] = []
        done = 0
        queue = Queue("statistics.archive", no_declare=True)
        with Connection(settings().amqp_url) as connection:
            channel = connection.channel()
            consumer = Consumer(channel, [queue], on_message=waiting.append, auto_declare=False)
            consumer.qos(prefetch_count=2 * BATCH)
            with consumer:
                while done < count:
                    while len(waiting) < min(BATCH, count - done):
                        connection.drain_events(timeout=30)
                    batch, waiting[:] = waiting[:BATCH], waiting[BATCH:]
                    floor.keep(self._kept, [floor.archived(orjson.loads(message.body)) for message in batch])
                    batch[-1].ack(multiple=True)
                    done += len(batch)
        return {"began": began, "ended": time.monotonic()}


class Server:
    """Answers questions, one after another."""

    def __init__(self) -> None:
        self._ready = threading.Event()
        threading.Thread(target=self._run, daemon=True).start()
        self._ready.wait(30)

    def _run(self) -> None:
        with Connection(settings().amqp_url) as connection:
            channel = connection.channel()
            queue = Queue(QUEUE, Exchange(""), routing_key=QUEUE, durable=True, auto_delete=False)
            producer = Producer(channel)

            def answer(message: Message) -> None:
                asked = orjson.loads(message.body)
                body = orjson.dumps({"result": {**cast.SHOWN, "opening_id": asked["opening_id"]}})
                producer.publish(
                    body,
                    routing_key=message.properties["reply_to"],
                    correlation_id=message.properties["correlation_id"],
                    content_type="application/json",
                    content_encoding="utf-8",
                    delivery_mode=1,
                )
                message.ack()

            queue.bind(channel).queue_declare()
            consumer = Consumer(channel, [queue], on_message=answer, auto_declare=False)
            consumer.qos(prefetch_count=40)
            with consumer:
                self._ready.set()
                while True:
                    connection.drain_events()


class Caller:
    """One caller, with a connection of its own and direct reply-to."""

    def __init__(self) -> None:
        self._connection = Connection(settings().amqp_url)
        channel = self._connection.channel()
        self._asked = 0
        self._answer: Any = None
        consumer = Consumer(channel, [Queue(REPLY_TO)], no_ack=True, on_message=self._on_reply, auto_declare=False)
        consumer.consume()
        self._producer = Producer(channel)

    def _on_reply(self, message: Message) -> None:
        if message.properties.get("correlation_id") == str(self._asked):
            self._answer = orjson.loads(message.body)

    def call(self, opening_id: str) -> Any:
        """Ask."""
        self._asked += 1
        self._answer = None
        self._producer.publish(
            orjson.dumps({"opening_id": opening_id}),
            routing_key=QUEUE,
            reply_to=REPLY_TO,
            correlation_id=str(self._asked),
            content_type="application/json",
            content_encoding="utf-8",
            delivery_mode=1,
        )
        while self._answer is None:
            self._connection.drain_events(timeout=10)
        return self._answer["result"]

    def close(self) -> None:
        """Hang up."""
        self._connection.release()
