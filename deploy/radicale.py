"""A CalDAV server, Radicale, as its own process: what stands in for a facility's calendar.

The demo, the chaos run and tests talk to it as to any facility's server. It keeps everything in files under its folder,
so it may be killed at any time and started again.
"""

import base64
import http.client
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from deploy.pids import start_in_own_group
from deploy.server import ServerOfOnePort, listens, write_private

#: The only user; every collection is theirs.
USER = "facility"


class Radicale(ServerOfOnePort):
    """One server in one folder. Without a password everybody may do everything."""

    title = "Radicale"
    memory = "radicale.json"

    def __init__(self, folder: Path, port: int | None = None, *, password: str = "") -> None:
        """Name the folder; nothing is started."""
        super().__init__(folder)
        self.password = password
        if port is not None:
            self._keep({**self._kept(), "port": port})

    @property
    def url(self) -> str:
        """`http://127.0.0.1:<port>/`."""
        return f"http://127.0.0.1:{self.port}/"

    def calendar(self, name: str) -> str:
        """Return the address of a calendar, whether it is there or not."""
        return f"{self.url}{USER}/{quote(name)}/"

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

    def _launch(self) -> subprocess.Popen[bytes]:
        self._leave_a_taken_port()
        self.folder.mkdir(parents=True, exist_ok=True)
        # A file of our own, or one of the machine or of the user would be read.
        configuration = self.folder / "radicale.ini"
        configuration.write_text(self._configuration(), encoding="utf-8")
        if self.password:
            write_private(self.folder / "users", f"{USER}:{self.password}\n")
        return start_in_own_group(
            [sys.executable, "-m", "radicale", "--config", str(configuration)],
            log=self.folder / "log" / "radicale.log",
            environment=os.environ,
            folder=self.folder,
        )
