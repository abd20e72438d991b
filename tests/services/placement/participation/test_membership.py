"""For whom a place is: the stricter of the opening and the limits, asked of the residents service when it matters."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from services.placement.limits.model import Limit, LimitTable, Required
from services.placement.participation.membership import NoGroups, for_whom, membership_of
from services.placement.participation.wanted import ANYONE, PREFERRED, REQUIRED
from shared.errors import Refused, Unavailable
from tests.services.placement.participation.makers import Declared, Town, a_limit, a_town, a_wanted

YOUTH = a_wanted("opn-청년", "2026-12-07", groups=("youth",))
NOBODY_ASKS = LimitTable()


def a_row(effect: str, **changes: Any) -> Limit:
    """Return a row of the operator's file about target groups."""
    return a_limit("target_group", effect=effect, **changes)


@pytest.mark.parametrize(
    ("own", "effect", "whole"),
    [
        (ANYONE, None, ANYONE),
        (ANYONE, "warn", PREFERRED),
        (ANYONE, "refuse", REQUIRED),
        (PREFERRED, None, PREFERRED),
        (PREFERRED, "refuse", REQUIRED),
        (REQUIRED, None, REQUIRED),
        (REQUIRED, "warn", REQUIRED),
    ],
)
def test_the_stricter_of_the_opening_and_the_limits_counts(own: str, effect: str | None, whole: str) -> None:
    limits = LimitTable() if effect is None else LimitTable((a_row(effect),))

    assert membership_of(replace(YOUTH, membership=own), limits) == whole


def test_the_row_of_the_first_day_of_the_work_counts_and_that_of_the_programme_before_the_nationwide_one() -> None:
    rows = (
        a_row("warn", until=date(2026, 12, 7)),
        a_row("refuse", since=date(2026, 12, 7)),
        a_row("warn", scope="gs-citizen-allowance", since=date(2026, 12, 20)),
    )
    days = {"2026-12-06": PREFERRED, "2026-12-07": REQUIRED, "2026-12-20": PREFERRED}

    for day, membership in days.items():
        assert membership_of(a_wanted("opn-1", day, "2026-12-31", groups=("youth",)), LimitTable(rows)) == membership


def test_a_place_that_is_for_no_group_is_for_anyone_and_nobody_is_asked() -> None:
    declared = Declared()
    limits = LimitTable((a_row("refuse"),), (Required("target_group", "KR", date(2015, 1, 1)),))

    assert for_whom(a_wanted(membership=REQUIRED), limits, declared) is None
    assert declared.asked == []


def test_where_a_row_is_required_and_missing_it_is_not_guessed() -> None:
    with pytest.raises(Refused, match="limit_row_missing"):
        membership_of(YOUTH, LimitTable((), (Required("target_group", "KR", date(2015, 1, 1)),)))


def a_youth_town(effect: str = "refuse") -> tuple[Town, Declared]:
    """Return a town whose limits say that a place for a group is for it."""
    town, declared = a_town(LimitTable((a_row(effect),))), Declared()
    return town, declared


def test_who_is_not_known_to_belong_is_told_before_and_refused_when_a_place_is_held() -> None:
    town, declared = a_youth_town()
    desk = replace(town.desk, groups=declared)

    for known in ("unknown", "unconfirmed"):
        declared.known["res-1"] = known
        told = desk.quote(YOUTH).to_wire()
        assert told["for_whom"] == {"membership": "required", "groups": ["youth"], "known": known}
        assert [one["code"] for one in told["objections"]] == ["target_group_needed"]
        with pytest.raises(Refused, match="target_group_needed") as caught:
            desk.hold(act_id="a", wanted=YOUTH)
        assert caught.value.values == {"groups": ["youth"]}
    assert town.states() == {}

    declared.known["res-1"] = "member"
    told = desk.quote(YOUTH).to_wire()
    assert (told["for_whom"]["known"], told["objections"], told["warnings"]) == ("member", [], [])
    desk.hold(act_id="a", wanted=YOUTH)
    assert town.states() == {"opn-청년": "held"}


def test_a_hold_looks_again_although_the_place_is_held_already_by_another_act() -> None:
    town, declared = a_youth_town()
    desk = replace(town.desk, groups=declared)
    declared.known["res-1"] = "member"
    desk.hold(act_id="slept", wanted=YOUTH)

    declared.known.clear()

    with pytest.raises(Refused, match="target_group_needed"):
        desk.hold(act_id="again", wanted=YOUTH)


def test_where_it_is_preferred_who_does_not_belong_is_told_and_may_have_the_place() -> None:
    town, declared = a_youth_town("warn")
    desk = replace(town.desk, groups=declared)

    told = desk.quote(YOUTH).to_wire()
    assert (told["objections"], [one["code"] for one in told["warnings"]]) == ([], ["target_group_preferred"])
    desk.hold(act_id="a", wanted=YOUTH)

    assert town.states() == {"opn-청년": "held"}


def test_nothing_is_held_while_nobody_can_say() -> None:
    town, declared = a_youth_town()
    declared.away = True
    desk = replace(town.desk, groups=declared)

    with pytest.raises(Unavailable):
        desk.hold(act_id="a", wanted=YOUTH)
    with pytest.raises(Unavailable):
        desk.quote(YOUTH)
    assert town.states() == {}


def test_what_was_found_of_a_membership_is_kept_nowhere() -> None:
    town, declared = a_youth_town("warn")
    declared.known["res-1"] = "member"
    desk = replace(town.desk, groups=declared)
    desk.quote(YOUTH)
    desk.hold(act_id="a", wanted=YOUTH)

    kept = str(list(town.database.collection("participations").find({})))
    assert "youth" not in kept
    assert "member" not in kept


def test_where_nobody_declares_anything_nobody_belongs() -> None:
    whom = for_whom(replace(YOUTH, membership=REQUIRED), NOBODY_ASKS, NoGroups())

    assert whom is not None
    assert whom.known == "unknown"
