"""Whom a thing awaits, and how a pile of things is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.placement.allowance.lines import CLAIMED, PAID, RETURNED, Payment, SentBack
from services.placement.allowance.model import PayMonth
from services.placement.allowance.payments import came_back
from services.placement.attendance.deciding import HOST
from services.placement.attendance.model import RESIDENT, Sheet
from services.placement.batches.model import Batch
from services.placement.openings.given import Offer, Placement
from services.placement.openings.model import Application, Opening, Shift, Terms, Workplace
from services.placement.tasks.model import (
    COUNTED,
    Pile,
    Task,
    disputed,
    may_have_shifts_to_confirm,
    offer_to_confirm,
    sent_back,
    to_approve,
    to_confirm,
    unclear,
)
from shared.clock import iso
from shared.geo import Point

#: A Tuesday, 12:00 in Seoul: the shift has just ended.
NOW = datetime(2026, 12, 1, 3, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def a_sheet(**changes: Any) -> Sheet:
    """Return a shift of two hours that has just ended."""
    usual: dict[str, Any] = {
        "id": "opn-1:res-1:1:0",
        "tenant": "gwangsan",
        "placement": "opn-1:res-1:1",
        "opening_id": "opn-1",
        "programme_id": "gwangsan:gs-citizen-allowance",
        "district": "29200",
        "resident_id": "res-1",
        "application_id": "opn-1:res-1",
        "attempt": 1,
        "shift": 0,
        "shifts": 1,
        "start": NOW - 2 * HOUR,
        "end": NOW,
        "hourly_won": 10_320,
        "place": "은하수 작은도서관",
        "selected_at": NOW - DAY,
        "made_at": NOW - DAY,
    }
    return Sheet(**{**usual, **changes})


def an_opening(*ends: datetime, rehearsal: bool = False, given_at: datetime | None = None) -> Opening:
    """Return an opening whose shifts of two hours end then."""
    place = Workplace("은하수 작은도서관", "첨단중앙로 1", Point(35.1457, 126.7937))
    shifts = tuple(Shift(end - 2 * HOUR, end) for end in ends)
    terms = Terms("도서 정리", place, shifts, 3, 10_320, "officer", min(ends) - DAY, rehearsal)
    given = () if given_at is None else (Placement("res-1", "opn-1:res-1", 1, given_at),)
    return Opening(
        id="opn-1",
        tenant="gwangsan",
        programme_id="gwangsan:gs-citizen-allowance",
        district="29200",
        terms=terms,
        published_at=NOW - 30 * DAY,
        placements=given,
    )


def tasks(many: int) -> list[Task]:
    """Return so many tasks, the last one the most urgent."""
    return [Task(f"t-{number:03d}", NOW + (many - number) * HOUR) for number in range(many)]


@pytest.mark.parametrize(
    ("many", "whole", "count", "more"),
    [(1, True, 1, False), (COUNTED, True, COUNTED, False), (COUNTED + 1, True, COUNTED, True), (3, False, 3, True)],
)
def test_a_pile_is_counted_up_to_a_bound_and_says_what_it_did_not_count(
    many: int, whole: bool, count: int, more: bool
) -> None:
    told = Pile(tasks(many), whole).told("officer", "selections")

    assert (told["count"], told["more"]) == (count, more)
    assert len(told["first"]) == min(many, 5)


def test_the_nearest_deadline_is_told_only_where_all_of_them_are_known() -> None:
    assert Pile(tasks(300)).told("officer", "selections")["until"] == iso(NOW + HOUR)
    assert Pile(tasks(300), whole=False).told("officer", "selections")["until"] is None
    assert Pile([Task("bat-1", None, NOW)]).told("officer", "batches_to_approve")["until"] is None


def test_the_most_urgent_come_first_and_without_a_deadline_what_waited_longest() -> None:
    pile = Pile([Task("c", None, NOW), Task("b", None, NOW - DAY), Task("a", NOW + DAY), Task("d", NOW + HOUR)])

    assert [one["id"] for one in pile.told("officer", "selections")["first"]] == ["d", "a", "b", "c"]


def test_a_shift_is_told_with_its_workplace_and_its_day_in_seoul() -> None:
    night = a_sheet(start=NOW - 11 * HOUR, end=NOW - 9 * HOUR)

    told = [task.about for task in to_confirm([a_sheet(), night], "host-1", NOW)]

    assert told == ["은하수 작은도서관 2026-12-01", "은하수 작은도서관 2026-12-01"]
    (settled,) = to_confirm([replace(night, start=NOW - 13 * HOUR)], "host-1", NOW)
    assert settled.about == "은하수 작은도서관 2026-11-30"


@pytest.mark.parametrize(
    ("payments", "back", "since"),
    [
        ([("bat-1", RETURNED, "2027-01-05")], [], "2027-01-04T15:00:00.000Z"),
        ([("bat-1", PAID, "2027-01-05")], ["2027-01-09"], "2027-01-08T15:00:00.000Z"),
        ([("bat-1", RETURNED, "2027-01-05"), ("bat-2", RETURNED, "2027-01-12")], [], "2027-01-11T15:00:00.000Z"),
        ([("bat-1", PAID, "2027-01-05"), ("bat-2", PAID, "2027-01-20")], [], None),
    ],
)
def test_a_payment_that_came_back_waits_since_the_day_on_which_the_bank_told_it_last(
    payments: list[tuple[str, str, str]], back: list[str], since: str | None
) -> None:
    month = PayMonth(
        id="gwangsan:gs-citizen-allowance:res-1:2026-12",
        tenant="gwangsan",
        programme_id="gwangsan:gs-citizen-allowance",
        district="29200",
        resident_id="res-1",
        month="2026-12",
        payments=tuple(paid(*one) for one in payments),
        sent_back=tuple(SentBack("bat-1", 20_640, day, "closed_account") for day in back),
    )

    assert [one.told()["since"] for one in sent_back([month], "officer-1")] == [since]
    assert sent_back([month], "res-1") == []


def test_a_shift_waits_to_be_confirmed_from_its_end_until_it_is_settled() -> None:
    assert [task.until for task in to_confirm([a_sheet()], "host-1", NOW)] == [NOW + 24 * HOUR]
    assert to_confirm([a_sheet()], "host-1", NOW - HOUR) == []
    assert to_confirm([a_sheet(unclear=True)], "host-1", NOW) == []
    assert to_confirm([a_sheet(state="settled")], "host-1", NOW) == []


def test_nobody_is_asked_about_their_own_shift() -> None:
    disputed_sheet = a_sheet()
    disputed_sheet.check("in", "res-1", NOW - 2 * HOUR, right=True)
    disputed_sheet.check("out", "res-1", NOW - HOUR, right=True)
    disputed_sheet.confirm(HOST, "host-1", NOW)
    disputed_sheet.dispute(RESIDENT, "res-1", "두 시간 일했습니다.", NOW)

    for subject, many in (("res-1", 0), ("host-1", 1)):
        assert len(to_confirm([a_sheet()], subject, NOW)) == many
        assert len(unclear([a_sheet(unclear=True)], subject)) == many
        assert len(disputed([disputed_sheet], subject)) == many
    assert disputed([disputed_sheet], "host-1", by=HOST) == []


@pytest.mark.parametrize(
    ("opening", "recent"),
    [
        (an_opening(NOW), True),
        (an_opening(NOW + HOUR), False),
        (an_opening(NOW - 2 * DAY), True),
        (an_opening(NOW - 2 * DAY - HOUR), False),
        (an_opening(NOW - 90 * DAY, NOW - HOUR, NOW + 90 * DAY), True),
        (an_opening(NOW - 90 * DAY, rehearsal=True, given_at=NOW - HOUR), True),
        (an_opening(NOW - 90 * DAY, given_at=NOW - HOUR), False),
    ],
)
def test_shifts_are_looked_for_while_they_may_still_wait_to_be_confirmed(opening: Opening, recent: bool) -> None:
    assert may_have_shifts_to_confirm(opening, DAY, NOW) is recent


@pytest.mark.parametrize(
    ("attempt", "left", "awaits"), [(2, HOUR, True), (1, HOUR, False), (2, timedelta(0), False), (2, -HOUR, False)]
)
def test_an_offer_awaits_the_applicant_of_this_attempt_until_its_time_is_up(
    attempt: int, left: timedelta, awaits: bool
) -> None:
    opening = an_opening(NOW + 2 * DAY)
    opening.offers = (Offer("res-1", "opn-1:res-1", 2, 1, NOW - HOUR, NOW + left),)
    application = Application.submit(opening, "res-1", NOW - DAY, None)
    application.attempt = attempt

    expected = Task("opn-1:res-1", NOW + left, NOW - HOUR, "도서 정리") if awaits else None
    assert offer_to_confirm(application, opening, NOW) == expected


def a_batch(**changes: Any) -> Batch:
    """Return a batch that one officer prepared."""
    usual: dict[str, Any] = {
        "id": "bat-1",
        "tenant": "gwangsan",
        "programme_id": "gwangsan:gs-citizen-allowance",
        "district": "29200",
        "month": "2026-12",
        "method": "bank",
        "layout_id": "bank-bulk",
        "preparer": "officer-1",
        "created_at": NOW,
        "state": "prepared",
        "people": 2,
        "changers": ("officer-2",),
    }
    return Batch(**{**usual, **changes})


@pytest.mark.parametrize(
    ("subject", "batch", "paying", "awaits"),
    [
        ("officer-1", a_batch(), (), False),
        ("officer-2", a_batch(), (), False),
        ("officer-3", a_batch(), (), True),
        ("officer-3", a_batch(people=0), (), False),
        ("officer-3", a_batch(), ("bat-1",), False),
        ("officer-3", a_batch(), ("bat-2",), True),
    ],
)
def test_a_batch_awaits_who_neither_prepared_nor_changed_it_and_is_not_paid_by_it(
    subject: str, batch: Batch, paying: tuple[str, ...], awaits: bool
) -> None:
    assert bool(to_approve([batch], subject, paying)) is awaits


def paid(batch_id: str, state: str, day: str | None) -> Payment:
    """Return a payment."""
    return Payment(batch_id, 20_640, 1, 1, "bank", {"": 20_640}, state, day)


@pytest.mark.parametrize(
    ("payments", "sent_back", "back"),
    [
        ([], [], False),
        ([paid("bat-1", PAID, "2027-01-05")], [], False),
        ([paid("bat-1", RETURNED, "2027-01-05")], [], True),
        ([paid("bat-1", RETURNED, "2027-01-05"), paid("bat-2", PAID, "2027-01-07")], [], False),
        ([paid("bat-1", RETURNED, "2027-01-05"), paid("bat-2", CLAIMED, None)], [], False),
        ([paid("bat-1", PAID, "2027-01-05")], ["2027-01-09"], True),
        ([paid("bat-1", PAID, "2027-01-05"), paid("bat-2", PAID, "2027-01-20")], ["2027-01-09"], False),
    ],
)
def test_a_payment_has_come_back_when_that_is_the_last_the_bank_told(
    payments: list[Payment], sent_back: list[str], back: bool
) -> None:
    assert came_back(payments, [SentBack("bat-1", 20_640, day, "closed_account") for day in sent_back]) is back
