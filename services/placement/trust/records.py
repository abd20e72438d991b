"""Records of work: kept from what attendance says, and told to whoever ranks candidates."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from services.placement.openings.model import Evidence
from services.placement.trust.ports import ManyConsents, WorkRecords
from services.placement.trust.profiles import PURPOSE
from services.placement.trust.record import Completed, ShiftDone, WorkRecord, work_of
from services.placement.trust.usecases import placement_of
from shared.aggregate import Act
from shared.clock import Clock, kst_day
from shared.errors import NotFound, Refused
from shared.events.envelope import Event

#: Months over which served ones are counted: this one and those before it.
MONTHS = 24


@dataclass(frozen=True)
class RecordDesk:
    """What is done when attendance tells. Each may be told twice, late and in any order."""

    records: WorkRecords

    def note_shift(self, settled: Event) -> None:
        """Take a shift as it was settled, unless a later revision is known."""
        data = settled.data
        told = ShiftDone(data["shift"], data["day"], data["minutes"], data["result"], data["revision"])
        self._note(settled, lambda record: record.note_shift(told))

    def note_completed(self, completed: Event) -> None:
        """Take that a place was completed, unless a later revision is known."""
        told = Completed(completed.data["shifts"], completed.data["day"], completed.data["revision"])
        self._note(completed, lambda record: record.note_completed(told))

    def _note(self, event: Event, change: Callable[[WorkRecord], None]) -> None:
        def decide(record: WorkRecord) -> dict[str, object]:
            change(record)
            return {}

        fresh = WorkRecord(
            id=placement_of(event),
            tenant=event.tenant,
            resident_id=event.data["resident_id"],
            opening_id=event.data["opening_id"],
            programme_id=event.data["programme_id"],
            district=event.data["district"],
        )
        try:
            self.records.act(None, fresh.id, decide)
        except NotFound:
            decide(fresh)
        else:
            return
        try:
            self.records.create(Act.own(f"note-{event.key}", "note"), fresh, {})
        except Refused as error:
            if error.code != "id_taken":
                raise
            self.records.act(None, fresh.id, decide)


@dataclass(frozen=True)
class TrustEvidence:
    """What is known of candidates who consent to being judged by it; nobody else is in the answer."""

    records: WorkRecords
    consents: ManyConsents
    clock: Clock

    def of(self, resident_ids: Sequence[str]) -> Mapping[str, Evidence]:
        """Return it by resident. Who has no record yet, but consents, has served in no month."""
        agreed = set(self.consents.given_of(resident_ids, PURPOSE))
        records = self.records.of_residents(sorted(agreed))
        first = _months_before(kst_day(self.clock.now()), MONTHS - 1)
        told: dict[str, Evidence] = {}
        for resident_id in resident_ids:
            if resident_id in agreed:
                work = work_of(records.get(resident_id, ()))
                served = sum(1 for month in work.months if month >= first)
                told[resident_id] = Evidence(served=served, completed=work.completed, missed=work.missed)
        return told


def _months_before(day: date, months: int) -> str:
    """Return the month, ``YYYY-MM``, so many before that of a day."""
    number = day.year * 12 + day.month - 1 - months
    return f"{number // 12:04d}-{number % 12 + 1:02d}"
