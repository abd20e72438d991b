"""How a refusal is told over HTTP: RFC 9457 ``application/problem+json``, Korean first, English in extensions.

    {"type": "/problems/no_place_left", "title": "남은 자리가 없습니다", "status": 409, "detail": ..., "fix": ...,
     "title_en": ..., "detail_en": ..., "fix_en": ..., "code": "no_place_left", "field": null,
     "faults": [{"field": "place.lat", "why": ..., "why_en": ...}], "request_id": ..., "trace": ...}

Which HTTP status a code has is decided here and nowhere else.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
from flask import Flask, Response, g, request
from flask_smorest import Api  # type: ignore[import-untyped]
from marshmallow import Schema, fields
from werkzeug.exceptions import HTTPException
from werkzeug.http import HTTP_STATUS_CODES

from services.gateway import catalogue
from shared.errors import Conflict, CrossesTheDoor, NotFound, Refused, Unavailable
from shared.telemetry import log

MEDIA_TYPE = "application/problem+json"
#: Faults that are told of one request, the rest when these are mended: a body of nothing but faults has a hundred thousand.
MOST_FAULTS = 50
#: Seconds after which asking again makes sense: the supervisor has restarted what died by then.
RETRY_AFTER = 2

#: A rule objected to the present state of things.
_OTHERWISE = {Refused: 409, NotFound: 404, Conflict: 409}
_STATUS_OF: Mapping[str, int] = {
    "malformed_json": 400,
    "idempotency_key_wrong": 400,
    "event_wrong": 400,
    "sign_in_needed": 401,
    "publisher_unknown": 401,
    "role_not_allowed": 403,
    "only_for_oneself": 403,
    "type_not_yours": 403,
    "source_not_yours": 403,
    "tenant_not_yours": 403,
    "not_your_facility": 403,
    "not_your_subscription": 403,
    "offer_not_yours": 403,
    "check_in_by_staff_only": 403,
    "city_officer_needed": 403,
    "own_proposal": 403,
    "not_your_opening": 403,
    "not_for_oneself": 403,
    "not_of_this_placement": 403,
    "not_an_applicant": 403,
    "not_ones_own_word": 403,
    "not_ones_own_proof": 403,
    "not_ones_own_record": 403,
    "host_not_of_programme": 403,
    "four_eyes_needed": 403,
    "too_large": 413,
    "file_too_large": 413,
    "fact_too_large": 413,
    "wrong_content_type": 415,
    **dict.fromkeys(
        (
            "wrong_input",
            "input_invalid",
            "act_id_reused",
            "event_breaks_contract",
            "not_a_number",
            "bad_id",
            "bad_cursor",
            "answer_too_large",
            "known_at_too_late",
            "no_such_rows",
            "programme_or_umbrella",
            "umbrella_of_outcomes",
            "figures_too_long",
            "programme_of_other_tenant",
            "as_of_in_future",
            "day_to_come",
            "ends_before_it_begins",
            "civil_body_needed",
            "review_incomplete",
            "month_or_programme_needed",
            "too_many_at_once",
            "shift_too_long_or_empty",
            "shifts_overlap",
            "shift_not_on_the_minute",
            "deadline_after_work",
            "mode_unknown",
            "below_wage_floor",
            "wage_floor_unknown",
            "programme_named_twice",
            "programme_has_no_district",
            "consent_twice",
            "unknown_purpose",
            "unknown_topic",
            "topic_needed",
            "tenant_needed",
            "name_needed",
            "mail_malformed",
            "interest_id_malformed",
            "already_over",
            "under_14",
            "service_consent_needed",
            "no_plans_there",
            "not_one_of",
            "not_in_this_facility",
            "hours_need_seven_days",
            "exception_named_twice",
            "kit_is_its_own_root",
            "leaves_wrong",
            "parent_is_a_leaf",
            "part_not_named",
            "part_of_another_root",
            "root_has_no_parts",
            "file_or_rows",
            "file_not_understood",
            "file_without_header",
            "file_has_too_many_rows",
            "question_too_long",
            "too_far_ahead",
            "pause_empty",
            "pause_too_long",
            "plan_kind_unknown",
            "promotion_unknown",
            "reason_needed",
            "check_in_code_wrong",
            "feed_address_unusable",
            "feed_needs_address",
            "not_an_alternative",
            "scores_need_ranked",
            "scores_missing",
            "score_rule_twice",
            "attendance_code_wrong",
            "attendance_time_needed",
            "attendance_time_outside",
            "attendance_time_ahead",
            "dispute_minutes_needed",
            "appeal_reason_needed",
            "layout_pays_otherwise",
            "holder_needed",
            "wallet_is_phone_or_card",
        ),
        422,
    ),
}
#: Families of codes, by how they begin or end; the first that fits.
_STATUS_BY_FORM: tuple[tuple[re.Pattern[str], int], ...] = (
    (re.compile(r"^token_"), 401),
    (re.compile(r"^other_|_consent_needed$"), 403),
    (re.compile(r"^no_such_"), 404),
    (re.compile(r"_(unknown|named_twice)$"), 422),
    (re.compile(r"out_of_range$"), 422),
    # An account that can't be one, a bank's file that doesn't agree with its batch.
    (re.compile(r"_malformed$|^return_"), 422),
    # What was asked for can never be booked; what is merely taken can be, another time.
    (re.compile(r"^span_(empty|in_the_past|off_step|too_)"), 422),
)
#: Werkzeug's own refusals.
_CODE_OF: Mapping[int, str] = {
    400: "bad_request",
    404: "no_such_path",
    405: "method_not_allowed",
    413: "too_large",
    415: "wrong_content_type",
}


class FaultSchema(Schema):
    """What is wrong with one field."""

    field = fields.String(metadata={"description": "Path of the field, such as place.lat"})
    why = fields.String()
    why_en = fields.String()


class ProblemSchema(Schema):
    """RFC 9457, with our extensions."""

    type = fields.String(metadata={"description": "Relative address of the code's own page"})
    title = fields.String()
    status = fields.Integer()
    detail = fields.String()
    fix = fields.String(metadata={"description": "What to do about it"})
    title_en = fields.String()
    detail_en = fields.String()
    fix_en = fields.String()
    code = fields.String()
    field = fields.String(allow_none=True)
    faults = fields.List(fields.Nested(FaultSchema))
    request_id = fields.String()
    trace = fields.String(allow_none=True)


@dataclasses.dataclass(frozen=True)
class Fault:
    """``why`` is the English sentence of the schema that objected."""

    field: str
    why: str


class Problem(Exception):
    """A refusal of the gateway's own."""

    def __init__(self, code: str, *, field: str | None = None, faults: Sequence[Fault] = (), **values: Any) -> None:
        super().__init__(code)
        self.code, self.field, self.faults, self.values = code, field, tuple(faults), values


@dataclasses.dataclass(frozen=True)
class Telling:
    """A problem on its way out."""

    code: str
    status: int
    field: str | None = None
    values: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    faults: Sequence[Fault] = ()
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        """Return the JSON."""
        return {
            "type": f"/problems/{self.code}",
            "status": self.status,
            **in_words(self.code, self.field, self.values),
            "code": self.code,
            "field": self.field,
            "faults": [
                {
                    "field": one.field,
                    "why": catalogue.why(one.why, "ko", one.field),
                    "why_en": catalogue.why(one.why, "en", one.field),
                }
                for one in self.faults
            ],
            "request_id": g.get("request_id"),
            "trace": g.get("trace"),
        }

    def response(self) -> Response:
        """Return the answer."""
        answer = Response(orjson.dumps(self.body(), default=str), status=self.status, content_type=MEDIA_TYPE)
        answer.headers.update(self.headers)
        # It names this request, and what is refused now may be there in a moment.
        answer.headers["Cache-Control"] = "no-store"
        if self.status == 401:
            answer.headers["WWW-Authenticate"] = "Bearer"
        g.problem = self.code
        return answer


def in_words(code: str, field: str | None, values: Mapping[str, Any]) -> dict[str, str]:
    """Return title, detail and fix of a code, in Korean and (``_en``) in English."""
    told: dict[str, str] = {}
    for language, suffix in (("ko", ""), ("en", "_en")):
        known = dict(values)
        if isinstance(known.get("why"), str):
            known["why"] = catalogue.why(known["why"], language, field)
        words = catalogue.words(code, language, field=field, values=known)
        told |= {f"title{suffix}": words.title, f"detail{suffix}": words.detail, f"fix{suffix}": words.fix}
    return told


def status_of(code: str, family: type[CrossesTheDoor] = Refused) -> int:
    """Return the HTTP status of a code that a service gave."""
    if code in _STATUS_OF:
        return _STATUS_OF[code]
    by_form = next((status for form, status in _STATUS_BY_FORM if form.search(code)), None)
    return by_form or _OTHERWISE.get(family, 409)


def of_service(error: CrossesTheDoor) -> Telling:
    """Return how an error of a service is told."""
    why = error.values.get("why")
    faults = (Fault(error.field, str(why)),) if error.field and why else ()
    return Telling(error.code, status_of(error.code, type(error)), _without_token(error.field), error.values, faults)


def of_gateway(problem: Problem) -> Telling:
    """Return how a refusal of our own is told."""
    return Telling(problem.code, status_of(problem.code), problem.field, problem.values, problem.faults)


def unavailable(error: Unavailable) -> Telling:
    """Return 503: nothing is lost, and asking again with the same ``Idempotency-Key`` is safe."""
    log.warning("unavailable", why=str(error)[:300])
    return Telling("unavailable", 503, headers={"Retry-After": str(RETRY_AFTER)})


def of_http(error: HTTPException) -> Telling:
    """Return how a refusal of werkzeug or webargs is told."""
    status = error.code or 500
    messages = (getattr(error, "data", None) or {}).get("messages")
    if status == 422 and isinstance(messages, Mapping):
        # What nobody knows comes first: a misspelt name is often why another one is missing.
        faults = tuple(
            sorted(
                (fault for place in messages.values() for fault in _flat(place)), key=lambda one: one.why != _UNKNOWN
            )
        )
        first = faults[0] if faults else Fault("", "")
        return Telling("wrong_input", 422, first.field or None, {"why": first.why}, faults[:MOST_FAULTS])
    if status == 400 and isinstance(messages, Mapping) and "json" in messages:
        return Telling("malformed_json", 400)
    allowed = getattr(error, "valid_methods", None)
    headers = {"Allow": ", ".join(sorted(allowed))} if allowed else {}
    values = {"status_name": HTTP_STATUS_CODES.get(status, ""), "most": request.max_content_length}
    return Telling(
        _CODE_OF.get(status, "bad_request" if status < 500 else "internal"), status, None, values, (), headers
    )


#: What marshmallow says of a field that a schema doesn't name.
_UNKNOWN = "Unknown field."


def _flat(messages: Any, path: str = "") -> Iterator[Fault]:
    """Yield marshmallow's nested messages as paths: ``shifts.0.start``."""
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            yield from _flat(inner, path if key == "_schema" else f"{path}.{key}".lstrip("."))
    else:
        yield from (Fault(path, str(message)) for message in (messages if isinstance(messages, list) else [messages]))


def _without_token(field_name: str | None) -> str | None:
    """Name the header: over HTTP no field is called ``token``."""
    return {"token": "Authorization", "act_id": "Idempotency-Key"}.get(field_name or "", field_name)


#: The names under which flask-smorest refers to responses.
_RESPONSES = (
    *((status.name, status.phrase) for status in HTTPStatus),
    ("DEFAULT_ERROR", "문제 상세 · problem details"),
)
_WITHOUT_BODY = frozenset({"NO_CONTENT", "NOT_MODIFIED"})


class ProblemApi(Api):  # type: ignore[misc]
    """The API, whose OpenAPI document says that errors are problems."""

    ERROR_SCHEMA = ProblemSchema

    def _register_responses(self) -> None:
        """Describe every error as a problem: flask-smorest would call its body ``application/json``."""
        for name, description in _RESPONSES:
            response: dict[str, Any] = {"description": description}
            if name not in _WITHOUT_BODY:
                response["content"] = {MEDIA_TYPE: {"schema": ProblemSchema}}
            self.spec.components.response(name, response, lazy=True)

    def handle_http_exception(self, error: HTTPException) -> Response:
        """Tell it as a problem."""
        return of_http(error).response()


def tell_problems(app: Flask) -> None:
    """Tell every error of a view as a problem. A programming error is logged whole and told without detail."""

    @app.errorhandler(CrossesTheDoor)
    def _of_service(error: CrossesTheDoor) -> Response:
        return of_service(error).response()

    @app.errorhandler(Problem)
    def _of_gateway(error: Problem) -> Response:
        return of_gateway(error).response()

    @app.errorhandler(Unavailable)
    def _unavailable(error: Unavailable) -> Response:
        return unavailable(error).response()

    @app.errorhandler(Exception)
    def _bug(error: Exception) -> Response:
        log.error("internal", request_id=g.get("request_id"), exc_info=error)
        return Telling("internal", 500).response()
