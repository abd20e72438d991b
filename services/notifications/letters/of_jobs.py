"""What facts of placement have to tell a resident, and the details that such letters name. Pure.

``opening.filled`` is nobody's own fact, so it causes no letter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.notifications.letters.formats import day_and_time, one_line, span, won, words
from services.notifications.letters.model import ADVERTISING, Cause, Letter, MailRecord, Matter
from shared.clock import from_iso
from shared.events import placement
from shared.events.envelope import Event

#: Shifts that a letter names one by one.
_SHIFTS_NAMED = 3
#: Ends of an application that the resident chose, or that the lapse of the offer tells.
_TOLD_OTHERWISE = ("offer_expired", "offer_declined")


@dataclass(frozen=True)
class Opening:
    """What letters say of an opening; kept from ``opening.published``. ``shifts`` are half-open spans, UTC.

    ``told`` is how many residents in reach were written to, or None while that is not finished.
    """

    id: str
    tenant: str
    district: str
    title: str
    place: str
    lat: float
    lon: float
    shifts: tuple[tuple[datetime, datetime], ...]
    hourly_won: int
    places: int
    deadline: datetime
    cause: Cause
    told: int | None = None


def _matter(kind: str, *kept: str) -> Callable[[Mapping[str, Any]], Matter]:
    return lambda data: Matter(kind, data["opening_id"], {name: data[name] for name in kept})


def _closed(data: Mapping[str, Any]) -> Matter | None:
    return None if data["reason"] in _TOLD_OTHERWISE else _matter("closed", "reason")(data)


#: Type of a person's own fact -> what it has to tell, or None when this one has nothing to tell.
PERSONAL: Mapping[str, Callable[[Mapping[str, Any]], Matter | None]] = {
    placement.PLACEMENT_SELECTED.type: _matter("selected", "won"),
    placement.APPLICATION_CLOSED.type: _closed,
    placement.PLACEMENT_WITHDRAWN.type: _matter("place_withdrawn", "reason"),
}


def opening_of(event: Event) -> Opening:
    """Return what ``opening.published`` tells of an opening."""
    data = event.data
    return Opening(
        id=data["opening_id"],
        tenant=event.tenant,
        district=data["district"],
        title=one_line(data["title"]),
        place=one_line(data["place"]["name"]),
        lat=data["place"]["lat"],
        lon=data["place"]["lon"],
        shifts=tuple((from_iso(shift["start"]), from_iso(shift["end"])) for shift in data["shifts"]),
        hourly_won=data["hourly_won"],
        places=data["places"],
        deadline=from_iso(data["deadline"]),
        cause=Cause.of(event),
    )


def published_letter(event: Event, resident: str, *, written: datetime) -> Letter:
    """Return the news of a published opening for one resident in its reach."""
    return Letter(
        tenant=event.tenant,
        resident=resident,
        kind="published",
        about=event.data["opening_id"],
        district=event.data["district"],
        at=event.time,
        written=written,
        cause=Cause.of(event),
        mail=MailRecord(message_class=ADVERTISING, due=written),
    )


def details(letter: Letter, openings: Mapping[str, Opening], language: str) -> dict[str, str]:
    """Return what the texts of a letter about an opening may name."""
    named = {"title": str(words(language)["some_opening"])}
    if "won" in letter.values:
        named["won"] = won(letter.values["won"], language)
    opening = openings.get(letter.about)
    if opening is not None:
        named |= {
            "title": opening.title,
            "place": opening.place,
            "shifts": _shifts(opening, language),
            "wage": won(opening.hourly_won, language),
            "places": str(opening.places),
            "deadline": day_and_time(opening.deadline, language),
        }
    return named


def best_before(letter: Letter, openings: Mapping[str, Opening]) -> datetime | None:
    """Return from when on the letter's mail would be of no use: news of an opening, once its deadline has passed."""
    opening = openings.get(letter.about) if letter.kind == "published" else None
    return None if opening is None else opening.deadline


def _shifts(opening: Opening, language: str) -> str:
    named = [span(start, end, language) for start, end in opening.shifts[:_SHIFTS_NAMED]]
    more = len(opening.shifts) - len(named)
    if more:
        named.append(str(words(language)["more_shifts"]).format(count=more))
    return ", ".join(named)
