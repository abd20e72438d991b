"""Publishing: who may, under which terms; and how others read it."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest

from services.placement.openings.posting import feature, features, job_posting
from services.placement.openings.schemas import Publish
from services.placement.programmes.model import District
from shared.actors import ANYONE, Actor
from shared.clock import from_iso, start_of_kst_day
from shared.errors import Refused
from tests.services.placement.office import OFFICER, TENANT
from tests.services.placement.openings.hall import HOST, Hall

STRANGER = Actor("host-별빛", frozenset({"host"}), TENANT)


def test_a_host_of_the_programme_publishes_and_is_then_a_host_of_the_opening(hall: Hall) -> None:
    hall.an_opening(by=HOST)

    assert hall.opening().hosts == (HOST.subject,)
    [row] = hall.desk.hosted(HOST)["openings"]
    assert (row["opening_id"], row["hosts"]) == ("opn-1", [HOST.subject])


def test_nobody_else_hosts(hall: Hall) -> None:
    with pytest.raises(Refused, match="host_not_of_programme"):
        hall.an_opening(by=STRANGER)
    with pytest.raises(Refused, match="host_not_of_programme"):
        hall.an_opening(by=HOST, hosts=[STRANGER.subject])
    with pytest.raises(Refused, match="other_tenant"):
        hall.an_opening(by=Actor(HOST.subject, frozenset({"host"}), "bukgu"))
    with pytest.raises(Refused, match="role_not_allowed"):
        hall.an_opening(by=Actor("res-1", frozenset({"resident"}), TENANT))


def test_an_officer_names_hosts_and_each_sees_the_own_openings_only(hall: Hall) -> None:
    hall.an_opening("opn-1", hosts=[HOST.subject])
    hall.an_opening("opn-2", hosts=[STRANGER.subject])

    assert [row["opening_id"] for row in hall.desk.hosted(HOST)["openings"]] == ["opn-1"]
    assert [row["opening_id"] for row in hall.desk.hosted(OFFICER, host=STRANGER.subject)["openings"]] == ["opn-2"]
    with pytest.raises(Refused, match="only_for_oneself"):
        hall.desk.hosted(HOST, host=STRANGER.subject)
    elsewhere = Actor("officer-3", frozenset({"officer"}), TENANT, frozenset({"29170"}))
    assert hall.desk.hosted(elsewhere, host=HOST.subject)["openings"] == []


def test_a_hosts_openings_are_told_page_by_page(hall: Hall) -> None:
    for number in range(5):
        hall.an_opening(f"opn-{number}", by=HOST)
        hall.clock.move(timedelta(minutes=1))

    seen, cursor = [], None
    while True:
        told = hall.desk.hosted(HOST, limit=2, cursor=cursor)
        seen += [row["opening_id"] for row in told["openings"]]
        cursor = told["cursor"]
        if cursor is None:
            break

    assert seen == [f"opn-{number}" for number in (4, 3, 2, 1, 0)]


def test_an_opening_for_one_group_needs_a_legal_basis(hall: Hall) -> None:
    hall.an_opening("opn-1", target_group="youth")
    for group, code in (("senior", "target_group_needs_legal_basis"), ("anybody", "target_group_unknown")):
        with pytest.raises(Refused, match=code):
            hall.an_opening("opn-2", target_group=group)

    told = hall.desk.read(ANYONE, opening_id="opn-1")
    assert (told["target_group"], told["groups"]) == ("youth", ["youth"])


def test_what_is_published_says_the_dong_and_the_programmes_flags(hall: Hall) -> None:
    hall.an_opening(dong="첨단2동")
    hall.hears()

    [event] = [event for event in hall.said if event.type.endswith("opening.published.v1")]
    assert event.data["dong"] == "첨단2동"
    assert (event.data["direct_job"], event.data["engagement"]) == (False, "participation_allowance")
    assert hall.opening().dong == "첨단2동"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"mode": "ranked", "scores": [{"rule": "charm", "weight": 5}]}, "score_rule_unknown"),
        ({"mode": "ranked", "scores": [{"rule": "reliability", "weight": 0}]}, "out_of_range"),
        ({"mode": "ranked", "scores": [{"rule": "reliability", "weight": 5}] * 2}, "score_rule_twice"),
        ({"mode": "draw", "scores": [{"rule": "reliability", "weight": 5}]}, "scores_need_ranked"),
        ({"offer_minutes": 9}, "out_of_range"),
        ({"offer_minutes": 10_081}, "out_of_range"),
    ],
)
def test_terms_that_can_not_be_explained_or_kept_are_refused(hall: Hall, changes: dict[str, Any], code: str) -> None:
    with pytest.raises(Refused, match=code):
        hall.an_opening(**changes)


@pytest.mark.parametrize(("first", "last"), [(2, 1_300), (1_300, 1_301), (-1_300, 2)])
def test_work_lies_within_the_years_that_limits_are_looked_at(hall: Hall, first: int, last: int) -> None:
    shifts = [
        {"start": hall.clock.now() + timedelta(days=day), "end": hall.clock.now() + timedelta(days=day, hours=2)}
        for day in (first, last)
    ]

    with pytest.raises(Refused, match="out_of_range"):
        hall.an_opening(shifts=shifts)


def test_no_instant_lies_beyond_the_calendar() -> None:
    span = {"start": "9999-12-31T23:00:00-05:00", "end": "9999-12-31T23:30:00-05:00"}

    assert set(Publish().validate({"shifts": [span], "deadline": span["end"]})) >= {"shifts", "deadline"}


def test_only_where_candidates_have_an_order_is_there_a_waitlist_unless_told(hall: Hall) -> None:
    told = {}
    for mode in ("officer", "first_come", "ranked", "draw"):
        hall.an_opening(mode, mode=mode)
        told[mode] = hall.desk.read(ANYONE, opening_id=mode)["waitlist"]

    assert told == {"officer": False, "first_come": False, "ranked": True, "draw": True}


def test_a_gap_can_be_filled_minutes_before_the_shift(hall: Hall) -> None:
    work = hall.clock.now() + timedelta(minutes=30)
    hall.an_opening(
        mode="first_come",
        places=1,
        shifts=[{"start": work, "end": work + timedelta(hours=1)}],
        deadline=work - timedelta(minutes=5),
    )
    hall.applies(1)
    hall.sweeps()

    assert hall.placed() == [1]


def test_a_place_costs_the_pay_of_its_shifts_each_rounded_up(hall: Hall) -> None:
    work = hall.clock.now() + timedelta(days=2)
    shifts = [
        {"start": work + timedelta(days=day), "end": work + timedelta(days=day, minutes=50)} for day in range(3)
    ]

    told = hall.an_opening(places=2, hourly_won=10_321, shifts=shifts)

    assert told["cost"] == 2 * 3 * 8_601  # 10,321 x 50 / 60 = 8,600.83


def test_a_repeated_publication_is_the_same_one_and_keeps_its_seed(hall: Hall) -> None:
    first = hall.an_opening(act_id="publish")
    seed = hall.opening().seed

    assert hall.an_opening(act_id="publish") == first
    assert hall.opening().seed == seed


# As others read it.


#: What a job search needs of a posting, and what it wishes for (where somebody is paid).
NEEDED = {"title", "description", "datePosted", "hiringOrganization", "jobLocation"}
WISHED = {"baseSalary", "directApply", "employmentType", "identifier", "validThrough"}


def test_an_opening_is_a_job_posting_with_all_that_job_searches_need_and_wish(hall: Hall) -> None:
    hall.an_opening(dong="첨단2동")
    shown = hall.desk.read(ANYONE, opening_id="opn-1")
    where = District("29200", "광산구", "광주광역시")

    posting = json.loads(
        json.dumps(job_posting(shown, organisation="광주광역시 광산구", where=where, url="https://example.org/1"))
    )

    assert posting.keys() >= NEEDED | WISHED
    assert (posting["@context"], posting["@type"]) == ("https://schema.org/", "JobPosting")
    assert posting["title"] == "작은도서관 도서 정리"
    assert posting["hiringOrganization"] == {"@type": "Organization", "name": "광주광역시 광산구"}
    assert posting["identifier"] == {"@type": "PropertyValue", "name": "광주광역시 광산구", "value": "opn-1"}
    assert posting["jobLocation"]["geo"]["latitude"] == 35.1457
    assert posting["jobLocation"]["address"] == {
        "@type": "PostalAddress",
        "streetAddress": "광주광역시 광산구",
        "addressRegion": "광주광역시",
        "addressLocality": "광산구",
        "addressCountry": "KR",
    }
    assert posting["baseSalary"] == {
        "@type": "MonetaryAmount",
        "currency": "KRW",
        "value": {"@type": "QuantitativeValue", "value": 10_320, "unitText": "HOUR"},
    }
    assert (posting["totalJobOpenings"], posting["jobStartDate"]) == (3, "2026-12-03")
    assert posting["directApply"] is True


def test_a_posting_tells_its_hours_and_instants_as_they_are_in_seoul(hall: Hall) -> None:
    day = start_of_kst_day(date(2026, 12, 3))
    shifts = [
        {"start": day + timedelta(hours=start), "end": day + timedelta(hours=end)} for start, end in ((10, 12), (23, 25))
    ]
    hall.an_opening(shifts=shifts)
    shown = hall.desk.read(ANYONE, opening_id="opn-1")

    posting = job_posting(shown, organisation="광산구")

    assert posting["workHours"] == "2026-12-03 10:00–12:00, 2026-12-03 23:00–2026-12-04 01:00"
    assert posting["workHours"] in posting["description"]
    for name, told in (("datePosted", shown["published_at"]), ("validThrough", shown["deadline"])):
        assert posting[name].endswith("+09:00")
        assert from_iso(posting[name]) == from_iso(told)


def test_a_posting_was_valid_until_its_opening_was_closed_or_called_off(hall: Hall) -> None:
    for name in ("closed", "cancelled", "overdue"):
        hall.an_opening(name)
    hall.clock.move(timedelta(hours=3))
    ended = hall.clock.now()
    hall.desk.close(OFFICER, act_id="close", opening_id="closed")
    hall.desk.cancel(OFFICER, act_id="cancel", opening_id="cancelled", reason="시설 사정")
    hall.clock.move(timedelta(hours=1))
    hall.desk.cancel(OFFICER, act_id="cancel-later", opening_id="closed", reason="시설 사정")
    deadline = from_iso(hall.desk.read(ANYONE, opening_id="overdue")["deadline"])
    hall.clock.move(deadline + timedelta(minutes=1) - hall.clock.now())
    hall.sweeps()

    valid = {}
    for name in ("closed", "cancelled", "overdue"):
        posting = hall.desk.posting(ANYONE, opening_id=name)
        assert posting["directApply"] is False
        valid[name] = from_iso(posting["validThrough"])

    assert hall.opening("overdue").state == "closed"
    assert valid == {"closed": ended, "cancelled": ended, "overdue": deadline}


def test_a_tenant_that_is_closed_ends_its_postings(hall: Hall) -> None:
    hall.an_opening()
    hall.clock.move(timedelta(hours=3))
    hall.desk.close_of_tenant(TENANT)

    assert from_iso(hall.desk.posting(ANYONE, opening_id="opn-1")["validThrough"]) == hall.clock.now()


def test_what_an_officer_wrote_is_no_markup_in_a_posting(hall: Hall) -> None:
    hall.an_opening(title="도서 <script>alert(1)</script> & 정리")

    posting = hall.desk.posting(ANYONE, opening_id="opn-1")

    assert posting["description"].startswith("<p>도서 &lt;script&gt;alert(1)&lt;/script&gt; &amp; 정리</p>")
    assert posting["title"] == "도서 <script>alert(1)</script> & 정리"


def test_a_volunteers_posting_names_no_pay(hall: Hall) -> None:
    hall.an_opening()
    shown = {**hall.desk.read(ANYONE, opening_id="opn-1"), "hourly_won": 0, "engagement": "volunteer"}

    posting = job_posting(shown, organisation="광산구")

    assert posting["employmentType"] == ["VOLUNTEER"]
    assert "baseSalary" not in posting


def test_an_opening_is_a_feature_on_a_map_longitude_first_and_names_no_resident(hall: Hall) -> None:
    hall.an_opening()
    hall.applies(1)
    shown = hall.desk.read(ANYONE, opening_id="opn-1")

    told = feature(shown)

    assert told["geometry"] == {"type": "Point", "coordinates": [126.7937, 35.1457]}
    assert (told["id"], told["properties"]["place"]) == ("opn-1", "은하수 작은도서관")
    assert features([shown]) == {"type": "FeatureCollection", "features": [told]}
    assert told.keys() == {"type", "id", "geometry", "properties"}
    assert "res-" not in json.dumps([told, job_posting(shown, organisation="광산구")])


def test_anybody_reads_a_posting_that_names_the_tenant_as_who_hires(hall: Hall) -> None:
    hall.an_opening()

    posting = hall.desk.posting(ANYONE, opening_id="opn-1")

    assert posting["hiringOrganization"]["name"] == hall.desk.tenants.get(TENANT).name
    assert posting["identifier"]["value"] == "opn-1"


def test_a_map_shows_openings_that_take_applications_page_by_page(hall: Hall) -> None:
    for number in (1, 2, 3):
        hall.an_opening(f"opn-{number}")
        hall.clock.sleep(1)
    hall.desk.close(OFFICER, act_id="close", opening_id="opn-2")

    first = hall.desk.geojson(ANYONE, tenant=TENANT, limit=1)
    second = hall.desk.geojson(ANYONE, tenant=TENANT, limit=1, cursor=first["cursor"])

    assert first["type"] == "FeatureCollection"
    assert [one["id"] for one in first["features"] + second["features"]] == ["opn-3", "opn-1"]
    assert second["cursor"] is None
