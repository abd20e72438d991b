"""The connection to a checked address of one host, and what takes in what comes over it; used by fetch.py alone."""

from __future__ import annotations

import socket
import zlib
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.response import BaseHTTPResponse

from services.spaces.agreement.calendar import Silent


class Line:
    """The connection to one of the checked addresses of one host."""

    def __init__(self, scheme: str, host: str, port: int, addresses: Sequence[str]) -> None:
        self._addresses = [(address, port) for address in addresses]
        self._guard: socket.socket | None = None
        kind: Any = HTTPSConnectionPool if scheme == "https" else HTTPConnectionPool
        self.pool: HTTPConnectionPool = kind(host, port, maxsize=1, retries=False)
        self.pool.ConnectionCls = _tls_to(self) if scheme == "https" else _plain_to(self)

    def connect(self, seconds: float | None) -> socket.socket:
        """Connect to a checked address itself: the first that answers, each has its share of the time."""
        share = None if seconds is None else seconds / len(self._addresses)
        for address in self._addresses[:-1]:
            with suppress(OSError):
                return self._connected(socket.create_connection(address, share))
        return self._connected(socket.create_connection(self._addresses[-1], share))

    def _connected(self, line: socket.socket) -> socket.socket:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._let_go()
        # Another name for the same connection, by which it can be ended while somebody waits for it, also in TLS.
        self._guard = line.dup()
        return line

    def cut(self) -> None:
        """End the connection under whoever waits for it."""
        guard = self._guard
        if guard is not None:
            with suppress(OSError):
                guard.shutdown(socket.SHUT_RDWR)

    def drop(self, response: BaseHTTPResponse | None) -> None:
        """Leave an answer that is not wanted, with its connection."""
        self.cut()
        if response is not None:
            response.close()

    def close(self) -> None:
        """Close."""
        self.pool.close()
        self._let_go()

    def _let_go(self) -> None:
        guard, self._guard = self._guard, None
        if guard is not None:
            guard.close()


def _plain_to(line: Line) -> type[HTTPConnection]:
    class PlainTo(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return line.connect(_seconds(self.timeout))

    return PlainTo


def _tls_to(line: Line) -> type[HTTPSConnection]:
    class TlsTo(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return line.connect(_seconds(self.timeout))

    return TlsTo


def _seconds(timeout: Any) -> float | None:
    return float(timeout) if isinstance(timeout, int | float) else None


class Plain:
    """Takes an answer as it comes."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken = bytearray()

    def take(self, piece: bytes) -> None:
        """Take a piece; raise ``Silent`` ``too_large``."""
        if len(self._taken) + len(piece) > self._most:
            raise Silent("too_large")
        self._taken += piece

    def whole(self) -> bytes:
        """Return all of it."""
        return bytes(self._taken)


class Packed(Plain):
    """Takes a packed answer, and never unpacks more than is allowed."""

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self._unpack = zlib.decompressobj(wbits=31)

    def take(self, piece: bytes) -> None:
        """Unpack a piece; raise ``Silent`` ``too_large`` or ``unreadable``."""
        if self._unpack.eof:
            raise Silent("unreadable", "gzip")
        try:
            # One more than is allowed says that it is too large; what lies behind it is never unpacked.
            super().take(self._unpack.decompress(piece, self._most + 1 - len(self._taken)))
        except zlib.error as error:
            raise Silent("unreadable", "gzip") from error

    def whole(self) -> bytes:
        """Return all of it; raise ``Silent`` when it was cut short."""
        if not self._unpack.eof or self._unpack.unused_data:
            raise Silent("unreadable", "gzip cut short, or more behind it")
        return super().whole()
