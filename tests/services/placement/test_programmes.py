"""Programmes: every row of the data is hosted as it is, and unknown figures stay unknown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from services.placement.programmes.schemas import LoadProgrammes
from shared.errors import Refused
from tests.services.placement.office import ALLOWANCE, OFFICER, OPERATOR, TENANT, Office, a_resident, a_row

DATA = Path(__file__).parents[3] / "deploy" / "data" / "programmes.yaml"


def the_rows() -> list[dict[str, Any]]:
    rows = yaml.safe_load(DATA.read_text(encoding="utf-8"))["programmes"]
    return list(LoadProgrammes().load({"tenant": TENANT, "programmes": rows})["programmes"])


def test_all_rows_of_the_data_are_loaded_once(office: Office) -> None:
    rows = the_rows()

    first = office.programmes.load(OPERATOR, tenant=TENANT, programmes=rows)
    again = office.programmes.load(OPERATOR, tenant=TENANT, programmes=rows)

    assert first == {"loaded": 46, "unchanged": 0}
    assert again == {"loaded": 0, "unchanged": 46}


def test_a_changed_row_replaces_the_old_one_and_leaves_our_own_flags(office: Office) -> None:
    office.programmes.set_wage_floor(OFFICER, act_id="floor", programme_id=ALLOWANCE, wage_floor="living")

    office.programmes.load(OPERATOR, tenant=TENANT, programmes=[a_row(name_ko="광산시민수당")])

    told = office.programmes.read(OFFICER, programme_id=ALLOWANCE)
    assert (told["name_ko"], told["wage_floor"]) == ("광산시민수당", "living")


def test_a_district_whose_code_ended_keeps_its_old_name_in_the_past(office: Office) -> None:
    office.programmes.load(OPERATOR, tenant=TENANT, programmes=the_rows())

    in_2019 = office.programmes.listed(OFFICER, tenant=TENANT, district="28260", on="2019-08-31")["programmes"]
    in_2027 = office.programmes.listed(OFFICER, tenant=TENANT, district="28260", on="2027-01-01")["programmes"]

    assert {row["district"]["name"] for row in in_2019} == {"서구"}
    assert in_2027 == []


def test_what_a_source_does_not_say_is_unknown_and_not_zero(office: Office) -> None:
    office.programmes.load(OPERATOR, tenant=TENANT, programmes=the_rows())

    row = office.programmes.read(OFFICER, programme_id=f"{TENANT}:gs-walk10")["row"]

    assert row["jobs_created"] is None
    assert row["budget_krw"] is None


def test_a_row_named_twice_is_refused_whole(office: Office) -> None:
    with pytest.raises(Refused, match="programme_named_twice"):
        office.programmes.load(OPERATOR, tenant=TENANT, programmes=[a_row(id="two"), a_row(id="two")])


def test_residents_load_no_programmes(office: Office) -> None:
    with pytest.raises(Refused, match="role_not_allowed"):
        office.programmes.load(a_resident(1), tenant=TENANT, programmes=[a_row()])


def test_a_row_that_was_corrected_back_is_as_it_was(office: Office) -> None:
    for name in ("나", "가", "나"):
        office.programmes.load(OPERATOR, tenant=TENANT, programmes=[a_row(name_ko=name)])

    assert office.programmes.read(OFFICER, programme_id=ALLOWANCE)["name_ko"] == "나"


def test_the_data_sets_the_wage_floor_until_an_officer_does(office: Office) -> None:
    office.programmes.load(OPERATOR, tenant=TENANT, programmes=[a_row(wage_floor="living")])
    assert office.programmes.read(OFFICER, programme_id=ALLOWANCE)["wage_floor"] == "living"
