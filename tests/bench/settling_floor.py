"""The floor of the bench of settlement: the same documents, lines and facts, hand-written in pymongo."""

from __future__ import annotations

import base64
import csv
import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

import pymongo

from services.placement.allowance.codecs import PayMonthCodec
from services.placement.allowance.model import PayMonth
from shared.events.envelope import Event
from shared.ids import content_hash
from tests.bench import floor
from tests.bench.cast import DISTRICT, TENANT
from tests.bench.settling import BATCH, COMMITTED, DONG, MONTH, WON, AtOnce, Payers, an_answer, in_parts

#: Months read and written at once by the floor.
AT_ONCE, IDS_AT_ONCE = 500, 100


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
