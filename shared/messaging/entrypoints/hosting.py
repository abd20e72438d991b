"""What every kind of entrypoint needs of the process that hosts it: its premises, threads, and leave to begin."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar, cast

from shared.messaging.premises import PREMISES, Premises

#: A method of a service class.
Method = TypeVar("Method", bound=Callable[..., Any])

#: Events a batch.
BATCH = 200
#: Seconds: the longest pause between attempts while infrastructure is away.
LONGEST_PAUSE = 30.0
#: Seconds that a connection may take to say goodbye.
GOODBYE = 3.0
#: Seconds between looks at whether the process may open its intakes, or must close.
LOOK = 0.2


def premises_of(extension: Any) -> Premises:
    """Return the premises of the process that an extension lives in."""
    return cast(Premises, extension.container.config[PREMISES])


def own_thread(do: Callable[[], None], extension: Any, what: str) -> Any:
    """Run ``do`` as one of the container's threads: if it fails, the process ends and is seen."""
    return extension.container.spawn_managed_thread(do, identifier=what)


def wait_for_opening(premises: Premises, stopping: threading.Event) -> bool:
    """Wait until work may begin; return False when it is to stop instead."""
    while not premises.opened.wait(LOOK):
        if stopping.is_set():
            return False
    return not stopping.is_set()
