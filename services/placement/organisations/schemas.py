"""What crosses the RPC door of organisations."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from services.placement.organisations.model import KINDS, MEASURES, OPERATOR_KINDS
from services.placement.programmes.figures import QUALIFIERS
from services.placement.programmes.schemas import CODE, COUNT, DISTRICT, TENANT, Command, worded
from shared.events.contract import PRINTABLE

NAME = worded(200)


class Register(Command):
    """A new organisation."""

    tenant = fields.String(required=True, validate=TENANT)
    code = fields.String(required=True, validate=CODE)
    name = fields.String(required=True, validate=NAME)
    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    district = fields.String(load_default=None, allow_none=True, validate=DISTRICT)
    founded_on = fields.Date(load_default=None, allow_none=True)


class OneOrganisation(Schema):
    """Which organisation."""

    organisation_id = fields.String(required=True, validate=validate.Length(min=1, max=160))


class OrganisationAct(Command, OneOrganisation):
    """An act on one organisation."""


class AddLine(OrganisationAct):
    """A business line."""

    name = fields.String(required=True, validate=NAME)
    since = fields.Date(load_default=None, allow_none=True)


class AddFacility(OrganisationAct):
    """A facility that it runs."""

    name = fields.String(required=True, validate=NAME)
    operator_kind = fields.String(required=True, validate=validate.OneOf(OPERATOR_KINDS))
    facility_id = fields.String(load_default=None, allow_none=True, validate=NAME)
    since = fields.Date(load_default=None, allow_none=True)


class NoteCount(OrganisationAct):
    """How many it had on a day; null takes the count back."""

    measure = fields.String(required=True, validate=validate.OneOf(MEASURES))
    value = fields.Integer(required=True, allow_none=True, strict=True, validate=COUNT)
    qualifier = fields.String(load_default="exact", validate=validate.OneOf(QUALIFIERS))
    as_of = fields.Date(required=True)
    source = fields.String(required=True, validate=[validate.Length(min=1, max=300), PRINTABLE])


class ReadOrganisation(OneOrganisation):
    """An organisation with its counts up to a day."""

    on = fields.Date(allow_none=True)


class ListOrganisations(Schema):
    """A tenant's organisations."""

    tenant = fields.String(required=True, validate=validate.Length(min=1, max=160))
    kind = fields.String(allow_none=True)
    district = fields.String(allow_none=True)
    limit = fields.Integer(strict=True)
    cursor = fields.String(allow_none=True)


class ListCounts(OneOrganisation):
    """The series of one measure."""

    measure = fields.String(required=True, validate=validate.OneOf(MEASURES))
    limit = fields.Integer(strict=True)
    cursor = fields.String(allow_none=True)
