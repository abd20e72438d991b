"""The doors a process opens for whoever watches it: ``/healthz``, ``/readyz`` and ``/metrics``, on loopback.

    /healthz  200 while the process runs
    /readyz   200 {"ready": true} once it takes work, else 503 with what is missing
    /metrics  Prometheus text

One thread serves them; under eventlet's monkey-patching that thread is green.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from shared.telemetry import metrics

#: Name of a condition -> whether it holds.
Readiness = Callable[[], Mapping[str, bool]]

#: Seconds that one request may take to arrive.
PATIENCE = 5.0


class Doors:
    """The HTTP server of one process; ``port`` is the one it got."""

    def __init__(self, port: int, readiness: Readiness, *, host: str = "127.0.0.1") -> None:
        class Handler(_Handler):
            conditions = staticmethod(readiness)

        self._server = ThreadingHTTPServer((host, port), Handler)
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, name="doors", daemon=True)

    def open(self) -> None:
        """Start answering."""
        self._thread.start()

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    conditions: Callable[[], Mapping[str, bool]]
    timeout = PATIENCE

    def do_GET(self) -> None:
        """Answer one of the three."""
        path = self.path.partition("?")[0]
        if path == "/healthz":
            self._answer(200, "application/json", b'{"alive":true}')
        elif path == "/readyz":
            conditions = dict(self.conditions())
            ready = all(conditions.values())
            metrics.READY.set(ready)
            told = {"ready": ready, "waiting_for": sorted(name for name, holds in conditions.items() if not holds)}
            self._answer(200 if ready else 503, "application/json", orjson.dumps(told))
        elif path == "/metrics":
            metrics.READY.set(all(self.conditions().values()))
            self._answer(200, CONTENT_TYPE_LATEST, generate_latest())
        else:
            self._answer(404, "application/json", b'{"doors":["/healthz","/readyz","/metrics"]}')

    def _answer(self, status: int, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        # Whoever asked may have had enough of waiting.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (the base class names it so)
        """Say nothing: these are asked every few seconds."""
