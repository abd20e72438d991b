"""The three families of error that cross a service's door, and the one that stays behind it.

A caller gets ``Refused`` (a rule objected, or the input is wrong), ``NotFound`` or ``Conflict``. ``Unavailable`` says
that infrastructure is away: what was asked is kept and tried again, and never becomes a dead letter.
Anything else is a programming error: it is not caught, so that it is seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class CrossesTheDoor(Exception):
    """An error that a caller is told about: a code, the field at fault, and small values for the text."""

    def __init__(self, code: str, *, field: str | None = None, **values: Any) -> None:
        super().__init__(code if field is None else f"{code} ({field})")
        self.code = code
        self.field = field
        self.values: dict[str, Any] = values

    def to_wire(self) -> dict[str, Any]:
        """Return ``{"family", "code", "field", "values"}``, JSON-ready."""
        return {"family": type(self).__name__, "code": self.code, "field": self.field, "values": self.values}


class Refused(CrossesTheDoor):
    """A rule objected; ``code`` names the rule and a catalogue holds its Korean and English text."""


class NotFound(CrossesTheDoor):
    """There is no such thing, or the caller may not know of it."""


class Conflict(CrossesTheDoor):
    """Others kept changing the same thing; nothing was done, and asking again is safe."""


class Unavailable(Exception):
    """The broker, the database or another service doesn't answer; whether the last write was done is not known."""


#: By the name that travels in an error reply.
FAMILIES: dict[str, type[CrossesTheDoor]] = {family.__name__: family for family in (Refused, NotFound, Conflict)}


def from_wire(told: Mapping[str, Any]) -> CrossesTheDoor:
    """Rebuild the error that ``to_wire`` described; an unknown family is read as ``Refused``."""
    family = FAMILIES.get(str(told.get("family")), Refused)
    return family(str(told.get("code")), field=told.get("field"), **dict(told.get("values") or {}))
