"""Wishes in the collection ``wishes``, one document each."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from services.spaces.spans import Span
from services.spaces.waiting.model import Wish
from shared.clock import Clock
from shared.errors import NotFound
from shared.mongo.aggregates import INDEXES, Aggregates
from shared.mongo.port import Collection, Database, Document, Index
from shared.serial import Serial

SOURCE = "/sipbun/spaces/wishes"

_PLAIN = (
    "resident_id",
    "space_id",
    "root_id",
    "facility_id",
    "district",
    "subscription_id",
    "asked_at",
    "state",
    "round",
    "offer_until",
    "offer_act",
)


class WishCodec:
    """Wish <-> document. ``days`` (``root:day``), ``space`` and ``asker`` are there only while it is open."""

    def to_document(self, wish: Wish) -> Document:
        """Return the fields to keep."""
        document: Document = {
            **{name: getattr(wish, name) for name in _PLAIN},
            "parts": list(wish.parts),
            "before": int(wish.before.total_seconds()),
            "after": int(wish.after.total_seconds()),
            "start": wish.span.start,
            "end": wish.span.end,
        }
        if wish.is_open:
            document["days"] = [_day(wish.root_id, day) for day in wish.days]
            document["space"] = wish.space_id
            document["asker"] = _asker(wish.tenant, wish.resident_id)
        if wish.due is not None:
            document["due"] = wish.due
        return document

    def from_document(self, document: Document) -> Wish:
        """Return the wish."""
        plain: dict[str, Any] = {name: document[name] for name in _PLAIN}
        return Wish(
            id=document["_id"],
            tenant=document["tenant"],
            parts=tuple(document["parts"]),
            before=timedelta(seconds=document["before"]),
            after=timedelta(seconds=document["after"]),
            span=Span(document["start"], document["end"]),
            **plain,
        )


def _day(root_id: str, day: date) -> str:
    return f"{root_id}:{day.isoformat()}"


def _asker(tenant: str, resident_id: str) -> str:
    return f"{tenant}:{resident_id}"


class Wishes(Aggregates[Wish]):
    """All wishes."""

    def __init__(self, collection: Collection, *, clock: Clock, serial: Serial) -> None:
        super().__init__(collection, WishCodec(), source=SOURCE, clock=clock, serial=serial)

    def prepare(self) -> None:
        """Make the indexes."""
        self.collection.ensure(
            [
                *INDEXES,
                Index(("due",), where_exists="due"),
                Index(("days",), where_exists="days"),
                Index(("space",), where_exists="space"),
                Index(("asker",), where_exists="asker"),
                Index(("resident_id",)),
            ]
        )

    def overdue(self, now: datetime, most: int) -> list[str]:
        """Return the ids of wishes whose time to move on has come."""
        return [document["_id"] for document in self.collection.find({"due": {"$lte": now}}, ["_id"], limit=most)]

    def of_day(self, root_id: str, day: date) -> list[Wish]:
        """Return the open wishes that a root's day is about, first come first."""
        return self._in_line({"days": _day(root_id, day)})

    def of_space(self, space_id: str) -> list[Wish]:
        """Return the open wishes for a space, first come first."""
        return self._in_line({"space": space_id})

    def open_of(self, tenant: str, resident_id: str) -> list[Wish]:
        """Return a resident's open wishes, first come first."""
        return self._in_line({"asker": _asker(tenant, resident_id)})

    def of_resident(self, resident_id: str, most: int) -> list[Wish]:
        """Return a resident's wishes, ended ones included, latest first, at most ``most``."""
        found = self.collection.find({"resident_id": resident_id}, limit=most, newest="asked_at")
        return [self.read(document) for document in found]

    def _in_line(self, query: dict[str, Any]) -> list[Wish]:
        return sorted((self.read(document) for document in self.collection.find(query)), key=lambda wish: wish.turn)

    def _missing(self, aggregate_id: str) -> NotFound:
        return NotFound("no_such_wish", field="wish_id", id=aggregate_id)


def wishes(database: Database, *, clock: Clock, serial: Serial) -> Wishes:
    """Return the wishes kept in spaces' database."""
    return Wishes(database.collection("wishes"), clock=clock, serial=serial)
