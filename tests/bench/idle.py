"""Idle windows near a point among 10,000 spaces of 2,000 facilities: the shipped desk, on a real database.

One process, green as a service's is; each question is asked of the whole day tomorrow, in which half the rooms have
claims. Two towns: one of 12 km, where about a hundred rooms are in a walk, and the 37 km of the other benches, where
there are some ten. Nobody else answers this question, so there is no peer: the figure stands beside its own promise.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from random import Random
from typing import Any

from services.spaces.diary.model import BOOKING, Claim, Diary
from services.spaces.diary.storage import diaries
from services.spaces.facilities.model import Address, Admitted, Facility, Hours, Place, Space
from services.spaces.facilities.storage import facilities, spaces
from services.spaces.facilities.usecases import FacilityDesk
from services.spaces.idle.desk import idle_desk
from services.spaces.idle.search import Read
from services.spaces.spans import Span
from shared.actors import ANYONE
from shared.aggregate import Aggregate
from shared.clock import kst_day, start_of_kst_day
from shared.config import settings
from shared.geo import Point
from shared.mongo.aggregates import Aggregates
from shared.reach.warming import warm
from shared.town import town
from tests.bench import ground
from tests.bench.bed import Bed, Watch
from tests.bench.result import Result, Skipped, percentile

TENANT = "gwangsan"
SEED = 11
ROOMS_EACH = 5
#: Share of a side of the ground's square that a town of 12 km takes.
TOWNS = {"12 km": 12 / 37, "37 km": 1.0}
#: Milliseconds that a resident may wait: the promise at p50 and at p99.
PROMISED = {0.5: 25.0, 0.99: 100.0}


class Nobody:
    """No calendars to read, no consents."""

    def freshness_of(self, places: Sequence[Place]) -> Mapping[str, Read]:
        """Return nothing."""
        return {}

    def given(self, resident_id: str, purpose: str) -> bool:
        """Return no."""
        return False


class Asking:
    """A process that keeps the rooms and answers."""

    def __init__(self, count: int, share: float) -> None:
        warm()
        here = town(settings())
        database = here.database("spaces")
        ports: dict[str, Any] = {"clock": here.clock, "serial": here.serial}
        self._share = share
        self._day = kst_day(datetime.now(UTC)) + timedelta(days=1)
        known, rooms, days = facilities(database, **ports), spaces(database, **ports), diaries(database, **ports)
        register = FacilityDesk(known, rooms, frozenset(), lambda _point: None, here.clock)
        self._desk = idle_desk(register, days, Nobody(), Nobody(), here.clock)
        for storage in (known, rooms, days):
            storage.prepare()
        roll = Random(SEED)
        made = [_a_facility(number, point) for number, point in enumerate(_points(count // ROOMS_EACH, SEED, share))]
        _store(known, iter(made))
        _store(rooms, (_a_space(facility, space_id) for facility in made for space_id in facility.admitted))
        _store(days, (
            _a_diary(facility, space_id, self._day, roll)
            for facility in made for space_id in facility.admitted if roll.random() < 0.5
        ))  # fmt: skip
        self._desk.search.feed.opened()

    def ask(self, seed: int, questions: int, radius: int) -> dict[str, Any]:
        """Ask so many questions; return what each took (ms), and how many rooms were looked at and found in all."""
        begins, ends = start_of_kst_day(self._day), start_of_kst_day(self._day + timedelta(days=1))
        took, looked_at, found = [], 0, 0
        for point in _points(questions, seed, self._share):
            since = time.perf_counter()
            told = self._desk.near(
                ANYONE, tenant=TENANT, lat=point.lat, lon=point.lon, radius=radius, start=begins, until=ends, minutes=60
            )
            took.append((time.perf_counter() - since) * 1000)
            looked_at += told["looked_at"]
            found += len(told["spaces"])
        return {"took": took, "looked_at": looked_at, "found": found}


def _points(count: int, seed: int, share: float) -> Iterator[Point]:
    for lat, lon in ground.points(count, seed):
        yield Point(ground.SOUTH + (lat - ground.SOUTH) * share, ground.WEST + (lon - ground.WEST) * share)


def _a_facility(number: int, point: Point) -> Facility:
    facility = Facility(
        id=ground.name("fac", number),
        tenant=TENANT,
        district="29200",
        programme_id="gs-subscription-office",
        name=f"작은도서관 {number}",
        kind="library",
        address=Address(road_address="광주광역시 광산구 소촌로 85"),
        point=point,
        hours=Hours.daily(9 * 60, 22 * 60),
        opened_at=datetime.now(UTC),
    )
    for room in range(ROOMS_EACH):
        space_id = ground.name("spc", number * ROOMS_EACH + room)
        facility.admitted[space_id] = Admitted(root_id=space_id, parent_id=None, parts=("*",))
    return facility


def _a_space(facility: Facility, space_id: str) -> Space:
    return Space(
        id=space_id,
        tenant=TENANT,
        district=facility.district,
        programme_id=facility.programme_id,
        facility_id=facility.id,
        point=facility.point,
        root_id=space_id,
        name="모임방",
        kind="meeting_room",
        capacity=8,
        equipment=("projector", "whiteboard"),
        after=timedelta(minutes=30),
        opened_at=facility.opened_at,
    )


def _a_diary(facility: Facility, space_id: str, day: date, roll: Random) -> Diary:
    """Return a day with four claims of an hour or two."""
    diary = Diary(
        id=Diary.id_of(space_id, day),
        tenant=TENANT,
        root_id=space_id,
        facility_id=facility.id,
        district=facility.district,
        day=day,
    )
    for number in range(4):
        start = start_of_kst_day(day) + timedelta(hours=9 + 3 * number)
        claim = Claim(
            id=f"bkg-{space_id}-{number}",
            kind=BOOKING,
            space_id=space_id,
            parts=("*",),
            span=Span(start, start + timedelta(hours=roll.choice((1, 2)))),
            after=timedelta(minutes=30),
        )
        diary.claims[claim.id] = claim
    return diary


def _store(storage: Aggregates[Any], aggregates: Iterator[Aggregate]) -> None:
    """Put documents in as they would be after their first act."""
    while batch := list(islice(aggregates, 500)):
        storage.collection.insert_many(
            [
                {
                    "_id": one.id,
                    "version": 1,
                    "tenant": one.tenant,
                    **storage._codec.to_document(one),
                    "outbox": [],
                    "acts": [],
                }
                for one in batch
            ]
        )


def run(bed: Bed, *, quick: bool, count: int = 10_000, questions: int = 0) -> list[Result | Skipped]:
    """Run it: p50 and p99 of a walk, in both towns."""
    lines: list[Result | Skipped] = []
    questions = questions or (200 if quick else 1_000)
    for number, (name, share) in enumerate(TOWNS.items()):
        environment = bed.environment(bed.a_vhost(f"idle{number}"), f"idle{number}_")
        bed.say(f"  {count:,} rooms in a town of {name} ...")
        asking = bed.stage("asking", "tests.bench.idle:Asking", green=True, environment=environment, count=count, share=share)
        asking.ask("ask", seed=1, questions=questions, radius=700)
        watch = Watch(bed, [asking])
        told = asking.ask("ask", seed=2, questions=questions, radius=700)
        used = ", ".join(f"{part} {cores:.2f}" for part, cores in watch.end().items() if cores >= 0.01)
        rooms = told["looked_at"] / questions
        lines += [
            Result(
                name=f"idle windows among {count:,} rooms in {name}, {rooms:.0f} in a walk, p{part * 100:.0f}",
                ours=percentile(told["took"], part),
                unit="ms",
                most=most,
                limits=f"CPU, cores: {used}",
            )
            for part, most in PROMISED.items()
        ]
        asking.close()
    return lines
