"""A pay office on twins: months of pay, batches, accounts, a real budget. Makers for tests."""

from __future__ import annotations

import base64
import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from hashlib import sha256
from itertools import count
from typing import Any, cast

from services.placement.allowance.model import PayMonth
from services.placement.allowance.paid_back import PaidBackDesk
from services.placement.allowance.storage import overlaps, pay_months
from services.placement.allowance.usecases import AllowanceDesk
from services.placement.batches.balance import Balance
from services.placement.batches.file import Account
from services.placement.batches.filing import FileDesk
from services.placement.batches.gathering import Gatherer
from services.placement.batches.layouts import Layouts, read_layouts
from services.placement.batches.settling import Settler
from services.placement.batches.storage import batches
from services.placement.batches.usecases import BatchDesk
from services.placement.budgets.storage import budgets
from services.placement.budgets.usecases import BudgetDesk
from services.placement.limits.model import Limit, LimitTable
from services.placement.programmes.model import District
from shared.actors import Actor
from shared.clock import StoppedClock
from shared.errors import NotFound, Unavailable
from shared.events.envelope import Event
from shared.events.placement import participation, work
from shared.mongo.port import Database
from shared.mongo.twin import TwinDatabase
from shared.serial import KeyedQueue
from tests.harness import ROOT

TENANT, DISTRICT = "gwangsan", "29200"
PROGRAMME = f"{TENANT}:gs-citizen-allowance"
#: The fifth of January 2027, 14:00 in Seoul.
NOW = datetime(2027, 1, 5, 5, 0, tzinfo=UTC)
MONTH = "2026-12"
OFFICER = Actor("officer-1", frozenset({"officer"}), TENANT)
OTHER_OFFICER = Actor("officer-2", frozenset({"officer"}), TENANT)
CAP = 583_444
LAYOUTS = ROOT / "deploy" / "data" / "payout_layouts.yaml"


@cache
def shipped_layouts() -> Layouts:
    """Return the layouts of deploy/data, read once."""
    return read_layouts(LAYOUTS)


@dataclass(frozen=True)
class AProgramme:
    """A programme, as far as pay goes."""

    id: str = PROGRAMME
    tenant: str = TENANT
    code: str = "gs-citizen-allowance"
    district: District = field(default_factory=lambda: District(DISTRICT, "광산구", "광주광역시"))
    direct_job: bool = False
    engagement: str = "participation_allowance"


@dataclass
class Programmes:
    """The programmes there are."""

    known: dict[str, AProgramme]

    def get(self, aggregate_id: str) -> AProgramme:
        """Return the programme; raise ``NotFound``."""
        if aggregate_id not in self.known:
            raise NotFound("no_such_programme", field="programme_id")
        return self.known[aggregate_id]


@dataclass
class Accounts:
    """The residents service's twin: everybody has a bank account unless told."""

    special: dict[str, Account | None] = field(default_factory=dict)
    asked: list[tuple[int, str]] = field(default_factory=list)
    #: Who was shown them.
    officers: list[str | None] = field(default_factory=list)
    away: bool = False

    def payout(
        self, resident_ids: Sequence[str], *, batch_id: str, purpose: str, officer: str | None = None
    ) -> Mapping[str, Account]:
        """Return the accounts of those who have one."""
        if self.away:
            raise Unavailable("residents are away")
        assert len(resident_ids) <= 100
        self.asked.append((len(resident_ids), purpose))
        self.officers.append(officer)
        known = {one: self.special.get(one, an_account(one)) for one in resident_ids}
        return {one: account for one, account in known.items() if account is not None}


def an_account(resident_id: str) -> Account:
    """Return a resident's bank account."""
    digits = sha256(resident_id.encode()).hexdigest()
    return Account("bank", "034", f"062-{int(digits[:8], 16) % 10**6:06d}-11", "김은하")


def a_wallet(number: str = "GJ-00012345") -> Account:
    """Return a wallet of the local currency."""
    return Account("local_currency", "gwangju-sangsaeng", number, None)


@dataclass
class PayOffice:
    """Everything that pays."""

    database: Database
    clock: StoppedClock
    accounts: Accounts
    programmes: Programmes
    limits: LimitTable
    _numbers: Any = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        """Put the desks together, as the wiring does."""
        self.on(self.database)

    def prepare(self) -> None:
        """Make the indexes."""
        for kept in (self.months, self.all_batches, self.budgets, self.overlaps):
            kept.prepare()

    def on(self, database: Database) -> PayOffice:
        """Stand on this database: another process's view, for example."""
        ports: dict[str, Any] = {"clock": self.clock, "serial": KeyedQueue()}
        self.months = pay_months(database, **ports)
        self.all_batches = batches(database, **ports)
        self.budgets = budgets(database, **ports)
        self.overlaps = overlaps(database, **ports)
        layouts = shipped_layouts()
        nobody = cast(Any, None)
        self.budget = BudgetDesk(self.budgets, nobody, nobody, self.clock)
        self.allowance = AllowanceDesk(self.months, self.overlaps, self.programmes, self.limits, self.clock)
        self.paid_back = PaidBackDesk(self.months, self.budget)
        gatherer = Gatherer(self.all_batches, self.months, self.accounts, self.clock)
        self.gatherer = gatherer
        self.settler = Settler(self.all_batches, self.months, gatherer, self.budget, self.clock)
        self.batches = BatchDesk(
            self.all_batches, self.months, self.programmes, layouts, gatherer, self.settler, self.clock
        )
        self.files = FileDesk(self.all_batches, layouts, self.accounts, self.settler, self.clock)
        self.balance = Balance(self.all_batches, self.months, self.budgets, self.programmes, self.clock)
        return self

    def act_id(self) -> str:
        """Return an id for an act."""
        return f"act-{next(self._numbers)}"

    def worked(self, *residents: int, day: str = "2026-12-01", **changes: Any) -> None:
        """Let residents have worked two hours at 10,320 won."""
        self.hears(*(settled(resident, day=day, **changes) for resident in residents))

    def hears(self, *events: Event) -> None:
        """Count these attendances."""
        self.allowance.note_settled(events)

    def disputes(self, resident: int, number: int = 1, *, day: str = "2026-12-01") -> None:
        """Hear that somebody disputes a resident's shift."""
        self.allowance.note_disputed(disputed(resident, number, day=day))

    def answers(self, resident: int, number: int = 1, *, day: str = "2026-12-01") -> None:
        """Hear that an officer answered it."""
        self.allowance.note_dispute_answered(disputed(resident, number, day=day, answered=True))

    def month_of(self, resident: int, month: str = MONTH) -> PayMonth:
        """Return a resident's month of pay."""
        return self.months.get(PayMonth.id_of(PROGRAMME, f"res-{resident}", month))

    def prepares(self, batch_id: str = "bat-1", actor: Actor = OFFICER, **changes: Any) -> dict[str, Any]:
        """Prepare a batch by bank."""
        asked = {"programme_id": PROGRAMME, "month": MONTH, "method": "bank", **changes}
        return self.batches.prepare(actor, act_id=self.act_id(), batch_id=batch_id, **asked)

    def approves(self, batch_id: str = "bat-1", actor: Actor = OTHER_OFFICER) -> dict[str, Any]:
        """Approve it with other eyes."""
        return self.batches.approve(actor, act_id=self.act_id(), batch_id=batch_id)

    def cancels(self, batch_id: str = "bat-1") -> dict[str, Any]:
        """Call it off."""
        return self.batches.cancel(OFFICER, act_id=self.act_id(), batch_id=batch_id)

    def file(self, batch_id: str = "bat-1") -> bytes:
        """Fetch the whole payout file."""
        whole, cursor = b"", None
        while True:
            told = self.files.file(OFFICER, batch_id=batch_id, cursor=cursor)
            whole += base64.b64decode(told["content"])
            cursor = told["cursor"]
            if cursor is None:
                return whole

    def files_it(self, batch_id: str = "bat-1") -> bytes:
        """Fetch the file and give it to the bank."""
        content = self.file(batch_id)
        file_hash = sha256(content).hexdigest()
        self.files.mark_filed(OFFICER, act_id=self.act_id(), batch_id=batch_id, file_hash=file_hash)
        return content

    def reads(self, content: str, batch_id: str = "bat-1", **changes: Any) -> dict[str, Any]:
        """Read a return file."""
        asked = {"act_id": self.act_id(), "content": encoded(content), **changes}
        return self.files.read_returns(OFFICER, batch_id=batch_id, **asked)

    def pays(self, batch_id: str = "bat-1", failed: Mapping[int, str] = {}, **changes: Any) -> dict[str, Any]:
        """Prepare, approve, file and settle a batch; ``failed``: row -> the bank's code."""
        self.prepares(batch_id, **changes)
        self.approves(batch_id)
        self.files_it(batch_id)
        return self.reads(self.answer(batch_id, failed), batch_id)

    def answer(self, batch_id: str = "bat-1", failed: Mapping[int, str] = {}) -> str:
        """Return what the bank sends back; ``failed``: row -> its code."""
        batch = self.all_batches.get(batch_id)
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow(["H", batch_id])
        for seq, row in enumerate(batch.rows, start=1):
            writer.writerow(["D", f"{seq:07d}", row.won, failed.get(seq, "0000")])
        sent_back = sum(row.won for seq, row in enumerate(batch.rows, start=1) if seq in failed)
        writer.writerow(["T", len(batch.rows) - len(failed), batch.won - sent_back, len(failed), sent_back])
        return text.getvalue()

    def rest(self) -> None:
        """Let every timer run until nothing waits, and every claim that ran out be dealt with."""
        for _ in range(4):
            self.settler.sweep()
            self.clock.move(timedelta(minutes=6))
            self.settler.sweep_claims()
        self.settler.sweep()

    def state(self, batch_id: str = "bat-1") -> str | None:
        """Return a batch's state."""
        return self.all_batches.state_of(batch_id)

    def said(self, collection: str = "pay_months") -> list[dict[str, Any]]:
        """Return every fact in the outboxes."""
        return [
            {"type": entry["type"].split(".", 2)[2], **entry["data"]}
            for document in self.database.collection(collection).find({})
            for entry in document["outbox"]
        ]


def encoded(content: str, encoding: str = "cp949") -> str:
    """Return base64 of a text in the bank's encoding."""
    return base64.b64encode(content.encode(encoding)).decode()


def settled(resident: int, *, day: str = "2026-12-01", shift: int = 0, revision: int = 1, **changes: Any) -> Event:
    """Return an attendance that was settled: two hours at 10,320 won, unless told."""
    application = f"opn-{day}:res-{resident}"
    data = {
        "opening_id": f"opn-{day}",
        "programme_id": PROGRAMME,
        "district": DISTRICT,
        "resident_id": f"res-{resident}",
        "application_id": application,
        "attempt": 1,
        "attendance_id": f"{application}:1:{shift}",
        "shift": shift,
        "day": day,
        "minutes": 120,
        "was": 0,
        "planned": 120,
        "result": "worked",
        "result_was": None,
        "revision": revision,
        "hourly_won": 10_320,
        "engagement": "participation_allowance",
        "dong": "첨단2동",
        **changes,
    }
    contract = work.ATTENDANCE_SETTLED
    contract.check(data)
    return _event(contract.type, f"{data['attendance_id']}#{revision}", data)


def disputed(resident: int, number: int = 1, *, day: str = "2026-12-01", answered: bool = False) -> Event:
    """Return that somebody says a resident's shift was otherwise, or that an officer has answered that."""
    application = f"opn-{day}:res-{resident}"
    data = {
        "opening_id": f"opn-{day}",
        "programme_id": PROGRAMME,
        "district": DISTRICT,
        "resident_id": f"res-{resident}",
        "application_id": application,
        "attempt": 1,
        "attendance_id": f"{application}:1:0",
        "shift": 0,
        "day": day,
        "dispute": number,
    }
    contract = work.ATTENDANCE_DISPUTE_ANSWERED if answered else work.ATTENDANCE_DISPUTED
    data |= {"answer": "rejected"} if answered else {"until": "2026-12-08T18:00:00+09:00"}
    contract.check(data)
    return _event(contract.type, f"{data['attendance_id']}#{contract.type}/{number}", data)


def overlapped(resident: int, *days: str, revision: int = 1, on: str = "2026-12-01") -> Event:
    """Return that a placement wrongly overlaps on these days; without any: that it does no more."""
    data = {
        "resident_id": f"res-{resident}",
        "key": f"opn-{on}:res-{resident}:1",
        "other": "outside:6f1c2a9b40d3e857",
        "outside": True,
        "programme_id": PROGRAMME,
        "opening_id": f"opn-{on}",
        "days": list(days),
        "count": len(days),
        "revision": revision,
        "day": "2026-12-10",
    }
    participation.OVERLAPPED.check(data)
    return _event(participation.OVERLAPPED.type, f"{data['key']}/{revision}", data)


def _event(event_type: str, event_id: str, data: dict[str, Any]) -> Event:
    return Event(event_id, "/sipbun/placement/sheets", event_type, event_id, TENANT, NOW, "1", data)


def a_pay_office(database: Database | None = None, *, cap: int | None = CAP, **programme: Any) -> PayOffice:
    """Return a pay office with one programme and a monthly cap."""
    rows = () if cap is None else (Limit("monthly_cap", cap, "flag", date(2022, 1, 1), None, "focusi.co.kr 232418"),)
    known = AProgramme(**programme)
    office = PayOffice(
        database or TwinDatabase("placement"),
        StoppedClock(NOW),
        Accounts(),
        Programmes({known.id: known}),
        LimitTable(rows),
    )
    office.prepare()
    return office
