"""Letters about rooms: whose they are, what they name, and what nobody is written about."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.notifications.letters.model import MAIL_WAITS
from services.notifications.letters.reactions import reactions
from shared.actors import Actor
from shared.clock import iso
from shared.errors import Refused
from shared.events import spaces
from shared.events.contract import Contract
from shared.events.envelope import Event
from shared.messaging.core import KeyReused
from shared.messaging.topology import queue
from shared.mongo.twin import TwinDatabase
from tests.services.facts import MORNING, said
from tests.services.notifications.office import OPERATOR, Office


@pytest.fixture
def office() -> Office:
    return Office(TwinDatabase())


def opened(office: Office) -> None:
    """Let the library with its meeting room, and the hall nearby, be known."""
    office.hear(
        said(spaces.FACILITY_OPENED, "fac-1"),
        said(spaces.FACILITY_OPENED, "fac-2", facility_id="fac-별빛", name="별빛 경로당"),
    )
    office.hear(
        said(spaces.SPACE_OPENED, "spc-1"),
        said(spaces.SPACE_OPENED, "spc-2", space_id="spc-별빛-회의실", facility_id="fac-별빛", name="회의실"),
    )


def later(contract: Contract, event_id: str, sequence: str, **told: Any) -> Event:
    """Return a fact of a later state of the same thing."""
    return replace(said(contract, event_id, **told), sequence=sequence)


def test_a_confirmed_booking_is_one_letter_that_names_the_room_and_the_time(office: Office) -> None:
    opened(office)
    confirmed = said(spaces.BOOKING_CONFIRMED)

    for _ in range(3):
        office.hear(confirmed)

    (letter,) = office.inbox("res-1")
    assert letter["title"] == "[예약 확정] 은하수 작은도서관 모임방"
    assert letter["text"].splitlines() == [
        "‘은하수 작은도서관 모임방’ 예약이 확정되었습니다.",
        "이용 시간: 2026. 12. 1.(화) 10:00~12:00",
    ]
    assert (letter["about"], letter["letter_id"]) == ("bkg-1", f"{confirmed.key}:res-1")


def test_a_letter_can_be_read_before_its_room_is_known_and_reads_better_afterwards(office: Office) -> None:
    office.hear(said(spaces.BOOKING_CONFIRMED))
    assert office.inbox("res-1")[0]["title"] == "[예약 확정] 신청하신 공간"

    opened(office)

    assert office.inbox("res-1")[0]["title"] == "[예약 확정] 은하수 작은도서관 모임방"


def test_the_latest_name_counts_in_whatever_order_the_news_comes(office: Office) -> None:
    office.hear(said(spaces.BOOKING_CONFIRMED))
    office.hear(said(spaces.FACILITY_OPENED, "fac-1"))
    office.hear(later(spaces.SPACE_CHANGED, "spc-3", "0000000003.000", name="큰 모임방"))
    office.hear(later(spaces.SPACE_CHANGED, "spc-2", "0000000002.000", name="작은 모임방"))
    office.hear(said(spaces.SPACE_OPENED, "spc-1"))

    assert office.inbox("res-1")[0]["title"].endswith("은하수 작은도서관 큰 모임방")


def test_a_name_told_twice_in_different_words_under_one_event_is_a_mistake(office: Office) -> None:
    office.hear(said(spaces.SPACE_OPENED, "spc-1"))
    with pytest.raises(KeyReused):
        office.hear(said(spaces.SPACE_OPENED, "spc-1", name="다른 방"))
    with pytest.raises(KeyReused):
        office.hear(said(spaces.FACILITY_OPENED, "fac-1"), said(spaces.FACILITY_OPENED, "fac-1", name="다른 도서관"))


def test_who_lost_a_room_to_the_facility_reads_that_nothing_is_charged_and_where_else_to_go(office: Office) -> None:
    opened(office)
    office.hear(said(spaces.CASE_OPENED, "c-1"))
    office.hear(said(spaces.BOOKING_DISPLACED, "d-1"))

    (letter,) = office.inbox("res-1")

    assert letter["title"] == "[시설 사정 취소] 은하수 작은도서관 모임방"
    assert letter["text"].splitlines() == [
        (
            "같은 시간에 시설의 다른 일정이 생겨 ‘은하수 작은도서관 모임방’ 예약이 취소되었습니다. "
            "이용 시간은 차감되지 않았습니다. 불편을 드려 죄송합니다."
        ),
        "이용 시간: 2026. 12. 1.(화) 10:00~12:00",
        "걸어서 갈 수 있는 다른 공간:",
        "- 별빛 경로당 회의실, 2026. 12. 1.(화) 10:00~12:00, 걸어서 6분(420m)",
    ]


def test_a_displaced_booking_without_alternatives_does_not_announce_any(office: Office) -> None:
    office.hear(said(spaces.BOOKING_DISPLACED, "d-1"))
    assert "다른 공간" not in office.inbox("res-1")[0]["text"]

    office.hear(said(spaces.CASE_OPENED, "c-1", alternatives=[]))

    assert "다른 공간" not in office.inbox("res-1")[0]["text"]


def test_who_gives_a_booking_back_gets_a_receipt_with_what_is_forfeit(office: Office) -> None:
    office.hear(
        said(spaces.BOOKING_CANCELLED, "b-1", charged=90),
        said(spaces.BOOKING_CANCELLED, "b-2", charged=0, resident_id="res-2"),
    )

    assert "차감된 시간: 1시간 30분" in office.inbox("res-1")[0]["text"].splitlines()
    assert "차감된 시간은 없습니다." in office.inbox("res-2")[0]["text"].splitlines()


@pytest.mark.parametrize(
    ("contract", "told"),
    [
        (spaces.BOOKING_CANCELLED, {"by": "moved"}),
        (spaces.WISH_ENDED, {"how": "taken"}),
        (spaces.WISH_ENDED, {"how": "declined"}),
        (spaces.WISH_ENDED, {"how": "withdrawn"}),
        (spaces.CASE_OPENED, {"owner": "resident"}),
        (spaces.CASE_OPENED, {"owner": "officer"}),
        *((spaces.CASE_RESOLVED, {"resolution": how}) for how in spaces.RESOLUTIONS if how != "kept"),
    ],
)
def test_what_somebody_did_or_reads_elsewhere_has_no_letter(
    office: Office, contract: Contract, told: dict[str, Any]
) -> None:
    office.hear(said(contract, **told))

    assert office.inbox("res-1") == office.inbox("res-2") == []


def test_a_request_a_freed_span_and_a_dead_calendar_are_nobodys_letter() -> None:
    heard = queue("notifications.letters").types

    for contract in (spaces.BOOKING_REQUESTED, spaces.DIARY_FREED, spaces.FEED_DIED, spaces.HOURS_CHANGED):
        assert contract.type not in heard


def test_every_type_on_the_queue_has_a_reaction_and_the_other_way_round(office: Office) -> None:
    assert set(reactions(office.letters)) == set(queue("notifications.letters").types)


def test_a_case_and_a_no_show_name_the_time_of_the_booking_they_are_about(office: Office) -> None:
    opened(office)
    office.hear(said(spaces.BOOKING_CONFIRMED, "b-1"))
    office.hear(said(spaces.CASE_OPENED, "c-1", at=MORNING + timedelta(hours=1), owner="facility"))
    office.hear(said(spaces.CONDUCT_STRUCK, "s-1", at=MORNING + timedelta(hours=2)))

    struck, case, _ = office.inbox("res-1")

    assert "이용 시간: 2026. 12. 1.(화) 10:00~12:00" in case["text"]
    assert "시설이 2026. 11. 30.(월) 10:00까지 답합니다" in case["text"]
    assert struck["text"].splitlines()[1:] == [
        "이용 시간: 2026. 12. 1.(화) 10:00~12:00",
        "사유 제출 기한: 2026. 12. 8.(화) 12:00",
    ]


def test_a_no_show_without_a_booking_is_about_its_record(office: Office) -> None:
    office.hear(said(spaces.CONDUCT_CLEARED, booking_id=None, how="forgiven"))

    assert office.inbox("res-1")[0]["about"] == "gwangsan:res-1"


def test_a_seat_from_the_waiting_list_reads_otherwise_than_one_at_once(office: Office) -> None:
    office.hear(said(spaces.SEAT_TAKEN, "s-1", seat=3), said(spaces.SEAT_TAKEN, "s-2", resident_id="res-2", promoted=True))
    office.hear(said(spaces.SEAT_QUEUED, "q-1", resident_id="res-9", place_in_line=1))

    assert office.inbox("res-1")[0]["title"] == "[좌석 배정] 입주형 3번 좌석"
    assert office.inbox("res-2")[0]["title"].startswith("[대기 좌석 배정]")
    assert "대기 1번째" in office.inbox("res-9")[0]["text"]


def test_each_offer_is_one_letter_and_an_offer_that_is_over_is_not_mailed(office: Office) -> None:
    office.neighbours.consent("res-2")
    soon = iso(MORNING + timedelta(minutes=30))
    office.hear(said(spaces.OFFER_MADE, "o-1", until=soon), said(spaces.OFFER_MADE, "o-2", until=soon, round=2))
    office.clock.move(timedelta(minutes=31))
    office.settle()

    assert len(office.inbox("res-2")) == 2
    assert "2026. 11. 22.(일) 10:00까지 이 시간은 본인만" in office.inbox("res-2")[0]["text"]
    assert office.mails("wsh-1") == {"none": 2}


def test_a_letter_about_a_room_goes_out_by_mail_at_night_with_the_words_of_the_room(office: Office) -> None:
    opened(office)
    office.neighbours.consent("res-1")
    office.clock.move(timedelta(hours=13))
    office.hear(said(spaces.BOOKING_CONFIRMED))
    office.delivery.sweep()

    (mail,) = office.mail.mails
    assert mail.subject == "[예약 확정] 은하수 작은도서관 모임방"
    assert not mail.advertising
    assert office.mails("bkg-1") == {"sent": 1}


def test_the_mail_of_a_displaced_booking_waits_a_moment_for_its_alternatives(office: Office) -> None:
    opened(office)
    office.neighbours.consent("res-1")
    office.hear(said(spaces.BOOKING_DISPLACED, "d-1"))
    office.delivery.sweep()
    assert office.mail.mails == []

    office.hear(said(spaces.CASE_OPENED, "c-1"))
    office.clock.move(MAIL_WAITS["booking_displaced"])
    office.delivery.sweep()

    (mail,) = office.mail.mails
    assert "별빛 경로당 회의실" in mail.body


def test_letters_about_a_room_are_counted_for_officers_of_its_district_only(office: Office) -> None:
    office.hear(said(spaces.BOOKING_CONFIRMED))
    own = Actor("담당자", frozenset({"officer"}), "광산구", frozenset({"29200"}))
    other = Actor("담당자", frozenset({"officer"}), "광산구", frozenset({"29170"}))

    counted = office.letters.counts(own, about="bkg-1")["letters"]

    assert counted["booking_confirmed"] == 1
    assert sum(counted.values()) == 1
    assert "selected" not in counted
    with pytest.raises(Refused, match="other_district"):
        office.letters.counts(other, about="bkg-1")


def test_an_inbox_of_jobs_and_rooms_together_reads_as_each_should(office: Office) -> None:
    opened(office)
    office.hear(said(spaces.BOOKING_CONFIRMED, "b-1"))
    office.hear(said(spaces.CASE_RESOLVED, "c-1", resolution="kept", at=MORNING + timedelta(hours=1)))

    assert [letter["title"] for letter in office.inbox("res-1", lang="en")] == [
        "[Booking stands] 은하수 작은도서관 모임방",
        "[Booking confirmed] 은하수 작은도서관 모임방",
    ]
    assert office.letters.by_event(OPERATOR, event_key=said(spaces.BOOKING_CONFIRMED, "b-1").key)["count"] == 1
