"""``desk``: the use cases of a service, given to its workers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from nameko.extensions import DependencyProvider

from shared.messaging.entrypoints.hosting import premises_of
from shared.town import Town

T = TypeVar("T")


def desk(build: Callable[[Town], T]) -> T:
    """Return the dependency that gives workers what ``build`` makes of the town: one object a process.

    It is typed as what workers see, not as the provider it is until nameko injects.
    """
    return cast(T, Desk(build))


class Desk(DependencyProvider):  # type: ignore[misc]  # nameko has no types
    """Injects the use cases of a service."""

    def __init__(self, build: Callable[[Town], Any]) -> None:
        self._build = build
        self._built: Any = None

    def setup(self) -> None:
        """Build, which opens nothing."""
        self._built = premises_of(self).built(self._build)

    def get_dependency(self, worker_ctx: Any) -> Any:
        """Return the use cases."""
        return self._built
