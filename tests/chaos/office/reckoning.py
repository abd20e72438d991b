"""The reckoning: what residents were told against what the databases, letters, mails and calendars really hold. Pure.

    overlap     two uses of the same parts, now or at any time before
    ledger      minutes that don't add up
    calendar    a facility's calendar and ours differ
    lost        an acknowledged act, or a fact, that lacks an effect it must have
    duplicated  an effect beyond the one its natural key allows, or one that nobody asked for
    left        what should have come to rest and has not
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from shared.clock import kst_day
from tests.chaos.office.account import ACTIVE, Account, Document, is_under_way
from tests.chaos.office.asking import ASKING, Told, Want
from tests.chaos.office.audits import (
    CALENDAR,
    DUPLICATED,
    ENDS,
    LEDGER,
    LEFT,
    LOST,
    OVERLAP,
    Finding,
    calendars,
    events,
    ledgers,
    overlaps,
    span_of,
)
from tests.chaos.office.rooms import Span, clash
from tests.chaos.office.stage import Office
from tests.chaos.reckoning import MAIL_SETTLED, local_part
from tests.chaos.world import Shot

#: Facts that a resident gets a letter about: type -> (kind, what it is about), where it has anything to tell.
LETTERS: Mapping[str, tuple[str, str]] = {
    "booking.confirmed": ("booking_confirmed", "booking_id"),
    "booking.refused": ("booking_refused", "booking_id"),
    "booking.expired": ("booking_expired", "booking_id"),
    "booking.displaced": ("booking_displaced", "booking_id"),
    "booking.cancelled": ("booking_cancelled", "booking_id"),
    "booking.missed": ("booking_missed", "booking_id"),
    "booking.doubted": ("booking_doubted", "booking_id"),
    "offer.made": ("offer_made", "wish_id"),
    "wish.ended": ("wish_ended", "wish_id"),
}
#: Of ended wishes, only these are told.
WISHES_TOLD = ("lapsed", "passed")


@dataclass(frozen=True)
class Reckoning:
    """The findings, and the figures of them."""

    findings: tuple[Finding, ...]
    dead: int

    @property
    def lost(self) -> int:
        """Acknowledged acts that lack an effect: one with several missing effects counts once."""
        return len({(one.about, one.act) if one.act else (one.what, "") for one in self.of(LOST)})

    @property
    def overlaps(self) -> int:
        """Pairs of uses that can't both be, however often and wherever they were found."""
        return len({frozenset({one.about, one.act}) for one in self.of(OVERLAP)})

    @property
    def ledger_unbalanced(self) -> int:
        """Ledgers that don't add up."""
        return len({one.about for one in self.of(LEDGER)})

    @property
    def clean(self) -> bool:
        """Whether nothing at all was found."""
        return not self.findings and self.dead == 0

    def of(self, kind: str) -> list[Finding]:
        """The findings of one kind."""
        return [one for one in self.findings if one.kind == kind]

    def as_json(self) -> dict[str, int]:
        """The figures."""
        return {
            "overlaps": self.overlaps,
            "ledger_unbalanced": self.ledger_unbalanced,
            "calendar_differs": len(self.of(CALENDAR)),
            "lost": self.lost,
            "duplicated": len(self.of(DUPLICATED)),
            "dead": self.dead,
            "left": len(self.of(LEFT)),
        }


def reckon(office: Office, wants: Sequence[Want], account: Account) -> Reckoning:
    """Compare what people were told with what is there."""
    counts = Counts(account)
    findings = [
        *overlaps(office, account),
        *ledgers(office, account),
        *calendars(office, account),
        *_of_the_stage(office, account),
        *_of_the_acts(wants, counts),
        *_of_the_bookings(office, wants, counts),
        *_of_the_letters(account),
        *_of_the_mails(office, account),
        *_keys_used_twice(account),
        *_of_the_waiting_list(office, account),
        *_not_at_rest(office, account),
    ]
    return Reckoning(tuple(findings), dead=sum(account.dead.values()) + account.outbox.get("stuck", 0))


class Counts:
    """The account by what it is about."""

    def __init__(self, account: Account) -> None:
        self.bookings = {one["_id"]: one for one in account.bookings}
        self.wishes = {one["_id"]: one for one in account.wishes}
        self.cases = {one["_id"]: one for one in account.cases}
        self.acts = Counter(one["act_id"] for one in account.bookings)
        self.claims = Counter(
            (row["id"], date.fromisoformat(diary["day"]))
            for diary in account.diaries
            for row in diary["claims"]
            if row["kind"] == "booking" and row.get("deadline") is None
        )
        #: (type without publisher and version, subject) -> how often.
        self.facts: Counter[tuple[str, str]] = Counter()
        for kept in account.archive:
            self.facts[(name_of(kept["event"]["type"]), kept["event"]["subject"])] += 1
        self.letters = Counter((one["kind"], one["about"], one["resident"]) for one in account.letters)


def name_of(event_type: str) -> str:
    """`kr.sipbun.spaces.booking.confirmed.v1` -> `booking.confirmed`."""
    return event_type.removeprefix("kr.sipbun.spaces.").rpartition(".")[0]


def _of_the_stage(office: Office, account: Account) -> Iterator[Finding]:
    facts = Counts(account).facts
    for room in office.rooms:
        yield from _once(facts["space.opened", room], "the archived space.opened", room, "open_space")
    for subscription in office.included:
        times = facts["subscription.started", subscription]
        yield from _once(times, "the archived subscription.started", subscription, "subscribe")
    for feed in office.feeds.values():
        yield from _once(facts["feed.connected", feed], "the archived feed.connected", feed, "connect_feed")


def _once(times: int, what: str, about: str, act: str) -> Iterator[Finding]:
    if times == 0:
        yield Finding(LOST, f"{act} lacks {what}", about, act)
    elif times > 1:
        yield Finding(DUPLICATED, f"{act} has {what} {times} times", about, act)


# -- acts


def _of_the_acts(wants: Sequence[Want], counts: Counts) -> Iterator[Finding]:
    for want in wants:
        for told in want.told:
            if told.refused is None:
                for what, times in _effects(want, told, counts):
                    yield from _once(times, what, told.about, told.verb)
            elif told.verb in ASKING and told.about in counts.bookings:
                yield Finding(DUPLICATED, f"{told.verb} was refused ({told.refused}), and is booked", told.about, told.verb)


def _effects(want: Want, told: Told, counts: Counts) -> Iterator[tuple[str, int]]:
    """Yield every effect that an acknowledged act must have exactly once, with how often it is there."""
    if told.verb in ASKING:
        yield from _effects_of_asking(want, told, counts)
    elif told.verb == "cancel":
        yield "the booking cancelled", int(_state(counts.bookings, told.about) == "cancelled")
        yield "the archived booking.cancelled", counts.facts["booking.cancelled", told.about]
        yield "the letter booking_cancelled", counts.letters["booking_cancelled", told.about, told.resident]
    elif told.verb == "wish":
        yield "the wish", int(told.about in counts.wishes)
        yield "the archived wish.made", counts.facts["wish.made", told.about]
    elif told.verb in ("decline", "withdraw"):
        ended = {"decline": "declined", "withdraw": "withdrawn"}[told.verb]
        yield f"the wish {ended}", int(_state(counts.wishes, told.about) == ended)
        yield "the archived wish.ended", counts.facts["wish.ended", told.about]
    elif told.verb == "decline_case":
        yield "the case declined", int(counts.cases.get(told.about, {}).get("resolution") == "declined")
        yield "the archived case.resolved", counts.facts["case.resolved", told.about]


def _effects_of_asking(want: Want, told: Told, counts: Counts) -> Iterator[tuple[str, int]]:
    booking = counts.bookings.get(told.about)
    act = f"asked:{told.act}"  # as a caller's own acts are kept
    yield "the booking of this act", 0 if booking is None or booking["act_id"] != act else counts.acts[act]
    yield "the archived booking.requested", counts.facts["booking.requested", told.about]
    if booking is None:
        return
    yield "its resident", int(booking["resident_id"] == told.resident)
    if told.verb != "alternative":
        yield "its span", int((booking["space_id"], span_of(booking)) == (want.room.id, want.span))
    answer = told.answer.get("booking", told.answer)
    if answer.get("state") == "confirmed":
        yield "the archived booking.confirmed", counts.facts["booking.confirmed", told.about]
        yield "the letter booking_confirmed", counts.letters["booking_confirmed", told.about, told.resident]
    if told.verb == "accept":
        wish = f"wsh-{told.about.replace('-bkg-', '-').rpartition('-')[0]}"
        yield "its wish taken", int(_state(counts.wishes, wish) == "taken")
        yield "the archived wish.ended", counts.facts["wish.ended", wish]
    if told.verb == "alternative":
        case = counts.cases.get(f"cas-{booking['instead_of']}", {})
        yield "its case answered", int(case.get("new_booking_id") == told.about)
        yield "the archived case.resolved", counts.facts["case.resolved", f"cas-{booking['instead_of']}"]


def _state(documents: Mapping[str, Document], name: str) -> Any:
    return documents.get(name, {}).get("state")


# -- bookings


def _of_the_bookings(office: Office, wants: Sequence[Want], counts: Counts) -> Iterator[Finding]:
    """Every booking was asked for once, told every step of its life once, and has its span while it is theirs."""
    asked = {told.about for want in wants for told in want.told if told.verb in ASKING}
    unanswered = {want.resident.id for want in wants if want.failed is not None}
    for act, times in counts.acts.items():
        if times > 1:
            yield Finding(DUPLICATED, f"{times} bookings of the act {act}", act, "request")
    for name, booking in counts.bookings.items():
        if name not in asked and booking["resident_id"] not in unanswered:
            yield Finding(DUPLICATED, "a booking that nobody asked for", name)
        yield from _of_its_facts(name, booking, counts)
        if booking["state"] in ACTIVE:
            yield from _of_its_span(office, name, booking, counts)
        if booking["state"] == "displaced":
            case = counts.cases.get(f"cas-{name}")
            if case is None or not counts.facts["case.opened", f"cas-{name}"]:
                yield Finding(LOST, "it was displaced, and has no case that was told of", name, "displace")


def _of_its_facts(name: str, booking: Document, counts: Counts) -> Iterator[Finding]:
    state = booking["state"]
    wanted = {f"booking.{end}": int(state == end) for end in ENDS} | {"booking.requested": 1}
    if booking["mode"] == "instant" or state == "confirmed":
        wanted["booking.confirmed"] = 1
    for fact, times in wanted.items():
        told = counts.facts[fact, name]
        if told != times:
            kind = LOST if told < times else DUPLICATED
            yield Finding(kind, f"it is {state}, and {fact} is archived {told} times", name, fact)
    if counts.facts["booking.confirmed", name] > 1:
        yield Finding(DUPLICATED, "booking.confirmed is archived more than once", name)


def _of_its_span(office: Office, name: str, booking: Document, counts: Counts) -> Iterator[Finding]:
    room, span = office.rooms[booking["space_id"]], span_of(booking)
    padded = Span(span.start - timedelta(minutes=room.before), span.end + timedelta(minutes=room.after))
    first, last = kst_day(padded.start), kst_day(padded.end - timedelta(milliseconds=1))
    for day in {first, last}:
        if counts.claims[name, day] != 1:
            kind = LOST if counts.claims[name, day] == 0 else DUPLICATED
            yield Finding(kind, f"the diary of {day} has its span {counts.claims[name, day]} times", name, "request")


# -- letters and mails


def _of_the_letters(account: Account) -> Iterator[Finding]:
    """One letter for each fact that tells a resident something, and none for anything else."""
    owed: dict[tuple[str, str], tuple[str, str]] = {}
    for kept in account.archive:
        data, fact = kept["event"]["data"], name_of(kept["event"]["type"])
        if fact not in LETTERS or (fact == "wish.ended" and data["how"] not in WISHES_TOLD):
            continue
        kind, about = LETTERS[fact]
        owed[kept["_id"], data["resident_id"]] = (kind, data[about])
    written = Counter((one["cause"]["key"], one["resident"], one["kind"], one["about"]) for one in account.letters)
    for (key, resident), (kind, about) in owed.items():
        times = written.pop((key, resident, kind, about), 0)
        if times == 0:
            yield Finding(LOST, f"the letter {kind} to {resident}", about, kind)
        elif times > 1:
            yield Finding(DUPLICATED, f"{times} letters {kind} to {resident}", about)
    for _key, resident, kind, about in written:
        yield Finding(DUPLICATED, f"a letter {kind} to {resident} that no archived fact explains", about)


def _of_the_mails(office: Office, account: Account) -> Iterator[Finding]:
    """A letter to somebody who may be written to arrives by mail once; nobody else gets a mail."""
    arrived = Counter(local_part(message_id) for message_id, _ in account.mails)
    owed = {}
    for letter in account.letters:
        if office.mail_of(letter["resident"]) is not None:
            owed[f"{letter['cause']['key']}.{letter['resident']}"] = letter
    for name, letter in owed.items():
        if not arrived[name]:
            yield Finding(LOST, f"the mail of letter {letter['_id']} ({letter['mail']})", letter["about"], letter["kind"])
    for name, times in arrived.items():
        if name not in owed:
            yield Finding(DUPLICATED, f"a mail that nobody was owed: {name}")
        elif times > 1:
            yield Finding(DUPLICATED, f"the mail {name} arrived {times} times")
    for message_id, recipients in account.mails:
        for recipient in recipients:
            if recipient.endswith("@never.example"):
                yield Finding(DUPLICATED, f"{message_id} went to {recipient}, who never agreed to mail")


def _keys_used_twice(account: Account) -> Iterator[Finding]:
    """Natural keys, counted by what they are made of rather than by the `_id` that should enforce them."""
    keys: Counter[Any] = Counter((one["event"]["source"], one["event"]["id"]) for one in account.archive)
    keys.update((one["cause"]["key"], one["resident"]) for one in account.letters)
    keys.update(("offer", told["data"]["wish_id"], told["data"]["round"]) for told in events(account, "offer.made"))
    keys.update(("diary", diary["_id"], row["id"]) for diary in account.diaries for row in diary["claims"])
    for key, times in keys.items():
        if times > 1:
            yield Finding(DUPLICATED, f"{key} is kept {times} times")


# -- rest


def _of_the_waiting_list(office: Office, account: Account) -> Iterator[Finding]:
    """Nobody waits in vain for what is free, and an offer has its span."""
    claims = [row | {"day": diary["day"]} for diary in account.diaries for row in diary["claims"]]
    offered = {row["id"]: row for row in claims if row["kind"] == "offer"}
    for wish in account.wishes:
        room, span = office.rooms[wish["space_id"]], span_of(wish)
        if wish["state"] == "offered":
            if offered.pop(wish["_id"], None) is None:
                yield Finding(LOST, "it is offered, and its span is not kept", wish["_id"], "offer")
        elif wish["state"] == "waiting":
            in_the_way = (_clashes(office, row, room.id, span) for row in claims)
            if not any(in_the_way):
                yield Finding(LEFT, f"waits for {room.id} {span}, which is free", wish["_id"])
    for name in offered:
        yield Finding(LEFT, "its span is kept, and it is not offered", name)


def _clashes(office: Office, row: Document, room: str, span: Span) -> bool:
    """Whether a claim keeps a use out. A facility's own entry has no buffers of its own, but ours have some before it."""
    there, here = office.rooms[row["space_id"]], office.rooms[room]
    if row["kind"] != "feed":
        return clash(there, span_of(row), here, span)
    padded = Span(span.start - timedelta(minutes=here.before), span.end + timedelta(minutes=here.after))
    return there.shares_with(here) and padded.overlaps(span_of(row))


def _not_at_rest(office: Office, account: Account) -> Iterator[Finding]:
    if account.outbox.get("new"):
        yield Finding(LEFT, f"{account.outbox['new']} facts are not published")
    for queue, depth in account.waiting.items():
        yield Finding(LEFT, f"{depth} messages wait in {queue}")
    states = {one["_id"]: one["state"] for one in account.bookings}
    for name, state in states.items():
        if state == "awaiting":
            yield Finding(LEFT, "still waits for its calendar", name)
    for diary in account.diaries:
        for row in diary["claims"]:
            if row["kind"] != "booking" or is_under_way(row, account.now):
                continue
            if row.get("deadline") is not None or states.get(row["id"]) not in ACTIVE:
                what = f"the diary of {diary['day']} holds {row['id']} ({states.get(row['id'])}) until {row.get('deadline')}"
                yield Finding(LEFT, what, row["id"])
    for ledger in account.ledgers:
        for line in ledger["lines"]:
            if line["deadline"] is not None and not is_under_way(line, account.now):
                yield Finding(LEFT, f"{ledger['_id']} holds {line['held']} until {line['deadline']}", line["booking_id"])
    for case in account.cases:
        booking = states.get(case["booking_id"])
        if case["state"] == "open" and booking != "displaced":
            yield Finding(LEFT, f"{case['_id']} is open, its booking is {booking}", case["booking_id"])
    for letter in account.letters:
        if letter["mail"]["s"] not in MAIL_SETTLED:
            yield Finding(LEFT, f"the mail of {letter['_id']} is {letter['mail']['s']}", letter["about"])


# -- telling


def story_of(finding: Finding, wants: Sequence[Want], shots: Sequence[Shot], account: Account) -> list[str]:
    """Tell one finding from the start: what people asked, who was shot meanwhile, what is kept of it."""
    want = next((one for one in wants if finding.about in {told.about for told in one.told}), None)
    names = {finding.about} if want is None else {told.about for told in want.told} | {finding.about}
    lines: list[tuple[datetime, str]] = [] if want is None else list(want.story)
    lines += [
        (kept["known_at"], f"archived {name_of(kept['event']['type'])} {kept['event']['id']} {_short(kept['event'])}")
        for kept in account.archive
        if not names.isdisjoint(_named(kept["event"]))
    ]
    lines += [
        (letter["written"], f"letter {letter['kind']} to {letter['resident']}, mail {letter['mail']['s']}")
        for letter in account.letters
        if letter["about"] in names
    ]
    lines += [
        (deed.at, f"the facility's people: {deed.what} {deed.uid} in {deed.calendar}, {deed.span}")
        for deed in account.deeds
        if deed.uid.removesuffix(".ics") in names
    ]
    lines += [(shot.at, f"kill -9 {shot.process} (pid {shot.pid})") for shot in shots]
    told = [f"{finding.kind}: {finding.about} {finding.what}".replace("  ", " ")]
    told += [f"  {at:%H:%M:%S.%f} {what}" for at, what in sorted(lines, key=lambda line: line[0])]
    for kind, documents in (("booking", account.bookings), ("ledger", account.ledgers), ("wish", account.wishes)):
        told += [f"  kept {kind}: {_kept(one)}" for one in documents if one["_id"] in names]
    return told


def _named(event: Mapping[str, Any]) -> set[str]:
    data = event["data"]
    return {str(data.get(name)) for name in ("booking_id", "wish_id", "ledger_id")} | {event["subject"]}


def _short(event: Mapping[str, Any]) -> str:
    data = event["data"]
    kept = {name: data[name] for name in ("kind", "minutes", "available", "reason", "how", "by") if name in data}
    return str(kept or "")


def _kept(document: Document) -> dict[str, Any]:
    left_out = ("acts", "outbox", "rule", "check_in", "parts", "live")
    return {name: value for name, value in document.items() if name not in left_out}
