"""Residents in reach of one opening, among 1e6 interests with live updates, beside PostGIS's own time; and the memory."""

from __future__ import annotations

import gc
import time
from collections.abc import Mapping
from itertools import islice
from random import Random
from typing import Any

import psutil

from shared.geo import Point
from shared.reach import Area, Interest, Interests, topics, warm
from tests.bench import ground, postgis
from tests.bench.bed import Bed, Watch
from tests.bench.nearby import UPDATE_EVERY
from tests.bench.result import Result, Skipped, percentile, take_turns

PREFIX = "res"
SEED = 11
#: Interests from which on the goals count.
PROMISED = 1_000_000
#: Each interest has one of so many topics on; a question asks for one of them.
TOPICS = 4


def _word(number: int) -> int:
    """Return the topics of the n-th interest: every other one hears of jobs."""
    return topics(number % TOPICS) | (topics(0) if number % 2 else 0)


class Ours:
    """The index that residents keeps in its process."""

    def __init__(self, count: int) -> None:
        # What the process needs before the first interest is not the interests'.
        warm()
        self._count = count
        gc.collect()
        before = psutil.Process().memory_info().rss
        self._index = Interests(prefix=f"{PREFIX}-")
        everything = (self._interest(number, lat, lon, 1) for number, (lat, lon) in enumerate(ground.points(count, SEED)))
        while batch := list(islice(everything, 2_000)):
            self._index.put(batch)
        self._index.tidy()
        gc.collect()
        self._bytes = (psutil.Process().memory_info().rss - before) / count

    def _interest(self, number: int, lat: float, lon: float, version: int) -> Interest:
        return Interest(ground.name(PREFIX, number), version, (Area(Point(lat, lon), _word(number)),), "gwangsan")

    def bytes(self) -> float:
        """Return by how much the process grew for each interest, what names the resident included."""
        return self._bytes

    def ask(self, seed: int, questions: int) -> dict[str, Any]:
        """Ask for everyone in reach, to the last page; return what each question took (ms) and how many were found."""
        took, found = [], 0
        wanted = topics(0)
        for number, (lat, lon) in enumerate(ground.points(questions, seed)):
            if number % UPDATE_EVERY == 0:
                moved, north, east, version = _a_move(seed, number, self._count)
                self._index.put((self._interest(moved, north, east, version),))
            since = time.perf_counter()
            page = self._index.reach(Point(lat, lon), wanted, group="gwangsan")
            residents = page.residents
            while page.cursor is not None:
                page = self._index.reach(Point(lat, lon), wanted, cursor=page.cursor, group="gwangsan")
                residents += page.residents
            took.append((time.perf_counter() - since) * 1000)
            found += len(residents)
        return {"took": took, "found": found}


class Postgis:
    """The same in PostGIS."""

    def __init__(self, count: int, dsn: str) -> None:
        self._count = count
        postgis.load(
            dsn,
            "interests",
            'id bigint NOT NULL, resident text COLLATE "C" NOT NULL, topics bigint NOT NULL, '
            "centre geography(Point, 4326) NOT NULL",
            (
                f"{number}\t{ground.name(PREFIX, number)}\t{_word(number)}\tSRID=4326;POINT({lon} {lat})\n"
                for number, (lat, lon) in enumerate(ground.points(count, SEED))
            ),
            "CREATE INDEX ON interests USING gist (centre)",
        )
        self._cursor = postgis.connect(dsn).cursor()
        self._cursor.execute(postgis.REACH)

    def ask(self, seed: int, questions: int) -> dict[str, Any]:
        """Return what each question took the server itself (ms), and how many were found."""
        took, found = [], 0
        for number, (lat, lon) in enumerate(ground.points(questions, seed)):
            if number % UPDATE_EVERY == 0:
                moved, north, east, _ = _a_move(seed, number, self._count)
                self._cursor.execute(
                    "UPDATE interests SET centre = ST_SetSRID(ST_MakePoint(%s, %s), 4326)::geography WHERE id = %s",
                    (east, north, moved),
                )
            took.append(postgis.own_time(self._cursor, f"reach ({lon}, {lat}, {topics(0)})"))
            self._cursor.execute("EXECUTE reach (%s, %s, %s)", (lon, lat, topics(0)))
            found += self._cursor.rowcount
        return {"took": took, "found": found}


def _a_move(seed: int, number: int, count: int) -> tuple[int, float, float, int]:
    roll = Random(seed * 1_000_003 + number)
    lat, lon = next(ground.points(1, roll.randrange(2**32)))
    return roll.randrange(count), lat, lon, seed * 100_000 + number + 2


def run(bed: Bed, *, quick: bool, count: int = 0) -> list[Result | Skipped]:
    """Run it; two lines."""
    count = count or (100_000 if quick else 1_000_000)
    questions, rounds = (60, 2) if quick else (200, 5)
    environment = bed.environment(bed.node.amqp_url, "reach_")
    ours = bed.stage("index", "tests.bench.reach_residents:Ours", environment=environment, count=count)
    lines: list[Result | Skipped] = [
        Result(
            name=f"residents in reach, bytes an interest at {count:.0e}",
            ours=ours.ask("bytes"),
            unit="bytes",
            most=50.0 if count >= PROMISED else None,
            limits="resident memory grown ÷ interests, ids included"
            + ("" if count >= PROMISED else "; the room kept for growth weighs more than at 1e6, where the goal is"),
        )
    ]
    try:
        cluster = postgis.Cluster(bed.say)
    except postgis.Missing as missing:
        return [*lines, Skipped("residents in reach, PostGIS", str(missing))]
    bed.also_close(cluster.stop)
    bed.remember(cluster.process)
    stages = {
        "ours": ours,
        "postgis": bed.stage(
            "postgis", "tests.bench.reach_residents:Postgis", environment=environment, count=count, dsn=cluster.dsn
        ),
    }
    seeds = {name: iter(range(1, 10_000)) for name in stages}
    found: dict[str, int] = dict.fromkeys(stages, 0)

    def lap(name: str) -> tuple[float, Mapping[str, float]]:
        watch = Watch(bed, [stages[name]])
        told = stages[name].ask("ask", seed=next(seeds[name]), questions=questions)
        found[name] += told["found"]
        return percentile(told["took"], 0.5), watch.end()

    for name in stages:
        lap(name)
    tally = take_turns(rounds, {name: lambda n=name: lap(n) for name in stages})
    assert abs(found["ours"] - found["postgis"]) <= 0.001 * found["ours"], found
    lines.append(
        Result(
            name=f"residents in reach, {count:.0e} interests, index against PostGIS's own time, p50",
            ours=tally.median("ours"),
            peer=tally.median("postgis"),
            peer_name="postgis",
            unit="ms",
            ratio=tally.ratio("ours", "postgis", less_is_better=True),
            goal=50.0 if count >= PROMISED else None,
            limits=f"{found['ours'] / (questions * (rounds + 1)):.0f} residents an answer, "
            f"CPU, cores: {tally.limits('ours')}",
        )
    )
    return lines
