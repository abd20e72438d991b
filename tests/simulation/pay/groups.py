"""What must hold of figures by target group: as many as there were, and nobody to be found by subtraction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from typing import Any

from tests.simulation.folk import SERVICE, TENANT
from tests.simulation.invariants import Facts, Invariant, documents
from tests.simulation.pay import cast
from tests.simulation.pay.people import People
from tests.simulation.pay.work import COMPLETED, key_of
from tests.simulation.world import World

SUBMITTED = "kr.sipbun.placement.application.submitted.v1"
COUNTED = "kr.sipbun.residents.group.counted.v1"
MEASURES = ("applications", "placed", "completed")
FEWEST = 5


def groups_are_counted(world: World, _people: People, facts: Facts) -> Iterator[str]:
    """What was counted of the young people is what became of them, and what is published is never more than came."""
    true: Counter[tuple[str, str]] = Counter()
    came: Counter[tuple[str, str]] = Counter()
    for opening in documents(world, "placement", "openings"):
        young = [row for row in opening["placements"] if row["resident_id"] in cast.YOUNG]
        true[opening["programme_id"], "placed"] += len(young)
    known = [fact for fact in facts.values() if fact["data"].get("resident_id") in cast.YOUNG]
    for fact in known:
        if fact["type"] == SUBMITTED and fact["data"]["attempt"] == 1:
            true[fact["data"]["programme_id"], "applications"] += 1
    for programme in {key_of(fact): fact["data"]["programme_id"] for fact in known if fact["type"] == COMPLETED}.values():
        true[programme, "completed"] += 1
    counted: Counter[tuple[str, str]] = Counter()
    for fact in facts.values():
        if fact["type"] == COUNTED:
            counted[fact["data"]["programme_id"], fact["data"]["measure"]] += fact["data"]["amount"]
            came[fact["data"]["programme_id"], fact["data"]["measure"]] += max(0, fact["data"]["amount"])
    for key in true.keys() | counted.keys():
        if true[key] != counted[key]:
            yield f"{key[0]}: {true[key]} {key[1]} of young people, {counted[key]} were counted"
    told = world.call("statistics_figures", "figures", token=SERVICE, tenant=TENANT, about="groups")
    for row in told["rows"]:
        for measure in MEASURES:
            most = came[row["programme_id"], measure] // FEWEST * FEWEST
            if (row[measure] or 0) > most:
                yield f"{row['programme_id']} shows {row[measure]} {measure}, {most} at most were to be shown"


def nobody_is_found(_world: World, people: People, _facts: Facts) -> Iterator[str]:
    """Whichever two tables are subtracted from each other, cell by cell or in all, no count of few people comes out."""
    tables = people.readers.tables
    for asked, told in tables:
        for row in (*told["rows"], told["total"]):
            for measure in MEASURES:
                if row[measure] is not None and (row[measure] % FEWEST or row[measure] == 0):
                    yield f"{asked} tells {row[measure]} {measure}"
    for (asked, one), (also, other) in combinations(tables, 2):
        for measure in MEASURES:
            for number in _differences(one, other, measure):
                if 0 < abs(number) < FEWEST:
                    yield f"{asked} less {also} tells {number} {measure}"
        if asked == also and "known_at" in asked and one != other:
            yield f"{asked} was answered in two ways"


def _differences(one: dict[str, Any], other: dict[str, Any], measure: str) -> Iterator[int]:
    cells = [{(row["programme_id"], row["group"]): row[measure] or 0 for row in told["rows"]} for told in (one, other)]
    for cell in cells[0].keys() | cells[1].keys():
        yield cells[0].get(cell, 0) - cells[1].get(cell, 0)
    totals = [told["total"][measure] or 0 for told in (one, other)]
    yield totals[0] - totals[1]
    for total, rows in zip(totals, cells, strict=True):
        yield total - sum(rows.values())


GROUPS: tuple[Invariant, ...] = (groups_are_counted, nobody_is_found)
