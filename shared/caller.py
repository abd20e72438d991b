"""From which address a person asked: it goes with a question over RPC to whoever must keep it, and into no log.

The gateway sets it; residents keeps it beside each look of the town's staff (안전성 확보조치 기준 제8조: 접속지 정보).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from ipaddress import ip_address

_CURRENT: ContextVar[str | None] = ContextVar("source_address", default=None)


def current_address() -> str | None:
    """Return the address of whoever asks, or None when nobody said."""
    return _CURRENT.get()


def an_address(told: object) -> str | None:
    """Return the text when it is an IP address, else None.

    >>> an_address("2001:0db8::1"), an_address("첨단동")
    ('2001:db8::1', None)
    """
    try:
        return str(ip_address(told)) if isinstance(told, str) else None
    except ValueError:
        return None


@contextmanager
def asked_from(address: str | None) -> Iterator[None]:
    """Run a block for somebody who asks from there."""
    token = _CURRENT.set(an_address(address))
    try:
        yield
    finally:
        _CURRENT.reset(token)
