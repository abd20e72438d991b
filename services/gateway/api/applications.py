"""Applications (지원): one per resident and opening; applying again after a withdrawal is another attempt."""

from __future__ import annotations

from typing import Any

from services.gateway.api.common import Applications, ApplicationState, Nothing, id_field
from services.gateway.api.work import rows_worded
from services.gateway.asking import act, ask
from services.gateway.subject import Body, Subject

SERVICE = "placement_openings"
applications = Subject("applications", __name__, description="지원 · applications")


class Apply(Body):
    resident_id = id_field(required=False, description="비우면 로그인한 주민 · the signed-in resident when absent")


@applications.asks(
    "POST",
    "/v1/openings/<opening_id>/applications",
    "지원하기",
    body=Apply,
    body_needed=False,
    told=ApplicationState,
    status=201,
)
def apply(body: dict[str, Any], opening_id: str) -> Any:
    """Apply for an opening: the resident, or an officer for a resident."""
    return act(SERVICE, "apply", opening_id=opening_id, **body)


@applications.asks(
    "POST",
    "/v1/applications/<application_id>/withdraw",
    "지원 취소",
    body=Nothing,
    body_needed=False,
    told=ApplicationState,
)
def withdraw(body: dict[str, Any], application_id: str) -> Any:
    """Withdraw an application, or give back the place it has won meanwhile."""
    return act(SERVICE, "withdraw", application_id=application_id, **body)


@applications.asks(
    "POST",
    "/v1/applications/<application_id>/not-select",
    "미선정 처리",
    body=Nothing,
    body_needed=False,
    told=ApplicationState,
)
def not_select(body: dict[str, Any], application_id: str) -> Any:
    """Close an application without a place (officer)."""
    return act(SERVICE, "not_select", application_id=application_id, **body)


@applications.asks("GET", "/v1/residents/<resident_id>/applications", "내 지원 목록", told=Applications)
def my_applications(resident_id: str) -> Any:
    """List a resident's own applications, with offers that wait for an answer."""
    return rows_worded(ask(SERVICE, "my_applications", resident_id=resident_id), "applications", "why")
