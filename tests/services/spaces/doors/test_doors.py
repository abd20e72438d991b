"""The code a room shows: six digits, new every half minute, for staff to show and residents to read."""

from __future__ import annotations

from datetime import timedelta
from itertools import count

import pytest

from services.spaces.bookings.usecases import must_be_staff
from services.spaces.doors.storage import doors
from services.spaces.doors.usecases import DoorDesk
from shared.errors import Refused
from shared.mongo.twin import TwinDatabase
from shared.serial import KeyedQueue
from tests.services.spaces.makers import HOST, a_counter, a_resident


@pytest.fixture
def desk() -> DoorDesk:
    counter = a_counter()
    secrets = (f"JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PX{letter}" for letter in map(chr, count(ord("A"))))
    store = doors(TwinDatabase("spaces"), clock=counter.clock, serial=KeyedQueue())
    return DoorDesk(store, counter.places, must_be_staff, lambda: next(secrets), counter.clock)


def test_the_code_shown_is_right_for_a_moment_and_wrong_afterwards(desk: DoorDesk) -> None:
    shown = desk.show(HOST, space_id="spc-모임방", address="https://sipbun.example/check-in")
    now = desk.clock.now()
    assert len(shown["code"]) == 6
    assert shown["qr"].startswith("<svg")
    assert desk.is_right("spc-모임방", shown["code"], now)
    assert desk.is_right("spc-모임방", shown["code"], now + timedelta(seconds=60))
    assert not desk.is_right("spc-모임방", shown["code"], now + timedelta(seconds=120))
    assert not desk.is_right("spc-모임방", shown["code"], now - timedelta(seconds=60)), "not yet shown"


def test_a_room_without_a_code_lets_nobody_in(desk: DoorDesk) -> None:
    assert not desk.is_right("spc-모임방", "000000", desk.clock.now())


def test_only_staff_of_the_facility_see_the_code_and_a_change_makes_the_old_one_wrong(desk: DoorDesk) -> None:
    with pytest.raises(Refused, match="role_not_allowed"):
        desk.show(a_resident(), space_id="spc-모임방")
    code = desk.show(HOST, space_id="spc-모임방")["code"]
    desk.change(HOST, act_id="change", space_id="spc-모임방")
    assert not desk.is_right("spc-모임방", code, desk.clock.now())
