"""The hall in which places are given, on twins: makers for tests of selection."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from services.placement.budgets.storage import budgets
from services.placement.budgets.usecases import BudgetDesk
from services.placement.limits.model import Limit, LimitTable
from services.placement.openings.model import Evidence
from services.placement.openings.money import OpeningsMoney
from services.placement.openings.places import OpeningsPlaces
from services.placement.openings.reactions import reactions, with_candidates
from services.placement.openings.seeds import SeedsFromIds
from services.placement.openings.selection import SelectionDesk
from services.placement.openings.storage import applications, openings, rankings
from services.placement.openings.usecases import OpeningDesk
from services.placement.participation.reactions import reactions as participation_reactions
from services.placement.participation.storage import participations
from services.placement.participation.usecases import ParticipationDesk
from services.placement.participation.wanted import Wanted
from services.placement.programmes.model import District, Programme, Tenant
from services.placement.programmes.parts import TargetGroup
from services.placement.wages.pay import Earned
from services.placement.wages.storage import read_wages
from shared.actors import Actor
from shared.clock import KST, StoppedClock
from shared.errors import Conflict, NotFound, Refused, Unavailable
from shared.ids import SeededIds
from shared.messaging.outbox import event_of
from shared.mongo.twin import TwinDatabase
from shared.serial import no_queue
from tests.services.placement.office import NOW, OFFICER, TENANT, a_resident
from tests.services.placement.participation.makers import Declared, Registered

PROGRAMME = f"{TENANT}:gs-citizen-allowance"
HOST = Actor("host-은하수", frozenset({"host"}), TENANT)
WAGES = Path(__file__).parents[4] / "deploy" / "data" / "wages.yaml"
LIBRARY = {"name": "은하수 작은도서관", "address": "광주광역시 광산구", "lat": 35.1457, "lon": 126.7937}
#: A hold stands for so long.
STANDS = timedelta(seconds=60)


@dataclass(frozen=True)
class Objecting:
    """One objection of the limits."""

    code: str = "direct_job_overlap"

    def refused(self) -> Refused:
        """Return it as an error."""
        return Refused(self.code, field="opening_id")

    def to_wire(self) -> dict[str, Any]:
        """Return it JSON-ready."""
        return {"code": self.code, "field": "opening_id", "values": {}}


@dataclass(frozen=True)
class Said:
    """What the limits say."""

    objections: tuple[Objecting, ...] = ()
    ranked_lower: bool = False

    def to_wire(self) -> dict[str, Any]:
        """Return it JSON-ready."""
        return {"objections": [one.to_wire() for one in self.objections], "ranked_lower": self.ranked_lower}


@dataclass
class OnePlaceEach:
    """Limits under which a resident has one place over all openings, kept as participation keeps it.

    ``claims``: resident -> key -> the acts that hold it; a claim that is taken is held by ``""``.
    """

    clock: StoppedClock
    refused: set[str] = field(default_factory=set)
    lower: set[str] = field(default_factory=set)
    claims: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    impossible: set[str] = field(default_factory=set)
    places: OpeningsPlaces | None = None
    calls: list[str] = field(default_factory=list)
    #: Whom nobody registered; None: nobody can say of anybody.
    unregistered: set[str] | None = field(default_factory=set)
    #: Called after every hold, before its act: somebody else's turn.
    meanwhile: Callable[[], None] = lambda: None

    def must_know(self, actor: Actor, resident_id: str) -> None:
        """Know everybody."""

    def is_registered(self, resident_id: str, tenant: str) -> bool:
        """Return whether the tenant registered them."""
        assert tenant == TENANT
        if self.unregistered is None:
            raise Unavailable("the residents service is away")
        return resident_id not in self.unregistered

    def quote(self, wanted: Wanted) -> Said:
        """Say whether another place is in the way."""
        others = any(holders for key, holders in self.claims.get(wanted.resident_id, {}).items() if key != wanted.key)
        in_the_way = (Objecting(),) if others or wanted.resident_id in self.refused else ()
        return Said(in_the_way, wanted.resident_id in self.lower)

    def hold(self, *, act_id: str, wanted: Wanted) -> None:
        """Keep room for the place."""
        self.calls.append(f"hold {act_id}")
        if act_id in self.impossible:
            raise Refused("act_too_late", field="act_id")
        for objection in self.quote(wanted).objections:
            raise objection.refused()
        claim = self.claims.setdefault(wanted.resident_id, {}).setdefault(wanted.key, {})
        claim.setdefault(act_id, self.clock.now() + STANDS)
        self.meanwhile()

    def release_unless_done(self, *, act_id: str, wanted_key: str, resident_id: str, opening_id: str) -> None:
        """Give the room back, but never that of a place."""
        self.calls.append(f"release {act_id}")
        self.impossible.add(act_id)
        self.claims.get(resident_id, {}).get(wanted_key, {}).pop(act_id, None)
        self._settle(resident_id, wanted_key, opening_id)

    def sweep(self) -> None:
        """Make acts that never came impossible, and only then release them."""
        assert self.places is not None
        for resident, claims in self.claims.items():
            for key, holders in list(claims.items()):
                opening_id = key.split(":", 1)[0]
                for act_id, until in list(holders.items()):
                    if act_id and until <= self.clock.now():
                        if self.places.make_impossible(act_id=act_id, opening_id=opening_id, tenant=TENANT):
                            self.impossible.add(act_id)
                        holders.pop(act_id, None)
                self._settle(resident, key, opening_id)

    def told(self, event: Any) -> None:
        """Follow the opening: what participation does when told of a placement."""
        if not event.type.startswith("kr.sipbun.placement.placement."):
            return
        resident = event.data["resident_id"]
        if event.type.endswith("withdrawn.v1"):
            self.claims.get(resident, {}).pop(f"{event.data['application_id']}:{event.data['attempt']}", None)
        for key in list(self.claims.get(resident, {})):
            self._settle(resident, key, key.split(":", 1)[0])

    def _settle(self, resident_id: str, key: str, opening_id: str) -> None:
        assert self.places is not None
        holders = self.claims.setdefault(resident_id, {}).setdefault(key, {})
        if self.places.has_place(opening_id, resident_id, int(key.rsplit(":", 1)[1])):
            holders.clear()
            holders[""] = None
        else:
            holders.pop("", None)


@dataclass(frozen=True)
class Shipped(ParticipationDesk):
    """The shipped limits, as they hear of places."""

    def told(self, event: Any) -> None:
        """Hear of a placement."""
        table = participation_reactions(self)
        if event.type in table:
            table[event.type]([event])


@dataclass
class Known:
    """Evidence by resident."""

    by: dict[str, Evidence] = field(default_factory=dict)

    def of(self, resident_ids: Sequence[str]) -> Mapping[str, Evidence]:
        """Return what is known of them."""
        return {one: self.by[one] for one in resident_ids if one in self.by}


@dataclass
class Attendance:
    """What places have earned."""

    told: dict[str, Earned] = field(default_factory=dict)

    def earned(self, application_id: str, attempt: int, shifts: int) -> Earned | None:
        """Return what the place has earned."""
        return self.told.get(f"{application_id}:{attempt}")


@dataclass
class Registry:
    """Things by id."""

    by: dict[str, Any]

    def get(self, aggregate_id: str) -> Any:
        """Return one."""
        if aggregate_id not in self.by:
            raise NotFound("no_such_thing", field="id", id=aggregate_id)
        return self.by[aggregate_id]


def a_programme(**changes: Any) -> Programme:
    """Return the citizens' allowance."""
    asked: dict[str, Any] = {
        "id": PROGRAMME,
        "tenant": TENANT,
        "code": "gs-citizen-allowance",
        "name_ko": "민간시민형 광산시민수당",
        "name_en": None,
        "kind": "job_matching",
        "role": "core",
        "parent": None,
        "district": District("29200", "광산구", "광주광역시"),
        "year": 2023,
        "hosts": (HOST.subject,),
        "target_groups": (TargetGroup("youth", "청년", "청년고용촉진 특별법 제5조"), TargetGroup("senior", "어르신")),
    }
    return Programme(**{**asked, **changes})


@dataclass
class Hall:
    """Openings, candidates, limits and a budget, with a clock that stands still and a relay of its own."""

    desk: OpeningDesk
    selection: SelectionDesk
    limits: Any
    evidence: Known
    attendance: Attendance
    database: TwinDatabase
    clock: StoppedClock
    said: list[Any] = field(default_factory=list)
    #: Published, and heard by nobody yet.
    waiting: list[Any] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def act_id(self) -> str:
        """Return an id for an act."""
        return f"act-{next(self._numbers)}"

    def an_opening(self, opening_id: str = "opn-1", *, by: Actor = OFFICER, **changes: Any) -> dict[str, Any]:
        """Publish an opening: two hours of work in two days, 3 places, the best ranked."""
        work = (self.clock.now() + timedelta(days=2)).astimezone(KST).replace(hour=10, minute=0, second=0)
        asked: dict[str, Any] = {
            "act_id": self.act_id(),
            "opening_id": opening_id,
            "programme_id": PROGRAMME,
            "title": "작은도서관 도서 정리",
            "place": LIBRARY,
            "shifts": [{"start": work, "end": work + timedelta(hours=2)}],
            "places": 3,
            "hourly_won": 10_320,
            "mode": "draw",
            "deadline": self.clock.now() + timedelta(hours=6),
            "offer_minutes": 60,
        }
        return self.desk.publish(by, **{**asked, **changes})

    def applies(self, *numbers: int, opening_id: str = "opn-1") -> None:
        """Let residents apply, one a second."""
        for number in numbers:
            self.desk.apply(a_resident(number), act_id=self.act_id(), opening_id=opening_id)
            self.clock.move(timedelta(seconds=1))

    def withdraws(self, number: int, opening_id: str = "opn-1") -> dict[str, Any]:
        """Let a resident withdraw."""
        return self.desk.withdraw(
            a_resident(number), act_id=self.act_id(), application_id=f"{opening_id}:res-{number}"
        )

    def selects(self, number: int, opening_id: str = "opn-1", **changes: Any) -> dict[str, Any]:
        """Let the officer select a resident."""
        asked = {"act_id": self.act_id(), "opening_id": opening_id, "resident_id": f"res-{number}", **changes}
        return self.desk.select(OFFICER, **asked)

    def accepts(self, number: int, opening_id: str = "opn-1", **changes: Any) -> dict[str, Any]:
        """Let a resident confirm."""
        asked = {"act_id": self.act_id(), "application_id": f"{opening_id}:res-{number}", **changes}
        return self.selection.accept_offer(a_resident(number), **asked)

    def declines(self, number: int, opening_id: str = "opn-1") -> dict[str, Any]:
        """Let a resident decline."""
        named = f"{opening_id}:res-{number}"
        return self.selection.decline_offer(a_resident(number), act_id=self.act_id(), application_id=named)

    def passes(self, **span: float) -> None:
        """Let time pass, sweep, and let everybody hear of it."""
        self.clock.move(timedelta(**span))
        self.sweeps()

    def sweeps(self) -> None:
        """Do what is due until nothing is."""
        for _ in range(50):
            self.desk.close_overdue()
            self.selection.sweep()
            self.limits.sweep()
            if not self.hears():
                return
        raise AssertionError("it never comes to rest")

    def hears(self, *, times: int = 1) -> list[Any]:
        """Publish what waits in the outboxes and react, each event ``times`` over, until nobody says more."""
        heard = []
        while batch := self.collects() + self.waiting:
            self.waiting = []
            heard += batch
            self.takes(batch * times)
        return heard

    def takes(self, events: Sequence[Any]) -> None:
        """React to these events; what fails is given back."""
        table = with_candidates(reactions(self.desk), self.selection)
        self.said += events
        for number, event in enumerate(events):
            try:
                if event.type in table:
                    table[event.type]([event])
                self.limits.told(event)
            except (Conflict, Unavailable):
                self.waiting += events[number:]
                raise

    def collects(self) -> list[Any]:
        """Take what waits in the outboxes."""
        events = []
        for name in ("openings", "applications", "rankings", "participations"):
            collection = self.database.collection(name)
            for document in collection.find({"outbox.s": "new"}, ["outbox"]):
                events += [event_of(entry) for entry in document["outbox"]]
                ids = [entry["id"] for entry in document["outbox"]]
                collection.update_one({"_id": document["_id"]}, {"$pull": {"outbox": {"id": {"$in": ids}}}})
        return events

    def names(self) -> list[str]:
        """Return what was said so far, each fact once: ``offer.made`` and so on."""
        facts = {(event.source, event.id): event for event in self.said}.values()
        return [event.type.removeprefix("kr.sipbun.placement.").rpartition(".")[0] for event in facts]

    def opening(self, opening_id: str = "opn-1") -> Any:
        """Return the opening as it is."""
        return self.desk.openings.get(opening_id)

    def offered(self, opening_id: str = "opn-1") -> list[int]:
        """Return the numbers of the residents who are asked, in order."""
        return [int(offer.resident_id[4:]) for offer in self.opening(opening_id).offers]

    def placed(self, opening_id: str = "opn-1") -> list[int]:
        """Return the numbers of the residents who have a place."""
        return sorted(int(one.resident_id[4:]) for one in self.opening(opening_id).placements)

    def states(self, opening_id: str = "opn-1") -> dict[int, str]:
        """Return number of the resident -> state of the application."""
        told = self.desk.applications_of(OFFICER, opening_id=opening_id)["applications"]
        return {int(row["resident_id"][4:]): row["state"] for row in told}

    def order(self, opening_id: str = "opn-1") -> list[int]:
        """Return the candidates' numbers in order."""
        ranking = self.selection.rankings.get(opening_id)
        return [int(entry.application_id.rpartition("-")[2]) for entry in ranking.entries]

    def budget(self) -> tuple[int, int]:
        """Return what the budget counts: granted and committed."""
        told = self.desk.budget.budgets.get(PROGRAMME)
        return told.granted, told.committed


#: No two direct jobs on one day (직접일자리 중복참여).
NO_OVERLAP = LimitTable((Limit("direct_job_overlap", 0, "refuse", date(2015, 1, 1), None, "고시", direct_job=True),))


def a_hall(
    *,
    programme: Programme | None = None,
    step: Callable[[str], None] | None = None,
    shipped_limits: LimitTable | None = None,
    declared: Declared | None = None,
) -> Hall:
    """Return a hall with one programme; ``step`` is called at every step of the database.

    ``shipped_limits``: under the shipped limits with these rows, instead of ``OnePlaceEach``; ``declared``: who then
    belongs to target groups.
    """
    database = TwinDatabase("placement", step) if step else TwinDatabase("placement")
    clock = StoppedClock(NOW)
    ports: dict[str, Any] = {"clock": clock, "serial": no_queue}
    programmes = Registry({PROGRAMME: programme or a_programme()})
    all_openings = openings(database, **ports)
    places = OpeningsPlaces(all_openings)
    limits: Any = OnePlaceEach(clock, places=places)
    if shipped_limits is not None:
        groups = declared or Declared()
        limits = Shipped(participations(database, **ports), places, shipped_limits, Registered(), clock, groups)
    attendance, known = Attendance(), Known()
    orders = rankings(database, **ports)
    desk = OpeningDesk(
        openings=all_openings,
        applications=applications(database, **ports),
        tenants=Registry({TENANT: Tenant(id=TENANT, tenant=TENANT, name="광산구")}),
        programmes=programmes,
        budget=BudgetDesk(budgets(database, **ports), OpeningsMoney(all_openings), programmes, clock),
        wages=read_wages(WAGES),
        clock=clock,
        limits=limits,
        orders=orders,
        sheets=attendance,
        seeds=SeedsFromIds(SeededIds(7)),
        declarable={"youth": False, "disability": True},
    )
    for kept in (all_openings, desk.applications, orders, desk.budget.budgets):
        kept.prepare()
    return Hall(desk, SelectionDesk(desk, orders, known), limits, known, attendance, database, clock)
