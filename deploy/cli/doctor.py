"""`./sipbun doctor`: what this machine has and lacks, each line ok or with the command that puts it right."""

import os
import shutil
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import psutil
import typer
from rich.text import Text

from deploy.broker import INSTALL_COMMAND, NotInstalled, find_server
from deploy.cli.answer import MISSING, OK, PROBLEM, AsJson, give
from deploy.pids import free_port, is_free
from deploy.prepare import stamped
from deploy.running import ROOT, Running, state_dir
from deploy.server import listens
from deploy.supervisor import HTTP_PORT

app = typer.Typer(add_completion=False)

#: Bytes. The environment takes 0.7 GB, a day's broker and database some more.
DISK_WANTED = 2_000_000_000
#: Bytes. All processes with broker and database take about 1 GB.
MEMORY_WANTED = 1_500_000_000

CHROMIUM_PLACES = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's report."""

    name: str
    #: "ok"; "hint": something works less well; "problem"; "missing": nothing runs without it.
    level: str
    found: str
    fix: str = ""


def as_root(command: str) -> str:
    """Return the command as the caller has to type it."""
    return command if os.geteuid() == 0 else f"sudo sh -c '{command}'"


def python() -> Finding:
    """Python 3.11 or newer."""
    return Finding("python", "ok", f"{sys.version.split()[0]} ({sys.executable})")


def requirements() -> Finding:
    """The pinned requirements are installed."""
    venv = state_dir() / "venv"
    if stamped(venv, "requirements.txt"):
        tools = "와 개발 도구 (and tools)" if stamped(venv, "requirements-dev.txt") else ""
        return Finding("venv", "ok", f"{venv}{tools}")
    return Finding("venv", "hint", "requirements.txt 와 다릅니다 (differs)", "./sipbun status")


def rabbitmq() -> Finding:
    """A RabbitMQ to run a private node of, or an address of one."""
    if os.environ.get("SIPBUN_AMQP_URL"):
        return Finding("rabbitmq", "ok", "SIPBUN_AMQP_URL")
    try:
        return Finding("rabbitmq", "ok", find_server())
    except NotInstalled:
        if os.geteuid() == 0 and shutil.which("apt-get"):
            return Finding("rabbitmq", "hint", "필요할 때 설치합니다 (installed when needed)", INSTALL_COMMAND)
        return Finding("rabbitmq", "missing", "없습니다 (not installed)", as_root(INSTALL_COMMAND))


def database() -> Finding:
    """The embedded engine, or an address of a MongoDB."""
    if os.environ.get("SIPBUN_MONGO_URL"):
        return Finding("database", "ok", "SIPBUN_MONGO_URL")
    engine = Path(sys.executable).parent / "secantusd-py"
    if engine.exists():
        return Finding("database", "ok", str(engine))
    return Finding("database", "missing", "내장 엔진이 없습니다 (no embedded engine)", f"rm -r {state_dir() / 'venv'}")


def loopback() -> Finding:
    """`localhost` is 127.0.0.1: the private node's name depends on it."""
    try:
        found = sorted({str(one[4][0]) for one in socket.getaddrinfo("localhost", None, socket.AF_INET)})
    except OSError:
        found = []
    if "127.0.0.1" in found:
        return Finding("localhost", "ok", ", ".join(found))
    return Finding("localhost", "missing", "127.0.0.1 이 아닙니다", as_root("echo 127.0.0.1 localhost >> /etc/hosts"))


def ports() -> Finding:
    """Free ports for servers and processes."""
    town = Running.read(state_dir())
    if town is not None and town.alive:
        return Finding("ports", "ok", f"켜져 있음 (running): {town.gateway_url}")
    try:
        free_port()
    except OSError as error:
        return Finding("ports", "missing", str(error), "ss -ltnp")
    if is_free(HTTP_PORT):
        return Finding("ports", "ok", f"{HTTP_PORT} 비어 있음 (free)")
    return Finding("ports", "hint", f"{HTTP_PORT} 은 쓰이는 중 (in use); 다른 것을 씁니다", "./sipbun up --http-port 8090")


def port_mapper() -> Finding:
    """Erlang's epmd, shared by all nodes of the machine, or a free port for it."""
    if listens("127.0.0.1", 4369):
        return Finding("epmd", "ok", "4369 에서 대답 (answers)")
    if is_free(4369):
        return Finding("epmd", "ok", "4369 비어 있음: 필요할 때 켭니다 (started when needed)")
    return Finding("epmd", "problem", "4369 을 다른 것이 씁니다 (taken by something else)", "ss -ltnp 'sport = :4369'")


def chromium() -> Finding:
    """A browser for the browser tests; nothing else needs it."""
    found = next((place for place in CHROMIUM_PLACES if Path(place).exists()), None) or shutil.which("chromium")
    if found:
        return Finding("chromium", "ok", found)
    wanted = "apt-get update && apt-get install -y chromium"
    return Finding("chromium", "hint", "없습니다; 브라우저 검사에만 씁니다 (browser tests only)", as_root(wanted))


def disk() -> Finding:
    """Room for what is kept."""
    place = state_dir() if state_dir().exists() else ROOT
    free = shutil.disk_usage(place).free
    level = "ok" if free >= DISK_WANTED else "problem"
    return Finding("disk", level, f"{free / 1e9:.1f} GB", "" if level == "ok" else f"du -sh {place}/*")


def writable() -> Finding:
    """The state folder can be written."""
    place = state_dir() if state_dir().exists() else state_dir().parent
    if os.access(place, os.W_OK):
        return Finding("state", "ok", str(state_dir()))
    return Finding("state", "missing", f"{place} 에 쓸 수 없습니다", "SIPBUN_STATE_DIR=$HOME/.sipbun ./sipbun up")


def memory() -> Finding:
    """Room to think."""
    free = psutil.virtual_memory().available
    level = "ok" if free >= MEMORY_WANTED else "problem"
    return Finding("memory", level, f"{free / 1e9:.1f} GB", "" if level == "ok" else "free -m")


def clock() -> Finding:
    """The clock is not behind the newest file of the checkout, goes forward, and knows Asia/Seoul."""
    try:
        seoul = datetime.now(ZoneInfo("Asia/Seoul"))
    except ZoneInfoNotFoundError:
        return Finding("clock", "problem", "Asia/Seoul 을 모릅니다 (zone unknown)", as_root("apt-get install -y tzdata"))
    newest = max(path.stat().st_mtime for path in (ROOT / "sipbun", ROOT / "requirements.txt"))
    if time.time() < newest - 86_400:
        return Finding("clock", "problem", f"{datetime.now(UTC):%F %T} UTC: 과거입니다 (behind)", "timedatectl")
    return Finding("clock", "ok", f"{seoul:%F %T} KST")


#: Asked in this order.
QUESTIONS: tuple[Callable[[], Finding], ...] = (
    python,
    requirements,
    rabbitmq,
    database,
    loopback,
    ports,
    port_mapper,
    writable,
    disk,
    memory,
    clock,
    chromium,
)

MARKS = {"ok": ("✓", "green"), "hint": ("·", "yellow"), "problem": ("!", "red"), "missing": ("✗", "red")}


@app.command(help="이 컴퓨터에 무엇이 모자라는가 (what this machine lacks): 끝값 0 좋음, 1 문제, 3 없으면 안 되는 것.")
def command(as_json: AsJson = False) -> None:
    """Ask every question and show the answers."""
    findings = [ask() for ask in QUESTIONS]
    levels = {one.level for one in findings}
    people = Text()
    for one in findings:
        mark, style = MARKS[one.level]
        people.append(f"{mark} ", style=style).append(f"{one.name:<10} ").append(one.found)
        if one.fix:
            people.append(f"\n    -> {one.fix}", style="cyan")
        people.append("\n")
    people.rstrip()
    status = MISSING if "missing" in levels else PROBLEM if "problem" in levels else OK
    give({"ok": status == OK, "checks": [vars(one) for one in findings]}, as_json=as_json, people=people, status=status)
