"""What the subjects of work share: objections and codes with their words, months, files cut at line ends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from flask import Response
from marshmallow import fields, validate

from services.gateway import catalogue
from services.gateway.api.common import text
from services.gateway.api.rooms import worded
from services.gateway.subject import Body

LINKED_DATA = "application/ld+json"
#: What the OpenAPI page says of an answer that is text.
TEXT = {"type": "string"}
GEOJSON = "application/geo+json"


def month(*, required: bool = False) -> fields.String:
    """Return a field for a KST month."""
    return fields.String(
        required=required,
        validate=validate.Regexp(r"^\d{4}-(0[1-9]|1[0-2])$", error="Not a month such as 2026-12."),
        metadata={"description": "YYYY-MM, KST", "example": "2026-12"},
    )


def yes_or_no(*, required: bool = False, **metadata: str) -> fields.Boolean:
    """Return a field that is true or false, and nothing that looks like it."""
    return fields.Boolean(required=required, truthy={True}, falsy={False}, metadata=metadata)


class Why(Body):
    """Why something is done, in words that people read."""

    reason = text(200, example="담당 공무원이 근무 기록을 다시 확인함")


def all_worded(told: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Return an answer whose objections of these names, one or a list each, have their words."""
    return {**told, **{name: _each_worded(told[name]) for name in names if told.get(name)}}


def rows_worded(told: Mapping[str, Any], rows: str, *names: str) -> dict[str, Any]:
    """Return a page of a list whose rows have their objections in words."""
    return {**told, rows: [all_worded(row, *names) for row in told.get(rows, ())]}


def said(kind: str, row: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return a row with the words of the code that it has under this name: ``title``, ``detail``, both languages."""
    return {**row, **catalogue.said(kind, row[name], row.get("values") or {})}


def explained(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return why a candidate has their rank, with words for the tier, for each rule, and for what objects."""
    told = all_worded(row, "objection", "why")
    if row.get("tier"):
        told["tier_in_words"] = catalogue.said("tier", row["tier"], {})
    if row.get("reason"):
        told["reason_in_words"] = catalogue.said("reason", row["reason"], {})
    return {**told, "parts": [said("rule", part, "rule") for part in row.get("parts", ())]}


def in_type(media: str, schema: Mapping[str, Any] | None = None, *others: str) -> dict[str, Any]:
    """Return what the OpenAPI page says of an answer in another media type, or in one of several."""
    content = {one: {"schema": dict(schema or {"type": "object"})} for one in (media, *others)}
    return {"responses": {"200": {"description": "OK", "content": content}}}


def as_file(answer: Response, name: str) -> Response:
    """Let a browser save the answer under this name: nothing in it leads to a folder, and Korean stays Korean."""
    safe = "".join("_" if one in '/\\"' or not one.isprintable() else one for one in name)
    plain = "".join(one if one.isascii() else "_" for one in safe)
    names = {"filename": plain} | ({} if plain == safe else {"filename*": f"UTF-8''{quote(safe, safe='')}"})
    answer.headers.set("Content-Disposition", "attachment", **names)
    return answer


def lines_in(content: bytes, most: int) -> Sequence[bytes] | None:
    """Return the content in parts of at most so many bytes, each cut at the end of a line; None: a line is longer."""
    parts = []
    start = 0
    while len(content) - start > most:
        end = content.rfind(b"\n", start, start + most) + 1
        if end == 0:
            return None
        parts.append(content[start:end])
        start = end
    return [*parts, content[start:]] if start < len(content) else parts


def _each_worded(objections: Mapping[str, Any] | Iterable[Mapping[str, Any]]) -> Any:
    return worded(objections) if isinstance(objections, Mapping) else [worded(one) for one in objections]
