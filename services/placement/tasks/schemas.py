"""What crosses the RPC door of tasks: who asks is all that is asked."""

from __future__ import annotations

from marshmallow import Schema


class Awaiting(Schema):
    """Nothing to say."""
