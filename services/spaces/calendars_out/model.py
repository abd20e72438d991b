"""A secret address under which somebody's bookings can be read as a calendar. Pure: no I/O, no clock.

    open --renew (another token, the old one leads nowhere)--> open --revoke--> revoked (for ever)

Whoever has the token can read, and nobody else; only its hash is kept, so a copy of the database opens no calendar.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from shared.aggregate import Aggregate
from shared.clock import iso
from shared.errors import Refused

RESIDENT, SPACE = "resident", "space"
KINDS = (RESIDENT, SPACE)
#: Addresses that are open at once for one resident or space: a phone, a desk, a screen at the door.
MOST_OPEN = 10


def hash_of(token: str) -> str:
    """Return what is kept of a token: 256 random bits need no salt and no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()


@dataclass(kw_only=True)
class Address(Aggregate):
    """Where the bookings of one resident, or of one space, can be read."""

    kind: str
    subject_id: str
    #: SHA-256 of the token, "" once revoked.
    token_hash: str
    opened_at: datetime
    #: Who opened it.
    opened_by: str
    #: Where the space is, for the officers of that district; "" for a resident's.
    district: str = ""
    renewed_at: datetime | None = None
    revoked_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether a token leads here."""
        return self.revoked_at is None

    def renew(self, token_hash: str, now: datetime) -> None:
        """Let another token lead here, and the old one nowhere."""
        if self.revoked_at is not None:
            raise Refused("address_is_revoked", field="address_id", revoked=iso(self.revoked_at))
        self.token_hash, self.renewed_at = token_hash, now

    def revoke(self, now: datetime) -> None:
        """Let no token lead here any more; doing it again changes nothing."""
        if self.revoked_at is None:
            self.token_hash, self.revoked_at = "", now
