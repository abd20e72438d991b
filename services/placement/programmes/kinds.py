"""Kinds of programmes (사업 종류): configuration, not code. A new kind is a new row in the operator's file. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from shared.errors import Refused


@dataclass(frozen=True)
class Kind:
    """One kind. ``counts`` is what such a programme is judged by, the main measure first."""

    code: str
    ko: str
    en: str
    counts: tuple[str, ...] = ()
    #: Whether openings may be published under programmes of this kind.
    openings: bool = True


class Kinds(Protocol):
    """Where a kind is looked up."""

    def of(self, code: str, *, field: str) -> Kind:
        """Return the kind; raise ``Refused`` that names the field and the known kinds."""

    def all(self) -> tuple[Kind, ...]:
        """Return the known kinds, in the order of the file."""


@dataclass(frozen=True)
class KindTable:
    """The kinds that the operator's file names."""

    rows: Mapping[str, Kind] = field(default_factory=dict)

    def of(self, code: str, *, field: str) -> Kind:
        """Return the kind; raise ``Refused`` (``kind_unknown``) that names the field and the known kinds."""
        found = self.rows.get(code)
        if found is None:
            raise Refused("kind_unknown", field=field, kind=code, known=sorted(self.rows))
        return found

    def all(self) -> tuple[Kind, ...]:
        """Return the known kinds, in the order of the file."""
        return tuple(self.rows.values())


class AnyKind:
    """Takes every word for a kind, where no file was read: nothing is known of it, and it may have openings."""

    def of(self, code: str, *, field: str) -> Kind:  # noqa: ARG002  (the port names the field)
        """Return a kind of this code."""
        return Kind(code, code, code)

    def all(self) -> tuple[Kind, ...]:
        """Return none."""
        return ()
