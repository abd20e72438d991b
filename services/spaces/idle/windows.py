"""When a space can still be booked. Pure: no I/O, no clock.

    open hours  ######################........########
    claims          [==]        [=====]                   each with the longer of its own buffer and ours beside it
    windows     ####      ######       #      ########    then on the step, long enough, neither too soon nor too far

A window leaves room: a booking of any part of it, on the step and of an allowed length, clashes with nobody
(``Claim.clashes_with``) and passes the rules of its space (facilities/rules.py). Of a kit that may be out overnight,
hand-over and return lie in opening hours, and the window runs on through the night.

A question works out hundreds of these, so they are reckoned in whole milliseconds since 1970 (UTC), not in ``Span``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from services.spaces.diary.model import Claim, Diary
from services.spaces.facilities.model import ENDS, Limits, Place, Space
from services.spaces.spans import Span
from shared.clock import kst_day, start_of_kst_day

#: ``[start, end)``, milliseconds since 1970 in UTC.
Stretch = tuple[int, int]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
_MINUTE = 60_000
_DAY = 24 * 60 * _MINUTE
#: Seoul is nine hours ahead, all year round since 1988.
_SEOUL = 9 * 60 * _MINUTE


def ms(instant: datetime) -> int:
    """Return whole milliseconds since 1970."""
    return (instant - _EPOCH) // _MS


def stretch(span: Span) -> Stretch:
    """Return a span in milliseconds."""
    return ms(span.start), ms(span.end)


@dataclass(frozen=True, slots=True)
class Window:
    """A free stretch of which any part can be booked, on the step, for at most ``longest`` minutes at once."""

    start: int
    end: int
    longest: int

    @property
    def span(self) -> Span:
        """From when until when."""
        return Span(_EPOCH + self.start * _MS, _EPOCH + self.end * _MS)

    @property
    def minutes(self) -> int:
        """Its whole length, which may be more than can be booked at once."""
        return (self.end - self.start) // _MINUTE


def reach(space: Space, now: datetime) -> Stretch:
    """Return when bookings of a space may lie: not sooner than its notice, until its last day in Seoul is over."""
    last = kst_day(now) + timedelta(days=space.limits.horizon_days)
    return ms(now) + space.limits.notice_minutes * _MINUTE, ms(start_of_kst_day(last)) + _DAY


def diary_ids(space: Space, stretches: Iterable[Stretch]) -> set[str]:
    """Return the diaries that a booking within these stretches, buffers included, would be written into."""
    before, after = space.before // _MS, space.after // _MS
    days = {
        day
        for start, end in stretches
        for day in range((start - before + _SEOUL) // _DAY, (end + after - 1 + _SEOUL) // _DAY + 1)
    }
    return {Diary.id_of(space.root_id, date.fromordinal(_EPOCH.toordinal() + day)) for day in days}


def blocked(space: Space, claims: Iterable[Claim]) -> list[Stretch]:
    """Return where no booking of this space may lie: the claims on its parts, each with the longer buffer beside it."""
    return sorted(
        (
            ms(claim.span.start) - max(claim.before, space.after) // _MS,
            ms(claim.span.end) + max(claim.after, space.before) // _MS,
        )
        for claim in claims
        if claim.shares_parts_with(space.parts)
    )


def windows(
    place: Place,
    opened: Sequence[Stretch],
    claims: Iterable[Claim],
    asked: Stretch,
    *,
    now: datetime,
    minutes: int | None = None,
) -> tuple[Window, ...]:
    """Return the windows within ``asked`` in which at least ``minutes`` (and the space's least) can be booked.

    ``opened``: opening hours in order, also beyond ``asked``; ``claims``: of every diary that ``diary_ids`` names.
    """
    space = place.space
    within = common(asked, reach(space, now))
    if within is None:
        return ()
    least = max(space.limits.min_minutes, minutes or 0)
    found = []
    for run in _without(within, blocked(space, claims)):
        pieces = [piece for one in opened if (piece := common(one, run)) is not None]
        for together in [pieces] if space.hours_apply == ENDS else [[piece] for piece in pieces]:
            window = _window(together, space.limits)
            if window is not None and window.longest >= least:
                found.append(window)
    return tuple(found)


def common(one: Stretch, other: Stretch) -> Stretch | None:
    """Return what both have in common, or None."""
    start, end = max(one[0], other[0]), min(one[1], other[1])
    return (start, end) if start < end else None


def _without(whole: Stretch, cuts: Sequence[Stretch]) -> list[Stretch]:
    """Return what is left once ``cuts``, in order, are cut out."""
    left = []
    start, end = whole
    for cut_start, cut_end in cuts:
        if cut_start > start:
            left.append((start, min(cut_start, end)))
        start = max(start, cut_end)
        if start >= end:
            return left
    left.append((start, end))
    return left


def _window(pieces: Iterable[Stretch], limits: Limits) -> Window | None:
    """Return the window whose ends lie in these pieces of opening hours, in order; between them it may be closed."""
    step, most = limits.step_minutes * _MINUTE, limits.max_minutes * _MINUTE
    stepped = [(_up(start, step), _down(end, step)) for start, end in pieces]
    stepped = [(start, end) for start, end in stepped if start < end]
    if not stepped:
        return None
    # The longest booking begins as early or as late as it may, or as late as it may to end with a piece.
    starts = {start for first, end in stepped for start in (first, _down(end - 1, step), _up(end - most, step))}
    longest = 0
    for start in starts:
        if any(first <= start < end for first, end in stepped):
            for first, last in stepped:
                end = min(last, _down(start + most, step))
                if end > max(first, start):
                    longest = max(longest, end - start)
    return Window(stepped[0][0], stepped[-1][1], longest // _MINUTE) if longest else None


def _up(instant: int, step: int) -> int:
    """Return the next instant on the step, counted from midnight in Seoul."""
    past = (instant + _SEOUL) % _DAY
    return instant - past + min(-(-past // step) * step, _DAY)


def _down(instant: int, step: int) -> int:
    past = (instant + _SEOUL) % _DAY
    return instant - past + past // step * step
