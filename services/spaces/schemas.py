"""What every subject's RPC schemas are made of. Instants are RFC 3339 with an offset."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from marshmallow import Schema, fields, validate

from shared.events.contract import PRINTABLE

#: An id is a part of other ids (``root:day``, ``feed/uid``): these would make two of them look alike.
PLAIN = validate.Regexp(r"^[^:/\s]+$", error="Without colon, slash or blank.")
#: Instants that can be reckoned with: at the ends of the calendar, an hour later or another time zone has no date.
REACHABLE = validate.Range(
    datetime(1970, 1, 1, tzinfo=UTC), datetime(2900, 1, 1, tzinfo=UTC), error="From 1970 to 2899."
)


class Command(Schema):
    """Every command names itself, so that a repeat is recognised."""

    act_id = fields.String(required=True, validate=[validate.Length(min=1, max=200), PRINTABLE])


def an_id(longest: int = 160, **options: Any) -> fields.String:
    """Return a required id."""
    return fields.String(required=True, validate=[validate.Length(min=1, max=longest), PRINTABLE], **options)


def new_id(longest: int = 80) -> fields.String:
    """Return the required id of what a command creates; it becomes a part of other ids."""
    return fields.String(required=True, validate=[validate.Length(min=1, max=longest), PLAIN, PRINTABLE])


def new_booking_id(longest: int = 80) -> fields.String:
    """Return the required id of a booking or series to make: never like a wish's, whose claim lies beside its own."""
    rules = [validate.Length(min=1, max=longest), PLAIN, PRINTABLE, validate.Regexp(r"^(?!wsh-)", error="Not wsh-...")]
    return fields.String(required=True, validate=rules)


def maybe_id(longest: int = 160) -> fields.String:
    """Return an id that may be left out."""
    return fields.String(
        load_default=None, allow_none=True, validate=[validate.Length(min=1, max=longest), PRINTABLE]
    )


def instant() -> fields.AwareDateTime:
    """Return a required instant with an offset."""
    return fields.AwareDateTime(required=True, format="iso", validate=REACHABLE)
