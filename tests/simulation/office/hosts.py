"""What hosts and officers do: answer, decide, let people in, change hours; and what they write into their own calendar."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from shared.actors import Actor
from tests.simulation.folk import OFFICERS, TENANT
from tests.simulation.office import cast
from tests.simulation.office.cast import minutes

if TYPE_CHECKING:
    from tests.simulation.office.people import People


class Hosts:
    """All of them, and the officer."""

    def __init__(self, people: People) -> None:
        self.people = people
        self.random = people.random
        #: Whether a room may be closed for good by now.
        self.may_close = False
        #: Facilities whose exceptional days were changed.
        self.changed_days: set[str] = set()
        #: Whether the centre's host does nothing with the calendar but take out what we write, at once.
        self.is_tidy = self.random.random() < 0.3
        #: Bookings that were taken out of the calendar while it was known that they stand there.
        self.taken_out: set[str] = set()
        self._entries = 0

    def work(self, facility_id: str, acts: int) -> None:
        """Do so many things at one facility."""
        host = cast.HOSTS[facility_id]
        self.people.wait(10.0)
        for _ in range(acts):
            if facility_id == cast.CENTRE and self.random.random() < 0.45:
                self._write_into_calendar()
            roll = self.random.random()
            if roll < 0.55:
                self._look_at_bookings(host, facility_id)
            elif roll < 0.75:
                self._decide_cases(host, facility_id)
            elif roll < 0.80:
                self._change_days(host, facility_id)
            elif roll < 0.90:
                self._answer_excuses(host, facility_id)
            elif facility_id == cast.CENTRE:
                self.people.insist("spaces_agreement", "reconcile_now", host, act=False, feed_id=cast.ROOMS_FEED)
            self.people.wait(15.0)

    def decide(self, acts: int) -> None:
        """Do so many things as the officer of the district."""
        officer = OFFICERS[0]
        for _ in range(acts):
            self.people.wait(40.0)
            roll = self.random.random()
            if roll < 0.35:
                self._answer_appeals(officer)
            elif roll < 0.6:
                self._correct(officer)
            elif roll < 0.7:
                more = self.random.randrange(1, 4)
                self.people.insist(
                    "spaces_facilities", "change_space", officer, space_id=cast.EAST, after_minutes=more
                )
            elif roll < 0.78 and self.may_close:
                self.people.insist("spaces_facilities", "close_space", officer, space_id=cast.STUDIO)
            elif roll < 0.85 and self.people.residents.subscriptions:
                chosen = self.random.choice(list(self.people.residents.subscriptions))
                self.people.insist("spaces_plans", "end", officer, subscription_id=chosen, at_once=True)
            else:
                self._change_plan(officer)

    # Bookings.

    def _look_at_bookings(self, host: Actor, facility_id: str) -> None:
        mine = [space_id for space_id, known in cast.HOUSE_OF.items() if known == facility_id]
        told = self.people.insist(
            "spaces_bookings", "of_space", host, act=False, space_id=self.random.choice(mine)
        )
        for row in [] if told is None else told["bookings"]:
            named = {"booking_id": row["booking_id"]}
            roll = self.random.random()
            if row["state"] == "awaiting" and roll < 0.6:
                self.people.insist("spaces_bookings", "answer", host, **named, accept=self.random.random() < 0.8)
            elif row["state"] == "confirmed" and row["check_in_needed"] and roll < 0.6:
                self.people.insist("spaces_bookings", "check_in", host, **named)
            elif roll > 0.93:
                self.people.insist("spaces_bookings", "cancel", host, **named)

    def _decide_cases(self, host: Actor, facility_id: str) -> None:
        told = self.people.insist("spaces_cases", "of_facility", host, act=False, facility_id=facility_id)
        for case in [] if told is None else told["cases"]:
            if case["owner"] != "resident" and self.random.random() < 0.8:
                decision = self.random.choice(("keep", "displace"))
                self.people.insist("spaces_cases", "decide", host, case_id=case["case_id"], decision=decision)

    def _change_days(self, host: Actor, facility_id: str) -> None:
        """Close some day, half of one, or none."""
        day = f"{self.random.choice((cast.FAR, cast.FAR + minutes(60), cast.BEGINNING + minutes(60))):%Y-%m-%d}"
        windows = self.random.choice(([], [{"open": "00:02", "close": "24:00"}], [{"open": "00:00", "close": "23:59"}]))
        rows = [{"day": day, "windows": windows, "reason": "시설 점검"}] if self.random.random() < 0.5 else []
        self.changed_days.add(facility_id)
        self.people.insist("spaces_facilities", "set_exceptions", host, facility_id=facility_id, exceptions=rows)

    def _answer_excuses(self, host: Actor, facility_id: str) -> None:
        space_id = next(one for one, known in cast.HOUSE_OF.items() if known == facility_id)
        told = self.people.insist("spaces_conduct", "excuses", host, act=False, space_id=space_id)
        self._answer("answer_excuse", host, [] if told is None else told["excuses"])

    def _answer_appeals(self, officer: Actor) -> None:
        told = self.people.insist("spaces_conduct", "appeals", officer, act=False, tenant=TENANT)
        self._answer("answer_appeal", officer, [] if told is None else told["appeals"])

    def _answer(self, verb: str, who: Actor, rows: list[dict[str, Any]]) -> None:
        for row in rows:
            named = {name: row[name] for name in ("tenant", "resident_id", "booking_id")}
            self.people.insist("spaces_conduct", verb, who, **named, accept=self.random.random() < 0.6)

    def _correct(self, officer: Actor) -> None:
        """Take back what a door had known better."""
        asked = self.people.residents.asked
        if asked:
            one = self.random.choice(asked)
            self.people.insist(
                "spaces_conduct", "correct", officer, tenant=TENANT, resident_id=one.resident.subject,
                booking_id=one.booking_id,
            )

    def _change_plan(self, officer: Actor) -> None:
        """Have a seat more or less."""
        plan = next(one for one in cast.plans(self.people.promote) if one["plan_id"] == cast.SEATED)
        told = {name: value for name, value in plan.items() if name not in ("tenant", "district", "programme_id")}
        seats = self.random.randrange(1, 4)
        self.people.most_seats = max(seats, self.people.most_seats)
        self.people.insist("spaces_plans", "change", officer, **{**told, "seats": seats})

    # The calendar.

    def _write_into_calendar(self) -> None:
        """Add an entry, move one or take one out: one of the facility's, or one of ours."""
        calendar, tell = self.people.world.calendars.calendar(cast.CALENDAR), self.people.world.scheduler.tell
        names = sorted(calendar.resources)
        if self.is_tidy or self.random.random() < 0.2:
            # Somebody sits before the calendar, and doesn't want what comes in.
            for _ in range(15):
                self.people.wait(1.5)
                new = sorted(set(calendar.resources) - set(names))
                if new:
                    calendar.remove(new[0])
                    self._note_taken_out(new[0].removesuffix(".ics"))
                    tell(f"host takes {new[0]} out of the calendar at once")
                    return
            return
        ours = [name for name in names if not name.startswith("own-")]
        theirs = [name for name in names if name.startswith("own-")]
        roll = self.random.random()
        if roll < 0.15 and ours:
            name = self.random.choice(ours)
            calendar.remove(name)
            self._note_taken_out(name.removesuffix(".ics"))
            tell(f"host takes {name} out of the calendar")
        elif roll < 0.27 and ours:
            name = self.random.choice(ours)
            start, end = self._span()
            uid = f"{name.removesuffix('.ics')}@sipbun"
            calendar.set(name, cast.entry(uid, start, end, sequence=7, lines=("STATUS:CONFIRMED",)))
            tell(f"host moves {name} in the calendar")
        elif roll < 0.40 and theirs:
            name = self.random.choice(theirs)
            calendar.remove(name)
            tell(f"host takes {name} out of the calendar")
        elif roll < 0.55 and theirs:
            self._set(self.random.choice(theirs))
        else:
            self._entries += 1
            self._set(f"own-{self._entries}.ics")

    def _note_taken_out(self, booking_id: str) -> None:
        """Note it if both sides knew the entry, so that this is something to decide and no race of writing it."""
        bookings = self.people.world.databases["spaces"].collection("bookings").everything()
        booking = next((one for one in bookings if one["_id"] == booking_id), None)
        if booking is not None and booking["state"] == "confirmed" and booking["calendar"]["href"]:
            self.taken_out.add(booking_id)

    def _set(self, name: str) -> None:
        start, end = self._span()
        lines = self.random.choice(((), (), (), ("TRANSP:TRANSPARENT",), ("STATUS:CANCELLED",)))
        content = cast.entry(f"{name}@centre.example", start, end, lines=lines)
        self.people.world.calendars.calendar(cast.CALENDAR).set(name, content)
        self.people.world.scheduler.tell(f"host writes {name}: {start:%d %H:%M} to {end:%H:%M} {' '.join(lines)}")

    def _span(self) -> tuple[datetime, datetime]:
        if self.random.random() < 0.6:
            start = cast.FAR + minutes(self.random.randrange(5))
        else:
            start = self.people.world.scheduler.now().replace(second=0, microsecond=0) + minutes(2)
        return start, start + minutes(self.random.randrange(1, 4))
