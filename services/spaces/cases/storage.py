"""Cases in the collection ``cases``, one document a booking that is or was in cause."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services.spaces.cases.model import OPEN, Alternative, Case, Cause, Note
from services.spaces.spans import Span
from shared.clock import Clock
from shared.errors import NotFound
from shared.mongo.aggregates import INDEXES, Aggregates
from shared.mongo.port import Collection, Database, Document, Index
from shared.serial import Serial

SOURCE = "/sipbun/spaces/cases"

_PLAIN = (
    "booking_id",
    "resident_id",
    "space_id",
    "facility_id",
    "district",
    "subscription_id",
    "owner",
    "opened_at",
    "deadline",
    "state",
    "resolution",
    "resolved_by",
    "resolved_at",
    "new_booking_id",
    "reason",
)


class CaseCodec:
    """Case <-> document. ``waits`` names the facility while it is open."""

    def to_document(self, case: Case) -> Document:
        """Return the fields to keep."""
        document: Document = {
            **{name: getattr(case, name) for name in _PLAIN},
            "start": case.span.start,
            "end": case.span.end,
            "difference": case.cause.difference,
            "entry_id": case.cause.entry_id,
            "alternatives": [
                {
                    "space_id": one.space_id,
                    "start": one.span.start,
                    "end": one.span.end,
                    "metres": one.metres,
                    "walk_minutes": one.walk_minutes,
                }
                for one in case.alternatives
            ],
            "history": [vars(note).copy() for note in case.history],
        }
        if case.state == OPEN:
            document["waits"] = case.facility_id
        if case.due is not None:
            document["due"] = case.due
        return document

    def from_document(self, document: Document) -> Case:
        """Return the case."""
        plain: dict[str, Any] = {name: document[name] for name in _PLAIN}
        return Case(
            id=document["_id"],
            tenant=document["tenant"],
            span=Span(document["start"], document["end"]),
            cause=Cause(document["difference"], document["entry_id"]),
            alternatives=tuple(
                Alternative(row["space_id"], Span(row["start"], row["end"]), row["metres"], row["walk_minutes"])
                for row in document["alternatives"]
            ),
            history=tuple(Note(**row) for row in document["history"]),
            **plain,
        )


class Cases(Aggregates[Case]):
    """All cases."""

    def __init__(self, collection: Collection, *, clock: Clock, serial: Serial) -> None:
        super().__init__(collection, CaseCodec(), source=SOURCE, clock=clock, serial=serial)

    def prepare(self) -> None:
        """Make the indexes."""
        self.collection.ensure(
            [
                *INDEXES,
                Index(("due",), where_exists="due"),
                Index(("waits",), where_exists="waits"),
                Index(("resident_id",)),
            ]
        )

    def overdue(self, now: datetime, most: int) -> list[str]:
        """Return the ids of open cases whose deadline is there."""
        return [document["_id"] for document in self.collection.find({"due": {"$lte": now}}, ["_id"], limit=most)]

    def open_of(self, facility_id: str, since: tuple[datetime, str] | None, most: int) -> list[Case]:
        """Return a facility's open cases, the most urgent first: at most ``most`` after ``since`` (deadline, id)."""
        keys = sorted(
            (found["deadline"], found["_id"]) for found in self.collection.find({"waits": facility_id}, ["deadline"])
        )
        ids = [key[1] for key in keys if since is None or key > since][:most]
        known = self.get_many(ids)
        return [known[one] for one in ids if one in known]

    def of_resident(self, resident_id: str, most: int) -> list[Case]:
        """Return a resident's cases, latest first, at most ``most``."""
        found = self.collection.find({"resident_id": resident_id}, limit=most, newest="opened_at")
        return [self.read(document) for document in found]

    def _missing(self, aggregate_id: str) -> NotFound:
        return NotFound("no_such_case", field="case_id", id=aggregate_id)


def cases(database: Database, *, clock: Clock, serial: Serial) -> Cases:
    """Return the cases kept in spaces' database."""
    return Cases(database.collection("cases"), clock=clock, serial=serial)
