"""The mail sink: an accepted letter is on disk before its sender knows."""

import os
import signal
import smtplib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path

import pytest

from deploy.mailsink import accepted
from deploy.pids import free_port
from deploy.running import ROOT
from deploy.server import listens
from tests.harness import eventually


@contextmanager
def a_sink(folder: Path, *words: str) -> Iterator[int]:
    """Run the sink as its own process; yield its port; kill -9 at the end."""
    port = free_port()
    command = [sys.executable, "-m", "deploy.mailsink", "--folder", str(folder), "--port", str(port), *words]
    with subprocess.Popen(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE) as run:
        try:
            eventually(lambda: listens("127.0.0.1", port))
            yield port
        finally:
            run.send_signal(signal.SIGKILL)


def a_letter(message_id: str, *to: str) -> EmailMessage:
    """A letter about a selection."""
    letter = EmailMessage()
    letter["From"], letter["To"] = "no-reply@sipbun.localhost", ", ".join(to)
    letter["Subject"], letter["Message-ID"] = "은하수 작은도서관 일자리에 선정되었습니다", message_id
    letter.set_content("축하합니다.")
    return letter


def test_an_accepted_letter_is_found_by_its_id_after_the_sink_was_killed(tmp_path: Path) -> None:
    with a_sink(tmp_path) as port, smtplib.SMTP("127.0.0.1", port, timeout=60) as mail:
        mail.send_message(a_letter("<a.1@sipbun.localhost>", "resident-1@example.org"))
        mail.send_message(a_letter("<a.2@sipbun.localhost>", "resident-2@example.org", "resident-3@example.org"))

    found = accepted(tmp_path / "accepted.log")

    assert [one.message_id for one in found] == ["<a.1@sipbun.localhost>", "<a.2@sipbun.localhost>"]
    assert found[1].recipients == ("resident-2@example.org", "resident-3@example.org")
    assert len(list((tmp_path / "new").glob("*.eml"))) == 2


def test_refusals_are_for_good_and_deferrals_for_now(tmp_path: Path) -> None:
    with (
        a_sink(tmp_path, "--refuse", "^gone-", "--defer", "^busy-") as port,
        smtplib.SMTP("127.0.0.1", port, timeout=60) as mail,
    ):
        with pytest.raises(smtplib.SMTPRecipientsRefused) as gone:
            mail.send_message(a_letter("<b.1@sipbun.localhost>", "gone-1@example.org"))
        with pytest.raises(smtplib.SMTPRecipientsRefused) as busy:
            mail.send_message(a_letter("<b.2@sipbun.localhost>", "busy-1@example.org"))

    assert gone.value.recipients["gone-1@example.org"][0] == 550
    assert busy.value.recipients["busy-1@example.org"][0] == 451
    assert accepted(tmp_path / "accepted.log") == []


def test_a_line_torn_by_a_kill_was_never_promised_and_is_dropped(tmp_path: Path) -> None:
    torn = "2026-11-02T09:00:00.000000+00:00 sipbun-sink cleanup: message-id=<c.1@sipbun.localhost> to=<resi"
    (tmp_path / "accepted.log").write_text(torn)

    with a_sink(tmp_path) as port, smtplib.SMTP("127.0.0.1", port, timeout=60) as mail:
        mail.send_message(a_letter("<c.1@sipbun.localhost>", "resident-1@example.org"))

    assert [one.message_id for one in accepted(tmp_path / "accepted.log")] == ["<c.1@sipbun.localhost>"]
    opened, taken = (tmp_path / "accepted.log").read_text().splitlines()
    assert opened.endswith("sipbun-sink opened")
    assert "<c.1@sipbun.localhost>" in taken
