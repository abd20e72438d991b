"""Which version of which resource is known: 16 bytes each, whatever a server's names are. Pure.

"On the shelf" says of a resource at this very version: all its entries up to the horizon are in the diaries. A version
never changes its content, so the shelf may be read again at any time; that nobody took those entries out of the
diaries since is what the feed's numbered readings are for (model.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

_HALF = 8
_WHOLE = 2 * _HALF


class Shelf:
    """A set of (href, etag)."""

    def __init__(self, written: bytes = b"") -> None:
        self._pairs = frozenset(written[at : at + _WHOLE] for at in range(0, len(written) - _WHOLE + 1, _WHOLE))

    def __len__(self) -> int:
        return len(self._pairs)

    def has(self, href: str, etag: str) -> bool:
        """Return whether this version is known; one without a version never is."""
        return bool(etag) and _pair(href, etag) in self._pairs


def written(resources: Iterable[tuple[str, str]]) -> bytes:
    """Return the shelf of these (href, etag), as it is kept; what has no version is left out."""
    return b"".join(sorted({_pair(href, etag) for href, etag in resources if etag}))


def _pair(href: str, etag: str) -> bytes:
    return _half(href) + _half(etag)


def _half(text: str) -> bytes:
    return blake2b(text.encode(), digest_size=_HALF).digest()
