"""What the host and the officers do: select, confirm and correct attendance, answer, prepare batches and pay them."""

from __future__ import annotations

import base64
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from shared.actors import Actor
from shared.clock import iso, kst_day
from shared.errors import NotFound, Refused
from tests.simulation.folk import OFFICERS, RESIDENTS, TENANT
from tests.simulation.pay import cast

if TYPE_CHECKING:
    from tests.simulation.pay.people import People


class Staff:
    """The host of every workplace, and two officers."""

    def __init__(self, people: People) -> None:
        self.people = people
        self.random = people.random
        self.batches: list[str] = []
        self.published: set[str] = set()

    # Places.

    def publish(self, plan: cast.Plan) -> None:
        """Publish an opening."""
        self.people.wait(5.0)
        officer = self.random.choice(OFFICERS)
        self._do("placement_openings", "publish", officer, **cast.opening(plan, self.people.world.scheduler.now()))
        self.published.add(plan.opening_id)

    def is_published(self, plan: cast.Plan) -> bool:
        """Return whether whoever publishes it has done so."""
        return plan.opening_id in self.published

    def select(self, officer: Actor) -> None:
        """Select by hand, in a race with the other officer and with everybody's limits."""
        self.people.wait(15.0)
        for _ in range(10):
            self.people.wait(14.0)
            resident, roll = self.random.choice(RESIDENTS).subject, self.random.random()
            if roll < 0.80:
                self._do("placement_openings", "select", officer, opening_id="opn-4", resident_id=resident)
            elif roll < 0.86:
                plan = self.random.choice(cast.PLANS)
                self._do("placement_openings", "release_place", officer, opening_id=plan.opening_id, resident_id=resident)
            elif roll < 0.92:
                self._do("placement_openings", "rank", officer, opening_id=self.random.choice(("opn-2", "opn-3")))
            elif roll < 0.94:
                plan = self.random.choice(cast.PLANS)
                self._do("placement_openings", "cancel", officer, opening_id=plan.opening_id, reason="시설 공사")

    # Attendance.

    def confirm(self, day: int) -> None:
        """Confirm a day's work as the host saw it; leave some of it to the clock, and some of it unclear."""
        for plan in cast.PLANS:
            numbers = [number for number, (on, _) in enumerate(plan.work) if on == day]
            for number in numbers:
                told = self._ask(
                    "placement_attendance", "sheets_of", cast.HOST, opening_id=plan.opening_id, shift=number
                )
                for sheet in [] if told is None else told["sheets"]:
                    self._confirm(sheet, day)

    def correct(self, who: Actor, acts: int) -> None:
        """Correct what counts, answer what waits, excuse, object: the host and the officers, beside each other."""
        for _ in range(acts):
            self.people.wait(15.0)
            plan = self.random.choice(cast.PLANS)
            told = self._ask("placement_attendance", "sheets_of", who, opening_id=plan.opening_id)
            for sheet in [] if told is None else told["sheets"]:
                self._look_at(who, sheet)
            if "officer" in who.roles:
                self._answer(who)
            else:
                self._evaluate(who)

    def _confirm(self, sheet: dict[str, Any], day: int) -> None:
        named, roll = {"attendance_id": sheet["attendance_id"]}, self.random.random()
        if sheet["state"] != "open":
            return
        if roll < 0.5:
            start, end = cast.at(day), sheet["end"]
            if self.random.random() < 0.3:
                start = cast.at(day, 10, self.random.choice((15, 30, 50)))
            self._do("placement_attendance", "confirm", cast.HOST, **named, came=iso(start), left=end)
        elif roll < 0.62:
            self._do("placement_attendance", "witness", cast.HOST, **named, said="absent")
            self._do("placement_attendance", "confirm", cast.HOST, **named)
        elif roll < 0.7:
            self._do("placement_attendance", "witness", cast.HOST, **named, said="in", at=sheet["start"])
        elif roll < 0.8:
            self._do("placement_attendance", "confirm", cast.HOST, **named)

    def _look_at(self, who: Actor, sheet: dict[str, Any]) -> None:
        named, roll = {"attendance_id": sheet["attendance_id"]}, self.random.random()
        if sheet["state"] == "open" and roll < 0.4:
            self._do("placement_attendance", "confirm", who, **named, came=sheet["start"], left=sheet["end"])
        elif sheet["state"] == "settled" and roll < 0.22:
            for minutes in self.random.sample((0, 45, 61, 90, sheet["planned"]), k=2):
                # Mistyped, and put right at once: both revisions are on their way together.
                self._do("placement_attendance", "correct", who, **named, minutes=minutes, reason="출근부를 다시 봄")
        elif sheet["state"] == "settled" and roll < 0.27 and "host" in who.roles:
            self._do("placement_attendance", "dispute", who, **named, text="그 시간에 없었습니다.")
        elif sheet["state"] == "settled" and roll < 0.32 and "officer" in who.roles:
            self._do("placement_attendance", "excuse", who, **named, reason="병원 진료")

    def _answer(self, officer: Actor) -> None:
        told = self._ask("placement_attendance", "open_disputes", officer, tenant=TENANT)
        for row in [] if told is None else told["disputes"]:
            if row["why"] == "dispute" and self.random.random() < 0.6:
                answer = self.random.choice(("upheld", "rejected"))
                minutes = {"minutes": self.random.choice((30, 75, row["planned"]))} if answer == "upheld" else {}
                self._do(
                    "placement_attendance", "answer", officer, attendance_id=row["attendance_id"], answer=answer,
                    reason="현장을 확인함", **minutes,
                )
        told = self._ask("placement_trust", "open_appeals", officer, tenant=TENANT)
        for row in [] if told is None else told["evaluations"]:
            for appeal in row["appeals"]:
                if self.random.random() < 0.5:
                    self._do(
                        "placement_trust", "answer_appeal", officer, placement_id=row["placement_id"],
                        side=appeal["side"], answer=self.random.choice(("upheld", "rejected")), reason="양쪽 말을 들음",
                    )

    def _evaluate(self, host: Actor) -> None:
        told = self._ask("placement_trust", "my_evaluations", host, side="host")
        for row in [] if told is None else told["evaluations"]:
            if not row["given"]["host"] and self.random.random() < 0.4:
                self._do(
                    "placement_trust", "evaluate", host, placement_id=row["placement_id"], side="host",
                    recommendations=["on_time"], would_again=self.random.random() < 0.8,
                )
            elif row["revealed_at"] is not None and self.random.random() < 0.2:
                asked = {"placement_id": row["placement_id"], "side": "host", "reason": "그렇지 않습니다."}
                self._do("placement_trust", "appeal", host, **asked)

    # Money.

    def pay(self, officer: Actor, acts: int) -> None:
        """Prepare, approve with whatever eyes, drop, cancel, file, read what the bank answers; recover now and then."""
        for _ in range(acts):
            self.people.wait(8.0)
            if not self.batches or self.random.random() < 0.3:
                self._prepare(officer)
            elif self.random.random() < 0.12:
                self._recover(officer)
            else:
                self.handle(officer, self.random.choice(self.batches[-6:]))

    def finish(self) -> None:
        """Bring every batch that was filed to its end, and pay once more what is due."""
        officer, other = OFFICERS
        for programme in (cast.NEAR, cast.DIRECT):
            self._prepare(officer, programme=programme, month=cast.MONTHS[-1], method="bank")
        for batch_id in self.batches:
            for who in (other, other, other):
                self.handle(who, batch_id, in_a_hurry=True)
        for batch_id, order in self.people.bank.orders.items():
            if order.later:
                self._read(officer, batch_id, self.people.bank.answer(batch_id))

    def hear_later(self, officer: Actor) -> None:
        """Hear of every batch that was paid what came back since, while others go on paying."""
        for batch_id in [*self.people.bank.orders, *self.people.bank.orders]:
            self.people.wait(3.0)
            told = self._ask("placement_batches", "get", officer, batch_id=batch_id)
            if told is not None and told["state"] == "settled":
                self._hear_later(officer, batch_id, self.random.random() * 0.7)

    def handle(self, officer: Actor, batch_id: str, *, in_a_hurry: bool = False) -> None:
        """Take one step with a batch."""
        told = self._ask("placement_batches", "get", officer, batch_id=batch_id)
        named, roll = {"batch_id": batch_id}, 1.0 if in_a_hurry else self.random.random()
        if told is None:
            return
        if told["state"] in ("prepared", "approved") and roll < 0.1:
            self._do("placement_batches", "cancel", officer, **named)
        elif told["state"] in ("prepared", "approved") and roll < 0.25:
            rows = self._ask("placement_batches", "rows", officer, **named)
            if rows is not None and rows["rows"]:
                row = self.random.choice(rows["rows"])
                self._do("placement_batches", "drop_row", officer, **named, pay_month_id=row["pay_month_id"])
        elif told["state"] == "prepared":
            self._do("placement_batches", "approve", officer, **named)
        elif told["state"] == "approved":
            self._file(officer, batch_id)
        elif told["state"] == "filed" and (batch_id in self.people.bank.orders):
            self._read_answer(officer, batch_id, in_parts=roll < 0.5, wrong_first=roll < 0.4)
        elif told["state"] == "settled" and roll < 0.7:
            self._hear_later(officer, batch_id, roll)

    def _prepare(
        self, officer: Actor, *, programme: str | None = None, month: str | None = None, method: str | None = None
    ) -> None:
        batch_id = self.people.name("bat")
        told = self.people.outcome_of(
            "placement_batches", "prepare", officer, batch_id=batch_id,
            programme_id=programme or self.random.choice((cast.NEAR, cast.DIRECT)),
            month=month or self.random.choice(cast.MONTHS),
            method=method or self.random.choice(("bank", "bank", "bank", "local_currency")),
        )
        if not isinstance(told, Refused | NotFound):
            self.batches.append(batch_id)

    def _file(self, officer: Actor, batch_id: str) -> None:
        told = self._ask("placement_batches", "file", officer, batch_id=batch_id)
        if told is None:
            return
        content = base64.b64decode(told["content"])
        filed = self._do(
            "placement_batches", "mark_filed", officer, batch_id=batch_id, file_hash=sha256(content).hexdigest()
        )
        if filed is not None:
            self.people.bank.take(batch_id, content)

    def _read_answer(self, officer: Actor, batch_id: str, *, in_parts: bool, wrong_first: bool) -> None:
        lines = self.people.bank.answer(batch_id)
        if wrong_first:
            wrong = [*lines[:-1], lines[-1] + "1"]
            self._read(officer, batch_id, wrong)
        middle = max(1, len(lines) // 2)
        if in_parts and len(lines) > 2:
            self._read(officer, batch_id, lines[:middle], part=1, last=False)
            self._read(officer, batch_id, lines[middle:], part=2, last=True)
        else:
            self._read(officer, batch_id, lines)

    def _hear_later(self, officer: Actor, batch_id: str, roll: float) -> None:
        """Hear what came back after it was paid: of a file, of an older one read again, or of nobody but officers."""
        bank = self.people.bank
        order = bank.orders[batch_id]
        bank.send_back(batch_id)
        if roll < 0.1:
            self._read(officer, batch_id, bank.later_answer(batch_id))
        elif roll < 0.2:
            self._read(officer, batch_id, self.random.choice(order.answers))
        elif roll < 0.45:
            for row, reason in order.later.items():
                self._say_it_is_back(officer, batch_id, row, "not_a_member" if reason == "미가입" else "wrong_account")
        else:
            self._read_answer(officer, batch_id, in_parts=roll < 0.6, wrong_first=roll < 0.5)

    def _say_it_is_back(self, officer: Actor, batch_id: str, row: int, reason: str) -> None:
        told = self._ask("placement_batches", "rows", officer, batch_id=batch_id, limit=500)
        if told is None:
            return
        asked = {"batch_id": batch_id, "pay_month_id": told["rows"][row - 1]["pay_month_id"], "reason": reason}
        for who in (officer, officer, *OFFICERS)[: self.random.choice((1, 4, 4))]:
            self._do("placement_batches", "return_row", who, **asked)

    def _read(self, officer: Actor, batch_id: str, lines: list[str], **part: Any) -> None:
        content = "".join(f"{line}\r\n" for line in lines)
        self._do("placement_batches", "read_returns", officer, batch_id=batch_id, content=content, is_text=True, **part)

    def _recover(self, officer: Actor) -> None:
        programme, month = self.random.choice((cast.NEAR, cast.DIRECT)), self.random.choice(cast.MONTHS)
        told = self._ask("placement_allowance", "months", officer, programme_id=programme, month=month)
        if told is None or not told["months"]:
            return
        row = self.random.choice(told["months"])
        named = {"pay_month_id": row["pay_month_id"]}
        if row["to_recover"] > 0 and self.random.random() < 0.6:
            won = self.random.choice((row["to_recover"], max(1, row["to_recover"] // 2)))
            day = kst_day(self.people.world.scheduler.now()).isoformat()
            self._do("placement_allowance", "note_paid_back", officer, **named, won=won, day=day)
            return
        verb = self.random.choice(("recover", "lift_recovery"))
        days = [self.random.choice(cast.DAYS).isoformat()]
        self._do("placement_allowance", verb, officer, **named, days=days, reason="겹친 날")

    def _do(self, service: str, verb: str, who: Actor, **asked: Any) -> Any:
        return self.people.insist(service, verb, who, **asked)

    def _ask(self, service: str, verb: str, who: Actor, **asked: Any) -> Any:
        return self.people.insist(service, verb, who, act=False, **asked)
