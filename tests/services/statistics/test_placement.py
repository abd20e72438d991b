"""Figures of programmes, attendance, pay, trust and proposals: each fact on its day, in any order."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.statistics.model import Table
from services.statistics.tables import TABLES
from services.statistics.usecases import SETTLED_AFTER
from shared.clock import from_iso, iso
from shared.errors import Refused
from shared.events.contract import Contract
from shared.events.envelope import Event
from shared.events.placement import openings, pay, plans, trust, work
from shared.events.registry import CONTRACTS
from shared.mongo.twin import TwinDatabase
from tests.services.facts import MORNING, said
from tests.services.statistics.test_figures import OPERATOR, TENANT, Desk


@pytest.fixture
def desk() -> Desk:
    return Desk(TwinDatabase())


def known(desk: Desk, about: str, **asked: Any) -> dict[str, Any]:
    """Return the total, without what is 0 or unknown."""
    return {name: value for name, value in desk.total(about=about, **asked).items() if value}


def test_a_target_that_was_raised_is_the_new_one_from_that_day(desk: Desk) -> None:
    desk.note(
        said(plans.TARGET_SET, "t-1", value=400, was=0, day="2026-10-01"),
        said(plans.TARGET_SET, "t-2", value=450, was=400, day="2026-11-01"),
        said(plans.TARGET_SET, "t-3", measure="sessions", value=2200, was=0, day="2026-10-01"),
    )

    assert known(desk, "programmes", through="2026-10-31") == {"target_jobs": 400, "target_sessions": 2200}
    assert known(desk, "programmes")["target_jobs"] == 450


def test_money_of_a_programme_of_the_whole_city_has_no_district(desk: Desk) -> None:
    desk.note(
        said(plans.BUDGET_APPROPRIATED, "b-1", district=None),
        said(plans.BUDGET_APPROPRIATED, "b-2", district=None, won=-1_000_000),
        said(plans.BUDGET_POSTED, "p-1", district=None),
        said(plans.BUDGET_POSTED, "p-2", district=None, paid=0, returned=20_640),
    )

    (row,) = desk.figures(about="programmes", month="2026-12")["rows"]

    assert (row["district"], row["paid"], row["returned"]) == (None, 61_920, 20_640)
    assert known(desk, "programmes")["appropriated"] == 5_999_000_000


def test_offers_waiting_lists_and_rankings_are_figures_of_jobs(desk: Desk) -> None:
    midnight = from_iso("2026-11-30T15:30:00Z")
    desk.note(
        said(openings.OFFER_MADE, "o-1"),
        said(openings.OFFER_MADE, "o-2", at=midnight),
        said(openings.OFFER_LAPSED, "l-1"),
        said(openings.APPLICATION_WAITLISTED, "w-1"),
        said(openings.OPENING_RANKED, "r-1"),
    )

    assert known(desk, "jobs", month="2026-11") == {"offers": 1, "offers_lapsed": 1, "waitlisted": 1, "ranked": 1}
    assert known(desk, "jobs", month="2026-12") == {"offers": 1}, "16:30 UTC on 30 November is 1 December in Seoul"


def test_a_corrected_shift_moves_to_its_new_result_on_the_day_of_the_shift(desk: Desk) -> None:
    corrected = said(
        work.ATTENDANCE_SETTLED, "s-2", revision=2, minutes=60, was=120, result="partly", result_was="worked"
    )
    desk.note(corrected)
    desk.note(said(work.ATTENDANCE_SETTLED, "s-1"))

    assert known(desk, "attendance", through="2026-12-01") == {
        "settled": 1,
        "partly": 1,
        "planned_minutes": 120,
        "worked_minutes": 60,
        "corrections": 1,
        "attended": 0.5,
    }


def test_a_correction_of_minutes_alone_leaves_the_result(desk: Desk) -> None:
    desk.note(
        said(work.ATTENDANCE_SETTLED, "s-1"),
        said(work.ATTENDANCE_SETTLED, "s-2", revision=2, minutes=90, was=120, result_was="worked"),
    )

    assert (known(desk, "attendance")["worked"], known(desk, "attendance")["worked_minutes"]) == (1, 90)


def test_a_placement_is_completed_once_however_often_it_is_corrected(desk: Desk) -> None:
    desk.note(
        said(work.PLACEMENT_COMPLETED, "c-1"),
        said(work.PLACEMENT_COMPLETED, "c-2", revision=2),
        said(work.PLACEMENT_COMPLETED, "c-3", revision=4, shifts=3, again=False),
        said(work.PLACEMENT_COMPLETED, "c-4", revision=5, shifts=3, again=True),
        said(work.PLACEMENT_COMPLETED, "c-5", revision=3, shifts=3),
    )

    assert known(desk, "attendance") == {"completed": 3}


def test_what_is_earned_is_what_is_payable_and_what_is_held_back(desk: Desk) -> None:
    desk.note(
        said(pay.ALLOWANCE_EARNED, "e-1"),
        said(pay.ALLOWANCE_EARNED, "e-2", won=20_640, payable=8_640, held_back=12_000),
        said(pay.ALLOWANCE_EARNED, "e-3", won=-8_640, payable=-8_640, held_back=0, minutes=-120, reason="recovery"),
        said(pay.BATCH_FILED, "f-1"),
        said(pay.BATCH_SETTLED, "b-1"),
        said(pay.ALLOWANCE_PAID, "p-1"),
        said(pay.ALLOWANCE_RETURNED, "r-1"),
    )

    told = known(desk, "pay")

    assert told == {
        "earned": 32_640,
        "payable": 20_640,
        "held_back": 12_000,
        "recovered": 8_640,
        "lines": 3,
        "batches": 1,
        "filed": 61_920,
        "paid": 41_280,
        "returned": 20_640,
        "payments": 1,
        "payments_returned": 1,
    }
    assert told["earned"] == told["payable"] + told["held_back"]
    assert told["filed"] == told["paid"] + told["returned"]


def test_what_comes_back_after_it_was_paid_is_not_paid_from_that_day_on(desk: Desk) -> None:
    desk.note(
        said(pay.BATCH_FILED, "f-1"),
        said(pay.BATCH_SETTLED, "b-1", day="2027-01-08"),
        said(pay.ALLOWANCE_PAID, "p-1", day="2027-01-08"),
        said(pay.ALLOWANCE_RETURNED, "r-1", day="2027-01-12", was_paid=True),
    )

    assert known(desk, "pay", through="2027-01-11") == {
        "batches": 1, "filed": 61_920, "paid": 41_280, "returned": 20_640, "payments": 1,
    }
    assert known(desk, "pay", through="2027-01-12") == {
        "batches": 1, "filed": 61_920, "paid": 20_640, "returned": 41_280, "payments_returned": 1,
    }


def test_a_recovery_that_is_lifted_is_not_recovered(desk: Desk) -> None:
    desk.note(
        said(pay.ALLOWANCE_EARNED, "e-1", won=-9, payable=-9, reason="recovery"),
        said(pay.ALLOWANCE_EARNED, "e-2", won=9, payable=9, reason="recovery_lifted"),
    )

    assert known(desk, "pay") == {"lines": 2}


def test_evaluations_are_counted_and_what_they_say_is_not(desk: Desk) -> None:
    desk.note(
        said(trust.EVALUATION_OPENED, "o-1"),
        said(trust.EVALUATION_GIVEN, "g-1"),
        said(trust.EVALUATION_GIVEN, "g-2", by="resident"),
        said(trust.EVALUATION_REVEALED, "r-1"),
        said(trust.APPEAL_MADE, "a-1"),
        said(trust.APPEAL_ANSWERED, "a-2"),
    )

    assert known(desk, "trust") == dict.fromkeys(
        ("opened", "given_by_resident", "given_by_host", "revealed", "appeals", "appeals_upheld"), 1
    )


def test_proposals_are_told_by_call(desk: Desk) -> None:
    desk.note(
        said(plans.PROPOSAL_SUBMITTED, "p-1"),
        said(plans.PROPOSAL_SUBMITTED, "p-2", call_id="call-2021"),
        said(plans.PROPOSAL_DECIDED, "d-1"),
        said(plans.PROPOSAL_DECIDED, "d-2", call_id="call-2021", outcome="rejected", hosted_id=None),
    )

    rows = desk.figures(about="proposals", by="call")["rows"]

    assert [(row["call_id"], row["submitted"], row["selected"], row["rejected"]) for row in rows] == [
        ("call-2020", 1, 1, 0),
        ("call-2021", 1, 0, 1),
    ]
    with pytest.raises(Refused, match="no_such_rows"):
        desk.figures(about="proposals", by="group")
    with pytest.raises(Refused, match="no_plans_there"):
        desk.figures(about="proposals", by="plan")


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.about)
def test_every_count_of_a_table_says_its_event_and_adds_to_measures_it_has(table: Table) -> None:
    for event_type in table.counts:
        contract = CONTRACTS[event_type]
        addition = table.addition_of(said(contract))
        assert addition is not None, event_type
        assert set(addition.amounts) <= set(table.measures), event_type
        assert [other.about for other in TABLES.values() if event_type in other.counts] == [table.about]


# Any history of a few shifts, lines and budgets, told in any order and more than once.


@dataclass(frozen=True)
class Told:
    event: Event
    about: str
    adds: dict[str, int]


@st.composite
def histories(draw: st.DrawFn) -> list[Told]:
    told: list[Told] = []
    days = ("2026-10-31", "2026-11-01", "2026-11-02")

    def tell(contract: Contract, about: str, adds: dict[str, int], **data: Any) -> None:
        where = draw(st.sampled_from((("gs-동행", "29200"), ("gs-동행", "29170"), ("ic-동네", "28200"))))
        data = {"programme_id": where[0], "district": where[1], **data}
        told.append(Told(said(contract, f"e-{len(told)}", **data), about, adds))

    for _ in range(draw(st.integers(0, 4))):
        place = {"day": draw(st.sampled_from(days)), "programme_id": "gs-동행", "district": "29200"}
        was, result_was = 0, None
        for revision in range(1, draw(st.integers(1, 4))):
            minutes, result = draw(st.sampled_from(((120, "worked"), (60, "partly"), (0, "absent"), (0, "excused"))))
            moves = Counter({result: 1})
            if result_was is not None:
                moves.subtract([result_was])
            adds = {"worked_minutes": minutes - was, **moves}
            adds |= {"settled": 1, "planned_minutes": 120} if revision == 1 else {"corrections": 1}
            data = {"revision": revision, "minutes": minutes, "was": was, "result": result, "result_was": result_was}
            tell(work.ATTENDANCE_SETTLED, "attendance", adds, **data, **place)
            was, result_was = minutes, result
    for _ in range(draw(st.integers(0, 3))):
        won, day = draw(st.integers(-9, 9)), draw(st.sampled_from(days))
        tell(plans.BUDGET_APPROPRIATED, "programmes", {"appropriated": won}, won=won, day=day)
    for _ in range(draw(st.integers(0, 3))):
        payable, held, day = draw(st.integers(-9, 9)), draw(st.integers(0, 9)), draw(st.sampled_from(days))
        adds = {"earned": payable + held, "payable": payable, "held_back": held, "lines": 1}
        tell(pay.ALLOWANCE_EARNED, "pay", adds, won=payable + held, payable=payable, held_back=held, day=day)
    return told


def plainly(history: list[Told], about: str, through: str) -> dict[Any, dict[str, int | None]]:
    rows: dict[Any, Counter[str]] = {}
    for one in history:
        data = one.event.data
        if one.about == about and data["day"] <= through:
            row = rows.setdefault((data["programme_id"], data["district"], data["day"][:7]), Counter())
            for name, amount in one.adds.items():
                row[name] += amount
    table = TABLES[about]
    return {
        key: {name: None if name in table.unsaid and name not in row else row[name] for name in table.measures}
        for key, row in rows.items()
    }


def test_what_nobody_promised_or_appropriated_is_unknown_and_not_zero(desk: Desk) -> None:
    desk.note(said(plans.AGREEMENT_SIGNED, "s-1"), said(plans.TARGET_SET, "t-1", measure="jobs", value=4, was=0))

    told = desk.total(about="programmes")

    assert (told["target_jobs"], told["target_people"], told["appropriated"]) == (4, None, None)
    assert (told["agreements_signed"], told["agreements_ended"], told["paid"]) == (1, 0, 0)


def shown(desk: Desk, about: str, **asked: Any) -> dict[Any, dict[str, int | None]]:
    return {
        (row["programme_id"], row["district"], row["month"]): {name: row[name] for name in TABLES[about].measures}
        for row in desk.figures(about=about, **asked)["rows"]
    }


@settings(max_examples=60, deadline=None)
@given(histories(), st.integers(0, 2**32), st.sampled_from(("2026-10-31", "2026-11-01", "2026-11-30")))
def test_any_order_and_repetition_gives_the_same_figures_as_a_plain_count(
    history: list[Told], seed: int, through: str
) -> None:
    luck = random.Random(seed)
    desk = Desk(TwinDatabase())
    deliveries = [one.event for one in history for _ in range(luck.randint(1, 3))]
    luck.shuffle(deliveries)
    heard: dict[str, Any] = {}
    while deliveries:
        batch, deliveries = deliveries[:3], deliveries[3:]
        desk.note(*batch)
        for event in batch:
            heard.setdefault(event.id, desk.clock.now())
        if luck.random() < 0.3:
            desk.figures(about=luck.choice(("attendance", "pay", "programmes")), through=through)
        desk.clock.move(SETTLED_AFTER)
    instant = max(heard.values(), default=MORNING)
    then = luck.choice([instant, MORNING])
    desk.clock.move(SETTLED_AFTER)

    for about in ("attendance", "pay", "programmes"):
        assert shown(desk, about, through=through) == plainly(history, about, through)
        before = [one for one in history if heard[one.event.id] <= then]
        assert shown(desk, about, through=through, known_at=iso(then)) == plainly(before, about, through)
    incremental = [desk.figures(about=about) for about in TABLES]
    desk.statistics.rebuild(OPERATOR, tenant=TENANT)
    assert [desk.figures(about=about) for about in TABLES] == incremental
