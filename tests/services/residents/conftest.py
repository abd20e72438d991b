"""A residents' office on the twin and on the real database, and people who ask something of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from services.residents.interests.index import ReachFeed, feed
from services.residents.interests.usecases import Interests
from services.residents.registry.storage import Residents, residents
from services.residents.registry.usecases import Registry
from services.residents.trail import Trail, trail
from shared.actors import Actor
from shared.clock import StoppedClock
from shared.ids import SeededIds
from shared.messaging.outbox import event_of
from shared.messaging.topology import FEEDS
from shared.mongo.port import Database
from shared.mongo.real import RealDatabase, client
from shared.mongo.twin import TwinDatabase
from shared.serial import KeyedQueue

TOWN = "gwangsan"
#: 은하수 작은도서관, and a point 400 m north of it.
LIBRARY: dict[str, Any] = {"lat": 35.1457, "lon": 126.7937}
NEARBY: dict[str, Any] = {"lat": 35.1493, "lon": 126.7937}

ALL_TEXTS = ("service", "location", "contact_mail", "news_near_me")


def a_resident(subject: str = "res-1", tenant: str = TOWN) -> Actor:
    """The resident's own token."""
    return Actor(subject, frozenset({"resident"}), tenant)


def an_officer(tenant: str = TOWN) -> Actor:
    """An officer of a tenant."""
    return Actor("officer-7", frozenset({"officer"}), tenant)


def a_host(tenant: str = TOWN) -> Actor:
    """Somebody who runs a facility."""
    return Actor("host-3", frozenset({"host"}), tenant)


def a_service() -> Actor:
    """Another service of the town."""
    return Actor("notifications", frozenset({"service"}), "")


def agreed(*purposes: str) -> list[dict[str, str]]:
    """Consents as a form sends them."""
    return [{"purpose": purpose, "text_version": "2026-01"} for purpose in purposes]


@dataclass
class Office:
    """Both subjects on one database, with an index that hears what it is told."""

    registry: Registry
    interests: Interests
    residents: Residents
    trail: Trail
    clock: StoppedClock
    feed: ReachFeed
    acts: int = 0

    def act_id(self) -> str:
        """An act id never used before."""
        self.acts += 1
        return f"act-{self.acts}"

    def register(
        self, resident_id: str = "res-1", *, tenant: str = TOWN, consents: tuple[str, ...] = ALL_TEXTS, **more: Any
    ) -> dict[str, Any]:
        """Register somebody by their own hand."""
        usual = {"name": "김은하", "mail": f"{resident_id}@example.org", "over_14": True}
        asked = {**usual, "consents": agreed(*consents), **more}
        actor = a_resident(resident_id, tenant)
        return self.registry.register(actor, act_id=self.act_id(), resident_id=resident_id, **asked)

    def set_interest(
        self, resident_id: str = "res-1", name: str = "home", *, tenant: str = TOWN, **more: Any
    ) -> dict[str, Any]:
        """Set an interest around the library by the resident's own hand."""
        asked = {"interest_id": f"{resident_id}:{name}", **LIBRARY, **more}
        actor = a_resident(resident_id, tenant)
        return self.interests.set(actor, act_id=self.act_id(), resident_id=resident_id, **asked)

    def withdraw(self, purpose: str, resident_id: str = "res-1") -> None:
        """Withdraw a consent by the resident's own hand."""
        self.registry.withdraw_consent(
            a_resident(resident_id), act_id=self.act_id(), resident_id=resident_id, purpose=purpose
        )

    def reach(self, **asked: Any) -> list[str]:
        """Ask for everybody in reach of the library, page by page, once the index has caught up."""
        found: list[str] = []
        cursor = None
        while True:
            page = self.interests.reach(
                a_service(), **{"tenant": TOWN, **LIBRARY, "topic": "jobs", "cursor": cursor, **asked}
            )
            found += page["resident_ids"]
            cursor = page["cursor"]
            if cursor is None:
                return found

    def hear(self) -> None:
        """Let the index hear everything that was said about interests and consents, twice and backwards."""
        heard = {contract.type for contract in FEEDS["residents.reach"]}
        events = [
            event_of(entry)
            for document in self.residents.collection.find({}, ["outbox"])
            for entry in document["outbox"]
            if entry["type"] in heard
        ]
        self.feed.told(events)
        self.feed.told(events[::-1])

    def said(self, resident_id: str = "res-1") -> list[str]:
        """The types of the facts that wait to be published, shortened, in order."""
        document = self.residents.collection.find_one({"_id": resident_id})
        assert document is not None
        return [entry["type"].removeprefix("kr.sipbun.residents.").removesuffix(".v1") for entry in document["outbox"]]


@pytest.fixture
def clock() -> StoppedClock:
    """Sunday morning in the town."""
    return StoppedClock(datetime(2026, 11, 22, 0, 30, tzinfo=UTC))


@pytest.fixture(params=["twin", "real"])
def kept(request: pytest.FixtureRequest) -> Iterator[Database]:
    """The service's own database: in memory, and on the engine."""
    if request.param == "twin":
        yield TwinDatabase("residents")
        return
    server = request.getfixturevalue("database")
    mongo = client(server.url)
    with mongo:
        yield RealDatabase(mongo, f"{server.prefix}residents")


def an_office(kept: Database, clock: StoppedClock) -> Office:
    """Return the office of one process on this database, whose index has loaded what there is."""
    people = residents(kept, clock=clock, serial=KeyedQueue())
    records = trail(kept, clock=clock, ids=SeededIds(1))
    index = feed(people, clock)
    index.opened()
    return Office(
        registry=Registry(residents=people, trail=records, clock=clock, ids=SeededIds(2)),
        interests=Interests(residents=people, feed=index, trail=records, clock=clock),
        residents=people,
        trail=records,
        clock=clock,
        feed=index,
    )


@pytest.fixture
def office(kept: Database, clock: StoppedClock) -> Office:
    """An office whose index has loaded what there is."""
    residents(kept, clock=clock, serial=KeyedQueue()).prepare()
    trail(kept, clock=clock, ids=SeededIds(1)).prepare()
    return an_office(kept, clock)
