"""`./sipbun chaos`: real processes are shot while places are filled, and nothing may be lost.

It starts a town of its own under `.sipbun/chaos-<id>/`, with its own broker node, database and mail server, whatever
addresses the environment names. Everything it started ends with it.
"""

import shutil
import signal
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from deploy.broker import NotInstalled
from deploy.cli.answer import MISSING, OK, PROBLEM, AsJson, aside, fail, give
from deploy.town import NotUp
from tests.chaos.load import NeverAnswered
from tests.chaos.run import Outcome, run
from tests.chaos.world import new_folder

app = typer.Typer(add_completion=False)

#: Complaints shown; the rest is counted.
SHOWN = 12


@app.command(
    help="진짜 프로세스를 kill -9 로 쓰러뜨리며 자리를 채운다: 잃은 것도 두 번 된 것도 없어야 한다. "
    "(Fill places while real processes are shot: nothing lost, nothing twice.) "
    "끝값 0: lost, duplicated, dead 모두 0 이고 60초 안에 가라앉음."
)
def command(
    fills: Annotated[int, typer.Option(min=1, help="채울 자리 수 (openings to fill)")] = 60,
    kills: Annotated[int, typer.Option(min=0, help="kill -9 횟수 (how many)")] = 4,
    seed: Annotated[int, typer.Option(help="누가 언제 죽는지 (who dies when)")] = 1,
    keep: Annotated[bool, typer.Option("--keep", help="폴더를 남긴다 (keep the folder)")] = False,
    as_json: AsJson = False,
) -> None:
    """Run chaos once and tell what was lost."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end)
    folder = new_folder()
    clean = False
    try:
        outcome = _watched(folder, fills=fills, kills=kills, seed=seed)
        clean = outcome.passed
    except KeyboardInterrupt:
        clean = True
        raise
    except NotInstalled as missing:
        clean = True
        fail("not_installed", "rabbitmq-server 가 없습니다 (is missing)", fix=str(missing), as_json=as_json, status=MISSING)
    except (NotUp, NeverAnswered) as away:
        fail("not_up", str(away), fix=f"기록 (logs): {folder / 'log'}", as_json=as_json)
    finally:
        if clean and not keep:
            shutil.rmtree(folder, ignore_errors=True)
    told = outcome.as_json() | {"seed": seed}
    if not outcome.passed or keep:
        told["folder"] = str(folder)
    if not outcome.passed:
        _explain(outcome, folder)
    give(told, as_json=as_json, people=_people(told), status=OK if outcome.passed else PROBLEM)


def _end(_number: int, _frame: Any) -> None:
    """End through every `finally`, and let nobody disturb that by asking again."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _watched(folder: Path, *, fills: int, kills: int, seed: int) -> Outcome:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=aside, transient=True) as progress:
        task = progress.add_task("채워진 자리 (filled)", total=fills)
        begun = time.monotonic()

        def note(what: str) -> None:
            aside.print(f"{time.monotonic() - begun:6.1f} {what}", markup=False, soft_wrap=True)

        return run(
            folder,
            fills=fills,
            kills=kills,
            seed=seed,
            note=note,
            filled=lambda count: progress.update(task, completed=count),
        )


def _explain(outcome: Outcome, folder: Path) -> None:
    complaints = outcome.complaints()
    for complaint in complaints[:SHOWN]:
        aside.print(f"- {complaint}", style="red", markup=False, soft_wrap=True)
    if len(complaints) > SHOWN:
        aside.print(f"  ... {len(complaints) - SHOWN} more", markup=False)
    for line in outcome.story():
        aside.print(line, markup=False, soft_wrap=True)
    aside.print(f"남겨 둔 폴더 (kept): {folder}", markup=False)


def _people(told: dict[str, Any]) -> Table:
    table = Table(title="쓰러뜨려 보기 (chaos)", title_justify="left", show_header=False)
    for name in ("fills", "kills", "lost", "duplicated", "dead", "drained_seconds", "asked_again", "mails", "seconds"):
        value = told[name]
        text = ", ".join(f"{kind} {count}" for kind, count in value.items()) if isinstance(value, dict) else str(value)
        bad = name in ("lost", "duplicated", "dead") and value
        table.add_row(name, text, style="red" if bad else "")
    return table
