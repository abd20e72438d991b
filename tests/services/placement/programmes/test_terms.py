"""What officers decide stays when the data comes again; what is said adds up; each act asks who does it and where."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.placement.programmes.files import read_kinds
from services.placement.programmes.schemas import LoadProgrammes, ReportFigure, SetTarget
from shared.actors import ANYONE, Actor
from shared.errors import NotFound, Refused
from tests.services.placement.programmes.city import (
    NOBODY,
    OFFICER,
    TENANT,
    City,
    a_row,
    named,
)

BYEOLBIT = named("byeolbit")
WOMEN = {"code": "career_break_women", "name_ko": "경력단절여성", "legal_basis": None}
BASIS = "여성의 경제활동 촉진과 경력단절 예방법 제2조"


def test_a_programme_says_that_it_is_there_once_and_again_when_it_changes(city: City) -> None:
    city.load(a_row())
    city.load(a_row())
    city.load(a_row(note="글자만 고침"))
    city.load(a_row(pilot=True))

    said = city.said("programme.set")

    assert [data["pilot"] for data in said] == [False, True]
    assert said[0] == {
        "programme_id": BYEOLBIT,
        "district": "29200",
        "kind": "job_matching",
        "role": "hosted",
        "parent": None,
        "year": None,
        "direct_job": False,
        "engagement": "participation_allowance",
        "pilot": False,
        "target_groups": [],
    }


def test_only_who_works_with_a_programme_is_told_who_its_hosts_are(city: City) -> None:
    city.load(a_row(hosts=["host-1"]))
    host, stranger = (Actor(name, frozenset({"host"}), OFFICER.tenant) for name in ("host-1", "host-2"))
    of_another_tenant = Actor("officer-9", frozenset({"officer"}), "bukgu")

    told = [city.programmes.read(who, programme_id=BYEOLBIT) for who in (OFFICER, host, stranger, of_another_tenant, ANYONE)]

    assert [one.get("hosts") for one in told] == [["host-1"], ["host-1"], None, None, None]
    assert not any("hosts" in one["row"] for one in told)


def test_the_parent_that_is_said_is_a_programmes_id(full_city: City) -> None:
    assert full_city.said("programme.set", "ic-gyeyang-freelug")[0]["parent"] == named("ic-sangsaeng")


def test_what_an_officer_chose_stays_when_the_data_comes_again(city: City) -> None:
    city.load(a_row())
    city.terms.set_flags(OFFICER, act_id="flags", programme_id=BYEOLBIT, direct_job=True, engagement="employment")
    city.terms.set_hosts(OFFICER, act_id="hosts", programme_id=BYEOLBIT, hosts=["host-2", "host-1", "host-2"])
    city.programmes.set_wage_floor(OFFICER, act_id="floor", programme_id=BYEOLBIT, wage_floor="living")

    city.load(a_row(name_ko="별빛 경로당", direct_job=False, engagement="volunteer", pilot=True, hosts=["host-9"]))

    told = city.read("byeolbit")
    assert told["name_ko"] == "별빛 경로당"
    assert (told["direct_job"], told["engagement"], told["wage_floor"]) == (True, "employment", "living")
    assert city.programmes.read(OFFICER, programme_id=BYEOLBIT)["hosts"] == ["host-1", "host-2"]
    # Nobody chose this one: the data has it.
    assert told["pilot"] is True


def test_a_flag_that_is_not_named_stays(city: City) -> None:
    city.load(a_row(pilot=True))

    city.terms.set_flags(OFFICER, act_id="flags", programme_id=BYEOLBIT, direct_job=True)

    assert (city.read("byeolbit")["pilot"], city.read("byeolbit")["direct_job"]) == (True, True)


def test_targets_of_the_data_are_said_and_a_changed_one_says_what_it_replaces(city: City) -> None:
    city.load(a_row(jobs_target=400, trained_target=30, qualifiers={"trained_target": "about"}))
    city.load(a_row(jobs_target=450, trained_target=30, qualifiers={"trained_target": "about"}))
    city.load(a_row(jobs_target=450))

    said = [(data["measure"], data["was"], data["value"], data["day"]) for data in city.said("target.set")]

    today = "2026-11-22"
    assert said == [
        ("jobs", 0, 400, today),
        ("trained", 0, 30, today),
        ("jobs", 400, 450, today),
        ("trained", 30, 0, today),
    ]
    assert city.read("byeolbit")["targets"] == {"jobs": {"value": 450, "qualifier": "exact"}}


def test_a_target_of_an_officer_stays_and_what_was_said_adds_up_to_it(city: City) -> None:
    city.load(a_row(jobs_target=400))
    asked: dict[str, Any] = {"programme_id": BYEOLBIT, "measure": "jobs"}
    city.terms.set_target(OFFICER, act_id="more", value=410, qualifier="at_least", **asked)
    city.terms.set_target(OFFICER, act_id="more", value=410, qualifier="at_least", **asked)
    city.load(a_row(jobs_target=500))

    assert city.read("byeolbit")["targets"]["jobs"] == {"value": 410, "qualifier": "at_least"}
    assert sum(data["value"] - data["was"] for data in city.said("target.set")) == 410

    city.terms.set_target(OFFICER, act_id="none", value=None, **asked)
    assert city.read("byeolbit")["targets"] == {}
    assert sum(data["value"] - data["was"] for data in city.said("target.set")) == 0


def test_a_programme_without_target_groups_says_so_instead_of_listing_none(city: City) -> None:
    city.load(a_row(target_groups=[]))

    with pytest.raises(Refused) as refused:
        city.programmes.programmes.get(BYEOLBIT).must_restrict_to("youth")

    assert (refused.value.code, refused.value.field) == ("programme_has_no_target_groups", "target_group")


def test_an_opening_is_kept_for_a_group_by_a_stated_law_only(city: City) -> None:
    city.load(a_row(target_groups=[WOMEN, "누구나"]))
    programme = city.programmes.programmes.get(BYEOLBIT)

    with pytest.raises(Refused, match="target_group_needs_legal_basis"):
        programme.must_restrict_to("career_break_women")
    with pytest.raises(Refused, match="target_group_needs_legal_basis"):
        programme.must_restrict_to("누구나")
    with pytest.raises(Refused, match="target_group_unknown"):
        programme.must_restrict_to("youth")

    city.terms.set_target_groups(
        OFFICER, act_id="law", programme_id=BYEOLBIT, target_groups=[{**WOMEN, "legal_basis": BASIS}]
    )
    city.load(a_row(target_groups=[WOMEN]))

    assert city.programmes.programmes.get(BYEOLBIT).must_restrict_to("career_break_women").legal_basis == BASIS
    assert city.said("programme.set")[-1]["target_groups"] == ["career_break_women"]


def test_a_group_named_twice_is_refused(city: City) -> None:
    city.load(a_row())

    with pytest.raises(Refused, match="target_group_named_twice"):
        city.terms.set_target_groups(OFFICER, act_id="1", programme_id=BYEOLBIT, target_groups=[WOMEN, WOMEN])


def test_an_unknown_kind_is_refused_by_its_place_and_nothing_is_loaded(city: City) -> None:
    with pytest.raises(Refused) as refused:
        city.load(a_row(), a_row(id="other", kind="robot_parade"))

    assert (refused.value.code, refused.value.field) == ("kind_unknown", "programmes.1.kind")
    assert "job_matching" in refused.value.values["known"]
    with pytest.raises(NotFound):
        city.read("byeolbit")


def test_every_kind_of_the_shipped_rows_is_in_the_table_with_both_names(full_city: City) -> None:
    kinds = {kind["code"]: kind for kind in full_city.programmes.known_kinds(NOBODY)["kinds"]}

    programmes = full_city.programmes.listed(NOBODY, tenant=TENANT)["programmes"]
    assert {row["kind"] for row in programmes} <= set(kinds)
    assert all(kind["ko"] and kind["en"] for kind in kinds.values())
    assert kinds["training_cohort"]["counts"][0] == "trained"


@pytest.mark.parametrize("broken", ["{code: a, ko: 가, en: A, counts: [smiles], openings: true}", "{code: a}"])
def test_a_table_of_kinds_that_is_wrong_names_the_row_and_the_fix(tmp_path: Path, broken: str) -> None:
    file = tmp_path / "kinds.yaml"
    file.write_text(f"kinds:\n  - {broken}\n", encoding="utf-8")

    with pytest.raises(ValueError, match=r"kinds row 1: .* give code, ko, en, counts and openings"):
        read_kinds(file)


def test_a_kind_without_openings_hosts_none(city: City) -> None:
    city.load(a_row(kind="umbrella"), a_row(id="hiring"))

    with pytest.raises(Refused, match="kind_has_no_openings"):
        city.programmes.programmes.get(BYEOLBIT).must_host_openings()
    assert city.programmes.programmes.get(named("hiring")).must_host_openings().code == "29200"


def test_a_tag_must_be_a_programme_of_the_tenant(city: City) -> None:
    city.load(a_row())

    with pytest.raises(NotFound, match="no_such_programme"):
        city.terms.set_tags(OFFICER, act_id="1", programme_id=BYEOLBIT, tags=["nowhere"])


def test_a_figure_of_an_officer_joins_the_report_and_can_be_corrected_and_taken_back(full_city: City) -> None:
    def enters(act_id: str, value: int | None, measure: str = "people_placed") -> None:
        full_city.terms.report_figure(
            OFFICER,
            act_id=act_id,
            programme_id=named("ic-namdong-defectors"),
            measure=measure,
            value=value,
            qualifier="at_least",
            as_of=date(2019, 12, 31),
            source="남동구 결산",
        )

    enters("first", 9)
    told = full_city.report("ic-sangsaeng")
    assert (told["reported"]["value"], told["itemised"]["value"], told["gap"]) == (142, 114, 28)
    assert told["itemised"]["qualifier"] == "at_least"
    assert [row["district"] for row in told["no_figure"]] == ["서구"]

    enters("second", 8)
    enters("first", 9)  # A late repeat changes nothing.
    assert full_city.report("ic-sangsaeng")["itemised"]["value"] == 113
    assert full_city.report("ic-sangsaeng", as_of=date(2019, 12, 30))["itemised"]["value"] == 105

    enters("third", None)
    assert full_city.report("ic-sangsaeng")["itemised"]["value"] == 105


def test_a_reported_total_of_an_officer_replaces_an_older_one_only_from_its_day_on(full_city: City) -> None:
    full_city.terms.report_figure(
        OFFICER,
        act_id="total",
        programme_id=named("ic-sangsaeng"),
        measure="jobs_created",
        value=160,
        qualifier="about",
        as_of=date(2019, 12, 31),
        source="인천시 보도자료",
    )

    assert full_city.report("ic-sangsaeng")["reported"]["value"] == 160
    assert full_city.report("ic-sangsaeng", as_of=date(2019, 12, 30))["reported"]["value"] == 142


def test_a_figure_of_tomorrow_is_refused(city: City) -> None:
    city.load(a_row())
    tomorrow = date(2026, 11, 23)
    asked: dict[str, Any] = {"programme_id": BYEOLBIT, "measure": "trained", "value": 3, "source": "소식지"}

    with pytest.raises(Refused, match="as_of_in_future"):
        city.terms.report_figure(OFFICER, act_id="early", as_of=tomorrow, **asked)

    # 00:00 in Seoul is 15:00 of the day before in UTC.
    city.clock.move(timedelta(hours=10))
    assert city.terms.report_figure(OFFICER, act_id="now", as_of=tomorrow, **asked)["value"] == 3


def test_a_programme_that_another_subject_needs_is_made_once_and_then_left_alone(city: City) -> None:
    made = city.programmes.host(TENANT, a_row())
    city.terms.set_flags(OFFICER, act_id="flags", programme_id=made, pilot=True)
    city.load(a_row(name_ko="별빛 경로당"))

    assert city.programmes.host(TENANT, a_row()) == made == BYEOLBIT
    assert city.programmes.host(TENANT, a_row(name_ko="처음 제안의 이름")) == made
    assert (city.read("byeolbit")["name_ko"], city.read("byeolbit")["pilot"]) == ("별빛 경로당", True)


def test_two_who_load_a_new_programme_at_once_both_succeed_and_the_later_row_counts(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    city.load(a_row(jobs_target=3))
    # The second looked before the first had written.
    monkeypatch.setattr(city.programmes.programmes, "get_many", lambda _ids: {})

    city.load(a_row(name_ko="별빛 경로당", jobs_target=4))

    assert city.read("byeolbit")["name_ko"] == "별빛 경로당"
    assert [(data["was"], data["value"]) for data in city.said("target.set")] == [(0, 3), (3, 4)]


def test_a_programme_kept_before_it_had_flags_is_read_and_loaded_again(city: City) -> None:
    city.load(a_row())
    new = ["start", "direct_job", "engagement", "pilot", "hosts", "target_groups", "tags", "pillars", "partners"]
    gone = [*new, "agreed_on", "claimed", "targets", "figures", "has_openings", "chosen"]
    city.database.collection("programmes").update_one(
        {"_id": BYEOLBIT},
        {"$unset": dict.fromkeys(gone, ""), "$set": {"wage_floor_chosen": True, "wage_floor": "living"}},
    )

    city.load(a_row(jobs_target=3, pilot=True))

    told = city.read("byeolbit")
    assert (told["pilot"], told["wage_floor"], told["targets"]["jobs"]["value"]) == (True, "living", 3)


def test_a_list_of_programmes_is_told_page_by_page(full_city: City) -> None:
    codes: list[str] = []
    cursor = None
    while True:
        told = full_city.programmes.listed(NOBODY, tenant=TENANT, limit=20, cursor=cursor)
        codes += [row["code"] for row in told["programmes"]]
        cursor = told["cursor"]
        if cursor is None:
            break

    assert len(codes) == len(set(codes)) == 46


@pytest.mark.parametrize(
    ("schema", "asked", "field"),
    [
        (LoadProgrammes, {"tenant": TENANT, "programmes": [{**a_row(), "jobs_target": -1}]}, "programmes"),
        (LoadProgrammes, {"tenant": TENANT, "programmes": [{**a_row(), "as_of": "작년 말"}]}, "programmes"),
        (LoadProgrammes, {"tenant": TENANT, "programmes": [{**a_row(), "engagement": "gift"}]}, "programmes"),
        (LoadProgrammes, {"tenant": f"{TENANT}\n", "programmes": [a_row()]}, "tenant"),
        (SetTarget, {"act_id": "1", "programme_id": BYEOLBIT, "measure": "rides", "value": 1}, "measure"),
        (SetTarget, {"act_id": "1", "programme_id": BYEOLBIT, "measure": "jobs", "value": 1.5}, "value"),
        (ReportFigure, {"act_id": "1", "programme_id": BYEOLBIT, "measure": "trained", "value": 1}, "source"),
    ],
)
def test_bad_input_names_its_field(schema: Any, asked: dict[str, Any], field: str) -> None:
    assert set(schema().validate(asked)) == {field}
