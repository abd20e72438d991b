"""Batches: why a figure as known at an instant is final, however long a process sleeps and whatever its clock says.

    batches   one while its events are stored: the instant from which they are known (``known_at``), and whether it is
              ``open``; gone when it is finished, kept for ever when it was given up
    asked     _id = "latest": the latest instant of which somebody asked what was known then

Whoever stores events begins a batch, stores them in its name, marks their days stale, and finishes it: one delete. An
event counts as known once its batch is finished; before that the broker is not told that we have it. So:

- **Nothing is begun behind a question.** Who asks first notes the instant, then looks for batches. Who begins a batch
  first stores it, then reads what was asked, and takes an instant after that. So a batch that is not seen by who asks
  is of a later instant.
- **Who asks gives up what is still open** of that instant or an earlier one. Finished or given up, a batch stays so.
- **Events of a batch that was given up are not known then.** They are taken over into another batch, of a later
  instant: by the one who can't finish it, or, if that one is dead, by whoever hears the events again.
- **Who is slow comes to an end.** Whose batches keep being given up begins the next one ahead of time, further each
  time: nobody may ask about that instant yet (``known_at_too_late``), and so nobody gives it up.
- **Only the one who began a batch finishes it**: nobody else knows that no event in its name is on its way.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from shared.clock import Clock, to_millisecond
from shared.ids import Ids
from shared.mongo.port import Change, Database, Index

#: As instants are kept.
MILLISECOND = timedelta(milliseconds=1)
_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Batch:
    """In whose name events are stored, and from when on they are known once it is finished."""

    id: str
    known_at: datetime


class Batches:
    """The batches that are not finished."""

    def __init__(self, database: Database) -> None:
        self._batches = database.collection("batches")
        self._asked = database.collection("asked")
        #: An instant up to which no batch will be finished any more, and those that were given up.
        self._settled: tuple[datetime, frozenset[str]] = _LONG_AGO, frozenset()

    def prepare(self) -> None:
        """Make the index by instant."""
        self._batches.ensure([Index(("known_at",))])

    def begin(self, clock: Clock, ids: Ids, *, ahead: timedelta = timedelta()) -> Batch:
        """Begin a batch, known from ``ahead`` of now on, or from later if somebody asked what is known by then."""
        known_at = clock.now() + ahead
        while True:
            batch = Batch(ids.new("batch"), known_at)
            self._batches.insert_one({"_id": batch.id, "known_at": known_at, "open": True})
            # After it was stored: who asks from here on sees it.
            asked = self._latest()
            if asked < known_at:
                return batch
            # Nothing was stored in its name.
            self._batches.delete_many({"_id": batch.id})
            known_at = max(clock.now() + ahead, asked + MILLISECOND)

    def finish(self, batch: Batch) -> bool:
        """Let its events be known; return False if somebody gave it up."""
        return self._batches.delete_many({"_id": batch.id, "open": True}) == 1

    def unfinished(self, batches: Iterable[str]) -> set[str]:
        """Return those of these that are open or given up."""
        wanted = sorted(set(batches))
        return {one["_id"] for one in self._batches.find({"_id": {"$in": wanted}}, ["open"])} if wanted else set()

    def give_up(self, batches: Iterable[str]) -> None:
        """Let none of these be finished that is still open."""
        self._batches.update_each(
            [Change({"_id": one, "open": True}, {"$set": {"open": False}}) for one in sorted(set(batches))]
        )

    def settle(self, instant: datetime) -> frozenset[str]:
        """See to it that what is known at ``instant`` stays so; return the batches that don't count then, ever."""
        instant = to_millisecond(instant)
        until, given_up = self._settled
        if instant > until:
            self._note(instant)
            # After it was noted: what is begun from here on is of a later instant.
            given_up = self._of(instant)
            if given_up:
                self.give_up(given_up)
                given_up = self._of(instant)
            self._settled = instant, given_up
        return given_up

    def _of(self, instant: datetime) -> frozenset[str]:
        return frozenset(one["_id"] for one in self._batches.find({"known_at": {"$lte": instant}}, ["open"]))

    def _latest(self) -> datetime:
        found = self._asked.find_one({"_id": "latest"})
        return _LONG_AGO if found is None else found["known_at"]

    def _note(self, instant: datetime) -> None:
        while (latest := self._latest()) < instant:
            if latest == _LONG_AGO:
                self._asked.insert_many([{"_id": "latest", "known_at": instant}])
            else:
                self._asked.update_one({"_id": "latest", "known_at": {"$lt": instant}}, {"$set": {"known_at": instant}})
