"""The pages for readers of the API: ``/docs`` (Swagger UI from its pip package, nothing from outside), ``/problems``.

The OpenAPI document itself is served by flask-smorest at ``/openapi.json``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import swagger_ui_bundle
from flask import Blueprint, Response, abort, send_from_directory

from services.gateway import catalogue

pages = Blueprint("docs", __name__)

TITLE = "십분 API · Sipbun API"
_ASSETS = ("swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png", "favicon-16x16.png")
_PAGE = f"""<!doctype html>
<html lang="ko">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{TITLE}</title>
<link rel="stylesheet" href="/docs/assets/swagger-ui.css"><link rel="icon" href="/docs/assets/favicon-32x32.png">
</head>
<body>
<main id="api"><noscript>이 문서는 <a href="/openapi.json">/openapi.json</a> 에도 있습니다.</noscript></main>
<script src="/docs/assets/swagger-ui-bundle.js"></script><script src="/docs/start.js"></script>
</body>
</html>
"""
_START = """SwaggerUIBundle({
  url: "/openapi.json", dom_id: "#api", deepLinking: true, validatorUrl: null, persistAuthorization: false
});
"""
#: Swagger UI writes style attributes and draws data: images; it may speak to us and to nobody else.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


@pages.get("/docs")
def docs() -> Response:
    """Show the API to a person."""
    return _readable(Response(_PAGE, mimetype="text/html"))


@pages.get("/docs/start.js")
def start() -> Response:
    """Start Swagger UI; a file of its own, so that the page needs no inline script."""
    return Response(_START, mimetype="text/javascript")


@pages.get("/docs/assets/<name>")
def assets(name: str) -> Response:
    """Serve Swagger UI's files from the installed package."""
    if name not in _ASSETS:
        abort(404)
    answer = send_from_directory(Path(swagger_ui_bundle.swagger_ui_path), name)
    answer.headers["Cache-Control"] = "public, max-age=86400"
    return answer


@pages.get("/problems")
def problems() -> dict[str, Any]:
    """List every code that a problem may have."""
    return {"problems": [_problem(code) for code in sorted(catalogue.codes("ko"))]}


@pages.get("/problems/<code>")
def problem(code: str) -> dict[str, Any]:
    """Tell what one code means: this is where a problem's ``type`` points."""
    if code not in catalogue.codes("ko"):
        abort(404)
    return _problem(code)


def _problem(code: str) -> dict[str, Any]:
    return {
        "code": code,
        "type": f"/problems/{code}",
        **{
            language: {part: catalogue.plain(text) for part, text in catalogue.codes(language)[code].items()}
            for language in catalogue.LANGUAGES
        },
    }


def _readable(answer: Response) -> Response:
    answer.headers["Content-Security-Policy"] = _POLICY
    return answer
