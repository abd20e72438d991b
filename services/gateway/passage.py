"""What happens to every request on its way in and out: a name, a trace, a bound, one log line, and a count.

    X-Request-Id   taken when it is well formed, else made; always sent back
    traceparent    continued or begun; it goes along into RPC and events, and is sent back

Query strings and paths are never logged: a ``nearby`` search holds somebody's point.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote

from flask import Flask, Response, abort, g, request
from prometheus_client import Counter, Histogram

from services.gateway.asking import KEY_HEADER
from shared.messaging.rpc import MAX_BYTES
from shared.telemetry import log
from shared.trace import current_traceparent, new_traceparent, well_formed, within

REQUEST_ID = "X-Request-Id"
_FORM = re.compile(r"^[A-Za-z0-9._:-]{1,64}$")
#: Bytes of a body: an RPC request of at most ``MAX_BYTES``, less what the token and the names around it need.
MAX_BODY = MAX_BYTES - 16 * 1024
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}

#: Asked every few seconds by whoever watches.
_ASKED_OFTEN = ("/healthz", "/readyz", "/metrics")

REQUESTS = Counter("sipbun_http_requests", "HTTP requests answered", ["method", "route", "status"])
REQUEST_SECONDS = Histogram("sipbun_http_seconds", "Time from request to answer", ["route"], buckets=_SECONDS)

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def pass_through(app: Flask) -> None:
    """Make every request of the application pass here."""
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    app.wsgi_app = _in_a_trace(app.wsgi_app)  # type: ignore[method-assign, assignment]  # flask's own way to wrap an application

    @app.before_request
    def _enter() -> None:
        g.began = time.perf_counter()
        given = request.headers.get(REQUEST_ID, "")
        g.request_id = given if _FORM.match(given) else f"req-{os.urandom(8).hex()}"
        g.trace = (current_traceparent() or "")[3:35] or None
        # No id has such a character: it is no UTF-8, or something that nobody sees.
        if not request.path.isprintable() or "\ufffd" in request.path:
            abort(404)

    @app.after_request
    def _leave(answer: Response) -> Response:
        for name, value in _HEADERS.items():
            answer.headers.setdefault(name, value)
        answer.headers[REQUEST_ID] = g.get("request_id", "")
        if traceparent := current_traceparent():
            answer.headers["traceparent"] = traceparent
        if answer.status_code == 201 and "Location" in answer.headers:
            # Views put an id there as it is, and an id may hold what a path may not.
            answer.headers["Location"] = quote(answer.headers["Location"], safe="/:")
        if key := g.get("act_key"):
            answer.headers[KEY_HEADER] = key
        if "Authorization" in request.headers or request.method != "GET":
            answer.headers.setdefault("Cache-Control", "no-store")
        if request.path.startswith("/v1/"):
            # What anybody may read may say more to somebody: nothing kept for the one is told to the other.
            answer.vary.add("Authorization")
        _count(answer)
        return answer


def _count(answer: Response) -> None:
    route = request.url_rule.rule if request.url_rule is not None else "(none)"
    seconds = time.perf_counter() - g.get("began", time.perf_counter())
    REQUESTS.labels(_method(request.method), route, answer.status_code).inc()
    REQUEST_SECONDS.labels(route).observe(seconds)
    say = log.debug if route in _ASKED_OFTEN else log.warning if answer.status_code >= 500 else log.info
    say(
        "http",
        method=request.method,
        route=route,
        status=answer.status_code,
        ms=round(seconds * 1000, 1),
        request_id=g.get("request_id"),
        problem=g.get("problem"),
    )


def _method(told: str) -> str:
    """Return the method, or ``other``: a stranger may not make up label values."""
    return told if told in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS") else "other"


def _in_a_trace(wsgi: Wsgi) -> Wsgi:
    """Run each request inside its trace: the caller's, or a new one; always in a span of its own."""

    def traced(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        fresh = new_traceparent()
        begun = well_formed(environ.get("HTTP_TRACEPARENT"))
        # The caller's trace id and flags around a span id of our own.
        with within(f"{begun[:36]}{fresh[36:52]}{begun[52:]}" if begun else fresh):
            return wsgi(environ, start_response)

    return traced
