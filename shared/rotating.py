"""A secret and the codes made from it (TOTP, RFC 6238), for whoever shows one at a door. Pure: time and secrets come in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from pyotp import TOTP

from shared.aggregate import Aggregate

#: Seconds that a code is shown.
STEP = 30
#: Codes shown before the present one that still count: who read it needs a moment to type it.
STEPS_LATE = 2
#: Codes still to be shown here that count already: a display of its own, or another process, may be fast by so much.
STEPS_AHEAD = 1


@dataclass(kw_only=True)
class Rotating(Aggregate):
    """One place's secret: base 32, 160 bits."""

    secret: str

    def code(self, now: datetime) -> str:
        """Return the six digits shown now."""
        return str(TOTP(self.secret, interval=STEP).at(now))

    def until(self, now: datetime) -> datetime:
        """Return when the next code is shown."""
        return now + timedelta(seconds=STEP - now.timestamp() % STEP)

    def is_right(self, code: str, now: datetime) -> bool:
        """Return whether this is, or was a moment ago, the code shown; also by a display whose clock is a little fast."""
        totp = TOTP(self.secret, interval=STEP)
        return any(
            totp.verify(code, for_time=now - timedelta(seconds=STEP * late))
            for late in range(-STEPS_AHEAD, STEPS_LATE + 1)
        )

    def change(self, secret: str) -> None:
        """Show other codes from now on."""
        self.secret = secret
