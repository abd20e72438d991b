"""The contract of calendars: the same on the twin and on a real Radicale."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_network
from typing import Any, Protocol
from urllib.parse import urlsplit

import pytest

from deploy.radicale import Radicale
from services.spaces.agreement.caldav.adapter import CalDavAdapter, CalDavCalendar
from services.spaces.agreement.calendar import Adapter, Answer, Calendar, ChangedThere, Question, Silent, Unchanged
from services.spaces.agreement.fetch import Outside, Reply, Visit
from services.spaces.agreement.model import Feed, Secret
from services.spaces.agreement.twin import TwinCalDav, TwinServer
from services.spaces.spans import Span
from tests.services.spaces.agreement.makers import ADDRESS, FEED_ID, a_feed, an_event, an_office, written
from tests.services.spaces.makers import NOW, a_resident, a_span, at

WINDOW = Span(NOW, NOW + timedelta(days=400))
HOME = (ip_network("127.0.0.0/8"),)


class People(Protocol):
    """What the facility's own people do, and what they see asked."""

    adapter: Adapter
    feed: Feed

    def set(self, name: str, content: bytes) -> None:
        """Set an entry."""

    def remove(self, name: str) -> None:
        """Remove an entry."""

    def names(self) -> set[str]:
        """Return the names of all entries."""

    def asked(self) -> list[str]:
        """Return the verbs that were asked since the last look."""


@dataclass
class TwinPeople:
    """People at a twin."""

    server: TwinServer = field(default_factory=TwinServer)

    def __post_init__(self) -> None:
        self.adapter: Adapter = TwinCalDav(self.server)
        self.feed = a_feed()

    def set(self, name: str, content: bytes) -> None:
        """Set an entry."""
        self.server.calendar(ADDRESS).set(name, content)

    def remove(self, name: str) -> None:
        """Remove an entry."""
        self.server.calendar(ADDRESS).remove(name)

    def names(self) -> set[str]:
        """Return the names."""
        return set(self.server.calendar(ADDRESS).resources)

    def asked(self) -> list[str]:
        """Return the verbs."""
        verbs = [what.partition(" ")[0] for what in self.server.requests]
        self.server.requests.clear()
        return verbs


class CountingVisit(Visit):
    """A visit that notes what it asks."""

    verbs: list[str]

    def ask(self, method: str, address: str, **how: Any) -> Reply:
        """Note it, and ask."""
        self.verbs.append(method)
        return super().ask(method, address, **how)


@dataclass(frozen=True)
class CountingOutside(Outside):
    """Outside, with what was asked there."""

    verbs: list[str] = field(default_factory=list)

    @contextmanager
    def visit(self, seconds: float, secret: Secret = Secret()) -> Iterator[Visit]:  # noqa: B008
        """Return a visit that notes what it asks."""
        with super().visit(seconds, secret) as visit:
            visit.__class__ = CountingVisit
            assert isinstance(visit, CountingVisit)
            visit.verbs = self.verbs
            yield visit


class RealPeople:
    """People at a Radicale."""

    def __init__(self, server: Radicale) -> None:
        self.server = server
        self.address = server.make(f"모임방-{secrets.token_hex(4)}")
        self._outside = CountingOutside(HOME)
        self.adapter: Adapter = CalDavAdapter(self._outside)
        self.feed = a_feed(address=self.address, secret=Secret("facility", server.password))

    def set(self, name: str, content: bytes) -> None:
        """Set an entry."""
        status, _, told = self.server.ask("PUT", self.address + name, content, {"Content-Type": "text/calendar"})
        assert status in (200, 201, 204), told

    def remove(self, name: str) -> None:
        """Remove an entry."""
        assert self.server.ask("DELETE", self.address + name)[0] in (200, 204)

    def names(self) -> set[str]:
        """Return the names."""
        _, _, told = self.server.ask("PROPFIND", self.address, headers={"Depth": "1"})
        return {part.split(b"<")[0].rpartition(b"/")[2].decode() for part in told.split(b"<href>")[1:]} - {""}

    def asked(self) -> list[str]:
        """Return the verbs."""
        verbs = list(self._outside.verbs)
        self._outside.verbs.clear()
        return verbs


@pytest.fixture(params=["twin", "radicale"])
def people(request: pytest.FixtureRequest) -> People:
    """A facility with an empty calendar."""
    if request.param == "twin":
        return TwinPeople()
    return RealPeople(request.getfixturevalue("radicale"))


@contextmanager
def talking_to(people: People) -> Iterator[Calendar]:
    """Open a conversation."""
    with people.adapter.open(people.feed, 20) as calendar:
        yield calendar


def answered(people: People, question: Question | None = None) -> Answer:
    """Read, and expect something new."""
    with talking_to(people) as calendar:
        answer = calendar.read(question or Question(WINDOW))
    assert isinstance(answer, Answer)
    return answer


def a_booking_entry(name: str = "bkg-1", start: float = 10, end: float = 12) -> bytes:
    """Return the entry of a booking, as we write it."""
    office = an_office(connected=False)
    office.counter.book(1, start, end, booking_id=name)
    return written(office.counter.booking(name), 0)


def test_an_empty_calendar_has_nothing(people: People) -> None:
    answer = answered(people)

    assert (answer.seen, dict(answer.listed)) == ((), {})
    assert answer.cursor


def test_their_entries_are_read_with_where_they_lie(people: People) -> None:
    people.set("closed.ics", an_event("closed-1", at(14), at(16), sequence=3))

    answer = answered(people)

    (seen,) = answer.seen
    assert (seen.uid, seen.span, seen.sequence, seen.keeps_out) == ("closed-1", a_span(14, 16), 3, True)
    assert answer.listed == {seen.href: seen.etag}
    assert seen.etag


def test_an_unchanged_calendar_is_one_request(people: People) -> None:
    people.set("closed.ics", an_event("closed-1", at(14), at(16)))
    cursor = answered(people).cursor
    people.asked()

    with talking_to(people) as calendar:
        assert calendar.read(Question(WINDOW, cursor)) == Unchanged(cursor)
    assert people.asked() == ["PROPFIND"]


def test_only_what_is_not_known_is_read_again(people: People) -> None:
    for number in range(3):
        people.set(f"{number}.ics", an_event(f"e-{number}", at(9 + number), at(10 + number)))
    first = answered(people)
    people.set("1.ics", an_event("e-1", at(15), at(16), sequence=1))
    known = set(first.listed.items())

    answer = answered(people, Question(WINDOW, first.cursor, lambda href, etag: (href, etag) in known))

    assert [seen.uid for seen in answer.seen] == ["e-1"]
    assert len(answer.kept) == 2
    assert len(answer.listed) == 3


def test_a_removed_entry_is_not_listed(people: People) -> None:
    people.set("a.ics", an_event("a", at(9), at(10)))
    people.set("b.ics", an_event("b", at(11), at(12)))
    first = answered(people)
    people.remove("a.ics")

    answer = answered(people, Question(WINDOW, first.cursor))
    assert [seen.uid for seen in answer.seen] == ["b"]
    assert len(answer.listed) == 1


def test_what_we_write_reads_back_at_the_version_we_were_told(people: People) -> None:
    with talking_to(people) as calendar:
        there = calendar.put("bkg-1", a_booking_entry(), None)

    (seen,) = answered(people).seen
    assert (seen.uid, seen.span) == ("bkg-1@sipbun", a_span(10, 12))
    assert (seen.href, seen.etag) == (there.href, there.etag)
    assert people.names() == {"bkg-1.ics"}


def test_an_entry_that_is_there_is_not_written_over(people: People) -> None:
    people.set("bkg-1.ics", an_event("bkg-1@sipbun", at(10), at(11)))

    with talking_to(people) as calendar, pytest.raises(ChangedThere):
        calendar.put("bkg-1", a_booking_entry(), None)
    assert answered(people).seen[0].span == a_span(10, 11)


def test_an_entry_that_people_changed_is_neither_written_over_nor_removed(people: People) -> None:
    with talking_to(people) as calendar:
        there = calendar.put("bkg-1", a_booking_entry(), None)
    people.set("bkg-1.ics", an_event("bkg-1@sipbun", at(13), at(15), sequence=1))

    with talking_to(people) as calendar:
        with pytest.raises(ChangedThere):
            calendar.put("bkg-1", a_booking_entry(), there)
        with pytest.raises(ChangedThere):
            calendar.remove(there)
    assert answered(people).seen[0].span == a_span(13, 15)


def test_an_entry_that_people_removed_is_not_written_over(people: People) -> None:
    with talking_to(people) as calendar:
        there = calendar.put("bkg-1", a_booking_entry(), None)
        people.remove("bkg-1.ics")
        with pytest.raises(ChangedThere):
            calendar.put("bkg-1", a_booking_entry(), there)
    assert people.names() == set()


def test_our_entry_is_changed_and_removed(people: People) -> None:
    with talking_to(people) as calendar:
        there = calendar.put("bkg-1", a_booking_entry(), None)
        there = calendar.put("bkg-1", a_booking_entry(end=11), there)
        assert answered(people).seen[0].span == a_span(10, 11)
        calendar.remove(there)
        assert people.names() == set()
        calendar.remove(there)


def test_a_name_in_any_script_is_one_name(people: People) -> None:
    with talking_to(people) as calendar:
        there = calendar.put("bkg-모임방 1%2F", a_booking_entry(), None)
        assert [seen.href for seen in answered(people).seen] == [there.href]
        calendar.remove(there)
    assert answered(people).seen == ()


def test_a_repeated_entry_has_every_occurrence(people: People) -> None:
    weekly = an_event("weekly", at(9), at(10), more="RRULE:FREQ=DAILY;COUNT=5\r\nEXDATE:20261203T000000Z")
    people.set("weekly.ics", weekly)

    answer = answered(people)
    assert [seen.span for seen in answer.seen] == [a_span(9, 10, day) for day in (1, 2, 4, 5)]
    assert len({seen.occurrence for seen in answer.seen}) == 4


def test_the_whole_way_on_a_calendar(people: People) -> None:
    """Request, confirm, blackout, cancel, twice: the desk on the very adapter."""
    office = an_office(adapters={"caldav": people.adapter}, address=people.feed.address)
    office.reader.feeds.act(None, FEED_ID, lambda feed: setattr(feed, "secret", people.feed.secret) or {})
    office.counter.book(1)
    office.counter.book(2, 13, 14)
    assert office.reconcile() == {"ours_to_write": 2}
    people.set("closed.ics", an_event("closed-1", at(11), at(12)))
    office.counter.desk.cancel(a_resident(2), act_id="c-2", booking_id="bkg-2-13-14")

    assert office.reconcile() == {"ours_to_remove": 1, "theirs_added": 1}
    assert people.names() == {"bkg-1-10-12.ics", "closed.ics"}
    people.remove("bkg-1-10-12.ics")
    assert office.reconcile() == {"ours_removed_by_them": 1}
    office.reconcile()
    people.asked()
    assert office.reconcile() == {}
    assert people.asked() == ["PROPFIND"]


def test_a_calendar_without_etags_is_read_whole_and_recognised_by_its_content() -> None:
    people = TwinPeople()
    calendar = people.server.calendar(ADDRESS)
    calendar.has_etags = calendar.has_ctag = False
    people.set("a.ics", an_event("a", at(9), at(10)))
    first = answered(people)

    with talking_to(people) as talk:
        assert isinstance(talk.read(Question(WINDOW, first.cursor, lambda *_: False)), Unchanged)
        there = talk.put("bkg-1", a_booking_entry(), None)
        assert there.etag == ""
    assert len(answered(people, Question(WINDOW, first.cursor)).seen) == 2


def test_radicale_lets_nobody_in_with_a_wrong_password(radicale: Radicale) -> None:
    people = RealPeople(radicale)
    feed = a_feed(address=people.address, secret=Secret("facility", "wrong"))

    with people.adapter.open(feed, 20) as calendar, pytest.raises(Silent) as silent:
        calendar.read(Question(WINDOW))
    assert silent.value.reason == "not_let_in"
    assert "wrong" not in str(silent.value)


def test_an_address_without_a_calendar_says_so(radicale: Radicale) -> None:
    people = RealPeople(radicale)
    for address, reason in ((radicale.calendar("없음"), "not_there"), (f"{radicale.url}facility/", "not_a_calendar")):
        feed = a_feed(address=address, secret=Secret("facility", radicale.password))
        with people.adapter.open(feed, 20) as calendar, pytest.raises(Silent) as silent:
            calendar.read(Question(WINDOW))
        assert silent.value.reason == reason


def test_a_radicale_that_was_killed_comes_back_with_everything(radicale: Radicale) -> None:
    people = RealPeople(radicale)
    people.set("closed.ics", an_event("closed-1", at(14), at(16)))
    first = answered(people)
    radicale.kill()
    try:
        with talking_to(people) as calendar, pytest.raises(Silent) as silent:
            calendar.read(Question(WINDOW))
        assert silent.value.reason == "no_answer"
    finally:
        radicale.start()
        radicale.wait_ready()
    with talking_to(people) as calendar:
        assert calendar.read(Question(WINDOW, first.cursor)) == Unchanged(first.cursor)


def test_the_cursor_stands_for_what_was_read() -> None:
    """The ctag is that of the list, and there is none where an entry changed between the list and its content."""
    for etag, cursor in (('"1"', "ctag later"), ('"2"', "")):
        calendar = CalDavCalendar(_Scripted(etag), ADDRESS)  # type: ignore[arg-type]
        answer = calendar.read(Question(WINDOW))
        assert isinstance(answer, Answer)
        assert (answer.cursor, [seen.uid for seen in answer.seen]) == (cursor, ["closed-1"])


@dataclass
class _Scripted:
    """A server on which an entry is set between our first question and the second."""

    #: Of the entry, once its content is asked for.
    etag: str

    def ask(self, method: str, _address: str, *, headers: dict[str, str], body: bytes) -> Reply:
        """Return what such a server answers."""
        itself = "<resourcetype><collection/><C:calendar/></resourcetype>"
        content = an_event("closed-1", at(14), at(16)).decode()
        if method == "REPORT":
            rows = [("a.ics", f"<getetag>{self.etag}</getetag><C:calendar-data>{content}</C:calendar-data>")]
        elif headers["Depth"] == "0":
            rows = [("", f"{itself}<CS:getctag>first</CS:getctag>")]
        else:
            rows = [("", f"{itself}<CS:getctag>later</CS:getctag>"), ("a.ics", '<getetag>"1"</getetag>')]
        path = urlsplit(ADDRESS).path
        responses = "".join(
            f"<response><href>{path}{name}</href><propstat><prop>{props}</prop></propstat></response>"
            for name, props in rows
        )
        spaces = 'xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:CS="http://calendarserver.org/ns/"'
        return Reply(207, {}, f"<multistatus {spaces}>{responses}</multistatus>".encode())
