"""An opening for a target group: told before applying, refused or warned of, looked at again when a place is given."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.placement.limits.model import LimitTable
from services.placement.participation.belonging import ResidentsAway
from services.placement.programmes.parts import TargetGroup
from services.placement.wiring import AskResidents
from shared.actors import ANYONE
from shared.clock import StoppedClock
from shared.errors import Refused, Unavailable
from shared.ids import SeededIds
from shared.messaging.rpc import error_from_wire, error_to_wire
from shared.mongo.twin import TwinDatabase
from shared.town import twin_town
from tests.services.placement.office import NOW, OFFICER, EverybodyLivesHere, a_resident
from tests.services.placement.openings.hall import HOST, Hall, a_hall, a_programme
from tests.services.placement.participation.makers import Declared, a_limit

BASIS = "장애인복지법 제2조"
FOR_DISABILITY = TargetGroup("disability", "장애인", BASIS)


def a_group_hall(*, membership: str = "required", effect: str | None = None, **changes: Any) -> tuple[Hall, Declared]:
    """Return a hall with an opening for young people, where res-1 and res-2 are known to be."""
    declared = Declared({"res-1": "member", "res-2": "member", "res-3": "unconfirmed"})
    rows = () if effect is None else (a_limit("target_group", effect=effect),)
    hall = a_hall(shipped_limits=LimitTable(rows), declared=declared)
    hall.an_opening(**{"mode": "officer", "target_group": "youth", "membership": membership, **changes})
    return hall, declared


def quoted(hall: Hall, number: int, **asked: Any) -> dict[str, Any]:
    return hall.desk.quote(a_resident(number), opening_id="opn-1", **asked)


def test_who_is_not_known_to_belong_sees_it_before_applying_and_is_not_let_in() -> None:
    hall, _ = a_group_hall()

    for number, known in ((1, "member"), (3, "unconfirmed"), (4, "unknown")):
        told = quoted(hall, number)
        assert told["limits"]["for_whom"] == {"membership": "required", "groups": ["youth"], "known": known}
        assert told["may_apply"] is (known == "member")
    hall.applies(1)
    for number in (3, 4):
        with pytest.raises(Refused, match="target_group_needed"):
            hall.applies(number)
    assert hall.states() == {1: "pending"}


def test_unless_somebody_says_so_an_opening_for_a_group_is_open_to_anyone_and_nobody_is_asked() -> None:
    hall, declared = a_group_hall(membership="anyone")
    hall.applies(4)
    hall.selects(4)

    assert quoted(hall, 4)["limits"]["for_whom"] is None
    assert (hall.placed(), declared.asked) == ([4], [])


def test_who_belongs_no_more_when_the_place_is_given_does_not_get_it() -> None:
    hall, declared = a_group_hall()
    hall.applies(1, 2)
    del declared.known["res-1"]

    with pytest.raises(Refused, match="target_group_needed"):
        hall.selects(1)
    hall.selects(2)

    assert hall.placed() == [2]


def test_who_leaves_the_group_between_a_look_and_the_hold_does_not_get_the_place() -> None:
    hall, declared = a_group_hall()
    hall.applies(1)
    assert quoted(hall, 1)["may_apply"] is False  # applied already
    declared.known["res-1"] = "unknown"

    with pytest.raises(Refused, match="target_group_needed"):
        hall.selects(1)
    assert hall.limits.participations.find("res-1") is None


def test_an_answer_so_late_that_it_may_be_stale_gives_no_place() -> None:
    hall, declared = a_group_hall()
    hall.applies(1)
    declared.meanwhile = lambda: hall.clock.move(timedelta(minutes=1))

    with pytest.raises(Refused, match="act_too_late"):
        hall.selects(1)
    declared.meanwhile = lambda: None
    hall.sweeps()

    assert hall.placed() == []
    assert hall.limits.participations.get("res-1").claims == {}
    hall.selects(1)
    assert hall.placed() == [1]


def test_first_come_passes_over_who_belongs_no_more_and_tells_them_why() -> None:
    hall, declared = a_group_hall(mode="first_come", places=1)
    hall.applies(1, 2)
    declared.known["res-1"] = "unknown"
    hall.sweeps()

    assert hall.placed() == [2]
    told = hall.desk.applications_of(OFFICER, opening_id="opn-1")["applications"][0]
    assert (told["state"], told["reason"], told["why"]["code"]) == ("closed", "not_allowed", "target_group_needed")


@pytest.mark.parametrize("mode", ["ranked", "draw"])
def test_whoever_is_asked_in_order_belongs_when_asked_and_again_when_they_confirm(mode: str) -> None:
    hall, declared = a_group_hall(mode=mode, places=1)
    declared.known["res-5"] = "member"
    hall.applies(1, 2, 5)
    hall.passes(hours=6)
    first, second, third = hall.order()
    assert hall.offered() == [first]
    declared.known[f"res-{first}"] = "unknown"
    with pytest.raises(Refused, match="target_group_needed"):
        hall.accepts(first)
    declared.known[f"res-{second}"] = "unknown"
    hall.declines(first)
    hall.sweeps()

    assert hall.offered() == [third]
    hall.accepts(third)
    hall.sweeps()
    assert hall.placed() == [third]


def test_where_it_is_preferred_the_others_are_warned_and_may_have_the_place() -> None:
    hall, _ = a_group_hall(membership="preferred")
    told = quoted(hall, 4)
    assert [one["code"] for one in told["limits"]["warnings"]] == ["target_group_preferred"]
    assert told["may_apply"] is True
    hall.applies(4)
    hall.selects(4)

    assert hall.placed() == [4]


def test_the_operators_row_is_not_weakened_by_the_opening() -> None:
    hall, _ = a_group_hall(membership="anyone", effect="refuse")

    with pytest.raises(Refused, match="target_group_needed"):
        hall.applies(4)


def test_the_programmes_groups_count_where_the_opening_names_none_but_only_if_each_has_a_legal_basis() -> None:
    for groups, counted in (
        ((TargetGroup("youth", "청년", BASIS), FOR_DISABILITY), ["youth", "disability"]),
        ((TargetGroup("youth", "청년", BASIS), TargetGroup("senior", "어르신", BASIS)), None),
        ((TargetGroup("youth", "청년", BASIS), TargetGroup("disability", "장애인")), None),
    ):
        programme = a_programme(target_groups=groups)
        limits = LimitTable((a_limit("target_group"),))
        hall = a_hall(programme=programme, shipped_limits=limits, declared=Declared())
        hall.an_opening(mode="officer")

        told = quoted(hall, 1)["limits"]["for_whom"]
        assert (None if told is None else told["groups"]) == counted
        assert hall.desk.read(ANYONE, opening_id="opn-1")["groups"] == (counted or [])


def test_what_nobody_can_be_known_to_belong_to_can_not_be_required() -> None:
    hall = a_hall(programme=a_programme(target_groups=(TargetGroup("anyone", "누구나", BASIS),)))

    for target_group in ("anyone", None):
        with pytest.raises(Refused, match="membership_needs_target_group"):
            hall.an_opening(mode="officer", target_group=target_group, membership="required")


def test_a_draw_whose_tickets_would_tell_who_belongs_to_a_sensitive_group_is_refused() -> None:
    declared, limits = Declared(), LimitTable((a_limit("target_group"),))
    hall = a_hall(programme=a_programme(target_groups=(FOR_DISABILITY,)), shipped_limits=limits, declared=declared)
    for membership in ("required", "preferred"):
        with pytest.raises(Refused, match="draw_would_tell_group"):
            hall.an_opening(mode="draw", target_group="disability", membership=membership)

    # The operator's row does not make one of it either: whoever is in the draw tells nothing of themselves.
    hall.an_opening(mode="draw", target_group="disability")
    hall.applies(4)

    assert (hall.states(), declared.asked) == ({4: "pending"}, [])


def test_the_officer_who_looks_or_gives_is_told_to_the_access_log_and_the_resident_is_not() -> None:
    hall, declared = a_group_hall()
    hall.applies(1)
    hall.desk.quote(OFFICER, opening_id="opn-1", resident_id="res-1")
    hall.selects(1)

    officers = [officer for _, _, opening, officer in declared.asked if opening == "opn-1"]
    assert officers == [None, "officer-1", "officer-1"]


def test_nothing_that_everybody_or_a_host_reads_or_that_is_said_tells_who_belongs() -> None:
    hall, declared = a_group_hall()
    declared.known["res-1"] = "member"
    hall.applies(1)
    hall.selects(1)
    hall.sweeps()

    kept = [hall.database.collection(name).find({}) for name in ("openings", "applications", "participations")]
    for told in (*map(str, kept), *(str(event.data) for event in hall.said)):
        assert "member'" not in told
    said = [event.data for event in hall.said if "resident_id" in event.data]
    assert said
    assert "youth" not in str(said)
    for who in (HOST, ANYONE):
        assert "res-1" not in str(hall.desk.read(who, opening_id="opn-1"))


def test_nobody_applies_or_is_selected_while_nobody_can_say_and_nothing_is_left_behind() -> None:
    hall, declared = a_group_hall()
    hall.applies(1)
    declared.away = True

    with pytest.raises(Unavailable):
        hall.applies(2)
    with pytest.raises(Unavailable):
        hall.selects(1)
    assert (hall.placed(), hall.limits.participations.find("res-1")) == ([], None)

    declared.away = False
    hall.selects(1)
    assert hall.placed() == [1]


def test_asking_the_next_ends_quietly_when_the_work_is_over_before_an_answer_comes() -> None:
    hall, declared = a_group_hall(mode="draw", places=1)
    hall.applies(1, 2)
    hall.clock.move(timedelta(hours=6))
    hall.desk.close_overdue()
    declared.meanwhile = lambda: hall.clock.move(hall.opening().terms.over - hall.clock.now())

    hall.selection.move_on("opn-1")

    assert hall.offered() == []
    hall.sweeps()
    assert hall.opening().state == "closed"
    assert set(hall.states().values()) == {"closed"}


def test_an_opening_from_before_there_were_memberships_is_open_to_anyone_as_it_was(hall: Hall) -> None:
    hall.an_opening(mode="officer", target_group="youth")
    hall.desk.openings.collection.update_one({"_id": "opn-1"}, {"$unset": {"groups": "", "membership": ""}})

    opening = hall.opening()

    assert (opening.groups, opening.terms.membership) == ((), "anyone")


def test_publishing_again_with_another_membership_is_another_command(hall: Hall) -> None:
    hall.an_opening(mode="officer", act_id="publish", target_group="youth", membership="required")
    hall.an_opening(mode="officer", act_id="publish", target_group="youth", membership="required")

    with pytest.raises(Refused):
        hall.an_opening(mode="officer", act_id="publish", target_group="youth", membership="preferred")


def test_while_nobody_can_say_who_belongs_only_openings_that_ask_wait() -> None:
    hall, declared = a_group_hall(mode="draw", places=1)
    hall.an_opening("opn-0", mode="draw", places=1)
    hall.an_opening("opn-2", mode="draw", places=1)
    for opening_id in ("opn-0", "opn-1", "opn-2"):
        hall.applies(1, 2, opening_id=opening_id)
    declared.away = True
    hall.passes(hours=6)

    assert [len(hall.offered(one)) for one in ("opn-0", "opn-1", "opn-2")] == [1, 0, 1]
    declared.away = False
    hall.passes(minutes=1)
    assert len(hall.offered()) == 1


def test_a_sweep_waits_once_for_a_service_that_is_away_and_not_again_at_once() -> None:
    hall, declared = a_group_hall(mode="draw", places=1)
    hall.an_opening("opn-2", mode="draw", places=1, target_group="youth", membership="required")
    for opening_id in ("opn-1", "opn-2"):
        hall.applies(1, 2, opening_id=opening_id)
    hall.clock.move(timedelta(hours=6))
    hall.desk.close_overdue()
    declared.away = True

    for _ in range(5):
        hall.selection.sweep()
        hall.clock.move(timedelta(seconds=1))
    assert declared.in_vain == 1

    declared.away = False
    hall.passes(minutes=1)
    assert (len(hall.offered("opn-1")), len(hall.offered("opn-2"))) == (1, 1)


def test_whoever_asks_residents_knows_that_it_is_they_who_do_not_answer() -> None:
    town = twin_town(
        database=lambda _name: TwinDatabase("placement"),
        clock=StoppedClock(NOW),
        ids=SeededIds(3),
        ask=EverybodyLivesHere(),
    )

    with pytest.raises(ResidentsAway):
        AskResidents(town).belongs("res-1", ["youth"], opening_id="opn-1")
    told = error_from_wire(error_to_wire(ResidentsAway("no answer")))
    assert type(told) is Unavailable


def test_a_place_for_the_first_to_come_waits_until_somebody_can_say_and_stays_open() -> None:
    hall, declared = a_group_hall(mode="first_come", places=2)
    hall.applies(1)
    declared.away = True
    hall.sweeps()
    hall.passes(minutes=5)

    assert (hall.placed(), hall.opening().state) == ([], "open")
    declared.away = False
    hall.passes(minutes=1)
    assert (hall.placed(), hall.opening().state) == ([1], "open")
    assert hall.opening().due == hall.opening().terms.deadline


def test_a_place_that_came_free_meanwhile_is_offered_though_another_offer_stands() -> None:
    hall, declared = a_group_hall(mode="draw", places=2)
    declared.known["res-5"] = "member"
    hall.applies(1, 2, 5)
    hall.passes(hours=6)
    first, second, third = hall.order()
    declared.away = True
    hall.declines(first)
    hall.sweeps()
    assert hall.offered() == [second]

    declared.away = False
    hall.passes(minutes=1)

    assert hall.offered() == [second, third]


def test_who_applies_while_a_waiting_opening_is_looked_at_is_not_forgotten() -> None:
    hall, declared = a_group_hall(mode="first_come", places=2)
    hall.applies(1)
    declared.away = True
    hall.sweeps()
    declared.away = False
    hall.clock.move(timedelta(minutes=1))

    def another() -> None:
        declared.meanwhile = lambda: None
        hall.applies(2)
        declared.away = True
        hall.hears()
        declared.away = False

    declared.meanwhile = another
    hall.selection.sweep()
    hall.passes(minutes=1)

    assert hall.placed() == [1, 2]
