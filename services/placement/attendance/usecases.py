"""What can be done with attendance: by residents, by the opening's hosts, and by officers.

Whoever confirms attendance is a host of that very opening, or an officer of its district; and never the resident
whose attendance it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.placement.attendance.codes import WorkplaceCode
from services.placement.attendance.deciding import HOST, IN, OFFICER, OUT
from services.placement.attendance.model import RESIDENT, Sheet
from services.placement.attendance.ports import Opening, Openings, hosts_of
from services.placement.attendance.shown import answer_until, brief, state_of, waiting, whole
from services.placement.attendance.storage import Sheets, WorkplaceCodes
from shared.actors import Actor, must_be, must_be_self
from shared.aggregate import Act
from shared.clock import Clock, iso, utc
from shared.errors import NotFound, Refused
from shared.pages import after, checked_limit, instant_after, page
from shared.rotating import STEP

MOST_ROWS = 200
#: What changes a sheet; may be called again on fresh state.
Change = Callable[[Sheet], None]


@dataclass(frozen=True)
class AttendanceDesk:
    """The acts on sheets. ``new_secret`` returns base 32, 160 bits."""

    sheets: Sheets
    codes: WorkplaceCodes
    openings: Openings
    new_secret: Callable[[], str]
    clock: Clock

    # The workplace's code.

    def code(self, actor: Actor, *, opening_id: str) -> dict[str, Any]:
        """Return ``{code, until, seconds, provisioning}`` for the display at the workplace; its hosts, and officers.

        Not to one who has a place there: they would need nobody to witness their own work.
        ``provisioning`` is an ``otpauth://`` address: a display that has read it once shows the codes by itself.
        """
        opening = self._opening(opening_id)
        _staff(actor, opening)
        if opening.placement_of(actor.subject) is not None:
            raise Refused("not_for_oneself", field="token")
        known, now = self._code_of(opening), self.clock.now()
        return {
            "opening_id": opening_id,
            "code": known.code(now),
            "until": iso(known.until(now)),
            "seconds": STEP,
            "provisioning": known.provisioning(opening.terms.place.name),
        }

    def change_code(self, actor: Actor, *, act_id: str, opening_id: str) -> dict[str, Any]:
        """Show other codes from now on: the secret may have been given away."""
        opening = self._opening(opening_id)
        _staff(actor, opening)
        self._code_of(opening)
        secret = self.new_secret()

        def decide(code: WorkplaceCode) -> dict[str, Any]:
            code.change(secret)
            return {"opening_id": opening_id}

        return self.codes.act(Act.of(act_id, "change_code", id=opening_id), opening_id, decide)

    # Residents.

    def check_in(self, actor: Actor, *, act_id: str, attendance_id: str, code: str) -> dict[str, Any]:
        """Say with the workplace's code that one has come; from a little before the shift to a little after it.

        Not by a host of the opening, who may know the code's secret: another host or an officer says it.
        """
        return self._check(actor, IN, act_id, attendance_id, code)

    def check_out(self, actor: Actor, *, act_id: str, attendance_id: str, code: str) -> dict[str, Any]:
        """Say with the workplace's code that one leaves; the last time counts."""
        return self._check(actor, OUT, act_id, attendance_id, code)

    def dispute(self, actor: Actor, *, act_id: str, attendance_id: str, text: str) -> dict[str, Any]:
        """Say that what counts is wrong: the resident, or a host; an officer answers in time."""
        known = self.sheets.get(attendance_id)
        by = RESIDENT
        if actor.subject == known.resident_id:
            must_be_self(actor, known.resident_id, tenant=known.tenant)
        elif actor.is_any(RESIDENT) and not actor.is_any(HOST):
            must_be(actor, RESIDENT, tenant=known.tenant)
            raise Refused("only_for_oneself", field="token")
        else:
            by = _staff(actor, self._opening(known.opening_id), officers=False)
        now = self.clock.now()

        def decide(sheet: Sheet) -> dict[str, Any]:
            number = sheet.dispute(by, actor.subject, text, now)
            return {**state_of(sheet), "dispute": number, "answer_until": answer_until(sheet)}

        return self.sheets.act(Act.of(act_id, "dispute", id=attendance_id, text=text), attendance_id, decide)

    def my_sheets(
        self, actor: Actor, *, resident_id: str | None = None, limit: int = 50, cursor: str | None = None
    ) -> dict[str, Any]:
        """Return ``{sheets, cursor}`` of a resident, the latest shift first, at most ``limit`` (1 to 200)."""
        checked_limit(limit, MOST_ROWS)
        resident = resident_id or actor.subject
        must_be_self(actor, resident, tenant=actor.tenant)
        tenant = None if actor.is_any("service") else actor.tenant
        found = self.sheets.of_resident(resident, tenant, instant_after(cursor), limit + 1)
        rows, further = page(map(brief, found), limit, lambda row: (row["start"], row["attendance_id"]))
        return {"sheets": rows, "cursor": further}

    # Hosts and officers.

    def witness(
        self, actor: Actor, *, act_id: str, attendance_id: str, said: str, at: datetime | None = None
    ) -> dict[str, Any]:
        """Say that the resident came (``in``) or left (``out``) at an instant, or was ``absent``."""
        known, role = self._for_staff(actor, attendance_id)
        now, when = self.clock.now(), None if at is None else utc(at)
        act = Act.of(act_id, "witness", id=known.id, said=said, at=None if when is None else iso(when))
        return self._act(act, known.id, lambda sheet: sheet.hear(role, said, when, actor.subject, now))

    def confirm(
        self,
        actor: Actor,
        *,
        act_id: str,
        attendance_id: str,
        came: datetime | None = None,
        left: datetime | None = None,
    ) -> dict[str, Any]:
        """Settle a shift by what was said; ``came`` and ``left`` are the caller's own word, said by the same act."""
        known, role = self._for_staff(actor, attendance_id)
        now = self.clock.now()
        said = [(word, utc(at)) for word, at in ((IN, came), (OUT, left)) if at is not None]

        def change(sheet: Sheet) -> None:
            for word, at in said:
                sheet.hear(role, word, at, actor.subject, now)
            sheet.confirm(role, actor.subject, now)

        act = Act.of(act_id, "confirm", id=known.id, said=[[word, iso(at)] for word, at in said])
        return self._act(act, known.id, change)

    def correct(
        self, actor: Actor, *, act_id: str, attendance_id: str, minutes: int, reason: str
    ) -> dict[str, Any]:
        """Count other minutes from now on: a host while the window is open, an officer at any time."""
        known, role = self._for_staff(actor, attendance_id)
        now = self.clock.now()
        act = Act.of(act_id, "correct", id=known.id, minutes=minutes, reason=reason)
        return self._act(act, known.id, lambda sheet: sheet.correct(role, actor.subject, minutes, reason, now))

    def answer(
        self,
        actor: Actor,
        *,
        act_id: str,
        attendance_id: str,
        answer: str,
        reason: str,
        minutes: int | None = None,
    ) -> dict[str, Any]:
        """Answer the open dispute: ``upheld`` with the minutes that count from now on, or ``rejected``; officers."""
        known = self._for_officer(actor, attendance_id)
        now = self.clock.now()
        act = Act.of(act_id, "answer", id=known.id, answer=answer, minutes=minutes, reason=reason)
        return self._act(act, known.id, lambda sheet: sheet.answer(actor.subject, answer, minutes, reason, now))

    def excuse(self, actor: Actor, *, act_id: str, attendance_id: str, reason: str) -> dict[str, Any]:
        """Excuse an absence, before or after it: no minutes, and no no-show; officers."""
        known = self._for_officer(actor, attendance_id)
        now = self.clock.now()
        act = Act.of(act_id, "excuse", id=known.id, reason=reason)
        return self._act(act, known.id, lambda sheet: sheet.excuse(actor.subject, reason, now))

    def sheet(self, actor: Actor, *, attendance_id: str) -> dict[str, Any]:
        """Return a sheet with all that was said: to its resident, to the opening's hosts, and to officers."""
        known = self.sheets.get(attendance_id)
        if actor.subject == known.resident_id:
            must_be_self(actor, known.resident_id, tenant=known.tenant)
            return whole(known, accounts=False)
        _staff(actor, self._opening(known.opening_id))
        return whole(known, accounts=True)

    def sheets_of(
        self,
        actor: Actor,
        *,
        opening_id: str,
        shift: int | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> dict[str, Any]:
        """Return ``{sheets, cursor}`` of an opening, or of one of its shifts, by shift; hosts and officers."""
        checked_limit(limit, MOST_ROWS)
        key = after(cursor, 2)
        if key is not None and not (key[0].isascii() and key[0].isdigit() and len(key[0]) <= 3):
            raise Refused("bad_cursor", field="cursor")
        since = None if key is None else (int(key[0]), key[1])
        _staff(actor, self._opening(opening_id))
        found = self.sheets.of_opening(opening_id, shift, since)
        rows, further = page(map(brief, found), limit, lambda row: (str(row["shift"]), row["attendance_id"]))
        return {"sheets": rows, "cursor": further}

    def open_disputes(
        self, actor: Actor, *, tenant: str, limit: int = 50, cursor: str | None = None
    ) -> dict[str, Any]:
        """Return ``{disputes, cursor}``: what waits for the tenant's officers, the most urgent first.

        ``why``: ``dispute`` (and ``escalated`` once its time is over), or ``unclear``: nobody said enough to settle it.
        """
        checked_limit(limit, MOST_ROWS)
        since = instant_after(cursor)
        must_be(actor, "officer", tenant=tenant)
        found = map(waiting, self.sheets.that_wait(tenant, since, actor.districts))
        rows, further = page(found, limit, lambda row: (row["answer_until"], row["attendance_id"]))
        return {"disputes": rows, "cursor": further}

    # Steps.

    def _check(self, actor: Actor, said: str, act_id: str, attendance_id: str, code: str) -> dict[str, Any]:
        known = self.sheets.get(attendance_id)
        must_be(actor, RESIDENT, tenant=known.tenant)
        must_be_self(actor, known.resident_id, tenant=known.tenant)
        if actor.subject in hosts_of(self._opening(known.opening_id)):
            raise Refused("not_for_oneself", field="token")
        now = self.clock.now()
        shown = self.codes.find(known.opening_id)
        right = shown is not None and shown.is_right(code, now)

        def decide(sheet: Sheet) -> dict[str, Any]:
            return sheet.check(said, actor.subject, now, right=right)

        # A wrong code is a change of its own: it is counted, and stays counted, before it is refused.
        told = self.sheets.act(Act.of(act_id, f"check_{said}", id=known.id, code=code), known.id, decide)
        if told["wrong"]:
            raise Refused("attendance_code_wrong", field="code", left=told["left"])
        return {"attendance_id": known.id, "said": told["said"], "at": told["at"]}

    def _act(self, act: Act, sheet_id: str, change: Change) -> dict[str, Any]:
        def decide(sheet: Sheet) -> dict[str, Any]:
            change(sheet)
            return state_of(sheet)

        return self.sheets.act(act, sheet_id, decide)

    def _for_staff(self, actor: Actor, sheet_id: str) -> tuple[Sheet, str]:
        """Return the sheet, and as what the caller speaks: host or officer."""
        known = self.sheets.get(sheet_id)
        role = _staff(actor, self._opening(known.opening_id))
        if actor.subject == known.resident_id:
            raise Refused("not_for_oneself", field="token")
        return known, role

    def _for_officer(self, actor: Actor, sheet_id: str) -> Sheet:
        known = self.sheets.get(sheet_id)
        must_be(actor, OFFICER, tenant=known.tenant, district=known.district)
        if actor.subject == known.resident_id:
            raise Refused("not_for_oneself", field="token")
        return known

    def _opening(self, opening_id: str) -> Opening:
        found = self.openings.find(opening_id)
        if found is None:
            raise NotFound("no_such_opening", field="opening_id", id=opening_id)
        return found

    def _code_of(self, opening: Opening) -> WorkplaceCode:
        found = self.codes.find(opening.id)
        if found is None:
            fresh = WorkplaceCode(id=opening.id, tenant=opening.tenant, secret=self.new_secret())
            self.codes.create(Act.own(f"open:{opening.id}", "open"), fresh, {})
            found = self.codes.get(opening.id)
        return found


def _staff(actor: Actor, opening: Opening, *, officers: bool = True) -> str:
    """Return ``host`` or ``officer``; raise ``Refused`` unless the caller is one for this very opening."""
    roles = (HOST, OFFICER) if officers else (HOST,)
    if actor.is_any(HOST) and actor.tenant == opening.tenant and actor.subject in hosts_of(opening):
        return HOST
    if officers and actor.is_any(OFFICER):
        must_be(actor, OFFICER, tenant=opening.tenant, district=opening.district)
        return OFFICER
    must_be(actor, *roles, tenant=opening.tenant)
    raise Refused("not_your_opening", field="token", opening_id=opening.id)
