"""How mails go out: each at most once, none lost while the mail server keeps a log. Every replica may run this.

    due letters --> contacts (one question a hundred) --> connect --> claim twenty --> send each --> settle
                                                                                  (with the next claim)

A mail is claimed by a guarded write before the server sees it. Whoever finds a claim past its deadline, or gets no
answer after the server had the message, does not send again: the mail is in doubt until the server's own log tells.
What is settled is kept with the claim's id as guard, so a sender that was overtaken changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeVar

from services.notifications.letters import storage
from services.notifications.letters.model import (
    Answer,
    Letter,
    Next,
    Opening,
    Pace,
    after_answer,
    after_failure,
    after_log,
    held_until,
    in_doubt,
    message_id,
)
from services.notifications.letters.storage import moved
from services.notifications.letters.wording import Sender, Words, mail_words
from shared.clock import Clock
from shared.errors import Unavailable
from shared.ids import Ids
from shared.mongo.port import Change
from shared.telemetry import log

#: Letters one look brings: a question for due work costs by its hits, whatever its limit, so it is asked seldom.
LOOK = 2000
#: Letters a question for contacts.
BATCH = 100
#: Letters a claim: as many as can be in doubt when a process dies while sending.
CLAIMED = 20
#: Seconds between tries to settle what was sent while the database is away.
SETTLE_AGAIN = (0.2, 0.4, 0.8, 1.6, 3.2)

T = TypeVar("T")


@dataclass(frozen=True)
class Contact:
    """How to reach a resident who consented to mail, and whether advertising may come at night."""

    mail: str = field(repr=False)
    night_news: bool = False


@dataclass(frozen=True)
class Outgoing:
    """A mail, complete."""

    message_id: str
    to: str = field(repr=False)
    subject: str
    body: str
    sender: Sender
    at: datetime
    advertising: bool


class MailAway(Exception):
    """The mail server can't be reached, or turns everyone away; nothing was sent."""


class MailSession(Protocol):
    """One connection to the mail server."""

    def send(self, mail: Outgoing) -> Answer:
        """Send one mail and say what came of it; never raises for what the server or the network does."""


class Mail(Protocol):
    """The mail server."""

    def session(self) -> AbstractContextManager[MailSession]:
        """Connect; raise ``MailAway``."""


class MailLog(Protocol):
    """The mail server's own record of what it took."""

    def taken(self, message_ids: Collection[str]) -> set[str] | None:
        """Return which of these Message-IDs it took, or None when the log can't be read."""


class Contacts(Protocol):
    """residents, who alone knows addresses and consents."""

    def of(self, residents: Sequence[str]) -> Mapping[str, Contact]:
        """Return the contacts of those who consented to mail; raise ``Unavailable``."""


@dataclass
class Swept:
    """What one sweep did."""

    sent: int = 0
    none: int = 0
    failed: int = 0
    later: int = 0
    unknown: int = 0

    def __bool__(self) -> bool:
        """Return whether anything moved."""
        return any((self.sent, self.none, self.failed, self.later, self.unknown))

    def note(self, state: str) -> None:
        """Count a mail by where it stands now."""
        name = "later" if state == "new" else state
        setattr(self, name, getattr(self, name) + 1)


@dataclass(frozen=True)
class _Ready:
    letter: Letter
    to: str
    words: Words


@dataclass(frozen=True)
class Delivery:
    """Sends the mails of letters. ``mail_log`` None: nobody keeps a log, and a mail in doubt waits for a person."""

    letters: storage.Letters
    openings: storage.Openings
    contacts: Contacts
    mail: Mail
    mail_log: MailLog | None
    sender: Sender
    clock: Clock
    ids: Ids
    pace: Pace = field(default_factory=Pace)

    def sweep(self) -> Swept:
        """Move every mail that is due one step on; raise ``Unavailable`` when the database or residents is away."""
        swept = Swept()
        now = self.clock.now()
        due = self.letters.due(now, LOOK)
        self._doubt([letter for letter in due if letter.mail.state == "sending"], now, swept)
        self._consult_log([letter for letter in due if letter.mail.state == "unknown"], now, swept)
        for batch in _batches([letter for letter in due if letter.mail.state == "new"], BATCH):
            if not self._deliver(batch, swept):
                break
        if swept:
            log.info("mail_swept", **vars(swept))
        return swept

    def _doubt(self, overdue: Sequence[Letter], now: datetime, swept: Swept) -> None:
        """Whoever claimed these has died or sleeps: whether they were sent is not known."""
        changes = []
        for letter in overdue:
            to = in_doubt(letter.mail, now, why="claim_overdue", log_is_kept=self.mail_log is not None)
            changes.append(moved(letter, to, now))
            swept.note(to.state)
        self.letters.carry_out(changes)

    def _consult_log(self, doubtful: Sequence[Letter], now: datetime, swept: Swept) -> None:
        if not doubtful or self.mail_log is None:
            return
        names = {letter.id: message_id(letter, self.sender.domain) for letter in doubtful}
        taken = self.mail_log.taken(list(names.values()))
        changes = []
        for letter in doubtful:
            known = None if taken is None else names[letter.id] in taken
            to = after_log(letter.mail, now, self.pace, taken=known)
            changes.append(moved(letter, to, now))
            if to.state != "unknown":
                swept.note(to.state)
        self.letters.carry_out(changes)

    def _deliver(self, batch: Sequence[Letter], swept: Swept) -> bool:
        """Send a batch; return False when the mail server can't be reached, so that the rest waits as well."""
        ready = self._prepared(batch, swept)
        if not ready:
            return True
        try:
            with self.mail.session() as session:
                return self._send(ready, session, swept)
        except MailAway as away:
            now = self.clock.now()
            log.warning("mail_away", why=str(away), waiting=len(ready))
            nexts = [(one.letter, after_failure(one.letter.mail, "server_away", now)) for one in ready]
            self.letters.carry_out([moved(letter, to, now) for letter, to in nexts])
            for _, to in nexts:
                swept.note(to.state)
            return False

    def _prepared(self, batch: Sequence[Letter], swept: Swept) -> list[_Ready]:
        """Return what can go out now; settle what has no address or is out of date, hold what must wait."""
        contacts = self.contacts.of(list(dict.fromkeys(letter.resident for letter in batch)))
        openings = self.openings.get_many(letter.about for letter in batch)
        now = self.clock.now()
        ready: list[_Ready] = []
        changes: list[Change] = []
        for letter in batch:
            opening = openings.get(letter.about)
            contact = contacts.get(letter.resident)
            instead = _not_now(letter, opening, contact, now)
            if instead is not None:
                changes.append(moved(letter, instead, now))
                swept.note(instead.state)
            elif contact is not None:
                ready.append(_Ready(letter, contact.mail, mail_words(letter, opening, self.sender)))
        self.letters.carry_out(changes)
        return ready

    def _send(self, ready: Sequence[_Ready], session: MailSession, swept: Swept) -> bool:
        """Claim and send group by group; return whether the connection held."""
        settled: list[Change] = []
        gone = False
        for group in _batches(ready, CLAIMED):
            claim = self.ids.new("clm")
            deadline = self.clock.now() + self.pace.claim
            mine = self._insist(_claiming(self.letters, [one.letter for one in group], claim, deadline, settled))
            settled = []
            for one in group:
                if one.letter.id not in mine:
                    continue
                answer = Answer("untried") if gone else self._try(one, session, deadline)
                gone = gone or answer.gone
                now = self.clock.now()
                to = after_answer(one.letter.mail, answer, now, log_is_kept=self.mail_log is not None)
                settled.append(moved(one.letter, to, now, claim))
                if answer.result != "untried":
                    swept.note(to.state)
            if gone:
                break
        self._insist(lambda: self.letters.carry_out(settled))
        return not gone

    def _try(self, one: _Ready, session: MailSession, deadline: datetime) -> Answer:
        """Send one mail, unless our claim has run out: another may be in charge of it by now."""
        now = self.clock.now()
        if now >= deadline:
            return Answer("untried", gone=True)
        letter = one.letter
        return session.send(
            Outgoing(
                message_id=message_id(letter, self.sender.domain),
                to=one.to,
                subject=one.words.title,
                body=one.words.text,
                sender=self.sender,
                at=now,
                advertising=letter.mail.message_class == "advertising",
            )
        )

    def _insist(self, write: Callable[[], T]) -> T:
        """Do a write that must not be forgotten, through a short absence of the database."""
        for pause in SETTLE_AGAIN:
            try:
                return write()
            except Unavailable:
                self.clock.sleep(pause)
        return write()


def _claiming(
    letters: storage.Letters, group: Sequence[Letter], claim: str, deadline: datetime, settled: Sequence[Change]
) -> Callable[[], set[str]]:
    return lambda: letters.claim(group, claim, deadline, settled)


def _not_now(letter: Letter, opening: Opening | None, contact: Contact | None, now: datetime) -> Next | None:
    """Return where a mail stands that must not go out now, or None."""
    if letter.kind == "published" and opening is not None and opening.deadline <= now:
        return Next("none", letter.mail.attempts, why="out_of_date")
    if contact is None:
        return Next("none", letter.mail.attempts, why="no_consent_or_address")
    until = held_until(letter.mail.message_class, now, night_news=contact.night_news)
    return None if until is None else Next("new", letter.mail.attempts, due=until, why="night")


def _batches(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for first in range(0, len(items), size):
        yield items[first : first + size]
