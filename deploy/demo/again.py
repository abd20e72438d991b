"""Delivers an event once more, as a broker may at any time: the same id, the same bytes; and sees it dealt with."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterable

from deploy.demo.watch import Seen
from deploy.running import Running
from shared.messaging.message import EVENTS, Message
from shared.messaging.wire import PipelinedPublisher

_DONE = re.compile(r'^sipbun_events_(?:done|dead)_total\{queue="([^"]+)"\} (\S+)', re.MULTILINE)


def deliver_again(amqp_url: str, seen: Seen, times: int) -> int:
    """Publish what was seen ``times`` more; return how many the broker confirmed. Raise ``Unavailable``."""
    message = Message(EVENTS, seen.routing_key, seen.body, message_id=seen.event.id, type=seen.event.type)
    publisher = PipelinedPublisher(amqp_url, "demo-again")
    try:
        return len(publisher.publish([message] * times).confirmed)
    finally:
        publisher.close()


def dealt_with(town: Running) -> Callable[[Iterable[str]], dict[str, int]]:
    """Return a count, by queue, of deliveries that the town's processes settle from now on.

    Read from their own metrics; a queue whose process tells none is left out.
    """
    before = _settled(town)

    def since(queues: Iterable[str]) -> dict[str, int]:
        now = _settled(town)
        return {queue: now[queue] - before[queue] for queue in queues if queue in now}

    return since


def _settled(town: Running) -> Counter[str]:
    settled: Counter[str] = Counter()
    for process in town.processes:
        if process.metrics_port is None or process.server:
            continue
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{process.metrics_port}/metrics", timeout=2.0) as answer:
                text = answer.read().decode()
        except (urllib.error.URLError, OSError, ValueError):
            continue
        for queue, count in _DONE.findall(text):
            settled[queue] += int(float(count))
    return settled
