"""PostGIS, as a private cluster in a folder of its own.

Installed with apt when we are root; no system cluster is started, stopped or used. It runs as the user ``postgres``
(the server refuses to run as root) or as ourselves, on a free port of loopback.
"""

from __future__ import annotations

import io
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deploy.broker import NotInstalled, apt_install
from deploy.pids import Process, free_port

PACKAGES = ("postgresql-15-postgis-3",)
POLICY = Path("/usr/sbin/policy-rc.d")


class Missing(Exception):
    """The peer can't be had here; the message says why."""


@contextmanager
def no_service_starts() -> Iterator[None]:
    """Keep Debian's packages from starting a system service while they are installed."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()


def install(found: Callable[[], Any], packages: tuple[str, ...], say: Callable[[str], None]) -> Any:
    """Return what ``found`` finds, after installing the packages if need be and allowed; raise ``Missing``."""
    if (there := found()) is not None:
        return there
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise Missing(f"not installed: apt-get install -y {' '.join(packages)}")
    say(f"apt 로 설치합니다 (installing with apt): {' '.join(packages)} ...")
    try:
        with no_service_starts():
            apt_install(*packages)
    except NotInstalled as failed:
        raise Missing(str(failed).strip().splitlines()[-1]) from failed
    if (there := found()) is None:
        raise Missing(f"{' '.join(packages)}: installed, but not found")
    return there


def _programs() -> Path | None:
    """Return the folder of a PostgreSQL that has PostGIS."""
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        share = Path("/usr/share/postgresql") / folder.parent.name / "extension" / "postgis.control"
        if share.exists() and (folder / "initdb").exists():
            return folder
    return None


class Cluster:
    """One private cluster; ``with Cluster(say) as cluster: connect(cluster.dsn)``."""

    def __init__(self, say: Callable[[str], None]) -> None:
        try:
            import psycopg2  # noqa: F401, PLC0415  (a developers' tool: the bench does without when it is missing)
        except ImportError as missing:
            raise Missing("psycopg2 is not installed (requirements-dev.txt)") from missing
        self._programs: Path = install(_programs, PACKAGES, say)
        # Its own user must reach it, so it is not under our state folder.
        self._folder = Path(tempfile.mkdtemp(prefix="sipbun-postgis-"))
        self._port = free_port()
        self._user = _user()
        self._process: Process | None = None
        self.start()

    @property
    def process(self) -> Process:
        """The postmaster."""
        if self._process is None:
            raise RuntimeError("not started")
        return self._process

    @property
    def dsn(self) -> str:
        """Where it listens."""
        return f"host=127.0.0.1 port={self._port} user=bench dbname=postgres"

    def start(self) -> None:
        """Make the cluster and start it."""
        data = self._folder / "data"
        if self._user is not None:
            shutil.chown(self._folder, self._user)
        self._run("initdb", "-D", str(data), "-U", "bench", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        options = {
            "port": self._port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "shared_buffers": "512MB",
            "work_mem": "64MB",
            "maintenance_work_mem": "512MB",
            "synchronous_commit": "off",
            "jit": "off",
            "random_page_cost": "1.1",
            "max_wal_size": "4GB",
        }
        started = subprocess.Popen(
            [str(self._programs / "postgres"), "-D", str(data), *(f"--{key}={value}" for key, value in options.items())],
            stdin=subprocess.DEVNULL,
            stdout=(self._folder / "log").open("ab"),
            stderr=subprocess.STDOUT,
            cwd="/",
            user=self._user,
            start_new_session=True,
        )
        self._process = Process.of(started.pid)
        until = time.monotonic() + 60
        while subprocess.run(
            [str(self._programs / "pg_isready"), "-h", "127.0.0.1", "-p", str(self._port)],
            stdout=subprocess.DEVNULL,
            check=False,
        ).returncode:
            if not self._process.alive or time.monotonic() > until:
                told = (self._folder / "log").read_text(errors="replace")[-500:]
                self.stop()
                raise Missing(f"PostgreSQL did not start: {told}")
            time.sleep(0.1)

    def stop(self) -> None:
        """Stop it and remove it."""
        if self._process is not None:
            self._process.end(20)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self._programs / program), *arguments], capture_output=True, text=True, check=False, user=self._user, cwd="/"
        )
        if done.returncode:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise Missing(f"{program}: {done.stderr[-500:]}")


def _user() -> str | None:
    """Return whom it runs as: it refuses root."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError:
        return "nobody"


#: What the platform asks: open openings within a walk, nearest first. The distance is on a sphere, as ours is.
NEARBY = """
PREPARE nearby (float8, float8) AS
SELECT id, ST_Distance(place, ST_SetSRID(ST_MakePoint($1, $2), 4326)::geography, false)
FROM openings
WHERE ST_DWithin(place, ST_SetSRID(ST_MakePoint($1, $2), 4326)::geography, 700, false) AND ends > now()
ORDER BY place <-> ST_SetSRID(ST_MakePoint($1, $2), 4326)::geography
LIMIT 20
"""
#: Whom a point concerns: every interest has the default radius, which is the best case for an index on the centre.
REACH = """
PREPARE reach (float8, float8, bigint) AS
SELECT DISTINCT resident
FROM interests
WHERE ST_DWithin(centre, ST_SetSRID(ST_MakePoint($1, $2), 4326)::geography, 700, false) AND topics & $3 <> 0
ORDER BY resident
"""


def connect(dsn: str) -> Any:
    """Return a connection that commits each statement."""
    import psycopg2  # noqa: PLC0415

    connection = psycopg2.connect(dsn)
    connection.autocommit = True
    return connection


def load(dsn: str, table: str, columns: str, rows: Iterable[str], index: str) -> None:
    """Fill a table with tab-separated rows (the last column a point as EWKT), and index it."""
    connection = connect(dsn)
    with connection.cursor() as cursor:
        cursor.execute("CREATE EXTENSION IF NOT EXISTS postgis")
        cursor.execute(f"DROP TABLE IF EXISTS {table}")
        cursor.execute(f"CREATE UNLOGGED TABLE {table} ({columns})")
        cursor.copy_expert(f"COPY {table} FROM STDIN", _Rows(rows))
        cursor.execute(index)
        cursor.execute(f"ALTER TABLE {table} ADD PRIMARY KEY (id)")
        cursor.execute(f"VACUUM ANALYZE {table}")
    connection.close()


class _Rows(io.TextIOBase):
    """Rows as a file to read from."""

    def __init__(self, rows: Iterable[str]) -> None:
        self._rows = iter(rows)
        self._kept = ""

    def read(self, size: int | None = -1) -> str:
        """Return about so many characters."""
        wanted = 1 << 16 if size is None or size < 0 else size
        parts, length = [self._kept], len(self._kept)
        for row in self._rows:
            parts.append(row)
            length += len(row)
            if length >= wanted:
                break
        whole = "".join(parts)
        self._kept = whole[wanted:]
        return whole[:wanted]


def own_time(cursor: Any, execute: str) -> float:
    """Return how long the server itself takes to execute a prepared statement (ms): no planning, no socket."""
    cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) EXECUTE {execute}")
    return float(cursor.fetchone()[0][0]["Execution Time"])
