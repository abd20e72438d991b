"""Whether the gateway lives, whether the town behind it answers, and its figures for Prometheus."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from flask import Response, current_app
from marshmallow import fields
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest, multiprocess

from services.gateway.api.work import TEXT, in_type
from services.gateway.asking import at
from services.gateway.ports import Ports
from services.gateway.subject import Subject, Told
from shared.errors import Unavailable
from shared.messaging.rpc import NotUnderstood

health = Subject("health", __name__, description="상태 · health")

#: The nameko class asked for each service; any answer of its queue is a round trip.
SERVICES = (
    "placement_openings",
    "placement_participation",
    "placement_attendance",
    "placement_allowance",
    "placement_batches",
    "placement_trust",
    "placement_tasks",
    "placement_programmes",
    "placement_organisations",
    "placement_calls",
    "placement_proposals",
    "placement_agreements",
    "placement_budgets",
    "placement_tenants",
    "spaces_facilities",
    "spaces_idle",
    "spaces_plans",
    "spaces_seats",
    "spaces_bookings",
    "spaces_waiting",
    "spaces_cases",
    "spaces_conduct",
    "spaces_agreement",
    "spaces_calendars",
    "residents_registry",
    "residents_interests",
    "residents_accounts",
    "residents_groups",
    "notifications_letters",
    "statistics_figures",
)
#: Seconds one round trip may take.
PATIENCE = 2.0
#: Seconds a verdict is kept, so that asking for it often is cheap.
KEPT_FOR = 1.0
#: A method no service has: "no such method" comes from the service itself and touches nothing.
PROBE = "are_you_there"


class Alive(Told):
    alive = fields.Boolean()


class Ready(Told):
    ready = fields.Boolean()
    broker = fields.Boolean()
    services = fields.Dict(keys=fields.String(), values=fields.Boolean())
    waiting_for = fields.List(fields.String())


@health.asks("GET", "/healthz", "살아 있음", told=Alive, anyone=True)
def healthz() -> Any:
    """Say that this process runs."""
    return {"alive": True}


@health.asks("GET", "/readyz", "준비됨", told=Ready, anyone=True)
def readyz() -> Any:
    """Ask the broker and every service; 503 names what is missing."""
    verdict = _kept_verdict()
    return verdict, 200 if verdict["ready"] else 503, {"Cache-Control": "no-store"}


@health.asks("GET", "/metrics", "지표", anyone=True, described=in_type("text/plain", TEXT))
def metrics() -> Response:
    """Show Prometheus metrics: of every worker where gunicorn runs several."""
    registry: CollectorRegistry = REGISTRY
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _kept_verdict() -> dict[str, Any]:
    until, verdict = current_app.extensions.get("sipbun_ready", (0.0, {}))
    if time.monotonic() >= until:
        verdict = _verdict(at())
        current_app.extensions["sipbun_ready"] = (time.monotonic() + KEPT_FOR, verdict)
    return dict(verdict)


def _verdict(ports: Ports) -> dict[str, Any]:
    with ThreadPoolExecutor(max_workers=len(SERVICES)) as pool:
        answers = dict(zip(SERVICES, pool.map(lambda service: _answers(ports, service), SERVICES), strict=True))
    # Any answer came through the broker; only when there is none is the broker asked for itself.
    broker = any(answers.values()) or _broker_answers(ports)
    missing = [*([] if broker else ["broker"]), *(service for service, there in answers.items() if not there)]
    return {"ready": not missing, "broker": broker, "services": answers, "waiting_for": missing}


def _broker_answers(ports: Ports) -> bool:
    try:
        ports.broker_answers()
    except Unavailable:
        return False
    return True


def _answers(ports: Ports, service: str) -> bool:
    try:
        ports.ask.call(service, PROBE, timeout=PATIENCE)
    except NotUnderstood:
        return True
    except Unavailable:
        return False
    return True
