"""The process table: what runs, with which command, and how it tells that it is ready.

    keys, topology         once, before anything else
    mail-sink              keeps every letter and delivers none: only for SIPBUN_MAIL_SINK=1 without SIPBUN_SMTP_URL
    placement ... statistics   one host process per service, any number of replicas
    relay                  every outbox -> the broker
    gateway                the HTTP door

Order matters twice: processes start from the top and are told to stop from the bottom.
"""

import importlib
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

PYTHON = sys.executable


@dataclass(frozen=True)
class Step:
    """A command that runs to its end before the processes start."""

    name: str
    command: tuple[str, ...]
    #: Seconds before it counts as hung.
    patience: float = 60.0


@dataclass(frozen=True)
class Spec:
    """One process of the town.

    Each replica gets SIPBUN_PROCESS (its name), SIPBUN_METRICS_PORT and, where `door` is set, a port in the variable
    that `door` names. It is ready when GET /readyz on that port (the door's, if there is one) answers 200, or, for
    `ready="tcp"`, when the port accepts connections.
    """

    name: str
    command: tuple[str, ...]
    replicas: int = 1
    ready: Literal["http", "tcp"] = "http"
    #: Environment variable that carries the port of this process's own door.
    door: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    """Everything the supervisor runs."""

    steps: tuple[Step, ...]
    processes: tuple[Spec, ...]

    def with_replicas(self, wanted: Mapping[str, int]) -> "Table":
        """Return the table with other replica counts; raises ValueError for a name that is not in it."""
        names = {spec.name for spec in self.processes}
        for name, count in wanted.items():
            if name not in names:
                raise ValueError(f"no process is named {name!r}; there are {', '.join(sorted(names))}")
            if count < 0:
                raise ValueError(f"{name}={count}: a replica count cannot be negative")
        return replace(
            self,
            processes=tuple(replace(spec, replicas=wanted.get(spec.name, spec.replicas)) for spec in self.processes),
        )

    def without(self, name: str) -> "Table":
        """Return the table without one process."""
        return replace(self, processes=tuple(spec for spec in self.processes if spec.name != name))


MAIL_SINK = "mail-sink"
GATEWAY = "gateway"
SERVICES = ("placement", "spaces", "residents", "notifications", "statistics")


def town() -> Table:
    """The platform as it ships."""
    return Table(
        steps=(Step("topology", (PYTHON, "-m", "shared.messaging.topology", "declare")),),
        processes=(
            Spec(MAIL_SINK, (PYTHON, "-m", "deploy.mailsink"), ready="tcp", door="SIPBUN_SMTP_PORT"),
            *(Spec(name, (PYTHON, "-m", "shared.host", f"services.{name}.service")) for name in SERVICES),
            Spec("relay", (PYTHON, "-m", "shared.messaging.relaying")),
            Spec(
                GATEWAY,
                (PYTHON, "-m", "gunicorn", "-c", "deploy/gunicorn.conf.py", "services.gateway.app:app"),
                door="SIPBUN_HTTP_PORT",
            ),
        ),
    )


def table() -> Table:
    """Return the table to run: the town, or what SIPBUN_PROCESSES (`module:function`) names instead."""
    named = os.environ.get("SIPBUN_PROCESSES")
    if not named:
        return town()
    module, _, attribute = named.partition(":")
    build: Callable[[], Table] = getattr(importlib.import_module(module), attribute)
    return build()
