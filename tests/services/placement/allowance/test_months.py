"""Months of pay: what is counted, capped, recovered, and shown."""

from __future__ import annotations

from datetime import date
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import settings as running
from hypothesis import strategies as st

from services.placement.allowance.lines import by_dong, named, split
from services.placement.limits.model import Limit, LimitTable, days_that_decide
from services.placement.wages.pay import won_for
from shared.actors import Actor
from shared.errors import Refused
from shared.events.placement import pay
from shared.messaging.outbox import event_of
from shared.mongo.twin import TwinDatabase
from tests.services.placement.batches.paying import (
    CAP,
    MONTH,
    OFFICER,
    PROGRAMME,
    TENANT,
    PayOffice,
    a_pay_office,
    overlapped,
    settled,
)

RESIDENT = Actor("res-1", frozenset({"resident"}), TENANT)


def earned_facts(office: PayOffice) -> list[dict[str, Any]]:
    """Return what was said of lines."""
    return [fact for fact in office.said() if fact["type"] == "placement.allowance.earned.v1"]


def test_an_attendance_earns_its_minutes() -> None:
    office = a_pay_office()
    office.worked(1)

    month = office.month_of(1)
    assert (month.id, month.minutes, month.earned, month.payable, month.held_back, month.due_now) == (
        f"{PROGRAMME}:res-1:{MONTH}",
        120,
        20_640,
        20_640,
        0,
        20_640,
    )


def test_a_correction_is_a_contra_line() -> None:
    office = a_pay_office()
    office.worked(1)
    office.worked(1, revision=2, minutes=50, was=120)

    assert [(line.id[-2:], line.minutes, line.won, line.reason) for line in office.month_of(1).lines] == [
        ("#1", 120, 20_640, "attendance"),
        ("#2", -70, 8_600 - 20_640, "correction"),
    ]


def test_a_volunteer_s_minutes_count_and_earn_nothing() -> None:
    office = a_pay_office()
    office.worked(1, engagement="volunteer")

    assert (office.month_of(1).minutes, office.month_of(1).earned) == (120, 0)
    assert not office.months.owing(PROGRAMME, MONTH)


def test_work_after_midnight_in_seoul_counts_in_the_month_its_shift_began() -> None:
    office = a_pay_office()
    office.worked(1, day="2026-12-31")

    assert office.month_of(1, "2026-12").minutes == 120


REVISIONS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(1, 4)).map(lambda one: (one[0], one[1])), min_size=1, max_size=24
)


@given(REVISIONS, st.integers(0, 2**30), st.sampled_from([None, 30_000, CAP]))
@running(max_examples=80, deadline=None)
def test_any_order_and_any_duplicates_give_the_same_month(
    told: list[tuple[int, int]], seed: int, cap: int | None
) -> None:
    def event(shift: int, revision: int) -> Any:
        minutes = (seed // (shift * 4 + revision) * 37) % 121
        return settled(1, shift=shift, revision=revision, minutes=minutes)

    office, batched = a_pay_office(cap=cap), a_pay_office(cap=cap)
    for shift, revision in told:
        office.hears(event(shift, revision))
    batched.hears(*(event(*one) for one in sorted(set(told), reverse=True)))

    month = office.month_of(1)
    latest = {shift: max(revision for other, revision in told if other == shift) for shift, _ in told}
    must = sum(won_for(event(*one).data["minutes"], 10_320) for one in latest.items())
    assert month.earned == batched.month_of(1).earned == must == sum(line.won for line in month.lines)
    assert month.minutes == sum(event(*one).data["minutes"] for one in latest.items())
    assert month.payable <= (cap if cap is not None else month.earned)
    assert month.payable + month.held_back == month.earned
    facts = earned_facts(office)
    for name, value in (("won", month.earned), ("payable", month.payable), ("held_back", month.held_back)):
        assert sum(fact[name] for fact in facts) == value
    assert len({fact["line_id"] for fact in facts}) == len(facts)


def test_what_passes_the_cap_is_held_back_flagged_and_said_once() -> None:
    office = a_pay_office(cap=30_000)
    for shift in range(3):
        office.worked(1, shift=shift)

    month = office.month_of(1)
    assert (month.earned, month.payable, month.held_back) == (61_920, 30_000, 31_920)
    held = [fact for fact in office.said() if fact["type"] == "placement.allowance.held_back.v1"]
    assert [(fact["won"], fact["cap"]) for fact in held] == [(11_280, 30_000)]
    flagged = office.allowance.flagged(OFFICER, programme_id=PROGRAMME)["months"]
    assert [(row["held_back"], row["cap"]["source"]) for row in flagged] == [(31_920, "focusi.co.kr 232418")]
    assert office.prepares()["won"] == 30_000


def test_the_cap_is_the_one_in_force_on_the_last_day_of_the_month() -> None:
    assert days_that_decide("2024-02") == (date(2024, 2, 29), date(2024, 2, 1))


def test_an_officer_recovers_a_day_and_lifts_it_again() -> None:
    office = a_pay_office()
    office.worked(1)
    office.pays()
    asked = {"pay_month_id": office.month_of(1).id, "days": ["2026-12-01"], "reason": "중복 참여"}

    told = office.allowance.recover(OFFICER, act_id="recover", **asked)
    assert (told["won"], told["to_recover"]) == (20_640, 20_640)
    assert office.allowance.recover(OFFICER, act_id="recover", **asked) == told
    with pytest.raises(Refused, match="nothing_to_recover"):
        office.allowance.recover(OFFICER, act_id="again", **asked)
    lifted = office.allowance.lift_recovery(OFFICER, act_id="lift", **asked)
    assert (lifted["to_recover"], office.month_of(1).earned) == (0, 20_640)
    assert [line.reason for line in office.month_of(1).lines] == ["attendance", "recovery", "recovery_lifted"]


def test_a_correction_of_recovered_work_pays_nothing() -> None:
    office = a_pay_office()
    office.worked(1)
    one = office.month_of(1)
    office.allowance.recover(
        OFFICER, act_id="r", pay_month_id=one.id, attendance_ids=list(one.counted), reason="중복 참여"
    )
    office.worked(1, revision=2, minutes=180, was=120)

    assert (office.month_of(1).earned, office.month_of(1).minutes) == (0, 180)


def test_what_was_paid_back_is_noted_and_never_more() -> None:
    office = a_pay_office()
    office.worked(1)
    office.pays()
    office.worked(1, revision=2, minutes=60, was=120)
    asked = {"pay_month_id": office.month_of(1).id, "day": date(2027, 1, 5)}

    assert office.month_of(1).to_recover == 10_320
    with pytest.raises(Refused, match="more_than_to_recover"):
        office.allowance.note_paid_back(OFFICER, act_id="a", won=10_321, **asked)
    office.allowance.note_paid_back(OFFICER, act_id="b", won=10_320, **asked)
    assert (office.month_of(1).to_recover, office.month_of(1).due_now) == (0, 0)


def test_nobody_gives_back_what_they_never_got() -> None:
    """What is on its way may never arrive: its row can be dropped, its batch cancelled, its payment sent back."""
    office = a_pay_office()
    office.worked(1)
    office.prepares()
    office.worked(1, revision=2, minutes=60, was=120)
    asked = {"pay_month_id": office.month_of(1).id, "day": date(2027, 1, 5)}

    assert office.month_of(1).to_recover == 10_320
    with pytest.raises(Refused, match="more_than_to_recover") as refused:
        office.allowance.note_paid_back(OFFICER, act_id="a", won=1, **asked)
    assert refused.value.values["most"] == 0
    office.approves()
    office.files_it()
    office.reads(office.answer())
    office.allowance.note_paid_back(OFFICER, act_id="b", won=10_320, **asked)
    assert office.month_of(1).to_recover == 0


def test_who_had_given_some_back_when_the_bank_sends_back_the_whole_gets_it_with_the_next_payment() -> None:
    office = a_pay_office()
    office.worked(1)
    office.pays()
    office.worked(1, revision=2, minutes=60, was=120)
    asked = {"pay_month_id": office.month_of(1).id, "day": date(2027, 1, 5)}
    office.allowance.note_paid_back(OFFICER, act_id="a", won=10_320, **asked)

    office.reads(office.answer(failed={1: "0012"}))

    assert (office.month_of(1).due_now, office.month_of(1).to_recover) == (20_640, 0)
    assert office.pays("bat-2")["paid"] == 20_640
    month = office.month_of(1)
    assert month.paid - 10_320 == month.payable == 10_320
    assert office.balance.check(OFFICER, programme_id=PROGRAMME)["balanced"]


def test_what_was_paid_back_moves_the_budget_once_however_often_it_is_told() -> None:
    office = a_pay_office()
    office.worked(1)
    office.pays()
    office.worked(1, revision=2, minutes=60, was=120)
    back: dict[str, Any] = {"pay_month_id": office.month_of(1).id, "day": date(2027, 1, 5)}
    office.allowance.note_paid_back(OFFICER, act_id="a", won=4_000, **back)
    office.allowance.note_paid_back(OFFICER, act_id="b", won=6_320, **back)
    outboxes = [entry for document in office.database.collection("pay_months").find({}) for entry in document["outbox"]]
    told = [event_of(entry) for entry in outboxes if entry["type"] == pay.ALLOWANCE_PAID_BACK.type]

    for event in [*reversed(told), *told]:
        office.paid_back.post(event)

    budget = office.budgets.get(PROGRAMME)
    assert (budget.paid, budget.returned, budget.sums.recovered) == (20_640, 0, 10_320)
    assert budget.pending == {}
    assert all(one.posted for one in office.month_of(1).paid_back)


def test_what_must_come_back_is_not_set_off_against_another_month() -> None:
    office = a_pay_office()
    office.worked(1, day="2026-11-02")
    office.pays(month="2026-11")
    office.worked(1, day="2026-11-02", revision=2, minutes=0, was=120)
    office.worked(1)

    assert office.pays("bat-2")["paid"] == 20_640
    assert office.month_of(1, "2026-11").to_recover == 20_640


@pytest.mark.parametrize("first", ["work", "overlap"])
def test_pay_of_wrongly_overlapped_days_is_recovered_whichever_is_heard_first(first: str) -> None:
    office = a_pay_office()
    events = [lambda: office.worked(1), lambda: office.allowance.note_overlapped(overlapped(1, "2026-12-01"))]
    for hear in events if first == "work" else reversed(events):
        hear()
        hear()

    assert office.month_of(1).earned == 0
    assert [(line.reason, line.won, line.note) for line in office.month_of(1).lines][1:] == [
        ("recovery", -20_640, "overlap")
    ]


def test_only_the_overlapping_days_of_that_placement_are_recovered() -> None:
    office = a_pay_office()
    office.worked(1)
    office.worked(1, shift=1, day="2026-12-01")
    office.worked(1, day="2026-12-02")
    office.allowance.note_overlapped(overlapped(1, "2026-12-01"))

    assert office.month_of(1).earned == 20_640


def test_an_overlap_that_is_no_more_gives_the_pay_again_and_old_news_changes_nothing() -> None:
    office = a_pay_office()
    office.worked(1)
    office.allowance.note_overlapped(overlapped(1, "2026-12-01", revision=1))
    office.allowance.note_overlapped(overlapped(1, revision=2))
    office.allowance.note_overlapped(overlapped(1, "2026-12-01", revision=1))

    assert office.month_of(1).earned == 20_640


def test_what_an_officer_lifted_stays_lifted_while_the_overlap_is_told_again() -> None:
    office = a_pay_office()
    office.worked(1)
    office.allowance.note_overlapped(overlapped(1, "2026-12-01"))
    one = office.month_of(1)
    office.allowance.lift_recovery(
        OFFICER, act_id="l", pay_month_id=one.id, attendance_ids=list(one.counted), reason="이의 인정"
    )
    office.allowance.note_overlapped(overlapped(1, "2026-12-01"))
    office.worked(1)

    assert office.month_of(1).earned == 20_640


def test_what_an_officer_took_out_stays_out_when_an_overlap_ends() -> None:
    office = a_pay_office()
    office.worked(1)
    one = office.month_of(1)
    office.allowance.recover(
        OFFICER, act_id="r", pay_month_id=one.id, attendance_ids=list(one.counted), reason="허위 출근"
    )
    office.allowance.note_overlapped(overlapped(1, "2026-12-01", revision=1))
    office.allowance.note_overlapped(overlapped(1, revision=2))

    assert office.month_of(1).earned == 0


def test_a_month_has_a_bound_and_one_full_month_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.placement.allowance.model.MOST_LINES", 2)
    office = a_pay_office()
    with pytest.raises(Refused, match="month_is_full"):
        office.hears(*(settled(1, shift=shift) for shift in range(3)), settled(2))

    assert office.month_of(2).earned == 20_640


def test_a_resident_sees_all_of_their_own_pay_explained() -> None:
    office = a_pay_office(cap=30_000)
    office.worked(1, 2)
    office.worked(1, shift=1)
    office.pays(failed={1: "0011"})

    told = office.allowance.my_pay(RESIDENT, resident_id="res-1", month=MONTH)["months"][0]
    assert (told["earned"], told["payable"], told["held_back"], told["paid"], told["due_now"]) == (
        41_280,
        30_000,
        11_280,
        0,
        30_000,
    )
    assert told["cap"] == {"won": 30_000, "source": "focusi.co.kr 232418"}
    assert [(line["minutes"], line["hourly_won"], line["won"]) for line in told["lines"]] == [(120, 10_320, 20_640)] * 2
    assert told["payments"][0]["reason"] == "wrong_account"


def test_months_come_page_by_page() -> None:
    office = a_pay_office()
    office.worked(1, 2, 3)
    office.worked(1, day="2026-11-02")

    first = office.allowance.listed(OFFICER, programme_id=PROGRAMME, month=MONTH, limit=2)
    rest = office.allowance.listed(OFFICER, programme_id=PROGRAMME, month=MONTH, limit=2, cursor=first["cursor"])
    assert [row["resident_id"] for row in [*first["months"], *rest["months"]]] == ["res-1", "res-2", "res-3"]
    mine = office.allowance.my_pay(RESIDENT, resident_id="res-1", limit=1)
    older = office.allowance.my_pay(RESIDENT, resident_id="res-1", limit=1, cursor=mine["cursor"])
    assert [mine["months"][0]["month"], older["months"][0]["month"]] == [MONTH, "2026-11"]


STRANGERS = [
    (Actor("res-2", frozenset({"resident"}), TENANT), "only_for_oneself", "role_not_allowed"),
    (Actor("host-1", frozenset({"host"}), TENANT), "role_not_allowed", "role_not_allowed"),
    (Actor("officer-9", frozenset({"officer"}), "buk"), "other_tenant", "other_tenant"),
    (Actor("officer-9", frozenset({"officer"}), TENANT, frozenset({"29170"})), "other_district", "other_district"),
    (Actor("", frozenset(), ""), "sign_in_needed", "sign_in_needed"),
]


@pytest.mark.parametrize(("stranger", "reading", "acting"), STRANGERS)
def test_pay_is_for_the_resident_and_officers_of_the_district(stranger: Actor, reading: str, acting: str) -> None:
    office = a_pay_office()
    office.worked(1)
    one = office.month_of(1).id
    desk = office.allowance
    recovering: dict[str, Any] = {"act_id": "x", "pay_month_id": one, "days": ["2026-12-01"], "reason": "시험"}

    with pytest.raises(Refused, match=reading):
        desk.month(stranger, pay_month_id=one)
    for touch in (
        lambda: desk.recover(stranger, **recovering),
        lambda: desk.lift_recovery(stranger, **recovering),
        lambda: desk.note_paid_back(stranger, act_id="x", pay_month_id=one, won=1, day=date(2027, 1, 1)),
        lambda: desk.listed(stranger, programme_id=PROGRAMME, month=MONTH),
        lambda: desk.flagged(stranger, programme_id=PROGRAMME),
    ):
        with pytest.raises(Refused, match=acting):
            touch()


@pytest.mark.parametrize("stranger", [one[0] for one in STRANGERS])
def test_nobody_else_finds_anything_in_my_pay(stranger: Actor) -> None:
    office = a_pay_office()
    office.worked(1)

    try:
        assert office.allowance.my_pay(stranger, resident_id="res-1")["months"] == []
    except Refused as refused:
        assert refused.code in ("only_for_oneself", "role_not_allowed", "sign_in_needed")  # noqa: PT017


@given(st.integers(0, 10**9), st.dictionaries(st.sampled_from("가나다라"), st.integers(-5, 10**7), max_size=4))
def test_parts_by_dong_add_up(won: int, weights: dict[str, int]) -> None:
    parts = split(won, weights)

    assert sum(parts.values()) == won
    assert all(part >= 0 for part in parts.values())


def test_payments_are_split_by_the_dong_of_the_work() -> None:
    office = a_pay_office()
    office.worked(1, dong="첨단1동")
    office.worked(1, shift=1, dong="첨단2동")
    office.pays(failed={1: "0012"})

    assert by_dong(office.month_of(1).lines) == {"첨단1동": 20_640, "첨단2동": 20_640}
    sums = office.budgets.get(PROGRAMME).dongs
    assert {dong: (one.paid, one.returned) for dong, one in sums.items()} == {
        "첨단1동": (20_640, 20_640),
        "첨단2동": (20_640, 20_640),
    }


def test_a_name_that_is_too_long_for_an_event_becomes_a_hash() -> None:
    assert (named("a", "b"), len(named("가" * 150, "나" * 150))) == ("a:b", 32)


def test_old_knowledge_of_overlapping_days_changes_nothing() -> None:
    office = a_pay_office()
    office.worked(1)
    month, key = office.month_of(1), "opn-2026-12-01:res-1:1"
    month.follow_overlap(key, 3, frozenset(), None, office.clock.now())
    month.follow_overlap(key, 2, frozenset({"2026-12-01"}), None, office.clock.now())

    assert month.earned == 20_640


def test_an_officer_does_nothing_to_their_own_pay() -> None:
    """One subject may be an officer and a resident: nobody lifts their own recovery, or notes their own repayment."""
    office = a_pay_office()
    office.worked(1)
    office.pays()
    myself = Actor("res-1", frozenset({"officer", "resident"}), TENANT)
    asked: dict[str, Any] = {"pay_month_id": office.month_of(1).id, "days": ["2026-12-01"], "reason": "중복 참여"}
    office.allowance.recover(OFFICER, act_id="recover", **asked)

    with pytest.raises(Refused, match="own_pay"):
        office.allowance.lift_recovery(myself, act_id="lift", **asked)
    with pytest.raises(Refused, match="own_pay"):
        office.allowance.note_paid_back(
            myself, act_id="back", pay_month_id=asked["pay_month_id"], won=1, day=date(2027, 1, 5)
        )
    assert office.month_of(1).to_recover == 20_640


def test_what_is_paid_later_is_split_by_what_each_dong_is_still_due() -> None:
    """What 첨단1동 has had is not paid from its part again: over all payments, each 동 pays for its own work."""
    office = a_pay_office()
    office.worked(1, dong="첨단1동")
    office.pays()
    office.worked(1, shift=1, dong="첨단2동")
    office.pays("bat-2")

    sums = office.budgets.get(PROGRAMME).dongs
    assert {dong: one.paid for dong, one in sums.items()} == by_dong(office.month_of(1).lines)


@pytest.mark.parametrize(
    ("rows", "cap"),
    [
        ((("2022-01-01", "2026-12-16", 30_000), ("2026-12-16", None, 40_000)), 40_000),
        ((("2022-01-01", "2026-12-16", 30_000),), 30_000),
        ((("2026-12-16", None, 40_000),), 40_000),
        ((("2027-01-01", None, 40_000),), None),
    ],
)
def test_a_month_in_which_a_cap_ends_is_not_without_one(
    rows: tuple[tuple[str, str | None, int], ...], cap: int | None
) -> None:
    office = a_pay_office(cap=None)
    table = tuple(
        Limit(
            "monthly_cap",
            won,
            "flag",
            date.fromisoformat(since),
            None if until is None else date.fromisoformat(until),
            "근거",
        )
        for since, until, won in rows
    )
    office.limits = LimitTable(table)
    office.on(office.database)
    office.worked(1)

    known = office.month_of(1).cap
    assert (None if known is None else known.won) == cap


@pytest.mark.parametrize(
    ("verb", "opened_before"), [("find", False), ("find", True), ("insert_many", False), ("update_each", True)]
)
def test_a_month_that_another_replica_stores_or_changes_meanwhile_counts_the_work_of_both(
    verb: str, opened_before: bool
) -> None:
    database = TwinDatabase("placement")
    office = a_pay_office(database)
    if opened_before:
        office.worked(1, day="2026-12-01")
    waiting = ["2026-12-02"]

    def step(what: str) -> None:
        if waiting and what.endswith(f"pay_months.{verb}"):
            office.worked(1, day=waiting.pop())

    replica = a_pay_office(cast(Any, database.seen_by(step)))
    replica.worked(1, day="2026-12-03")

    month = office.month_of(1)
    days = ["2026-12-01"] * opened_before + ["2026-12-02", "2026-12-03"]
    assert not waiting
    assert sorted(line.day for line in month.lines) == days
    assert month.earned == 20_640 * len(days)
    assert len([fact for fact in office.said() if fact["type"] == "placement.allowance.earned.v1"]) == len(days)


def test_a_new_month_is_stored_with_its_lines_by_one_write() -> None:
    office = a_pay_office()
    office.hears(settled(1, day="2026-12-01"), settled(1, day="2026-12-02"))

    month = office.month_of(1)
    assert (month.version, len(month.lines)) == (1, 2)
