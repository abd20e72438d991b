"""Where what letters say of things is kept, from the publishers' own facts: openings once, rooms as they are now.

    openings      _id = opening: written once
    facilities    _id = facility, spaces, bookings; alternatives: _id = the booking they are for. The latest fact wins,
                  in whatever order they come
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from services.notifications.letters.matters import Known
from services.notifications.letters.model import ROOM_KINDS, Letter
from services.notifications.letters.of_jobs import Opening
from services.notifications.letters.of_rooms import Note, Rooms
from services.notifications.letters.storage import cause_document, cause_of
from shared.messaging.core import KeyReused
from shared.mongo.port import Change, Collection, Database, Document


class Openings:
    """What letters say of openings; one document an opening, written once."""

    def __init__(self, database: Database) -> None:
        self._collection = database.collection("openings")

    def note(self, openings: Sequence[Opening]) -> dict[str, Opening]:
        """Store those that are not there yet and return all of them as kept; raise ``KeyReused``."""
        there = self._collection.insert_many([_opening_document(opening) for opening in openings])
        known = self.get_many(there)
        kept = {}
        for opening in openings:
            before = known.get(opening.id, opening)
            same = opening.cause.key == before.cause.key
            if same and opening.cause.hash != before.cause.hash:
                raise KeyReused(f"event {opening.cause.id} came before with another body")
            kept[opening.id] = before if same else opening
        return kept

    def get_many(self, ids: Iterable[str]) -> dict[str, Opening]:
        """Return those that are known, by id."""
        wanted = list(dict.fromkeys(ids))
        if not wanted:
            return {}
        return {found["_id"]: _opening(found) for found in self._collection.find({"_id": {"$in": wanted}})}

    def told(self, opening: Opening, residents: int) -> None:
        """Note that everyone in reach was written to, so that a repeat doesn't look for them again."""
        self._collection.update_one({"_id": opening.id, "cause.key": opening.cause.key}, {"$set": {"told": residents}})


class RoomNotes:
    """The latest that is known of facilities, spaces, bookings and their alternatives."""

    def __init__(self, database: Database) -> None:
        self._facilities = database.collection("facilities")
        self._spaces = database.collection("spaces")
        self._bookings = database.collection("bookings")
        self._alternatives = database.collection("alternatives")

    def note_facilities(self, notes: Sequence[Note]) -> None:
        """Keep the latest of each; raise ``KeyReused``."""
        _keep_latest(self._facilities, notes)

    def note_spaces(self, notes: Sequence[Note]) -> None:
        """Keep the latest of each; raise ``KeyReused``."""
        _keep_latest(self._spaces, notes)

    def note_bookings(self, notes: Sequence[Note]) -> None:
        """Keep the latest of each; raise ``KeyReused``."""
        _keep_latest(self._bookings, notes)

    def note_alternatives(self, notes: Sequence[Note]) -> None:
        """Keep the latest of each; raise ``KeyReused``."""
        _keep_latest(self._alternatives, notes)

    def known(self, letters: Sequence[Letter]) -> Rooms:
        """Return what is known of the rooms that these letters are about; asks nothing when there are none."""
        if not letters:
            return Rooms()
        about = [letter.about for letter in letters]
        bookings = _by_id(self._bookings, about)
        alternatives = _by_id(self._alternatives, about)
        ways = [way for note in alternatives.values() for way in note.values["ways"]]
        told = [*(letter.values for letter in letters), *(note.values for note in bookings.values()), *ways]
        spaces = _by_id(self._spaces, (one["space_id"] for one in told if "space_id" in one))
        told += [note.values for note in spaces.values()]
        facilities = _by_id(self._facilities, (one["facility_id"] for one in told if "facility_id" in one))
        return Rooms(facilities, spaces, bookings, alternatives)


def known_of(openings: Openings, rooms: RoomNotes, letters: Sequence[Letter]) -> Known:
    """Return what is known of what these letters are about."""
    of_rooms = [letter for letter in letters if letter.kind in ROOM_KINDS]
    of_jobs = [letter for letter in letters if letter.kind not in ROOM_KINDS]
    return Known(openings.get_many(letter.about for letter in of_jobs), rooms.known(of_rooms))


def _keep_latest(collection: Collection, notes: Sequence[Note]) -> None:
    """Store each note unless a later one is kept; raise ``KeyReused`` when one event says two things."""
    bodies: dict[str, str] = {}
    for note in notes:
        if bodies.setdefault(note.cause.key, note.cause.hash) != note.cause.hash:
            raise KeyReused(f"event {note.cause.id} came before with another body")
    latest = {note.id: note for note in sorted(notes, key=lambda note: note.order)}
    there = collection.insert_many([_note_document(note) for note in latest.values()])
    if not there:
        return
    kept = _by_id(collection, there)
    for note in notes:
        before = kept.get(note.id)
        if before is not None and before.cause.key == note.cause.key and before.cause.hash != note.cause.hash:
            raise KeyReused(f"event {note.cause.id} came before with another body")
    collection.update_each([_superseded(latest[name]) for name in there])


def _superseded(note: Note) -> Change:
    document = _note_document(note)
    return Change({"_id": document.pop("_id"), "order": {"$lt": note.order}}, {"$set": document})


def _by_id(collection: Collection, ids: Iterable[str]) -> dict[str, Note]:
    wanted = list(dict.fromkeys(ids))
    if not wanted:
        return {}
    return {found["_id"]: _note(found) for found in collection.find({"_id": {"$in": wanted}})}


def _note_document(note: Note) -> Document:
    return {
        "_id": note.id,
        "tenant": note.tenant,
        "order": note.order,
        "cause": cause_document(note.cause),
        "values": dict(note.values),
    }


def _note(document: Document) -> Note:
    return Note(
        id=document["_id"],
        tenant=document["tenant"],
        order=document["order"],
        cause=cause_of(document),
        values=document["values"],
    )


def _opening_document(opening: Opening) -> Document:
    return {
        "_id": opening.id,
        "tenant": opening.tenant,
        "district": opening.district,
        "title": opening.title,
        "place": {"name": opening.place, "lat": opening.lat, "lon": opening.lon},
        "shifts": [{"start": start, "end": end} for start, end in opening.shifts],
        "hourly_won": opening.hourly_won,
        "places": opening.places,
        "deadline": opening.deadline,
        "cause": cause_document(opening.cause),
    }


def _opening(document: Document) -> Opening:
    return Opening(
        id=document["_id"],
        tenant=document["tenant"],
        district=document["district"],
        title=document["title"],
        place=document["place"]["name"],
        lat=document["place"]["lat"],
        lon=document["place"]["lon"],
        shifts=tuple((shift["start"], shift["end"]) for shift in document["shifts"]),
        hourly_won=document["hourly_won"],
        places=document["places"],
        deadline=document["deadline"],
        cause=cause_of(document),
        told=document.get("told"),
    )
