"""Figures of rooms: bookings, minutes, no-shows, seats and occupancy; in any order, by plan, and folded again."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.statistics import tables
from services.statistics.jobs import MEASURES as OF_JOBS
from services.statistics.model import Counted
from services.statistics.rooms import MEASURES, ROOMS
from services.statistics.usecases import SETTLED_AFTER
from shared.clock import iso
from shared.errors import Refused
from shared.events import spaces
from shared.events.contract import Contract
from shared.events.envelope import Event
from shared.events.placement import OPENING_PUBLISHED
from shared.mongo.twin import TwinDatabase
from tests.services.facts import MORNING, said
from tests.services.statistics.test_figures import OPERATOR, TENANT, Desk

HOURLY, SEAT = "pln-대관형", "pln-입주형"


@pytest.fixture
def desk() -> Desk:
    return Desk(TwinDatabase())


def rooms(desk: Desk, **asked: Any) -> dict[str, Any]:
    """Return the total, without what is 0 or unknown."""
    total = desk.total(about="rooms", **asked)
    return {name: value for name, value in total.items() if value}


def test_a_confirmed_booking_counts_its_minutes_on_the_day_of_its_span(desk: Desk) -> None:
    desk.note(said(spaces.BOOKING_CONFIRMED, "b-1"), said(spaces.BOOKING_CONFIRMED, "b-2", minutes=60))
    desk.note(said(spaces.BOOKING_CONFIRMED, "b-1"))

    assert rooms(desk) == {"bookings": 2, "booked_minutes": 180}
    assert rooms(desk, through="2026-11-30") == {}
    assert rooms(desk, month="2026-12")["bookings"] == 2


def test_a_booking_that_the_facility_took_back_leaves_the_day_it_was_on(desk: Desk) -> None:
    desk.note(said(spaces.BOOKING_CONFIRMED, "b-1"))
    desk.note(said(spaces.BOOKING_DISPLACED, "d-1", at=MORNING + timedelta(days=2)))
    desk.note(said(spaces.BOOKING_DISPLACED, "d-2", was_confirmed=False))

    assert rooms(desk, through="2026-12-01") == {"displaced": 1}


def test_a_booking_given_back_leaves_the_figures_and_a_request_given_back_was_never_in(desk: Desk) -> None:
    desk.note(said(spaces.BOOKING_CONFIRMED, "b-1"), said(spaces.BOOKING_CONFIRMED, "b-2"))
    desk.note(said(spaces.BOOKING_CANCELLED, "c-1"), said(spaces.BOOKING_CANCELLED, "c-2", was_confirmed=False))

    assert rooms(desk) == {"bookings": 1, "booked_minutes": 120}


def test_a_no_show_stays_booked_and_is_not_used(desk: Desk) -> None:
    desk.note(said(spaces.BOOKING_CONFIRMED, "b-1"), said(spaces.BOOKING_CONFIRMED, "b-2"))
    desk.note(said(spaces.BOOKING_MISSED, "m-1"))
    desk.note(said(spaces.BOOKING_USED, "u-1"))

    assert rooms(desk) == {"bookings": 2, "booked_minutes": 240, "used_minutes": 120, "no_shows": 1}


def test_occupancy_is_all_that_was_booked_over_all_that_was_open(desk: Desk) -> None:
    desk.note(
        said(spaces.DAY_COUNTED, "n-1", open_minutes=540, booked_minutes=120, facility_minutes=60),
        said(spaces.DAY_COUNTED, "n-2", open_minutes=60, booked_minutes=60, facility_minutes=0),
    )

    assert rooms(desk) == {
        "open_minutes": 600,
        "facility_minutes": 60,
        "idle_minutes": 540,
        "occupied_minutes": 180,
        "occupancy": 0.3,
        "idle_use": 0.33,
    }


def test_a_closed_day_counts_nothing_and_divides_nothing(desk: Desk) -> None:
    desk.note(said(spaces.DAY_COUNTED, "n-1", open_minutes=0, booked_minutes=120, facility_minutes=60))

    total = desk.total(about="rooms")

    assert (total["occupied_minutes"], total["idle_minutes"]) == (0, 0)
    assert (total["occupancy"], total["idle_use"]) == (None, None)


def test_bookings_of_days_to_come_do_not_raise_the_occupancy(desk: Desk) -> None:
    desk.note(said(spaces.DAY_COUNTED, "n-1", open_minutes=600, booked_minutes=60))
    desk.note(said(spaces.BOOKING_CONFIRMED, "b-1", day="2026-12-24", minutes=480))

    assert rooms(desk)["occupancy"] == 0.1


def test_hours_are_told_by_plan_and_what_belongs_to_none_apart(desk: Desk) -> None:
    desk.note(
        said(spaces.BOOKING_CONFIRMED, "b-1"),
        said(spaces.BOOKING_CONFIRMED, "b-2", plan_id="pln-기업형", minutes=30),
        said(spaces.BOOKING_CONFIRMED, "b-3", plan_id=None, subscription_id=None, minutes=15),
    )
    desk.note(said(spaces.SEAT_TAKEN, "s-1", plan_id=SEAT), said(spaces.SEAT_TAKEN, "s-2", plan_id=SEAT))
    desk.note(said(spaces.SEAT_LEFT, "s-3", plan_id=SEAT))
    desk.note(said(spaces.DAY_COUNTED, "n-1"))

    told = desk.figures(about="rooms", by="plan")
    together = desk.figures(about="rooms")

    assert [(row["plan_id"], row["booked_minutes"]) for row in told["rows"]] == [
        (None, 15),
        ("pln-기업형", 30),
        (HOURLY, 120),
        (SEAT, 0),
    ]
    assert (told["rows"][3]["seats_taken"], told["rows"][3]["seats_left"]) == (2, 1)
    assert told["rows"][0]["open_minutes"] == 540
    assert told["total"] == together["total"]
    assert [row["booked_minutes"] for row in together["rows"]] == [165]
    assert "plan_id" not in together["rows"][0]


def test_rows_by_plan_are_told_page_by_page(desk: Desk) -> None:
    desk.note(*(said(spaces.BOOKING_CONFIRMED, f"b-{n}", plan_id=f"pln-{n}") for n in range(3)))

    first = desk.figures(about="rooms", by="plan", limit=2)
    second = desk.figures(about="rooms", by="plan", limit=2, cursor=first["cursor"])

    assert [row["plan_id"] for row in first["rows"] + second["rows"]] == ["pln-0", "pln-1", "pln-2"]
    assert second["cursor"] is None
    with pytest.raises(Refused, match="bad_cursor"):
        desk.figures(about="rooms", cursor=first["cursor"])


def test_jobs_have_no_plans(desk: Desk) -> None:
    with pytest.raises(Refused, match="no_plans_there"):
        desk.figures(by="plan")


def test_jobs_and_rooms_of_one_programme_and_day_are_kept_apart(desk: Desk) -> None:
    day: dict[str, Any] = {"programme_id": "gs-둘다", "day": "2026-12-01"}
    desk.note(said(OPENING_PUBLISHED, "p-1", places=3, **day))
    desk.note(said(spaces.BOOKING_CONFIRMED, "b-1", **day))

    jobs, of_rooms = desk.figures(), desk.figures(about="rooms")

    assert set(jobs["total"]) == {*OF_JOBS, "competition"}
    assert set(of_rooms["total"]) == {*MEASURES, *ROOMS.ratios}
    assert (jobs["total"]["places"], of_rooms["total"]["bookings"]) == (3, 1)


def test_of_rooms_that_nothing_is_known_of_everything_is_null(desk: Desk) -> None:
    desk.note(said(OPENING_PUBLISHED, "p-1"))

    assert set(desk.total(about="rooms").values()) == {None}


def test_a_rebuild_finds_the_buckets_of_each_plan_again() -> None:
    database = TwinDatabase()
    desk = Desk(database)
    desk.note(said(spaces.BOOKING_CONFIRMED, "b-1"), said(spaces.BOOKING_CONFIRMED, "b-2", plan_id="pln-기업형"))
    before = desk.figures(about="rooms", by="plan")["rows"]
    database.collection("months_rooms").delete_many({"tenant": TENANT})

    desk.statistics.rebuild(OPERATOR, tenant=TENANT)

    assert desk.figures(about="rooms", by="plan")["rows"] == before


def test_what_is_counted_elsewhere_by_new_rules_leaves_its_old_bucket(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(TwinDatabase())
    desk.note(said(spaces.BOOKING_USED, "u-1"))
    assert rooms(desk, month="2026-12") == {"used_minutes": 120}
    moved = {spaces.BOOKING_USED.type: lambda _event: Counted("2026-11-30", {"used_minutes": 120}, HOURLY)}
    monkeypatch.setattr(tables, "TABLES", {"rooms": replace(ROOMS, counts={**ROOMS.counts, **moved})})

    desk.statistics.rebuild(OPERATOR, tenant=TENANT)

    assert desk.total(about="rooms", month="2026-12")["used_minutes"] is None
    assert rooms(desk, month="2026-11") == {"used_minutes": 120}


def test_a_published_figure_of_rooms_can_be_read_again_as_it_was_known(desk: Desk) -> None:
    desk.note(said(spaces.BOOKING_CONFIRMED, "b-1"))
    then = desk.clock.now()
    desk.clock.move(timedelta(days=3))
    desk.note(said(spaces.BOOKING_DISPLACED, "d-1"))

    assert rooms(desk, known_at=iso(then)) == {"bookings": 1, "booked_minutes": 120}
    assert rooms(desk) == {"displaced": 1}


@dataclass(frozen=True)
class Told:
    """One fact, where it counts, and what it adds."""

    event: Event
    plan: str
    month: str
    adds: dict[str, int]


@st.composite
def histories(draw: st.DrawFn) -> list[Told]:
    """Bookings of some plans over some days, each with an end or none."""
    told: list[Told] = []

    def tell(contract: Contract, name: str, adds: dict[str, int], **data: Any) -> None:
        told.append(Told(said(contract, name, **data), data["plan_id"] or "", data["day"][:7], adds))

    for number in range(draw(st.integers(0, 6))):
        minutes = draw(st.sampled_from((30, 60, 120)))
        where = {
            "plan_id": draw(st.sampled_from((HOURLY, "pln-기업형", None))),
            "day": draw(st.sampled_from(("2026-11-30", "2026-12-01", "2026-12-02"))),
            "minutes": minutes,
            "booking_id": f"bkg-{number}",
        }
        confirmed = draw(st.booleans())
        if confirmed:
            adds = {"bookings": 1, "booked_minutes": minutes}
            tell(spaces.BOOKING_CONFIRMED, f"b-{number}", adds, **where)
        gone = {"bookings": -1, "booked_minutes": -minutes} if confirmed else {}
        match draw(st.sampled_from(("cancelled", "displaced", "used", "missed", "none"))):
            case "cancelled":
                tell(spaces.BOOKING_CANCELLED, f"c-{number}", gone, was_confirmed=confirmed, **where)
            case "displaced":
                adds = {**gone, "displaced": 1} if confirmed else {}
                tell(spaces.BOOKING_DISPLACED, f"d-{number}", adds, was_confirmed=confirmed, **where)
            case "used" if confirmed:
                tell(spaces.BOOKING_USED, f"u-{number}", {"used_minutes": minutes}, **where)
            case "missed" if confirmed:
                tell(spaces.BOOKING_MISSED, f"m-{number}", {"no_shows": 1}, **where)
    return told


def counted(history: list[Told]) -> dict[tuple[str, str], dict[str, int]]:
    """Count a history in one plain pass."""
    rows: dict[tuple[str, str], Counter[str]] = {}
    for one in history:
        if one.adds:
            rows.setdefault((one.month, one.plan), Counter()).update(one.adds)
    return {key: {measure: row[measure] for measure in MEASURES} for key, row in rows.items()}


def shown(told: dict[str, Any]) -> dict[tuple[str, str], dict[str, int]]:
    return {
        (row["month"], row["plan_id"] or ""): {measure: row[measure] for measure in MEASURES} for row in told["rows"]
    }


@settings(max_examples=60, deadline=None)
@given(histories(), st.randoms(use_true_random=False))
def test_any_order_and_repetition_gives_the_same_figures_as_a_plain_count(
    history: list[Told], luck: random.Random
) -> None:
    desk = Desk(TwinDatabase())
    deliveries = [one.event for one in history for _ in range(luck.randint(1, 3))]
    luck.shuffle(deliveries)
    while deliveries:
        size = luck.randint(1, 5)
        batch, deliveries = deliveries[:size], deliveries[size:]
        desk.note(*batch)
        if luck.random() < 0.4:
            desk.figures(about="rooms")
        if luck.random() < 0.1:
            desk.statistics.rebuild(OPERATOR, tenant=TENANT)
    known_at = desk.clock.now()
    desk.clock.move(SETTLED_AFTER)

    assert shown(desk.figures(about="rooms", by="plan")) == counted(history)
    assert shown(desk.figures(about="rooms", by="plan", known_at=iso(known_at))) == counted(history)


def test_every_fact_of_a_booking_names_the_day_of_its_span() -> None:
    for contract in (
        spaces.BOOKING_CONFIRMED,
        spaces.BOOKING_DISPLACED,
        spaces.BOOKING_CANCELLED,
        spaces.BOOKING_USED,
        spaces.BOOKING_MISSED,
    ):
        addition = ROOMS.addition_of(said(contract, at=MORNING + timedelta(days=30)))
        assert addition is not None
        assert date.fromisoformat(addition.bucket.day) == date(2026, 12, 1)
