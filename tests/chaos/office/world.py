"""A town with a facility's calendar server beside it, which can be shot like everybody else and comes back by itself."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from deploy.radicale import Radicale
from deploy.running import Kept
from tests.chaos.world import CALENDAR_FOLDER, Say, Shot, World, kept_up

#: What it is called in a plan of kills.
CALENDAR = "calendar"
#: Each dies at least once, in this order of importance, as far as there are kills.
KINDS = ("spaces", CALENDAR, "database", "relay", "broker", "notifications", "statistics", "residents")
#: Who dies again when more are to die than there are kinds: what the scenario is about, before all.
AGAIN = ("spaces", "spaces", "spaces", *KINDS)
#: Seconds that the calendar server stays away: long enough for a reading to fail.
AWAY = 2.5
#: Two of what must agree with a twin of itself, one of the rest; no gateway, since callers speak RPC.
REPLICAS: Mapping[str, int] = {
    "placement": 1,
    "spaces": 2,
    "notifications": 1,
    "statistics": 1,
    "residents": 1,
    "relay": 1,
    "gateway": 0,
}


class OfficeWorld(World):
    """One town, and the server that keeps all facilities' calendars."""

    def __init__(self, folder: Path, *, say: Say = lambda _line: None) -> None:
        """Name the folder; nothing starts."""
        super().__init__(
            folder, say=say, replicas=REPLICAS, environment={"SIPBUN_CALENDAR_NETWORKS": "127.0.0.1/32"}
        )
        self.calendar = Radicale(folder / CALENDAR_FOLDER)
        self._comes_back: threading.Timer | None = None
        self._ending = threading.Event()

    def up(self) -> None:
        """Start everything; the calendar server first."""
        self.calendar.start()
        self.calendar.wait_ready()
        super().up()

    def down(self) -> None:
        """End everything that was started."""
        self._ending.set()
        if self._comes_back is not None:
            self._comes_back.cancel()
            self._comes_back.join()
        super().down()
        self.calendar.kill()

    def shoot(self, kind: str, choose: Callable[[Sequence[Kept]], Kept], patience: float = 40.0) -> Shot:
        """kill -9 one process of that kind; raises RuntimeError when none comes to life."""
        if kind != CALENDAR:
            return super().shoot(kind, choose, patience)
        if self._comes_back is not None:
            self._comes_back.join(patience)
        process = self.calendar.process
        if process is None:
            raise RuntimeError(f"the calendar server did not come back to life within {patience:.0f} s")
        self.calendar.kill()
        shot = Shot(datetime.now(UTC), CALENDAR, "radicale", process.pid)
        self._comes_back = threading.Timer(AWAY, self._start_again)
        self._comes_back.daemon = True
        self._comes_back.start()
        return shot

    def _start_again(self) -> None:
        if not self._ending.is_set():
            self.calendar.start()


@contextmanager
def an_office(folder: Path, *, say: Say) -> Iterator[OfficeWorld]:
    """A town with calendars that is up; it ends with the block, on Ctrl-C too."""
    with kept_up(OfficeWorld(folder, say=say)) as world:
        yield world
