"""Openings and applications, one document each, in placement's database."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services.placement.budgets.model import Grant
from services.placement.openings.model import (
    PENDING,
    Application,
    Opening,
    Placement,
    Shift,
    Terms,
    Workplace,
)
from shared.clock import Clock
from shared.geo import Point
from shared.mongo.aggregates import INDEXES, Aggregates
from shared.mongo.port import Collection, Database, Document, Index, Query
from shared.serial import Serial

OPENINGS_SOURCE = "/sipbun/placement/openings"
APPLICATIONS_SOURCE = "/sipbun/placement/applications"
#: What the index of nearby openings reads of each.
NEARBY_FIELDS = ("version", "tenant", "state", "place", "deadline", "ends")


class OpeningCodec:
    """Opening <-> document."""

    def to_document(self, opening: Opening) -> Document:
        """Return the fields to keep; ``ends`` is repeated for whoever reads fields only."""
        terms = opening.terms
        document: Document = {
            "programme_id": opening.programme_id,
            "district": opening.district,
            "state": opening.state,
            "round": opening.round,
            "published_at": opening.published_at,
            "title": terms.title,
            "place": {
                "name": terms.place.name,
                "address": terms.place.address,
                "lat": terms.place.point.lat,
                "lon": terms.place.point.lon,
            },
            "shifts": [{"start": shift.start, "end": shift.end} for shift in terms.shifts],
            "ends": terms.deadline if terms.rehearsal else min(terms.deadline, terms.ends),
            "places": terms.places,
            "hourly_won": terms.hourly_won,
            "mode": terms.mode,
            "deadline": terms.deadline,
            "rehearsal": terms.rehearsal,
            "placements": [vars(placement).copy() for placement in opening.placements],
            "grant": vars(opening.grant).copy(),
            "unsettled": list(opening.unsettled),
        }
        if opening.due is not None:
            document["due"] = opening.due
        return document

    def from_document(self, document: Document) -> Opening:
        """Return the opening."""
        place = document["place"]
        return Opening(
            id=document["_id"],
            tenant=document["tenant"],
            programme_id=document["programme_id"],
            district=document["district"],
            state=document["state"],
            round=document["round"],
            published_at=document["published_at"],
            terms=Terms(
                title=document["title"],
                place=Workplace(place["name"], place["address"], Point(place["lat"], place["lon"])),
                shifts=tuple(Shift(shift["start"], shift["end"]) for shift in document["shifts"]),
                places=document["places"],
                hourly_won=document["hourly_won"],
                mode=document["mode"],
                deadline=document["deadline"],
                rehearsal=document["rehearsal"],
            ),
            placements=tuple(Placement(**placement) for placement in document["placements"]),
            grant=Grant(**document["grant"]),
            unsettled=tuple(document["unsettled"]),
        )


class ApplicationCodec:
    """Application <-> document."""

    _FIELDS = (
        "opening_id",
        "programme_id",
        "district",
        "resident_id",
        "state",
        "attempt",
        "submitted_at",
        "reason",
        "proxy",
    )

    def to_document(self, application: Application) -> Document:
        """Return the fields to keep."""
        return {name: getattr(application, name) for name in self._FIELDS}

    def from_document(self, document: Document) -> Application:
        """Return the application."""
        fields: dict[str, Any] = {name: document[name] for name in self._FIELDS}
        return Application(id=document["_id"], tenant=document["tenant"], **fields)


class Openings(Aggregates[Opening]):
    """All openings."""

    named = "opening_id"

    def __init__(self, collection: Collection, *, clock: Clock, serial: Serial) -> None:
        super().__init__(collection, OpeningCodec(), source=OPENINGS_SOURCE, clock=clock, serial=serial)

    def prepare(self) -> None:
        """Make the indexes."""
        self.collection.ensure(
            [*INDEXES, Index(("due",), where_exists="due"), Index(("tenant", "state")), Index(("programme_id",))]
        )

    def overdue(self, now: datetime, most: int) -> list[str]:
        """Return the ids of openings whose deadline is there."""
        return [document["_id"] for document in self.collection.find({"due": {"$lte": now}}, ["due"], limit=most)]

    def listed(self, query: Query, most: int) -> list[Opening]:
        """Return openings for a list."""
        found = self.collection.find({**query, "tombstone": {"$exists": False}}, limit=most)
        return [self.read(document) for document in found]

    def latest(self, query: Query, since: tuple[datetime, str] | None, most: int) -> list[Opening]:
        """Return openings, latest first: those after ``since`` (published at, id)."""
        wanted: Document = {**query, "tombstone": {"$exists": False}}
        if since is not None:
            wanted["published_at"] = {"$lte": since[0]}
        read = most + 1
        while True:
            found = self.collection.find(wanted, limit=read, newest="published_at")
            fresh = [one for one in found if since is None or (one["published_at"], one["_id"]) < since]
            if len(fresh) >= most or len(found) < read:
                return [self.read(document) for document in fresh[:most]]
            # Many were published in the same instant, and told already.
            read *= 2

    def on_the_map(self) -> list[Document]:
        """Return the map fields of every opening that takes applications."""
        return self.collection.find({"state": "open"}, NEARBY_FIELDS)

    def map_fields(self, ids: list[str]) -> list[Document]:
        """Return the map fields of these openings, whatever their state."""
        return self.collection.find({"_id": {"$in": ids}, "tombstone": {"$exists": False}}, NEARBY_FIELDS)


class Applications(Aggregates[Application]):
    """All applications."""

    def __init__(self, collection: Collection, *, clock: Clock, serial: Serial) -> None:
        super().__init__(collection, ApplicationCodec(), source=APPLICATIONS_SOURCE, clock=clock, serial=serial)

    def prepare(self) -> None:
        """Make the indexes."""
        self.collection.ensure([*INDEXES, Index(("opening_id", "state")), Index(("resident_id",))])

    def pending(self, opening_id: str, most: int = 0) -> list[Application]:
        """Return the applications of an opening that wait for an answer."""
        found = self.collection.find({"opening_id": opening_id, "state": PENDING}, limit=most)
        return [self.read(document) for document in found]

    def of_opening(self, opening_id: str, since: tuple[datetime, str] | None, most: int) -> list[Application]:
        """Return applications of an opening, first come first: those after ``since`` (submitted at, id)."""
        keys = sorted(
            (found["submitted_at"], found["_id"])
            for found in self.collection.find({"opening_id": opening_id}, ["submitted_at"])
        )
        ids = [key[1] for key in keys if since is None or key > since][:most]
        known = self.get_many(ids)
        return [known[one] for one in ids if one in known]

    def of_resident(self, resident_id: str, most: int = 100) -> list[Application]:
        """Return a resident's applications, latest first."""
        found = self.collection.find({"resident_id": resident_id}, limit=most, newest="submitted_at")
        return [self.read(document) for document in found]


def openings(database: Database, *, clock: Clock, serial: Serial) -> Openings:
    """Return the openings kept in placement's database."""
    return Openings(database.collection("openings"), clock=clock, serial=serial)


def applications(database: Database, *, clock: Clock, serial: Serial) -> Applications:
    """Return the applications kept in placement's database."""
    return Applications(database.collection("applications"), clock=clock, serial=serial)
