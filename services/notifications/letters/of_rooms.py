"""What facts of spaces have to tell a resident, and the details that such letters name. Pure.

A request has no letter: the screen says at once that it waits for an answer. A booking that was moved has none either:
the confirmation of the new one says it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.notifications.letters.formats import day_and_time, length, one_line, span, words
from services.notifications.letters.model import Cause, Letter, Matter
from shared.clock import from_iso, iso
from shared.events import spaces
from shared.events.envelope import Event

_Data = Mapping[str, Any]
#: Ends of a wait that the resident did not bring about: only these are told.
_WISHES_TOLD = ("lapsed", "passed")
#: Levels of a no-show that limit something, until an instant; without one it is a warning.
_LIMITS = {2: "limited", 3: "suspended"}


@dataclass(frozen=True)
class Note:
    """The latest that is known of a facility, a space, a booking or its alternatives.

    ``order`` rises with every later fact about it, whatever order they come in; ``values`` is what letters say of it.
    """

    id: str
    tenant: str
    order: str
    cause: Cause
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Rooms:
    """What is known of rooms, by id, as far as its news has arrived; alternatives by the booking they are for."""

    facilities: Mapping[str, Note] = field(default_factory=dict)
    spaces: Mapping[str, Note] = field(default_factory=dict)
    bookings: Mapping[str, Note] = field(default_factory=dict)
    alternatives: Mapping[str, Note] = field(default_factory=dict)


def facility_note(event: Event) -> Note:
    """Return what ``facility.opened`` or ``facility.changed`` tells."""
    return _note(event, event.data["facility_id"], event.sequence, {"name": one_line(event.data["name"])})


def space_note(event: Event) -> Note:
    """Return what ``space.opened`` or ``space.changed`` tells."""
    data = event.data
    told = {"name": one_line(data["name"]), "facility_id": data["facility_id"]}
    return _note(event, data["space_id"], event.sequence, told)


def booking_note(event: Event) -> Note:
    """Return which span of which space a confirmed booking is: facts of its conflicts and no-shows name only its id."""
    return _note(event, event.data["booking_id"], event.sequence, _span(event.data))


def alternatives_note(event: Event) -> Note:
    """Return where else the booker of a conflict's booking could go; the latest conflict counts."""
    data = event.data
    ways = [
        {name: way[name] for name in ("space_id", "start", "end", "metres", "walk_minutes")}
        for way in data["alternatives"]
    ]
    return _note(event, data["booking_id"], f"{iso(event.time)} {event.sequence}", {"ways": ways})


def _note(event: Event, name: str, order: str, values: Mapping[str, Any]) -> Note:
    return Note(name, event.tenant, order, Cause.of(event), values)


def _span(data: _Data) -> dict[str, Any]:
    return {name: data[name] for name in ("space_id", "facility_id", "start", "end")}


def _booking(kind: str, *kept: str, reason: str | None = None) -> Callable[[_Data], Matter]:
    def matter(data: _Data) -> Matter:
        why = {} if reason is None else {"reason": data[reason]}
        return Matter(kind, data["booking_id"], {**_span(data), **{name: data[name] for name in kept}, **why})

    return matter


def _cancelled(data: _Data) -> Matter | None:
    return None if data["by"] == "moved" else _booking("booking_cancelled", "charged", reason="by")(data)


def _offered(data: _Data) -> Matter:
    return Matter("offer_made", data["wish_id"], {**_span(data), "until": data["until"]})


def _waited(data: _Data) -> Matter | None:
    if data["how"] not in _WISHES_TOLD:
        return None
    return Matter("wish_ended", data["wish_id"], {**_span(data), "reason": data["how"]})


def _seated(data: _Data) -> Matter:
    reason = "promoted" if data["promoted"] else "taken"
    return Matter("seat_taken", data["subscription_id"], {"seat": data["seat"], "reason": reason})


def _queued(data: _Data) -> Matter:
    return Matter("seat_queued", data["subscription_id"], {"place_in_line": data["place_in_line"]})


def _seat_offered(data: _Data) -> Matter:
    return Matter("seat_offered", data["subscription_id"], {"until": data["until"]})


def _struck(data: _Data) -> Matter:
    values = {"excuse_until": data["excuse_until"], "reason": "warning"}
    if data["until"] is not None:
        values |= {"reason": _LIMITS.get(data["level"], "suspended"), "until": data["until"]}
    return Matter("conduct_struck", _about_conduct(data), values)


def _cleared(data: _Data) -> Matter:
    return Matter("conduct_cleared", _about_conduct(data), {"reason": data["how"]})


def _answered(data: _Data) -> Matter:
    return Matter("conduct_answered", _about_conduct(data), {"reason": data["what"]})


def _about_conduct(data: _Data) -> str:
    """Return the booking it is about, or the record where it is about none."""
    return str(data["booking_id"] or data["record_id"])


def _case_opened(data: _Data) -> Matter | None:
    if data["owner"] != "facility":
        return None
    return Matter("case_opened", data["booking_id"], {**_room(data), "deadline": data["deadline"]})


def _case_resolved(data: _Data) -> Matter | None:
    return Matter("case_kept", data["booking_id"], _room(data)) if data["resolution"] == "kept" else None


def _room(data: _Data) -> dict[str, Any]:
    return {name: data[name] for name in ("space_id", "facility_id")}


#: Type of a person's own fact -> what it has to tell, or None when this one has nothing to tell.
PERSONAL: Mapping[str, Callable[[_Data], Matter | None]] = {
    spaces.BOOKING_CONFIRMED.type: _booking("booking_confirmed"),
    spaces.BOOKING_REFUSED.type: _booking("booking_refused", reason="reason"),
    spaces.BOOKING_EXPIRED.type: _booking("booking_expired"),
    spaces.BOOKING_DISPLACED.type: _booking("booking_displaced", reason="reason"),
    spaces.BOOKING_CANCELLED.type: _cancelled,
    spaces.BOOKING_MISSED.type: _booking("booking_missed", "charged"),
    spaces.BOOKING_DOUBTED.type: _booking("booking_doubted", "silent_since"),
    spaces.OFFER_MADE.type: _offered,
    spaces.WISH_ENDED.type: _waited,
    spaces.SEAT_TAKEN.type: _seated,
    spaces.SEAT_QUEUED.type: _queued,
    spaces.SEAT_OFFERED.type: _seat_offered,
    spaces.CONDUCT_STRUCK.type: _struck,
    spaces.CONDUCT_CLEARED.type: _cleared,
    spaces.CONDUCT_ANSWERED.type: _answered,
    spaces.CASE_OPENED.type: _case_opened,
    spaces.CASE_RESOLVED.type: _case_resolved,
}


def details(letter: Letter, rooms: Rooms, language: str) -> dict[str, str]:
    """Return what the texts of a letter about a room may name: always ``room``, and whatever is known beside it."""
    booking = rooms.bookings.get(letter.about)
    values = {**({} if booking is None else booking.values), **letter.values}
    named = {"room": _room_name(values, rooms, language)}
    if "start" in values:
        named["when"] = span(from_iso(values["start"]), from_iso(values["end"]), language)
    for name in ("until", "deadline", "excuse_until", "silent_since"):
        if name in values:
            named[name] = day_and_time(from_iso(values[name]), language)
    for name in ("seat", "place_in_line"):
        if name in values:
            named[name] = str(values[name])
    if "charged" in values:
        charged = values["charged"]
        named |= {"charged": length(charged, language)} if charged else {"nothing_charged": ""}
    alternatives = rooms.alternatives.get(letter.about)
    if alternatives is not None and alternatives.values["ways"]:
        ways = [_way(way, rooms, language) for way in alternatives.values["ways"]]
        named["alternatives"] = "\n".join(ways)
    return named


def best_before(letter: Letter) -> datetime | None:
    """Return from when on the letter's mail would be of no use: an offer that is not kept any more."""
    return from_iso(letter.values["until"]) if letter.kind in ("offer_made", "seat_offered") else None


def _way(way: Mapping[str, Any], rooms: Rooms, language: str) -> str:
    when = span(from_iso(way["start"]), from_iso(way["end"]), language)
    return str(words(language)["way"]).format(
        room=_room_name(way, rooms, language), when=when, minutes=way["walk_minutes"], metres=way["metres"]
    )


def _room_name(values: Mapping[str, Any], rooms: Rooms, language: str) -> str:
    """Return facility and space, or what is known of the two."""
    space = rooms.spaces.get(values.get("space_id", ""))
    facility_id = values.get("facility_id") if space is None else space.values["facility_id"]
    facility = rooms.facilities.get(facility_id or "")
    named = [note.values["name"] for note in (facility, space) if note is not None]
    return " ".join(named) if named else str(words(language)["some_room"])
