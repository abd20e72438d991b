"""Bookings in the collection ``bookings``, one document each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from services.spaces.bookings.model import ACTIVE, Booking, CalendarMark, CheckIn, Paid, Rule, Taken
from services.spaces.spans import Span
from shared.clock import Clock, kst_month
from shared.mongo.aggregates import INDEXES, Aggregates
from shared.mongo.port import Collection, Database, Document, Duplicate, Index
from shared.serial import Serial
from shared.together import Together

SOURCE = "/sipbun/spaces/bookings"

_PLAIN = (
    "resident_id",
    "mode",
    "approver",
    "requested_at",
    "act_id",
    "state",
    "awaits",
    "instead_of",
    "reason",
    "charged",
    "checked_in_at",
    "proxy",
    "sequence",
    "wrong_codes",
    "doubted_since",
)


class BookingCodec:
    """Booking <-> document.

    ``live`` is there while the span is the booker's, and ``watch`` while a feed must look at it, so that each is found
    by equality; ``month`` is ``<space>:YYYY-MM`` (KST) of its start.
    """

    def to_document(self, booking: Booking) -> Document:
        """Return the fields to keep."""
        taken = booking.taken
        document: Document = {
            **{name: getattr(booking, name) for name in _PLAIN},
            **vars(taken),
            "parts": list(taken.parts),
            "before": int(taken.before.total_seconds()),
            "after": int(taken.after.total_seconds()),
            "start": booking.span.start,
            "end": booking.span.end,
            "month": f"{taken.space_id}:{kst_month(booking.span.start)}",
            "rule": vars(booking.rule).copy(),
            "check_in": vars(booking.check_in_rule).copy(),
            "paid": None if booking.paid is None else vars(booking.paid).copy(),
            "calendar": None if booking.calendar is None else vars(booking.calendar).copy(),
        }
        if booking.series_id is not None:
            document["series_id"] = booking.series_id
        if booking.state in ACTIVE:
            document["live"] = _live(booking)
        if booking.watch is not None:
            document["watch"] = booking.watch
        if booking.due is not None:
            document["due"] = booking.due
        return document

    def from_document(self, document: Document) -> Booking:
        """Return the booking."""
        paid, calendar = document["paid"], document["calendar"]
        return Booking(
            id=document["_id"],
            tenant=document["tenant"],
            taken=Taken(
                space_id=document["space_id"],
                facility_id=document["facility_id"],
                root_id=document["root_id"],
                district=document["district"],
                programme_id=document["programme_id"],
                parts=tuple(document["parts"]),
                before=timedelta(seconds=document["before"]),
                after=timedelta(seconds=document["after"]),
            ),
            span=Span(document["start"], document["end"]),
            rule=Rule(**document["rule"]),
            check_in_rule=CheckIn(**document["check_in"]),
            paid=None if paid is None else Paid(**paid),
            calendar=None if calendar is None else CalendarMark(**calendar),
            series_id=document.get("series_id"),
            **{name: document[name] for name in _PLAIN},
        )


def _live(booking: Booking) -> list[str]:
    taken = booking.taken
    live = [
        f"space:{taken.space_id}",
        f"facility:{taken.facility_id}",
        _of_resident(booking.resident_id, taken.space_id),
    ]
    return live if booking.paid is None else [*live, f"subscription:{booking.paid.subscription_id}"]


def _of_resident(resident_id: str, space_id: str) -> str:
    return f"resident:{resident_id}:{space_id}"


class Bookings(Aggregates[Booking]):
    """All bookings. Those asked for at the same time in one process are stored together (shared/together.py)."""

    named = "booking_id"

    def __init__(self, collection: Collection, *, clock: Clock, serial: Serial) -> None:
        super().__init__(collection, BookingCodec(), source=SOURCE, clock=clock, serial=serial)
        self._new = Together(self._store, key=f"{collection.name}/new", serial=serial, clock=clock)
        self._counted = Together(self._count, key=f"{collection.name}/count", serial=serial, clock=clock)

    def prepare(self) -> None:
        """Make the indexes."""
        self.collection.ensure(
            [
                *INDEXES,
                Index(("due",), where_exists="due"),
                Index(("live",), where_exists="live"),
                Index(("watch",), where_exists="watch"),
                Index(("resident_id",)),
                Index(("month",)),
                Index(("series_id",), where_exists="series_id"),
            ]
        )

    def overdue(self, now: datetime, most: int) -> list[str]:
        """Return the ids of bookings whose time to move on has come."""
        found = self.collection.find({"due": {"$lte": now}}, ["_id"], limit=most)
        return [document["_id"] for document in found]

    def watched(self, feed_id: str) -> list[Booking]:
        """Return the bookings that a facility's calendar should have, or still has."""
        return self._found({"watch": feed_id})

    def active_of_space(self, space_id: str) -> list[Booking]:
        """Return the active bookings of a space."""
        return self._found({"live": f"space:{space_id}"})

    def active_of_facility(self, facility_id: str) -> list[Booking]:
        """Return the active bookings of a facility's spaces."""
        return self._found({"live": f"facility:{facility_id}"})

    def active_of_subscription(self, subscription_id: str) -> list[Booking]:
        """Return the active bookings that a subscription pays for."""
        return self._found({"live": f"subscription:{subscription_id}"})

    def count_active(self, resident_id: str, space_id: str) -> int:
        """Return how many active bookings of a space a resident has."""
        return self._counted(_of_resident(resident_id, space_id))

    def of_series(self, series_id: str) -> list[Booking]:
        """Return the bookings of a series, by their start."""
        return sorted(self._found({"series_id": series_id}), key=lambda booking: booking.span)

    def of_resident(self, resident_id: str, since: datetime, most: int) -> list[Booking]:
        """Return a resident's bookings that end after ``since``, by their start, at most ``most``."""
        mine = [booking for booking in self._found({"resident_id": resident_id}) if booking.span.end > since]
        return sorted(mine, key=lambda booking: (booking.span, booking.id))[:most]

    def of_space(self, space_id: str, months: Iterable[str]) -> list[Booking]:
        """Return the bookings of a space that start in these KST months (``YYYY-MM``), by their start."""
        found = self._found({"month": {"$in": [f"{space_id}:{month}" for month in months]}})
        return sorted(found, key=lambda booking: (booking.span, booking.id))

    def _insert(self, document: Document) -> None:
        if not self._new(document):
            raise Duplicate(document["_id"])

    def _store(self, documents: Sequence[Document]) -> list[bool]:
        there = self.collection.insert_many(documents)
        return [document["_id"] not in there for document in documents]

    def _count(self, live: Sequence[str]) -> list[int]:
        """Return how many bookings each finds: a resident has few of a space."""
        if len(live) == 1:
            return [self.collection.count({"live": live[0]})]
        found = self.collection.find({"live": {"$in": [*set(live)]}}, ["live"])
        counted = Counter(name for document in found for name in document["live"])
        return [counted[name] for name in live]

    def _found(self, query: dict[str, Any]) -> list[Booking]:
        return [self.read(document) for document in self.collection.find(query) if not document.get("tombstone")]


def bookings(database: Database, *, clock: Clock, serial: Serial) -> Bookings:
    """Return the bookings kept in spaces' database."""
    return Bookings(database.collection("bookings"), clock=clock, serial=serial)
