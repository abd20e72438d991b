"""What must hold in the office when it has come to rest. Each looks at documents and messages only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import orjson

from tests.simulation.invariants import Facts, Invariant, documents, effects_once, mails_once
from tests.simulation.office import cast, rooms
from tests.simulation.office.agreement import AGREEMENT
from tests.simulation.office.minutes import MINUTES
from tests.simulation.office.people import People
from tests.simulation.world import World

_ENDS = ("refused", "expired", "displaced", "cancelled", "missed", "used")


def never(_world: World, people: People, _facts: Facts) -> Iterator[str]:
    """What must not be at any moment was not."""
    yield from people.watch.seen


def no_overlap(world: World, _people: People, _facts: Facts) -> Iterator[str]:
    """No two bookings have one part of a room at once, nor less than their buffers between them."""
    by_root: dict[str, list[rooms.Row]] = {}
    for booking in documents(world, "spaces", "bookings"):
        if booking["state"] in rooms.HAVE_SPAN:
            by_root.setdefault(booking["root_id"], []).append(booking)
    for bookings in by_root.values():
        for one, other in rooms.clashing(bookings):
            yield f"{rooms.name(one)} and {rooms.name(other)}"


def claims_are_bookings(world: World, _people: People, _facts: Facts) -> Iterator[str]:
    """Every booking that has its span has exactly its claim on each of its days; every claim is somebody's."""
    bookings = {row["_id"]: row for row in documents(world, "spaces", "bookings")}
    wishes = {row["_id"]: row for row in documents(world, "spaces", "wishes")}
    expected = {
        (f"{row['root_id']}:{day}", row["_id"])
        for row in bookings.values()
        if row["state"] in rooms.HAVE_SPAN
        for day in rooms.days(row)
    }
    there: set[tuple[str, str]] = set()
    now = world.scheduler.now()
    for diary in documents(world, "spaces", "diaries"):
        for claim in diary["claims"]:
            if claim.get("deadline") is not None and claim["deadline"] < now:
                yield f"{claim['id']} is held in {diary['_id']} since {claim['deadline']}"
            if claim["kind"] == "booking":
                there.add((diary["_id"], claim["id"]))
                booking = bookings.get(claim["id"])
                if booking is not None and not _is_of(claim, booking):
                    yield f"{rooms.name(claim)} in {diary['_id']} is not as {rooms.name(booking)}"
            elif claim["kind"] == "offer":
                wish = wishes.get(claim["id"])
                if wish is None or wish["state"] != "offered" or not _is_of(claim, wish):
                    yield f"{rooms.name(claim)} in {diary['_id']} is offered to nobody"
    for diary_id, booking_id in sorted(expected ^ there):
        state = bookings[booking_id]["state"] if booking_id in bookings else "nowhere"
        yield f"{booking_id} is {state}, its claim is {'' if (diary_id, booking_id) in there else 'not '}in {diary_id}"
    for wish in wishes.values():
        offered = [claim for row in documents(world, "spaces", "diaries") for claim in row["claims"] if claim["id"] == wish["_id"]]
        if wish["state"] == "offered" and len(offered) != len(rooms.days(wish)):
            yield f"{rooms.name(wish)} is offered, and has {len(offered)} claims"


def _is_of(claim: rooms.Row, owner: rooms.Row) -> bool:
    same = all(claim[name] == owner[name] for name in ("start", "end", "space_id"))
    buffers = all(claim.get(name, 0) == owner.get(name, 0) for name in ("before", "after"))
    return same and buffers and list(claim.get("parts", ["*"])) == list(owner["parts"])


def a_booking_ends_once(world: World, _people: People, facts: Facts) -> Iterator[str]:
    """Its facts tell one life: asked for once, ended at most once, and as its document says."""
    lives: dict[str, list[str]] = {}
    for fact in sorted(facts.values(), key=lambda fact: str(fact["sequence"])):
        kind = fact["type"].removeprefix("kr.sipbun.spaces.booking.").removesuffix(".v1")
        if fact["source"] == "/sipbun/spaces/bookings" and kind != "doubted":
            lives.setdefault(fact["subject"], []).append(kind)
    for booking in documents(world, "spaces", "bookings"):
        life = lives.get(booking["_id"], [])
        last = "requested" if booking["state"] == "awaiting" else booking["state"]
        ended = [kind for kind in life if kind in _ENDS]
        if life[:1] != ["requested"] or len(set(life)) < len(life) or len(ended) > 1 or life[-1:] != [last]:
            yield f"{booking['_id']} is {booking['state']}, and told {life}"


def hours_are_kept(world: World, _people: People, _facts: Facts) -> Iterator[str]:
    """Nothing to come is booked where or when it is closed by now."""
    now = world.scheduler.now()
    facilities = {row["_id"]: row for row in documents(world, "spaces", "facilities")}
    spaces = {row["_id"]: row for row in documents(world, "spaces", "spaces")}
    for booking in documents(world, "spaces", "bookings"):
        if booking["state"] not in rooms.ACTIVE or booking["start"] <= now:
            continue
        if spaces[booking["space_id"]]["state"] != "open":
            yield f"{rooms.name(booking)} is {booking['state']} in a closed room"
        for closed in _closed(facilities[booking["facility_id"]]):
            if rooms.overlap(booking, closed):
                yield f"{rooms.name(booking)} is {booking['state']}, closed {closed['start']} to {closed['end']}"


def _closed(facility: rooms.Row) -> Iterator[rooms.Row]:
    """Yield when a facility that is always open is closed: on exceptional days, outside their windows."""
    for special in facility["exceptions"]:
        midnight = rooms.instant(f"{special['day']}T00:00:00+09:00")
        at = 0
        for opens, closes in (*special["windows"], (24 * 60, 24 * 60)):
            if at < opens:
                yield {"start": midnight + cast.minutes(at), "end": midnight + cast.minutes(opens)}
            at = closes


def seats_are_shared(world: World, people: People, facts: Facts) -> Iterator[str]:
    """Who has a running subscription to seats is seated or in line, once; nobody else is."""
    running = {
        row["_id"]: row
        for row in documents(world, "spaces", "subscriptions")
        if row["state"] == "active" and row["kind"] == "seat"
    }
    for plan in documents(world, "spaces", "seat_plans"):
        seated = {one["subscription_id"]: one["seat"] for one in plan["occupants"]}
        there = Counter([*seated, *(one["subscription_id"] for one in plan["line"])])
        if there != Counter(running.keys()):
            yield f"{plan['_id']} has {dict(there)} for {sorted(running)}"
        for subscription_id, row in running.items():
            if row["seat"] != seated.get(subscription_id):
                yield f"{subscription_id} says seat {row['seat']}, the plan {seated.get(subscription_id)}"
        promised = len(seated) + sum(one["offered_until"] is not None for one in plan["line"])
        if promised < plan["seats"] and len(plan["line"]) > promised - len(seated):
            yield f"{plan['_id']} has {promised} of {plan['seats']} seats taken or offered, and people wait"
        taken = Counter[str]()
        for fact in sorted(facts.values(), key=lambda fact: str(fact["sequence"])):
            kind = fact["type"].removeprefix("kr.sipbun.spaces.seat.").removesuffix(".v1")
            if fact["subject"] == plan["_id"] and kind in ("taken", "left"):
                taken[fact["data"]["subscription_id"]] += 1 if kind == "taken" else -1
                if sum(taken.values()) > people.most_seats:
                    yield f"{plan['_id']} had {sum(taken.values())} people on {people.most_seats} seats"
        if +taken != Counter(seated.keys()):
            yield f"{plan['_id']} told of {dict(+taken)}, and has {seated}"


def offers_go_round(_world: World, _people: People, facts: Facts) -> Iterator[str]:
    """Each offer is said once a round; a wish ends once."""
    rounds = Counter(
        (fact["subject"], fact["data"]["round"]) for fact in facts.values() if fact["type"].endswith(".offer.made.v1")
    )
    ends = Counter(fact["subject"] for fact in facts.values() if fact["type"].endswith(".wish.ended.v1"))
    yield from (f"{wish} was offered {times} times in round {number}" for (wish, number), times in rounds.items() if times > 1)
    yield from (f"{wish} ended {times} times" for wish, times in ends.items() if times > 1)


def nobody_waits_in_vain(world: World, people: People, _facts: Facts) -> Iterator[str]:
    """Who waits for a span that is free was told so when they asked."""
    now = world.scheduler.now()
    told = {asked["wish_id"] for verb, asked, answer in people.ledger.done if verb == "wish" and answer["free_now"]}
    answered = {asked["wish_id"] for verb, asked, _ in people.ledger.done if verb == "wish"}
    diaries = {row["_id"]: row["claims"] for row in documents(world, "spaces", "diaries")}
    closed = {row["_id"]: list(_closed(row)) for row in documents(world, "spaces", "facilities")}
    spaces = {row["_id"]: row for row in documents(world, "spaces", "spaces")}
    struck = {row["resident_id"] for row in documents(world, "spaces", "conduct_records")}
    for wish in documents(world, "spaces", "wishes"):
        if wish["state"] != "waiting" or wish["_id"] in told or wish["_id"] not in answered or wish["start"] <= now:
            continue
        claims = [claim for day in rooms.days(wish) for claim in diaries.get(f"{wish['root_id']}:{day}", ())]
        is_shut = any(rooms.overlap(wish, one) for one in closed[wish["facility_id"]])
        if is_shut or spaces[wish["space_id"]]["state"] != "open" or wish["resident_id"] in struck:
            continue
        if wish["facility_id"] not in people.hosts.changed_days and not any(rooms.clash(wish, one) for one in claims):
            yield f"{rooms.name(wish)} waits for what is free"


def ended_subscriptions_pay_nothing(world: World, _people: People, _facts: Facts) -> Iterator[str]:
    """What would be paid by a subscription that has ended is not booked any more."""
    now = world.scheduler.now()
    ended = {row["_id"] for row in documents(world, "spaces", "subscriptions") if row["state"] == "ended"}
    for booking in documents(world, "spaces", "bookings"):
        paid = booking["paid"] and booking["paid"]["subscription_id"]
        if booking["state"] in rooms.ACTIVE and booking["start"] > now and paid in ended:
            yield f"{rooms.name(booking)} is {booking['state']}, {paid} has ended"


def strikes_are_counted(world: World, _people: People, facts: Facts) -> Iterator[str]:
    """Each no-show is one strike, and one that was cleared costs nothing."""
    missed = {fact["subject"]: fact["data"]["resident_id"] for fact in facts.values() if fact["type"].endswith(".booking.missed.v1")}
    strikes = [
        (row["resident_id"], strike) for row in documents(world, "spaces", "conduct_records") for strike in row["strikes"]
    ]
    there = Counter((resident, strike["booking_id"]) for resident, strike in strikes)
    if there != Counter((resident, booking) for booking, resident in missed.items()):
        yield f"missed were {missed}, struck {dict(there)}"
    bookings = {row["_id"]: row for row in documents(world, "spaces", "bookings")}
    for resident, strike in strikes:
        charged = bookings[strike["booking_id"]]["charged"]
        is_free = strike["state"] == "cleared" and strike["how"] != "forgiven"
        if is_free != (charged == 0) and strike["how"] != "forgiven":
            yield f"{resident} pays {charged} for {strike['booking_id']}, which is {strike['state']} {strike['how']}"


def letters_once(world: World, _people: People, facts: Facts) -> Iterator[str]:
    """Each person has exactly one letter for each fact of theirs that has something to tell."""
    wanted: Counter[tuple[str, str, str]] = Counter()
    for fact in facts.values():
        letter = _letter(fact["type"].removeprefix("kr.sipbun.spaces.").removesuffix(".v1"), fact["data"])
        if letter is not None:
            wanted[letter] += 1
    there = Counter((row["kind"], row["about"], row["resident"]) for row in documents(world, "notifications", "letters"))
    for key in wanted.keys() | there.keys():
        if wanted[key] != there[key]:
            yield f"{key} has {there[key]} letters for {wanted[key]} facts"


def _letter(kind: str, data: rooms.Row) -> tuple[str, str, str] | None:
    """Return kind, about and resident of the letter that a fact should cause."""
    subject, _, verb = kind.partition(".")
    resident = data.get("resident_id", "")
    if subject == "booking" and verb in ("confirmed", "refused", "expired", "displaced", "cancelled", "missed", "doubted"):
        return (f"booking_{verb}", data["booking_id"], resident)
    if subject == "conduct" and verb in ("struck", "cleared", "answered"):
        return (f"conduct_{verb}", data["booking_id"], resident)
    if subject == "seat" and verb in ("taken", "queued"):
        return (f"seat_{verb}", data["subscription_id"], resident)
    if kind == "seat.offered":
        return ("seat_offered", data["subscription_id"], resident)
    if kind == "offer.made":
        return ("offer_made", data["wish_id"], resident)
    if kind == "wish.ended" and data["how"] in ("lapsed", "passed"):
        return ("wish_ended", data["wish_id"], resident)
    if kind == "case.opened" and data["owner"] == "facility":
        return ("case_opened", data["booking_id"], resident)
    if kind == "case.resolved" and data["resolution"] == "kept":
        return ("case_kept", data["booking_id"], resident)
    return None


#: What somebody was told is done -> the fact that says so, about which id.
_SAID = {
    "open_facility": ("facility.opened", "facility_id"),
    "open_space": ("space.opened", "space_id"),
    "close_space": ("space.closed", "space_id"),
    "offer": ("plan.offered", "plan_id"),
    "connect_feed": ("feed.connected", "feed_id"),
    "subscribe": ("subscription.started", "subscription_id"),
    "pause": ("subscription.paused", "subscription_id"),
    "resume": ("subscription.resumed", "subscription_id"),
    "request": ("booking.requested", "booking_id"),
    "cancel": ("booking.cancelled", "booking_id"),
    "wish": ("wish.made", "wish_id"),
    "withdraw": ("wish.ended", "wish_id"),
    "take_alternative": ("booking.requested", "booking_id"),
}


def acts_have_effects(_world: World, people: People, facts: Facts) -> Iterator[str]:
    """What somebody was told is done has said its fact."""
    said = {(fact["type"].removeprefix("kr.sipbun.spaces.").removesuffix(".v1"), fact["subject"]) for fact in facts.values()}
    for verb, asked, answer in people.ledger.done:
        known = _SAID.get(verb)
        if known is not None and (known[0], asked[known[1]]) not in said:
            yield f"{verb} {asked[known[1]]} was done, and nothing says {known[0]}"
        if verb == "answer" and not {("booking.confirmed", asked["booking_id"]), ("booking.refused", asked["booking_id"])} & said:
            yield f"{asked['booking_id']} was answered, and nothing says so"
        if verb == "check_in" and ("booking.checked_in", asked["booking_id"]) not in said:
            yield f"{asked['booking_id']} was checked in, and nothing says so"
        if verb == "end" and asked.get("at_once") and ("subscription.ended", asked["subscription_id"]) not in said:
            yield f"{asked['subscription_id']} was ended, and nothing says so"
        if verb == "decide" and answer["state"] == "resolved" and ("case.resolved", asked["case_id"]) not in said:
            yield f"{asked['case_id']} was decided, and nothing says so"
        if verb == "tell" and (asked["source"], asked["id"]) not in facts:
            yield f"{asked['source']} {asked['id']} was told, and is nowhere"


def nothing_is_dead(world: World, _people: People, _facts: Facts) -> Iterator[str]:
    """Everybody knows what to do with everything that is said here."""
    for name, queue in world.broker.queues.items():
        if name.endswith(".dead") or name == "city.parked":
            for delivery in queue.messages():
                event = orjson.loads(delivery.body)
                why = [
                    reason.get("why")
                    for service in world.databases
                    for reason in documents(world, service, "dead_reasons")
                ]
                yield f"{event['type']} {event['id']} is in {name}: {why}"


INVARIANTS: tuple[Invariant, ...] = (
    never,
    no_overlap,
    claims_are_bookings,
    a_booking_ends_once,
    hours_are_kept,
    seats_are_shared,
    offers_go_round,
    nobody_waits_in_vain,
    ended_subscriptions_pay_nothing,
    strikes_are_counted,
    letters_once,
    acts_have_effects,
    nothing_is_dead,
    effects_once,
    mails_once,
    *MINUTES,
    *AGREEMENT,
)
