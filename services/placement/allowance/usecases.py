"""What can be done with months of pay: counted when attendance is settled, recovered and lifted by officers, read.

    attendance.settled --> the month's line (and, if the day wrongly overlaps, its recovery) --> allowance.earned
    attendance.disputed, attendance.dispute_answered --> what the shift earned waits, or no more
    the dispute's day is over --> it waits no more
    participation.overlapped --> kept, then every month it concerns --> allowance.earned (a contra line)

Whichever of attendance and overlap comes first, both find each other: each writes its own, then reads the other's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from services.placement.allowance.lines import Cap, Worked, placement_key
from services.placement.allowance.model import PayMonth
from services.placement.allowance.overlaps import Overlap, Pair
from services.placement.allowance.ports import Limits, Programme, Programmes
from services.placement.allowance.shown import shown, summed
from services.placement.allowance.storage import AT_ONCE, Overlaps, PayMonths
from services.placement.limits.model import days_that_decide
from services.placement.wages.pay import won_for
from shared.actors import Actor, must_be, must_be_self
from shared.aggregate import Act
from shared.clock import Clock, from_iso
from shared.errors import Refused
from shared.events.envelope import Event
from shared.pages import after, checked_limit, page

VOLUNTEER = "volunteer"
MOST_ROWS = 200


@dataclass(frozen=True)
class AllowanceDesk:
    """The acts on months of pay."""

    months: PayMonths
    overlaps: Overlaps
    programmes: Programmes
    limits: Limits
    clock: Clock

    # When told.

    def note_settled(self, events: Sequence[Event]) -> None:
        """Count settled attendances, each revision at most once, a month at a time."""
        worked: dict[str, list[Worked]] = {}
        opened: dict[str, PayMonth] = {}
        programmes = self._known(event.data["programme_id"] for event in events)
        for event in events:
            said, month = event.data, _month_of(event)
            pay_month_id = month.id
            opened.setdefault(pay_month_id, month)
            worked.setdefault(pay_month_id, []).append(_worked(event, programmes[said["programme_id"]]))
        caps = self._caps(opened.values(), programmes)
        now = self.clock.now()

        def count(month: PayMonth) -> None:
            for one in sorted(worked[month.id], key=lambda one: (one.attendance_id, one.revision)):
                month.count(one, caps[month.id], now)

        self.months.change_each(worked, count, opened=opened)
        keys = dict.fromkeys(_key(one) for some in worked.values() for one in some)
        known_overlaps = self.overlaps.get_many(list(keys))
        concerned = [name for name, some in worked.items() if any(_key(one) in known_overlaps for one in some)]
        self._follow(concerned, known_overlaps)

    def note_overlapped(self, event: Event) -> None:
        """Keep which days of a placement wrongly overlap, and let every month of the resident follow."""
        said = event.data
        pair = Pair(said["revision"], tuple(said["days"]) if said["count"] else ())
        overlap = self.overlaps.note(said["key"], event.tenant, said["other"], pair)
        self._follow(self.months.ids_of_resident(said["resident_id"]), {overlap.id: overlap})

    def note_disputed(self, event: Event) -> None:
        """Let what a disputed attendance earned wait, unless it is paid already."""
        said, until = event.data, from_iso(event.data["until"])
        self._note_dispute(event, lambda month: month.note_dispute(said["attendance_id"], said["dispute"], until))

    def note_dispute_answered(self, event: Event) -> None:
        """Let it wait no more."""
        said = event.data
        self._note_dispute(event, lambda month: month.note_dispute_answered(said["attendance_id"], said["dispute"]))

    def end_waiting(self) -> bool:
        """Let nothing wait any more for an answer that should have come by now; return whether there may be more."""
        now = self.clock.now()
        overdue = self.months.with_overdue_disputes(now, AT_ONCE)
        self.months.change_each(overdue, lambda month: month.end_waiting(now))
        return len(overdue) == AT_ONCE

    # Officers.

    def recover(
        self,
        actor: Actor,
        *,
        act_id: str,
        pay_month_id: str,
        reason: str,
        attendance_ids: Sequence[str] = (),
        days: Sequence[str] = (),
    ) -> dict[str, Any]:
        """Take the pay of attendances, or of whole days, out again; what is paid already is then to be recovered."""
        return self._recovering("recover", PayMonth.recover, actor, act_id, pay_month_id, attendance_ids, days, reason)

    def lift_recovery(
        self,
        actor: Actor,
        *,
        act_id: str,
        pay_month_id: str,
        reason: str,
        attendance_ids: Sequence[str] = (),
        days: Sequence[str] = (),
    ) -> dict[str, Any]:
        """Reverse a recovery: the pay is earned after all."""
        lift = PayMonth.lift_recovery
        return self._recovering("lift_recovery", lift, actor, act_id, pay_month_id, attendance_ids, days, reason)

    def note_paid_back(self, actor: Actor, *, act_id: str, pay_month_id: str, won: int, day: date) -> dict[str, Any]:
        """Note what a resident gave back of what was paid too much."""
        self._for_officer(actor, pay_month_id)

        def decide(month: PayMonth) -> dict[str, Any]:
            month.note_paid_back(won, day.isoformat(), actor.subject)
            return {"pay_month_id": month.id, "won": won, "to_recover": month.to_recover}

        act = Act.of(act_id, "note_paid_back", id=pay_month_id, won=won, day=day.isoformat(), by=actor.subject)
        return self.months.act(act, pay_month_id, decide)

    def listed(
        self, actor: Actor, *, programme_id: str, month: str, limit: int = 50, cursor: str | None = None
    ) -> dict[str, Any]:
        """Return a programme's months of pay for a KST month, page by page, without their lines."""
        self._officers(actor, programme_id)
        return self._paged(self.months.ids_of(programme_id, month), limit, cursor)

    def flagged(
        self, actor: Actor, *, programme_id: str, limit: int = 50, cursor: str | None = None
    ) -> dict[str, Any]:
        """Return a programme's months that earned more than the cap, page by page."""
        self._officers(actor, programme_id)
        return self._paged(self.months.held_ids(programme_id), limit, cursor)

    def month(self, actor: Actor, *, pay_month_id: str) -> dict[str, Any]:
        """Return one month with all its lines; to the resident, and to officers of its district."""
        known = self.months.get(pay_month_id)
        must_be_self(actor, known.resident_id, tenant=known.tenant, or_roles=("officer",), district=known.district)
        return shown(known)

    # Residents.

    def my_pay(
        self, actor: Actor, *, resident_id: str, month: str | None = None, limit: int = 12, cursor: str | None = None
    ) -> dict[str, Any]:
        """Return a resident's months, latest first; with their lines when a KST month is named.

        To the resident, and to officers as far as their tenant and districts go.
        """
        must_be_self(actor, resident_id, tenant=actor.tenant, or_roles=("officer",))
        checked_limit(limit, MOST_ROWS)
        since = after(cursor, 2)
        mine = [
            one
            for one in self.months.of_resident(resident_id)
            if _may_see(actor, one)
            and month in (None, one.month)
            and (since is None or [one.month, one.id] < since)
        ]
        rows = (summed(one) if month is None else shown(one) for one in mine)
        told, following = page(rows, limit, key=lambda row: (row["month"], row["pay_month_id"]))
        return {"resident_id": resident_id, "months": told, "cursor": following}

    def _note_dispute(self, event: Event, note: Callable[[PayMonth], None]) -> None:
        opened = _month_of(event)
        self.months.change_each([opened.id], note, opened={opened.id: opened})

    def _recovering(
        self,
        verb: str,
        change: Callable[..., int],
        actor: Actor,
        act_id: str,
        pay_month_id: str,
        attendance_ids: Sequence[str],
        days: Sequence[str],
        reason: str,
    ) -> dict[str, Any]:
        known = self._for_officer(actor, pay_month_id)
        cap = self._caps([known], self._known([known.programme_id]))[known.id]
        now = self.clock.now()

        def decide(month: PayMonth) -> dict[str, Any]:
            wanted = dict.fromkeys([*attendance_ids, *_on(month, verb, days)])
            if not wanted:
                raise Refused("nothing_to_recover", field="days" if days else "attendance_ids")
            won = change(month, wanted, cap, now, by=actor.subject, note=reason)
            return {"pay_month_id": month.id, "won": won, "due_now": month.due_now, "to_recover": month.to_recover}

        asked = {"id": pay_month_id, "attendances": list(attendance_ids), "days": list(days), "reason": reason}
        return self.months.act(Act.of(act_id, verb, **asked, by=actor.subject), pay_month_id, decide)

    def _for_officer(self, actor: Actor, pay_month_id: str) -> PayMonth:
        known = self.months.get(pay_month_id)
        must_be(actor, "officer", tenant=known.tenant, district=known.district)
        if actor.subject == known.resident_id:
            raise Refused("own_pay", field="token")
        return known

    def _officers(self, actor: Actor, programme_id: str) -> None:
        programme = self.programmes.get(programme_id)
        must_be(actor, "officer", tenant=programme.tenant, district=programme.district.code or "")

    def _paged(self, ids: Sequence[str], limit: int, cursor: str | None) -> dict[str, Any]:
        checked_limit(limit, MOST_ROWS)
        since = after(cursor, 1)
        wanted = [one for one in ids if since is None or one > since[0]][: limit + 1]
        known = self.months.get_many(wanted)
        rows = (summed(known[one]) for one in wanted if one in known)
        told, following = page(rows, limit, key=lambda row: (row["pay_month_id"],))
        return {"months": told, "cursor": following}

    def _follow(self, ids: Sequence[str], known: Mapping[str, Overlap]) -> None:
        """Bring months to what is known about their placements' overlapping days."""
        months = self.months.get_many(ids)
        caps = self._caps(months.values(), self._known(month.programme_id for month in months.values()))
        now = self.clock.now()

        def follow(month: PayMonth) -> None:
            for key, overlap in known.items():
                month.follow_overlap(key, overlap.version, overlap.days, caps[month.id], now)

        self.months.change_each(months, follow)

    def _known(self, ids: Iterable[str]) -> dict[str, Programme]:
        return {one: self.programmes.get(one) for one in dict.fromkeys(ids)}

    def _caps(self, months: Iterable[PayMonth], programmes: dict[str, Programme]) -> dict[str, Cap | None]:
        """Return the cap of each month: the row in force on its last day, or, where that has ended, on its first."""
        found: dict[tuple[str, str], Cap | None] = {}
        caps = {}
        for month in months:
            place = (month.programme_id, month.month)
            if place not in found:
                found[place] = self._cap(programmes[month.programme_id], month.month)
            caps[month.id] = found[place]
        return caps

    def _cap(self, programme: Programme, month: str) -> Cap | None:
        for day in days_that_decide(month):
            limit = self.limits.of(
                "monthly_cap",
                programme_code=programme.code,
                regions=programme.district.regions(),
                direct_job=programme.direct_job,
                engagement=programme.engagement,
                day=day,
            )
            if limit is not None:
                return Cap(limit.value, limit.source)
        return None


def _month_of(event: Event) -> PayMonth:
    """Return the month of pay that what is told of an attendance belongs to, with nothing in it."""
    said, month = event.data, event.data["day"][:7]
    return PayMonth(
        id=PayMonth.id_of(said["programme_id"], said["resident_id"], month),
        tenant=event.tenant,
        programme_id=said["programme_id"],
        district=said["district"],
        resident_id=said["resident_id"],
        month=month,
    )


def _worked(event: Event, programme: Programme) -> Worked:
    said = event.data
    engagement = said.get("engagement") or programme.engagement
    worked = Worked(
        attendance_id=said["attendance_id"],
        revision=said["revision"],
        day=said["day"],
        minutes=said["minutes"],
        hourly_won=said["hourly_won"],
        won=won_for(said["minutes"], said["hourly_won"]),
        dong=said.get("dong"),
    )
    return replace(worked, won=0) if engagement == VOLUNTEER else worked


def _key(worked: Worked) -> str:
    return placement_key(worked.attendance_id)


def _on(month: PayMonth, verb: str, days: Sequence[str]) -> list[str]:
    """Return the attendances of these days that the verb can still be done to."""
    active = {one.attendance_id for one in month.recoveries.values() if one.active}
    return [one for one in month.worked_on(days) if (one in active) == (verb == "lift_recovery")]


def _may_see(actor: Actor, month: PayMonth) -> bool:
    if actor.is_any("service"):
        return True
    in_district = not (actor.is_any("officer") and actor.districts) or month.district in actor.districts
    return month.tenant == actor.tenant and in_district
