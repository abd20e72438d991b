"""What is asked and told about batches of pay (지급 묶음), as the OpenAPI page shows it."""

from __future__ import annotations

from marshmallow import fields, validate

from services.gateway.api.common import WhichPage, counted, id_field
from services.gateway.api.rooms import Paged, choice
from services.gateway.api.work import month
from services.gateway.subject import Body, Told
from shared.events.placement.pay import METHODS, RETURN_REASONS


class Prepare(Body):
    batch_id = fields.String(
        validate=validate.Length(1, 64), metadata={"description": "비우면 만들어 줍니다 · made up when absent"}
    )
    programme_id = id_field(example="gwangsan:gs-citizen-allowance")
    month = month(required=True)
    method = choice(*METHODS, required=True, description="은행 또는 지역화폐 · by bank or in local currency")
    layout = fields.String(
        allow_none=True,
        validate=validate.Length(1, 64),
        metadata={"description": "지급 파일의 모양; 비우면 첫째 · of the payout file; the first when absent"},
    )


class Filed(Body):
    file_hash = fields.String(
        required=True,
        validate=validate.Regexp(r"^[0-9a-f]{64}$", error="64 hex characters: the SHA-256 of the file."),
        metadata={"description": "은행에 낸 파일의 SHA-256 · of the file that was given to the bank"},
    )


class CameBack(Body):
    reason = choice(*RETURN_REASONS, required=True, description="은행이 되돌려 보낸 까닭 · why the bank sent it back")


class RowsPage(WhichPage):
    limit = counted(1, 500)


class WhichBatches(RowsPage):
    month = month()
    state = choice("gathering", "prepared", "approved", "filed", "settled", "cancelled")


class BatchState(Told):
    batch_id = fields.String()
    state = fields.String()
    people = fields.Integer()
    lines = fields.Integer()
    won = fields.Integer()


class BatchHead(BatchState):
    programme_id = fields.String()
    district = fields.String()
    month = fields.String()
    month_over_on = fields.String(metadata={"description": "그 달이 지난 첫날 · the first day after the month"})
    before_month_end = fields.Boolean(
        metadata={
            "description": "true: 달이 끝나기 전에 만들어 뒤의 근무는 다음 지급 묶음으로 · "
            "prepared early: what is worked after it waits for another batch"
        }
    )
    method = fields.String()
    layout = fields.String()
    created_at = fields.String()
    preparer = fields.String()
    approver = fields.String(allow_none=True)
    paid = fields.Integer()
    returned = fields.Integer()
    returned_later = fields.Integer(
        metadata={"description": "그 가운데 지급되었다가 돌아온 금액 · of it, won that had been paid"}
    )
    contradicted = fields.Integer(
        metadata={"description": "돌아왔는데 파일은 지급이라 하는 건수 · came back, and a file says paid"}
    )
    left_out_people = fields.Integer()
    more = fields.Boolean()
    approved_on = fields.String(allow_none=True)
    filed_on = fields.String(allow_none=True)
    answered_on = fields.String(allow_none=True)
    file_hash = fields.String(allow_none=True)
    settling = fields.Boolean()


class Doubt(Told):
    batch_id = fields.String()
    row = fields.Integer()
    pay_month_id = fields.String()
    day = fields.String()


class Batch(BatchHead):
    left_out = fields.List(
        fields.Dict(keys=fields.String()),
        metadata={
            "description": "빠진 사람과 까닭: no_account, dispute(그 근무만) · who, and why; dispute: those shifts only"
        },
    )
    ask_the_bank = fields.List(
        fields.Nested(Doubt),
        metadata={
            "description": "은행이 지급과 반송을 둘 다 말한 내역: 은행에 물어볼 때까지 새 지급 묶음에서 빼십시오 · "
            "the bank said both paid and returned: drop it from a new batch until the bank has answered"
        },
    )


class Batches(Paged):
    batches = fields.List(fields.Nested(BatchHead))


class Said(Told):
    reason = fields.String()
    by = fields.String()


class PayoutRow(Told):
    row = fields.Integer()
    resident_id = fields.String()
    pay_month_id = fields.String()
    won = fields.Integer()
    lines = fields.Integer()
    outcome = fields.String(allow_none=True)
    returned_later_on = fields.String(
        allow_none=True, metadata={"description": "지급되었다가 돌아온 날 · the day it came back after it was paid"}
    )
    contradicted_on = fields.String(
        allow_none=True, metadata={"description": "파일이 지급이라 한 날 · the day a file said that it is paid all the same"}
    )
    word = fields.Nested(
        Said,
        allow_none=True,
        metadata={"description": "담당 공무원 한 명이 알린 것; 다른 담당 공무원도 알려야 함 · one officer's word, to be said by another"},
    )


class PayoutRows(Paged):
    batch_id = fields.String()
    rows = fields.List(fields.Nested(PayoutRow))


class FiledState(Told):
    batch_id = fields.String()
    state = fields.String()
    file_hash = fields.String()


class Returned(Told):
    batch_id = fields.String()
    part = fields.Integer()
    answered = fields.Boolean()
    paid = fields.Integer()
    returned = fields.Integer()
    returned_later = fields.Integer(
        metadata={"description": "이 파일로 알게 된, 지급되었다가 돌아온 금액 · won that came back, as this file newly tells"}
    )
    contradicted = fields.Integer(
        metadata={
            "description": "이 파일은 지급이라 하나 이미 돌아온 건수; 아무것도 바꾸지 않음 · "
            "rows that it says are paid though they came back: nothing is changed"
        }
    )
    state = fields.String()


class RowReturned(Told):
    batch_id = fields.String()
    pay_month_id = fields.String()
    reason = fields.String()
    counts = fields.Boolean(
        metadata={"description": "false: 다른 담당 공무원도 알려야 함 · another officer has to say it too"}
    )
