"""What crosses the RPC door of doors."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from services.spaces.schemas import Command, an_id


class Show(Schema):
    """Which room's code; ``address`` is the page that the picture leads to."""

    space_id = an_id()
    address = fields.String(load_default="", validate=validate.Length(max=300))


class Change(Command):
    """Which room shows other codes from now on."""

    space_id = an_id()
