"""What the environment says to a process, read when asked for and never at import.

A missing or malformed variable is an operator's error: ``Misconfigured`` names the variable and the fix.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import urlsplit

LOG_LEVELS = ("debug", "info", "warning", "error", "critical")


class Misconfigured(Exception):
    """The environment lacks something, or says something unusable; the message names the variable and the fix."""


@dataclass(frozen=True)
class Settings:
    """One process's settings. Addresses hold passwords, so they are kept out of ``repr``."""

    #: ``amqp://user:password@host:port/vhost``. Empty in a town of twins.
    amqp_url: str = field(default="", repr=False)
    #: The broker's management address, ``http://user:password@host:port``, or empty.
    amqp_admin_url: str = field(default="", repr=False)
    #: ``mongodb://host:port``.
    mongo_url: str = field(default="", repr=False)
    #: File with the keys that sign and verify actor tokens (JWKS).
    token_keys: Path = Path(".sipbun/keys/tokens.json")
    #: ``smtp://host:port``, or empty: no mail goes out.
    smtp_url: str = field(default="", repr=False)
    #: The mail server's own log of what it accepted (Postfix lines), by which an unknown outcome is read back.
    mail_log: Path | None = None
    state_dir: Path = Path(".sipbun")
    #: The operator's data: programmes, wages, districts.
    data_dir: Path = Path(__file__).parents[1] / "deploy" / "data"
    #: Port on loopback for ``/healthz``, ``/readyz`` and ``/metrics``; None: no doors.
    metrics_port: int | None = None
    #: Where those are opened; a container opens them to its own network.
    metrics_host: str = "127.0.0.1"
    log_level: str = "info"
    #: Databases are named ``<prefix><service>``.
    db_prefix: str = "sipbun_"
    #: Networks of facilities' calendar servers that are not public addresses (services/spaces/agreement/fetch.py).
    calendar_networks: tuple[IPv4Network | IPv6Network, ...] = ()


def settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings in ``os.environ`` (or the mapping given); raise ``Misconfigured``.

    >>> settings({"SIPBUN_AMQP_URL": "amqp://127.0.0.1/", "SIPBUN_MONGO_URL": "mongodb://127.0.0.1"}).db_prefix
    'sipbun_'
    """
    told = os.environ if environment is None else environment
    state_dir = Path(told.get("SIPBUN_STATE_DIR") or ".sipbun")
    data_dir = Path(told.get("SIPBUN_DATA_DIR") or Settings.data_dir)
    mail_log = told.get("SIPBUN_MAIL_LOG")
    return Settings(
        amqp_url=_address(told, "SIPBUN_AMQP_URL", ("amqp",), needed=True),
        amqp_admin_url=_address(told, "SIPBUN_AMQP_ADMIN_URL", ("http", "https")),
        mongo_url=_address(told, "SIPBUN_MONGO_URL", ("mongodb", "mongodb+srv"), needed=True),
        token_keys=Path(told.get("SIPBUN_TOKEN_KEYS") or state_dir / "keys" / "tokens.json"),
        smtp_url=_address(told, "SIPBUN_SMTP_URL", ("smtp",)),
        mail_log=Path(mail_log) if mail_log else None,
        state_dir=state_dir,
        data_dir=data_dir,
        metrics_port=_port(told, "SIPBUN_METRICS_PORT"),
        metrics_host=told.get("SIPBUN_METRICS_HOST") or "127.0.0.1",
        log_level=_one_of(told, "SIPBUN_LOG_LEVEL", LOG_LEVELS, "info"),
        db_prefix=told.get("SIPBUN_DB_PREFIX") or "sipbun_",
        calendar_networks=_networks(told, "SIPBUN_CALENDAR_NETWORKS"),
    )


def _address(told: Mapping[str, str], name: str, schemes: tuple[str, ...], *, needed: bool = False) -> str:
    value = told.get(name, "")
    example = f"{schemes[0]}://..."
    if not value:
        if needed:
            raise Misconfigured(f"{name} is not set: give an address such as {example}, or start with ./sipbun up")
        return ""
    if urlsplit(value).scheme not in schemes or not urlsplit(value).netloc:
        raise Misconfigured(f"{name} is not an address such as {example}")
    return value


def _port(told: Mapping[str, str], name: str) -> int | None:
    value = told.get(name, "")
    if not value:
        return None
    if not value.isdecimal() or not 0 <= int(value) <= 65_535:
        raise Misconfigured(f"{name}={value}: give a port from 0 (any free one) to 65535")
    return int(value)


def _networks(told: Mapping[str, str], name: str) -> tuple[IPv4Network | IPv6Network, ...]:
    networks = []
    for text in filter(None, map(str.strip, told.get(name, "").split(","))):
        try:
            networks.append(ip_network(text))
        except ValueError:
            raise Misconfigured(f"{name}: {text} is not a network such as 10.20.0.0/16; separate them by commas") from None
    return tuple(networks)


def _one_of(told: Mapping[str, str], name: str, allowed: tuple[str, ...], otherwise: str) -> str:
    value = (told.get(name) or otherwise).lower()
    if value not in allowed:
        raise Misconfigured(f"{name}={value}: give one of {', '.join(allowed)}")
    return value
