"""The town's people while everything around them is shot: openings are published, applied for and filled, over RPC.

    publish (1 place) --> two residents apply --> one is selected: filled

Every command has its own act id and is sent again with the *same* id until somebody answers: an answer that was lost
is read back, never guessed. What was answered is remembered with the time, so that a loss can be told as a story.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import yaml

from services.placement.wages.storage import read_wages
from shared.clock import KST, iso
from shared.config import Settings
from shared.errors import Conflict, CrossesTheDoor, Refused, Unavailable
from shared.messaging.rpc import RemoteFailure, RpcClient
from tests.chaos.world import World

#: Callers at once: more than the replicas there are, few enough for two cores.
CALLERS = 6
#: Seconds a call waits; then it is asked again with the same act id.
TIMEOUT = 5.0
#: Seconds after which a command that nobody answers counts as never answered.
PATIENCE = 180.0
#: Residents who apply; every second one may be written to.
NEIGHBOURS = 40
#: Residents whom each opening reaches: one letter an opening and person, none of them by mail.
ONLOOKERS = 2
#: Programmes the openings are spread over, so that their budgets are contended but not one queue.
PROGRAMMES = 4
#: 은하수 작은도서관: all work of a run is there.
PLACE = {"name": "은하수 작은도서관", "address": "광주광역시 광산구 은하로 10", "lat": 35.1457, "lon": 126.7937}
MINUTES = 120
#: Refusals that only say that an act came too late, or that an overtaken one still holds what this one needs: the
#: opening is offered anew, as another act.
OFFER_ANEW = {"budget_exceeded", "act_too_late"}


class NeverAnswered(Exception):
    """A command was not answered within `PATIENCE`."""


@dataclass(frozen=True)
class Neighbour:
    """A resident. `mail` is the address that may be written to, or None."""

    id: str
    mail: str | None


@dataclass(frozen=True)
class Stage:
    """What stands before the first opening is published."""

    tenant: str
    programmes: tuple[str, ...]
    neighbours: tuple[Neighbour, ...]
    onlookers: tuple[str, ...]
    last_day: date
    deadline: str
    hourly_won: int

    @property
    def cost(self) -> int:
        """What one opening costs, in won."""
        return math.ceil(MINUTES * self.hourly_won / 60)

    def shift_of(self, number: int) -> dict[str, str]:
        """When the work of fill ``number`` is: no two fills at one time, so that nobody is asked to be in two places.

        Days fill up from the last one back.
        """
        days, slot = divmod(number, 24 * 60 // MINUTES)
        start = datetime.combine(self.last_day, datetime.min.time(), KST) + timedelta(
            days=-days, minutes=slot * MINUTES
        )
        return {"start": iso(start), "end": iso(start + timedelta(minutes=MINUTES))}

    def mail_of(self, resident: str) -> str | None:
        """Where a resident may be written to."""
        return next((one.mail for one in self.neighbours if one.id == resident), None)


@dataclass
class Fill:
    """One opening from its publication to its being filled, as its people saw it. Acts: what was acknowledged."""

    number: int
    opening: str
    programme: str
    chosen: str
    other: str
    acknowledged: set[str] = field(default_factory=set)
    story: list[tuple[datetime, str]] = field(default_factory=list)
    #: What went wrong for good: a refusal that nothing explains, or no answer at all.
    failed: str | None = None

    def tell(self, what: str) -> None:
        """Add a line to the story."""
        self.story.append((datetime.now(UTC), what))


@dataclass
class Tries:
    """How often callers had to ask, over all commands."""

    calls: int = 0
    again: int = 0


class People:
    """Everybody who calls."""

    def __init__(self, world: World, *, seed: int, prefix: str) -> None:
        """Name them; nothing is called yet. `prefix` keeps this run's ids apart."""
        self.world = world
        self.seed = seed
        self.prefix = prefix
        self.tenant = f"chaos-{prefix}"
        self.tries = Tries()
        self._rpc: RpcClient = world.client("chaos-people")
        self._lock = threading.Lock()
        self.stopping = threading.Event()
        #: Set while nobody should offer another opening: the town is behind, and what is measured at the end is how
        #: soon it recovers from its last kill, not how much it can be given at once.
        self.behind = threading.Event()

    def insist(
        self,
        service: str,
        method: str,
        who: tuple[str, str],
        tell: Callable[[str], None] = lambda _what: None,
        /,
        **asked: Any,
    ) -> Any:
        """Ask until answered; raise `Refused`, `NotFound` as told, or `NeverAnswered`. `who`: (subject, role)."""
        until = time.monotonic() + PATIENCE
        random = Random(f"{self.seed}/{asked.get('act_id')}")
        tried, before = 0, ""
        while True:
            tried += 1
            with self._lock:
                self.tries.calls += 1
                self.tries.again += tried > 1
            try:
                token = self.world.token(who[0], who[1], self.tenant)
                answer = self._rpc.call(service, method, token=token, timeout=TIMEOUT, **asked)
                if tried > 1:
                    tell(f"{method}: answered at try {tried}")
                return answer
            except (Unavailable, Conflict, RemoteFailure) as error:
                said = f"{type(error).__name__}: {error}"
                if said != before:
                    tell(f"{method}: try {tried}: {said}")
                before = said
                if time.monotonic() >= until or self.stopping.is_set():
                    raise NeverAnswered(f"{service}.{method}: {tried} tries, the last: {error}") from error
            self.stopping.wait(random.uniform(0.1, 0.4))

    def set_the_stage(self, fills: int) -> Stage:
        """Open a tenant, load programmes with budgets that are exactly enough, register residents."""
        operator, officer = ("operator-chaos", "operator"), ("officer-chaos", "officer")
        self.insist(
            "placement_tenants",
            "open",
            operator,
            act_id=f"{self.prefix}-tenant",
            tenant=self.tenant,
            name="은하구 (쓰러뜨려 보기)",
            rehearsal=True,
        )
        rows = hosted_rows()[:PROGRAMMES]
        self.insist("placement_programmes", "load", operator, tenant=self.tenant, programmes=rows)
        last_day, deadline, won = work_that_pays()
        stage = Stage(
            tenant=self.tenant,
            programmes=tuple(f"{self.tenant}:{row['id']}" for row in rows),
            neighbours=tuple(self._neighbours()),
            onlookers=tuple(f"{self.prefix}-onlooker-{number}" for number in range(ONLOOKERS)),
            last_day=last_day,
            deadline=deadline,
            hourly_won=won,
        )
        for number, programme in enumerate(stage.programmes):
            openings = len(range(number, fills, len(stage.programmes)))
            self.insist(
                "placement_programmes",
                "set_budget",
                officer,
                act_id=f"{programme}-budget",
                programme_id=programme,
                total=openings * stage.cost,
            )
        with ThreadPoolExecutor(CALLERS) as callers:
            for done in [callers.submit(self._register, one) for one in stage.neighbours]:
                done.result()
        for onlooker in stage.onlookers:
            self._look_on(onlooker)
        return stage

    def _neighbours(self) -> Iterator[Neighbour]:
        for number in range(NEIGHBOURS):
            name = f"{self.prefix}-neighbour-{number:02d}"
            yield Neighbour(name, f"{name}@chaos.example" if number % 2 == 0 else None)

    def _register(self, neighbour: Neighbour) -> None:
        purposes = ["service", "contact_mail"] if neighbour.mail else ["service"]
        self.insist(
            "residents_registry",
            "register",
            (neighbour.id, "resident"),
            act_id=f"{neighbour.id}-register",
            resident_id=neighbour.id,
            name="은하 이웃",
            # An address without the consent to write to it is kept, and must not be used.
            mail=neighbour.mail or f"{neighbour.id}@never.example",
            over_14=True,
            consents=[{"purpose": purpose, "text_version": "2026-01"} for purpose in purposes],
        )

    def _look_on(self, onlooker: str) -> None:
        who = (onlooker, "resident")
        purposes = ("service", "location", "news_near_me")
        self.insist(
            "residents_registry",
            "register",
            who,
            act_id=f"{onlooker}-register",
            resident_id=onlooker,
            name="구경하는 이웃",
            over_14=True,
            consents=[{"purpose": purpose, "text_version": "2026-01"} for purpose in purposes],
        )
        self.insist(
            "residents_interests",
            "set",
            who,
            act_id=f"{onlooker}-interest",
            resident_id=onlooker,
            interest_id=f"{onlooker}:home",
            lat=PLACE["lat"],
            lon=PLACE["lon"],
            topics=["jobs"],
        )

    def onlookers_in_reach(self) -> set[str]:
        """Whom the index of residents names for the place of work right now."""
        page = self.insist(
            "residents_interests",
            "reach",
            ("chaos", "service"),
            tenant=self.tenant,
            lat=PLACE["lat"],
            lon=PLACE["lon"],
            topic="jobs",
        )
        return set(page["resident_ids"])

    def fill_all(self, stage: Stage, fills: int, done: Callable[[Fill], None]) -> list[Fill]:
        """Fill that many openings with `CALLERS` callers at once; `done` is told of each, also of failed ones."""

        def one(number: int) -> Fill:
            while self.behind.is_set() and not self.stopping.wait(0.1):
                continue
            fill = self._cast(stage, number)
            try:
                self._fill(stage, fill)
            except (NeverAnswered, CrossesTheDoor) as error:
                fill.failed = f"{type(error).__name__}: {error}"
                fill.tell(fill.failed)
            done(fill)
            return fill

        with ThreadPoolExecutor(CALLERS, thread_name_prefix="caller") as callers:
            try:
                return list(callers.map(one, range(fills)))
            except BaseException:
                self.stopping.set()
                callers.shutdown(wait=False, cancel_futures=True)
                raise

    def _cast(self, stage: Stage, number: int) -> Fill:
        random = Random(f"{self.seed}/fill/{number}")
        chosen, other = random.sample(stage.neighbours, 2)
        return Fill(
            number=number,
            opening=f"{self.prefix}-opening-{number:04d}",
            programme=stage.programmes[number % len(stage.programmes)],
            chosen=chosen.id,
            other=other.id,
        )

    def _fill(self, stage: Stage, fill: Fill) -> None:
        if self.stopping.is_set():
            raise NeverAnswered("told to stop")
        self._publish(stage, fill)
        for resident in (fill.other, fill.chosen):
            self._do(fill, f"apply:{resident}", "apply", (resident, "resident"), opening_id=fill.opening)
        officer = ("officer-chaos", "officer")
        answer = self._do(fill, "select", "select", officer, opening_id=fill.opening, resident_id=fill.chosen)
        if not answer["filled"]:
            raise Refused("not_filled", field="opening_id", answer=answer)

    def _publish(self, stage: Stage, fill: Fill) -> None:
        first, until, offer = fill.opening, time.monotonic() + PATIENCE, 1
        while True:
            try:
                self._do(
                    fill,
                    "publish",
                    "publish",
                    ("officer-chaos", "officer"),
                    opening_id=fill.opening,
                    programme_id=fill.programme,
                    title="작은도서관 도서 정리",
                    place=PLACE,
                    shifts=[stage.shift_of(fill.number)],
                    places=1,
                    hourly_won=stage.hourly_won,
                    mode="officer",
                    deadline=stage.deadline,
                )
                return
            except Refused as refused:
                if refused.code not in OFFER_ANEW or time.monotonic() >= until:
                    raise
                fill.tell(f"publish: refused ({refused}); offered anew")
                offer += 1
                fill.opening = f"{first}-{offer}"
                self.stopping.wait(0.5)

    def _do(self, fill: Fill, act: str, method: str, who: tuple[str, str], **asked: Any) -> Any:
        act_id = f"{fill.opening}-{act}"
        answer = self.insist("placement_openings", method, who, fill.tell, act_id=act_id, **asked)
        fill.acknowledged.add(act)
        fill.tell(f"{act}: acknowledged {answer}")
        return answer


def hosted_rows() -> list[dict[str, Any]]:
    """The shipped programmes that openings can be published in, at the minimum wage."""
    told = yaml.safe_load((Settings.data_dir / "programmes.yaml").read_text(encoding="utf-8"))
    hosted = [
        row
        for row in told["programmes"]
        if row["role"] in ("core", "hosted")
        and row.get("district_code")
        and row["kind"] not in ("umbrella", "platform_feature")
    ]
    return [_json(row) for row in hosted]


def _json(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_json(item) for item in value]
    return value.isoformat() if hasattr(value, "isoformat") else value


def work_that_pays() -> tuple[date, str, int]:
    """The last day of work that the wage table knows, a deadline six hours ahead, and the minimum wage of that day.

    Tomorrow if its year is known, else the last day that is: a rehearsal's work may lie in the past.
    """
    wages = read_wages(Settings.data_dir / "wages.yaml")
    now = datetime.now(UTC)
    day = min((now + timedelta(days=1)).astimezone(KST).date(), wages.newest_day())
    won = wages.won_an_hour(kind="minimum", regions=(), day=day)
    return day, iso(now + timedelta(hours=6)), won
