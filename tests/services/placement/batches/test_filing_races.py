"""Whoever marks a file as filed, and asks again because no answer came, is told the truth however long a try slept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from services.placement.batches.file import Account
from shared.errors import Refused
from shared.mongo.twin import TwinDatabase
from tests.services.placement.batches.paying import OFFICER, a_pay_office

#: Of a resident who went to another bank meanwhile.
CHANGED = Account("bank", "004", "123456-01-000001", "이별빛")


@pytest.mark.parametrize("account", [CHANGED, None], ids=["another account", "no account"])
def test_a_filing_that_was_refused_is_not_done_later_by_an_earlier_try_that_slept(account: Account | None) -> None:
    database = TwinDatabase("placement")
    office = a_pay_office(database)
    office.worked(1, 2)
    office.prepares()
    office.approves()
    asked = {"act_id": "file", "batch_id": "bat-1", "file_hash": sha256(office.file()).hexdigest()}
    came: list[str] = []

    def meanwhile(what: str) -> None:
        if what == "database batches.update_one" and not came:
            came.append(what)
            office.accounts.special = {"res-2": account}
            with pytest.raises(Refused, match="file_hash_differs" if account else "accounts_missing"):
                office.files.mark_filed(OFFICER, **asked)

    with pytest.raises(Refused, match="file_hash_differs"):
        replace(office).on(database.seen_by(meanwhile)).files.mark_filed(OFFICER, **asked)

    assert came
    assert office.state() == "approved"


def test_a_filing_that_is_done_already_is_told_so_whatever_became_of_the_accounts() -> None:
    office = a_pay_office()
    office.worked(1, 2)
    office.prepares()
    office.approves()
    asked = {"act_id": "file", "batch_id": "bat-1", "file_hash": sha256(office.file()).hexdigest()}
    slow, compose = replace(office), office.accounts.payout
    told: list[dict[str, Any]] = []

    def meanwhile(resident_ids: Sequence[str], **which: Any) -> Mapping[str, Account]:
        office.accounts.payout = compose  # type: ignore[method-assign]
        told.append(office.files.mark_filed(OFFICER, **asked))
        office.accounts.special = {"res-2": CHANGED}
        return compose(resident_ids, **which)

    office.accounts.payout = meanwhile  # type: ignore[method-assign]
    assert slow.files.mark_filed(OFFICER, **asked) == told[0]
    assert office.state() == "filed"
