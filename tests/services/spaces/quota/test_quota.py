"""Minutes by the cycle: granted, carried, paused, ended, and returned after the end of a cycle."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from services.spaces.bookings.model import Charge
from services.spaces.quota.statements import StatementDesk
from shared.actors import Actor
from shared.errors import Refused
from tests.services.spaces.makers import OFFICER, TENANT, a_resident, at
from tests.services.spaces.plans.office import HOURLY, Office, an_office, terms

DECEMBER, JANUARY, FEBRUARY = "sub-1:2026-12-01", "sub-1:2027-01-01", "sub-1:2027-02-01"


def midnight(month: int, day: int, year: int = 2027) -> datetime:
    """Return the start of a day in Seoul."""
    return datetime(year, month, day, tzinfo=at(0).tzinfo) - timedelta(hours=9)


@pytest.fixture
def office() -> Office:
    """An office where resident 1 has 10 hours a month, 2 of them carried at most."""
    fresh = an_office()
    fresh.offers()
    fresh.subscribes()
    fresh.hears()
    return fresh


def statement(office: Office, actor: Actor | None = None, **asked: Any) -> dict[str, Any]:
    return StatementDesk(office.room.quota).statement(actor or a_resident(1), subscription_id="sub-1", **asked)


def test_the_first_ledger_opens_when_the_subscription_starts(office: Office) -> None:
    assert office.ledger().granted == 600
    assert [(told["kind"], told["minutes"]) for told in office.told("quota.moved")] == [("grant", 600)]


def test_a_booking_is_charged_to_the_cycle_in_which_it_starts(office: Office) -> None:
    quota = office.room.quota

    before = quota.quote("sub-1", "res-1", midnight(1, 1) - timedelta(minutes=30))
    after = quota.quote("sub-1", "res-1", midnight(1, 1))

    assert (before.ledger_id, after.ledger_id) == (DECEMBER, JANUARY)


def test_a_quote_opens_nothing_and_yet_knows_the_balance(office: Office) -> None:
    quota = office.room.quota

    paid = quota.quote("sub-1", "res-1", midnight(1, 5))

    assert quota.balance(paid.ledger_id) == 600
    assert quota.ledgers.find(JANUARY) is None


def test_a_future_cycle_opens_early_and_gets_its_carry_later(office: Office) -> None:
    office.books("bkg-next", 120, day=33)
    assert office.ledger(JANUARY).available == 480
    office.books("bkg-1", 500)

    office.moves_to(midnight(1, 2))

    assert office.ledger(JANUARY).carried == 100
    assert office.ledger(JANUARY).available == 580
    assert office.told("quota.sealed")[0]["carry"] == 100


def test_a_cycle_in_which_nobody_booked_still_carries(office: Office) -> None:
    office.moves_to(midnight(2, 2))

    assert office.ledger(JANUARY).carried == 120
    assert office.ledger(JANUARY).expired == 600
    assert office.ledger(FEBRUARY).carried == 120


def test_every_fact_may_come_twice(office: Office) -> None:
    office.books("bkg-1", 500)

    office.moves_to(midnight(2, 2), times=2)

    assert (office.ledger(JANUARY).carried, office.ledger(FEBRUARY).carried) == (100, 120)
    assert [told["ledger_id"] for told in office.told("quota.sealed")] == [DECEMBER, JANUARY]


def test_an_excused_no_show_returns_its_minutes_to_the_cycle_that_runs_once(office: Office) -> None:
    office.books("bkg-1", 120)
    office.moves_to(midnight(1, 5))
    available = office.ledger(JANUARY).available

    office.counts("bkg-1", DECEMBER, 0, version=2)
    office.counts("bkg-1", DECEMBER, 0, version=2)
    office.moves_to(midnight(1, 6), times=2)

    assert office.ledger(JANUARY).available == available + 120
    assert office.ledger(DECEMBER).owed == ()


def test_minutes_on_their_way_when_the_month_turns_arrive_in_one_cycle_only(office: Office) -> None:
    office.books("bkg-1", 120)
    office.moves_to(midnight(1, 5))
    ledgers = office.room.quota.ledgers

    def settle_and_stop(ledger: Any) -> dict[str, Any]:
        ledger.settle("bkg-1", Charge(), 2, JANUARY)
        return {}

    ledgers.act(None, DECEMBER, settle_and_stop)
    received = ledgers.get(JANUARY)
    received.receive(f"{DECEMBER}/bkg-1/2", "bkg-1", 120)
    ledgers.act(None, JANUARY, lambda one: {"x": one.receive(f"{DECEMBER}/bkg-1/2", "bkg-1", 120)})

    office.moves_to(midnight(2, 5))

    assert office.ledger(JANUARY).returned == 120
    assert office.ledger(FEBRUARY).returned == 0


def test_minutes_whose_ledger_was_sealed_before_they_came_go_to_the_next(office: Office) -> None:
    office.books("bkg-1", 120)
    office.moves_to(midnight(1, 5))

    def settle_and_stop(ledger: Any) -> dict[str, Any]:
        ledger.settle("bkg-1", Charge(), 2, JANUARY)
        return {}

    office.room.quota.ledgers.act(None, DECEMBER, settle_and_stop)
    office.room.quota.ledgers.act(None, JANUARY, lambda one: one.seal(goes_on=True) or {})
    office.moves_to(midnight(2, 5))

    assert office.ledger(JANUARY).returned == 0
    assert office.ledger(FEBRUARY).returned == 120
    assert office.ledger(DECEMBER).owed == ()


def test_a_cycle_partly_paused_grants_its_other_days_rounded_down(office: Office) -> None:
    office.room.subscriptions.pause(
        a_resident(1),
        act_id="pause",
        subscription_id="sub-1",
        pause_from=date(2026, 12, 22),
        pause_until=date(2027, 2, 1),
    )
    office.hears()
    assert office.ledger().available == 600 * 21 // 31

    office.moves_to(midnight(1, 2))

    january = office.ledger(JANUARY)
    assert (january.granted, january.carried) == (0, 120)


def test_there_are_no_bookings_in_a_pause_and_going_on_gives_the_days_back(office: Office) -> None:
    desk = office.room.subscriptions
    desk.pause(
        a_resident(1),
        act_id="pause",
        subscription_id="sub-1",
        pause_from=date(2026, 12, 1),
        pause_until=date(2027, 1, 1),
    )
    office.hears()
    assert office.ledger().available == 0
    with pytest.raises(Refused, match="subscription_is_paused"):
        office.holds("bkg-1", 60, day=3)

    office.clock.at = midnight(12, 11, 2026)
    desk.resume(a_resident(1), act_id="resume", subscription_id="sub-1")
    office.hears(times=2)

    assert office.ledger().available == 600 * 21 // 31
    office.holds("bkg-1", 60, day=12)


def test_an_ended_subscription_gets_no_new_ledger_and_everything_expires(office: Office) -> None:
    office.holds("bkg-next", 60, day=33)
    office.books("bkg-1", 100)
    office.ends()
    office.hears()
    with pytest.raises(Refused, match="subscription_not_in_force"):
        office.holds("bkg-2", 60)

    ledger_id = JANUARY
    office.room.quota.settle(booking_id="bkg-next", ledger_id=ledger_id, charge=Charge(), version=1)
    office.moves_to(midnight(3, 5))

    december, january = office.ledger(DECEMBER), office.ledger(JANUARY)
    assert (december.sealed, december.expired, december.carried_out) == (True, 500, 0)
    assert (january.sealed, january.net, january.carried_out) == (True, 0, 0)
    assert office.room.quota.ledgers.find(FEBRUARY) is None


def test_a_ledger_that_opens_while_its_subscription_ends_follows_it(office: Office) -> None:
    quota = office.room.quota
    paid = quota.quote("sub-1", "res-1", midnight(1, 2))
    office.ends()
    office.hears()

    with pytest.raises(Refused, match="subscription_has_ended"):
        quota.hold(act_id="act-late", booking_id="bkg-late", paid=paid, minutes=60, deadline=at(12))

    assert office.ledger(JANUARY).available == 0


def test_a_changed_plan_changes_only_ledgers_that_open_later(office: Office) -> None:
    office.room.plans.change(OFFICER, act_id="more", plan_id=HOURLY, **terms(included_minutes=900, rollover_cap=0))
    office.hears()

    office.moves_to(midnight(1, 2))

    assert (office.ledger(DECEMBER).granted, office.ledger(JANUARY).granted) == (600, 900)
    assert office.ledger(JANUARY).carried == 120


def test_a_plan_covers_its_own_places_only() -> None:
    office = an_office()
    office.offers(facility_ids=["fac-은하수"])
    office.subscribes()
    quota = office.room.quota
    here = {"programme_id": "gs-subscription-office", "facility_id": "fac-은하수", "space_id": "spc-모임방"}

    assert quota.quote("sub-1", "res-1", at(10), **here).ledger_id == DECEMBER
    with pytest.raises(Refused, match="plan_does_not_cover"):
        quota.quote("sub-1", "res-1", at(10), **{**here, "facility_id": "fac-소촌"})
    with pytest.raises(Refused, match="plan_does_not_cover"):
        quota.quote("sub-1", "res-1", at(10), **{**here, "programme_id": "another"})


def test_cycles_of_days_go_round_from_the_start() -> None:
    office = an_office()
    office.offers(cycle_days=7)
    office.clock.at = midnight(12, 3, 2026)
    office.subscribes()
    quota = office.room.quota

    assert quota.quote("sub-1", "res-1", at(10, 9)).ledger_id == "sub-1:2026-12-03"
    assert quota.quote("sub-1", "res-1", at(10, 10)).ledger_id == "sub-1:2026-12-10"


def test_a_statement_is_for_its_people_and_officers(office: Office) -> None:
    office.books("bkg-1", 120)
    office.holds("bkg-2", 60)

    told = statement(office)

    assert (told["balance"], told["consumed"], told["held"]) == (420, 120, 60)
    assert [row["booking_id"] for row in told["charges"]] == ["bkg-1", "bkg-2"]
    assert statement(office, OFFICER)["open"]
    with pytest.raises(Refused, match="only_for_oneself"):
        statement(office, a_resident(2))
    with pytest.raises(Refused, match="other_tenant"):
        statement(office, Actor("officer-9", frozenset({"officer"}), f"not-{TENANT}"))


def test_a_statement_is_told_page_by_page(office: Office) -> None:
    for number in range(5):
        office.books(f"bkg-{number}", 30)

    first = statement(office, limit=3)
    second = statement(office, limit=3, cursor=first["cursor"])

    rows = [row["booking_id"] for row in first["charges"] + second["charges"]]
    assert rows == [f"bkg-{number}" for number in range(5)]
    assert second["cursor"] is None


def test_a_statement_of_a_cycle_that_nobody_needed_yet_is_a_preview(office: Office) -> None:
    told = statement(office, day=date(2027, 1, 15))

    assert (told["ledger_id"], told["open"], told["balance"]) == (JANUARY, False, 600)


def test_somebody_else_may_not_spend_the_minutes(office: Office) -> None:
    with pytest.raises(Refused, match="not_your_subscription"):
        office.holds("bkg-1", 60, resident="res-2")
