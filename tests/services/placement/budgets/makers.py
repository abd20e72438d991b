"""A treasury on a twin: budgets of a few programmes, openings and batches on paper. Makers for tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from services.placement.budgets.ledger import Ledger
from services.placement.budgets.model import Budget, Grant, Hold, Posting, faults
from services.placement.budgets.storage import budgets
from services.placement.budgets.usecases import BudgetDesk
from services.placement.programmes.model import District, Programme
from shared.actors import Actor
from shared.clock import StoppedClock
from shared.errors import NotFound
from shared.messaging.outbox import event_of
from shared.mongo.port import Database
from shared.mongo.twin import TwinDatabase
from shared.serial import KeyedQueue

TENANT = "gwangju"
GWANGSAN, BUKGU = "29200", "29170"
NOW = datetime(2026, 12, 1, 5, 0, tzinfo=UTC)
TODAY = "2026-12-01"
CITY = Actor("officer-city", frozenset({"officer"}), TENANT)
OF_GWANGSAN = Actor("officer-gwangsan", frozenset({"officer"}), TENANT, frozenset({GWANGSAN}))
OF_BUKGU = Actor("officer-bukgu", frozenset({"officer"}), TENANT, frozenset({BUKGU}))
STRANGER = Actor("officer-else", frozenset({"officer"}), "incheon")
RESIDENT = Actor("res-1", frozenset({"resident"}), TENANT)
ALLOWANCE = f"{TENANT}:allowance"
LIBRARY = f"{TENANT}:little-library"
UMBRELLA = f"{TENANT}:win-win"


def a_programme(code: str, district: str | None, parent: str | None = None) -> Programme:
    """Return a programme."""
    names = {GWANGSAN: "광산구", BUKGU: "북구", None: None}
    return Programme(
        id=f"{TENANT}:{code}",
        tenant=TENANT,
        code=code,
        name_ko=code,
        name_en=None,
        kind="job_matching",
        role="core",
        parent=parent,
        district=District(district, names[district], "광주광역시"),
        year=2026,
    )


class PaperProgrammes(dict[str, Programme]):
    """Programmes on paper."""

    def get(self, aggregate_id: str) -> Programme:  # type: ignore[override]
        """Return the programme; raise ``NotFound``."""
        if aggregate_id not in self:
            raise NotFound("no_such_programme", field="id")
        return self[aggregate_id]

    def of_tenant(self, tenant: str, district: str | None = None) -> list[Programme]:
        """Return a tenant's programmes, by code."""
        found = [one for one in self.values() if one.tenant == tenant and district in (None, one.district.code)]
        return sorted(found, key=lambda one: one.code)


@dataclass(frozen=True)
class PaperOpening:
    """What the budget knows of an opening."""

    programme_id: str
    dong: str | None
    wanted_grant: Grant
    version: int = 1
    tenant: str = TENANT
    grant: Grant = field(default_factory=Grant)
    unsettled: tuple[str, ...] = ()


@dataclass
class PaperOpenings:
    """Openings on paper, with their versions."""

    kept: dict[str, PaperOpening] = field(default_factory=dict)
    impossible: set[str] = field(default_factory=set)

    def granted(self, opening_id: str) -> PaperOpening | None:
        """Return the opening, or None."""
        return self.kept.get(opening_id)

    def note_grant(self, opening_id: str, version: int, grant: Grant, acts: tuple[str, ...]) -> None:
        """Note what the budget counts, if the opening still is at this version."""
        known = self.kept[opening_id]
        if known.version == version:
            unsettled = tuple(act for act in known.unsettled if act not in acts)
            self.kept[opening_id] = replace(known, version=version + 1, grant=grant, unsettled=unsettled)

    def make_impossible(self, hold: Hold, _tenant: str) -> bool:
        """Make the act of a hold impossible; False when it is done."""
        self.impossible.add(hold.act_id)
        return hold.opening_id not in self.kept

    def wants(self, opening_id: str, grant: Grant) -> None:
        """Let an opening want another grant."""
        known = self.kept[opening_id]
        self.kept[opening_id] = replace(known, version=known.version + 1, wanted_grant=grant)


@dataclass
class PaperBatches:
    """What batches have noted; ``before_note`` may stop the one who notes."""

    noted: set[str] = field(default_factory=set)

    def has(self, name: str) -> Callable[[], bool]:
        """Return what says whether this was noted."""
        return lambda: name in self.noted

    def takes(self, name: str) -> Callable[[], None]:
        """Return what notes this."""
        return lambda: self.noted.add(name)


@dataclass
class Treasury:
    """The desks of one process on the database that all share."""

    desk: BudgetDesk
    ledger: Ledger
    openings: PaperOpenings
    batches: PaperBatches
    programmes: PaperProgrammes
    clock: StoppedClock
    database: TwinDatabase
    numbers: Any = field(default_factory=lambda: count(1))

    def beside(self, step: Callable[[str], None]) -> Treasury:
        """Return another process on the same documents, with its own steps."""
        seen = self.database.seen_by(step)
        return replace(self, **_desks(seen, self.openings, self.programmes, self.clock))

    def gives(self, won: int, funder: str = "city", programme_id: str = ALLOWANCE, **changes: Any) -> Mapping[str, Any]:
        """Let a funder give money."""
        asked = {"act_id": f"act-{next(self.numbers)}", "programme_id": programme_id, "day": TODAY, **changes}
        return self.desk.appropriate(CITY, funder=funder, won=won, **asked)

    def opens(
        self,
        opening_id: str,
        granted: int,
        committed: int = 0,
        *,
        dong: str | None = "첨단2동",
        programme_id: str = ALLOWANCE,
    ) -> None:
        """Publish an opening that costs ``granted``: hold, act, settle."""
        act_id = f"publish-{opening_id}"
        self.desk.hold(act_id=act_id, programme_id=programme_id, tenant=TENANT, opening_id=opening_id, amount=granted)
        self.openings.kept[opening_id] = PaperOpening(
            programme_id, dong, Grant(granted, committed), unsettled=(act_id,)
        )
        self.desk.settle(opening_id)

    def posts(self, posting: Posting) -> None:
        """Post, as a batch does."""
        self.desk.post(posting, noted=self.batches.has(posting.id), note=self.batches.takes(posting.id))

    def budget(self, programme_id: str = ALLOWANCE) -> Budget:
        """Return the budget as it is at rest; it must balance."""
        found = self.desk.budgets.get(programme_id)
        assert not faults(found)
        return found

    def said(self) -> list[Any]:
        """Return what budgets have said, in order."""
        found = [entry for kept in self.database.collection("budgets").everything() for entry in kept["outbox"]]
        return [event_of(entry) for entry in found]


def a_posting(
    paid: int = 0,
    returned: int = 0,
    *,
    batch: str = "bat-1",
    dong: str = "첨단2동",
    programme_id: str = ALLOWANCE,
) -> Posting:
    """Return what a batch paid, or what came back."""
    return Posting(
        id=f"{batch}:{'paid' if paid else 'returned'}",
        batch_id=batch,
        programme_id=programme_id,
        tenant=TENANT,
        district=GWANGSAN,
        paid=paid,
        returned=returned,
        dongs={dong: (paid, returned)},
        day=TODAY,
    )


def a_treasury() -> Treasury:
    """Return a treasury with an umbrella and two programmes in two districts."""
    database = TwinDatabase("placement")
    clock = StoppedClock(NOW)
    programmes = PaperProgrammes()
    for programme in (
        a_programme("win-win", None),
        a_programme("allowance", GWANGSAN, "win-win"),
        a_programme("little-library", BUKGU, "win-win"),
    ):
        programmes[programme.id] = programme
    openings = PaperOpenings()
    desks = _desks(database, openings, programmes, clock)
    desks["desk"].budgets.prepare()
    return Treasury(
        **desks, openings=openings, batches=PaperBatches(), programmes=programmes, clock=clock, database=database
    )


def _desks(database: Database, openings: PaperOpenings, programmes: PaperProgrammes, clock: StoppedClock) -> Any:
    kept = budgets(database, clock=clock, serial=KeyedQueue())
    return {"desk": BudgetDesk(kept, openings, programmes, clock), "ledger": Ledger(kept, programmes, clock)}


class Killed(BaseException):
    """The process died here."""


def dies_at(step: int) -> Callable[[str], None]:
    """Return steps of which the one with this number, from 0, kills the process."""
    passed = count()

    def walk(_what: str) -> None:
        if next(passed) == step:
            raise Killed

    return walk


@dataclass
class Sleeper:
    """Steps of which the one with this number, from 0, takes so long that ``meanwhile`` happens."""

    step: int
    meanwhile: Callable[[], object]
    passed: int = 0
    slept: bool = False

    def __call__(self, _what: str) -> None:
        now, self.passed = self.passed, self.passed + 1
        if now == self.step:
            self.slept = True
            self.meanwhile()


LATER = timedelta(minutes=10)
