"""The questions behind tasks, in one place: by equality on an index of whose documents they are, so many at most.

Nothing is kept here. What one question costs grows with what it finds, of the whole tenant, and with how many openings a
host ever had.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from services.placement.allowance.model import PayMonth
from services.placement.allowance.storage import PayMonths
from services.placement.attendance.card import OPEN as SHEET_OPEN
from services.placement.attendance.card import VOID
from services.placement.attendance.model import Sheet
from services.placement.attendance.storage import Sheets
from services.placement.batches.model import PREPARED, Batch
from services.placement.batches.storage import HEAD, Batches
from services.placement.openings.model import OPEN, PENDING, WAITING, Application, Opening
from services.placement.openings.storage import Applications, Openings
from services.placement.proposals.call import Call
from services.placement.proposals.model import SUBMITTED, Proposal
from services.placement.proposals.storage import Calls, Proposals
from services.placement.trust.model import Evaluation
from services.placement.trust.storage import Evaluations
from shared.aggregate import Aggregate
from shared.mongo.aggregates import Aggregates
from shared.mongo.port import Query

#: Documents that one question reads.
MOST_READ = 500

A = TypeVar("A", bound=Aggregate)
#: What was found, and whether that is all there is.
Found = tuple[list[A], bool]


@dataclass(frozen=True)
class Waiting:
    """What waits, by tenant and districts (none: all), or by host."""

    sheets: Sheets
    openings: Openings
    applications: Applications
    batches: Batches
    months: PayMonths
    calls: Calls
    proposals: Proposals
    evaluations: Evaluations

    def applied_for(self, tenant: str, resident_id: str) -> tuple[list[tuple[Application, Opening]], bool]:
        """Return a resident's applications that may still get a place, each with its opening."""
        query = {"resident_id": resident_id, "tenant": tenant, "state": {"$in": list(WAITING)}}
        found, whole = _some(self.applications, query)
        openings = self.openings.get_many(sorted({one.opening_id for one in found}))
        return [(one, openings[one.opening_id]) for one in found if one.opening_id in openings], whole

    def sheets_of(self, tenant: str, districts: frozenset[str]) -> Found[Sheet]:
        """Return the sheets that wait for an officer's word or answer."""
        return _some(self.sheets, {"waits": tenant, **_in(districts)})

    def sheets_at(self, tenant: str, opening_ids: Iterable[str]) -> Found[Sheet]:
        """Return those of these openings that wait so."""
        own = set(opening_ids)
        keys = self.sheets.collection.find({"waits": tenant}, ["opening_id"])
        ids = [key["_id"] for key in keys if key["opening_id"] in own]
        return list(self.sheets.get_many(ids[:MOST_READ]).values()), len(ids) <= MOST_READ

    def open_sheets(self, opening_id: str) -> Found[Sheet]:
        """Return an opening's sheets that are not settled."""
        return _some(self.sheets, {"opening_id": opening_id, "state": SHEET_OPEN})

    def gave_back(self, opening_id: str, now: datetime) -> bool:
        """Return whether a place of the opening was given back with work to come."""
        ahead = {"opening_id": opening_id, "state": VOID, "end": {"$gt": now}}
        return self.sheets.collection.find_one(ahead, ["_id"]) is not None

    def hosted(self, tenant: str, host: str) -> Found[Opening]:
        """Return the openings that this account is a host of, the latest."""
        return _some(self.openings, {"hosts": host, "tenant": tenant}, newest="published_at")

    def open_openings(self, tenant: str, districts: frozenset[str]) -> Found[Opening]:
        """Return the openings that take applications."""
        return _some(self.openings, {"tenant": tenant, "state": OPEN, **_in(districts)})

    def has_applicants(self, opening_id: str) -> bool:
        """Return whether somebody waits for an answer."""
        return self.applications.collection.find_one({"opening_id": opening_id, "state": PENDING}, ["_id"]) is not None

    def prepared(self, tenant: str, districts: frozenset[str]) -> Found[Batch]:
        """Return the batches that wait for approval, without their rows."""
        return _some(self.batches, {"tenant": tenant, "state": PREPARED, **_in(districts)}, HEAD)

    def claimed_of(self, resident_id: str) -> set[str]:
        """Return the batches that are about to pay this resident."""
        found = self.months.collection.find({"resident_id": resident_id}, ["claimed"])
        return {one["claimed"] for one in found if "claimed" in one}

    def in_doubt(self, tenant: str, districts: frozenset[str]) -> Found[Batch]:
        """Return the batches of which it is not sure what came back, with their rows: one officer's word, or the bank's two."""
        return _some(self.batches, {"waits": tenant, **_in(districts)})

    def came_back(self, tenant: str, districts: frozenset[str]) -> Found[PayMonth]:
        """Return the months of pay that the bank sent back and that no batch has claimed again."""
        return _some(self.months, {"came_back": tenant, **_in(districts)})

    def submitted(self, tenant: str) -> tuple[list[tuple[Proposal, Call]], bool]:
        """Return the proposals that were not answered, each with its call."""
        found, whole = _some(self.proposals, {"tenant": tenant, "state": SUBMITTED})
        calls = self.calls.get_many(sorted({one.call_id for one in found}))
        return [(one, calls[one.call_id]) for one in found if one.call_id in calls], whole

    def appeals(self, tenant: str, districts: frozenset[str]) -> Found[Evaluation]:
        """Return the evaluations in which an appeal waits."""
        return _some(self.evaluations, {"waits": tenant, **_in(districts)})


def _in(districts: frozenset[str]) -> Query:
    return {"district": {"$in": sorted(districts)}} if districts else {}


def _some(
    kept: Aggregates[A], query: Query, fields: Sequence[str] | None = None, *, newest: str | None = None
) -> Found[A]:
    found = kept.collection.find(query, fields, limit=MOST_READ + 1, newest=newest)
    return [kept.read(document) for document in found[:MOST_READ]], len(found) <= MOST_READ
