"""The house's own system, which tells over the broker what its calendar has and which doors were opened."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from shared.clock import iso
from shared.events.city import CALENDAR_ENTRY_REMOVED, CALENDAR_ENTRY_SET, DOOR_OPENED
from shared.events.contract import Contract
from shared.events.envelope import Event
from tests.simulation.folk import TENANT
from tests.simulation.office import cast
from tests.simulation.office.cast import minutes

if TYPE_CHECKING:
    from tests.simulation.office.people import People

SOURCE = "/muni1/은하수 문화의집"


@dataclass(frozen=True)
class Word:
    """What was said of an entry; ``start`` None: it is gone."""

    uid: str
    sequence: int
    start: datetime | None = None
    end: datetime | None = None
    busy: bool = True

    @property
    def rank(self) -> tuple[int, bool]:
        """Higher is newer."""
        return self.sequence, self.start is None


class HallsSystem:
    """Says each change once or twice, in any order."""

    def __init__(self, people: People) -> None:
        self.people = people
        self.random = people.random
        #: The last word on every entry.
        self.words: dict[str, Word] = {}
        self._told = 0

    def tell(self, acts: int) -> None:
        """Say so many things."""
        people = self.people
        connection = people.world.broker.connection(people.world.scheduler.step, user="muni1")
        kept: list[Word] = []
        for _ in range(acts):
            people.wait(20.0)
            if self.random.random() < 0.35:
                self._open_a_door(connection)
                continue
            word = self._word()
            known = self.words.get(word.uid)
            if known is None or known.rank < word.rank:
                self.words[word.uid] = word
            if self.random.random() < 0.3:
                kept.append(word)
                continue
            self._say(connection, word)
            if self.random.random() < 0.2:
                self._say(connection, word)
        for word in reversed(kept):
            self._say(connection, word)

    def _word(self) -> Word:
        uid = f"휴관-{self.random.randrange(1, 4)}"
        known = self.words.get(uid)
        if known is not None and known.start is not None and self.random.random() < 0.4:
            return Word(uid, known.sequence)
        sequence = 0 if known is None else known.sequence + 1
        start = cast.FAR + minutes(self.random.randrange(6))
        return Word(uid, sequence, start, start + minutes(self.random.randrange(1, 3)), self.random.random() < 0.9)

    def _say(self, connection: Any, word: Word) -> None:
        data: dict[str, Any] = {"space_id": cast.HALL, "uid": word.uid, "sequence": word.sequence}
        if word.start is None or word.end is None:
            self._publish(connection, CALENDAR_ENTRY_REMOVED, word.uid, data)
            return
        data |= {"start": iso(word.start), "end": iso(word.end), "busy": word.busy}
        self._publish(connection, CALENDAR_ENTRY_SET, word.uid, data)

    def _open_a_door(self, connection: Any) -> None:
        house = [one for one in self.people.residents.asked if cast.HOUSE_OF[one.space_id] == cast.HOUSE]
        if house:
            one = self.random.choice(house[-6:])
            now = self.people.world.scheduler.now()
            data = {"space_id": one.space_id, "booking_id": one.booking_id, "opened_at": iso(now)}
            self._publish(connection, DOOR_OPENED, one.space_id, data)

    def _publish(self, connection: Any, contract: Contract, subject: str, data: dict[str, Any]) -> None:
        self._told += 1
        people = self.people
        event = Event(
            id=str(self._told),
            source=SOURCE,
            type=contract.type,
            subject=subject,
            tenant=TENANT,
            time=people.world.scheduler.now(),
            sequence=str(self._told),
            data=data,
        )
        people.world.scheduler.tell(f"muni1 tells {contract.routing_key} {data}")
        people.publish(connection, event, contract.routing_key)
