"""The bank of the chaos, and the stage on which it pays."""

from __future__ import annotations

from datetime import date

import pytest

from services.placement.batches.answers import read_part
from services.placement.batches.file import Account, Control, Pay, compose
from services.placement.batches.layouts import Layouts, read_layouts
from services.placement.wages.pay import won_for
from shared.clock import kst_day
from shared.config import Settings
from tests.chaos.killing import plan_of
from tests.chaos.pay.bank import BANK, WALLET, Bank
from tests.chaos.pay.run import steps_for
from tests.chaos.pay.stage import PROGRAMMES, SHAPES, a_stage, openings_for, won_of
from tests.chaos.pay.world import KINDS

TODAY = date(2026, 11, 22)


@pytest.fixture(scope="module")
def layouts() -> Layouts:
    return read_layouts(Settings.data_dir / "payout_layouts.yaml")


def a_file(layouts: Layouts, method: str, numbers: list[str], won: int = 20_640) -> bytes:
    """The file that is shipped for this method."""
    layout = layouts.chosen(method, None)
    pays = [Pay(seq, number, won, f"bat-1-{seq:05d}") for seq, number in enumerate(numbers, 1)]
    control = Control("bat-1", len(pays), won * len(pays), "20261122", "2026-10", "10월 참여수당")
    accounts = {number: Account(method, "039", number, "예금주") for number in numbers}
    return compose(layout, control, pays, accounts, first=True, last=True)


@pytest.mark.parametrize("method", [BANK, WALLET])
def test_the_bank_reads_the_shipped_files_and_answers_in_the_shipped_form(layouts: Layouts, method: str) -> None:
    bank = Bank(1, ["110999"])
    bank.be_calm()

    entries, answer = bank.take("bat-1", method, a_file(layouts, method, ["110111", "110999"]))

    assert [(one.seq, one.number, one.won, one.failed is None) for one in entries] == [
        (1, "110111", 20_640, True),
        (2, "110999", 20_640, False),
    ]
    assert bank.complaints == []
    read = read_part(layouts.chosen(method, None), answer, after=0, first=True, last=True)
    assert {one.seq: one.reason for one in read.answers if one.reason} == {2: "wrong_account"}


def test_a_file_that_is_handed_in_twice_is_paid_twice(layouts: Layouts) -> None:
    bank = Bank(1, [])
    bank.be_calm()
    for _ in range(2):
        bank.take("bat-1", BANK, a_file(layouts, BANK, ["110111"]))

    assert sum(one.won for one in bank.book) == 2 * 20_640


def test_the_bank_complains_of_a_file_whose_rows_and_totals_differ(layouts: Layouts) -> None:
    bank = Bank(1, [])
    content = a_file(layouts, BANK, ["110111", "110222"]).replace(b",20640,", b",20641,", 1)

    bank.take("bat-1", BANK, content)
    bank.take("bat-2", BANK, a_file(layouts, BANK, ["110111"]))

    assert len(bank.complaints) == 3


def test_the_reckonings_own_pay_is_the_shipped_one() -> None:
    for minutes in range(0, 1000, 7):
        assert won_of(minutes, 10_323) == won_for(minutes, 10_323)


def test_the_same_seed_sets_the_same_stage() -> None:
    one, other, third = (a_stage("s", "chaos-s", residents=20, seed=seed, today=TODAY) for seed in (1, 1, 2))

    assert one.jobs == other.jobs != third.jobs
    assert len(one.jobs) == openings_for(20) >= len(SHAPES)
    assert len(one.programmes) == PROGRAMMES
    assert set(one.cap) == {one.programmes[0]}


def test_the_stage_has_what_is_raced_for() -> None:
    stage = a_stage("s", "chaos-s", residents=20, seed=1, today=TODAY)
    pairs = [together for together in stage.jobs if len(together) > 1]

    assert {job.mode for job in stage.openings.values()} == {"officer", "first_come", "draw", "ranked"}
    assert pairs
    for one, other in pairs:
        assert one.direct
        assert other.direct
        assert one.programme != other.programme
        assert one.shifts == other.shifts
        assert one.applicants == other.applicants
    for job in stage.openings.values():
        assert len(job.applicants) > job.places
        assert all(kst_day(start).strftime("%Y-%m") == stage.month == "2026-10" for start, _ in job.shifts)
    heavy = stage.jobs[0][0]
    assert heavy.won_a_place > stage.cap[heavy.programme]


def test_every_account_has_one_owner_and_some_do_not_exist_at_first() -> None:
    stage = a_stage("s", "chaos-s", residents=60, seed=1, today=TODAY)
    numbers = [one.number_in_file(version) for one in stage.residents.values() for version in (0, 1)]

    assert len(set(numbers)) == 120
    assert all(stage.owner_of(one.number_in_file(0)) == one.id for one in stage.residents.values())
    assert 0 < len(stage.wrong_numbers) < 60


def test_placement_residents_and_the_database_die_first() -> None:
    kinds = {kill.kind for kill in plan_of(fills=steps_for(20), kills=3, seed=7, kinds=KINDS)}

    assert kinds == {"placement", "residents", "database"}
