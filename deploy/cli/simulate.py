"""`./sipbun simulate`: the whole town on twins, broken in every way a seed can think of, and asked what it lost."""

from __future__ import annotations

import warnings
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from deploy.cli.answer import OK, PROBLEM, USAGE, AsJson, aside, fail, give

app = typer.Typer(add_completion=False)


@app.command(
    help="가짜 도시를 수없이 무너뜨려 본다 (break a town of twins, many times). 끝값 1: 어긋남을 찾음 (1: a violation)."
)
def command(
    seeds: Annotated[int, typer.Option(min=1, metavar="N", help="몇 개의 도시 (how many towns)")] = 100,
    first: Annotated[int, typer.Option(min=0, metavar="SEED", help="첫 시드 (the first seed)")] = 1,
    fault: Annotated[
        str | None, typer.Option(metavar="NAME", help="심을 결함 (plant a fault, and see it found)")
    ] = None,
    story: Annotated[
        str | None, typer.Option(metavar="NAME", help="한 이야기만: jobs, office, pay (one story; else they take turns)")
    ] = None,
    list_faults: Annotated[bool, typer.Option("--list-faults", help="결함 목록 (the faults there are)")] = False,
    as_json: AsJson = False,
) -> None:
    """Run seed after seed until one breaks an invariant."""
    warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")
    from tests.simulation.faults import BY_NAME, FAULTS  # noqa: PLC0415  (loading a town takes a second)
    from tests.simulation.run import simulate  # noqa: PLC0415
    from tests.simulation.stories import STORIES  # noqa: PLC0415

    if list_faults:
        table = Table("결함 (fault)", "무엇이 잘못되나 (what goes wrong)", "이야기 (story)", "어디 (where)")
        for one in FAULTS:
            table.add_row(one.name, one.what, one.story, one.module)
        give({"faults": [one.name for one in FAULTS]}, as_json=as_json, people=table)
    if fault is not None and fault not in BY_NAME:
        known = ", ".join(BY_NAME)
        fail("fault_unknown", f"그런 결함은 없습니다 (no such fault): {fault}", fix=known, as_json=as_json, status=USAGE)
    if story is not None and story not in STORIES:
        known = ", ".join(STORIES)
        fail("story_unknown", f"그런 이야기는 없습니다 (no such story): {story}", fix=known, as_json=as_json, status=USAGE)
    with Progress(
        TextColumn("도시 (towns)"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=aside
    ) as progress:
        task = progress.add_task("", total=seeds)
        report = simulate(
            seeds,
            first=first,
            fault=None if fault is None else BY_NAME[fault],
            story=story,
            tell=lambda _seed: progress.advance(task),
        )
    give(report.shown(), as_json=as_json, people=_told(report), status=PROBLEM if report.violations else OK)


def _told(report: Any) -> str:
    pace = report.seeds / report.seconds * 60
    if not report.violations:
        return f"도시 {report.seeds}개, 어긋남 없음 (no violation) · {report.seconds:.1f} s · {pace:.0f}/min"
    story = "\n".join(report.story)
    return f"{story}\n시드 {report.seed}: 어긋남 {report.violations}건 (violations in seed {report.seed})"
