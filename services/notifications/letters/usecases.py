"""What can be done with letters: write them when told, read them when asked, have a mail sent again.

Writing is idempotent by the letter's id. Sending is delivery.py: it never delays the inbox.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from services.notifications.letters import storage
from services.notifications.letters.matters import Known, letter_of
from services.notifications.letters.model import (
    JOB_KINDS,
    MAIL_STATES,
    RESENDABLE,
    ROOM_KINDS,
    WORK_KINDS,
    Letter,
    Notice,
    notice_of,
)
from services.notifications.letters.notes import Openings, RoomNotes, known_of
from services.notifications.letters.of_jobs import Opening, opening_of, published_letter
from services.notifications.letters.of_rooms import alternatives_note, booking_note, facility_note, space_note
from services.notifications.letters.wording import words_of, words_of_notice
from shared.actors import Actor, must_be, must_be_self
from shared.clock import Clock, iso
from shared.errors import Conflict, NotFound, Refused
from shared.events.envelope import Event

#: What residents call the news of openings (residents_interests ``topics``).
JOBS = "jobs"


class Reach(Protocol):
    """Who is in reach of a point. residents alone knows where they are."""

    def pages(self, *, tenant: str, lat: float, lon: float, topic: str) -> Iterator[Sequence[str]]:
        """Yield pages of resident ids; raise ``Unavailable``."""


@dataclass(frozen=True)
class Letters:
    """The use cases of letters and notices."""

    letters: storage.Letters
    openings: Openings
    rooms: RoomNotes
    notices: storage.Notices
    reach: Reach
    clock: Clock

    def write_personal(self, events: Sequence[Event]) -> None:
        """Write the letter to the person whose own fact each event is, if it tells them anything; raise ``KeyReused``."""
        now = self.clock.now()
        letters = (letter_of(event, written=now) for event in events)
        self.letters.write([letter for letter in letters if letter is not None])

    def write_confirmed(self, events: Sequence[Event]) -> None:
        """Keep which span each confirmed booking is, then write its letter; raise ``KeyReused``."""
        self.rooms.note_bookings([booking_note(event) for event in events])
        self.write_personal(events)

    def write_of_cases(self, events: Sequence[Event]) -> None:
        """Keep the alternatives of each conflict, then write what its booker must know; raise ``KeyReused``."""
        self.rooms.note_alternatives([alternatives_note(event) for event in events])
        self.write_personal(events)

    def note_facilities(self, events: Sequence[Event]) -> None:
        """Keep what each facility is called; raise ``KeyReused``."""
        self.rooms.note_facilities([facility_note(event) for event in events])

    def note_spaces(self, events: Sequence[Event]) -> None:
        """Keep what each space is called; raise ``KeyReused``."""
        self.rooms.note_spaces([space_note(event) for event in events])

    def note_openings(self, events: Sequence[Event]) -> None:
        """Keep what each published opening is, for the words of personal letters; raise ``KeyReused``."""
        self.openings.note([opening_of(event) for event in events])

    def write_to_reach(self, events: Sequence[Event]) -> None:
        """Write to everyone in reach of each published opening; raise ``KeyReused``, and ``Unavailable`` of residents.

        Written page by page; a repeat after a crash writes again what is there already, and one after the end writes
        to nobody, whoever has moved into reach since.
        """
        openings = self.openings.note([opening_of(event) for event in events])
        for event in events:
            opening = openings[event.data["opening_id"]]
            if opening.told is None:
                self._tell_reach(event, opening)

    def _tell_reach(self, event: Event, opening: Opening) -> None:
        told = 0
        for residents in self.reach.pages(tenant=opening.tenant, lat=opening.lat, lon=opening.lon, topic=JOBS):
            now = self.clock.now()
            self.letters.write([published_letter(event, resident, written=now) for resident in residents])
            told += len(residents)
        self.openings.told(opening, told)

    def write_notices(self, events: Sequence[Event]) -> None:
        """Write the notice that each event of another municipal system is; raise ``KeyReused``."""
        self.notices.write([notice_of(event) for event in events])

    def inbox(self, actor: Actor, *, resident_id: str, limit: int = 50, lang: str = "ko") -> dict[str, Any]:
        """Return ``{"letters": [...]}`` of the caller, latest first."""
        must_be_self(actor, resident_id, tenant=actor.tenant)
        found = self.letters.inbox(resident_id, _scope(actor), limit)
        known = known_of(self.openings, self.rooms, found)
        return {"letters": [_shown(letter, known, lang) for letter in found]}

    def letter(self, actor: Actor, *, letter_id: str, lang: str = "ko") -> dict[str, Any]:
        """Return one letter, to its resident or an operator; raise ``NotFound``."""
        letter = self._readable(actor, letter_id)
        return _shown(letter, known_of(self.openings, self.rooms, [letter]), lang)

    def counts(self, actor: Actor, *, about: str) -> dict[str, Any]:
        """Return ``{"letters": {kind: n}, "mail": {state: n}}`` of the letters about an opening, a booking or another.

        The kinds are all those of jobs, of work or of rooms, whichever it has letters of; those of jobs when it has none.
        """
        opening = self.openings.get_many([about]).get(about)
        tenant, district = (None, None) if opening is None else (opening.tenant, opening.district)
        must_be(actor, "officer", "operator", "service", tenant=tenant, district=district)
        tally = self.letters.tally(about, _scope(actor))
        for lies_in in sorted(tally.districts):
            must_be(actor, "officer", "operator", "service", district=lies_in)
        families = (JOB_KINDS, WORK_KINDS, ROOM_KINDS)
        present = [kinds for kinds in families if not tally.kinds.keys().isdisjoint(kinds)] or [JOB_KINDS]
        kinds = [kind for family in present for kind in family]
        return {
            "letters": {kind: tally.kinds.get(kind, 0) for kind in kinds},
            "mail": {state: tally.mails.get(state, 0) for state in MAIL_STATES},
        }

    def by_event(self, actor: Actor, *, event_key: str, limit: int = 200) -> dict[str, Any]:
        """Return ``{"letters": [...], "count": n, "notices": [...]}`` that an event caused, without their words.

        ``letters`` are at most ``limit`` (1 to 200) of the ``count`` that there are.
        """
        must_be(actor, "operator", "service")
        scope = _scope(actor)
        return {
            "letters": [_traced(letter) for letter in self.letters.caused_by(event_key, scope, limit)],
            "count": self.letters.count_caused_by(event_key, scope),
            "notices": [
                _shown_notice(notice, "ko")
                for notice in self.notices.caused_by(event_key)
                if scope in (None, notice.tenant)
            ],
        }

    def list_notices(
        self, _actor: Actor, *, tenant: str, district: str | None = None, limit: int = 50, lang: str = "ko"
    ) -> dict[str, Any]:
        """Return ``{"notices": [...]}`` of a tenant, latest first; anyone may read them."""
        return {"notices": [_shown_notice(notice, lang) for notice in self.notices.of(tenant, district, limit)]}

    def resend(self, actor: Actor, *, act_id: str, letter_id: str) -> dict[str, Any]:
        """Have an unknown or failed mail sent again, because a person says so; return ``{"letter_id", "mail"}``.

        Raises ``NotFound``; ``Refused`` ``mail_not_resendable``; ``Conflict``.
        """
        must_be(actor, "operator")
        letter = self._readable(actor, letter_id)
        if act_id not in self.letters.resends(letter_id):
            if letter.mail.state not in RESENDABLE:
                raise Refused("mail_not_resendable", field="letter_id", state=letter.mail.state)
            if not self.letters.resend(letter, act_id, self.clock.now()):
                raise Conflict("changed_meanwhile", field="letter_id")
        return {"letter_id": letter_id, "mail": "new"}

    def _readable(self, actor: Actor, letter_id: str) -> Letter:
        must_be(actor, "resident", "operator", "service")
        letter = self.letters.get(letter_id)
        if letter is None:
            raise NotFound("no_such_letter", field="letter_id", letter_id=letter_id)
        must_be_self(actor, letter.resident, tenant=letter.tenant, or_roles=("operator",))
        return letter


def _scope(actor: Actor) -> str | None:
    """Return the tenant whose letters the caller may see; None for every one."""
    return None if actor.is_any("service") else actor.tenant


def _shown(letter: Letter, known: Known, language: str) -> dict[str, Any]:
    words = words_of(letter, known, language)
    return {
        "letter_id": letter.id,
        "kind": letter.kind,
        "title": words.title,
        "text": words.text,
        "about": letter.about,
        "at": iso(letter.at),
        "mail": letter.mail.state,
        "mail_why": letter.mail.why,
    }


def _traced(letter: Letter) -> dict[str, Any]:
    return {
        "letter_id": letter.id,
        "resident_id": letter.resident,
        "kind": letter.kind,
        "about": letter.about,
        "at": iso(letter.at),
        "written": iso(letter.written),
        "mail": letter.mail.state,
        "mail_why": letter.mail.why,
        "attempts": letter.mail.attempts,
    }


def _shown_notice(notice: Notice, language: str) -> dict[str, Any]:
    words = words_of_notice(notice, language)
    return {
        "notice_id": notice.cause.key,
        "kind": notice.kind,
        "title": words.title,
        "text": words.text,
        "district": notice.district,
        "at": iso(notice.at),
    }
