"""A sheet: one shift of one place, and who said what about it. Pure: no I/O, no clock, no framework; time comes in.

    open --confirm (host, officer), or by itself when due--> settled --correct, answer, excuse--> settled, next revision
      |  +--nothing to decide by--> open, unclear: waits for a host or an officer; operators hear when it waits too long
      +--the place is gone before the work began--> void

Nothing that was said or settled is ever edited: words, revisions and disputes are only added, up to a bound each.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from services.placement.attendance.card import OPEN, SETTLED, VOID, Card
from services.placement.attendance.deciding import (
    ABSENT,
    ABSENT_SAID,
    CODE,
    EXCUSED,
    HOST,
    IN,
    OFFICER,
    OUT,
    Word,
    result_of,
)
from services.placement.attendance.revisions import CLOCK, Dispute, Revision
from shared.clock import iso
from shared.errors import Refused
from shared.events.placement import work as events

RESIDENT = "resident"
UPHELD, REJECTED = events.ANSWERS
#: Words a sheet keeps of each witness, 40 in all: nobody can fill it and leave no room for the others.
MOST_WORDS = {CODE: 10, HOST: 15, OFFICER: 15}
MOST_REVISIONS = 20
MOST_DISPUTES = 6


@dataclass(kw_only=True)
class Sheet(Card):
    """A shift of a place; what it is stands in ``Card``, and it changes by these verbs only."""

    # Witnesses.

    def check(self, said: str, account: str, now: datetime, *, right: bool) -> dict[str, Any]:
        """The resident typed the workplace's code; return what became of it.

        A wrong one is counted, and after a few the sheet takes none for a while: raise ``attendance_codes_used_up``.
        """
        self._must_be_open()
        opens = self.start - timedelta(minutes=self.rules.early_minutes)
        closes = self.end + timedelta(minutes=self.rules.late_minutes)
        if not opens <= now <= closes:
            raise Refused("attendance_code_not_now", field="attendance_id", opens=iso(opens), closes=iso(closes))
        pause = timedelta(minutes=self.rules.wrong_codes_minutes)
        if self.wrong_since is None or now >= self.wrong_since + pause:
            self.wrong, self.wrong_since = 0, None
        elif self.wrong >= self.rules.wrong_codes:
            raise Refused("attendance_codes_used_up", field="code", until=iso(self.wrong_since + pause))
        if not right:
            self.wrong, self.wrong_since = self.wrong + 1, self.wrong_since or now
            return {"attendance_id": self.id, "wrong": True, "left": self.rules.wrong_codes - self.wrong}
        is_in = any((word.role, word.said) == (CODE, IN) for word in self.words)
        if said == OUT or not is_in:
            # The first coming counts: a second one adds nothing.
            self._add(Word(CODE, said, now, now, account))
        return {"attendance_id": self.id, "wrong": False, "said": said, "at": iso(now)}

    def hear(self, role: str, said: str, at: datetime | None, account: str, now: datetime) -> None:
        """A host or an officer says that the resident came or left at ``at``, or was absent."""
        self._must_be_open()
        if said == ABSENT_SAID:
            if now < self.start:
                raise Refused("shift_not_begun", field="said", start=iso(self.start))
            at = self.start
        if at is None:
            raise Refused("attendance_time_needed", field="at", said=said)
        wide = timedelta(minutes=self.rules.staff_minutes)
        if not self.start - wide <= at <= self.end + wide:
            low, high = iso(self.start - wide), iso(self.end + wide)
            raise Refused("attendance_time_outside", field="at", low=low, high=high)
        if at > now:
            raise Refused("attendance_time_ahead", field="at", now=iso(now))
        self._add(Word(role, said, at, now, account))

    # Settling.

    def confirm(self, role: str, account: str, now: datetime) -> None:
        """A host or an officer confirms what the words come to: once the shift is over, or the resident has left."""
        self._must_be_open()
        decision = self.decision
        if decision.missing is not None or decision.result is None:
            raise Refused("attendance_unclear", field="attendance_id", missing=decision.missing)
        if now < self.end and (decision.left is None or now < decision.left):
            raise Refused("shift_not_over", field="attendance_id", end=iso(self.end))
        self._settle(decision.minutes, decision.result, role, account, now, why=decision.why)

    def pass_time(self, now: datetime) -> str | None:
        """Do what is due; return what was done: ``settled``, ``unclear``, ``late``, ``escalated``, or None."""
        if self.due is None or now < self.due:
            return None
        if self.state == OPEN and self.unclear:
            self.unclear_late = True
            return "late"
        if self.state == OPEN:
            decision = self.decision
            if decision.result is None:
                self._wait(decision.missing, now)
                return "unclear"
            self._settle(decision.minutes, decision.result, CLOCK, "", now, why=decision.why)
            return "settled"
        dispute = self.open_dispute
        if dispute is not None:
            self._put(replace(dispute, escalated=True))
        return "escalated"

    def void(self, withdrawn_at: datetime, now: datetime) -> None:
        """The place is gone: a shift that had not begun by then will not be worked, one that had counts until then.

        One that was settled before the word of it came is counted anew, so that it is nothing which came first.
        """
        if self.state == OPEN and not self.had_begun(withdrawn_at):
            self.state, self.unclear = VOID, False
        elif self.state != VOID and withdrawn_at < self.end:
            self.gone_at = withdrawn_at
            self._count_what_was_held(now)

    def had_begun(self, at: datetime) -> bool:
        """Return whether its work had begun. Past when the place was given: only if somebody said something."""
        if self.end <= self.selected_at:
            return bool(self.words)
        return self.start <= at

    # What comes after.

    def correct(self, role: str, account: str, minutes: int, reason: str, now: datetime) -> None:
        """Count other minutes from now on, for a reason. A host until the window closes, and never over an officer."""
        latest = self._must_be_settled()
        if role != OFFICER:
            if now >= self.correctable_until:
                raise Refused("correction_over", field="attendance_id", until=iso(self.correctable_until))
            if any(one.by == OFFICER for one in self.revisions):
                raise Refused("officer_has_decided", field="attendance_id")
        self._count_anew(latest, minutes, role, account, reason, now)

    def excuse(self, account: str, reason: str, now: datetime) -> None:
        """An officer excuses the absence: nothing is counted, and it is no no-show."""
        if self.state == VOID:
            raise Refused("attendance_is_void", field="attendance_id")
        minutes = self.minutes if self.state == SETTLED else self.decision.minutes
        if minutes > 0:
            raise Refused("attendance_was_worked", field="attendance_id", minutes=minutes)
        if self.latest is not None and self.latest.result == EXCUSED:
            raise Refused("attendance_is_excused", field="attendance_id")
        self._settle(0, EXCUSED, OFFICER, account, now, reason=reason)

    def dispute(self, by: str, account: str, text: str, now: datetime) -> int:
        """The resident or the host says that it was otherwise; return the dispute's number, from 1."""
        latest = self._must_be_settled()
        if self.open_dispute is not None:
            raise Refused("dispute_is_open", field="attendance_id", until=iso(self.open_dispute.until))
        until = self.disputable_until
        if until is not None and now >= until:
            raise Refused("dispute_over", field="attendance_id", until=iso(until))
        if any((one.revision, one.by) == (latest.number, by) for one in self.disputes):
            raise Refused("dispute_was_answered", field="attendance_id")
        if len(self.disputes) >= MOST_DISPUTES:
            raise Refused("too_many_disputes", field="attendance_id", most=MOST_DISPUTES)
        dispute = Dispute(
            number=len(self.disputes) + 1,
            revision=latest.number,
            by=by,
            account=account,
            at=now,
            until=now + timedelta(days=self.rules.answer_days),
            text=text,
        )
        self.disputes = (*self.disputes, dispute)
        self.say(
            events.ATTENDANCE_DISPUTED.fact(
                **self.named(), dispute=dispute.number, until=iso(dispute.until), by_role=by
            )
        )
        return dispute.number

    def answer(self, account: str, answer: str, minutes: int | None, reason: str, now: datetime) -> None:
        """An officer answers the open dispute: upheld with the minutes that count from now on, or rejected."""
        latest = self._must_be_settled()
        dispute = self.open_dispute
        if dispute is None:
            raise Refused("no_open_dispute", field="attendance_id")
        if (answer == UPHELD) != (minutes is not None):
            raise Refused("dispute_minutes_needed", field="minutes", answer=answer)
        if minutes is not None:
            self._count_anew(latest, minutes, OFFICER, account, reason, now)
        self._put(replace(dispute, answer=answer, answered_by=account, answered_at=now, reason=reason, text=""))
        self.say(
            events.ATTENDANCE_DISPUTE_ANSWERED.fact(**self.named(), dispute=dispute.number, answer=answer)
        )

    # Steps.

    def _add(self, word: Word) -> None:
        most = MOST_WORDS[word.role]
        if sum(one.role == word.role for one in self.words) >= most:
            raise Refused("too_many_words", field="attendance_id", most=most)
        self.words = (*self.words, word)
        # What was unclear is looked at again, by the next sweep.
        self.unclear = False
        self.say(
            events.ATTENDANCE_WITNESSED.fact(**self.named(), by=word.role, said=word.said, at=iso(word.at))
        )

    def _wait(self, missing: str | None, now: datetime) -> None:
        """Wait for a person; say so the first time, with the day by which it should be decided."""
        self.unclear = True
        if self.unclear_until is None:
            self.unclear_until = now + timedelta(days=self.rules.unclear_days)
            self.say(
                events.ATTENDANCE_DELAYED.fact(**self.named(), missing=missing, until=iso(self.unclear_until))
            )

    def _count_what_was_held(self, now: datetime) -> None:
        """Count no more than the part in which the place was held; the minutes an officer gave themselves stay."""
        # What words came to has a why, minutes that somebody gave have none.
        given = next((one for one in reversed(self.revisions) if not one.why), None)
        if (given is not None and given.by == OFFICER) or len(self.revisions) >= MOST_REVISIONS:
            return
        decision = self.decision
        minutes, why = (decision.minutes, decision.why) if given is None else (self.held.minutes, ("held_in_part",))
        # Nobody is missed at work of which they gave the place back before it began.
        in_time = minutes == 0 and self.gone_at is not None and not self.had_begun(self.gone_at)
        result = EXCUSED if in_time else result_of(minutes, self.planned)
        latest = self.latest
        if latest is not None and (minutes < latest.minutes or (latest.result == ABSENT and result == EXCUSED)):
            self._settle(minutes, result, CLOCK, "", now, why=why)

    def _count_anew(
        self, latest: Revision, minutes: int, role: str, account: str, reason: str, now: datetime
    ) -> None:
        most = (self.planned if role == OFFICER else self.held).minutes
        if not 0 <= minutes <= most:
            raise Refused("out_of_range", field="minutes", low=0, high=most)
        result = result_of(minutes, self.planned)
        if (minutes, result) == (latest.minutes, latest.result):
            raise Refused("nothing_to_correct", field="minutes", minutes=minutes)
        self._settle(minutes, result, role, account, now, reason=reason)

    def _settle(
        self,
        minutes: int,
        result: str,
        by: str,
        account: str,
        now: datetime,
        *,
        why: tuple[str, ...] = (),
        reason: str = "",
    ) -> None:
        if len(self.revisions) >= MOST_REVISIONS:
            raise Refused("too_many_corrections", field="attendance_id", most=MOST_REVISIONS)
        latest = self.latest
        number = len(self.revisions) + 1
        self.revisions = (*self.revisions, Revision(number, minutes, result, by, account, now, why, reason))
        self.state, self.unclear = SETTLED, False
        known = {"direct_job": self.direct_job, "engagement": self.engagement, "dong": self.dong}
        self.say(
            events.ATTENDANCE_SETTLED.fact(
                **self.named(),
                minutes=minutes,
                was=0 if latest is None else latest.minutes,
                planned=self.planned.minutes,
                result=result,
                result_was=None if latest is None else latest.result,
                revision=number,
                hourly_won=self.hourly_won,
                **{name: value for name, value in known.items() if value is not None},
            )
        )

    def _put(self, dispute: Dispute) -> None:
        self.disputes = tuple(dispute if one.number == dispute.number else one for one in self.disputes)

    def _must_be_open(self) -> None:
        if self.state != OPEN:
            raise Refused(f"attendance_is_{self.state}", field="attendance_id")

    def _must_be_settled(self) -> Revision:
        if self.state == VOID:
            raise Refused("attendance_is_void", field="attendance_id")
        if self.latest is None:
            raise Refused("attendance_is_open", field="attendance_id")
        return self.latest
