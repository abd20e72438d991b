"""Profiles: counts of evidence with consent, shown once there is enough, and everything kept for the resident."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from services.placement.openings.model import Evidence
from shared.actors import ANYONE, Actor
from shared.errors import Refused
from tests.services.placement.trust.conftest import (
    AnOpening,
    APlace,
    SomeTerms,
    Town,
    a_host,
    a_resident,
    a_service,
    an_officer,
)


def refusal(ask: Callable[[], Any]) -> tuple[str, str | None]:
    with pytest.raises(Refused) as caught:
        ask()
    return caught.value.code, caught.value.field


def counts(profile: dict[str, Any]) -> dict[str, int]:
    return {row["code"]: row["count"] for row in profile["recommendations"]}


def numbers(told: Any) -> list[str]:
    """Paths of the numbers that stand at the top of an answer."""
    return [name for name, value in told.items() if isinstance(value, int | float) and not isinstance(value, bool)]


def test_a_resident_sees_all_of_their_own_profile_without_any_consent(town: Town) -> None:
    town.jobs(2, ["on_time"])
    town.hear(town.settled("res-1", "opn-9", shift=0, minutes=0, result="absent"))

    own = town.profiles.profile(a_resident(), resident_id="res-1")

    assert (own["completed"], own["missed"], own["enough"], own["badges"]) == (2, 1, False, [])
    assert counts(own) == {"on_time": 2, "careful": 0, "helps_others": 0, "kind": 0, "listens": 0}
    assert own["recommendations"][0]["code"] == "on_time"
    assert own["would_again"]["count"] == 2


def test_others_need_the_consent_and_see_only_what_there_is_enough_of(town: Town) -> None:
    town.jobs(4, ["on_time"])

    def ask() -> dict[str, Any]:
        return town.profiles.profile(an_officer(), resident_id="res-1")

    assert refusal(ask) == ("trust_profile_consent_needed", "resident_id")
    town.around.agreed.add("res-1")
    assert (ask()["recommendations"], ask()["would_again"], ask()["enough"]) == ([], None, False)

    town.jobs(5, ["on_time"], "res-2")
    town.around.agreed.add("res-2")
    shown = town.profiles.profile(an_officer(), resident_id="res-2")
    assert counts(shown) == {"on_time": 5}
    assert shown["would_again"]["count"] == 5
    town.around.agreed.clear()
    assert refusal(lambda: town.profiles.profile(an_officer(), resident_id="res-2"))[0] == "trust_profile_consent_needed"


def test_there_is_never_one_number_for_a_person(town: Town) -> None:
    town.jobs(5, ["on_time"])

    own = town.profiles.profile(a_resident(), resident_id="res-1")

    assert numbers(own) == ["completed", "missed"]


def test_what_is_old_is_shown_no_more(town: Town) -> None:
    town.jobs(5, ["on_time"])
    town.around.agreed.add("res-1")
    assert town.profiles.profile(an_officer(), resident_id="res-1")["enough"] is True

    town.wait(days=180 * 3)

    assert town.profiles.profile(an_officer(), resident_id="res-1")["enough"] is False
    assert counts(town.profiles.profile(a_resident(), resident_id="res-1"))["on_time"] == 5


def test_a_badge_needs_five_jobs_and_two_words_of_its_code(town: Town) -> None:
    town.jobs(4, ["on_time"])
    assert town.profiles.profile(a_resident(), resident_id="res-1")["badges"] == []
    town.both_evaluate(town.work("res-1", "opn-8"), ["careful"])
    assert town.profiles.profile(a_resident(), resident_id="res-1")["badges"] == ["on_time"]
    town.both_evaluate(town.work("res-1", "opn-9"), ["careful"])
    assert town.profiles.profile(a_resident(), resident_id="res-1")["badges"] == ["on_time", "careful"]


@pytest.mark.parametrize(
    ("who", "opening_id", "code"),
    [
        (ANYONE, None, "sign_in_needed"),
        (a_resident("res-2"), None, "role_not_allowed"),
        (an_officer("officer-7", "bukgu"), None, "not_an_applicant"),
        (an_officer("officer-7", "gwangsan", "29170"), None, "other_district"),
        (an_officer("officer-7", "gwangsan", "29170"), "opn-77", "other_district"),
        (an_officer("officer-7", "bukgu"), "opn-77", "other_tenant"),
        (a_host(), None, "not_an_applicant"),
        (a_host(), "opn-78", "not_an_applicant"),
        (a_host("host-4"), "opn-77", "not_of_this_placement"),
        (a_host("host-3", "bukgu"), "opn-77", "other_tenant"),
        (Actor("op", frozenset({"operator"}), ""), None, "role_not_allowed"),
    ],
)
def test_nobody_sees_the_profile_of_somebody_they_have_nothing_to_do_with(
    town: Town, who: Actor, opening_id: str | None, code: str
) -> None:
    town.jobs(1)
    town.around.agreed.add("res-1")
    town.around.applications.add("opn-77:res-1")

    assert refusal(lambda: town.profiles.profile(who, resident_id="res-1", opening_id=opening_id))[0] == code


def test_a_host_sees_the_profile_of_who_applied_to_them_and_consents(town: Town) -> None:
    town.around.applications.add("opn-77:res-1")

    def ask() -> dict[str, Any]:
        return town.profiles.profile(a_host(), resident_id="res-1", opening_id="opn-77")

    assert refusal(ask)[0] == "trust_profile_consent_needed"
    town.around.agreed.add("res-1")
    assert ask()["completed"] == 0
    assert town.profiles.profile(a_service(), resident_id="res-1")["completed"] == 0


def test_residents_see_a_workplace_once_five_have_spoken_and_no_word_by_itself(town: Town) -> None:
    for number in range(5):
        assert town.profiles.workplace(a_resident("res-9"), opening_id="opn-1")["enough"] is False
        place = town.work(f"res-{number}", f"opn-{number}")
        town.evaluate(place, a_resident(f"res-{number}"), "resident", recommendations=["safe"], comment="좋아요")
        town.evaluate(place, a_host(), "host")

    told = town.profiles.workplace(a_resident("res-9"), opening_id="opn-1")

    assert (told["workplace"], told["completed"], counts(told)) == ("은하수 작은도서관", 5, {"safe": 5})
    assert "좋아요" not in str(told)
    town.around.openings["opn-x"] = AnOpening("opn-x", terms=SomeTerms(place=APlace("별빛 경로당")))
    assert town.profiles.workplace(a_resident(), opening_id="opn-x")["completed"] == 0
    for who, code in (
        (ANYONE, "sign_in_needed"),
        (a_resident("res-9", "bukgu"), "other_tenant"),
        (an_officer("o", "gwangsan", "29170"), "other_district"),
    ):
        assert refusal(lambda who=who: town.profiles.workplace(who, opening_id="opn-1"))[0] == code  # type: ignore[misc]


def test_the_export_holds_all_that_is_kept_page_by_page(town: Town) -> None:
    for number in range(3):
        town.both_evaluate(town.work("res-1", f"opn-{number}"), ["kind"], comment=f"후기 {number}")
    hidden = town.work("res-1", "opn-7")
    town.evaluate(hidden, a_host(), "host", comment="아직 비밀이에요")
    town.hear(town.settled("res-1", "opn-8", minutes=0, result="absent"))

    first = town.profiles.export(a_resident(), resident_id="res-1", limit=3)
    second = town.profiles.export(a_resident(), resident_id="res-1", limit=3, cursor=first["cursor"])
    rows = [*first["placements"], *second["placements"]]

    assert [row["placement_id"] for row in rows] == [f"opn-{number}:res-1:1" for number in (0, 1, 2, 7, 8)]
    assert rows[0]["evaluation"]["words"]["host"]["comment"] == "후기 0"
    assert rows[0]["work"]["shifts"] == [{"shift": 0, "day": "2026-12-01", "minutes": 120, "result": "worked"}]
    assert rows[3]["evaluation"]["words"] == {}
    assert rows[4]["evaluation"] is None
    assert (first["profile"]["completed"], second["cursor"]) == (4, None)
    assert "비밀" not in orjson.dumps([first, second]).decode()
    for who in (a_resident("res-2"), an_officer(), a_host(), a_service(), ANYONE):
        with pytest.raises(Refused):
            town.profiles.export(who, resident_id="res-1")


# Attendance


def completed_and_missed(town: Town) -> tuple[int, int]:
    own = town.profiles.profile(a_resident(), resident_id="res-1")
    return own["completed"], own["missed"]


def test_an_excused_absence_is_no_miss_and_the_latest_revision_stands_in_any_order(town: Town) -> None:
    absent = town.settled(minutes=0, result="absent", revision=1)
    excused = town.settled(minutes=0, result="excused", revision=2, result_was="absent")

    town.hear(absent, absent)
    assert completed_and_missed(town) == (0, 1)
    town.hear(excused, absent)
    assert completed_and_missed(town) == (0, 0)
    town.hear(absent, excused)
    assert completed_and_missed(town) == (0, 0)


def test_a_completed_place_that_is_corrected_to_nothing_is_no_job(town: Town) -> None:
    town.hear(town.completed(), town.completed())
    assert completed_and_missed(town) == (1, 0)  # told before its shift
    town.hear(town.settled())
    assert completed_and_missed(town) == (1, 0)
    town.hear(town.settled(minutes=0, was=120, result="absent", result_was="worked", revision=2))
    assert completed_and_missed(town) == (0, 1)


def test_candidates_are_judged_only_by_consent(town: Town) -> None:
    town.work("res-1", "opn-1")
    town.hear(town.settled("res-1", "opn-2", day="2025-01-31"), town.settled("res-1", "opn-3", day="2024-12-31"))
    town.hear(town.settled("res-1", "opn-4", day="2026-11-01", minutes=0, result="absent"))
    town.work("res-2")
    town.around.agreed |= {"res-1", "res-3"}

    told = town.evidence.of(["res-1", "res-2", "res-3"])

    # December 2026 is the 24th month after January 2025; December 2024 lies before them.
    assert told == {"res-1": Evidence(served=2, completed=1, missed=1), "res-3": Evidence(served=0)}
