"""What waits to be published: facts that rode into a document with the change that caused them.

Work is found by equality on ``outbox.s``. Only the relay takes entries out, by fact id, and it leaves the version
alone; nobody else ever writes ``outbox`` but by ``$push``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from shared.events.envelope import Event, Unreadable
from shared.events.registry import contract_of
from shared.messaging.message import Message, message_of
from shared.mongo.port import Change, Collection

NEW = "new"
STUCK = "stuck"


@dataclass(frozen=True)
class Waiting:
    """One fact in one document's outbox."""

    collection: Collection
    document_id: Any
    entry: Mapping[str, Any]

    @property
    def fact_id(self) -> str:
        """The fact's id, which becomes the event's id."""
        return str(self.entry["id"])

    def message(self) -> Message:
        """Return the message; raise ``Unreadable`` when this can't be published at all."""
        contract = contract_of(self.entry["type"])
        if contract is None:
            raise Unreadable(f"type: {self.entry['type']} has no contract")
        return message_of(event_of(self.entry), contract.routing_key)


def event_of(entry: Mapping[str, Any]) -> Event:
    """Return the event that an outbox entry becomes."""
    return Event(
        id=entry["id"],
        source=entry["source"],
        type=entry["type"],
        subject=entry["subject"],
        tenant=entry["tenant"],
        time=entry["time"],
        sequence=entry["sequence"],
        data=entry["data"],
        traceparent=entry.get("trace"),
    )


def waiting(collection: Collection, most: int, state: str = NEW) -> list[Waiting]:
    """Return up to about ``most`` facts of a collection in that state, document by document."""
    documents = collection.find({"outbox.s": state}, ["outbox"], limit=most)
    return [
        Waiting(collection, document["_id"], entry)
        for document in documents
        for entry in document["outbox"]
        if entry["s"] == state
    ]


def take_out(published: Iterable[Waiting]) -> None:
    """Pull published facts from their documents, one batch a collection."""
    by_collection: dict[int, tuple[Collection, dict[Any, list[str]]]] = {}
    for item in published:
        _, documents = by_collection.setdefault(id(item.collection), (item.collection, {}))
        documents.setdefault(item.document_id, []).append(item.fact_id)
    for collection, documents in by_collection.values():
        collection.update_each(
            [
                Change({"_id": document_id}, {"$pull": {"outbox": {"id": {"$in": fact_ids}}}})
                for document_id, fact_ids in documents.items()
            ]
        )


def mark(item: Waiting, state: str, why: str) -> None:
    """Mark one fact, so that it is not tried again until an operator says so (``STUCK``), or is again (``NEW``)."""
    item.collection.update_one(
        {"_id": item.document_id, "outbox.id": item.fact_id},
        {"$set": {"outbox.$.s": state, "outbox.$.why": why}},
    )
