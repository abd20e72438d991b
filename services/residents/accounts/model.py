"""What is true of a payout account: one a resident, as they gave it, for as long as they agree to be paid by it.

The full values leave to a service that pays, and to nobody else; they stand in no event, no error and no ``repr``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime

from services.residents.registry.model import PAYOUT
from shared.aggregate import Aggregate
from shared.errors import Refused

BANK, LOCAL_CURRENCY = "bank", "local_currency"
METHODS = (BANK, LOCAL_CURRENCY)
#: Digits or characters at the end that stay readable when masked.
_SHOWN = 4

_BANK_CODE = re.compile(r"[0-9]{3}")
_NUMBER = re.compile(r"[0-9][0-9-]{5,19}")
_SCHEME = re.compile(r"[a-z0-9][a-z0-9-]{1,39}")
_WALLET = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{5,39}")
#: No payout file has a name with one of these before or in it: a formula to a spreadsheet, or a character nobody sees.
_NO_NAME = re.compile(r"[=+@＝＋－＠-].*|.*[\x00-\x1f\x7f-\x9f].*")
#: A mobile number, and a card's: a wallet is named by neither.
_PHONE = re.compile(r"(82)?0?1[016789][0-9]{7,8}")
_CARD_DIGITS = (15, 16)


@dataclass(frozen=True)
class Account:
    """Either a bank account (``code`` of the bank, three digits) or a wallet of a local currency (``code`` of its scheme)."""

    method: str
    code: str
    number: str = field(repr=False)
    #: Name of the account's holder; a wallet has none.
    holder: str | None = field(default=None, repr=False)

    @property
    def masked(self) -> dict[str, str | None]:
        """What may be shown: the last four of the number, the first of the name."""
        shown = self.number.replace("-", "")
        holder = None if self.holder is None else self.holder[0] + "*" * max(1, len(self.holder) - 1)
        number = "*" * (len(shown) - _SHOWN) + shown[-_SHOWN:]
        return {"method": self.method, "code": self.code, "number": number, "holder": holder}

    @property
    def full(self) -> dict[str, str | None]:
        """What a payout file needs: the same for the same account."""
        return {"method": self.method, "code": self.code, "number": self.number, "holder": self.holder}


def bank_account(code: str, number: str, holder: str) -> Account:
    """Return a bank account; raise ``Refused`` (``bank_code_malformed``, ``account_malformed``, ``holder_...``)."""
    if not _BANK_CODE.fullmatch(code):
        raise Refused("bank_code_malformed", field="code", example="004")
    written = number.strip()
    if not _NUMBER.fullmatch(written) or sum(one.isdigit() for one in written) < 6:
        raise Refused("account_malformed", field="number", least=6, most=20)
    name = " ".join(holder.split())
    if not name:
        raise Refused("holder_needed", field="holder")
    if _NO_NAME.fullmatch(name):
        raise Refused("holder_malformed", field="holder")
    return Account(BANK, code, written, name)


def wallet(code: str, number: str) -> Account:
    """Return a wallet; raise ``Refused`` (``scheme_malformed``, ``wallet_malformed``, ``wallet_is_phone_or_card``)."""
    if not _SCHEME.fullmatch(code):
        raise Refused("scheme_malformed", field="code", example="gwangju-sangsaeng")
    written = number.strip()
    if not _WALLET.fullmatch(written):
        raise Refused("wallet_malformed", field="number", least=6, most=40)
    bare = written.replace("-", "")
    if bare.isdigit() and (_PHONE.fullmatch(bare) or len(bare) in _CARD_DIGITS):
        raise Refused("wallet_is_phone_or_card", field="number")
    if len(bare) < 6:
        raise Refused("wallet_malformed", field="number", least=6, most=40)
    return Account(LOCAL_CURRENCY, code, written)


@dataclass(kw_only=True)
class PayoutAccount(Aggregate):
    """One resident's account, or none. Its id is the resident's."""

    account: Account | None = None
    #: When the one who set it was let in; the consent stood then.
    set_at: datetime | None = None
    #: The consent was withdrawn at that instant: nothing that came before it is kept.
    forgotten_until: datetime | None = None

    def set(self, account: Account, at: datetime) -> None:
        """Keep the account instead of another; raise ``Refused`` when the consent went after ``at``."""
        if self.forgotten_until is not None and at <= self.forgotten_until:
            raise Refused("payout_consent_needed", field="resident_id", needs=PAYOUT)
        self.account, self.set_at = account, at

    def remove(self) -> None:
        """Destroy the account; one that is not there is gone already."""
        self.account = self.set_at = None

    def forget(self, until: datetime) -> None:
        """Destroy what was kept up to that instant, and let nothing of before it in later; safe to repeat."""
        if self.set_at is not None and self.set_at <= until:
            self.remove()
        self.forgotten_until = until if self.forgotten_until is None else max(self.forgotten_until, until)

    def in_force(self, agreed_since: datetime | None) -> Account | None:
        """Return the account if it rests on the consent that stands since then, else None."""
        if agreed_since is None or self.set_at is None or self.set_at < agreed_since:
            return None
        return self.account
