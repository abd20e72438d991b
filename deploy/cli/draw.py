"""`./sipbun draw verify FILE.json`: recompute a draw from what is public of it. Works offline; `-` reads standard input.

The file is the answer of `placement_openings.draw` (over HTTP: the opening's draw), all its pages' tickets in a row.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from deploy.cli.answer import OK, PROBLEM, USAGE, AsJson, fail, give
from services.placement.openings.draw import Verdict, ticket_of, verify

app = typer.Typer(add_completion=False, no_args_is_help=True)

#: The one fault that is none: nothing is published yet that could match.
NOT_DRAWN = "not_drawn_yet"
#: What does not match, in words.
WORDS = {
    "not_a_draw": "추첨 자료가 아니거나 빠진 항목이 있습니다 (not a draw, or a field is missing)",
    NOT_DRAWN: "아직 추첨하지 않았습니다. 시드는 마감 뒤에 공개됩니다 (not drawn yet)",
    "seed": "공개된 시드가 미리 약속한 값(seed_hash)과 다릅니다 (the seed is not what was committed)",
    "tickets_missing": "추첨표 수가 지원자 수와 다릅니다. 자료가 여러 쪽이면 추첨표를 모두 이어 주십시오 "
    "(tickets are missing: join those of all pages)",
    "ticket_twice": "같은 추첨표가 두 번 있습니다 (a ticket is there twice)",
    "order": "추첨표의 순서가 시드로 계산한 순서와 다릅니다 (another order than the seed gives)",
    "order_hash": "순서의 해시가 다릅니다 (the order's hash differs)",
    "places": "준 자리와 제안한 자리가 모집 인원이나 제안 횟수보다 많습니다 "
    "(more places given or offered than there are, or than were asked)",
}


@app.callback()
def draws() -> None:
    """추첨을 누구나 다시 계산해 본다 (recompute a draw)."""


@app.command("verify")
def command(
    file: Annotated[str, typer.Argument(metavar="FILE", help="추첨 자료 JSON, `-` 는 표준 입력 (the draw's JSON)")],
    resident: Annotated[
        str | None, typer.Option("--resident", help="내 주민 번호(ID): 내 순번도 본다 (my id: tell my rank too)")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """추첨 결과를 공개된 자료만으로 다시 계산한다 (recompute a draw from public data)."""
    public = _read(file, as_json=as_json)
    verdict = verify(public)
    rank = None if resident is None else _rank(public, resident)
    document = {
        "ok": verdict.ok,
        "opening_id": _whole(str(public["opening_id"])) if public.get("opening_id") is not None else None,
        "candidates": verdict.candidates,
        "faults": list(verdict.faults),
        "rank": rank,
    }
    status = OK if verdict.ok else PROBLEM
    give(document, as_json=as_json, people=_told(verdict, resident, rank), status=status)


def _read(file: str, *, as_json: bool) -> Mapping[str, Any]:
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8-sig")
        public = json.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        fail(
            "unreadable",
            f"{file}: 읽을 수 없습니다 (can't be read): {error}",
            fix="추첨 자료 JSON 파일을 주십시오 (give the draw's JSON file)",
            as_json=as_json,
            status=USAGE,
        )
    if not isinstance(public, dict):
        fail("not_a_draw", WORDS["not_a_draw"], as_json=as_json, status=USAGE)
    return public


def _rank(public: Mapping[str, Any], resident: str) -> int | None:
    ticket, tickets = ticket_of(_whole(str(public.get("opening_id"))), _whole(resident)), public.get("tickets")
    return tickets.index(ticket) + 1 if isinstance(tickets, list) and ticket in tickets else None


def _whole(text: str) -> str:
    """Return a text that can be written: JSON and a terminal can name half of a character."""
    return text.encode(errors="replace").decode()


def _told(verdict: Verdict, resident: str | None, rank: int | None) -> str:
    if verdict.ok:
        told = f"맞습니다: 추첨표 {verdict.candidates}장의 순서를 다시 계산했습니다 (it matches)."
    elif verdict.faults == (NOT_DRAWN,):
        told = WORDS[NOT_DRAWN]
    else:
        told = "맞지 않습니다 (it does not match):\n" + "\n".join(f"  {name}: {WORDS[name]}" for name in verdict.faults)
    if resident is None:
        return told
    mine = f"{rank}번째입니다 (your rank: {rank})" if rank is not None else "추첨표에 없습니다 (not among the tickets)"
    return f"{told}\n{_whole(resident)}: {mine}"
