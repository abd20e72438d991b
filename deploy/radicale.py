"""A CalDAV server, Radicale, as its own process: what stands in for a facility's calendar.

The demo, the chaos run and tests talk to it as to any facility's server. It keeps everything in files under its folder,
so it may be killed at any time and started again.
"""

import base64
import http.client
import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from deploy.broker import NotReady, listens, still_listens, write_private
from deploy.pids import Process, free_port, start_in_own_group

#: The only user; every collection is theirs.
USER = "facility"


class Radicale:
    """One server in one folder: start, stop, kill -9, restart, wait until it answers.

    A second object on the same folder sees the same server, from any process. Without a password everybody may do
    everything.
    """

    def __init__(self, folder: Path, port: int | None = None, *, password: str = "") -> None:
        """Name the folder; nothing is started."""
        self.folder = Path(folder).resolve()
        self.password = password
        if port is not None:
            self._keep({**self._kept(), "port": port})

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
        """`http://127.0.0.1:<port>/`."""
        return f"http://127.0.0.1:{self.port}/"

    def calendar(self, name: str) -> str:
        """Return the address of a calendar, whether it is there or not."""
        return f"{self.url}{USER}/{quote(name)}/"

    @property
    def process(self) -> Process | None:
        """The server's process, or None when it does not run."""
        kept = self._kept().get("process")
        if kept is None:
            return None
        process = Process.from_json(kept)
        return process if process.alive else None

    @property
    def running(self) -> bool:
        """Whether the server's process is alive (ready or not)."""
        return self.process is not None

    def start(self) -> None:
        """Start the server unless it runs."""
        if self.running:
            return
        kept = self._kept()
        if still_listens("127.0.0.1", self.port):
            kept["port"] = free_port()
            self._keep(kept)
        self.folder.mkdir(parents=True, exist_ok=True)
        # A file of our own, or one of the machine or of the user would be read.
        configuration = self.folder / "radicale.ini"
        configuration.write_text(self._configuration(), encoding="utf-8")
        if self.password:
            write_private(self.folder / "users", f"{USER}:{self.password}\n")
        started = start_in_own_group(
            [sys.executable, "-m", "radicale", "--config", str(configuration)],
            log=self.folder / "log" / "radicale.log",
            environment=os.environ,
            folder=self.folder,
        )
        kept = self._kept()
        kept["process"] = Process.of(started.pid).as_json()
        self._keep(kept)

    def wait_ready(self, seconds: float = 60.0) -> None:
        """Wait until it answers; raises NotReady when it dies or takes longer."""
        until = time.monotonic() + seconds
        while not self.answers():
            if not self.running:
                raise NotReady(f"Radicale exited while starting; see {self.folder / 'log'}")
            if time.monotonic() >= until:
                raise NotReady(f"Radicale was not ready after {seconds:.0f} s; see {self.folder / 'log'}")
            time.sleep(0.05)

    def answers(self) -> bool:
        """Return whether it answers within two seconds."""
        if not listens("127.0.0.1", self.port):
            return False
        try:
            return self.ask("OPTIONS", self.url, seconds=2)[0] < 500
        except OSError:
            return False

    def make(self, name: str) -> str:
        """Make a calendar, unless it is there; return its address."""
        body = (
            '<?xml version="1.0" encoding="utf-8"?><C:mkcalendar xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">'
            f"<set><prop><displayname>{name}</displayname></prop></set></C:mkcalendar>"
        )
        self.ask("MKCOL", f"{self.url}{USER}/")
        status, _, told = self.ask("MKCALENDAR", self.calendar(name), body.encode(), {"Content-Type": "text/xml"})
        if status != 201 and self.ask("PROPFIND", self.calendar(name), headers={"Depth": "0"})[0] != 207:
            raise OSError(f"MKCALENDAR {name}: {status} {told[:200]!r}")
        return self.calendar(name)

    def ask(
        self, method: str, address: str, body: bytes = b"", headers: Mapping[str, str] | None = None, seconds: float = 20
    ) -> tuple[int, dict[str, str], bytes]:
        """Ask as the facility's own people; return status, headers (names in lower case) and body."""
        told = dict(headers or {})
        if self.password:
            told["Authorization"] = "Basic " + base64.b64encode(f"{USER}:{self.password}".encode()).decode()
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)
        try:
            line.request(method, "/" + address.partition("://")[2].partition("/")[2], body, told)
            answer = line.getresponse()
            return answer.status, {name.lower(): text for name, text in answer.getheaders()}, answer.read()
        except http.client.HTTPException as error:
            raise OSError(str(error)) from error
        finally:
            line.close()

    def stop(self, patience: float = 15.0) -> None:
        """Stop the server politely, by its pid; after `patience` seconds by force."""
        process = self.process
        if process is not None:
            process.end(patience)
        self._forget_process()

    def kill(self) -> None:
        """`kill -9` the server."""
        process = self.process
        if process is not None:
            process.signal_group(signal.SIGKILL)
            process.wait_gone(5)
        self._forget_process()

    def restart(self) -> None:
        """Stop and start; the same port, the same calendars."""
        self.stop()
        self.start()

    def _configuration(self) -> str:
        auth = "type = none"
        if self.password:
            auth = f"type = htpasswd\nhtpasswd_filename = {self.folder / 'users'}\nhtpasswd_encryption = plain\ndelay = 0"
        return (
            f"[server]\nhosts = 127.0.0.1:{self.port}\nmax_connections = 20\n"
            f"[auth]\n{auth}\n"
            f"[rights]\ntype = {'owner_only' if self.password else 'authenticated'}\n"
            f"[storage]\nfilesystem_folder = {self.folder / 'collections'}\n"
            "[web]\ntype = none\n"
            "[logging]\nlevel = warning\n"
        )

    def _kept(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads((self.folder / "radicale.json").read_text())
        except FileNotFoundError:
            return {}
        return found

    def _keep(self, kept: dict[str, Any]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        write_private(self.folder / "radicale.json", json.dumps(kept, indent=1))

    def _forget_process(self) -> None:
        kept = self._kept()
        if kept.pop("process", None) is not None:
            self._keep(kept)
