"""Processes by identity, and ports that stay free.

A pid alone is not an identity: after a crash the number may belong to somebody else's program. Everything here keeps
the start time beside it and refuses to signal a process whose start time differs.
"""

import contextlib
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

#: Below the kernel's ephemeral range (32768 and up on Linux). A client that keeps connecting to a dead server's port
#: inside that range can be handed the very same port as its own and so connect to itself, after which the server
#: cannot come back.
PORTS = range(20000, 32000)

#: Seconds between SIGTERM and SIGKILL.
PATIENCE = 15.0


@dataclass(frozen=True)
class Process:
    """A process that stays recognisable: pid and start time.

    On Linux the start time is in clock ticks since boot, which no change of the clock can move; elsewhere in seconds
    since the epoch.
    """

    pid: int
    born: float

    @classmethod
    def of(cls, pid: int) -> "Process":
        """Return the identity of a running process; raises ProcessLookupError when it is gone."""
        found = look(pid)
        if found is None:
            raise ProcessLookupError(f"process {pid} is gone")
        return cls(pid=pid, born=found[0])

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Process":
        """Read back what `as_json` wrote."""
        return cls(pid=int(kept["pid"]), born=float(kept["born"]))

    def as_json(self) -> dict[str, Any]:
        """Return `{"pid": int, "born": float}`."""
        return {"pid": self.pid, "born": self.born}

    @property
    def alive(self) -> bool:
        """Whether exactly this process still runs; a zombie does not."""
        found = look(self.pid)
        return found is not None and found[1] and abs(found[0] - self.born) < 1

    def signal(self, number: int) -> None:
        """Send a signal to this process, if it is still the same one."""
        if self.alive:
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                return

    def signal_group(self, number: int) -> None:
        """Send a signal to the process group this process leads, if it leads one."""
        if not self.alive:
            return
        try:
            if os.getpgid(self.pid) == self.pid:
                os.killpg(self.pid, number)
            else:
                os.kill(self.pid, number)
        except ProcessLookupError:
            return

    def wait_gone(self, seconds: float) -> bool:
        """Wait until the process is gone; return whether it is."""
        until = time.monotonic() + seconds
        while self.alive:
            if time.monotonic() >= until:
                return False
            time.sleep(0.02)
        reap(self.pid)
        return True

    def end(self, patience: float = PATIENCE) -> bool:
        """SIGTERM, wait, then SIGKILL its group; return whether it went politely."""
        group = self.group()
        self.signal(signal.SIGTERM)
        polite = self.wait_gone(patience)
        if not polite:
            self.signal_group(signal.SIGKILL)
            self.wait_gone(5)
        # What the leader left behind in its own group (workers of a master that was shot, for example).
        for left in group:
            if left.alive and not left.wait_gone(1):
                left.signal(signal.SIGKILL)
        return polite

    def group(self) -> list["Process"]:
        """Return the other members of the process group that this process leads."""
        try:
            if os.getpgid(self.pid) != self.pid:
                return []
            offspring = psutil.Process(self.pid).children(recursive=True)
        except (psutil.NoSuchProcess, ProcessLookupError):
            return []
        members = []
        for child in offspring:
            try:
                if os.getpgid(child.pid) == self.pid:
                    members.append(Process.of(child.pid))
            except ProcessLookupError:
                continue
        return members


def look(pid: int) -> tuple[float, bool] | None:
    """Return (start time, whether it runs: a zombie does not), or None when there is no such process."""
    try:
        # The name, in brackets, may hold anything; what follows the last bracket is fields from the third on.
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except FileNotFoundError:
        if Path("/proc/self/stat").exists():
            return None
    except ProcessLookupError:
        return None
    else:
        return float(fields[19]), fields[0] not in ("Z", "X")
    try:
        found = psutil.Process(pid)
        return found.create_time(), found.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return None


def reap(pid: int, seconds: float = 5.0) -> None:
    """Collect a dead child so that it does not linger as a zombie; other people's children are left alone.

    A process with threads looks dead some moments before its last thread has let go of its sockets; only then can it
    be collected, so this waits.
    """
    until = time.monotonic() + seconds
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(pid, os.WNOHANG) == (0, 0) and time.monotonic() < until:
            time.sleep(0.02)


def start_in_own_group(
    command: Sequence[str], *, log: Path, environment: Mapping[str, str], folder: Path | None = None
) -> subprocess.Popen[bytes]:
    """Start a command as leader of its own session, so that Ctrl-C at our terminal does not reach it.

    Its output is appended to `log`.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as out:
        return subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            cwd=folder,
            start_new_session=True,
        )


def free_port() -> int:
    """Return a TCP port on 127.0.0.1 that nobody listens on and that no client will be handed by chance."""
    for _ in range(500):
        port = random.choice(PORTS)
        if is_free(port):
            return port
    raise OSError("no free TCP port between 20000 and 32000 on 127.0.0.1")


def claim(port: int) -> int | None:
    """Claim a well-known port among the towns of this machine, as long as this process lives; None when it is taken.

    Two towns that start together would both find it free before either listens. The descriptor that is returned holds
    an abstract socket's name, which the kernel gives to one process and takes back when that process ends.
    """
    if not is_free(port):
        return None
    name = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        name.bind(f"\0sipbun-port-{port}")
    except OSError:
        name.close()
        return None
    return name.detach()


def is_free(port: int) -> bool:
    """Return whether the port can be bound on 127.0.0.1 and on every address."""
    for host in ("127.0.0.1", "0.0.0.0"):  # noqa: S104 - a probe that is closed at once
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                return False
    return True
