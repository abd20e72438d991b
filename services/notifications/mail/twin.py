"""The mail server's twin: takes mails in memory, keeps its log, and can fail in each way a real one does.

    twin.next("lose_answer")     # takes the mail, but its answer never arrives
    twin.next("lose_request")    # the connection breaks after the client sent, before the server took it
    twin.next("later", "refuse") # 4xx for one mail, 5xx for the one after
    twin.away = True             # refuses connections
    twin.rotate()                # a new log begins; the one before the last is gone

``step`` is called before and after the server takes a mail; a scheduler may pause or crash the sender there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
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
        #: When the older of the two logs begins, and when the newer one does.
        self.log_begins = self._rotated = clock.now()
        self.taken_at: dict[str, datetime] = {}
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

    def rotate(self) -> None:
        """Begin a new log, as logrotate does; what only the one before the last knew is forgotten."""
        self.log_begins, self._rotated = self._rotated, self.clock.now()

    def take(self, mail: Outgoing, now: datetime) -> None:
        """Take a mail, and log it."""
        self.mails.append(mail)
        self.taken_at[mail.message_id] = now

    def taken(self, tries: Mapping[str, datetime]) -> dict[str, bool | None]:
        """Return what the logs that are left say of each."""
        self.step("mail_log.taken")
        server = self.server
        if server.log_unreadable:
            return dict.fromkeys(tries)
        known = {name for name, at in server.taken_at.items() if at >= server.log_begins}
        return {
            name: True if name in known else False if server.log_begins <= since else None
            for name, since in tries.items()
        }

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
            server.take(mail, now)
        self._seen.step("mail.send done")
        return Answer("sent") if fault == "ok" else Answer("unknown", "answer_lost", gone=True)
