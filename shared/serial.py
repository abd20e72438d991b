"""A queue per key inside one process, so that its own threads don't race each other for one document.

Version conflicts are then only between processes. Under eventlet ``threading.Lock`` is green.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol


class Serial(Protocol):
    """Lets one caller at a time through for each key."""

    def __call__(self, key: str) -> AbstractContextManager[None]:
        """Return a context in which nobody else in this process works on ``key``."""


class KeyedQueue:
    """One lock a key in use; keys nobody uses are forgotten."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._locks: dict[str, tuple[threading.Lock, int]] = {}

    @contextmanager
    def __call__(self, key: str) -> Iterator[None]:
        """Hold the key's lock."""
        with self._guard:
            lock, waiting = self._locks.get(key, (threading.Lock(), 0))
            self._locks[key] = (lock, waiting + 1)
        try:
            with lock:
                yield
        finally:
            with self._guard:
                lock, waiting = self._locks[key]
                if waiting == 1:
                    del self._locks[key]
                else:
                    self._locks[key] = (lock, waiting - 1)


def no_queue(_key: str) -> AbstractContextManager[None]:
    """Let everybody through: for callers that are alone."""
    return nullcontext()
