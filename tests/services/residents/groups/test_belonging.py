"""A service that asks whether somebody belongs to some groups learns one word of each, and nothing of other groups."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from shared.actors import ANYONE, Actor
from shared.errors import Refused
from tests.services.residents.conftest import a_host, a_resident, a_service, agreed, an_officer
from tests.services.residents.groups.conftest import Counter


def known(counter: Counter, *groups: str, of: tuple[str, ...] = ("res-1",), **more: Any) -> dict[str, str]:
    asked = {"resident_ids": of, "groups": groups, "purpose": "selection", "reason": "opn-은하수", **more}
    return dict(counter.desk.belonging(a_service(), **asked)["known"])


def test_who_declared_belongs_and_where_a_proof_is_needed_only_once_an_officer_saw_it(counter: Counter) -> None:
    counter.arrive("res-1", "youth", "disability")

    assert known(counter, "youth") == {"res-1": "member"}
    assert known(counter, "disability") == {"res-1": "unconfirmed"}
    counter.office.clock.move(timedelta(minutes=1))
    counter.verify("res-1", "disability")
    assert known(counter, "disability") == {"res-1": "member"}


def test_one_of_several_groups_is_enough_and_nobody_learns_which(counter: Counter) -> None:
    counter.arrive("res-1", "youth", "disability")
    counter.arrive("res-2", "freelancer")

    assert known(counter, "disability", "youth", "elderly", of=("res-1", "res-2")) == {"res-1": "member"}


def test_who_never_declared_never_agreed_or_never_registered_looks_the_same(counter: Counter) -> None:
    counter.arrive("res-1", "youth")
    counter.office.register("res-2", consents=("service",))

    assert known(counter, "elderly", of=("res-1", "res-2", "res-3")) == {}


def test_a_withdrawn_consent_hides_the_membership_at_once_and_a_new_one_does_not_bring_it_back(
    counter: Counter,
) -> None:
    counter.arrive("res-1", "youth")
    counter.office.clock.move(timedelta(minutes=1))
    counter.office.withdraw("target_groups")

    assert known(counter, "youth") == {}
    counter.office.clock.move(timedelta(minutes=1))
    consent = agreed("target_groups")[0]
    counter.office.registry.give_consent(a_resident(), act_id="again", resident_id="res-1", **consent)
    assert known(counter, "youth") == {}


def test_who_leaves_the_group_is_known_no_more(counter: Counter) -> None:
    counter.arrive("res-1", "youth")
    counter.desk.leave(a_resident(), act_id="leave", resident_id="res-1", group="youth")

    assert known(counter, "youth") == {}


def test_everybody_asked_about_has_a_line_on_the_access_log_with_the_officer_who_is_told(counter: Counter) -> None:
    counter.arrive("res-1", "youth")
    counter.arrive("res-2")

    known(counter, "youth", of=("res-1", "res-2", "res-3"), officer="officer-7")

    lines = [one for one in counter.office.trail.access.find({}) if one["action"] == "belonging"]
    assert [(one["resident"], one["purpose"], one["reason"], one["officer"]) for one in lines] == [
        ("res-1", "selection", "opn-은하수", "officer-7"),
        ("res-2", "selection", "opn-은하수", "officer-7"),
    ]


@pytest.mark.parametrize("who", [a_resident(), an_officer(), a_host(), ANYONE, Actor("op", frozenset({"operator"}), "")])
def test_only_a_service_may_ask(counter: Counter, who: Actor) -> None:
    counter.arrive("res-1", "youth")

    with pytest.raises(Refused):
        counter.desk.belonging(who, resident_ids=["res-1"], groups=["youth"], purpose="selection")


def test_a_hundred_residents_at_once_are_enough(counter: Counter) -> None:
    with pytest.raises(Refused, match="too_many_at_once"):
        known(counter, "youth", of=tuple(f"res-{number}" for number in range(101)))
