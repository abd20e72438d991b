"""What the demo and the operators' commands say, without a town: dates, words, judgement, pictures."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console, RenderableType

from deploy import words
from deploy.demo import cast
from deploy.demo.board import Board
from deploy.demo.tally import Readings, duplicates, missing
from deploy.demo.timeline import drawn, judged
from deploy.demo.verdict import Found, Outcome
from deploy.words import event_word, queue_word, reason_word
from services.notifications.letters.model import KINDS, MAIL_STATES
from services.placement.wages.storage import read_wages
from shared.clock import StoppedClock
from shared.config import Settings
from shared.events import placement
from shared.events.envelope import Event
from shared.events.registry import CONTRACTS
from shared.geo import Point, distance_m
from shared.messaging.topology import FEEDS, QUEUES

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


def a_good_outcome() -> Outcome:
    """What a town that keeps every promise tells."""
    return Outcome(
        "demo-은하수",
        near=[Found("A", "작은도서관 도서 정리", 689, 10), Found("B", "어린이공원 꽃밭 돌보기", 691, 10)],
        wide=[Found(name, name, 700, 10) for name in cast.EVERYTHING_OPEN],
        states={"F": "filled", "G": "closed"},
        device_refusal=("location_consent_needed", "위치를 쓰려면 먼저 동의를 받아야 합니다."),
        neighbours_told={"하나": 1, "두리": 1},
        placements=3,
        refusals=["no_place_left"],
        filled_events=1,
        letters={"selected": 3, "closed": 7},
        mails={"sent": 10},
        figures={"filled": 3, "applications": 10, "competition": 3.33},
        redelivered=5,
        dealt_with={"placement.openings": 5, "statistics.archive": 5},
        seconds=9.9,
    )


def readings(**changed: Any) -> Readings:
    """What one selected and one closed applicant leave behind, with what a test changes."""
    told: dict[str, Any] = {
        "archive": {"k1": [{}], "k2": [{}]},
        "inboxes": {
            "res-1": [{"kind": "selected", "about": "opn-1"}, {"kind": "published", "about": "opn-1"}],
            "res-2": [{"kind": "closed", "about": "opn-1"}],
        },
        "states": {"res-1": "selected", "res-2": "closed"},
        "opening_id": "opn-1",
        "figures": {"applications": 2, "filled": 1},
        "acknowledged": {"applications": 2, "filled": 1},
        "filled": {"k2"},
        "mail_log": ["at sink: message-id=<k1.res-1@t> to=<a@b>", "at sink: message-id=<k2.res-2@t> to=<c@d>"],
    }
    return Readings(**{**told, **changed})


def counted(told: Readings) -> tuple[int, int]:
    """How many effects are too many, and how many are missing."""
    return len(duplicates(told)), len(missing(told, applicants=[("res-1", "가온"), ("res-2", "나래")]))


def test_nothing_is_too_many_or_missing_when_every_effect_is_there_once() -> None:
    assert counted(readings()) == (0, 0)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"archive": {"k1": [{}, {}], "k2": [{}]}}, (1, 0)),
        ({"archive": {"k1": [], "k2": [{}]}}, (0, 1)),
        ({"filled": {"k2", "k3"}}, (1, 0)),
        ({"filled": set()}, (0, 1)),
        ({"figures": {"applications": 2, "filled": 2}}, (1, 0)),
        ({"figures": {"applications": 1, "filled": None}}, (0, 2)),
        ({"states": {"res-1": "selected", "res-2": "pending"}}, (0, 1)),
        ({"inboxes": {"res-1": [{"kind": "selected", "about": "opn-1"}] * 3}}, (2, 1)),
        ({"mail_log": ["at sink: message-id=<k1.res-1@t> to=<a@b>"] * 2}, (1, 0)),
        ({"mail_log": ["at sink: message-id=<k1.somebody@t> to=<a@b>"] * 2}, (0, 0)),
    ],
)
def test_each_effect_too_many_and_each_missing_one_is_counted(
    changed: dict[str, Any], expected: tuple[int, int]
) -> None:
    assert counted(readings(**changed)) == expected


@pytest.mark.parametrize(
    ("now", "day"),
    [
        (datetime(2026, 11, 22, 3, 0, tzinfo=UTC), date(2026, 11, 23)),
        # In Seoul it is the 31st already, and tomorrow has no wage.
        (datetime(2026, 12, 30, 16, 0, tzinfo=UTC), date(2026, 12, 30)),
        (datetime(2031, 5, 5, 3, 0, tzinfo=UTC), date(2026, 12, 30)),
        (datetime(2025, 12, 31, 3, 0, tzinfo=UTC), date(2026, 12, 30)),
    ],
)
def test_the_work_lies_in_the_last_year_whose_wage_is_known(now: datetime, day: date) -> None:
    work = cast.work_for(read_wages(Settings.data_dir / "wages.yaml"), now)

    assert (work.day, work.hourly_won) == (day, 10320)


def test_the_openings_lie_where_the_scenario_puts_them() -> None:
    here = Point(*cast.HERE)
    metres = {job.name: round(distance_m(here, Point(job.lat, job.lon))) for job in cast.JOBS}

    assert metres == {"A": 689, "B": 691, "C": 712, "D": 709, "E": 849, "F": 689, "G": 689}


def test_an_outcome_that_keeps_every_promise_is_ok() -> None:
    assert a_good_outcome().ok


@pytest.mark.parametrize(
    "broken",
    [
        {"near": [Found("B", "꽃밭", 691, 10), Found("A", "도서", 689, 10)]},
        {"near": [Found("A", "도서", 689, 10), Found("B", "꽃밭", 691, 11)]},
        {"wide": [Found("A", "도서", 689, 10), Found("B", "꽃밭", 691, 10)]},
        {"states": {"F": "filled", "G": "open"}},
        {"device_refusal": None},
        {"place_kept": {"lat": 35.1, "lon": 126.7}},
        {"neighbours_told": {"하나": 2, "두리": 1}},
        {"placements": 4},
        {"refusals": []},
        {"filled_events": 2},
        {"letters": {"selected": 3, "closed": 8}},
        {"mails": {"sent": 9, "failed": 1}},
        {"figures": {"filled": 3, "applications": 10, "competition": 3.3}},
        {"redelivered": 4},
        {"dealt_with": {"placement.openings": 5, "statistics.archive": 4}},
        {"duplicates": ["res-1: selected 알림 2건"]},
        {"missing": ["가온: selected 알림 없음"]},
    ],
    ids=lambda broken: next(iter(broken)),
)
def test_one_broken_promise_is_enough_to_fail(broken: dict[str, object]) -> None:
    outcome = a_good_outcome()
    for name, value in broken.items():
        setattr(outcome, name, value)

    assert not outcome.ok


def test_every_event_queue_and_letter_has_a_korean_name() -> None:
    assert {contract.name for contract in CONTRACTS.values()} <= words.EVENTS.keys()
    assert {spec.name for spec in QUEUES} | FEEDS.keys() <= words.QUEUES.keys()
    assert set(KINDS) <= words.LETTERS.keys()
    assert set(MAIL_STATES) <= words.MAILS.keys()


def test_a_new_event_is_shown_by_its_own_name() -> None:
    assert event_word("placement.moon.risen").ko == "placement.moon.risen"
    assert queue_word("statistics.archive.dead").ko == "통계"


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("not JSON: unexpected end of data", "JSON 이 아닙니다: unexpected end of data"),
        ("tenant: missing; CloudEvents 1.0 with tenant and sequence is expected", "tenant 항목이 없습니다"),
        (
            "kr.sipbun.placement.opening.filled.v1: data.round: Not a valid integer.",
            "약속과 다릅니다: data.round (Not a valid integer.)",
        ),
        (
            "user_id: missing may not say kr.muni1.shelter.opened.v1; expected muni1",
            "브로커 사용자가 적혀 있지 않습니다",
        ),
        ("event 7 came before with another body", "같은 id 로 다른 내용이 왔습니다"),
        ("the moon is full", "the moon is full"),
    ],
)
def test_a_reason_is_put_into_korean_or_left_as_it_is(reason: str, told: str) -> None:
    assert reason_word(reason) == told


def test_the_timeline_counts_an_event_once_and_says_how_often_it_came_again() -> None:
    clock = StoppedClock(NOW)
    board = Board("demo-은하수", clock)
    board.chapter("모집 완료")
    filled = Event(
        id="opn-1.4.1",
        source="/sipbun/placement/openings",
        type=placement.OPENING_FILLED.type,
        subject="opn-1",
        tenant="demo-은하수",
        time=NOW,
        sequence="0000000004.001",
        data=placement.OPENING_FILLED.sample,
    )

    for _ in range(6):
        board.heard(filled)
    board.archived(filled.key, 12)

    (line,) = board.view().lines
    assert (len(line.keys), line.again, len(line.archived)) == (1, 5, 1)


@pytest.mark.parametrize("width", [80, 100, 120, 150])
def test_no_events_name_is_broken_and_nothing_is_cut_however_narrow_the_terminal(width: int) -> None:
    board = Board("demo-은하수", StoppedClock(NOW))
    board.chapter("나란히 (side by side)")
    for number, contract in enumerate(CONTRACTS.values()):
        board.heard(
            Event(
                id=f"opn-{number}.1.0",
                source="/sipbun/placement/openings",
                type=contract.type,
                subject=f"opn-{number}",
                tenant="demo-은하수",
                time=NOW,
                sequence="0000000001.000",
                data=contract.sample,
            )
        )
    for line in board.view().lines:
        board.lettered(next(iter(line.keys)), {"booking_displaced": 7}, 121)

    told = printed(drawn(board.view()), width)

    names = [contract.name.partition(".")[2] for contract in CONTRACTS.values()]
    assert [name for name in names if f" {name} " not in told] == []
    assert all(cell_len(row) <= width for row in told.splitlines())
    assert "(side by side)" in told


@pytest.mark.parametrize("width", [80, 150])
def test_the_verdict_cuts_no_word_and_has_the_event_to_follow_on_a_line_of_its_own(width: int) -> None:
    outcome = a_good_outcome()
    outcome.filled_id = "opn-01M829592A0G2EAHPZB78KZ5KJ.6.1"

    told = printed(judged(outcome), width)

    assert "…" not in told
    assert f"  ./sipbun follow {outcome.filled_id} " in told


def printed(shown: RenderableType, width: int) -> str:
    """Return what a terminal of that width shows."""
    console = Console(width=width)
    with console.capture() as told:
        console.print(shown)
    return told.get()


def test_an_event_belongs_to_the_chapter_in_which_it_happened_however_late_it_is_seen() -> None:
    clock = StoppedClock(NOW)
    board = Board("demo-은하수", clock)
    board.chapter("준비")
    early = clock.now()
    clock.sleep(1)
    board.chapter("걸어서 10분")
    board.heard(
        Event(
            id="res-1.1.0",
            source="/sipbun/residents/residents",
            type="kr.sipbun.residents.resident.registered.v1",
            subject="res-1",
            tenant="demo-은하수",
            time=early,
            sequence="0000000001.000",
            data={"resident_id": "res-1"},
        )
    )

    assert [line.chapter for line in board.view().lines] == [0]
