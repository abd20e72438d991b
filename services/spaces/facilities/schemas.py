"""What crosses the RPC door of facilities and spaces.

Clock times are ``09:00``; a close in the night that follows goes on to ``48:00``. Days are ``YYYY-MM-DD``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate

from services.spaces.facilities.importing import LONGEST_BUFFER, MOST_CODES
from services.spaces.facilities.model import (
    APPROVAL,
    BY_CALENDAR,
    BY_PERSON,
    ENDS,
    INSTANT,
    MOST_SPACES,
    OPERATOR_KINDS,
    WHOLE_SPAN,
)
from services.spaces.facilities.tree import MOST_LEAVES
from services.spaces.facilities.values import CONFLICT, HOLIDAYS, MOST_EXCEPTIONS, MOST_WINDOWS, STALE
from services.spaces.schemas import Command, an_id, maybe_id, new_id
from shared.events.contract import PRINTABLE

_CLOCK = re.compile(r"^([0-4]\d):([0-5]\d)$")


class ClockTime(fields.Field[int]):
    """``09:30`` as minutes from midnight."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> int:
        found = _CLOCK.match(value) if isinstance(value, str) else None
        if found is None:
            raise ValidationError("Give a clock time such as 09:00; 26:00 is 02:00 of the next day.")
        return int(found[1]) * 60 + int(found[2])


class Window(Schema):
    """Open from, until."""

    open = ClockTime(required=True)
    close = ClockTime(required=True)

    @post_load
    def as_pair(self, loaded: dict[str, int], **_options: Any) -> tuple[int, int]:
        """Return minutes from midnight."""
        return loaded["open"], loaded["close"]


def _text(longest: int, least: int = 1, **options: Any) -> fields.String:
    return fields.String(validate=[validate.Length(min=least, max=longest), PRINTABLE], **options)


def _windows(**options: Any) -> fields.List[Any]:
    return fields.List(fields.Nested(Window), validate=validate.Length(max=MOST_WINDOWS), **options)


def _week(**options: Any) -> fields.List[Any]:
    return fields.List(_windows(), validate=validate.Length(equal=7), **options)


def _codes(**options: Any) -> fields.List[Any]:
    return fields.List(_text(60), validate=validate.Length(max=MOST_CODES), **options)


def _whole(low: int, high: int) -> fields.Integer:
    return fields.Integer(strict=True, validate=validate.Range(min=low, max=high))


def _degrees(most: int, **options: Any) -> fields.Float:
    return fields.Float(allow_nan=False, validate=validate.Range(min=-most, max=most), **options)


class AddressGiven(Schema):
    """An address; 시도, 시군구 and 동 come from the point."""

    road_address = _text(300, required=True)
    detail = _text(200, least=0)
    jibun = _text(300, least=0)
    building_name = _text(120, least=0)
    zip = fields.String(validate=validate.Regexp(r"^(\d{5})?$", error="Five digits."))


class PolicyGiven(Schema):
    """What is not given stays as it is, or as it is by default. Minutes, unless said otherwise."""

    stale = fields.String(validate=validate.OneOf(STALE))
    freshness_minutes = fields.Integer(strict=True)
    alarm_minutes = fields.Integer(strict=True)
    conflict = fields.String(validate=validate.OneOf(CONFLICT))
    case_minutes = fields.Integer(strict=True)
    answer_minutes = fields.Integer(strict=True)
    free_until = fields.Integer(strict=True)
    forfeit_percent = fields.Integer(strict=True)
    check_in_needed = fields.Boolean(truthy={True}, falsy={False})
    check_in_opens = fields.Integer(strict=True)
    check_in_grace = fields.Integer(strict=True)
    offer_minutes = fields.Integer(strict=True)


class LimitsGiven(Schema):
    """What is not given stays as it is, or as it is by default."""

    min_minutes = fields.Integer(strict=True)
    max_minutes = fields.Integer(strict=True)
    step_minutes = fields.Integer(strict=True)
    notice_minutes = fields.Integer(strict=True)
    horizon_days = fields.Integer(strict=True)
    most_active = fields.Integer(strict=True)


class FacilityAct(Command):
    """An act on one facility."""

    facility_id = an_id()


class OpenFacility(Command):
    """A facility to put into the register."""

    facility_id = new_id()
    tenant = an_id(80)
    district = _text(20, required=True)
    programme_id = an_id()
    name = _text(120, required=True)
    kind = _text(60, required=True)
    operator_kind = fields.String(validate=validate.OneOf(OPERATOR_KINDS))
    address = fields.Nested(AddressGiven, required=True)
    lat = _degrees(90, required=True)
    lon = _degrees(180, required=True)
    contact = _text(120, least=0)
    managers = fields.List(an_id(), validate=validate.Length(max=50))
    weekly = _week()
    holidays = fields.String(validate=validate.OneOf(HOLIDAYS))
    policy = fields.Nested(PolicyGiven)


class ChangeFacility(FacilityAct):
    """What is to change; what is not given stays."""

    district = _text(20)
    programme_id = _text(160)
    name = _text(120)
    kind = _text(60)
    operator_kind = fields.String(validate=validate.OneOf(OPERATOR_KINDS))
    address = fields.Nested(AddressGiven)
    lat = _degrees(90)
    lon = _degrees(180)
    contact = _text(120, least=0)
    managers = fields.List(an_id(), validate=validate.Length(max=50))


class SetPolicy(FacilityAct, PolicyGiven):
    """How bookings are treated from now on."""


class SetHours(FacilityAct):
    """Opening hours of a facility, or with ``space_id`` of one space: null is the facility's again."""

    weekly = _week(required=True, allow_none=True)
    holidays = fields.String(validate=validate.OneOf(HOLIDAYS))
    space_id = maybe_id()


class ExceptionalDay(Schema):
    """A day with other hours; no windows: closed."""

    day = fields.Date(required=True, format="iso")
    windows = _windows(load_default=list)
    reason = _text(120, required=True)


class SetExceptions(FacilityAct):
    """All exceptional days from now on."""

    exceptions = fields.List(
        fields.Nested(ExceptionalDay), required=True, validate=validate.Length(max=MOST_EXCEPTIONS)
    )


class SpaceGiven(Schema):
    """What a space is."""

    capacity = _whole(0, 100_000)
    equipment = _codes()
    accessibility = _codes()
    before_minutes = _whole(0, LONGEST_BUFFER)
    after_minutes = _whole(0, LONGEST_BUFFER)
    mode = fields.String(validate=validate.OneOf((INSTANT, APPROVAL)))
    approver = fields.String(validate=validate.OneOf((BY_CALENDAR, BY_PERSON)))
    limits = fields.Nested(LimitsGiven)
    hours_apply = fields.String(validate=validate.OneOf((WHOLE_SPAN, ENDS)))
    plan_needed = fields.Boolean(truthy={True}, falsy={False})


class OpenSpace(FacilityAct, SpaceGiven):
    """A space to open: a root, or with ``parent_id`` a part; ``leaves`` names the parts of a middle level."""

    space_id = new_id()
    name = _text(120, required=True)
    kind = _text(60, required=True)
    parent_id = maybe_id()
    leaves = fields.List(new_id(), validate=validate.Length(max=MOST_LEAVES))
    weekly = _week(allow_none=True)


class SpaceAct(Command):
    """An act on one space."""

    space_id = an_id()


class ChangeSpace(SpaceAct, SpaceGiven):
    """What is to change; what is not given stays."""

    name = _text(120)
    kind = _text(60)


class OneFacility(Schema):
    """Which facility."""

    facility_id = an_id()


class OneSpace(Schema):
    """Which space."""

    space_id = an_id()


class HoursOfDays(OneSpace):
    """Which days of a space, both included."""

    first = fields.Date(required=True, format="iso")
    last = fields.Date(required=True, format="iso")


class _Page(Schema):
    tenant = an_id(80)
    limit = fields.Integer(strict=True)
    cursor = fields.String(allow_none=True)


class ListFacilities(_Page):
    """A page of a tenant's facilities."""

    kind = _text(60, allow_none=True)


class ListSpaces(_Page):
    """A page of spaces."""

    facility_id = maybe_id()
    kind = _text(60, allow_none=True)


class FindByAddress(Schema):
    """Words of a name or an address."""

    tenant = an_id(80)
    text = _text(200, required=True)
    limit = fields.Integer(strict=True)


class ImportRows(Command):
    """A file (base64 of CSV or XLSX) or parsed rows; ``first_row`` continues where the last answer stopped."""

    tenant = an_id(80)
    district = _text(20, required=True)
    programme_id = an_id()
    file = fields.String(allow_none=True)
    rows = fields.List(
        fields.Dict(keys=fields.String(), values=fields.Raw(allow_none=True)), validate=validate.Length(max=MOST_SPACES)
    )
    dry_run = fields.Boolean(truthy={True}, falsy={False})
    limit = fields.Integer(strict=True)
    first_row = fields.Integer(strict=True)
