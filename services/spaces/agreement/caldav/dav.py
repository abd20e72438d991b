"""WebDAV's XML and names: what is asked, and what an answer says. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import quote, unquote, urljoin, urlsplit
from xml.etree.ElementTree import Element, ParseError  # for its types: what comes from outside is parsed by defusedxml
from xml.sax.saxutils import escape

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from services.spaces.agreement.caldav.errors import CalDavSilent

_DAV, _CAL, _CS = "{DAV:}", "{urn:ietf:params:xml:ns:caldav}", "{http://calendarserver.org/ns/}"
_SPACES = 'xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:CS="http://calendarserver.org/ns/"'
_HEAD = '<?xml version="1.0" encoding="utf-8"?>'
#: What RFC 3986 lets a step of a path have as it is.
_PLAIN = "!$&'()*+,;=:@-._~"

ASK_COLLECTION = f"{_HEAD}<propfind {_SPACES}><prop><resourcetype/><CS:getctag/><sync-token/></prop></propfind>".encode()
#: Of the collection itself as well: its ctag and its list are then of one moment.
ASK_LIST = (
    f"{_HEAD}<propfind {_SPACES}><prop><resourcetype/><getetag/><CS:getctag/><sync-token/></prop></propfind>".encode()
)


@dataclass(frozen=True)
class Told:
    """One response of a multistatus. ``href`` in our spelling, ``spelled`` in theirs."""

    href: str
    spelled: str
    #: Whether the server has it at all.
    is_there: bool
    etag: str = ""
    ctag: str = ""
    sync_token: str = ""
    is_collection: bool = False
    is_calendar: bool = False
    content: bytes | None = None


def ask_resources(spelled: Iterable[str]) -> bytes:
    """Return the REPORT that asks for these resources."""
    hrefs = "".join(f"<href>{escape(href)}</href>" for href in spelled)
    return (
        f"{_HEAD}<C:calendar-multiget {_SPACES}><prop><getetag/><C:calendar-data/></prop>{hrefs}</C:calendar-multiget>"
    ).encode()


def told_of(body: bytes, address: str) -> list[Told]:
    """Return what a multistatus says of resources on this very server; raise ``CalDavSilent`` ``unreadable``."""
    try:
        root = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise CalDavSilent("unreadable", type(error).__name__) from error
    if root.tag != f"{_DAV}multistatus":
        raise CalDavSilent("unreadable", "no multistatus")
    return [told for response in root.findall(f"{_DAV}response") for told in _told(response, address)]


def path_of(address: str, href: str) -> str | None:
    """Return the path of ``href`` in one spelling, or None when it lies on another server."""
    here, there = urlsplit(address), urlsplit(urljoin(address, href))
    if (here.scheme, here.netloc.lower()) != (there.scheme, there.netloc.lower()):
        return None
    steps = [quote(unquote(step), safe=_PLAIN) for step in there.path.split("/")]
    return "/".join(steps)


def name_of(name: str) -> str:
    """Return the resource name of one of our entries."""
    return f"{quote(name, safe=_PLAIN)}.ics"


def _told(response: Element, address: str) -> Iterator[Told]:
    spelled = (response.findtext(f"{_DAV}href") or "").strip()
    href = path_of(address, spelled)
    if not spelled or href is None:
        return
    if _status(response) >= 400:
        yield Told(href, spelled, is_there=False)
        return
    found: dict[str, Element] = {}
    for propstat in response.findall(f"{_DAV}propstat"):
        prop = propstat.find(f"{_DAV}prop")
        if prop is not None and _status(propstat) < 300:
            found.update((one.tag, one) for one in prop)
    kinds = {one.tag for one in found.get(f"{_DAV}resourcetype", ())}
    content = found.get(f"{_CAL}calendar-data")
    yield Told(
        href,
        spelled,
        is_there=True,
        etag=_text(found, f"{_DAV}getetag"),
        ctag=_text(found, f"{_CS}getctag"),
        sync_token=_text(found, f"{_DAV}sync-token"),
        is_collection=f"{_DAV}collection" in kinds,
        is_calendar=f"{_CAL}calendar" in kinds,
        content=None if content is None else (content.text or "").encode(),
    )


def _text(found: dict[str, Element], tag: str) -> str:
    one = found.get(tag)
    return "" if one is None else (one.text or "").strip()


def _status(element: Element) -> int:
    """Return the HTTP status in a status line, 200 when there is none."""
    steps = (element.findtext(f"{_DAV}status") or "").split()
    return int(steps[1]) if len(steps) > 1 and steps[1].isdecimal() else 200
