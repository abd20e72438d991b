"""`./sipbun dead-letters`: what was refused, why, and what to do with it: replay with the same id, or drop.

Beside refused messages it lists requests that nobody can answer, and facts that the broker would not take (stuck).
"""

from __future__ import annotations

from typing import Annotated

import typer

from deploy.cli.answer import OK, PROBLEM, AsJson, give
from deploy.cli.console import console
from deploy.cli.waiting import agreed, answered, as_json_of, chosen, in_queue, listed, settle
from deploy.cli.waiting import show as show_letters

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    help="처리 실패함: 목록, 보기, 재처리, 버림 (what was refused: list, show, replay, drop).",
)

Queue = Annotated[
    str | None, typer.Option("--queue", metavar="QUEUE", help="이 대기열만 (only this queue), notifications.letters")
]
Ids = Annotated[list[str] | None, typer.Argument(metavar="ID...", help="id 의 앞 6글자 이상, 또는 메시지 id")]
Everything = Annotated[bool, typer.Option("--all", help="모두 (all of them)")]


@app.command("list", help="처리 실패함에 있는 것을 모두 (everything that was refused). 있으면 끝값 1 (exit 1 if there is any).")
def list_(queue: Queue = None, as_json: AsJson = False) -> None:
    """List what is dead."""
    desk = console(as_json=as_json).dead_letters
    with answered(as_json=as_json):
        letters = in_queue(desk.look(parked=False), queue)
    give(
        {"dead": [as_json_of(letter) for letter in letters], "count": len(letters)},
        as_json=as_json,
        people=listed(
            letters, title=f"처리 실패함 {len(letters)}건 (dead letters)", nothing="처리 실패함이 비어 있습니다 (none)."
        ),
        status=PROBLEM if letters else OK,
    )


@app.command(help="하나를 자세히 (one of them, whole).")
def show(id: Annotated[str, typer.Argument(metavar="ID")], as_json: AsJson = False) -> None:  # noqa: A002
    """Show one, or all that carry the message id."""
    desk = console(as_json=as_json).dead_letters
    with answered(as_json=as_json):
        letters = [letter for letter in desk.show(id) if letter.code != "unbound"]
    show_letters(letters, id, as_json=as_json)


@app.command(help="같은 id 와 내용으로 다시 보낸다 (send again, same id and body).")
def replay(ids: Ids = None, queue: Queue = None, everything: Everything = False, as_json: AsJson = False) -> None:
    """Replay the chosen ones to the queue that refused them."""
    here = console(as_json=as_json)
    with answered(as_json=as_json):
        desk = here.dead_letters
        letters = chosen(desk.look(parked=False), ids or [], queue=queue, everything=everything, as_json=as_json)
        settle(
            here,
            letters,
            lambda names: desk.replay(names, parked=False),
            done=("replayed", "다시 보냈습니다 (replayed)."),
            as_json=as_json,
        )


@app.command(help="버린다: 되돌릴 수 없다 (forget for good). 먼저 묻는다 (asks first).")
def drop(
    ids: Ids = None,
    queue: Queue = None,
    everything: Everything = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="묻지 않는다 (do not ask)")] = False,
    as_json: AsJson = False,
) -> None:
    """Drop the chosen ones."""
    here = console(as_json=as_json)
    with answered(as_json=as_json):
        desk = here.dead_letters
        letters = chosen(desk.look(parked=False), ids or [], queue=queue, everything=everything, as_json=as_json)
        if letters:
            agreed(f"{len(letters)}건을 버릴까요? (drop them?)", yes=yes, as_json=as_json)
        settle(
            here,
            letters,
            lambda names: desk.drop(names, parked=False),
            done=("dropped", "버렸습니다 (dropped)."),
            as_json=as_json,
        )
