"""`./sipbun bench`: how fast it is, beside its peers in the same run.

It starts a broker node and a database of its own under `.sipbun/bench-<id>/`, whatever addresses the environment
names, and stops everything it started. PostGIS and Redis are installed with apt when we are root, and run as private
processes; no system service is touched.
"""

import importlib
import os
import platform
import secrets
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Group
from rich.table import Table
from rich.text import Text

from deploy.broker import NotInstalled, ensure_installed
from deploy.cli.answer import MISSING, OK, PROBLEM, USAGE, AsJson, aside, fail, give, say
from deploy.running import state_dir

app = typer.Typer(add_completion=False)

#: In the order in which they run: name -> module of tests/bench.
SUBJECTS = {
    "act-effect": "act_effect",
    "relay": "relay",
    "consumer": "consumer",
    "nearby": "nearby",
    "reach-residents": "reach_residents",
    "bookings": "bookings",
    "idle": "idle",
    "reconcile": "reconcile",
    "statistics": "statistics",
    "settlement": "settlement",
    "rpc": "rpc",
    "latency": "latency",
}


@app.command(
    help="얼마나 빠른가, 같은 자리에서 돌린 다른 것들과 나란히 (how fast, beside its peers in the same run). "
    "끝값 0: 잰 것이 다 나옴, 목표를 못 미쳐도 0 (0 also when a goal is missed: the table says so)."
)
def command(
    quick: Annotated[bool, typer.Option("--quick", help="짧게: 작은 크기로 한두 번씩 (small sizes, one or two rounds)")] = False,
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="NAME", help=f"이것만 (only these): {', '.join(SUBJECTS)}")
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="폴더를 남긴다 (keep the folder and its logs)")] = False,
    as_json: AsJson = False,
) -> None:
    """Run the subjects one after another and tell what was found."""
    wanted = only or list(SUBJECTS)
    unknown = [name for name in wanted if name not in SUBJECTS]
    if unknown:
        fail(
            "subject_unknown",
            f"그런 이름은 없습니다 (no such name): {', '.join(unknown)}",
            fix=", ".join(SUBJECTS),
            as_json=as_json,
            status=USAGE,
        )
    from tests.bench.bed import Bed, StageFailed  # noqa: PLC0415  (the help opens fast)
    from tests.bench.result import Result, Skipped  # noqa: PLC0415

    # SIGTERM ends it as Ctrl-C does: through every `finally`.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    began = time.monotonic()
    folder = state_dir() / f"bench-{secrets.token_hex(3)}"
    found: list[Result] = []
    skipped: list[Skipped] = []
    failed: dict[str, str] = {}
    busy = machine()
    try:
        ensure_installed(say)
        with Bed(folder, say) as bed:
            for name in wanted:
                since = time.monotonic()
                say(f"재는 중 (measuring): {name} ...")
                try:
                    for line in importlib.import_module(f"tests.bench.{SUBJECTS[name]}").run(bed, quick=quick):
                        (skipped if isinstance(line, Skipped) else found).append(line)
                except StageFailed as broken:
                    failed[name] = str(broken)
                    aside.print(f"{name}: {broken}", style="red", markup=False, soft_wrap=True)
                finally:
                    bed.clear()
                say(f"  {name}: {time.monotonic() - since:.0f} s")
    except NotInstalled as missing:
        fail("not_installed", "rabbitmq-server 가 없습니다 (is missing)", fix=str(missing), as_json=as_json, status=MISSING)
    finally:
        if not keep and not failed:
            shutil.rmtree(folder, ignore_errors=True)
    document: dict[str, Any] = {
        "quick": quick,
        "machine": busy,
        "results": [line.as_json() for line in found],
        "skipped": [{"name": line.name, "why": line.why} for line in skipped],
        "failed": failed,
        "seconds": round(time.monotonic() - began, 1),
    }
    give(document, as_json=as_json, people=_people(document), status=PROBLEM if failed else OK)


def machine() -> dict[str, Any]:
    """Say on what it was measured, and how busy that was with other things."""
    return {
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "load_1m": round(os.getloadavg()[0], 1),
    }


def _processor() -> str:
    told = Path("/proc/cpuinfo")
    if not told.exists():
        return platform.processor()
    named = [line.partition(":")[2].strip() for line in told.read_text().splitlines() if line.startswith("model name")]
    return named[0] if named else ""


def _people(document: dict[str, Any]) -> Group:
    """The table, and under it what limits each: how much of a core every part used."""
    named = [f"{line['name']}\n    {line['limits']}" for line in document["results"]]
    return Group(_table(document), Text("무엇이 막나 (what limits)", style="bold"), Text("\n".join(named), style="dim"))


def _table(document: dict[str, Any]) -> Table:
    on = document["machine"]
    table = Table(
        title=f"빠르기 (bench): {on['cores']} cores, Python {on['python']}, load {on['load_1m']}, "
        f"{document['seconds']:.0f} s{', quick' if document['quick'] else ''}",
        title_justify="left",
    )
    for heading, right in (
        ("무엇 (what)", False),
        ("우리 (ours)", True),
        ("상대 (peer)", True),
        ("배 (ratio)", True),
        ("목표 (goal)", True),
    ):
        table.add_column(heading, justify="right" if right else "left", overflow="fold")
    for line in document["results"]:
        met = line["met"]
        table.add_row(
            line["name"],
            f"{line['ours']:,g} {line['unit']}",
            "" if line["peer"] is None else f"{line['peer']:,g} {line['peer_name']}",
            "" if line["ratio"] is None else f"{line['ratio']:.2f}",
            "" if line["goal"] is None else f"{line['goal']} {'✓' if met else '✗'}",
            style="" if met is not False else "red",
        )
    for line in document["skipped"]:
        table.add_row(line["name"], f"건너뜀 (skipped): {line['why']}", style="dim")
    return table


if __name__ == "__main__":
    sys.exit(app())
