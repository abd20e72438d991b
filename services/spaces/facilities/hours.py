"""When a place is open, from its week, its exceptional days and the public holidays. Pure.

A day's windows are those of its exception, if it has one; else none on a public holiday of a facility that closes then;
else those of the week. A window that passes midnight flows into the next day whatever that day is: a Friday night
belongs to Friday. An exception is a fact about the building and counts for spaces with hours of their own, too.
"""

from __future__ import annotations

from collections.abc import Container
from datetime import date, timedelta

from services.spaces.facilities.model import Facility, Hours, Place, Window
from services.spaces.spans import Span, united
from shared.clock import start_of_kst_day


def windows_on(day: date, facility: Facility, hours: Hours, holidays: Container[date]) -> tuple[Window, ...]:
    """Return the windows that begin on this KST day."""
    special = next((one for one in facility.exceptions if one.day == day), None)
    if special is not None:
        return special.windows
    if facility.holidays == "closed" and day in holidays:
        return ()
    return hours.weekly[day.weekday()]


def open_spans(place: Place, first: date, last: date, holidays: Container[date]) -> tuple[Span, ...]:
    """Return when the place is open on the KST days from ``first`` to ``last``, both included, in order.

    Spans are cut at the two midnights, so that days asked for one by one, united, give the same. Whether the space and
    its facility are open at all is another question (``Place.state``).
    """
    if last < first:
        return ()
    asked = Span(start_of_kst_day(first), start_of_kst_day(last + timedelta(days=1)))
    found: list[Span] = []
    # The evening before may flow into the first day.
    for number in range(first.toordinal() - 1, last.toordinal() + 1):
        day = date.fromordinal(number)
        midnight = start_of_kst_day(day)
        for opens, closes in windows_on(day, place.facility, place.hours, holidays):
            part = Span(midnight + timedelta(minutes=opens), midnight + timedelta(minutes=closes)).common(asked)
            if part is not None:
                found.append(part)
    return united(found)
