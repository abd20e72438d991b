"""A day of a room is counted once, after it is over."""

from __future__ import annotations

from datetime import timedelta

from services.spaces.diary.model import FEED, Entry
from services.spaces.occupancy.storage import tallies
from services.spaces.occupancy.usecases import OccupancyDesk
from shared.mongo.twin import TwinDatabase
from shared.serial import KeyedQueue
from tests.services.spaces.makers import a_claim, a_counter, a_space


def said(desk: OccupancyDesk) -> list[dict[str, object]]:
    return [entry["data"] for document in desk.tallies.collection.find({}) for entry in document["outbox"]]


def test_a_day_is_counted_once_with_what_was_open_booked_and_the_facility_s_own() -> None:
    kept = TwinDatabase("spaces")
    counter = a_counter(database=kept)
    store = tallies(kept, clock=counter.clock, serial=KeyedQueue())
    desk = OccupancyDesk(store, counter.desk.diary.diaries, counter.places, counter.clock)
    desk.begin("spc-모임방")
    desk.begin("spc-모임방")
    counter.book(1, 10, 12)
    entry = a_claim("휴관", 11, 13, kind=FEED, entry=Entry("fed-1", "휴관", "", 0, "h"))
    counter.desk.diary.agree(counter.places.place("spc-모임방").root, entry.span.days[0], [entry], [])
    assert not desk.count()
    assert said(desk) == []
    counter.clock.move(timedelta(hours=17))
    desk.count()
    desk.count()
    assert [(row["day"], row["open_minutes"], row["booked_minutes"], row["facility_minutes"]) for row in said(desk)] == [
        ("2026-12-01", 13 * 60, 120, 120)
    ]


def test_parts_are_not_counted_beside_their_hall_and_a_closed_room_not_at_all() -> None:
    kept = TwinDatabase("spaces")
    counter = a_counter(a_space(), a_space(id="spc-동쪽", parts=("spc-동쪽",)), database=kept)
    store = tallies(kept, clock=counter.clock, serial=KeyedQueue())
    desk = OccupancyDesk(store, counter.desk.diary.diaries, counter.places, counter.clock)
    for space in ("spc-모임방", "spc-동쪽", "spc-없는방"):
        desk.begin(space)
    assert [document["_id"] for document in store.collection.find({})] == ["spc-모임방"]
    desk.end("spc-모임방")
    counter.clock.move(timedelta(days=3))
    desk.count()
    assert said(desk) == []
