"""Mutual evaluation: after attendance only, once each, hidden until both are in or time is up, and open to appeal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from services.placement.trust import schemas
from services.placement.trust.profiles import ProfileDesk
from shared.actors import ANYONE, Actor
from shared.clock import StoppedClock
from shared.errors import NotFound, Refused
from shared.events.envelope import encode
from shared.mongo.real import RealDatabase, client
from shared.mongo.twin import TwinDatabase
from tests.services.placement.trust.conftest import (
    AnOpening,
    Town,
    a_host,
    a_resident,
    a_service,
    a_town,
    an_officer,
)


def refusal(ask: Callable[[], Any]) -> tuple[str, str | None]:
    with pytest.raises(Refused) as caught:
        ask()
    return caught.value.code, caught.value.field


def test_row_4_no_rating_without_a_completed_placement_both_rate_once_and_the_profile_follows(town: Town) -> None:
    early = "opn-1:res-1:1"
    assert refusal(lambda: town.evaluate(early, a_resident(), "resident")) == ("no_attendance_yet", "placement_id")

    place = town.work()
    town.both_evaluate(place, ["kind", "on_time"])

    for who, side in ((a_resident(), "resident"), (a_host(), "host"), (an_officer(), "host")):
        assert refusal(lambda who=who, side=side: town.evaluate(place, who, side)) == ("already_evaluated", "side")  # type: ignore[misc]
    profile = town.profiles.profile(a_resident(), resident_id="res-1")
    assert profile["completed"] == 1
    counts = {row["code"]: row["count"] for row in profile["recommendations"]}
    assert (counts["kind"], counts["on_time"], counts["careful"]) == (1, 1, 0)


def test_somebody_who_was_not_selected_cannot_rate(town: Town) -> None:
    place = town.work("res-1")

    assert refusal(lambda: town.evaluate(place, a_resident("res-2"), "resident"))[0] == "only_for_oneself"
    assert refusal(lambda: town.evaluate("opn-1:res-2:1", a_resident("res-2"), "resident"))[0] == "no_attendance_yet"


def test_settled_shifts_alone_open_nothing(town: Town) -> None:
    town.hear(town.settled(minutes=0, result="absent"))

    assert refusal(lambda: town.evaluate("opn-1:res-1:1", a_resident(), "resident"))[0] == "no_attendance_yet"


def test_it_is_opened_once_however_often_completion_is_told_and_a_correction_opens_nothing_again(town: Town) -> None:
    place = town.work()
    town.evaluate(place, a_host(), "host")
    town.wait(days=3)
    town.hear(town.completed(), town.completed(revision=2, minutes=60))

    assert town.said() == ["evaluation.opened", "evaluation.given"]
    assert town.desk.evaluation(a_resident(), placement_id=place)["until"] == "2026-12-16T03:00:00.000Z"


def test_the_word_of_the_other_side_is_hidden_until_both_are_in(town: Town) -> None:
    place = town.work()
    town.evaluate(place, a_resident(), "resident", recommendations=["safe"], comment="책장이 무거워요")

    for who in (a_host(), an_officer()):
        seen = town.desk.evaluation(who, placement_id=place)
        assert seen["words"] == {}
        assert seen["given"] == {"resident": True, "host": False}
    own = town.desk.evaluation(a_resident(), placement_id=place)
    assert own["words"]["resident"]["comment"] == "책장이 무거워요"

    town.evaluate(place, a_host(), "host", recommendations=["on_time"], would_again=False)
    for who in (a_host(), a_resident(), an_officer()):
        assert set(town.desk.evaluation(who, placement_id=place)["words"]) == {"resident", "host"}
    assert town.said() == ["evaluation.opened", "evaluation.given", "evaluation.given", "evaluation.revealed"]


def test_when_the_time_is_over_what_there_is_is_revealed_and_nothing_more_is_taken(town: Town) -> None:
    place = town.work()
    town.evaluate(place, a_host(), "host")
    town.wait(days=14, seconds=-1)
    assert town.desk.reveal_due() is False
    assert town.desk.evaluation(a_resident(), placement_id=place)["words"] == {}

    town.wait(seconds=1)
    assert refusal(lambda: town.evaluate(place, a_resident(), "resident")) == ("evaluation_is_over", "placement_id")
    assert town.desk.evaluation(a_resident(), placement_id=place)["words"] == {}
    town.desk.reveal_due()
    town.desk.reveal_due()

    assert list(town.desk.evaluation(a_resident(), placement_id=place)["words"]) == ["host"]
    assert refusal(lambda: town.evaluate(place, a_resident(), "resident")) == ("evaluation_is_over", "placement_id")
    assert town.said().count("evaluation.revealed") == 1
    assert town.relayed()[-1].data["given"] == 1


def test_what_was_said_is_in_no_event(town: Town) -> None:
    place = town.work()
    town.both_evaluate(place, ["on_time"], comment="시간을 잘 지켜요")
    town.desk.appeal(a_resident(), act_id="a", placement_id=place, side="resident", reason="사실과 달라요")
    asked = {"placement_id": place, "side": "resident", "answer": "upheld", "reason": "확인했습니다"}
    town.desk.answer_appeal(an_officer("officer-9"), act_id="b", **asked)

    relayed = town.relayed()
    assert len(relayed) == 6
    for event in relayed:
        for secret in ("on_time", "would", "시간", "사실", "확인"):
            assert secret.encode() not in encode(event)


def test_an_officer_speaks_for_the_workplace_and_it_is_recorded(town: Town) -> None:
    place = town.work()
    town.evaluate(place, an_officer(), "host", comment="전화로 들었습니다")
    town.evaluate(place, a_resident(), "resident")

    seen = town.desk.evaluation(a_resident(), placement_id=place)["words"]["host"]
    assert seen["on_behalf"] is True
    assert "given_by" not in seen
    assert town.desk.evaluation(an_officer(), placement_id=place)["words"]["host"]["given_by"] == "officer-7"


@pytest.mark.parametrize(
    ("who", "side", "code"),
    [
        (ANYONE, "resident", "sign_in_needed"),
        (a_resident("res-2"), "resident", "only_for_oneself"),
        (a_resident("res-1", "bukgu"), "resident", "other_tenant"),
        (a_host(), "resident", "role_not_allowed"),
        (an_officer(), "resident", "role_not_allowed"),
        (a_service(), "resident", "role_not_allowed"),
        (a_resident("res-2"), "host", "not_of_this_placement"),
        (a_resident(), "host", "not_ones_own_word"),
        (a_host("host-4"), "host", "not_of_this_placement"),
        (a_host("host-3", "bukgu"), "host", "other_tenant"),
        (an_officer("officer-7", "bukgu"), "host", "other_tenant"),
        (an_officer("officer-7", "gwangsan", "29170"), "host", "other_district"),
        (a_service(), "host", "role_not_allowed"),
    ],
)
def test_nobody_speaks_for_a_side_that_is_not_theirs(town: Town, who: Actor, side: str, code: str) -> None:
    place = town.work()

    assert refusal(lambda: town.evaluate(place, who, side))[0] == code
    assert town.kept.get("opn-1:res-1:1").words == ()


@pytest.mark.parametrize(
    ("who", "code"),
    [
        (ANYONE, "sign_in_needed"),
        (a_resident("res-2"), "not_of_this_placement"),
        (a_resident("res-1", "bukgu"), "other_tenant"),
        (a_host("host-4"), "not_of_this_placement"),
        (a_host("host-3", "bukgu"), "other_tenant"),
        (an_officer("officer-7", "bukgu"), "other_tenant"),
        (an_officer("officer-7", "gwangsan", "29170"), "other_district"),
        (a_service(), "role_not_allowed"),
    ],
)
def test_nobody_else_reads_an_evaluation(town: Town, who: Actor, code: str) -> None:
    place = town.work()

    assert refusal(lambda: town.desk.evaluation(who, placement_id=place))[0] == code


def test_a_host_who_worked_there_reads_and_speaks_for_themselves_only(town: Town) -> None:
    town.around.openings["opn-1"] = AnOpening(hosts=("res-1", "host-3"))
    place = town.work("res-1")
    both = Actor("res-1", frozenset({"resident", "host"}), "gwangsan")
    town.evaluate(place, a_host(), "host", comment="다음에도 부탁해요")

    assert refusal(lambda: town.evaluate(place, both, "host"))[0] == "not_ones_own_word"
    assert town.desk.evaluation(both, placement_id=place)["words"] == {}
    (row,) = town.desk.my_evaluations(both, side="host")["evaluations"]
    assert row["words"] == {}


def test_an_unknown_recommendation_is_refused_with_those_that_may_be_said(town: Town) -> None:
    place = town.work()

    def ask() -> Any:
        return town.evaluate(place, a_host(), "host", recommendations=["safe"])  # said of workplaces only

    assert refusal(ask) == ("recommendation_unknown", "recommendations")


def test_a_word_said_twice_by_the_same_act_is_one(town: Town) -> None:
    place = town.work()
    first = town.evaluate(place, a_host(), "host", act_id="one")

    assert town.evaluate(place, a_host(), "host", act_id="one") == first
    assert refusal(lambda: town.evaluate(place, a_host(), "host", act_id="one", would_again=False))[0] == "act_id_reused"
    assert town.said() == ["evaluation.opened", "evaluation.given"]


def test_a_comment_has_300_characters_at_most() -> None:
    asked = {"act_id": "a", "placement_id": "p", "side": "host", "recommendations": [], "would_again": True}

    assert schemas.Evaluate().validate({**asked, "comment": "가" * 300}) == {}
    assert schemas.Evaluate().validate({**asked, "comment": "가" * 301}) == {
        "comment": ["Give at most 300 characters."]
    }


def test_my_evaluations_come_page_by_page_latest_first(town: Town) -> None:
    for number in range(5):
        town.work("res-1", f"opn-{number}")
        town.wait(minutes=1)
    town.work("res-2")

    def pages(who: Actor, side: str) -> list[str]:
        found: list[str] = []
        cursor = None
        while True:
            told = town.desk.my_evaluations(who, side=side, limit=2, cursor=cursor)
            found += [row["placement_id"] for row in told["evaluations"]]
            cursor = told["cursor"]
            if cursor is None:
                return found

    own = [f"opn-{number}:res-1:1" for number in reversed(range(5))]
    assert pages(a_resident(), "resident") == own
    assert pages(a_host(), "host") == ["opn-1:res-2:1", *own]
    assert pages(a_host("host-4"), "host") == []
    assert pages(a_host("host-3", "bukgu"), "host") == []
    assert refusal(lambda: town.desk.my_evaluations(a_resident(), side="host"))[0] == "role_not_allowed"
    assert refusal(lambda: town.desk.my_evaluations(a_resident(), cursor="x"))[0] == "bad_cursor"


def test_two_processes_that_take_the_two_words_at_once_reveal_once(clock: StoppedClock) -> None:
    database = TwinDatabase("placement")
    town = a_town(database, clock)
    place = town.work()
    racing: list[str] = []

    def step(what: str) -> None:
        if what.endswith("update_one") and not racing:
            racing.append("host")
            town.evaluate(place, a_host(), "host")

    slow = a_town(database.seen_by(step), clock)
    slow.evaluate(place, a_resident(), "resident", act_id="slow")

    assert town.said() == ["evaluation.opened", "evaluation.given", "evaluation.given", "evaluation.revealed"]


def test_two_processes_that_hear_of_the_same_completion_open_once(clock: StoppedClock) -> None:
    database = TwinDatabase("placement")
    town = a_town(database, clock)
    done = town.completed()
    racing: list[str] = []

    def step(what: str) -> None:
        if what.endswith("insert_one") and not racing:
            racing.append("other")
            town.hear(done)

    a_town(database.seen_by(step), clock).hear(done)

    assert racing
    assert town.said() == ["evaluation.opened"]


def test_the_real_database_keeps_and_finds_them_all(clock: StoppedClock, request: pytest.FixtureRequest) -> None:
    server = request.getfixturevalue("database")
    with client(server.url) as mongo:
        town = a_town(RealDatabase(mongo, f"{server.prefix}placement"), clock)
        place = appealed(town)
        (waits,) = town.desk.open_appeals(an_officer(), tenant="gwangsan")["evaluations"]
        assert waits["placement_id"] == place
        answer(town, an_officer(), place)
        assert town.desk.open_appeals(an_officer(), tenant="gwangsan")["evaluations"] == []
        assert [row["placement_id"] for row in town.desk.my_evaluations(a_host(), side="host")["evaluations"]] == [place]
        second = town.work("res-1", "opn-2")
        town.wait(days=14)
        town.desk.reveal_due()
        assert town.kept.get(second).revealed_at == clock.now()
        assert town.profiles.workplace(a_resident(), opening_id="opn-1")["completed"] == 2
        assert len(town.profiles.export(a_resident(), resident_id="res-1")["placements"]) == 2


# Appeals


def appealed(town: Town) -> str:
    place = town.work()
    town.both_evaluate(place, ["kind"], would_again=False, comment="말이 많아요")
    town.desk.appeal(a_resident(), act_id="appeal", placement_id=place, side="resident", reason="사실과 달라요")
    return place


def answer(town: Town, who: Actor, place: str, said: str = "upheld", act_id: str = "answer") -> dict[str, Any]:
    return town.desk.answer_appeal(
        who, act_id=act_id, placement_id=place, side="resident", answer=said, reason="확인했습니다"
    )


@pytest.mark.parametrize(("said", "count", "counts"), [("upheld", 0, False), ("rejected", 1, True)])
def test_a_word_whose_appeal_is_upheld_counts_no_more(town: Town, said: str, count: int, counts: bool) -> None:
    place = appealed(town)
    assert kind_count(town.profiles) == 1

    answer(town, an_officer(), place, said)

    assert kind_count(town.profiles) == count
    seen = town.desk.evaluation(a_resident(), placement_id=place)
    assert seen["words"]["host"]["counts"] is counts
    assert (seen["appeals"][0]["state"], seen["appeals"][0]["answer"]) == (said, "확인했습니다")
    other = town.desk.evaluation(a_host(), placement_id=place)["appeals"][0]
    assert "reason" not in other
    assert town.said()[-2:] == ["appeal.made", "appeal.answered"]


def kind_count(profiles: ProfileDesk) -> int:
    rows = profiles.profile(a_resident(), resident_id="res-1")["recommendations"]
    return int(next(row["count"] for row in rows if row["code"] == "kind"))


def test_one_appeals_once_after_the_reveal_within_the_window_and_only_about_oneself(town: Town) -> None:
    place = town.work()

    def ask(who: Actor, side: str = "resident") -> Any:
        return town.desk.appeal(who, act_id=town.act_id(), placement_id=place, side=side, reason="사실과 달라요")

    town.evaluate(place, a_host(), "host")
    assert refusal(lambda: ask(a_resident())) == ("nothing_to_appeal", "placement_id")
    town.wait(days=14)
    town.desk.reveal_due()
    assert refusal(lambda: ask(a_host(), "host")) == ("nothing_to_appeal", "placement_id")  # nothing was said of it
    assert refusal(lambda: ask(a_resident("res-2")))[0] == "only_for_oneself"
    assert refusal(lambda: ask(a_host()))[0] == "role_not_allowed"
    assert refusal(lambda: ask(an_officer(), "host"))[0] == "role_not_allowed"
    town.wait(days=14)
    assert refusal(lambda: ask(a_resident())) == ("appeal_too_late", "placement_id")
    town.wait(seconds=-1)
    ask(a_resident())
    assert refusal(lambda: ask(a_resident())) == ("already_appealed", "placement_id")


@pytest.mark.parametrize(
    ("who", "code"),
    [
        (ANYONE, "sign_in_needed"),
        (a_resident(), "role_not_allowed"),
        (a_host(), "role_not_allowed"),
        (an_officer("officer-7", "bukgu"), "other_tenant"),
        (an_officer("officer-7", "gwangsan", "29170"), "other_district"),
    ],
)
def test_only_an_officer_of_the_district_answers(town: Town, who: Actor, code: str) -> None:
    place = appealed(town)

    assert refusal(lambda: answer(town, who, place))[0] == code


def test_the_officer_who_spoke_for_the_workplace_does_not_answer_the_appeal_against_it(town: Town) -> None:
    place = town.work()
    town.evaluate(place, an_officer(), "host")
    town.evaluate(place, a_resident(), "resident")
    town.desk.appeal(a_resident(), act_id="appeal", placement_id=place, side="resident", reason="사실과 달라요")

    assert refusal(lambda: answer(town, an_officer(), place)) == ("not_ones_own_word", "placement_id")
    answer(town, an_officer("officer-9"), place)
    assert refusal(lambda: answer(town, an_officer("officer-9"), place, act_id="again"))[0] == "nothing_to_answer"


def test_open_appeals_are_told_to_officers_of_their_districts_longest_first(town: Town) -> None:
    for number in range(3):
        place = town.work("res-1", f"opn-{number}")
        town.both_evaluate(place)
        town.desk.appeal(a_resident(), act_id="appeal", placement_id=place, side="resident", reason="달라요")
        town.wait(minutes=1)

    def ids(who: Actor, **more: Any) -> list[str]:
        told = town.desk.open_appeals(who, tenant="gwangsan", **more)
        return [row["placement_id"] for row in told["evaluations"]]

    assert ids(an_officer()) == [f"opn-{number}:res-1:1" for number in range(3)]
    assert ids(an_officer("o", "gwangsan", "29200")) == ids(an_officer())
    assert ids(an_officer("o", "gwangsan", "29170")) == []
    first = town.desk.open_appeals(an_officer(), tenant="gwangsan", limit=2)
    assert ids(an_officer(), limit=2, cursor=first["cursor"]) == ["opn-2:res-1:1"]
    answer(town, an_officer(), "opn-0:res-1:1")
    assert ids(an_officer()) == ["opn-1:res-1:1", "opn-2:res-1:1"]
    assert refusal(lambda: ids(an_officer("o", "bukgu")))[0] == "other_tenant"
    assert refusal(lambda: ids(a_host()))[0] == "role_not_allowed"


def test_what_was_written_about_somebody_who_left_is_destroyed(town: Town) -> None:
    place = appealed(town)
    town.hear(town.left("res-1", "location"))
    assert town.kept.get(place).words[0].comment == "말이 많아요"

    town.hear(town.left("res-1"), town.left("res-1"))

    document = town.kept.collection.find_one({"_id": place})
    assert document is not None
    assert not any(text in str(document) for text in ("말이", "사실과"))


def test_an_opening_that_is_not_there_is_seen_and_an_evaluation_that_is_not_is_not_found(town: Town) -> None:
    with pytest.raises(NotFound, match="no_such_opening"):
        town.hear(town.completed("res-1", "gone-1"))
    with pytest.raises(NotFound, match="no_such_evaluation"):
        town.desk.evaluation(a_resident(), placement_id="nothing")


@pytest.mark.parametrize("side", ["resident", "host"])
@pytest.mark.parametrize("one", ["res-1", "host-3"])
def test_nobody_who_is_part_of_a_placement_answers_an_appeal_in_it_as_an_officer(town: Town, one: str, side: str) -> None:
    """One subject may be an officer as well: neither the resident nor a host decides about their own word."""
    place = town.work()
    town.both_evaluate(place, ["kind"])
    who = a_resident() if side == "resident" else a_host()
    town.desk.appeal(who, act_id="appeal", placement_id=place, side=side, reason="사실과 달라요")
    officer = an_officer()
    party = Actor(one, frozenset({"officer", "resident", "host"}), officer.tenant, officer.districts)

    with pytest.raises(Refused, match="not_ones_own_word"):
        town.desk.answer_appeal(party, act_id="own", placement_id=place, side=side, answer="upheld", reason="그렇습니다")
    town.desk.answer_appeal(officer, act_id="ok", placement_id=place, side=side, answer="upheld", reason="확인했습니다")


def test_everybody_can_see_what_each_side_may_say(town: Town) -> None:
    told = town.desk.known(ANYONE)["recommendations"]

    assert {row["code"] for row in told["host"]} >= {"on_time"}
    place = town.work()
    town.evaluate(place, a_host(), "host", recommendations=[row["code"] for row in told["host"]])
    town.evaluate(place, a_resident(), "resident", recommendations=[row["code"] for row in told["resident"]])
