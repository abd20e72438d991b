"""What residents do: apply for several openings, answer offers, come and go, object, and say their word."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from shared.actors import Actor
from shared.clock import from_iso
from tests.simulation.folk import RESIDENTS, SERVICE, TENANT
from tests.simulation.pay import cast

if TYPE_CHECKING:
    from tests.simulation.pay.people import People

#: Seconds in which an offer has lapsed.
UNTIL_LAPSED = 615.0
CONSENTS = ("service", "payout", "target_groups")


class Residents:
    """All of them."""

    def __init__(self, people: People) -> None:
        self.people = people
        self.random = people.random
        #: Applications whose offer was left unanswered, and until when it stands, by resident: answered too late.
        self.ignored: dict[str, dict[str, datetime]] = {one.subject: {} for one in RESIDENTS}
        self.accounts = dict.fromkeys(self.ignored, 0)

    def move_in(self, resident: Actor) -> None:
        """Register, with an account and perhaps a group."""
        name, number = resident.subject, int(resident.subject[-1])
        consents = [*CONSENTS, "contact_mail"] if number % 2 else CONSENTS
        self.people.insist(
            "residents_registry", "register", SERVICE, resident_id=name, tenant=TENANT, name="첨단동 주민",
            mail=f"{name}@example.org" if number % 2 else None, over_14=True,
            consents=[{"purpose": one, "text_version": "2026-01"} for one in consents],
        )
        self._set_account(resident)
        if name in cast.YOUNG:
            self.people.insist("residents_groups", "declare", resident, resident_id=name, group=cast.GROUP)

    def apply(self, resident: Actor) -> None:
        """Apply for most openings; take some applications back, and apply again."""
        self.people.wait(10.0)
        for plan in self.random.sample(cast.PLANS, k=5):
            while not self.people.staff.is_published(plan):
                self.people.wait(8.0)
            self._do("placement_openings", "apply", resident, opening_id=plan.opening_id)
            self.people.wait(8.0)
            if self.random.random() < 0.15:
                self._withdraw(resident, f"{plan.opening_id}:{resident.subject}")
                if self.random.random() < 0.7:
                    self._do("placement_openings", "apply", resident, opening_id=plan.opening_id)
        if self.random.random() < 0.3:
            # Nobody has worked yet.
            self._evaluate(resident, f"{self.random.choice(cast.PLANS).opening_id}:{resident.subject}:1")

    def until_the_last_second(self) -> float:
        """Return the seconds until shortly before the first offer that was left unanswered runs out, or all have."""
        waiting = [until for those in self.ignored.values() for until in those.values()]
        left = (min(waiting) - self.people.world.scheduler.now()).total_seconds() if waiting else UNTIL_LAPSED
        return max(0.0, left - 2.0)

    def answer_offers(self, resident: Actor) -> None:
        """Take, decline or leave what is offered; try to take what was left until it was too late."""
        for application_id, until in sorted(self.ignored[resident.subject].items(), key=lambda one: one[1]):
            left = (until - self.people.world.scheduler.now()).total_seconds()
            self.people.world.scheduler.sleep(max(0.0, left) + 0.2 * self.random.random())
            self._do("placement_openings", "accept_offer", resident, application_id=application_id)
        self.ignored[resident.subject].clear()
        for _ in range(2):
            self.people.wait(6.0)
            told = self._ask("placement_openings", "my_applications", resident, resident_id=resident.subject)
            for row in [] if told is None else told["applications"]:
                if row["offer"] is None:
                    continue
                application_id, roll = row["application_id"], self.random.random()
                if roll < 0.35:
                    self._do("placement_openings", "accept_offer", resident, application_id=application_id)
                elif roll < 0.42:
                    self._do("placement_openings", "decline_offer", resident, application_id=application_id)
                else:
                    self.ignored[resident.subject][application_id] = from_iso(row["offer"]["until"])

    def come(self, resident: Actor, day: int) -> None:
        """Come to work, or not; some give their place back on that very morning."""
        for sheet in self._sheets(resident, day, "open"):
            roll = self.random.random()
            if roll < 0.6:
                self._check("check_in", resident, sheet)
            elif roll < 0.75:
                self._withdraw(resident, sheet["application_id"])
            self.people.wait(8.0)

    def go(self, resident: Actor, day: int) -> None:
        """Go home, or object to what counts."""
        for sheet in self._sheets(resident, day, None):
            if sheet["state"] == "open" and self.random.random() < 0.6:
                self._check("check_out", resident, sheet)
            self._object(resident, sheet)
            self.people.wait(5.0)

    def look_back(self, resident: Actor) -> None:
        """Object, say one's word of the workplace, look for one's pay, set another account."""
        told = self._ask("placement_attendance", "my_sheets", resident, limit=100)
        for sheet in [] if told is None else told["sheets"]:
            self._object(resident, sheet)
            if self.random.random() < 0.3:
                self._evaluate(resident, f"{sheet['application_id']}:{sheet['attempt']}")
            elif self.random.random() < 0.12:
                placement = f"{sheet['application_id']}:{sheet['attempt']}"
                asked = {"placement_id": placement, "side": "resident", "reason": "그렇지 않았습니다."}
                self._do("placement_trust", "appeal", resident, **asked)
        self.people.wait(10.0)
        if self.random.random() < 0.3:
            self._set_account(resident)
        if self.random.random() < 0.15:
            plan = self.random.choice(cast.PLANS)
            self._withdraw(resident, f"{plan.opening_id}:{resident.subject}")

    # Steps.

    def _object(self, resident: Actor, sheet: dict[str, Any]) -> None:
        if sheet["state"] == "settled" and sheet["dispute"] is None and self.random.random() < 0.12:
            self._do(
                "placement_attendance", "dispute", resident, attendance_id=sheet["attendance_id"], text="더 일했습니다."
            )

    def _evaluate(self, resident: Actor, placement_id: str) -> None:
        self._do(
            "placement_trust", "evaluate", resident, placement_id=placement_id, side="resident",
            recommendations=["kind"], would_again=self.random.random() < 0.7,
        )

    def _check(self, verb: str, resident: Actor, sheet: dict[str, Any]) -> None:
        shown = self._ask("placement_attendance", "code", cast.HOST, opening_id=sheet["opening_id"])
        code = "12345x" if shown is None or self.random.random() < 0.08 else shown["code"]
        self._do("placement_attendance", verb, resident, attendance_id=sheet["attendance_id"], code=code)

    def _set_account(self, resident: Actor) -> None:
        self.accounts[resident.subject] += 1
        account = cast.account(resident.subject, self.accounts[resident.subject])
        self._do("residents_accounts", "set", resident, resident_id=resident.subject, **account)

    def _withdraw(self, resident: Actor, application_id: str) -> None:
        self._do("placement_openings", "withdraw", resident, application_id=application_id)

    def _sheets(self, resident: Actor, day: int, state: str | None) -> list[dict[str, Any]]:
        told = self._ask("placement_attendance", "my_sheets", resident, limit=100)
        return [
            row
            for row in ([] if told is None else told["sheets"])
            if row["day"] == cast.DAYS[day].isoformat() and state in (None, row["state"])
        ]

    def _do(self, service: str, verb: str, resident: Actor, **asked: Any) -> Any:
        return self.people.insist(service, verb, resident, **asked)

    def _ask(self, service: str, verb: str, who: Actor, **asked: Any) -> Any:
        return self.people.insist(service, verb, who, act=False, **asked)
