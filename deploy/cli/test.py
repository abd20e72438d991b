"""`./sipbun test`: every check a developer and continuous integration run, each timed.

    ruff, mypy, lint-imports      how it is written
    pytest, towns                 what it does, against a private broker and the embedded database
    simulate, chaos, browser      what it survives, and what people see

One after the other, except for ``towns``: tests of whole towns wait for their processes more than they compute, so they run
beside the rest of the tests, on servers of their own, and are shown after them.

Words after `--` go to pytest instead of the whole list: `./sipbun test -- tests/deploy -k broker`.
"""

import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, BinaryIO
from xml.etree import ElementTree

import typer
from rich.table import Table
from rich.text import Text

from deploy.broker import NotInstalled, apt_install, ensure_installed
from deploy.cli.answer import MISSING, OK, PROBLEM, AsJson, fail, give, out, say
from deploy.machine import CHROMIUM_PLACES
from deploy.running import ROOT, state_dir

app = typer.Typer(add_completion=False)

PYTHON = sys.executable
#: Folders whose tests need what is prepared for them alone, or that are commands and no tests.
APART = ("tests/browser", "tests/bench")
#: Tests of real processes, which wait more than they compute.
TOWNS = ("tests/deploy", "tests/flows", "tests/shared/messaging")
#: Checks that start a broker node.
NEED_BROKER = ("pytest", "towns", "chaos", "chaos-office", "chaos-pay", "browser")


@dataclass(frozen=True)
class Check:
    """One command of the list."""

    name: str
    command: tuple[str, ...]
    #: Whether it is pytest, whose figures are counted.
    pytest: bool = False
    #: The check that it runs beside.
    beside: str | None = None


@dataclass(frozen=True)
class Outcome:
    """How a check went."""

    name: str
    status: int
    seconds: float
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    @property
    def ok(self) -> bool:
        """Whether it found nothing wrong."""
        return self.status == OK


def pytest(name: str, *words: str, beside: str | None = None) -> Check:
    """A pytest run whose figures are counted."""
    return Check(name, (PYTHON, "-m", "pytest", "-q", *words), pytest=True, beside=beside)


def checks() -> list[Check]:
    """Return the list, without what this checkout does not have (yet)."""
    tools = Path(PYTHON).parent
    found = [
        Check("ruff", (str(tools / "ruff"), "check", ".")),
        Check("mypy", (str(tools / "mypy"),)),
        Check("lint-imports", (str(tools / "lint-imports"),)),
        pytest("pytest", "tests", *(f"--ignore={name}" for name in (*APART, *TOWNS)), "--durations=10"),
        pytest("towns", *TOWNS, "--durations=10", beside="pytest"),
    ]
    door = (PYTHON, "-m", "deploy.cli")
    if there("deploy.cli.simulate"):
        found.append(Check("simulate", (*door, "simulate", "--seeds", "60")))
    if there("deploy.cli.chaos"):
        found.append(Check("chaos", (*door, "chaos", "--fills", "60", "--kills", "4", "--seed", "7")))
        office = ("--scenario", "office", "--residents", "40", "--rooms", "6", "--kills", "3", "--seed", "7", "--hurried")
        found.append(Check("chaos-office", (*door, "chaos", *office)))
        pay = ("--scenario", "pay", "--residents", "16", "--kills", "3", "--seed", "7", "--hurried")
        found.append(Check("chaos-pay", (*door, "chaos", *pay)))
    if any((ROOT / "tests" / "browser").glob("**/test_*.py")):
        found.append(pytest("browser", "tests/browser"))
    return found


def there(module: str) -> bool:
    """Return whether a module exists."""
    return importlib.util.find_spec(module) is not None


@app.command(
    help="모든 검사 (every check). `--` 뒤의 말은 pytest 에게 (words after `--` go to pytest alone).",
    context_settings={"allow_extra_args": True, "ignore_unknown_options": False},
)
def command(
    context: typer.Context,
    only: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="이것만 (only these): ruff, mypy, lint-imports, pytest, ...")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run the list to its end, whatever fails on the way."""
    wanted = checks()
    if context.args:
        wanted = [pytest("pytest", *context.args)]
    elif only:
        wanted = [check for check in wanted if check.name in only]
        if not wanted:
            fail("usage", f"그런 검사는 없습니다 (no such check): {', '.join(only)}", as_json=as_json, status=2)
    if any(check.name in NEED_BROKER for check in wanted) and not os.environ.get("SIPBUN_AMQP_URL"):
        try:
            ensure_installed(say)
        except NotInstalled as lacking:
            fail("setup_missing", "RabbitMQ 가 없습니다 (is missing)", fix=str(lacking), as_json=as_json, status=MISSING)
    outcomes = take_all(wanted, as_json=as_json)
    passed, failed = sum(one.passed for one in outcomes), sum(one.failed for one in outcomes)
    skipped = sum(one.skipped for one in outcomes)
    broken = [one.name for one in outcomes if not one.ok]
    status = PROBLEM if broken else OK
    if as_json:
        say(summary(outcomes))
        document = {"ok": not broken, "passed": passed, "failed": failed, "skipped": skipped}
        give(document | {"checks": [vars(one) for one in outcomes]}, as_json=True, status=status)
    out.print(summary(outcomes))
    if broken:
        out.print(f"고칠 것 (to be mended): {', '.join(broken)}", style="red")
    # Continuous integration reads this last line. A check that is not pytest counts when it fails, lest a run with
    # something to be mended read as having failed nothing.
    counted = failed + sum(1 for one in outcomes if not one.ok and not one.failed)
    last = f"{passed} passed, {counted} failed" + f", {skipped} skipped" * bool(skipped)
    give({}, as_json=False, people=last, status=status)


def take_all(wanted: Sequence[Check], *, as_json: bool) -> list[Outcome]:
    """Run the checks in this order; one that runs beside another starts with it, and is shown in its turn."""
    outcomes: list[Outcome] = []
    running: dict[str, Taking] = {}
    try:
        for check in wanted:
            if check.name == "browser" and (why := lacks_chromium()):
                head(check)
                say(why)
                outcomes.append(Outcome(check.name, PROBLEM, 0.0, failed=1))
                continue
            running |= {one.name: begin(one, aside=True) for one in wanted if one.beside == check.name}
            if check.name not in running:
                running[check.name] = begin(check, as_json=as_json)
            outcomes.append(end(running[check.name], as_json=as_json))
            del running[check.name]
    finally:
        for left in running.values():
            left.process.terminate()
            left.process.wait()
    return outcomes


@dataclass(frozen=True)
class Taking:
    """A check that runs."""

    check: Check
    process: subprocess.Popen[bytes]
    began: float
    report: Path
    #: What it says, where that is not shown at once.
    said: Path | None


def begin(check: Check, *, as_json: bool = False, aside: bool = False) -> Taking:
    """Start one check; what it says is shown (with ``--json`` on stderr), or kept for later."""
    if not aside:
        head(check)
    log = state_dir() / "log"
    log.mkdir(parents=True, exist_ok=True)
    report, said = log / f"test-{check.name}.xml", log / f"test-{check.name}.log"
    report.unlink(missing_ok=True)
    words: Sequence[str] = (*check.command, f"--junit-xml={report}") if check.pytest else check.command
    # The table at the end stands on stdout; what the checks themselves print is kept in order with it.
    sys.stdout.flush()
    began = time.monotonic()
    if aside:
        with said.open("wb") as kept:
            process = subprocess.Popen(words, cwd=ROOT, stdout=kept, stderr=subprocess.STDOUT)
        return Taking(check, process, began, report, said)
    process = subprocess.Popen(words, cwd=ROOT, stdout=sys.stderr if as_json else None)
    return Taking(check, process, began, report, None)


def end(taking: Taking, *, as_json: bool) -> Outcome:
    """Wait for a check, show what it said meanwhile, and say how it went."""
    if taking.said is not None:
        head(taking.check)
        with taking.said.open("rb") as kept:
            to = sys.stderr.buffer if as_json else sys.stdout.buffer
            while taking.process.poll() is None:
                show(kept, to)
                time.sleep(0.2)
            show(kept, to)
    status = taking.process.wait()
    seconds = round(time.monotonic() - taking.began, 1)
    passed, failed, skipped = figures(taking.report) if taking.check.pytest else (0, 0, 0)
    return Outcome(taking.check.name, status, seconds, passed=passed, failed=failed, skipped=skipped)


def head(check: Check) -> None:
    """Say which check is shown next."""
    say(f"\n── {check.name} " + "─" * max(4, 60 - len(check.name)))


def show(kept: BinaryIO, to: BinaryIO) -> None:
    """Pass on what was said since the last time."""
    to.write(kept.read())
    to.flush()


def figures(report: Path) -> tuple[int, int, int]:
    """Return (passed, failed, skipped) of a JUnit report; errors count as failed, no report as one failure."""
    try:
        suite = next(ElementTree.parse(report).getroot().iter("testsuite"))  # noqa: S314 - pytest's own report
    except (FileNotFoundError, ElementTree.ParseError, StopIteration):
        return 0, 1, 0
    count = {name: int(suite.get(name, "0")) for name in ("tests", "failures", "errors", "skipped")}
    failed = count["failures"] + count["errors"]
    return count["tests"] - failed - count["skipped"], failed, count["skipped"]


def lacks_chromium() -> str:
    """Return why the browser tests cannot run, installing chromium when we may; empty when they can."""
    if any(Path(place).exists() for place in CHROMIUM_PLACES):
        return ""
    fix = "apt-get update && apt-get install -y chromium"
    if os.geteuid() != 0:
        return f"chromium 이 없습니다 (is missing): {fix}"
    say("chromium 을 apt 로 설치합니다 (installing chromium with apt) ...")
    try:
        apt_install("chromium", "fonts-noto-cjk")
    except NotInstalled as failed:
        return str(failed)
    return ""


def summary(outcomes: Sequence[Outcome]) -> Table:
    """The table at the end."""
    table = Table(title="검사 (checks)", title_justify="left")
    for name in ("이름 (name)", "결과 (result)", "초 (s)", "통과 (passed)", "실패 (failed)", "건너뜀 (skipped)"):
        table.add_column(name, justify="left" if "name" in name or "result" in name else "right")
    for one in outcomes:
        result = Text("좋음 (ok)", style="green") if one.ok else Text(f"실패 (status {one.status})", style="red")
        counts = [str(figure or "") for figure in (one.passed, one.failed, one.skipped)]
        table.add_row(one.name, result, f"{one.seconds:.1f}", *counts)
    return table
