"""Payout accounts (지급 계좌): where a resident is paid. The number is never told again in full, and stands in no log."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from services.gateway.api.rooms import choice
from services.gateway.asking import act, ask
from services.gateway.subject import Body, Subject, Told
from shared.events.placement.pay import METHODS

SERVICE = "residents_accounts"
accounts = Subject("accounts", __name__, description="지급 계좌 · payout accounts")


class PayoutAccount(Body):
    method = choice(*METHODS, required=True, description="은행 또는 지역화폐 · by bank or in local currency")
    code = fields.String(
        required=True,
        validate=validate.Length(min=1, max=40, error="Give 1 to 40 characters."),
        metadata={"description": "은행 코드 또는 지역화폐 종류 · of the bank, or of the scheme", "example": "004"},
    )
    number = fields.String(
        required=True,
        load_only=True,
        validate=validate.Length(min=1, max=60, error="Give 1 to 60 characters."),
        metadata={"description": "다시 알려 드리지 않습니다 · never told again in full"},
    )
    holder = fields.String(
        allow_none=True,
        validate=validate.Length(max=100, error="Give at most 100 characters."),
        metadata={"description": "예금주 · of a bank account"},
    )


class Masked(Told):
    method = fields.String()
    code = fields.String()
    number = fields.String(metadata={"description": "가린 번호 · masked"})
    holder = fields.String(allow_none=True)


class AccountSet(Masked):
    resident_id = fields.String()


class Account(Told):
    resident_id = fields.String()
    account = fields.Nested(Masked, allow_none=True)
    set_at = fields.String(allow_none=True)


class AccountRemoved(Told):
    resident_id = fields.String()


@accounts.asks("GET", "/v1/residents/<resident_id>/account", "지급 계좌 보기", told=Account)
def get_account(resident_id: str) -> Any:
    """Show where a resident is paid, masked (oneself, officer; staff's look is kept)."""
    return ask(SERVICE, "get", resident_id=resident_id)


@accounts.asks("PUT", "/v1/residents/<resident_id>/account", "지급 계좌 남기기", body=PayoutAccount, told=AccountSet)
def set_account(body: dict[str, Any], resident_id: str) -> Any:
    """Keep where one is paid: by the resident's own hand only, with the consent ``payout``."""
    return act(SERVICE, "set", resident_id=resident_id, **body)


@accounts.asks("DELETE", "/v1/residents/<resident_id>/account", "지급 계좌 지우기", told=AccountRemoved)
def remove_account(resident_id: str) -> Any:
    """Destroy the account, by the resident's own hand; one that is not there is gone already."""
    return act(SERVICE, "remove", resident_id=resident_id)
