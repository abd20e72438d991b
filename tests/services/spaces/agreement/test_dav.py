"""WebDAV's XML and names, as servers really write them, and as attackers do."""

from __future__ import annotations

import pytest

from services.spaces.agreement.caldav.dav import ask_resources, name_of, path_of, told_of
from services.spaces.agreement.caldav.errors import CalDavSilent

ADDRESS = "https://calendar.example/dav/facility/%EB%AA%A8%EC%9E%84%EB%B0%A9/"
PATH = "/dav/facility/%EB%AA%A8%EC%9E%84%EB%B0%A9/"


def a_multistatus(*responses: str) -> bytes:
    """Return an answer."""
    head = '<?xml version="1.0"?><d:multistatus xmlns:d="DAV:" xmlns:cal="urn:ietf:params:xml:ns:caldav" '
    return (head + f'xmlns:cs="http://calendarserver.org/ns/">{"".join(responses)}</d:multistatus>').encode()


def a_response(href: str, props: str = '<d:getetag>"1"</d:getetag>', status: str = "HTTP/1.1 200 OK") -> str:
    """Return one response."""
    found = f"<d:propstat><d:prop>{props}</d:prop><d:status>{status}</d:status></d:propstat>"
    return f"<d:response><d:href>{href}</d:href>{found}</d:response>"


@pytest.mark.parametrize(
    "spelled",
    [
        f"{PATH}a%20b.ics",
        "/dav/facility/모임방/a%20b.ics",
        "https://calendar.example/dav/facility/%eb%aa%a8%ec%9e%84%eb%b0%a9/a%20b.ics",
        "a%20b.ics",
        "./a%20b.ics",
    ],
)
def test_a_name_in_any_spelling_is_one_place(spelled: str) -> None:
    (told,) = told_of(a_multistatus(a_response(spelled)), ADDRESS)
    assert told.href == f"{PATH}a%20b.ics"
    assert told.spelled == spelled


@pytest.mark.parametrize("elsewhere", ["https://evil.example/dav/a.ics", "http://calendar.example/dav/a.ics", "//evil.example/a"])
def test_a_name_on_another_server_is_left_out(elsewhere: str) -> None:
    assert path_of(ADDRESS, elsewhere) is None
    assert told_of(a_multistatus(a_response(elsewhere)), ADDRESS) == []


def test_a_slash_inside_a_name_stays_inside() -> None:
    assert path_of(ADDRESS, f"{PATH}a%2Fb.ics") == f"{PATH}a%2Fb.ics"
    assert name_of("a/b c") == "a%2Fb%20c.ics"


def test_only_what_was_found_counts() -> None:
    response = (
        "<d:response><d:href>a.ics</d:href>"
        "<d:propstat><d:prop><cs:getctag>no</cs:getctag></d:prop><d:status>HTTP/1.1 404 Not Found</d:status></d:propstat>"
        '<d:propstat><d:prop><d:getetag>"7"</d:getetag></d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat>'
        "</d:response><d:response><d:href>b.ics</d:href><d:status>HTTP/1.1 404 Not Found</d:status></d:response>"
    )
    a, b = told_of(a_multistatus(response), ADDRESS)
    assert (a.is_there, a.etag, a.ctag) == (True, '"7"', "")
    assert not b.is_there


def test_a_name_cannot_break_out_of_the_question() -> None:
    assert b"<href>&lt;/href&gt;&amp;</href>" in ask_resources(["</href>&"])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>not here</html>",
        b"<multistatus",
        b"\xff\xfe\x00",
        b'<?xml version="1.0" encoding="no-such"?><a/>',
        b'<!DOCTYPE a [<!ENTITY b "boom">]><d:multistatus xmlns:d="DAV:">&b;</d:multistatus>',
        b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><d:multistatus xmlns:d="DAV:">&b;</d:multistatus>',
        b'<!DOCTYPE a SYSTEM "http://127.0.0.1:1/x.dtd"><d:multistatus xmlns:d="DAV:"/>',
        (
            b'<!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
            b'<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]><d:multistatus xmlns:d="DAV:">&c;</d:multistatus>'
        ),
        b'<!DOCTYPE a><d:multistatus xmlns:d="DAV:"/>',
    ],
)
def test_what_is_no_answer_or_plays_tricks_is_unreadable(body: bytes) -> None:
    with pytest.raises(CalDavSilent) as silent:
        told_of(body, ADDRESS)
    assert silent.value.reason == "unreadable"


def test_xml_nested_without_end_is_no_crash() -> None:
    deep = b"<a>" * 100_000 + b"</a>" * 100_000
    with pytest.raises(CalDavSilent):
        told_of(deep, ADDRESS)
