"""Every question and act of trust, asked by every role: who may, and with which words all others are refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from services.placement.trust.owed import OwedDesk
from services.placement.trust.service import TrustService
from shared.actors import ANYONE, Actor
from shared.errors import Refused
from tests.services.placement.trust.conftest import Town, a_host, a_resident, a_service, an_officer
from tests.services.rpc import methods_of

PLACE, OPENING = "opn-1:res-1:1", "opn-1"
ACTORS = {
    "resident": a_resident(),
    "other resident": a_resident("res-2"),
    "resident elsewhere": a_resident("res-1", "bukgu"),
    "host": a_host(),
    "other host": a_host("host-4"),
    "host elsewhere": a_host("host-3", "bukgu"),
    "officer": an_officer("officer-9", "gwangsan", "29200"),
    "tenant's officer": an_officer(),
    "other district": an_officer("officer-2", "gwangsan", "29170"),
    "officer elsewhere": an_officer("officer-9", "bukgu"),
    "operator": Actor("operator-1", frozenset({"operator"}), "gwangsan"),
    "platform": Actor("operator-0", frozenset({"operator"}), ""),
    "service": a_service(),
    "anyone": ANYONE,
}
#: What is answered to those whom the row of a method does not name.
USUAL = {
    "resident elsewhere": "other_tenant",
    "host elsewhere": "other_tenant",
    "other district": "other_district",
    "officer elsewhere": "other_tenant",
    "anyone": "sign_in_needed",
}
OFFICERS = {"officer": None, "tenant's officer": None}
STRANGERS = dict.fromkeys(("other resident", "other host"), "not_of_this_placement")
HOSTS = dict.fromkeys(("host", "other host", "host elsewhere"), "role_not_allowed")
RESIDENTS = dict.fromkeys(("resident", "other resident", "resident elsewhere"), "role_not_allowed")
FOR_THE_WORKPLACE = {
    "host": None,
    **STRANGERS,
    "resident": "not_ones_own_word",
    "resident elsewhere": "not_ones_own_word",
}
FOR_ONESELF = {
    "resident": None,
    "other resident": "only_for_oneself",
    **HOSTS,
    **dict.fromkeys(("officer", "tenant's officer", "other district", "officer elsewhere"), "role_not_allowed"),
}


def _appeal(town: Town, who: Actor, side: str) -> Any:
    return town.desk.appeal(who, act_id="a", placement_id=PLACE, side=side, reason="사실과 달라요")


def _answer(town: Town, who: Actor) -> Any:
    asked = {"placement_id": PLACE, "side": "resident", "answer": "rejected", "reason": "확인했습니다"}
    return town.desk.answer_appeal(who, act_id="b", **asked)


def _owed(town: Town, who: Actor, side: str) -> Any:
    return OwedDesk(town.kept, town.records, town.clock).owed(who, side=side)


#: Method -> its askings, each with who may (None) and what the others are told.
ASKED: dict[str, list[tuple[Callable[[Town, Actor], Any], dict[str, str | None]]]] = {
    "known": [(lambda town, who: town.desk.known(who), dict.fromkeys(ACTORS))],
    "evaluate": [
        (lambda town, who: town.evaluate(PLACE, who, "resident"), FOR_ONESELF),
        (
            lambda town, who: town.evaluate(PLACE, who, "host", recommendations=["kind"]),
            {**FOR_THE_WORKPLACE, **OFFICERS},
        ),
    ],
    "evaluation": [
        (
            lambda town, who: town.desk.evaluation(who, placement_id=PLACE),
            {"resident": None, "host": None, **STRANGERS, **OFFICERS},
        )
    ],
    "my_evaluations": [
        # Whoever has nothing sees nothing, and no officer anything: they ask for one by its name.
        (
            lambda town, who: town.desk.my_evaluations(who, side="resident"),
            {**FOR_ONESELF, **dict.fromkeys(("other resident", "resident elsewhere"))},
        ),
        (
            lambda town, who: town.desk.my_evaluations(who, side="host"),
            {
                **RESIDENTS,
                **dict.fromkeys(("host", "other host", "host elsewhere")),
                **dict.fromkeys(("other district", "officer elsewhere"), "role_not_allowed"),
            },
        ),
    ],
    "owed": [
        (lambda town, who: _owed(town, who, "resident"), {**FOR_ONESELF, **dict.fromkeys(("other resident", "resident elsewhere"))}),
        (
            lambda town, who: _owed(town, who, "host"),
            {
                **RESIDENTS,
                **dict.fromkeys(("host", "other host", "host elsewhere")),
                **dict.fromkeys(("other district", "officer elsewhere"), "role_not_allowed"),
            },
        ),
    ],
    "appeal": [
        (lambda town, who: _appeal(town, who, "resident"), FOR_ONESELF),
        (lambda town, who: _appeal(town, who, "host"), FOR_THE_WORKPLACE),
    ],
    "answer_appeal": [(_answer, {**HOSTS, **RESIDENTS, **OFFICERS})],
    "open_appeals": [
        (
            lambda town, who: town.desk.open_appeals(who, tenant="gwangsan"),
            {**HOSTS, **RESIDENTS, **OFFICERS, "other district": None},
        )
    ],
    "profile": [
        (
            lambda town, who: town.profiles.profile(who, resident_id="res-1"),
            {
                "resident": None,
                "other resident": "role_not_allowed",
                **OFFICERS,
                "service": None,
                # The same name in another tenant is somebody else, of whom nothing is known.
                "resident elsewhere": None,
                **dict.fromkeys(("host", "other host", "host elsewhere", "officer elsewhere"), "not_an_applicant"),
            },
        ),
        (
            lambda town, who: town.profiles.profile(who, resident_id="res-1", opening_id="opn-77"),
            {
                "resident": None,
                "resident elsewhere": None,
                "other resident": "role_not_allowed",
                "host": None,
                "other host": "not_of_this_placement",
                **OFFICERS,
                "service": None,
            },
        ),
    ],
    "workplace": [
        (
            lambda town, who: town.profiles.workplace(who, opening_id=OPENING),
            {**dict.fromkeys(("resident", "other resident", "host", "other host", "service")), **OFFICERS},
        )
    ],
    "export": [
        (
            lambda town, who: town.profiles.export(who, resident_id="res-1"),
            {**FOR_ONESELF, "resident elsewhere": None},
        )
    ],
}
ROWS = [(method, number) for method, asked in ASKED.items() for number in range(len(asked))]


def ready(town: Town, method: str) -> Town:
    """Let the town be one in which the right caller is answered."""
    town.work()
    town.around.agreed.add("res-1")
    town.around.applications.add("opn-77:res-1")
    if "appeal" in method:
        town.evaluate(PLACE, a_host(), "host")
        town.evaluate(PLACE, a_resident(), "resident")
    if method in ("answer_appeal", "open_appeals"):
        _appeal(town, a_resident(), "resident")
    return town


def test_every_method_that_can_be_asked_stands_here() -> None:
    assert set(ASKED) == methods_of(TrustService)


@pytest.mark.parametrize("who", ACTORS)
@pytest.mark.parametrize(("method", "number"), ROWS, ids=[f"{method}-{number}" for method, number in ROWS])
def test_who_may(town: Town, method: str, number: int, who: str) -> None:
    ask, told = ASKED[method][number]
    ready(town, method)
    wanted = told[who] if who in told else USUAL.get(who, "role_not_allowed")
    before = town.kept.get(PLACE)

    if wanted is None:
        ask(town, ACTORS[who])
        return
    with pytest.raises(Refused) as caught:
        ask(town, ACTORS[who])
    assert caught.value.code == wanted
    assert town.kept.get(PLACE) == before


def test_a_resident_with_the_same_name_in_another_tenant_reads_nothing_of_this_one(town: Town) -> None:
    place = town.work()
    town.both_evaluate(place, ["kind"], comment="다음에도 부탁해요")
    elsewhere = ACTORS["resident elsewhere"]

    own = town.profiles.profile(elsewhere, resident_id="res-1")
    export = town.profiles.export(elsewhere, resident_id="res-1")

    assert (own["completed"], sum(row["count"] for row in own["recommendations"])) == (0, 0)
    assert (export["placements"], export["profile"]["completed"]) == ([], 0)
    assert town.desk.my_evaluations(elsewhere)["evaluations"] == []
    assert town.profiles.profile(a_resident(), resident_id="res-1")["completed"] == 1


def test_an_officer_who_hosts_the_work_reads_an_appeal_as_the_host_and_not_as_an_officer(town: Town) -> None:
    ready(town, "open_appeals")
    both = Actor("host-3", frozenset({"host", "officer"}), "gwangsan")

    (seen,) = town.desk.open_appeals(both, tenant="gwangsan")["evaluations"]
    (whole,) = town.desk.open_appeals(an_officer(), tenant="gwangsan")["evaluations"]

    assert "reason" not in seen["appeals"][0]
    assert "given_by" not in seen["words"]["resident"]
    assert whole["appeals"][0]["reason"] == "사실과 달라요"
    assert seen == town.desk.evaluation(both, placement_id=PLACE)
