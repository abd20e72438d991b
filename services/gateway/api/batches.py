"""Batches of pay (지급 묶음): four eyes, the payout file out, the bank's return file in.

    GET  /v1/batches/<batch_id>/file      the file itself: all its pages fetched and joined before the first byte goes out
    POST /v1/batches/<batch_id>/returns   the bank's file itself: cut at line ends into parts that cross the broker

Neither file is kept here, and neither stands in a log.
"""

from __future__ import annotations

import base64
from hashlib import sha256
from typing import Any

from flask import Response, g, request
from marshmallow import fields, validate

from services.gateway.api.common import Nothing, WhichPage, counted, id_field
from services.gateway.api.rooms import Paged, choice
from services.gateway.api.work import as_file, in_type, lines_in, month
from services.gateway.asking import LONG, act, ask, made
from services.gateway.problems import Problem
from services.gateway.subject import Body, Subject, Told
from shared.errors import Conflict
from shared.events.placement.pay import METHODS, RETURN_REASONS

SERVICE = "placement_batches"
#: Bytes of a return file: some twenty times what a full batch comes back as.
MOST_RETURNED = 4 * 1024 * 1024
#: Bytes of one part of it: as base64 it crosses the broker.
PART_BYTES = 144 * 1024
#: What a browser, a script or a bank's program calls a text file.
FILE_TYPES = ("text/csv", "text/plain", "application/octet-stream", "application/vnd.ms-excel")
#: What the OpenAPI page says of them.
BYTES = {"type": "string", "format": "binary"}
A_FILE = {"required": True, "content": {media: {"schema": BYTES} for media in FILE_TYPES}}
#: What the web calls the encodings that banks use (WHATWG Encoding).
CHARSETS = {"cp949": "euc-kr", "euc_kr": "euc-kr", "utf-8": "utf-8", "utf-8-sig": "utf-8"}
batches = Subject("batches", __name__, description="지급 · batches of pay")


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
    left_out_people = fields.Integer()
    more = fields.Boolean()
    approved_on = fields.String(allow_none=True)
    filed_on = fields.String(allow_none=True)
    answered_on = fields.String(allow_none=True)
    file_hash = fields.String(allow_none=True)
    settling = fields.Boolean()


class Batch(BatchHead):
    left_out = fields.List(fields.Dict(keys=fields.String()), metadata={"description": "빠진 사람과 까닭 · who, and why"})


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
    word = fields.Nested(
        Said,
        allow_none=True,
        metadata={"description": "담당자 한 명이 알린 것; 다른 담당자도 알려야 함 · one officer's word, to be said by another"},
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
        metadata={"description": "false: 다른 담당자도 알려야 함 · another officer has to say it too"}
    )


@batches.asks("POST", "/v1/batches", "지급 묶음 만들기", body=Prepare, told=BatchHead, status=201)
def prepare(body: dict[str, Any]) -> Any:
    """Gather what is due of a month and of earlier ones (officer); a large batch goes on gathering by itself."""
    batch_id = made("bat", body.pop("batch_id", None))
    told = act(SERVICE, "prepare", patience=LONG, batch_id=batch_id, **body)
    return told, 201, {"Location": f"/v1/batches/{batch_id}"}


@batches.asks("GET", "/v1/batches/<batch_id>", "지급 묶음 보기", told=Batch)
def get_batch(batch_id: str) -> Any:
    """Show a batch without its rows, with whom it left out (officer)."""
    return ask(SERVICE, "get", batch_id=batch_id)


@batches.asks("GET", "/v1/programmes/<programme_id>/batches", "지급 묶음 목록", query=WhichBatches, told=Batches)
def list_batches(query: dict[str, Any], programme_id: str) -> Any:
    """List a programme's batches, latest first (officer)."""
    return ask(SERVICE, "list", programme_id=programme_id, **query)


@batches.asks("GET", "/v1/batches/<batch_id>/rows", "지급 내역 보기", query=RowsPage, told=PayoutRows)
def rows(query: dict[str, Any], batch_id: str) -> Any:
    """List a batch's rows in the order of its file (officer)."""
    return ask(SERVICE, "rows", batch_id=batch_id, **query)


@batches.asks(
    "POST", "/v1/batches/<batch_id>/approve", "지급 승인", body=Nothing, body_needed=False, told=BatchState
)
def approve(body: dict[str, Any], batch_id: str) -> Any:
    """Approve a batch: another officer than who prepared or changed it (four eyes)."""
    return act(SERVICE, "approve", batch_id=batch_id, **body)


@batches.asks(
    "POST", "/v1/batches/<batch_id>/cancel", "지급 묶음 취소", body=Nothing, body_needed=False, told=BatchState
)
def cancel(body: dict[str, Any], batch_id: str) -> Any:
    """Call a batch off before its file is given to the bank (officer); what it would have paid is due again."""
    return act(SERVICE, "cancel", batch_id=batch_id, **body)


@batches.asks(
    "POST",
    "/v1/batches/<batch_id>/rows/<pay_month_id>/drop",
    "지급 내역 빼기",
    body=Nothing,
    body_needed=False,
    told=BatchState,
)
def drop_row(body: dict[str, Any], batch_id: str, pay_month_id: str) -> Any:
    """Take one month of pay out of a batch (officer); it is due again, and the batch needs approval anew."""
    return act(SERVICE, "drop_row", batch_id=batch_id, pay_month_id=pay_month_id, **body)


@batches.asks(
    "POST",
    "/v1/batches/<batch_id>/rows/<pay_month_id>/returned",
    "지급된 내역이 돌아온 것을 알리기",
    body=CameBack,
    told=RowReturned,
)
def return_row(body: dict[str, Any], batch_id: str, pay_month_id: str) -> Any:
    """Say that the bank sent a paid row back, where no return file tells it: two officers, the same reason.

    The first one's word waits (``counts`` false). With the second one's the row is due again and the resident is told.
    """
    return act(SERVICE, "return_row", batch_id=batch_id, pay_month_id=pay_month_id, **body)


@batches.asks(
    "GET", "/v1/batches/<batch_id>/file", "지급 파일 내려받기", described=in_type("text/csv", BYTES)
)
def download(batch_id: str) -> Response:
    """Download the payout file of an approved batch (officer). Its ``ETag`` is the SHA-256 that ``filed`` wants."""
    told = page = ask(SERVICE, "file", patience=LONG, batch_id=batch_id)
    content = _bytes_of(page)
    # Whoever would get half a file could give it to the bank: nothing is sent before the last page is here.
    while page["cursor"] is not None:
        following = ask(SERVICE, "file", patience=LONG, batch_id=batch_id, cursor=page["cursor"])
        if _of_the_same_file(following) != _of_the_same_file(told) or following["page"] != page["page"] + 1:
            raise Conflict("changed_meanwhile", field="batch_id")
        page = following
        content += _bytes_of(page)
    charset = CHARSETS.get(told["encoding"])
    answer = Response(
        content,
        content_type="application/octet-stream" if charset is None else f"text/csv; charset={charset}",
    )
    answer.set_etag(sha256(content).hexdigest())
    return as_file(answer, told["name"])


@batches.asks("POST", "/v1/batches/<batch_id>/filed", "은행에 낸 것을 알리기", body=Filed, told=FiledState)
def mark_filed(body: dict[str, Any], batch_id: str) -> Any:
    """Say that the file with this SHA-256 was given to the bank (officer): its bytes are sealed."""
    return act(SERVICE, "mark_filed", patience=LONG, batch_id=batch_id, **body)


@batches.asks(
    "POST", "/v1/batches/<batch_id>/returns", "결과 파일 올리기", told=Returned, described={"requestBody": A_FILE}
)
def read_returns(batch_id: str) -> Any:
    """Upload the bank's return file as it came (officer): the bytes, in the bank's encoding, 4 MiB at most.

    It counts only when all of it agrees with the batch; what is wrong is told with its line and column. A later file of
    the same batch, in the same layout, tells what came back after it was paid; it may list all rows, or only those.
    """
    if request.mimetype not in FILE_TYPES:
        raise Problem("wrong_content_type", field="Content-Type", expected=", ".join(FILE_TYPES))
    request.max_content_length = MOST_RETURNED
    parts = lines_in(request.get_data(), PART_BYTES)
    if not parts:
        why = "Not a file of lines." if parts is None else "Missing data for required field."
        raise Problem("wrong_input", field="body", why=why)
    told: Any = {}
    for number, part in enumerate(parts, start=1):
        told = ask(
            SERVICE,
            "read_returns",
            patience=LONG,
            # Each part is an act: a repeat of the whole under its key repeats none of them.
            act_id=g.act_id if number == 1 else f"{g.act_id}#{number}",
            batch_id=batch_id,
            content=base64.b64encode(part).decode(),
            part=number,
            last=number == len(parts),
        )
    return told


def _bytes_of(page: dict[str, Any]) -> bytes:
    return base64.b64decode(page["content"])


def _of_the_same_file(page: dict[str, Any]) -> list[Any]:
    return [page[name] for name in ("name", "encoding", "people", "rows", "won", "pages")]
