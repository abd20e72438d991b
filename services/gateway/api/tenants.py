"""Tenants (운영기관): the municipality or district that runs a town."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from services.gateway.api.common import Nothing, id_field, text
from services.gateway.asking import act, ask
from services.gateway.subject import Body, Subject, Told

SERVICE = "placement_tenants"
tenants = Subject("tenants", __name__, description="운영기관 · tenants")


class OpenTenant(Body):
    tenant = id_field(example="gwangsan")
    name = text(80, example="광주광역시 광산구")
    rehearsal = fields.Boolean(metadata={"description": "연습용 · for rehearsal: a demo, not a town"})


class Tenant(Told):
    tenant = fields.String()
    name = fields.String()
    state = fields.String()


@tenants.asks("POST", "/v1/tenants", "운영기관 열기", body=OpenTenant, told=Tenant, status=201)
def open_tenant(body: dict[str, Any]) -> Any:
    """Open a tenant (operator)."""
    return act(SERVICE, "open", **body)


@tenants.asks("GET", "/v1/tenants/<tenant>", "운영기관 보기", told=Tenant)
def get_tenant(tenant: str) -> Any:
    """Show a tenant."""
    return ask(SERVICE, "get", tenant=tenant)


@tenants.asks("POST", "/v1/tenants/<tenant>/close", "운영기관 닫기", body=Nothing, body_needed=False, told=Tenant)
def close_tenant(body: dict[str, Any], tenant: str) -> Any:
    """Close a tenant (operator): it refuses new acts, and its open openings are closed."""
    return act(SERVICE, "close", tenant=tenant, **body)
