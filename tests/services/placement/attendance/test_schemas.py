"""What crosses the door: every fault names its field."""

from __future__ import annotations

from typing import Any

import pytest
from marshmallow import RAISE, Schema, ValidationError

from services.placement.attendance import schemas
from services.placement.attendance.model import Sheet
from tests.services.placement.attendance.office import APPLICATION, FIRST

ACT: dict[str, Any] = {"act_id": "act-1", "attendance_id": FIRST}


@pytest.mark.parametrize(
    ("schema", "asked", "field"),
    [
        (schemas.Witness, {**ACT, "said": "maybe"}, "said"),
        (schemas.Witness, {**ACT, "said": "in", "at": "2026-12-01T10:00:00"}, "at"),
        (schemas.Confirm, {**ACT, "came": "10:00"}, "came"),
        (schemas.Correct, {**ACT, "minutes": "60", "reason": "정정"}, "minutes"),
        (schemas.Correct, {**ACT, "minutes": -1, "reason": "정정"}, "minutes"),
        (schemas.Correct, {**ACT, "minutes": 60, "reason": ""}, "reason"),
        (schemas.Answer, {**ACT, "answer": "yes", "reason": "예"}, "answer"),
        (schemas.Dispute, {**ACT, "text": "가" * 501}, "text"),
        (schemas.Check, {**ACT}, "code"),
        (schemas.Excuse, {"act_id": "act-1", "reason": "진단서"}, "attendance_id"),
        (schemas.SheetsOf, {"opening_id": "opn-1", "shift": -1}, "shift"),
        (schemas.OpenDisputes, {}, "tenant"),
    ],
)
def test_a_fault_names_its_field(schema: type[Schema], asked: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        schema(unknown=RAISE).load(asked)

    assert list(caught.value.messages) == [field]  # type: ignore[arg-type]


def test_a_sheet_is_named_by_its_place_and_its_shift() -> None:
    assert Sheet.id_of(APPLICATION, 1, 0) == FIRST
