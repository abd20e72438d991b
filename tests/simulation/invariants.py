"""What must hold when the town has come to rest. Each looks at documents and messages, never at the code under test.

The archive of everything a publisher was told is safe (``broker.confirmed``) is read independently of the services.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import orjson

from shared.messaging.message import PARKED
from tests.simulation.folk import SERVICE, TENANT, Folk
from tests.simulation.people import People
from tests.simulation.world import RUNNING, World

SELECTED = "kr.sipbun.placement.placement.selected.v1"
PLACE_WITHDRAWN = "kr.sipbun.placement.placement.withdrawn.v1"
SUBMITTED = "kr.sipbun.placement.application.submitted.v1"
ENDED = "kr.sipbun.placement.application.closed.v1"
PUBLISHED = "kr.sipbun.placement.opening.published.v1"
CANCELLED = "kr.sipbun.placement.opening.cancelled.v1"
CLOSED = "kr.sipbun.placement.opening.closed.v1"
FILLED = "kr.sipbun.placement.opening.filled.v1"
SHELTER = "kr.muni1.shelter.opened.v1"

Facts = dict[tuple[str, str], dict[str, Any]]
Invariant = Callable[[World, Any, Facts], Iterator[str]]


def facts_told(world: World) -> Facts:
    """Return every event that a publisher was told is safe, by (source, id)."""
    told = (orjson.loads(message.body) for message in world.broker.confirmed)
    return {(event["source"], event["id"]): event for event in told}


def no_overfill(world: World, _people: People, facts: Facts) -> Iterator[str]:
    """No opening ever gave more places than it has, at any moment of its history."""
    for opening in documents(world, "placement", "openings"):
        if len(opening["placements"]) > opening["places"]:
            yield f"{opening['_id']} has {len(opening['placements'])} placements in {opening['places']} places"
        history = sorted(
            (fact["sequence"], fact["type"])
            for fact in facts.values()
            if fact["subject"] == opening["_id"] and fact["type"] in (SELECTED, PLACE_WITHDRAWN)
        )
        taken = 0
        for sequence, fact_type in history:
            taken += 1 if fact_type == SELECTED else -1
            if not 0 <= taken <= opening["places"]:
                yield f"{opening['_id']} had {taken} of {opening['places']} places taken at {sequence}"
        if taken != len(opening["placements"]):
            yield f"{opening['_id']} told of {taken} places and has {len(opening['placements'])}"


def one_fill_a_round(_world: World, _people: People, facts: Facts) -> Iterator[str]:
    """``opening.filled`` is said once for each (opening, round)."""
    rounds = Counter((fact["subject"], fact["data"]["round"]) for fact in facts.values() if fact["type"] == FILLED)
    for (opening_id, number), times in rounds.items():
        if times > 1:
            yield f"{opening_id} was filled {times} times in round {number}"


def budget_is_kept(world: World, people: People, _facts: Facts) -> Iterator[str]:
    """What openings may cost never passes the ceiling, and the budget counts exactly that."""
    wanted: Counter[str] = Counter()
    promised: Counter[str] = Counter()
    for opening in documents(world, "placement", "openings"):
        minutes = sum((shift["end"] - shift["start"]).total_seconds() // 60 for shift in opening["shifts"])
        a_place = -(-int(minutes) * opening["hourly_won"] // 60)
        given = sum(
            a_place if place["earned"] is None else place["earned"] for place in (*opening["placements"], *opening["left"])
        )
        promised[opening["programme_id"]] += given
        wanted[opening["programme_id"]] += a_place * opening["places"] if opening["state"] in RUNNING else given
    for budget in documents(world, "placement", "budgets"):
        if budget["holds"]:
            yield f"{budget['_id']} still holds {[hold['act_id'] for hold in budget['holds']]}"
        if budget["moving"]:
            yield f"{budget['_id']} still moves {[row['opening_id'] for row in budget['moving']]}"
        if budget["committed"] != promised[budget["_id"]]:
            yield f"{budget['_id']} counts {budget['committed']} won promised, it is {promised[budget['_id']]}"
        if budget["granted"] != wanted[budget["_id"]]:
            yield f"{budget['_id']} counts {budget['granted']} won, its openings may cost {wanted[budget['_id']]}"
    if max_granted(world) > people.ceiling:
        yield f"the narrow programme's openings cost {max_granted(world)} won of {people.ceiling}"


def max_granted(world: World) -> int:
    """Return the most the narrow programme's openings could cost at once, from what they said."""
    return max(world.granted_over_time, default=0)


def effects_once(world: World, _people: Folk, facts: Facts) -> Iterator[str]:
    """Each fact is archived exactly once, and nothing else is."""
    archived = Counter(
        (row["event"]["source"], row["event"]["id"])
        for row in documents(world, "statistics", "archive")
    )
    refused = dead_or_parked(world)
    for key in archived.keys() - facts.keys():
        yield f"{key} is archived, and nobody said it"
    for key, fact in facts.items():
        expected = 0 if key in refused else 1
        if archived[key] != expected:
            yield f"{fact['type']} {fact['id']} of {fact['source']} is archived {archived[key]} times"


def letters_once(world: World, _people: People, facts: Facts) -> Iterator[str]:
    """Each person has exactly one letter for each fact of theirs."""
    kinds = {SELECTED: "selected", ENDED: "closed", PLACE_WITHDRAWN: "place_withdrawn"}
    wanted: Counter[tuple[str, str, str]] = Counter()
    for fact in facts.values():
        if fact["type"] in kinds:
            wanted[(kinds[fact["type"]], fact["data"]["opening_id"], fact["data"]["resident_id"])] += 1
    there = Counter(
        (letter["kind"], letter["about"], letter["resident"])
        for letter in documents(world, "notifications", "letters")
        if letter["kind"] in kinds.values()
    )
    for key in wanted.keys() | there.keys():
        if wanted[key] != there[key]:
            yield f"{key} has {there[key]} letters for {wanted[key]} facts"


def news_once(world: World, people: People, facts: Facts) -> Iterator[str]:
    """Everyone who lives in reach of an opening, and nobody else, has at most one letter about it."""
    published = {fact["subject"] for fact in facts.values() if fact["type"] == PUBLISHED}
    letters = [row for row in documents(world, "notifications", "letters") if row["kind"] == "published"]
    for (about, resident), times in Counter((row["about"], row["resident"]) for row in letters).items():
        if times > 1 or about not in published or resident not in people.ledger.neighbours:
            yield f"{resident} has {times} letters of news about {about}"
    for resident, since in people.ledger.neighbours.items():
        for fact in facts.values():
            told = any(row["about"] == fact["subject"] and row["resident"] == resident for row in letters)
            if fact["type"] == PUBLISHED and fact["time"] > since and not told:
                yield f"{resident} lives in reach of {fact['subject']} since {since} and was not told"


def mails_once(world: World, _people: Folk, _facts: Facts) -> Iterator[str]:
    """No mail goes out twice, and every letter to somebody with an address went out once."""
    accepted = Counter(mail.message_id for mail in world.mails.mails)
    for message_id, times in accepted.items():
        if times > 1:
            yield f"mail {message_id} went out {times} times"
    sent = [row for row in documents(world, "notifications", "letters") if row["mail"]["s"] == "sent"]
    beyond = [row for row in documents(world, "notifications", "letters") if world.is_beyond_the_log(row)]
    if not len(sent) <= len(accepted) <= len(sent) + len(beyond):
        yield f"{len(sent)} letters say their mail went out, the mail server took {len(accepted)}"
    for letter in documents(world, "notifications", "letters"):
        if letter["mail"]["s"] in ("new", "sending", "unknown", "failed") and not world.is_beyond_the_log(letter):
            yield f"letter {letter['_id']} is {letter['mail']['s']}"


def reopened_in_time(_world: World, people: People, facts: Facts) -> Iterator[str]:
    """An opening that nobody closed or called off is closed by its deadline only."""
    ended = {asked["opening_id"] for verb, asked, _ in people.ledger.done if verb in ("close", "cancel")}
    deadlines = {fact["subject"]: fact["data"]["deadline"] for fact in facts.values() if fact["type"] == PUBLISHED}
    for fact in facts.values():
        if fact["type"] != CLOSED or fact["subject"] in ended | people.ledger.given_up:
            continue
        if fact["subject"] not in deadlines:
            yield f"{fact['subject']} closed, and nobody said that it was published"
        elif fact["time"] < deadlines[fact["subject"]]:
            yield f"{fact['subject']} closed at {fact['time']}, before its deadline"


def nobody_waits_in_vain(world: World, _people: People, _facts: Facts) -> Iterator[str]:
    """No application of an opening that neither is open nor selects is pending; the others say what the opening says."""
    openings = {opening["_id"]: opening for opening in documents(world, "placement", "openings")}
    for application in documents(world, "placement", "applications"):
        opening = openings[application["opening_id"]]
        placed = any(place["application_id"] == application["_id"] for place in opening["placements"])
        if application["state"] == "pending" and opening["state"] not in ("open", "selecting"):
            yield f"{application['_id']} is pending, the opening is {opening['state']}"
        if placed != (application["state"] == "selected"):
            yield f"{application['_id']} is {application['state']}, placed: {placed}"


def acts_have_effects(_world: World, people: People, facts: Facts) -> Iterator[str]:
    """What somebody was told is done has said its fact."""
    said = Counter((fact["type"], fact["data"].get("opening_id"), fact["data"].get("resident_id")) for fact in facts.values())
    for verb, asked, answer in people.ledger.done:
        if verb == "publish" and not said[(PUBLISHED, asked["opening_id"], None)]:
            yield f"{asked['opening_id']} was published, and nothing says so"
        if verb == "select" and not said[(SELECTED, asked["opening_id"], asked["resident_id"])]:
            yield f"{asked['resident_id']} was selected for {asked['opening_id']}, and nothing says so"
        if verb == "apply" and said[(SUBMITTED, asked["opening_id"], asked["actor"])] < answer["attempt"]:
            yield f"{asked['actor']} applied for {asked['opening_id']}, and nothing says so"
        if verb == "cancel" and not said[(CANCELLED, asked["opening_id"], None)]:
            yield f"{asked['opening_id']} was cancelled, and nothing says so"
        if verb == "tell" and (asked["source"], asked["id"]) not in facts:
            yield f"{asked['source']} {asked['id']} was told, and is nowhere"


def figures_are_true(world: World, _people: People, facts: Facts) -> Iterator[str]:
    """The figures equal a plain count of what was said."""
    told = [fact for fact in facts.values() if fact["type"].startswith("kr.sipbun.placement.")]
    cancelled = {fact["subject"] for fact in told if fact["type"] == CANCELLED}
    count: dict[str, int] = Counter()
    for fact in told:
        if fact["type"] == PUBLISHED and fact["subject"] not in cancelled:
            count["places"] += fact["data"]["places"]
        count["applications"] += fact["type"] == SUBMITTED and fact["data"]["attempt"] == 1
        count["filled"] += (fact["type"] == SELECTED) - (fact["type"] == PLACE_WITHDRAWN)
    figures = world.call("statistics_figures", "figures", token=SERVICE, tenant=TENANT)["total"]
    for name in ("places", "applications", "filled"):
        if (figures[name] or 0) != count[name]:
            yield f"figure {name} is {figures[name]}, said were {count[name]}"


def everything_is_somewhere(world: World, _people: People, facts: Facts) -> Iterator[str]:
    """What nobody knows is parked, what is wrong is dead with a reason, and nothing else is."""
    parked = {delivery.message_id for delivery in world.broker.queues[PARKED].messages()}
    for fact in facts.values():
        if fact["type"].endswith(".v9") and fact["id"] not in parked:
            yield f"{fact['type']} is not parked"
    for name, service in (("statistics.archive", "statistics"), ("notifications.letters", "notifications")):
        dead = {orjson.loads(delivery.body)["id"] for delivery in world.broker.queues[f"{name}.dead"].messages()}
        told = {fact["id"] for fact in facts.values() if fact["type"] == SHELTER} & {"3", "4"}
        reasons = documents(world, service, "dead_reasons")
        if dead != told or len(reasons) < len(told) or not all(reason["why"] for reason in reasons):
            yield f"in {name} {sorted(dead)} are dead for {len(reasons)} reasons; {sorted(told)} were wrong"
    for name, queue in world.broker.queues.items():
        if not name.endswith(".dead"):
            continue
        for delivery in queue.messages():
            event = orjson.loads(delivery.body)
            if event["id"] not in ("3", "4") or event["type"] != SHELTER:
                yield f"{event['type']} {event['id']} is dead in {name}: {delivery.headers.get('x-death')}"


def dead_or_parked(world: World) -> set[tuple[str, str]]:
    """Return the events that nobody took, by (source, id)."""
    refused = set()
    for name in ("statistics.archive.dead", PARKED):
        for delivery in world.broker.queues[name].messages():
            event = orjson.loads(delivery.body)
            refused.add((event["source"], event["id"]))
    return refused


def documents(world: World, service: str, collection: str) -> list[dict[str, Any]]:
    """Return what is in a collection, tombstones aside."""
    everything = world.databases[service].collection(collection).everything()
    return [document for document in everything if not document.get("tombstone")]


INVARIANTS: tuple[Invariant, ...] = (
    no_overfill,
    one_fill_a_round,
    budget_is_kept,
    effects_once,
    letters_once,
    news_once,
    mails_once,
    reopened_in_time,
    nobody_waits_in_vain,
    acts_have_effects,
    figures_are_true,
    everything_is_somewhere,
)
