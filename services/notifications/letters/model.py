"""What a letter is, when its mail may go out and what becomes of it. Pure: no I/O, no clock.

A letter belongs to one resident and one fact: its id is ``<event key>:<resident>``. Which facts cause one is said by
a module for each subject (of_jobs.py, of_work.py, of_rooms.py). A letter holds no name, no address and no text: the text is put
into words when it is read or sent (wording.py).

    new --claimed, in one guarded write--> sending --the server took it--> sent
     ^                                        |----refused for good-----> failed
     |<--refused for now, or never tried------|----no answer, or the claimer died--> unknown
     |<--the server's log proves that it was not taken, and nobody can be sending it-- |
     +--> none: no consent, no address, or out of date                      sent <-----+ the log knows it
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any

from shared.clock import KST, kst_day, start_of_kst_day
from shared.events import city
from shared.events.envelope import Event

#: Why a letter is written, by what it is about; texts/<language>.yaml has the words of each.
JOB_KINDS = ("selected", "closed", "place_withdrawn", "published")
ROOM_KINDS = (
    "booking_confirmed",
    "booking_refused",
    "booking_expired",
    "booking_displaced",
    "booking_cancelled",
    "booking_missed",
    "booking_doubted",
    "case_opened",
    "case_kept",
    "offer_made",
    "wish_ended",
    "seat_taken",
    "seat_queued",
    "seat_offered",
    "conduct_struck",
    "conduct_cleared",
    "conduct_answered",
)
WORK_KINDS = (
    "place_offered",
    "place_lapsed",
    "waitlisted",
    "application_withdrawn",
    "attendance_settled",
    "attendance_delayed",
    "attendance_disputed",
    "dispute_answered",
    "allowance_recovered",
    "allowance_held_back",
    "allowance_paid",
    "allowance_returned",
    "evaluation_opened",
    "evaluation_revealed",
    "appeal_answered",
)
KINDS = (*JOB_KINDS, *WORK_KINDS, *ROOM_KINDS)
#: The mail of such a letter waits so long for news that makes it whole: where else there is room is told beside it.
MAIL_WAITS = {"booking_displaced": timedelta(seconds=10)}
#: Where a letter's mail stands.
MAIL_STATES = ("new", "sending", "sent", "failed", "unknown", "none")
#: A person may ask for these to be sent again.
RESENDABLE = ("unknown", "failed")

TRANSACTIONAL = "transactional"
#: News about openings nearby counts as advertising (정보통신망법 제50조, and DOMAIN 3.3 "our rule").
ADVERTISING = "advertising"

#: KST. Between these no advertising goes out without a consent of its own (정보통신망법 제50조 제3항).
NIGHT_BEGINS = time(21)
NIGHT_ENDS = time(8)

#: After the nth try that the server turned away for now, wait this long; after the last, give up: about 16 hours.
BACK_OFF = tuple(timedelta(seconds=seconds) for seconds in (10, 30, 60, 300, 900, 1800, 3600, 7200, 14400, 28800))
#: Wait this long while the server is away. That is no try of any letter, so none is ever given up for it.
AWAY = timedelta(minutes=1)

_PLAIN = re.compile(r"^[A-Za-z0-9_-]{1,64}$")


@dataclass(frozen=True)
class Cause:
    """The event that caused an effect; ``hash`` tells a repeat from another body under the same key."""

    id: str
    key: str
    hash: str

    @staticmethod
    def of(event: Event) -> Cause:
        """Return the cause that this event is."""
        return Cause(event.id, event.key, event.hash)


@dataclass(frozen=True)
class MailRecord:
    """Where the mail of a letter stands.

    ``due``: when somebody must look at it next, or None when it is settled; ``claim``: whose try is going on;
    ``since``: when the claim was made, from which on the server may have taken it; ``round`` counts from 1 and rises
    when a person resends.
    """

    state: str = "new"
    message_class: str = TRANSACTIONAL
    attempts: int = 0
    due: datetime | None = None
    claim: str | None = None
    why: str | None = None
    since: datetime | None = None
    round: int = 1


@dataclass(frozen=True)
class Letter:
    """A letter to one resident about one fact. ``at`` is when it happened, ``written`` when we wrote it.

    ``district`` is empty where the fact belongs to none.
    """

    tenant: str
    resident: str
    kind: str
    about: str
    district: str
    at: datetime
    written: datetime
    cause: Cause
    values: Mapping[str, Any] = field(default_factory=dict)
    mail: MailRecord = MailRecord()

    @property
    def id(self) -> str:
        """``<event key>:<resident>``: the natural key of this effect."""
        return f"{self.cause.key}:{self.resident}"


@dataclass(frozen=True)
class Matter:
    """What a person's own fact has to tell them. ``about``: the id of what it is about; ``values`` is small, no text.

    ``values["reason"]`` chooses the words where a kind has several.
    """

    kind: str
    about: str
    values: Mapping[str, Any] = field(default_factory=dict)


def letter_on(matter: Matter, event: Event, *, written: datetime) -> Letter:
    """Return the letter on this matter to the one person whose own fact the event is."""
    return Letter(
        tenant=event.tenant,
        resident=event.data["resident_id"],
        kind=matter.kind,
        about=matter.about,
        district=event.data.get("district", ""),
        at=event.time,
        written=written,
        cause=Cause.of(event),
        values=matter.values,
        mail=MailRecord(due=written + MAIL_WAITS.get(matter.kind, timedelta())),
    )


@dataclass(frozen=True)
class Notice:
    """Something a whole district should know, from another municipal system: one an event."""

    tenant: str
    district: str
    kind: str
    at: datetime
    cause: Cause
    values: Mapping[str, Any]


def notice_of(event: Event) -> Notice:
    """Return the notice that another municipal system's event is; raise ``KeyError`` for a type that is none."""
    return Notice(
        tenant=event.tenant,
        district=event.data["district"],
        kind=_NOTICES[event.type],
        at=event.time,
        cause=Cause.of(event),
        values=dict(event.data),
    )


_NOTICES: Mapping[str, str] = {city.HEAT_SHELTER_OPENED.type: "shelter_opened"}


def held_until(message_class: str, now: datetime, *, night_news: bool) -> datetime | None:
    """Return when a mail may go out at the earliest, or None for now.

    Advertising waits from 21:00 for 08:00 KST unless the resident gave the night consent; the rest waits for nobody.
    """
    if message_class != ADVERTISING or night_news:
        return None
    local = now.astimezone(KST).time()
    if NIGHT_ENDS <= local < NIGHT_BEGINS:
        return None
    morning = start_of_kst_day(kst_day(now)) + timedelta(hours=NIGHT_ENDS.hour)
    return morning if local < NIGHT_ENDS else morning + timedelta(days=1)


def message_id(letter: Letter, domain: str) -> str:
    """Return the Message-ID, ``<...>`` included: the same at every try, another one when a person resends.

    A letter id holds a colon and may hold Korean; RFC 5322 (3.6.4) allows neither, so such a resident is hashed.
    """
    resident = letter.resident
    if not _PLAIN.match(resident):
        resident = hashlib.sha256(resident.encode()).hexdigest()[:32]
    again = "" if letter.mail.round == 1 else f".{letter.mail.round}"
    return f"<{letter.cause.key}.{resident}{again}@{domain}>"


@dataclass(frozen=True)
class Answer:
    """What came of one try to send.

    ``result``: ``sent`` (the server took it), ``refused`` (for good), ``later`` (for now), ``untried`` (the connection
    was gone, or time was up, before the server had the message), ``unknown`` (it had, and no clear answer came). ``why`` is
    the failure class; ``gone``: the connection can't be used any more.
    """

    result: str
    why: str | None = None
    gone: bool = False


@dataclass(frozen=True)
class Next:
    """Where a mail stands after something happened to it."""

    state: str
    attempts: int
    due: datetime | None = None
    why: str | None = None
    since: datetime | None = None


def after_answer(record: MailRecord, answer: Answer, now: datetime, *, since: datetime, log_is_kept: bool) -> Next:
    """Return where the mail stands after a try under a claim that was made at ``since``."""
    match answer.result:
        case "sent":
            return Next("sent", record.attempts + 1)
        case "refused":
            return Next("failed", record.attempts + 1, why=answer.why)
        case "later" if answer.gone:
            return after_away(record, answer.why or "server_away", now)
        case "later":
            return after_failure(record, answer.why or "server", now)
        case "untried":
            return Next("new", record.attempts, due=now)
        case _:
            return in_doubt(record, now, why=answer.why or "answer_lost", since=since, log_is_kept=log_is_kept)


def after_away(record: MailRecord, why: str, now: datetime) -> Next:
    """Return the next try after the server was not there: nothing is counted, so nothing is ever given up."""
    return Next("new", record.attempts, due=now + AWAY, why=why)


def after_failure(record: MailRecord, why: str, now: datetime) -> Next:
    """Return the next try with its back-off, or ``failed`` after the last."""
    if record.attempts >= len(BACK_OFF):
        return Next("failed", record.attempts + 1, why=why)
    return Next("new", record.attempts + 1, due=now + BACK_OFF[record.attempts], why=why)


def in_doubt(record: MailRecord, now: datetime, *, why: str, since: datetime, log_is_kept: bool) -> Next:
    """Return ``unknown``: never sent again blindly. Without a log only a person can say more.

    ``since`` is when the claim was made: a log that begins later may have lost the line that says it was taken.
    """
    return Next("unknown", record.attempts + 1, due=now if log_is_kept else None, why=why, since=since)


@dataclass(frozen=True)
class Pace:
    """How long a try may take, and how long after it nobody can still be sending.

    ``grace`` begins when a claim has run out and is longer than the mail server's idle time-out (300 s at Postfix): a
    sender that was paused in the middle finds its connection closed by then, so a mail that the log does not know will
    not be taken any more.
    """

    claim: timedelta = timedelta(seconds=120)
    grace: timedelta = timedelta(seconds=600)
    #: The log is asked for this long; after that only a person can say more.
    log_covers: timedelta = timedelta(hours=24)
    #: Look again this long after the log could not tell.
    unreadable: timedelta = timedelta(minutes=5)


def after_log(record: MailRecord, now: datetime, pace: Pace, *, taken: bool | None) -> Next:
    """Return where a mail in doubt stands after a look into the server's log.

    ``taken``: the log knows it; False: it proves that it was not taken until now; None: it can't tell.
    """
    since = record.since or now
    quiet = since + pace.claim + pace.grace
    if taken:
        return Next("sent", record.attempts)
    if now - since > pace.log_covers:
        return Next("unknown", record.attempts, why="log_too_old", since=since)
    if taken is None:
        return Next("unknown", record.attempts, due=now + pace.unreadable, why=record.why, since=since)
    if now < quiet:
        return Next("unknown", record.attempts, due=quiet, why=record.why, since=since)
    if record.attempts > len(BACK_OFF):
        return Next("failed", record.attempts, why="not_taken")
    return Next("new", record.attempts, due=now, why="not_taken")
