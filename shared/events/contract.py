"""A contract: one type of event in one version, with the schema of its data and a sample.

Writing is strict: a fact that breaks its own contract is a programming error and is never saved. Reading is tolerant:
unknown fields are ignored, so that a publisher may add fields. A changed meaning is a new version; a name is never
used again for something else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from marshmallow import EXCLUDE, RAISE, Schema, ValidationError, fields, missing, validate

from shared.aggregate import Fact
from shared.clock import from_iso

#: ``<publisher>.<subject>.<past_tense>``, each in lower case.
NAME = re.compile(r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*){2,3}$")


class ContractBroken(Exception):
    """The data does not keep its contract; the message names the field and what it must be."""


@dataclass(frozen=True)
class Contract:
    """``name`` such as ``placement.opening.filled``; ``schema`` of the data; ``sample`` that must pass it.

    ``publisher`` is our own service (the first part of the name), or an outside system with its own prefix.
    """

    name: str
    version: int
    schema: type[Schema]
    sample: Mapping[str, Any]
    #: Reverse-DNS prefix of the CloudEvents type.
    prefix: str = "kr.sipbun"
    _reader: Schema = field(init=False, repr=False, compare=False)
    _writer: Schema = field(init=False, repr=False, compare=False)
    #: The reader's fields by their key in the data, or nothing when the schema does more than look at each field.
    _fields: tuple[tuple[str, fields.Field[Any]], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not NAME.match(self.name):
            raise ValueError(f"{self.name!r}: an event is named <publisher>.<subject>.<past_tense>")
        object.__setattr__(self, "_reader", _tolerant(self.schema(unknown=EXCLUDE)))
        object.__setattr__(self, "_writer", self.schema(unknown=RAISE))
        reader = self._reader
        # marshmallow has no public way to ask whether a schema has hooks.
        hooked = any(reader._hooks.values())  # noqa: SLF001
        named = () if hooked else tuple((one.data_key or name, one) for name, one in reader.load_fields.items())
        object.__setattr__(self, "_fields", named)

    @property
    def publisher(self) -> str:
        """The service, or the outside system, that alone may say this."""
        return self.name.partition(".")[0]

    @property
    def type(self) -> str:
        """The CloudEvents type."""
        return f"{self.prefix}.{self.name}.v{self.version}"

    @property
    def routing_key(self) -> str:
        """The AMQP routing key: the type without its reverse-DNS prefix."""
        return f"{self.name}.v{self.version}"

    def fact(self, **data: Any) -> Fact:
        """Return the fact; raise ``ContractBroken`` when a field is missing, unknown or wrong."""
        faults = self._writer.validate(data)
        if faults:
            raise ContractBroken(f"{self.type}: {_first(faults)}")
        return Fact(self.type, data)

    def read(self, data: Any) -> dict[str, Any]:
        """Return the data this contract knows of; raise ``ContractBroken``."""
        try:
            loaded: dict[str, Any] = self._reader.load(data)
        except ValidationError as error:
            raise ContractBroken(f"{self.type}: {_first(error.messages)}") from error
        return loaded

    def check(self, data: Any) -> None:
        """Raise ``ContractBroken`` unless ``read`` would take the data; half the time of ``read``, which makes a copy."""
        if self._fields and isinstance(data, dict):
            try:
                for name, one in self._fields:
                    one.deserialize(data.get(name, missing), name, data)
            except ValidationError:
                # Said below, in the words of the whole schema.
                pass
            else:
                return
        self.read(data)


def _tolerant(schema: Schema) -> Schema:
    """Return the schema, ignoring unknown fields in nested objects too: marshmallow doesn't hand ``unknown`` down."""
    for field_ in schema.fields.values():
        inner = field_.inner if isinstance(field_, fields.List) else field_
        if isinstance(inner, fields.Nested):
            inner.unknown = EXCLUDE
            _tolerant(inner.schema)
    return schema


def _first(faults: Any, path: str = "data") -> str:
    """Return ``data.place.lat: Not a valid number.`` for marshmallow's nested messages."""
    while isinstance(faults, Mapping):
        key, faults = next(iter(faults.items()))
        path = path if key == "_schema" else f"{path}.{key}"
    return f"{path}: {faults[0] if isinstance(faults, list) and faults else faults}"


# The vocabulary of fields. Strings have a bound: an event is ids and small values.


#: An id is printed, logged and used as a key: what can't be seen does not belong in it.
PRINTABLE = validate.Regexp(r"\A[^\x00-\x1f\x7f]*\Z", error="Give no control characters.")
#: Above this not every JSON reader keeps a whole number exactly (RFC 8259, section 6).
LARGEST = 2**53 - 1


def name_of_id(**options: Any) -> fields.String:
    """Return an id, 1 to 200 characters."""
    return fields.String(required=True, validate=[validate.Length(min=1, max=200), PRINTABLE], **options)


def short(length: int = 200, **options: Any) -> fields.String:
    """Return a required string of at most ``length`` characters."""
    return fields.String(required=True, validate=validate.Length(max=length), **options)


def whole(least: int = 0, **options: Any) -> fields.Integer:
    """Return a required whole number, at least ``least``; ``3.0`` and ``"3"`` are refused."""
    return fields.Integer(required=True, strict=True, validate=validate.Range(min=least, max=LARGEST), **options)


def number(least: float, most: float) -> fields.Float:
    """Return a required finite number within the bounds."""
    return fields.Float(required=True, allow_nan=False, validate=validate.Range(min=least, max=most))


class InstantText(fields.Field[str]):
    """An instant as RFC 3339 text with an offset; stays text."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        try:
            from_iso(value)
        except (TypeError, ValueError) as error:
            raise ValidationError("Not an instant such as 2026-11-22T09:00:00+09:00.") from error
        return str(value)


class DayText(fields.Field[str]):
    """A calendar day, ``YYYY-MM-DD``; stays text."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        try:
            same = date.fromisoformat(value).isoformat() == value
        except (TypeError, ValueError) as error:
            raise ValidationError("Not a day such as 2026-11-22.") from error
        if not same:
            # Python also reads 20261122 and 2026-W47-7, of which nobody can take the month by its first characters.
            raise ValidationError("Not a day such as 2026-11-22.")
        return str(value)
