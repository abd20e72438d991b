"""Whether letters leave as mail is never a matter of appearances."""

from __future__ import annotations

import smtplib
from pathlib import Path

import pytest

from deploy.pids import Process
from deploy.running import Kept, Running
from tests.deploy.test_mailsink import a_letter, a_sink
from tests.deploy.test_supervisor import up
from tests.harness import Servers


@pytest.mark.parametrize(
    ("asked", "kept", "means"),
    [
        ({}, None, "inbox"),
        ({"SIPBUN_MAIL_SINK": "1"}, "mail-sink", "sink"),
        ({"SIPBUN_MAIL_SINK": "1", "SIPBUN_SMTP_URL": "smtp://127.0.0.1:1"}, None, "server"),
    ],
)
def test_a_town_keeps_letters_in_a_sink_only_when_asked_to(
    tmp_path: Path, servers: Servers, asked: dict[str, str], kept: str | None, means: str
) -> None:
    from deploy.town import bring_down  # noqa: PLC0415

    amqp, admin = servers.broker()
    joined = {"SIPBUN_AMQP_URL": amqp, "SIPBUN_AMQP_ADMIN_URL": admin, "SIPBUN_MONGO_URL": servers.database()}
    try:
        town = up(tmp_path, "town_with_mail", {**joined, "SIPBUN_MAIL_SINK": "", "SIPBUN_SMTP_URL": "", **asked})
        assert (town.find("mail-sink") is not None) == (kept is not None)
        assert town.mail == means
        assert bool(town.mail_log) == (kept is not None)
    finally:
        bring_down(tmp_path, say=lambda _: None)


def test_a_town_says_what_becomes_of_its_mails() -> None:
    town = Running(supervisor=Process(1, 1.0), started_at="")

    assert town.mail == "inbox"
    assert town.but(smtp_url="smtp://mail").mail == "server"
    assert town.but(smtp_url="smtp://mail", processes=(Kept("mail-sink", "ready"),)).mail == "sink"


def test_nobody_else_reads_the_letters_that_a_sink_keeps(tmp_path: Path) -> None:
    with a_sink(tmp_path) as port, smtplib.SMTP("127.0.0.1", port, timeout=60) as mail:
        mail.send_message(a_letter("<d.1@sipbun.localhost>", "resident-1@example.org"))

    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) == 2
    assert {path.stat().st_mode & 0o077 for path in files} == {0}
