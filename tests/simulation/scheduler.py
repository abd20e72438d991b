"""A seeded scheduler of greenlets with a virtual clock: one thread, one order of events for each seed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import Any

from greenlet import getcurrent, greenlet

from shared.clock import to_millisecond
from shared.errors import Unavailable

#: When every simulated town begins: a Tuesday, 14:00 in Seoul.
BEGINNING = datetime(2026, 12, 1, 5, 0, tzinfo=UTC)
FOREVER = float("inf")


class Crash(BaseException):
    """kill -9: nothing in the process may catch it."""


class Stuck(Exception):
    """The town did not come to rest."""


@dataclass
class Mishaps:
    """How likely what goes wrong is, at each step of a service."""

    crash: float = 0.0015
    pause: float = 0.0015
    #: For a command on its way through a service: sleeping actors are what holds are about.
    pause_of_command: float = 0.012
    away: float = 0.004
    #: A message that waits is delivered twice.
    duplicate: float = 0.05
    #: How much of all this a mere look for work gets, which there are so many of: a find of a sweep, a consumer's wait.
    of_a_look: float = 1.0
    #: Steps at which sleeping is ``how_hot`` times as likely, of commands and of who follows: what was held, or read
    #: elsewhere, is about to be written.
    how_hot: float = 8.0
    hot_of_command: tuple[str, ...] = ()
    hot: tuple[str, ...] = ()
    #: Seconds; the longest outlast every deadline in the town.
    pauses: tuple[float, ...] = (0.5, 8.0, 45.0, 90.0, 200.0)

    @staticmethod
    def none() -> Mishaps:
        """Return fair weather."""
        return Mishaps(0, 0, 0, 0, 0)


@dataclass(eq=False)
class Task:
    """One thread of a process."""

    name: str
    process: SimProcess
    run: greenlet
    wake: float
    is_command: bool = False
    #: Ended, or killed with its process.
    gone: bool = False


@dataclass(eq=False)
class SimProcess:
    """A process: its threads live and die together. ``can_fail`` is False for people."""

    name: str
    can_fail: bool = True
    alive: bool = True
    paused_until: float = 0.0
    tasks: list[Task] = field(default_factory=list)
    #: Called when it dies or sleeps past the broker's patience: its connections are dropped.
    on_lost: Callable[[], None] = lambda: None
    #: Called to start it again.
    on_restart: Callable[[], None] = lambda: None


class Scheduler:
    """Runs tasks one step at a time, in an order that the seed decides."""

    def __init__(self, seed: int, mishaps: Mishaps, beginning: datetime = BEGINNING) -> None:
        self.random = Random(seed)
        self.mishaps = mishaps
        self.beginning = beginning
        self.time = 0.0
        #: Seconds that went by in leaps.
        self.leapt = 0.0
        self.steps = 0
        self.story: deque[str] = deque(maxlen=600)
        #: Who waits: (wake, order of coming, task); an entry whose time is not the task's own is out of date.
        self._waiting: list[tuple[float, int, Task]] = []
        self._ready: list[Task] = []
        self._order = count()
        self._restarts: list[tuple[float, SimProcess]] = []
        self._hub = getcurrent()
        self._current: Task | None = None
        self._doomed: set[int] = set()

    # What the town's ports call.

    def now(self) -> datetime:
        """Return the virtual instant."""
        return to_millisecond(self.beginning + timedelta(seconds=self.time))

    def sleep(self, seconds: float) -> None:
        """Let the current task wait."""
        self._switch(self.time + seconds)

    def step(self, what: str) -> None:
        """Stand between two steps of the current task: something may happen to it here."""
        task = self._current
        if task is None:
            return
        self.steps += 1
        fate = self._fate(task, what) if task.process.can_fail else None
        if fate == "pause":
            self._pause(task.process, what)
        elif fate == "crash":
            self.crash(task.process, what)
            raise Crash
        self._switch(self.time)
        if fate == "away":
            self.tell(f"{task.process.name}: no answer at {what}")
            raise Unavailable(f"no answer at {what}")

    # What the world calls.

    def spawn(self, process: SimProcess, name: str, do: Callable[[], Any], *, is_command: bool = False) -> Task:
        """Start a thread in a process."""
        run = greenlet(lambda: self._guard(do), parent=self._hub)
        task = Task(name, process, run, self.time, is_command)
        process.tasks.append(task)
        self._wait(task, self.time)
        return task

    def wait_for(self, is_there: Callable[[], bool], seconds: float) -> bool:
        """Let the current task wait until ``wake_up`` and ``is_there``, or until the time is over."""
        task = self._current
        assert task is not None
        until = self.time + seconds
        while not is_there() and self.time < until:
            self._switch(until)
        return is_there()

    def wake_up(self, task: Task | None) -> None:
        """Let a waiting task look again."""
        if task is not None and task.wake > self.time:
            self._wait(task, self.time)

    def leap(self, seconds: float) -> None:
        """Let so much time go by at once, as if the whole town had slept."""
        self.time += seconds
        self.leapt += seconds
        self.tell(f"{seconds / 3600:.1f} hours go by")

    @property
    def current(self) -> Task | None:
        """The task that runs."""
        return self._current

    def crash(self, process: SimProcess, why: str) -> None:
        """Kill a process; it is started again a little later."""
        self.tell(f"{process.name}: killed at {why}")
        process.alive = False
        process.on_lost()
        here = self._current
        for task in process.tasks:
            task.gone = True
            if task is not here:
                self._kill(task)
        process.tasks = []
        self._restarts.append((self.time + self.random.uniform(0.2, 3.0), process))

    def tell(self, line: str) -> None:
        """Add a line to the story."""
        self.story.append(f"{self.time:9.3f}s {line}")

    def run(self, until: Callable[[], bool], *, seconds: float) -> None:
        """Run until ``until()``, which is asked now and then; raise ``Stuck`` after so many virtual seconds."""
        end = self.time - self.leapt + seconds
        countdown = 0
        while True:
            if countdown == 0:
                if until():
                    return
                if self.time - self.leapt > end:
                    raise Stuck(f"not at rest after {seconds:.0f} virtual seconds")
                countdown = 25
            countdown -= 1
            if self._restarts:
                self._restart_due()
            task = self._pick()
            if task is None:
                countdown = 0
                continue
            self._current = task
            task.run.switch()
            self._current = None
            if task.run.dead:
                self._forget(task)
            self.time += self.random.random() * 0.004

    def calm(self) -> None:
        """End the storm: nothing goes wrong any more, and who sleeps wakes."""
        self.mishaps = Mishaps.none()
        sleepers = [task for _, _, task in self._waiting if task.process.paused_until > self.time]
        for task in sleepers:
            task.process.paused_until = self.time
            if not task.gone and task.wake > self.time:
                self._wait(task, self.time)

    # Inside.

    def _guard(self, do: Callable[[], Any]) -> None:
        try:
            do()
        except Crash:
            return

    def _switch(self, wake: float) -> None:
        task = self._current
        if task is None:
            return
        if id(task) in self._doomed:
            raise Crash
        self._wait(task, wake)
        self._hub.switch()
        if id(task) in self._doomed:
            raise Crash

    def _kill(self, task: Task) -> None:
        if task.run.dead or not task.run:
            return
        self._doomed.add(id(task))
        before, self._current = self._current, task
        here = getcurrent()
        task.run.parent = here
        task.run.throw(Crash)
        self._current = before
        self._doomed.discard(id(task))

    def _fate(self, task: Task, what: str) -> str | None:
        chances = self.mishaps
        if chances.crash == 0:
            return None
        roll = self.random.random()
        if not task.is_command and (what.endswith(".find") or what.startswith("broker deliver")):
            roll /= chances.of_a_look
        if roll < chances.crash:
            return "crash"
        roll -= chances.crash
        pause, hot = chances.pause, chances.hot
        if task.is_command:
            pause, hot = chances.pause_of_command, chances.hot_of_command
        if what in hot:
            pause *= chances.how_hot
        if roll < pause:
            return "pause"
        return "away" if roll - pause < chances.away else None

    def _pause(self, process: SimProcess, what: str) -> None:
        seconds = self.random.choice(self.mishaps.pauses)
        self.tell(f"{process.name}: sleeps {seconds:.0f} s at {what}")
        process.paused_until = self.time + seconds
        if seconds > 30:  # the broker's patience: the heartbeat
            process.on_lost()

    def _restart_due(self) -> None:
        due = [process for at, process in self._restarts if at <= self.time]
        if due:
            self._restarts = [(at, process) for at, process in self._restarts if at > self.time]
            for process in due:
                process.alive, process.paused_until = True, 0.0
                process.on_restart()

    def _wait(self, task: Task, wake: float) -> None:
        task.wake = wake
        heappush(self._waiting, (wake, next(self._order), task))

    def _pick(self) -> Task | None:
        """Return one of those who can go on, or move the time to when somebody can."""
        time, waiting, ready = self.time, self._waiting, self._ready
        while waiting and waiting[0][0] <= time:
            wake, _, task = heappop(waiting)
            if task.gone or task.wake != wake:
                continue
            if task.process.paused_until > time:
                self._wait(task, task.process.paused_until)
            else:
                task.wake = -1.0
                ready.append(task)
        while ready:
            place = int(self.random.random() * len(ready))
            ready[place], ready[-1] = ready[-1], ready[place]
            task = ready.pop()
            if task.gone:
                continue
            if task.process.paused_until > time:
                self._wait(task, task.process.paused_until)
                continue
            return task
        earliest = min((at for at, _ in self._restarts), default=FOREVER)
        if waiting:
            earliest = min(earliest, waiting[0][0])
        if earliest == FOREVER:
            raise Stuck("nobody is left to run")
        self.time = max(time, earliest)
        return None

    def _forget(self, task: Task) -> None:
        task.gone = True
        if task in task.process.tasks:
            task.process.tasks.remove(task)


class SimSerial:
    """The in-process queue by key, for simulated threads."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._busy: set[str] = set()

    @contextmanager
    def __call__(self, key: str) -> Iterator[None]:
        """Wait until nobody else in this process works on ``key``."""
        while key in self._busy:
            self._scheduler.sleep(0.01)
        self._busy.add(key)
        try:
            yield
        finally:
            self._busy.discard(key)
