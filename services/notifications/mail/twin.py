"""The mail server's twin: takes mails in memory, keeps its log, and can fail in each way a real one does.

    twin.next("lose_answer")     # takes the mail, but its answer never arrives
    twin.next("lose_request")    # the connection breaks after the client sent, before the server took it
    twin.next("later", "refuse") # 4xx for one mail, 5xx for the one after
    twin.away = True             # refuses connections

``step`` is called before and after the server takes a mail; a scheduler may pause or crash the sender there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from services.notifications.letters.delivery import MailAway, Outgoing
from services.notifications.letters.model import Answer
from shared.clock import Clock
from shared.mongo.twin import Step, no_step

#: How long a real server keeps a silent connection (Postfix ``smtpd_timeout``); ``Pace.grace`` is longer.
IDLE = timedelta(seconds=300)


class MailTwin:
    """A mail server, and its log. Several processes of a simulated town share one."""

    def __init__(self, clock: Clock, step: Step = no_step) -> None:
        self.clock = clock
        self.step = step
        self.away = False
        self.log_unreadable = False
        self.mails: list[Outgoing] = []
        self._faults: deque[str] = deque()

    def seen_by(self, step: Step) -> MailTwin:
        """Return this server as one process sees it, with that process's own steps."""
        view = _View.__new__(_View)
        view.whole = self
        view.step = step
        return view

    def next(self, *faults: str) -> None:
        """Fail the next mails in these ways: ``lose_answer``, ``lose_request``, ``later``, ``refuse``, ``ok``."""
        self._faults.extend(faults)

    @contextmanager
    def session(self) -> Iterator[TwinSession]:
        """Connect; raise ``MailAway``."""
        self.step("mail.connect")
        if self.server.away:
            raise MailAway("twin: away")
        yield TwinSession(self)

    def taken(self, message_ids: Collection[str]) -> set[str] | None:
        """Return which of these the server took, or None when the log is unreadable."""
        self.step("mail_log.taken")
        if self.server.log_unreadable:
            return None
        return {mail.message_id for mail in self.server.mails if mail.message_id in set(message_ids)}

    @property
    def server(self) -> MailTwin:
        """The server itself, whoever looks at it."""
        return self

    def fault(self) -> str:
        """Return what happens to the next mail."""
        return self._faults.popleft() if self._faults else "ok"


class _View(MailTwin):
    whole: MailTwin

    @property
    def server(self) -> MailTwin:
        return self.whole


class TwinSession:
    """One connection; the server closes it when it is silent for ``IDLE``."""

    def __init__(self, seen: MailTwin) -> None:
        self._seen = seen
        self._heard: datetime = seen.server.clock.now()

    def send(self, mail: Outgoing) -> Answer:
        """Take the mail, or fail as told."""
        server = self._seen.server
        self._seen.step("mail.send")
        now = server.clock.now()
        if server.away or now - self._heard >= IDLE:
            return Answer("later", "connection_lost", gone=True)
        self._heard = now
        fault = server.fault()
        if fault == "later":
            return Answer("later", "server_busy")
        if fault == "refuse":
            return Answer("refused", "mailbox_unavailable")
        if fault != "lose_request":
            server.mails.append(mail)
        self._seen.step("mail.send done")
        return Answer("sent") if fault == "ok" else Answer("unknown", "answer_lost", gone=True)
