"""What is shown of a resident, to whom, and what other systems may ask."""

from __future__ import annotations

from base64 import b64decode
from datetime import date
from typing import Any

import pytest
from marshmallow import ValidationError

from services.placement.participation import schemas
from shared.actors import Actor
from shared.errors import NotFound, Refused
from tests.services.placement.participation.makers import (
    OFFICER,
    RESIDENT,
    SERVICE,
    TENANT,
    Town,
    a_town,
    a_wanted,
)

ONE = a_wanted("opn-1", "2026-12-02", "2026-12-04", hours=5)


def a_settled_town() -> Town:
    town = a_town()
    town.selects(ONE)
    town.selects(a_wanted("opn-2", "2026-12-08", direct=False, regions=("29170", "29"), workplace="별빛 경로당"))
    return town


def note(town: Town, actor: Actor = OFFICER, **changes: Any) -> Any:
    asked = {
        "act_id": "note-1",
        "resident_id": "res-1",
        "programme": "지역공동체일자리",
        "first_day": date(2024, 1, 1),
        "last_day": date(2026, 6, 30),
        "source": "일모아 조회 2026-12-01",
    }
    return town.records.note_outside(actor, **{**asked, **changes})


def test_a_resident_sees_hours_months_and_places() -> None:
    town = a_settled_town()

    told = town.records.standing(RESIDENT, resident_id="res-1")

    assert told["weeks"][:2] == [
        {"week": "2026-W49", "minutes": 900, "limit": 900},
        {"week": "2026-W50", "minutes": 120, "limit": 900},
    ]
    assert told["months"][0] == {"month": "2026-12", "minutes": 1020, "limit": 3600}
    assert [row["key"] for row in told["spans"]] == [ONE.key, "opn-2:res-1:1"]
    assert (told["shut_out_until"], told["ranked_lower"], told["cursor"]) == (None, False, None)


def test_who_is_shut_out_sees_until_when_and_what_was_counted() -> None:
    town = a_settled_town()
    note(town)

    told = town.records.standing(RESIDENT, resident_id="res-1")

    assert told["shut_out_until"] == "2027-07-01"
    assert told["ranked_lower"] is True
    assert told["direct_jobs"][0] == {
        "kind": "repeat_months",
        "months": 24,
        "of": 36,
        "days": (date(2026, 7, 1) - date(2024, 1, 1)).days,
        "days_allowed": 730,
    }


def test_somebody_who_never_took_part_has_an_empty_standing() -> None:
    told = a_town().records.standing(RESIDENT, resident_id="res-1")

    assert told["spans"] == []
    assert told["direct_jobs"][0]["days"] == 0


def test_places_are_told_page_by_page() -> None:
    town = a_town()
    for number in range(1, 8):
        town.selects(a_wanted(f"opn-{number}", f"2026-12-{number + 1:02d}"))

    keys, cursor = [], None
    for _ in range(4):
        told = town.records.standing(OFFICER, resident_id="res-1", limit=2, cursor=cursor)
        keys += [row["key"] for row in told["spans"]]
        cursor = told["cursor"]

    assert cursor is None
    assert keys == [f"opn-{number}:res-1:1" for number in range(1, 8)]
    with pytest.raises(Refused, match="out_of_range"):
        town.records.standing(OFFICER, resident_id="res-1", limit=0)


def test_places_of_one_day_are_told_page_by_page_and_no_cursor_names_a_place() -> None:
    town = a_town()
    for number in range(5):
        town.selects(a_wanted(f"opn-{number}", direct=False, hours=0, regions=("29170", "29")))
    here = Actor("officer-2", frozenset({"officer"}), TENANT, frozenset({"29200"}))

    for one in (OFFICER, here):
        rows, cursor = [], None
        for _ in range(3):
            told = town.records.standing(one, resident_id="res-1", limit=2, cursor=cursor)
            rows += told["spans"]
            cursor = told["cursor"]
            assert "opn-" not in (b64decode(cursor + "==").decode() if cursor else "")
        assert (len(rows), cursor) == (5, None)
        assert one is here or {row["key"] for row in rows} == set(town.known().claims)


def test_an_officer_of_one_district_sees_only_the_days_of_places_elsewhere() -> None:
    here = Actor("officer-2", frozenset({"officer"}), TENANT, frozenset({"29200"}))

    first, second = a_settled_town().records.standing(here, resident_id="res-1")["spans"]

    assert first["workplace"] == "은하수 작은도서관"
    assert second == {
        "key": "elsewhere:2026-12-08",
        "first_day": "2026-12-08",
        "last_day": "2026-12-08",
        "direct_job": False,
        "state": "taken",
        "outside": False,
    }


def test_another_system_asks_whether_somebody_may_take_part() -> None:
    town = a_settled_town()

    told = town.records.check(SERVICE, resident_id="res-1", first_day=date(2026, 12, 4), last_day=date(2026, 12, 31))

    assert told["allowed"] is False
    assert told["overlaps"] == [
        {
            "key": ONE.key,
            "programme_code": "gs-citizen-allowance",
            "first_day": "2026-12-04",
            "last_day": "2026-12-04",
            "count": 1,
        }
    ]
    later: dict[str, Any] = {"first_day": date(2026, 12, 5), "last_day": date(2026, 12, 31)}
    assert town.records.check(SERVICE, resident_id="res-1", **later)["allowed"] is True
    assert town.records.check(SERVICE, resident_id="nobody", **later)["allowed"] is True
    other: dict[str, Any] = {"first_day": date(2026, 12, 4), "last_day": date(2026, 12, 4)}
    assert town.records.check(SERVICE, resident_id="res-1", direct_job=False, **other)["allowed"] is True


def test_days_the_wrong_way_round_or_without_end_are_refused_with_the_field() -> None:
    town = a_town()

    with pytest.raises(Refused) as refused:
        note(town, first_day=date(2026, 12, 2), last_day=date(2026, 12, 1))
    assert (refused.value.code, refused.value.field) == ("input_invalid", "last_day")
    with pytest.raises(Refused, match="out_of_range"):
        note(town, first_day=date(2020, 1, 1))


@pytest.mark.parametrize(
    ("first", "last", "field"),
    [
        (date(9999, 1, 1), date.max, "first_day"),
        (date(2036, 11, 1), date(2036, 12, 2), "last_day"),
        (date(1, 1, 1), date(1, 6, 1), "first_day"),
    ],
)
def test_days_that_nobody_means_are_refused_before_anything_is_noted(first: date, last: date, field: str) -> None:
    """What is noted is looked back on for years: a job until 9999 must not stand in the way of every later question."""
    town = a_town()

    for ask in (
        lambda: note(town, first_day=first, last_day=last),
        lambda: town.records.check(SERVICE, resident_id="res-1", first_day=first, last_day=last),
    ):
        with pytest.raises(Refused) as refused:
            ask()
        assert (refused.value.code, refused.value.field) == ("out_of_range", field)
    assert town.states() == {}


def test_an_officer_of_one_district_is_not_told_which_places_lie_in_the_way_elsewhere() -> None:
    town = a_town()
    town.selects(a_wanted("opn-9", "2026-12-02", "2026-12-04", regions=("29170", "29"), programme_code="buk-allowance"))
    note(town, first_day=date(2026, 12, 1), last_day=date(2026, 12, 2))
    # Whatever regions are asked for.
    days: dict[str, Any] = {"first_day": date(2026, 12, 2), "last_day": date(2026, 12, 3), "regions": ("29170", "29")}
    told = {}
    for one in (OFFICER, Actor("officer-2", frozenset({"officer"}), TENANT, frozenset({"29200"}))):
        checked = town.records.check(one, resident_id="res-1", **days)
        (pair,) = town.records.overlapping(one, resident_id="res-1")["overlaps"]
        told[one.subject] = [*checked["overlaps"], pair]
        seen = [] if one.districts else ["buk-allowance"]
        assert checked["objections"][0]["values"]["programmes"] == [*seen, "지역공동체일자리"]

    place, outside, pair = told["officer-1"]
    assert (place["key"], place["programme_code"], pair["key"]) == ("opn-9:res-1:1", "buk-allowance", "opn-9:res-1:1")
    place, of_others, pair = told["officer-2"]
    assert (place["key"], pair["key"], "programme_code" in place) == ("elsewhere:2026-12-02", "elsewhere:2026-12-02", False)
    assert of_others == outside


def test_only_what_another_system_told_can_be_retracted() -> None:
    town = a_settled_town()
    key = note(town)["key"]

    with pytest.raises(NotFound, match="no_such_outside_participation"):
        town.records.retract_outside(OFFICER, act_id="r-1", resident_id="res-1", key=ONE.key)
    for _ in range(2):
        town.records.retract_outside(OFFICER, act_id="r-2", resident_id="res-1", key=key)

    assert town.records.standing(RESIDENT, resident_id="res-1")["shut_out_until"] is None


def test_a_note_may_be_repeated_and_its_name_not_used_for_another() -> None:
    town = a_town()
    assert note(town) == note(town)

    with pytest.raises(Refused, match="act_id_reused"):
        note(town, programme="공공근로")


def test_bad_input_names_the_field() -> None:
    good = {"resident_id": "res-1", "first_day": "2026-12-01", "last_day": "2026-12-02"}
    assert schemas.Check().load(good)["regions"] == ["KR"]

    for field, wrong in (("first_day", "2026-13-01"), ("resident_id", ""), ("regions", ["광산구"])):
        with pytest.raises(ValidationError) as refused:
            schemas.Check().load({**good, field: wrong})
        assert list(refused.value.messages) == [field]
