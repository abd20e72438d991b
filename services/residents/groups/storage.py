"""Memberships, counts and the secret that names them, each in a collection of its own in the residents' database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from services.residents.groups.model import CountNames, GroupCount, Kind, Kinds, Membership, Memberships
from shared.aggregate import Act
from shared.clock import Clock
from shared.ids import Ids
from shared.mongo.aggregates import INDEXES, Aggregates
from shared.mongo.port import Collection, Database, Document, Duplicate
from shared.serial import Serial

#: Memberships say nothing, ever.
MEMBERSHIPS_SOURCE = "/sipbun/residents/memberships"
COUNTS_SOURCE = "/sipbun/residents/groups"
_SECRET = "group_counts"  # noqa: S105  (the name of the document, not the secret)
#: The act by which a place given back leaves its mark.
_GONE = Act.own("place-given-back", "mark")
_COUNT_FIELDS = ("programme_id", "district", "group", "measure", "day", "taken_back")


class MembershipsCodec:
    """Memberships <-> document."""

    def to_document(self, memberships: Memberships) -> Document:
        """Return the fields to keep."""
        document: Document = {"groups": [vars(one).copy() for one in memberships.groups]}
        if memberships.forgotten_until is not None:
            document["forgotten_until"] = memberships.forgotten_until
        return document

    def from_document(self, document: Document) -> Memberships:
        """Return the memberships."""
        return Memberships(
            id=document["_id"],
            tenant=document["tenant"],
            groups=tuple(Membership(**row) for row in document["groups"]),
            forgotten_until=document.get("forgotten_until"),
        )


class AllMemberships(Aggregates[Memberships]):
    """Everybody's memberships."""

    named = "resident_id"

    def __init__(self, collection: Collection, *, clock: Clock, serial: Serial) -> None:
        super().__init__(collection, MembershipsCodec(), source=MEMBERSHIPS_SOURCE, clock=clock, serial=serial)

    def prepare(self) -> None:
        """Make the indexes."""
        self.collection.ensure(INDEXES)


class CountCodec:
    """GroupCount <-> document."""

    def to_document(self, count: GroupCount) -> Document:
        """Return the fields to keep."""
        return {name: getattr(count, name) for name in _COUNT_FIELDS}

    def from_document(self, document: Document) -> GroupCount:
        """Return the count."""
        fields: dict[str, Any] = {name: document[name] for name in _COUNT_FIELDS}
        return GroupCount(id=document["_id"], tenant=document["tenant"], **fields)


class GroupCounts(Aggregates[GroupCount]):
    """All counts, and marks of places given back, by names that lead to nobody."""

    def __init__(
        self, collection: Collection, secrets: Collection, *, clock: Clock, serial: Serial, ids: Ids
    ) -> None:
        super().__init__(collection, CountCodec(), source=COUNTS_SOURCE, clock=clock, serial=serial)
        self._secrets = secrets
        self._ids = ids
        self._names: CountNames | None = None

    def prepare(self) -> None:
        """Make the indexes."""
        self.collection.ensure(INDEXES)

    def names(self) -> CountNames:
        """Return what names counts. The first process to need the secret makes it; all others read that one."""
        if self._names is None:
            self._names = CountNames(str(self._secret()["secret"]).encode())
        return self._names

    def mark_gone(self, gone_id: str, tenant: str) -> None:
        """Note that a place was given back, so that its count, heard late, is taken back too; safe to repeat."""
        self.make_impossible(_GONE, gone_id, tenant=tenant, code="place_given_back")

    def is_gone(self, gone_id: str) -> bool:
        """Return whether a place was given back."""
        return self.collection.find_one({"_id": gone_id}, ["_id"]) is not None

    def _secret(self) -> Document:
        found = self._secrets.find_one({"_id": _SECRET})
        if found is not None:
            return found
        # Each id holds 80 random bits.
        fresh: Document = {"_id": _SECRET, "secret": "".join(self._ids.new("key") for _ in range(4))}
        try:
            self._secrets.insert_one(fresh)
        except Duplicate:
            made = self._secrets.find_one({"_id": _SECRET})
            assert made is not None  # noqa: S101  (it is never removed)
            return made
        return fresh


def read_kinds(file: Path) -> Kinds:
    """Return the target groups in a YAML file, by code; raise ``ValueError`` that names the row and the fix."""
    rows = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)["groups"]
    kinds: dict[str, Kind] = {}
    for number, row in enumerate(rows, start=1):
        try:
            kind = Kind(**row)
        except TypeError as error:
            raise ValueError(f"groups row {number}: {error}: give code, ko, en and basis") from error
        if kind.code in kinds:
            raise ValueError(f"groups row {number}: {kind.code} is there twice: keep one")
        kinds[kind.code] = kind
    return kinds


def memberships(database: Database, *, clock: Clock, serial: Serial) -> AllMemberships:
    """Return the memberships kept in the service's database."""
    return AllMemberships(database.collection("memberships"), clock=clock, serial=serial)


def group_counts(database: Database, *, clock: Clock, serial: Serial, ids: Ids) -> GroupCounts:
    """Return the counts kept in the service's database."""
    return GroupCounts(
        database.collection("group_counts"), database.collection("secrets"), clock=clock, serial=serial, ids=ids
    )
