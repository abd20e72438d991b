"""`./sipbun parked`: what nobody listens for yet. Teach a queue its type (shared/events), then replay it."""

from __future__ import annotations

from typing import Annotated

import typer

from deploy.cli.answer import AsJson, give
from deploy.cli.console import console
from deploy.cli.dead_letters import Everything, Ids
from deploy.cli.waiting import answered, as_json_of, chosen, listed, settle
from deploy.cli.waiting import show as show_letters

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    help="보류함: 목록, 보기, 재처리 (what nobody listens for: list, show, replay).",
)


@app.command("list", help="아무도 듣지 않아 보류한 것을 모두 (everything parked). 문제는 아니다 (no problem: exit 0).")
def list_(as_json: AsJson = False) -> None:
    """List what is parked."""
    desk = console(as_json=as_json).dead_letters
    with answered(as_json=as_json):
        letters = desk.look(dead=False)
    give(
        {"parked": [as_json_of(letter) for letter in letters], "count": len(letters)},
        as_json=as_json,
        people=listed(
            letters, title=f"보류함 {len(letters)}건 (parked)", nothing="보류함이 비어 있습니다 (none).", aging=False
        ),
    )


@app.command(help="하나를 자세히 (one of them, whole).")
def show(id: Annotated[str, typer.Argument(metavar="ID")], as_json: AsJson = False) -> None:  # noqa: A002
    """Show one, or all that carry the message id."""
    desk = console(as_json=as_json).dead_letters
    with answered(as_json=as_json):
        letters = [letter for letter in desk.show(id) if letter.code == "unbound"]
    show_letters(letters, id, as_json=as_json)


@app.command(help="다시 알린다; 그래도 듣는 곳이 없으면 되돌아온다 (publish again; still unheard, it comes back).")
def replay(ids: Ids = None, everything: Everything = False, as_json: AsJson = False) -> None:
    """Publish the chosen ones again, with the routing key they came with."""
    here = console(as_json=as_json)
    with answered(as_json=as_json):
        desk = here.dead_letters
        letters = chosen(desk.look(dead=False), ids or [], queue=None, everything=everything, as_json=as_json)
        settle(
            here,
            letters,
            lambda names: desk.replay(names, dead=False),
            done=("replayed", "다시 알렸습니다 (replayed)."),
            as_json=as_json,
        )
