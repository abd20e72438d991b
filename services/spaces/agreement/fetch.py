"""The one way out of the house: to addresses that people typed in, and that we trust with nothing.

    address --> scheme, host --> every IP address of the host checked --> connect to one of them itself
            --> the host's name in Host and TLS --> streamed, with limits on time and on bytes, also unpacked

Only http and https. No private, loopback, link-local, multicast or reserved address, also not by a name, a redirect,
an IPv6 address that holds an IPv4 one, or a number written oddly: what counts is the address that is connected to.
Networks named in the configuration (``SIPBUN_CALENDAR_NETWORKS``) are allowed. No cookies, no proxies, nothing from the
environment. Time is limited in total: a watch ends the connection, however slowly bytes drip.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, urljoin, urlsplit

from urllib3.exceptions import HTTPError, SSLError
from urllib3.response import BaseHTTPResponse
from urllib3.util import Timeout

from services.spaces.agreement.calendar import Silent
from services.spaces.agreement.lines import Line, Packed, Plain
from services.spaces.agreement.model import Secret

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address
#: Returns the IP addresses of a host, as text; raises ``OSError``.
Resolve = Callable[[str, int], Sequence[str]]

#: Bytes of one answer, unpacked. Five thousand entries are about two million.
MOST_BYTES = 16_000_000
#: Bytes of one request: a list of names, or one entry.
_PIECE = 64 * 1024
MOST_REDIRECTS = 3
#: Of one host, tried one after another.
MOST_ADDRESSES = 4
#: Seconds for the name alone, at most.
FOR_THE_NAME = 5.0
AGENT = "sipbun (calendar)"
#: IPv6 addresses that hold an IPv4 address which a gateway would connect to (RFC 6052, RFC 3056, RFC 4380).
_GATEWAYS = tuple(IPv6Network(text) for text in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32"))
NOBODY = Secret()
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class NotAllowed(Silent):
    """The address leads where we don't go."""

    def __init__(self, detail: str) -> None:
        super().__init__("address_not_allowed", detail)


@dataclass(frozen=True)
class Reply:
    """What came back. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def resolved(host: str, port: int) -> list[str]:
    """Ask the system for the addresses of a host."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


@dataclass(frozen=True)
class Outside:
    """Everywhere else. ``networks``: addresses that are allowed though they are not public."""

    networks: tuple[Network, ...] = ()
    most_bytes: int = MOST_BYTES
    resolve: Resolve = resolved

    @contextmanager
    def visit(self, seconds: float, secret: Secret = NOBODY) -> Iterator[Visit]:
        """Return a visit that takes at most so long in all; opens nothing before its first use."""
        visit = Visit(self, time.monotonic() + seconds, secret)
        try:
            yield visit
        finally:
            visit.close()

    def checked(self, texts: Iterable[str]) -> Sequence[str]:
        """Return a host's addresses; raise ``NotAllowed`` unless every one may be gone to."""
        found = [ip_address(text.partition("%")[0]) for text in texts]
        if not found:
            raise Silent("no_such_host")
        for one in found:
            if not self.allows(one):
                raise NotAllowed(str(one))
        return list(dict.fromkeys(str(one) for one in found))[:MOST_ADDRESSES]

    def allows(self, address: Address) -> bool:
        """Return whether we may go to this address."""
        plain = address
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            plain = address.ipv4_mapped
        if any(plain.version == network.version and plain in network for network in self.networks):
            return True
        if isinstance(plain, IPv6Address) and (plain.is_site_local or any(plain in way for way in _GATEWAYS)):
            return False
        return plain.is_global and not (plain.is_multicast or plain.is_reserved or plain.is_unspecified)


class Visit:
    """One conversation: its connections, its secret, and the time it has."""

    def __init__(self, outside: Outside, until: float, secret: Secret) -> None:
        self._outside = outside
        self._until = until
        self._secret = secret
        self._lines: dict[tuple[str, str, int], Line] = {}

    @property
    def left(self) -> float:
        """Seconds left; raises ``Silent`` when there are none."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise Silent("too_slow")
        return left

    def ask(
        self,
        method: str,
        address: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        follow: bool = False,
    ) -> Reply:
        """Ask and return the answer, whatever its status; raise ``Silent``.

        ``follow``: go where a redirect leads, at most three times, each checked like the first. The secret goes to the
        first host only.
        """
        first = self._parts(address)
        at = first
        for _ in range(MOST_REDIRECTS + 1):
            with_secret = _origin(at) == _origin(first)
            reply = self._ask(method, at, headers or {}, body, with_secret=with_secret)
            if reply.status not in _REDIRECTS:
                return reply
            if not follow or "location" not in reply.headers:
                raise Silent("redirected")
            following = self._parts(urljoin(at.geturl(), reply.headers["location"]))
            if at.scheme == "https" and following.scheme != "https":
                raise NotAllowed("from https to http")
            at = following
        raise Silent("redirected", "too often")

    def close(self) -> None:
        """Close every connection."""
        for line in self._lines.values():
            line.close()

    def _parts(self, address: str) -> SplitResult:
        try:
            parts = urlsplit(address)
            port = parts.port
        except ValueError as error:
            raise NotAllowed("unreadable address") from error
        if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
            raise NotAllowed("neither http nor https")
        if parts.username is not None or parts.password is not None or not address.isprintable() or " " in address:
            raise NotAllowed("unusable address")
        return parts._replace(fragment="")

    def _ask(
        self, method: str, at: SplitResult, headers: Mapping[str, str], body: bytes | None, *, with_secret: bool
    ) -> Reply:
        line = self._line(at)
        told = {"User-Agent": AGENT, "Accept-Encoding": "gzip", **headers}
        if with_secret and self._secret.user:
            pair = f"{self._secret.user}:{self._secret.password}".encode()
            told["Authorization"] = f"Basic {b64encode(pair).decode()}"
        target = (at.path or "/") + (f"?{at.query}" if at.query else "")
        left = self.left
        watch = threading.Timer(left, line.cut)
        watch.daemon = True
        watch.start()
        response: BaseHTTPResponse | None = None
        try:
            response = line.pool.urlopen(
                method,
                target,
                body=body,
                headers=told,
                retries=False,
                redirect=False,
                assert_same_host=False,
                timeout=Timeout(total=left),
                preload_content=False,
                decode_content=False,
            )
            content = self._content(response)
            # What is not read to its end is closed; a whole answer leaves the connection for the next question.
            response.release_conn()
            return Reply(response.status, {name.lower(): text for name, text in response.headers.items()}, content)
        except Silent:
            line.drop(response)
            raise
        except (HTTPError, OSError, ValueError) as error:
            line.drop(response)
            raise self._silence(error) from error
        finally:
            watch.cancel()

    def _content(self, response: BaseHTTPResponse) -> bytes:
        coding = response.headers.get("content-encoding", "identity").strip().lower()
        if coding not in ("", "identity", "gzip", "x-gzip"):
            raise Silent("unreadable", "content-encoding")
        most = self._outside.most_bytes
        told = response.headers.get("content-length", "")
        if told.isdecimal() and int(told) > most:
            raise Silent("too_large")
        unpack = Packed(most) if "gzip" in coding else Plain(most)
        for piece in response.stream(_PIECE, decode_content=False):
            unpack.take(piece)
            _ = self.left
        # A connection that the watch has cut ends like an answer without a length.
        _ = self.left
        return unpack.whole()

    def _silence(self, error: Exception) -> Silent:
        if time.monotonic() >= self._until - 0.001:
            return Silent("too_slow")
        if isinstance(error, SSLError) or isinstance(error.__cause__, ssl.SSLError):
            return Silent("bad_certificate", type(error).__name__)
        return Silent("no_answer", type(error).__name__)

    def _line(self, at: SplitResult) -> Line:
        key = _origin(at)
        if key not in self._lines:
            host = _ascii(at.hostname or "")
            texts = self._addresses(host, key[2])
            self._lines[key] = Line(key[0], host, key[2], self._outside.checked(texts))
        return self._lines[key]

    def _addresses(self, host: str, port: int) -> Sequence[str]:
        """Resolve beside us, since nothing else limits the time that takes."""
        found: list[Sequence[str] | OSError] = []

        def look() -> None:
            try:
                found.append(self._outside.resolve(host, port))
            except (OSError, UnicodeError) as error:
                found.append(OSError(str(error)))

        looking = threading.Thread(target=look, daemon=True)
        looking.start()
        looking.join(min(self.left, FOR_THE_NAME))
        if not found:
            raise Silent("too_slow", "name")
        if isinstance(found[0], OSError):
            raise Silent("no_such_host") from found[0]
        return found[0]


def _ascii(host: str) -> str:
    try:
        return host if host.isascii() else host.encode("idna").decode()
    except UnicodeError as error:
        raise NotAllowed("unusable host") from error


def _origin(parts: SplitResult) -> tuple[str, str, int]:
    return parts.scheme, (parts.hostname or "").lower(), parts.port or (443 if parts.scheme == "https" else 80)
