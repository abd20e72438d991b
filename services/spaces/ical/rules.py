"""The instances of an RRULE within a window, until its end; never more than that, whatever the rule says."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from services.spaces.ical.model import Limits
from services.spaces.ical.repeats import Repeat, read_parts
from services.spaces.ical.zones import exists, instant, wall

_UNTIL = re.compile(r"(\d{8})(?:T(\d{6})(Z?))?", re.ASCII)
_DAY_LONG = timedelta(days=1)


class TooMany(Exception):
    """The rule would cost more steps than there are left."""


@dataclass
class Budget:
    """The steps that are left for the rules of one file."""

    limits: Limits
    spent: int = 0

    def step(self, steps: int, cost: int = 1) -> int:
        """Return how many steps a rule has taken with this one; raise ``TooMany``."""
        self.spent += cost
        if self.spent > self.limits.steps or steps + cost > self.limits.steps_per_rule:
            raise TooMany
        return steps + cost


@dataclass(frozen=True)
class End:
    """Until when a rule goes, the last instance included."""

    #: No instance later than this on the wall is wanted, or None.
    wall: datetime | None = None
    within: Callable[[datetime], bool] = lambda _on_wall: True
    #: UNTIL is not of DTSTART's kind.
    mixed: bool = False


@dataclass(frozen=True)
class Rule:
    """An RRULE that was read."""

    #: FREQ, INTERVAL, BY parts and WKST, as they were written, in capitals.
    parts: dict[str, str]
    count: int | None = None
    until: str = ""
    #: COUNT is not above zero: how some exporters say "for ever".
    odd_count: bool = False

    @staticmethod
    def read(text: str) -> Rule:
        """Return the rule; raise ``ValueError`` for one that RFC 5545 3.3.10 does not know."""
        parts = read_parts(text)
        told_count, until = parts.pop("COUNT", ""), parts.pop("UNTIL", "")
        if until:
            _until(until)
        Repeat.read(parts, datetime(2026, 1, 1))  # noqa: DTZ001 - a wall clock, to see that it can be read
        count = int(told_count) if told_count else None
        odd = count is not None and count < 1
        return Rule(parts, None if odd else count, until, odd)

    def end(self, *, zone: tzinfo, all_day: bool, default: tzinfo) -> End:
        """Return until when it goes, for an event by the clocks of ``zone``."""
        if not self.until:
            return End()
        on_wall, has_time, in_utc = _until(self.until)
        if all_day and has_time:
            # Exporters write midnight or the last second of the day on the wall, told in UTC.
            on_wall = wall(on_wall.replace(tzinfo=UTC), default) if in_utc else on_wall
        if all_day or not has_time:
            # UNTIL must be of DTSTART's kind (3.3.10). A bare day is meant to be the last one, all of it: rather too
            # busy than free by mistake.
            last = on_wall.date()
            return End(on_wall + _DAY_LONG, lambda at: at.date() <= last, mixed=all_day == has_time)
        if in_utc:
            until = on_wall.replace(tzinfo=UTC)
            return End(wall(until, zone) + _DAY_LONG, lambda at: instant(at, zone) <= until)
        return End(on_wall, lambda at: at <= on_wall)

    def walls(
        self, start: datetime, zone: tzinfo, *, end: End, first: datetime, last: datetime, all_day: bool, budget: Budget
    ) -> Iterator[datetime]:
        """Yield its instances from ``first`` until ``last`` on the wall, in order; raise ``TooMany``.

        An instance at a time that the clocks leave out is no instance and is not counted (3.3.10).
        """
        last = last if end.wall is None else min(last, end.wall)
        if last < start:
            return
        repeat = Repeat.read(self.parts, start)
        # A weekly class that began in 2010 needs no stepping through sixteen years; a rule that counts does.
        number, left, steps = 0 if self.count is not None else repeat.first_period(first), self.count, 0
        while (begin := repeat.begin(number)) <= last:
            number += 1
            # A period costs, and so does each time that it names.
            steps = budget.step(steps, repeat.cost)
            for at in repeat.period(begin):
                steps = budget.step(steps)
                if at < start or (not all_day and not exists(at, zone)):
                    continue
                if at > last or left == 0:
                    return
                left = None if left is None else left - 1
                if at >= first and end.within(at):
                    yield at


def _until(text: str) -> tuple[datetime, bool, bool]:
    """Return UNTIL on its wall, whether it has a time, and whether it is told in UTC; raise ``ValueError``."""
    found = _UNTIL.fullmatch(text)
    if found is None:
        raise ValueError("UNTIL of a rule")
    at = datetime.strptime(found[1] + (found[2] or "000000"), "%Y%m%d%H%M%S")  # noqa: DTZ007 - a wall clock
    # Some end a rule in the year 9999, whose last days have no instant in other zones.
    return min(max(at, datetime(1900, 1, 1)), datetime(9000, 1, 1)), found[2] is not None, found[3] == "Z"  # noqa: DTZ001
