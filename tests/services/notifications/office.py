"""A letter office on twins: what notifications stands on, with its neighbours and its mail server played."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from services.notifications.letters import storage
from services.notifications.letters.delivery import Contact, Delivery
from services.notifications.letters.model import Pace
from services.notifications.letters.notes import Openings, RoomNotes
from services.notifications.letters.reactions import news, reactions
from services.notifications.letters.usecases import Letters
from services.notifications.letters.wording import Sender
from services.notifications.mail.twin import MailTwin
from shared.actors import Actor
from shared.clock import StoppedClock
from shared.errors import Unavailable
from shared.events.envelope import Event
from shared.ids import SeededIds
from shared.mongo.port import Database
from shared.mongo.twin import Step, TwinDatabase, no_step
from tests.services.facts import MORNING

SENDER = Sender("광산구 십분", "no-reply@sipbun.example", "062-000-0000", "https://sipbun.example/refuse")
PACE = Pace(claim=timedelta(seconds=120), grace=timedelta(seconds=600))


@dataclass
class Neighbours:
    """residents, played: who is in reach, and who consented to mail."""

    in_reach: Sequence[Sequence[str]] = ()
    contacts: dict[str, Contact] = field(default_factory=dict)
    away_after_page: int | None = None
    away: bool = False
    asked: int = 0

    def pages(self, *, tenant: str, lat: float, lon: float, topic: str) -> Iterator[Sequence[str]]:
        """Yield the pages, or break down after one."""
        self.asked += 1
        for number, page in enumerate(self.in_reach):
            if self.away_after_page == number:
                raise Unavailable("residents: away")
            yield page

    def of(self, residents: Sequence[str]) -> Mapping[str, Contact]:
        """Return the contacts of those asked for."""
        if self.away:
            raise Unavailable("residents: away")
        return {resident: self.contacts[resident] for resident in residents if resident in self.contacts}

    def consent(self, *residents: str, night_news: bool = False) -> None:
        """Let these residents consent to mail."""
        for resident in residents:
            self.contacts[resident] = Contact(f"{resident}@mail.example", night_news)


class Office:
    """The whole office; several replicas may share database, mail server and clock."""

    def __init__(
        self, database: Database | None = None, *, at: datetime = MORNING, keeps_log: bool = True, pace: Pace = PACE
    ) -> None:
        self.clock = StoppedClock(at)
        self.database = database if database is not None else TwinDatabase()
        self.neighbours = Neighbours()
        self.mail = MailTwin(self.clock)
        self.keeps_log = keeps_log
        self.pace = pace
        self.store = storage.Letters(self.database)
        self.openings = Openings(self.database)
        self.rooms = RoomNotes(self.database)
        self.notices = storage.Notices(self.database)
        self.store.prepare()
        self.notices.prepare()
        self.letters = Letters(self.store, self.openings, self.rooms, self.notices, self.neighbours, self.clock)
        self.delivery = self.replica(1)

    def replica(self, seed: int, step: Step = no_step) -> Delivery:
        """Return another process that delivers, which may be interrupted at each of its steps."""
        database = self.database.seen_by(step) if isinstance(self.database, TwinDatabase) else self.database
        mail = self.mail.seen_by(step)
        return Delivery(
            letters=storage.Letters(database),
            openings=Openings(database),
            rooms=RoomNotes(database),
            contacts=self.neighbours,
            mail=mail,
            mail_log=mail if self.keeps_log else None,
            sender=SENDER,
            clock=self.clock,
            ids=SeededIds(seed),
            pace=self.pace,
        )

    def hear(self, *events: Event) -> None:
        """React to events of one type as the consumer core would: in one batch, on each queue that hears it."""
        for table in (reactions(self.letters), news(self.letters)):
            if events[0].type in table:
                table[events[0].type](events)

    def settle(self, within: timedelta = timedelta(hours=36)) -> None:
        """Deliver, and let time pass to whatever is due next, until nothing is or the time is over."""
        until = self.clock.now() + within
        while True:
            if self.delivery.sweep():
                continue
            found = self.database.collection("letters").find({}, ["mail.due"])
            waits = [document["mail"]["due"] for document in found if "due" in document["mail"]]
            at = min(waits, default=None)
            if at is None or at > until:
                return
            self.clock.move(max(at - self.clock.now(), timedelta(seconds=1)))

    def inbox(self, resident: str, **asked: Any) -> list[dict[str, Any]]:
        """Return what the resident reads."""
        shown: list[dict[str, Any]] = self.letters.inbox(resident_of(resident), resident_id=resident, **asked)[
            "letters"
        ]
        return shown

    def mails(self, about: str = "opn-은하수") -> dict[str, int]:
        """Return how many mails about something are in each state, none of the empty ones."""
        counted = self.letters.counts(OPERATOR, about=about)["mail"]
        return {state: count for state, count in counted.items() if count}


def resident_of(resident: str, tenant: str = "광산구") -> Actor:
    """Return a resident who asks."""
    return Actor(resident, frozenset({"resident"}), tenant)


OPERATOR = Actor("운영자", frozenset({"operator"}), "광산구")
