"""Keeps an index in this process fresh, from a queue of its own.

    broker                           this process
    queue bound (exclusive) ------>  opened()        from here on nothing can be missed: changes wait
                                     catch_up()      load everything into a new index, then what waited, then swap
    a change ---------------------->  told(change)    newer versions only
    connection gone -------------->  lost()          the queue died with it: the next opened() loads everything again

``ready`` is true only between the end of ``catch_up`` and ``lost``. The index that was complete last is served all the
while, so an answer may be old but is never partial. What the index cannot hold (``Refused``) is
logged and left out: one such item must not hide all others. No framework here: whoever owns the queue calls these methods, all
from one thread or from the green threads of one hub.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Generic, Protocol, TypeVar

from shared.errors import Refused, Unavailable
from shared.telemetry import log

#: Items put in, or changes resolved, between two breaths: some ten milliseconds of work.
BATCH = 500

Item = TypeVar("Item")
Taken_contra = TypeVar("Taken_contra", contravariant=True)
Held = TypeVar("Held", bound="Index[Any]")


class Index(Protocol[Taken_contra]):
    """What a feed needs of an index; ``Places`` and ``Interests`` are such."""

    def put(self, items: Iterable[Taken_contra], /) -> int:
        """Add or replace items, newer versions only."""

    def remove(self, item_id: str, version: int, /) -> bool:
        """Take an item out, unless a newer version is known."""

    def version(self, item_id: str, /) -> int | None:
        """Return the newest version heard of."""

    def tidy(self) -> None:
        """Order the memory after a load."""


@dataclass(frozen=True, slots=True)
class Change(Generic[Item]):
    """News of an item: its state when the event carries it, ``gone``, or neither, and then it is fetched."""

    id: str
    version: int
    item: Item | None = None
    gone: bool = False


class Feed(Generic[Item, Held]):
    """One index and its state.

    ``make`` returns an empty index, ``load`` every item there is, ``fetch`` those of the given ids that exist (both
    read from the primary, after the queue is bound); ``breathe`` lets other green threads run.
    """

    def __init__(
        self,
        *,
        make: Callable[[], Held],
        load: Callable[[], Iterable[Item]],
        fetch: Callable[[Sequence[str]], Mapping[str, Item]],
        breathe: Callable[[], None] = lambda: None,
    ) -> None:
        self._make = make
        self._load = load
        self._fetch = fetch
        self._breathe = breathe
        self._served: Held | None = None
        self._loaded: Held | None = None
        self._waiting: dict[str, Change[Item]] = {}
        self._connection = 0
        self._bound = False
        self._ready = False
        self._catching_up: int | None = None

    @property
    def ready(self) -> bool:
        """Say whether the index holds everything that was told."""
        return self._ready

    @property
    def waiting(self) -> int:
        """Return how many items have changes that are not in the index yet."""
        return len(self._waiting)

    @property
    def index(self) -> Held:
        """Return the index that was complete last; raise ``Unavailable`` before the first."""
        if self._served is None:
            raise Unavailable("not caught up yet")
        return self._served

    def opened(self) -> None:
        """Note that the queue is bound: keep changes from now on; ``catch_up`` is to be called."""
        self._start_over()
        self._bound = True

    def lost(self) -> None:
        """Note that the queue is gone, and with it the certainty of having heard everything."""
        self._start_over()

    def _start_over(self) -> None:
        self._connection += 1
        self._bound = self._ready = False
        self._loaded = None
        self._waiting.clear()

    def told(self, *changes: Change[Item]) -> None:
        """Apply changes, or keep them until the load is done.

        When one cannot be resolved the feed is no longer ready and keeps them; the error goes to the caller, and
        ``catch_up`` tries again without loading. Changes from a connection that is gone are ignored.
        """
        if not self._bound:
            return
        if not self._ready:
            self._keep(changes)
            return
        connection = self._connection
        try:
            self._apply(self.index, changes)
        except Exception:
            if connection == self._connection:
                self._ready = False
                self._keep(changes)
            raise

    def catch_up(self) -> bool:
        """Load if need be, apply what waited, and serve the result; return whether the feed is ready.

        False when the connection is gone, or was replaced meanwhile (call again), or another call is at it. Errors of
        ``load`` and ``fetch`` go to the caller; changes go on being kept, so calling again is all there is to do.
        """
        connection = self._connection
        if self._ready or not self._bound or self._catching_up == connection:
            return self._ready
        self._catching_up = connection
        try:
            if self._loaded is None and not self._load_all(connection):
                return False
            while self._waiting:
                batch = [self._waiting.pop(item_id) for item_id in list(islice(self._waiting, BATCH))]
                try:
                    self._apply(self._loaded, batch)
                except Exception:
                    if connection == self._connection:
                        self._keep(batch)
                    raise
                self._breathe()
                if connection != self._connection:
                    return False
            self._served, self._ready = self._loaded, True
            return True
        finally:
            if self._catching_up == connection:
                self._catching_up = None

    def _load_all(self, connection: int) -> bool:
        fresh = self._make()
        items = iter(self._load())
        while batch := list(islice(items, BATCH)):
            if connection != self._connection:
                return False
            _put(fresh, batch)
            self._breathe()
        if connection != self._connection:
            return False
        fresh.tidy()
        self._loaded = fresh
        return True

    def _keep(self, changes: Iterable[Change[Item]]) -> None:
        for change in changes:
            known = self._waiting.get(change.id)
            if known is None or known.version < change.version:
                self._waiting[change.id] = change

    def _apply(self, index: Index[Item] | None, changes: Iterable[Change[Item]]) -> None:
        if index is None:
            return
        asked: dict[str, int] = {}
        for change in changes:
            try:
                known = index.version(change.id)
                if known is not None and known >= change.version:
                    continue
                if change.gone:
                    index.remove(change.id, change.version)
                elif change.item is not None:
                    index.put((change.item,))
                else:
                    asked[change.id] = max(change.version, asked.get(change.id, 0))
            except Refused as refused:
                log.warning("not_held", item=change.id, version=change.version, why=str(refused))
        if not asked:
            return
        fetched = self._fetch(list(asked))
        _put(index, list(fetched.values()))
        for item_id, version in asked.items():
            if item_id not in fetched:
                _remove(index, item_id, version)
            elif (index.version(item_id) or version) < version:
                raise Unavailable(f"{item_id} was read in an older version than {version}")


def _put(index: Index[Item], items: Sequence[Item]) -> None:
    try:
        index.put(items)
    except Refused:
        for item in items:
            try:
                index.put((item,))
            except Refused as refused:
                log.warning("not_held", item=str(item)[:200], why=str(refused))


def _remove(index: Index[Any], item_id: str, version: int) -> None:
    try:
        index.remove(item_id, version)
    except Refused as refused:
        log.warning("not_held", item=item_id, version=version, why=str(refused))
