"""What the witnesses' words come to, in whole minutes. Pure: no I/O, no clock; the order in which words came is nothing.

A shift is one stretch of work: it has one coming and one going. For each of the two the officer's word outweighs the
host's, and the host's outweighs the code's. Of one person's office the word noted last counts; of the code the earliest
coming and the latest going. Whoever said ``absent`` last stands by it, until that same role says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from shared.clock import iso, kst_day
from shared.events.placement.work import RESULTS, SAID, WITNESSES

CODE, HOST, OFFICER = WITNESSES
IN, OUT, ABSENT_SAID = SAID
WORKED, PARTLY, ABSENT, EXCUSED = RESULTS
#: Whose word comes first.
WEIGHT = (OFFICER, HOST, CODE)
#: What can be missing before the words come to anything.
ANY_WORD = "word"


@dataclass(frozen=True)
class Rules:
    """How attendance is counted (deploy/data/attendance.yaml). Names end in their unit."""

    grace_minutes: int = 10
    agree_minutes: int = 10
    early_minutes: int = 30
    late_minutes: int = 30
    staff_minutes: int = 180
    settle_after_hours: int = 24
    correction_days: int = 14
    dispute_days: int = 7
    answer_days: int = 7
    unclear_days: int = 7
    wrong_codes: int = 5
    wrong_codes_minutes: int = 10


@dataclass(frozen=True)
class Planned:
    """The half-open span of one shift, UTC, on whole minutes."""

    start: datetime
    end: datetime

    @property
    def minutes(self) -> int:
        """How long it is planned to be."""
        return int((self.end - self.start).total_seconds() // 60)

    @property
    def day(self) -> date:
        """The KST day it belongs to: the one on which it starts, also when it passes midnight."""
        return kst_day(self.start)

    def within(self, since: datetime | None, until: datetime | None) -> Planned:
        """Return the part of it in which the place was held, on whole minutes: it may be empty, never negative."""
        start = self.start if since is None else max(self.start, _minute_up(since))
        end = self.end if until is None else min(self.end, _minute_up(until))
        return Planned(start, max(start, end))


@dataclass(frozen=True)
class Word:
    """What one witness said: came, left (``at``), or was absent. ``account`` is whose it is, kept for the trail."""

    role: str
    said: str
    at: datetime
    noted_at: datetime
    account: str


@dataclass(frozen=True)
class Decision:
    """What the words come to. ``result`` None: nothing yet, because ``missing`` must be said by a host or an officer.

    ``why`` tells it in codes: ``in:host`` (whose word counted), ``in_agreed:code``, ``in_differs:code``, ``in_grace``,
    the same for ``out``; ``absent:host``, ``absent_differs:code``, ``nobody_said``, ``outside``; ``held_in_part``: the
    place was given, or given back, in the middle of the shift.
    """

    result: str | None
    minutes: int
    why: tuple[str, ...]
    came: datetime | None = None
    left: datetime | None = None
    missing: str | None = None


@dataclass(frozen=True)
class _Stance:
    """What one role holds."""

    role: str
    came: datetime | None
    left: datetime | None
    absent: bool

    @property
    def speaks(self) -> bool:
        return self.absent or self.came is not None or self.left is not None

    def edge(self, said: str) -> datetime | None:
        return self.came if said == IN else self.left


def counted(came: datetime, left: datetime, planned: Planned, rules: Rules) -> int:
    """Return the minutes of the planned span that lie within ``[came, left)``; part of a minute counts as one.

    Within the grace at either end the planned time counts in full; the grace is at most a sixth of the shift, so that
    nobody is paid for a short shift by looking in. Never below 0, never above what was planned.
    """
    start, end = max(came, planned.start), min(left, planned.end)
    if end <= start:
        return 0
    grace = _grace(planned, rules)
    if came <= planned.start + grace:
        start = planned.start
    if left >= planned.end - grace:
        end = planned.end
    return min(planned.minutes, -(-(end - start) // timedelta(minutes=1)))


def result_of(minutes: int, planned: Planned) -> str:
    """Return what so many counted minutes are called."""
    if minutes <= 0:
        return ABSENT
    return WORKED if minutes >= planned.minutes else PARTLY


def decided(words: Iterable[Word], planned: Planned, rules: Rules, held: Planned | None = None) -> Decision:
    """Return what the words come to, whatever their order.

    ``held``: the part in which the place was held, if not all; outside it only an officer's word counts.
    """
    ordered = sorted(words, key=lambda word: (word.noted_at, word.at, word.said, word.account))
    stances = [stance for role in WEIGHT if (stance := _stance(role, ordered)).speaks]
    if not stances:
        return Decision(ABSENT, 0, ("nobody_said",), missing=ANY_WORD)
    if stances[0].absent:
        differ = [f"absent_differs:{other.role}" for other in stances[1:] if not other.absent]
        agreed = [f"absent_agreed:{other.role}" for other in stances[1:] if other.absent]
        return Decision(ABSENT, 0, (f"absent:{stances[0].role}", *agreed, *differ))
    came, why_came = _edge(IN, stances, rules)
    left, why_left = _edge(OUT, stances, rules)
    why = (*why_came, *why_left, *(f"absent_differs:{one.role}" for one in stances if one.absent))
    if came is None:
        return Decision(None, 0, why, None, left, missing=IN)
    if left is None or left <= came:
        return Decision(None, 0, why, came, None, missing=OUT)
    minutes = counted(came, left, planned, rules)
    if held is not None and held != planned:
        # What an officer says stands: whoever worked on when the place was given back by mistake is paid.
        since = planned.start if why_came[0] == f"{IN}:{OFFICER}" else held.start
        until = planned.end if why_left[0] == f"{OUT}:{OFFICER}" else held.end
        inside = Planned(since, max(since, until)).minutes
        came_then = came if since == planned.start else max(came, since)
        minutes = min(inside, counted(came_then, min(left, until), planned, rules))
        why = (*why, "held_in_part")
    return Decision(result_of(minutes, planned), minutes, (*why, *_notes(came, left, planned, rules)), came, left)


def told(decision: Decision) -> dict[str, object]:
    """Return a decision, JSON-ready."""
    return {
        "result": decision.result,
        "minutes": decision.minutes,
        "why": list(decision.why),
        "came": None if decision.came is None else iso(decision.came),
        "left": None if decision.left is None else iso(decision.left),
        "missing": decision.missing,
    }


def _minute_up(at: datetime) -> datetime:
    whole = at.replace(second=0, microsecond=0)
    return whole if whole == at else whole + timedelta(minutes=1)


def _grace(planned: Planned, rules: Rules) -> timedelta:
    return timedelta(minutes=min(rules.grace_minutes, planned.minutes // 6))


def _notes(came: datetime, left: datetime, planned: Planned, rules: Rules) -> list[str]:
    if left <= planned.start or came >= planned.end:
        return ["outside"]
    grace = _grace(planned, rules)
    late = planned.start < came <= planned.start + grace
    early = planned.end > left >= planned.end - grace
    return [note for note, holds in (("in_grace", late), ("out_grace", early)) if holds]


def _stance(role: str, ordered: list[Word]) -> _Stance:
    own = [word for word in ordered if word.role == role]
    absent = [number for number, word in enumerate(own) if word.said == ABSENT_SAID]
    if absent:
        own = own[absent[-1] + 1 :]
    came = [word.at for word in own if word.said == IN]
    left = [word.at for word in own if word.said == OUT]
    if role == CODE:
        return _Stance(role, min(came, default=None), max(left, default=None), absent=False)
    return _Stance(role, came[-1] if came else None, left[-1] if left else None, absent=bool(absent) and not own)


def _edge(said: str, stances: list[_Stance], rules: Rules) -> tuple[datetime | None, list[str]]:
    """Return the coming or the going that counts, whose word it is, and who agrees."""
    saying = [(stance.role, at) for stance in stances if (at := stance.edge(said)) is not None]
    if not saying:
        return None, []
    role, at = saying[0]
    why = [f"{said}:{role}"]
    for other, their_at in saying[1:]:
        near = abs(their_at - at) <= timedelta(minutes=rules.agree_minutes)
        why.append(f"{said}_{'agreed' if near else 'differs'}:{other}")
    return at, why
