"""One act, one document: load an aggregate, let pure code decide, save it with its facts in one guarded write.

    act(id) --> load v --> decide --> update_one({_id, version: v},
                                         {$set: changed fields, version: v + 1,
                                          $push: {outbox: facts, acts: {act id, outcome}}})

A write that finds the version moved on loads again. A repeat of an act, or a write whose answer was lost, finds its
own act id in the document and gets the outcome that was kept there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any, Generic, Protocol, TypeVar

import orjson

from shared.aggregate import Act, Aggregate, Fact
from shared.clock import Clock
from shared.errors import Conflict, NotFound, Refused
from shared.mongo.port import Collection, Document, Duplicate, Index
from shared.serial import Serial
from shared.trace import current_traceparent

A = TypeVar("A", bound=Aggregate)
Outcome = dict[str, Any]

#: Acts kept in a document: enough for every repeat that a caller or a redelivery can still send.
ACTS_KEPT = 100
#: Version conflicts are between processes only (shared/serial.py); more than this many says the document is too hot.
TRIES = 8
#: Seconds; the first pause after a conflict is up to this long, and doubles.
FIRST_PAUSE = 0.005
#: A command is refused rather than saved when its facts are larger (ARCHITECTURE.md, "One act, one document").
MAX_FACT_BYTES = 256 * 1024

#: Every collection of aggregates has these.
INDEXES = (Index(("outbox.s",)),)


class Codec(Protocol[A]):
    """How an aggregate is written down: its fields only, without ``_id``, ``version``, ``outbox`` and ``acts``."""

    def to_document(self, aggregate: A) -> Document:
        """Return the fields to keep."""

    def from_document(self, document: Document) -> A:
        """Return the aggregate that the document describes."""


class Aggregates(Generic[A]):
    """The aggregates of one collection. ``source`` is the CloudEvents source of the facts they cause."""

    #: What callers name an aggregate by: the field that an error about its id points at.
    named = "id"

    def __init__(self, collection: Collection, codec: Codec[A], *, source: str, clock: Clock, serial: Serial) -> None:
        self.collection = collection
        self.source = source
        self._codec = codec
        self._clock = clock
        self._serial = serial
        self._random = Random(source)

    def find(self, aggregate_id: str) -> A | None:
        """Return the aggregate, or None."""
        document = self.collection.find_one({"_id": aggregate_id})
        return None if document is None or _is_tombstone(document) else self.read(document)

    def get(self, aggregate_id: str) -> A:
        """Return the aggregate; raise ``NotFound``."""
        found = self.find(aggregate_id)
        if found is None:
            raise self._missing(aggregate_id)
        return found

    def get_many(self, ids: Sequence[str]) -> dict[str, A]:
        """Return those of the aggregates that are there, by id, in one question."""
        documents = self.collection.find({"_id": {"$in": list(ids)}})
        return {document["_id"]: self.read(document) for document in documents if not _is_tombstone(document)}

    def read(self, document: Document) -> A:
        """Return the aggregate that a whole document describes."""
        aggregate = self._codec.from_document(document)
        aggregate.version = document["version"]
        return aggregate

    def create(self, act: Act, aggregate: A, outcome: Outcome) -> Outcome:
        """Store a new aggregate under the id it carries, and return ``outcome``.

        When the id is taken: a repeat of this act returns the outcome that was kept; anything else raises
        ``Refused`` (``id_taken``, ``act_id_reused`` or the reason for which this act was made impossible).
        """
        with self._serial(f"{self.collection.name}/{aggregate.id}"):
            try:
                self._insert(self._fresh(act, aggregate, outcome))
            except Duplicate:
                document = self.collection.find_one({"_id": aggregate.id})
                if document is None:
                    raise Conflict("changed_meanwhile", field="id") from None
                kept = outcome_of(document, act)
                if kept is None:
                    raise Refused("id_taken", field=self.named, id=aggregate.id) from None
                return kept
            return outcome

    def act(self, act: Act | None, aggregate_id: str, decide: Callable[[A], Outcome]) -> Outcome:
        """Let ``decide`` change the aggregate through its verbs, save it once, and return its outcome.

        ``act`` None is a step that nobody named: it looks at the state, is safe to repeat, and leaves no trace of its own.

        ``decide`` may be called again on fresh state; what it raises is passed on and nothing is saved. Nothing is
        written either when it changes nothing and says no fact: what changes nothing is safe to repeat. Raises
        ``NotFound``, ``Conflict`` after ``TRIES`` lost races, ``Refused`` when the act id was used for another act.
        """
        with self._serial(f"{self.collection.name}/{aggregate_id}"):
            for attempt in range(TRIES):
                document = self.collection.find_one({"_id": aggregate_id})
                if document is None or _is_tombstone(document):
                    raise self._missing(aggregate_id)
                kept = None if act is None else outcome_of(document, act)
                if kept is not None:
                    return kept
                aggregate = self.read(document)
                before = self._codec.to_document(aggregate)
                outcome = decide(aggregate)
                change = self._change(act, aggregate, before, outcome)
                if change is None or self.collection.update_one(
                    {"_id": aggregate_id, "version": document["version"]}, change
                ):
                    return outcome
                self._clock.sleep(self._random.uniform(0, FIRST_PAUSE * 2**attempt))
        raise Conflict("changed_meanwhile", field="id", tries=TRIES)

    def make_impossible(
        self,
        act: Act,
        aggregate_id: str,
        *,
        tenant: str,
        code: str,
        done: Callable[[Document], bool] = lambda _document: False,
    ) -> bool:
        """Put ``act`` as refused on its document, so that a sleeping actor's write fails; False if the act is done.

        ``done`` recognises an act so old that its id has left ``acts``. When the document is not there yet, a
        tombstone takes its place (``tombstone: true``). For sweepers only, before they release a hold
        (DECISIONS.md 3).
        """
        refused = {"refused": code}
        with self._serial(f"{self.collection.name}/{aggregate_id}"):
            for attempt in range(TRIES):
                document = self.collection.find_one({"_id": aggregate_id})
                entry = {"id": act.id, "hash": act.hash, "out": refused}
                if document is None:
                    try:
                        self.collection.insert_one(_tombstone(aggregate_id, tenant, entry))
                    except Duplicate:
                        continue
                    return True
                kept = _kept(document, act.id)
                if kept is not None:
                    return "refused" in kept["out"]
                if done(document):
                    return False
                if self.collection.update_one(
                    {"_id": aggregate_id, "version": document["version"]},
                    {"$set": {"version": document["version"] + 1}, "$push": {"acts": _last([entry])}},
                ):
                    return True
                self._clock.sleep(self._random.uniform(0, FIRST_PAUSE * 2**attempt))
        raise Conflict("changed_meanwhile", field="id", tries=TRIES)

    def _insert(self, document: Document) -> None:
        """Store a new document; raise ``Duplicate``."""
        self.collection.insert_one(document)

    def _fresh(self, act: Act, aggregate: A, outcome: Outcome) -> Document:
        return {
            "_id": aggregate.id,
            "version": 1,
            "tenant": aggregate.tenant,
            **self._codec.to_document(aggregate),
            "outbox": self._outbox(aggregate, 1),
            "acts": [{"id": act.id, "hash": act.hash, "out": outcome}],
        }

    def _change(self, act: Act | None, aggregate: A, before: Document, outcome: Outcome) -> Document | None:
        after = self._codec.to_document(aggregate)
        changed = {name: value for name, value in after.items() if name not in before or before[name] != value}
        gone = dict.fromkeys(set(before) - set(after), "")
        if not changed and not gone and not aggregate.facts:
            return None
        version = aggregate.version + 1
        change: Document = {"$set": {**changed, "version": version}}
        push: Document = {}
        if act is not None:
            push["acts"] = _last([{"id": act.id, "hash": act.hash, "out": outcome}])
        if aggregate.facts:
            push["outbox"] = {"$each": self._outbox(aggregate, version)}
        if push:
            change["$push"] = push
        if gone:
            change["$unset"] = gone
        return change

    def _outbox(self, aggregate: A, version: int) -> list[Document]:
        now = self._clock.now()
        trace = current_traceparent()
        return [
            _entry(fact, aggregate, version, index, self.source, now, trace)
            for index, fact in enumerate(aggregate.facts)
        ]

    def _missing(self, aggregate_id: str) -> NotFound:
        return NotFound(f"no_such_{self.collection.name.rstrip('s')}", field=self.named, id=aggregate_id)


def _entry(
    fact: Fact, aggregate: Aggregate, version: int, index: int, source: str, now: Any, trace: str | None
) -> Document:
    size = len(orjson.dumps(fact.data))
    if size > MAX_FACT_BYTES:
        raise Refused("fact_too_large", field="data", bytes=size, most=MAX_FACT_BYTES)
    return {
        "id": f"{aggregate.id}.{version}.{index}",
        "s": "new",
        "type": fact.type,
        "source": source,
        "subject": aggregate.id,
        "tenant": aggregate.tenant,
        "sequence": f"{version:010d}.{index:03d}",
        "time": now,
        "trace": trace,
        "data": dict(fact.data),
    }


def _last(entries: list[Document]) -> Document:
    return {"$each": entries, "$slice": -ACTS_KEPT}


def _tombstone(aggregate_id: str, tenant: str, entry: Document) -> Document:
    return {
        "_id": aggregate_id,
        "version": 1,
        "tenant": tenant,
        "tombstone": True,
        "outbox": [],
        "acts": [entry],
    }


def _is_tombstone(document: Document) -> bool:
    return bool(document.get("tombstone"))


def _kept(document: Mapping[str, Any], act_id: str) -> Document | None:
    return next((entry for entry in document["acts"] if entry["id"] == act_id), None)


def outcome_of(document: Mapping[str, Any], act: Act) -> Outcome | None:
    """Return the outcome this document keeps of the act, or None.

    Raises ``Refused`` when the same id was used to ask something else, or when the act was made impossible.
    """
    entry = _kept(document, act.id)
    if entry is None:
        return None
    if "refused" in entry["out"]:
        raise Refused(str(entry["out"]["refused"]), field="act_id")
    if entry["hash"] != act.hash:
        raise Refused("act_id_reused", field="act_id", act_id=act.id)
    outcome: Outcome = entry["out"]
    return outcome
