"""Acts and facts against their effects: what was acknowledged is there, what happened was told once, and by one letter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from shared.clock import kst_day
from tests.chaos.finding import DUPLICATED, LOST, Finding, letters_found
from tests.chaos.office.account import ACTIVE, Account, Document
from tests.chaos.office.asking import ASKING, Told, Want
from tests.chaos.office.audits import ENDS, span_of
from tests.chaos.office.rooms import Span
from tests.chaos.office.stage import Office

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


def stage(office: Office, account: Account) -> Iterator[Finding]:
    """Whatever the stage was built of is archived, once."""
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


def acts(wants: Sequence[Want], counts: Counts) -> Iterator[Finding]:
    """Every acknowledged act has its effects, each once, and a refused one has none."""
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


def bookings(office: Office, wants: Sequence[Want], counts: Counts) -> Iterator[Finding]:
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


# -- letters


def letters(account: Account) -> Iterator[Finding]:
    """One letter for each fact that tells a resident something, and none for anything else."""
    owed: dict[tuple[str, str], tuple[str, str]] = {}
    for kept in account.archive:
        data, fact = kept["event"]["data"], name_of(kept["event"]["type"])
        if fact not in LETTERS or (fact == "wish.ended" and data["how"] not in WISHES_TOLD):
            continue
        kind, about = LETTERS[fact]
        owed[kept["_id"], data["resident_id"]] = (kind, data[about])
    yield from letters_found(owed, account.letters)
