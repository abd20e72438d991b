"""Calendars out: open, renew, revoke an address, and read what lies there.

The token is told once, by the answer of the act that made it; a repeat of that act tells none (``token`` null), because
only the hash was kept: renew the address for another one.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from services.spaces.bookings.model import Booking
from services.spaces.bookings.usecases import must_be_staff
from services.spaces.calendars_out import feed
from services.spaces.calendars_out.model import MOST_OPEN, RESIDENT, Address, hash_of
from services.spaces.calendars_out.storage import Addresses
from services.spaces.facilities.model import Place
from shared.actors import Actor, must_be_self
from shared.aggregate import Act
from shared.clock import Clock, iso, kst_month
from shared.errors import Conflict, NotFound, Refused
from shared.pages import after, checked_limit, cursor_of, instant_after, page

#: A resident's bookings read for one calendar; of so many, ``feed.MOST_ENTRIES`` are shown.
MOST_READ = 5_000
#: Addresses on one page.
MOST_ADDRESSES = 100


class Bookings(Protocol):
    """Bookings, by whose they are."""

    def of_resident(self, resident_id: str, since: datetime, most: int) -> Sequence[Booking]:
        """Return a resident's bookings that end after ``since``."""

    def of_space(self, space_id: str, months: Iterable[str]) -> Sequence[Booking]:
        """Return the bookings of a space that start in these KST months (``YYYY-MM``)."""


class Rooms(Protocol):
    """The register of facilities and spaces."""

    def place(self, space_id: str) -> Place:
        """Return a space and its facility; raise ``NotFound``."""

    def places(self, space_ids: Sequence[str]) -> Mapping[str, Place]:
        """Return those of the spaces that there are, with their facilities, in a question or two."""


@dataclass(frozen=True)
class CalendarsOut:
    """The acts on addresses, and the calendars behind them."""

    addresses: Addresses
    bookings: Bookings
    rooms: Rooms
    clock: Clock
    #: Makes a secret of 256 random bits, as text.
    new_token: Callable[[], str]

    def open(
        self, actor: Actor, *, act_id: str, address_id: str, kind: str, subject_id: str | None = None
    ) -> dict[str, Any]:
        """Open an address: a resident for oneself, a host or an officer for a space; return ``{address_id, token}``.

        Raises ``Refused`` ``too_many_addresses`` when as many are open already as may be.
        """
        subject = subject_id or actor.subject
        tenant, district = self._for_keeper(actor, kind, subject)
        token, now = self.new_token(), self.clock.now()
        if self.addresses.find(address_id) is None:
            held = [one for one in self.addresses.of_subject(kind, subject) if one.is_open]
            if len(held) >= MOST_OPEN:
                raise Refused("too_many_addresses", field="subject_id", most=MOST_OPEN)
        address = Address(
            id=address_id,
            tenant=tenant,
            kind=kind,
            subject_id=subject,
            token_hash=hash_of(token),
            opened_at=now,
            opened_by=actor.subject,
            district=district,
        )
        act = Act.of(act_id, "open_address", address=address_id, kind=kind, subject=subject)
        return _told(self.addresses.create(act, address, _kept(address)), token)

    def renew(self, actor: Actor, *, act_id: str, address_id: str) -> dict[str, Any]:
        """Let another token lead there and the old one nowhere; return ``{address_id, token}``."""
        self._keeper_of(actor, address_id)
        token, now = self.new_token(), self.clock.now()

        def decide(address: Address) -> dict[str, Any]:
            address.renew(hash_of(token), now)
            return _kept(address)

        return _told(self.addresses.act(Act.of(act_id, "renew_address", id=address_id), address_id, decide), token)

    def revoke(self, actor: Actor, *, act_id: str, address_id: str) -> dict[str, Any]:
        """Let no token lead there any more."""
        self._keeper_of(actor, address_id)
        now = self.clock.now()

        def decide(address: Address) -> dict[str, Any]:
            address.revoke(now)
            return {"address_id": address_id, "open": False}

        return self.addresses.act(Act.of(act_id, "revoke_address", id=address_id), address_id, decide)

    def mine(
        self,
        actor: Actor,
        *,
        kind: str,
        subject_id: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> dict[str, Any]:
        """Return ``{addresses, cursor}`` of oneself or of a space one keeps, latest first; never a token."""
        checked_limit(limit, MOST_ADDRESSES)
        since = instant_after(cursor)
        subject = subject_id or actor.subject
        self._for_keeper(actor, kind, subject)
        found = self.addresses.of_subject(kind, subject)
        fresh = [one for one in found if since is None or (one.opened_at, one.id) < since]
        rows, further = page(map(_shown, fresh), limit, lambda row: (row["opened_at"], row["address_id"]))
        return {"addresses": rows, "cursor": further}

    def ics(
        self, _actor: Actor, *, secret: str, etag: str | None = None, cursor: str | None = None
    ) -> dict[str, Any]:
        """Return ``{ics, etag, unchanged, cursor}`` of the calendar that this token leads to, for whoever has it.

        ``ics`` is UTF-8 iCalendar with CRLF, in pieces of 128 KiB: join them while there is a ``cursor``. With the
        ``etag`` of what the caller has, an unchanged calendar is told without its text (``ics`` null). Raises
        ``NotFound`` ``no_such_address``; ``Conflict`` when it changed between two pieces: begin anew.
        """
        address = self.addresses.by_token(hash_of(secret))
        if address is None:
            raise NotFound("no_such_address", field="secret")
        title, shown = self._calendar(address)
        tag = feed.etag_of(title, shown)
        told = {"etag": tag, "ics": None, "unchanged": False, "cursor": None}
        if cursor is None and etag is not None and hmac.compare_digest(tag.encode(), etag.encode()):
            return {**told, "unchanged": True}
        number = _piece_after(cursor, tag)
        cut = feed.pieces(feed.written(title, shown, lambda: self.clock.sleep(0)))
        if not 0 <= number < len(cut):
            raise Refused("bad_cursor", field="cursor")
        further = cursor_of(tag, str(number + 1)) if number + 1 < len(cut) else None
        return {**told, "ics": cut[number], "cursor": further}

    def _calendar(self, address: Address) -> tuple[str, tuple[feed.Entry, ...]]:
        now = self.clock.now()
        since, until = feed.window(now)
        if address.kind == RESIDENT:
            known = self.bookings.of_resident(address.subject_id, since, MOST_READ)
            names = {
                space_id: name_of(place)
                for space_id, place in self.rooms.places(sorted({one.taken.space_id for one in known})).items()
            }
            title = "십분 내 예약"
        else:
            known = self.bookings.of_space(address.subject_id, months(since, until))
            names = {address.subject_id: name_of(self.rooms.place(address.subject_id))}
            title = names[address.subject_id].title
        mine = [booking for booking in known if booking.tenant == address.tenant]
        return title, feed.entries(mine, names, address.kind, now)

    def _keeper_of(self, actor: Actor, address_id: str) -> None:
        address = self.addresses.get(address_id)
        if address.kind == RESIDENT:
            must_be_self(actor, address.subject_id, tenant=address.tenant)
        else:
            self._for_keeper(actor, address.kind, address.subject_id)

    def _for_keeper(self, actor: Actor, kind: str, subject_id: str) -> tuple[str, str]:
        """Raise ``Refused`` unless the caller keeps this subject; return its tenant and district."""
        if kind == RESIDENT:
            must_be_self(actor, subject_id, tenant=actor.tenant)
            return actor.tenant, ""
        place = self.rooms.place(subject_id)
        must_be_staff(actor, place)
        return place.space.tenant, place.space.district


def name_of(place: Place) -> feed.Name:
    """Return what a calendar says of a space."""
    facility, space = place.facility, place.space
    where = (facility.address.road_address or facility.address.jibun, facility.address.detail)
    return feed.Name(
        title=f"{facility.name} {space.name}",
        location=" ".join(part for part in where if part),
        degrees=(space.point.lat, space.point.lon),
    )


def months(since: datetime, until: datetime) -> list[str]:
    """Return the KST months (``YYYY-MM``) of ``[since, until)``, and the one before: a span may begin in it."""
    first, last = kst_month(since), kst_month(until)
    year, month = int(first[:4]), int(first[5:])
    year, month = (year, month - 1) if month > 1 else (year - 1, 12)
    found = []
    while (text := f"{year:04d}-{month:02d}") <= last:
        found.append(text)
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
    return found


def _piece_after(cursor: str | None, tag: str) -> int:
    key = after(cursor, 2)
    if key is None:
        return 0
    if key[0] != tag:
        raise Conflict("changed_meanwhile", field="cursor")
    if not key[1].isdecimal():
        raise Refused("bad_cursor", field="cursor")
    return int(key[1])


def _kept(address: Address) -> dict[str, Any]:
    """Return the outcome as it is kept: the hash says which token it was made with."""
    return {"address_id": address.id, "hash": address.token_hash}


def _told(kept: dict[str, Any], token: str) -> dict[str, Any]:
    """Return the outcome as it is told: the token only by the act that made it."""
    return {"address_id": kept["address_id"], "token": token if kept["hash"] == hash_of(token) else None}


def _shown(address: Address) -> dict[str, Any]:
    return {
        "address_id": address.id,
        "kind": address.kind,
        "subject_id": address.subject_id,
        "opened_at": iso(address.opened_at),
        "opened_by": address.opened_by,
        "renewed_at": None if address.renewed_at is None else iso(address.renewed_at),
        "revoked_at": None if address.revoked_at is None else iso(address.revoked_at),
        "open": address.is_open,
    }
