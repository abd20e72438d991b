"""What `publishers` and `front-ends` have in common: an outsider gets a broker user that may do one thing only."""

import re
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import quote, urlsplit

from deploy.cli.answer import MISSING, fail
from deploy.management import Management, ManagementRefused, vhost_of
from deploy.running import state_dir
from deploy.town import running
from shared.config import Misconfigured, settings


@dataclass(frozen=True)
class Broker:
    """The broker that outsiders get a user on."""

    management: Management
    vhost: str

    def admit(self, name: str, password: str, *, exchange: str, routing_keys: str) -> None:
        """Make or renew a user who may write to one exchange, under routing keys of one form, and nothing else."""
        user, vhost = quote(name, safe=""), quote(self.vhost, safe="")
        # The narrow right before the wide one: there is no instant in which it may write under any routing key.
        self.management.ask("PUT", f"users/{user}", {"password": password, "tags": ""})
        self.management.ask(
            "PUT",
            f"topic-permissions/{vhost}/{user}",
            {"exchange": exchange, "write": routing_keys, "read": "^$"},
        )
        self.management.ask(
            "PUT",
            f"permissions/{vhost}/{user}",
            {"configure": "^$", "write": f"^{re.escape(exchange)}$", "read": "^$"},
        )

    def dismiss(self, name: str) -> None:
        """Delete the user; its connections are closed. Gone already is fine."""
        try:
            self.management.ask("DELETE", f"users/{quote(name, safe='')}")
        except ManagementRefused as refused:
            if refused.status != 404:
                raise

    def knows(self, name: str) -> bool:
        """Return whether there is such a user."""
        try:
            self.management.ask("GET", f"users/{quote(name, safe='')}")
        except ManagementRefused as refused:
            if refused.status == 404:
                return False
            raise
        return True

    def has_queue(self, name: str) -> bool:
        """Return whether there is such a queue."""
        try:
            self.management.ask("GET", f"queues/{quote(self.vhost, safe='')}/{quote(name, safe='')}")
        except ManagementRefused as refused:
            if refused.status == 404:
                return False
            raise
        return True


def broker_of(*, as_json: bool) -> Broker:
    """Return the running town's broker, or the one that the environment names."""
    town = running(state_dir())
    if town is not None and town.amqp_admin_url:
        return Broker(Management(town.amqp_admin_url), vhost_of(town.amqp_url))
    try:
        told = settings()
    except Misconfigured:
        told = None
    if told is None or not told.amqp_admin_url:
        fail(
            "no_broker",
            "브로커의 관리 주소를 모릅니다 (the broker's management address is not known)",
            fix="./sipbun up, 또는 (or) SIPBUN_AMQP_URL 과 (and) SIPBUN_AMQP_ADMIN_URL",
            as_json=as_json,
            status=MISSING,
        )
    return Broker(Management(told.amqp_admin_url), vhost_of(told.amqp_url))


def address_of_broker() -> str:
    """Return ``host:port`` of the running town's broker, or of the one that the environment names."""
    town = running(state_dir())
    url = town.amqp_url if town is not None else settings().amqp_url
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or 5672}"


def no_broker(trouble: Exception, *, as_json: bool) -> NoReturn:
    fail(
        "broker_refused" if isinstance(trouble, ManagementRefused) else "broker_away",
        f"브로커가 하지 못했습니다 (the broker did not do it): {trouble}",
        fix="./sipbun status",
        as_json=as_json,
    )
