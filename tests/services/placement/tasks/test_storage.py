"""What awaits whom is found in what the subjects keep, in memory and on a server, however much there is."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.placement.openings.model import Offer, Opening
from services.placement.tasks import storage, usecases
from services.placement.trust.model import Appeal, Evaluation, Word
from services.placement.wiring import Rooms, furnish
from shared.actors import Actor
from shared.aggregate import Act
from shared.clock import iso
from shared.ids import SeededIds
from shared.mongo.port import Document
from shared.town import twin_town
from tests.services.placement.office import OFFICER as BY_OFFICER
from tests.services.placement.office import TENANT, EverybodyLivesHere, Office

HOST = Actor("host-1", frozenset({"host"}), TENANT)
OFFICER = Actor("officer-9", frozenset({"officer"}), TENANT, frozenset({"29200", "29155"}))
ELSEWHERE = Actor("officer-9", frozenset({"officer"}), TENANT, frozenset({"29170"}))


def rooms_of(office: Office) -> Rooms:
    """Return all that stands on the office's database."""
    town = twin_town(
        database=lambda _name: office.database, clock=office.clock, ids=SeededIds(2), ask=EverybodyLivesHere()
    )
    return furnish(town)


def awaiting(rooms: Rooms, actor: Actor) -> dict[str, Any]:
    """Return what awaits somebody, by kind."""
    return {row["kind"]: row for row in rooms.tasks.awaiting(actor)["tasks"]}


def works(office: Office, rooms: Rooms, opening_id: str = "opn-1", first: int = 1) -> None:
    """Publish an opening of a host, select a resident, let another wait."""
    office.an_opening(opening_id, hosts=["host-1"])
    for number in (first, first + 1):
        office.applies(number, opening_id)
    office.selects(first, opening_id)
    office.hears()
    rooms.attendance_follower.note_selected(opening_id, f"res-{first}")


def an_evaluation(rooms: Rooms, number: int, **changes: Any) -> None:
    """Keep an evaluation that both sides owe."""
    now = rooms.tasks.clock.now()
    usual: dict[str, Any] = {
        "id": f"opn-1:res-{number}:1",
        "tenant": TENANT,
        "opening_id": "opn-1",
        "programme_id": f"{TENANT}:gs-citizen-allowance",
        "district": "29200",
        "resident_id": f"res-{number}",
        "application_id": f"opn-1:res-{number}",
        "attempt": 1,
        "hosts": ("host-1",),
        "workplace_id": "w",
        "workplace": "첨단 경로당",
        "title": "식사 보조",
        "opened_at": now,
        "until": now + timedelta(days=14),
    }
    kept = rooms.evaluations.evaluations
    kept.create(Act.own("open", "open"), Evaluation(**{**usual, **changes}), {})


def test_hosts_and_officers_find_what_awaits_them_on_either_engine(kept_office: Office) -> None:
    rooms = rooms_of(kept_office)
    works(kept_office, rooms)
    an_evaluation(rooms, 1)
    now = rooms.tasks.clock.now()
    said = Word("host", (), would_again=True, comment=None, given_at=now, given_by="host-1")
    appeal = Appeal("resident", "사실과 다릅니다.", now)
    an_evaluation(rooms, 2, words=(said,), revealed_at=now, appeals=(appeal,))

    told = awaiting(rooms, OFFICER)
    assert told.keys() == {"selections", "evaluation_appeals"}
    assert told["evaluation_appeals"]["first"][0]["id"] == "opn-1:res-2:1"
    assert awaiting(rooms, ELSEWHERE) == {}
    assert awaiting(rooms, HOST).keys() == {"evaluations_owed"}

    kept_office.clock.move(timedelta(days=2))
    told = awaiting(rooms, HOST)
    assert told.keys() == {"shifts_to_confirm", "evaluations_owed"}
    assert told["shifts_to_confirm"]["first"][0]["id"] == "opn-1:res-1:1:0"
    assert awaiting(rooms, OFFICER).keys() == {"evaluation_appeals"}

    kept_office.clock.move(timedelta(days=1))
    rooms.attendance.witness(OFFICER, act_id="in", attendance_id="opn-1:res-1:1:0", said="in", at=now + timedelta(days=2))
    rooms.attendance_follower.settle_due()
    for actor in (OFFICER, HOST):
        assert awaiting(rooms, actor)["shifts_unclear"]["count"] == 1


def test_an_offered_place_is_found_on_either_engine_by_the_own_tenant_while_it_is_applied_for(
    kept_office: Office,
) -> None:
    rooms, resident = rooms_of(kept_office), Actor("res-1", frozenset({"resident"}), TENANT)
    kept_office.an_opening()
    for number in (1, 2):
        kept_office.applies(number)
    now = rooms.tasks.clock.now()
    offer = Offer("res-1", "opn-1:res-1", 1, 1, now, now + timedelta(hours=1))

    def ask(opening: Opening) -> dict[str, Any]:
        opening.offers = (offer,)
        return {}

    kept_office.openings.openings.act(None, "opn-1", ask)

    (told,) = awaiting(rooms, resident)["offers_to_confirm"]["first"]
    assert (told["id"], told["until"]) == ("opn-1:res-1", iso(offer.until))
    for other in (replace(resident, subject="res-2"), replace(resident, tenant="jeonju")):
        assert awaiting(rooms, other) == {}
    kept_office.withdraws(1)
    assert awaiting(rooms, resident) == {}


def test_a_place_given_back_is_found_on_either_engine(kept_office: Office) -> None:
    rooms = rooms_of(kept_office)
    works(kept_office, rooms)
    kept_office.openings.close(BY_OFFICER, act_id="close", opening_id="opn-1")
    assert awaiting(rooms, HOST) == {}

    selected = kept_office.openings.openings.get("opn-1").placements[0].selected_at
    withdrawn = {"selected_at": selected, "withdrawn_at": kept_office.clock.now()}
    kept_office.withdraws(1)
    kept_office.hears()
    rooms.attendance_follower.note_withdrawn("opn-1", "res-1", "opn-1:res-1", 1, **withdrawn)

    assert awaiting(rooms, HOST).keys() == {"places_lost"}


def test_a_shift_that_was_over_when_the_place_was_given_is_no_place_given_back(office: Office) -> None:
    rooms = rooms_of(office)
    works(office, rooms)
    sheets = rooms.attendance.sheets
    office.openings.close(BY_OFFICER, act_id="close", opening_id="opn-1")
    now = rooms.tasks.clock.now()
    (sheet,) = sheets.of_placement("opn-1:res-1:1")
    span: dict[str, Any] = {"start": now - timedelta(hours=2), "end": now}

    sheets.make_all([replace(sheet, id="opn-1:res-9:1:0", state="void", **span)])
    assert awaiting(rooms, HOST) == {}

    sheets.make_all([replace(sheet, id="opn-1:res-8:1:0", state="void")])
    assert awaiting(rooms, HOST).keys() == {"places_lost"}


def test_what_is_more_than_is_read_is_said_to_be_more_and_has_no_nearest_deadline(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms = rooms_of(office)
    for number in range(3):
        works(office, rooms, f"opn-{number}", 2 * number)
    told = awaiting(rooms, OFFICER)["selections"]
    assert (told["count"], told["more"]) == (3, False)
    assert told["until"] is not None

    monkeypatch.setattr(storage, "MOST_READ", 2)
    told = awaiting(rooms, OFFICER)["selections"]
    assert (told["count"], told["more"], told["until"]) == (2, True, None)


def test_what_is_more_than_is_asked_one_by_one_is_said_to_be_more(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms = rooms_of(office)
    for number in range(3):
        works(office, rooms, f"opn-{number}", 2 * number)
    monkeypatch.setattr(usecases, "ASKED_ONE_BY_ONE", 2)

    assert awaiting(rooms, OFFICER)["selections"]["more"] is True
    office.clock.move(timedelta(days=2))
    told = awaiting(rooms, HOST)["shifts_to_confirm"]
    assert (told["count"], told["more"], told["until"]) == (2, True, None)


def test_of_places_that_closed_openings_lost_the_most_urgent_are_asked_for(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms = rooms_of(office)
    sheets = rooms.attendance.sheets
    for number in range(4):
        works(office, rooms, f"opn-{number}", 2 * number)
        office.openings.close(BY_OFFICER, act_id=f"close-{number}", opening_id=f"opn-{number}")
        (sheet,) = sheets.of_placement(f"opn-{number}:res-{2 * number}:1")
        sheets.make_all([replace(sheet, id=f"{sheet.id}-void", state="void")])
    told = awaiting(rooms, HOST)["places_lost"]
    assert (told["count"], told["more"]) == (4, False)

    monkeypatch.setattr(usecases, "ASKED_ONE_BY_ONE", 3)
    told = awaiting(rooms, HOST)["places_lost"]

    assert (told["count"], told["more"], told["until"]) == (3, True, None)


def test_a_hundred_and_more_words_owed_are_a_hundred_and_more(office: Office) -> None:
    rooms = rooms_of(office)
    for number in range(120):
        an_evaluation(rooms, number, until=rooms.tasks.clock.now() + timedelta(hours=200 - number))

    told = awaiting(rooms, HOST)["evaluations_owed"]

    assert (told["count"], told["more"]) == (100, True)
    assert told["until"] == iso(rooms.tasks.clock.now() + timedelta(hours=81))
    assert told["first"][0]["id"] == "opn-1:res-119:1"


def test_it_writes_nothing_and_asks_a_bounded_number_of_questions(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms = rooms_of(office)
    for number in range(40):
        works(office, rooms, f"opn-{number}", 2 * number)
    before = contents(office)
    steps: list[str] = []
    for collection in office.database.collections().values():  # type: ignore[attr-defined]  # a twin
        monkeypatch.setattr(collection, "_step", steps.append)
    rooms = rooms_of(office)

    rooms.tasks.awaiting(Actor("host-1", frozenset({"host", "officer", "resident"}), TENANT))

    assert contents(office) == before
    assert {step.rpartition(".")[2] for step in steps} == {"find", "find_one"}
    assert 10 < len(steps) < 60


def contents(office: Office) -> dict[str, list[Document]]:
    """Return all that is kept."""
    kept = office.database.collections()  # type: ignore[attr-defined]  # a twin
    return {name: [dict(one) for one in collection.everything()] for name, collection in kept.items()}
