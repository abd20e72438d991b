"""Fields and answers that the subjects of rooms share: spans, opening hours, minutes, codes of equipment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import fields, validate

from services.gateway.api.common import id_field, instant, next_page, text, whole
from services.gateway.problems import in_words
from services.gateway.subject import Body, Told

MODES = ("instant", "approval")
APPROVERS = ("calendar", "person")


def choice(*values: str, required: bool = False, **metadata: str) -> fields.String:
    """Return a field that is one of these."""
    return fields.String(required=required, validate=validate.OneOf(values), metadata=metadata)


def codes(most: int = 40, **metadata: Any) -> fields.List[Any]:
    """Return a field for codes of equipment or accessibility."""
    return fields.List(text(60), validate=validate.Length(max=most), metadata=metadata)


def minutes(**metadata: str) -> fields.Integer:
    """Return a field for minutes that a service bounds."""
    return fields.Integer(strict=True, metadata={"description": "분 · minutes", **metadata})


class Asked(Body):
    """A half-open span of a space: 10:00-12:00 and 12:00-14:00 do not overlap."""

    start = instant(example="2026-12-01T10:00:00+09:00")
    end = instant(example="2026-12-01T12:00:00+09:00")


class AskedFor(Asked):
    """A span, and who pays for whom."""

    subscription_id = id_field(required=False, description="차감할 구독 · the subscription that it is charged to")
    resident_id = id_field(required=False, description="비우면 본인 · whoever asks when absent")


class Span(Told):
    """A half-open span."""

    start = fields.String()
    end = fields.String()


class Window(Body):
    """Open from, until; what passes midnight goes on to ``48:00``."""

    open = text(5, example="09:00")
    close = text(5, example="18:00")


def windows(**options: Any) -> fields.List[Any]:
    """Return a field for the windows of one day; none: closed."""
    return fields.List(fields.Nested(Window), validate=validate.Length(max=6), **options)


def week(*, required: bool = False, allow_none: bool = False) -> fields.List[Any]:
    """Return a field for the week, Monday first."""
    return fields.List(
        windows(),
        required=required,
        allow_none=allow_none,
        validate=validate.Length(equal=7),
        metadata={"description": "월요일부터 · Monday first"},
    )


class Address(Body):
    """An address; 시도, 시군구 and 동 come from the point."""

    road_address = text(300, example="광주광역시 광산구 첨단중앙로 1")
    detail = fields.String(validate=validate.Length(max=200))
    jibun = fields.String(validate=validate.Length(max=300), metadata={"description": "지번 주소"})
    building_name = fields.String(validate=validate.Length(max=120))
    zip = fields.String(validate=validate.Regexp(r"^(\d{5})?$", error="Five digits."))


class Policy(Body):
    """How a facility wants its bookings treated: what is not given stays. Minutes unless said otherwise."""

    stale = choice("closed", "tentative", description="달력이 오래되면 · when its calendar was not read in time")
    freshness_minutes = minutes()
    alarm_minutes = minutes()
    conflict = choice("facility_first", "ask", description="겹치면 · when its own entry lies over a booking")
    case_minutes = minutes()
    answer_minutes = minutes()
    free_until = minutes(description="이 시간 전까지는 무료 취소 · given back for nothing until so long before")
    forfeit_percent = whole(0, 100, required=False)
    check_in_needed = fields.Boolean(truthy={True}, falsy={False})
    check_in_opens = minutes()
    check_in_grace = minutes()
    offer_minutes = minutes()


class Limits(Body):
    """How long, how soon, how far ahead and how often: what is not given stays."""

    min_minutes = minutes()
    max_minutes = minutes()
    step_minutes = minutes()
    notice_minutes = minutes()
    horizon_days = fields.Integer(strict=True)
    most_active = fields.Integer(strict=True)


class Freshness(Told):
    """When the facility's own calendar was last read; nulls where there is none to read."""

    calendar_read_at = fields.String(allow_none=True)
    fresh = fields.Boolean(allow_none=True)


class Refusal(Told):
    """A rule that objects within an answer, in the words that a problem would have."""

    code = fields.String()
    field = fields.String(allow_none=True)
    values = fields.Dict(keys=fields.String())
    title = fields.String()
    detail = fields.String()
    fix = fields.String()
    title_en = fields.String()
    detail_en = fields.String()
    fix_en = fields.String()


def worded(error: Mapping[str, Any]) -> dict[str, Any]:
    """Return an objection that a service told within an answer, with its words."""
    field = error.get("field", error.get("column"))
    return {**error, **in_words(error["code"], field, error.get("values") or {})}


class Paged(Told):
    """A page of a list."""

    cursor = next_page()
