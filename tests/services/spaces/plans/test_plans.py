"""Plans are offered by officers and subscribed to by residents; cycles, pauses, members and ends keep their rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from services.spaces.plans import schemas
from services.spaces.plans.cycles import CycleRule, Days, granted, months_after
from services.spaces.quota.statements import StatementDesk
from shared.actors import Actor
from shared.errors import NotFound, Refused
from shared.mongo.twin import TwinDatabase
from tests.services.spaces.makers import DISTRICT, OFFICER, TENANT, a_resident
from tests.services.spaces.plans.office import HOURLY, PROGRAMME, SEATS, InTurn, Office, all_at_once, an_office, terms
from tests.services.spaces.quota.test_quota import midnight

DAYS = st.dates(date(2024, 1, 1), date(2030, 1, 1))


@pytest.fixture
def office() -> Office:
    """An office with an hourly plan."""
    fresh = an_office()
    fresh.offers(most_members=2)
    return fresh


def pauses(office: Office, start: date, until: date, *, number: int = 1) -> dict[str, Any]:
    return office.room.subscriptions.pause(
        a_resident(number),
        act_id=office.act_id(),
        subscription_id=f"sub-{number}",
        pause_from=start,
        pause_until=until,
    )


# Cycles.


@given(DAYS, DAYS, st.integers(0, 60))
def test_every_day_lies_in_one_cycle_and_cycles_follow_one_another(started: date, day: date, days: int) -> None:
    rule = CycleRule(days)
    cycle = rule.around(started, day)

    assert day in cycle
    assert rule.around(started, cycle.until).start == cycle.until
    assert rule.around(started, cycle.start) == cycle


@given(st.integers(0, 2000), DAYS, st.lists(st.tuples(DAYS, st.integers(1, 40)), max_size=3))
def test_a_grant_is_never_more_than_what_is_included(included: int, day: date, pauses: list[tuple[date, int]]) -> None:
    cycle = CycleRule().around(day, day)
    paused = [Days(start, start + timedelta(days=count)) for start, count in pauses]

    assert 0 <= granted(included, cycle, paused, None) <= included
    assert granted(included, cycle, [cycle], None) == 0
    assert granted(included, cycle, paused, cycle.start) == 0


def test_a_month_after_the_last_of_january_is_the_last_of_february() -> None:
    assert months_after(date(2027, 1, 31), 1) == date(2027, 2, 28)
    assert months_after(date(2026, 12, 15), 0) == date(2026, 12, 15)


# Plans.


def test_an_officer_offers_a_plan_and_everybody_reads_it(office: Office) -> None:
    told = office.room.plans.read(a_resident(1), plan_id=HOURLY)

    assert (told["included_minutes"], told["rollover_cap"], told["state"]) == (600, 120, "offered")
    office.hears()
    assert [one["plan_id"] for one in office.told("plan.offered")] == [HOURLY]


def test_only_an_officer_of_the_district_offers_a_plan(office: Office) -> None:
    named = {"act_id": "x", "plan_id": "pln-x", "tenant": TENANT, "district": DISTRICT, "programme_id": PROGRAMME}
    elsewhere = replace(OFFICER, districts=frozenset({"29110"}))

    for actor, code in ((a_resident(1), "role_not_allowed"), (elsewhere, "other_district")):
        with pytest.raises(Refused, match=code):
            office.room.plans.offer(actor, **named, **terms())


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "seat", "seats": 0}, "seats"),
        ({"seats": 3}, "seats"),
        ({"included_minutes": 0}, "included_minutes"),
        ({"kind": "weekly"}, "kind"),
        ({"promote": "lottery"}, "promote"),
    ],
)
def test_terms_that_make_no_sense_name_the_field(office: Office, changes: dict[str, Any], field: str) -> None:
    with pytest.raises(Refused) as refused:
        office.offers("pln-x", **changes)

    assert refused.value.field == field


def test_kind_and_cycle_of_a_plan_stay(office: Office) -> None:
    for changes, code in (({"kind": "seat", "seats": 2}, "plan_kind_stays"), ({"cycle_days": 7}, "plan_cycle_stays")):
        with pytest.raises(Refused, match=code):
            office.room.plans.change(OFFICER, act_id=office.act_id(), plan_id=HOURLY, **terms(**changes))


def test_a_withdrawn_plan_takes_nobody_new_and_lets_the_others_go_on(office: Office) -> None:
    office.subscribes(1)
    office.room.plans.withdraw(OFFICER, act_id="withdraw", plan_id=HOURLY)

    with pytest.raises(Refused, match="plan_is_withdrawn"):
        office.subscribes(2)
    office.holds("bkg-1", 60)
    assert office.room.plans.listed(a_resident(1), tenant=TENANT)["plans"] == []


def test_plans_are_told_page_by_page_latest_first(office: Office) -> None:
    for number in range(4):
        office.offers(f"pln-{number}")
        office.clock.at += timedelta(minutes=number)

    seen: list[str] = []
    cursor = None
    while True:
        told = office.room.plans.listed(a_resident(1), tenant=TENANT, limit=2, cursor=cursor)
        seen += [plan["plan_id"] for plan in told["plans"]]
        cursor = told["cursor"]
        if cursor is None:
            break

    assert seen[:2] == ["pln-3", "pln-2"]
    assert sorted(seen) == sorted(["pln-0", "pln-1", "pln-2", "pln-3", HOURLY])


# Subscriptions.


def test_a_repeated_subscription_is_one(office: Office) -> None:
    first = office.subscribes(1, act_id="act-1")
    second = office.subscribes(1, act_id="act-1")
    office.hears()

    assert first == second
    assert len(office.told("subscription.started")) == 1


def test_one_resident_has_one_running_subscription_to_a_plan(office: Office) -> None:
    office.subscribes(1)

    with pytest.raises(Refused, match="already_subscribed"):
        office.subscribes(1, subscription_id="sub-another")
    office.ends(1)
    office.subscribes(1, subscription_id="sub-another")


def test_two_requests_at_once_make_one_subscription() -> None:
    shared = InTurn(TwinDatabase("spaces"))
    replicas = [an_office(shared), an_office(shared)]
    replicas[0].offers()

    raised = all_at_once(
        *(lambda n=n: replicas[n % 2].subscribes(1, subscription_id=f"sub-{n}", act_id=f"a-{n}") for n in range(4))
    )

    assert [getattr(error, "code", error) for error in raised] == ["already_subscribed"] * 3


def test_an_officer_subscribes_for_a_resident_and_is_recorded(office: Office) -> None:
    office.room.subscriptions.subscribe(
        OFFICER, act_id="proxy", subscription_id="sub-9", plan_id=HOURLY, resident_id="res-9"
    )

    told = office.room.subscriptions.read(a_resident(9), subscription_id="sub-9")
    assert told["proxy"] == "officer-1"
    with pytest.raises(Refused, match="only_for_oneself"):
        office.subscribes(1, subscription_id="sub-8", resident_id="res-8")


def test_members_share_and_are_bounded_by_the_plan(office: Office) -> None:
    office.subscribes(1)
    desk = office.room.subscriptions

    def adds(number: int, actor: Actor | None = None) -> None:
        desk.add_member(
            actor or a_resident(1), act_id=office.act_id(), subscription_id="sub-1", resident_id=f"res-{number}"
        )

    adds(2)
    adds(3)
    with pytest.raises(Refused, match="too_many_members"):
        adds(4)
    with pytest.raises(Refused, match="only_for_oneself"):
        adds(4, a_resident(2))
    office.books("bkg-1", 60, resident="res-2")
    assert StatementDesk(office.room.quota).statement(a_resident(3), subscription_id="sub-1")["consumed"] == 60
    shared = desk.of_resident(a_resident(2))["subscriptions"]
    assert [one["subscription_id"] for one in shared] == ["sub-1"]

    desk.remove_member(a_resident(2), act_id="leave", subscription_id="sub-1", resident_id="res-2")
    with pytest.raises(Refused, match="not_your_subscription"):
        office.holds("bkg-2", 60, resident="res-2")
    with pytest.raises(NotFound, match="no_such_member"):
        desk.remove_member(a_resident(1), act_id="again", subscription_id="sub-1", resident_id="res-2")


def test_pauses_keep_the_plans_rule(office: Office) -> None:
    office.offers("pln-strict", most_pauses=1, pause_notice_days=7)
    office.subscribes(1, "pln-strict")

    with pytest.raises(Refused) as refused:
        pauses(office, date(2026, 12, 5), date(2026, 12, 10))
    assert (refused.value.code, refused.value.values["least"]) == ("pause_notice_needed", "2026-12-08")
    pauses(office, date(2026, 12, 8), date(2026, 12, 10))
    with pytest.raises(Refused, match="pauses_overlap"):
        pauses(office, date(2026, 12, 9), date(2026, 12, 12))
    with pytest.raises(Refused, match="too_many_pauses"):
        pauses(office, date(2026, 12, 20), date(2026, 12, 22))
    pauses(office, date(2027, 1, 20), date(2027, 1, 22))
    with pytest.raises(Refused, match="pause_empty"):
        pauses(office, date(2027, 3, 1), date(2027, 3, 1))


def test_the_end_of_a_pause_is_said_once(office: Office) -> None:
    office.subscribes(1)
    pauses(office, date(2026, 12, 5), date(2026, 12, 10))

    office.moves_to(midnight(12, 9, 2026))
    assert office.told("subscription.resumed") == []
    office.moves_to(midnight(12, 10, 2026))
    office.moves_to(midnight(12, 11, 2026))

    assert [told["day"] for told in office.told("subscription.resumed")] == ["2026-12-10"]


def test_a_pause_that_has_not_begun_is_called_off(office: Office) -> None:
    office.subscribes(1)
    pauses(office, date(2026, 12, 5), date(2026, 12, 10))

    told = office.room.subscriptions.resume(a_resident(1), act_id="resume", subscription_id="sub-1")

    assert told["pauses"] == []
    with pytest.raises(Refused, match="subscription_not_paused"):
        office.room.subscriptions.resume(a_resident(1), act_id="again", subscription_id="sub-1")


def test_an_end_with_the_cycle_comes_by_itself(office: Office) -> None:
    office.subscribes(1)
    assert office.ends(1, at_once=False)["until"] == "2027-01-01"
    office.holds("bkg-1", 60, day=31)
    with pytest.raises(Refused, match="subscription_not_in_force"):
        office.holds("bkg-2", 60, day=32)

    office.moves_to(midnight(12, 31, 2026))
    assert office.told("subscription.ended") == []
    office.moves_to(midnight(1, 1))

    assert [told["day"] for told in office.told("subscription.ended")] == ["2027-01-01"]
    with pytest.raises(Refused, match="subscription_has_ended"):
        office.ends(1)


def test_a_resident_stays_the_least_months_and_an_officer_may_end_sooner(office: Office) -> None:
    office.offers("pln-stay", least_months=2)
    office.subscribes(1, "pln-stay")

    with pytest.raises(Refused) as refused:
        office.ends(1)
    assert (refused.value.code, refused.value.values["least"]) == ("subscription_too_young", "2027-02-01")
    assert office.ends(1, at_once=False)["until"] == "2027-02-01"
    told = office.room.subscriptions.end(OFFICER, act_id="now", subscription_id="sub-1", at_once=True)
    assert told["state"] == "ended"


def test_who_is_erased_leaves_everything(office: Office) -> None:
    office.subscribes(1)
    office.subscribes(2)
    office.room.subscriptions.add_member(
        a_resident(2), act_id="add", subscription_id="sub-2", resident_id="res-1"
    )

    for _ in range(2):
        office.room.subscriptions.leave_all("res-1")

    assert office.room.subscriptions.subscriptions.get("sub-1").state == "ended"
    assert office.room.subscriptions.subscriptions.get("sub-2").members == ()


def test_an_officer_of_another_district_sees_no_subscription_of_a_resident(office: Office) -> None:
    office.subscribes(1)
    desk = office.room.subscriptions
    elsewhere = Actor("officer-2", frozenset({"officer"}), TENANT, frozenset({"29110"}))

    assert desk.of_resident(elsewhere, resident_id="res-1")["subscriptions"] == []
    assert len(desk.of_resident(OFFICER, resident_id="res-1")["subscriptions"]) == 1
    assert len(desk.of_resident(a_resident(1))["subscriptions"]) == 1


def test_a_residents_list_is_told_page_by_page(office: Office) -> None:
    for number in range(5):
        office.offers(f"pln-{number}")
        office.subscribes(1, f"pln-{number}", subscription_id=f"sub-{number}")
        office.clock.at += timedelta(minutes=1)

    first = office.room.subscriptions.of_resident(a_resident(1), limit=3)
    second = office.room.subscriptions.of_resident(a_resident(1), limit=3, cursor=first["cursor"])

    told = [one["subscription_id"] for one in first["subscriptions"] + second["subscriptions"]]
    assert told == [f"sub-{number}" for number in (4, 3, 2, 1, 0)]
    assert second["cursor"] is None


def test_the_door_loads_what_the_desk_takes(office: Office) -> None:
    asked = {
        "act_id": "a",
        "plan_id": "pln-door",
        "tenant": TENANT,
        "district": DISTRICT,
        "programme_id": PROGRAMME,
        "name": "입주형",
        "kind": "seat",
        "seats": 8,
    }

    office.room.plans.offer(OFFICER, **schemas.Offer().load(asked))

    assert office.room.plans.read(OFFICER, plan_id="pln-door")["seats"] == 8
    with pytest.raises(ValidationError):
        schemas.Offer().load({**asked, "plan_id": "pln:colon"})


def test_what_is_kept_is_what_was_meant(office: Office) -> None:
    office.offers(SEATS, promote="offer")
    office.subscribes(1)
    pauses(office, date(2026, 12, 5), date(2026, 12, 10))
    room = office.room

    plan, subscription = room.plans.plans.get(SEATS), room.subscriptions.subscriptions.get("sub-1")

    assert plan.terms.promote == "offer"
    assert [pause.days for pause in subscription.pauses] == [Days(date(2026, 12, 5), date(2026, 12, 10))]
    assert subscription.due == midnight(12, 10, 2026)
