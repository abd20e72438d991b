"""What must hold of minutes: nobody spends what is not there, and ledgers, facts and bookings tell the same."""

from __future__ import annotations

from collections.abc import Iterator

from tests.simulation.invariants import Facts, Invariant, documents
from tests.simulation.office import rooms
from tests.simulation.office.people import People
from tests.simulation.world import World

MOVED = "kr.sipbun.spaces.quota.moved.v1"
#: What a line of the ledger does to the balance.
SIGNS = {"grant": 1, "carry": 1, "release": 1, "return": 1, "hold": -1, "expire": -1, "consume": 0}


def ledgers_are_balanced(world: World, _people: People, facts: Facts) -> Iterator[str]:
    """Folding what a ledger said gives its sums; the balance is as told after each line, and never below nothing."""
    for ledger in documents(world, "spaces", "ledgers"):
        said = [fact for fact in facts.values() if fact["type"] == MOVED and fact["subject"] == ledger["_id"]]
        balance = 0
        sealed = False
        for fact in sorted(said, key=lambda fact: str(fact["sequence"])):
            data = fact["data"]
            balance += SIGNS[data["kind"]] * data["minutes"]
            # What is carried on leaves with the sealing, which is no line.
            sealed = sealed or (balance != data["available"] and ledger["sealed"])
            if balance - (ledger["carried_out"] if sealed else 0) != data["available"] or balance < 0:
                yield f"{ledger['_id']} has {balance} minutes after {fact['id']}, and says {data}"
        taken = sum(line["held"] + line["consumed"] for line in ledger["lines"])
        came = ledger["granted"] + ledger["carried"] + sum(one["minutes"] for one in ledger["received"])
        left = came - ledger["expired"] - ledger["handed_out"] - taken
        if balance != left or left - ledger["carried_out"] < 0:
            yield f"{ledger['_id']} says {balance} minutes are left, by its sums it is {left}"
        if ledger["sealed"] and left != ledger["carried_out"]:
            yield f"{ledger['_id']} is sealed with {left} minutes, {ledger['carried_out']} were carried on"


def charges_are_bookings(world: World, _people: People, _facts: Facts) -> Iterator[str]:
    """A ledger counts exactly what the bookings say that it pays; nothing is held for an act that never came."""
    expected = {
        (row["paid"]["ledger_id"], row["_id"]): rooms.charge(row)
        for row in documents(world, "spaces", "bookings")
        if row["paid"]
    }
    there: dict[tuple[str, str], tuple[int, int]] = {}
    for ledger in documents(world, "spaces", "ledgers"):
        if ledger["owed"]:
            yield f"{ledger['_id']} owes {ledger['owed']}"
        for line in ledger["lines"]:
            there[(ledger["_id"], line["booking_id"])] = (line["held"], line["consumed"])
            if line["deadline"] is not None:
                yield f"{ledger['_id']} holds {line['held']} for {line['act_id']} until {line['deadline']}"
    for key in sorted(expected.keys() | there.keys()):
        if expected.get(key, (0, 0)) != there.get(key, (0, 0)):
            yield f"{key} is counted {there.get(key)}, it costs {expected.get(key)}"


def carries_arrive(world: World, _people: People, facts: Facts) -> Iterator[str]:
    """What a sealed ledger carried on is in the next, and nothing else is."""
    ledgers = {row["_id"]: row for row in documents(world, "spaces", "ledgers")}
    for ledger in ledgers.values():
        following = ledgers.get(ledger["next_id"])
        carried = 0 if following is None else following["carried"]
        if ledger["carried_out"] != carried:
            yield f"{ledger['_id']} carried {ledger['carried_out']} minutes on, {carried} arrived"
    owed = {(row["_id"], line["key"]): line["minutes"] for row in ledgers.values() for line in row["received"]}
    if sum(owed.values()) != sum(row["handed_out"] for row in ledgers.values()):
        yield f"handed out were {[row['handed_out'] for row in ledgers.values()]}, received {owed}"


MINUTES: tuple[Invariant, ...] = (ledgers_are_balanced, charges_are_bookings, carries_arrive)
