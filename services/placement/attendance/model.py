"""A sheet: one shift of one place, and who said what about it. Pure: no I/O, no clock, no framework; time comes in.

    open --confirm (host, officer), or by itself when due--> settled --correct, answer, excuse--> settled, next revision
      |  +--nothing to decide by--> open, unclear: waits for a host or an officer
      +--the place is gone before the work began--> void

Nothing that was said or settled is ever edited: words, revisions and disputes are only added, up to a bound each.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from services.placement.attendance.deciding import (
    ABSENT_SAID,
    CODE,
    EXCUSED,
    HOST,
    IN,
    OFFICER,
    OUT,
    Decision,
    Planned,
    Rules,
    Word,
    decided,
    result_of,
)
from services.placement.attendance.revisions import CLOCK, Dispute, Revision
from shared.aggregate import Aggregate
from shared.clock import iso
from shared.errors import Refused
from shared.events.placement import work as events

OPEN, SETTLED, VOID = "open", "settled", "void"
RESIDENT = "resident"
UPHELD, REJECTED = events.ANSWERS
#: Words a sheet keeps of each witness, 40 in all: nobody can fill it and leave no room for the others.
MOST_WORDS = {CODE: 10, HOST: 15, OFFICER: 15}
MOST_REVISIONS = 20
MOST_DISPUTES = 6


@dataclass(kw_only=True)
class Sheet(Aggregate):
    """One shift of one place. Its id is ``application:attempt:shift``; ``placement`` is ``application:attempt``.

    What the opening said is kept with it: what was worked is paid by the terms of then.
    """

    placement: str
    opening_id: str
    programme_id: str
    district: str
    resident_id: str
    application_id: str
    attempt: int
    shift: int
    #: How many shifts, and so sheets, the place has.
    shifts: int
    start: datetime
    end: datetime
    hourly_won: int
    place: str
    selected_at: datetime
    made_at: datetime
    dong: str | None = None
    direct_job: bool | None = None
    engagement: str | None = None
    state: str = OPEN
    words: tuple[Word, ...] = ()
    revisions: tuple[Revision, ...] = ()
    disputes: tuple[Dispute, ...] = ()
    #: Due, and nothing to decide by.
    unclear: bool = False
    #: When the place was given back, if that was before the end of the shift: later only an officer's word counts.
    gone_at: datetime | None = None
    #: Wrong codes since then.
    wrong: int = 0
    wrong_since: datetime | None = None
    rules: Rules = field(default_factory=Rules)

    @staticmethod
    def id_of(application_id: str, attempt: int, shift: int) -> str:
        """Return the id of the sheet of a place's shift."""
        return f"{application_id}:{attempt}:{shift}"

    @property
    def planned(self) -> Planned:
        """The span of the shift."""
        return Planned(self.start, self.end)

    @property
    def decision(self) -> Decision:
        """What its words come to now."""
        return decided(self.words, self.planned, self.rules, self.held)

    @property
    def held(self) -> Planned:
        """The part of the shift in which the place was this one, so that no hour of a resident counts for two places.

        A place that is given again counts from then on: what came before belongs to the one that was given back.
        """
        again = self.attempt > 1 and self.selected_at < self.end
        return self.planned.within(self.selected_at if again else None, self.gone_at)

    @property
    def latest(self) -> Revision | None:
        """What it counts now, or None."""
        return self.revisions[-1] if self.revisions else None

    @property
    def minutes(self) -> int:
        """The minutes it counts; 0 until it is settled."""
        return self.revisions[-1].minutes if self.revisions else 0

    @property
    def open_dispute(self) -> Dispute | None:
        """The dispute that waits for an answer, or None: there is at most one."""
        return next((one for one in reversed(self.disputes) if one.answer is None), None)

    @property
    def ready(self) -> datetime:
        """From when it can be settled: the shift is over, and there is a sheet (a rehearsal's work may lie in the past)."""
        return max(self.end, self.made_at)

    @property
    def due(self) -> datetime | None:
        """When something happens by itself: it is settled, or an unanswered dispute escalates."""
        if self.state == OPEN and not self.unclear:
            return self.ready + timedelta(hours=self.rules.settle_after_hours)
        dispute = self.open_dispute
        return None if dispute is None or dispute.escalated else dispute.until

    @property
    def waits_until(self) -> datetime | None:
        """Until when an officer should have answered, or decided what nobody else did; None when none has to."""
        if self.state == OPEN:
            return self.ready + timedelta(hours=self.rules.settle_after_hours) if self.unclear else None
        return None if self.open_dispute is None else self.open_dispute.until

    @property
    def correctable_until(self) -> datetime:
        """Until when a host may correct; later only an officer."""
        return self.ready + timedelta(days=self.rules.correction_days)

    @property
    def disputable_until(self) -> datetime | None:
        """Until when the resident or the host may dispute what counts now."""
        return None if self.latest is None else self.latest.at + timedelta(days=self.rules.dispute_days)

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
        """Do what is due; return what was done: ``settled``, ``unclear``, ``escalated``, or None."""
        if self.due is None or now < self.due:
            return None
        if self.state == OPEN:
            decision = self.decision
            if decision.result is None:
                self.unclear = True
                return "unclear"
            self._settle(decision.minutes, decision.result, CLOCK, "", now, why=decision.why)
            return "settled"
        dispute = self.open_dispute
        if dispute is not None:
            self._put(replace(dispute, escalated=True))
        return "escalated"

    def void(self, withdrawn_at: datetime) -> None:
        """The place is gone: a shift that had not begun by then will not be worked, one that had counts until then.

        What is settled stays.
        """
        if self.state == OPEN and not self.had_begun(withdrawn_at):
            self.state, self.unclear = VOID, False
        elif self.state != VOID and withdrawn_at < self.end:
            self.gone_at = withdrawn_at

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
        until = latest.at + timedelta(days=self.rules.dispute_days)
        if now >= until:
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
            events.ATTENDANCE_DISPUTED.fact(**self.named(), dispute=dispute.number, until=iso(dispute.until))
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

    def named(self) -> dict[str, Any]:
        """Return what every fact about it carries."""
        return {
            "opening_id": self.opening_id,
            "programme_id": self.programme_id,
            "district": self.district,
            "resident_id": self.resident_id,
            "application_id": self.application_id,
            "attempt": self.attempt,
            "attendance_id": self.id,
            "shift": self.shift,
            "day": self.planned.day.isoformat(),
        }

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
