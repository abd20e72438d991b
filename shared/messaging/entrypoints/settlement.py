"""What becomes of the messages of one batch: acked as one, rejected to the dead queue, or put back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from shared.messaging.line import Line
from shared.messaging.message import Delivery

#: Header in which the broker keeps how often, where and why a message died.
DEATHS = "x-death"


class Settlement:
    """Settles one batch on the epoch it came from; acks wait for ``flush``, to travel as one."""

    def __init__(
        self, line: Line, epoch: int, messages: Sequence[Any], bury_by_hand: Callable[[Any], bool]
    ) -> None:
        self._line = line
        self._epoch = epoch
        self._messages = {message.delivery_info["delivery_tag"]: message for message in messages}
        self._size = len(messages)
        self._bury_by_hand = bury_by_hand
        self._rejected = 0
        self._done: list[int] = []
        self.given_back: list[int] = []

    def ack(self, deliveries: Sequence[Delivery]) -> None:
        """Note that these are done."""
        self._done.extend(delivery.tag for delivery in deliveries)

    def reject(self, delivery: Delivery) -> None:
        """Send this one to the dead queue."""
        self._rejected += 1
        if DEATHS in delivery.headers and self._bury_by_hand(self._messages[delivery.tag]):
            self._line.write(self._epoch, lambda channel: channel.basic_ack(delivery.tag))
            return
        self._line.write(self._epoch, lambda channel: channel.basic_reject(delivery.tag, requeue=False))

    def give_back(self, deliveries: Sequence[Delivery]) -> None:
        """Note that these are not done."""
        self.given_back.extend(delivery.tag for delivery in deliveries)

    def flush(self) -> None:
        """Ack what is done. Batches follow one another, so a whole one is acked up to its highest tag at once."""
        done, self._done = self._done, []
        if not done:
            return

        def ack(channel: Any) -> None:
            if len(done) + self._rejected == self._size:
                channel.basic_ack(max(done), multiple=True)
                return
            for tag in done:
                channel.basic_ack(tag)

        self._line.write(self._epoch, ack)

    def return_given_back(self) -> None:
        """Put what is not done back into its queue, over the open line."""

        def give_back(channel: Any) -> None:
            for tag in self.given_back:
                channel.basic_reject(tag, requeue=True)

        self._line.write(self._epoch, give_back)
