"""The reckoning of the office: it must see every overlap, every minute and every loss, or a clean run would prove nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from shared.clock import iso
from tests.chaos.office.account import Account, Entry, entries_of
from tests.chaos.office.asking import Told, Want
from tests.chaos.office.facility import Deed
from tests.chaos.office.reckoning import Reckoning, reckon, story_of
from tests.chaos.office.rooms import Room, Span
from tests.chaos.office.stage import Office, Resident
from tests.chaos.world import Shot

NOW = datetime(2026, 11, 22, 1, tzinfo=UTC)
TEN = datetime(2026, 11, 24, 1, tzinfo=UTC)
HALL = Room("강당", "은하수", "강당", root="강당", leaves=frozenset({"강당-A", "강당-B"}), after=30, calendar="강당")
PART = replace(HALL, id="강당-A", leaves=frozenset({"강당-A"}), parent="강당", after=0)
OTHER_PART = replace(HALL, id="강당-B", leaves=frozenset({"강당-B"}), parent="강당", after=0)
STUDIO = Room("작업실", "별빛", "작업실", root="작업실", leaves=frozenset({"작업실"}), before=60)
EUNHA, SOCHON = Resident("은하", "sub-은하", "eunha@chaos.example"), Resident("소촌", "sub-소촌", None)
OFFICE = Office(
    tenant="chaos-test",
    prefix="t",
    today=date(2026, 11, 22),
    rooms={room.id: room for room in (HALL, PART, OTHER_PART, STUDIO)},
    residents=(EUNHA, SOCHON),
    included={"sub-은하": 300, "sub-소촌": 300},
    feeds={"강당": "fed-강당"},
    addresses={"강당": "http://127.0.0.1/강당/"},
)
LEDGER, LEDGER_2 = "sub-은하:2026-11-01", "sub-소촌:2026-11-01"


def hours(start: int, length: float = 2) -> Span:
    """Return a span that begins so many hours after ten o'clock in Seoul."""
    return Span(TEN + timedelta(hours=start), TEN + timedelta(hours=start + length))


FIRST, SECOND, WAITED = hours(0), hours(4), hours(1)


def a_booking(name: str, room: Room, span: Span, who: Resident, state: str = "confirmed", **but: Any) -> dict[str, Any]:
    """One booking's document."""
    return {
        "_id": name,
        "act_id": f"asked:request-{name}",
        "space_id": room.id,
        "resident_id": who.id,
        "start": span.start,
        "end": span.end,
        "state": state,
        "mode": "instant",
        "reason": None,
        "charged": 0,
        "paid": {"ledger_id": f"{who.subscription}:2026-11-01"},
        "calendar": None if room.calendar is None else {"feed_id": "fed-강당"},
        **but,
    }


def a_claim(name: str, room: Room, span: Span, kind: str = "booking", **more: Any) -> dict[str, Any]:
    """One row of a diary."""
    return {"id": name, "kind": kind, "space_id": room.id, "start": span.start, "end": span.end, **more}


def a_ledger(name: str, *lines: tuple[str, int]) -> dict[str, Any]:
    """One ledger's document: (booking, minutes used)."""
    return {
        "_id": name,
        "subscription_id": name.partition(":")[0],
        "granted": 300,
        "carried": 0,
        "received": [],
        "expired": 0,
        "carried_out": 0,
        "handed_out": 0,
        "lines": [{"booking_id": booking, "held": 0, "consumed": used, "deadline": None} for booking, used in lines],
    }


def a_fact(fact: str, subject: str, number: int = 1, at: datetime = NOW, **data: Any) -> dict[str, Any]:
    """One archived fact."""
    event = {
        "source": "/sipbun/spaces",
        "id": f"{subject}.{number}.{fact}",
        "type": f"kr.sipbun.spaces.{fact}.v1",
        "subject": subject,
        "sequence": f"{number:010d}.000",
        "time": at,
        "data": data,
    }
    return {"_id": f"{subject}-{number}-{fact}", "event": event, "known_at": at}


def facts_of(booking: Mapping[str, Any], *names: str) -> list[dict[str, Any]]:
    """The archived facts of a booking, an hour apart."""
    data = {
        "booking_id": booking["_id"],
        "space_id": booking["space_id"],
        "resident_id": booking["resident_id"],
        "start": iso(booking["start"]),
        "end": iso(booking["end"]),
    }
    return [
        a_fact(f"booking.{name}", booking["_id"], number, NOW + timedelta(hours=number), **data)
        for number, name in enumerate(names, 1)
    ]


def moved(ledger: str, *moves: tuple[str, int, int, str | None]) -> list[dict[str, Any]]:
    """The facts of a ledger: (kind, minutes, available after it, booking)."""
    return [
        a_fact("quota.moved", ledger, number, ledger_id=ledger, kind=kind, minutes=minutes, available=left, booking_id=one)
        for number, (kind, minutes, left, one) in enumerate(moves, 1)
    ]


def a_letter(kind: str, about: str, who: Resident, cause: str, mail: str) -> dict[str, Any]:
    """One letter."""
    return {
        "_id": f"{cause}:{who.id}",
        "kind": kind,
        "about": about,
        "resident": who.id,
        "cause": {"key": cause},
        "mail": {"s": mail},
        "written": NOW,
    }


HALL_BOOKING = a_booking("bkg-1", HALL, FIRST, EUNHA)
PART_BOOKING = a_booking("bkg-2", PART, SECOND, SOCHON, "cancelled")
BLACKOUT = Entry("휴관@facility.example", hours(7), "휴관.ics")


def wants() -> list[Want]:
    """은하 booked the hall; 소촌 booked a part of it and gave it back, and waits for what 은하 has."""
    return [
        Want(0, EUNHA, HALL, FIRST, told=[Told("request-bkg-1", "request", "bkg-1", "은하", {"state": "confirmed"})]),
        Want(
            1,
            SOCHON,
            PART,
            SECOND,
            told=[
                Told("request-bkg-2", "request", "bkg-2", "소촌", {"state": "confirmed"}),
                Told("cancel-bkg-2", "cancel", "bkg-2", "소촌", {"state": "cancelled"}),
            ],
        ),
        Want(
            2,
            SOCHON,
            PART,
            WAITED,
            told=[
                Told("request-bkg-3", "request", "bkg-3", "소촌", refused="span_taken"),
                Told("wish-wsh-3", "wish", "wsh-3", "소촌", {"state": "waiting", "free_now": False}),
            ],
        ),
    ]


def an_account() -> Account:
    """Everything that they and the facility leave behind, once."""
    ours = Entry("bkg-1@sipbun", FIRST, "bkg-1.ics")
    entry = {"feed_id": "fed-강당", "uid": BLACKOUT.uid}
    return Account(
        now=NOW + timedelta(hours=9),
        bookings=[HALL_BOOKING, PART_BOOKING],
        diaries=[
            {
                "_id": "강당:2026-11-24",
                "day": "2026-11-24",
                "claims": [
                    a_claim("bkg-1", HALL, FIRST),
                    a_claim("fed-강당/휴관", HALL, BLACKOUT.span, "feed", entry=entry),
                ],
            }
        ],
        ledgers=[a_ledger(LEDGER, ("bkg-1", 120)), a_ledger(LEDGER_2, ("bkg-2", 0))],
        wishes=[
            {"_id": "wsh-3", "state": "waiting", "space_id": PART.id, "start": WAITED.start, "end": WAITED.end},
        ],
        cases=[],
        letters=[
            a_letter("booking_confirmed", "bkg-1", EUNHA, "bkg-1-2-booking.confirmed", "sent"),
            a_letter("booking_confirmed", "bkg-2", SOCHON, "bkg-2-2-booking.confirmed", "none"),
            a_letter("booking_cancelled", "bkg-2", SOCHON, "bkg-2-3-booking.cancelled", "none"),
        ],
        archive=[
            *facts_of(HALL_BOOKING, "requested", "confirmed"),
            *facts_of(PART_BOOKING, "requested", "confirmed", "cancelled"),
            a_fact("wish.made", "wsh-3"),
            *(a_fact("space.opened", room) for room in OFFICE.rooms),
            *(a_fact("subscription.started", one) for one in OFFICE.included),
            a_fact("feed.connected", "fed-강당"),
            *moved(LEDGER, ("grant", 300, 300, None), ("hold", 120, 180, "bkg-1"), ("consume", 120, 180, "bkg-1")),
            *moved(
                LEDGER_2,
                ("grant", 300, 300, None),
                ("hold", 120, 180, "bkg-2"),
                ("consume", 120, 180, "bkg-2"),
                ("return", 120, 300, "bkg-2"),
            ),
        ],
        mails=[("<bkg-1-2-booking.confirmed.은하@sipbun.localhost>", ("eunha@chaos.example",))],
        calendars={"강당": [ours, BLACKOUT]},
        told={"강당": [BLACKOUT, ours]},
        deeds=[Deed(NOW, "강당", BLACKOUT.uid, BLACKOUT.span, "black_out")],
        standing={("강당", BLACKOUT.uid): BLACKOUT.span},
    )


def reckoned(account: Account) -> Reckoning:
    """Reckon with the same people."""
    return reckon(OFFICE, wants(), account)


def test_what_was_booked_given_back_and_waited_for_with_every_effect_once_is_clean() -> None:
    found = reckoned(an_account())

    assert found.findings == ()
    assert found.clean
    assert set(found.as_json().values()) == {0}


Spoil = Callable[[Account], Account]


def without(name: str, number: int) -> Spoil:
    """Leave one document out."""

    def spoil(account: Account) -> Account:
        kept = list(getattr(account, name))
        del kept[number]
        return replace(account, **{name: kept})

    return spoil


def with_more(name: str, *more: Any) -> Spoil:
    """Have more documents."""
    return lambda account: replace(account, **{name: [*getattr(account, name), *more]})


def again(name: str, number: int) -> Spoil:
    """Have one document twice."""
    return lambda account: replace(account, **{name: [*getattr(account, name), getattr(account, name)[number]]})


def changed(name: str, number: int, **values: Any) -> Spoil:
    """Have one document say something else."""

    def spoil(account: Account) -> Account:
        kept = list(getattr(account, name))
        kept[number] = {**kept[number], **values}
        return replace(account, **{name: kept})

    return spoil


def with_claims(*claims: dict[str, Any]) -> Spoil:
    """Have more rows in the hall's diary."""
    return lambda account: changed("diaries", 0, claims=[*account.diaries[0]["claims"], *claims])(account)


def with_entries(*entries: Entry, ours: bool = True) -> Spoil:
    """Have the calendar show something else than it should: our entry left out, and these in its place."""

    def spoil(account: Account) -> Account:
        shown = [one for one in account.calendars["강당"] if ours or not one.is_ours] + list(entries)
        return replace(account, calendars={"강당": shown}, told={"강당": shown})

    return spoil


@pytest.mark.parametrize(
    "spoil",
    [
        with_more("bookings", a_booking("bkg-9", PART, FIRST, SOCHON)),
        # The hall is cleaned for half an hour afterwards.
        with_more("bookings", a_booking("bkg-9", PART, hours(2), SOCHON, "awaiting")),
        with_more("bookings", a_booking("bkg-9", HALL, hours(-1, 1.5), SOCHON, "checked_in")),
        with_claims(a_claim("wsh-9", PART, FIRST, "offer")),
        # Both were given back since, and had it at one time all the same.
        with_more("archive", *facts_of(a_booking("bkg-9", PART, hours(5), SOCHON), "requested", "cancelled")),
    ],
)
def test_every_two_uses_of_the_same_parts_are_an_overlap(spoil: Spoil) -> None:
    assert reckoned(spoil(an_account())).as_json()["overlaps"] == 1


@pytest.mark.parametrize(
    "spoil",
    [
        with_more("bookings", a_booking("bkg-9", HALL, Span(TEN - timedelta(hours=2), TEN - timedelta(minutes=30)), SOCHON)),
        with_more("bookings", a_booking("bkg-9", STUDIO, FIRST, SOCHON)),
        with_more("bookings", a_booking("bkg-8", PART, hours(20), SOCHON), a_booking("bkg-9", OTHER_PART, hours(20), SOCHON)),
        # 소촌 had given it back by then.
        with_more(
            "archive",
            *(
                fact | {"event": fact["event"] | {"time": NOW + timedelta(hours=4)}}
                for fact in facts_of(a_booking("bkg-9", PART, SECOND, EUNHA), "requested")
            ),
        ),
    ],
)
def test_what_only_touches_or_is_elsewhere_or_came_after_is_none(spoil: Spoil) -> None:
    assert reckoned(spoil(an_account())).as_json()["overlaps"] == 0


@pytest.mark.parametrize(
    "spoil",
    [
        changed("ledgers", 0, granted=600),
        changed("ledgers", 0, expired=60),
        changed("ledgers", 0, lines=[]),
        changed("ledgers", 0, lines=[*a_ledger(LEDGER, ("bkg-1", 120), ("bkg-7", 60))["lines"]]),
        changed("ledgers", 0, lines=[*a_ledger(LEDGER, ("bkg-1", 60))["lines"]]),
        changed("ledgers", 1, lines=[*a_ledger(LEDGER_2, ("bkg-2", 120))["lines"]]),
        changed("bookings", 1, charged=60),
        with_more("archive", *moved("sub-은하:2026-12-01", ("grant", 300, 300, None))),
        # The last fact of 소촌's ledger is missing, one of 은하's is there twice.
        without("archive", -1),
        lambda account: replace(
            account,
            archive=[
                *account.archive,
                a_fact("quota.moved", LEDGER, 9, ledger_id=LEDGER, kind="hold", minutes=120, available=60, booking_id="bkg-1"),
            ],
        ),
    ],
)
def test_minutes_that_do_not_add_up_are_told_a_ledger(spoil: Spoil) -> None:
    assert reckoned(spoil(an_account())).ledger_unbalanced == 1


@pytest.mark.parametrize(
    "spoil",
    [
        with_entries(ours=False),
        with_entries(Entry("bkg-1@sipbun", hours(1), "bkg-1.ics"), ours=False),
        with_entries(Entry("bkg-1@sipbun", FIRST, "bkg-1.ics", busy=False), ours=False),
        with_entries(Entry("bkg-1@sipbun", FIRST, "again.ics")),
        with_entries(Entry("bkg-2@sipbun", SECOND, "bkg-2.ics")),
        with_entries(Entry("점검@facility.example", hours(12), "점검.ics")),
        lambda account: replace(account, told={"강당": account.told["강당"][:1]}),
        lambda account: replace(account, standing={("강당", BLACKOUT.uid): hours(8)}),
        lambda account: changed("diaries", 0, claims=account.diaries[0]["claims"][:1])(account),
        with_claims(a_claim("fed-강당/옛일", HALL, hours(12), "feed", entry={"feed_id": "fed-강당", "uid": "옛일"})),
        with_more("bookings", a_booking("bkg-9", OTHER_PART, BLACKOUT.span, SOCHON)),
        changed("bookings", 0, calendar={"feed_id": "fed-다른"}),
        changed("bookings", 1, state="displaced", reason="calendar"),
        changed("bookings", 1, state="displaced", reason="removed_by_facility"),
    ],
)
def test_every_difference_of_a_calendar_is_told(spoil: Spoil) -> None:
    assert reckoned(spoil(an_account())).as_json()["calendar_differs"] > 0


LASTING = range(len(an_account().archive))


@pytest.mark.parametrize(
    "spoil",
    [
        *(without("archive", number) for number in LASTING if "quota" not in an_account().archive[number]["_id"]),
        *(without("letters", number) for number in range(3)),
        *(without("bookings", number) for number in range(2)),
        *(without("ledgers", number) for number in range(2)),
        without("wishes", 0),
        without("mails", 0),
        changed("bookings", 1, state="confirmed"),
        changed("bookings", 0, act_id="asked:request-bkg-8"),
        changed("bookings", 0, start=WAITED.start, end=WAITED.end),
        changed("bookings", 0, resident_id="소촌"),
        lambda account: changed("diaries", 0, claims=account.diaries[0]["claims"][1:])(account),
        lambda account: replace(account, standing={**account.standing, ("강당", "점검@facility.example"): hours(12)}),
        changed("wishes", 0, state="offered"),
    ],
)
def test_every_effect_that_lacks_is_a_loss(spoil: Spoil) -> None:
    assert reckoned(spoil(an_account())).lost > 0


@pytest.mark.parametrize(
    "spoil",
    [
        *(again("archive", number) for number in LASTING),
        *(again("letters", number) for number in range(3)),
        again("mails", 0),
        with_entries(Entry("bkg-1@sipbun", FIRST, "again.ics")),
        # Refused, and booked all the same; asked for by nobody; a second booking of one act.
        with_more("bookings", a_booking("bkg-3", PART, hours(20), SOCHON)),
        with_more("bookings", a_booking("bkg-9", PART, hours(20), SOCHON)),
        with_more("bookings", a_booking("bkg-1b", HALL, hours(20), EUNHA, act_id="asked:request-bkg-1")),
        with_more("archive", *facts_of(HALL_BOOKING, "displaced")),
        with_more("letters", a_letter("booking_displaced", "bkg-1", EUNHA, "nothing", "sent")),
        with_more("mails", ("<nothing.소촌@sipbun.localhost>", ("so@never.example",))),
        with_claims(a_claim("bkg-1", HALL, FIRST)),
        with_more(
            "archive",
            a_fact("offer.made", "wsh-3", 2, wish_id="wsh-3", round=1, resident_id="소촌"),
            a_fact("offer.made", "wsh-3", 3, wish_id="wsh-3", round=1, resident_id="소촌"),
        ),
    ],
)
def test_every_effect_too_many_is_a_double(spoil: Spoil) -> None:
    assert reckoned(spoil(an_account())).as_json()["duplicated"] > 0


@pytest.mark.parametrize(
    "spoil",
    [
        lambda account: replace(account, outbox={"new": 1}),
        lambda account: replace(account, waiting={"spaces.bookings": 1}),
        changed("letters", 0, mail={"s": "unknown"}),
        changed("bookings", 0, state="awaiting"),
        # Spans and minutes that nobody's act stands for.
        with_claims(a_claim("bkg-2", PART, SECOND)),
        with_claims(a_claim("bkg-8", PART, hours(20), deadline=NOW)),
        with_claims(a_claim("wsh-8", PART, hours(20), "offer", deadline=NOW)),
        changed("ledgers", 0, lines=[a_ledger(LEDGER, ("bkg-1", 120))["lines"][0] | {"deadline": NOW}]),
        with_more("cases", {"_id": "cas-bkg-1", "booking_id": "bkg-1", "state": "open"}),
        # The span that 소촌 waits for is free.
        changed("wishes", 0, start=hours(20).start, end=hours(20).end),
    ],
)
def test_what_has_not_come_to_rest_is_told(spoil: Spoil) -> None:
    assert reckoned(spoil(an_account())).as_json()["left"] > 0


def test_what_is_held_for_an_act_that_may_still_come_is_let_be() -> None:
    account = an_account()
    soon = account.now + timedelta(seconds=30)
    line = {"booking_id": "bkg-8", "held": 60, "consumed": 0, "deadline": soon}
    held = changed("ledgers", 1, lines=[*account.ledgers[1]["lines"], line])(account)
    held = with_claims(a_claim("bkg-8", PART, hours(20), deadline=soon))(held)
    told = {"ledger_id": LEDGER_2, "kind": "hold", "minutes": 60, "available": 240, "booking_id": "bkg-8"}
    held = with_more("archive", a_fact("quota.moved", LEDGER_2, 9, **told))(held)

    assert reckoned(held).clean


def test_dead_and_stuck_messages_are_counted_together() -> None:
    account = replace(an_account(), dead={"spaces.bookings.dead": 2, "city.parked": 1}, outbox={"stuck": 1})

    found = reckoned(account)

    assert found.dead == 4
    assert not found.clean


def test_an_act_with_several_missing_effects_is_lost_once() -> None:
    asked = [Want(0, EUNHA, HALL, FIRST, told=[Told("request-bkg-7", "request", "bkg-7", "은하", {"state": "confirmed"})])]

    found = reckon(OFFICE, [*wants(), *asked], an_account())

    assert len(found.findings) > 1
    assert found.lost == 1


def test_an_entry_is_read_with_its_place_its_time_and_whether_it_keeps_people_out() -> None:
    lines = (
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Facility//KO",
        "BEGIN:VEVENT",
        "UID:bkg-1@sipbun",
        "DTSTAMP:20261122T010000Z",
        "DTSTART:20261124T010000Z",
        "DTEND:20261124T030000Z",
        "STATUS:CANCELLED",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    )
    found = list(entries_of("\r\n".join(lines).encode(), "bkg-1.ics"))

    assert found == [Entry("bkg-1@sipbun", FIRST, "bkg-1.ics", busy=False)]
    assert found[0].is_ours


def test_the_story_of_a_loss_tells_what_was_asked_and_who_was_shot_meanwhile() -> None:
    account = without("letters", 0)(an_account())
    asked = wants()
    asked[0].story.append((NOW, "request bkg-1: acknowledged"))
    finding = next(one for one in reckon(OFFICE, asked, account).findings if one.kind == "lost")

    told = story_of(finding, asked, [Shot(NOW, "calendar", "radicale", 7)], account)

    assert told[0].startswith("lost: bkg-1")
    assert any("request bkg-1: acknowledged" in line for line in told)
    assert any("archived booking.confirmed" in line for line in told)
    assert any("kill -9 radicale" in line for line in told)
    assert any("kept booking" in line for line in told)
