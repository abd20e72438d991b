"""Agreements, one document each."""

from __future__ import annotations

from datetime import datetime

from services.placement.agreements.model import DRAFT, Agreement, Partner
from services.placement.programmes.storage import day_of, midnight
from shared.clock import Clock
from shared.mongo.aggregates import INDEXES, Aggregates
from shared.mongo.port import Database, Document, Index
from shared.serial import Serial

SOURCE = "/sipbun/placement/agreements"


class AgreementCodec:
    """Agreement <-> document. Days are kept as instants at midnight UTC, which is how BSON has them."""

    def to_document(self, agreement: Agreement) -> Document:
        """Return the fields to keep."""
        document: Document = {
            "programme_id": agreement.programme_id,
            "district": agreement.district,
            "title": agreement.title,
            "partners": [vars(partner).copy() for partner in agreement.partners],
            "documents": list(agreement.documents),
            "ends_on": midnight(agreement.ends_on),
            "signed_on": midnight(agreement.signed_on),
            "ended_on": midnight(agreement.ended_on),
            "reason": agreement.reason,
            "state": agreement.state,
        }
        if agreement.due is not None:
            document["due"] = agreement.due
        return document

    def from_document(self, document: Document) -> Agreement:
        """Return the agreement."""
        return Agreement(
            id=document["_id"],
            tenant=document["tenant"],
            programme_id=document["programme_id"],
            district=document["district"],
            title=document["title"],
            partners=tuple(Partner(**row) for row in document["partners"]),
            documents=tuple(document["documents"]),
            ends_on=day_of(document["ends_on"]),
            signed_on=day_of(document["signed_on"]),
            ended_on=day_of(document["ended_on"]),
            reason=document["reason"],
            state=document["state"],
        )


class Agreements(Aggregates[Agreement]):
    """All agreements."""

    named = "agreement_id"

    def prepare(self) -> None:
        """Make the indexes."""
        self.collection.ensure([*INDEXES, Index(("due",), where_exists="due"), Index(("programme_id",))])

    def overdue(self, now: datetime, most: int) -> list[str]:
        """Return the ids of agreements whose last day is over."""
        return [found["_id"] for found in self.collection.find({"due": {"$lte": now}}, ["due"], limit=most)]

    def after(self, programme_id: str, since: list[str] | None, most: int, *, drafts: bool) -> list[Agreement]:
        """Return a programme's agreements by id: those after ``since`` (id), with drafts or without."""
        found = self.collection.find({"programme_id": programme_id}, ["state"])
        ids = sorted(row["_id"] for row in found if drafts or row["state"] != DRAFT)
        wanted = [one for one in ids if since is None or one > since[0]][:most]
        known = self.get_many(wanted)
        return [known[one] for one in wanted if one in known]


def agreements(database: Database, *, clock: Clock, serial: Serial) -> Agreements:
    """Return the agreements kept in placement's database."""
    collection = database.collection("agreements")
    return Agreements(collection, AgreementCodec(), source=SOURCE, clock=clock, serial=serial)
