"""The embedded database: SecantusDB, a MongoDB-compatible engine on WiredTiger, as its own process.

It is never imported; we speak the MongoDB wire protocol to it. `--sync-on-commit` is what makes an acknowledged write
survive `kill -9`; without it some are lost even when the client asks for the journal.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pymongo
from pymongo.errors import PyMongoError

from deploy.pids import start_in_own_group
from deploy.server import ServerOfOnePort, listens


class EmbeddedDatabase(ServerOfOnePort):
    """One engine in one folder."""

    title = "the embedded database"
    memory = "engine.json"

    def __init__(self, folder: Path, *, cache: str = "512M") -> None:
        """Name the folder; nothing is started. `cache` is WiredTiger's."""
        super().__init__(folder)
        self.cache = cache

    @property
    def url(self) -> str:
        """`mongodb://127.0.0.1:<port>/?directConnection=true`."""
        return f"mongodb://127.0.0.1:{self.port}/?directConnection=true"

    def answers(self) -> bool:
        """Return whether the engine answers a ping within a second."""
        return listens("127.0.0.1", self.port) and mongo_answers(self.url)

    def _launch(self) -> subprocess.Popen[bytes]:
        self._leave_a_taken_port()
        # An empty file of our own, or a secantusd.toml of the machine or of the working folder would be read.
        configuration = self.folder / "secantusd.toml"
        configuration.parent.mkdir(parents=True, exist_ok=True)
        configuration.write_text("")
        return start_in_own_group(
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
