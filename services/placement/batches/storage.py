"""Batches in the collection ``batches``, one document each with all its rows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services.placement.batches.model import Batch
from services.placement.batches.rows import Contradiction, Reading, Reversal, Row, Skipped, Word
from shared.clock import Clock
from shared.errors import NotFound
from shared.mongo.aggregates import INDEXES, Aggregates
from shared.mongo.port import Collection, Database, Document, Index
from shared.serial import Serial

SOURCE = "/sipbun/placement/batches"
_PLAIN = (
    "programme_id",
    "district",
    "month",
    "method",
    "layout_id",
    "preparer",
    "created_at",
    "state",
    "approver",
    "people",
    "lines",
    "won",
    "skipped_people",
    "more",
    "approved_on",
    "filed_on",
    "answered_on",
    "file_hash",
    "paid",
    "returned",
)
_LISTS = ("changers", "page_hashes", "posted")
#: All but what is long.
HEAD = (*_PLAIN, *_LISTS, "reversals", "contradictions", "tenant", "version", "due", "check_at")


class BatchCodec:
    """Batch <-> document. Rows are kept as lists, in this order: a batch has thousands.

    ``waits`` names the tenant while one officer's word that a row came back waits for another's, or the bank said both.
    """

    def to_document(self, batch: Batch) -> Document:
        """Return the fields to keep."""
        document: Document = {
            **{name: getattr(batch, name) for name in _PLAIN},
            **{name: list(getattr(batch, name)) for name in _LISTS},
            "rows": [_row(row) for row in batch.rows],
            "skipped": [vars(one).copy() for one in batch.skipped],
            "reversals": [_reversal(reversal) for reversal in batch.reversals],
            "contradictions": [vars(one).copy() for one in batch.contradictions],
            "words": [vars(word).copy() for word in batch.words],
            "reading": None if batch.reading is None else _reading(batch.reading),
        }
        for name in ("due", "check_at"):
            if getattr(batch, name) is not None:
                document[name] = getattr(batch, name)
        if batch.words or batch.contradictions:
            document["waits"] = batch.tenant
        return document

    def from_document(self, document: Document) -> Batch:
        """Return the batch; without its rows and what was skipped when only its ``HEAD`` was read."""
        reading = document.get("reading")
        lists: dict[str, Any] = {name: tuple(document[name]) for name in _LISTS}
        return Batch(
            id=document["_id"],
            tenant=document["tenant"],
            rows=tuple(_read_row(row) for row in document.get("rows", ())),
            skipped=tuple(Skipped(**row) for row in document.get("skipped", ())),
            # Batches of an earlier version have none of these.
            reversals=tuple(_read_reversal(row) for row in document.get("reversals", ())),
            contradictions=tuple(Contradiction(**row) for row in document.get("contradictions", ())),
            words=tuple(Word(**row) for row in document.get("words", ())),
            reading=None if reading is None else _read_reading(reading),
            due=document.get("due"),
            check_at=document.get("check_at"),
            **{name: document[name] for name in _PLAIN},
            **lists,
        )


def _row(row: Row) -> list[Any]:
    dongs = [part for pair in row.dongs.items() for part in pair]
    return [row.resident_id, row.pay_month_id, row.won, row.lines, dongs, row.outcome]


def _read_row(kept: list[Any]) -> Row:
    resident_id, pay_month_id, won, lines, dongs, outcome = kept
    return Row(resident_id, pay_month_id, won, lines, dict(zip(dongs[::2], dongs[1::2], strict=True)), outcome)


def _reading(reading: Reading) -> Document:
    return {
        "parts": reading.parts,
        "lines": reading.lines,
        "outcomes": [[seq, outcome] for seq, outcome in reading.outcomes.items()],
        "totals": dict(reading.totals),
        "by": reading.by,
    }


def _read_reading(kept: Document) -> Reading:
    outcomes = {seq: outcome for seq, outcome in kept["outcomes"]}  # noqa: C416  (rows are lists of two)
    return Reading(kept["parts"], kept["lines"], outcomes, kept["totals"], kept.get("by", ""))


def _reversal(reversal: Reversal) -> Document:
    rows = [[seq, reason] for seq, reason in reversal.rows.items()]
    return {**vars(reversal), "rows": rows, "by": list(reversal.by)}


def _read_reversal(kept: Document) -> Reversal:
    rows = {seq: reason for seq, reason in kept["rows"]}  # noqa: C416  (rows are lists of two)
    return Reversal(**{**kept, "rows": rows, "by": tuple(kept["by"])})


class Batches(Aggregates[Batch]):
    """All batches."""

    named = "batch_id"

    def __init__(self, collection: Collection, *, clock: Clock, serial: Serial) -> None:
        super().__init__(collection, BatchCodec(), source=SOURCE, clock=clock, serial=serial)

    def prepare(self) -> None:
        """Make the indexes."""
        self.collection.ensure(
            [
                *INDEXES,
                Index(("due",), where_exists="due"),
                Index(("check_at",), where_exists="check_at"),
                Index(("programme_id",)),
                Index(("tenant", "state")),
                Index(("waits",), where_exists="waits"),
            ]
        )

    def overdue(self, now: datetime, most: int) -> list[str]:
        """Return the ids of batches that wait to be moved on."""
        return [document["_id"] for document in self.collection.find({"due": {"$lte": now}}, ["_id"], limit=most)]

    def to_check(self, now: datetime, most: int) -> list[str]:
        """Return the ids of batches that are to be compared again."""
        found = self.collection.find({"check_at": {"$lte": now}}, ["_id"], limit=most)
        return [document["_id"] for document in found]

    def heads_of(self, programme_id: str) -> list[Batch]:
        """Return a programme's batches, without their rows, latest first."""
        found = [self.read(document) for document in self.collection.find({"programme_id": programme_id}, HEAD)]
        return sorted(found, key=lambda batch: (batch.created_at, batch.id), reverse=True)

    def state_of(self, batch_id: str) -> str | None:
        """Return a batch's state, or None for no batch."""
        found = self.collection.find_one({"_id": batch_id}, ["state"])
        return None if found is None else found.get("state")

    def _missing(self, aggregate_id: str) -> NotFound:
        return NotFound("no_such_batch", field="batch_id", id=aggregate_id)


def batches(database: Database, *, clock: Clock, serial: Serial) -> Batches:
    """Return the batches kept in placement's database."""
    return Batches(database.collection("batches"), clock=clock, serial=serial)
