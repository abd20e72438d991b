"""The adapter: a conditional GET, then the content's hash, and only then the calendar."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256

import orjson

from services.spaces.agreement.calendar import Answer, Question, There, Unchanged
from services.spaces.agreement.fetch import Outside, Reply, Visit
from services.spaces.agreement.ics.errors import IcsSilent, ReadOnly
from services.spaces.agreement.model import Feed
from services.spaces.agreement.parsing import parsed

_WANTED = "text/calendar, text/plain;q=0.5, */*;q=0.1"


@dataclass(frozen=True)
class Cursor:
    """How an unchanged file is recognised."""

    etag: str = ""
    modified: str = ""
    hash: str = ""

    @staticmethod
    def read(text: str) -> Cursor:
        """Return the cursor that was written; "" is the empty one."""
        return Cursor(*orjson.loads(text)) if text else Cursor()

    def written(self) -> str:
        """Return it as it is kept."""
        return orjson.dumps([self.etag, self.modified, self.hash]).decode()


@dataclass(frozen=True)
class IcsAdapter:
    """Reaches files."""

    outside: Outside
    writes: bool = False

    @contextmanager
    def open(self, feed: Feed, seconds: float) -> Iterator[IcsCalendar]:
        """Return a conversation about the file at the feed's address."""
        with self.outside.visit(seconds, feed.secret) as visit:
            yield IcsCalendar(visit, feed.address)


class IcsCalendar:
    """One file."""

    def __init__(self, visit: Visit, address: str) -> None:
        self._visit, self._address = visit, address

    def read(self, asked: Question) -> Answer | Unchanged:
        """Return what the file has."""
        known = Cursor.read(asked.cursor)
        headers = {"Accept": _WANTED}
        if known.etag:
            headers["If-None-Match"] = known.etag
        if known.modified:
            headers["If-Modified-Since"] = known.modified
        reply = self._visit.ask("GET", self._address, headers=headers, follow=True)
        if reply.status == 304 and asked.cursor:
            return Unchanged(asked.cursor)
        _must_be_there(reply)
        fresh = Cursor(
            reply.headers.get("etag", ""), reply.headers.get("last-modified", ""), sha256(reply.body).hexdigest()
        )
        if fresh.hash == known.hash:
            return Unchanged(fresh.written())
        seen, unread, partial = parsed(reply.body, asked.window)
        return Answer(fresh.written(), seen, unread_uids=unread, partial=partial)

    def put(self, _name: str, _content: bytes, _there: There | None) -> There:
        """Refuse: a file is read only."""
        raise ReadOnly

    def remove(self, _there: There) -> None:
        """Refuse: a file is read only."""
        raise ReadOnly


def _must_be_there(reply: Reply) -> None:
    if reply.status == 200:
        return
    if reply.status in (401, 403):
        raise IcsSilent("not_let_in", str(reply.status))
    if reply.status in (404, 410):
        raise IcsSilent("not_there", str(reply.status))
    raise IcsSilent("server_trouble", str(reply.status))

