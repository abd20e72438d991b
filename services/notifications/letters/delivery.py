"""How mails go out: each at most once, none lost while the mail server keeps a log. Every replica may run this.

    due letters --> twenty at a time: contacts --> connect (once) --> claim --> send each --> settle
                                                                                  (with the next claim)

A mail is claimed by a guarded write before the server sees it. Whoever finds a claim past its deadline, or gets no
answer after the server had the message, does not send again: the mail is in doubt until the server's own log tells.
Consent, address, deadline and the hours of the night are looked at for each claim, and the clock before each mail.
What is settled is kept with the claim's id as guard, so a sender that was overtaken changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeVar

from services.notifications.letters import storage
from services.notifications.letters.matters import Known, best_before
from services.notifications.letters.model import (
    Answer,
    Letter,
    Next,
    Pace,
    after_answer,
    after_away,
    after_log,
    held_until,
    in_doubt,
    message_id,
)
from services.notifications.letters.notes import Openings, RoomNotes, known_of
from services.notifications.letters.storage import moved
from services.notifications.letters.wording import Sender, Words, mail_words
from shared.clock import Clock
from shared.errors import Unavailable
from shared.ids import Ids
from shared.mongo.port import Change
from shared.telemetry import log

#: Letters one look brings: a question for due work costs by its hits, whatever its limit, so it is asked seldom.
LOOK = 2000
#: Letters a connection.
BATCH = 100
#: Letters a question for contacts and a claim: as many as can be in doubt when a process dies while sending.
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

    def taken(self, tries: Mapping[str, datetime]) -> Mapping[str, bool | None]:
        """Return of each Message-ID, by when its claim was made, whether it was taken until now; None: it can't tell.

        False is a proof: the log must have been there when the claim was made, and nothing of it gone since.
        """


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
    known: Known
    contact: Contact
    words: Words


@dataclass(frozen=True)
class Delivery:
    """Sends the mails of letters. ``mail_log`` None: nobody keeps a log, and a mail in doubt waits for a person."""

    letters: storage.Letters
    openings: Openings
    rooms: RoomNotes
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
            since = letter.mail.since or letter.written
            to = in_doubt(letter.mail, now, why="claim_overdue", since=since, log_is_kept=self.mail_log is not None)
            changes.append(moved(letter, to, now))
            swept.note(to.state)
        self.letters.carry_out(changes)

    def _consult_log(self, doubtful: Sequence[Letter], now: datetime, swept: Swept) -> None:
        if not doubtful or self.mail_log is None:
            return
        names = {letter.id: message_id(letter, self.sender.domain) for letter in doubtful}
        taken = self.mail_log.taken({names[letter.id]: letter.mail.since or letter.written for letter in doubtful})
        changes = []
        for letter in doubtful:
            to = after_log(letter.mail, now, self.pace, taken=taken[names[letter.id]])
            changes.append(moved(letter, to, now))
            if to.state != "unknown":
                swept.note(to.state)
        self.letters.carry_out(changes)

    def _deliver(self, batch: Sequence[Letter], swept: Swept) -> bool:
        """Send a batch over one connection; return False when it broke or can't be had, so that the rest waits too."""
        settled: list[Change] = []
        try:
            with ExitStack() as connection:
                session: MailSession | None = None
                for group in _batches(batch, CLAIMED):
                    ready = self._prepared(group, swept)
                    if not ready:
                        continue
                    try:
                        session = session or connection.enter_context(self.mail.session())
                    except MailAway as away:
                        self._wait_for_server(ready, str(away), swept)
                        return False
                    settled, gone = self._send(ready, session, settled, swept)
                    if gone:
                        break
                else:
                    gone = False
        except Unavailable:
            # residents is away: what was sent is settled before the rest waits.
            self._insist(lambda: self.letters.carry_out(settled))
            raise
        self._insist(lambda: self.letters.carry_out(settled))
        return not gone

    def _wait_for_server(self, ready: Sequence[_Ready], why: str, swept: Swept) -> None:
        now = self.clock.now()
        log.warning("mail_away", why=why, waiting=len(ready))
        nexts = [(one.letter, after_away(one.letter.mail, "server_away", now)) for one in ready]
        self.letters.carry_out([moved(letter, to, now) for letter, to in nexts])
        for _, to in nexts:
            swept.note(to.state)

    def _prepared(self, batch: Sequence[Letter], swept: Swept) -> list[_Ready]:
        """Return what can go out now; settle what has no address or is out of date, hold what must wait."""
        contacts = self.contacts.of(list(dict.fromkeys(letter.resident for letter in batch)))
        known = known_of(self.openings, self.rooms, batch)
        now = self.clock.now()
        ready: list[_Ready] = []
        changes: list[Change] = []
        for letter in batch:
            contact = contacts.get(letter.resident)
            instead = _not_now(letter, known, contact, now)
            if instead is not None:
                changes.append(moved(letter, instead, now))
                swept.note(instead.state)
            elif contact is not None:
                ready.append(_Ready(letter, known, contact, mail_words(letter, known, self.sender)))
        self.letters.carry_out(changes)
        return ready

    def _send(
        self, ready: Sequence[_Ready], session: MailSession, settled: Sequence[Change], swept: Swept
    ) -> tuple[list[Change], bool]:
        """Claim a group, settling the one before, and send it; return what is to settle, and whether the line broke."""
        claim, since = self.ids.new("clm"), self.clock.now()
        deadline = since + self.pace.claim
        letters = [one.letter for one in ready]
        mine = self._insist(lambda: self.letters.claim(letters, claim, since, deadline, settled))
        outcome: list[Change] = []
        gone = False
        for one in ready:
            letter = one.letter
            if letter.id not in mine:
                continue
            answer = Answer("untried") if gone else self._try(one, session, deadline)
            now = self.clock.now()
            if isinstance(answer, Next):
                to = answer
            else:
                gone = gone or answer.gone
                kept = self.mail_log is not None
                to = after_answer(letter.mail, answer, now, since=since, log_is_kept=kept)
            outcome.append(moved(letter, to, now, claim))
            if answer != Answer("untried") and answer != Answer("untried", gone=True):
                swept.note(to.state)
        return outcome, gone

    def _try(self, one: _Ready, session: MailSession, deadline: datetime) -> Answer | Next:
        """Send one mail, unless our claim has run out (another may be in charge by now) or its hour has passed."""
        now = self.clock.now()
        if now >= deadline:
            return Answer("untried", gone=True)
        letter = one.letter
        instead = _not_now(letter, one.known, one.contact, now)
        if instead is not None:
            return instead
        return session.send(
            Outgoing(
                message_id=message_id(letter, self.sender.domain),
                to=one.contact.mail,
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


def _not_now(letter: Letter, known: Known, contact: Contact | None, now: datetime) -> Next | None:
    """Return where a mail stands that must not go out now, or None."""
    useless = best_before(letter, known)
    if useless is not None and useless <= now:
        return Next("none", letter.mail.attempts, why="out_of_date")
    if contact is None:
        return Next("none", letter.mail.attempts, why="no_consent_or_address")
    until = held_until(letter.mail.message_class, now, night_news=contact.night_news)
    return None if until is None else Next("new", letter.mail.attempts, due=until, why="night")


def _batches(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for first in range(0, len(items), size):
        yield items[first : first + size]
