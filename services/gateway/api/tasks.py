"""Tasks (할 일): what awaits whoever asks, each with the address where it is done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from marshmallow import fields

from services.gateway.api.work import said
from services.gateway.asking import ask, caller
from services.gateway.subject import Subject, Told

SERVICE = "placement_tasks"
tasks = Subject("tasks", __name__, description="할 일 · tasks")

SHEET = "/v1/attendance/{id}"
#: Where one thing of a kind is read, and, where there is one, the list of them all.
LINKS: Mapping[tuple[str, str], tuple[str, str | None]] = {
    ("resident", "offers_to_confirm"): ("/v1/applications/{id}/why", "/v1/residents/{subject}/applications"),
    ("resident", "evaluations_owed"): ("/v1/evaluations/{id}", "/v1/evaluations/owed?side=resident"),
    ("host", "shifts_to_confirm"): (SHEET, None),
    ("host", "shifts_unclear"): (SHEET, None),
    ("host", "attendance_disputes"): (SHEET, None),
    ("host", "places_lost"): ("/v1/openings/{id}", "/v1/hosts/{subject}/openings"),
    ("host", "evaluations_owed"): ("/v1/evaluations/{id}", "/v1/evaluations/owed?side=host"),
    ("officer", "attendance_disputes"): (SHEET, "/v1/tenants/{tenant}/attendance/disputes"),
    ("officer", "shifts_unclear"): (SHEET, "/v1/tenants/{tenant}/attendance/disputes"),
    ("officer", "selections"): ("/v1/openings/{id}/applications", None),
    ("officer", "batches_to_approve"): ("/v1/batches/{id}", None),
    ("officer", "returns_to_second"): ("/v1/batches/{id}/rows", None),
    ("officer", "payments_sent_back"): ("/v1/pay-months/{id}", None),
    ("officer", "payments_contradicted"): ("/v1/batches/{id}", None),
    ("officer", "proposals_to_review"): ("/v1/proposals/{id}", None),
    ("officer", "proposals_to_decide"): ("/v1/proposals/{id}", None),
    ("officer", "evaluation_appeals"): ("/v1/evaluations/{id}", "/v1/tenants/{tenant}/evaluation-appeals"),
}


class OneTask(Told):
    id = fields.String()
    link = fields.String(metadata={"description": "이 일을 보는 주소 · where it is read"})
    until = fields.String(allow_none=True, metadata={"description": "기한 · its deadline"})
    since = fields.String(allow_none=True, metadata={"description": "기다린 때부터 · since when it has waited"})
    about = fields.String(
        metadata={"description": "일터와 날, 공고, 제안 또는 사업과 달 · workplace and day, opening, proposal, or programme and month"}
    )


class TasksOfAKind(Told):
    role = fields.String(metadata={"description": "어느 역할로서: resident, host, officer · in which role"})
    kind = fields.String()
    title = fields.String()
    detail = fields.String()
    title_en = fields.String()
    detail_en = fields.String()
    count = fields.Integer(metadata={"description": "100까지 셉니다 · counted up to 100"})
    more = fields.Boolean(metadata={"description": "더 있거나 더 있을 수 있음, 100+ · there are, or may be, more than count"})
    until = fields.String(
        allow_none=True,
        metadata={"description": "가장 가까운 기한; 없거나 다 볼 수 없으면 null · the nearest deadline; null: none, or not all were seen"},
    )
    first = fields.List(fields.Nested(OneTask), metadata={"description": "가장 급한 다섯 · the five most urgent"})
    link = fields.String(allow_none=True, metadata={"description": "모두 보는 주소 · where all of them are listed"})


class Tasks(Told):
    as_of = fields.String()
    tasks = fields.List(fields.Nested(TasksOfAKind))


@tasks.asks("GET", "/v1/tasks", "내 할 일", told=Tasks)
def awaiting() -> Any:
    """Tell what awaits the caller, by role and kind: count, nearest deadline, the most urgent (resident, host, officer)."""
    told = ask(SERVICE, "awaiting")
    return {**told, "tasks": [_linked(row) for row in told.get("tasks", ())]}


def _linked(row: Mapping[str, Any]) -> dict[str, Any]:
    one, every = LINKS[row["role"], row["kind"]]
    actor = caller()
    names = {"tenant": quote(actor.tenant, safe=""), "subject": quote(actor.subject, safe="")}
    first = [{**task, "link": one.format(id=quote(task["id"], safe=":"))} for task in row["first"]]
    return {**said("task", row, "kind"), "first": first, "link": None if every is None else every.format(**names)}
