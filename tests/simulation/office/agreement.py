"""What must hold between us and the facilities' own calendars, and of the cases where the two contradict each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from icalendar import Calendar

from shared.clock import KST
from tests.simulation.invariants import Facts, Invariant, documents
from tests.simulation.office import cast, rooms
from tests.simulation.office.people import People
from tests.simulation.world import World

OURS = "@sipbun"


def ours_is_theirs(world: World, _people: People, _facts: Facts) -> Iterator[str]:
    """Their calendar shows exactly our active bookings of the room, as they are; what was used may stay there."""
    cases = {row["booking_id"]: row for row in documents(world, "spaces", "cases")}
    bookings = {f"{row['_id']}{OURS}": row for row in documents(world, "spaces", "bookings")}
    shown = [one for one in _entries(world) if one["uid"].endswith(OURS)]
    now = world.scheduler.now()
    today = now.astimezone(KST).replace(hour=0, minute=0, second=0, microsecond=0)
    for one in shown:
        booking = bookings.get(one["uid"])
        state = "nowhere" if booking is None else booking["state"]
        # What lies behind is not read any more, and bothers nobody.
        if state not in (*rooms.ACTIVE, "used") and one["end"] > today:
            yield f"{one['name']} is in their calendar, the booking is {state}"
    there = Counter(one["uid"] for one in shown)
    for uid, booking in bookings.items():
        mark = booking["calendar"]
        if booking["state"] not in rooms.ACTIVE or mark is None or mark["feed_id"] != cast.ROOMS_FEED:
            continue
        case = cases.get(booking["_id"])
        if case is not None and (case["state"] == "open" or case["resolution"] == "kept"):
            # What they took out or moved once more after it was decided that it stays is theirs to see.
            continue
        entries = [one for one in shown if one["uid"] == uid]
        if there[uid] != 1 or any((one["start"], one["end"]) != (booking["start"], booking["end"]) for one in entries):
            yield f"{rooms.name(booking)} is {booking['state']}, in their calendar are {entries}; now is {now}"


def theirs_is_ours(world: World, people: People, _facts: Facts) -> Iterator[str]:
    """Each entry that keeps people out is a claim on each of its days from today on, and nothing else is."""
    today = world.scheduler.now().astimezone(KST).date()
    entries = [one for one in _entries(world) if one["busy"] and not one["uid"].endswith(OURS)]
    wanted = {
        (cast.ROOMS_FEED, str(day), one["uid"], one["start"], one["end"])
        for one in entries
        for day in rooms.days(one)
        if day >= today
    }
    for word in people.halls_system.words.values():
        if word.start is not None and word.end is not None and word.busy:
            span = {"start": word.start, "end": word.end}
            wanted |= {
                (cast.HALLS_FEED, str(day), word.uid, word.start, word.end) for day in rooms.days(span) if day >= today
            }
    there = {
        (claim["entry"]["feed_id"], diary["day"], claim["entry"]["uid"], claim["start"], claim["end"])
        for diary in documents(world, "spaces", "diaries")
        for claim in diary["claims"]
        if claim["kind"] == "feed" and diary["day"] >= today.isoformat()
    }
    for feed, day, uid, start, end in sorted(wanted - there):
        yield f"{uid} of {feed} ({start} to {end}) is not in the diary of {day}"
    for feed, day, uid, start, end in sorted(there - wanted):
        yield f"{uid} of {feed} ({start} to {end}) is in the diary of {day}, and not in their calendar"


def conflicts_are_cases(world: World, people: People, _facts: Facts) -> Iterator[str]:
    """What was displaced has a case, decided in time; what the facility's entry lies over is somebody's to decide."""
    now = world.scheduler.now()
    cases = {row["booking_id"]: row for row in documents(world, "spaces", "cases")}
    bookings = {row["_id"]: row for row in documents(world, "spaces", "bookings")}
    for booking in bookings.values():
        if booking["state"] == "displaced" and booking["_id"] not in cases:
            yield f"{rooms.name(booking)} was displaced without a case"
        if booking["state"] in rooms.ACTIVE and booking["_id"] in people.hosts.taken_out and booking["_id"] not in cases:
            yield f"{rooms.name(booking)} was taken out of their calendar, and nobody was asked"
    for booking_id, case in cases.items():
        state = bookings[booking_id]["state"]
        if case["state"] == "open" and case["deadline"] < now:
            yield f"{case['_id']} should have been decided by {case['deadline']}"
        if case["state"] == "open" and case["owner"] != "resident" and state not in rooms.ACTIVE:
            yield f"{case['_id']} waits for the {case['owner']}, the booking is {state}"
        if case["owner"] == "resident" and case["resolution"] != "kept" and state in rooms.ACTIVE:
            yield f"{case['_id']} is the resident's, the booking is {state}"
        if case["state"] == "resolved" and case["resolution"] == "alternative_taken" and not case["new_booking_id"]:
            yield f"{case['_id']} names no alternative"
    for diary in documents(world, "spaces", "diaries"):
        for claim in diary["claims"]:
            for booking in bookings.values() if claim["kind"] == "feed" else ():
                if booking["state"] not in rooms.ACTIVE or booking["start"] <= now:
                    continue
                if booking["root_id"] != diary["root_id"] or not rooms.share_parts(claim, booking):
                    continue
                if rooms.overlap(claim, booking) and booking["_id"] not in cases:
                    yield f"{rooms.name(booking)} is {booking['state']} under {rooms.name(claim)}, and nobody's to decide"


def _entries(world: World) -> list[dict[str, Any]]:
    """Return what the room's calendar has, read by a library of its own."""
    found = []
    for name, content in sorted(world.calendars.calendar(cast.CALENDAR).resources.items()):
        for event in Calendar.from_ical(content).walk("VEVENT"):
            start: datetime = event["DTSTART"].dt
            end: datetime = event["DTEND"].dt
            status, shown = str(event.get("STATUS", "")), str(event.get("TRANSP", "OPAQUE"))
            busy = status != "CANCELLED" and shown != "TRANSPARENT"
            found.append({"name": name, "uid": str(event["UID"]), "start": start, "end": end, "busy": busy})
    return found


AGREEMENT: tuple[Invariant, ...] = (ours_is_theirs, theirs_is_ours, conflicts_are_cases)
