"""Fields and answers that several subjects share."""

from __future__ import annotations

import re
from typing import Any

from marshmallow import ValidationError, fields, validate

from services.gateway.subject import Body, Told

#: A number in a query string: nothing that only a program reads as one, such as ``1_0``, `` 5`` or full-width digits.
_DIGITS = re.compile(r"-?[0-9]{1,18}")
_DECIMAL = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,30})?")


class PlainInteger(fields.Integer):
    """A whole number; as text, in plain digits."""

    def _validated(self, value: Any) -> Any:
        if isinstance(value, str) and not _DIGITS.fullmatch(value):
            raise self.make_error("invalid", input=value)
        return super()._validated(value)


class PlainFloat(fields.Float):
    """A number; as text, in plain digits with a point."""

    def _validated(self, value: Any) -> Any:
        if isinstance(value, str) and not _DECIMAL.fullmatch(value):
            raise self.make_error("invalid", input=value)
        return super()._validated(value)


def _has_an_address(value: str) -> None:
    """Raise ``ValidationError`` for an id that no path can hold."""
    if not value.isprintable() or "/" in value or value in (".", ".."):
        raise ValidationError("Without slash and control characters.")


#: Ids are names: a service checks what they mean.
_ID = (validate.Length(min=1, max=200), _has_an_address)


def id_field(*, required: bool = True, **metadata: Any) -> fields.String:
    """Return a field for an id."""
    return fields.String(required=required, validate=_ID, metadata=metadata)


def text(most: int, *, required: bool = True, **metadata: Any) -> fields.String:
    """Return a field for a text of 1 to ``most`` characters."""
    return fields.String(required=required, validate=validate.Length(min=1, max=most), metadata=metadata)


def whole(least: int, most: int, *, required: bool = True, **metadata: Any) -> fields.Integer:
    """Return a field for a whole number; in a body ``"3"`` and ``3.0`` are refused."""
    return fields.Integer(
        required=required, strict=True, validate=validate.Range(min=least, max=most), metadata=metadata
    )


def counted(least: int, most: int, **metadata: Any) -> fields.Integer:
    """Return a field for a whole number in a query string."""
    return PlainInteger(validate=validate.Range(min=least, max=most), metadata=metadata)


def latitude(*, required: bool = True) -> fields.Float:
    """Return a field for degrees north."""
    return PlainFloat(required=required, validate=validate.Range(min=-90, max=90), metadata={"example": 35.1395})


def longitude(*, required: bool = True) -> fields.Float:
    """Return a field for degrees east."""
    return PlainFloat(required=required, validate=validate.Range(min=-180, max=180), metadata={"example": 126.7937})


def instant(*, required: bool = True, **metadata: Any) -> fields.String:
    """Return a field for an instant, RFC 3339 with an offset; it travels as text and the service reads it."""
    return fields.String(
        required=required, validate=validate.Length(min=1, max=40), metadata={"format": "date-time", **metadata}
    )


def day(*, required: bool = False, **metadata: Any) -> fields.String:
    """Return a field for a calendar day, ``YYYY-MM-DD``, KST."""
    return fields.String(
        required=required,
        validate=validate.Regexp(r"^\d{4}-\d{2}-\d{2}$", error="Not a day such as 2026-11-22."),
        metadata={"format": "date", **metadata},
    )


def lang() -> fields.String:
    """Return the field of the language that a text is told in."""
    return fields.String(
        validate=validate.OneOf(["ko", "en"]), metadata={"description": "글의 언어, 기본 ko · language of the text"}
    )


def next_page() -> fields.String:
    """Return the field of the cursor that an answer tells."""
    return fields.String(
        allow_none=True,
        metadata={"description": "다음 쪽을 물을 때 그대로 · ask with it for the next page; null at the end"},
    )


class Reason(Body):
    """Why."""

    reason = text(200, example="시설 사정")


class Nothing(Body):
    """An act that needs no body."""


class OpeningState(Told):
    """Where an opening stands after an act."""

    opening_id = fields.String()
    state = fields.String()
    version = fields.Integer()


class ApplicationState(Told):
    """Where an application stands after an act."""

    application_id = fields.String()
    state = fields.String()
    attempt = fields.Integer()


class OpenOffer(Told):
    """A place that is offered: confirm it in time or lose it."""

    until = fields.String()
    rank = fields.Integer(allow_none=True)


class Application(ApplicationState):
    """An application, as its officer or its resident sees it."""

    opening_id = fields.String()
    resident_id = fields.String()
    submitted_at = fields.String()
    reason = fields.String(allow_none=True)
    why = fields.Dict(
        keys=fields.String(), allow_none=True, metadata={"description": "어느 한도 때문인지 · which limit objected, in words"}
    )
    proxy = fields.String(allow_none=True)
    waiting = fields.Boolean()
    offer = fields.Nested(OpenOffer, allow_none=True)


class Applications(Told):
    """Applications, oldest first."""

    applications = fields.List(fields.Nested(Application))
    cursor = next_page()


class InWords(Told):
    """A code in words that people read."""

    title = fields.String()
    detail = fields.String()
    title_en = fields.String()
    detail_en = fields.String()


class WhichPage(Body):
    """Which page of a list, and how long."""

    limit = counted(1, 200)
    cursor = text(500, required=False)
