"""How a refusal is told over HTTP: RFC 9457 ``application/problem+json``, Korean first, English in extensions.

    {"type": "/problems/no_place_left", "title": "남은 자리가 없습니다", "status": 409, "detail": ..., "fix": ...,
     "title_en": ..., "detail_en": ..., "fix_en": ..., "code": "no_place_left", "field": null,
     "faults": [{"field": "place.lat", "why": ..., "why_en": ...}], "request_id": ..., "trace": ...}

Which HTTP status a code has is decided in ``statuses.py`` and nowhere else.
"""

from __future__ import annotations

import dataclasses
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
from services.gateway.statuses import status_of
from shared.errors import CrossesTheDoor, Unavailable
from shared.telemetry import log

MEDIA_TYPE = "application/problem+json"
#: Faults that are told of one request, the rest when these are mended: a body of nothing but faults has a hundred thousand.
MOST_FAULTS = 50
#: Seconds after which asking again makes sense: the supervisor has restarted what died by then.
RETRY_AFTER = 2

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
