"""Addresses in the collection ``addresses``, one document each. A revoked one keeps no hash, so nothing finds it."""

from __future__ import annotations

from typing import Any

from services.spaces.calendars_out.model import Address
from shared.clock import Clock
from shared.mongo.aggregates import INDEXES, Aggregates
from shared.mongo.port import Collection, Database, Document, Index
from shared.serial import Serial

SOURCE = "/sipbun/spaces/addresses"
_FIELDS = ("kind", "subject_id", "opened_at", "opened_by", "district", "renewed_at", "revoked_at")


class AddressCodec:
    """Address <-> document."""

    def to_document(self, address: Address) -> Document:
        """Return the fields to keep."""
        document: Document = {name: getattr(address, name) for name in _FIELDS}
        if address.token_hash:
            document["token_hash"] = address.token_hash
        return document

    def from_document(self, document: Document) -> Address:
        """Return the address."""
        fields: dict[str, Any] = {name: document[name] for name in _FIELDS}
        return Address(
            id=document["_id"], tenant=document["tenant"], token_hash=document.get("token_hash", ""), **fields
        )


class Addresses(Aggregates[Address]):
    """All addresses."""

    named = "address_id"

    def __init__(self, collection: Collection, *, clock: Clock, serial: Serial) -> None:
        super().__init__(collection, AddressCodec(), source=SOURCE, clock=clock, serial=serial)

    def prepare(self) -> None:
        """Make the indexes."""
        self.collection.ensure(
            [*INDEXES, Index(("token_hash",), unique=True, where_exists="token_hash"), Index(("subject_id",))]
        )

    def by_token(self, token_hash: str) -> Address | None:
        """Return the address that a token leads to, or None."""
        document = self.collection.find_one({"token_hash": token_hash})
        return None if document is None else self.read(document)

    def of_subject(self, kind: str, subject_id: str) -> list[Address]:
        """Return the addresses of a resident or a space, revoked ones included, latest first."""
        found = [self.read(document) for document in self.collection.find({"subject_id": subject_id, "kind": kind})]
        return sorted(found, key=lambda address: (address.opened_at, address.id), reverse=True)


def addresses(database: Database, *, clock: Clock, serial: Serial) -> Addresses:
    """Return the addresses kept in spaces' database."""
    return Addresses(database.collection("addresses"), clock=clock, serial=serial)
