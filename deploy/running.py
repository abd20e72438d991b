"""What runs here, as kept in `.sipbun/run.json`: written by the supervisor, read by every other command.

town = Running.read(state)
if town is None: ...            # nothing runs
subprocess.run(..., env=os.environ | town.environment())
"""

import json
import os
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

from deploy.pids import Process
from deploy.server import write_private

ROOT = Path(__file__).resolve().parent.parent


def state_dir() -> Path:
    """Return the folder of everything that a running Sipbun makes: SIPBUN_STATE_DIR, or `.sipbun` in the checkout."""
    return Path(os.environ.get("SIPBUN_STATE_DIR") or ROOT / ".sipbun").resolve()


@dataclass(frozen=True)
class Kept:
    """One process under the supervisor's eye."""

    name: str
    #: "starting", "ready", "backing off" or "stopped".
    state: str
    process: Process | None = None
    #: The port that tells readiness (and, for the gateway and the sink, the door itself).
    port: int | None = None
    metrics_port: int | None = None
    restarts: int = 0
    #: RFC 3339, when it entered this state.
    since: str = ""
    #: Server processes (broker, database) are kept too, but counted apart.
    server: bool = False
    log: str = ""

    @property
    def alive(self) -> bool:
        """Whether exactly this process still runs."""
        return self.process is not None and self.process.alive

    def as_json(self) -> dict[str, Any]:
        """Return the fields for run.json and for `status --json`."""
        return {
            "name": self.name,
            "state": self.state,
            "pid": self.process.pid if self.process else None,
            "born": self.process.born if self.process else None,
            "port": self.port,
            "metrics_port": self.metrics_port,
            "restarts": self.restarts,
            "since": self.since,
            "server": self.server,
            "log": self.log,
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> "Kept":
        """Read back what `as_json` wrote."""
        told = dict(told)
        pid, born = told.pop("pid", None), told.pop("born", None)
        return cls(process=Process(pid, born) if pid else None, **told)


@dataclass(frozen=True)
class Running:
    """One running town."""

    supervisor: Process
    started_at: str
    #: "starting", "ready" (everything was ready once), "stopping" or "failed".
    state: str = "starting"
    #: Why it failed, for people.
    error: str = ""
    amqp_url: str = field(default="", repr=False)
    amqp_admin_url: str = field(default="", repr=False)
    mongo_url: str = field(default="", repr=False)
    smtp_url: str = ""
    mail_log: str = ""
    token_keys: str = ""
    gateway_url: str = ""
    db_prefix: str = "sipbun_"
    #: Networks of calendar servers it was started to read although they are not public; "" also where none told.
    calendar_networks: str = ""
    processes: tuple[Kept, ...] = ()

    @property
    def alive(self) -> bool:
        """Whether its supervisor runs."""
        return self.supervisor.alive

    def environment(self) -> dict[str, str]:
        """Return the SIPBUN_* variables with which a client or a further process joins this town."""
        told = {
            "SIPBUN_AMQP_URL": self.amqp_url,
            "SIPBUN_AMQP_ADMIN_URL": self.amqp_admin_url,
            "SIPBUN_MONGO_URL": self.mongo_url,
            "SIPBUN_SMTP_URL": self.smtp_url,
            "SIPBUN_MAIL_LOG": self.mail_log,
            "SIPBUN_TOKEN_KEYS": self.token_keys,
            "SIPBUN_DB_PREFIX": self.db_prefix,
        }
        return {name: value for name, value in told.items() if value}

    @property
    def mail(self) -> str:
        """What becomes of letters: ``server``, ``sink`` (kept, delivered to nobody) or ``inbox`` (no mail at all)."""
        if self.find("mail-sink") is not None:
            return "sink"
        return "server" if self.smtp_url else "inbox"

    def reads_calendars_at(self, address: str) -> bool:
        """Return whether it was started to read calendar servers at this address, which is not on the open internet."""
        named = filter(None, map(str.strip, self.calendar_networks.split(",")))
        return any(ip_address(address) in ip_network(one) for one in named)

    def find(self, name: str) -> Kept | None:
        """Return the process of that name, if there is one."""
        return next((one for one in self.processes if one.name == name), None)

    def write(self, state: Path) -> None:
        """Keep it in run.json, readable by its owner only: the addresses hold passwords."""
        told = {name: getattr(self, name) for name in self.__dataclass_fields__}
        told["supervisor"] = self.supervisor.as_json()
        told["processes"] = [one.as_json() for one in self.processes]
        write_private(state / "run.json", json.dumps(told, ensure_ascii=False, indent=1))

    @classmethod
    def read(cls, state: Path) -> "Running | None":
        """Return what run.json tells, or None when there is no such file (or not a whole one)."""
        try:
            told = json.loads((state / "run.json").read_text(encoding="utf-8"))
            told["supervisor"] = Process.from_json(told["supervisor"])
            told["processes"] = tuple(Kept.from_json(one) for one in told["processes"])
            return cls(**told)
        except (FileNotFoundError, json.JSONDecodeError, KeyError, TypeError):
            return None

    def but(self, **changed: Any) -> "Running":
        """Return the same town with some fields changed."""
        return replace(self, **changed)


def http_status(url: str, seconds: float = 1.0) -> int | None:
    """Return the status with which a local address answers, or None when it does not."""
    try:
        with urllib.request.urlopen(url, timeout=seconds) as answer:  # noqa: S310 - our own loopback address
            return int(answer.status)
    except urllib.error.HTTPError as told:
        return told.code
    except (urllib.error.URLError, OSError, ValueError):
        return None
