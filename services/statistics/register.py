"""Which programme stands under which: kept from ``placement.programme.set``, the latest by its sequence.

    programmes   _id = tenant|programme: ``parent`` and the ``sequence`` of the event that said so
"""

from __future__ import annotations

from collections.abc import Sequence

from shared.events.envelope import Event
from shared.events.placement import plans
from shared.mongo.port import Change, Database, Document, Index


class Register:
    """The programmes of a tenant, and the umbrella of each."""

    def __init__(self, database: Database) -> None:
        self._collection = database.collection("programmes")

    def prepare(self) -> None:
        """Make the index of what stands under an umbrella."""
        self._collection.ensure([Index(("tenant", "parent"))])

    def note(self, events: Sequence[Event]) -> None:
        """Keep what the latest event about each programme says, in whatever order they come."""
        latest: dict[str, Event] = {}
        for event in events:
            if event.type == plans.PROGRAMME_SET.type:
                key = f"{event.tenant}|{event.data['programme_id']}"
                latest[key] = max(latest.get(key, event), event, key=lambda one: one.sequence)
        if not latest:
            return
        there = self._collection.insert_many([{"_id": key, **_said(event)} for key, event in latest.items()])
        self._collection.update_each(
            [
                Change({"_id": key, "sequence": {"$lt": event.sequence}}, {"$set": _said(event)})
                for key, event in latest.items()
                if key in there
            ]
        )

    def parents(self, tenant: str) -> dict[str, str | None]:
        """Return every programme of the tenant with the programme above it."""
        return {one["programme"]: one["parent"] for one in self._collection.find({"tenant": tenant})}

    def family(self, tenant: str, umbrella: str) -> dict[str, str | None]:
        """Return the umbrella, all that stands under it, and the programme above each.

        An umbrella is named by its id, or by its code: the id without the tenant before it.
        """
        found = self._collection.find_one({"_id": f"{tenant}|{umbrella}"}, ["parent"])
        family: dict[str, str | None] = {umbrella: None if found is None else found["parent"]}
        above = [umbrella]
        while above:
            names = [*above, *(one.removeprefix(f"{tenant}:") for one in above)]
            children = self._collection.find({"tenant": tenant, "parent": {"$in": names}}, ["programme", "parent"])
            # What was seen is left out: a programme under itself has no end.
            above = [one["programme"] for one in children if one["programme"] not in family]
            family |= {one["programme"]: one["parent"] for one in children if one["programme"] in above}
        return family


def _said(event: Event) -> Document:
    return {
        "tenant": event.tenant,
        "programme": event.data["programme_id"],
        "parent": event.data.get("parent"),
        "sequence": event.sequence,
    }
