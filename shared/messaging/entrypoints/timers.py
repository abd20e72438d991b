"""``@due``: a method that runs every so many seconds, in each process by itself, and never beside itself."""

from __future__ import annotations

import threading
from collections.abc import Callable
from random import Random
from typing import Any, cast

from nameko.extensions import Entrypoint

from shared.errors import Conflict, Unavailable
from shared.messaging.entrypoints.hosting import LONGEST_PAUSE, Method, own_thread, premises_of, wait_for_opening
from shared.messaging.line import BackOff
from shared.telemetry import metrics


def due(*, every: float) -> Callable[[Method], Method]:
    """Run a method about every so many seconds, never beside itself.

    When it returns a positive number or True there may be more to do, and it runs again at once. ``Unavailable`` and
    ``Conflict`` mean that it is tried again later.
    """
    return cast(Callable[[Method], Method], Due.decorator(every))


class Due(Entrypoint):  # type: ignore[misc]
    """A timer of one process."""

    def __init__(self, every: float) -> None:
        self.every = every
        self.stopping = threading.Event()
        self._ended = threading.Event()
        self._random = Random()
        super().__init__(expected_exceptions=(Unavailable, Conflict))

    def setup(self) -> None:
        """Find the premises."""
        self._premises = premises_of(self)

    def start(self) -> None:
        """Run, once the process may."""
        own_thread(self._run, self, f"due {self.method_name}")

    def stop(self) -> None:
        """Let the present run finish."""
        self.stopping.set()
        self._ended.wait()

    def kill(self) -> None:
        """Start no other run."""
        self.stopping.set()

    def _run(self) -> None:
        try:
            if not wait_for_opening(self._premises, self.stopping):
                return
            pauses = BackOff(self.every, max(LONGEST_PAUSE, self.every))
            # Replicas that started together should not all sweep in the same instant.
            pause = self.every * self._random.random()
            while not self.stopping.wait(pause):
                result, error = self._once()
                if isinstance(error, Unavailable):
                    pause = pauses.next()
                    continue
                pauses.reset()
                again = error is None and isinstance(result, int) and result > 0
                pause = 0.0 if again else self.every * self._random.uniform(0.9, 1.1)
        finally:
            self._ended.set()

    def _once(self) -> tuple[Any, Exception | None]:
        done = threading.Event()
        outcome: list[Any] = [None, None]

        def note(_worker: Any, result: Any, exc_info: Any) -> tuple[Any, Any]:
            outcome[0], outcome[1] = result, None if exc_info is None else exc_info[1]
            done.set()
            return result, exc_info

        self.container.spawn_worker(self, (), {}, context_data={}, handle_result=note)
        done.wait()
        error = outcome[1]
        name = f"{self.container.service_name}.{self.method_name}"
        metrics.TIMER_RUNS.labels(name, "ok" if error is None else type(error).__name__).inc()
        return outcome[0], error
