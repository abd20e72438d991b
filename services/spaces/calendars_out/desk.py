"""Puts calendars out together out of the other subjects' rooms."""

from __future__ import annotations

import secrets
from functools import partial

from services.spaces.calendars_out.storage import addresses
from services.spaces.calendars_out.usecases import Bookings, CalendarsOut, Rooms
from shared.clock import Clock
from shared.mongo.port import Database
from shared.serial import Serial

#: Bytes of a token: 256 bits.
TOKEN_BYTES = 32


def calendars_out(database: Database, bookings: Bookings, rooms: Rooms, *, clock: Clock, serial: Serial) -> CalendarsOut:
    """Return the desk; ``rooms`` is the desk of facilities."""
    new_token = partial(secrets.token_urlsafe, TOKEN_BYTES)
    return CalendarsOut(addresses(database, clock=clock, serial=serial), bookings, rooms, clock, new_token)
