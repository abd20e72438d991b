"""Openings near a point, at 1e5 and 1e6, with live updates mixed in.

In process: our index against what PostGIS itself says its execution took. Through RPC: the same entrypoint, the same
client and the same question, answered by our index, by PostGIS and by Redis GEOSEARCH.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import islice
from random import Random
from typing import Any, Protocol

from shared.actors import Actor
from shared.config import settings
from shared.geo import Point
from shared.house import House
from shared.messaging.entrypoints import asked
from shared.messaging.rpc import RpcClient
from shared.reach import Place, Places
from shared.telemetry.logs import configure
from shared.town import town
from tests.bench import ground, postgis, redis_geo
from tests.bench.bed import Bed, Stage, Watch
from tests.bench.hosted import open_house
from tests.bench.result import Result, Skipped, Tally, percentile, take_turns

PREFIX = "opn"
SEED = 7
#: One update for so many questions.
UPDATE_EVERY = 10
PAGE = 20

Row = tuple[str, float]


class Finder(Protocol):
    """Finds openings near a point."""

    def nearby(self, lat: float, lon: float) -> list[Row]:
        """Return the nearest within 700 m: id and metres."""

    def move(self, number: int, lat: float, lon: float, version: int) -> None:
        """Note that an opening is somewhere else now."""


class OurIndex:
    """The index that placement keeps in its process."""

    def __init__(self, count: int) -> None:
        self._places = Places(prefix=f"{PREFIX}-")
        self._ends = datetime.now(UTC) + timedelta(days=1)
        self._places.reserve(count)
        everything = (self._place(number, lat, lon, 1) for number, (lat, lon) in enumerate(ground.points(count, SEED)))
        while batch := list(islice(everything, 5_000)):
            self._places.put(batch)
        self._places.tidy()

    def _place(self, number: int, lat: float, lon: float, version: int) -> Place:
        return Place(ground.name(PREFIX, number), Point(lat, lon), version, self._ends, "gwangsan")

    def nearby(self, lat: float, lon: float) -> list[Row]:
        """Return the nearest."""
        return self.find(Point(lat, lon), datetime.now(UTC))

    def find(self, point: Point, at: datetime) -> list[Row]:
        """Return the nearest to a point."""
        return self._places.nearby(point, at=at, limit=PAGE, group="gwangsan").places

    def move(self, number: int, lat: float, lon: float, version: int) -> None:
        """Move one."""
        self._places.put((self._place(number, lat, lon, version),))


class PostgisIndex:
    """PostGIS, asked over its own protocol."""

    def __init__(self, count: int, dsn: str) -> None:
        del count
        # In a patched process psycopg2 waits green, by eventlet's own patch.
        self._cursor = postgis.connect(dsn).cursor()
        self._cursor.execute(postgis.NEARBY)

    def nearby(self, lat: float, lon: float) -> list[Row]:
        """Return the nearest."""
        self._cursor.execute("EXECUTE nearby (%s, %s)", (lon, lat))
        found: list[Row] = self._cursor.fetchall()
        return found

    def own_time(self, lat: float, lon: float) -> float:
        """Return how long the server itself takes, ms."""
        return postgis.own_time(self._cursor, f"nearby ({lon}, {lat})")

    def move(self, number: int, lat: float, lon: float, version: int) -> None:
        """Move one."""
        self._cursor.execute(
            "UPDATE openings SET place = ST_SetSRID(ST_MakePoint(%s, %s), 4326)::geography WHERE id = %s",
            (lon, lat, ground.name(PREFIX, number)),
        )


def load_postgis(count: int, dsn: str) -> None:
    """Store the openings in PostGIS; not in a patched process, where COPY can't be done."""
    ends = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    postgis.load(
        dsn,
        "openings",
        'id text COLLATE "C" NOT NULL, ends timestamptz NOT NULL, place geography(Point, 4326) NOT NULL',
        (
            f"{ground.name(PREFIX, number)}\t{ends}\tSRID=4326;POINT({lon} {lat})\n"
            for number, (lat, lon) in enumerate(ground.points(count, SEED))
        ),
        "CREATE INDEX ON openings USING gist (place)",
    )


class RedisIndex:
    """Redis GEOSEARCH."""

    def __init__(self, count: int, port: int) -> None:
        self._client = redis_geo.Client(port)
        self._client.ask("DEL", redis_geo.KEY)
        everything = (
            ("GEOADD", redis_geo.KEY, str(lon), str(lat), ground.name(PREFIX, number))
            for number, (lat, lon) in enumerate(ground.points(count, SEED))
        )
        while batch := list(islice(everything, 2_000)):
            self._client.ask_all(batch)

    def nearby(self, lat: float, lon: float) -> list[Row]:
        """Return the nearest."""
        found = self._client.ask(
            "GEOSEARCH", redis_geo.KEY, "FROMLONLAT", str(lon), str(lat), "BYRADIUS", "700", "m", "ASC", "COUNT", str(PAGE),
            "WITHDIST",
        )  # fmt: skip
        return [(opening_id, float(metres)) for opening_id, metres in found]

    def move(self, number: int, lat: float, lon: float, version: int) -> None:
        """Move one."""
        self._client.ask("GEOADD", redis_geo.KEY, str(lon), str(lat), ground.name(PREFIX, number))


FINDERS = {"ours": OurIndex, "postgis": PostgisIndex, "redis": RedisIndex}


class Answering:
    """The question as an RPC method, whoever finds."""

    name = "bench_nearby"
    finder: Any

    @asked
    def nearby(self, _actor: Actor, *, lat: float, lon: float) -> dict[str, Any]:
        """Return the nearest."""
        return {"openings": self.finder.nearby(lat, lon)}

    @asked
    def move(self, _actor: Actor, *, number: int, lat: float, lon: float, version: int) -> None:
        """Move one."""
        self.finder.move(number, lat, lon, version)


class Server:
    """A process that answers with one of the finders; green."""

    def __init__(self, finder: str, **how: Any) -> None:
        told = settings()
        configure("bench", told.log_level)
        Answering.finder = FINDERS[finder](**how)
        self.house = House((Answering,), town=town(told), service="bench")
        open_house(self.house)

    def in_process(self, seed: int, count: int, questions: int) -> list[float]:
        """Ask the index in this very process; return what each question took, ms."""
        index: OurIndex = Answering.finder
        took = []
        for number, (lat, lon) in enumerate(ground.points(questions, seed)):
            if number % UPDATE_EVERY == 0:
                index.move(*_a_move(seed, number, count))
            # PostGIS's own time begins with a plan and its values: ours with a checked point and the time.
            point, at = Point(lat, lon), datetime.now(UTC)
            since = time.perf_counter()
            index.find(point, at)
            took.append((time.perf_counter() - since) * 1000)
        return took


class OwnTime:
    """A process that fills PostGIS, then asks it how long it took itself."""

    def __init__(self, dsn: str, count: int) -> None:
        load_postgis(count, dsn)
        self._index = PostgisIndex(count, dsn)

    def in_process(self, seed: int, count: int, questions: int) -> list[float]:
        """Return what each question took the server, ms."""
        took = []
        for number, (lat, lon) in enumerate(ground.points(questions, seed)):
            if number % UPDATE_EVERY == 0:
                self._index.move(*_a_move(seed, number, count))
            took.append(self._index.own_time(lat, lon))
        return took


class Caller:
    """A process that asks over RPC."""

    def __init__(self) -> None:
        self._client = RpcClient(settings().amqp_url, "bench")

    def ask(self, seed: int, count: int, questions: int) -> dict[str, Any]:
        """Ask so many questions, one after another; return what each took (ms) and how many places were found."""
        took, found = [], 0
        for number, (lat, lon) in enumerate(ground.points(questions, seed)):
            if number % UPDATE_EVERY == 0:
                moved = dict(zip(("number", "lat", "lon", "version"), _a_move(seed, number, count), strict=True))
                self._client.call("bench_nearby", "move", **moved)
            since = time.perf_counter()
            answer = self._client.call("bench_nearby", "nearby", lat=lat, lon=lon)
            took.append((time.perf_counter() - since) * 1000)
            found += len(answer["openings"])
        return {"took": took, "found": found}


def _a_move(seed: int, number: int, count: int) -> tuple[int, float, float, int]:
    """Return which opening moves where; every side hears the same."""
    roll = Random(seed * 1_000_003 + number)
    lat, lon = next(ground.points(1, roll.randrange(2**32)))
    return roll.randrange(count), lat, lon, seed * 100_000 + number + 2


def run(bed: Bed, *, quick: bool, sizes: tuple[int, ...] = ()) -> list[Result | Skipped]:
    """Run it; for each size: in process, and through RPC at p50 and p99 against each peer that can be had."""
    lines: list[Result | Skipped] = []
    peers: dict[str, dict[str, Any]] = {}
    try:
        cluster = postgis.Cluster(bed.say)
        bed.also_close(cluster.stop)
        bed.remember(cluster.process)
        peers["postgis"] = {"dsn": cluster.dsn}
    except postgis.Missing as missing:
        lines.append(Skipped("nearby, PostGIS", str(missing)))
    try:
        server = redis_geo.Server(bed.say)
        bed.also_close(server.stop)
        bed.remember(server.process)
        peers["redis"] = {"port": server.port}
    except postgis.Missing as missing:
        lines.append(Skipped("nearby, Redis GEOSEARCH", str(missing)))
    for count in sizes or ((100_000,) if quick else (100_000, 1_000_000)):
        bed.say(f"  {count:,} openings ...")
        lines += _of_size(bed, count, peers, questions=150 if quick else 400, rounds=2 if quick else 5)
    return lines


def _of_size(bed: Bed, count: int, peers: Mapping[str, Mapping[str, Any]], *, questions: int, rounds: int) -> list[Result]:
    environments = {
        name: bed.environment(bed.a_vhost(name), f"near_{name}_{count}_") for name in ("ours", *peers)
    }
    lines = []
    if "postgis" in peers:
        own = bed.stage(
            "postgis", "tests.bench.nearby:OwnTime", environment=environments["postgis"], count=count, **peers["postgis"]
        )
    servers = dict(zip(
        environments,
        bed.stages([
            ("server", "tests.bench.nearby:Server", True, environments[name], {"finder": name, "count": count, **peers.get(name, {})})
            for name in environments
        ]),
        strict=True,
    ))  # fmt: skip
    callers = dict(zip(
        environments,
        bed.stages([("caller", "tests.bench.nearby:Caller", False, environments[name], {}) for name in environments]),
        strict=True,
    ))  # fmt: skip
    if "postgis" in peers:
        took = _in_process(bed, {"ours": servers["ours"], "postgis": own}, count, questions=2 * questions, rounds=rounds)
        lines.append(_timed(f"nearby in {count:.0e} openings, index against PostGIS's own time, p50", took, "postgis", 0.5, 10.0))
    asked_of = _through_rpc(bed, servers, callers, count, questions=questions, rounds=rounds)
    lines += [
        _timed(f"nearby in {count:.0e} openings, through RPC, against {peer}, p{share * 100:.0f}", asked_of, peer, share, 1.0)
        for peer in peers
        for share in (0.5, 0.99)
    ]
    for stage in (*servers.values(), *callers.values()):
        stage.close()
    return lines


Timed = tuple[Tally, dict[str, list[list[float]]]]


def _in_process(bed: Bed, stages: Mapping[str, Stage], count: int, *, questions: int, rounds: int) -> Timed:
    took: dict[str, list[list[float]]] = {name: [] for name in stages}
    seeds = {name: iter(range(1, 10_000)) for name in stages}

    def lap(name: str) -> tuple[float, Mapping[str, float]]:
        watch = Watch(bed, [stages[name]])
        took[name].append(stages[name].ask("in_process", seed=next(seeds[name]), count=count, questions=questions))
        return percentile(took[name][-1], 0.5), watch.end()

    for name in stages:
        lap(name)
        took[name].clear()
    return take_turns(rounds, {name: lambda n=name: lap(n) for name in stages}), took


def _through_rpc(
    bed: Bed, servers: Mapping[str, Stage], callers: Mapping[str, Stage], count: int, *, questions: int, rounds: int
) -> Timed:
    took: dict[str, list[list[float]]] = {name: [] for name in servers}
    seeds = {name: iter(range(20_000, 30_000)) for name in servers}
    found: dict[str, int] = {}

    def lap(name: str) -> tuple[float, Mapping[str, float]]:
        watch = Watch(bed, [servers[name], callers[name]])
        told = callers[name].ask("ask", seed=next(seeds[name]), count=count, questions=questions)
        took[name].append(told["took"])
        found[name] = found.get(name, 0) + told["found"]
        return percentile(told["took"], 0.5), watch.end()

    for name in servers:
        lap(name)
        took[name].clear()
        found[name] = 0
    tally = take_turns(rounds, {name: lambda n=name: lap(n) for name in servers})
    # Redis keeps points to 0.6 m, on a slightly larger earth: a place on the edge may be in or out.
    assert all(abs(one - found["ours"]) <= 0.02 * found["ours"] for one in found.values()), found
    return tally, took


def _timed(name: str, timed: Timed, peer: str, share: float, goal: float) -> Result:
    """Return the line of a percentile over all rounds' questions, less being better; the ratio is by rounds."""
    tally, took = timed
    ours, theirs = ([percentile(lap, share) for lap in took[side]] for side in ("ours", peer))
    pairs = sorted(b / a for a, b in zip(ours, theirs, strict=True))
    everything = {side: percentile([one for lap in took[side] for one in lap], share) for side in ("ours", peer)}
    return Result(
        name=name,
        ours=everything["ours"],
        peer=everything[peer],
        peer_name=peer,
        unit="ms",
        ratio=pairs[len(pairs) // 2] if len(pairs) % 2 else (pairs[len(pairs) // 2 - 1] + pairs[len(pairs) // 2]) / 2,
        goal=goal,
        limits=f"CPU, cores: {tally.limits('ours')} | {peer}: {tally.limits(peer)}",
    )
