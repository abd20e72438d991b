"""The Flask application: every request passes here, every error becomes a problem, every subject has its blueprint.

    gunicorn -c deploy/gunicorn.conf.py services.gateway.app:app

``app`` makes the application at its first call, in the worker: importing this module reads no environment and opens
nothing, and no socket is shared with another process.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from services.gateway.api.accounts import accounts
from services.gateway.api.agreements import agreements
from services.gateway.api.allowance import allowance
from services.gateway.api.applications import applications
from services.gateway.api.attendance import attendance
from services.gateway.api.batches import batches
from services.gateway.api.bookings import bookings
from services.gateway.api.budgets import budgets
from services.gateway.api.calendars import calendars
from services.gateway.api.cases import cases
from services.gateway.api.conduct import conduct
from services.gateway.api.events import events
from services.gateway.api.facilities import facilities
from services.gateway.api.feeds import feeds
from services.gateway.api.figures import figures
from services.gateway.api.groups import groups
from services.gateway.api.health import health
from services.gateway.api.interests import interests
from services.gateway.api.letters import letters
from services.gateway.api.openings import openings
from services.gateway.api.organisations import organisations
from services.gateway.api.participation import participation
from services.gateway.api.plans import plans
from services.gateway.api.programmes import programmes
from services.gateway.api.proposals import proposals
from services.gateway.api.residents import residents
from services.gateway.api.selection import selection
from services.gateway.api.sign_in import sign_in
from services.gateway.api.spaces import spaces
from services.gateway.api.tasks import tasks
from services.gateway.api.tenants import tenants
from services.gateway.api.trust import trust
from services.gateway.api.waiting import waiting
from services.gateway.docs import TITLE, pages
from services.gateway.passage import pass_through
from services.gateway.ports import Ports, ports
from services.gateway.problems import ProblemApi, tell_problems
from shared.telemetry import logs

SUBJECTS = (
    tenants,
    programmes,
    organisations,
    proposals,
    agreements,
    budgets,
    openings,
    applications,
    selection,
    participation,
    attendance,
    allowance,
    batches,
    trust,
    tasks,
    facilities,
    spaces,
    feeds,
    plans,
    bookings,
    waiting,
    cases,
    conduct,
    calendars,
    residents,
    accounts,
    groups,
    interests,
    letters,
    figures,
    events,
    sign_in,
    health,
)

_ABOUT = """걸어서 10분 안의 일자리와 방과 소식. 오류는 `application/problem+json` 이며 한국어가 먼저입니다.
바꾸는 요청에는 `Idempotency-Key` 를 붙이면 다시 보내도 한 번만 일어납니다.

Jobs, rooms and news within ten minutes' walk. Errors are problem+json, Korean first. With an `Idempotency-Key`, an act
that is sent again happens once.
"""


def create_app(given: Ports) -> Flask:
    """Return the application on these ports."""
    app = Flask(__name__, static_folder=None)
    app.extensions["sipbun"] = given
    app.json.ensure_ascii = False  # type: ignore[attr-defined]  # a property of the default provider
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.url_map.strict_slashes = False
    app.config.update(
        API_TITLE=TITLE,
        API_VERSION="1",
        OPENAPI_VERSION="3.0.3",
        OPENAPI_URL_PREFIX="/",
        OPENAPI_JSON_PATH="openapi.json",
        API_SPEC_OPTIONS={
            "info": {"description": _ABOUT},
            "components": {
                "securitySchemes": {
                    "actor": {"type": "http", "scheme": "bearer", "bearerFormat": "Sipbun actor token, 5 minutes"},
                    "publisher": {"type": "http", "scheme": "bearer", "bearerFormat": "key of a publishing system"},
                }
            },
        },
    )
    pass_through(app)
    if given.proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=given.proxies, x_proto=0)  # type: ignore[method-assign]
    api = ProblemApi(app)
    tell_problems(app)
    for subject in SUBJECTS:
        api.register_blueprint(subject)
    app.register_blueprint(pages)
    return app


class LazyApp:
    """A WSGI application that is made when first called."""

    def __init__(self, make: Callable[[], Flask]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._made: Flask | None = None

    def warm(self) -> Flask:
        """Make the application now; raise ``Misconfigured`` when the environment lacks something."""
        with self._lock:
            if self._made is None:
                self._made = self._make()
            return self._made

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request."""
        return (self._made or self.warm())(environ, start_response)


def _from_environment() -> Flask:
    logs.configure("gateway", os.environ.get("SIPBUN_LOG_LEVEL") or "info")
    return create_app(ports())


app = LazyApp(_from_environment)
