"""What must hold of places, attendance and evaluations when the town has come to rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from shared.clock import from_iso
from tests.simulation.folk import SERVICE, TENANT
from tests.simulation.invariants import PLACE_WITHDRAWN, SELECTED, Facts, Invariant, documents
from tests.simulation.pay.people import People
from tests.simulation.world import World

OFFERED = "kr.sipbun.placement.offer.made.v1"
WAITLISTED = "kr.sipbun.placement.application.waitlisted.v1"
ENDED = "kr.sipbun.placement.application.closed.v1"
ATTENDED = "kr.sipbun.placement.attendance.settled.v1"
COMPLETED = "kr.sipbun.placement.placement.completed.v1"
EVALUATED = "kr.sipbun.placement.evaluation.opened.v1"
PAID = "kr.sipbun.placement.allowance.paid.v1"
RETURNED = "kr.sipbun.placement.allowance.returned.v1"
HELD_BACK = "kr.sipbun.placement.allowance.held_back.v1"
#: Facts of which one resident has one letter each: what it is called, and what it is about.
LETTERS = {
    SELECTED: ("selected", "opening_id"),
    PLACE_WITHDRAWN: ("place_withdrawn", "opening_id"),
    ENDED: ("closed", "opening_id"),
    OFFERED: ("place_offered", "opening_id"),
    WAITLISTED: ("waitlisted", "opening_id"),
    EVALUATED: ("evaluation_opened", "opening_id"),
    PAID: ("allowance_paid", "pay_month_id"),
    RETURNED: ("allowance_returned", "pay_month_id"),
    HELD_BACK: ("allowance_held_back", "pay_month_id"),
}
#: Reasons for which an application ends and another letter has told it, or the resident has said it.
TOLD_OTHERWISE = ("offer_expired", "offer_declined")


def never(_world: World, people: People, _facts: Facts) -> Iterator[str]:
    """What must not be at any moment was not."""
    yield from people.watch.seen


def key_of(fact: dict[str, Any]) -> str:
    """Return which place a fact is about."""
    return f"{fact['data']['application_id']}:{fact['data']['attempt']}"


def no_overfill(world: World, _people: People, facts: Facts) -> Iterator[str]:
    """What an opening said of its places never passed what it has, and ends with who is there."""
    for opening in documents(world, "placement", "openings"):
        history = sorted(
            (fact["sequence"], fact["type"])
            for fact in facts.values()
            if fact["subject"] == opening["_id"] and fact["type"] in (SELECTED, PLACE_WITHDRAWN)
        )
        taken = 0
        for sequence, said in history:
            taken += 1 if said == SELECTED else -1
            if not 0 <= taken <= opening["places"]:
                yield f"{opening['_id']} had {taken} of {opening['places']} places taken at {sequence}"
        if taken != len(opening["placements"]):
            yield f"{opening['_id']} told of {taken} places and has {len(opening['placements'])}"
        if opening["offers"]:
            yield f"{opening['_id']} still offers a place to {[offer['resident_id'] for offer in opening['offers']]}"


def applications_agree(world: World, _people: People, _facts: Facts) -> Iterator[str]:
    """Who has a place is selected, and nobody else is; nobody waits in vain."""
    openings = {row["_id"]: row for row in documents(world, "placement", "openings")}
    for application in documents(world, "placement", "applications"):
        opening = openings[application["opening_id"]]
        placed = any(place["application_id"] == application["_id"] for place in opening["placements"])
        if placed != (application["state"] == "selected"):
            yield f"{application['_id']} is {application['state']}, placed: {placed}"
        if application["state"] in ("pending", "waitlisted") and opening["state"] in ("closed", "cancelled"):
            yield f"{application['_id']} is {application['state']}, the opening is {opening['state']}"


def claims_are_places(world: World, _people: People, _facts: Facts) -> Iterator[str]:
    """A resident's claims are exactly their places; nothing is held any more."""
    placed = {
        (place["resident_id"], f"{place['application_id']}:{place['attempt']}")
        for opening in documents(world, "placement", "openings")
        for place in opening["placements"]
    }
    claimed = set()
    for known in documents(world, "placement", "participations"):
        for claim in known["claims"]:
            if claim["state"] == "held":
                yield f"{known['_id']} still holds {claim['key']}"
            elif claim["state"] == "taken":
                claimed.add((known["_id"], claim["key"]))
    for resident, key in placed ^ claimed:
        yield f"{resident}: {key} is {'a place without a claim' if (resident, key) in placed else 'a claim to no place'}"


def offers_in_time(_world: World, _people: People, facts: Facts) -> Iterator[str]:
    """Who was asked took the place in time, or not at all."""
    until: dict[str, str] = {}
    for fact in facts.values():
        if fact["type"] == OFFERED:
            until[key_of(fact)] = max(fact["data"]["until"], until.get(key_of(fact), ""))
    for fact in facts.values():
        end = until.get(key_of(fact)) if fact["type"] == SELECTED else None
        if end is not None and from_iso(fact["time"]) >= from_iso(end):
            yield f"{key_of(fact)} took a place at {fact['time']} that was offered until {end}"


def attendance_is_settled(world: World, _people: People, facts: Facts) -> Iterator[str]:
    """Every place has its sheets, each settled, void, or waiting for a person; each revision was said once."""
    sheets = {row["_id"]: row for row in documents(world, "placement", "sheets")}
    for opening in documents(world, "placement", "openings"):
        for place in (*opening["placements"], *opening["left"]):
            for number in range(len(opening["shifts"])):
                if f"{place['application_id']}:{place['attempt']}:{number}" not in sheets:
                    yield f"{place['application_id']}:{place['attempt']} has no sheet of its shift {number}"
    now = world.scheduler.now()
    for sheet in sheets.values():
        if sheet["state"] == "open" and not sheet["unclear"]:
            yield f"{sheet['_id']} is still open"
        if sheet.get("due") is not None and sheet["due"] < now:
            yield f"{sheet['_id']} is due since {sheet['due']}"
    said = Counter(
        (fact["data"]["attendance_id"], fact["data"]["revision"]) for fact in facts.values() if fact["type"] == ATTENDED
    )
    there = Counter((sheet["_id"], one["number"]) for sheet in sheets.values() for one in sheet["revisions"])
    for name in said.keys() | there.keys():
        if said[name] != there[name]:
            yield f"{name[0]} has {there[name]} revisions {name[1]}, {said[name]} were told"


def completed_once(world: World, _people: People, facts: Facts) -> Iterator[str]:
    """A place's work is done when all its shifts are settled, some with work; it is done once, whatever is corrected."""
    sheets: dict[str, list[dict[str, Any]]] = {}
    for sheet in documents(world, "placement", "sheets"):
        sheets.setdefault(sheet["placement"], []).append(sheet)
    told: dict[str, list[dict[str, Any]]] = {}
    for fact in facts.values():
        if fact["type"] == COMPLETED:
            told.setdefault(key_of(fact), []).append(fact)
    for key, said in told.items():
        first = min(from_iso(fact["time"]) for fact in said)
        for sheet in sheets[key]:
            if sheet["state"] != "void" and (not sheet["revisions"] or sheet["revisions"][0]["at"] > first):
                yield f"{key} was done at {first}, {sheet['_id']} was not"
        if sum(not fact["data"].get("again", False) for fact in said) != 1:
            yield f"{key} was completed {sum(not fact['data'].get('again', False) for fact in said)} times"
        if len({fact["data"]["revision"] for fact in said}) < len(said):
            yield f"{key} said one revision of its work twice"
    for key, those in sheets.items():
        done = all(sheet["state"] in ("settled", "void") for sheet in those)
        minutes = sum(sheet["revisions"][-1]["minutes"] for sheet in those if sheet["revisions"])
        if done and minutes and key not in told:
            yield f"{key} has {minutes} minutes, and nothing says that it is done"
        latest = max(told.get(key, ()), key=lambda fact: fact["data"]["revision"], default=None)
        if done and minutes and latest is not None and latest["data"]["minutes"] != minutes:
            yield f"{key} has {minutes} minutes, it said {latest['data']['minutes']}"


def evaluated_after_work(world: World, people: People, facts: Facts) -> Iterator[str]:
    """Nobody evaluates before the work was confirmed; everybody may afterwards; all is revealed in the end."""
    completed = {key_of(fact): fact["time"] for fact in facts.values() if fact["type"] == COMPLETED}
    evaluations = {row["_id"]: row for row in documents(world, "placement", "evaluations")}
    for key in evaluations.keys() ^ completed.keys():
        yield f"{key} {'may be evaluated, and was not done' if key in evaluations else 'is done and has no evaluation'}"
    for key, row in evaluations.items():
        if row["revealed_at"] is None:
            yield f"{key} is not revealed"
        if len({word["side"] for word in row["words"]}) < len(row["words"]):
            yield f"{key} has two words of one side"
    for verb, asked, _ in people.ledger.done:
        if verb == "evaluate" and asked["placement_id"] not in completed:
            yield f"{asked['actor']} evaluated {asked['placement_id']}, where nobody had worked"


def letters_once(world: World, _people: People, facts: Facts) -> Iterator[str]:
    """Each resident has exactly one letter for each fact of theirs."""
    wanted: Counter[tuple[str, str, str]] = Counter()
    for fact in facts.values():
        if fact["type"] in LETTERS and fact["data"].get("reason") not in TOLD_OTHERWISE:
            kind, about = LETTERS[fact["type"]]
            wanted[(kind, fact["data"][about], fact["data"]["resident_id"])] += 1
    kinds = {kind for kind, _ in LETTERS.values()}
    there = Counter(
        (letter["kind"], letter["about"], letter["resident"])
        for letter in documents(world, "notifications", "letters")
        if letter["kind"] in kinds
    )
    for key in wanted.keys() | there.keys():
        if wanted[key] != there[key]:
            yield f"{key} has {there[key]} letters for {wanted[key]} facts"


def attendance_figures(world: World, _people: People, _facts: Facts) -> Iterator[str]:
    """The figures of attendance are what the sheets come to."""
    sheets = [row for row in documents(world, "placement", "sheets") if row["revisions"]]
    count: Counter[str] = Counter(settled=len(sheets))
    for sheet in sheets:
        count["worked_minutes"] += sheet["revisions"][-1]["minutes"]
        count[sheet["revisions"][-1]["result"]] += 1
        count["corrections"] += len(sheet["revisions"]) - 1
    count["completed"] = len(documents(world, "placement", "evaluations"))
    figures = world.call("statistics_figures", "figures", token=SERVICE, tenant=TENANT, about="attendance")["total"]
    for name in ("settled", "worked_minutes", "worked", "partly", "absent", "excused", "corrections", "completed"):
        if (figures[name] or 0) != count[name]:
            yield f"figure {name} is {figures[name]}, the sheets come to {count[name]}"


WORK: tuple[Invariant, ...] = (
    never,
    no_overfill,
    applications_agree,
    claims_are_places,
    offers_in_time,
    attendance_is_settled,
    completed_once,
    evaluated_after_work,
    letters_once,
    attendance_figures,
)
