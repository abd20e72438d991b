"""What a bench stands on: a broker node and a database of its own, stages in processes, and who used how much CPU.

    with Bed(folder) as bed:
        url = bed.a_vhost("ours", queues=("statistics.archive",))
        writer = bed.stage("writer", "tests.bench.act_effect:Writer", environment={"SIPBUN_AMQP_URL": url})
        writer.ask("select", first=0, count=100)
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import psutil

from deploy.broker import BrokerNode
from deploy.database import EmbeddedDatabase
from deploy.management import Management
from deploy.pids import Process, start_in_own_group
from deploy.running import ROOT
from shared.auth import make_keys
from shared.messaging import topology
from shared.messaging.wire import connect

#: Seconds a stage may take to get ready: compiling and loading a million points on a busy machine is among it.
READY = 600.0
#: Seconds a command may take.
PATIENCE = 900.0
#: File in a bench's folder: pid and start time of the bench and of everything it started but the two servers.
STARTED = "started"

Say = Callable[[str], None]


class StageFailed(Exception):
    """A part of a side failed; the message is its trace."""


class Stage:
    """One part of one side."""

    def __init__(
        self, folder: Path, sockets: Path, name: str, target: str, *, green: bool, environment: Mapping[str, str], told: Any
    ) -> None:
        self.name = name
        address = str(sockets / secrets.token_hex(4))
        with socket.socket(socket.AF_UNIX) as door:
            door.bind(address)
            door.listen(1)
            started = start_in_own_group(
                [sys.executable, "-m", "tests.bench.stage", address, target, "green" if green else "plain", json.dumps(told)],
                log=folder / "log" / f"{name.replace(' ', '-')}.log",
                environment=environment,
                folder=ROOT,
            )
            self.process = Process.of(started.pid)
            self._watched = psutil.Process(started.pid)
            door.settimeout(1.0)
            until = time.monotonic() + READY
            while True:
                try:
                    self._line, _ = door.accept()
                    break
                except TimeoutError:
                    if not self.process.alive or time.monotonic() > until:
                        raise StageFailed(f"{name} did not start; see {folder / 'log'}") from None
        self._kept = b""

    def wait_ready(self) -> None:
        """Wait until it has built what it needs."""
        self.answer(READY)

    def begin(self, do: str, **how: Any) -> None:
        """Tell it to do something."""
        self._line.sendall(json.dumps({"do": do, "with": how}).encode() + b"\n")

    def answer(self, seconds: float = PATIENCE) -> Any:
        """Return what came of it; raise ``StageFailed``."""
        self._line.settimeout(seconds)
        while b"\n" not in self._kept:
            try:
                got = self._line.recv(1 << 20)
            except TimeoutError:
                raise StageFailed(f"{self.name}: no answer in {seconds:.0f} s") from None
            if not got:
                raise StageFailed(f"{self.name} died")
            self._kept += got
        told, _, self._kept = self._kept.partition(b"\n")
        answer = json.loads(told)
        if "error" in answer:
            raise StageFailed(f"{self.name}:\n{answer['error']}")
        return answer["result"]

    def ask(self, do: str, **how: Any) -> Any:
        """Let it do something and return what came of it."""
        self.begin(do, **how)
        return self.answer()

    def cpu(self) -> float:
        """Return the CPU seconds it has used."""
        return cpu_of(self._watched)

    def memory(self) -> int:
        """Return its resident bytes."""
        return int(self._watched.memory_info().rss)

    def close(self) -> None:
        """End it."""
        self._line.close()
        self.process.end(5)


def cpu_of(process: psutil.Process) -> float:
    """Return the CPU seconds, user and system, of a process and its children."""
    total = 0.0
    for one in [process, *process.children(recursive=True)]:
        try:
            times = one.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total


def end_orphans(state: Path) -> None:
    """End what benches started that were shot themselves; their folders go with it."""
    for folder in state.glob("bench-*"):
        try:
            lines = (folder / STARTED).read_text().splitlines()
        except (FileNotFoundError, NotADirectoryError):
            continue
        bench, *started = [Process(int(pid), float(born)) for pid, born in map(str.split, lines)]
        if bench.alive:
            continue
        for process in started:
            process.signal_group(signal.SIGKILL)
        BrokerNode(folder / "rabbitmq").kill()
        EmbeddedDatabase(folder / "database").kill()
        shutil.rmtree(folder, ignore_errors=True)


class Bed:
    """The private servers and everything started on them; it all ends with the block."""

    def __init__(self, folder: Path, say: Say = lambda _text: None) -> None:
        self.folder = folder
        self.say = say
        self.node = BrokerNode(folder / "rabbitmq")
        self.engine = EmbeddedDatabase(folder / "database")
        self.keys = folder / "keys.json"
        self._sockets = Path()
        self._stages: list[Stage] = []
        self._closing: list[Callable[[], None]] = []

    def __enter__(self) -> Bed:
        """Start both servers."""
        end_orphans(self.folder.parent)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.remember(Process.of(os.getpid()))
        self._sockets = Path(tempfile.mkdtemp(prefix="sipbun-bench-"))
        make_keys(self.keys)
        try:
            self.node.start()
            self.engine.start()
            self.engine.wait_ready()
            self.node.wait_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop everything."""
        self.stop()

    def stop(self) -> None:
        """Stop stages, peers' servers, and ours."""
        self.clear()
        for server in (self.node, self.engine):
            if server.running:
                server.kill()
        shutil.rmtree(self._sockets, ignore_errors=True)
        (self.folder / STARTED).unlink(missing_ok=True)

    def remember(self, process: Process) -> None:
        """Write down a process, so that the next bench ends it if this one is shot; the first is the bench itself."""
        with (self.folder / STARTED).open("a") as out:
            out.write(f"{process.pid} {process.born}\n")

    def clear(self) -> None:
        """End the stages and the peers' servers of one subject."""
        while self._stages:
            self._stages.pop().close()
        while self._closing:
            self._closing.pop()()

    def also_close(self, close: Callable[[], None]) -> None:
        """Call this when the subject is over."""
        self._closing.append(close)

    def a_vhost(self, name: str, queues: Sequence[str] = ()) -> str:
        """Return the address of a fresh virtual host with our exchanges and these queues of the topology."""
        url = self.node.add_vhost(f"{name}-{secrets.token_hex(3)}")
        connection = connect(url, "bench")
        channel = connection.channel()
        for exchange in topology.EXCHANGES:
            channel.exchange_declare(
                exchange.name, exchange.kind, durable=True, auto_delete=False, arguments=dict(exchange.arguments)
            )
        wanted = {"city.parked", topology.RPC_DEAD, *queues, *(f"{queue}.dead" for queue in queues)}
        for one in topology.declarations():
            if one.name in wanted:
                channel.queue_declare(one.name, durable=True, auto_delete=False, arguments=dict(one.arguments))
                for exchange_name, key in one.bindings:
                    channel.queue_bind(one.name, exchange_name, key)
        connection.close()
        return url

    def environment(self, amqp_url: str, prefix: str) -> dict[str, str]:
        """Return what a process of one side is told."""
        mine = {key: value for key, value in os.environ.items() if not key.startswith("SIPBUN_")}
        return mine | {
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
            "NUMBA_CACHE_DIR": os.environ.get("NUMBA_CACHE_DIR") or str(self.folder.parent / "numba"),
            "SIPBUN_STATE_DIR": str(self.folder),
            "SIPBUN_AMQP_URL": amqp_url,
            "SIPBUN_MONGO_URL": self.engine.url,
            "SIPBUN_DB_PREFIX": prefix,
            "SIPBUN_TOKEN_KEYS": str(self.keys),
            "SIPBUN_LOG_LEVEL": "warning",
        }

    def stage(self, name: str, target: str, *, green: bool = False, environment: Mapping[str, str], **told: Any) -> Stage:
        """Start a stage and return it once it is ready."""
        return self.stages([(name, target, green, environment, told)])[0]

    def stages(self, wanted: Sequence[tuple[str, str, bool, Mapping[str, str], dict[str, Any]]]) -> list[Stage]:
        """Start several stages at once; return them, all ready."""
        started = []
        for name, target, green, environment, told in wanted:
            stage = Stage(self.folder, self._sockets, name, target, green=green, environment=environment, told=told)
            self._stages.append(stage)
            self.remember(stage.process)
            started.append(stage)
        for stage in started:
            stage.wait_ready()
        return started

    def servers_cpu(self) -> dict[str, float]:
        """Return the CPU seconds that broker and database have used."""
        return {
            name: cpu_of(psutil.Process(server.process.pid)) if server.process is not None else 0.0
            for name, server in (("broker", self.node), ("database", self.engine))
        }

    @property
    def management(self) -> Management:
        """The broker's management API."""
        return self.node.management


class Watch:
    """CPU seconds of each stage and server over a stretch of time."""

    def __init__(self, bed: Bed, stages: Sequence[Stage]) -> None:
        self._bed = bed
        self._stages = stages
        self.began = time.monotonic()
        self._cpu = self._now()

    def _now(self) -> dict[str, float]:
        told = self._bed.servers_cpu()
        for stage in self._stages:
            # Two writers are one line in the account.
            name = stage.name.split(" ", 1)[-1]
            told[name] = told.get(name, 0.0) + stage.cpu()
        return told

    def end(self) -> dict[str, float]:
        """Return, for each, the share of a core that it used."""
        seconds = max(time.monotonic() - self.began, 1e-6)
        return {name: (used - self._cpu[name]) / seconds for name, used in self._now().items()}
