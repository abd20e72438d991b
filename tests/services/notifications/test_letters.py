"""Who gets which letter, how often, and who may read it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from services.notifications.letters.model import JOB_KINDS
from services.notifications.letters.reactions import news, reactions
from shared.actors import ANYONE, Actor
from shared.errors import NotFound, Refused, Unavailable
from shared.events.city import HEAT_SHELTER_OPENED
from shared.events.placement import (
    APPLICATION_CLOSED,
    OPENING_FILLED,
    OPENING_PUBLISHED,
    PLACEMENT_SELECTED,
    PLACEMENT_WITHDRAWN,
)
from shared.messaging.core import KeyReused
from shared.messaging.topology import queue
from shared.mongo.port import Database
from shared.mongo.real import connect
from shared.mongo.twin import TwinDatabase
from tests.services.facts import said
from tests.services.notifications.office import OPERATOR, Office, resident_of


@pytest.fixture(params=["twin", "real"])
def store(request: pytest.FixtureRequest) -> Iterator[Database]:
    """The same promises on both databases."""
    if request.param == "twin":
        yield TwinDatabase()
    else:
        database = request.getfixturevalue("database")
        yield connect(database.url, f"{database.prefix}notifications")


@pytest.fixture
def office(store: Database) -> Office:
    return Office(store)


def test_a_selected_resident_gets_one_letter_however_often_the_fact_arrives(office: Office) -> None:
    selected = said(PLACEMENT_SELECTED)

    for _ in range(6):
        office.hear(selected)

    assert [letter["kind"] for letter in office.inbox("res-1")] == ["selected"]
    assert office.inbox("res-1")[0]["letter_id"] == f"{selected.key}:res-1"


def test_three_are_selected_and_seven_told_that_the_places_are_filled(office: Office) -> None:
    office.hear(*(said(PLACEMENT_SELECTED, f"s-{n}", resident_id=f"res-{n}") for n in range(3)))
    office.hear(*(said(APPLICATION_CLOSED, f"c-{n}", resident_id=f"res-{n}", reason="filled") for n in range(3, 10)))

    counted = office.letters.counts(OPERATOR, about="opn-은하수")

    assert counted["letters"] == {"selected": 3, "closed": 7, "place_withdrawn": 0, "published": 0}
    assert counted["mail"]["new"] == 10
    assert office.inbox("res-9")[0]["title"].startswith("[모집 완료]")


def test_an_opening_that_is_filled_is_nobodys_own_fact() -> None:
    assert OPENING_FILLED.type not in queue("notifications.letters").types


def test_the_same_event_id_with_another_body_is_a_mistake_and_changes_nothing(office: Office) -> None:
    office.hear(said(PLACEMENT_SELECTED, won=20640))

    with pytest.raises(KeyReused, match="f-1 came before with another body"):
        office.hear(said(PLACEMENT_SELECTED, won=99999))

    assert "20,640원" in office.inbox("res-1")[0]["text"]


def test_a_forged_repeat_between_two_good_ones_is_noticed(office: Office) -> None:
    good, forged = said(PLACEMENT_SELECTED, won=20640), said(PLACEMENT_SELECTED, won=99999)
    with pytest.raises(KeyReused):
        office.hear(good, forged, good)

    opened, other = said(OPENING_PUBLISHED, "p-1", places=3), said(OPENING_PUBLISHED, "p-1", places=300)
    with pytest.raises(KeyReused):
        office.hear(opened, other, opened)


def test_personal_letters_do_not_wait_while_residents_is_away(office: Office) -> None:
    office.neighbours.in_reach, office.neighbours.away_after_page = [["res-2"]], 0
    heard = {name: set(queue(name).types) for name in ("notifications.letters", "notifications.news")}
    assert heard["notifications.news"] == {OPENING_PUBLISHED.type}
    with pytest.raises(Unavailable):
        office.hear(said(OPENING_PUBLISHED, "p-1"))

    office.hear(said(PLACEMENT_SELECTED))

    assert "작은도서관 도서 정리" in office.inbox("res-1")[0]["title"]
    assert heard["notifications.letters"] == set(reactions(office.letters))
    assert heard["notifications.news"] == set(news(office.letters))
    assert office.letters.write_to_reach not in reactions(office.letters).values()


def test_a_published_opening_reaches_every_page_of_residents_once(office: Office) -> None:
    office.neighbours.in_reach = [["res-1", "res-2"], ["res-3"]]

    office.hear(said(OPENING_PUBLISHED))
    office.hear(said(OPENING_PUBLISHED))

    assert office.letters.counts(OPERATOR, about="opn-은하수")["letters"]["published"] == 3
    assert office.neighbours.asked == 1


def test_a_fan_out_that_broke_off_is_finished_by_the_redelivery(office: Office) -> None:
    office.neighbours.in_reach = [["res-1", "res-2"], ["res-3"]]
    office.neighbours.away_after_page = 1
    with pytest.raises(Unavailable):
        office.hear(said(OPENING_PUBLISHED))

    office.neighbours.away_after_page = None
    office.hear(said(OPENING_PUBLISHED))

    assert office.letters.counts(OPERATOR, about="opn-은하수")["letters"]["published"] == 3


def test_a_published_event_reused_for_another_opening_text_is_refused_though_nobody_was_in_reach(
    office: Office,
) -> None:
    office.hear(said(OPENING_PUBLISHED))

    with pytest.raises(KeyReused):
        office.hear(said(OPENING_PUBLISHED, title="경로당 식사 보조"))


def test_someone_who_moves_into_reach_after_the_news_went_out_is_not_told_by_a_redelivery(office: Office) -> None:
    office.hear(said(OPENING_PUBLISHED))
    office.neighbours.in_reach = [["res-9"]]

    office.hear(said(OPENING_PUBLISHED))

    assert office.inbox("res-9") == []


def test_a_heat_shelter_becomes_one_notice_for_its_district(office: Office) -> None:
    opened = said(HEAT_SHELTER_OPENED)

    office.hear(opened)
    office.hear(opened)

    notices = office.letters.list_notices(ANYONE, tenant="광산구", district="29200")["notices"]
    assert [notice["title"] for notice in notices] == ["[폭염 경보] 무더위 쉼터를 열었습니다"]
    assert "2026. 7. 22.(수) 12:00" in notices[0]["text"]
    assert office.letters.list_notices(ANYONE, tenant="광산구", district="28237")["notices"] == []


def test_a_letter_reads_with_the_opening_it_is_about(office: Office) -> None:
    office.hear(said(OPENING_PUBLISHED, "p-1"))
    office.hear(said(PLACEMENT_SELECTED))

    letter = office.inbox("res-1")[0]

    assert letter["title"] == "[선정] 작은도서관 도서 정리"
    assert letter["text"].splitlines() == [
        "‘작은도서관 도서 정리’ 참여자로 선정되었습니다. 참여수당은 최대 20,640원입니다.",
        "장소: 은하수 작은도서관",
        "일시: 2026. 12. 1.(화) 10:00~12:00",
        "시간당 10,320원",
    ]
    assert letter["mail"] == "new"


def test_a_letter_can_be_read_before_its_opening_is_known(office: Office) -> None:
    office.hear(said(PLACEMENT_SELECTED))

    assert office.inbox("res-1")[0]["title"] == "[선정] 지원하신 일자리"


def test_the_inbox_shows_the_latest_first_and_in_english_when_asked(office: Office) -> None:
    first = said(APPLICATION_CLOSED, "c-1", reason="not_selected")
    later = said(PLACEMENT_SELECTED, "s-1", at=first.time + timedelta(hours=1))
    office.hear(later)
    office.hear(first)

    titles = [letter["title"] for letter in office.inbox("res-1", lang="en")]

    assert titles == ["[Selected] the job you applied for", "[Not selected] the job you applied for"]
    assert len(office.inbox("res-1", limit=1)) == 1


def test_who_gives_a_place_back_gets_a_confirmation_and_who_loses_it_an_explanation(office: Office) -> None:
    office.hear(
        said(PLACEMENT_WITHDRAWN, "w-1", resident_id="res-1", reason="resident"),
        said(PLACEMENT_WITHDRAWN, "w-2", resident_id="res-2", reason="opening_cancelled"),
    )

    assert office.inbox("res-1")[0]["title"].startswith("[참여 취소 확인]")
    assert "죄송합니다" in office.inbox("res-2")[0]["text"]


def test_nobody_reads_another_persons_inbox(office: Office) -> None:
    office.hear(said(PLACEMENT_SELECTED))

    for actor in (resident_of("res-2"), ANYONE, Actor("담당자", frozenset({"officer"}), "광산구")):
        with pytest.raises(Refused):
            office.letters.inbox(actor, resident_id="res-1")


def test_a_letter_is_for_its_resident_and_the_operators_of_its_tenant(office: Office) -> None:
    selected = said(PLACEMENT_SELECTED)
    office.hear(selected)
    letter_id = f"{selected.key}:res-1"

    assert office.letters.letter(resident_of("res-1"), letter_id=letter_id)["kind"] == "selected"
    assert office.letters.letter(OPERATOR, letter_id=letter_id)["kind"] == "selected"
    with pytest.raises(Refused, match="other_tenant"):
        office.letters.letter(Actor("운영자", frozenset({"operator"}), "북구"), letter_id=letter_id)
    with pytest.raises(NotFound):
        office.letters.letter(OPERATOR, letter_id="nothing:res-1")


def test_an_officer_counts_letters_of_the_own_district_only(office: Office) -> None:
    office.hear(said(OPENING_PUBLISHED))
    own = Actor("담당자", frozenset({"officer"}), "광산구", frozenset({"29200"}))
    other = Actor("담당자", frozenset({"officer"}), "광산구", frozenset({"29170"}))

    assert set(office.letters.counts(own, about="opn-은하수")["letters"]) == set(JOB_KINDS)
    with pytest.raises(Refused, match="other_district"):
        office.letters.counts(other, about="opn-은하수")


def test_an_event_can_be_followed_to_what_it_caused(office: Office) -> None:
    selected, shelter = said(PLACEMENT_SELECTED), said(HEAT_SHELTER_OPENED)
    office.hear(selected)
    office.hear(shelter)

    followed = office.letters.by_event(OPERATOR, event_key=selected.key)

    assert [(letter["resident_id"], letter["kind"]) for letter in followed["letters"]] == [("res-1", "selected")]
    assert len(office.letters.by_event(OPERATOR, event_key=shelter.key)["notices"]) == 1
    with pytest.raises(Refused):
        office.letters.by_event(resident_of("res-1"), event_key=selected.key)


def test_letters_keep_no_name_no_address_and_no_text() -> None:
    database = TwinDatabase()
    office = Office(database)
    office.neighbours.consent("res-1")
    office.hear(said(OPENING_PUBLISHED, "p-1"))
    office.hear(said(PLACEMENT_SELECTED))
    office.settle()

    kept = str([list(collection.everything()) for collection in database.collections().values()])

    assert "@" not in kept
    assert "선정되었습니다" not in kept
