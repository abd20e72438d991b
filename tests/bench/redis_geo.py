"""Redis with its geo commands: a private server on a free port, nothing kept on disk; and just enough of its protocol."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from deploy.pids import Process, free_port
from tests.bench.postgis import Missing, install

PACKAGES = ("redis-server",)
KEY = "openings"


class Server:
    """One private server."""

    def __init__(self, say: Callable[[str], None]) -> None:
        program: str = install(lambda: shutil.which("redis-server"), PACKAGES, say)
        self._folder = Path(tempfile.mkdtemp(prefix="sipbun-redis-"))
        self.port = free_port()
        started = subprocess.Popen(
            [program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
             "--dir", str(self._folder), "--daemonize", "no"],
            stdin=subprocess.DEVNULL,
            stdout=(self._folder / "log").open("ab"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
        self.process = Process.of(started.pid)
        until = time.monotonic() + 20
        while True:
            try:
                Client(self.port).ask("PING")
                return
            except OSError:
                if not self.process.alive or time.monotonic() > until:
                    self.stop()
                    raise Missing("redis-server did not start") from None
                time.sleep(0.05)

    def stop(self) -> None:
        """Stop it."""
        self.process.end(10)
        shutil.rmtree(self._folder, ignore_errors=True)


class Client:
    """One connection: commands as arrays of bulk strings, answers read whole."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self._socket.makefile("rb")

    def ask(self, *words: str) -> Any:
        """Return the answer to one command."""
        self._socket.sendall(_written(words))
        return self._answer()

    def ask_all(self, commands: Iterable[tuple[str, ...]]) -> None:
        """Send many commands at once, and read their answers."""
        several = list(commands)
        self._socket.sendall(b"".join(map(_written, several)))
        for _ in several:
            self._answer()

    def _answer(self) -> Any:
        line = self._file.readline()
        kind, told = line[:1], line[1:-2]
        if kind == b"*":
            return [self._answer() for _ in range(int(told))]
        if kind == b"$":
            return None if int(told) < 0 else self._file.read(int(told) + 2)[:-2].decode()
        if kind == b":":
            return int(told)
        if kind == b"-":
            raise RuntimeError(told.decode())
        return told.decode()


def _written(words: tuple[str, ...]) -> bytes:
    parts = [b"*%d\r\n" % len(words)]
    for word in words:
        told = word.encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(told), told))
    return b"".join(parts)
