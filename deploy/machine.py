"""What this machine has and lacks. Standard library only: asked before anything is installed, too.

Each question takes the state folder and gives one line: ok, or the command that puts it right.
"""

import importlib.util
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

from deploy.prepare import MISSING, ROOT, stamped, venv_package

#: Exit statuses: nothing wrong, and something that works badly. `MISSING` is for what nothing runs without.
OK, PROBLEM = 0, 1

#: Bytes. The environment takes 0.7 GB, a day's broker and database some more.
DISK_WANTED = 2_000_000_000

#: Debian's wrapper in /usr/sbin changes user and reads the system's configuration; the script behind it does neither.
SERVER_PLACES = ("/usr/lib/rabbitmq/bin/rabbitmq-server", "/opt/homebrew/sbin/rabbitmq-server")

INSTALL_COMMAND = "apt-get update && apt-get install -y rabbitmq-server"

CHROMIUM_PLACES = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")


#: How each level is shown.
MARKS = {"ok": "✓", "hint": "·", "problem": "!", "missing": "✗"}


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's report."""

    name: str
    #: "ok"; "hint": something works less well; "problem"; "missing": nothing runs without it.
    level: str
    found: str
    fix: str = ""


Question = Callable[[Path], Finding]


def as_root(command: str) -> str:
    """Return the command as the caller has to type it."""
    return command if os.geteuid() == 0 else f"sudo sh -c '{command}'"


def status_of(findings: list[Finding]) -> int:
    """Return the exit status that says how bad it is."""
    levels = {one.level for one in findings}
    return MISSING if "missing" in levels else PROBLEM if "problem" in levels else OK


def python(_state: Path) -> Finding:
    """Python 3.11 or newer."""
    return Finding("python", "ok", f"{sys.version.split()[0]} ({sys.executable})")


def requirements(state: Path) -> Finding:
    """The pinned requirements are installed, or can be."""
    venv = state / "venv"
    if stamped(venv, "requirements.txt"):
        tools = "와 개발 도구 (and tools)" if stamped(venv, "requirements-dev.txt") else ""
        return Finding("venv", "ok", f"{venv}{tools}")
    if venv.exists():
        return Finding("venv", "hint", "requirements.txt 와 다릅니다 (differs)", "./sipbun status")
    if not all(importlib.util.find_spec(needed) for needed in ("ensurepip", "venv")):
        fix = as_root(f"apt-get update && apt-get install -y {venv_package()}")
        return Finding("venv", "missing", f"{sys.executable} 에 venv 가 없습니다 (has no venv)", fix)
    return Finding("venv", "hint", "아직 없습니다; 처음 쓸 때 만듭니다, 몇 분, 0.7 GB (made on first use)", "./sipbun status")


def find_server() -> str | None:
    """Return the path of the rabbitmq-server script, or None where there is none."""
    return next((place for place in SERVER_PLACES if Path(place).exists()), None) or shutil.which("rabbitmq-server")


def rabbitmq(_state: Path) -> Finding:
    """A RabbitMQ to run a private node of, or an address of one."""
    if os.environ.get("SIPBUN_AMQP_URL"):
        return Finding("rabbitmq", "ok", "SIPBUN_AMQP_URL")
    if found := find_server():
        return Finding("rabbitmq", "ok", found)
    if os.geteuid() == 0 and shutil.which("apt-get"):
        return Finding("rabbitmq", "hint", "필요할 때 설치합니다 (installed when needed)", INSTALL_COMMAND)
    return Finding("rabbitmq", "missing", "없습니다 (not installed)", as_root(INSTALL_COMMAND))


def loopback(_state: Path) -> Finding:
    """`localhost` is 127.0.0.1: the private node's name depends on it."""
    try:
        found = sorted({str(one[4][0]) for one in socket.getaddrinfo("localhost", None, socket.AF_INET)})
    except OSError:
        found = []
    if "127.0.0.1" in found:
        return Finding("localhost", "ok", ", ".join(found))
    return Finding("localhost", "missing", "127.0.0.1 이 아닙니다", as_root("echo 127.0.0.1 localhost >> /etc/hosts"))


def chromium(_state: Path) -> Finding:
    """A browser for the browser tests; nothing else needs it."""
    found = next((place for place in CHROMIUM_PLACES if Path(place).exists()), None) or shutil.which("chromium")
    if found:
        return Finding("chromium", "ok", found)
    wanted = "apt-get update && apt-get install -y chromium"
    return Finding("chromium", "hint", "없습니다; 브라우저 검사에만 씁니다 (browser tests only)", as_root(wanted))


def disk(state: Path) -> Finding:
    """Room for what is kept."""
    place = state if state.exists() else ROOT
    free = shutil.disk_usage(place).free
    level = "ok" if free >= DISK_WANTED else "problem"
    return Finding("disk", level, f"{free / 1e9:.1f} GB", "" if level == "ok" else f"du -sh {place}/*")


def writable(state: Path) -> Finding:
    """The state folder can be written."""
    place = state if state.exists() else state.parent
    if os.access(place, os.W_OK):
        return Finding("state", "ok", str(state))
    return Finding("state", "missing", f"{place} 에 쓸 수 없습니다", "SIPBUN_STATE_DIR=$HOME/.sipbun ./sipbun up")


def clock(_state: Path) -> Finding:
    """The clock is not behind the newest file of the checkout, goes forward, and knows Asia/Seoul."""
    try:
        seoul = datetime.now(ZoneInfo("Asia/Seoul"))
    except ZoneInfoNotFoundError:
        return Finding("clock", "problem", "Asia/Seoul 을 모릅니다 (zone unknown)", as_root("apt-get install -y tzdata"))
    newest = max(path.stat().st_mtime for path in (ROOT / "sipbun", ROOT / "requirements.txt"))
    if time.time() < newest - 86_400:
        return Finding("clock", "problem", f"{datetime.now(UTC):%F %T} UTC: 과거입니다 (behind)", "timedatectl")
    return Finding("clock", "ok", f"{seoul:%F %T} KST")


#: What can be asked with nothing installed, in this order.
QUESTIONS: tuple[Question, ...] = (python, requirements, rabbitmq, loopback, writable, disk, clock, chromium)
