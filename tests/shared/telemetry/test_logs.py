"""A log line is one JSON object with its service and trace, also when a library wrote it."""

from __future__ import annotations

import subprocess
import sys

import orjson

from tests.harness import ROOT

PROGRAM = """
import logging
from shared.telemetry import log
from shared.telemetry.logs import configure
from shared.trace import within
configure("placement", "info")
with within("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"):
    log.info("filled", event_id="opening-1.2.0", title="새봄 어린이집")
log.debug("unseen")
logging.getLogger("a.library").warning("careful %s", "now")
logging.getLogger("a.library").info("unseen")
try:
    1 / 0
except ZeroDivisionError as error:
    log.error("failed", exc_info=error)
"""


def test_each_line_is_json_with_service_and_trace() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, check=True)

    lines = [orjson.loads(line) for line in done.stderr.splitlines()]

    assert [line["event"] for line in lines] == ["filled", "careful now", "failed"]
    assert all(line["service"] == "placement" and line["at"].endswith("Z") for line in lines)
    assert lines[0]["trace"] == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert lines[0]["title"] == "새봄 어린이집"
    assert "ZeroDivisionError" in lines[2]["exception"]
