"""A facility's calendar server in memory, as CalDAV and as one iCalendar file: for the simulation and for tests.

    server = TwinServer()
    server.calendar(ADDRESS).set("휴관.ics", content)     # what people at the facility do
    server.away = True                                    # refuses connections
    server.next("lose_answer")                            # does it, but its answer never arrives
    server.next("", "refuse", "lose_request")             # one goes well, then a server's trouble, then a broken line
    server.before("PUT", lambda: ...)                     # what people do just before our next PUT is heard

    adapters = {"caldav": TwinCalDav(server), "ics": TwinIcs(server)}

It keeps the same contract as the real adapters (one test suite runs on both). ``step`` is called before and after every
request: a scheduler stands there and may switch, crash or fail the caller. ``requests`` names what was asked.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha256

from services.spaces.agreement.calendar import Answer, ChangedThere, Question, Seen, Silent, There, Unchanged
from services.spaces.agreement.ics.errors import ReadOnly
from services.spaces.agreement.model import Feed
from services.spaces.agreement.parsing import parsed, parsed_resource

Step = Callable[[str], None]
#: How the next request fails.
TROUBLES = ("refuse", "lose_request", "lose_answer")


def no_step(_what: str) -> None:
    """Go straight on."""


@dataclass
class TwinCalendar:
    """One collection: name -> content, as its server keeps it."""

    path: str
    resources: dict[str, bytes] = field(default_factory=dict)
    #: A server without ETags, or without a ctag.
    has_etags: bool = True
    has_ctag: bool = True
    #: Names that are listed and not handed out.
    withheld: set[str] = field(default_factory=set)
    #: People at the facility took our rights to write away.
    read_only: bool = False

    def set(self, name: str, content: bytes) -> None:
        """Set an entry, as people at the facility do."""
        self.resources[name] = content

    def remove(self, name: str) -> None:
        """Remove an entry, as people at the facility do; nothing happens where there is none."""
        self.resources.pop(name, None)

    def etag(self, name: str) -> str:
        """Return the version of an entry."""
        return f'"{sha256(self.resources[name]).hexdigest()[:32]}"' if self.has_etags else ""

    @property
    def version(self) -> str:
        """Of the whole."""
        lines = (f"{name} {sha256(content).hexdigest()}" for name, content in sorted(self.resources.items()))
        return sha256("\n".join(lines).encode()).hexdigest()

    def href(self, name: str) -> str:
        """Return where an entry lies."""
        return self.path + name

    def as_file(self) -> bytes:
        """Return every entry in one iCalendar object."""
        components: list[bytes] = []
        for _, content in sorted(self.resources.items()):
            inside = False
            for line in content.splitlines():
                inside = inside or line.startswith((b"BEGIN:VEVENT", b"BEGIN:VTIMEZONE"))
                if inside:
                    components.append(line)
                if line.startswith((b"END:VEVENT", b"END:VTIMEZONE")):
                    inside = False
        lines = [b"BEGIN:VCALENDAR", b"VERSION:2.0", b"PRODID:-//Facility//KO", *components, b"END:VCALENDAR", b""]
        return b"\r\n".join(lines)


class TwinServer:
    """A server with calendars by address."""

    def __init__(self, step: Step = no_step) -> None:
        self.step = step
        self.away = False
        self.requests: list[str] = []
        self._calendars: dict[str, TwinCalendar] = {}
        self._next: deque[str] = deque()
        self._before: list[tuple[str, Callable[[], None]]] = []

    def calendar(self, address: str) -> TwinCalendar:
        """Return the calendar at an address, made when first asked for."""
        if address not in self._calendars:
            path = "/" + address.partition("://")[2].partition("/")[2].strip("/") + "/"
            self._calendars[address] = TwinCalendar(path)
        return self._calendars[address]

    def next(self, *troubles: str) -> None:
        """Let the next requests fail, one after another; "" goes well."""
        for trouble in troubles:
            if trouble and trouble not in TROUBLES:
                raise ValueError(f"{trouble}: one of {TROUBLES}")
            self._next.append(trouble)

    def before(self, verb: str, do: Callable[[], None]) -> None:
        """Let people at the facility do something just before the next request of this verb is heard."""
        self._before.append((verb, do))

    @contextmanager
    def asked(self, what: str, step: Step) -> Iterator[None]:
        """Stand around one request."""
        step(f"calendar {what}")
        if self.away:
            raise Silent("no_answer")
        trouble = self._next.popleft() if self._next else ""
        if trouble == "lose_request":
            raise Silent("no_answer", trouble)
        self.requests.append(what)
        for one in [one for one in self._before if what.startswith(one[0])]:
            self._before.remove(one)
            one[1]()
        if trouble == "refuse":
            raise Silent("server_trouble", trouble)
        yield
        step(f"calendar {what} done")
        if trouble == "lose_answer" or self.away:
            raise Silent("no_answer", "lose_answer")


@dataclass(frozen=True)
class TwinCalDav:
    """The server as CalDAV, as one process sees it."""

    server: TwinServer
    step: Step | None = None
    writes: bool = True

    def seen_by(self, step: Step) -> TwinCalDav:
        """Return the same server with another process's steps."""
        return replace(self, step=step)

    @contextmanager
    def open(self, feed: Feed, _seconds: float) -> Iterator[TwinCollection]:
        """Return a conversation."""
        yield TwinCollection(self.server, self.server.calendar(feed.address), self.step or self.server.step)


@dataclass(frozen=True)
class TwinCollection:
    """One collection, as CalDAV."""

    server: TwinServer
    calendar: TwinCalendar
    step: Step

    def read(self, asked: Question) -> Answer | Unchanged:
        """Return what it has, with the requests that the real one takes."""
        calendar = self.calendar
        with self.server.asked("PROPFIND 0", self.step):
            token = f"ctag {calendar.version}" if calendar.has_ctag else ""
        if token and token == asked.cursor:
            return Unchanged(token)
        with self.server.asked("PROPFIND 1", self.step):
            listed = {calendar.href(name): (name, calendar.etag(name)) for name in sorted(calendar.resources)}
            token = f"ctag {calendar.version}" if calendar.has_ctag else ""
        if not token and calendar.has_etags:
            token = _hashed("list", [f"{href} {etag}" for href, (_, etag) in listed.items()])
            if token == asked.cursor:
                return Unchanged(token)
        kept = {href for href, (_, etag) in listed.items() if asked.known(href, etag)}
        read: dict[str, tuple[bytes, str]] = {}
        withheld: dict[str, str] = {}
        wanted = [href for href in listed if href not in kept]
        if wanted:
            with self.server.asked("REPORT", self.step):
                for href in wanted:
                    name = listed[href][0]
                    if name in calendar.withheld:
                        withheld[href] = calendar.etag(name)
                    elif name in calendar.resources:
                        read[href] = (calendar.resources[name], calendar.etag(name))
        if not token:
            token = _hashed("data", [f"{href} {content!r}" for href, (content, _) in read.items()])
            if token == asked.cursor:
                return Unchanged(token)
        seen: list[Seen] = []
        unread = set(withheld)
        for href, (content, etag) in read.items():
            found, whole = parsed_resource(content, asked.window, href=href, etag=etag)
            seen += found
            if not whole:
                unread.add(href)
        given = withheld | {href: etag for href, (_, etag) in read.items()}
        is_as_listed = given == {href: listed[href][1] for href in wanted}
        there = withheld | {href: listed[href][1] for href in kept} | {href: etag for href, (_, etag) in read.items()}
        cursor = token if is_as_listed else ""
        return Answer(cursor, tuple(seen), listed=there, kept=frozenset(kept), unread=frozenset(unread))

    def put(self, name: str, content: bytes, there: There | None) -> There:
        """Write an entry."""
        key = f"{name}.ics" if there is None else there.href.removeprefix(self.calendar.path)
        with self.server.asked(f"PUT {key}", self.step):
            if self.calendar.read_only:
                raise Silent("not_let_in")
            is_there = key in self.calendar.resources
            if there is None and is_there:
                raise ChangedThere(key)
            if there is not None and (not is_there or (there.etag and there.etag != self.calendar.etag(key))):
                raise ChangedThere(key)
            self.calendar.set(key, content)
        return There(self.calendar.href(key), self.calendar.etag(key) if key in self.calendar.resources else "")

    def remove(self, there: There) -> None:
        """Take an entry out."""
        key = there.href.removeprefix(self.calendar.path)
        with self.server.asked(f"DELETE {key}", self.step):
            if self.calendar.read_only:
                raise Silent("not_let_in")
            if key not in self.calendar.resources:
                return
            if there.etag and there.etag != self.calendar.etag(key):
                raise ChangedThere(key)
            self.calendar.remove(key)


@dataclass(frozen=True)
class TwinIcs:
    """The same calendars, each as one file that can be read."""

    server: TwinServer
    step: Step | None = None
    writes: bool = False

    def seen_by(self, step: Step) -> TwinIcs:
        """Return the same server with another process's steps."""
        return replace(self, step=step)

    @contextmanager
    def open(self, feed: Feed, _seconds: float) -> Iterator[TwinFile]:
        """Return a conversation."""
        yield TwinFile(self.server, self.server.calendar(feed.address), self.step or self.server.step)


@dataclass(frozen=True)
class TwinFile:
    """One calendar, as a file."""

    server: TwinServer
    calendar: TwinCalendar
    step: Step

    def read(self, asked: Question) -> Answer | Unchanged:
        """Return what it has."""
        with self.server.asked("GET", self.step):
            content = self.calendar.as_file()
        token = sha256(content).hexdigest()
        if token == asked.cursor:
            return Unchanged(token)
        seen, unread, partial = parsed(content, asked.window)
        return Answer(token, seen, unread_uids=unread, partial=partial)

    def put(self, _name: str, _content: bytes, _there: There | None) -> There:
        """Refuse."""
        raise ReadOnly

    def remove(self, _there: There) -> None:
        """Refuse."""
        raise ReadOnly


def _hashed(kind: str, lines: list[str]) -> str:
    return f"{kind} {sha256(chr(10).join(lines).encode()).hexdigest()}"
