"""`./sipbun doctor`: what this machine has and lacks, each line ok or with the command that puts it right."""

import os
import sys
from pathlib import Path

import psutil
import typer
from rich.text import Text

from deploy.cli.answer import OK, AsJson, give
from deploy.machine import MARKS, QUESTIONS, Finding, Question, status_of
from deploy.pids import free_port, is_free
from deploy.running import Running, state_dir
from deploy.server import listens
from deploy.supervisor import HTTP_PORT

app = typer.Typer(add_completion=False)

#: Bytes. All processes with broker and database take about 1 GB.
MEMORY_WANTED = 1_500_000_000


def database(state: Path) -> Finding:
    """The embedded engine, or an address of a MongoDB."""
    if os.environ.get("SIPBUN_MONGO_URL"):
        return Finding("database", "ok", "SIPBUN_MONGO_URL")
    engine = Path(sys.executable).parent / "secantusd-py"
    if engine.exists():
        return Finding("database", "ok", str(engine))
    return Finding("database", "missing", "내장 엔진이 없습니다 (no embedded engine)", f"rm -r {state / 'venv'}")


def ports(state: Path) -> Finding:
    """Free ports for servers and processes."""
    town = Running.read(state)
    if town is not None and town.alive:
        return Finding("ports", "ok", f"켜져 있음 (running): {town.gateway_url}")
    try:
        free_port()
    except OSError as error:
        return Finding("ports", "missing", str(error), "ss -ltnp")
    if is_free(HTTP_PORT):
        return Finding("ports", "ok", f"{HTTP_PORT} 비어 있음 (free)")
    return Finding("ports", "hint", f"{HTTP_PORT} 은 쓰이는 중 (in use); 다른 것을 씁니다", "./sipbun up --http-port 8090")


def port_mapper(_state: Path) -> Finding:
    """Erlang's epmd, shared by all nodes of the machine, or a free port for it."""
    if listens("127.0.0.1", 4369):
        return Finding("epmd", "ok", "4369 에서 대답 (answers)")
    if is_free(4369):
        return Finding("epmd", "ok", "4369 비어 있음: 필요할 때 켭니다 (started when needed)")
    return Finding("epmd", "problem", "4369 을 다른 것이 씁니다 (taken by something else)", "ss -ltnp 'sport = :4369'")


def memory(_state: Path) -> Finding:
    """Room to think."""
    free = psutil.virtual_memory().available
    level = "ok" if free >= MEMORY_WANTED else "problem"
    return Finding("memory", level, f"{free / 1e9:.1f} GB", "" if level == "ok" else "free -m")


#: Asked in this order, after what needs nothing installed.
OF_THE_TOWN: tuple[Question, ...] = (database, ports, port_mapper, memory)

STYLES = {"ok": "green", "hint": "yellow", "problem": "red", "missing": "red"}


@app.command(help="이 컴퓨터에 무엇이 모자라는가 (what this machine lacks): 끝값 0 좋음, 1 문제, 3 없으면 안 되는 것.")
def command(as_json: AsJson = False) -> None:
    """Ask every question and show the answers."""
    state = state_dir()
    findings = [ask(state) for ask in (*QUESTIONS, *OF_THE_TOWN)]
    people = Text()
    for one in findings:
        people.append(f"{MARKS[one.level]} ", style=STYLES[one.level]).append(f"{one.name:<10} ").append(one.found)
        if one.fix:
            people.append(f"\n    -> {one.fix}", style="cyan")
        people.append("\n")
    people.rstrip()
    status = status_of(findings)
    give({"ok": status == OK, "checks": [vars(one) for one in findings]}, as_json=as_json, people=people, status=status)
