"""A month of pay: one resident's allowance of one programme for the work of one KST month. ``sums.py``: what it comes to.

Each revision of an attendance counts at most once, and only when it is newer than the one counted: events may come
twice and in any order. What is disputed waits, line by line; the rest of the month goes on. What must be recovered is
never set off against other pay by itself (wages are paid whole: 근로기준법 제43조); an officer notes what the resident
paid back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from services.placement.allowance.lines import (
    CLAIMED,
    PAID,
    RETURNED,
    Cap,
    Dispute,
    Line,
    PaidBack,
    Payment,
    Recovery,
    SentBack,
    Worked,
    named,
    payment_name,
    placement_key,
    split,
)
from services.placement.allowance.payments import due_by_dong, standing
from services.placement.allowance.sums import PaySums
from shared.errors import Refused
from shared.events.placement import pay as events

#: Lines of a month: 31 days, a few shifts a day, a few revisions each.
MOST_LINES = 400
MOST_PAID_BACK = 60
#: Why a recovery was written without an officer.
OVERLAP = "overlap"


@dataclass(kw_only=True)
class PayMonth(PaySums):
    """One month of pay; it changes by these verbs only. Its id is ``programme:resident:YYYY-MM``."""

    @staticmethod
    def id_of(programme_id: str, resident_id: str, month: str) -> str:
        """Return the id of this month of pay."""
        return named(programme_id, resident_id, month)

    # What is earned.

    def count(self, worked: Worked, cap: Cap | None, now: datetime) -> None:
        """Count a revision of an attendance; an older one, or the same again, changes nothing."""
        known = self.counted.get(worked.attendance_id)
        if known is not None and worked.revision <= known.revision:
            return
        minutes = worked.minutes - (known.minutes if known else 0)
        won = worked.won - (known.won if known else 0)
        self.counted[worked.attendance_id] = worked
        line = f"{worked.attendance_id}#{worked.revision}"
        if known is None or minutes or won:
            self._add(line, worked, "correction" if known else "attendance", now, cap, minutes=minutes, won=won)
        recovery = self.recoveries.get(worked.attendance_id)
        if recovery is not None and recovery.active and won:
            self._add(f"{line}:recovery", worked, "recovery", now, cap, won=-won)
        self._flag()

    def recover(self, attendance_ids: Iterable[str], cap: Cap | None, now: datetime, *, by: str, note: str) -> int:
        """Take the pay of these attendances out again; return the won. Raises ``Refused`` for one without any."""
        taken = 0
        for attendance_id in attendance_ids:
            worked, recovery = self._counted(attendance_id), self.recoveries.get(attendance_id)
            if recovery is not None and recovery.active:
                raise Refused("already_recovered", field="attendance_ids", attendance_id=attendance_id)
            known = recovery or Recovery(attendance_id)
            self.recoveries[attendance_id] = replace(known, active=True, by_officer=True)
            self._take_out(worked, cap, now, by=by, note=note)
            taken += worked.won
        self._flag()
        return taken

    def lift_recovery(self, attendance_ids: Iterable[str], cap: Cap | None, now: datetime, *, by: str, note: str) -> int:
        """Reverse recoveries; return the won. Raises ``Refused`` where there is none."""
        given = 0
        for attendance_id in attendance_ids:
            worked, recovery = self._counted(attendance_id), self.recoveries.get(attendance_id)
            if recovery is None or not recovery.active:
                raise Refused("not_recovered", field="attendance_ids", attendance_id=attendance_id)
            self.recoveries[attendance_id] = replace(recovery, active=False, by_officer=False)
            self._give(worked, cap, now, by=by, note=note)
            given += worked.won
        self._flag()
        return given

    def follow_overlap(self, key: str, version: int, days: Collection[str], cap: Cap | None, now: datetime) -> None:
        """Take out the pay of a placement's wrongly overlapping days, and give that of the others again.

        ``version`` of what is known about the placement: older knowledge changes nothing. What an officer took out
        stays out, and what an officer gave again stays given for as long as the day overlaps.
        """
        those = [worked for worked in self.counted.values() if placement_key(worked.attendance_id) == key]
        if not those or version < self.followed.get(key, 0):
            return
        self.followed[key] = version
        for worked in those:
            known = self.recoveries.get(worked.attendance_id) or Recovery(worked.attendance_id)
            overlaps = worked.day in days
            if overlaps == known.overlap:
                continue
            if overlaps and not known.active:
                known = replace(known, active=True, by_officer=False)
                self._take_out(worked, cap, now, note=OVERLAP)
            elif not overlaps and known.active and not known.by_officer:
                known = replace(known, active=False)
                self._give(worked, cap, now, note=OVERLAP)
            self.recoveries[worked.attendance_id] = replace(known, overlap=overlaps)
        self._flag()

    def note_dispute(self, attendance_id: str, number: int, until: datetime) -> None:
        """Know that the attendance's dispute ``number`` (from 1) should be answered ``until`` then: told in any order."""
        known = self.disputes.get(attendance_id) or Dispute(attendance_id)
        if number >= known.asked:
            self.disputes[attendance_id] = replace(known, asked=number, until=until)

    def note_dispute_answered(self, attendance_id: str, number: int) -> None:
        """Know that it was answered, and so were those before it: told twice, and in any order."""
        known = self.disputes.get(attendance_id) or Dispute(attendance_id)
        asked, answered = max(known.asked, number), max(known.answered, number)
        self.disputes[attendance_id] = replace(known, asked=asked, answered=answered)

    def end_waiting(self, now: datetime) -> None:
        """Wait no more for answers that should have come: pay is due on time; what they count later is corrected then."""
        for name, known in self.disputes.items():
            if known.stands and known.until is not None and known.until <= now:
                self.disputes[name] = replace(known, lapsed=known.asked)

    def note_paid_back(self, won: int, day: str, by: str) -> None:
        """Note what the resident gave back; raise ``Refused`` for more than must come back, or than they ever got."""
        most = max(0, min(self.to_recover, self.paid - sum(back.won for back in self.paid_back)))
        if won > most:
            raise Refused("more_than_to_recover", field="won", most=most)
        if len(self.paid_back) >= MOST_PAID_BACK:
            raise Refused("month_is_full", field="pay_month_id", most=MOST_PAID_BACK)
        self.paid_back = (*self.paid_back, PaidBack(won, day, by))
        self.say(events.ALLOWANCE_PAID_BACK.fact(**self._named(), number=len(self.paid_back), won=won, day=day))

    def note_posted(self, number: int) -> None:
        """Note that the budget has counted what was given back as the ``number``th, from 1."""
        self.paid_back = tuple(
            replace(back, posted=True) if place == number else back for place, back in enumerate(self.paid_back, 1)
        )

    def worked_on(self, days: Iterable[str]) -> list[str]:
        """Return the attendances counted on these days, by their start."""
        on = set(days)
        return [worked.attendance_id for worked in self.counted.values() if worked.day in on]

    # What is paid.

    def claim_for(self, batch_id: str, method: str, until: datetime) -> bool:
        """Let a batch pay what is due; return False when nothing is, or another batch is at it, or this one was."""
        if not self.owes or any(payment.batch_id == batch_id for payment in self.payments):
            return False
        others, won, left_out = standing(self.payments, self.sent_back), self.due_now, self.waiting
        payment = Payment(
            batch_id=batch_id,
            won=won,
            lines=len(self.lines) - sum(payment.lines for payment in others) - len(left_out),
            upto=len(self.lines),
            method=method,
            dongs=split(won, due_by_dong([line for line in self.lines if line not in left_out], others)),
            left_out=tuple(dict.fromkeys(line.attendance_id for line in left_out)),
            beside=tuple(payment.batch_id for payment in others),
        )
        self.payments, self.claim_due = (*self.payments, payment), until
        return True

    def release_claim(self, batch_id: str) -> None:
        """Forget a claim that the batch does not pay; the won is due again."""
        if self.claim is not None and self.claim.batch_id == batch_id:
            self.payments = tuple(payment for payment in self.payments if payment.state != CLAIMED)
            self.claim_due = None

    def note_answer(self, batch_id: str, reason: str | None, day: str) -> None:
        """Note, once, what the bank did with a batch's payment: paid (``reason`` None) or sent back."""
        claim = self.claim
        if claim is None or claim.batch_id != batch_id:
            return
        answered = replace(claim, state=PAID if reason is None else RETURNED, day=day, reason=reason)
        self.payments = tuple(answered if payment is claim else payment for payment in self.payments)
        self.claim_due = None
        if reason is None:
            self.say(events.ALLOWANCE_PAID.fact(**self._told(answered, day)))
        else:
            self.say(events.ALLOWANCE_RETURNED.fact(**self._told(answered, day), reason=reason))

    def note_sent_back(self, batch_id: str, reason: str, day: str) -> None:
        """Note, once, that the bank sent a payment back after it had said paid; its won is due again."""
        paid = next((one for one in self.payments if one.batch_id == batch_id and one.state == PAID), None)
        if paid is None or any(sent.batch_id == batch_id for sent in self.sent_back):
            return
        self.sent_back = (*self.sent_back, SentBack(batch_id, paid.won, day, reason))
        self.say(events.ALLOWANCE_RETURNED.fact(**self._told(paid, day), reason=reason, was_paid=True))

    def _told(self, payment: Payment, day: str) -> dict[str, str | int]:
        return {
            **self._named(),
            "payment_id": payment_name(payment.batch_id, self.id),
            "batch_id": payment.batch_id,
            "won": payment.won,
            "method": payment.method,
            "day": day,
        }

    def _counted(self, attendance_id: str) -> Worked:
        worked = self.counted.get(attendance_id)
        if worked is None:
            raise Refused("attendance_not_counted", field="attendance_ids", attendance_id=attendance_id)
        return worked

    def _take_out(self, worked: Worked, cap: Cap | None, now: datetime, *, note: str, by: str | None = None) -> None:
        if worked.won:
            self._add(self._next_name(worked), worked, "recovery", now, cap, won=-worked.won, by=by, note=note)

    def _give(self, worked: Worked, cap: Cap | None, now: datetime, *, note: str, by: str | None = None) -> None:
        if worked.won:
            self._add(self._next_name(worked), worked, "recovery_lifted", now, cap, won=worked.won, by=by, note=note)

    def _next_name(self, worked: Worked) -> str:
        return f"{worked.attendance_id}#{worked.revision}:{len(self.lines) + 1}"

    def _add(
        self,
        line_id: str,
        worked: Worked,
        reason: str,
        now: datetime,
        cap: Cap | None,
        *,
        won: int,
        minutes: int = 0,
        by: str | None = None,
        note: str | None = None,
    ) -> None:
        if len(self.lines) >= MOST_LINES:
            raise Refused("month_is_full", field="pay_month_id", most=MOST_LINES)
        payable, held_back = self.payable, self.held_back
        line = Line(
            id=line_id,
            attendance_id=worked.attendance_id,
            day=worked.day,
            minutes=minutes,
            won=won,
            hourly_won=worked.hourly_won,
            reason=reason,
            dong=worked.dong,
            at=now,
            by=by,
            note=note,
        )
        self.lines, self.cap = (*self.lines, line), cap
        told: dict[str, str] = {} if worked.dong is None else {"dong": worked.dong}
        self.say(
            events.ALLOWANCE_EARNED.fact(
                **self._named(),
                line_id=line_id,
                attendance_id=worked.attendance_id,
                day=worked.day,
                minutes=minutes,
                won=won,
                payable=self.payable - payable,
                held_back=self.held_back - held_back,
                reason=reason,
                **told,
            )
        )

    def _flag(self) -> None:
        if self.held_back > 0 and not self.flagged and self.cap is not None:
            self.say(events.ALLOWANCE_HELD_BACK.fact(**self._named(), won=self.held_back, cap=self.cap.won))
        self.flagged = self.held_back > 0

    def _named(self) -> dict[str, str]:
        return {
            "pay_month_id": self.id,
            "resident_id": self.resident_id,
            "programme_id": self.programme_id,
            "district": self.district,
            "month": self.month,
        }
