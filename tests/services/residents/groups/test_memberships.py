"""Target groups somebody belongs to: their own word, a proof seen, and who may read it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from services.residents.groups.storage import read_kinds
from shared.actors import ANYONE, Actor
from shared.config import Settings
from shared.errors import Refused
from tests.services.residents.conftest import a_host, a_resident, a_service, agreed, an_officer
from tests.services.residents.groups.conftest import Counter


def refusal(ask: Callable[[], Any]) -> tuple[str, str | None]:
    with pytest.raises(Refused) as caught:
        ask()
    return caught.value.code, caught.value.field


def of_service(counter: Counter, *resident_ids: str) -> dict[str, Any]:
    told = counter.desk.groups_of(a_service(), resident_ids=resident_ids, purpose="ranking", reason="opn-은하수")
    return dict(told["groups"])


def test_a_resident_declares_and_an_officer_confirms_what_they_saw_without_keeping_it(counter: Counter) -> None:
    counter.arrive("res-1", "marriage_migrant")
    counter.office.clock.move(timedelta(hours=1))
    counter.verify("res-1", "marriage_migrant")
    counter.office.clock.move(timedelta(hours=1))
    counter.verify("res-1", "marriage_migrant")

    for who in (a_resident(), an_officer()):
        assert counter.desk.list(who, resident_id="res-1")["groups"] == [
            {
                "group": "marriage_migrant",
                "declared_at": "2026-11-22T00:30:00.000Z",
                "verified_by": "officer-7",
                "verified_at": "2026-11-22T01:30:00.000Z",
            }
        ]
    actions = [line["action"] for line in counter.office.trail.access.find({"resident": "res-1"})]
    assert sorted(actions) == ["list_groups", "verify_group", "verify_group"]


def test_without_the_consent_nothing_is_kept_and_nothing_else_is_refused(counter: Counter) -> None:
    counter.office.register(consents=("service",))

    assert refusal(lambda: counter.declare("res-1", "youth")) == ("target_groups_consent_needed", "resident_id")
    assert counter.kept.find("res-1") is None


def test_a_group_that_the_town_does_not_know_is_refused_with_those_it_knows(counter: Counter) -> None:
    counter.arrive()

    assert refusal(lambda: counter.declare("res-1", "rich")) == ("group_unknown", "group")


def test_an_officer_confirms_only_what_was_declared(counter: Counter) -> None:
    counter.arrive("res-1", "youth")

    assert refusal(lambda: counter.verify("res-1", "disability")) == ("group_not_declared", "group")


@pytest.mark.parametrize("who", [an_officer(), a_service(), a_host(), Actor("op", frozenset({"operator"}), "")])
def test_nobody_declares_for_somebody_else(counter: Counter, who: Actor) -> None:
    counter.arrive()

    for act in (counter.desk.declare, counter.desk.leave):
        assert refusal(lambda act=act: act(who, act_id="a", resident_id="res-1", group="youth")) == (  # type: ignore[misc]
            "role_not_allowed",
            "token",
        )
    assert refusal(
        lambda: counter.desk.declare(a_resident("res-2"), act_id="a", resident_id="res-1", group="youth")
    ) == ("only_for_oneself", "resident_id")


@pytest.mark.parametrize(
    ("who", "code"),
    [
        (a_host(), "role_not_allowed"),
        (a_service(), "role_not_allowed"),
        (a_resident("res-2"), "only_for_oneself"),
        (an_officer("bukgu"), "other_tenant"),
        (ANYONE, "sign_in_needed"),
    ],
)
def test_hosts_and_other_residents_never_see_it(counter: Counter, who: Actor, code: str) -> None:
    counter.arrive("res-1", "disability")

    assert refusal(lambda: counter.desk.list(who, resident_id="res-1"))[0] == code


@pytest.mark.parametrize("who", [a_resident(), an_officer(), a_host(), ANYONE])
def test_only_a_service_is_told_the_groups_of_many(counter: Counter, who: Actor) -> None:
    with pytest.raises(Refused):
        counter.desk.groups_of(who, resident_ids=["res-1"], purpose="ranking")


def test_only_an_officer_of_the_tenant_confirms_and_never_for_themselves(counter: Counter) -> None:
    counter.arrive("res-1", "youth")

    for who, code in ((a_resident(), "role_not_allowed"), (an_officer("bukgu"), "other_tenant")):
        asked = {"act_id": "v", "resident_id": "res-1", "group": "youth"}
        assert refusal(lambda who=who, asked=asked: counter.desk.verify(who, **asked))[0] == code  # type: ignore[misc]
    both = Actor("res-1", frozenset({"resident", "officer"}), "gwangsan")
    assert refusal(lambda: counter.desk.verify(both, act_id="v", resident_id="res-1", group="youth")) == (
        "not_ones_own_proof",
        "resident_id",
    )


def test_a_service_names_its_purpose_and_every_resident_it_is_told_of_has_a_line(counter: Counter) -> None:
    counter.arrive("res-1", "youth", "disability")
    counter.arrive("res-2")

    assert of_service(counter, "res-1", "res-2", "res-3") == {"res-1": ["youth"]}  # no proof of the other yet
    counter.verify("res-1", "disability")
    assert of_service(counter, "res-1") == {"res-1": ["youth", "disability"]}
    lines = [one for one in counter.office.trail.access.find({}) if one["action"] == "groups_of"]
    assert [(one["resident"], one["purpose"], one["reason"]) for one in lines] == [
        ("res-1", "ranking", "opn-은하수")
    ] * 2


def test_withdrawing_the_consent_hides_memberships_at_once_and_then_destroys_them(counter: Counter) -> None:
    counter.arrive("res-1", "disability")
    counter.verify("res-1", "disability")
    counter.office.clock.move(timedelta(minutes=1))
    counter.office.withdraw("target_groups")

    assert counter.desk.list(a_resident(), resident_id="res-1")["groups"] == []
    assert of_service(counter, "res-1") == {}
    assert refusal(lambda: counter.verify("res-1", "disability")) == ("target_groups_consent_needed", "resident_id")

    counter.hear_withdrawals()
    kept = counter.kept.collection.find_one({"_id": "res-1"})
    assert kept is not None
    assert "disability" not in str(kept)


def test_a_membership_of_before_a_withdrawal_does_not_come_back_with_a_new_consent(counter: Counter) -> None:
    counter.arrive("res-1", "youth")
    counter.office.clock.move(timedelta(minutes=1))
    counter.office.withdraw("target_groups")
    counter.office.clock.move(timedelta(minutes=1))
    counter.office.registry.give_consent(
        a_resident(), act_id="again", resident_id="res-1", **agreed("target_groups")[0]
    )

    assert counter.desk.list(a_resident(), resident_id="res-1")["groups"] == []
    counter.hear_withdrawals()  # late
    counter.declare("res-1", "elderly")
    counter.hear_withdrawals()
    assert [one["group"] for one in counter.desk.list(a_resident(), resident_id="res-1")["groups"]] == ["elderly"]


def test_a_declaration_that_slept_through_the_withdrawal_keeps_nothing(counter: Counter) -> None:
    counter.arrive()
    act = counter.kept.act

    def asleep(*asked: Any) -> Any:
        object.__setattr__(counter.desk, "memberships", counter.kept)
        counter.office.clock.move(timedelta(minutes=5))
        counter.office.withdraw("target_groups")
        counter.hear_withdrawals()
        return act(*asked)

    class Sleepy:
        """Storage whose caller dozes off before its first write."""

        def __getattr__(self, name: str) -> Any:
            return asleep if name == "act" else getattr(counter.kept, name)

    object.__setattr__(counter.desk, "memberships", Sleepy())

    assert refusal(lambda: counter.declare("res-1", "youth")) == ("target_groups_consent_needed", "resident_id")
    kept = counter.kept.find("res-1")
    assert kept is not None
    assert kept.groups == ()


def test_leaving_a_group_is_safe_to_repeat(counter: Counter) -> None:
    counter.arrive("res-1", "youth", "freelancer")
    for _ in range(2):
        counter.desk.leave(a_resident(), act_id="leave", resident_id="res-1", group="youth")

    assert [one["group"] for one in counter.desk.list(a_resident(), resident_id="res-1")["groups"]] == ["freelancer"]


def test_memberships_say_nothing(counter: Counter) -> None:
    counter.arrive("res-1", "youth")
    counter.verify("res-1", "youth")

    kept = counter.kept.collection.find_one({"_id": "res-1"})
    assert kept is not None
    assert kept["outbox"] == []


def test_the_shipped_groups_name_their_basis_and_what_is_sensitive() -> None:
    kinds = read_kinds(Settings().data_dir / "groups.yaml")

    assert {"career_break_women", "marriage_migrant", "north_korean_defector", "disability"} <= {
        code for code, kind in kinds.items() if kind.sensitive
    }
    assert all(kind.basis and kind.ko and kind.en for kind in kinds.values())
