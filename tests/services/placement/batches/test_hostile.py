"""Files and names that somebody's spreadsheet, or somebody's malice, has made: nothing is paid twice, or to another."""

from __future__ import annotations

import base64
import csv
import io
from dataclasses import replace
from typing import Any

import pytest
from marshmallow import ValidationError

from services.placement.batches.answers import whole
from services.placement.batches.file import Account
from services.placement.batches.layouts import Layout, Layouts, layout_of
from services.placement.batches.schemas import Prepare
from services.placement.programmes.model import District
from shared.actors import Actor
from shared.errors import Refused
from tests.services.placement.batches.paying import (
    CAP,
    MONTH,
    OFFICER,
    OTHER_OFFICER,
    PROGRAMME,
    TENANT,
    PayOffice,
    a_pay_office,
)
from tests.services.placement.batches.test_files import a_filed_batch, a_row, an_approved_batch


def sends(office: PayOffice, content: bytes) -> dict[str, Any]:
    """Upload these bytes as the bank's file."""
    told = base64.b64encode(content).decode()
    return office.files.read_returns(OFFICER, act_id=office.act_id(), batch_id="bat-1", content=told)


def paid_by(office: PayOffice, layout: Layout) -> PayOffice:
    """Let the office know one more bank, and its batch be filed there."""
    known = Layouts((layout,))
    office.batches = replace(office.batches, layouts=known)
    office.files = replace(office.files, layouts=known)
    office.prepares(layout=layout.id)
    office.approves()
    office.files_it()
    return office


@pytest.mark.parametrize("code", ["0", "00", "000", "00000"])
def test_a_code_that_a_spreadsheet_shortened_never_sends_back_what_was_paid(code: str) -> None:
    """0000 becomes 0, which the code for everything else would take for a failure: everybody would be paid again."""
    office = a_filed_batch(1, 2)

    with pytest.raises(Refused, match="return_code_unknown") as refused:
        office.reads(f"H,bat-1\r\nD,1,20640,{code}\r\nD,2,20640,{code}\r\nT,0,0,2,41280\r\n")

    assert refused.value.values["line"] == 2
    assert [office.month_of(one).due_now for one in (1, 2)] == [0, 0]


def test_a_code_is_a_failure_though_it_looks_like_the_paid_one_when_the_layout_says_so() -> None:
    returns = {**a_row()["returns"], "paid": ["0000"], "reasons": {"0": "closed_account", "*": "other"}}
    office = a_pay_office()
    office.worked(1)
    paid_by(office, layout_of({**a_row(), "encoding": "utf-8", "returns": returns}))

    assert office.reads("1,20640,0\n")["returned"] == 20_640


def test_a_file_that_a_spreadsheet_saved_in_utf_8_is_told_as_such() -> None:
    office = a_filed_batch(1)

    with pytest.raises(Refused, match="return_not_readable") as refused:
        sends(office, b"\xef\xbb\xbf" + office.answer().encode())
    assert (refused.value.values["line"], refused.value.values["encoding"]) == (1, "cp949")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r\n\r\n"])
def test_lines_may_end_as_they_like(end: str) -> None:
    office = a_filed_batch(1, 2)

    assert sends(office, office.answer().replace("\r\n", end).encode("cp949"))["paid"] == 41_280


def test_a_line_break_within_a_cell_moves_no_line_number() -> None:
    office = a_filed_batch(1, 2)

    with pytest.raises(Refused, match="return_won_differs") as refused:
        office.reads('H,bat-1\r\nD,1,20640,"00\r\n12"\r\nD,2,20641,0000\r\nT,1,20641,1,20640\r\n')

    assert refused.value.values["line"] == 4


@pytest.mark.parametrize(
    "line",
    ['D,1,"=20640",0000', "D,=1,20640,0000", "D,1,20640.0,0000", "D,1,２０６４０,0000", 'D,1,"2,0640",0000', 'D,1,"20640,0000'],
)
def test_what_is_not_a_plain_number_is_refused_with_its_line(line: str) -> None:
    office = a_filed_batch(1)

    with pytest.raises(Refused, match="return_line_malformed") as refused:
        office.reads(f"H,bat-1\r\n{line}\r\nT,1,20640,0,0\r\n")
    assert refused.value.values["line"] == 2


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("1,234", 1_234), ("0001,234", None), ("1,2", None), (",1", None)])
def test_commas_stand_between_thousands_or_it_is_no_number(text: str, number: int | None) -> None:
    if number is None:
        with pytest.raises(Refused, match="return_line_malformed"):
            whole(text, 1, "이체금액")
    else:
        assert whole(text, 1, "이체금액") == number


def test_a_formula_in_the_result_is_only_an_unknown_reason() -> None:
    office = a_filed_batch(1)

    assert office.reads('H,bat-1\r\nD,1,20640,"=cmd|\'/c calc\'!A1"\r\nT,0,0,1,20640\r\n')["returned"] == 20_640
    assert office.month_of(1).payments[0].reason == "other"


def test_header_and_trailer_of_two_batches_make_no_file() -> None:
    returns = {
        **a_row()["returns"],
        "header": [{"name": "구분", "const": "H"}, {"name": "묶음번호", "field": "batch_id"}],
        "trailer": [{"name": "구분", "const": "T"}, {"name": "묶음번호", "field": "batch_id"}],
    }
    office = a_pay_office()
    office.worked(1)
    paid_by(office, layout_of({**a_row(), "encoding": "utf-8", "returns": returns}))

    with pytest.raises(Refused, match="return_totals_differ"):
        office.reads("H,bat-9\n1,20640,ok\nT,bat-1\n")
    office.reads("H,bat-9\n1,20640,ok\n", part=1, last=False)
    with pytest.raises(Refused, match="return_totals_differ"):
        office.reads("T,bat-1\n", part=2, last=True)
    assert office.reads("H,bat-1\n1,20640,ok\nT,bat-1\n")["paid"] == 20_640


def test_parts_of_two_officers_files_are_never_put_together() -> None:
    office = a_filed_batch(1, 2)
    lines = office.answer().splitlines(keepends=True)
    office.reads("".join(lines[:2]), part=1, last=False)
    asked = {"batch_id": "bat-1", "is_text": True}
    office.files.read_returns(OTHER_OFFICER, act_id="his", content="".join(lines[:2]), part=1, last=False, **asked)

    with pytest.raises(Refused, match="part_out_of_order"):
        office.reads("".join(lines[2:]), part=2, last=True)
    told = office.files.read_returns(
        OTHER_OFFICER, act_id="rest", content="".join(lines[2:]), part=2, last=True, **asked
    )
    assert told["paid"] == 41_280


@pytest.mark.parametrize("number", ["123456-01-00000A", "123456²", "１２３456", "-", "=1+1"])
def test_an_account_number_is_never_made_another_one_by_leaving_characters_out(number: str) -> None:
    office = an_approved_batch(1)
    office.accounts.special = {"res-1": Account("bank", "004", number, "이별빛")}

    with pytest.raises(Refused) as refused:
        office.file()
    assert (refused.value.code, refused.value.values) == ("account_unwritable", {"row": 1, "column": "계좌번호"})


def test_a_name_with_a_comma_or_a_quote_stays_one_cell() -> None:
    office = an_approved_batch(1)
    office.accounts.special = {"res-1": Account("bank", "004", "123456 01-000001", 'Kim, "은하"')}

    rows = list(csv.reader(io.StringIO(office.file().decode("cp949"))))

    assert rows[1][3:6] == ["12345601000001", "20640", 'Kim, "은하"']


@pytest.mark.parametrize("batch_id", ["=cmd()", "+1", "-1", "@x", " bat", "bat ", "은하수", "a:b", "a,b", "a\n", "x" * 65, ""])
def test_a_batch_is_not_called_what_a_payout_file_can_t_say(batch_id: str) -> None:
    asked = {"act_id": "a", "programme_id": PROGRAMME, "month": MONTH, "method": "bank"}

    with pytest.raises(ValidationError) as told:
        Prepare().load({**asked, "batch_id": batch_id})
    assert list(told.value.args[0]) == ["batch_id"]
    assert Prepare().load({**asked, "batch_id": "bat-2027.01_a"})


def test_an_officer_of_one_district_prepares_nothing_for_the_whole_city() -> None:
    office = a_pay_office(district=District(None, None, "광주광역시"))
    office.worked(1)
    local = Actor("officer-7", frozenset({"officer"}), TENANT, frozenset({"29200"}))

    for touch in (
        lambda: office.prepares(actor=local),
        lambda: office.batches.listed(local, programme_id=PROGRAMME),
        lambda: office.balance.check(local, programme_id=PROGRAMME),
        lambda: office.allowance.listed(local, programme_id=PROGRAMME, month=MONTH),
    ):
        with pytest.raises(Refused, match="other_district"):
            touch()
    assert office.prepares()["people"] == 1


@pytest.mark.parametrize("roles", [{"operator"}, {"host"}, {"resident"}])
def test_no_other_role_makes_other_eyes_of_the_same_ones(roles: set[str]) -> None:
    office = a_pay_office()
    office.worked(1)
    office.prepares()

    with pytest.raises(Refused, match="role_not_allowed"):
        office.approves(actor=Actor(OFFICER.subject, frozenset(roles), TENANT))
    with pytest.raises(Refused, match="four_eyes_needed"):
        office.approves(actor=Actor(OFFICER.subject, frozenset({"officer", *roles}), TENANT))


def test_a_cap_that_changes_after_gathering_changes_no_row_and_shows_what_is_too_much() -> None:
    office = a_pay_office()
    office.worked(1)
    office.prepares()
    rows = office.limits.rows
    office.limits = replace(office.limits, rows=tuple(replace(row, value=CAP // 100) for row in rows))
    office.on(office.database)
    office.worked(1, day="2026-12-02")

    assert (office.month_of(1).held_back, office.month_of(1).to_recover) == (41_280 - 5_834, 20_640 - 5_834)
    office.approves()
    office.files_it()
    assert office.reads(office.answer())["paid"] == 20_640
    assert office.balance.check(OFFICER, programme_id=PROGRAMME)["balanced"]
    with pytest.raises(Refused, match="nothing_to_pay"):
        office.prepares("bat-2")
