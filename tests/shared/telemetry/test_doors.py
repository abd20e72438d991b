"""A process's doors say whether it lives, whether it takes work, and its figures."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.error import HTTPError
from urllib.request import urlopen

import orjson
import pytest

from shared.telemetry.doors import Doors

CONDITIONS = {"database": True, "index": False}


@pytest.fixture
def doors() -> Iterator[Doors]:
    opened = Doors(0, lambda: CONDITIONS)
    opened.open()
    yield opened
    opened.close()


def asked(doors: Doors, path: str) -> tuple[int, bytes]:
    try:
        with urlopen(f"http://127.0.0.1:{doors.port}{path}", timeout=60) as answer:
            return answer.status, answer.read()
    except HTTPError as error:
        return error.code, error.read()


def test_a_process_that_waits_for_something_lives_but_is_not_ready(
    doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert asked(doors, "/healthz")[0] == 200
    status, body = asked(doors, "/readyz")
    assert (status, orjson.loads(body)) == (503, {"ready": False, "waiting_for": ["index"]})

    monkeypatch.setitem(CONDITIONS, "index", True)

    assert asked(doors, "/readyz")[0] == 200


def test_metrics_are_prometheus_text(doors: Doors) -> None:
    status, body = asked(doors, "/metrics")

    assert status == 200
    assert b"sipbun_ready 0.0" in body


def test_any_other_door_is_shut(doors: Doors) -> None:
    assert asked(doors, "/")[0] == 404
