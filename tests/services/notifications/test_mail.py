"""A real SMTP server, and the log of one: how far a mail got, told truly."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller

from deploy.mailsink import MailSink
from services.notifications.letters.delivery import MailAway, Outgoing
from services.notifications.letters.model import Answer
from services.notifications.mail.log import LogFile
from services.notifications.mail.smtp import SmtpMail
from shared.clock import from_iso
from shared.events.placement import OPENING_PUBLISHED, PLACEMENT_SELECTED
from shared.mongo.twin import TwinDatabase
from tests.services.facts import MORNING, said
from tests.services.notifications.office import SENDER, Office


class Sink:
    """A running mail sink on a free port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sink = MailSink(folder, refuse=["no-such"], defer=["busy"])
        self.sink.open()
        self._controller = Controller(self.sink, hostname="127.0.0.1", port=_free_port())
        self._controller.start()
        self.mail = SmtpMail(f"smtp://127.0.0.1:{self._controller.port}", domain="sipbun.example", timeout=5)
        self.log = LogFile(folder / "accepted.log")

    def stop(self) -> None:
        self._controller.stop()
        self.sink.close()

    def received(self) -> list[EmailMessage]:
        found = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in self.folder.glob("new/*.eml")]
        return [message for message in found if isinstance(message, EmailMessage)]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[Sink]:
    running = Sink(tmp_path / "mail")
    yield running
    running.stop()


def a_mail(to: str = "res-1@mail.example", message_id: str = "<f-1.res-1@sipbun.example>", **more) -> Outgoing:
    return Outgoing(
        **{
            "message_id": message_id,
            "to": to,
            "subject": "[선정] 작은도서관 도서 정리",
            "body": "참여자로 선정되었습니다.\n.\n점 하나만 있는 줄도 그대로입니다.\n",
            "sender": SENDER,
            "at": MORNING,
            "advertising": False,
            **more,
        }
    )


def test_a_mail_arrives_as_it_was_written(sink: Sink) -> None:
    with sink.mail.session() as session:
        assert session.send(a_mail()) == Answer("sent")

    (message,) = sink.received()
    assert message["Subject"] == "[선정] 작은도서관 도서 정리"
    assert message["From"] == "광산구 십분 <no-reply@sipbun.example>"
    assert message["Message-ID"] == "<f-1.res-1@sipbun.example>"
    assert message["List-Unsubscribe"] is None
    assert message.get_content().splitlines() == a_mail().body.splitlines()


def test_one_connection_takes_a_whole_batch_with_refusals_in_between(sink: Sink) -> None:
    addresses = ["a@mail.example", "no-such@mail.example", "busy@mail.example", "b@mail.example"]

    with sink.mail.session() as session:
        answers = [session.send(a_mail(to)) for to in addresses]

    assert [answer.result for answer in answers] == ["sent", "refused", "later", "sent"]
    assert answers[1].why == "mailbox_unavailable"
    assert not any(answer.gone for answer in answers)


@pytest.mark.parametrize("address", ["", "누구@mail.example", "a@b\r\nRCPT TO:<c@d>", "a b@mail.example", "a@b@c"])
def test_an_address_that_could_smuggle_something_in_is_refused_before_it_is_sent(sink: Sink, address: str) -> None:
    with sink.mail.session() as session:
        assert session.send(a_mail(address)) == Answer("refused", "address_unusable")

    assert sink.received() == []


def test_what_the_server_took_is_found_in_its_log_and_nothing_else_is(sink: Sink) -> None:
    with sink.mail.session() as session:
        session.send(a_mail(message_id="<f-1.res-1@sipbun.example>"))

    asked = dict.fromkeys(("<f-1.res-1@sipbun.example>", "<f-2.res-1@sipbun.example>"), datetime.now(UTC))
    assert sink.log.taken(asked) == {"<f-1.res-1@sipbun.example>": True, "<f-2.res-1@sipbun.example>": False}


def test_a_server_that_is_not_there_is_away() -> None:
    mail = SmtpMail(f"smtp://127.0.0.1:{_free_port()}", domain="sipbun.example", timeout=1)

    with pytest.raises(MailAway), mail.session():
        pass


@pytest.mark.parametrize(
    ("hang_up_at", "answer"),
    [
        (b"MAIL", Answer("later", "connection_lost", gone=True)),
        (b"RCPT", Answer("later", "connection_lost", gone=True)),
        (b".\r\n", Answer("unknown", "answer_lost", gone=True)),
    ],
)
def test_a_lost_connection_is_in_doubt_only_once_the_server_had_the_message(hang_up_at: bytes, answer: Answer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = threading.Thread(target=_serve_until, args=(listening, hang_up_at))
        server.start()
        with SmtpMail(
            f"smtp://127.0.0.1:{listening.getsockname()[1]}", domain="sipbun.example", timeout=5
        ).session() as session:
            assert session.send(a_mail()) == answer
            assert session.send(a_mail()).gone
        server.join(5)


def _serve_until(listening: socket.socket, hang_up_at: bytes, last: bytes = b"250 ok") -> None:
    """Speak SMTP with one client, answer a message with ``last``, and hang up without an answer at this line."""
    connection, _ = listening.accept()
    with connection, connection.makefile("rb") as lines:
        connection.sendall(b"220 ready\r\n")
        in_data = False
        for line in lines:
            if line.upper().startswith(hang_up_at) and (in_data or hang_up_at != b".\r\n"):
                return
            if in_data and line == b".\r\n":
                in_data = False
                connection.sendall(last + b"\r\n")
            elif not in_data:
                in_data = line.upper().startswith(b"DATA")
                connection.sendall(b"354 go on\r\n" if in_data else b"250 ok\r\n")


def test_letters_go_out_over_smtp_and_news_names_how_to_refuse_it(sink: Sink) -> None:
    office = Office(TwinDatabase())
    office.neighbours.in_reach = [["res-2"]]
    office.neighbours.consent("res-1", "res-2")
    office.hear(said(OPENING_PUBLISHED, "p-1"))
    office.hear(said(PLACEMENT_SELECTED))
    object.__setattr__(office.delivery, "mail", sink.mail)

    assert office.delivery.sweep().sent == 2

    news, selection = sorted(sink.received(), key=lambda message: message["Subject"])
    assert news["Subject"] == "(광고) 내 동네 새 일자리: 작은도서관 도서 정리"
    assert news["List-Unsubscribe"] == "<https://sipbun.example/refuse>"
    assert news.get_content().splitlines()[-4:] == [
        "--",
        "보낸 곳: 광산구 십분",
        "문의: 062-000-0000",
        "무료수신거부: https://sipbun.example/refuse",
    ]
    assert selection["Subject"] == "[선정] 작은도서관 도서 정리"
    assert "무료수신거부" not in selection.get_content()


POSTFIX = """\
Nov 22 09:30:01 mail postfix/smtpd[11]: 4F1A: client=town[10.0.0.5]
Nov 22 09:30:01 mail postfix/cleanup[12]: 4F1A: message-id=<a@sipbun.example>
Nov 22 09:30:01 mail postfix/qmgr[3]: 4F1A: from=<no-reply@sipbun.example>, size=812, nrcpt=1 (queue active)
Nov 22 09:30:02 mail postfix/cleanup[12]: 4F1B: message-id=<b@sipbun.example>
Nov 22 09:30:02 mail postfix/smtpd[11]: lost connection after DATA (812 bytes) from town[10.0.0.5]
"""


EARLIER, LATER = MORNING - timedelta(hours=1), MORNING + timedelta(hours=1)


def lines(*told: tuple[datetime, str]) -> str:
    return "".join(f"{at.isoformat()} sink: {what}\n" for at, what in told)


def test_postfix_has_taken_a_mail_only_when_its_queue_entry_became_active(tmp_path: Path) -> None:
    dated = "".join(f"2026-11-22T09:30:0{line[14:]}\n" for line in POSTFIX.splitlines()).replace(
        " mail ", "+09:00 mail "
    )
    (tmp_path / "mail.log").write_text(dated)
    after = from_iso("2026-11-22T09:30:05+09:00")

    assert LogFile(tmp_path / "mail.log").taken({"<a@sipbun.example>": after, "<b@sipbun.example>": after}) == {
        "<a@sipbun.example>": True,
        "<b@sipbun.example>": False,
    }


def test_a_log_without_dates_proves_what_was_taken_and_never_what_was_not(tmp_path: Path) -> None:
    (tmp_path / "mail.log").write_text(POSTFIX)

    assert LogFile(tmp_path / "mail.log").taken({"<a@sipbun.example>": LATER, "<b@sipbun.example>": LATER}) == {
        "<a@sipbun.example>": True,
        "<b@sipbun.example>": None,
    }


@pytest.mark.parametrize(
    ("old", "new", "known"),
    [
        (None, None, None),
        (None, "", None),
        (None, lines((EARLIER, "opened")), False),
        (None, lines((LATER, "opened")), None),
        (lines((EARLIER, "opened")), None, None),
        (lines((EARLIER, "opened")), lines((LATER, "opened")), None),
        (lines((EARLIER, "opened"), (LATER, "message-id=<b@x>")), lines((LATER, "opened")), False),
        (lines((EARLIER, "opened"), (LATER, "message-id=<b@x>")), "", False),
        (lines((EARLIER, "message-id=<a@x>")), "", True),
    ],
    ids=[
        "missing",
        "empty",
        "older than the try",
        "begun after the try",
        "between two logs",
        "with a gap over the try",
        "rotated after the try",
        "rotated and still empty",
        "rotated with the mail",
    ],
)
def test_absence_is_proved_only_by_a_log_that_was_there_at_the_try(
    tmp_path: Path, old: str | None, new: str | None, known: bool | None
) -> None:
    for name, text in (("mail.log.1", old), ("mail.log", new)):
        if text is not None:
            (tmp_path / name).write_text(text)

    assert LogFile(tmp_path / "mail.log").taken({"<a@x>": MORNING}) == {"<a@x>": known}


def test_a_line_that_was_being_written_when_the_server_died_proves_nothing(tmp_path: Path) -> None:
    (tmp_path / "accepted.log").write_text("2026-11-22T00:30:00+00:00 sink: message-id=<a@sipbun.example> to=<res")

    assert LogFile(tmp_path / "accepted.log").taken({"<a@sipbun.example>": LATER}) == {"<a@sipbun.example>": None}


def test_a_new_sink_can_prove_from_its_beginning_what_it_did_not_take(sink: Sink) -> None:
    now = datetime.now(UTC)

    assert sink.log.taken({"<a@x>": now, "<b@x>": now - timedelta(minutes=1)}) == {"<a@x>": False, "<b@x>": None}


@pytest.mark.parametrize("last", [b"199 hm", b"354 go on", b"ok", b"nonsense here"])
def test_an_answer_that_is_neither_yes_nor_no_leaves_a_mail_in_doubt(last: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = threading.Thread(target=_serve_until, args=(listening, b"never"), kwargs={"last": last})
        server.start()
        url = f"smtp://127.0.0.1:{listening.getsockname()[1]}"
        with SmtpMail(url, domain="sipbun.example", timeout=5).session() as session:
            assert session.send(a_mail()) == Answer("unknown", "answer_unclear", gone=True)
        server.join(5)
