"""The embedded database: SecantusDB, a MongoDB-compatible engine on WiredTiger, as its own process.

It is never imported; we speak the MongoDB wire protocol to it. `--sync-on-commit` is what makes an acknowledged write
survive `kill -9`; without it some are lost even when the client asks for the journal.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pymongo
from pymongo.errors import PyMongoError

from deploy.broker import NotReady, listens, still_listens, write_private
from deploy.pids import Process, free_port, start_in_own_group


class EmbeddedDatabase:
    """One engine in one folder: start, stop, kill -9, restart, wait until it answers.

    A second object on the same folder sees the same engine, from any process.
    """

    def __init__(self, folder: Path, *, cache: str = "512M") -> None:
        """Name the folder; nothing is started. `cache` is WiredTiger's."""
        self.folder = Path(folder).resolve()
        self.cache = cache

    @property
    def port(self) -> int:
        """The port on 127.0.0.1, chosen once per folder."""
        kept = self._kept()
        if "port" not in kept:
            kept["port"] = free_port()
            self._keep(kept)
        return int(kept["port"])

    @property
    def url(self) -> str:
        """`mongodb://127.0.0.1:<port>/?directConnection=true`."""
        return f"mongodb://127.0.0.1:{self.port}/?directConnection=true"

    @property
    def process(self) -> Process | None:
        """The engine's process, or None when it does not run."""
        kept = self._kept().get("process")
        if kept is None:
            return None
        process = Process.from_json(kept)
        return process if process.alive else None

    @property
    def running(self) -> bool:
        """Whether the engine's process is alive (ready or not)."""
        return self.process is not None

    def start(self) -> None:
        """Start the engine unless it runs."""
        if self.running:
            return
        kept = self._kept()
        if still_listens("127.0.0.1", self.port):
            kept["port"] = free_port()
            self._keep(kept)
        # An empty file of our own, or a secantusd.toml of the machine or of the working folder would be read.
        configuration = self.folder / "secantusd.toml"
        configuration.parent.mkdir(parents=True, exist_ok=True)
        configuration.write_text("")
        started = start_in_own_group(
            [
                str(Path(sys.executable).parent / "secantusd-py"),
                *("--config", str(configuration)),
                *("--host", "127.0.0.1"),
                *("--port", str(self.port)),
                *("--storage-path", str(self.folder / "data")),
                *("--cache-size", self.cache),
                *("--log-level", "WARNING"),
                "--sync-on-commit",
            ],
            log=self.folder / "log" / "console.log",
            environment=os.environ,
            folder=self.folder,
        )
        kept = self._kept()
        kept["process"] = Process.of(started.pid).as_json()
        self._keep(kept)

    def wait_ready(self, seconds: float = 60.0) -> None:
        """Wait until it answers a ping; raises NotReady when it dies or takes longer."""
        until = time.monotonic() + seconds
        while not self.answers():
            if not self.running:
                raise NotReady(f"the embedded database exited while starting; see {self.folder / 'log'}")
            if time.monotonic() >= until:
                raise NotReady(f"the embedded database was not ready after {seconds:.0f} s; see {self.folder / 'log'}")
            time.sleep(0.05)

    def answers(self) -> bool:
        """Return whether the engine answers a ping within a second."""
        return listens("127.0.0.1", self.port) and mongo_answers(self.url)

    def stop(self, patience: float = 15.0) -> None:
        """Stop the engine politely, by its pid; after `patience` seconds by force."""
        process = self.process
        if process is not None:
            process.end(patience)
        self._forget_process()

    def kill(self) -> None:
        """`kill -9` the engine."""
        process = self.process
        if process is not None:
            process.signal_group(signal.SIGKILL)
            process.wait_gone(5)
        self._forget_process()

    def restart(self) -> None:
        """Stop and start; the same port, the same data."""
        self.stop()
        self.start()

    def _kept(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads((self.folder / "engine.json").read_text())
        except FileNotFoundError:
            return {}
        return found

    def _keep(self, kept: dict[str, Any]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        write_private(self.folder / "engine.json", json.dumps(kept, indent=1))

    def _forget_process(self) -> None:
        kept = self._kept()
        if kept.pop("process", None) is not None:
            self._keep(kept)


def mongo_answers(url: str, seconds: float = 1.0) -> bool:
    """Return whether a MongoDB-compatible server answers a ping."""
    client: pymongo.MongoClient[Any] = pymongo.MongoClient(
        url, serverSelectionTimeoutMS=int(seconds * 1000), connectTimeoutMS=int(seconds * 1000), socketTimeoutMS=2000
    )
    try:
        client.admin.command("ping")
    except PyMongoError:
        return False
    finally:
        client.close()
    return True
