"""A desk for target groups beside the residents' office, and what placement tells it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest

from services.residents.groups.reactions import reactions
from services.residents.groups.storage import AllMemberships, GroupCounts, group_counts, memberships, read_kinds
from services.residents.groups.usecases import GroupDesk
from shared.clock import StoppedClock
from shared.config import Settings
from shared.events import placement
from shared.events.contract import Contract
from shared.events.envelope import Event
from shared.events.placement import work
from shared.ids import SeededIds
from shared.messaging.outbox import event_of, waiting
from shared.mongo.port import Database
from shared.serial import KeyedQueue
from tests.services.residents.conftest import TOWN, Office, a_resident, an_officer

#: The trace in which a resident's own act happened.
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
SHOWN = ("group", "measure", "amount", "day")


@dataclass
class Counter:
    """The desk, its storage, and the office where consents are given."""

    desk: GroupDesk
    kept: AllMemberships
    counts: GroupCounts
    office: Office
    told: int = field(default=0)

    def arrive(self, resident_id: str = "res-1", *groups: str) -> None:
        """Register somebody who declares these groups."""
        self.office.register(resident_id, consents=("service", "target_groups"))
        for group in groups:
            self.declare(resident_id, group)

    def declare(self, resident_id: str, group: str) -> None:
        """Declare by the resident's own hand."""
        self.desk.declare(a_resident(resident_id), act_id=self.office.act_id(), resident_id=resident_id, group=group)

    def verify(self, resident_id: str, group: str) -> None:
        """Have an officer see a proof."""
        self.desk.verify(an_officer(), act_id=self.office.act_id(), resident_id=resident_id, group=group)

    def hear(self, *events: Event) -> None:
        """Tell the desk."""
        for event in events:
            reactions(self.desk)[event.type]([event])

    def hear_withdrawals(self, resident_id: str = "res-1") -> None:
        """Tell the desk of every consent the resident withdrew, twice and backwards."""
        document = self.office.residents.collection.find_one({"_id": resident_id})
        assert document is not None
        events = [event_of(entry) for entry in document["outbox"] if entry["type"].endswith("consent.withdrawn.v1")]
        self.hear(*events, *events[::-1])

    def said(self) -> list[tuple[Any, ...]]:
        """What was counted, as (group, measure, amount, day), sorted."""
        return sorted(tuple(event.data[name] for name in SHOWN) for event in self.relayed())

    def relayed(self) -> list[Event]:
        """The events that the relay would send."""
        return [event_of(item.entry) for item in waiting(self.counts.collection, 1_000)]

    def event(self, contract: Contract, resident_id: str = "res-1", attempt: int = 1, **more: Any) -> Event:
        """Something placement says now, in the trace of the resident's own act."""
        self.told += 1
        data = {
            **contract.sample,
            "resident_id": resident_id,
            "application_id": f"opn-은하수:{resident_id}",
            "attempt": attempt,
            **more,
        }
        contract.fact(**data)  # it keeps its own contract
        return Event(
            id=f"{data['application_id']}.{self.told}.0",
            source="/sipbun/placement/openings",
            type=contract.type,
            subject=data["application_id"],
            tenant=TOWN,
            time=self.office.clock.now(),
            sequence=f"{self.told:010d}.000",
            data=data,
            traceparent=TRACE,
        )

    def submitted(self, resident_id: str = "res-1", attempt: int = 1) -> Event:
        """Somebody applied."""
        return self.event(placement.APPLICATION_SUBMITTED, resident_id, attempt)

    def selected(self, resident_id: str = "res-1", attempt: int = 1) -> Event:
        """Somebody has a place."""
        return self.event(placement.PLACEMENT_SELECTED, resident_id, attempt)

    def withdrawn(self, resident_id: str = "res-1", attempt: int = 1) -> Event:
        """Somebody gave a place back."""
        return self.event(placement.PLACEMENT_WITHDRAWN, resident_id, attempt)

    def completed(self, resident_id: str = "res-1", revision: int = 1) -> Event:
        """Somebody's work is done."""
        return self.event(work.PLACEMENT_COMPLETED, resident_id, revision=revision)

    def now(self) -> datetime:
        """The time in the office."""
        return self.office.clock.now()


def a_counter(kept: Database, office: Office, clock: StoppedClock) -> Counter:
    """Return the desk of one process on this database, with the groups of the shipped data."""
    stored = memberships(kept, clock=clock, serial=KeyedQueue())
    counts = group_counts(kept, clock=clock, serial=KeyedQueue(), ids=SeededIds(7))
    desk = GroupDesk(
        residents=office.residents,
        memberships=stored,
        counts=counts,
        kinds=read_kinds(Settings().data_dir / "groups.yaml"),
        trail=office.trail,
        clock=clock,
    )
    return Counter(desk, stored, counts, office)


@pytest.fixture
def counter(kept: Database, office: Office, clock: StoppedClock) -> Counter:
    """The desk on the office's database."""
    fresh = a_counter(kept, office, clock)
    fresh.kept.prepare()
    fresh.counts.prepare()
    return fresh
