"""The rotating code that a workplace shows: whoever can read it is there. Pure.

The secret is kept apart from openings and sheets, and is told only to those who run the workplace's display.
"""

from __future__ import annotations

from dataclasses import dataclass

from pyotp import TOTP

from shared.rotating import STEP, Rotating

ISSUER = "Sipbun"


@dataclass(kw_only=True)
class WorkplaceCode(Rotating):
    """One opening's secret; its id is the opening's."""

    def provisioning(self, place: str) -> str:
        """Return the ``otpauth://`` address with which a display at the workplace shows the codes by itself."""
        return str(TOTP(self.secret, interval=STEP, name=place, issuer=ISSUER).provisioning_uri())
