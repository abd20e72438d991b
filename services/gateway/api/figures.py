"""Figures (통계): by programme, district and month, with two clocks; as files; and the archive of facts behind them."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from flask import Response
from marshmallow import fields, validate

from services.gateway.api.common import counted, day, id_field, instant, next_page, text
from services.gateway.api.rooms import choice
from services.gateway.api.work import as_file, in_type
from services.gateway.asking import LONG, ask
from services.gateway.problems import Problem
from services.gateway.subject import Body, Subject, Told
from shared.errors import Unavailable

SERVICE = "statistics_figures"
#: By table: what is counted, and the ratios of it.
COUNTS: Mapping[str, tuple[str, ...]] = {
    "jobs": (
        *("places", "applications", "filled", "openings", "openings_filled"),
        *("offers", "offers_lapsed", "waitlisted", "ranked"),
    ),
    "rooms": (
        *("bookings", "booked_minutes", "used_minutes", "no_shows", "displaced", "seats_taken", "seats_left"),
        *("open_minutes", "facility_minutes", "idle_minutes", "occupied_minutes"),
    ),
    "programmes": (
        *("target_jobs", "target_people", "target_trained", "target_sessions", "target_sites"),
        *("appropriated", "paid", "returned", "agreements_signed", "agreements_ended"),
    ),
    "attendance": (
        *("settled", "worked", "partly", "absent", "excused"),
        *("planned_minutes", "worked_minutes", "corrections", "completed"),
    ),
    "pay": (
        *("earned", "payable", "held_back", "recovered", "lines", "batches", "filed", "paid", "returned"),
        *("payments", "payments_returned"),
    ),
    "groups": ("applications", "placed", "completed"),
    "trust": (
        *("opened", "given_by_resident", "given_by_host", "revealed"),
        *("appeals", "appeals_upheld", "appeals_rejected"),
    ),
    "proposals": ("submitted", "withdrawn", "reviewed", "selected", "rejected"),
}
RATIOS: Mapping[str, tuple[str, ...]] = {
    "jobs": ("competition",),
    "rooms": ("occupancy", "idle_use"),
    "attendance": ("attended",),
}
#: What a table can be told by beside programme, district and month; groups always are.
PARTS = ("plan", "call", "group")
FORMATS = ("csv", "xlsx", "json")
#: What a file may be, as the OpenAPI page says it.
A_FILE = in_type(
    "text/csv",
    {"type": "string", "format": "binary"},
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/json",
)
#: Pages of one file, of 300 rows each; and how often one is read again that changed meanwhile.
MOST_PAGES, TRIES = 20, 3
figures = Subject("figures", __name__, description="통계 · figures")


class Which(Body):
    programme_id = id_field(required=False)
    district = text(20, required=False)
    month = fields.String(
        validate=validate.Regexp(r"^\d{4}-(0[1-9]|1[0-2])$", error="Not a month such as 2026-11."),
        metadata={"description": "YYYY-MM, KST"},
    )
    through = day(description="기준일 (KST) · up to this day")
    known_at = instant(required=False, description="이 시점에 알던 값 · as known at this instant")


class WhichFigures(Which):
    about = choice(*COUNTS, description="무엇에 대한 통계인지, 기본 jobs(일자리)")
    by = choice(*PARTS, description="구독 상품(rooms), 공모(proposals), 대상 집단(groups)별로")
    limit = counted(1, 400)
    cursor = text(2000, required=False)


class WhichOutcomes(Which):
    umbrella = id_field(required=False, description="이 상위 사업과 그 아래 모두 · it and all below it")
    limit = counted(1, 400)
    cursor = text(2000, required=False)


class WhichFile(Which):
    format = choice(*FORMATS, description="기본 csv")
    about = choice(*COUNTS, "outcomes", description="기본 jobs(일자리); outcomes: 목표 대비 실적")
    by = choice(*PARTS)
    umbrella = id_field(required=False, description="outcomes 에만 · of outcomes only")


class Common(Told):
    programme_id = fields.String()
    district = fields.String(allow_none=True)
    month = fields.String()
    plan_id = fields.String(allow_none=True, metadata={"description": "by=plan 일 때 · with by=plan"})
    call_id = fields.String(allow_none=True, metadata={"description": "by=call 일 때 · with by=call"})
    group = fields.String(allow_none=True, metadata={"description": "about=groups 일 때 · with about=groups"})
    masked = fields.Boolean(metadata={"description": "5명 미만이라 가림 · fewer than 5, so not told"})


#: Every measure and ratio of every table; a row has those of the table that was asked for.
Row = Common.from_dict(
    {
        name: kind(allow_none=True, metadata={"description": f"about={about}"})
        for names, kind in ((COUNTS, fields.Integer), (RATIOS, fields.Float))
        for about, known in names.items()
        for name in known
    },
    name="FigureRow",
)


class Figures(Told):
    through = fields.String(allow_none=True)
    known_at = fields.String(allow_none=True)
    rows = fields.List(fields.Nested(Row))
    cursor = next_page()
    total = fields.Nested(Row)


class Against(Told):
    target = fields.Integer(allow_none=True, metadata={"description": "null = 자료 없음, 0 이 아님 · not known, not 0"})
    outcome = fields.Integer(allow_none=True)
    achieved = fields.Float(allow_none=True, metadata={"description": "달성률 · outcome ÷ target"})


class OutcomeRow(Against):
    programme_id = fields.String()
    parent = fields.String(allow_none=True)
    measure = fields.String()


class Outcomes(Told):
    through = fields.String(allow_none=True)
    known_at = fields.String(allow_none=True)
    rows = fields.List(fields.Nested(OutcomeRow))
    cursor = next_page()
    total = fields.Dict(keys=fields.String(), values=fields.Nested(Against))


class Counted(Told):
    events = fields.Integer()


class Archived(Told):
    events = fields.List(fields.Dict(keys=fields.String()))


class Rebuild(Body):
    tenant = id_field(required=False)


class Rebuilt(Told):
    buckets = fields.Integer()


@figures.asks("GET", "/v1/tenants/<tenant>/figures", "통계 보기", query=WhichFigures, told=Figures, anyone=True)
def show(query: dict[str, Any], tenant: str) -> Any:
    """Show what was counted of jobs, rooms, programmes, attendance, pay, groups, trust or proposals. Open to anyone."""
    return ask(SERVICE, "figures", tenant=tenant, **query)


@figures.asks(
    "GET", "/v1/tenants/<tenant>/outcomes", "목표 대비 실적", query=WhichOutcomes, told=Outcomes, anyone=True
)
def outcomes(query: dict[str, Any], tenant: str) -> Any:
    """Show targets against outcomes of a programme, of an umbrella and all below it, or of all. Open to anyone."""
    return ask(SERVICE, "outcomes", tenant=tenant, **query)


@figures.asks(
    "GET",
    "/v1/tenants/<tenant>/figures/file",
    "통계 내려받기",
    query=WhichFile,
    anyone=True,
    described=A_FILE,
)
def file(query: dict[str, Any], tenant: str) -> Response:
    """Download figures, or outcomes, as CSV, XLSX or JSON. Open to anyone. What one file cannot hold is refused."""
    pages = _read(tenant, query)
    last = pages[-1]
    answer = Response(_joined(pages), content_type=last["media_type"])
    return as_file(answer, _named(tenant, last["name"]))


def _read(tenant: str, asked: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the pages of a file; raise ``Problem`` for too many, ``Unavailable`` when facts come all the time."""
    first: dict[str, Any] = ask(SERVICE, "export", tenant=tenant, **asked)
    if first["cursor"] is None:
        return [first]
    if first["encoding"] != "text":
        raise Problem("figures_too_long", field="format", rows=first["rows"])
    for _ in range(TRIES):
        before = _total(tenant, asked)
        pages = list(_pages(tenant, asked))
        # The total stands on the last page: it must be that of all pages.
        if before == _total(tenant, asked):
            return pages
    raise Unavailable("the figures changed while they were read")


def _pages(tenant: str, asked: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    rows, after = 0, dict(asked)
    for _ in range(MOST_PAGES):
        page = ask(SERVICE, "export", tenant=tenant, **after)
        yield page
        rows, after = rows + page["rows"], {**asked, "cursor": page["cursor"]}
        if page["cursor"] is None:
            return
    raise Problem("figures_too_long", field="month", rows=rows)


def _total(tenant: str, asked: Mapping[str, Any]) -> Any:
    method = "outcomes" if asked.get("about") == "outcomes" else "figures"
    left_out = {"format", "about"} if method == "outcomes" else {"format"}
    told = {name: value for name, value in asked.items() if name not in left_out}
    return ask(SERVICE, method, tenant=tenant, limit=1, **told)["total"]


def _joined(pages: list[dict[str, Any]]) -> bytes:
    first = pages[0]
    if first["encoding"] == "base64":
        return b64decode(first["content"])
    if len(pages) == 1 or not first["media_type"].startswith("application/json"):
        return "".join(page["content"] for page in pages).encode()
    whole = [orjson.loads(page["content"]) for page in pages]
    return orjson.dumps({**whole[-1], "rows": [row for one in whole for row in one["rows"]]})


def _named(tenant: str, name: str) -> str:
    """Return ``tenant-about-through.csv``, with what else was asked for between."""
    return re.sub(r"[^\w.-]+", "-", f"{tenant}-{name.replace('_', '-')}")


@figures.asks("GET", "/v1/tenants/<tenant>/archive/count", "기록된 사실 수", told=Counted)
def count(tenant: str) -> Any:
    """Count the facts of a tenant in the archive."""
    return ask(SERVICE, "count", tenant=tenant)


@figures.asks("GET", "/v1/archive/events/<event_id>", "기록된 사실 보기", told=Archived)
def event(event_id: str) -> Any:
    """Show the archived events with an id (operator)."""
    return ask(SERVICE, "event", event_id=event_id)


@figures.asks(
    "POST", "/v1/figures/rebuild", "통계 다시 만들기", body=Rebuild, body_needed=False, told=Rebuilt, acts=False
)
def rebuild(body: dict[str, Any]) -> Any:
    """Refold the archive (operator)."""
    return ask(SERVICE, "rebuild", patience=LONG, **body)
