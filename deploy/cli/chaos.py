"""`./sipbun chaos`: real processes are shot while people work, and nothing may be lost.

    jobs      places are filled
    office    residents race for rooms, while facilities write into calendars of their own
    pay       places are given and worked, officers pay by batches, and a bank keeps its own book

It starts a town of its own under `.sipbun/chaos-<id>/`, with its own broker node, database and mail server, whatever
addresses the environment names. Everything it started ends with it.
"""

import shutil
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Protocol

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from deploy.broker import NotInstalled
from deploy.cli.answer import MISSING, OK, PROBLEM, AsJson, aside, fail, give
from deploy.town import NotUp
from tests.chaos.load import NeverAnswered
from tests.chaos.office.asking import WANTS
from tests.chaos.office.run import run as run_office
from tests.chaos.pay.run import run as run_pay
from tests.chaos.pay.run import steps_for
from tests.chaos.run import run
from tests.chaos.world import new_folder

app = typer.Typer(add_completion=False)

#: Complaints shown; the rest is counted.
SHOWN = 12


class Scenario(StrEnum):
    """What people do meanwhile."""

    jobs = "jobs"
    office = "office"
    pay = "pay"


#: How often somebody dies unless told.
KILLS = {Scenario.jobs: 4, Scenario.office: 8, Scenario.pay: 8}
#: How many people there are unless told.
RESIDENTS = {Scenario.jobs: 0, Scenario.office: 200, Scenario.pay: 60}
#: What a person is shown of each.
FIGURES = {
    Scenario.jobs: ("fills", "kills", "lost", "duplicated", "dead", "drained_seconds", "asked_again", "mails", "seconds"),
    Scenario.office: (
        "attempts",
        "confirmed",
        "refused",
        "displaced",
        "kills",
        "overlaps",
        "ledger_unbalanced",
        "calendar_differs",
        "lost",
        "duplicated",
        "dead",
        "left",
        "drained_seconds",
        "asked_again",
        "letters",
        "seconds",
    ),
    Scenario.pay: (
        "attempts",
        "placements",
        "lines",
        "batches",
        "paid_won",
        "kills",
        "unbalanced",
        "paid_twice",
        "over_filled",
        "overlapping",
        "four_eyes_broken",
        "lost",
        "duplicated",
        "dead",
        "left",
        "drained_seconds",
        "asked_again",
        "letters",
        "seconds",
    ),
}
#: Figures that must be 0.
BAD = frozenset(
    (
        *("overlaps", "ledger_unbalanced", "calendar_differs"),
        *("unbalanced", "paid_twice", "over_filled", "overlapping", "four_eyes_broken"),
        *("lost", "duplicated", "dead", "left"),
    )
)


class Outcome(Protocol):
    """What a run of any scenario found."""

    @property
    def passed(self) -> bool:
        """Whether all was well."""

    def as_json(self) -> dict[str, Any]:
        """What `--json` prints."""

    def complaints(self) -> Sequence[str]:
        """What a person should look at first."""

    def story(self) -> Sequence[str]:
        """The first loss, from the start."""


@app.command(
    help="진짜 프로세스를 kill -9 로 쓰러뜨리며 자리를 채우거나(jobs) 방을 다투거나(office) 수당을 지급한다(pay): "
    "잃은 것도 두 번 된 것도 없어야 한다. "
    "(Fill places, race for rooms or pay while real processes are shot: nothing lost, nothing twice.) "
    "끝값 0: 모두 0 이고 60초 안에 가라앉음."
)
def command(
    scenario: Annotated[Scenario, typer.Option(help="무엇을 하는 동안 (what people do)")] = Scenario.jobs,
    fills: Annotated[int, typer.Option(min=1, help="jobs: 채울 자리 수 (openings to fill)")] = 60,
    residents: Annotated[
        int | None,
        typer.Option(min=5, help="주민 수 (how many people); office 200, pay 60", show_default=False),
    ] = None,
    rooms: Annotated[int, typer.Option(min=1, help="office: 방 수 (how many rooms)")] = 20,
    patient: Annotated[
        bool,
        typer.Option(
            "--patient/--hurried",
            help="office, pay: 신청되지 못한 채 잡아 둔 것이 1분 뒤 풀릴 때까지 기다린다 (wait a minute for holds of acts that never came)",
        ),
    ] = True,
    kills: Annotated[
        int | None, typer.Option(min=0, help="kill -9 횟수 (how many); jobs 4, office 8, pay 8", show_default=False)
    ] = None,
    seed: Annotated[int, typer.Option(help="누가 언제 죽는지 (who dies when)")] = 1,
    keep: Annotated[bool, typer.Option("--keep", help="폴더를 남긴다 (keep the folder)")] = False,
    as_json: AsJson = False,
) -> None:
    """Run chaos once and tell what was lost."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end)
    folder = new_folder()
    clean = False
    kills = KILLS[scenario] if kills is None else kills
    residents = RESIDENTS[scenario] if residents is None else residents
    try:
        if scenario is Scenario.office:
            with _progress("물어본 것 (asked)", WANTS * residents) as (note, count):
                outcome: Outcome = run_office(
                    folder,
                    residents=residents,
                    rooms=rooms,
                    kills=kills,
                    seed=seed,
                    patient=patient,
                    note=note,
                    asked=count,
                )
        elif scenario is Scenario.pay:
            with _progress("한 일 (steps)", steps_for(residents)) as (note, count):
                outcome = run_pay(
                    folder, residents=residents, kills=kills, seed=seed, patient=patient, note=note, asked=count
                )
        else:
            with _progress("채워진 자리 (filled)", fills) as (note, count):
                outcome = run(folder, fills=fills, kills=kills, seed=seed, note=note, filled=count)
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
    status = OK if outcome.passed else PROBLEM
    give(told, as_json=as_json, people=_people(told, FIGURES[scenario]), status=status)


def _end(_number: int, _frame: Any) -> None:
    """End through every `finally`, and let nobody disturb that by asking again."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


@contextmanager
def _progress(what: str, total: int) -> Iterator[tuple[Callable[[str], None], Callable[[int], None]]]:
    """Show a bar; give what tells a line of the story, and what tells how far it is."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=aside, transient=True) as progress:
        task = progress.add_task(what, total=total)
        begun = time.monotonic()

        def note(line: str) -> None:
            aside.print(f"{time.monotonic() - begun:6.1f} {line}", markup=False, soft_wrap=True)

        yield note, lambda count: progress.update(task, completed=count)


def _explain(outcome: Outcome, folder: Path) -> None:
    complaints = outcome.complaints()
    for complaint in complaints[:SHOWN]:
        aside.print(f"- {complaint}", style="red", markup=False, soft_wrap=True)
    if len(complaints) > SHOWN:
        aside.print(f"  ... {len(complaints) - SHOWN} more", markup=False)
    for line in outcome.story():
        aside.print(line, markup=False, soft_wrap=True)
    aside.print(f"남겨 둔 폴더 (kept): {folder}", markup=False)


def _people(told: dict[str, Any], names: Sequence[str]) -> Table:
    table = Table(title="쓰러뜨려 보기 (chaos)", title_justify="left", show_header=False)
    for name in names:
        value = told[name]
        text = ", ".join(f"{kind} {count}" for kind, count in value.items()) if isinstance(value, dict) else str(value)
        table.add_row(name, text, style="red" if name in BAD and value else "")
    return table
