"""Who left, and what was undone: nothing written is kept of the one, no word counts of the other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from shared.clock import StoppedClock, iso
from shared.errors import Refused
from shared.mongo.real import RealDatabase, client
from tests.services.placement.trust.conftest import Town, a_host, a_resident, a_service, a_town, an_officer


def refusal(ask: Callable[[], Any]) -> str:
    with pytest.raises(Refused) as caught:
        ask()
    return caught.value.code


def undo(town: Town) -> None:
    """Have an officer correct the only shift to nothing."""
    town.hear(town.settled(minutes=0, was=120, result="absent", result_was="worked", revision=2))


def redo(town: Town) -> None:
    """Have an officer correct it back."""
    town.hear(town.settled(minutes=60, was=0, result="partly", result_was="absent", revision=3))


@pytest.mark.parametrize("side", ["resident", "host"])
def test_nobody_is_evaluated_where_it_was_corrected_to_nobody_having_been_there(town: Town, side: str) -> None:
    place = town.work()
    undo(town)
    who = a_resident() if side == "resident" else a_host()

    assert refusal(lambda: town.evaluate(place, who, side)) == "no_attendance_yet"
    assert town.kept.get(place).words == ()
    redo(town)
    town.evaluate(place, who, side)


def test_a_word_said_before_it_was_undone_counts_only_while_somebody_was_there(town: Town) -> None:
    place = town.work()
    town.both_evaluate(place, ["kind"])

    def counted() -> tuple[int, int]:
        own = town.profiles.profile(a_resident(), resident_id="res-1")
        there = town.profiles.workplace(a_resident(), opening_id="opn-1")
        return sum(row["count"] for row in own["recommendations"]), there["completed"]

    assert counted() == (1, 1)
    undo(town)
    assert counted() == (0, 0)
    redo(town)
    assert counted() == (1, 1)


def test_a_word_that_was_taken_is_answered_alike_when_it_is_sent_again_after_that(town: Town) -> None:
    place = town.work()
    first = town.evaluate(place, a_host(), "host", act_id="one")
    undo(town)

    assert town.evaluate(place, a_host(), "host", act_id="one") == first


def _write_about_who_left(town: Town, place: str) -> None:
    town.evaluate(place, a_host(), "host", comment="말이 많아요")
    town.evaluate(place, a_resident(), "resident", comment="무거워요")
    town.desk.appeal(a_host(), act_id="a", placement_id=place, side="host", reason="사실과 달라요")
    asked = {"placement_id": place, "side": "host", "answer": "rejected", "reason": "확인했습니다"}
    town.desk.answer_appeal(an_officer(), act_id="b", **asked)


def test_what_is_written_about_somebody_after_they_left_is_not_kept(town: Town) -> None:
    place = town.work()
    town.hear(town.left("res-1"), town.left("res-1"))
    _write_about_who_left(town, place)

    document = town.kept.collection.find_one({"_id": place})
    assert document is not None
    assert not any(text in str(document) for text in ("말이", "무거워", "사실과", "확인했"))
    assert [word.recommendations for word in town.kept.get(place).words] == [("kind",), ("kind",)]


def test_a_server_remembers_that_somebody_left(clock: StoppedClock, request: pytest.FixtureRequest) -> None:
    server = request.getfixturevalue("database")
    with client(server.url) as mongo:
        town = a_town(RealDatabase(mongo, f"{server.prefix}placement"), clock)
        place = town.work()
        town.hear(town.left("res-1"))
        _write_about_who_left(town, place)

        assert "말이" not in str(town.kept.collection.find_one({"_id": place}))


def test_each_moment_of_the_window_is_one_in_which_nothing_can_be_said_after_reading(town: Town) -> None:
    """Whoever reads the other side's word can't speak any more, at the deadline and around it."""
    place = town.work()
    town.evaluate(place, a_resident(), "resident", comment="무거워요")
    town.wait(days=14, milliseconds=-1)
    for step in range(3):
        town.wait(milliseconds=step)
        for sweep in (False, True):
            if sweep:
                town.desk.reveal_due()
            seen = town.desk.evaluation(a_host(), placement_id=place)["words"]
            if seen:
                assert refusal(lambda: town.evaluate(place, a_host(), "host")) == "evaluation_is_over"
                assert refusal(lambda: town.evaluate(place, an_officer(), "host")) == "evaluation_is_over"
    assert town.desk.evaluation(a_host(), placement_id=place)["words"]


def test_a_profile_is_not_told_to_a_service_of_somebody_who_did_not_agree(town: Town) -> None:
    town.jobs(1)

    assert refusal(lambda: town.profiles.profile(a_service(), resident_id="res-1")) == "trust_profile_consent_needed"


@pytest.mark.parametrize(
    ("state", "may"),
    [("pending", True), ("waitlisted", True), ("selected", True), ("withdrawn", False), ("closed", False)],
)
def test_a_host_looks_at_nobody_s_profile_whose_application_is_over(town: Town, state: str, may: bool) -> None:
    town.around.agreed.add("res-1")
    town.around.applications.add("opn-77:res-1")
    town.around.over["opn-77:res-1"] = state
    for who in (a_host(), an_officer()):
        asked = {"resident_id": "res-1", "opening_id": "opn-77"}
        if may:
            assert town.profiles.profile(who, **asked)["completed"] == 0
        else:
            assert refusal(lambda who=who, asked=asked: town.profiles.profile(who, **asked)) == "not_an_applicant"  # type: ignore[misc]


@pytest.mark.parametrize("sides", [("host", "resident"), ("host",), ("resident",), ()])
def test_what_is_revealed_says_whose_words_and_until_when_one_may_appeal(town: Town, sides: tuple[str, ...]) -> None:
    place = town.work()
    for side in sides:
        town.evaluate(place, a_host() if side == "host" else a_resident(), side)
    town.wait(days=14)
    town.desk.reveal_due()

    [told] = [event.data for event in town.relayed() if event.type.endswith("evaluation.revealed.v1")]
    assert (told["sides"], told["given"]) == (list(sides), len(sides))
    revealed_at = town.kept.get(place).revealed_at
    assert revealed_at is not None
    assert told["appeal_until"] == iso(revealed_at + timedelta(days=14))
