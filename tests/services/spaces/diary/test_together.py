"""Steps on diaries that are asked at the same time: one question, one write a day, and each learns its own outcome."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.spaces.diary.model import FEED, Claim, Diary
from services.spaces.diary.storage import DiaryCodec, diaries
from services.spaces.diary.usecases import DiaryDesk, Root
from shared.clock import StoppedClock
from shared.errors import Refused
from shared.mongo.twin import TwinDatabase
from shared.serial import no_queue
from tests.services.spaces.makers import DISTRICT, NOW, TENANT, a_claim, a_span, at

ROOT = Root("spc-모임방", TENANT, "fac-은하수", DISTRICT)
DAY = date(2026, 12, 1)
DIARY = Diary.id_of(ROOT.id, DAY)



class Scene:
    """Two processes on one database; in the first, others may ask at the same time."""

    def __init__(self) -> None:
        self.verbs: list[str] = []
        self.first: Callable[[], object] | None = None
        self.meanwhile: Callable[[], object] | None = None
        database = TwinDatabase("spaces", self._step)
        clock = StoppedClock(NOW)
        self.desk = DiaryDesk(diaries(database, clock=clock, serial=self._queue), clock)
        elsewhere = database.seen_by(lambda _what: None)
        self.elsewhere = DiaryDesk(diaries(elsewhere, clock=clock, serial=no_queue), clock)

    def hold(self, claim: Claim) -> None:
        """Hold a claim here."""
        self.desk.hold(ROOT, claim, hours_version=1)

    def hold_both(self, one: Claim, other: Claim) -> list[str]:
        """Hold two claims at the same time; return the ids of those that were held."""
        held = []

        def hold(claim: Claim) -> None:
            try:
                self.hold(claim)
            except Refused:
                return
            held.append(claim.id)

        self.first = lambda: hold(other)
        hold(one)
        return held

    @property
    def claims(self) -> list[str]:
        """The ids of the day's claims."""
        return sorted(self.desk.diaries.get(DIARY).claims)

    @property
    def writes(self) -> list[str]:
        """The writes so far."""
        written = [verb.removeprefix("database diaries.") for verb in self.verbs if verb.endswith(" done")]
        return [verb.removesuffix(" done") for verb in written]

    @contextmanager
    def _queue(self, _key: str) -> Iterator[None]:
        first, self.first = self.first, None
        if first is not None:
            first()
        yield

    def _step(self, what: str) -> None:
        self.verbs.append(what)
        if what.endswith(("insert_many", "update_one", "update_each")):
            meanwhile, self.meanwhile = self.meanwhile, None
            if meanwhile is not None:
                meanwhile()


def test_a_day_is_stored_with_its_first_claim_in_one_write() -> None:
    scene = Scene()
    scene.hold(a_claim("a", 10, 12))
    assert scene.writes == ["insert_many"]
    assert scene.claims == ["a"]


def test_two_held_at_the_same_time_are_one_write() -> None:
    scene = Scene()
    scene.hold(a_claim("a", 9, 10))
    assert scene.hold_both(a_claim("b", 10, 11), a_claim("c", 11, 12)) == ["c", "b"]
    assert scene.claims == ["a", "b", "c"]
    assert scene.writes == ["insert_many", "update_one"]
    assert scene.desk.diaries.get(DIARY).version == 2


def test_of_two_that_clash_at_the_same_time_one_is_held() -> None:
    scene = Scene()
    assert scene.hold_both(a_claim("b", 10, 12), a_claim("c", 11, 13)) == ["b"]
    assert scene.claims == ["b"]


def test_two_days_at_the_same_time_are_both_written() -> None:
    scene = Scene()
    scene.hold(a_claim("a", 9, 10))
    scene.hold(a_claim("z", 9, 10, span=a_span(9, 10, day=2)))
    scene.hold_both(a_claim("b", 10, 11), a_claim("c", 10, 11, span=a_span(10, 11, day=2)))
    assert scene.claims == ["a", "b"]
    assert sorted(scene.desk.diaries.get(Diary.id_of(ROOT.id, date(2026, 12, 2))).claims) == ["c", "z"]
    assert scene.writes[-1] == "update_each"


def test_when_another_process_takes_the_span_meanwhile_ours_is_refused() -> None:
    scene = Scene()
    scene.hold(a_claim("a", 9, 10))
    scene.meanwhile = lambda: scene.elsewhere.hold(ROOT, a_claim("x", 11, 12), hours_version=1)
    assert scene.hold_both(a_claim("b", 10, 11), a_claim("c", 11, 12)) == ["b"]
    assert scene.claims == ["a", "b", "x"]


def test_when_another_process_opens_the_day_meanwhile_its_claim_is_seen() -> None:
    scene = Scene()
    scene.meanwhile = lambda: scene.elsewhere.hold(ROOT, a_claim("x", 10, 12), hours_version=1)
    with pytest.raises(Refused, match="span_taken"):
        scene.hold(a_claim("b", 11, 13))
    assert scene.claims == ["x"]


def test_when_one_day_of_a_group_is_lost_to_another_process_the_other_stays_as_written() -> None:
    scene = Scene()
    scene.hold(a_claim("a", 9, 10))
    scene.hold(a_claim("z", 9, 10, span=a_span(9, 10, day=2)))
    scene.meanwhile = lambda: scene.elsewhere.hold(ROOT, a_claim("x", 14, 15), hours_version=1)
    scene.hold_both(a_claim("b", 10, 11), a_claim("c", 10, 11, span=a_span(10, 11, day=2)))
    assert scene.claims == ["a", "b", "x"]
    assert scene.desk.diaries.get(Diary.id_of(ROOT.id, date(2026, 12, 2))).version == 2


def test_a_facility_s_entry_and_a_hold_at_the_same_time_both_count() -> None:
    scene = Scene()
    scene.first = lambda: scene.desk.agree(ROOT, DAY, [a_claim("fed-1/uid", 10, 12, kind=FEED)], [])
    scene.hold(a_claim("b", 11, 13))
    assert scene.claims == ["b", "fed-1/uid"]
    (said,) = scene.desk.diaries.collection.find({})[0]["outbox"]
    assert said["data"]["booking_id"] == "b"


def test_what_is_asked_of_a_day_that_nobody_wrote_leaves_nothing() -> None:
    scene = Scene()
    scene.desk.drop(ROOT.id, "b", [DAY])
    assert not scene.desk.settle(ROOT.id, "b", [DAY])
    assert scene.desk.diaries.find(DIARY) is None
    assert scene.writes == []


@given(
    st.sampled_from([("*",), ("part-a",), ("part-a", "part-b")]),
    st.integers(0, 90),
    st.integers(0, 90),
    st.one_of(st.none(), st.just(at(11))),
)
def test_a_claim_is_read_as_it_was_written(parts: tuple[str, ...], before: int, after: int, deadline: object) -> None:
    claim = a_claim(
        "b", 10, 11, parts=parts, before=timedelta(minutes=before), after=timedelta(minutes=after), deadline=deadline
    )
    diary = Diary(id=DIARY, tenant=TENANT, root_id=ROOT.id, facility_id="fac-은하수", district=DISTRICT, day=DAY)
    diary.claims["b"] = claim
    codec = DiaryCodec()
    assert codec.from_document({"_id": DIARY, "tenant": TENANT, **codec.to_document(diary)}) == diary
