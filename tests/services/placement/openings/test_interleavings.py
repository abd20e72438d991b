"""Whatever happens in whatever order: never over-filled, never two offers for a place or two places for a resident."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import CrossesTheDoor
from tests.services.placement.office import OFFICER
from tests.services.placement.openings.hall import Hall, a_hall

RESIDENTS = st.integers(1, 6)
OPENINGS = st.sampled_from(["opn-1", "opn-2"])
MODES = st.sampled_from(["officer", "first_come", "ranked", "draw"])
ONE = st.one_of(
    st.tuples(st.sampled_from(["apply", "withdraw", "select", "accept", "decline", "release"]), OPENINGS, RESIDENTS),
    st.tuples(st.sampled_from(["rank", "close", "cancel"]), OPENINGS, st.just(0)),
    st.tuples(st.sampled_from(["sweep", "limits", "hear", "hear one", "hear again"]), OPENINGS, st.just(0)),
    st.tuples(st.just("wait"), OPENINGS, st.sampled_from([1, 30, 61, 360])),
)
STEPS = st.lists(ONE, max_size=60)
#: Somebody else's steps, and after how many steps of the database the first one sleeps until they are done.
RACES = st.lists(st.tuples(ONE, st.lists(st.tuples(st.integers(1, 12), ONE), max_size=3)), max_size=25)


def check(hall: Hall) -> None:
    """Look at every opening as it is."""
    for name in ("opn-1", "opn-2"):
        opening = hall.opening(name)
        asked = [one.resident_id for one in (*opening.placements, *opening.offers)]
        assert len(asked) <= opening.terms.places
        assert len(asked) == len(set(asked))
        assert not opening.offers or opening.state == "selecting"


def step(hall: Hall, verb: str, name: str, number: int, heard: list[Any]) -> None:
    """Take one step; what a rule refuses is refused."""
    if verb == "apply":
        hall.applies(number, opening_id=name)
    elif verb == "withdraw":
        hall.withdraws(number, name)
    elif verb == "select":
        hall.selects(number, name)
    elif verb == "accept":
        hall.accepts(number, name)
    elif verb == "decline":
        hall.declines(number, name)
    elif verb == "release":
        named = {"opening_id": name, "resident_id": f"res-{number}"}
        hall.desk.release_place(OFFICER, act_id=hall.act_id(), **named)
    elif verb == "rank":
        hall.selection.rank(OFFICER, act_id=hall.act_id(), opening_id=name)
    elif verb == "close":
        hall.desk.close(OFFICER, act_id=hall.act_id(), opening_id=name)
    elif verb == "cancel":
        hall.desk.cancel(OFFICER, act_id=hall.act_id(), opening_id=name, reason="시설 공사")
    elif verb == "sweep":
        hall.desk.close_overdue()
        hall.selection.sweep()
    elif verb == "limits":
        hall.limits.sweep()
    elif verb == "hear":
        heard += hall.hears()
    elif verb == "hear one":
        events = hall.collects()
        hall.waiting += events[1:]
        hall.takes(events[:1])
    elif verb == "hear again":
        hall.takes(heard[::-1])
    else:
        hall.clock.move(timedelta(minutes=number))


@settings(max_examples=150, deadline=None)
@given(STEPS, MODES, MODES, st.integers(1, 3), st.booleans())
def test_no_interleaving_gives_or_offers_too_much(
    steps: list[tuple[str, str, int]], first: str, second: str, places: int, waitlist: bool
) -> None:
    hall = a_hall()
    hall.an_opening("opn-1", mode=first, places=places, waitlist=waitlist)
    hall.an_opening("opn-2", mode=second, places=1, waitlist=not waitlist)
    heard: list[Any] = []

    for verb, name, number in steps:
        take(hall, (verb, name, number), heard)
        check(hall)
    must_be_well(hall)


@dataclass
class Sleep:
    """Stands at every step of the database, and lets others act while one sleeps there."""

    hall: Hall | None = None
    waits: list[tuple[int, tuple[str, str, int]]] = field(default_factory=list)
    heard: list[Any] = field(default_factory=list)
    asleep: bool = False

    def __call__(self, _what: str) -> None:
        """Count a step."""
        if self.asleep or not self.waits:
            return
        left, other = self.waits[0]
        if left > 1:
            self.waits[0] = (left - 1, other)
            return
        self.waits.pop(0)
        self.asleep = True
        try:
            take(self.hall, other, self.heard)
        finally:
            self.asleep = False


def take(hall: Hall | None, asked: tuple[str, str, int], heard: list[Any]) -> None:
    """Take one step; a refusal is an answer."""
    assert hall is not None
    with suppress(CrossesTheDoor):
        step(hall, *asked, heard)


@settings(max_examples=200, deadline=None)
@given(RACES, MODES, MODES, st.integers(1, 2), st.booleans())
def test_no_race_gives_or_offers_too_much(
    races: list[tuple[tuple[str, str, int], list[tuple[int, tuple[str, str, int]]]]],
    first: str,
    second: str,
    places: int,
    waitlist: bool,
) -> None:
    sleep = Sleep()
    hall = sleep.hall = a_hall(step=sleep)
    hall.an_opening("opn-1", mode=first, places=places, waitlist=waitlist)
    hall.an_opening("opn-2", mode=second, places=1, waitlist=not waitlist)
    for number in (1, 2, 3):
        for name in ("opn-1", "opn-2"):
            hall.applies(number, opening_id=name)

    for asked, others in races:
        sleep.waits = list(others)
        take(hall, asked, sleep.heard)
        sleep.waits = []
        check(hall)
    must_be_well(hall)


def must_be_well(hall: Hall) -> None:
    """At rest nobody waits in vain, everybody is told the truth, and the limits know who has a place."""
    hall.passes(minutes=2)
    check(hall)
    facts = {event.id: event for event in hall.said}.values()
    for name in ("opn-1", "opn-2"):
        opening = hall.opening(name)
        states = hall.states(name)
        placed = {int(one.resident_id[4:]) for one in opening.placements}
        assert {number for number, state in states.items() if state == "selected"} == placed
        assert opening.lapsed == ()
        if opening.state not in ("open", "selecting"):
            assert "pending" not in states.values()
        if opening.state in ("closed", "cancelled", "open"):
            assert "waitlisted" not in states.values()
        if opening.state == "selecting":
            assert opening.offers, "nobody is asked, and nobody will be"
        rounds = Counter(
            event.data["round"] for event in facts if event.type.endswith("opening.filled.v1") and event.subject == name
        )
        assert max(rounds.values(), default=0) <= 1
        assert opening.grant == opening.wanted_grant
    holders = {
        (resident, key): acts for resident, claims in hall.limits.claims.items() for key, acts in claims.items() if acts
    }
    for (resident, key), acts in holders.items():
        if "" in acts:
            opening_id = key.split(":")[0]
            assert hall.opening(opening_id).placement_of(resident) is not None
    placed_somewhere = Counter(
        one.resident_id for name in ("opn-1", "opn-2") for one in hall.opening(name).placements
    )
    assert max(placed_somewhere.values(), default=0) <= 1, "two places for a resident, against the limits"
