"""The mail server, over SMTP: one connection a batch, a time-out on every step, and an answer that says how far it got.

What fails before the server has the message is tried again; what fails after is in doubt, and is never tried blindly.
"""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from urllib.parse import unquote, urlsplit

from services.notifications.letters.delivery import MailAway, Outgoing
from services.notifications.letters.model import Answer

#: Seconds for each step of a conversation; a claim (model.Pace) is longer than a mail's few steps.
STEP_TIMEOUT = 20.0
#: What an address may look like: enough that no header and no command can be smuggled in.
_ADDRESS = re.compile(r"^[!-9;=?A-~]{1,64}@[A-Za-z0-9.-]{1,253}$")
_CLOSING = 421


class SmtpMail:
    """The server at ``smtp://[user:password@]host:port``; with a user, the connection must be encrypted."""

    def __init__(self, url: str, *, domain: str, timeout: float = STEP_TIMEOUT) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 25
        self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")
        self._domain = domain
        self._timeout = timeout

    @contextmanager
    def session(self) -> Iterator[SmtpSession]:
        """Connect; raise ``MailAway``."""
        session = SmtpSession(self._connect())
        try:
            yield session
        finally:
            session.close()

    def _connect(self) -> smtplib.SMTP:
        try:
            server = smtplib.SMTP(self._host, self._port, local_hostname=self._domain, timeout=self._timeout)
        except (OSError, smtplib.SMTPException) as error:
            raise MailAway(f"{self._host}:{self._port}: {error}") from error
        try:
            server.ehlo_or_helo_if_needed()
            if self._user:
                server.starttls(context=ssl.create_default_context())
                server.login(self._user, self._password)
        except (OSError, smtplib.SMTPException) as error:
            server.close()
            raise MailAway(f"{self._host}:{self._port}: {error}") from error
        return server


class SmtpSession:
    """One connection."""

    def __init__(self, server: smtplib.SMTP) -> None:
        self._server = server

    def send(self, mail: Outgoing) -> Answer:
        """Send one mail and say what came of it."""
        if not _ADDRESS.match(mail.to):
            return Answer("refused", "address_unusable")
        content = message_of(mail).as_bytes(policy=SMTP_POLICY)
        try:
            code, _ = self._server.mail(mail.sender.address)
            if _accepted(code):
                code, _ = self._server.rcpt(mail.to)
        except (OSError, smtplib.SMTPException):
            return Answer("later", "connection_lost", gone=True)
        if not _accepted(code):
            return self._turned_away(code)
        try:
            code, _ = self._server.data(content)
        except smtplib.SMTPDataError as error:
            return self._turned_away(error.smtp_code)
        except (OSError, smtplib.SMTPException):
            return Answer("unknown", "answer_lost", gone=True)
        if _accepted(code):
            return Answer("sent")
        # Neither yes nor no (RFC 5321, 4.2.1), or no reply code at all: the server may have it.
        return self._turned_away(code) if code >= 400 else Answer("unknown", "answer_unclear", gone=True)

    def close(self) -> None:
        """Say goodbye; a server that is gone already doesn't mind."""
        try:
            self._server.quit()
        except (OSError, smtplib.SMTPException):
            self._server.close()

    def _turned_away(self, code: int) -> Answer:
        gone = code == _CLOSING or not self._started_over()
        return Answer("later" if code < 500 else "refused", failure_class(code), gone=gone)

    def _started_over(self) -> bool:
        try:
            code, _ = self._server.rset()
        except (OSError, smtplib.SMTPException):
            return False
        return _accepted(code)


def _accepted(code: int) -> bool:
    """Return whether a reply code says yes; smtplib gives -1 for what is none."""
    return 200 <= code < 300


def failure_class(code: int) -> str:
    """Return what a reply code (RFC 5321, 4.2.3) means for the letter."""
    if code in (450, 550, 551, 553):
        return "mailbox_unavailable"
    if code in (452, 552):
        return "mailbox_full"
    if code in (554, 571):
        return "content_refused"
    return "server_busy" if code < 500 else "server_refused"


def message_of(mail: Outgoing) -> EmailMessage:
    """Return the message. Advertising names a way to refuse in its header too."""
    message = EmailMessage(policy=SMTP_POLICY)
    name, _, domain = mail.sender.address.rpartition("@")
    message["From"] = Address(mail.sender.name, name or domain, domain if name else "")
    message["To"] = mail.to
    message["Subject"] = mail.subject
    message["Date"] = mail.at
    message["Message-ID"] = mail.message_id
    message["Auto-Submitted"] = "auto-generated"
    if mail.advertising:
        message["List-Unsubscribe"] = f"<{mail.sender.refusal}>"
    message.set_content(mail.body, charset="utf-8", cte="base64")
    return message
