"""Residents in the collection ``residents``: one document a person, everything that rests on their consents in it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from services.residents.interests.model import Interest
from services.residents.registry.model import Consent, Resident
from shared.clock import Clock
from shared.geo import Point
from shared.mongo.aggregates import INDEXES, Aggregates
from shared.mongo.port import Collection, Database, Document, Index
from shared.serial import Serial

SOURCE = "/sipbun/residents/registry"
#: Residents with interests stand on this many shelves, so that a reach index loads them by equality on an index, page
#: by page: ranges and sorts over everything are slow on a small engine, and one answer would not fit in memory.
SHELVES = 256
#: What reach needs to know of a resident: neither the name, nor the address, nor the home.
_FOR_REACH = ("tenant", "registered_at", "consents", "interests")


class ResidentCodec:
    """Resident <-> document."""

    def to_document(self, resident: Resident) -> Document:
        """Return the fields to keep."""
        document: Document = {
            "name": resident.name,
            "registered_at": resident.registered_at,
            "consents": [vars(consent).copy() for consent in resident.consents],
            "interests": [_interest_row(interest) for interest in resident.interests],
        }
        kept = {
            "mail": resident.mail,
            "home": None if resident.home is None else {"lat": resident.home.lat, "lon": resident.home.lon},
            "left_at": resident.left_at,
            "salt": resident.salt,
            "due": resident.due(),
            "shelf": shelf_of(resident.id) if resident.interests else None,
        }
        return {**document, **{name: value for name, value in kept.items() if value is not None}}

    def from_document(self, document: Document) -> Resident:
        """Return the resident, also from a document without the fields that only the registry reads."""
        home = document.get("home")
        return Resident(
            id=document["_id"],
            tenant=document["tenant"],
            name=document.get("name", ""),
            registered_at=document["registered_at"],
            mail=document.get("mail"),
            consents=tuple(Consent(**row) for row in document["consents"]),
            home=None if home is None else Point(**home),
            interests=tuple(_interest(row) for row in document["interests"]),
            left_at=document.get("left_at"),
            salt=document.get("salt"),
        )


def _interest_row(interest: Interest) -> dict[str, Any]:
    return {
        "id": interest.id,
        "lat": interest.centre.lat,
        "lon": interest.centre.lon,
        "topics": list(interest.topics),
        "radius": interest.radius,
        "until": interest.until,
    }


def _interest(row: dict[str, Any]) -> Interest:
    return Interest(row["id"], Point(row["lat"], row["lon"]), tuple(row["topics"]), row["radius"], row["until"])


#: Residents with interests who are read in one question; more of them are read shelf by shelf.
AT_ONCE = 2_000


def shelf_of(resident_id: str) -> int:
    """Return the shelf a resident with interests stands on, 0 to ``SHELVES`` - 1."""
    return hashlib.sha256(resident_id.encode()).digest()[0]


class Residents(Aggregates[Resident]):
    """Everybody who registered."""

    def __init__(self, collection: Collection, *, clock: Clock, serial: Serial) -> None:
        super().__init__(collection, ResidentCodec(), source=SOURCE, clock=clock, serial=serial)

    def prepare(self) -> None:
        """Make the indexes."""
        self.collection.ensure([*INDEXES, Index(("due",), where_exists="due"), Index(("shelf",), where_exists="shelf")])

    def reachable_by_mail(self, ids: Sequence[str]) -> list[Resident]:
        """Return those of the residents who may be written to, with their consents and address, in one question."""
        found = self._some({"_id": {"$in": list(ids)}}, (*_FOR_REACH, "mail"))
        return [resident for resident in found if resident.may_be_written_to()]

    def for_reach(self, ids: Sequence[str]) -> list[Resident]:
        """Return those residents with what reach needs to know of them."""
        return self._some({"_id": {"$in": list(ids)}}, _FOR_REACH)

    def with_interests(self) -> Iterator[list[Resident]]:
        """Yield all residents with interests, with what reach needs of them: a small town at once, else by shelf."""
        few = self.collection.find({"shelf": {"$gte": 0}}, [*_FOR_REACH, "version", "tombstone"], limit=AT_ONCE + 1)
        if len(few) <= AT_ONCE:
            yield [self.read(document) for document in few if not document.get("tombstone")]
            return
        for shelf in range(SHELVES):
            yield self._some({"shelf": shelf}, _FOR_REACH)

    def with_interests_over(self, now: datetime, most: int) -> list[Resident]:
        """Return residents with an interest that has ended and is still there."""
        return [self.read(document) for document in self.collection.find({"due": {"$lte": now}}, limit=most)]

    def _some(self, query: Document, fields: Sequence[str]) -> list[Resident]:
        documents = self.collection.find(query, [*fields, "version", "tombstone"])
        return [self.read(document) for document in documents if not document.get("tombstone")]


def residents(database: Database, *, clock: Clock, serial: Serial) -> Residents:
    """Return the residents kept in the service's database."""
    return Residents(database.collection("residents"), clock=clock, serial=serial)
