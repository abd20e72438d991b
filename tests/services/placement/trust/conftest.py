"""A desk for evaluations on the twin, and what attendance and openings tell it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.placement.trust.profiles import ProfileDesk
from services.placement.trust.reactions import reactions
from services.placement.trust.records import RecordDesk, TrustEvidence
from services.placement.trust.storage import Evaluations, WorkRecords, evaluations, read_rules, work_records
from services.placement.trust.usecases import EvaluationDesk
from shared.actors import Actor
from shared.clock import StoppedClock
from shared.config import Settings
from shared.errors import NotFound
from shared.events.contract import Contract
from shared.events.envelope import Event
from shared.events.placement import work
from shared.events.residents import CONSENT_WITHDRAWN
from shared.messaging.outbox import event_of, waiting
from shared.mongo.port import Database
from shared.mongo.twin import TwinDatabase
from shared.serial import KeyedQueue, Serial

TOWN, DISTRICT = "gwangsan", "29200"
START = datetime(2026, 12, 2, 3, 0, tzinfo=UTC)
RULES = read_rules(Settings().data_dir / "trust.yaml")


def a_resident(subject: str = "res-1", tenant: str = TOWN) -> Actor:
    """Somebody who works."""
    return Actor(subject, frozenset({"resident"}), tenant)


def a_host(subject: str = "host-3", tenant: str = TOWN) -> Actor:
    """Who runs 은하수 작은도서관."""
    return Actor(subject, frozenset({"host"}), tenant)


def an_officer(subject: str = "officer-7", tenant: str = TOWN, *districts: str) -> Actor:
    """An officer of a tenant, perhaps of some districts only."""
    return Actor(subject, frozenset({"officer"}), tenant, frozenset(districts))


def a_service() -> Actor:
    """Another service of the town."""
    return Actor("statistics", frozenset({"service"}), "")


@dataclass(frozen=True)
class APlace:
    """Where work is."""

    name: str = "은하수 작은도서관"


@dataclass(frozen=True)
class SomeTerms:
    """What an opening offered."""

    title: str = "작은도서관 도서 정리"
    place: APlace = field(default_factory=APlace)


@dataclass(frozen=True)
class AnOpening:
    """An opening at a place."""

    id: str = "opn-1"
    tenant: str = TOWN
    district: str = DISTRICT
    hosts: tuple[str, ...] = ("host-3",)
    terms: SomeTerms = field(default_factory=SomeTerms)


@dataclass(frozen=True)
class AnApplication:
    """Somebody's application for an opening."""

    state: str


@dataclass
class Neighbours:
    """Openings, applications and consents, as the desk asks for them."""

    openings: dict[str, AnOpening] = field(default_factory=dict)
    applications: set[str] = field(default_factory=set)
    #: Applications that are over, and how.
    over: dict[str, str] = field(default_factory=dict)
    agreed: set[str] = field(default_factory=set)

    def get(self, aggregate_id: str) -> AnOpening:
        """Return an opening: any id is of one at the library unless said otherwise."""
        if aggregate_id.startswith("gone"):
            raise NotFound("no_such_opening", field="opening_id")
        return self.openings.get(aggregate_id, AnOpening(aggregate_id))

    def find(self, aggregate_id: str) -> AnApplication | None:
        """Return an application, or None."""
        known = aggregate_id in self.applications
        return AnApplication(self.over.get(aggregate_id, "pending")) if known else None

    def given(self, resident_id: str, purpose: str) -> bool:
        """Return whether the consent is in force."""
        assert purpose == "trust_profile"
        return resident_id in self.agreed

    def given_of(self, resident_ids: Sequence[str], purpose: str) -> set[str]:
        """Return of whom it is."""
        assert purpose == "trust_profile"
        return self.agreed & set(resident_ids)


@dataclass
class Town:
    """The desks on one database."""

    desk: EvaluationDesk
    profiles: ProfileDesk
    evidence: TrustEvidence
    records: WorkRecords
    notes: RecordDesk
    kept: Evaluations
    around: Neighbours
    clock: StoppedClock
    acts: int = 0
    told: int = 0

    def act_id(self) -> str:
        """An act id never used before."""
        self.acts += 1
        return f"act-{self.acts}"

    def hear(self, *events: Event) -> None:
        """Tell the desks."""
        for event in events:
            reactions(self.desk, self.notes)[event.type]([event])

    def event(self, contract: Contract, resident_id: str, opening_id: str, **more: Any) -> Event:
        """Something attendance says now."""
        self.told += 1
        data = {
            **contract.sample,
            "opening_id": opening_id,
            "resident_id": resident_id,
            "application_id": f"{opening_id}:{resident_id}",
            **more,
        }
        contract.fact(**data)  # it keeps its own contract
        return Event(
            id=f"sheet-{self.told}.1.0",
            source="/sipbun/placement/sheets",
            type=contract.type,
            subject=opening_id,
            tenant=TOWN,
            time=self.clock.now(),
            sequence="0000000001.000",
            data=data,
        )

    def settled(self, resident_id: str = "res-1", opening_id: str = "opn-1", **more: Any) -> Event:
        """A shift was settled."""
        return self.event(work.ATTENDANCE_SETTLED, resident_id, opening_id, **more)

    def completed(self, resident_id: str = "res-1", opening_id: str = "opn-1", **more: Any) -> Event:
        """A place was completed."""
        return self.event(work.PLACEMENT_COMPLETED, resident_id, opening_id, **more)

    def left(self, resident_id: str, purpose: str = "service") -> Event:
        """A consent was withdrawn."""
        data = {"resident_id": resident_id, "purpose": purpose, "text_version": "2026-01"}
        CONSENT_WITHDRAWN.fact(**data)
        now = self.clock.now()
        source = "/sipbun/residents/registry"
        return Event("w.1.0", source, CONSENT_WITHDRAWN.type, resident_id, TOWN, now, "0000000001.000", data)

    def work(self, resident_id: str = "res-1", opening_id: str = "opn-1") -> str:
        """Have somebody work to the end; return the place's id."""
        self.hear(self.settled(resident_id, opening_id), self.completed(resident_id, opening_id))
        return f"{opening_id}:{resident_id}:1"

    def evaluate(self, placement_id: str, actor: Actor, side: str, **more: Any) -> dict[str, Any]:
        """Say a word."""
        asked = {"recommendations": ["kind"], "would_again": True, "comment": None, **more}
        return self.desk.evaluate(
            actor, **{"act_id": self.act_id(), "placement_id": placement_id, "side": side, **asked}
        )

    def both_evaluate(self, placement_id: str, codes: Sequence[str] = ("kind",), **more: Any) -> None:
        """Have both sides say their word: ``codes`` of the resident."""
        self.evaluate(placement_id, a_host(), "host", recommendations=list(codes), **more)
        self.evaluate(placement_id, a_resident(placement_id.split(":")[1]), "resident")

    def jobs(self, number: int, codes: Sequence[str] = ("kind",), resident_id: str = "res-1") -> None:
        """Have somebody do and be evaluated for so many jobs."""
        for one in range(number):
            self.both_evaluate(self.work(resident_id, f"opn-{one + 1}"), codes)

    def said(self) -> list[str]:
        """The types of all facts that wait to be published, shortened, in order of the documents."""
        return [
            item.entry["type"].removeprefix("kr.sipbun.placement.").removesuffix(".v1")
            for item in waiting(self.kept.collection, 1_000)
        ]

    def relayed(self) -> list[Event]:
        """The events that the relay would send."""
        return [event_of(item.entry) for item in waiting(self.kept.collection, 1_000)]

    def wait(self, **span: float) -> None:
        """Let time pass."""
        self.clock.move(timedelta(**span))


def a_town(database: Database, clock: StoppedClock, serial: Serial | None = None) -> Town:
    """Return the desks of one process on this database."""
    around = Neighbours()
    kept = evaluations(database, clock=clock, serial=serial or KeyedQueue())
    records = work_records(database, clock=clock, serial=serial or KeyedQueue())
    kept.prepare()
    records.prepare()
    return Town(
        desk=EvaluationDesk(kept, records, around, RULES, clock),
        profiles=ProfileDesk(kept, records, around, around, around, RULES, clock),
        evidence=TrustEvidence(records, around, clock),
        records=records,
        notes=RecordDesk(records),
        kept=kept,
        around=around,
        clock=clock,
    )


@pytest.fixture
def clock() -> StoppedClock:
    """Noon in the town."""
    return StoppedClock(START)


@pytest.fixture
def town(clock: StoppedClock) -> Town:
    """One process."""
    return a_town(TwinDatabase("placement"), clock)
