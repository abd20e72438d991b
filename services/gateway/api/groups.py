"""Target groups (대상 집단): what residents declare of themselves, and what an officer saw a proof of."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from services.gateway.api.common import Nothing
from services.gateway.asking import act, ask
from services.gateway.subject import Subject, Told

SERVICE = "residents_groups"
groups = Subject("groups", __name__, description="대상 집단 · target groups")


class GroupKind(Told):
    group = fields.String()
    ko = fields.String()
    en = fields.String()
    basis = fields.String(allow_none=True, metadata={"description": "법적 근거 · legal basis"})
    sensitive = fields.Boolean()
    proof = fields.Boolean(metadata={"description": "담당 공무원이 증빙을 보아야 셉니다 · counts once a proof was seen"})


class GroupKinds(Told):
    groups = fields.List(fields.Nested(GroupKind))


class Membership(Told):
    group = fields.String()
    declared_at = fields.String()
    verified_by = fields.String(allow_none=True)
    verified_at = fields.String(allow_none=True)


class Memberships(Told):
    resident_id = fields.String()
    groups = fields.List(fields.Nested(Membership))


class Declared(Told):
    resident_id = fields.String()


@groups.asks("GET", "/v1/target-groups", "대상 집단 목록", told=GroupKinds, anyone=True)
def known() -> Any:
    """List the groups that may be declared. Open to anyone."""
    return ask(SERVICE, "known")


@groups.asks("GET", "/v1/residents/<resident_id>/groups", "내 대상 집단", told=Memberships)
def of_resident(resident_id: str) -> Any:
    """Show a resident's groups (oneself, officer; staff's look is kept)."""
    return ask(SERVICE, "list", resident_id=resident_id)


@groups.asks(
    "PUT",
    "/v1/residents/<resident_id>/groups/<group>",
    "대상 집단 알리기",
    body=Nothing,
    body_needed=False,
    told=Declared,
)
def declare(body: dict[str, Any], resident_id: str, group: str) -> Any:
    """Say that one belongs to a group: by the resident's own hand only, with the consent ``target_groups``."""
    return act(SERVICE, "declare", resident_id=resident_id, group=group, **body)


@groups.asks("DELETE", "/v1/residents/<resident_id>/groups/<group>", "대상 집단에서 빼기", told=Declared)
def leave(resident_id: str, group: str) -> Any:
    """Destroy a membership, by the resident's own hand; one that is not there is gone already."""
    return act(SERVICE, "leave", resident_id=resident_id, group=group)


@groups.asks(
    "POST",
    "/v1/residents/<resident_id>/groups/<group>/verify",
    "증빙 확인",
    body=Nothing,
    body_needed=False,
    told=Declared,
)
def verify(body: dict[str, Any], resident_id: str, group: str) -> Any:
    """Note that an officer saw a proof of a membership (officer)."""
    return act(SERVICE, "verify", resident_id=resident_id, group=group, **body)
