"""The rotating code that a workplace shows (TOTP, RFC 6238): whoever can read it is there. Pure: secrets and time come in.

The secret is kept apart from openings and sheets, and is told only to those who run the workplace's display.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from pyotp import TOTP

from shared.aggregate import Aggregate

#: Seconds that a code is shown.
STEP = 30
#: Codes shown before the present one that still count: who read it needs a moment to type it.
STEPS_LATE = 2
ISSUER = "Sipbun"


@dataclass(kw_only=True)
class WorkplaceCode(Aggregate):
    """One opening's secret; its id is the opening's. ``secret``: base 32, 160 bits."""

    secret: str

    def code(self, now: datetime) -> str:
        """Return the six digits shown now."""
        return str(TOTP(self.secret, interval=STEP).at(now))

    def until(self, now: datetime) -> datetime:
        """Return when the next code is shown."""
        return now + timedelta(seconds=STEP - now.timestamp() % STEP)

    def provisioning(self, place: str) -> str:
        """Return the ``otpauth://`` address with which a display at the workplace shows the codes by itself."""
        return str(TOTP(self.secret, interval=STEP, name=place, issuer=ISSUER).provisioning_uri())

    def is_right(self, code: str, now: datetime) -> bool:
        """Return whether this is, or was a moment ago, the code shown."""
        totp = TOTP(self.secret, interval=STEP)
        return any(
            totp.verify(code, for_time=now - timedelta(seconds=STEP * late)) for late in range(STEPS_LATE + 1)
        )

    def change(self, secret: str) -> None:
        """Show other codes from now on."""
        self.secret = secret
