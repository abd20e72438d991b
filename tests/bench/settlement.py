"""A batch of pay from settled attendance to the bank's answer: counted, prepared, approved, filed, returned, settled.

    ours    the shipped desks on the shipped storage: months of pay, batches, files and the budget. Attendance comes as
            the consumer gives it, ``BATCH`` events of one type at once, shift by shift of everybody; a batch that one
            request does not finish is moved on by its sweep
    floor   the same documents, lines and facts, hand-written in pymongo: read the months, write each back guarded by
            its version, in bulk; claim each month once, seal one batch, file it, answer it. No lease, no claim that
            runs out, no posting that survives a crash between batch and budget, no balance

The accounts are told at once on both sides (another service's answer is on neither). Nothing comes back from the bank.
Outboxes are emptied between laps of events, outside the time, as if the relay kept up.
"""

from __future__ import annotations

import base64
import csv
import io
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

import pymongo
from pymongo import monitoring

from services.placement.allowance.model import PayMonth
from services.placement.allowance.storage import PayMonthCodec, overlaps, pay_months
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
from shared.events.envelope import Event
from shared.events.placement import work
from shared.ids import content_hash
from shared.town import town
from tests.bench import floor
from tests.bench.bed import Bed, Stage, Watch
from tests.bench.cast import DISTRICT, TENANT
from tests.bench.result import Result, Tally

#: Events that the consumer gives at once.
BATCH = 200
#: Months read and written at once by the floor.
AT_ONCE, IDS_AT_ONCE = 500, 100
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


class Payers:
    """Pays the work of a KST month to so many people, phase by phase."""

    def __init__(self) -> None:
        self._counter = Counter()
        # Before the first client is made: it hears those that are made from now on.
        monitoring.register(self._counter)
        bare: Any = pymongo.MongoClient(settings().mongo_url)
        self._relayed = bare.get_database(f"{settings().db_prefix}placement").pay_months

    def pay(self, lap: str, people: int, lines: int) -> dict[str, Any]:
        """Pay ``lines`` shifts each; return the seconds, and the calls and documents, of each phase."""
        programme_id = f"{TENANT}:{lap}"
        days = [settled_on(programme_id, people, shift) for shift in range(lines)]
        self.open(programme_id)
        told: dict[str, Any] = {"seconds": dict.fromkeys(PHASES, 0.0), "asked": {}}

        def timed(phase: str, do: Callable[[], None]) -> None:
            before, since = self._counter.now, time.perf_counter()
            do()
            told["seconds"][phase] += time.perf_counter() - since
            asked = [now - then for now, then in zip(self._counter.now, before, strict=True)]
            told["asked"][phase] = [a + b for a, b in zip(told["asked"].get(phase, (0, 0, 0)), asked, strict=True)]

        for events in days:
            timed("count", lambda events=events: self.count(events))  # type: ignore[misc]
            self._relayed.update_many({"outbox.s": "new"}, {"$set": {"outbox": []}})
        timed("prepare", lambda: self.prepare(programme_id, f"bat-{lap}"))
        timed("approve", lambda: self.approve(f"bat-{lap}"))
        timed("file", lambda: self.file(f"bat-{lap}"))
        timed("settle", lambda: self.settle(f"bat-{lap}"))
        won, state = self.paid(programme_id, f"bat-{lap}")
        if (won, state) != (people * lines * WON, "settled"):
            raise RuntimeError(f"{lap}: {state}, {won} won of {people * lines * WON}")
        return told

    def open(self, programme_id: str) -> None:
        """Make the programme and its budget."""
        raise NotImplementedError

    def count(self, events: Sequence[Event]) -> None:
        """Count settled attendances."""
        raise NotImplementedError

    def prepare(self, programme_id: str, batch_id: str) -> None:
        """Make a batch of everything that is due."""
        raise NotImplementedError

    def approve(self, batch_id: str) -> None:
        """Approve it."""
        raise NotImplementedError

    def file(self, batch_id: str) -> None:
        """Compose its file and note that the bank has it."""
        raise NotImplementedError

    def settle(self, batch_id: str) -> None:
        """Read the bank's answer, and let months and budget know."""
        raise NotImplementedError

    def paid(self, programme_id: str, batch_id: str) -> tuple[int, str]:
        """Return the won that the budget has counted as paid, and the batch's state."""
        raise NotImplementedError


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
            self._allowance.note_settled(batch)

    def prepare(self, programme_id: str, batch_id: str) -> None:
        """Prepare it; the sweep goes on until it is."""
        asked = {"programme_id": programme_id, "month": MONTH, "method": "bank"}
        self._desk.prepare(OFFICER, act_id=f"prepare-{batch_id}", batch_id=batch_id, **asked)
        self._rest(batch_id)

    def approve(self, batch_id: str) -> None:
        """Approve it with other eyes."""
        self._desk.approve(OTHER_OFFICER, act_id=f"approve-{batch_id}", batch_id=batch_id)

    def file(self, batch_id: str) -> None:
        """Fetch it page by page, and say that the bank has it."""
        whole, cursor = sha256(), None
        while True:
            page = self._files.file(OFFICER, batch_id=batch_id, cursor=cursor)
            whole.update(base64.b64decode(page["content"]))
            cursor = page["cursor"]
            if cursor is None:
                break
        self._files.mark_filed(OFFICER, act_id=f"file-{batch_id}", batch_id=batch_id, file_hash=whole.hexdigest())
        self._rest(batch_id)

    def settle(self, batch_id: str) -> None:
        """Read the answer, and let the sweep bring the months along."""
        batch = self._batches.get(batch_id)
        content = an_answer(batch_id, [row.won for row in batch.rows])
        self._files.read_returns(OFFICER, act_id=f"answer-{batch_id}", batch_id=batch_id, content=content)
        self._rest(batch_id)

    def paid(self, programme_id: str, batch_id: str) -> tuple[int, str]:
        """Return what budget and batch say."""
        return self._budgets.get(programme_id).paid, str(self._batches.state_of(batch_id))

    def _rest(self, batch_id: str) -> None:
        """Let the timer run until the batch waits for nothing."""
        while self._batches.collection.find_one({"_id": batch_id}, ["due"]).get("due") is not None:  # type: ignore[union-attr]
            self._settler.sweep()


class Floor(Payers):
    """The same by hand."""

    def __init__(self) -> None:
        super().__init__()
        self._kept = floor.database("placement")
        months = self._kept.pay_months
        for name in ("owing", "claimed", "held", "claim_due"):
            months.create_index([(name, 1)], sparse=True)
        for keys in ("outbox.s", "resident_id", "payments.batch_id"):
            months.create_index([(keys, 1)])
        months.create_index([("programme_id", 1), ("month", 1)])
        for name in ("outbox.s", "programme_id"):
            self._kept.batches.create_index([(name, 1)])
        self._codec = PayMonthCodec()

    def open(self, programme_id: str) -> None:
        """Make the budget."""
        money = {"granted": COMMITTED, "committed": COMMITTED, "paid": 0, "returned": 0}
        self._kept.budgets.insert_one({"_id": programme_id, "version": 1, **money, "outbox": [], "acts": []})

    def count(self, events: Sequence[Event]) -> None:
        """Read the months, add their lines, write them back guarded."""
        for batch in in_parts(events, BATCH):
            told: dict[str, list[Mapping[str, Any]]] = {}
            for event in batch:
                told.setdefault(PayMonth.id_of(event.data["programme_id"], event.data["resident_id"], MONTH), []).append(
                    event.data
                )
            known = self._months(list(told))
            at = floor.now()
            self._kept_new([self._a_month(name, said, at) for name, said in told.items() if name not in known])
            self._write(
                [self._added(document, told[name], at) for name, document in known.items()]
            )

    def prepare(self, programme_id: str, batch_id: str) -> None:
        """Claim each month once, then store the batch with its rows."""
        found = self._kept.pay_months.find({"owing": programme_id}, {"month": 1, "resident_id": 1})
        owing = sorted((row["month"], row["_id"], row["resident_id"]) for row in found)
        rows: list[list[Any]] = []
        for part in in_parts(owing, AT_ONCE):
            for some in in_parts(part, IDS_AT_ONCE):
                AtOnce().payout([resident_id for _, _, resident_id in some], batch_id=batch_id, purpose="batch")
            changes = []
            for name, document in self._months([name for _, name, _ in part]).items():
                won = sum(line["won"] for line in document["lines"])
                payment = {
                    "batch_id": batch_id,
                    "won": won,
                    "lines": len(document["lines"]),
                    "upto": len(document["lines"]),
                    "method": "bank",
                    "dongs": [{"dong": DONG, "won": won}],
                    "state": "claimed",
                    "day": None,
                    "reason": None,
                }
                rows.append([document["resident_id"], name, won, len(document["lines"]), [DONG, won], None])
                changes.append(
                    self._guarded(document, {"payments": [payment], "claimed": batch_id}, gone=("owing",))
                )
            self._write(changes)
        self._kept.batches.insert_one(
            {
                "_id": batch_id,
                "version": 1,
                "tenant": TENANT,
                "programme_id": programme_id,
                "district": DISTRICT,
                "month": MONTH,
                "method": "bank",
                "state": "prepared",
                "rows": rows,
                "outbox": [],
                "acts": [],
            }
        )

    def approve(self, batch_id: str) -> None:
        """Write it guarded."""
        self._move(batch_id, "approved")

    def file(self, batch_id: str) -> None:
        """Compose it, and write its hash guarded; then the budget."""
        batch = self._kept.batches.find_one({"_id": batch_id})
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\r\n")
        for start, part in zip(range(0, len(batch["rows"]), IDS_AT_ONCE), in_parts(batch["rows"], IDS_AT_ONCE), strict=True):
            accounts = AtOnce().payout([row[0] for row in part], batch_id=batch_id, purpose="payout_file")
            for seq, row in enumerate(part, start + 1):
                account = accounts[row[0]]
                number = account.number.replace("-", "")
                writer.writerow(["D", f"{seq:07d}", account.code, number, row[2], account.holder, "10월 참여수당"])
        self._move(batch_id, "filed", file_hash=sha256(text.getvalue().encode("cp949")).hexdigest())
        self._post(batch["programme_id"], "paid", sum(row[2] for row in batch["rows"]))

    def settle(self, batch_id: str) -> None:
        """Read the answer, let each month know, guarded, then settle the batch."""
        batch = self._kept.batches.find_one({"_id": batch_id})
        content = base64.b64decode(an_answer(batch_id, [row[2] for row in batch["rows"]])).decode("cp949")
        answers = [cells for cells in csv.reader(io.StringIO(content)) if cells[0] == "D"]
        for row, cells in zip(batch["rows"], answers, strict=True):
            if int(cells[2]) != row[2]:
                raise RuntimeError("not what was filed")
            row[5] = "paid"
        day = floor.now().date().isoformat()
        for part in in_parts(batch["rows"], AT_ONCE):
            changes = []
            for document in self._months([row[1] for row in part]).values():
                paid = {**document["payments"][0], "state": "paid", "day": day}
                data = {**_named(document), "payment_id": f"{batch_id}:{document['_id']}", "batch_id": batch_id}
                data |= {"won": paid["won"], "method": "bank", "day": day}
                fact = self._fact(document, 0, "kr.sipbun.placement.allowance.paid.v1", data, floor.now())
                changes.append(self._guarded(document, {"payments": [paid]}, gone=("claimed",), push={"outbox": [fact]}))
            self._write(changes)
        self._move(batch_id, "settled", rows=batch["rows"])

    def paid(self, programme_id: str, batch_id: str) -> tuple[int, str]:
        """Return what budget and batch say."""
        budget, batch = self._kept.budgets.find_one({"_id": programme_id}), self._kept.batches.find_one({"_id": batch_id})
        return int(budget["paid"]), str(batch["state"])

    def _months(self, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        return {
            document["_id"]: document
            for part in in_parts(ids, IDS_AT_ONCE)
            for document in self._kept.pay_months.find({"_id": {"$in": list(part)}})
        }

    def _kept_new(self, months: Sequence[dict[str, Any]]) -> None:
        if months:
            self._kept.pay_months.insert_many(months, ordered=False)

    def _a_month(self, name: str, said: Sequence[Mapping[str, Any]], at: datetime) -> dict[str, Any]:
        first = said[0]
        month = PayMonth(
            id=name,
            tenant=TENANT,
            programme_id=first["programme_id"],
            district=DISTRICT,
            resident_id=first["resident_id"],
            month=MONTH,
        )
        document = {"_id": name, "version": 0, "tenant": TENANT, **self._codec.to_document(month), "acts": []}
        return {
            **document,
            "version": 1,
            "owing": first["programme_id"],
            "counted": [_counted(one) for one in said],
            "lines": [_line(one, at) for one in said],
            "outbox": self._earned(document, said, at),
        }

    def _added(self, document: dict[str, Any], said: Sequence[Mapping[str, Any]], at: datetime) -> Any:
        push = {
            "counted": [_counted(one) for one in said],
            "lines": [_line(one, at) for one in said],
            "outbox": self._earned(document, said, at),
        }
        return self._guarded(document, {}, push=push)

    def _earned(self, document: dict[str, Any], said: Sequence[Mapping[str, Any]], at: datetime) -> list[dict[str, Any]]:
        data = [
            {
                **_named(document),
                "line_id": f"{one['attendance_id']}#1",
                "attendance_id": one["attendance_id"],
                "day": one["day"],
                "minutes": one["minutes"],
                "won": WON,
                "payable": WON,
                "held_back": 0,
                "reason": "attendance",
                "dong": DONG,
            }
            for one in said
        ]
        return [
            self._fact(document, index, "kr.sipbun.placement.allowance.earned.v1", one, at)
            for index, one in enumerate(data)
        ]

    def _fact(
        self, document: Mapping[str, Any], index: int, event_type: str, data: dict[str, Any], at: datetime
    ) -> dict[str, Any]:
        version = document["version"] + 1
        return {
            "id": f"{document['_id']}.{version}.{index}",
            "s": "new",
            "type": event_type,
            "source": "/sipbun/placement/pay_months",
            "subject": document["_id"],
            "tenant": TENANT,
            "sequence": f"{version:010d}.{index:03d}",
            "time": at,
            "trace": None,
            "data": data,
        }

    def _guarded(
        self,
        document: Mapping[str, Any],
        change: dict[str, Any],
        *,
        gone: Sequence[str] = (),
        push: Mapping[str, list[Any]] | None = None,
    ) -> Any:
        update: dict[str, Any] = {"$set": {**change, "version": document["version"] + 1}}
        if gone:
            update["$unset"] = dict.fromkeys(gone, "")
        if push:
            update["$push"] = {name: {"$each": entries} for name, entries in push.items()}
        return pymongo.UpdateOne({"_id": document["_id"], "version": document["version"]}, update)

    def _write(self, changes: Sequence[Any]) -> None:
        if changes and self._kept.pay_months.bulk_write(changes, ordered=False).matched_count != len(changes):
            raise RuntimeError("lost a race")

    def _move(self, batch_id: str, state: str, **more: Any) -> None:
        batch = self._kept.batches.find_one({"_id": batch_id}, {"version": 1, "state": 1})
        act = {"id": f"asked:{state}-{batch_id}", "hash": content_hash([batch_id, state]), "out": {"state": state}}
        fact = self._fact(batch, 0, f"kr.sipbun.placement.batch.{state}.v1", {"batch_id": batch_id}, floor.now())
        done = self._kept.batches.update_one(
            {"_id": batch_id, "version": batch["version"]},
            {
                "$set": {"state": state, "version": batch["version"] + 1, **more},
                "$push": {"acts": {"$each": [act], "$slice": -100}, "outbox": {"$each": [fact]}},
            },
        )
        if not done.matched_count:
            raise RuntimeError("lost a race")

    def _post(self, programme_id: str, what: str, won: int) -> None:
        budget = self._kept.budgets.find_one({"_id": programme_id})
        fact = self._fact(budget, 0, "kr.sipbun.placement.budget.posted.v1", {what: won}, floor.now())
        done = self._kept.budgets.update_one(
            {"_id": programme_id, "version": budget["version"]},
            {
                "$set": {what: budget[what] + won, "version": budget["version"] + 1},
                "$push": {"outbox": {"$each": [fact]}},
            },
        )
        if not done.matched_count:
            raise RuntimeError("lost a race")


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


def _named(document: Mapping[str, Any]) -> dict[str, Any]:
    named = {name: document[name] for name in ("resident_id", "programme_id", "district", "month")}
    return {"pay_month_id": document["_id"], **named}


def _counted(said: Mapping[str, Any]) -> dict[str, Any]:
    told = {name: said[name] for name in ("attendance_id", "revision", "day", "minutes", "hourly_won", "dong")}
    return {**told, "won": WON}


def _line(said: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    told = {name: said[name] for name in ("attendance_id", "day", "minutes", "hourly_won", "dong")}
    line = {**told, "id": f"{said['attendance_id']}#1", "won": WON, "reason": "attendance"}
    return {**line, "at": at, "by": None, "note": None}


def run(bed: Bed, *, quick: bool, rounds: int = 0, sizes: Sequence[tuple[int, int]] = ()) -> list[Result]:
    """Run it; a line each size."""
    rounds = rounds or (1 if quick else 2)
    sizes = sizes or ([(50, 20), (500, 2)] if quick else [(500, 20), (5_000, 2)])
    url = bed.a_vhost("settlement")
    stages = {
        side: bed.stage(
            f"{side} payers", f"tests.bench.settlement:{part}", environment=bed.environment(url, f"settle_{side}_")
        )
        for side, part in (("ours", "Ours"), ("floor", "Floor"))
    }
    for side, stage in stages.items():
        stage.ask("pay", lap=f"{side}-warm", people=10, lines=2)
    return [_line_of(bed, stages, people, lines, rounds) for people, lines in sizes]


def _line_of(bed: Bed, stages: Mapping[str, Stage], people: int, lines: int, rounds: int) -> Result:
    told: dict[str, list[dict[str, Any]]] = {side: [] for side in stages}
    tally = Tally()
    for number in range(rounds):
        for side in stages if number % 2 == 0 else reversed(list(stages)):
            watch = Watch(bed, [stages[side]])
            lap = stages[side].ask("pay", lap=f"{side}-{people}-{number}", people=people, lines=lines)
            told[side].append(lap)
            tally.figures.setdefault(side, []).append(people * lines / sum(lap["seconds"].values()))
            tally.shares.setdefault(side, []).append(watch.end())
    result = tally.result(f"settlement, {people:,} people x {lines} lines", "ours", "floor", "lines/s", 0.6)
    each = " | ".join(f"{side}: {_of(laps[-1], people)}" for side, laps in told.items())
    return replace(result, limits=f"{each} | {result.limits}")


def _of(lap: Mapping[str, Any], people: int) -> str:
    seconds = ", ".join(f"{phase} {lap['seconds'][phase]:.2f} s" for phase in PHASES)
    calls, read, written = (sum(asked[part] for asked in lap["asked"].values()) / people for part in range(3))
    return f"{seconds}; a person: {calls:.2f} calls, {read:.1f} documents read, {written:.1f} written"
