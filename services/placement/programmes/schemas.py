"""What crosses the RPC door of tenants, programmes and budgets."""

from __future__ import annotations

from marshmallow import INCLUDE, Schema, fields, validate

from services.placement.wages.model import FLOORS
from shared.events.contract import PRINTABLE

TENANT = validate.Regexp(r"^[a-z0-9][a-z0-9-]{1,40}$", error="2 to 41 small letters, digits and hyphens.")


class Command(Schema):
    """Every command names itself, so that a repeat is recognised."""

    act_id = fields.String(required=True, validate=[validate.Length(min=1, max=200), PRINTABLE])


class OpenTenant(Command):
    """A new tenant."""

    tenant = fields.String(required=True, validate=TENANT)
    name = fields.String(required=True, validate=validate.Length(min=1, max=80))
    rehearsal = fields.Boolean(load_default=False)


class CloseTenant(Command):
    """A tenant that takes no more acts."""

    tenant = fields.String(required=True, validate=TENANT)


class Row(Schema):
    """A programme's row; what is not named here is kept as it is."""

    class Meta:
        """Rows carry more than we read."""

        unknown = INCLUDE

    id = fields.String(required=True, validate=validate.Regexp(r"^[a-z0-9][a-z0-9-]{1,60}$"))
    name_ko = fields.String(required=True, validate=validate.Length(min=1, max=200))
    name_en = fields.String(load_default=None, allow_none=True)
    kind = fields.String(required=True)
    role = fields.String(required=True)
    parent = fields.String(load_default=None, allow_none=True)
    municipality = fields.String(load_default=None, allow_none=True)
    district = fields.String(load_default=None, allow_none=True)
    district_code = fields.String(load_default=None, allow_none=True, validate=validate.Regexp(r"^\d{5}$"))
    year = fields.Integer(load_default=None, allow_none=True)
    wage_floor = fields.String(load_default="minimum", validate=validate.OneOf(FLOORS))


class OneTenant(Schema):
    """Which tenant."""

    tenant = fields.String(required=True, validate=validate.Length(min=1, max=160))


class OneProgramme(Schema):
    """Which programme."""

    programme_id = fields.String(required=True, validate=validate.Length(min=1, max=160))


class ListProgrammes(OneTenant):
    """A tenant's programmes: of a district, on a day on which its code is valid."""

    district = fields.String(allow_none=True)
    on = fields.String(allow_none=True)


class LoadProgrammes(Schema):
    """Rows of the data, loaded into a tenant."""

    tenant = fields.String(required=True, validate=TENANT)
    programmes = fields.List(fields.Nested(Row), required=True, validate=validate.Length(min=1, max=500))


class SetWageFloor(Command):
    """Which wage a programme's openings may not go under."""

    programme_id = fields.String(required=True)
    wage_floor = fields.String(required=True, validate=validate.OneOf(FLOORS))


class SetBudget(Command):
    """A programme's ceiling in won; null is 자료 없음: none."""

    programme_id = fields.String(required=True)
    total = fields.Integer(required=True, allow_none=True, strict=True)
