"""A server of ours in a folder of its own: start, stop, kill -9, restart, wait until it answers.

What must be remembered of it (its port, who runs now) is in one file of the folder, so that a second object on the same
folder, in any process, sees the same server.
"""

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar

from deploy.pids import Process, free_port


class NotReady(Exception):
    """The server did not become ready, or died on the way; the message says where to read why."""


class Server(ABC):
    """One server in one folder. start() and restart() return at once; wait_ready() waits."""

    #: What people call it.
    title: ClassVar[str]
    #: The file in its folder that remembers it.
    memory: ClassVar[str]

    def __init__(self, folder: Path) -> None:
        """Name the folder; nothing is started."""
        self.folder = Path(folder).resolve()

    @property
    def process(self) -> Process | None:
        """The leader of its process group, or None when it does not run."""
        kept = self._kept().get("process")
        if kept is None:
            return None
        process = Process.from_json(kept)
        return process if process.alive else None

    @property
    def running(self) -> bool:
        """Whether its process is alive (ready or not)."""
        return self.process is not None

    def start(self) -> None:
        """Start it unless it runs."""
        if self.running:
            return
        started = self._launch()
        kept = self._kept()
        kept["process"] = Process.of(started.pid).as_json()
        self._keep(kept)

    def wait_ready(self, seconds: float = 90.0) -> None:
        """Wait until it answers; raises NotReady when it dies or takes longer."""
        until = time.monotonic() + seconds
        while not self.answers():
            if not self.running:
                raise NotReady(f"{self.title} exited while starting; see {self.folder / 'log'}")
            if time.monotonic() >= until:
                raise NotReady(f"{self.title} was not ready after {seconds:.0f} s; see {self.folder / 'log'}")
            time.sleep(0.05)

    @abstractmethod
    def answers(self) -> bool:
        """Return whether it answers, within a second or two."""

    def stop(self, patience: float = 15.0) -> None:
        """Stop it politely, by its pid; after `patience` seconds by force."""
        process = self.process
        if process is not None:
            process.end(patience)
        self._forget_process()

    def kill(self) -> None:
        """`kill -9` it, with all its processes, at once."""
        process = self.process
        if process is not None:
            members = process.group()
            process.signal_group(signal.SIGKILL)
            for member in (process, *members):
                member.wait_gone(5)
        self._forget_process()

    def restart(self) -> None:
        """Stop and start; the same ports, the same data."""
        self.stop()
        self.start()

    @abstractmethod
    def _launch(self) -> subprocess.Popen[bytes]:
        """Start its process in a group of its own."""

    def _kept(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads((self.folder / self.memory).read_text())
        except FileNotFoundError:
            return {}
        return found

    def _keep(self, kept: dict[str, Any]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        write_private(self.folder / self.memory, json.dumps(kept, indent=1))

    def _forget_process(self) -> None:
        kept = self._kept()
        if kept.pop("process", None) is not None:
            self._keep(kept)


class ServerOfOnePort(Server):
    """A server with one port on 127.0.0.1, chosen once per folder."""

    @property
    def port(self) -> int:
        """The port."""
        kept = self._kept()
        if "port" not in kept:
            kept["port"] = free_port()
            self._keep(kept)
        return int(kept["port"])

    def _leave_a_taken_port(self) -> None:
        """Choose another port if a stranger listens on ours now."""
        if still_listens("127.0.0.1", self.port):
            self._keep({**self._kept(), "port": free_port()})


def listens(host: str, port: int) -> bool:
    """Return whether somebody accepts connections there."""
    with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=0.5):
        return True
    return False


def still_listens(host: str, port: int, seconds: float = 3.0) -> bool:
    """Return whether somebody accepts connections there and goes on doing so.

    A process shot a moment ago counts as gone while its threads still hold the socket: that passes.
    """
    until = time.monotonic() + seconds
    while listens(host, port):
        if time.monotonic() >= until:
            return True
        time.sleep(0.05)
    return False


def write_private(path: Path, text: str) -> None:
    """Write a file only its owner can read, in one step: a reader sees the old or the new text, never half."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(3)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            out.write(text)
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
