"""A series is N bookings under one series id: each is decided by itself, and every refused occurrence is named."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from services.spaces.bookings.shown import shown
from services.spaces.bookings.usecases import BookingDesk
from shared.actors import Actor
from shared.clock import iso
from shared.errors import CrossesTheDoor, NotFound, Refused

#: Occurrences of one series: half a year of weeks, two months of days.
MOST_OCCURRENCES = 60


@dataclass(frozen=True)
class SeriesDesk:
    """The acts on series."""

    desk: BookingDesk

    def request(
        self,
        actor: Actor,
        *,
        act_id: str,
        series_id: str,
        space_id: str,
        start: datetime,
        end: datetime,
        every_days: int,
        times: int,
        subscription_id: str | None = None,
        resident_id: str | None = None,
    ) -> dict[str, Any]:
        """Ask for a span and its repeats every so many days at the same hour in Seoul.

        Returns ``{series_id, made, refused}``: each made occurrence with its booking, each refused one with its span
        and the reason. Asking again with the same act id continues where it stopped.
        """
        if not 1 <= times <= MOST_OCCURRENCES:
            raise Refused("out_of_range", field="times", low=1, high=MOST_OCCURRENCES)
        if not 1 <= every_days <= 366:
            raise Refused("out_of_range", field="every_days", low=1, high=366)
        made: list[dict[str, Any]] = []
        refused: list[dict[str, Any]] = []
        for number in range(times):
            # Seoul has no summer time: the same hour is a whole number of days later (since 1988).
            later = timedelta(days=every_days * number)
            try:
                outcome = self.desk.request(
                    actor,
                    act_id=f"{act_id}.{number}",
                    booking_id=f"{series_id}.{number}",
                    space_id=space_id,
                    start=start + later,
                    end=end + later,
                    subscription_id=subscription_id,
                    resident_id=resident_id,
                    series_id=series_id,
                )
            except CrossesTheDoor as error:
                if isinstance(error, NotFound) or error.field in ("token", "resident", "tenant", "district"):
                    raise  # the same for every occurrence: who asks, not when
                refused.append(
                    {
                        "number": number,
                        "start": iso(start + later),
                        "end": iso(end + later),
                        "error": error.to_wire(),
                    }
                )
            else:
                made.append({"number": number, **outcome})
        return {"series_id": series_id, "made": made, "refused": refused}

    def read(self, actor: Actor, *, series_id: str) -> dict[str, Any]:
        """Return ``{series_id, bookings}`` to their resident or to staff.

        Who chose the same name for a series of their own sees nothing of the other.
        """
        found = self.desk.bookings.of_series(series_id)
        if not found:
            raise NotFound("no_such_series", field="series_id", id=series_id)
        theirs = [booking for booking in found if self.desk.may_read(actor, booking)]
        if not theirs:
            self.desk.read(actor, booking_id=found[0].id)
        return {"series_id": series_id, "bookings": [shown(booking) for booking in theirs]}

    def cancel(self, actor: Actor, *, act_id: str, series_id: str) -> dict[str, Any]:
        """Give back what has not begun of a series; return ``{cancelled, kept}`` by booking id."""
        cancelled: list[str] = []
        kept: list[dict[str, Any]] = []
        for row in self.read(actor, series_id=series_id)["bookings"]:
            booking_id = row["booking_id"]
            try:
                self.desk.cancel(actor, act_id=f"{act_id}.{booking_id}", booking_id=booking_id)
            except Refused as refused:
                kept.append({"booking_id": booking_id, "error": refused.to_wire()})
            else:
                cancelled.append(booking_id)
        return {"series_id": series_id, "cancelled": cancelled, "kept": kept}
