"""How events come in: stored in the name of a batch, their days marked stale, and known once the batch is finished."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from services.statistics.months import Months
from services.statistics.register import Register
from services.statistics.storage import SHELF, Archive
from services.statistics.tables import addition_of
from shared.clock import Clock
from shared.errors import Conflict
from shared.events.envelope import Event
from shared.ids import Ids
from shared.messaging.core import KeyReused
from shared.mongo.port import Document

#: How far ahead of time a batch is begun, try by try: again where others store the same events, or ask for an instant
#: that has passed meanwhile. At first not at all; then so far that whoever is slow is done before anybody may ask.
AHEAD = tuple(timedelta(minutes=minutes) for minutes in (0, 0, 1, 2, 4))
TRIES = len(AHEAD)


@dataclass(frozen=True)
class Intake:
    """Archives events."""

    archive: Archive
    months: Months
    register: Register
    clock: Clock
    ids: Ids

    def keep(self, events: Sequence[Event]) -> None:
        """Archive each event once, and mark the days of its facts stale.

        When it returns, each is in a batch that is finished: before that the broker must not be told that we have it.
        Raises ``KeyReused`` when one came before with another body, ``Conflict`` when others kept storing the same.
        """
        for first in range(0, len(events), SHELF):
            left = list(events[first : first + SHELF])
            for tried, ahead in enumerate(AHEAD):
                left = self._keep(left, ahead, patient=tried == 0)
                if not left:
                    break
            else:
                raise Conflict("changed_meanwhile", field="event_id", tries=TRIES)

    def _keep(self, events: Sequence[Event], ahead: timedelta, *, patient: bool) -> list[Event]:
        """Return the events that are in no finished batch yet; ``patient``: of others who may be about to finish too."""
        batch = self.archive.batches.begin(self.clock, self.ids, ahead=ahead)
        there = self.archive.put(events, batch)
        self.register.note(events)
        # Of those that were there too: who stored them may have died before. And before the batch is finished, or what
        # is known at an instant could be found later than that.
        additions = (addition_of(event) for event in events)
        self.months.mark_stale({one.bucket for one in additions if one is not None})
        left = self._left(there, batch.id)
        if left and not patient:
            self.archive.batches.give_up(left.values())
            # Some were finished first: their events stay where they are.
            left = self._left(there, batch.id)
            if self.archive.take_over(left, batch) == len(left):
                left = {}
        if not self.archive.batches.finish(batch):
            return list(events)
        _refuse_reused(there, events)
        return [event for event in events if event.key in left]

    def _left(self, there: Sequence[Document], mine: str) -> dict[str, str]:
        """Return those that are in a batch of others that isn't finished, and in which; earlier versions had none."""
        batches = {one["_id"]: one["batch"] for one in there if one.get("batch", mine) != mine}
        unfinished = self.archive.batches.unfinished(batches.values())
        return {key: its for key, its in batches.items() if its in unfinished}


def _refuse_reused(there: Sequence[Document], events: Sequence[Event]) -> None:
    kept = {found["_id"]: found["hash"] for found in there}
    for event in events:
        if kept.get(event.key, event.hash) != event.hash:
            raise KeyReused(f"event {event.id} came before with another body")
