"""What is idle: near a point, beside a booking that can't be, and over the days of one space.

The index of points says who comes into question, cards in this process what they are like; the database is asked for
diaries only, a page's worth or two at once, and the rest is worked out here (windows.py, ranking.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Protocol

from services.spaces.facilities.model import OPEN, Place
from services.spaces.facilities.rules import refusal
from services.spaces.idle.ranking import Wishes, score
from services.spaces.idle.search import MOST_DIARIES, Found, Needs, Order, Search, is_silent, of_root
from services.spaces.idle.shown import cut, freshness_row, row_of
from services.spaces.idle.windows import diary_ids, stretch, windows
from services.spaces.spans import Span, united
from shared.actors import Actor
from shared.clock import Clock, from_iso, iso, kst_day, start_of_kst_day
from shared.errors import NotFound, Refused
from shared.geo import WALK_RADIUS, Point, walking_minutes
from shared.pages import after, checked_limit, page

#: How a point was found. A device's own position needs the resident's location consent (위치정보법 제18조).
SOURCES = ("typed_address", "map", "device")
#: Metres. A wider circle is no walk.
WIDEST = 5_000
#: Days that one question may span.
MOST_DAYS = 7
#: Rows of one page.
MOST_ROWS = 100
_DAY = timedelta(days=1)
#: Days of one timetable.
WEEK = 7
#: Days that a timetable may lie behind or ahead.
FARTHEST = 400


class Consents(Protocol):
    """Asks residents whether one of them consents to a purpose."""

    def given(self, resident_id: str, purpose: str) -> bool:
        """Return whether the consent is in force."""


@dataclass(frozen=True)
class IdleDesk:
    """What is idle. The point that is asked for is never stored."""

    search: Search
    consents: Consents
    clock: Clock

    def near(
        self,
        actor: Actor,
        *,
        tenant: str,
        lat: float,
        lon: float,
        radius: int = WALK_RADIUS,
        source: str = "typed_address",
        start: datetime | None = None,
        until: datetime | None = None,
        minutes: int | None = None,
        capacity: int | None = None,
        equipment: Sequence[str] = (),
        accessibility: Sequence[str] = (),
        kind: str | None = None,
        mode: str | None = None,
        plan_needed: bool | None = None,
        wished_equipment: Sequence[str] = (),
        wished_accessibility: Sequence[str] = (),
        limit: int = 20,
        cursor: str | None = None,
    ) -> dict[str, Any]:
        """Return ``{spaces, cursor, start, until, within, looked_at}``: spaces with idle windows, the best first.

        ``start`` (now) and ``until`` (the end of that day in Seoul) bound the windows. Each row has its best window
        (``start``, ``end``, ``minutes``; ``longest_minutes`` at once), ``more`` windows, ``distance_m`` and
        ``walk_minutes``, ``calendar_read_at`` and ``fresh`` (both null without a calendar to read), its ``score`` of
        10,000 and the ``parts`` that add up to it (ranking.py). ``within`` spaces are in the circle; the nearest
        ``looked_at`` of them came into question.

        A space whose calendar was not read in time is left out where its facility fails closed, and ``tentative``
        elsewhere. Raises ``Refused``: ``location_consent_needed``, ``out_of_range``, ``span_empty``,
        ``question_too_long``.
        """
        point = Point(lat, lon)
        self._may_ask_from(actor, source)
        if not 1 <= radius <= WIDEST:
            raise Refused("out_of_range", field="radius", low=1, high=WIDEST)
        checked_limit(limit, MOST_ROWS)
        now = self.clock.now()
        key = _key_of(cursor)
        asked = key.asked if key is not None else asked_for(start, until, now)
        needs = Needs(capacity, frozenset(equipment), frozenset(accessibility), kind, mode, plan_needed)
        wishes = Wishes(asked.start, minutes, capacity, frozenset(wished_equipment), frozenset(wished_accessibility))
        most = max(1, MOST_DIARIES // len(asked.days))
        near = self.search.candidates(point, radius, tenant, needs, most)
        behind = None if key is None else key.order
        found = self.search.best(
            near, asked, now, minutes, lambda one: _ranked(one, wishes), behind, limit + 1
        )
        rows, further = page(
            map(row_of, found),
            limit,
            lambda row: (iso(asked.start), iso(asked.end), str(row["score"]), str(row["distance_mm"]), row["space_id"]),
        )
        for row in rows:
            del row["distance_mm"]
        return {
            "spaces": rows,
            "cursor": further,
            "start": iso(asked.start),
            "until": iso(asked.end),
            "within": near.within,
            "looked_at": near.looked_at,
        }

    def alternatives(
        self, place: Place, span: Span, *, most: int = 5, minutes: int | None = None
    ) -> list[dict[str, Any]]:
        """Return other spaces within a ten-minute walk that are free as long (``minutes``, else as the span is).

        Rows are ``{space_id, start, end, metres, walk_minutes}``: the same kind first, then at the same time, else the
        nearest time of the same KST day, then the nearest; at most ``most``. Parts of the same hall come into question,
        the space itself does not.
        """
        now = self.clock.now()
        wanted = minutes or span.minutes
        midnight = start_of_kst_day(kst_day(span.start))
        asked = Span(min(midnight, span.start), max(midnight + _DAY, span.end))
        near = self.search.candidates(
            place.space.point, WALK_RADIUS, place.space.tenant, Needs(), MOST_DIARIES // len(asked.days)
        )
        others = [one for one in near.cards if one[0].place.space.id != place.space.id]
        rows = []
        for found in self.search.idle(others, asked, now, wanted):
            offer = _closest(found, self.search.opened_spans(found.card, asked), span.start, wanted, now)
            if offer is not None:
                other_kind = found.place.space.kind != place.space.kind
                rows.append((other_kind, abs(offer.start - span.start), found.metres, found.place.space.id, offer))
        return [
            {
                "space_id": space_id,
                "start": iso(offer.start),
                "end": iso(offer.end),
                "metres": round(metres),
                "walk_minutes": walking_minutes(metres),
            }
            for _, _, metres, space_id, offer in sorted(rows)[:most]
        ]

    def day(self, _actor: Actor, *, space_id: str, day: date) -> dict[str, Any]:
        """Return ``{space_id, days, calendar_read_at, fresh}`` with one day (see ``week``)."""
        return self._timetable(space_id, day, 1)

    def week(self, _actor: Actor, *, space_id: str, day: date) -> dict[str, Any]:
        """Return ``{space_id, days, calendar_read_at, fresh}``: seven KST days from ``day`` on.

        Each day is ``{day, open, taken, free}``, lists of ``{start, end}`` cut to that day: opening hours, what is
        taken (never by whom), and what can be booked. What is neither taken nor free lies in somebody's buffer, too
        soon, too far ahead, or is too short.
        """
        return self._timetable(space_id, day, WEEK)

    def _timetable(self, space_id: str, first: date, days: int) -> dict[str, Any]:
        now = self.clock.now()
        low, high = (kst_day(now) + timedelta(days=away) for away in (-FARTHEST, FARTHEST))
        if not low <= first <= high:
            raise Refused("out_of_range", field="day", low=low.isoformat(), high=high.isoformat())
        card = self.search.cards.of([space_id]).get(space_id)
        if card is None:
            raise NotFound("no_such_space", field="space_id", id=space_id)
        place = card.place
        asked = Span(start_of_kst_day(first), start_of_kst_day(first + timedelta(days=days)))
        claims = of_root(self.search.claims(diary_ids(place.space, [stretch(asked)])), place)
        opened = self.search.opened_spans(card, asked)
        taken = united(claim.span for claim in claims if claim.shares_parts_with(place.space.parts))
        read = self.search.read([place]).get(space_id)
        bookable = place.state == OPEN and not is_silent(place, read)
        free = windows(place, self.search.opened(card, asked), claims, stretch(asked), now=now) if bookable else ()
        return {
            "space_id": space_id,
            "days": [
                {
                    "day": day.isoformat(),
                    "open": cut(opened, day),
                    "taken": cut(taken, day),
                    "free": cut((window.span for window in free), day),
                }
                for day in asked.days
            ],
            **freshness_row(read),
        }

    def _may_ask_from(self, actor: Actor, source: str) -> None:
        if source not in SOURCES:
            raise Refused("input_invalid", field="source", why=", ".join(SOURCES))
        if source == "device" and not (actor.is_any("resident") and self.consents.given(actor.subject, "location")):
            raise Refused("location_consent_needed", field="source")


def asked_for(start: datetime | None, until: datetime | None, now: datetime) -> Span:
    """Return when somebody wants to be in; raise ``Refused`` when that is empty, over, or more than a week."""
    begins = max(start or now, now)
    ends = until or start_of_kst_day(kst_day(begins)) + _DAY
    if ends <= begins:
        raise Refused("span_empty", field="until")
    if ends - begins > MOST_DAYS * _DAY:
        raise Refused("question_too_long", field="until", days=MOST_DAYS)
    return Span(begins, ends)


@dataclass(frozen=True)
class _Key:
    """Where a page begins: the question's own time stays as it was on the first page."""

    asked: Span
    order: Order


def _key_of(cursor: str | None) -> _Key | None:
    key = after(cursor, 5)
    if key is None:
        return None
    try:
        asked = Span(from_iso(key[0]), from_iso(key[1]))
        order = -int(key[2]), int(key[3]), key[4]
    except ValueError as error:
        raise Refused("bad_cursor", field="cursor") from error
    if asked.end - asked.start > MOST_DAYS * _DAY:
        raise Refused("bad_cursor", field="cursor")
    return _Key(asked, order)


def _ranked(found: Found, wishes: Wishes) -> Found:
    scored = [(score(found.place.space, window, found.metres, wishes), window) for window in found.windows]
    scored.sort(key=lambda pair: (-pair[0].points, pair[1].start))
    return replace(found, windows=tuple(window for _, window in scored), score=scored[0][0])


def _closest(
    found: Found, opened: Sequence[Span], start: datetime, minutes: int, now: datetime
) -> Span | None:
    """Return the part of a window, as long as wanted, that can be booked and begins nearest to ``start``."""
    length, step = timedelta(minutes=minutes), timedelta(minutes=found.place.space.limits.step_minutes)
    parts = []
    for window in found.windows:
        span = window.span
        first, latest = span.start, span.end - length
        if latest < first:
            continue
        steps = min(max((start - first) // step, 0), (latest - first) // step)
        parts += [Span(one, one + length) for one in (first + steps * step, first + (steps + 1) * step) if one <= latest]
    # The rules once more: not every length is on the step, and a kit is handed over in opening hours.
    allowed = (part for part in parts if refusal(found.place, part, opened, now) is None)
    return min(allowed, key=lambda part: (abs(part.start - start), part.start), default=None)
