"""Agreements (협약) with partners: drafted, signed, ended."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from services.gateway.api.common import counted, day, id_field, text
from services.gateway.api.rooms import Paged
from services.gateway.asking import act, ask, made
from services.gateway.subject import Body, Subject, Told

SERVICE = "placement_agreements"
#: Parties, and documents, of one agreement.
MOST_PARTNERS, MOST_DOCUMENTS = 50, 20
agreements = Subject("agreements", __name__, description="협약 · agreements")


class Partner(Body):
    name = text(80, example="은하수 마을회")
    does = fields.String(required=True, validate=validate.Length(max=500), metadata={"example": "일할 곳을 내줍니다"})


class Draft(Body):
    agreement_id = id_field(required=False, description="비우면 만들어 줍니다 · made up when absent")
    programme_id = id_field(example="gwangsan:gs-citizen-allowance")
    title = text(200, example="경로당 식사 보조 협약")
    partners = fields.List(fields.Nested(Partner), validate=validate.Length(max=MOST_PARTNERS))
    ends_on = day(description="마지막 날 · its last day")


class PartnerNamed(Body):
    name = text(80)


class Sign(Body):
    day = day(required=True)
    documents = fields.List(
        fields.String(validate=validate.Regexp(r"^[0-9a-f]{64}$", error="Give a SHA-256: 64 of 0-9 and a-f.")),
        validate=validate.Length(max=MOST_DOCUMENTS),
        metadata={"description": "서명한 문서의 SHA-256 · of what was signed; the documents stay with their keepers"},
    )


class EndAgreement(Body):
    day = day(required=True)
    reason = text(500)


class AgreementState(Told):
    agreement_id = fields.String()
    state = fields.String()


class AgreementChanged(AgreementState):
    partners = fields.Integer()


class Agreement(AgreementState):
    tenant = fields.String()
    programme_id = fields.String()
    district = fields.String(allow_none=True)
    title = fields.String()
    partners = fields.List(fields.Nested(Partner))
    documents = fields.List(fields.String())
    signed_on = fields.String(allow_none=True)
    ends_on = fields.String(allow_none=True)
    ended_on = fields.String(allow_none=True)
    reason = fields.String(allow_none=True)


class Agreements(Paged):
    agreements = fields.List(fields.Nested(Agreement))


class WhichAgreements(Body):
    limit = counted(1, 100)
    cursor = text(500, required=False)


@agreements.asks("POST", "/v1/agreements", "협약 준비", body=Draft, told=AgreementState, status=201)
def draft(body: dict[str, Any]) -> Any:
    """Prepare an agreement for a programme (officer)."""
    agreement_id = made("agr", body.pop("agreement_id", None))
    told = act(SERVICE, "draft", agreement_id=agreement_id, **body)
    return told, 201, {"Location": f"/v1/agreements/{agreement_id}"}


@agreements.asks("GET", "/v1/agreements/<agreement_id>", "협약 보기", told=Agreement, anyone=True)
def get_agreement(agreement_id: str) -> Any:
    """Show an agreement. Open to anyone once it is signed; a draft to its officers."""
    return ask(SERVICE, "get", agreement_id=agreement_id)


@agreements.asks(
    "GET",
    "/v1/programmes/<programme_id>/agreements",
    "사업의 협약",
    query=WhichAgreements,
    told=Agreements,
    anyone=True,
)
def list_agreements(query: dict[str, Any], programme_id: str) -> Any:
    """List a programme's agreements. Open to anyone; its officers see drafts too."""
    return ask(SERVICE, "list", programme_id=programme_id, **query)


@agreements.asks(
    "POST", "/v1/agreements/<agreement_id>/partners", "협약 당사자 더하기", body=Partner, told=AgreementChanged
)
def add_partner(body: dict[str, Any], agreement_id: str) -> Any:
    """Add a party before the agreement is signed, or change what it does (officer)."""
    return act(SERVICE, "add_partner", agreement_id=agreement_id, **body)


@agreements.asks(
    "POST",
    "/v1/agreements/<agreement_id>/partners/remove",
    "협약 당사자 빼기",
    body=PartnerNamed,
    told=AgreementChanged,
)
def remove_partner(body: dict[str, Any], agreement_id: str) -> Any:
    """Take a party out before the agreement is signed (officer)."""
    return act(SERVICE, "remove_partner", agreement_id=agreement_id, **body)


@agreements.asks("POST", "/v1/agreements/<agreement_id>/sign", "협약 체결", body=Sign, told=AgreementChanged)
def sign(body: dict[str, Any], agreement_id: str) -> Any:
    """Note that all parties signed on a day (officer)."""
    return act(SERVICE, "sign", agreement_id=agreement_id, **body)


@agreements.asks("POST", "/v1/agreements/<agreement_id>/end", "협약 종료", body=EndAgreement, told=AgreementChanged)
def end(body: dict[str, Any], agreement_id: str) -> Any:
    """End an agreement on a day (officer)."""
    return act(SERVICE, "end", agreement_id=agreement_id, **body)
