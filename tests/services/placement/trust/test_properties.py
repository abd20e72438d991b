"""What holds for any words in any order, and that no answer ever holds what the other side said too early."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from services.placement.trust.profile import AGAIN, Said, badges, codes_of, estimate, fold, weight
from services.placement.trust.record import Completed, ShiftDone, WorkRecord, work_of
from services.placement.trust.rules import Prior
from shared.clock import StoppedClock
from shared.errors import CrossesTheDoor
from shared.mongo.twin import TwinDatabase
from tests.services.placement.trust.conftest import (
    RULES,
    START,
    Town,
    a_host,
    a_resident,
    a_service,
    a_town,
    an_officer,
)

TODAY = date(2026, 12, 2)
CODES = codes_of(RULES.of_resident)
words = some.lists(
    some.builds(
        Said,
        placement_id=some.integers(1, 60).map(lambda number: f"opn-{number}:res-1:1"),
        day=some.dates(date(2023, 1, 1), TODAY),
        codes=some.frozensets(some.sampled_from(CODES)),
    ),
    max_size=40,
    unique_by=lambda said: said.placement_id,
)
priors = some.builds(Prior, share=some.floats(0, 1), strength=some.floats(0.1, 50))


@given(said=words, prior=priors, data=some.data())
def test_the_order_and_the_repeats_of_words_change_nothing(said: list[Said], prior: Prior, data: some.DataObject) -> None:
    shuffled = data.draw(some.permutations(said))
    repeats = data.draw(some.lists(some.sampled_from(said), max_size=20)) if said else []

    once = fold(said, CODES, today=TODAY, rules=RULES, prior=prior)

    assert fold([*repeats, *shuffled, *repeats], CODES, today=TODAY, rules=RULES, prior=prior) == once


@given(said=words, prior=priors)
def test_an_estimate_lies_between_the_prior_and_the_bare_share(said: list[Said], prior: Prior) -> None:
    for code, one in fold(said, CODES, today=TODAY, rules=RULES, prior=prior).items():
        whole = sum(weight(own.day, TODAY, RULES.half_life_days) for own in said)
        bare = one.weight / whole if whole else prior.share
        assert min(bare, prior.share) - 1e-9 <= one.estimate <= max(bare, prior.share) + 1e-9, code
        assert one.count <= one.of == len(said)
        assert one.shown <= (one.of >= RULES.least_shown and one.count > 0)


@given(yes=some.floats(0, 1000), no=some.floats(0, 1000), more=some.floats(0.01, 100), prior=priors)
def test_one_more_recommendation_never_lowers_the_estimate_and_one_more_silence_never_raises_it(
    yes: float, no: float, more: float, prior: Prior
) -> None:
    now = estimate(yes, yes + no, prior)

    assert estimate(yes + more, yes + no + more, prior) >= now - 1e-12
    assert estimate(yes, yes + no + more, prior) <= now + 1e-12


@given(yes=some.floats(0, 100), no=some.floats(0, 100), share=some.floats(0, 1), low=some.floats(0.1, 20))
def test_a_stronger_prior_pulls_closer_to_it(yes: float, no: float, share: float, low: float) -> None:
    weak = estimate(yes, yes + no, Prior(share, low))
    strong = estimate(yes, yes + no, Prior(share, low * 2))

    assert abs(strong - share) <= abs(weak - share) + 1e-12


@given(age=some.integers(0, 5000), half_life=some.integers(1, 1000))
def test_a_word_weighs_half_after_each_half_life_and_never_more_with_age(age: int, half_life: int) -> None:
    day = TODAY - timedelta(days=age)
    older = day - timedelta(days=half_life)

    assert weight(TODAY, TODAY, half_life) == 1.0
    assert abs(weight(older, TODAY, half_life) * 2 - weight(day, TODAY, half_life)) < 1e-12
    assert weight(day - timedelta(days=1), TODAY, half_life) < weight(day, TODAY, half_life) or age > 1000


def test_the_decay_of_the_shipped_rules_is_exact() -> None:
    assert weight(TODAY - timedelta(days=180), TODAY, RULES.half_life_days) == float(Fraction(1, 2))
    assert weight(TODAY - timedelta(days=360), TODAY, RULES.half_life_days) == float(Fraction(1, 4))
    assert weight(TODAY + timedelta(days=3), TODAY, RULES.half_life_days) == 1.0


@given(said=words, completed=some.integers(0, 10))
def test_a_badge_needs_all_that_it_needs(said: list[Said], completed: int) -> None:
    evidence = fold(said, CODES, today=TODAY, rules=RULES, prior=RULES.prior)

    for code in badges(evidence, completed, RULES):
        assert code != AGAIN
        assert completed >= 5
        assert evidence[code].count >= 2


shifts = some.lists(
    some.builds(
        ShiftDone,
        shift=some.integers(0, 3),
        day=some.sampled_from(["2026-11-01", "2026-12-01"]),
        minutes=some.sampled_from([0, 60]),
        result=some.sampled_from(["worked", "absent", "excused"]),
        revision=some.integers(1, 4),
    ),
    max_size=12,
    unique_by=lambda told: (told.shift, told.revision),
)


@given(told=shifts, completed=some.booleans(), data=some.data())
def test_a_record_is_the_same_whatever_came_first_or_twice(
    told: list[ShiftDone], completed: bool, data: some.DataObject
) -> None:
    facts: list[ShiftDone | Completed] = [*told, *([Completed(4, "2026-12-01", 1)] if completed else [])]
    more = data.draw(some.permutations([*facts, *facts]))

    def after(order: list[ShiftDone | Completed]) -> WorkRecord:
        record = WorkRecord(
            id="p", tenant="t", resident_id="r", opening_id="o", programme_id="p", district="29200"
        )
        for fact in order:
            if isinstance(fact, ShiftDone):
                record.note_shift(fact)
            else:
                record.note_completed(fact)
        return record

    assert after(facts) == after(more)
    assert work_of([after(facts), after(more)]) == work_of([after(facts)])


# Double-blind

MARKS = {"resident": "주민의비밀", "host": "일터의비밀"}
STEPS = ("resident", "host", "officer", "days", "sweep", "completed", "appeal")


def everything_told(town: Town, place: str) -> dict[str, str]:
    """What each of those who may ask is told, by all the questions there are."""
    answers: dict[str, list[object]] = {"resident": [], "host": [], "officer": [], "others": []}

    def ask(who: str, question: object) -> None:
        try:
            answers[who].append(question())  # type: ignore[operator]
        except CrossesTheDoor as refused:
            answers[who].append(refused.to_wire())

    desk, profiles = town.desk, town.profiles
    for who, actor in (("resident", a_resident()), ("host", a_host()), ("officer", an_officer("officer-8"))):
        ask(who, lambda actor=actor: desk.evaluation(actor, placement_id=place))
        ask(who, lambda actor=actor: profiles.profile(actor, resident_id="res-1", opening_id="opn-1"))
        ask(who, lambda actor=actor: profiles.workplace(actor, opening_id="opn-1"))
        ask(who, lambda actor=actor: desk.open_appeals(actor, tenant="gwangsan"))
    ask("resident", lambda: profiles.profile(a_resident(), resident_id="res-1"))
    ask("resident", lambda: profiles.export(a_resident(), resident_id="res-1"))
    ask("resident", lambda: desk.my_evaluations(a_resident()))
    ask("host", lambda: desk.my_evaluations(a_host(), side="host"))
    ask("others", lambda: profiles.profile(a_service(), resident_id="res-1"))
    ask("others", lambda: [vars(event) for event in town.relayed()])
    return {who: orjson.dumps(told, default=str).decode() for who, told in answers.items()}


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    steps=some.lists(some.sampled_from(STEPS), max_size=8),
    again=some.booleans(),
    codes=some.sets(some.sampled_from(["kind", "on_time"])),
)
def test_no_answer_holds_the_other_sides_word_before_it_is_revealed(
    steps: list[str], again: bool, codes: set[str]
) -> None:
    """The content, good or bad, changes no answer to anybody else: a town where it was the opposite answers the same."""
    towns = []
    for turned in (False, True):
        town = a_town(TwinDatabase("placement"), StoppedClock(START))
        town.around.agreed.add("res-1")
        town.around.applications.add("opn-1:res-1")
        towns.append((town, town.work(), again != turned, {"kind", "on_time"} - codes if turned else codes))
    said: set[str] = set()
    for step in steps:
        for town, place, would, chosen in towns:
            _do(town, place, step, would, chosen)
        said |= {side for side in ("resident", "host") if towns[0][0].kept.get(towns[0][1]).word_of(side)}
        first, second = (everything_told(town, place) for town, place, _, _ in towns)
        revealed = towns[0][0].kept.get(towns[0][1]).revealed_at is not None
        if revealed:
            return
        assert MARKS["host"] not in first["resident"] + first["officer"] + first["others"]
        assert MARKS["resident"] not in first["host"] + first["officer"] + first["others"]
        assert first["officer"] == second["officer"]
        assert first["others"] == second["others"]
        if "resident" not in said:
            assert first["resident"] == second["resident"]
        if "host" not in said:
            assert first["host"] == second["host"]


def _do(town: Town, place: str, step: str, would: bool, codes: set[str]) -> None:
    try:
        if step == "resident":
            town.evaluate(
                place, a_resident(), "resident", recommendations=sorted(codes & {"kind"}), would_again=would,
                comment=MARKS["resident"],
            )  # fmt: skip
        elif step in ("host", "officer"):
            who = a_host() if step == "host" else an_officer()
            town.evaluate(
                place, who, "host", recommendations=sorted(codes), would_again=would, comment=MARKS["host"]
            )
        elif step == "days":
            town.wait(days=6)
        elif step == "sweep":
            town.desk.reveal_due()
        elif step == "completed":
            town.hear(town.completed(revision=2))
        else:
            town.desk.appeal(
                a_resident(), act_id=town.act_id(), placement_id=place, side="resident", reason="사실과 달라요"
            )
    except CrossesTheDoor:
        return
