"""RabbitMQ's management API: virtual hosts, rights and queue depths.

Knows the few calls the one door, the tests and chaos need; topology is declared over AMQP by `shared.messaging`.
"""

import base64
import json
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote, urlsplit, urlunsplit


class ManagementAway(Exception):
    """The management API did not answer."""


class ManagementRefused(Exception):
    """The management API answered with an error status."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status}: {reason}")
        self.status = status


@dataclass(frozen=True)
class Management:
    """A management address `http://user:password@host:port[/prefix]`."""

    url: str = field(repr=False)
    timeout: float = 5.0

    @property
    def user(self) -> str:
        """The user name in the address."""
        return unquote(urlsplit(self.url).username or "")

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Call `/api/<path>`; return the parsed answer, or None when it is empty.

        Raises ManagementAway when nobody answers, ManagementRefused on any status from 400.
        """
        parts = urlsplit(self.url)
        host = parts.hostname or "127.0.0.1"
        base = urlunsplit((parts.scheme, f"{host}:{parts.port}" if parts.port else host, parts.path.rstrip("/"), "", ""))
        request = urllib.request.Request(  # noqa: S310 - the operator's own address
            f"{base}/api/{path}", method=method, data=None if body is None else json.dumps(body).encode()
        )
        secret = f"{self.user}:{unquote(parts.password or '')}".encode()
        request.add_header("Authorization", "Basic " + base64.b64encode(secret).decode())
        request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=self.timeout) as answer:  # noqa: S310 - as above
                raw = answer.read()
        except urllib.error.HTTPError as refused:
            raise ManagementRefused(refused.code, refused.read().decode(errors="replace")[:500]) from None
        except (urllib.error.URLError, OSError, ValueError) as away:
            raise ManagementAway(str(away)) from None
        return json.loads(raw) if raw else None

    def add_vhost(self, name: str) -> None:
        """Create a virtual host (harmless when it exists) on which this user may do everything."""
        vhost = quote(name, safe="")
        self.ask("PUT", f"vhosts/{vhost}", {})
        self.ask(
            "PUT",
            f"permissions/{vhost}/{quote(self.user, safe='')}",
            {"configure": ".*", "write": ".*", "read": ".*"},
        )

    def drop_vhost(self, name: str) -> None:
        """Delete a virtual host with everything in it; gone already is fine."""
        try:
            self.ask("DELETE", f"vhosts/{quote(name, safe='')}")
        except ManagementRefused as refused:
            if refused.status != 404:
                raise

    def queues(self, vhost: str) -> list[dict[str, Any]]:
        """Return the queues of a virtual host, sorted by name.

        Each is `{"name", "ready", "unacknowledged", "consumers"}`, figures at most some seconds old.
        """
        found = self.ask("GET", f"queues/{quote(vhost, safe='')}?disable_stats=false&enable_queue_totals=true") or []
        return sorted(
            (
                {
                    "name": one["name"],
                    "ready": int(one.get("messages_ready", 0)),
                    "unacknowledged": int(one.get("messages_unacknowledged", 0)),
                    "consumers": int(one.get("consumers", 0)),
                }
                for one in found
            ),
            key=lambda one: str(one["name"]),
        )


def vhost_of(amqp_url: str) -> str:
    """Return the virtual host an AMQP address names; no path means `/`."""
    path = urlsplit(amqp_url).path
    return unquote(path[1:]) or "/"


def with_vhost(amqp_url: str, vhost: str) -> str:
    """Return the same address for another virtual host."""
    parts = urlsplit(amqp_url)
    return urlunsplit((parts.scheme, parts.netloc, "/" + quote(vhost, safe=""), parts.query, ""))
