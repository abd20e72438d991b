"""Rows that would bend the truth: what is refused, and what stays true whatever a row says."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from services.placement.programmes.schemas import LoadProgrammes
from shared.errors import NotFound, Refused
from tests.services.placement.programmes.city import OFFICER, TENANT, City, a_row, named

BYEOLBIT = named("byeolbit")
WOMEN = {"code": "career_break_women", "name_ko": "경력단절여성", "legal_basis": "  "}


def test_a_programme_that_moves_to_another_district_takes_its_targets_along(city: City) -> None:
    city.load(a_row(jobs_target=3))
    city.terms.set_target(OFFICER, act_id="seven", programme_id=BYEOLBIT, measure="people", value=7)

    city.load(a_row(jobs_target=4, district="부평구", district_code="28237"))

    by_district: dict[tuple[str, str], int] = {}
    for data in city.said("target.set"):
        place = data["district"], data["measure"]
        by_district[place] = by_district.get(place, 0) + data["value"] - data["was"]
    assert by_district == {
        ("29200", "jobs"): 0,
        ("29200", "people"): 0,
        ("28237", "jobs"): 4,
        ("28237", "people"): 7,
    }
    assert {measure: one["value"] for measure, one in city.read("byeolbit")["targets"].items()} == {"jobs": 4, "people": 7}


def test_a_programme_is_no_umbrella_of_itself(city: City) -> None:
    with pytest.raises(Refused) as refused:
        city.load(a_row(id="dalbit"), a_row(parent="byeolbit"))

    assert (refused.value.code, refused.value.field) == ("programme_is_own_parent", "programmes.1.parent")
    with pytest.raises(NotFound):
        city.read("dalbit")


def test_what_an_umbrella_reports_is_never_among_what_is_itemised_even_if_it_once_was_its_own(city: City) -> None:
    city.load(a_row(people_placed=142, as_of="2019-08-31"))
    city.database.collection("programmes").update_one({"_id": BYEOLBIT}, {"$set": {"parent": "byeolbit"}})

    told = city.report("byeolbit")

    assert (told["reported"]["value"], told["itemised"]["value"], told["named_programmes"]) == (142, None, 0)


@pytest.mark.parametrize(("as_of", "day"), [("2019-08", date(2019, 8, 31)), ("2019", date(2019, 12, 31))])
def test_a_figure_of_a_month_or_a_year_is_not_known_before_that_is_over(city: City, as_of: str, day: date) -> None:
    city.load(a_row(id="umbrella", kind="umbrella"), a_row(parent="umbrella", people_placed=27, as_of=as_of))

    assert city.report("umbrella", as_of=day - timedelta(days=1))["itemised"]["value"] is None
    assert city.report("umbrella", as_of=day)["itemised"]["value"] == 27
    # The source names no day: none is made up.
    assert city.report("umbrella")["itemised"]["rows"][0]["as_of"] is None


def test_a_blank_is_no_legal_basis(city: City) -> None:
    city.load(a_row(target_groups=[WOMEN]))

    with pytest.raises(Refused, match="target_group_needs_legal_basis"):
        city.programmes.programmes.get(BYEOLBIT).must_restrict_to("career_break_women")


def test_a_selected_proposal_makes_no_change_to_a_programme_that_was_loaded_at_the_same_moment(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    city.load(a_row(name_ko="담당 공무원이 올린 이름"))
    with monkeypatch.context() as before:
        # The reaction looked before the officer had written.
        before.setattr(city.programmes.programmes, "find", lambda _id: None)
        city.programmes.host(TENANT, a_row(name_ko="제안의 이름"))

    assert city.read("byeolbit")["name_ko"] == "담당 공무원이 올린 이름"


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": "byeolbit\n"},
        {"name_ko": "   "},
        {"name_ko": "별\x00빛"},
        {"role": "hos\x1bted"},
        {"district": " "},
        {"district_code": "29200\n"},
        {"district_code": "２９２００"},
        {"agreed_on": "20230413"},
        {"agreed_on": "2023-W15-4"},
        {"as_of": "20190831"},
        {"published": "20190831"},
        # Else a figure that its source gave as about would be told as exact.
        {"qualifiers": {"people_placd": "about"}},
        {"target_groups": [" "]},
        {"target_groups": ["\x00"]},
        {"pillars": [{"code": "care", "name_ko": "\t"}]},
    ],
    ids=str,
)
def test_a_row_with_a_fault_is_refused_by_its_place_and_field(wrong: dict[str, Any]) -> None:
    asked = {"tenant": TENANT, "programmes": [a_row(), {**a_row(), **wrong}]}
    faults: dict[str, Any] = LoadProgrammes().validate(asked)

    assert list(faults) == ["programmes"]
    assert {place: list(fields) for place, fields in faults["programmes"].items()} == {1: list(wrong)}
