"""Start, find and stop the town from a command.

    town = ensure_up(state_dir(), say=...)       # the running one, or a new one, ready
    os.environ.update(town.environment())        # now this process can talk to it
    bring_down(state_dir(), say=...)

Chaos starts its own in a folder of its own: `launch(folder, own_servers=True)`.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from deploy.broker import BrokerNode, ensure_installed
from deploy.database import EmbeddedDatabase
from deploy.pids import PATIENCE, Process, start_in_own_group
from deploy.processes import table
from deploy.running import ROOT, Running

Say = Callable[[str], None]


class NotUp(Exception):
    """The town did not become ready; the message says why and where to read more."""


def running(state: Path) -> Running | None:
    """Return the town that runs under a state folder; what a dead supervisor left behind does not count."""
    found = Running.read(state)
    return found if found is not None and found.alive else None


def launch(
    state: Path,
    *,
    say: Say,
    replicas: Mapping[str, int] | None = None,
    http_port: int | None = None,
    own_servers: bool = False,
    environment: Mapping[str, str] | None = None,
) -> Process:
    """Start a supervisor in the background and return it at once; see `wait_until_ready`.

    Installs RabbitMQ when needed and allowed; raises NotInstalled with the exact command otherwise, ValueError for a
    replica count that makes no sense. `environment` is added to our own.
    """
    table().with_replicas(replicas or {})
    if own_servers or not os.environ.get("SIPBUN_AMQP_URL"):
        ensure_installed(say)
    command = [sys.executable, "-m", "deploy.supervisor"]
    for name, count in (replicas or {}).items():
        command += ["--replicas", f"{name}={count}"]
    if http_port is not None:
        command += ["--http-port", str(http_port)]
    if own_servers:
        command.append("--own-servers")
    # A supervisor that failed leaves its reason behind; it must not be read as the new one's.
    before = Running.read(state)
    if before is not None and before.state == "failed" and not before.alive:
        (state / "run.json").unlink(missing_ok=True)
    started = start_in_own_group(
        command,
        log=state / "log" / "supervisor.log",
        environment={
            **os.environ,
            **(environment or {}),
            "SIPBUN_STATE_DIR": str(state),
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
        },
        folder=ROOT,
    )
    return Process.of(started.pid)


def wait_until_ready(state: Path, supervisor: Process, *, say: Say, seconds: float = 180.0) -> Running:
    """Wait until every process was ready once, telling each event; raises NotUp when that does not happen."""
    end = time.monotonic() + seconds
    events = follow_events(state, supervisor)
    while True:
        for event in events:
            if event is None:
                break
            say(sentence(event))
        found = Running.read(state)
        ours = found is not None and found.supervisor == supervisor
        if found is not None and ours and found.state == "ready":
            return found
        if not supervisor.alive:
            other = started_by_another(state, supervisor)
            if other is not None:
                # Two callers started at once: this one's supervisor found the door locked and went.
                supervisor, events = other, follow_events(state, other)
                continue
            why = found.error if found is not None and ours else ""
            raise NotUp(why or f"the supervisor ended; see {state / 'log' / 'supervisor.log'}")
        if time.monotonic() >= end:
            waiting = [one for one in found.processes if one.state != "ready"] if found is not None else []
            named = ", ".join(f"{one.name} ({one.state}, {one.restarts} restarts, log {one.log})" for one in waiting)
            raise NotUp(f"not ready after {seconds:.0f} s: {named or 'the supervisor says nothing'}")
        time.sleep(0.1)


def started_by_another(state: Path, ours: Process, seconds: float = 3.0) -> Process | None:
    """Return the living supervisor that took the lock before ours did, once it has left its record."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = running(state)
        if found is not None and found.supervisor != ours:
            return found.supervisor
        if found is None and Running.read(state) is not None:
            # There is a record and nobody alive behind it: ours failed by itself.
            return None
        time.sleep(0.1)
    return None


def ensure_up(state: Path, *, say: Say, seconds: float = 180.0, **how: Any) -> Running:
    """Return the running town, ready; start it when none runs. `how` goes to `launch`. Raises NotUp, NotInstalled."""
    found = running(state)
    if found is not None and found.state == "ready":
        return found
    supervisor = found.supervisor if found is not None else launch(state, say=say, **how)
    try:
        return wait_until_ready(state, supervisor, say=say, seconds=seconds)
    except NotUp:
        if found is None:
            bring_down(state, say=say, only=supervisor)
        raise


def bring_down(state: Path, *, say: Say, only: Process | None = None) -> bool:
    """Stop the town and everything a shot supervisor may have left; return whether there was anything to stop.

    With `only`, a town that another supervisor keeps is left alone.
    """
    found = Running.read(state)
    if only is not None and found is not None and found.alive and found.supervisor != only:
        return False
    stopped = False
    if found is not None and found.alive:
        say("멈추는 중입니다 (stopping) ...")
        # Its own patience with processes, then with servers, and some more for itself.
        found.supervisor.end(patience=3 * PATIENCE)
        stopped = True
    left = Running.read(state)
    for one in reversed(left.processes if left is not None else ()):
        if one.alive and one.process is not None and not one.server:
            say(f"남은 프로세스를 멈춥니다 (stopping a left-over process): {one.name} {one.process.pid}")
            one.process.end()
            stopped = True
    for server in (BrokerNode(state / "rabbitmq"), EmbeddedDatabase(state / "database")):
        if server.running:
            say(f"남은 서버를 멈춥니다 (stopping a left-over server): {server.folder.name}")
            server.stop()
            stopped = True
    (state / "run.json").unlink(missing_ok=True)
    return stopped


def follow_events(state: Path, supervisor: Process) -> Iterator[dict[str, Any] | None]:
    """Yield the events of one supervisor from its start, and None whenever there is nothing new."""
    log = state / "log" / "supervisor.jsonl"
    while not log.exists():
        yield None
    with log.open(encoding="utf-8") as lines:
        ours = False
        kept = ""
        while True:
            kept += lines.readline()
            if not kept.endswith("\n"):
                yield None
                continue
            event: dict[str, Any] = json.loads(kept)
            kept = ""
            if event["what"] == "up":
                ours = event["pid"] == supervisor.pid
            elif ours:
                yield event


def sentence(event: Mapping[str, Any]) -> str:
    """Say an event of the supervisor in one line, Korean first."""
    name = event.get("process", "")
    match event["what"]:
        case "started":
            return f"시작 {name} (started, pid {event['pid']})"
        case "ready":
            return f"준비됨 {name} (ready)"
        case "not ready":
            return f"응답 없음 {name} (not ready)"
        case "died":
            how = event.get("error") or event.get("signal") or f"status {event.get('status', '?')}"
            again = f"{event['restart_in_s']:g}초 뒤 다시 시작 (restart no. {event['restarts']})"
            return f"죽음 {name} (died: {how}); {again}"
        case "step done":
            return f"마침 {name} (done in {event['seconds']} s)"
        case "step failed":
            return f"실패 {name} (failed, try {event['attempt']})"
        case "shot":
            return f"강제 종료 {name} (SIGKILL after 15 s)"
        case "town ready":
            return f"모두 준비됨 (everything ready in {event['seconds']} s)"
        case "failed":
            return f"시작하지 못함 (failed): {event['error']}"
        case what:
            return f"{what} {name}".strip()
