"""For which tenants an outside system may speak: read from the file that ``./sipbun publishers`` writes.

    <state dir>/publishers.json   {"publishers": [{"name": "muni1", "tenants": ["gwangsan"], ...}]}

The gateway refuses the rest over HTTP; this is the same rule for who publishes over AMQP. Somebody unknown speaks for
nobody: what they say is dead with the reason, and can be replayed once they are added.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import orjson

from shared.errors import Unavailable

#: In the state folder.
FILE = "publishers.json"
#: Publisher -> the tenants it may speak for.
TenantsOf = Callable[[str], frozenset[str]]


def of_nobody(_publisher: str) -> frozenset[str]:
    """Return no tenant: where nothing is known of outside systems, none of them may speak."""
    return frozenset()


class Outsiders:
    """The tenants of each publisher, as the file has them now."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._guard = threading.Lock()
        self._seen: tuple[int, int] | None = None
        self._known: Mapping[str, frozenset[str]] = {}

    def tenants_of(self, publisher: str) -> frozenset[str]:
        """Return the tenants; raise ``Unavailable`` when the file can't be read: then events wait."""
        with self._guard:
            try:
                state = self._path.stat()
                seen = (state.st_mtime_ns, state.st_ino)
                if seen != self._seen:
                    told = orjson.loads(self._path.read_bytes())
                    self._known = {row["name"]: frozenset(row.get("tenants", ())) for row in told["publishers"]}
                    self._seen = seen
            except FileNotFoundError:
                self._known, self._seen = {}, None
            except (OSError, orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
                raise Unavailable(f"{self._path}: not a list of publishers: {error}") from error
            return self._known.get(publisher, frozenset())
