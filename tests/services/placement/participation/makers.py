"""Makers: limits, wanted places, and a town hall with openings of one document each, on twins."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from services.placement.limits.model import Limit, LimitTable
from services.placement.participation.belonging import ResidentsAway
from services.placement.participation.claims import TAKEN, Claim, days_of
from services.placement.participation.model import Participation
from services.placement.participation.reactions import reactions
from services.placement.participation.records import RecordDesk
from services.placement.participation.storage import participations
from services.placement.participation.usecases import ParticipationDesk
from services.placement.participation.wanted import Wanted
from shared.actors import Actor
from shared.aggregate import Act, Aggregate, Fact
from shared.clock import KST, StoppedClock, utc
from shared.errors import Refused
from shared.events import placement as said
from shared.messaging.outbox import event_of
from shared.mongo.aggregates import Aggregates
from shared.mongo.port import Document
from shared.mongo.twin import TwinDatabase
from shared.serial import KeyedQueue

TENANT = "gwangsan"
#: A Tuesday, 14:00 in Seoul.
NOW = datetime(2026, 12, 1, 5, 0, tzinfo=UTC)
OFFICER = Actor("officer-1", frozenset({"officer"}), TENANT)
RESIDENT = Actor("res-1", frozenset({"resident"}), TENANT)
SERVICE = Actor("ilmoa", frozenset({"service"}), "")
SINCE = date(2015, 1, 1)


def a_limit(kind: str, value: int = 0, effect: str = "refuse", **changes: Any) -> Limit:
    """Return a nationwide limit that is always in force."""
    return replace(Limit(kind, value, effect, SINCE, None, "고시"), **changes)


DIRECT = (
    a_limit("direct_job_overlap", direct_job=True),
    a_limit("repeat_months", 24, direct_job=True, of_last_months=36, for_months=12),
    a_limit("recent_months", 12, "rank", direct_job=True, of_last_months=24, for_months=12),
)
HOURS = (a_limit("week_minutes", 900, "warn"), a_limit("month_minutes", 3600, "warn"))
CAP = a_limit("monthly_cap", 583_444, "flag", per="programme")
ALL = LimitTable((*DIRECT, *HOURS, CAP))
#: No more than 15 hours a week, whatever the work: a limit that refuses.
HARD = LimitTable((*DIRECT, a_limit("week_minutes", 900)))


def at(text: str) -> datetime:
    """Return ``2026-12-01 10:00`` in Seoul as an instant."""
    return utc(datetime.fromisoformat(text).replace(tzinfo=KST))


def a_wanted(
    opening: str = "opn-1",
    first: str = "2026-12-07",
    last: str | None = None,
    *,
    direct: bool = True,
    hours: float = 2,
    resident: str = "res-1",
    attempt: int = 1,
    **changes: Any,
) -> Wanted:
    """Return a place: from 10:00 on each of its days, so many hours."""
    days = list(days_of(date.fromisoformat(first), date.fromisoformat(last or first)))
    shifts = tuple((begin, begin + timedelta(hours=hours)) for begin in (at(f"{day} 10:00") for day in days) if hours)
    wanted = Wanted(
        key=f"{opening}:{resident}:{attempt}",
        resident_id=resident,
        tenant=TENANT,
        opening_id=opening,
        programme_id=f"{TENANT}:gs-citizen-allowance",
        programme_code="gs-citizen-allowance",
        regions=("29200", "29"),
        workplace="은하수 작은도서관",
        direct_job=direct,
        engagement="participation_allowance",
        shifts=shifts,
        hourly_won=10_320,
        first_day=days[0],
        last_day=days[-1],
    )
    return replace(wanted, **changes)


def a_claim(wanted: Wanted | None = None, **changes: Any) -> Claim:
    """Return a place that is taken."""
    claim = Claim.of(wanted or a_wanted(), NOW)
    return replace(claim, **{"state": TAKEN, **changes})


def a_job(first: str, last: str, **changes: Any) -> Claim:
    """Return a direct job on these days, taken, without shifts."""
    wanted = a_wanted(f"opn-{first}-{last}", first, last, hours=0)
    return a_claim(wanted, **changes)


@dataclass(kw_only=True)
class Notice(Aggregate):
    """An opening, as far as places go: resident -> attempt, and who gave it."""

    placements: dict[str, tuple[int, str]] = field(default_factory=dict)
    #: Attempts that were given back: ``resident:attempt``.
    gone: tuple[str, ...] = ()


class NoticeCodec:
    """Notice <-> document."""

    def to_document(self, notice: Notice) -> Document:
        """Return the fields to keep."""
        rows = [{"resident": who, "attempt": one, "act_id": act} for who, (one, act) in notice.placements.items()]
        return {"placements": rows, "gone": list(notice.gone)}

    def from_document(self, document: Document) -> Notice:
        """Return the notice."""
        placed = {row["resident"]: (row["attempt"], row["act_id"]) for row in document["placements"]}
        return Notice(id=document["_id"], tenant=document["tenant"], placements=placed, gone=tuple(document["gone"]))


@dataclass(frozen=True)
class NoticePlaces:
    """What participation asks of openings."""

    notices: Aggregates[Notice]
    wanteds: dict[str, Wanted]

    def has_place(self, opening_id: str, resident_id: str, attempt: int) -> bool:
        """Return whether this attempt has a place now."""
        notice = self.notices.find(opening_id)
        return notice is not None and notice.placements.get(resident_id, (0, ""))[0] == attempt

    def wanted_of(self, opening_id: str, resident_id: str) -> Wanted | None:
        """Return the place that the resident has now."""
        notice = self.notices.find(opening_id)
        if notice is None or resident_id not in notice.placements:
            return None
        return self.wanteds[f"{opening_id}:{resident_id}:{notice.placements[resident_id][0]}"]

    def make_impossible(self, *, act_id: str, opening_id: str, tenant: str) -> bool:
        """Put the act on its opening as refused; False when it is done."""
        return self.notices.make_impossible(Act(act_id, hash=""), opening_id, tenant=tenant, code="act_too_late")


@dataclass
class Registered:
    """Where residents registered: here, unless said otherwise."""

    elsewhere: dict[str, str | None] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def tenant_of(self, resident_id: str) -> str | None:
        """Return the tenant, or None for nobody."""
        self.asked.append(resident_id)
        return self.elsewhere.get(resident_id, TENANT)


@dataclass
class Declared:
    """Who is known to belong to target groups: resident -> what is known."""

    known: dict[str, str] = field(default_factory=dict)
    #: Whom was asked about, which groups, for which opening, and which officer is told.
    asked: list[tuple[str, tuple[str, ...], str, str | None]] = field(default_factory=list)
    away: bool = False
    #: How often nobody answered.
    in_vain: int = 0
    #: Called after every answer, before it is used: somebody else's turn.
    meanwhile: Callable[[], None] = lambda: None

    def belongs(
        self, resident_id: str, groups: Sequence[str], *, opening_id: str, officer: str | None = None
    ) -> str:
        """Return what is known."""
        if self.away:
            self.in_vain += 1
            raise ResidentsAway("the residents service is away")
        self.asked.append((resident_id, tuple(groups), opening_id, officer))
        known = self.known.get(resident_id, "unknown")
        self.meanwhile()
        return known


@dataclass(frozen=True)
class Hall:
    """Openings that give places by hold, act, settle, as one process sees them."""

    desk: ParticipationDesk
    notices: Aggregates[Notice]
    wanteds: dict[str, Wanted]

    def publish(self, *wanteds: Wanted) -> None:
        """Put up openings."""
        for wanted in wanteds:
            self.wanteds[wanted.key] = wanted
            if self.notices.find(wanted.opening_id) is None:
                fresh = Notice(id=wanted.opening_id, tenant=TENANT)
                self.notices.create(Act.own(f"open:{wanted.opening_id}", "open"), fresh, {})

    def select(self, wanted: Wanted, act_id: str = "") -> dict[str, Any]:
        """Give a place: hold, act; the rest is told."""
        act = Act.of(act_id or f"select:{wanted.key}", "select", key=wanted.key)
        self.desk.hold(act_id=act.id, wanted=wanted)
        try:
            return self.place(wanted, act)
        except Refused:
            self.desk.release_unless_done(
                act_id=act.id, wanted_key=wanted.key, resident_id=wanted.resident_id, opening_id=wanted.opening_id
            )
            raise

    def place(self, wanted: Wanted, act: Act | None = None) -> dict[str, Any]:
        """Write the place on the opening, held or not."""
        act = act or Act.of(f"select:{wanted.key}", "select", key=wanted.key)
        attempt = int(wanted.key.rpartition(":")[2])

        def decide(notice: Notice) -> dict[str, Any]:
            if f"{wanted.resident_id}:{attempt}" in notice.gone:
                raise Refused("application_not_pending", field="resident_id")
            if wanted.resident_id in notice.placements:
                raise Refused("already_selected", field="resident_id")
            notice.placements[wanted.resident_id] = (attempt, act.id)
            notice.say(_said(said.PLACEMENT_SELECTED, wanted, day="2026-12-01"))
            return {"key": wanted.key}

        return self.notices.act(act, wanted.opening_id, decide)

    def withdraw(self, wanted: Wanted, act_id: str = "") -> dict[str, Any]:
        """Give a place back."""
        attempt = int(wanted.key.rpartition(":")[2])

        def decide(notice: Notice) -> dict[str, Any]:
            if notice.placements.get(wanted.resident_id, (0, ""))[0] != attempt:
                return {}
            del notice.placements[wanted.resident_id]
            notice.gone = (*notice.gone, f"{wanted.resident_id}:{attempt}")
            back = {"attempt": attempt, "selected_day": "2026-12-01", "reason": "resident"}
            notice.say(_said(said.PLACEMENT_WITHDRAWN, wanted, **back))
            return {}

        act = Act.of(act_id or f"withdraw:{wanted.key}", "withdraw")
        return self.notices.act(act, wanted.opening_id, decide)


def _said(contract: Any, wanted: Wanted, **more: Any) -> Fact:
    fact: Fact = contract.fact(
        opening_id=wanted.opening_id,
        programme_id=wanted.programme_id,
        district="29200",
        round=1,
        resident_id=wanted.resident_id,
        application_id=wanted.key.rpartition(":")[0],
        won=0,
        **more,
    )
    return fact


@dataclass
class Town:
    """One database, and the processes that share it."""

    database: TwinDatabase
    clock: StoppedClock
    limits: LimitTable
    hall: Hall
    wanteds: dict[str, Wanted]
    registered: Registered
    told: list[Any] = field(default_factory=list)
    #: What was given to a process that has not acked it: it comes again.
    unacked: list[Any] = field(default_factory=list)

    @property
    def desk(self) -> ParticipationDesk:
        """The desk of the process that never fails."""
        return self.hall.desk

    @property
    def records(self) -> RecordDesk:
        """What is shown and noted."""
        return RecordDesk(self.desk.participations, self.limits, self.registered, self.clock)

    def process(self, step: Callable[[str], None]) -> Hall:
        """Return another process, whose every step is told."""
        return _hall(self.database.seen_by(step), self.clock, self.limits, self.wanteds, self.registered)

    def known(self, resident: str = "res-1") -> Participation:
        """Return what is known of a resident."""
        return self.desk.participations.get(resident)

    def states(self, resident: str = "res-1") -> dict[str, str]:
        """Return opening -> state of the resident's claim."""
        known = self.desk.participations.find(resident)
        return {} if known is None else {claim.opening_id: claim.state for claim in known.claims.values()}

    def events(self) -> list[Any]:
        """Return what was said since the last time."""
        events = []
        for name in ("notices", "participations"):
            collection = self.database.collection(name)
            for document in collection.find({"outbox.s": "new"}):
                events += [event_of(entry) for entry in document["outbox"]]
                ids = [entry["id"] for entry in document["outbox"]]
                collection.update_one({"_id": document["_id"]}, {"$pull": {"outbox": {"id": {"$in": ids}}}})
        self.told += events
        return events

    def hears(self, events: list[Any] | None = None, hall: Hall | None = None) -> list[Any]:
        """React to events, or to what was said since the last time and what nobody has acked."""
        if events is None:
            self.unacked += self.events()
            events = list(self.unacked)
        table = reactions((hall or self.hall).desk)
        for event in events:
            if event.type in table:
                table[event.type]([event])
            self.unacked = [other for other in self.unacked if other is not event]
        return events

    def selects(self, wanted: Wanted, act_id: str = "") -> None:
        """Publish, select and settle."""
        self.hall.publish(wanted)
        self.hall.select(wanted, act_id)
        self.hears()

    def withdraws(self, wanted: Wanted) -> None:
        """Take a place back and let it be known."""
        self.hall.withdraw(wanted)
        self.hears()

    def clean_up(self) -> None:
        """Do what sweepers and reactions do, past every deadline."""
        for _ in range(2):
            self.hears()
            self.clock.move(timedelta(minutes=5))
            self.desk.sweep()
        self.hears()

    def overlapped(self) -> list[Any]:
        """Return the overlaps that were told."""
        return [event.data for event in self.told if event.type == said.participation.OVERLAPPED.type]


def _hall(
    database: Any, clock: StoppedClock, limits: LimitTable, wanteds: dict[str, Wanted], registered: Registered
) -> Hall:
    serial = KeyedQueue()
    notices: Aggregates[Notice] = Aggregates(
        database.collection("notices"), NoticeCodec(), source="/sipbun/placement/notices", clock=clock, serial=serial
    )
    known = participations(database, clock=clock, serial=serial)
    desk = ParticipationDesk(known, NoticePlaces(notices, wanteds), limits, registered, clock)
    return Hall(desk, notices, wanteds)


def a_town(limits: LimitTable = ALL, now: datetime = NOW) -> Town:
    """Return a town in which nobody has a place yet."""
    database, clock, wanteds = TwinDatabase("placement"), StoppedClock(now), dict[str, Wanted]()
    registered = Registered()
    hall = _hall(database, clock, limits, wanteds, registered)
    hall.desk.participations.prepare()
    return Town(database, clock, limits, hall, wanteds, registered)


class Killed(BaseException):
    """The process died here."""


class Turns:
    """Processes that take turns, one step of the database at a time; each may be killed between two steps."""

    def __init__(self) -> None:
        self._ready: dict[int, threading.Semaphore] = {}
        self._yielded = threading.Semaphore(0)
        self._killed: set[int] = set()
        self._threads: dict[int, threading.Thread] = {}
        self.errors: list[BaseException] = []
        self.running: list[int] = []

    def step(self, number: int) -> Callable[[str], None]:
        """Return what waits for the process's turn before each step."""

        def wait(_what: str) -> None:
            if number not in self._threads or threading.current_thread() is not self._threads[number]:
                return
            self._yielded.release()
            self._ready[number].acquire()
            if number in self._killed:
                raise Killed

        return wait

    def begin(self, number: int, act: Callable[[], Any]) -> None:
        """Begin a process; it stands before its first step."""
        self._ready[number] = threading.Semaphore(0)

        def run() -> None:
            self._ready[number].acquire()
            try:
                if number not in self._killed:
                    act()
            except Killed:
                pass
            except BaseException as error:  # noqa: BLE001  (the test looks at them)
                self.errors.append(error)
            self.running.remove(number)
            self._yielded.release()

        self._threads[number] = threading.Thread(target=run, daemon=True)
        self.running.append(number)
        self._threads[number].start()

    def turn(self, number: int, *, kill: bool = False) -> None:
        """Let a process take one step, or die before it."""
        if kill:
            self._killed.add(number)
        self._ready[number].release()
        self._yielded.acquire()

    def finish(self) -> None:
        """Let everybody come to an end, in turn."""
        while self.running:
            self.turn(self.running[0])
        for thread in self._threads.values():
            thread.join()
