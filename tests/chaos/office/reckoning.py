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
from datetime import datetime, timedelta
from typing import Any

from tests.chaos.account import MAIL_SETTLED, local_part
from tests.chaos.finding import DUPLICATED, LEFT, LOST, Finding
from tests.chaos.office.account import ACTIVE, Account, Document, is_under_way
from tests.chaos.office.asking import Want
from tests.chaos.office.audits import CALENDAR, LEDGER, OVERLAP, calendars, events, ledgers, overlaps, span_of
from tests.chaos.office.effects import Counts, acts, bookings, letters, name_of, stage
from tests.chaos.office.rooms import Span, clash
from tests.chaos.office.stage import Office
from tests.chaos.world import Shot


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
        *stage(office, account),
        *acts(wants, counts),
        *bookings(office, wants, counts),
        *letters(account),
        *_mails(office, account),
        *_keys_used_twice(account),
        *_waiting_list(office, account),
        *_not_at_rest(office, account),
    ]
    return Reckoning(tuple(findings), dead=sum(account.dead.values()) + account.outbox.get("stuck", 0))


def _mails(office: Office, account: Account) -> Iterator[Finding]:
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


def _waiting_list(office: Office, account: Account) -> Iterator[Finding]:
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
