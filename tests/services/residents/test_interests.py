"""Interests by area and topic, and whom a place concerns."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from marshmallow import ValidationError

from services.residents.interests import schemas
from services.residents.interests.model import MOST, TOPICS, an_interest
from shared.actors import ANYONE, Actor
from shared.errors import Refused, Unavailable
from shared.geo import Point, distance_m
from tests.services.residents.conftest import (
    LIBRARY,
    NEARBY,
    TOWN,
    Office,
    a_resident,
    a_service,
    an_officer,
)


def refusal(ask: Callable[[], Any]) -> tuple[str, str | None]:
    with pytest.raises(Refused) as caught:
        ask()
    return caught.value.code, caught.value.field


# Setting and letting go


def test_an_interest_needs_the_consents_for_location_and_for_news(office: Office) -> None:
    office.register("res-1", consents=("service", "news_near_me"))
    office.register("res-2", consents=("service", "location"))

    assert refusal(lambda: office.set_interest("res-1")) == ("location_consent_needed", "lat")
    assert refusal(lambda: office.set_interest("res-2")) == ("news_near_me_consent_needed", "topics")
    assert office.trail.location.count({}) == 0


def test_a_resident_sees_the_interests_they_set(office: Office) -> None:
    office.register()
    office.set_interest(topics=["rooms", "jobs"], radius=500, until="2026-12-24T18:00:00+09:00")

    assert office.interests.list(a_resident(), resident_id="res-1") == {
        "interests": [
            {
                "interest_id": "res-1:home",
                **LIBRARY,
                "radius": 500,
                "topics": ["jobs", "rooms"],
                "until": "2026-12-24T09:00:00.000Z",
            }
        ]
    }


def test_setting_an_interest_twice_says_it_once_and_the_same_act_twice_answers_alike(office: Office) -> None:
    office.register(consents=("service", "location", "news_near_me"))
    ask: dict[str, Any] = {"act_id": "act-i", "resident_id": "res-1", "interest_id": "res-1:home", **LIBRARY}

    first = office.interests.set(a_resident(), **ask)
    again = office.interests.set(a_resident(), **ask)
    office.set_interest()

    assert first == again == {"resident_id": "res-1", "interest_id": "res-1:home"}
    assert office.said()[4:] == ["interest.set"]
    assert refusal(lambda: office.interests.set(a_resident(), **{**ask, **NEARBY}))[0] == "act_id_reused"


def test_an_interest_bears_its_residents_id_so_that_nobody_else_can_set_it(office: Office) -> None:
    office.register()
    assert refusal(lambda: office.set_interest(interest_id="res-2:home")) == ("interest_id_malformed", "interest_id")
    assert refusal(lambda: office.interests.remove(a_resident(), act_id="act-x", interest_id="res-2:home")) == (
        "only_for_oneself",
        "resident_id",
    )


def test_a_resident_has_a_bounded_number_of_interests(office: Office) -> None:
    office.register()
    for number in range(MOST):
        office.set_interest(name=str(number))
    office.set_interest(name="0", radius=300)
    assert refusal(lambda: office.set_interest(name="one more")) == ("too_many_interests", "interest_id")


def test_removing_an_interest_twice_says_it_once(office: Office) -> None:
    office.register()
    office.set_interest()
    for act_id in ("act-a", "act-b"):
        office.interests.remove(a_resident(), act_id=act_id, interest_id="res-1:home")
    assert office.said()[-2:] == ["interest.set", "interest.removed"]
    assert office.interests.list(a_resident(), resident_id="res-1") == {"interests": []}


def test_an_interest_ends_by_itself_and_is_not_reached_from_that_instant_on(office: Office) -> None:
    office.register()
    office.set_interest(until="2026-11-22T10:00:00+09:00")
    office.set_interest(name="work", **NEARBY, radius=200)
    office.hear()
    assert office.reach() == ["res-1"]
    assert office.interests.let_interests_end() == 0

    office.clock.move(timedelta(minutes=30))

    assert office.reach() == []
    assert office.interests.let_interests_end() == 1
    assert office.interests.let_interests_end() == 0
    assert office.said()[-1] == "interest.removed"
    assert [row["interest_id"] for row in office.interests.list(a_resident(), resident_id="res-1")["interests"]] == [
        "res-1:work"
    ]


def test_an_interest_that_is_over_already_is_refused(office: Office) -> None:
    office.register()
    assert refusal(lambda: office.set_interest(until="2026-11-22T09:30:00+09:00")) == ("already_over", "until")


# Reach


def test_everybody_in_reach_is_found_once_page_by_page_and_nobody_else(office: Office) -> None:
    for number in range(7):
        office.register(f"res-{number}")
        office.set_interest(f"res-{number}")
    office.set_interest("res-0", "work", **NEARBY)
    office.register("res-far")
    office.set_interest("res-far", lat=35.1700, lon=126.7937)
    office.register("res-rooms")
    office.set_interest("res-rooms", topics=["rooms"])
    office.hear()

    assert sorted(office.reach(limit=3)) == [f"res-{number}" for number in range(7)]


def test_the_edge_of_the_circle_belongs_to_it(office: Office) -> None:
    away = round(distance_m(Point(**LIBRARY), Point(**NEARBY)))
    for name, radius in (("res-in", away + 1), ("res-out", away - 1)):
        office.register(name)
        office.set_interest(name, **NEARBY, radius=radius)
    office.hear()
    assert office.reach() == ["res-in"]


def test_reach_keeps_to_one_tenant(office: Office) -> None:
    for resident_id, tenant in (("res-1", TOWN), ("res-2", "bukgu")):
        office.register(resident_id, tenant=tenant)
        office.set_interest(resident_id, tenant=tenant)
    office.hear()

    assert office.reach() == ["res-1"]
    assert office.reach(tenant="bukgu") == ["res-2"]
    assert office.reach(tenant="nowhere") == []


@pytest.mark.parametrize("purpose", ["location", "news_near_me", "service"])
def test_who_withdrew_is_not_reached_even_before_the_index_has_heard(office: Office, purpose: str) -> None:
    office.register()
    office.set_interest()
    office.hear()
    office.withdraw(purpose)

    assert office.reach() == []

    office.hear()
    assert office.reach() == []
    assert len(office.feed.index) == 0


def test_an_index_that_loads_anew_knows_what_the_old_one_knew(office: Office) -> None:
    for number in range(5):
        office.register(f"res-{number}")
        office.set_interest(f"res-{number}")
    office.withdraw("location", "res-3")
    office.hear()

    office.feed.lost()
    office.feed.opened()

    assert sorted(office.reach()) == ["res-0", "res-1", "res-2", "res-4"]


def test_reach_is_unavailable_until_the_index_has_loaded(office: Office) -> None:
    office.feed.lost()
    with pytest.raises(Unavailable):
        office.reach()


def test_each_use_of_a_place_is_shown_to_the_resident(office: Office) -> None:
    office.register()
    office.set_interest()
    office.hear()
    office.clock.move(timedelta(minutes=5))
    office.reach()

    records = office.registry.location_records(a_resident(), resident_id="res-1")["records"]

    assert [(record["act"], record["kind"], record["receiver"]) for record in records] == [
        ("used", "jobs", "notifications"),
        ("collected", "interest", "residents"),
    ]


@pytest.mark.parametrize(
    ("actor", "code"),
    [(ANYONE, "sign_in_needed"), (a_resident(), "role_not_allowed"), (an_officer(), "role_not_allowed")],
    ids=["nobody", "a resident", "an officer"],
)
def test_reach_is_for_services_only(office: Office, actor: Actor, code: str) -> None:
    assert refusal(lambda: office.interests.reach(actor, tenant=TOWN, **LIBRARY, topic="jobs"))[0] == code


def test_an_unknown_topic_is_refused_with_the_list(office: Office) -> None:
    with pytest.raises(Refused) as caught:
        office.interests.reach(a_service(), tenant=TOWN, **LIBRARY, topic="weather")
    assert caught.value.values["topics"] == list(TOPICS)


@given(
    lat=some.floats(-0.02, 0.02),
    lon=some.floats(-0.02, 0.02),
    radius=some.integers(100, 2_000),
    topic=some.sampled_from(TOPICS),
)
def test_an_interest_concerns_exactly_what_lies_within_its_radius_and_its_topics(
    lat: float, lon: float, radius: int, topic: str
) -> None:
    centre, point = Point(**LIBRARY), Point(LIBRARY["lat"] + lat, LIBRARY["lon"] + lon)
    interest = an_interest(
        resident_id="res-1", interest_id="res-1:home", centre=centre, radius=radius, topics=["jobs", "news"], until=None
    )
    concerned = interest.concerns(point, topic, datetime(2026, 11, 22, tzinfo=UTC))
    assert concerned == (topic in ("jobs", "news") and distance_m(centre, point) <= radius)


# The door


@pytest.mark.parametrize(
    ("schema", "wrong", "field", "fix"),
    [
        (schemas.SetInterest, {"interest_id": "home"}, "interest_id", "<resident id>:<name>"),
        (schemas.SetInterest, {"radius": 99}, "radius", "Give 100 to 10000 metres."),
        (schemas.SetInterest, {"radius": 700.5}, "radius", "Not a valid integer"),
        (schemas.SetInterest, {"topics": []}, "topics", "at least one topic"),
        (schemas.SetInterest, {"topics": ["weather"]}, "topics", "Give one of: jobs, training, rooms, news."),
        (schemas.SetInterest, {"until": "2026-12-24T18:00:00"}, "until", "with an offset"),
        (schemas.SetInterest, {"until": "tomorrow"}, "until", "with an offset"),
        (schemas.RemoveInterest, {"interest_id": ":"}, "interest_id", "<resident id>:<name>"),
        (schemas.Reach, {"limit": 1001}, "limit", "Give 1 to 1000."),
        (schemas.Reach, {"topic": "weather"}, "topic", "Give one of: jobs"),
        (schemas.Reach, {"lat": None}, "lat", "may not be null"),
    ],
)  # fmt: skip
def test_what_is_wrong_at_the_door_is_named_with_its_fix(schema: Any, wrong: Any, field: str, fix: str) -> None:
    right = {
        "act_id": "act-1",
        "resident_id": "res-1",
        "interest_id": "res-1:home",
        "tenant": TOWN,
        "topic": "jobs",
        **LIBRARY,
    }
    asked = {name: value for name, value in right.items() if name in schema().fields}
    schema().load(asked)

    with pytest.raises(ValidationError) as caught:
        schema().load({**asked, **wrong})

    assert field in str(caught.value.messages)
    assert fix in str(caught.value.messages)
