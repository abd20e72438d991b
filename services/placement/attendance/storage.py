"""Sheets, workplaces' codes and places' work, one document each, in placement's database; and the rules' file."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from services.placement.attendance.codes import WorkplaceCode
from services.placement.attendance.deciding import Rules, Word
from services.placement.attendance.model import Sheet
from services.placement.attendance.revisions import Dispute, Revision
from services.placement.attendance.work import Work, earned
from services.placement.wages.pay import Earned
from shared.aggregate import Act
from shared.clock import Clock
from shared.errors import NotFound
from shared.mongo.aggregates import INDEXES, Aggregates
from shared.mongo.port import Collection, Database, Document, Index
from shared.serial import Serial

SHEETS_SOURCE = "/sipbun/placement/attendance"
CODES_SOURCE = "/sipbun/placement/workplace_codes"
WORK_SOURCE = "/sipbun/placement/work"
#: Sheets read by one question for a list.
READ_AT_ONCE = 50

_PLAIN = (
    "placement",
    "opening_id",
    "programme_id",
    "district",
    "resident_id",
    "application_id",
    "attempt",
    "shift",
    "shifts",
    "start",
    "end",
    "hourly_won",
    "place",
    "selected_at",
    "made_at",
    "dong",
    "direct_job",
    "engagement",
    "state",
    "unclear",
    "wrong",
    "wrong_since",
)
#: Kept once they are known.
_WHEN_KNOWN = ("gone_at", "unclear_until")


class SheetCodec:
    """Sheet <-> document. ``waits`` names the tenant whose officers have something to do on it, until ``waits_until``."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules

    def to_document(self, sheet: Sheet) -> Document:
        """Return the fields to keep."""
        document: Document = {
            **{name: getattr(sheet, name) for name in _PLAIN},
            "words": [vars(word).copy() for word in sheet.words],
            "revisions": [{**vars(one), "why": list(one.why)} for one in sheet.revisions],
            "disputes": [vars(one).copy() for one in sheet.disputes],
        }
        for name in ("due", *_WHEN_KNOWN):
            if getattr(sheet, name) is not None:
                document[name] = getattr(sheet, name)
        if sheet.unclear_late:
            document["unclear_late"] = True
        if sheet.waits_until is not None:
            document["waits"], document["waits_until"] = sheet.tenant, sheet.waits_until
        return document

    def from_document(self, document: Document) -> Sheet:
        """Return the sheet."""
        plain: dict[str, Any] = {name: document[name] for name in _PLAIN}
        plain |= {name: document.get(name) for name in _WHEN_KNOWN}
        return Sheet(
            id=document["_id"],
            tenant=document["tenant"],
            words=tuple(Word(**row) for row in document["words"]),
            revisions=tuple(Revision(**{**row, "why": tuple(row["why"])}) for row in document["revisions"]),
            disputes=tuple(Dispute(**row) for row in document["disputes"]),
            unclear_late=document.get("unclear_late", False),
            rules=self._rules,
            **plain,
        )


class Sheets(Aggregates[Sheet]):
    """All sheets."""

    named = "attendance_id"

    def __init__(self, collection: Collection, rules: Rules, *, clock: Clock, serial: Serial) -> None:
        super().__init__(collection, SheetCodec(rules), source=SHEETS_SOURCE, clock=clock, serial=serial)
        self.rules = rules

    def prepare(self) -> None:
        """Make the indexes."""
        self.collection.ensure(
            [
                *INDEXES,
                Index(("due",), where_exists="due"),
                Index(("waits",), where_exists="waits"),
                Index(("placement",)),
                Index(("opening_id", "shift")),
                Index(("opening_id", "state")),
                Index(("resident_id", "start")),
            ]
        )

    def make_all(self, sheets: Sequence[Sheet]) -> None:
        """Store those that are not there yet, in one question; nothing is said. Safe to repeat."""
        self.collection.insert_many(
            [self._fresh(Act.own(f"open:{sheet.id}", "open"), sheet, {}) for sheet in sheets]
        )

    def overdue(self, now: datetime, most: int) -> list[str]:
        """Return the ids of sheets on which something is due."""
        return [document["_id"] for document in self.collection.find({"due": {"$lte": now}}, ["_id"], limit=most)]

    def put_off(self, sheet_id: str) -> None:
        """Keep when something is due by the rules of today: what is stored was reckoned by those of then."""
        sheet = self.get(sheet_id)
        change: Document = {"$unset": {"due": ""}} if sheet.due is None else {"$set": {"due": sheet.due}}
        self.collection.update_one({"_id": sheet_id, "version": sheet.version}, change)

    def of_placement(self, placement: str) -> list[Sheet]:
        """Return the sheets of a place (``application:attempt``), by their shift: at most 100."""
        found = [self.read(document) for document in self.collection.find({"placement": placement})]
        return sorted(found, key=lambda sheet: sheet.shift)

    def of_opening(self, opening_id: str, only: int | None, since: tuple[int, str] | None) -> Iterator[Sheet]:
        """Yield the sheets of an opening, or of one shift ``only``, shift by shift: those after ``since`` (shift, id).

        Read as they are taken.
        """
        first = 0 if since is None else since[0]
        for shift in itertools.count(first) if only is None else (only,):
            found = self.collection.find({"opening_id": opening_id, "shift": shift}, ["_id"])
            if not found:
                return
            ids = sorted(document["_id"] for document in found)
            yield from self._in_order([one for one in ids if since is None or (shift, one) > since])

    def of_resident(
        self, resident_id: str, tenant: str | None, since: tuple[datetime, str] | None, most: int
    ) -> list[Sheet]:
        """Return a resident's sheets, the latest shift first: at most ``most`` after ``since`` (start, id)."""
        wanted: dict[str, Any] = {"resident_id": resident_id}
        if tenant is not None:
            wanted["tenant"] = tenant
        if since is not None:
            wanted["start"] = {"$lte": since[0]}
        read = most + 1
        while True:
            found = self.collection.find(wanted, limit=read, newest="start")
            fresh = [one for one in found if since is None or (one["start"], one["_id"]) < since]
            if len(fresh) >= most or len(found) < read:
                fresh.sort(key=lambda one: (one["start"], one["_id"]), reverse=True)
                return [self.read(document) for document in fresh[:most]]
            # Many begin in the same instant, and were told already.
            read *= 2

    def that_wait(
        self, tenant: str, since: tuple[datetime, str] | None, districts: frozenset[str]
    ) -> Iterator[Sheet]:
        """Yield the sheets that wait for the tenant's officers, the most urgent first: after ``since``."""
        keys = sorted(
            (found["waits_until"], found["_id"])
            for found in self.collection.find({"waits": tenant}, ["waits_until", "district"])
            if not districts or found["district"] in districts
        )
        yield from (
            sheet
            for sheet in self._in_order([key[1] for key in keys if since is None or key > since])
            # Between the two questions it may have been answered.
            if sheet.waits_until is not None
        )

    def earned(self, application_id: str, attempt: int, shifts: int) -> Earned | None:
        """Return what a place has earned; None until all its ``shifts`` are settled, or while there is no sheet yet."""
        return earned(self.of_placement(f"{application_id}:{attempt}"), shifts)

    def _in_order(self, ids: Sequence[str]) -> Iterator[Sheet]:
        for first in range(0, len(ids), READ_AT_ONCE):
            some = ids[first : first + READ_AT_ONCE]
            known = self.get_many(some)
            yield from (known[one] for one in some if one in known)

    def _missing(self, aggregate_id: str) -> NotFound:
        return NotFound("no_such_attendance", field=self.named, id=aggregate_id)


class CodeCodec:
    """WorkplaceCode <-> document."""

    def to_document(self, code: WorkplaceCode) -> Document:
        """Return the fields to keep."""
        return {"secret": code.secret}

    def from_document(self, document: Document) -> WorkplaceCode:
        """Return the workplace's code."""
        return WorkplaceCode(id=document["_id"], tenant=document["tenant"], secret=document["secret"])


class WorkplaceCodes(Aggregates[WorkplaceCode]):
    """All workplaces' codes."""

    named = "opening_id"

    def __init__(self, collection: Collection, *, clock: Clock, serial: Serial) -> None:
        super().__init__(collection, CodeCodec(), source=CODES_SOURCE, clock=clock, serial=serial)

    def prepare(self) -> None:
        """Make the indexes."""
        self.collection.ensure(INDEXES)

    def _missing(self, aggregate_id: str) -> NotFound:
        return NotFound("no_such_opening", field=self.named, id=aggregate_id)


class WorkCodec:
    """Work <-> document."""

    _FIELDS = ("minutes", "shifts_worked", "revision", "told")

    def to_document(self, work: Work) -> Document:
        """Return the fields to keep."""
        return {name: getattr(work, name) for name in self._FIELDS}

    def from_document(self, document: Document) -> Work:
        """Return the work."""
        told: dict[str, Any] = {name: document[name] for name in self._FIELDS}
        return Work(id=document["_id"], tenant=document["tenant"], **told)


class Works(Aggregates[Work]):
    """The work of all places."""

    def __init__(self, collection: Collection, *, clock: Clock, serial: Serial) -> None:
        super().__init__(collection, WorkCodec(), source=WORK_SOURCE, clock=clock, serial=serial)

    def prepare(self) -> None:
        """Make the indexes."""
        self.collection.ensure(INDEXES)

    def _missing(self, aggregate_id: str) -> NotFound:
        return NotFound("no_such_attendance", field=self.named, id=aggregate_id)


def sheets(database: Database, rules: Rules, *, clock: Clock, serial: Serial) -> Sheets:
    """Return the sheets kept in placement's database, counted by these rules."""
    return Sheets(database.collection("sheets"), rules, clock=clock, serial=serial)


def workplace_codes(database: Database, *, clock: Clock, serial: Serial) -> WorkplaceCodes:
    """Return the workplaces' codes kept in placement's database."""
    return WorkplaceCodes(database.collection("workplace_codes"), clock=clock, serial=serial)


def works(database: Database, *, clock: Clock, serial: Serial) -> Works:
    """Return the places' work kept in placement's database."""
    return Works(database.collection("placements_work"), clock=clock, serial=serial)


def read_rules(file: Path) -> Rules:
    """Return the rules in a YAML file; raise ``ValueError`` that names the value and the fix."""
    told = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)["attendance"]
    known = [one.name for one in fields(Rules)]
    for name, value in told.items():
        if name not in known:
            raise ValueError(f"attendance: {name}: no such rule; give one of {', '.join(known)}")
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise ValueError(f"attendance: {name}: {value!r}: give a whole number, 0 or more")
    missing = [name for name in known if name not in told]
    if missing:
        raise ValueError(f"attendance: {', '.join(missing)}: missing; give a whole number")
    return Rules(**told)
