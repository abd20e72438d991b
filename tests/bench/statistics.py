"""Figures through any day beside aggregating the facts by hand, and the archive's intake beside a bare insert.

    figures   a warm question for a random day, over all facts of two years: 5 programmes in 10 districts
    by hand   the same sums from the facts themselves, by one aggregation on the same database; the answers must agree
    intake    events out of order, 2 % of them twice: archived, their days marked stale
    insert    the same documents, duplicates among them, by ``insert_many`` and nothing else; the same indexes

What limits says how many documents an answer reads, and what the first question (every month stale) took.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from random import Random
from statistics import median
from typing import Any

import pymongo

from services.statistics.batches import Batch
from services.statistics.months import Months
from services.statistics.service import build, prepare
from services.statistics.storage import SHELF, Archive, _document
from services.statistics.tables import addition_of
from shared.actors import ANYONE
from shared.config import settings
from shared.events.envelope import Event
from shared.ids import SystemIds
from shared.mongo.real import connect
from shared.town import town
from tests.bench import cast
from tests.bench.bed import Bed, Stage, Watch
from tests.bench.floor import prepare_archive
from tests.bench.result import Result, Tally, take_turns

TENANT = "gwangsan"
FIRST, DAYS = date(2025, 1, 1), 730
#: Of the small sizes: a fact every few days of a place and month, as in the large ones, not one a month.
QUICK_DAYS = 90
PROGRAMMES, DISTRICTS = 5, 10
#: Events a batch, as the consumer takes them.
BATCH = 200
#: Documents written at once while preparing.
PAGE = 2_000
#: Facts stored between two words on how far it is.
PORTION = 100_000
#: The share of events that come twice.
TWICE = 0.02


def an_event(number: int, days: int) -> Event:
    """Return the selection of one resident, on any day, in any programme and district."""
    luck = Random(number)
    told = cast.an_event(f"st-{number}")
    data = {
        **told.data,
        "programme_id": f"{TENANT}:사업-{luck.randrange(PROGRAMMES)}",
        "district": f"29{luck.randrange(DISTRICTS):03}",
        "day": (FIRST + timedelta(days=luck.randrange(days))).isoformat(),
    }
    return replace(told, data=data)


def out_of_order(first: int, count: int, days: int) -> list[Event]:
    """Return so many events in no order, some of them twice."""
    luck = Random(first)
    events = [an_event(number, days) for number in range(first, first + count)]
    events += luck.sample(events, round(TWICE * count))
    luck.shuffle(events)
    return events


def batches(events: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Yield them as the consumer takes them."""
    for start in range(0, len(events), BATCH):
        yield events[start : start + BATCH]


class Facts:
    """A process with the shipped use cases on its own database, and the bare driver beside them."""

    def __init__(self, days: int) -> None:
        self._days = days
        here = town(settings())
        prepare(here)
        self._statistics = build(here)
        told = settings()
        self._bare: Any = pymongo.MongoClient(told.mongo_url).get_database(f"{told.db_prefix}statistics")
        self._journaled: Any = self._bare.client.get_database(
            f"{told.db_prefix}bare", write_concern=pymongo.WriteConcern("majority", j=True)
        )
        prepare_archive(self._journaled)
        self._clock = here.clock
        self._archive = Archive(connect(told.mongo_url, f"{told.db_prefix}statistics"))
        self._months = Months(connect(told.mongo_url, f"{told.db_prefix}statistics"))

    def fill(self, first: int, count: int) -> float:
        """Store facts from number ``first``, quietly; return the seconds."""
        since = time.perf_counter()
        within = Batch(SystemIds().new("batch"), self._clock.now())
        buckets = set()
        for unread in ("event.id_1", "shelf_1") if first == 0 else ():
            # Figures don't read them, and the embedded engine takes twice as long to keep four.
            self._bare.archive.drop_index(unread)

        def store(page: int) -> set[Any]:
            events = [an_event(number, self._days) for number in range(page, min(page + PAGE, first + count))]
            self._bare.archive.insert_many(
                [_document(event, within, f"s-{page // SHELF}") for event in events], ordered=False
            )
            return {addition.bucket for event in events if (addition := addition_of(event)) is not None}

        with ThreadPoolExecutor(2) as pool:
            for found in pool.map(store, range(first, first + count, PAGE)):
                buckets |= found
        self._months.mark_stale(buckets)
        return time.perf_counter() - since

    def first(self) -> float:
        """Let the first question compute every month; return the seconds."""
        since = time.perf_counter()
        self._statistics.figures(ANYONE, tenant=TENANT)
        return time.perf_counter() - since

    def ours(self, through: str) -> dict[str, Any]:
        """Ask for the figures through a day; return the total, the seconds, and how many documents were read."""
        before, since = self._statistics.months.read, time.perf_counter()
        told = self._statistics.figures(ANYONE, tenant=TENANT, through=through)
        seconds = time.perf_counter() - since
        return {"seconds": seconds, "filled": told["total"]["filled"], "read": self._statistics.months.read - before}

    def by_hand(self, through: str) -> dict[str, Any]:
        """Aggregate the facts through a day by programme and district."""
        since = time.perf_counter()
        found = self._bare.archive.aggregate(
            [
                {"$match": {"tenant": TENANT, "event.data.day": {"$lte": through}}},
                {
                    "$group": {
                        "_id": {"programme": "$event.data.programme_id", "district": "$event.data.district"},
                        "filled": {"$sum": "$fact.adds.filled"},
                    }
                },
            ],
            allowDiskUse=True,
        )
        filled = sum(row["filled"] for row in found)
        return {"seconds": time.perf_counter() - since, "filled": filled}

    def intake(self, first: int, count: int) -> float:
        """Archive so many events; return the seconds."""
        events = out_of_order(first, count, self._days)
        since = time.perf_counter()
        for batch in batches(events):
            self._statistics.keep(batch)
        return time.perf_counter() - since

    def insert(self, first: int, count: int) -> float:
        """Insert the same documents and do nothing else; return the seconds."""
        within = Batch(SystemIds().new("batch"), self._clock.now())
        documents = [_document(event, within, "s") for event in out_of_order(first, count, self._days)]
        since = time.perf_counter()
        for batch in batches(documents):
            try:
                self._journaled.archive.insert_many(batch, ordered=False)
            except pymongo.errors.BulkWriteError as error:
                if any(fault["code"] != 11000 for fault in error.details["writeErrors"]):
                    raise
        return time.perf_counter() - since


def run(bed: Bed, *, quick: bool, facts: int = 0, events: int = 0, rounds: int = 0, days: int = 0) -> list[Result]:
    """Run it; two lines."""
    days = days or (QUICK_DAYS if quick else DAYS)
    facts = facts or (20_000 if quick else 1_000_000)
    events = events or (4_000 if quick else 100_000)
    rounds = rounds or (2 if quick else 5)
    asker = bed.stage(
        "asker",
        "tests.bench.statistics:Facts",
        environment=bed.environment(bed.a_vhost("figures"), "figures_"),
        days=days,
    )
    filled = 0.0
    for done in range(0, facts, PORTION):
        filled += asker.ask("fill", first=done, count=min(PORTION, facts - done))
        bed.say(f"  {min(done + PORTION, facts):,} of {facts:,} facts, {filled:.0f} s")
    figures = _figures(bed, asker, rounds, facts, days, asker.ask("first"))
    archive = bed.stage(
        "archive",
        "tests.bench.statistics:Facts",
        environment=bed.environment(bed.a_vhost("intake"), "intake_"),
        days=days,
    )
    each = events // rounds
    laps = {"ours": iter(range(0, events, each)), "insert": iter(range(0, events, each))}

    def lap(side: str, do: str) -> tuple[float, Mapping[str, float]]:
        watch = Watch(bed, [archive])
        seconds = archive.ask(do, first=10_000_000 + next(laps[side]), count=each)
        return each * (1 + TWICE) / seconds, watch.end()

    tally = take_turns(rounds, {"ours": lambda: lap("ours", "intake"), "insert": lambda: lap("insert", "insert")})
    return [figures, tally.result("archive intake, out of order", "ours", "insert", "events/s", 0.5)]


def _figures(bed: Bed, asker: Stage, rounds: int, facts: int, days: int, first: float) -> Result:
    luck = Random(1)
    read: list[int] = []
    tally = Tally()
    for _ in range(rounds):
        through = (FIRST + timedelta(days=luck.randrange(days // 2, days))).isoformat()
        for side, times in (("ours", 5), ("by_hand", 1)):
            watch = Watch(bed, [asker])
            found = [asker.ask(side, through=through) for _ in range(times)]
            tally.shares.setdefault(side, []).append(watch.end())
            tally.figures.setdefault(side, []).append(1000 * median(one["seconds"] for one in found))
            tally.figures.setdefault(f"{side} says", []).append(found[0]["filled"])
            read += [one["read"] for one in found if "read" in one]
    if tally.figures["ours says"] != tally.figures["by_hand says"]:
        raise RuntimeError(f"not the same: {tally.figures}")
    return Result(
        name=f"figures through a day, {facts:,} facts",
        ours=tally.median("ours"),
        peer=tally.median("by_hand"),
        peer_name="by hand",
        unit="ms",
        ratio=tally.ratio("ours", "by_hand", less_is_better=True),
        goal=100.0,
        limits=f"reads {max(read):,} documents at most; first question, all stale: {first:.1f} s | "
        f"CPU, cores: {tally.limits('ours')} | by hand: {tally.limits('by_hand')}",
    )
