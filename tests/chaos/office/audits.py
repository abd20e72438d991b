"""Three audits of rooms, minutes and calendars, each from the records alone. Pure.

    overlaps    two uses of the same parts, now or at any time before
    ledgers     sums against the folded facts, and against what the bookings say
    calendars   each facility's calendar against our bookings and diaries
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import combinations
from typing import Any

from shared.clock import from_iso, kst_day
from tests.chaos.finding import DUPLICATED, LOST, Finding
from tests.chaos.office.account import ACTIVE, Account, Document, Entry, is_under_way
from tests.chaos.office.rooms import Room, Span, clash
from tests.chaos.office.stage import Office

OVERLAP, LEDGER, CALENDAR = "overlap", "ledger", "calendar"
#: How a booking ends.
ENDS = ("refused", "displaced", "cancelled", "expired", "missed")


def span_of(document: Document) -> Span:
    """Return the span of a booking, a wish or a claim."""
    return Span(document["start"], document["end"])


def events(account: Account, suffix: str) -> Iterator[Mapping[str, Any]]:
    """Yield archived events of ours of that type, such as ``booking.confirmed``."""
    for kept in account.archive:
        if kept["event"]["type"].startswith(f"kr.sipbun.spaces.{suffix}."):
            yield kept["event"]


# -- overlaps


@dataclass(frozen=True)
class _Use:
    """Somebody's span of a room, and from when until when it was theirs."""

    id: str
    room: Room
    span: Span
    since: datetime
    until: datetime | None = None


def overlaps(office: Office, account: Account) -> Iterator[Finding]:
    """Yield every two uses that can't both be: of bookings, of claims in diaries, and at any time before."""
    bookings = [
        _Use(one["_id"], office.rooms[one["space_id"]], span_of(one), account.now)
        for one in account.bookings
        if one["state"] in ACTIVE or one["state"] == "used"
    ]
    yield from _clashing(bookings, "are both booked")
    claims = {
        row["id"]: _Use(row["id"], office.rooms[row["space_id"]], span_of(row), account.now)
        for diary in account.diaries
        for row in diary["claims"]
        if row["kind"] != "feed"
    }
    yield from _clashing(claims.values(), "are both in the diary")
    yield from _clashing(_history(office, account), "were both booked at one time")


def _history(office: Office, account: Account) -> list[_Use]:
    ended: dict[str, datetime] = {}
    for end in ENDS:
        for event in events(account, f"booking.{end}"):
            known = ended.get(event["data"]["booking_id"])
            ended[event["data"]["booking_id"]] = min(event["time"], known or event["time"])
    uses = []
    for event in events(account, "booking.requested"):
        told = event["data"]
        span = Span(from_iso(told["start"]), from_iso(told["end"]))
        booking = told["booking_id"]
        uses.append(_Use(booking, office.rooms[told["space_id"]], span, event["time"], ended.get(booking)))
    return uses


def _clashing(uses: Iterable[_Use], how: str) -> Iterator[Finding]:
    near: dict[tuple[str, date], list[_Use]] = defaultdict(list)
    for use in uses:
        # With its buffers it may reach into the day before and after.
        for day in {kst_day(use.span.start + timedelta(hours=hours)) for hours in (-3, 0, 3, 6)}:
            near[use.room.root, day].append(use)
    seen: set[frozenset[str]] = set()
    for together in near.values():
        for one, other in combinations(together, 2):
            pair = frozenset({one.id, other.id})
            if len(pair) < 2 or pair in seen or not _at_one_time(one, other):
                continue
            if clash(one.room, one.span, other.room, other.span):
                seen.add(pair)
                yield Finding(OVERLAP, f"{one.id} and {other.id} {how}", one.id, other.id)


def _at_one_time(one: _Use, other: _Use) -> bool:
    return (one.until is None or other.since < one.until) and (other.until is None or one.since < other.until)


# -- ledgers


def ledgers(office: Office, account: Account) -> Iterator[Finding]:
    """Yield every ledger whose sums, facts and bookings don't agree; each finding names one ledger."""
    moved: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for event in events(account, "quota.moved"):
        moved[event["data"]["ledger_id"]].append(event)
    paid: dict[str, list[Document]] = defaultdict(list)
    for booking in account.bookings:
        if booking["paid"] is not None:
            paid[booking["paid"]["ledger_id"]].append(booking)
    known = {ledger["_id"]: ledger for ledger in account.ledgers}
    for subscription in office.included:
        if not any(ledger["subscription_id"] == subscription for ledger in known.values()):
            yield Finding(LOST, f"the first ledger of {subscription}", subscription, "subscribe")
    for ledger_id in sorted({*known, *moved, *paid}):
        if ledger_id not in known:
            yield Finding(LEDGER, f"{ledger_id}: no such ledger, and it is told of", ledger_id)
            continue
        ledger = known[ledger_id]
        included = office.included.get(ledger["subscription_id"])
        for what in _wrong_in(ledger, moved[ledger_id], paid[ledger_id], included, account.now):
            yield Finding(LEDGER, f"{ledger_id}: {what}", ledger_id)


def _wrong_in(
    ledger: Document,
    facts: Sequence[Mapping[str, Any]],
    bookings: Sequence[Document],
    included: int | None,
    now: datetime,
) -> Iterator[str]:
    lines = {line["booking_id"]: (line["held"], line["consumed"]) for line in ledger["lines"]}
    if len(lines) != len(ledger["lines"]):
        yield "a booking has two lines"
    # Minutes that are held for an act under way are no booking's yet.
    wanted = {line["booking_id"]: lines[line["booking_id"]] for line in ledger["lines"] if is_under_way(line, now)}
    wanted |= {one["_id"]: _charge(one) for one in bookings}
    for booking in sorted({*lines, *wanted}):
        if lines.get(booking, (0, 0)) != wanted.get(booking, (0, 0)):
            yield f"{booking} counts {lines.get(booking)}, its booking says {wanted.get(booking)}"
    came = ledger["granted"] + ledger["carried"] + sum(row["minutes"] for row in ledger["received"])
    left = came - ledger["expired"] - ledger["carried_out"] - ledger["handed_out"]
    left -= sum(held + used for held, used in lines.values())
    if left < 0:
        yield f"{-left} minutes more are used than it has"
    if ledger["granted"] != included:
        yield f"granted {ledger['granted']}, its plan includes {included}"
    yield from _misfolded(facts, lines, left)


def _misfolded(
    facts: Sequence[Mapping[str, Any]], lines: Mapping[str, tuple[int, int]], left: int
) -> Iterator[str]:
    """Fold the facts in their order: each says what is available after it, and in the end they give the sums."""
    available, held, used = 0, Counter[str](), Counter[str]()
    for event in sorted(facts, key=lambda one: one["sequence"]):
        told = event["data"]
        kind, minutes, booking = told["kind"], told["minutes"], told["booking_id"]
        if kind in ("grant", "carry"):
            available += minutes
        elif kind == "expire":
            available -= minutes
        elif kind == "hold":
            available, held[booking] = available - minutes, held[booking] + minutes
        elif kind == "release":
            available, held[booking] = available + minutes, held[booking] - minutes
        elif kind == "consume":
            held[booking], used[booking] = held[booking] - minutes, used[booking] + minutes
        else:
            available, used[booking] = available + minutes, used[booking] - minutes
        if told["available"] != available:
            yield f"{event['id']} says {told['available']} are left, the facts give {available}"
            return
    if available != left:
        yield f"{left} are left, the facts give {available}"
    for booking in sorted({*held, *used, *lines}):
        if (held[booking], used[booking]) != lines.get(booking, (0, 0)):
            yield f"{booking} counts {lines.get(booking)}, the facts give {(held[booking], used[booking])}"


def _charge(booking: Document) -> tuple[int, int]:
    """Return (held, used) minutes that a booking should count."""
    minutes = span_of(booking).minutes
    if booking["state"] == "awaiting":
        return minutes, 0
    return (0, minutes) if booking["state"] in ACTIVE else (0, booking["charged"])


# -- calendars


def calendars(office: Office, account: Account) -> Iterator[Finding]:
    """Yield every difference between the facilities' calendars and us."""
    for name in office.feeds:
        files, told = account.calendars.get(name, ()), account.told.get(name, ())
        if Counter((one.uid, one.span) for one in files) != Counter((one.uid, one.span) for one in told):
            yield Finding(CALENDAR, f"{name}: its files and its server say different things", name)
        yield from _ours(office, account, name, [one for one in files if one.is_ours])
        foreign = [one for one in files if not one.is_ours]
        yield from _their_own(account, name, foreign)
        yield from _in_diaries(office, account, name, [one for one in foreign if one.busy])
    yield from _displaced(office, account)


def _ours(office: Office, account: Account, name: str, entries: Sequence[Entry]) -> Iterator[Finding]:
    """Exactly one entry, at its time, for every active booking that lies in this calendar."""
    owed = {}
    for booking in account.bookings:
        room = office.rooms[booking["space_id"]]
        feed, mark = office.feed_of(room), booking["calendar"]
        if (mark and mark["feed_id"]) != feed:
            yield Finding(CALENDAR, f"lies in {mark and mark['feed_id']}, expected {feed}", booking["_id"])
        if room.calendar == name and booking["state"] in ACTIVE:
            owed[f"{booking['_id']}@sipbun"] = booking
    there: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        there[entry.uid].append(entry)
    for uid, booking in owed.items():
        found = there.pop(uid, [])
        if len(found) != 1:
            yield Finding(CALENDAR, f"has {len(found)} entries in {name}", booking["_id"])
            if len(found) > 1:
                yield Finding(DUPLICATED, f"has {len(found)} entries in {name}", booking["_id"])
        elif found[0].span != span_of(booking) or not found[0].busy:
            yield Finding(CALENDAR, f"{name} has it at {found[0].span}, busy {found[0].busy}", booking["_id"])
    for uid in there:
        yield Finding(CALENDAR, f"{name} has an entry of a booking that is none", uid.partition("@")[0])


def _their_own(account: Account, name: str, foreign: Sequence[Entry]) -> Iterator[Finding]:
    """What the facility's people wrote stands as they wrote it: it is theirs alone."""
    standing = {uid: span for (calendar, uid), span in account.standing.items() if calendar == name}
    there = {entry.uid: entry.span for entry in foreign}
    for uid in sorted({*standing, *there}):
        if standing.get(uid) != there.get(uid):
            what = f"{name}: their own {uid} at {there.get(uid)}, they wrote {standing.get(uid)}"
            yield Finding(CALENDAR if uid in there else LOST, what, uid)


def _in_diaries(office: Office, account: Account, name: str, foreign: Sequence[Entry]) -> Iterator[Finding]:
    """Every busy entry of theirs is claimed on each of its days, nothing else is, and nobody's booking lies under it."""
    room = office.rooms[name]
    wanted = Counter((entry.uid, day, entry.span) for entry in foreign for day in _days(entry.span))
    claimed = Counter(
        (row["entry"]["uid"], date.fromisoformat(diary["day"]), span_of(row))
        for diary in account.diaries
        for row in diary["claims"]
        if row["kind"] == "feed" and row["entry"]["feed_id"] == office.feeds[name]
    )
    for uid, day, span in wanted - claimed:
        yield Finding(CALENDAR, f"{name}: their {uid} {span} is not in the diary of {day}", uid)
    for uid, day, span in claimed - wanted:
        yield Finding(CALENDAR, f"{name}: the diary of {day} has {uid} {span}, their calendar has not", uid)
    for booking in account.bookings:
        if booking["state"] in ACTIVE and room.shares_with(office.rooms[booking["space_id"]]):
            for entry in foreign:
                if entry.span.overlaps(span_of(booking)):
                    yield Finding(CALENDAR, f"{name}: lies under their {entry.uid} {entry.span}", booking["_id"])


def _displaced(office: Office, account: Account) -> Iterator[Finding]:
    """Nobody is turned away in the facility's name unless its people did something."""
    written = [deed for deed in account.deeds if deed.span is not None]
    touched = {deed.uid.removesuffix(".ics") for deed in account.deeds if deed.what in ("take_ours_out", "move_ours")}
    for booking in account.bookings:
        if booking["state"] not in ("displaced", "refused"):
            continue
        room, span = office.rooms[booking["space_id"]], span_of(booking)
        under = any(
            room.shares_with(office.rooms[deed.calendar]) and deed.span is not None and deed.span.overlaps(span)
            for deed in written
        )
        # The entry of a booking of ours that they moved may lie over somebody else's.
        cause = booking["_id"] in touched if booking["reason"] in ("removed_by_facility", "moved_by_facility") else under
        if not cause:
            yield Finding(CALENDAR, f"{booking['state']} ({booking['reason']}), and they did nothing", booking["_id"])


def _days(span: Span) -> list[date]:
    first, last = kst_day(span.start), kst_day(span.end - timedelta(milliseconds=1))
    return [date.fromordinal(day) for day in range(first.toordinal(), last.toordinal() + 1)]
