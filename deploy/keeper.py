"""Keeping one process running: start, watch, and after a death wait and start again.

    starting --> ready <--> unready        alive all the while
        ^------- backing off <-- died      1, 2, 4 ... 30 s, from the start again after 30 s of being ready

A keeper keeps a `Runnable`: a private server (`ServerRun`) or a replica of a process of the table (`SpecRun`).
"""

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from deploy.broker import BrokerNode, NotInstalled
from deploy.database import EmbeddedDatabase
from deploy.pids import PATIENCE, Process, free_port, reap, start_in_own_group
from deploy.processes import Spec
from deploy.running import ROOT, http_status
from deploy.server import NotReady, listens, still_listens

#: Seconds before the first, second, ... restart of a process that keeps dying.
BACK_OFF = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)

#: Seconds of being ready after which a death counts as the first one again.
HEALTHY_AFTER = 30.0

#: A server was started by an earlier command perhaps, so nobody can ask how it ended.
UNKNOWN_STATUS = -1000

#: Bytes. A log longer than this is set aside as <name>.log.1, when its process starts and while it runs.
LOG_LIMIT = 20_000_000


class Runnable(Protocol):
    """Something that can be started and that may die."""

    def launch(self) -> Process:
        """Start it."""
        ...

    def gone(self) -> int | None:
        """Return None while it lives, then its exit status (negative: a signal; UNKNOWN_STATUS)."""
        ...

    def ready(self) -> bool:
        """Return whether it takes work."""
        ...

    def end(self) -> None:
        """Make it go."""
        ...


class ServerRun:
    """A private server (broker or database) as the keeper sees it."""

    def __init__(self, server: BrokerNode | EmbeddedDatabase) -> None:
        self.server = server
        self._process: Process | None = None

    def launch(self) -> Process:
        """Start it, or find it running from before."""
        self.server.start()
        process = self.server.process
        if process is None:
            raise NotReady("it died while starting")
        self._process = process
        return process

    def gone(self) -> int | None:
        """Return UNKNOWN_STATUS once it is dead, else None."""
        if self._process is not None and self._process.alive:
            return None
        if self._process is not None:
            reap(self._process.pid)
        return UNKNOWN_STATUS

    def ready(self) -> bool:
        """Return whether it answers."""
        return self.server.answers()

    def end(self) -> None:
        """Stop the very process that was kept, politely: the folder may name somebody else's by now."""
        if self._process is not None:
            self._process.end(PATIENCE)
            if self.server.process is None:
                self.server.stop()


class SpecRun:
    """One replica of one process of the table."""

    def __init__(self, spec: Spec, name: str, *, log: Path, port: int | None, environment: Mapping[str, str]) -> None:
        self.spec = spec
        self.name = name
        self.log = log
        #: A door that was asked for by number stays where it is; others may move when a stranger took the port.
        self.fixed = port is not None
        self.port = port or free_port()
        self.metrics_port = free_port() if spec.door else self.port
        self.environment = environment
        self._started: subprocess.Popen[bytes] | None = None

    def launch(self) -> Process:
        """Start the command in its own session."""
        if not self.fixed and still_listens("127.0.0.1", self.port, 1.0):
            self.port = free_port()
            self.metrics_port = free_port() if self.spec.door else self.port
        own = {"SIPBUN_PROCESS": self.name, "SIPBUN_METRICS_PORT": str(self.metrics_port)}
        if self.spec.door:
            own[self.spec.door] = str(self.port)
        turn_over(self.log)
        self._started = start_in_own_group(
            self.spec.command,
            log=self.log,
            environment={**self.environment, **self.spec.environment, **own},
            folder=ROOT,
        )
        return Process.of(self._started.pid)

    def gone(self) -> int | None:
        """Return the exit status once it is dead (negative: the signal), else None.

        The group it led is shot before its pid is given back, so a master that was killed leaves no worker on the
        port.
        """
        if self._started is None or self._started.returncode is not None:
            return self._started.returncode if self._started else UNKNOWN_STATUS
        try:
            dead = os.waitid(os.P_PID, self._started.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return UNKNOWN_STATUS
        if dead is None:
            return None
        try:
            os.killpg(self._started.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return self._started.wait()
        return self._started.wait()

    def ready(self) -> bool:
        """Return whether it says that it is ready."""
        if self.spec.ready == "tcp":
            return listens("127.0.0.1", self.port)
        return http_status(f"http://127.0.0.1:{self.port}/readyz") == 200

    def ask_to_stop(self) -> None:
        """SIGTERM to the process itself; what it does with its children is its own affair."""
        if self._started is not None and self.gone() is None:
            self._started.terminate()

    def end(self) -> None:
        """Wait what is left of the patience, then shoot the group."""
        if self._started is None or self.gone() is not None:
            return
        os.killpg(self._started.pid, signal.SIGKILL)
        self._started.wait()


class Keeper(threading.Thread):
    """Keeps one process running: start, watch, and after a death wait and start again."""

    def __init__(
        self,
        name: str,
        run: Runnable,
        *,
        stopping: threading.Event,
        changed: Callable[["Keeper"], None],
        tell: Callable[..., None],
        back_off: Sequence[float] = BACK_OFF,
        healthy_after: float = HEALTHY_AFTER,
    ) -> None:
        super().__init__(name=f"keeper of {name}", daemon=True)
        self.called = name
        self.run_of = run
        self.state = "starting"
        self.process: Process | None = None
        self.restarts = 0
        self.since = now()
        self.was_ready = threading.Event()
        self._stopping = stopping
        self._changed = changed
        self._tell = tell
        self._back_off = back_off
        self._healthy_after = healthy_after

    def run(self) -> None:
        """Live until told to stop."""
        deaths_in_a_row = 0
        while not self._stopping.is_set():
            self.process = None
            ready_for = 0.0
            try:
                self.process = self.run_of.launch()
            except (OSError, NotReady, NotInstalled) as error:
                why: dict[str, Any] = {"error": str(error)}
            else:
                self._tell("started", self.called, pid=self.process.pid)
                self._enter("starting")
                status, ready_for = self._watch()
                if status is None:
                    break
                why = {"pid": self.process.pid} | died_of(status)
            deaths_in_a_row = 1 if ready_for >= self._healthy_after else deaths_in_a_row + 1
            pause = self._back_off[min(deaths_in_a_row, len(self._back_off)) - 1]
            self.restarts += 1
            self._tell("died", self.called, **why, restart_in_s=pause, restarts=self.restarts)
            self._enter("backing off")
            self._stopping.wait(pause)

    def _watch(self) -> tuple[int | None, float]:
        """Watch until death (its status) or until told to stop (None); also return for how long it was ready."""
        ready_since: float | None = None
        ask_again = 0.0
        while not self._stopping.is_set():
            status = self.run_of.gone()
            if status is not None:
                return status, time.monotonic() - ready_since if ready_since is not None else 0.0
            if time.monotonic() >= ask_again:
                ready = self.run_of.ready()
                if ready and ready_since is None:
                    ready_since = time.monotonic()
                    self._tell("ready", self.called, pid=self.process.pid if self.process else None)
                    self._enter("ready")
                    self.was_ready.set()
                elif not ready and ready_since is not None and self.run_of.gone() is None:
                    ready_since = None
                    self._tell("not ready", self.called, pid=self.process.pid if self.process else None)
                    self._enter("unready")
                ask_again = time.monotonic() + (0.25 if ready_since is None else 2.0)
            self._stopping.wait(0.1)
        return None, 0.0

    def _enter(self, state: str) -> None:
        self.state = state
        self.since = now()
        self._changed(self)


def died_of(status: int) -> dict[str, Any]:
    """Say an exit status: `{"status": 3}` or `{"signal": "SIGKILL"}`; nothing where it is not known (servers)."""
    if status == UNKNOWN_STATUS:
        return {}
    if status < 0:
        return {"signal": signal.Signals(-status).name}
    return {"status": status}


def now() -> str:
    """The wall clock as RFC 3339 in UTC: these are log lines, no rule reads them."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def turn_over(log: Path) -> None:
    """Set a log aside that has grown too long."""
    if log.exists() and log.stat().st_size > LOG_LIMIT:
        log.replace(log.with_name(log.name + ".1"))


def cut_short(log: Path, limit: int = LOG_LIMIT) -> None:
    """Set aside what a living process has written once it is too long; it goes on writing to the same file.

    Lines written in between are lost, and where the disk has no room for a copy, so is what the log held.
    """
    aside = log.with_name(log.name + ".1")
    try:
        if log.stat().st_size <= limit:
            return
    except OSError:
        return
    try:
        shutil.copyfile(log, aside)
    except OSError:
        aside.unlink(missing_ok=True)
    # It was opened to append, so the next line is written at the beginning.
    os.truncate(log, 0)
