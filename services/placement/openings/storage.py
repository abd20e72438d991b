"""Openings, applications and rankings, one document each, in placement's database."""

from __future__ import annotations

from datetime import datetime

from services.placement.openings.codecs import ApplicationCodec, OpeningCodec, RankingCodec
from services.placement.openings.model import PENDING, WAITING, Application, Opening, Ranking
from shared.aggregate import Act
from shared.clock import Clock
from shared.mongo.aggregates import INDEXES, Aggregates, outcome_of
from shared.mongo.port import Collection, Database, Document, Index, Query
from shared.serial import Serial

__all__ = [
    "ApplicationCodec",
    "Applications",
    "OpeningCodec",
    "Openings",
    "RankingCodec",
    "Rankings",
    "applications",
    "openings",
    "rankings",
]

OPENINGS_SOURCE = "/sipbun/placement/openings"
APPLICATIONS_SOURCE = "/sipbun/placement/applications"
RANKINGS_SOURCE = "/sipbun/placement/rankings"
#: What the index of nearby openings reads of each.
NEARBY_FIELDS = ("version", "tenant", "state", "place", "deadline", "ends")


class Openings(Aggregates[Opening]):
    """All openings."""

    named = "opening_id"

    def __init__(self, collection: Collection, *, clock: Clock, serial: Serial) -> None:
        super().__init__(collection, OpeningCodec(), source=OPENINGS_SOURCE, clock=clock, serial=serial)

    def prepare(self) -> None:
        """Make the indexes."""
        self.collection.ensure(
            [
                *INDEXES,
                Index(("due",), where_exists="due"),
                Index(("tenant", "state")),
                Index(("programme_id",)),
                Index(("hosts",)),
            ]
        )

    def seen(self, opening_id: str, act: Act) -> tuple[Opening, Document | None]:
        """Return the opening as it is, and the outcome that it keeps of the act, or None.

        Raises ``NotFound``; ``Refused`` when the act was made impossible or its id used to ask something else.
        """
        document = self.collection.find_one({"_id": opening_id})
        if document is None or document.get("tombstone"):
            raise self._missing(opening_id)
        return self.read(document), outcome_of(document, act)

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

    named = "application_id"

    def __init__(self, collection: Collection, *, clock: Clock, serial: Serial) -> None:
        super().__init__(collection, ApplicationCodec(), source=APPLICATIONS_SOURCE, clock=clock, serial=serial)

    def prepare(self) -> None:
        """Make the indexes."""
        self.collection.ensure([*INDEXES, Index(("opening_id", "state")), Index(("resident_id",))])

    def pending(self, opening_id: str, most: int = 0) -> list[Application]:
        """Return the applications of an opening that wait for an answer."""
        found = self.collection.find({"opening_id": opening_id, "state": PENDING}, limit=most)
        return [self.read(document) for document in found]

    def waiting(self, opening_id: str) -> list[Application]:
        """Return the applications of an opening that may still get a place: pending and waitlisted, first come first.

        Each is there once, also when it moves from the one to the other meanwhile.
        """
        found: dict[str, Application] = {}
        for state in WAITING:
            for document in self.collection.find({"opening_id": opening_id, "state": state}):
                found[document["_id"]] = self.read(document)
        return sorted(found.values(), key=lambda one: (one.submitted_at, one.id))

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


class Rankings(Aggregates[Ranking]):
    """The order of each opening's candidates: made once, never changed."""

    def __init__(self, collection: Collection, *, clock: Clock, serial: Serial) -> None:
        super().__init__(collection, RankingCodec(), source=RANKINGS_SOURCE, clock=clock, serial=serial)

    def prepare(self) -> None:
        """Make the indexes."""
        self.collection.ensure(INDEXES)

    def keep(self, ranking: Ranking) -> Ranking:
        """Store an order unless there is one, and return the one that is there from now on."""
        self.create(Act.own(f"rank:{ranking.id}", "rank"), ranking, {})
        return self.get(ranking.id)


def openings(database: Database, *, clock: Clock, serial: Serial) -> Openings:
    """Return the openings kept in placement's database."""
    return Openings(database.collection("openings"), clock=clock, serial=serial)


def applications(database: Database, *, clock: Clock, serial: Serial) -> Applications:
    """Return the applications kept in placement's database."""
    return Applications(database.collection("applications"), clock=clock, serial=serial)


def rankings(database: Database, *, clock: Clock, serial: Serial) -> Rankings:
    """Return the rankings kept in placement's database."""
    return Rankings(database.collection("rankings"), clock=clock, serial=serial)
