"""The systems of the seeds, row by row, each with its own numbers from the shipped data."""

from __future__ import annotations

from datetime import date
from typing import Any

from tests.services.placement.programmes.city import OFFICER, TENANT, City, a_row, named


def placed(told: dict[str, Any]) -> dict[str, int | None]:
    """Return district -> people placed, of a dashboard; of two programmes in a district the names."""
    return {row["name_ko"]: row["value"] for row in told["itemised"]["rows"]}


def test_row_1_the_umbrella_shows_three_pillars_its_partner_and_the_day_of_the_agreement(full_city: City) -> None:
    told = full_city.read("gs-danggeun-gwangsan")

    assert [pillar["name_ko"] for pillar in told["pillars"]] == [
        "민간시민형 광산시민수당",
        "광산형 구독 오피스",
        "공공기관 소통 채널",
    ]
    assert told["partners"] == ["㈜당근마켓"]
    assert told["agreed_on"] == date(2023, 4, 13)
    assert (told["tenant"], told["pilot"], told["start"]) == (TENANT, True, "2023-04-13")
    assert {pillar["programme"] for pillar in told["pillars"]} <= set(full_city.under("gs-danggeun-gwangsan"))


def test_row_7_how_many_a_cooperative_had_is_answered_for_any_day(city: City) -> None:
    desk = city.organisations
    dain = desk.register(
        OFFICER,
        act_id="dain",
        tenant=TENANT,
        code="dain",
        name="사회적협동조합 다인",
        kind="cooperative",
        district="29200",
        founded_on=date(2015, 6, 1),
    )["organisation_id"]
    source = "뉴시스, 2017-12-06"
    for measure, value, qualifier, as_of in (
        ("members", 6, "exact", date(2015, 6, 30)),
        ("workers", 100, "about", date(2017, 12, 6)),
    ):
        desk.note_count(
            OFFICER,
            act_id=f"{measure}-{as_of}",
            organisation_id=dain,
            measure=measure,
            value=value,
            qualifier=qualifier,
            as_of=as_of,
            source=source,
        )

    def on(day: date) -> dict[str, Any]:
        return dict(desk.read(OFFICER, organisation_id=dain, on=day)["counts"])

    assert on(date(2015, 6, 29)) == {"members": None, "workers": None, "volunteers": None}
    assert on(date(2017, 12, 5))["members"]["value"] == 6
    assert on(date(2017, 12, 5))["workers"] is None
    assert on(date(2026, 11, 22))["workers"] == {
        "measure": "workers",
        "value": 100,
        "qualifier": "about",
        "as_of": "2017-12-06",
        "source": source,
    }


def test_row_8_a_cooperative_has_its_three_business_lines(city: City) -> None:
    desk = city.organisations
    asked: dict[str, Any] = {"tenant": TENANT, "code": "deobureorak", "name": "더불어락협동조합", "kind": "cooperative"}
    made = desk.register(OFFICER, act_id="made", **asked, founded_on=date(2012, 12, 1))["organisation_id"]

    for number, line in enumerate(("두부마을", "밥상마실", "북카페", "두부마을")):
        desk.add_line(OFFICER, act_id=f"line-{number}", organisation_id=made, name=line)

    told = desk.read(OFFICER, organisation_id=made)
    assert [line["name"] for line in told["lines"]] == ["두부마을", "밥상마실", "북카페"]


def test_row_9_an_organisation_shows_the_facilities_it_runs_and_how(city: City) -> None:
    desk = city.organisations
    gu = desk.register(OFFICER, act_id="gu", tenant=TENANT, code="gu", name="광산구", kind="public_body")
    for number, name in enumerate(("자활센터", "노인복지관", "장애인복지관", "종합복지관")):
        desk.add_facility(OFFICER, act_id=f"f-{number}", **gu, name=name, operator_kind="direct")

    told = desk.read(OFFICER, **gu)["facilities"]

    assert [(run["name"], run["operator_kind"]) for run in told] == [
        ("자활센터", "direct"),
        ("노인복지관", "direct"),
        ("장애인복지관", "direct"),
        ("종합복지관", "direct"),
    ]


def test_row_12_coaching_appears_under_the_child_friendly_village(full_city: City) -> None:
    assert full_city.under("gs-child-friendly") == ["gs-sleep-coach"]


def test_row_12_a_programme_appears_under_each_umbrella_whose_tag_it_carries(full_city: City) -> None:
    tags = ["gs-child-friendly", "gs-danggeun-gwangsan"]
    full_city.terms.set_tags(OFFICER, act_id="tags", programme_id=named("gs-sangsang-village"), tags=tags)

    assert full_city.under("gs-child-friendly") == ["gs-sangsang-village", "gs-sleep-coach"]
    assert "gs-sangsang-village" in full_city.under("gs-danggeun-gwangsan")
    assert full_city.read("gs-sangsang-village")["parent"] is None


def test_row_13_the_dashboard_shows_the_target_the_budget_and_eleven_of_thirty(kept_city: City) -> None:
    told = kept_city.report("se-sigu-sanghyeop")

    assert told["targets"] == {"jobs": {"value": 400, "qualifier": "exact"}}
    assert told["budget_krw"] == 6_000_000_000
    assert told["krw_per_job"] == 15_000_000
    assert (told["named_programmes"], told["claimed_programmes"]) == (11, 30)
    assert (told["named_districts"], told["claimed_districts"]) == (10, 20)
    # Nobody said how many were placed: 자료 없음, not 0.
    assert (told["reported"], told["itemised"]["value"], told["gap"]) == (None, None, None)


def test_row_25_the_reported_total_stands_beside_the_itemised_sum(kept_city: City) -> None:
    told = kept_city.report("ic-sangsaeng")

    assert told["reported"] == {
        "measure": "jobs_created",
        "value": 142,
        "qualifier": "exact",
        "as_of": "2019-08-31",
        "source": "ko.konene blog, 2019-10-04",
    }
    assert (told["itemised"]["measure"], told["itemised"]["value"]) == ("people_placed", 105)
    assert told["gap"] == 37
    assert told["trained_apart"] == {"value": 30, "qualifier": "exact"}
    assert (told["named_districts"], told["claimed_districts"]) == (8, 8)
    assert (told["named_programmes"], told["claimed_programmes"]) == (9, 9)
    assert {row["district"]: row["name_ko"] for row in told["no_figure"]} == {
        "서구": "검단일반산업단지 무빙콜",
        "남동구": "북한이탈주민 공공근로",
    }
    assert placed(told) == {
        "작은도서관 활성화(전문인력 배치)": 6,
        "소규모 어린이집 조리사 지원": 33,
        "1인 방송 인큐베이션 센터": None,
        "북한이탈주민 공공근로": None,
        "찾아가는 육아코칭활동가": 27,
        "프리러그": 11,
        "다문화 이해 교육 지도사": 16,
        "검단일반산업단지 무빙콜": None,
        "해당화 특화단지 조성": 12,
    }


def test_row_25_free_lug_counts_under_gyeyang(full_city: City) -> None:
    rows = full_city.report("ic-sangsaeng")["itemised"]["rows"]

    gyeyang = [row for row in rows if row["district"]["code"] == "28245"]

    assert {row["name_ko"] for row in gyeyang} == {"프리러그", "다문화 이해 교육 지도사"}
    assert {row["district"]["name"] for row in gyeyang} == {"계양구"}
    assert sum(row["value"] for row in gyeyang) == 27


def test_row_25_a_report_of_2026_keeps_the_names_that_districts_had_in_2019(full_city: City) -> None:
    in_2026 = full_city.report("ic-sangsaeng", as_of=date(2026, 11, 22))

    names = {row["district"]["code"]: row["district"]["name"] for row in in_2026["itemised"]["rows"]}

    assert names["28140"] == "동구"
    assert names["28260"] == "서구"
    assert in_2026["gap"] == 37


def test_a_report_of_a_day_takes_only_what_had_been_published_of_that_day(full_city: City) -> None:
    on_the_day = full_city.report("ic-sangsaeng", as_of=date(2019, 8, 31))
    before = full_city.report("ic-sangsaeng", as_of=date(2019, 8, 30))

    # The items carry the day of the article, 2019-10-04; the total and the trainees carry earlier days.
    assert (on_the_day["reported"]["value"], on_the_day["itemised"]["value"]) == (142, None)
    assert (on_the_day["gap"], on_the_day["trained_apart"]["value"]) == (None, 30)
    assert before["reported"] is None


def test_what_is_no_programme_of_ours_is_not_counted_in_a_dashboard(full_city: City) -> None:
    system = a_row(
        id="ic-signal", kind="event_source", role="external_system", parent="ic-sangsaeng", people_placed=1000
    )
    full_city.load(system)

    told = full_city.report("ic-sangsaeng")

    assert (told["named_programmes"], told["itemised"]["value"]) == (9, 105)


def test_a_dashboard_is_told_page_by_page_and_its_sums_stay(full_city: City) -> None:
    rows, cursor = [], None
    while True:
        told = full_city.report("ic-sangsaeng", limit=4, cursor=cursor)
        assert (told["itemised"]["value"], told["gap"]) == (105, 37)
        rows += told["itemised"]["rows"]
        cursor = told["cursor"]
        if cursor is None:
            break

    assert len(rows) == len({row["programme_id"] for row in rows}) == 9


def test_figures_of_a_programme_keep_their_qualifier_day_and_source(full_city: City) -> None:
    told = full_city.reports.figures_of(OFFICER, programme_id=named("ic-bupyeong-parenting"))["figures"]

    assert {row["measure"]: (row["value"], row["qualifier"]) for row in told} == {
        "people_placed": (27, "exact"),
        "trained": (27, "exact"),
        "sessions_delivered": (2200, "at_least"),
    }
    assert {row["as_of"] for row in told} == {"2019-10-04"}
