"""What a consumer may settle: never what it gave back, never what it did not do."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from shared.messaging.entrypoints.settlement import Settlement
from shared.messaging.line import Line
from shared.messaging.message import Delivery


class Channel:
    """Notes what is written to it."""

    def __init__(self) -> None:
        self.written: list[tuple[str, int, bool]] = []

    def basic_ack(self, tag: int, *, multiple: bool = False) -> None:
        """Note an ack."""
        self.written.append(("ack", tag, multiple))

    def basic_reject(self, tag: int, *, requeue: bool) -> None:
        """Note a rejection."""
        self.written.append(("reject", tag, requeue))


def a_line(channel: Channel) -> Line:
    """A line that is open, in its third epoch."""
    line = Line("amqp://nobody", "told 은하수", prepare=lambda _channel: "은하수", prefetch=10)
    line.epoch = 3
    line._channel = channel
    return line


def deliveries(*tags: int, **more: Any) -> list[Delivery]:
    """Deliveries with these tags."""
    return [Delivery(b"{}", tag, "은하수", **more) for tag in tags]


def a_settlement(line: Line, *tags: int, by_hand: bool = False) -> Settlement:
    """The settlement of a batch with these tags."""
    messages = [SimpleNamespace(delivery_info={"delivery_tag": tag}) for tag in tags]
    return Settlement(line, line.epoch, messages, lambda _message: by_hand)


def test_a_line_that_was_paused_settles_nothing_of_that_epoch_even_if_it_is_allowed_again_at_once() -> None:
    channel = Channel()
    line = a_line(channel)
    line.arrived.append("fetched before the pause")

    line.pause()
    line.allow()

    assert line.take(10) == (3, [])
    assert not line.write(3, lambda written: written.basic_ack(7))
    assert channel.written == []


def test_a_whole_batch_is_acked_as_one() -> None:
    channel = Channel()
    settlement = a_settlement(a_line(channel), 1, 2, 3)

    settlement.ack(deliveries(1, 3))
    settlement.reject(deliveries(2)[0])
    settlement.flush()

    assert channel.written == [("reject", 2, False), ("ack", 3, True)]


def test_an_ack_never_covers_what_a_batch_left_undone() -> None:
    channel = Channel()
    settlement = a_settlement(a_line(channel), 1, 2, 3)

    settlement.ack(deliveries(1, 3))
    settlement.flush()

    assert channel.written == [("ack", 1, False), ("ack", 3, False)]


def test_a_made_up_history_of_deaths_is_kept_from_the_broker() -> None:
    channel = Channel()
    settlement = a_settlement(a_line(channel), 1, by_hand=True)

    settlement.reject(deliveries(1, headers={"x-death": [7]})[0])

    assert channel.written == [("ack", 1, False)]
