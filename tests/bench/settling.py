"""Who pays a month in the bench of settlement, and ours: the shipped desks. ``settlement.py`` says what is measured."""

from __future__ import annotations

import base64
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

import pymongo
from pymongo import monitoring

from services.placement.allowance.storage import overlaps, pay_months
from services.placement.allowance.usecases import AllowanceDesk
from services.placement.batches.file import Account
from services.placement.batches.filing import FileDesk
from services.placement.batches.gathering import Gatherer
from services.placement.batches.layouts import read_layouts
from services.placement.batches.settling import Settler
from services.placement.batches.storage import batches
from services.placement.batches.usecases import BatchDesk
from services.placement.budgets.model import Budget, Sums
from services.placement.budgets.storage import budgets
from services.placement.budgets.usecases import BudgetDesk
from services.placement.limits.storage import read_limits
from services.placement.programmes.model import District, Programme
from services.placement.programmes.storage import programmes
from shared.actors import Actor
from shared.aggregate import Act
from shared.config import settings
from shared.errors import Unavailable
from shared.events.envelope import Event
from shared.events.placement import work
from shared.town import town
from tests.bench.cast import DISTRICT, TENANT

#: Events that the consumer gives at once.
BATCH = 200
MONTH = "2026-10"
FIRST = date(2026, 10, 1)
HOURLY_WON, MINUTES = 10_320, 120
WON = HOURLY_WON * MINUTES // 60
DONG = "첨단2동"
#: So much that no batch overdraws it.
COMMITTED = 10**11
OFFICER = Actor("officer-1", frozenset({"officer"}), TENANT)
OTHER_OFFICER = Actor("officer-2", frozenset({"officer"}), TENANT)
PHASES = ("count", "prepare", "approve", "file", "settle")


class Counter(monitoring.CommandListener):
    """Counts what a process asks of the database, and the documents that it reads and writes."""

    def __init__(self) -> None:
        self.calls = self.read = self.written = 0

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        """Count a command and what it writes."""
        self.calls += 1
        command = event.command
        self.written += len(command.get("updates", ())) + len(command.get("documents", ()))

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Count what an answer brings."""
        cursor = event.reply.get("cursor", {})
        self.read += len(cursor.get("firstBatch", ())) + len(cursor.get("nextBatch", ()))

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Nothing more to count."""

    @property
    def now(self) -> tuple[int, int, int]:
        """Calls, documents read, documents written."""
        return self.calls, self.read, self.written


class Payers(ABC):
    """Pays the work of a KST month to so many people, phase by phase."""

    def __init__(self) -> None:
        self._counter = Counter()
        # Before the first client is made: it hears those that are made from now on.
        monitoring.register(self._counter)
        bare: Any = pymongo.MongoClient(settings().mongo_url)
        self._relayed = bare.get_database(f"{settings().db_prefix}placement").pay_months

    def begin(self, lap: str, people: int, lines: int) -> None:
        """Get ready to pay ``lines`` shifts each."""
        self._programme, self._batch, self._owed = f"{TENANT}:{lap}", f"bat-{lap}", people * lines * WON
        self._days = [settled_on(self._programme, people, shift) for shift in range(lines)]
        self.too_slow = 0
        self.open(self._programme)

    def phase(self, name: str, part: int = 0) -> dict[str, Any]:
        """Do a phase (``count``: a day of it); return the seconds, and the calls and documents it took."""
        steps: dict[str, Callable[[], None]] = {
            "count": lambda: self.count(self._days[part]),
            "prepare": lambda: self.prepare(self._programme, self._batch),
            "approve": lambda: self.approve(self._batch),
            "file": lambda: self.file(self._batch),
            "settle": lambda: self.settle(self._batch),
        }
        before, since = self._counter.now, time.perf_counter()
        steps[name]()
        seconds = time.perf_counter() - since
        asked = [now - then for now, then in zip(self._counter.now, before, strict=True)]
        if name == "count":
            self._relayed.update_many({"outbox.s": "new"}, {"$set": {"outbox": []}})
        return {"seconds": seconds, "asked": asked}

    def end(self) -> int:
        """Raise unless every won is paid and the batch settled; return how often the database was too slow."""
        won, state = self.paid(self._programme, self._batch)
        if (won, state) != (self._owed, "settled"):
            raise RuntimeError(f"{self._batch}: {state}, {won} won of {self._owed}")
        return self.too_slow

    @abstractmethod
    def open(self, programme_id: str) -> None:
        """Make the programme and its budget."""

    @abstractmethod
    def count(self, events: Sequence[Event]) -> None:
        """Count settled attendances."""

    @abstractmethod
    def prepare(self, programme_id: str, batch_id: str) -> None:
        """Make a batch of everything that is due."""

    @abstractmethod
    def approve(self, batch_id: str) -> None:
        """Approve it."""

    @abstractmethod
    def file(self, batch_id: str) -> None:
        """Compose its file and note that the bank has it."""

    @abstractmethod
    def settle(self, batch_id: str) -> None:
        """Read the bank's answer, and let months and budget know."""

    @abstractmethod
    def paid(self, programme_id: str, batch_id: str) -> tuple[int, str]:
        """Return the won that the budget has counted as paid, and the batch's state."""


class AtOnce:
    """The residents service, which answers at once: everybody has a bank account."""

    def payout(
        self, resident_ids: Sequence[str], *, batch_id: str, purpose: str, officer: str | None = None
    ) -> Mapping[str, Account]:
        """Return the accounts."""
        return {one: an_account(one) for one in resident_ids}


class Ours(Payers):
    """The shipped desks."""

    def __init__(self) -> None:
        super().__init__()
        here = town(settings())
        kept, ports = here.database("placement"), {"clock": here.clock, "serial": here.serial}
        data = here.settings.data_dir
        self._programmes = programmes(kept, **ports)  # type: ignore[arg-type]
        self._budgets = budgets(kept, **ports)  # type: ignore[arg-type]
        months, lying = pay_months(kept, **ports), overlaps(kept, **ports)  # type: ignore[arg-type]
        self._batches = batches(kept, **ports)  # type: ignore[arg-type]
        nobody: Any = None
        budget = BudgetDesk(self._budgets, nobody, nobody, here.clock)
        layouts = read_layouts(data / "payout_layouts.yaml")
        gatherer = Gatherer(self._batches, months, AtOnce(), here.clock)
        self._settler = Settler(self._batches, months, gatherer, budget, here.clock)
        self._allowance = AllowanceDesk(months, lying, self._programmes, read_limits(data / "limits.yaml"), here.clock)
        self._desk = BatchDesk(self._batches, months, self._programmes, layouts, gatherer, self._settler, here.clock)
        self._files = FileDesk(self._batches, layouts, AtOnce(), self._settler, here.clock)
        for one in (self._programmes, self._budgets, months, lying, self._batches):
            one.prepare()

    def open(self, programme_id: str) -> None:
        """Make the programme and its budget."""
        programme = Programme(
            id=programme_id,
            tenant=TENANT,
            code=programme_id.partition(":")[2],
            name_ko="민간시민형 광산시민수당",
            name_en=None,
            kind="job_matching",
            role="core",
            parent=None,
            district=District(DISTRICT, "광산구", "광주광역시"),
            year=2026,
        )
        self._programmes.create(Act.own(f"open:{programme_id}", "open"), programme, {})
        sums = Sums(granted=COMMITTED, committed=COMMITTED)
        budget = Budget(id=programme_id, tenant=TENANT, sums=sums, dongs={DONG: sums})
        self._budgets.create(Act.own(f"open:{programme_id}", "open"), budget, {})

    def count(self, events: Sequence[Event]) -> None:
        """Hear them."""
        for batch in in_parts(events, BATCH):
            self._patiently(lambda heard=batch: self._allowance.note_settled(heard))  # type: ignore[misc]

    def prepare(self, programme_id: str, batch_id: str) -> None:
        """Prepare it; the sweep goes on until it is."""
        asked = {"programme_id": programme_id, "month": MONTH, "method": "bank"}
        act_id = f"prepare-{batch_id}"
        self._patiently(lambda: self._desk.prepare(OFFICER, act_id=act_id, batch_id=batch_id, **asked))
        self._rest(batch_id)

    def approve(self, batch_id: str) -> None:
        """Approve it with other eyes."""
        self._patiently(lambda: self._desk.approve(OTHER_OFFICER, act_id=f"approve-{batch_id}", batch_id=batch_id))

    def file(self, batch_id: str) -> None:
        """Fetch it page by page, and say that the bank has it."""
        whole, cursor = sha256(), None
        while True:
            page = self._patiently(lambda after=cursor: self._files.file(OFFICER, batch_id=batch_id, cursor=after))  # type: ignore[misc]
            whole.update(base64.b64decode(page["content"]))
            cursor = page["cursor"]
            if cursor is None:
                break
        act = {"act_id": f"file-{batch_id}", "batch_id": batch_id, "file_hash": whole.hexdigest()}
        self._patiently(lambda: self._files.mark_filed(OFFICER, **act))
        self._rest(batch_id)

    def settle(self, batch_id: str) -> None:
        """Read the answer, and let the sweep bring the months along."""
        batch = self._patiently(lambda: self._batches.get(batch_id))
        content = an_answer(batch_id, [row.won for row in batch.rows])
        act: dict[str, Any] = {"act_id": f"answer-{batch_id}", "batch_id": batch_id, "content": content}
        self._patiently(lambda: self._files.read_returns(OFFICER, **act))
        self._rest(batch_id)

    def paid(self, programme_id: str, batch_id: str) -> tuple[int, str]:
        """Return what budget and batch say."""
        return self._budgets.get(programme_id).paid, str(self._batches.state_of(batch_id))

    def _rest(self, batch_id: str) -> None:
        """Let the timer run until the batch waits for nothing."""
        while self._batches.collection.find_one({"_id": batch_id}, ["due"]).get("due") is not None:  # type: ignore[union-attr]
            self._patiently(self._settler.sweep)

    def _patiently(self, do: Callable[[], Any]) -> Any:
        """Do it, and again for as long as the database is too slow, as consumer, timer and officer would."""
        while True:
            try:
                return do()
            except Unavailable:
                self.too_slow += 1


def in_parts(found: Sequence[Any], most: int) -> Iterator[Sequence[Any]]:
    """Yield at most so many at once."""
    for start in range(0, len(found), most):
        yield found[start : start + most]


def an_account(resident_id: str) -> Account:
    """Return a resident's bank account."""
    return Account("bank", "034", f"062-{sum(resident_id.encode()):06d}-11", "김은하")


def an_answer(batch_id: str, wons: Sequence[int]) -> str:
    """Return what the bank sends back (base64): all is paid."""
    lines = [f"H,{batch_id}"]
    lines += [f"D,{seq:07d},{won},0000" for seq, won in enumerate(wons, start=1)]
    lines += [f"T,{len(wons)},{sum(wons)},0,0", ""]
    return base64.b64encode("\r\n".join(lines).encode("cp949")).decode()


def settled_on(programme_id: str, people: int, shift: int) -> list[Event]:
    """Return the settlement of everybody's shift number ``shift``."""
    day = (FIRST + timedelta(days=shift)).isoformat()
    opening = f"opn-{programme_id.partition(':')[2]}"
    return [_settled(programme_id, opening, f"res-{number:05d}", shift, day) for number in range(people)]


def _settled(programme_id: str, opening: str, resident_id: str, shift: int, day: str) -> Event:
    application = f"{opening}:{resident_id}"
    data = {
        "opening_id": opening,
        "programme_id": programme_id,
        "district": DISTRICT,
        "resident_id": resident_id,
        "application_id": application,
        "attempt": 1,
        "attendance_id": f"{application}:1:{shift}",
        "shift": shift,
        "day": day,
        "minutes": MINUTES,
        "was": 0,
        "planned": MINUTES,
        "result": "worked",
        "result_was": None,
        "revision": 1,
        "hourly_won": HOURLY_WON,
        "engagement": "participation_allowance",
        "dong": DONG,
    }
    at = datetime.now(UTC).replace(microsecond=0)
    name = f"{data['attendance_id']}.1"
    return Event(name, "/sipbun/placement/sheets", work.ATTENDANCE_SETTLED.type, name, TENANT, at, "1", data)
