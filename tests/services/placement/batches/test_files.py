"""The payout file and the file that comes back."""

from __future__ import annotations

import base64
import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as running
from hypothesis import strategies as st

from services.placement.batches.file import Account
from services.placement.batches.layouts import Layouts, layout_of
from shared.actors import Actor
from shared.errors import Refused
from tests.services.placement.batches.paying import OFFICER, TENANT, PayOffice, a_pay_office, a_wallet


def an_approved_batch(*residents: int, **changes: Any) -> PayOffice:
    """Return an office with an approved batch."""
    office = a_pay_office()
    office.worked(*(residents or (1, 2)), **changes)
    office.prepares()
    office.approves()
    return office


def a_filed_batch(*residents: int) -> PayOffice:
    """Return an office whose batch is with the bank."""
    office = an_approved_batch(*residents)
    office.files_it()
    return office


def test_the_bank_file_has_a_header_rows_and_a_trailer_in_cp949() -> None:
    content = an_approved_batch(1).file()

    lines = content.decode("cp949").split("\r\n")
    assert lines[0] == "H,bat-1,20270105,0000001,000000000020640"
    assert lines[1].startswith("D,0000001,034,062")
    assert lines[1].endswith(",20640,김은하,12월 참여수당")
    assert "-" not in lines[1].split(",")[3]
    assert lines[2:] == ["T,0000001,000000000020640", ""]


def test_the_local_currency_file_has_titles_and_a_sum() -> None:
    office = a_pay_office()
    office.accounts.special = {"res-1": a_wallet()}
    office.worked(1)
    office.prepares(method="local_currency")
    office.approves()

    assert office.file().decode("cp949") == (
        "순번,지역화폐,충전대상번호,충전금액,적요\r\n"
        "1,gwangju-sangsaeng,GJ-00012345,20640,12월 참여수당\r\n"
        "합계,1,20640,bat-1\r\n"
    )


def test_the_file_comes_in_pages_and_the_same_bytes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.placement.batches.layouts.PAGE_ROWS", 2)
    office = an_approved_batch(1, 2, 3, 4, 5)

    first = office.files.file(OFFICER, batch_id="bat-1")
    assert (first["page"], first["pages"], first["rows"]) == (1, 3, 5)
    assert office.file() == office.files_it() == office.file()


def test_an_account_that_changed_after_filing_is_an_error_and_no_other_file() -> None:
    office = a_filed_batch(1, 2)
    office.accounts.special = {"res-2": Account("bank", "004", "123456-01-000001", "이별빛")}

    with pytest.raises(Refused, match="file_differs"):
        office.file()


def test_only_the_file_as_it_is_now_can_be_marked_as_filed() -> None:
    office = an_approved_batch(1, 2)
    old = sha256(office.file()).hexdigest()
    office.accounts.special = {"res-2": Account("bank", "004", "123456-01-000001", "이별빛")}

    with pytest.raises(Refused, match="file_hash_differs"):
        office.files.mark_filed(OFFICER, act_id="file", batch_id="bat-1", file_hash=old)
    assert office.state() == "approved"


def test_marking_twice_posts_once() -> None:
    office = a_filed_batch(1)
    file_hash = office.all_batches.get("bat-1").file_hash or ""

    office.files.mark_filed(OFFICER, act_id="again", batch_id="bat-1", file_hash=file_hash)
    office.rest()

    assert office.budgets.get("gwangsan:gs-citizen-allowance").paid == 20_640


@pytest.mark.parametrize("holder", ["=cmd()", "이\n별빛", "별빛🙂", "+82"])
def test_what_the_bank_can_t_write_is_refused_by_row_and_column(holder: str) -> None:
    office = an_approved_batch(1)
    office.accounts.special = {"res-1": Account("bank", "004", "123456-01-000001", holder)}

    with pytest.raises(Refused) as refused:
        office.file()
    assert (refused.value.code, refused.value.values) == ("account_unwritable", {"row": 1, "column": "예금주"})


def test_a_value_that_is_too_long_is_never_cut_unless_the_layout_says_so() -> None:
    office = an_approved_batch(1)
    office.accounts.special = {"res-1": Account("bank", "004", "123456-01-000001", "별" * 21)}

    with pytest.raises(Refused, match="account_too_long"):
        office.file()


@given(st.lists(st.integers(min_value=1, max_value=600), min_size=1, max_size=12))
@running(max_examples=25, deadline=None)
def test_control_totals_are_those_of_the_batch(minutes: list[int]) -> None:
    office = a_pay_office(cap=None)
    for number, worked in enumerate(minutes):
        office.worked(number, minutes=worked)
    office.prepares()
    office.approves()

    rows = list(csv.reader(io.StringIO(office.file().decode("cp949"))))
    paid = [int(row[4]) for row in rows if row[0] == "D"]
    batch = office.all_batches.get("bat-1")
    assert rows[0][3:] == rows[-1][1:] == [f"{len(paid):07d}", f"{sum(paid):015d}"]
    assert sum(paid) == batch.won == sum(office.month_of(number).earned for number in range(len(minutes)))


FAULTS = {
    "H,bat-9\r\nD,1,20640,0000\r\nD,2,20640,0000\r\nT,2,41280,0,0\r\n": ("return_of_another_batch", None),
    "H,bat-1\r\nD,1,20640,0000\r\nD,3,20640,0000\r\nT,2,41280,0,0\r\n": ("return_row_unknown", 3),
    "H,bat-1\r\nD,1,20640,0000\r\nD,1,20640,0000\r\nT,2,41280,0,0\r\n": ("return_row_doubled", 3),
    "H,bat-1\r\nD,1,20640,0000\r\nD,2,20641,0000\r\nT,2,41281,0,0\r\n": ("return_won_differs", 3),
    "H,bat-1\r\nD,1,20640,0000\r\nT,1,20640,0,0\r\n": ("return_rows_missing", None),
    "H,bat-1\r\nD,1,20640,0000\r\nD,2,20640,0000\r\nT,2,41281,0,0\r\n": ("return_totals_differ", None),
    "H,bat-1\r\nD,1,20640,0000\r\nD,2,20640,0000\r\nT,1,41280,0,0\r\n": ("return_totals_differ", None),
    "H,bat-1\r\nD,1,20640,\r\nD,2,20640,0000\r\nT,2,41280,0,0\r\n": ("return_code_unknown", 2),
    "H,bat-1\r\nD,일,20640,0000\r\nD,2,20640,0000\r\nT,2,41280,0,0\r\n": ("return_line_malformed", 2),
    "H,bat-1\r\nD,1,-20640,0000\r\nD,2,20640,0000\r\nT,2,41280,0,0\r\n": ("return_line_malformed", 2),
    "H,bat-1\r\nX,1,20640,0000\r\nD,2,20640,0000\r\nT,2,41280,0,0\r\n": ("return_line_malformed", 2),
    "H,bat-1\r\nD,1,20640,0000,9\r\nD,2,20640,0000\r\nT,2,41280,0,0\r\n": ("return_line_malformed", 2),
    "D,1,20640,0000\r\nD,2,20640,0000\r\nT,2,41280,0,0\r\n": ("return_line_malformed", 1),
    "H,bat-1\r\nD,1,20640,0000\r\nD,2,20640,0000\r\n": ("return_line_malformed", 3),
    "": ("return_line_malformed", 1),
}


@pytest.mark.parametrize(("content", "fault"), FAULTS.items())
def test_a_wrong_return_file_is_refused_with_its_line_and_nothing_is_half_done(
    content: str, fault: tuple[str, int | None]
) -> None:
    office = a_filed_batch(1, 2)

    with pytest.raises(Refused) as refused:
        office.reads(content)
    office.rest()

    assert (refused.value.code, refused.value.values.get("line")) == fault
    assert office.state() == "filed"
    assert all(office.month_of(one).paid == 0 for one in (1, 2))
    assert office.reads(office.answer())["state"] == "settled"


def test_bytes_that_are_not_the_bank_s_encoding_name_their_line() -> None:
    office = a_filed_batch(1)

    asked = {"act_id": "read", "batch_id": "bat-1"}

    with pytest.raises(Refused) as refused:
        office.files.read_returns(OFFICER, **asked, content=base64.b64encode(b"H,bat-1\r\nD,1,\xff\xff").decode())
    assert (refused.value.code, refused.value.values["line"]) == ("return_not_readable", 2)
    with pytest.raises(Refused, match="input_invalid"):
        office.files.read_returns(OFFICER, **asked, content="not base64!")


def test_a_long_return_file_is_read_in_parts_and_counts_only_when_the_last_agrees() -> None:
    office = a_filed_batch(1, 2, 3)
    lines = office.answer(failed={3: "0014"}).splitlines(keepends=True)

    first = office.reads("".join(lines[:2]), part=1, last=False)
    assert not first["answered"]
    with pytest.raises(Refused, match="part_out_of_order"):
        office.reads("".join(lines[3:]), part=3, last=True)
    with pytest.raises(Refused) as doubled:
        office.reads("".join([lines[1], *lines[2:]]), part=2, last=True)
    assert (doubled.value.code, doubled.value.values["line"]) == ("return_row_doubled", 3)
    office.rest()
    assert office.month_of(1).paid == 0

    told = office.reads("".join(lines[2:]), part=2, last=True)
    assert (told["paid"], told["returned"], told["state"]) == (41_280, 20_640, "settled")


def test_part_one_begins_anew() -> None:
    office = a_filed_batch(1, 2)
    office.reads("H,bat-1\r\nD,1,20640,0012\r\n", part=1, last=False)

    assert office.reads(office.answer())["paid"] == 41_280


def test_a_return_file_read_twice_counts_once() -> None:
    office = a_filed_batch(1)
    content = office.answer()
    office.reads(content, act_id="read")
    office.reads(content, act_id="read")

    assert office.reads(content)["paid"] == 20_640
    assert office.month_of(1).paid == 20_640
    assert office.all_batches.get("bat-1").reversals == ()


def test_a_file_of_failures_only_leaves_the_others_paid() -> None:
    office = a_pay_office()
    office.accounts.special = {f"res-{one}": a_wallet(f"GJ-0000000{one}") for one in (1, 2)}
    office.worked(1, 2)
    office.prepares(method="local_currency")
    office.approves()
    office.files_it()

    told = office.reads("순번,충전금액,처리결과\r\n2,20640,미가입\r\n합계,1,20640,bat-1\r\n")

    assert (told["paid"], told["returned"]) == (20_640, 20_640)
    assert office.month_of(2).payments[0].reason == "not_a_member"


def a_row(**changes: Any) -> dict[str, Any]:
    """Return a layout as the operator writes it."""
    payout = {"row": [{"name": field, "field": field} for field in ("seq", "number", "won")]}
    returns: dict[str, Any] = {
        "paid": ["ok"],
        "reasons": {"*": "other"},
        "row": [{"name": field, "field": field} for field in ("seq", "won", "result")],
    }
    return {"id": "은하수은행", "method": "bank", "name": "은하수은행", "payout": payout, "returns": returns, **changes}


def test_a_new_bank_is_a_new_row_without_code() -> None:
    layout = layout_of({**a_row(), "encoding": "utf-8", "line_end": "lf", "delimiter": "|"})

    assert (layout.encoding, layout.line_end, layout.delimiter, layout.page_rows) == ("utf-8", "\n", "|", 121)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"method": "cash"}, "method 'cash'"),
        ({"encoding": "klingon"}, "klingon"),
        ({"delimiter": ";;"}, "delimiter"),
        ({"line_end": "cr"}, "cr"),
        ({"payout": {"row": [{"name": "번호", "field": "seq"}]}}, "need the fields"),
        ({"payout": {"row": [{"name": "번호", "field": "iban"}]}}, "field 'iban'"),
        ({"payout": {"row": [{"name": "번호"}]}}, "either field or const"),
        ({"returns": {**a_row()["returns"], "reasons": {"1": "bad_luck"}}}, "reason 'bad_luck'"),
        ({"returns": {**a_row()["returns"], "paid": []}}, "under paid"),
        ({"returns": {**a_row()["returns"], "lists": "some"}}, "lists 'some'"),
    ],
)
def test_a_wrong_layout_names_itself_and_the_fix(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match="은하수은행") as told:
        layout_of({**a_row(), **changes})
    assert why in str(told.value)


def _own_bank(office: PayOffice, **returns: Any) -> None:
    """Let the office know one more bank, whose answers look like this; and let a batch of it be filed."""
    row = a_row(encoding="utf-8")
    own = layout_of({**row, "returns": {**row["returns"], **returns}})
    known = Layouts((own,))
    office.batches = replace(office.batches, layouts=known)
    office.files = replace(office.files, layouts=known)
    office.prepares(layout=own.id)
    office.approves()
    office.files_it()


def test_a_file_of_another_batch_is_known_by_its_references_though_rows_and_won_are_the_same() -> None:
    office = a_pay_office()
    office.worked(1)
    columns = ("seq", "won", "result", "reference")
    _own_bank(office, row=[{"name": field, "field": field} for field in columns])

    with pytest.raises(Refused, match="return_of_another_batch") as refused:
        office.reads("1,20640,ok,bat-9-00001\n")
    assert refused.value.values["line"] == 1
    assert office.reads("1,20640,ok,bat-1-00001\n")["paid"] == 20_640


def test_the_mark_that_spreadsheets_write_before_utf_8_is_read_over() -> None:
    office = a_pay_office()
    office.worked(1)
    _own_bank(office)

    marked = base64.b64encode(b"\xef\xbb\xbf1,20640,ok\n").decode()
    assert office.files.read_returns(OFFICER, act_id="read", batch_id="bat-1", content=marked)["paid"] == 20_640


def test_a_file_of_failures_only_needs_a_control_total() -> None:
    """Whoever is not in it is paid, so a file that was cut off must not look whole."""
    with pytest.raises(ValueError, match="failed_count or failed_sum"):
        layout_of({**a_row(), "returns": {**a_row()["returns"], "lists": "failed"}})


def test_a_file_of_failures_that_was_cut_off_pays_nobody() -> None:
    office = a_pay_office()
    office.accounts.special = {f"res-{one}": a_wallet(f"GJ-0000000{one}") for one in (1, 2)}
    office.worked(1, 2)
    office.prepares(method="local_currency")
    office.approves()
    office.files_it()

    titles, row, total = "순번,충전금액,처리결과\r\n", "2,20640,미가입\r\n", "합계,1,20640,bat-1\r\n"
    for cut in (titles, titles + row, titles + total):
        with pytest.raises(Refused, match="return_"):
            office.reads(cut)
    assert office.state() == "filed"


def test_a_file_without_failures_of_another_batch_pays_nobody() -> None:
    office = a_pay_office()
    office.accounts.special = {"res-1": a_wallet()}
    office.worked(1)
    office.prepares(method="local_currency")
    office.approves()
    office.files_it()

    with pytest.raises(Refused, match="return_of_another_batch"):
        office.reads("순번,충전금액,처리결과\r\n합계,0,0,bat-9\r\n")
    assert office.state() == "filed"


@pytest.mark.parametrize("approved_again_on", ["the same day", "the next day"])
def test_a_file_composed_of_rows_that_changed_before_it_was_sealed_is_never_filed(approved_again_on: str) -> None:
    """Between composing and sealing a row is dropped and the batch approved again: the old file is not the batch's."""
    office = a_pay_office()
    office.worked(1, 2)
    office.prepares()
    office.approves()
    old = sha256(office.file()).hexdigest()
    third = Actor("officer-3", frozenset({"officer"}), TENANT)
    compose = office.accounts.payout

    def meanwhile(resident_ids: Sequence[str], **asked: Any) -> Mapping[str, Account]:
        told = compose(resident_ids, **asked)
        office.accounts.payout = compose  # type: ignore[method-assign]
        office.batches.drop_row(OFFICER, act_id="drop", batch_id="bat-1", pay_month_id=office.month_of(2).id)
        if approved_again_on == "the next day":
            office.clock.move(timedelta(days=1))
        office.approves(actor=third)
        return told

    office.accounts.payout = meanwhile  # type: ignore[method-assign]
    with pytest.raises(Refused, match="file_hash_differs"):
        office.files.mark_filed(OFFICER, act_id="file", batch_id="bat-1", file_hash=old)

    assert (office.state(), office.all_batches.get("bat-1").people) == ("approved", 1)
    office.files_it()
    office.rest()
    assert office.budgets.get("gwangsan:gs-citizen-allowance").paid == 20_640


def test_which_officer_is_shown_the_accounts_is_told_to_who_keeps_the_access_log() -> None:
    office = an_approved_batch(1)
    office.accounts.officers.clear()

    office.file()

    assert office.accounts.officers == [OFFICER.subject]
