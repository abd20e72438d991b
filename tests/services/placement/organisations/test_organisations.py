"""The register of organisations: acts by officers of the tenant and district, reading by everybody."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from services.placement.organisations.model import MOST
from services.placement.organisations.schemas import NoteCount, Register
from shared.actors import Actor
from shared.errors import NotFound, Refused
from tests.services.placement.programmes.city import (
    HOST,
    NOBODY,
    OF_BUPYEONG,
    OF_ELSEWHERE,
    OF_GWANGSAN,
    OFFICER,
    OPERATOR,
    RESIDENT,
    TENANT,
    City,
    a_city,
)

SMILE = f"{TENANT}:smile-system"


@pytest.fixture
def city() -> City:
    return a_city()


def registers(city: City, actor: Actor = OFFICER, **changes: Any) -> str:
    asked: dict[str, Any] = {
        "act_id": "register",
        "tenant": TENANT,
        "code": "smile-system",
        "name": "스마일시스템",
        "kind": "operating_agency",
        "district": "29200",
        **changes,
    }
    return str(city.organisations.register(actor, **asked)["organisation_id"])


def counts(city: City, value: int | None, actor: Actor = OFFICER, **changes: Any) -> None:
    asked: dict[str, Any] = {
        "act_id": city.act_id(),
        "organisation_id": SMILE,
        "measure": "workers",
        "value": value,
        "as_of": date(2019, 4, 30),
        "source": "분기 보고",
        **changes,
    }
    city.organisations.note_count(actor, **asked)


ACTS: dict[str, Callable[[City, Actor], Any]] = {
    "register": lambda city, actor: registers(city, actor, act_id="other", code="other"),
    "add_line": lambda city, actor: city.organisations.add_line(
        actor, act_id="line", organisation_id=SMILE, name="짐 배송"
    ),
    "add_facility": lambda city, actor: city.organisations.add_facility(
        actor, act_id="facility", organisation_id=SMILE, name="첨단2동 나눔방", operator_kind="entrusted"
    ),
    "note_count": lambda city, actor: counts(city, 11, actor),
}


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize(
    ("actor", "code"),
    [
        (NOBODY, "sign_in_needed"),
        (RESIDENT, "role_not_allowed"),
        (HOST, "role_not_allowed"),
        (OF_ELSEWHERE, "other_tenant"),
        (OF_BUPYEONG, "other_district"),
    ],
)
def test_an_act_on_the_register_asks_for_role_tenant_and_district(
    city: City, act: str, actor: Actor, code: str
) -> None:
    registers(city)

    with pytest.raises(Refused) as refused:
        ACTS[act](city, actor)

    assert refused.value.code == code


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("actor", [OFFICER, OPERATOR, OF_GWANGSAN])
def test_officers_of_the_district_and_operators_keep_the_register(city: City, act: str, actor: Actor) -> None:
    registers(city)

    ACTS[act](city, actor)


def test_an_organisation_of_the_whole_city_is_not_for_the_officer_of_a_district(city: City) -> None:
    with pytest.raises(Refused, match="other_district"):
        registers(city, OF_GWANGSAN, district=None)

    registers(city, district=None)
    with pytest.raises(Refused, match="other_district"):
        counts(city, 11, OF_GWANGSAN)


@pytest.mark.parametrize("act", ACTS)
def test_the_register_of_a_closed_tenant_stays_as_it_is(city: City, act: str) -> None:
    registers(city)
    city.programmes.close_tenant(OPERATOR, act_id="close", tenant=TENANT)

    with pytest.raises(Refused, match="tenant_is_closed"):
        ACTS[act](city, OFFICER)


def test_everybody_may_read_the_register(city: City) -> None:
    registers(city)
    registers(city, act_id="2", code="partner", name="아기잠연구소", kind="partner", district=None)

    told = city.organisations.listed(NOBODY, tenant=TENANT)["organisations"]

    assert [row["name"] for row in told] == ["아기잠연구소", "스마일시스템"]
    assert city.organisations.listed(NOBODY, tenant=TENANT, kind="partner")["organisations"] == told[:1]
    assert city.organisations.listed(NOBODY, tenant=TENANT, district="29200")["organisations"] == told[1:]
    assert city.organisations.read(NOBODY, organisation_id=SMILE)["name"] == "스마일시스템"
    with pytest.raises(NotFound, match="no_such_organisation"):
        city.organisations.read(NOBODY, organisation_id="gwangsan:nobody")


def test_the_same_act_sent_again_changes_nothing_and_another_of_the_same_code_is_refused(city: City) -> None:
    assert registers(city) == registers(city) == SMILE
    with pytest.raises(Refused, match="id_taken"):
        registers(city, act_id="another")


def test_a_series_is_told_page_by_page_in_order_of_its_days(city: City) -> None:
    registers(city)
    for month in (6, 4, 5):
        counts(city, month * 10, as_of=date(2019, month, 28))

    told, cursor = [], None
    while True:
        page = city.organisations.counts_of(NOBODY, organisation_id=SMILE, measure="workers", limit=2, cursor=cursor)
        told += page["counts"]
        cursor = page["cursor"]
        if cursor is None:
            break

    assert [(row["as_of"], row["value"]) for row in told] == [
        ("2019-04-28", 40),
        ("2019-05-28", 50),
        ("2019-06-28", 60),
    ]


def test_counts_of_one_day_stand_in_the_order_of_their_sources(city: City) -> None:
    registers(city)
    for source in ("바", "가", "라", "나", "마", "다"):
        counts(city, 11, source=source)

    told = city.organisations.counts_of(NOBODY, organisation_id=SMILE, measure="workers")["counts"]

    assert [row["source"] for row in told] == ["가", "나", "다", "라", "마", "바"]


def test_a_count_of_the_same_day_and_source_is_corrected_and_can_be_taken_back(city: City) -> None:
    registers(city)

    def now() -> Any:
        return city.organisations.read(NOBODY, organisation_id=SMILE)["counts"]["workers"]

    counts(city, 11)
    counts(city, 12)
    assert now()["value"] == 12

    counts(city, 13, source="다른 보고")
    counts(city, None, source="다른 보고")
    counts(city, None)
    # Nobody knows: 자료 없음, not 0.
    assert now() is None


def test_counts_of_two_measures_are_never_added_up(city: City) -> None:
    registers(city)
    counts(city, 11)
    counts(city, 6, measure="members")

    told = city.organisations.read(NOBODY, organisation_id=SMILE)["counts"]

    assert (told["workers"]["value"], told["members"]["value"], told["volunteers"]) == (11, 6, None)


def test_a_line_is_described_anew_under_its_name_and_lines_are_bounded(city: City) -> None:
    registers(city)
    for number in range(MOST):
        city.organisations.add_line(OFFICER, act_id=city.act_id(), organisation_id=SMILE, name=f"부문 {number}")

    city.organisations.add_line(OFFICER, act_id="anew", organisation_id=SMILE, name="부문 0", since=date(2019, 4, 1))
    with pytest.raises(Refused, match="too_many_at_once"):
        city.organisations.add_line(OFFICER, act_id="more", organisation_id=SMILE, name="하나 더")

    told = city.organisations.read(NOBODY, organisation_id=SMILE)["lines"]
    assert (len(told), told[0]) == (MOST, {"name": "부문 0", "since": "2019-04-01"})


@pytest.mark.parametrize(
    ("act", "code"),
    [
        (lambda city: registers(city, act_id="2", code="two", kind="circus"), "organisation_kind_unknown"),
        (lambda city: counts(city, 3, measure="cats"), "measure_unknown"),
        (lambda city: counts(city, 3, qualifier="perhaps"), "qualifier_unknown"),
        (lambda city: counts(city, -1), "out_of_range"),
        (lambda city: counts(city, 3, as_of=date(2026, 11, 23)), "as_of_in_future"),
        (
            lambda city: city.organisations.add_facility(
                OFFICER, act_id="f", organisation_id=SMILE, name="은하수 작은도서관", operator_kind="rented"
            ),
            "operator_kind_unknown",
        ),
    ],
)
def test_what_is_not_known_is_refused(city: City, act: Callable[[City], Any], code: str) -> None:
    registers(city)

    with pytest.raises(Refused) as refused:
        act(city)

    assert refused.value.code == code


def test_the_door_reads_days_and_names_what_is_wrong() -> None:
    told = Register().load(
        {
            "act_id": "1",
            "tenant": TENANT,
            "code": "dain",
            "name": "다인",
            "kind": "cooperative",
            "founded_on": "2015-06-01",
        }
    )
    faults = NoteCount().validate({"act_id": "1", "organisation_id": SMILE, "measure": "workers", "value": "많이"})

    assert told["founded_on"] == date(2015, 6, 1)
    assert set(faults) == {"value", "as_of", "source"}
