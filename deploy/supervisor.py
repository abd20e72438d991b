"""The supervisor: starts servers and processes in order, restarts whatever dies, and says so.

    broker, database  ->  steps (keys, topology)  ->  processes, top of the table first
    SIGTERM: the same way back; whoever has not gone after 15 s is shot, by pid

One thread watches one process (`deploy.keeper`). What happens is told twice: `.sipbun/run.json` is how things are
now (`deploy.running`), `.sipbun/log/supervisor.jsonl` is what happened, a JSON object a line. Each process's own
output is in `.sipbun/log/<name>.log`.

    python -m deploy.supervisor --replicas placement=2
"""

import argparse
import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from deploy.broker import BrokerNode, amqp_answers
from deploy.database import EmbeddedDatabase, mongo_answers
from deploy.keeper import Keeper, Runnable, ServerRun, SpecRun, cut_short, died_of, now, turn_over
from deploy.pids import PATIENCE, Process, claim, free_port, start_in_own_group
from deploy.processes import GATEWAY, MAIL_SINK, Step, Table, table
from deploy.running import ROOT, Kept, Running, state_dir
from shared.auth import make_keys

#: RabbitMQ 3.10 writes the name of a new quorum queue to disk half a second after it declared it; a node shot before
#: that comes back without a leader for the queue. So nobody publishes in the first second of a queue's life.
QUEUES_KEPT_AFTER = 1.0

#: Seconds between looks at how long the logs have grown.
LOGS_CUT_EVERY = 10.0

#: The port where people look first; another one is taken when it is in use.
HTTP_PORT = 8080


#: Servers hold everybody up, so they come back sooner.
SERVER_BACK_OFF = (0.2, 1.0, 2.0, 4.0, 8.0)


class Failed(Exception):
    """The town cannot start; the message is for people."""


class Supervisor:
    """One town under one state folder."""

    def __init__(
        self, state: Path, wanted: Table, *, http_port: int | None = None, only_own_servers: bool = False
    ) -> None:
        """Name folder and table; nothing starts yet.

        `only_own_servers` ignores SIPBUN_AMQP_URL and SIPBUN_MONGO_URL.
        """
        self.state = state
        self.logs = state / "log"
        self.table = wanted
        self.http_port = http_port
        #: Holds the claim on the usual port for as long as this process lives.
        self._claimed: int | None = None
        self.only_own_servers = only_own_servers
        self.stopping = threading.Event()
        self.servers: list[Keeper] = []
        self.keepers: list[Keeper] = []
        self._lock = threading.RLock()
        self._began = time.monotonic()
        self._disowned = False
        networks = os.environ.get("SIPBUN_CALENDAR_NETWORKS", "")
        self.town = Running(supervisor=Process.of(os.getpid()), started_at=now(), calendar_networks=networks)

    # -- telling

    def tell(self, what: str, process: str | None = None, **more: Any) -> None:
        """Add a line to the event log; a full disk stops nobody who tells."""
        line = {"at": now(), "what": what} | ({"process": process} if process else {}) | more
        if self._disowned:
            return
        try:
            with self._lock, (self.logs / "supervisor.jsonl").open("a", encoding="utf-8") as out:
                out.write(json.dumps(line, ensure_ascii=False) + "\n")
        except OSError as error:
            self._complain(f"not told: {line}", error)

    def keep(self, **changed: Any) -> None:
        """Write run.json anew; where the disk is full, the old one stays until the next change."""
        with self._lock:
            processes = tuple(self._kept(one) for one in (*self.servers, *self.keepers))
            self.town = self.town.but(processes=processes, **changed)
            if not self._disowned:
                try:
                    self.town.write(self.state)
                except OSError as error:
                    self._complain("run.json not written", error)

    def _complain(self, what: str, error: OSError) -> None:
        with suppress(OSError):
            print(f"{what}: {error}", file=sys.stderr, flush=True)

    def _cut_logs(self) -> None:
        """Keep every log to a bounded size while its process runs."""
        logs = [run.log for run in (keeper.run_of for keeper in self.keepers) if isinstance(run, SpecRun)]
        for log in (*logs, self.logs / "supervisor.jsonl", *self.state.glob("*/log/console.log")):
            try:
                with self._lock:
                    cut_short(log)
            except OSError as error:
                self._complain(f"{log} not cut", error)

    def _changed(self, _keeper: Keeper) -> None:
        self.keep()

    def _kept(self, keeper: Keeper) -> Kept:
        run = keeper.run_of
        log = run.log if isinstance(run, SpecRun) else run.server.folder / "log" if isinstance(run, ServerRun) else ""
        return Kept(
            name=keeper.called,
            state=keeper.state,
            process=keeper.process,
            port=run.port if isinstance(run, SpecRun) else None,
            metrics_port=run.metrics_port if isinstance(run, SpecRun) else None,
            restarts=keeper.restarts,
            since=keeper.since,
            server=isinstance(run, ServerRun),
            log=str(log),
        )

    # -- the town's life

    def live(self) -> int:
        """Run until `stopping` is set; return the exit status."""
        self.logs.mkdir(parents=True, exist_ok=True)
        with only_one(self.state):
            turn_over(self.logs / "supervisor.jsonl")
            clear_leftovers(self.state, self.tell)
            self.tell("up", pid=os.getpid())
            self.keep()
            try:
                self._start()
                self._stay()
            except Failed as failed:
                self._give_up(str(failed))
                return 1
            except BaseException:
                self._give_up(traceback.format_exc())
                raise
            finally:
                self._stop()
            if self._disowned:
                return 1
            self.tell("down")
            (self.state / "run.json").unlink(missing_ok=True)
        return 0

    def _give_up(self, why: str) -> None:
        self.tell("failed", error=why)
        print(why, file=sys.stderr, flush=True)
        self.keep(error=why)

    def _start(self) -> None:
        self._start_servers()
        keys = Path(os.environ.get("SIPBUN_TOKEN_KEYS") or self.state / "keys" / "tokens.json").resolve()
        make_keys(keys)
        smtp, mail_log = os.environ.get("SIPBUN_SMTP_URL", ""), os.environ.get("SIPBUN_MAIL_LOG", "")
        sink = free_port() if sink_wanted(os.environ) else None
        if sink is None:
            self.table = self.table.without(MAIL_SINK)
        elif any(spec.name == MAIL_SINK for spec in self.table.processes):
            smtp, mail_log = f"smtp://127.0.0.1:{sink}", str(self.state / "mail" / "accepted.log")
        self.keep(token_keys=str(keys), smtp_url=smtp, mail_log=mail_log)
        self.keepers = self._make_keepers({MAIL_SINK: sink, GATEWAY: self._http_port()})
        for step in self.table.steps:
            self._take(step)
        if self.table.steps:
            self.stopping.wait(QUEUES_KEPT_AFTER)
        for keeper in self.keepers:
            if self.stopping.is_set():
                return
            keeper.start()
            self.keep()

    def _start_servers(self) -> None:
        amqp = "" if self.only_own_servers else os.environ.get("SIPBUN_AMQP_URL", "")
        mongo = "" if self.only_own_servers else os.environ.get("SIPBUN_MONGO_URL", "")
        node, engine = BrokerNode(self.state / "rabbitmq"), EmbeddedDatabase(self.state / "database")
        own: list[tuple[str, BrokerNode | EmbeddedDatabase]] = []
        if not amqp:
            own.append(("rabbitmq", node))
        if not mongo:
            own.append(("database", engine))
        self.servers = [self._keeper(name, ServerRun(server), back_off=SERVER_BACK_OFF) for name, server in own]
        for keeper in self.servers:
            keeper.start()
        for keeper in self.servers:
            self._until(keeper.was_ready.is_set, f"{keeper.called}: see {self.state / keeper.called / 'log'}")
        if amqp:
            self._until(lambda: answers_at(amqp), "no AMQP broker answers at SIPBUN_AMQP_URL", seconds=30)
        if mongo:
            self._until(lambda: mongo_answers(mongo), "no database answers at SIPBUN_MONGO_URL", seconds=30)
        self.keep(
            amqp_url=amqp or node.amqp_url,
            amqp_admin_url=os.environ.get("SIPBUN_AMQP_ADMIN_URL", "") if amqp else node.admin_url,
            mongo_url=mongo or engine.url,
            db_prefix=os.environ.get("SIPBUN_DB_PREFIX") or "sipbun_",
        )

    def _until(self, holds: Callable[[], bool], otherwise: str, seconds: float = 90.0) -> None:
        end = time.monotonic() + seconds
        while not holds():
            if self.stopping.wait(0.05):
                raise Failed("told to stop while starting")
            if time.monotonic() >= end:
                raise Failed(f"not ready after {seconds:.0f} s: {otherwise}")

    def _make_keepers(self, doors: Mapping[str, int | None]) -> list[Keeper]:
        environment = self._environment()
        made = []
        for spec in self.table.processes:
            for number in range(1, spec.replicas + 1):
                name = spec.name if spec.replicas == 1 else f"{spec.name}-{number}"
                port = doors.get(spec.name) if number == 1 else None
                run = SpecRun(spec, name, log=self.logs / f"{name}.log", port=port, environment=environment)
                made.append(self._keeper(name, run))
                if spec.name == GATEWAY and number == 1:
                    self.keep(gateway_url=f"http://127.0.0.1:{run.port}")
        return made

    def _environment(self) -> dict[str, str]:
        return (
            dict(os.environ)
            | self.town.environment()
            | {
                "PYTHONPATH": str(ROOT),
                "PYTHONUNBUFFERED": "1",
                "SIPBUN_STATE_DIR": str(self.state),
                "NUMBA_CACHE_DIR": os.environ.get("NUMBA_CACHE_DIR") or str(self.state / "numba"),
            }
        )

    def _http_port(self) -> int | None:
        if self.http_port is not None:
            return self.http_port
        self._claimed = claim(HTTP_PORT)
        return HTTP_PORT if self._claimed is not None else None

    def _take(self, step: Step) -> None:
        """Run a step to its end; a second and third try, since a broker that just woke may still refuse."""
        log = self.logs / f"{step.name}.log"
        for attempt in (1, 2, 3):
            started = time.monotonic()
            run = start_in_own_group(step.command, log=log, environment=self._environment(), folder=ROOT)
            try:
                self._until(partial(ended, run), f"step {step.name}: see {log}", step.patience)
            except Failed:
                os.killpg(run.pid, signal.SIGKILL)
                run.wait()
                raise
            took = round(time.monotonic() - started, 2)
            if run.returncode == 0:
                self.tell("step done", step.name, seconds=took)
                return
            self.tell("step failed", step.name, **died_of(run.returncode), attempt=attempt, seconds=took)
            self.stopping.wait(attempt)
        raise Failed(f"step {step.name} failed; {log} ends with:\n{tail(log)}")

    def _stay(self) -> None:
        cut = time.monotonic()
        while not self.stopping.wait(0.1):
            if time.monotonic() - cut >= LOGS_CUT_EVERY:
                self._cut_logs()
                cut = time.monotonic()
            if not self._is_ours():
                # Its folder was removed or given to another; to go on would be to write into that one's record.
                self._disowned = True
                print("run.json is gone or another's: stepping down", file=sys.stderr, flush=True)
                return
            if self.town.state == "starting" and all(keeper.was_ready.is_set() for keeper in self.keepers):
                self.tell("town ready", seconds=round(time.monotonic() - self._began, 1))
                self.keep(state="ready")

    def _is_ours(self) -> bool:
        kept = Running.read(self.state)
        return kept is not None and kept.supervisor == self.town.supervisor

    def _stop(self) -> None:
        """Stop everything, the last started first; whoever does not go in time is shot."""
        self.stopping.set()
        self.keep(state="failed" if self.town.error else "stopping")
        for keeper in (*self.keepers, *self.servers):
            if keeper.is_alive():
                # A keeper looks at `stopping` at least every few seconds; after this nobody starts anything any more.
                keeper.join(15)
        runs = [keeper.run_of for keeper in reversed(self.keepers) if isinstance(keeper.run_of, SpecRun)]
        for run in runs:
            run.ask_to_stop()
        end = time.monotonic() + PATIENCE
        while any(run.gone() is None for run in runs) and time.monotonic() < end:
            time.sleep(0.05)
        for keeper in reversed(self.keepers):
            if keeper.process is not None and keeper.run_of.gone() is None:
                self.tell("shot", keeper.called, pid=keeper.process.pid)
                keeper.run_of.end()
            keeper.state, keeper.process = "stopped", None
        enders = [threading.Thread(target=keeper.run_of.end) for keeper in self.servers]
        for ender in enders:
            ender.start()
        for ender in enders:
            ender.join()
        for keeper in self.servers:
            keeper.state, keeper.process = "stopped", None
        self.keep()

    def _keeper(self, name: str, run: Runnable, **more: Any) -> Keeper:
        return Keeper(name, run, stopping=self.stopping, changed=self._changed, tell=self.tell, **more)


@contextmanager
def only_one(state: Path) -> Iterator[None]:
    """Hold the town's lock; raises Failed when another supervisor has it."""
    state.mkdir(parents=True, exist_ok=True)
    with (state / "run.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Failed(f"a town already runs in {state}") from None
        yield


def clear_leftovers(state: Path, tell: Callable[..., None]) -> None:
    """End the processes of a supervisor that was shot; its servers are taken over as they are."""
    before = Running.read(state)
    if before is None:
        return
    for left in before.processes:
        if left.alive and left.process is not None and not left.server:
            tell("left over", left.name, pid=left.process.pid)
            left.process.end()


def sink_wanted(environment: Mapping[str, str]) -> bool:
    """Return whether letters go to a sink of our own, which keeps them and delivers none: only when asked for.

    >>> sink_wanted({"SIPBUN_MAIL_SINK": "1"}), sink_wanted({})
    (True, False)
    >>> sink_wanted({"SIPBUN_MAIL_SINK": "1", "SIPBUN_SMTP_URL": "smtp://mail.gwangsan.example"})
    False
    """
    return environment.get("SIPBUN_MAIL_SINK") == "1" and not environment.get("SIPBUN_SMTP_URL")


def ended(run: subprocess.Popen[bytes]) -> bool:
    """Return whether a process has ended."""
    return run.poll() is not None


def answers_at(amqp_url: str) -> bool:
    """Return whether an AMQP broker answers at an address."""
    parts = urlsplit(amqp_url)
    return amqp_answers(parts.hostname or "127.0.0.1", parts.port or 5672)


def tail(log: Path, lines: int = 15) -> str:
    """Return the last lines of a log."""
    try:
        return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return "(empty)"


def main(arguments: Sequence[str]) -> int:
    """Supervise the town of SIPBUN_STATE_DIR until SIGTERM or SIGINT."""
    words = argparse.ArgumentParser(prog="python -m deploy.supervisor")
    words.add_argument("--replicas", action="append", default=[], metavar="NAME=COUNT")
    words.add_argument("--http-port", type=int, default=None)
    words.add_argument("--own-servers", action="store_true", help="ignore SIPBUN_AMQP_URL and SIPBUN_MONGO_URL")
    said = words.parse_args(arguments)
    wanted = table().with_replicas(replicas_from(said.replicas))
    supervisor = Supervisor(state_dir(), wanted, http_port=said.http_port, only_own_servers=said.own_servers)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: supervisor.stopping.set())
    try:
        return supervisor.live()
    except Failed as failed:
        print(failed, file=sys.stderr, flush=True)
        return 1


def replicas_from(words: Sequence[str]) -> dict[str, int]:
    """Parse `placement=2` words; raises ValueError with what is wrong."""
    wanted = {}
    for word in words:
        name, equals, count = word.partition("=")
        if not equals or not count.isdecimal():
            raise ValueError(f"--replicas {word}: write NAME=COUNT, for example placement=2")
        wanted[name] = int(count)
    return wanted


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
