"""The adapter: one collection, asked no more than needed, written under guards."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import urlsplit, urlunsplit

from services.spaces.agreement.caldav.dav import (
    ASK_COLLECTION,
    ASK_LIST,
    Told,
    ask_resources,
    name_of,
    path_of,
    told_of,
)
from services.spaces.agreement.caldav.errors import CalDavSilent
from services.spaces.agreement.calendar import Answer, ChangedThere, Question, Seen, There, Unchanged
from services.spaces.agreement.fetch import Outside, Reply, Visit
from services.spaces.agreement.model import Feed
from services.spaces.agreement.parsing import parsed_resource

#: Resources asked for at once: each answer stays well within the limit of bytes.
AT_ONCE = 200
#: Resources of one collection.
MOST_RESOURCES = 20_000
_XML = "application/xml; charset=utf-8"
_ICS = "text/calendar; charset=utf-8"


@dataclass(frozen=True)
class CalDavAdapter:
    """Reaches collections."""

    outside: Outside
    writes: bool = True

    @contextmanager
    def open(self, feed: Feed, seconds: float) -> Iterator[CalDavCalendar]:
        """Return a conversation with the collection at the feed's address."""
        with self.outside.visit(seconds, feed.secret) as visit:
            yield CalDavCalendar(visit, feed.address)


class CalDavCalendar:
    """One collection."""

    def __init__(self, visit: Visit, address: str) -> None:
        self._visit = visit
        self._address = address if urlsplit(address).path.endswith("/") else f"{address}/"
        self._path = path_of(self._address, self._address) or "/"

    def read(self, asked: Question) -> Answer | Unchanged:
        """Return what the collection has.

        The cursor stands for exactly what was read: where an entry changed in between there is none, because a calendar
        that is later as it was before would seem unchanged.
        """
        token = self._token()
        if token and token == asked.cursor:
            return Unchanged(token)
        token, resources = self._listed()
        has_etags = all(told.etag for told in resources)
        if not token and has_etags:
            token = _hashed("list", (f"{told.href} {told.etag}" for told in resources))
            if token == asked.cursor:
                return Unchanged(token)
        kept = [told for told in resources if asked.known(told.href, told.etag)]
        wanted = [told for told in resources if not asked.known(told.href, told.etag)]
        read = self._contents(wanted)
        is_as_listed = [(told.href, told.etag) for told in read] == [(told.href, told.etag) for told in wanted]
        if not token:
            token = _hashed("data", (f"{told.href} {told.content!r}" for told in read))
            if token == asked.cursor:
                return Unchanged(token)
        listed = {told.href: told.etag for told in (*kept, *read)}
        seen: list[Seen] = []
        unread: set[str] = set()
        for number, told in enumerate(read):
            if number % AT_ONCE == 0:
                # Parsing waits for nothing: let the other green threads of the process run.
                time.sleep(0)
            found: tuple[Seen, ...] = ()
            whole = False
            if told.content is not None:
                found, whole = parsed_resource(told.content, asked.window, href=told.href, etag=told.etag)
            seen += found
            if not whole:
                unread.add(told.href)
        kept_hrefs = frozenset(told.href for told in kept)
        cursor = token if is_as_listed else ""
        return Answer(cursor, tuple(seen), listed=listed, kept=kept_hrefs, unread=frozenset(unread))

    def put(self, name: str, content: bytes, there: There | None) -> There:
        """Write an entry. Over one without an ETag there is no guard to be had."""
        href = self._path + name_of(name) if there is None else there.href
        headers = {"Content-Type": _ICS}
        if there is None:
            headers["If-None-Match"] = "*"
        elif there.etag:
            headers["If-Match"] = there.etag
        reply = self._visit.ask("PUT", self._at(href), headers=headers, body=content)
        if reply.status in (404, 409, 412) or (reply.status == 403 and b"no-uid-conflict" in reply.body):
            raise ChangedThere(href)
        _must_be(reply, 200, 201, 204)
        # No ETag says that the server keeps something else than it was given (RFC 4791 5.3.4): it is read again.
        etag = reply.headers.get("etag", "")
        return There(href, "" if etag.startswith("W/") else etag)

    def remove(self, there: There) -> None:
        """Take an entry out."""
        headers = {"If-Match": there.etag} if there.etag else {}
        reply = self._visit.ask("DELETE", self._at(there.href), headers=headers)
        if reply.status == 412:
            raise ChangedThere(there.href)
        if reply.status not in (404, 410):
            _must_be(reply, 200, 202, 204)

    def _token(self) -> str:
        """Return what the server gives for the whole collection, or ""."""
        for told in self._ask("PROPFIND", ASK_COLLECTION, depth="0"):
            if self._is_itself(told):
                if not told.is_calendar:
                    raise CalDavSilent("not_a_calendar")
                return _token_of(told)
        raise CalDavSilent("not_a_calendar")

    def _listed(self) -> tuple[str, list[Told]]:
        """Return what the server gives for the whole collection, or "", and every resource in it in order of names."""
        answer = self._ask("PROPFIND", ASK_LIST, depth="1")
        token = next((_token_of(told) for told in answer if self._is_itself(told)), "")
        found = {
            told.href: told
            for told in answer
            if told.is_there and not told.is_collection and told.href.startswith(self._path)
        }
        if len(found) > MOST_RESOURCES:
            raise CalDavSilent("too_many_events", str(len(found)))
        return token, [found[href] for href in sorted(found)]

    def _is_itself(self, told: Told) -> bool:
        return told.is_there and told.href.rstrip("/") == self._path.rstrip("/")

    def _contents(self, wanted: Sequence[Told]) -> list[Told]:
        """Return resources with their content; those gone meanwhile are left out, those withheld have none."""
        got: list[Told] = []
        for first in range(0, len(wanted), AT_ONCE):
            part = wanted[first : first + AT_ONCE]
            # Depth 0 would do (RFC 4791 7.9), but some servers insist on 1.
            found: Mapping[str, Told] = {
                told.href: told
                for told in self._ask("REPORT", ask_resources(told.spelled for told in part), depth="1")
            }
            got += [one for told in part if (one := found.get(told.href, told)).is_there]
        return got

    def _ask(self, method: str, body: bytes, *, depth: str) -> list[Told]:
        headers = {"Content-Type": _XML, "Depth": depth}
        reply = self._visit.ask(method, self._address, headers=headers, body=body)
        _must_be(reply, 207)
        return told_of(reply.body, self._address)

    def _at(self, href: str) -> str:
        parts = urlsplit(self._address)
        return urlunsplit((parts.scheme, parts.netloc, href, "", ""))


def _token_of(collection: Told) -> str:
    if collection.ctag:
        return f"ctag {collection.ctag}"
    return f"sync {collection.sync_token}" if collection.sync_token else ""


def _must_be(reply: Reply, *statuses: int) -> None:
    if reply.status in statuses:
        return
    if reply.status in (401, 403):
        raise CalDavSilent("not_let_in", str(reply.status))
    if reply.status in (404, 410):
        raise CalDavSilent("not_there", str(reply.status))
    if reply.status in (405, 501):
        raise CalDavSilent("not_a_calendar", str(reply.status))
    raise CalDavSilent("server_trouble", str(reply.status))


def _hashed(kind: str, lines: Iterator[str]) -> str:
    return f"{kind} {sha256(chr(10).join(lines).encode()).hexdigest()}"
