"""Attendance (출근): the workplace's code, coming and leaving, what hosts and officers say, corrections and disputes."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from services.gateway.api.common import Nothing, WhichPage, counted, instant, text, whole
from services.gateway.api.rooms import Paged, choice
from services.gateway.asking import act, ask
from services.gateway.subject import Body, Subject, Told
from shared.events.placement.work import ANSWERS, SAID

SERVICE = "placement_attendance"
attendance = Subject("attendance", __name__, description="출근 · attendance")

#: Minutes that one shift can have.
MOST_MINUTES = 1440


class WorkplaceCode(Body):
    code = text(12, description="일터에 보이는 여섯 자리 숫자 · the six digits that the workplace shows", example="123456")


class WitnessWord(Body):
    said = choice(*SAID, required=True, description="왔음, 나감, 오지 않음 · came, left, absent")
    at = instant(required=False, allow_none=True, description="absent 가 아니면 꼭 · needed unless absent")


class ConfirmSheet(Body):
    came = instant(required=False, description="직접 본 온 시각 · when the caller saw them come")
    left = instant(required=False, description="직접 본 나간 시각 · when the caller saw them leave")


class CorrectMinutes(Body):
    minutes = whole(0, MOST_MINUTES, description="인정할 분 · minutes that count from now on", example=120)
    reason = text(300, example="도서관 시설 담당자가 나간 시각을 잘못 적음")


class DisputeSheet(Body):
    text = text(500, example="세 시간 일했는데 두 시간만 인정되었습니다.")


class AnswerDispute(Body):
    answer = choice(*ANSWERS, required=True, description="받아들임 또는 받아들이지 않음")
    minutes = fields.Integer(
        strict=True,
        allow_none=True,
        validate=validate.Range(min=0, max=MOST_MINUTES),
        metadata={"description": "받아들일 때 인정할 분 · when upheld"},
    )
    reason = text(300, example="출입 기록을 확인함")


class ExcuseAbsence(Body):
    reason = text(300, example="병원 진료 확인서")


class SheetsPage(WhichPage):
    shift = counted(0, 99, description="몇 번째 근무, 0부터; 비우면 모두 · which shift; all when absent")


class CodeShown(Told):
    opening_id = fields.String()
    code = fields.String()
    until = fields.String()
    seconds = fields.Integer()
    provisioning = fields.String(
        metadata={"description": "otpauth:// 주소: 화면이 한 번 읽으면 스스로 숫자를 보입니다 · for a display of its own"}
    )


class WorkplaceCodeChanged(Told):
    opening_id = fields.String()


class SheetState(Told):
    attendance_id = fields.String()
    state = fields.String()
    revision = fields.Integer()
    result = fields.String(allow_none=True)
    minutes = fields.Integer(allow_none=True)


class CheckedIn(Told):
    attendance_id = fields.String()
    said = fields.String()
    at = fields.String()


class Disputed(SheetState):
    dispute = fields.Integer()
    answer_until = fields.String(allow_none=True)


class SheetRow(SheetState):
    opening_id = fields.String()
    programme_id = fields.String()
    district = fields.String()
    resident_id = fields.String()
    application_id = fields.String()
    attempt = fields.Integer()
    shift = fields.Integer()
    shifts = fields.Integer()
    place = fields.String()
    day = fields.String()
    start = fields.String()
    end = fields.String()
    planned = fields.Integer(metadata={"description": "계획된 분 · planned minutes"})
    unclear = fields.Boolean()
    waits_for = fields.String(
        allow_none=True, metadata={"description": "unclear 일 때 아직 말하지 않은 것: in 온 시각, out 나간 시각 · what nobody said"}
    )
    won = fields.Integer(allow_none=True)
    settled_at = fields.String(allow_none=True)
    settled_by = fields.String(allow_none=True)
    settles_at = fields.String(allow_none=True)
    disputable_until = fields.String(allow_none=True)
    correctable_until = fields.String()
    dispute = fields.Integer(allow_none=True)
    answer_until = fields.String(allow_none=True)
    escalated = fields.Boolean()


class Sheet(SheetRow):
    hourly_won = fields.Integer()
    dong = fields.String(allow_none=True)
    decision = fields.Raw()
    words = fields.List(fields.Dict(keys=fields.String()), metadata={"description": "누가 무엇을 말했는지 · what was said"})
    revisions = fields.List(fields.Dict(keys=fields.String()))
    disputes = fields.List(fields.Dict(keys=fields.String()))


class Sheets(Paged):
    sheets = fields.List(fields.Nested(SheetRow))


class WaitingSheet(SheetRow):
    why = fields.String(metadata={"description": "dispute 이의, unclear 정할 수 없음 · why it waits"})


class Disputes(Paged):
    disputes = fields.List(fields.Nested(WaitingSheet))


@attendance.asks("GET", "/v1/openings/<opening_id>/attendance-code", "출근 번호 보이기", told=CodeShown)
def code(opening_id: str) -> Any:
    """Show the code that the workplace shows now (its hosts, officer)."""
    return ask(SERVICE, "code", opening_id=opening_id)


@attendance.asks(
    "POST",
    "/v1/openings/<opening_id>/attendance-code/change",
    "출근 번호 바꾸기",
    body=Nothing,
    body_needed=False,
    told=WorkplaceCodeChanged,
)
def change_code(body: dict[str, Any], opening_id: str) -> Any:
    """Show other codes from now on: the old ones may have been given away (its hosts, officer)."""
    return act(SERVICE, "change_code", opening_id=opening_id, **body)


@attendance.asks("GET", "/v1/openings/<opening_id>/attendance", "공고의 출근 목록", query=SheetsPage, told=Sheets)
def sheets_of(query: dict[str, Any], opening_id: str) -> Any:
    """List the attendance of an opening, by shift (its hosts, officer)."""
    return ask(SERVICE, "sheets_of", opening_id=opening_id, **query)


@attendance.asks("GET", "/v1/residents/<resident_id>/attendance", "내 출근 기록", query=WhichPage, told=Sheets)
def my_sheets(query: dict[str, Any], resident_id: str) -> Any:
    """List a resident's own attendance, the latest shift first."""
    return ask(SERVICE, "my_sheets", resident_id=resident_id, **query)


@attendance.asks("GET", "/v1/tenants/<tenant>/attendance/disputes", "답할 이의 목록", query=WhichPage, told=Disputes)
def open_disputes(query: dict[str, Any], tenant: str) -> Any:
    """List what waits for the tenant's officers, the most urgent first (officer)."""
    return ask(SERVICE, "open_disputes", tenant=tenant, **query)


@attendance.asks("GET", "/v1/attendance/<attendance_id>", "출근 기록 보기", told=Sheet)
def sheet(attendance_id: str) -> Any:
    """Show a shift with all that was said of it (its resident, the opening's hosts, officer)."""
    return ask(SERVICE, "sheet", attendance_id=attendance_id)


@attendance.asks("POST", "/v1/attendance/<attendance_id>/check-in", "출근하기", body=WorkplaceCode, told=CheckedIn)
def check_in(body: dict[str, Any], attendance_id: str) -> Any:
    """Say with the workplace's code that one has come (resident)."""
    return act(SERVICE, "check_in", attendance_id=attendance_id, **body)


@attendance.asks("POST", "/v1/attendance/<attendance_id>/check-out", "퇴근하기", body=WorkplaceCode, told=CheckedIn)
def check_out(body: dict[str, Any], attendance_id: str) -> Any:
    """Say with the workplace's code that one leaves (resident); the last time counts."""
    return act(SERVICE, "check_out", attendance_id=attendance_id, **body)


@attendance.asks("POST", "/v1/attendance/<attendance_id>/witness", "출근 확인해 주기", body=WitnessWord, told=SheetState)
def witness(body: dict[str, Any], attendance_id: str) -> Any:
    """Say that the resident came, left or was absent (the opening's hosts, officer)."""
    return act(SERVICE, "witness", attendance_id=attendance_id, **body)


@attendance.asks(
    "POST", "/v1/attendance/<attendance_id>/confirm", "출근 확정", body=ConfirmSheet, body_needed=False, told=SheetState
)
def confirm(body: dict[str, Any], attendance_id: str) -> Any:
    """Settle a shift by what was said (the opening's hosts, officer)."""
    return act(SERVICE, "confirm", attendance_id=attendance_id, **body)


@attendance.asks("POST", "/v1/attendance/<attendance_id>/correct", "출근 정정", body=CorrectMinutes, told=SheetState)
def correct(body: dict[str, Any], attendance_id: str) -> Any:
    """Count other minutes from now on: a host while the window is open, an officer at any time."""
    return act(SERVICE, "correct", attendance_id=attendance_id, **body)


@attendance.asks("POST", "/v1/attendance/<attendance_id>/dispute", "출근 이의 신청", body=DisputeSheet, told=Disputed)
def dispute(body: dict[str, Any], attendance_id: str) -> Any:
    """Say that what counts is wrong (the resident, a host); an officer answers in time."""
    return act(SERVICE, "dispute", attendance_id=attendance_id, **body)


@attendance.asks("POST", "/v1/attendance/<attendance_id>/answer", "이의에 답하기", body=AnswerDispute, told=SheetState)
def answer(body: dict[str, Any], attendance_id: str) -> Any:
    """Answer the open dispute: upheld with the minutes that count from now on, or rejected (officer)."""
    return act(SERVICE, "answer", attendance_id=attendance_id, **body)


@attendance.asks("POST", "/v1/attendance/<attendance_id>/excuse", "결근 사유 인정", body=ExcuseAbsence, told=SheetState)
def excuse(body: dict[str, Any], attendance_id: str) -> Any:
    """Excuse an absence, before or after it (officer)."""
    return act(SERVICE, "excuse", attendance_id=attendance_id, **body)
