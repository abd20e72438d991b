"""What every scenario does alike: ask as somebody, in a tenant of its own, and read back what became of each event."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from deploy.demo.board import Board
from deploy.demo.desk import Desk
from deploy.demo.watch import Watcher
from deploy.running import Running
from shared.actors import Actor
from shared.errors import CrossesTheDoor, Unavailable
from shared.ids import Ids
from shared.trace import new_traceparent, within

TENANTS, LETTERS, FIGURES = "placement_tenants", "notifications_letters", "statistics_figures"


class Player:
    """Plays in a tenant that its operator opens and closes. ``about``: the figures that belong to the scenario."""

    def __init__(
        self, town: Running, desk: Desk, ids: Ids, *, tenant: str, board: Board, about: str = "jobs"
    ) -> None:
        self.town = town
        self.desk = desk
        self.ids = ids
        self.tenant = tenant
        self.board = board
        self.operator = self._actor("operator-demo", "operator")
        self.watcher = Watcher(desk, board, amqp_url=town.amqp_url, tenant=tenant, operator=self.operator, about=about)

    def _close_the_tenant(self) -> None:
        with suppress(CrossesTheDoor, Unavailable):
            self._do(self.operator, TENANTS, "close", tenant=self.tenant)

    def _do(self, who: Actor, service: str, method: str, /, **asked: Any) -> Any:
        """Command something, in a trace of its own."""
        return self._ask(who, service, method, act_id=self.ids.new("act"), **asked)

    def _ask(self, who: Actor | None, service: str, method: str, /, **asked: Any) -> Any:
        with within(new_traceparent()):
            return self.desk.ask(who, service, method, **asked)

    def _inbox(self, who: Actor) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = self._ask(who, LETTERS, "inbox", resident_id=who.subject)["letters"]
        return found

    def _kept(self, event_id: str) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = self._ask(self.operator, FIGURES, "event", event_id=event_id)["events"]
        return found

    def _archive(self) -> dict[str, list[Mapping[str, Any]]]:
        """Return the archive entries of each event that travelled, by its key, once there is one for each."""
        return self.desk.wait(
            lambda: {
                seen.event.key: [kept for kept in self._kept(seen.event.id) if kept["event_key"] == seen.event.key]
                for seen in self.watcher.all()
            },
            lambda found: all(found.values()),
        )

    def _actor(self, subject: str, role: str, *districts: str) -> Actor:
        """Return somebody of the tenant; an officer without districts is the whole city's."""
        return Actor(subject, frozenset({role}), self.tenant, frozenset(districts))


def plain(value: Any) -> Any:
    """Return rows as JSON has them: YAML's bare days become text."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value.isoformat() if hasattr(value, "isoformat") else value
