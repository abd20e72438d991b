"""Whether places and direct jobs were ever given twice: over places, and over days."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import combinations
from typing import Any

from shared.clock import kst_day
from tests.chaos.finding import DUPLICATED, LEFT, LOST, Finding
from tests.chaos.pay.account import Account, Document
from tests.chaos.pay.audits.finding import OVER_FILLED, OVERLAPPING, events


@dataclass(frozen=True)
class Had:
    """Somebody's place, from when until when it was theirs."""

    opening: str
    resident: str
    since: datetime
    until: datetime | None = None


def places_had(account: Account) -> Iterator[Had | Finding]:
    """Yield every place that was ever given, as the archived facts of each opening tell, in their order."""
    told: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for suffix in ("placement.selected", "placement.withdrawn"):
        for event in events(account, suffix):
            told[event["data"]["opening_id"]].append(event)
    for opening, facts in told.items():
        now: dict[str, datetime] = {}
        for event in sorted(facts, key=lambda one: str(one["sequence"])):
            who, came = event["data"]["resident_id"], ".selected." in event["type"]
            if came == (who in now):
                yield Finding(OVER_FILLED, f"{who} is {'placed twice' if came else 'withdrawn without a place'}", opening)
            elif came:
                now[who] = event["time"]
            else:
                yield Had(opening, who, now.pop(who), event["time"])
        yield from (Had(opening, who, since) for who, since in now.items())


def places(account: Account) -> Iterator[Finding]:
    """Yield every opening with more people than places, now or at any time before."""
    had = list(places_had(account))
    yield from (one for one in had if isinstance(one, Finding))
    those = [one for one in had if isinstance(one, Had)]
    for opening in account.openings:
        name = opening["_id"]
        now = Counter(one["resident_id"] for one in opening["placements"])
        taken = len(opening["placements"]) + len(opening["offers"])
        if taken > opening["places"]:
            yield Finding(OVER_FILLED, f"{taken} are placed or asked for {opening['places']} places", name)
        if now and max(now.values()) > 1:
            yield Finding(OVER_FILLED, f"{now.most_common(1)} has several places", name)
        mine = [one for one in those if one.opening == name]
        most = max((sum(_both_at(one, other) for other in mine) for one in mine), default=0)
        if most > opening["places"]:
            yield Finding(OVER_FILLED, f"{most} had a place at one time, of {opening['places']}", name)
        told = Counter(one.resident for one in mine if one.until is None)
        for who in sorted(who for who in {*now, *told} if now[who] != told[who]):
            kind = LOST if who in now else DUPLICATED
            yield Finding(kind, f"{who}: placed {now[who]} times, the facts say {told[who]}", name, "placement.selected")


def _both_at(one: Had, other: Had) -> bool:
    """Whether the other had a place when the one was given theirs."""
    return other.since <= one.since and (other.until is None or one.since < other.until)


def overlaps(account: Account) -> Iterator[Finding]:
    """Yield every two direct jobs of one resident on the same day; and places and claims that don't agree."""
    direct = {one["_id"]: _days(one) for one in account.openings if one["direct_job"]}
    by_resident: dict[str, list[Had]] = defaultdict(list)
    for one in places_had(account):
        if isinstance(one, Had) and one.opening in direct:
            by_resident[one.resident].append(one)
    for who, had in by_resident.items():
        for one, other in combinations(had, 2):
            shared = direct[one.opening] & direct[other.opening]
            if one.opening != other.opening and shared and (_both_at(one, other) or _both_at(other, one)):
                yield Finding(OVERLAPPING, f"{one.opening} and {other.opening} on {min(shared)}", who)
    yield from _claims(account)


def _claims(account: Account) -> Iterator[Finding]:
    given = {
        f"{one['application_id']}:{one['attempt']}": one["resident_id"]
        for opening in account.openings
        for one in opening["placements"]
    }
    taken = {
        claim["key"]: one["_id"] for one in account.participations for claim in one["claims"] if claim["state"] == "taken"
    }
    for key in sorted(given.keys() - taken.keys()):
        yield Finding(LOST, f"the place {key} has no claim", given[key], "placement.selected")
    for key in sorted(taken.keys() - given.keys()):
        yield Finding(LEFT, f"{key} is claimed, and is no place", taken[key])


def _days(opening: Document) -> frozenset[date]:
    """Return the days from the first to the last of the work."""
    days = sorted(kst_day(shift["start"]) for shift in opening["shifts"])
    return frozenset(date.fromordinal(day) for day in range(days[0].toordinal(), days[-1].toordinal() + 1))
