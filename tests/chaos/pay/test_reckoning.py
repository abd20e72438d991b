"""The reckoning of pay: it must see every won, place and fact that is wrong, or a clean run would prove nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.chaos.pay.account import Account
from tests.chaos.pay.asking import Story, Told
from tests.chaos.pay.bank import BANK, Entry
from tests.chaos.pay.reckoning import Reckoning, reckon, story_of
from tests.chaos.pay.stage import Resident, Stage, won_of
from tests.chaos.world import Shot

NOW = datetime(2026, 11, 22, 1, tzinfo=UTC)
TEN = datetime(2026, 10, 6, 1, tzinfo=UTC)
CAPPED, DIRECT = "t:gs-citizen-allowance", "t:dj-library"
EUNHA, SOCHON = Resident("은하", 0, BANK, "eunha@chaos.example"), Resident("소촌", 1, BANK, None)
STAGE = Stage(
    tenant="t",
    prefix="t",
    seed=1,
    month="2026-10",
    programmes=(CAPPED, DIRECT),
    cap={CAPPED: 583_444},
    residents={"은하": EUNHA, "소촌": SOCHON},
    jobs=(),
    deadline="",
)
HOURLY = 10_320
FULL, HALF = won_of(120, HOURLY), won_of(60, HOURLY)
EUNHAS, SOCHONS = f"{CAPPED}:은하:2026-10", f"{DIRECT}:소촌:2026-10"


def an_opening(name: str, programme: str, who: str, earned: int) -> dict[str, Any]:
    """One opening's document: one place, one shift of two hours."""
    return {
        "_id": name,
        "programme_id": programme,
        "direct_job": programme == DIRECT,
        "state": "filled",
        "places": 1,
        "hourly_won": HOURLY,
        "shifts": [{"start": TEN, "end": TEN + timedelta(hours=2)}],
        "placements": [a_place(name, who, earned)],
        "left": [],
        "offers": [],
        "grant": {"granted": FULL, "committed": earned},
        "order_hash": None,
        "asked": 0,
    }


def a_place(opening: str, who: str, earned: int | None) -> dict[str, Any]:
    """One place in an opening."""
    return {
        "resident_id": who,
        "application_id": f"{opening}:{who}",
        "attempt": 1,
        "act_id": f"asked:select-{opening}:{who}-1",
        "earned": earned,
    }


def a_sheet(opening: str, programme: str, who: str, *minutes: int) -> dict[str, Any]:
    """One sheet, settled and corrected to so many minutes."""
    results = {120: "worked", 0: "absent"}
    return {
        "_id": f"{opening}:{who}:1:0",
        "placement": f"{opening}:{who}:1",
        "programme_id": programme,
        "resident_id": who,
        "start": TEN,
        "end": TEN + timedelta(hours=2),
        "hourly_won": HOURLY,
        "state": "settled",
        "words": [{"account": "host-chaos", "said": said} for said in ("in", "out")],
        "revisions": [
            {"number": number, "minutes": one, "result": results.get(one, "partly"), "account": "host-chaos"}
            for number, one in enumerate(minutes, 1)
        ],
        "disputes": [],
    }


def a_month(name: str, sheet: str, lines: Sequence[int], payments: Sequence[dict[str, Any]], back: int = 0) -> dict[str, Any]:
    """One month of pay."""
    programme, who = name.rsplit(":", 2)[:2]
    return {
        "_id": name,
        "programme_id": programme,
        "resident_id": who,
        "cap": {"won": 583_444} if programme == CAPPED else None,
        "lines": [{"id": f"{sheet}#{number}", "attendance_id": sheet, "won": won} for number, won in enumerate(lines, 1)],
        "payments": list(payments),
        "paid_back": [{"won": back}] if back else [],
    }


def a_payment(batch: str, state: str, won: int = FULL, upto: int = 1) -> dict[str, Any]:
    """One payment of a month."""
    dongs = [{"dong": "", "won": won}]
    return {"batch_id": batch, "won": won, "lines": 1, "upto": upto, "state": state, "dongs": dongs}


def a_batch(name: str, programme: str, who: str, outcome: str) -> dict[str, Any]:
    """One settled batch of one row."""
    paid = FULL if outcome == "paid" else 0
    return {
        "_id": name,
        "programme_id": programme,
        "state": "settled",
        "rows": [[who, f"{programme}:{who}:2026-10", FULL, 1, ["", FULL], outcome]],
        "people": 1,
        "won": FULL,
        "preparer": "officer-1",
        "approver": "officer-2",
        "changers": [],
        "filed_on": "2026-11-22",
        "answered_on": "2026-11-22",
        "paid": paid,
        "returned": FULL - paid,
        "file_hash": f"hash of {name}",
    }


def a_budget(programme: str, committed: int, paid: int, returned: int, recovered: int = 0) -> dict[str, Any]:
    """One budget's document."""
    sums = {"granted": FULL, "committed": committed, "paid": paid, "returned": returned, "recovered": recovered}
    return {"_id": programme, "total": 100_000, **sums, "holds": [], "moving": [], "pending": [], "dongs": [{"dong": "", **sums}]}


def a_fact(fact: str, subject: str, number: int = 1, **data: Any) -> dict[str, Any]:
    """One archived fact."""
    event = {
        "source": "/sipbun/placement",
        "id": f"{subject}.{number}.{fact}",
        "type": f"kr.sipbun.placement.{fact}.v1",
        "subject": subject,
        "sequence": f"{number:010d}.000",
        "time": NOW + timedelta(seconds=number),
        "data": data,
    }
    return {"_id": f"{subject}-{number}-{fact}", "event": event, "known_at": NOW}


def facts_of_place(opening: str, who: str) -> list[dict[str, Any]]:
    """The facts of an opening with somebody placed."""
    named: dict[str, Any] = {"opening_id": opening, "resident_id": who, "application_id": f"{opening}:{who}", "attempt": 1}
    return [
        a_fact("opening.published", opening, opening_id=opening),
        a_fact("application.submitted", f"{opening}:{who}", **named),
        a_fact("placement.selected", opening, 2, **named),
        a_fact("application.selected", f"{opening}:{who}", 2, **named),
    ]


def facts_of_sheet(opening: str, who: str, *minutes: int) -> list[dict[str, Any]]:
    """The facts of a sheet: two words, and each time it was settled."""
    sheet = f"{opening}:{who}:1:0"
    named = {"opening_id": opening, "resident_id": who, "attendance_id": sheet}
    words = [a_fact("attendance.witnessed", sheet, number, **named) for number in (1, 2)]
    results = {120: "worked"}
    return words + [
        a_fact(
            "attendance.settled",
            sheet,
            2 + number,
            **named,
            revision=number,
            minutes=one,
            result=results.get(one, "partly"),
        )
        for number, one in enumerate(minutes, 1)
    ]


def facts_of_month(name: str, sheet: str, lines: Sequence[int], ends: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    """The facts of a month of pay: its lines, and what became of its payments."""
    named = {"pay_month_id": name, "resident_id": name.rsplit(":", 2)[1]}
    told = [
        a_fact("allowance.earned", name, number, **named, line_id=f"{sheet}#{number}", won=won, reason="attendance")
        for number, won in enumerate(lines, 1)
    ]
    return told + [
        a_fact(f"allowance.{end}", name, 10 + number, **named, batch_id=batch, won=FULL)
        for number, (batch, end) in enumerate(ends)
    ]


def facts_of_batch(name: str, programme: str, paid: int) -> list[dict[str, Any]]:
    """The facts of a settled batch, and of the budget that counted it."""
    told = [
        a_fact("batch.filed", name, 1, batch_id=name, won=FULL),
        a_fact("batch.settled", name, 2, batch_id=name, paid=paid, returned=FULL - paid),
        a_fact("budget.posted", programme, int(name[-1]), posting_id=f"{name}:paid", paid=FULL, returned=0),
    ]
    if paid != FULL:
        posting = f"{name}:returned"
        told.append(a_fact("budget.posted", programme, 9, posting_id=posting, paid=0, returned=FULL - paid))
    return told


def a_letter(kind: str, about: str, who: Resident, cause: str) -> dict[str, Any]:
    """One letter."""
    return {
        "_id": f"{cause}:{who.id}",
        "kind": kind,
        "about": about,
        "resident": who.id,
        "cause": {"key": cause},
        "mail": {"s": "sent" if who.mail else "none"},
        "written": NOW,
    }


LETTERS = [
    a_letter("selected", "opn-1", EUNHA, "opn-1-2-placement.selected"),
    a_letter("selected", "opn-2", SOCHON, "opn-2-2-placement.selected"),
    a_letter("closed", "opn-1", SOCHON, "opn-1:소촌-2-application.closed"),
    a_letter("attendance_settled", "opn-2", SOCHON, "opn-2:소촌:1:0-4-attendance.settled"),
    a_letter("allowance_returned", EUNHAS, EUNHA, f"{EUNHAS}-10-allowance.returned"),
    a_letter("allowance_paid", EUNHAS, EUNHA, f"{EUNHAS}-11-allowance.paid"),
    a_letter("allowance_paid", SOCHONS, SOCHON, f"{SOCHONS}-10-allowance.paid"),
]


def an_account() -> Account:
    """은하's pay was sent back once and paid then; 소촌 was paid for two hours, of which one was, and gave that back."""
    lost: dict[str, Any] = {"opening_id": "opn-1", "resident_id": "소촌", "application_id": "opn-1:소촌", "attempt": 1}
    eunhas, sochons = EUNHA.number_in_file(0), SOCHON.number_in_file(0)
    return Account(
        now=NOW + timedelta(hours=1),
        openings=[an_opening("opn-1", CAPPED, "은하", FULL), an_opening("opn-2", DIRECT, "소촌", HALF)],
        applications=[
            {"_id": "opn-1:은하", "attempt": 1, "state": "selected"},
            {"_id": "opn-1:소촌", "attempt": 1, "state": "closed"},
            {"_id": "opn-2:소촌", "attempt": 1, "state": "selected"},
        ],
        participations=[
            {"_id": who, "claims": [{"key": f"{opening}:{who}:1", "state": "taken", "holders": []}]}
            for who, opening in (("은하", "opn-1"), ("소촌", "opn-2"))
        ],
        sheets=[a_sheet("opn-1", CAPPED, "은하", 120), a_sheet("opn-2", DIRECT, "소촌", 120, 60)],
        months=[
            a_month(EUNHAS, "opn-1:은하:1:0", [FULL], [a_payment("bat-1", "returned"), a_payment("bat-2", "paid")]),
            a_month(SOCHONS, "opn-2:소촌:1:0", [FULL, HALF - FULL], [a_payment("bat-3", "paid")], back=FULL - HALF),
        ],
        batches=[
            a_batch("bat-1", CAPPED, "은하", "limit_exceeded"),
            a_batch("bat-2", CAPPED, "은하", "paid"),
            a_batch("bat-3", DIRECT, "소촌", "paid"),
        ],
        budgets=[a_budget(CAPPED, FULL, 2 * FULL, FULL), a_budget(DIRECT, HALF, FULL, 0, FULL - HALF)],
        letters=LETTERS,
        archive=[
            *facts_of_place("opn-1", "은하"),
            *facts_of_place("opn-2", "소촌"),
            a_fact("application.submitted", "opn-1:소촌", **lost),
            a_fact("application.closed", "opn-1:소촌", 2, **lost, reason="filled"),
            *facts_of_sheet("opn-1", "은하", 120),
            *facts_of_sheet("opn-2", "소촌", 120, 60),
            *facts_of_month(EUNHAS, "opn-1:은하:1:0", [FULL], [("bat-1", "returned"), ("bat-2", "paid")]),
            *facts_of_month(SOCHONS, "opn-2:소촌:1:0", [FULL, HALF - FULL], [("bat-3", "paid")]),
            *facts_of_batch("bat-1", CAPPED, 0),
            *facts_of_batch("bat-2", CAPPED, FULL),
            *facts_of_batch("bat-3", DIRECT, FULL),
            a_fact("budget.posted", DIRECT, 8, posting_id=f"{SOCHONS}:paid_back:1", paid=0, returned=0),
        ],
        mails=[
            (f"<{letter['cause']['key']}.은하@sipbun.localhost>", ("eunha@chaos.example",))
            for letter in LETTERS
            if letter["resident"] == "은하"
        ],
        book=[
            Entry("bat-1", 1, eunhas, FULL, "0014"),
            Entry("bat-2", 1, eunhas, FULL),
            Entry("bat-3", 1, sochons, FULL),
        ],
        figures={
            "pay": {
                "earned": FULL + HALF,
                "payable": FULL + HALF,
                "held_back": 0,
                "lines": 3,
                "batches": 3,
                "filed": 3 * FULL,
                "paid": 2 * FULL,
                "returned": FULL,
                "payments": 2,
                "payments_returned": 1,
            },
            "attendance": {
                "settled": 2,
                "worked_minutes": 180,
                "corrections": 1,
                "worked": 1,
                "partly": 1,
                "absent": 0,
                "excused": 0,
            },
        },
        balance={programme: {"balanced": True, "settling": []} for programme in (CAPPED, DIRECT)},
    )


def told(verb: str, about: str, by: str = "officer-1", refused: str | None = None, number: int = 1, **more: Any) -> Told:
    """One answer."""
    return Told(f"{verb}-{about}-{number}", verb, about, by, refused=refused, **more)


def stories() -> list[Story]:
    """What people were told."""
    first, second = "opn-1:은하:1:0", "opn-2:소촌:1:0"
    paydays = [
        one
        for batch in ("bat-1", "bat-2", "bat-3")
        for one in (
            told("prepare", batch),
            told("approve", batch, refused="four_eyes_needed"),
            told("approve", batch, "officer-2", number=2),
            told("mark_filed", batch, "officer-2", asked={"file_hash": f"hash of {batch}"}),
            told("read_returns", batch, asked={"last": True}),
        )
    ]
    return [
        Story(
            "opn-1",
            [
                told("publish", "opn-1"),
                told("apply", "opn-1:은하", "은하"),
                told("apply", "opn-1:소촌", "소촌"),
                told("select", "opn-1:은하"),
                told("select", "opn-1:소촌", refused="no_place_left"),
                told("confirm", first, "host-chaos", answer={"revision": 1, "minutes": 120}),
            ],
        ),
        Story(
            "opn-2",
            [
                told("publish", "opn-2"),
                told("apply", "opn-2:소촌", "소촌"),
                told("select", "opn-2:소촌"),
                told("confirm", second, "host-chaos", answer={"revision": 1, "minutes": 120}),
                told("correct", second, "host-chaos", answer={"revision": 2, "minutes": 60}),
            ],
        ),
        Story("paydays", [*paydays, told("note_paid_back", SOCHONS, asked={"won": FULL - HALF})]),
    ]


def reckoned(account: Account) -> Reckoning:
    """Reckon with the same people."""
    return reckon(STAGE, stories(), account)


def test_what_was_worked_corrected_sent_back_and_paid_once_is_clean() -> None:
    found = reckoned(an_account())

    assert found.findings == ()
    assert found.clean
    assert set(found.as_json().values()) == {0}


Spoil = Callable[[Account], Account]


def without(name: str, number: int) -> Spoil:
    """Leave one document out."""

    def spoil(account: Account) -> Account:
        kept = list(getattr(account, name))
        del kept[number]
        return _with(account, name, kept)

    return spoil


def with_more(name: str, *more: Any) -> Spoil:
    """Have more documents."""
    return lambda account: _with(account, name, [*getattr(account, name), *more])


def again(name: str, number: int) -> Spoil:
    """Have one document twice."""
    return lambda account: _with(account, name, [*getattr(account, name), getattr(account, name)[number]])


def changed(name: str, number: int, **values: Any) -> Spoil:
    """Have one document say something else."""

    def spoil(account: Account) -> Account:
        kept = list(getattr(account, name))
        kept[number] = {**kept[number], **values}
        return _with(account, name, kept)

    return spoil


def _with(account: Account, name: str, kept: Any) -> Account:
    values: dict[str, Any] = {name: kept}
    return replace(account, **values)


def together(*spoils: Spoil) -> Spoil:
    """Spoil several things."""

    def spoil(account: Account) -> Account:
        for one in spoils:
            account = one(account)
        return account

    return spoil


MONTH, OPENING = an_account().months[0], an_account().openings[0]
LINE = MONTH["lines"][0]
SUMS = ("granted", "committed", "paid", "returned", "recovered")


@pytest.mark.parametrize(
    "spoil",
    [
        # Batches: their rows, their payments, their answers.
        changed("batches", 1, won=FULL + 1),
        changed("batches", 1, people=2),
        changed("batches", 1, rows=[["은하", EUNHAS, FULL + 1, 1, ["", FULL + 1], "paid"]]),
        changed("batches", 1, rows=[["은하", EUNHAS, FULL, 1, ["", FULL - 1], "paid"]]),
        changed("batches", 1, rows=[["은하", EUNHAS, FULL, 2, ["", FULL], "paid"]]),
        changed("batches", 1, paid=FULL - 1),
        changed("batches", 1, state="cancelled"),
        changed("months", 0, payments=[a_payment("bat-1", "returned")]),
        changed("months", 0, payments=[a_payment("bat-1", "returned"), a_payment("bat-2", "returned")]),
        changed("months", 0, payments=[*MONTH["payments"], a_payment("bat-7", "paid", won=0)]),
        # Months: their lines against the sheets, their cap, what was due.
        changed("months", 0, lines=[{**LINE, "won": FULL - 1}]),
        changed("months", 0, lines=[LINE, LINE]),
        changed("months", 0, lines=[LINE, {**LINE, "id": "another"}]),
        changed("months", 0, lines=[]),
        changed("months", 0, cap=None),
        changed("months", 0, payments=[a_payment("bat-1", "returned"), a_payment("bat-2", "paid", won=FULL - 1)]),
        changed("months", 1, paid_back=[{"won": 2 * FULL}]),
        changed("sheets", 0, revisions=[{"number": 1, "minutes": 119, "result": "partly", "account": "host-chaos"}]),
        changed("sheets", 0, revisions=[{"number": 1, "minutes": 121, "result": "worked", "account": "host-chaos"}]),
        # Budgets: what moved, what is granted, by whom and where.
        changed("budgets", 0, paid=FULL),
        changed("budgets", 0, returned=0),
        changed("budgets", 0, granted=0),
        changed("budgets", 0, committed=FULL - 1),
        changed("budgets", 0, total=FULL - 1),
        changed("budgets", 0, dongs=[{"dong": "첨단1동", **dict.fromkeys(SUMS, FULL)}]),
        changed("budgets", 1, committed=HALF - 1),
        changed("openings", 0, grant={"granted": 2 * FULL, "committed": FULL}),
        changed("openings", 0, placements=[a_place("opn-1", "은하", FULL - 1)]),
        changed("openings", 0, placements=[a_place("opn-1", "은하", None)]),
        # What others say of it.
        lambda account: replace(account, balance={CAPPED: {"balanced": False, "settling": []}}),
        lambda account: replace(account, balance={CAPPED: {"balanced": True, "settling": ["bat-1"]}}),
        lambda account: replace(account, figures={**account.figures, "pay": {**account.figures["pay"], "paid": 0}}),
        lambda account: replace(account, figures={"pay": account.figures["pay"]}),
        lambda account: replace(account, complaints=("bat-1: its rows and its totals differ",)),
        lambda account: replace(account, book=[*account.book[:2], replace(account.book[2], number=EUNHA.number_in_file(0))]),
        lambda account: replace(account, book=[replace(account.book[0], won=FULL - 1), *account.book[1:]]),
        lambda account: replace(account, book=[*account.book[:2], replace(account.book[2], failed="0014")]),
    ],
)
def test_sums_that_must_be_equal_are_told_when_they_are_not(spoil: Spoil) -> None:
    assert reckoned(spoil(an_account())).as_json()["unbalanced"] > 0


@pytest.mark.parametrize("measure", sorted(an_account().figures["pay"]))
def test_every_figure_of_pay_is_compared(measure: str) -> None:
    account = an_account()
    pay = {**account.figures["pay"], measure: account.figures["pay"][measure] + 1}

    assert reckoned(replace(account, figures={**account.figures, "pay": pay})).as_json()["unbalanced"] == 1


@pytest.mark.parametrize(
    "spoil",
    [
        # The bank was told twice, or of what nobody filed, or paid what it said it had not.
        again("book", 1),
        with_more("book", Entry("bat-9", 1, EUNHA.number_in_file(0), FULL)),
        with_more("book", Entry("bat-2", 2, EUNHA.number_in_file(0), FULL)),
        lambda account: replace(account, book=[replace(account.book[0], failed=None), *account.book[1:]]),
        # Two batches paid the same month, and everything of ours agrees with the bank.
        together(
            changed("months", 0, payments=[a_payment("bat-1", "paid"), a_payment("bat-2", "paid")]),
            changed("batches", 0, **a_batch("bat-1", CAPPED, "은하", "paid")),
            changed("budgets", 0, **a_budget(CAPPED, FULL, 2 * FULL, 0)),
            lambda account: replace(account, book=[replace(account.book[0], failed=None), *account.book[1:]]),
        ),
        # One shift was counted twice, and paid so.
        together(
            changed(
                "months",
                0,
                lines=[LINE, {**LINE, "id": "another"}],
                payments=[a_payment("bat-1", "returned"), a_payment("bat-2", "paid", won=2 * FULL, upto=2)],
            ),
            changed("batches", 1, won=2 * FULL, rows=[["은하", EUNHAS, 2 * FULL, 1, ["", 2 * FULL], "paid"]]),
            lambda account: replace(account, book=[account.book[0], replace(account.book[1], won=2 * FULL), account.book[2]]),
        ),
        changed("months", 0, payments=[a_payment("bat-1", "returned"), a_payment("bat-2", "paid"), a_payment("bat-2", "paid")]),
    ],
)
def test_money_that_went_out_and_was_not_due_is_told(spoil: Spoil) -> None:
    assert reckoned(spoil(an_account())).as_json()["paid_twice"] > 0


SECOND = {"opening_id": "opn-1", "resident_id": "소촌", "application_id": "opn-1:소촌", "attempt": 1}


@pytest.mark.parametrize(
    "spoil",
    [
        changed("openings", 0, placements=[a_place("opn-1", "은하", FULL), a_place("opn-1", "소촌", FULL)]),
        changed("openings", 0, offers=[{"resident_id": "소촌"}]),
        changed("openings", 0, placements=[a_place("opn-1", "은하", FULL)] * 2),
        # At one time two had it, though one has left since.
        with_more(
            "archive",
            a_fact("placement.selected", "opn-1", 3, **SECOND),
            a_fact("placement.withdrawn", "opn-1", 4, **SECOND),
        ),
        with_more("archive", a_fact("placement.withdrawn", "opn-1", 3, **SECOND)),
        with_more("archive", a_fact("placement.selected", "opn-1", 3, **{**SECOND, "resident_id": "은하"})),
    ],
)
def test_more_people_than_places_are_told_also_of_a_moment_that_is_past(spoil: Spoil) -> None:
    assert reckoned(spoil(an_account())).as_json()["over_filled"] == 1


def test_a_place_that_was_left_before_the_next_had_it_is_no_overfilling() -> None:
    left = {**SECOND, "resident_id": "은하", "application_id": "opn-1:은하"}
    moved = with_more(
        "archive", a_fact("placement.withdrawn", "opn-1", 3, **left), a_fact("placement.selected", "opn-1", 4, **SECOND)
    )

    assert reckoned(moved(an_account())).as_json()["over_filled"] == 0


@pytest.mark.parametrize("left", [False, True])
def test_two_direct_jobs_on_one_day_are_told_also_of_a_moment_that_is_past(left: bool) -> None:
    third = {**SECOND, "opening_id": "opn-3", "application_id": "opn-3:소촌"}
    facts = [a_fact("placement.selected", "opn-3", 5, **third)]
    if left:
        facts.append(a_fact("placement.withdrawn", "opn-3", 6, **third))
    also = with_more("openings", an_opening("opn-3", DIRECT, "소촌", HALF))
    spoil = together(also, with_more("archive", *facts))

    assert reckoned(spoil(an_account())).as_json()["overlapping"] == 1
    assert reckoned(changed("openings", 2, direct_job=False)(spoil(an_account()))).as_json()["overlapping"] == 0


@pytest.mark.parametrize(
    "spoil",
    [
        changed("batches", 0, approver="officer-1"),
        changed("batches", 0, changers=["officer-2"]),
        changed("batches", 0, approver=None),
    ],
)
def test_a_batch_approved_by_who_made_it_is_told(spoil: Spoil) -> None:
    assert reckoned(spoil(an_account())).as_json()["four_eyes_broken"] == 1


LASTING = range(len(an_account().archive))


@pytest.mark.parametrize(
    "spoil",
    [
        *(without("archive", number) for number in LASTING),
        *(without("letters", number) for number in range(len(LETTERS))),
        *(without("mails", number) for number in range(3)),
        *(without("book", number) for number in range(3)),
        *(without("openings", number) for number in range(2)),
        *(without("sheets", number) for number in range(2)),
        *(without("months", number) for number in range(2)),
        *(without("batches", number) for number in range(3)),
        *(without("applications", number) for number in range(3)),
        without("participations", 0),
        changed("openings", 0, placements=[]),
        changed("openings", 0, placements=[{**a_place("opn-1", "은하", FULL), "act_id": "asked:another"}]),
        changed("sheets", 1, revisions=an_account().sheets[1]["revisions"][:1]),
        changed("batches", 0, state="filed"),
        changed("batches", 0, file_hash="another"),
        changed("batches", 0, preparer="officer-3"),
        changed("months", 1, paid_back=[]),
    ],
)
def test_every_effect_that_lacks_is_a_loss(spoil: Spoil) -> None:
    found = reckoned(spoil(an_account()))

    assert found.lost > 0 or found.as_json()["unbalanced"] > 0
    assert not found.clean


@pytest.mark.parametrize("number", LASTING)
def test_every_fact_that_is_not_archived_is_a_loss(number: int) -> None:
    assert reckoned(without("archive", number)(an_account())).lost > 0


@pytest.mark.parametrize(
    "spoil",
    [
        *(again("archive", number) for number in LASTING),
        *(again("letters", number) for number in range(len(LETTERS))),
        again("mails", 0),
        with_more("letters", a_letter("allowance_paid", EUNHAS, EUNHA, "nothing")),
        with_more("mails", ("<nothing.소촌@sipbun.localhost>", ("so@never.example",))),
        with_more("archive", a_fact("allowance.earned", EUNHAS, 7, pay_month_id=EUNHAS, line_id="x#1", won=1, reason="attendance")),
        with_more("archive", a_fact("budget.posted", CAPPED, 7, posting_id="bat-1:paid", paid=FULL, returned=0)),
        # Refused, and placed all the same; a batch that nobody asked for.
        changed("openings", 0, placements=[{**a_place("opn-1", "은하", FULL), "act_id": "asked:select-opn-1:소촌-1"}]),
        with_more("batches", {**a_batch("bat-9", CAPPED, "은하", "paid"), "state": "cancelled", "filed_on": None}),
    ],
)
def test_every_effect_too_many_is_a_double(spoil: Spoil) -> None:
    assert reckoned(spoil(an_account())).as_json()["duplicated"] > 0


@pytest.mark.parametrize(
    "spoil",
    [
        lambda account: replace(account, outbox={"new": 1}),
        lambda account: replace(account, waiting={"placement.allowance": 1}),
        changed("letters", 0, mail={"s": "unknown"}),
        changed("openings", 0, state="selecting"),
        changed("sheets", 0, state="open"),
        changed("batches", 0, state="prepared"),
        changed("months", 0, payments=[a_payment("bat-1", "returned"), a_payment("bat-2", "claimed")]),
        changed("months", 0, payments=[a_payment("bat-1", "returned")]),
        changed("months", 1, paid_back=[]),
        changed("budgets", 0, moving=[{"opening_id": "opn-1"}]),
        changed("budgets", 0, pending=[{"id": "bat-1:paid"}]),
        changed("budgets", 0, holds=[{"act_id": "late", "amount": 1, "deadline": NOW}]),
        changed("participations", 0, claims=[{"key": "opn-1:은하:1", "state": "held", "holders": [{"deadline": NOW}]}]),
        changed(
            "participations",
            0,
            claims=[
                {"key": "opn-1:은하:1", "state": "taken", "holders": []},
                {"key": "opn-9:은하:1", "state": "taken", "holders": []},
            ],
        ),
    ],
)
def test_what_has_not_come_to_rest_is_told(spoil: Spoil) -> None:
    assert reckoned(spoil(an_account())).as_json()["left"] > 0


def test_what_is_held_for_an_act_that_may_still_come_is_let_be() -> None:
    account = an_account()
    soon = account.now + timedelta(seconds=30)
    claims = [*account.participations[0]["claims"], {"key": "opn-2:은하:1", "state": "held", "holders": [{"deadline": soon}]}]
    holding = together(
        changed("participations", 0, claims=claims),
        changed("budgets", 0, holds=[{"act_id": "late", "amount": 1, "deadline": soon}]),
    )

    assert reckoned(holding(account)).clean


def test_dead_and_stuck_messages_are_counted_together() -> None:
    account = replace(an_account(), dead={"placement.allowance.dead": 2, "city.parked": 1}, outbox={"stuck": 1})

    found = reckoned(account)

    assert found.dead == 4
    assert not found.clean


def test_the_story_of_a_finding_tells_what_was_asked_and_who_was_shot_meanwhile() -> None:
    asked = stories()
    asked[2].lines.append((NOW, "prepare-bat-2-1 by officer-1: acknowledged"))
    account = again("book", 1)(an_account())
    finding = next(one for one in reckon(STAGE, asked, account).findings if one.kind == "paid_twice")

    lines = story_of(finding, asked, [Shot(NOW, "placement", "placement-1", 7)], account)

    assert lines[0].startswith("paid_twice: bat-2")
    assert any("prepare-bat-2-1" in line for line in lines)
    assert any("archived kr.sipbun.placement.batch.filed" in line for line in lines)
    assert any("kill -9 placement-1" in line for line in lines)
    assert any("kept in batches" in line for line in lines)
