"""The months: figures as they are kept, computed from the archive, never incremented.

    months_<about>  one document a programme, district, KST month (and part): ``days`` DD -> sums, and ``sum`` of all
                    of them (null where nothing is known)
    stale_<about>   one mark a day (or a whole month) to which facts came: ``_id`` ends in ``DD@epoch``, ``all@epoch``
    epochs          _id = tenant: how often somebody has begun to compute stale months

Whoever archived facts then marks their days stale; whoever asks computes the marked days from the facts, stores the
months and takes away the marks. No answer misses a fact, over any number of processes, because:

- **A mark is made after its fact was archived, in an epoch that was read after that too.** Within an epoch it is made
  once; the process remembers, and an intake of many facts writes few marks.
- **Who computes reads the marks, then begins a new epoch, then reads months and facts**, and takes away only the marks
  it read. A fact that it can't have seen was archived after the epoch began: its mark has the new epoch in its name,
  is another document, and stays.
- **A new epoch is begun between storing months and taking away their marks.** So the sums of a whole tenant, once read,
  are those of every month without a mark for as long as its epoch stays what it was before they were read: a process
  remembers them, and a question that finds no news reads the days of one month.
- **A month is stored only if its ``generation`` is still the one that was read**; a new one comes with it. Of two who
  compute at once the second to store is refused, and leaves the marks where they are.

Beyond ``DAYS_APART`` days of a month in an epoch the month is marked as a whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.statistics.model import Bucket, Month, Sums
from services.statistics.tables import TABLES
from shared.mongo.port import Change, Collection, Database, Document, Duplicate, Index

#: Days of one month that are marked one by one in an epoch; after that the month is marked as a whole.
DAYS_APART = 3
#: The mark of every day of a month.
WHOLE = "all"
#: Months that a process remembers to have marked; more, and it begins again.
REMEMBERED = 50_000
#: Sums of months that a process remembers of one table of a tenant; of more it remembers none.
REMEMBERED_SUMS = 20_000
#: Documents written at once.
PAGE = 500
#: Ids in one delete: the embedded engine leaves the index for more (shared/mongo/real.py).
IDS_AT_ONCE = 100
#: Where the day buckets of earlier versions are, by what they are about: adopted when a process starts, then gone.
_BEFORE = {"jobs": "buckets", "rooms": "room_buckets"}
_NAMES = ["tenant", "programme", "district", "month", "part"]


@dataclass(frozen=True)
class Mark:
    """A day of a month, ``DD`` or ``WHOLE``, that was marked stale in an epoch."""

    month: Month
    day: str
    epoch: int

    @property
    def id(self) -> str:
        """Its key: another one in each epoch."""
        return f"{self.month.id} {self.day}@{self.epoch}"


@dataclass(frozen=True)
class Kept:
    """A month as it is kept. ``days`` is None where they were not read; ``generation`` is empty before it is stored."""

    month: Month
    generation: str = ""
    total: Sums | None = None
    days: Mapping[str, Sums] | None = None


@dataclass(frozen=True)
class Asked:
    """Which months a question is about; ``through`` is a KST day, inclusive."""

    about: str
    tenant: str
    programme: str | None = None
    district: str | None = None
    month: str | None = None
    through: str | None = None

    def holds(self, one: Month) -> bool:
        """Return whether it is about this month."""
        wanted = ((self.programme, one.programme), (self.district, one.district), (self.month, one.month))
        return all(value is None or value == its for value, its in wanted) and (
            self.through is None or one.month <= self.through[:7]
        )


@dataclass
class _Marked:
    """What this process marked stale in an epoch of a tenant: month -> days."""

    epoch: int
    days: dict[str, set[str]] = field(default_factory=dict)


class Months:
    """The months: a cache."""

    def __init__(self, database: Database) -> None:
        self._months: Mapping[str, Collection] = {about: database.collection(f"months_{about}") for about in TABLES}
        self._stale: Mapping[str, Collection] = {about: database.collection(f"stale_{about}") for about in TABLES}
        self._before = {about: database.collection(name) for about, name in _BEFORE.items()}
        self._epochs = database.collection("epochs")
        self._marked: dict[str, _Marked] = {}
        #: (about, tenant) -> the epoch, and the sums of all its months as they were read in it.
        self._sums: dict[tuple[str, str], tuple[int, list[Kept]]] = {}
        #: Documents read so far to answer questions: what a bench asks for.
        self.read = 0

    def prepare(self) -> None:
        """Make the indexes; adopt what an earlier version kept by the day."""
        for about, collection in self._months.items():
            collection.ensure([Index(("tenant", "month"))])
            self._stale[about].ensure([Index(("tenant",))])
        for about, collection in self._before.items():
            while found := collection.find({}, ["tenant", "programme", "district", "day", "plan"], limit=IDS_AT_ONCE):
                self.mark_stale({_bucket_before(about, one) for one in found})
                collection.delete_many({"_id": {"$in": [one["_id"] for one in found]}})

    def mark_stale(self, buckets: Iterable[Bucket]) -> None:
        """Note that facts came, after they were archived: the days they count on are to be computed again."""
        by_tenant: dict[str, dict[Month, set[str]]] = {}
        for bucket in buckets:
            by_tenant.setdefault(bucket.tenant, {}).setdefault(bucket.within, set()).add(bucket.day[8:])
        for tenant, months in by_tenant.items():
            # Read after the facts were archived, or a skipped mark could be one that is just taken away.
            epoch = self.epoch(tenant)
            marked = self._marked.get(tenant)
            if marked is None or marked.epoch != epoch or len(marked.days) > REMEMBERED:
                marked = self._marked[tenant] = _Marked(epoch)
            todo = [
                Mark(month, day, epoch)
                for month, days in months.items()
                for day in _to_mark(days, marked.days.get(month.id, set()))
            ]
            self._store_marks(todo)
            # Only now: one that failed is made when the event is told again.
            for mark in todo:
                marked.days.setdefault(mark.month.id, set()).add(mark.day)

    def mark_all_stale(self, tenant: str | None) -> dict[str, int]:
        """Let every month of a tenant, or of all, be computed again; return how many there were of each table."""
        query: Document = {} if tenant is None else {"tenant": tenant}
        found = [
            _month(about, one) for about, collection in self._months.items() for one in collection.find(query, _NAMES)
        ]
        epochs = {one: self.epoch(one) for one in {month.tenant for month in found}}
        self._store_marks([Mark(month, WHOLE, epochs[month.tenant]) for month in found])
        return Counter(month.about for month in found)

    def _store_marks(self, marks: Sequence[Mark]) -> None:
        for about, collection in self._stale.items():
            mine = [_document_of(mark) for mark in marks if mark.month.about == about]
            for first in range(0, len(mine), PAGE):
                collection.insert_many(mine[first : first + PAGE])

    def marks(self, about: str, tenant: str) -> list[Mark]:
        """Return what is stale of one table of a tenant."""
        found = self._stale[about].find({"tenant": tenant})
        return [Mark(_month(about, one), one["day"], one["epoch"]) for one in found]

    def take_away(self, marks: Sequence[Mark]) -> None:
        """Remove marks."""
        for about, collection in self._stale.items():
            mine = [mark.id for mark in marks if mark.month.about == about]
            for first in range(0, len(mine), IDS_AT_ONCE):
                collection.delete_many({"_id": {"$in": mine[first : first + IDS_AT_ONCE]}})

    def epoch(self, tenant: str) -> int:
        """Return the epoch of a tenant, from 0."""
        found = self._epochs.find_one({"_id": tenant})
        return 0 if found is None else int(found["epoch"])

    def begin_epoch(self, tenant: str) -> None:
        """Begin a new epoch, unless somebody else does at the same time: theirs is as good."""
        epoch = self.epoch(tenant)
        if epoch:
            self._epochs.update_one({"_id": tenant, "epoch": epoch}, {"$set": {"epoch": epoch + 1}})
            return
        try:
            self._epochs.insert_one({"_id": tenant, "epoch": 1})
        except Duplicate:
            return

    def tenants(self) -> set[str]:
        """Return the tenants that had an epoch."""
        return {one["_id"] for one in self._epochs.find({})}

    def find(self, asked: Asked, *, whole: bool = False) -> list[Kept]:
        """Return the months that are kept of those asked for.

        The days are read of the month of ``through`` only; ``whole``: of all.
        """
        last = None if asked.through is None else asked.through[:7]
        query = _query(asked)
        if asked.month is not None:
            beyond = last is not None and asked.month > last
            return [] if beyond else self._find(asked.about, query, days=whole or last is not None)
        if last is None:
            return self._find(asked.about, query, days=True) if whole else self._sums_of(asked)
        if whole:
            earlier = self._find(asked.about, {**query, "month": {"$lt": last}}, days=True)
        else:
            earlier = [one for one in self._sums_of(asked) if one.month.month < last]
        return earlier + self._find(asked.about, {**query, "month": last}, days=True)

    def _sums_of(self, asked: Asked) -> list[Kept]:
        """Return the months asked for without their days, as remembered if no epoch has begun since they were read."""
        about, tenant = asked.about, asked.tenant
        # Before the months: what is stored while they are read must not be remembered as read.
        epoch = self.epoch(tenant)
        known_in, known = self._sums.get((about, tenant), (-1, []))
        if known_in != epoch:
            known = self._find(about, _query(asked), days=False)
            if asked.programme is None and asked.district is None and len(known) <= REMEMBERED_SUMS:
                self._sums[about, tenant] = (epoch, known)
        return [one for one in known if asked.holds(one.month)]

    def _find(self, about: str, query: Document, *, days: bool) -> list[Kept]:
        fields = None if days else [*_NAMES, "generation", "sum"]
        found = [_kept(about, one) for one in self._months[about].find(query, fields)]
        self.read += len(found)
        return found

    def named(self, about: str, months: Iterable[Month]) -> list[Kept]:
        """Return these months with their days, those that are not kept yet among them, without days."""
        wanted = {month.id: Kept(month) for month in months}
        for one in self._find(about, {"_id": {"$in": list(wanted)}}, days=True):
            wanted[one.month.id] = one
        return list(wanted.values())

    def store(self, about: str, computed: Sequence[Kept], generation: str) -> bool:
        """Store what was computed under a new generation; return whether no month was stored by others meanwhile."""
        new = [_stored(one, generation) for one in computed if not one.generation]
        there = self._months[about].insert_many(new)
        old = [one for one in computed if one.generation]
        changes = [
            Change({"_id": one.month.id, "generation": one.generation}, {"$set": _sums(one, generation)}) for one in old
        ]
        return self._months[about].update_each(changes) == len(old) and not there


def _query(asked: Asked) -> Document:
    query: Document = {"tenant": asked.tenant}
    for name, value in (("programme", asked.programme), ("district", asked.district), ("month", asked.month)):
        if value is not None:
            query[name] = value
    return query


def _to_mark(days: set[str], marked: set[str]) -> set[str]:
    """Return which of the days to mark, beside those that this process marked in the same epoch."""
    new = set() if WHOLE in marked else days - marked
    return {WHOLE} if new and len(marked) + len(new) > DAYS_APART else new


def _stored(one: Kept, generation: str) -> Document:
    month = one.month
    return {
        "_id": month.id,
        "tenant": month.tenant,
        "programme": month.programme,
        "district": month.district,
        "month": month.month,
        "part": month.part,
        **_sums(one, generation),
    }


def _sums(one: Kept, generation: str) -> Document:
    return {
        "generation": generation,
        "days": {day: dict(sums) for day, sums in (one.days or {}).items()},
        "sum": None if one.total is None else dict(one.total),
    }


def _document_of(mark: Mark) -> Document:
    month = mark.month
    return {
        "_id": mark.id,
        "tenant": month.tenant,
        "programme": month.programme,
        "district": month.district,
        "month": month.month,
        "part": month.part,
        "day": mark.day,
        "epoch": mark.epoch,
    }


def _month(about: str, document: Mapping[str, Any]) -> Month:
    return Month(about, *(document[name] for name in _NAMES))


def _kept(about: str, document: Mapping[str, Any]) -> Kept:
    return Kept(_month(about, document), document["generation"], document["sum"], document.get("days"))


def _bucket_before(about: str, told: Mapping[str, Any]) -> Bucket:
    return Bucket(
        about, told["tenant"], told["programme"], told["district"], told["day"], told.get("plan", "")
    )
