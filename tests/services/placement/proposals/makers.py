"""A city hall on a twin: one umbrella, its call, districts that propose, and a relay that lets proposals hear."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from services.placement.budgets.storage import budgets
from services.placement.budgets.usecases import BudgetDesk
from services.placement.programmes.storage import programmes, tenants
from services.placement.programmes.usecases import ProgrammeDesk
from services.placement.proposals.calls import CallDesk
from services.placement.proposals.reactions import reactions
from services.placement.proposals.storage import calls, proposals
from services.placement.proposals.usecases import ProposalDesk
from shared.actors import Actor
from shared.clock import StoppedClock
from shared.messaging.outbox import event_of
from shared.mongo.port import Database
from shared.mongo.twin import TwinDatabase
from shared.serial import KeyedQueue
from tests.services.placement.budgets.makers import PaperOpenings

TENANT = "incheon"
YEONSU, BUPYEONG, GYEYANG = "28185", "28237", "28245"
UMBRELLA = f"{TENANT}:ic-sangsaeng"
#: What Yeonsu proposes, the programme that comes of it, and who pays for it, in won.
NAMED = "yeonsu-broadcast"
HOSTED = f"{TENANT}:{NAMED}"
SPLIT = {"city": 84_000_000, "district": 36_000_000}
#: A Tuesday, 14:00 in Seoul.
NOW = datetime(2026, 12, 1, 5, 0, tzinfo=UTC)
OPENS, CLOSES = NOW, NOW + timedelta(days=30)
OPERATOR = Actor("operator-1", frozenset({"operator"}), TENANT)
CITY = Actor("officer-city", frozenset({"officer"}), TENANT)
CITY_TOO = Actor("officer-city-2", frozenset({"officer"}), TENANT)
RESIDENT = Actor("res-1", frozenset({"resident"}), TENANT)
STRANGER = Actor("officer-else", frozenset({"officer"}), "gwangsan")


def an_officer(district: str, number: int = 1) -> Actor:
    """Return an officer of a district."""
    return Actor(f"officer-{district}-{number}", frozenset({"officer"}), TENANT, frozenset({district}))


def a_plan(**changes: Any) -> dict[str, Any]:
    """Return what is proposed."""
    return {
        "title": "우리동네 1인 방송 제작자 양성",
        "summary": "청년 30명을 가르쳐 지역 가게의 방송을 돕습니다.",
        "field": "청년",
        "kind": "training_cohort",
        "won": 120_000_000,
        "targets": {"jobs": 20, "trained": 30},
        "civil_body": "연수 미디어 협동조합",
        "agency": None,
        **changes,
    }


@dataclass
class Hall:
    """The desks of one process on the database that all share."""

    database: TwinDatabase
    clock: StoppedClock
    calls: CallDesk
    proposals: ProposalDesk
    budgets: BudgetDesk
    programmes: ProgrammeDesk
    numbers: Any

    def act_id(self) -> str:
        """Return an id for an act."""
        return f"act-{next(self.numbers)}"

    def beside(self, step: Callable[[str], None], clock: StoppedClock | None = None) -> Hall:
        """Return another process on the same documents, with its own steps, and perhaps its own clock."""
        return replace(self, **_desks(self.database.seen_by(step), clock or self.clock))

    def calls_for(self, call_id: str = "call-2027", **changes: Any) -> dict[str, Any]:
        """Publish next year's call."""
        asked: dict[str, Any] = {
            "act_id": self.act_id(),
            "call_id": call_id,
            "programme_id": UMBRELLA,
            "year": 2027,
            "title": "2027년 군·구 상생협력 특화일자리 공모",
            "opens_at": OPENS,
            "closes_at": CLOSES,
            "fields": ["청년", "신중년", "경력단절여성"],
            "criteria": [
                {"code": "need", "name_ko": "필요성", "weight": 1},
                {"code": "jobs", "name_ko": "일자리", "weight": 2},
            ],
            "reviews_needed": 2,
            "most_won": 200_000_000,
            **changes,
        }
        return self.calls.publish(CITY, **asked)

    def proposes(self, proposal_id: str = "yeonsu-broadcast", district: str = YEONSU, **changes: Any) -> dict[str, Any]:
        """Let a district propose."""
        asked = {"act_id": self.act_id(), "call_id": "call-2027", **a_plan(), **changes}
        return self.proposals.submit(an_officer(district), proposal_id=proposal_id, district=district, **asked)

    def closes(self) -> None:
        """Let the call's time be over."""
        self.clock.at = CLOSES
        self.calls.move_on()

    def reviews(self, actor: Actor, points: int = 80, proposal_id: str = "yeonsu-broadcast", **changes: Any) -> Any:
        """Let somebody review."""
        asked = {"act_id": self.act_id(), "scores": {"need": points, "jobs": points}, "comment": "좋습니다.", **changes}
        return self.proposals.review(actor, proposal_id=proposal_id, **asked)

    def is_reviewed(self, proposal_id: str = "yeonsu-broadcast") -> None:
        """Close the call and let two review."""
        self.closes()
        self.reviews(an_officer(BUPYEONG), 80, proposal_id)
        self.reviews(an_officer(GYEYANG), 90, proposal_id)

    def decides(self, outcome: str = "selected", *, by: Actor = CITY, **changes: Any) -> dict[str, Any]:
        """Let the city decide."""
        asked = {
            "act_id": self.act_id(),
            "proposal_id": "yeonsu-broadcast",
            "outcome": outcome,
            "reason": "일자리가 분명합니다.",
            **changes,
        }
        return self.proposals.decide(by, **asked)

    def hears(self, *, times: int = 1) -> list[Any]:
        """Publish what waits in the outboxes, and let proposals react to each event ``times`` over."""
        table = reactions(self.proposals)
        heard = []
        while batch := self._collect():
            heard += batch
            for event in batch * times:
                if event.type in table:
                    table[event.type]([event])
        return heard

    def _collect(self) -> list[Any]:
        events = []
        for collection in self.database.collections().values():
            for document in collection.find({"outbox.s": "new"}, ["outbox"]):
                events += [event_of(entry) for entry in document["outbox"]]
                ids = [entry["id"] for entry in document["outbox"]]
                collection.update_one({"_id": document["_id"]}, {"$pull": {"outbox": {"id": {"$in": ids}}}})
        return events


def a_hall() -> Hall:
    """Return a city hall with its umbrella programme and an older programme of 연수구."""
    database = TwinDatabase("placement")
    clock = StoppedClock(NOW)
    hall = Hall(database=database, clock=clock, numbers=count(1), **_desks(database, clock))
    for kept in (hall.calls.calls, hall.proposals.proposals, hall.budgets.budgets, hall.programmes.programmes):
        kept.prepare()
    hall.programmes.open_tenant(OPERATOR, act_id="open", tenant=TENANT, name="인천광역시", rehearsal=False)
    rows = [
        {"id": "ic-sangsaeng", "name_ko": "군·구 상생협력 특화일자리", "kind": "umbrella", "role": "hosted"},
        {
            "id": "ic-older",
            "name_ko": "1인 방송 제작자 양성",
            "kind": "training_cohort",
            "role": "hosted",
            "parent": "ic-sangsaeng",
            "district": "연수구",
            "district_code": YEONSU,
        },
    ]
    common = {"municipality": "인천광역시", "year": 2019, "name_en": None}
    hall.programmes.load(OPERATOR, tenant=TENANT, programmes=[{**common, **row} for row in rows])
    hall.hears()
    return hall


def _desks(database: Database, clock: StoppedClock) -> dict[str, Any]:
    ports: dict[str, Any] = {"clock": clock, "serial": KeyedQueue()}
    all_programmes, all_tenants = programmes(database, **ports), tenants(database, **ports)
    budget = BudgetDesk(budgets(database, **ports), PaperOpenings(), all_programmes, clock)
    desk = ProgrammeDesk(tenants=all_tenants, programmes=all_programmes, clock=clock)
    all_calls = calls(database, **ports)
    return {
        "calls": CallDesk(calls=all_calls, programmes=all_programmes, tenants=all_tenants, clock=clock),
        "proposals": ProposalDesk(
            calls=all_calls,
            proposals=proposals(database, **ports),
            tenants=all_tenants,
            programmes=all_programmes,
            hosting=desk,
            money=budget,
            clock=clock,
        ),
        "budgets": budget,
        "programmes": desk,
    }
