"""Rows 2 to 4 of what the town is for, on a town that really runs: through its services and its HTTP door."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from shared.actors import Actor
from shared.clock import SystemClock, iso
from shared.errors import CrossesTheDoor, Refused
from shared.ids import SystemIds
from tests.flows.door import Door, People
from tests.harness import eventually

#: Starting a town takes a while on a busy machine, and the first test pays for it.
pytestmark = pytest.mark.timeout(400)

OPENINGS, TRUST, ATTENDANCE = "placement_openings", "placement_trust", "placement_attendance"
DISTRICT = "29200"
LIBRARY = {"name": "은하수 작은도서관", "address": "광주광역시 광산구 은하수길 1", "lat": 35.1457, "lon": 126.7937}
HALL = {"name": "별빛 경로당", "address": "광주광역시 광산구 별빛로 12", "lat": 35.1395, "lon": 126.8013}


class Desk:
    """A tenant of a test's own, one programme, and the host that it names."""

    def __init__(self, people: People) -> None:
        self.people, self.tenant = people, people.tenant
        self.programme = f"{self.tenant}:gs-neighbours"
        operator = people.somebody("operator")
        self.officer = people.somebody("officer", DISTRICT)
        self.host = people.somebody("host")
        # A rehearsal: work may lie in the past, so that it can be over.
        opened = {"tenant": self.tenant, "name": "광산구", "rehearsal": True}
        people.do(operator, "placement_tenants", "open", **opened)
        row = {
            "id": "gs-neighbours",
            "name_ko": "광산시민수당",
            "kind": "job_matching",
            "role": "hosted",
            "district": "광산구",
            "district_code": DISTRICT,
            "municipality": "광주광역시",
        }
        people.ask(operator, "placement_programmes", "load", tenant=self.tenant, programmes=[row])
        people.do(
            self.officer, "placement_programmes", "set_hosts", programme_id=self.programme, hosts=[self.host.subject]
        )

    def publish(self, title: str, place: dict[str, Any], *, places: int = 1, mode: str = "first_come") -> str:
        """Let the host publish an opening whose one shift is over, and return its id."""
        opening = SystemIds().new("opn")
        self.people.do(
            self.host,
            OPENINGS,
            "publish",
            opening_id=opening,
            programme_id=self.programme,
            title=title,
            place=place,
            shifts=[{"start": "2022-03-02T10:00:00+09:00", "end": "2022-03-02T12:00:00+09:00"}],
            places=places,
            hourly_won=10_920,
            mode=mode,
            deadline=iso(SystemClock().now() + timedelta(minutes=10)),
            hosts=[self.host.subject],
        )
        return opening

    def apply(self, who: Actor, opening: str) -> str:
        """Apply, and return the application once it has been answered with a place or may be."""
        self.people.do(who, OPENINGS, "apply", opening_id=opening)
        return f"{opening}:{who.subject}"

    def inbox(self, who: Actor) -> list[str]:
        """Return the kinds of somebody's letters."""
        told = self.people.ask(who, "notifications_letters", "inbox", resident_id=who.subject)
        return [letter["kind"] for letter in told["letters"]]

    def complete(self, who: Actor, opening: str) -> None:
        """Let the host confirm every shift of somebody's place, and wait until it is completed."""

        def sheets() -> list[dict[str, Any]]:
            told = self.people.ask(who, ATTENDANCE, "my_sheets", limit=100)["sheets"]
            return [sheet for sheet in told if sheet["opening_id"] == opening]

        for sheet in eventually(sheets, every=0.2):
            self.people.do(
                self.host,
                ATTENDANCE,
                "confirm",
                attendance_id=sheet["attendance_id"],
                came=sheet["start"],
                left=sheet["end"],
            )

    def evaluate(self, who: Actor, placement: str, side: str, recommendations: list[str]) -> Any:
        """Give a word."""
        return self.people.do(
            who,
            TRUST,
            "evaluate",
            placement_id=placement,
            side=side,
            recommendations=recommendations,
            would_again=True,
        )

    def refusal(self, who: Actor, placement: str, side: str) -> str:
        """Return why somebody may not give a word."""
        with pytest.raises(CrossesTheDoor) as refused:
            self.evaluate(who, placement, side, ["kind"])
        return refused.value.code


@pytest.fixture
def desk(door: Door) -> Iterator[Desk]:
    tenant = SystemIds().new("rows").lower().replace("_", "-")[:40]
    with door.people(tenant) as people:
        yield Desk(people)


def test_row_2_a_host_posts_short_jobs_that_are_applied_for_filled_told_and_counted(desk: Desk) -> None:
    meals = desk.publish("경로당 식사 보조", HALL)
    books = desk.publish("작은도서관 도서 정리", LIBRARY, mode="officer")
    eunha, saebom = desk.people.resident("은하"), desk.people.resident("새봄")

    desk.apply(eunha, meals)
    desk.apply(saebom, books)
    desk.people.do(desk.officer, OPENINGS, "select", opening_id=books, resident_id=saebom.subject)

    def free() -> list[int]:
        return [desk.people.ask(None, OPENINGS, "get", opening_id=opening)["free"] for opening in (meals, books)]

    assert eventually(free, every=0.2, until=lambda left: left == [0, 0]) == [0, 0]
    for who in (eunha, saebom):
        eventually(lambda who=who: "selected" in desk.inbox(who), every=0.2)  # type: ignore[misc]

    def filled() -> Any:
        told = desk.people.http("GET", f"/v1/tenants/{desk.tenant}/figures", programme_id=desk.programme)[1]
        return {name: told["total"][name] for name in ("places", "applications", "filled", "openings_filled")}

    wanted = {"places": 2, "applications": 2, "filled": 2, "openings_filled": 2}
    assert eventually(filled, every=0.3, until=lambda found: found == wanted) == wanted
    # Somebody whom the programme does not name may not post.
    stranger = desk.people.somebody("host")
    with pytest.raises(Refused):
        desk.people.do(
            stranger,
            OPENINGS,
            "publish",
            opening_id=SystemIds().new("opn"),
            programme_id=desk.programme,
            title="경로당 식사 보조",
            place=HALL,
            shifts=[{"start": "2022-03-03T10:00:00+09:00", "end": "2022-03-03T12:00:00+09:00"}],
            places=1,
            hourly_won=10_920,
            mode="officer",
            deadline=iso(SystemClock().now() + timedelta(minutes=10)),
        )


def test_row_3_all_open_jobs_within_700_metres_of_a_point_and_none_beyond(desk: Desk) -> None:
    spots = {
        "북쪽": (35.1457, 126.7937),
        "동쪽": (35.1395, 126.8013),
        "더 북쪽": (35.1459, 126.7937),
        "더 동쪽": (35.1395, 126.8015),
        "북동쪽": (35.1449, 126.8003),
    }
    for name, (lat, lon) in spots.items():
        desk.publish(f"{name} 일손", {**LIBRARY, "lat": lat, "lon": lon})
    path = f"/v1/tenants/{desk.tenant}/openings/nearby"

    def around(radius: int) -> list[tuple[str, int]]:
        status, told = desk.people.http("GET", path, lat=35.1395, lon=126.7937, radius=radius)
        assert status == 200, told
        return [(one["title"].removesuffix(" 일손"), round(one["distance_m"])) for one in told["openings"]]

    # All five are known: those that are left out are too far, and for nothing else.
    wide = eventually(lambda: around(900), every=0.2, until=lambda found: len(found) == len(spots))
    assert wide == [("북쪽", 689), ("동쪽", 691), ("더 동쪽", 709), ("더 북쪽", 712), ("북동쪽", 849)]
    assert around(700) == [("북쪽", 689), ("동쪽", 691)]
    walks = desk.people.http("GET", path, lat=35.1395, lon=126.7937)[1]["openings"]
    assert [one["walk_minutes"] for one in walks] == [10, 10]


def test_row_4_both_sides_rate_once_and_only_after_a_completed_placement(desk: Desk) -> None:
    opening = desk.publish("작은도서관 도서 정리", LIBRARY, mode="officer")
    eunha, duri = desk.people.resident("은하"), desk.people.resident("두리")
    desk.apply(eunha, opening)
    desk.apply(duri, opening)
    desk.people.do(desk.officer, OPENINGS, "select", opening_id=opening, resident_id=eunha.subject)
    placement, not_placed = f"{opening}:{eunha.subject}:1", f"{opening}:{duri.subject}:1"

    def profile() -> Any:
        return desk.people.ask(eunha, TRUST, "profile", resident_id=eunha.subject)

    assert desk.refusal(eunha, placement, "resident") == "no_attendance_yet"
    assert desk.refusal(desk.host, placement, "host") == "no_attendance_yet"
    assert profile()["completed"] == 0

    desk.complete(eunha, opening)

    assert eventually(lambda: profile()["completed"], every=0.2) == 1
    eventually(lambda: "evaluation_opened" in desk.inbox(eunha), every=0.2)
    # Who applied and was not selected has nothing to rate, and nobody rates in another's place.
    assert desk.refusal(duri, not_placed, "resident") == "no_attendance_yet"
    assert desk.refusal(duri, placement, "resident") == "only_for_oneself"

    desk.evaluate(eunha, placement, "resident", ["kind", "clear"])
    assert desk.refusal(eunha, placement, "resident") == "already_evaluated"
    said = ["on_time", "kind"]
    assert profile()["would_again"]["of"] == 0, "hidden until both have said"
    desk.evaluate(desk.host, placement, "host", said)
    assert desk.refusal(desk.host, placement, "host") in ("already_evaluated", "evaluation_is_over")

    def recommended() -> set[str]:
        return {row["code"] for row in profile()["recommendations"] if row["count"]}

    assert eventually(recommended, every=0.2) == set(said)
    assert profile()["would_again"]["count"] == 1
