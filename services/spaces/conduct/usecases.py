"""What can be done with records: by residents, by those who answer them, by the clock, and when told.

A no-show is a fact about a booking. What is cleared here is heard by bookings, which give the minutes back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.spaces.bookings.ports import Places
from services.spaces.bookings.usecases import must_be_staff
from services.spaces.conduct.model import (
    APPEALED,
    CLEARED,
    COUNTED,
    EXCUSED,
    Look,
    Record,
    Strike,
    Visit,
)
from services.spaces.conduct.storage import Records
from shared.actors import Actor, must_be, must_be_self
from shared.aggregate import Act
from shared.clock import Clock, iso
from shared.errors import NotFound, Refused
from shared.pages import after, checked_limit, page

#: Records looked at in one sweep.
SWEPT_AT_ONCE = 100
MOST_ROWS = 200
STAFF = ("officer", "host")
#: What changes a record; may be called again on fresh state.
Change = Callable[[Record], None]


@dataclass(frozen=True)
class MayBook:
    """What bookings and the waiting list ask of the records."""

    records: Records

    def may_book(self, tenant: str, resident_id: str, *, start: datetime, now: datetime) -> None:
        """Raise ``Refused`` ``conduct_suspended`` or ``conduct_limited``; nobody without a record is kept from it."""
        record = self.records.find(Record.id_of(tenant, resident_id))
        if record is not None:
            record.may_book(start, now)


@dataclass(frozen=True)
class ConductDesk:
    """The acts on records."""

    records: Records
    places: Places
    clock: Clock

    # When told.

    def note_missed(self, strike: Strike, tenant: str, resident_id: str) -> None:
        """Nobody came to a booking; heard twice, it is struck once."""
        record_id = Record.id_of(tenant, resident_id)
        self._make_sure_of(tenant, resident_id)
        now = self.clock.now()
        self._change(record_id, lambda record: record.strike(strike, now))

    def note_visit(self, visit: Visit, tenant: str, resident_id: str) -> None:
        """Somebody came to a booking; nothing is kept of who never missed one."""
        record_id = Record.id_of(tenant, resident_id)
        if self.records.find(record_id) is not None:
            self._change(record_id, lambda record: record.visit(visit))

    # The clock.

    def move_on(self) -> bool:
        """Decide overdue appeals for the resident, and drop old texts. Returns whether there may be more."""
        now = self.clock.now()
        overdue = self.records.overdue(now, SWEPT_AT_ONCE)
        for record_id in overdue:
            self._change(record_id, lambda record: record.pass_time(now))
        return len(overdue) == SWEPT_AT_ONCE

    # Residents.

    def read(
        self, actor: Actor, *, resident_id: str | None = None, tenant: str | None = None, why: str | None = None
    ) -> dict[str, Any]:
        """Return a record: to its resident; to staff of the tenant with a reason, which the resident sees."""
        resident, tenant = resident_id or actor.subject, tenant or actor.tenant
        record_id = Record.id_of(tenant, resident)
        known = self.records.find(record_id) or Record(id=record_id, tenant=tenant, resident_id=resident)
        if actor.is_any("resident") and actor.subject == resident:
            must_be_self(actor, resident, tenant=tenant)
            return _shown(known, self.clock.now(), texts=lambda _strike: True)
        must_be(actor, *STAFF, tenant=tenant)
        if why is None or not why.strip():
            raise Refused("reason_needed", field="why")
        may = self._readable(actor, known)
        if not actor.is_any("officer") and not may:
            raise NotFound("no_such_record", field="resident_id", id=record_id)
        # Also where nothing is recorded: that, too, was learned of somebody.
        self._make_sure_of(tenant, known.resident_id)
        look = Look(actor.subject, self.clock.now(), why.strip())
        self._change(record_id, lambda record: record.note_look(look))
        shown = _shown(known, self.clock.now(), texts=lambda strike: strike.booking_id in may)
        if not actor.is_any("officer"):
            shown["strikes"] = [row for row in shown["strikes"] if row["booking_id"] in may]
        return {**shown, "looks": []}

    def excuse(
        self, actor: Actor, *, act_id: str, booking_id: str, reason: str, text: str = "", resident_id: str | None = None
    ) -> dict[str, Any]:
        """Say why nobody came: a code, and a few words if they help. The facility accepts it or not."""
        now = self.clock.now()
        act = Act.of(act_id, "excuse", booking=booking_id, reason=reason, text=text)
        return self._for_oneself(
            actor, act, resident_id, booking_id, lambda record: record.excuse(booking_id, reason, text, now)
        )

    def appeal(
        self, actor: Actor, *, act_id: str, booking_id: str, text: str, resident_id: str | None = None
    ) -> dict[str, Any]:
        """Contest a no-show; an officer must answer in time, else it is decided for the resident."""
        now = self.clock.now()
        act = Act.of(act_id, "appeal", booking=booking_id, text=text)
        return self._for_oneself(
            actor, act, resident_id, booking_id, lambda record: record.appeal(booking_id, text, now)
        )

    # Those who answer.

    def answer_excuse(
        self, actor: Actor, *, act_id: str, tenant: str, resident_id: str, booking_id: str, accept: bool
    ) -> dict[str, Any]:
        """Accept an excuse or not: a host of the facility, or an officer."""
        strike = self._known(tenant, resident_id, booking_id)
        must_be_staff(actor, self.places.place(strike.space_id))
        act = Act.of(act_id, "answer_excuse", booking=booking_id, accept=accept)
        now = self.clock.now()
        return self._act(
            act, tenant, resident_id, booking_id, lambda record: record.answer_excuse(booking_id, now, accept=accept)
        )

    def answer_appeal(
        self, actor: Actor, *, act_id: str, tenant: str, resident_id: str, booking_id: str, accept: bool
    ) -> dict[str, Any]:
        """Decide an appeal: officers only, never the facility that made the record."""
        strike = self._known(tenant, resident_id, booking_id)
        must_be(actor, "officer", tenant=tenant, district=strike.district)
        act = Act.of(act_id, "answer_appeal", booking=booking_id, accept=accept)
        return self._act(
            act, tenant, resident_id, booking_id, lambda record: record.answer_appeal(booking_id, accept=accept)
        )

    def correct(
        self, actor: Actor, *, act_id: str, tenant: str, resident_id: str, booking_id: str
    ) -> dict[str, Any]:
        """Take a wrong record back: officers."""
        strike = self._known(tenant, resident_id, booking_id)
        must_be(actor, "officer", tenant=tenant, district=strike.district)
        act = Act.of(act_id, "correct", booking=booking_id)
        return self._act(act, tenant, resident_id, booking_id, lambda record: record.correct(booking_id))

    def excuses(
        self, actor: Actor, *, space_id: str, limit: int = MOST_ROWS, cursor: str | None = None
    ) -> dict[str, Any]:
        """Return ``{excuses, cursor}``: what the facility of a space has to answer, oldest first; its staff."""
        place = self.places.place(space_id)
        must_be_staff(actor, place)
        found = self.records.that_wait(f"excuse:{place.facility.id}")
        rows, further = _paged(found, limit, cursor, lambda one: (one.state, one.facility_id) == (EXCUSED, place.facility.id))
        return {"excuses": rows, "cursor": further}

    def appeals(
        self, actor: Actor, *, tenant: str, limit: int = MOST_ROWS, cursor: str | None = None
    ) -> dict[str, Any]:
        """Return ``{appeals, cursor}``: what the officers of a tenant have to answer, oldest first."""
        must_be(actor, "officer", tenant=tenant)
        found = self.records.that_wait(f"appeal:{tenant}")

        def mine(strike: Strike) -> bool:
            return strike.state == APPEALED and (not actor.districts or strike.district in actor.districts)

        rows, further = _paged(found, limit, cursor, mine)
        return {"appeals": rows, "cursor": further}

    # Steps.

    def _readable(self, actor: Actor, record: Record) -> frozenset[str]:
        """Return the bookings whose strikes the caller may answer: what was written is for nobody else."""
        if actor.is_any("officer"):
            return frozenset(
                strike.booking_id
                for strike in record.strikes
                if not actor.districts or strike.district in actor.districts
            )
        return frozenset(strike.booking_id for strike in record.strikes if self._is_host(actor, strike))

    def _is_host(self, actor: Actor, strike: Strike) -> bool:
        try:
            return actor.subject in self.places.place(strike.space_id).facility.managers
        except NotFound:
            return False

    def _known(self, tenant: str, resident_id: str, booking_id: str) -> Strike:
        return self.records.get(Record.id_of(tenant, resident_id)).find(booking_id)

    def _for_oneself(
        self, actor: Actor, act: Act, resident_id: str | None, booking_id: str, change: Change
    ) -> dict[str, Any]:
        resident = resident_id or actor.subject
        must_be_self(actor, resident, tenant=actor.tenant)
        return self._act(act, actor.tenant, resident, booking_id, change)

    def _act(self, act: Act, tenant: str, resident_id: str, booking_id: str, change: Change) -> dict[str, Any]:
        def decide(record: Record) -> dict[str, Any]:
            change(record)
            return {"booking_id": booking_id, "state": record.find(booking_id).state}

        return self.records.act(act, Record.id_of(tenant, resident_id), decide)

    def _make_sure_of(self, tenant: str, resident_id: str) -> None:
        """Make the resident's record if there is none."""
        record_id = Record.id_of(tenant, resident_id)
        if self.records.find(record_id) is None:
            fresh = Record(id=record_id, tenant=tenant, resident_id=resident_id)
            self.records.create(Act.own(f"open:{record_id}", "open"), fresh, {})

    def _change(self, record_id: str, change: Change) -> None:
        def decide(record: Record) -> dict[str, Any]:
            change(record)
            return {}

        self.records.act(None, record_id, decide)


def _paged(
    found: Iterable[Record], limit: int, cursor: str | None, wanted: Callable[[Strike], bool]
) -> tuple[list[dict[str, Any]], str | None]:
    """Return strikes with whose they are, oldest first."""
    checked_limit(limit, MOST_ROWS)
    since = after(cursor, 2)
    rows = [
        {"tenant": record.tenant, "resident_id": record.resident_id, **_row(record, strike, text=True)}
        for record in found
        for strike in record.strikes
        if wanted(strike)
    ]
    rows.sort(key=_turn)
    return page((row for row in rows if since is None or _turn(row) > since), limit, _turn)


def _turn(row: dict[str, Any]) -> list[str]:
    return [row["at"], row["booking_id"]]


def _shown(record: Record, now: datetime, *, texts: Callable[[Strike], bool]) -> dict[str, Any]:
    standing = record.standing(now)
    return {
        "resident_id": record.resident_id,
        "tenant": record.tenant,
        "level": standing.level,
        "until": None if standing.until is None else iso(standing.until),
        "visits_until_forgiven": _visits_left(record),
        "strikes": [_row(record, strike, text=texts(strike)) for strike in reversed(record.strikes)],
        "looks": [{"who": look.who, "at": iso(look.at), "why": look.why} for look in record.looks],
    }


def _visits_left(record: Record) -> int | None:
    waits = any(strike.state == COUNTED for strike in record.strikes)
    return record.policy.forgiven_after - len(record.visits) if waits else None


def _row(record: Record, strike: Strike, *, text: bool) -> dict[str, Any]:
    return {
        "booking_id": strike.booking_id,
        "space_id": strike.space_id,
        "facility_id": strike.facility_id,
        "at": iso(strike.at),
        "state": strike.state,
        "how": strike.how,
        "reason": strike.reason,
        "text": strike.text if text else "",
        "excuse_until": iso(record.excuse_until(strike)),
        "excuse_refused": strike.excuse_refused,
        "appeal_refused": strike.appeal_refused,
        "answer_until": None if strike.deadline is None else iso(strike.deadline),
        "closed": strike.state == CLEARED,
    }
