"""A subject's blueprint: each view is one line that says method, path, what goes in and what comes out.

    @openings.asks("GET", "/v1/openings/<opening_id>", "모집 공고 보기", told=Opening, anyone=True)
    def get(opening_id):
        return ask("placement_openings", "get", opening_id=opening_id)

Bodies and query strings with a field that nobody knows are refused: a misspelt ``radius`` must not go unnoticed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from inspect import cleandoc
from typing import Any, ClassVar

import orjson
from flask import Request, request
from flask_smorest import Blueprint  # type: ignore[import-untyped]
from marshmallow import RAISE, Schema, ValidationError, fields
from webargs import core
from webargs.flaskparser import FlaskParser, is_json_request

from services.gateway.asking import KEY_HEADER, UNSAFE, name_the_act, recognise
from services.gateway.problems import Problem

View = Callable[..., Any]

_ACT_KEY = {
    "in": "header",
    "name": KEY_HEADER,
    "schema": {"type": "string", "maxLength": 128},
    "description": "같은 키로 다시 보내면 처음 결과를 돌려줍니다 · a repeat with the same key returns the first outcome",
}


class Body(Schema):
    """What a caller sends: unknown fields are refused."""

    class Meta:
        unknown = RAISE


class Told(Schema):
    """What a service answered, told as it is: the schema is for the reader of the OpenAPI page."""

    def dump(self, obj: Any, *, many: bool | None = None) -> Any:
        """Return the answer untouched, so that a field a service adds is not lost on the way."""
        return obj


class StrictParser(FlaskParser):
    """JSON only, without NaN, and no query parameter that is unknown or given twice: which one counts is nobody's guess."""

    DEFAULT_UNKNOWN_BY_LOCATION: ClassVar[dict[str, str | None]] = {  # type: ignore[misc]
        **FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION,
        "query": RAISE,
    }

    def load_querystring(self, req: Request, schema: Schema) -> Any:
        """Return the query parameters; raise ``ValidationError`` for one that is told twice and is no list."""
        twice = [
            name
            for name, values in req.args.lists()
            if len(values) > 1 and not isinstance(schema.fields.get(name), fields.List)
        ]
        if twice:
            raise ValidationError({name: ["Given more than once."] for name in twice})
        return super().load_querystring(req, schema)

    def _raw_load_json(self, req: Request) -> Any:
        if not req.get_data(cache=True):
            return core.missing
        if not is_json_request(req):
            raise Problem("wrong_content_type", field="Content-Type", expected="application/json")
        try:
            return orjson.loads(req.get_data(cache=True))
        except orjson.JSONDecodeError as error:
            raise Problem("malformed_json") from error


class Subject(Blueprint):  # type: ignore[misc]
    """A subject of the API. Nobody gets in without a token unless a view says ``anyone=True``."""

    ARGUMENTS_PARSER = StrictParser()

    def asks(
        self,
        method: str,
        path: str,
        summary: str,
        *,
        body: type[Schema] | None = None,
        query: type[Schema] | None = None,
        told: type[Schema] | None = None,
        status: int = 200,
        anyone: bool = False,
        acts: bool | None = None,
        body_needed: bool = True,
        key: str = "actor",
        described: Mapping[str, Any] | None = None,
    ) -> Callable[[View], View]:
        """Register a view. ``summary`` is Korean; the docstring is the English description.

        ``acts``: whether it changes something and so has an ``Idempotency-Key``; by default, when the method may.
        ``key``: which kind of bearer key it takes; a publisher's is verified by the view itself.
        ``described``: what else the OpenAPI page says of it, such as a body that is no JSON.
        """
        changes = method in UNSAFE if acts is None else acts

        def register(view: View) -> View:
            made = view
            if body is not None:
                made = self.arguments(body(), required=body_needed)(made)
            made = _without_query(made) if query is None else self.arguments(query(), location="query")(made)
            made = self.response(status, told() if told is not None else None)(made)
            if key == "actor":
                made = _guarded(made, anyone=anyone, changes=changes)
            security: list[dict[str, list[str]]] = [{key: []}, *([{}] if anyone and key == "actor" else [])]
            made = self.doc(
                summary=summary,
                description=cleandoc(view.__doc__ or ""),
                security=security,
                **({"parameters": [_ACT_KEY]} if changes else {}),
                **(described or {}),
            )(made)
            self.route(path, methods=[method])(made)
            return view

        return register


def _without_query(view: View) -> View:
    """Refuse any query parameter: this view knows none."""

    @wraps(view)
    def asked(*positional: Any, **named: Any) -> Any:
        Subject.ARGUMENTS_PARSER.parse(Body(), request, location="query")
        return view(*positional, **named)

    return asked


def _guarded(view: View, *, anyone: bool, changes: bool) -> View:
    """Verify the caller and name the act before anything of the request is read."""

    @wraps(view)
    def guarded(*positional: Any, **named: Any) -> Any:
        recognise(anyone=anyone)
        if changes:
            name_the_act()
        return view(*positional, **named)

    return guarded
