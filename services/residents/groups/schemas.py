"""What crosses the groups' door. A fault names the field and the fix; an unknown field is one."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from services.residents.groups.usecases import MOST
from services.residents.registry.schemas import Whose, an_act_id
from shared.events.contract import PRINTABLE


class GroupAct(Whose):
    """One resident and one group, by its code."""

    act_id = an_act_id()
    group = fields.String(required=True, validate=validate.Length(min=1, max=40, error="Give 1 to 40 characters."))


class GroupsOf(Schema):
    """Whose groups a service needs, and what for; ``reason`` such as the opening."""

    resident_ids = fields.List(
        fields.String(validate=validate.Length(min=1, max=64)),
        required=True,
        validate=validate.Length(min=1, max=MOST, error="Ask for at most {max} residents at once."),
    )
    purpose = fields.String(required=True, validate=[validate.Length(min=1, max=40), PRINTABLE])
    reason = fields.String(validate=[validate.Length(max=200), PRINTABLE])


class Belonging(GroupsOf):
    """Who belongs to one of these groups; ``officer`` who is told then, if anybody is."""

    groups = fields.List(
        fields.String(validate=validate.Length(min=1, max=60)),
        required=True,
        validate=validate.Length(min=1, max=50, error="Ask for {min} to {max} groups."),
    )
    officer = fields.String(allow_none=True, validate=[validate.Length(min=1, max=160), PRINTABLE])


class Known(Schema):
    """Nothing to say."""
