"""The rooms that residents race for, and what they want of them."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from random import Random

import pytest

from services.spaces.diary.model import BOOKING, Claim
from services.spaces.spans import Span as ShippedSpan
from shared.clock import KST
from tests.chaos.killing import plan_of
from tests.chaos.office.rooms import DAYS, Room, Span, clash, rooms_of, wants
from tests.chaos.office.stage import ALONE, SHARED, an_office
from tests.chaos.office.world import KINDS

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize("count", [6, 20, 23])
def test_there_are_as_many_rooms_as_wanted_and_parts_come_after_what_they_are_parts_of(count: int) -> None:
    rooms = rooms_of(count, "t")

    assert len(rooms) == len({room.id for room in rooms}) == count
    for number, room in enumerate(rooms):
        assert room.parent is None or room.parent in {other.id for other in rooms[:number]}
        assert room.calendar is None or room.calendar in {other.id for other in rooms}
    assert any(room.has_calendar for room in rooms)


def test_only_what_lies_in_a_calendar_waits_for_one() -> None:
    assert all(room.calendar for room in rooms_of(40, "t") if room.mode == "approval")


def test_the_reckonings_own_idea_of_a_clash_is_the_diarys() -> None:
    random, rooms = Random(7), rooms_of(10, "t")
    for _ in range(2000):
        wanted = wants(rooms, 2, random, TODAY)
        one, other = random.choice(wanted), random.choice(wanted)
        shipped = _claim(one.room, one.span).clashes_with(_claim(other.room, other.span))
        shipped = shipped and one.room.root == other.room.root
        assert clash(one.room, one.span, other.room, other.span) == shipped


def _claim(room: Room, span: Span) -> Claim:
    return Claim(
        room.id,
        BOOKING,
        room.id,
        tuple(sorted(room.leaves)),
        ShippedSpan(span.start, span.end),
        timedelta(minutes=room.before),
        timedelta(minutes=room.after),
    )


def test_the_same_seed_wants_the_same_within_a_week_and_several_want_nearly_the_same() -> None:
    rooms = rooms_of(20, "t")
    wanted = wants(rooms, 300, Random(3), TODAY)

    assert wanted == wants(rooms, 300, Random(3), TODAY) != wants(rooms, 300, Random(4), TODAY)
    for one in wanted:
        assert TODAY < one.span.start.astimezone(KST).date() <= TODAY + timedelta(days=DAYS + 1)
        assert 30 <= one.span.minutes <= 180
    clashes = sum(
        clash(one.room, one.span, other.room, other.span) for one, other in pairwise(wanted)
    )
    assert clashes > len(wanted) // 4


def test_half_of_the_residents_are_alone_and_half_share_their_minutes() -> None:
    office = an_office("t", "chaos-t", residents=40, rooms=6, today=TODAY)

    assert len(office.residents) == 40
    assert sorted(office.included.values()) == [ALONE] * 20 + [SHARED] * 4
    assert {one.subscription for one in office.residents} == set(office.included)


def test_the_calendar_server_and_spaces_die_first_of_all_kinds() -> None:
    kinds = {kill.kind for kill in plan_of(fills=120, kills=3, seed=7, kinds=KINDS)}

    assert kinds == set(KINDS[:3]) == {"spaces", "calendar", "database"}
