"""A gateway that really listens, and a real browser."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright
from werkzeug.serving import make_server

from tests.services.gateway.twins import a_gateway

#: Everything chromium would like to ask of hosts outside.
QUIET = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where Debian's chromium is; without it the test fails and says how to get it."""
    found = shutil.which("chromium")
    assert found, "chromium is missing: apt-get update && apt-get install -y chromium"
    return found


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """A gateway on a free port of loopback, with services that answer as told."""
    opening = {"opening_id": "opn-은하수", "title": "작은도서관 도서 정리"}
    door = a_gateway(tmp_path, answers={"placement_openings.get": opening})
    server = make_server("127.0.0.1", 0, door.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(timeout=10)


@pytest.fixture
def page(chromium: str) -> Iterator[Page]:
    """An empty page, in Korean."""
    sandbox = [] if os.geteuid() else ["--no-sandbox"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=[*QUIET, *sandbox])
        yield browser.new_page(locale="ko-KR", viewport={"width": 1200, "height": 900})
        browser.close()
