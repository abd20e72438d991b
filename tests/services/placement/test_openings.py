"""Openings and applications: the main job, and everything that may come between."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.placement.budgets.usecases import HOLD_FOR
from services.placement.openings.model import Application, objection
from shared.actors import ANYONE, Actor
from shared.aggregate import Act
from shared.clock import iso
from shared.errors import NotFound, Refused
from shared.events.placement import APPLICATION_WITHDRAWN
from tests.services.placement.office import ALLOWANCE, OFFICER, OPERATOR, TENANT, Office, a_resident, a_row

CLOSED = "kr.sipbun.placement.application.closed.v1"
FILLED = "kr.sipbun.placement.opening.filled.v1"


def test_three_of_ten_get_a_place_and_the_others_are_told_once(kept_office: Office) -> None:
    office = kept_office
    office.an_opening(places=3)
    for number in range(10):
        office.applies(number)
    office.hears()

    for number in range(3):
        office.selects(number)
    heard = office.hears(times=5)

    assert office.state() == "filled"
    states = list(office.states().values())
    assert (states.count("selected"), states.count("closed")) == (3, 7)
    assert [event.type for event in heard].count(FILLED) == 1
    assert sorted(event.data["reason"] for event in heard if event.type == CLOSED) == ["filled"] * 7


def test_the_last_place_goes_to_one_of_two(kept_office: Office) -> None:
    office = kept_office
    office.an_opening(places=1)
    office.applies(1)
    office.applies(2)

    office.selects(1)
    with pytest.raises(Refused, match="no_place_left"):
        office.selects(2)


def test_a_repeated_selection_is_the_same_selection(office: Office) -> None:
    office.an_opening()
    office.applies(1)

    first = office.selects(1, act_id="tap")

    assert office.selects(1, act_id="tap") == first
    assert office.openings.read(OFFICER, opening_id="opn-1")["free"] == 2


def test_a_withdrawal_frees_the_place_and_opens_the_opening_again(kept_office: Office) -> None:
    office = kept_office
    office.an_opening(places=1)
    office.applies(1)
    office.selects(1)
    office.hears()

    office.withdraws(1)
    heard = [event.type.split(".", 2)[2] for event in office.hears(times=2)]

    assert office.state() == "open"
    assert "placement.opening.reopened.v1" in heard
    assert office.openings.read(OFFICER, opening_id="opn-1")["round"] == 2


def test_a_withdrawal_that_lost_the_race_becomes_a_withdrawal_of_the_placement(office: Office) -> None:
    office.an_opening(places=1)
    office.applies(1)
    office.selects(1)
    office.withdraws(1)  # before anybody has heard of the selection

    office.hears(times=2)

    assert office.states() == {"res-1": "withdrawn"}
    assert office.openings.read(OFFICER, opening_id="opn-1")["free"] == 1


def test_a_place_that_was_given_back_is_free_although_its_holder_applied_again_at_once(office: Office) -> None:
    office.an_opening(places=2)
    office.applies(1)
    office.selects(1)
    office.hears()
    office.withdraws(1)
    office.applies(1)  # before anybody has heard of the withdrawal

    office.hears(times=2)

    assert office.states() == {"res-1": "pending"}
    assert office.openings.read(OFFICER, opening_id="opn-1")["free"] == 2


def test_an_answer_that_crossed_a_selection_gives_way_to_it(office: Office) -> None:
    office.an_opening(places=2)
    office.applies(1)
    waiting = office.openings.applications.get("opn-1:res-1")
    office.openings.not_select(OFFICER, act_id="no", application_id="opn-1:res-1")
    office.openings._select(Act.of("yes", "select"), waiting)  # the other officer read it before

    office.hears(times=2)

    assert office.states() == {"res-1": "selected"}


def test_who_withdrew_may_apply_again(office: Office) -> None:
    office.an_opening()
    office.applies(1)
    office.withdraws(1)

    assert office.applies(1)["attempt"] == 2
    with pytest.raises(Refused, match="already_applied"):
        office.applies(1)


def test_an_application_that_comes_after_the_last_place_is_ended_by_its_own_fact(office: Office) -> None:
    office.an_opening(places=1)
    office.applies(1)
    opening = office.openings.openings.get("opn-1")
    office.selects(1)
    office.hears()
    late = Application.submit(opening, "res-2", office.clock.now(), None)
    office.openings.applications.create(Act.of("late", "apply"), late, {})

    office.hears()

    assert office.states()["res-2"] == "closed"


def test_the_first_to_come_has_the_place(office: Office) -> None:
    office.an_opening(places=2, mode="first_come")
    for number in (3, 1, 2):
        office.applies(number)
        office.clock.move(timedelta(seconds=1))

    office.hears(times=3)

    assert office.states() == {"res-3": "selected", "res-1": "selected", "res-2": "closed"}


def test_an_opening_closes_at_its_deadline(office: Office) -> None:
    office.an_opening(deadline=office.clock.now() + timedelta(hours=1))
    office.applies(1)
    office.hears()

    office.clock.move(timedelta(hours=1))
    office.openings.close_overdue()
    office.hears()

    assert office.state() == "closed"
    assert office.states() == {"res-1": "closed"}
    with pytest.raises(Refused, match="opening_is_closed"):
        office.applies(2)


def test_an_officer_who_selects_after_the_deadline_hears_that_the_selection_ended_with_it(office: Office) -> None:
    office.an_opening(deadline=office.clock.now() + timedelta(hours=1))
    office.applies(1)
    office.clock.move(timedelta(hours=1))
    office.openings.close_overdue()
    closed = office.clock.now()
    office.clock.move(timedelta(hours=1))

    with pytest.raises(Refused) as refused:
        office.selects(1)

    assert (refused.value.code, refused.value.field) == ("selection_has_ended", "opening_id")
    assert refused.value.values == {"state": "closed", "ended": iso(closed)}


def test_nobody_applies_between_the_deadline_and_the_sweep(office: Office) -> None:
    office.an_opening(deadline=office.clock.now() + timedelta(hours=1))
    office.clock.move(timedelta(hours=1))

    with pytest.raises(Refused, match="deadline_passed"):
        office.applies(1)


def test_a_cancelled_opening_takes_every_place_back(office: Office) -> None:
    office.an_opening()
    office.applies(1)
    office.applies(2)
    office.selects(1)
    office.hears()

    office.openings.cancel(OFFICER, act_id="cancel", opening_id="opn-1", reason="시설 공사")
    office.hears()

    assert office.states() == {"res-1": "withdrawn", "res-2": "closed"}
    assert office.budget()["granted"] == 0


# Pay, and the budget.


@pytest.mark.parametrize(
    ("floor", "day", "least"),
    [("minimum", datetime(2026, 12, 3, tzinfo=UTC), 10_320), ("living", datetime(2026, 12, 3, tzinfo=UTC), 13_303)],
)
def test_nobody_is_asked_to_work_under_the_wage_of_the_work_day(
    office: Office, floor: str, day: datetime, least: int
) -> None:
    office.programmes.set_wage_floor(
        OFFICER, act_id="floor", programme_id=f"{TENANT}:gs-citizen-allowance", wage_floor=floor
    )

    with pytest.raises(Refused, match="below_wage_floor") as refused:
        office.an_opening(hourly_won=least - 1)

    assert refused.value.values["least"] == least
    office.an_opening(hourly_won=least)


def test_a_year_without_a_wage_is_the_operators_to_repair(office: Office) -> None:
    work = datetime(2027, 1, 4, 1, 0, tzinfo=UTC)

    with pytest.raises(Refused, match="wage_row_missing"):
        office.an_opening(shifts=[{"start": work, "end": work + timedelta(hours=2)}])


def test_the_whole_cost_is_held_then_granted_and_the_rest_given_back(kept_office: Office) -> None:
    office = kept_office
    office.openings.budget.set_total(
        OFFICER, act_id="total", programme_id=f"{TENANT}:gs-citizen-allowance", total=70_000
    )
    office.an_opening(places=3)  # 3 x 2 h x 10,320 = 61,920
    assert office.budget() == {"held": 61_920, "granted": 0, "committed": 0, "balance": 8_080}

    office.hears(times=3)
    assert office.budget() == {"held": 0, "granted": 61_920, "committed": 0, "balance": 8_080}

    office.applies(1)
    office.selects(1)
    office.hears(times=3)
    assert office.budget() == {"held": 0, "granted": 61_920, "committed": 20_640, "balance": 8_080}

    office.openings.close(OFFICER, act_id="close", opening_id="opn-1")
    office.hears(times=3)
    assert office.budget() == {"held": 0, "granted": 20_640, "committed": 20_640, "balance": 49_360}


def test_a_budget_is_never_passed(office: Office) -> None:
    office.openings.budget.set_total(
        OFFICER, act_id="total", programme_id=f"{TENANT}:gs-citizen-allowance", total=70_000
    )
    office.an_opening("opn-1")

    with pytest.raises(Refused, match="budget_exceeded"):
        office.an_opening("opn-2")

    with pytest.raises(NotFound):
        office.openings.read(OFFICER, opening_id="opn-2")


def test_a_hold_whose_act_never_came_is_released_and_the_act_made_impossible(office: Office) -> None:
    office.openings.budget.hold(
        act_id="asked:lost", programme_id=ALLOWANCE, tenant=TENANT, opening_id="opn-9", amount=61_920
    )

    office.clock.move(HOLD_FOR)
    office.openings.budget.sweep()

    assert office.budget()["held"] == 0
    with pytest.raises(Refused, match="act_too_late"):
        office.an_opening("opn-9", act_id="lost")


def test_a_hold_whose_act_was_done_is_settled_by_the_sweep(office: Office) -> None:
    office.an_opening()
    office.clock.move(HOLD_FOR)

    office.openings.budget.sweep()

    assert office.budget()["held"] == 0
    assert office.budget()["granted"] == 61_920


def test_a_place_costs_whole_won_rounded_up(office: Office) -> None:
    work = office.clock.now() + timedelta(days=2)

    told = office.an_opening(places=2, hourly_won=10_321, shifts=[{"start": work, "end": work + timedelta(minutes=50)}])

    assert told["cost"] == 2 * 8_601  # 10,321 x 50 / 60 = 8,600.83


# Bad input, and who may do what.


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"places": 0}, "places_out_of_range", "places"),
        ({"deadline": datetime(2026, 11, 30, tzinfo=UTC)}, "deadline_in_the_past", "deadline"),
        ({"deadline": datetime(2026, 12, 24, tzinfo=UTC)}, "deadline_after_work", "deadline"),
        ({"mode": "lottery"}, "mode_unknown", "mode"),
        ({"shifts": []}, "shifts_out_of_range", "shifts"),
    ],
)
def test_terms_that_can_not_be_are_refused_by_field(
    office: Office, changes: dict[str, object], code: str, field: str
) -> None:
    with pytest.raises(Refused) as refused:
        office.an_opening(**changes)

    assert (refused.value.code, refused.value.field) == (code, field)
    assert office.budget()["held"] == 0


@pytest.mark.parametrize("deadline", [timedelta(days=-3), timedelta(hours=1)])
def test_work_that_is_over_is_named_first_whatever_the_deadline_is(office: Office, deadline: timedelta) -> None:
    now = office.clock.now()
    begins = now - timedelta(days=2)

    with pytest.raises(Refused) as refused:
        office.an_opening(shifts=[{"start": begins, "end": begins + timedelta(hours=2)}], deadline=now + deadline)

    assert (refused.value.code, refused.value.field) == ("work_in_the_past", "shifts.0.end")
    assert refused.value.values == {"ends": iso(begins + timedelta(hours=2))}
    assert office.budget()["held"] == 0


def test_a_rehearsals_work_may_lie_in_the_past(office: Office) -> None:
    office.an_opening()
    terms = office.openings.openings.get("opn-1").terms
    later = terms.ends + timedelta(days=1)
    past = replace(terms, deadline=later + timedelta(hours=1))

    refused = objection(past, later)

    assert refused is not None
    assert refused.code == "work_in_the_past"
    assert objection(replace(past, rehearsal=True), later) is None


def test_work_that_has_begun_can_still_be_published(office: Office) -> None:
    begins = office.clock.now() - timedelta(hours=1)

    told = office.an_opening(
        shifts=[{"start": begins, "end": begins + timedelta(hours=3)}], deadline=begins + timedelta(hours=2)
    )

    assert told["state"] == "open"


def test_nobody_is_in_two_shifts_at_once(office: Office) -> None:
    work = office.clock.now() + timedelta(days=2)
    shifts = [
        {"start": work, "end": work + timedelta(hours=2)},
        {"start": work + timedelta(hours=1), "end": work + timedelta(hours=3)},
    ]

    with pytest.raises(Refused, match="shifts_overlap"):
        office.an_opening(shifts=shifts)


STRANGERS = {
    "nobody": (ANYONE, "sign_in_needed"),
    "a resident": (a_resident(1), "role_not_allowed"),
    "an officer of another tenant": (Actor("officer-2", frozenset({"officer"}), "bukgu"), "other_tenant"),
    "an officer of another district": (
        Actor("officer-3", frozenset({"officer"}), TENANT, frozenset({"29170"})),
        "other_district",
    ),
}


@pytest.mark.parametrize("stranger", STRANGERS)
def test_only_the_districts_own_officers_decide(office: Office, stranger: str) -> None:
    actor, code = STRANGERS[stranger]
    office.an_opening()
    office.applies(1)
    named = {"act_id": "x", "opening_id": "opn-1"}

    for ask in (
        lambda: office.openings.select(actor, **named, resident_id="res-1"),
        lambda: office.openings.release_place(actor, **named, resident_id="res-1"),
        lambda: office.openings.not_select(actor, act_id="x", application_id="opn-1:res-1"),
        lambda: office.openings.close(actor, **named),
        lambda: office.openings.cancel(actor, **named, reason="x"),
        lambda: office.openings.applications_of(actor, opening_id="opn-1"),
    ):
        with pytest.raises(Refused) as refused:
            ask()
        assert refused.value.code == code
    assert office.states() == {"res-1": "pending"}


def test_a_resident_acts_for_nobody_else(office: Office) -> None:
    office.an_opening()
    office.applies(1)

    with pytest.raises(Refused, match="only_for_oneself"):
        office.openings.withdraw(a_resident(2), act_id="x", application_id="opn-1:res-1")
    with pytest.raises(Refused, match="only_for_oneself"):
        office.openings.apply(a_resident(2), act_id="x", opening_id="opn-1", resident_id="res-3")
    with pytest.raises(Refused, match="other_tenant"):
        office.openings.apply(a_resident(2, tenant="bukgu"), act_id="x", opening_id="opn-1")
    with pytest.raises(Refused, match="sign_in_needed"):
        office.openings.apply(ANYONE, act_id="x", opening_id="opn-1")


def test_an_officer_who_applies_for_a_resident_is_recorded(office: Office) -> None:
    office.an_opening()

    office.openings.apply(OFFICER, act_id="proxy", opening_id="opn-1", resident_id="res-7")

    [row] = office.openings.applications_of(OFFICER, opening_id="opn-1")["applications"]
    assert (row["resident_id"], row["proxy"]) == ("res-7", "officer-1")


def test_an_officer_neither_asks_nor_applies_for_a_resident_of_another_tenant(office: Office) -> None:
    office.an_opening()

    for ask in (
        lambda: office.openings.quote(OFFICER, opening_id="opn-1", resident_id="stranger"),
        lambda: office.openings.apply(OFFICER, act_id="proxy", opening_id="opn-1", resident_id="stranger"),
    ):
        with pytest.raises(NotFound, match="no_such_resident_here"):
            ask()

    assert office.openings.quote(OFFICER, opening_id="opn-1", resident_id="res-7")["may_apply"] is True
    assert office.openings.applications_of(OFFICER, opening_id="opn-1")["applications"] == []


def test_a_resident_is_told_when_an_officer_takes_their_application_back(office: Office) -> None:
    office.an_opening()
    office.openings.apply(a_resident(7), act_id="own", opening_id="opn-1")
    office.openings.apply(a_resident(8), act_id="own", opening_id="opn-1")

    office.openings.withdraw(OFFICER, act_id="w7", application_id="opn-1:res-7")
    office.openings.withdraw(a_resident(8), act_id="w8", application_id="opn-1:res-8")

    withdrawn = [event for event in office.hears() if event.type == APPLICATION_WITHDRAWN.type]
    told = {event.data["resident_id"]: event.data.get("by_officer") for event in withdrawn}
    assert told == {"res-7": True, "res-8": None}
    rows = office.openings.applications_of(OFFICER, opening_id="opn-1")["applications"]
    assert {row["resident_id"]: row["withdrawn_by"] for row in rows} == {"res-7": "officer-1", "res-8": None}


def test_a_closed_tenant_publishes_nothing_and_its_openings_close(office: Office) -> None:
    office.an_opening()
    office.programmes.close_tenant(OPERATOR, act_id="end", tenant=TENANT)

    with pytest.raises(Refused, match="tenant_is_closed"):
        office.an_opening("opn-2")
    while office.programmes.finish_closing(office.openings.close_of_tenant):
        office.hears()
    assert office.state() == "closed"


def test_what_is_no_programme_of_ours_has_no_openings(office: Office) -> None:
    rows = [a_row(id="smart-shelter", role="external_system"), a_row(id="umbrella", district_code=None)]
    office.programmes.load(OPERATOR, tenant=TENANT, programmes=rows)

    with pytest.raises(Refused, match="programme_not_hosted"):
        office.an_opening(programme_id=f"{TENANT}:smart-shelter")
    with pytest.raises(Refused, match="programme_has_no_district"):
        office.an_opening(programme_id=f"{TENANT}:umbrella")


# What two reviewers broke.


def test_another_body_under_a_done_act_frees_no_money(office: Office) -> None:
    office.openings.budget.set_total(OFFICER, act_id="total", programme_id=ALLOWANCE, total=70_000)
    office.an_opening("opn-1", act_id="same")

    with pytest.raises(Refused, match="act_id_reused"):
        office.an_opening("opn-1", act_id="same", title="다른 일")
    with pytest.raises(Refused, match="budget_exceeded"):
        office.an_opening("opn-2")
    office.hears()

    assert office.budget()["granted"] == 61_920


@pytest.mark.parametrize("name", ["agree", "deadline", "release", "own:hold:x", "hold:x", "load"])
def test_no_name_a_caller_gives_its_act_stops_our_own_steps(office: Office, name: str) -> None:
    office.an_opening("opn-1", places=1, act_id=name)
    office.openings.apply(a_resident(1), act_id=name, opening_id="opn-1")
    office.applies(2)
    office.selects(1, act_id=f"{name} ")
    office.hears(times=2)
    office.clock.move(timedelta(days=1))

    office.openings.close_overdue()
    office.hears()

    assert office.states() == {"res-1": "selected", "res-2": "closed"}
    assert office.state() == "closed"


def test_first_come_goes_on_after_a_place_was_taken_back_at_once(office: Office) -> None:
    office.an_opening(places=1, mode="first_come")
    office.applies(1)
    office.clock.move(timedelta(seconds=1))
    office.applies(2)
    office.openings.give_first_come("opn-1")
    office.openings.release_place(OFFICER, act_id="back", opening_id="opn-1", resident_id="res-1")

    office.hears(times=2)

    assert office.states() == {"res-1": "withdrawn", "res-2": "selected"}


def test_an_operator_of_another_tenant_closes_nothing(office: Office) -> None:
    stranger = Actor("operator-9", frozenset({"operator"}), "bukgu")

    with pytest.raises(Refused, match="other_tenant"):
        office.programmes.close_tenant(stranger, act_id="x", tenant=TENANT)
    platform = Actor("operator-0", frozenset({"operator"}), "")
    assert office.programmes.close_tenant(platform, act_id="y", tenant=TENANT)["state"] == "closed"


def test_an_officers_district_binds_money_proxies_and_withdrawals_too(office: Office) -> None:
    office.an_opening()
    office.applies(1)
    stranger = Actor("officer-3", frozenset({"officer"}), TENANT, frozenset({"29170"}))

    for ask in (
        lambda: office.openings.apply(stranger, act_id="x", opening_id="opn-1", resident_id="res-9"),
        lambda: office.openings.withdraw(stranger, act_id="x", application_id="opn-1:res-1"),
        lambda: office.openings.budget.set_total(stranger, act_id="x", programme_id=ALLOWANCE, total=1),
        lambda: office.programmes.set_wage_floor(stranger, act_id="x", programme_id=ALLOWANCE, wage_floor="none"),
    ):
        with pytest.raises(Refused, match="other_district"):
            ask()


def test_an_opening_that_was_published_while_its_tenant_closed_is_closed(office: Office) -> None:
    office.an_opening()
    office.programmes.close_tenant(OPERATOR, act_id="end", tenant=TENANT)

    office.hears()  # opening.published is heard only now

    assert office.state() == "closed"


def test_a_shift_over_new_year_pays_what_both_days_ask(office: Office) -> None:
    office.clock.move(timedelta(days=-360))
    eve = datetime(2025, 12, 31, 13, 0, tzinfo=UTC)  # 22:00 in Seoul
    night = [{"start": eve, "end": eve + timedelta(hours=8)}]

    with pytest.raises(Refused, match="below_wage_floor") as refused:
        office.an_opening(shifts=night, hourly_won=10_030)

    assert refused.value.values["day"] == "2026-01-01"


def test_shifts_begin_and_end_on_the_minute(office: Office) -> None:
    work = office.clock.now() + timedelta(days=2)

    with pytest.raises(Refused, match="shift_not_on_the_minute"):
        office.an_opening(shifts=[{"start": work, "end": work + timedelta(seconds=59)}])


def test_what_is_over_can_not_be_called_off(office: Office) -> None:
    office.an_opening()
    office.clock.move(timedelta(days=4))

    with pytest.raises(Refused, match="work_is_over"):
        office.openings.cancel(OFFICER, act_id="x", opening_id="opn-1", reason="시설 공사")


def test_a_hold_that_comes_after_the_settlement_is_released(office: Office) -> None:
    office.an_opening(act_id="early")
    office.hears()
    office.openings.budget.budgets.collection.update_one({"_id": ALLOWANCE}, {"$set": {"acts": []}})
    office.openings.budget.hold(
        act_id="asked:early", programme_id=ALLOWANCE, tenant=TENANT, opening_id="opn-1", amount=61_920
    )
    office.clock.move(HOLD_FOR)

    office.openings.budget.sweep()

    assert office.budget()["held"] == 0
    assert office.budget()["granted"] == 61_920
