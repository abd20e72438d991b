"""Diaries in the collection ``diaries``, one document a root space and KST day.

All steps on diaries that are asked at the same time in one process are taken together (shared/together.py): the days
are read in one question, each step decides in its turn, and what changed is written at once, each document guarded by
its version as ever. Where one was beaten by another process, all look again: what was written stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from services.spaces.diary.model import WHOLE, Claim, Diary, Entry
from services.spaces.spans import Span
from shared.aggregate import Act
from shared.clock import Clock
from shared.errors import Conflict, CrossesTheDoor
from shared.mongo.aggregates import FIRST_PAUSE, INDEXES, TRIES, Aggregates, Outcome
from shared.mongo.port import Change, Collection, Database, Document, Index
from shared.serial import Serial
from shared.together import Together

SOURCE = "/sipbun/spaces/diaries"


class DiaryCodec:
    """Diary <-> document. Claims are a list: their ids may hold any character.

    A day's claims are written anew with each change, so a row leaves out what most of them have.
    """

    def to_document(self, diary: Diary) -> Document:
        """Return the fields to keep."""
        document: Document = {
            "root_id": diary.root_id,
            "facility_id": diary.facility_id,
            "district": diary.district,
            "day": diary.day.isoformat(),
            "hours_version": diary.hours_version,
            "claims": [_written(claim) for claim in diary.claims.values()],
            "counted": diary.counted,
        }
        if diary.due is not None:
            document["due"] = diary.due
        return document

    def from_document(self, document: Document) -> Diary:
        """Return the diary."""
        return Diary(
            id=document["_id"],
            tenant=document["tenant"],
            root_id=document["root_id"],
            facility_id=document["facility_id"],
            district=document["district"],
            day=date.fromisoformat(document["day"]),
            hours_version=document["hours_version"],
            claims={row["id"]: _read(row) for row in document["claims"]},
            counted=document["counted"],
        )


def _written(claim: Claim) -> Document:
    row: Document = {
        "id": claim.id,
        "kind": claim.kind,
        "space_id": claim.space_id,
        "start": claim.span.start,
        "end": claim.span.end,
        "act_id": claim.act_id,
    }
    if claim.parts != WHOLE:
        row["parts"] = list(claim.parts)
    if claim.before:
        row["before"] = int(claim.before.total_seconds())
    if claim.after:
        row["after"] = int(claim.after.total_seconds())
    if claim.deadline is not None:
        row["deadline"] = claim.deadline
    if claim.repeated:
        row["repeated"] = True
    if claim.entry is not None:
        row["entry"] = vars(claim.entry).copy()
    return row


def _read(row: Mapping[str, Any]) -> Claim:
    entry = row.get("entry")
    return Claim(
        id=row["id"],
        kind=row["kind"],
        space_id=row["space_id"],
        parts=tuple(row["parts"]) if "parts" in row else WHOLE,
        span=Span(row["start"], row["end"]),
        before=timedelta(seconds=row.get("before", 0)),
        after=timedelta(seconds=row.get("after", 0)),
        deadline=row.get("deadline"),
        act_id=row["act_id"],
        entry=None if entry is None else Entry(**entry),
        repeated=row.get("repeated", False),
    )


@dataclass(frozen=True)
class Step:
    """One convergent step on one day. ``blank`` makes the day where it is not there yet; None: ``NotFound``."""

    diary_id: str
    decide: Callable[[Diary], Outcome]
    blank: Callable[[], Diary] | None = None


class Diaries(Aggregates[Diary]):
    """The diaries of all roots and days."""

    def __init__(self, collection: Collection, *, clock: Clock, serial: Serial) -> None:
        super().__init__(collection, DiaryCodec(), source=SOURCE, clock=clock, serial=serial)
        self._together = Together(self._take, key=f"{collection.name}/*", serial=serial, clock=clock)

    def prepare(self) -> None:
        """Make the indexes."""
        self.collection.ensure([*INDEXES, Index(("due",), where_exists="due")])

    def act(self, act: Act | None, aggregate_id: str, decide: Callable[[Diary], Outcome]) -> Outcome:
        """Take a step, as ``Aggregates.act``; one that nobody named together with what others ask."""
        return self._together(Step(aggregate_id, decide)) if act is None else super().act(act, aggregate_id, decide)

    def act_on(self, diary_id: str, decide: Callable[[Diary], Outcome], blank: Callable[[], Diary]) -> Outcome:
        """Take a step on a day that may not be there yet: it is stored with its first claim."""
        return self._together(Step(diary_id, decide, blank))

    def _take(self, steps: Sequence[Step]) -> list[Outcome | CrossesTheDoor]:
        for attempt in range(TRIES):
            known = self._known([*{step.diary_id for step in steps}])
            diaries = {diary_id: self.read(document) for diary_id, document in known.items()}
            before = {diary_id: self._codec.to_document(diary) for diary_id, diary in diaries.items()}
            outcomes = [self._taken(step, diaries) for step in steps]
            changes: list[Change] = []
            fresh: list[Document] = []
            for diary_id, diary in diaries.items():
                if diary_id not in known:
                    fresh.append(self._fresh(Act.own(f"open:{diary_id}", "open"), diary, {}))
                    continue
                change = self._change(None, diary, before[diary_id], {})
                if change is not None:
                    changes.append(Change({"_id": diary_id, "version": diary.version}, change))
            if self._written(changes, fresh):
                return outcomes
            self._clock.sleep(self._random.uniform(0, FIRST_PAUSE * 2**attempt))
        raise Conflict("changed_meanwhile", field="id", tries=TRIES)

    def _known(self, ids: Sequence[str]) -> dict[str, Document]:
        one = self.collection.find_one({"_id": ids[0]}) if len(ids) == 1 else None
        found = self.collection.find({"_id": {"$in": list(ids)}}) if len(ids) > 1 else [one] if one else []
        return {document["_id"]: document for document in found}

    def _taken(self, step: Step, diaries: dict[str, Diary]) -> Outcome | CrossesTheDoor:
        """Take one step in memory; a diary's verbs raise before they change anything."""
        diary = diaries.get(step.diary_id)
        if diary is None:
            if step.blank is None:
                return self._missing(step.diary_id)
            diary = step.blank()
        try:
            outcome = step.decide(diary)
        except CrossesTheDoor as objection:
            return objection
        diaries[step.diary_id] = diary
        return outcome

    def _written(self, changes: list[Change], fresh: list[Document]) -> bool:
        """Write; False when another process was faster on one of them."""
        if len(changes) == 1:
            written = self.collection.update_one(changes[0].query, changes[0].update)
        else:
            written = self.collection.update_each(changes)
        return not self.collection.insert_many(fresh) and written == len(changes)

    def overdue(self, now: datetime, most: int) -> list[Diary]:
        """Return diaries with a held claim past its deadline."""
        return [self.read(document) for document in self.collection.find({"due": {"$lte": now}}, limit=most)]

    def of(self, root_ids: Iterable[str], days: Iterable[date]) -> dict[str, Diary]:
        """Return the diaries that exist of these roots on these days, by id, in one question (in hundreds)."""
        wanted = list(days)
        return self.get_many([Diary.id_of(root_id, day) for root_id in root_ids for day in wanted])


def diaries(database: Database, *, clock: Clock, serial: Serial) -> Diaries:
    """Return the diaries kept in spaces' database."""
    return Diaries(database.collection("diaries"), clock=clock, serial=serial)
