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

from services.gateway.api.batch_shapes import (
    Batch,
    Batches,
    BatchHead,
    BatchState,
    CameBack,
    Filed,
    FiledState,
    PayoutRows,
    Prepare,
    Returned,
    RowReturned,
    RowsPage,
    WhichBatches,
)
from services.gateway.api.common import Nothing
from services.gateway.api.work import as_file, in_type, lines_in
from services.gateway.asking import LONG, act, ask, made
from services.gateway.problems import Problem
from services.gateway.subject import Subject
from shared.errors import Conflict

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
