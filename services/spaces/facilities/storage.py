"""Facilities and spaces, one document each, in spaces' database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from services.spaces.facilities.model import (
    Address,
    Admitted,
    Facility,
    Hours,
    Limits,
    Policy,
    Space,
    SpecialDay,
)
from services.spaces.facilities.values import plain
from services.spaces.facilities.words import words_of
from shared.aggregate import Aggregate
from shared.clock import Clock
from shared.errors import NotFound
from shared.geo import Point
from shared.mongo.aggregates import INDEXES, Aggregates
from shared.mongo.port import Database, Document, Index
from shared.serial import Serial

FACILITIES_SOURCE = "/sipbun/spaces/facilities"
SPACES_SOURCE = "/sipbun/spaces/spaces"
#: Ids in one question.
AT_ONCE = 500

A = TypeVar("A", bound=Aggregate)


class SpaceCodec:
    """Space <-> document, without what its facility keeps for it (hours, calendar)."""

    _PLAIN = (
        *("district", "programme_id", "facility_id", "root_id", "parent_id", "name", "kind", "capacity"),
        *("mode", "approver", "hours_apply", "plan_needed", "state", "opened_at", "followed"),
    )

    def to_document(self, space: Space) -> Document:
        """Return the fields to keep."""
        return {
            **{name: getattr(space, name) for name in self._PLAIN},
            "point": {"lat": space.point.lat, "lon": space.point.lon},
            "parts": list(space.parts),
            "equipment": list(space.equipment),
            "accessibility": list(space.accessibility),
            "before": int(space.before.total_seconds()),
            "after": int(space.after.total_seconds()),
            "limits": plain(space.limits),
        }

    def from_document(self, document: Document) -> Space:
        """Return the space."""
        return Space(
            id=document["_id"],
            tenant=document["tenant"],
            **{name: document[name] for name in self._PLAIN},
            point=Point(document["point"]["lat"], document["point"]["lon"]),
            parts=tuple(document["parts"]),
            equipment=tuple(document["equipment"]),
            accessibility=tuple(document["accessibility"]),
            before=timedelta(seconds=document["before"]),
            after=timedelta(seconds=document["after"]),
            limits=Limits(**document["limits"]),
        )


class FacilityCodec:
    """Facility <-> document. The tree is a list: ids may hold any character."""

    _PLAIN = (
        *("district", "programme_id", "name", "kind", "operator_kind", "contact", "holidays", "hours_version"),
        *("state", "opened_at", "unsettled"),
    )

    def to_document(self, facility: Facility) -> Document:
        """Return the fields to keep; ``words`` is for searching only."""
        document: Document = {
            **{name: getattr(facility, name) for name in self._PLAIN},
            "address": plain(facility.address),
            "words": words_of(facility.name, facility.address),
            "point": {"lat": facility.point.lat, "lon": facility.point.lon},
            "managers": list(facility.managers),
            "hours": _week(facility.hours),
            "exceptions": [
                {"day": one.day.isoformat(), "windows": [list(window) for window in one.windows], "reason": one.reason}
                for one in facility.exceptions
            ],
            "policy": plain(facility.policy),
            "admitted": [_admitted(space_id, known) for space_id, known in facility.admitted.items()],
            "pending": [_pending(space) for space in facility.pending.values()],
        }
        if facility.due is not None:
            document["due"] = facility.due
        return document

    def from_document(self, document: Document) -> Facility:
        """Return the facility."""
        return Facility(
            id=document["_id"],
            tenant=document["tenant"],
            **{name: document[name] for name in self._PLAIN},
            address=Address(**document["address"]),
            point=Point(document["point"]["lat"], document["point"]["lon"]),
            managers=tuple(document["managers"]),
            hours=_hours(document["hours"]),
            exceptions=tuple(
                SpecialDay(date.fromisoformat(row["day"]), _windows(row["windows"]), row["reason"])
                for row in document["exceptions"]
            ),
            policy=Policy(**document["policy"]),
            admitted={row["id"]: _read_admitted(row) for row in document["admitted"]},
            pending={row["_id"]: SpaceCodec().from_document(row) for row in document["pending"]},
            due=document.get("due"),
        )


def _pending(space: Space) -> Document:
    return {"_id": space.id, "tenant": space.tenant, **SpaceCodec().to_document(space)}


def _admitted(space_id: str, known: Admitted) -> Document:
    return {
        "id": space_id,
        "root_id": known.root_id,
        "parent_id": known.parent_id,
        "parts": list(known.parts),
        "hours": None if known.hours is None else _week(known.hours),
        "feed_id": known.feed_id,
    }


def _read_admitted(row: Mapping[str, Any]) -> Admitted:
    return Admitted(
        root_id=row["root_id"],
        parent_id=row["parent_id"],
        parts=tuple(row["parts"]),
        hours=None if row["hours"] is None else _hours(row["hours"]),
        feed_id=row["feed_id"],
    )


def _week(hours: Hours) -> list[list[list[int]]]:
    return [[list(window) for window in day] for day in hours.weekly]


def _hours(week: Iterable[Iterable[Iterable[int]]]) -> Hours:
    return Hours(tuple(_windows(day) for day in week))


def _windows(rows: Iterable[Iterable[int]]) -> tuple[tuple[int, int], ...]:
    return tuple((opens, closes) for opens, closes in rows)


class Registered(Aggregates[A]):
    """What both collections can do."""

    def listed(self, query: Mapping[str, Any], since: tuple[datetime, str] | None, most: int) -> list[A]:
        """Return what matches, latest first: at most ``most`` after ``since`` (opened at, id)."""
        wanted: Document = {**query, "tombstone": {"$exists": False}}
        if since is not None:
            wanted["opened_at"] = {"$lte": since[0]}
        read = most + 1
        while True:
            found = self.collection.find(wanted, limit=read, newest="opened_at")
            fresh = [one for one in found if since is None or (one["opened_at"], one["_id"]) < since]
            if len(fresh) >= most or len(found) < read:
                return [self.read(document) for document in fresh[:most]]
            # Many were opened in the same instant, and told already.
            read *= 2

    def all_of(self, ids: Sequence[str]) -> dict[str, A]:
        """Return those that are there, by id, asked for in hundreds."""
        known: dict[str, A] = {}
        for some in _in_hundreds(ids):
            known.update(self.get_many(some))
        return known


class Facilities(Registered[Facility]):
    """All facilities."""

    def prepare(self) -> None:
        """Make the indexes."""
        self.collection.ensure(
            [
                *INDEXES,
                Index(("due",), where_exists="due"),
                Index(("tenant", "opened_at")),
                Index(("tenant", "words")),
            ]
        )

    def _missing(self, aggregate_id: str) -> NotFound:
        return NotFound("no_such_facility", field="facility_id", id=aggregate_id)

    def overdue(self, now: datetime, most: int) -> list[str]:
        """Return the ids of facilities whose spaces are to be brought in line."""
        return [document["_id"] for document in self.collection.find({"due": {"$lte": now}}, ["due"], limit=most)]

    def with_words(self, tenant: str, words: Sequence[str], most: int) -> list[Facility]:
        """Return facilities that have all these words; looks at ``most`` of those with the rarest."""
        rarest = min(words, key=lambda word: self.collection.count({"tenant": tenant, "words": word}))
        found = self.collection.find({"tenant": tenant, "words": rarest}, limit=most)
        return [self.read(document) for document in found if set(words) <= set(document["words"])]


class Spaces(Registered[Space]):
    """All spaces, without what their facilities keep for them: ask ``FacilityDesk.place`` for the whole."""

    def prepare(self) -> None:
        """Make the indexes."""
        self.collection.ensure(
            [
                *INDEXES,
                Index(("tenant", "state", "opened_at")),
                Index(("tenant", "opened_at")),
                Index(("facility_id", "opened_at")),
                Index(("root_id",)),
            ]
        )

    def _missing(self, aggregate_id: str) -> NotFound:
        return NotFound("no_such_space", field="space_id", id=aggregate_id)

    def of_root(self, root_id: str) -> list[Space]:
        """Return a root and all its parts, by id."""
        found = [self.read(document) for document in self.collection.find({"root_id": root_id})]
        return sorted(found, key=lambda space: space.id)


def _in_hundreds(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE))


def facilities(database: Database, *, clock: Clock, serial: Serial) -> Facilities:
    """Return the facilities kept in spaces' database."""
    collection = database.collection("facilities")
    return Facilities(collection, FacilityCodec(), source=FACILITIES_SOURCE, clock=clock, serial=serial)


def spaces(database: Database, *, clock: Clock, serial: Serial) -> Spaces:
    """Return the spaces kept in spaces' database."""
    return Spaces(database.collection("spaces"), SpaceCodec(), source=SPACES_SOURCE, clock=clock, serial=serial)
