"""Evaluations and records of work, one document a place each, and the operator's rules."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from services.placement.trust.model import Appeal, Evaluation, Word
from services.placement.trust.record import Completed, ShiftDone, WorkRecord
from services.placement.trust.rules import HOST, Badge, Prior, Recommendation, Rules
from shared.clock import Clock
from shared.errors import NotFound
from shared.mongo.aggregates import INDEXES, Aggregates
from shared.mongo.port import Collection, Database, Document, Index, Query
from shared.serial import Serial

SOURCE = "/sipbun/placement/evaluations"
#: Records of work say nothing.
RECORDS_SOURCE = "/sipbun/placement/work_records"
_PLAIN = (
    "opening_id",
    "programme_id",
    "district",
    "resident_id",
    "application_id",
    "attempt",
    "workplace_id",
    "workplace",
    "title",
    "opened_at",
    "until",
    "revealed_at",
)
_RECORD_PLAIN = ("resident_id", "opening_id", "programme_id", "district")


class EvaluationCodec:
    """Evaluation <-> document. ``waits`` names the tenant while an appeal waits for an officer."""

    def to_document(self, evaluation: Evaluation) -> Document:
        """Return the fields to keep."""
        document: Document = {name: getattr(evaluation, name) for name in _PLAIN}
        document |= {
            "hosts": list(evaluation.hosts),
            "words": [{**vars(word), "recommendations": list(word.recommendations)} for word in evaluation.words],
            "appeals": [vars(appeal).copy() for appeal in evaluation.appeals],
        }
        if evaluation.forgotten:
            document["forgotten"] = True
        if evaluation.due is not None:
            document["due"] = evaluation.due
        if evaluation.waiting_since is not None:
            document["waits"] = evaluation.tenant
            document["waiting_since"] = evaluation.waiting_since
        return document

    def from_document(self, document: Document) -> Evaluation:
        """Return the evaluation."""
        plain: dict[str, Any] = {name: document[name] for name in _PLAIN}
        return Evaluation(
            id=document["_id"],
            tenant=document["tenant"],
            hosts=tuple(document["hosts"]),
            words=tuple(Word(**{**row, "recommendations": tuple(row["recommendations"])}) for row in document["words"]),
            appeals=tuple(Appeal(**row) for row in document["appeals"]),
            forgotten=document.get("forgotten", False),
            **plain,
        )


class Evaluations(Aggregates[Evaluation]):
    """All evaluations."""

    named = "placement_id"

    def __init__(self, collection: Collection, *, clock: Clock, serial: Serial) -> None:
        super().__init__(collection, EvaluationCodec(), source=SOURCE, clock=clock, serial=serial)

    def prepare(self) -> None:
        """Make the indexes."""
        self.collection.ensure(
            [
                *INDEXES,
                Index(("due",), where_exists="due"),
                Index(("waits",), where_exists="waits"),
                # By the second key those that are not revealed yet are found without the others.
                Index(("resident_id", "revealed_at")),
                Index(("hosts", "revealed_at")),
                Index(("workplace_id",)),
            ]
        )

    def overdue(self, now: datetime, most: int) -> list[str]:
        """Return the ids of evaluations whose time is over and that are not revealed."""
        return [document["_id"] for document in self.collection.find({"due": {"$lte": now}}, ["_id"], limit=most)]

    def of_resident(self, resident_id: str) -> list[Evaluation]:
        """Return all of a resident's."""
        return self._all({"resident_id": resident_id})

    def hidden(self, side: str, account: str, tenant: str) -> list[Evaluation]:
        """Return those not revealed yet in which this account may speak for the side."""
        whose = "hosts" if side == HOST else "resident_id"
        return self._all({whose: account, "revealed_at": None, "tenant": tenant})

    def of_workplace(self, workplace_id: str) -> list[Evaluation]:
        """Return all of a workplace's."""
        return self._all({"workplace_id": workplace_id})

    def latest(self, query: Query, since: tuple[datetime, str] | None, most: int) -> list[Evaluation]:
        """Return evaluations, latest first: at most ``most`` after ``since`` (opened at, id)."""
        found = self.collection.find(query, ["opened_at"])
        keys = sorted(((one["opened_at"], one["_id"]) for one in found), reverse=True)
        return self._in_order([key[1] for key in keys if since is None or key < since][:most])

    def waiting(
        self, tenant: str, districts: frozenset[str], since: tuple[datetime, str] | None, most: int
    ) -> list[Evaluation]:
        """Return those in which an appeal waits, in these districts (none: all): longest first, after ``since``."""
        keys = sorted(
            (found["waiting_since"], found["_id"])
            for found in self.collection.find({"waits": tenant}, ["waiting_since", "district"])
            if not districts or found["district"] in districts
        )
        return self._in_order([key[1] for key in keys if since is None or key > since][:most])

    def _in_order(self, ids: Sequence[str]) -> list[Evaluation]:
        known = self.get_many(ids)
        return [known[one] for one in ids if one in known]

    def _all(self, query: Query) -> list[Evaluation]:
        return [self.read(document) for document in self.collection.find(query)]

    def _missing(self, aggregate_id: str) -> NotFound:
        return NotFound("no_such_evaluation", field="placement_id", id=aggregate_id)


class RecordCodec:
    """WorkRecord <-> document."""

    def to_document(self, record: WorkRecord) -> Document:
        """Return the fields to keep."""
        document: Document = {name: getattr(record, name) for name in _RECORD_PLAIN}
        document["shifts"] = [vars(one).copy() for one in record.shifts]
        document["completed"] = None if record.completed is None else vars(record.completed).copy()
        return document

    def from_document(self, document: Document) -> WorkRecord:
        """Return the record."""
        plain: dict[str, Any] = {name: document[name] for name in _RECORD_PLAIN}
        completed = document["completed"]
        return WorkRecord(
            id=document["_id"],
            tenant=document["tenant"],
            shifts=tuple(ShiftDone(**row) for row in document["shifts"]),
            completed=None if completed is None else Completed(**completed),
            **plain,
        )


class WorkRecords(Aggregates[WorkRecord]):
    """All records of work."""

    def __init__(self, collection: Collection, *, clock: Clock, serial: Serial) -> None:
        super().__init__(collection, RecordCodec(), source=RECORDS_SOURCE, clock=clock, serial=serial)

    def prepare(self) -> None:
        """Make the indexes."""
        self.collection.ensure([*INDEXES, Index(("resident_id",))])

    def of_residents(self, resident_ids: Sequence[str]) -> dict[str, list[WorkRecord]]:
        """Return these residents' records, by resident."""
        told: dict[str, list[WorkRecord]] = {}
        for document in self.collection.find({"resident_id": {"$in": list(resident_ids)}}):
            told.setdefault(document["resident_id"], []).append(self.read(document))
        return told


def read_rules(file: Path) -> Rules:
    """Return the rules in a YAML file; raise ``ValueError`` that names the fix."""
    told: dict[str, Any] = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    try:
        return Rules(
            window_days=int(told["window_days"]),
            appeal_days=int(told["appeal_days"]),
            half_life_days=int(told["half_life_days"]),
            least_shown=int(told["least_shown"]),
            least_weight=float(told["least_weight"]),
            prior=Prior(**told["prior"]),
            badge=Badge(**told["badge"]),
            of_resident=_recommendations(told["resident"]),
            of_workplace=_recommendations(told["workplace"]),
            tenants={tenant: Prior(**prior) for tenant, prior in (told.get("tenants") or {}).items()},
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{file.name}: {error}: compare it with the shipped file") from error


def _recommendations(rows: Iterable[dict[str, Any]]) -> tuple[Recommendation, ...]:
    return tuple(Recommendation(**row) for row in rows)


def evaluations(database: Database, *, clock: Clock, serial: Serial) -> Evaluations:
    """Return the evaluations kept in placement's database."""
    return Evaluations(database.collection("evaluations"), clock=clock, serial=serial)


def work_records(database: Database, *, clock: Clock, serial: Serial) -> WorkRecords:
    """Return the records of work kept in placement's database."""
    return WorkRecords(database.collection("work_records"), clock=clock, serial=serial)
