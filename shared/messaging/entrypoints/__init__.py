"""How a service is reached, as nameko entrypoints: ``asked`` (RPC), ``told`` (events), ``due`` (timers), ``fed``.

    @asked(schema)   rpc-<service>        --> method(self, actor, **loaded) --> reply    calls, request
    @told("a.b")     queue a.b, raw bytes --> consumer core, in batches     --> ack      queues, settlement
    @due(every=1.0)  the clock            --> method(self), never beside itself          timers
    @fed("a.b")      a queue of this process alone --> an index in memory                feeds
    desk(build)      what those methods stand on: one object a process                   desks

nameko hosts, injects and runs the workers. What crosses the wire is ours: raw bytes, guarded decoding, a clean
context for every worker, and nothing settled before its effect is stored.
"""

from shared.messaging.entrypoints.calls import Asked, asked
from shared.messaging.entrypoints.desks import Desk, desk
from shared.messaging.entrypoints.feeds import Fed, fed
from shared.messaging.entrypoints.queues import Told, told
from shared.messaging.entrypoints.timers import Due, due

__all__ = [
    "Asked",
    "Desk",
    "Due",
    "Fed",
    "Told",
    "asked",
    "desk",
    "due",
    "fed",
    "told",
]
