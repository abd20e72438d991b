"""The W3C trace context that follows one request from HTTP through RPC and events, so that ``follow`` can show it.

Only the ``traceparent`` line travels; spans are for an exporter, and none is needed to follow an event.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_CURRENT: ContextVar[str | None] = ContextVar("traceparent", default=None)
_FORM = re.compile(r"^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$")


def new_traceparent() -> str:
    """Return a new trace: ``00-<32 hex>-<16 hex>-01``."""
    return f"00-{os.urandom(16).hex()}-{os.urandom(8).hex()}-01"


def current_traceparent() -> str | None:
    """Return the trace this code runs in, or None."""
    return _CURRENT.get()


def well_formed(traceparent: object) -> str | None:
    """Return the line when it is a valid traceparent, else None: a bad one is dropped, never an error."""
    return traceparent if isinstance(traceparent, str) and _FORM.match(traceparent) else None


@contextmanager
def within(traceparent: str | None) -> Iterator[None]:
    """Run a block inside a trace."""
    token = _CURRENT.set(well_formed(traceparent))
    try:
        yield
    finally:
        _CURRENT.reset(token)
