"""Who our mails are from and how patiently they are sent, read from the environment when the service is built.

SIPBUN_MAIL_NAME       the name that residents see
SIPBUN_MAIL_FROM       the sender's address; its domain is the domain of every Message-ID
SIPBUN_MAIL_CONTACT    how to reach a person (named in every mail: 정보통신망법 제50조 제4항)
SIPBUN_MAIL_REFUSAL    how to refuse advertising free of charge: an https: or mailto: address
SIPBUN_MAIL_CLAIM_S    seconds within which a claimed mail is sent and settled
SIPBUN_MAIL_GRACE_S    seconds after which nobody can still be sending it; longer than the mail server's idle time-out
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta

from services.notifications.letters.model import Pace
from services.notifications.letters.wording import Sender
from shared.config import Misconfigured

_ADDRESS = re.compile(r"^[^\s<>@]+@[A-Za-z0-9.-]+$")
_REFUSAL = re.compile(r"^(https|mailto):[^\s<>]+$")


def sender(told: Mapping[str, str]) -> Sender:
    """Return whom mails are from; raise ``Misconfigured``."""
    address = told.get("SIPBUN_MAIL_FROM") or "no-reply@sipbun.localhost"
    if not _ADDRESS.match(address):
        raise Misconfigured(f"SIPBUN_MAIL_FROM={address}: give one address, such as no-reply@sipbun.example")
    refusal = told.get("SIPBUN_MAIL_REFUSAL") or f"mailto:{address}?subject=unsubscribe"
    if not _REFUSAL.match(refusal):
        raise Misconfigured(f"SIPBUN_MAIL_REFUSAL={refusal}: give an https: or mailto: address")
    return Sender(
        name=told.get("SIPBUN_MAIL_NAME") or "십분",
        address=address,
        contact=told.get("SIPBUN_MAIL_CONTACT") or address,
        refusal=refusal,
    )


def pace(told: Mapping[str, str]) -> Pace:
    """Return how patiently mails are sent; raise ``Misconfigured``."""
    usual = Pace()
    return Pace(
        claim=_seconds(told, "SIPBUN_MAIL_CLAIM_S", usual.claim),
        grace=_seconds(told, "SIPBUN_MAIL_GRACE_S", usual.grace),
    )


def _seconds(told: Mapping[str, str], name: str, usual: timedelta) -> timedelta:
    value = told.get(name)
    if not value:
        return usual
    if not value.isdecimal() or int(value) == 0:
        raise Misconfigured(f"{name}={value}: give whole seconds, at least 1")
    return timedelta(seconds=int(value))
