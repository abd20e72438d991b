"""README: the demo, and how an operator follows an event and repairs what was refused. On a real town, by the one door."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from shared.clock import SystemClock
from shared.events import placement
from shared.events.envelope import Event, encode
from tests.flows.door import Door
from tests.harness import eventually

#: Starting a town takes a while on a busy machine, and the first test pays for it.
pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def played(door: Door, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], str, Path]:
    """The demo, played once: its JSON, what it said besides, and its picture."""
    picture = tmp_path_factory.mktemp("picture") / "demo.svg"
    done = door.call("demo", "--json", "--picture", str(picture))
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1]), done.stderr, picture


Played = tuple[dict[str, Any], str, Path]


def a_filled(event_id: str, **data: Any) -> Event:
    """``opening.filled`` as placement says it, with what ``data`` changes."""
    contract = placement.OPENING_FILLED
    return Event(
        id=event_id,
        source="/sipbun/placement/openings",
        type=contract.type,
        subject="opn-은하수",
        tenant="demo-broken",
        time=SystemClock().now(),
        sequence="0000000001.000",
        data={**contract.sample, **data},
    )


def test_the_main_job_is_played_from_end_to_end_and_everything_is_read_back(played: Played) -> None:
    told = dict(played[0])
    seconds = told.pop("seconds")

    assert told == {
        "scenario": "main",
        "ok": True,
        "nearby": ["A", "B"],
        "distances_m": [689, 691],
        "placements": 3,
        "refused": 1,
        "filled_events": 1,
        "letters": {"selected": 3, "closed": 7, "place_withdrawn": 0, "published": 2},
        "figures": {"filled": 3, "applications": 10, "competition": 3.33},
        "redelivered": 5,
        "duplicated": 0,
        "lost": 0,
    }
    assert seconds > 0


def test_the_office_is_played_against_a_real_calendar_server(door: Door) -> None:
    told = door.json("demo", "office")
    seconds = told.pop("seconds")

    assert told == {
        "scenario": "office",
        "ok": True,
        "awaiting_at_once": True,
        "confirmed_after_recovery": True,
        "letters": {"booking_confirmed": 4, "booking_displaced": 1, "seat_queued": 1, "seat_taken": 9},
        "displaced": 1,
        "alternatives": 1,
        "charged": 0,
        "seats_confirmed": 8,
        "seats_waiting": 1,
        "promoted": 1,
        "adjacent_confirmed": 2,
        "second_reconcile_changes": 0,
        "duplicated": 0,
        "lost": 0,
    }
    assert seconds > 0


def test_the_picture_asks_nobody_for_a_font(played: Played) -> None:
    picture = played[2].read_text(encoding="utf-8")

    assert ">모집<" in picture
    assert re.findall(r"https?://\S+", picture) == ['http://www.w3.org/2000/svg">']


def test_an_event_is_followed_to_its_archive_its_letters_and_its_siblings(door: Door, played: Played) -> None:
    found = re.search(r"follow (\S+)$", played[1], re.MULTILINE)
    assert found
    filled = door.json("follow", found[1])
    selected_id = next(one["event_id"] for one in filled["same_act"] if one["type"].endswith("placement.selected.v1"))
    selected = door.json("follow", selected_id)

    assert filled["events"][0]["type"] == placement.OPENING_FILLED.type
    assert filled["events"][0]["queues"] == ["placement.openings", "statistics.archive", "placement.nearby"]
    assert filled["waiting"] == []
    assert [letter["kind"] for letter in selected["events"][0]["letters"]] == ["selected"]


def test_nobody_knows_of_an_event_that_was_never_said(door: Door) -> None:
    assert door.json("follow", "opn-없음.1.0", status=1)["error"]["code"] == "not_found"


def test_a_refused_event_is_listed_with_its_reason_replayed_with_its_id_and_dropped(door: Door) -> None:
    event_id = "opn-부서진.1.0"
    door.publish(
        placement.OPENING_FILLED.routing_key,
        encode(a_filled(event_id, round="첫째")),
        event_id,
        placement.OPENING_FILLED.type,
    )

    def dead() -> dict[str, dict[str, Any]]:
        listed = door.json("dead-letters", "list", status=1)["dead"]
        return {letter["queue"]: letter for letter in listed if letter["message_id"] == event_id}

    both = {"placement.openings", "statistics.archive"}
    letters = eventually(dead, until=lambda found: set(found) == both)
    letter = letters["statistics.archive"]
    assert letter["code"] == "rejected"
    assert letter["reason_ko"].startswith("약속과 다릅니다: data.round")
    assert door.json("dead-letters", "show", letter["id"][:8])["messages"][0]["body"].count("첫째") == 1

    # Still broken, it comes back with the same id: nothing is lost by trying.
    assert door.json("dead-letters", "replay", letter["id"])["ids"] == [letter["id"]]
    eventually(dead, until=lambda found: set(found) == both)
    followed = door.json("follow", event_id, status=1)
    assert {copy["queue"] for copy in followed["waiting"]} == both

    assert door.json("dead-letters", "drop", event_id, status=2)["error"]["code"] == "usage"
    dropped = door.json("dead-letters", "drop", event_id, "--queue", "statistics.archive", "--yes")
    assert (dropped["dropped"], set(dead())) == (1, {"placement.openings"})
    assert door.json("dead-letters", "drop", event_id, "--yes")["dropped"] == 1
    assert door.json("dead-letters", "list")["count"] == 0


def test_what_nobody_listens_for_is_parked_and_can_be_said_again(door: Door) -> None:
    event = a_filled("달빛-1")
    body = encode(event).replace(event.type.encode(), b"kr.sipbun.placement.moon.risen.v1")
    door.publish("placement.moon.risen.v1", body, event.id, "kr.sipbun.placement.moon.risen.v1")

    def parked() -> list[dict[str, Any]]:
        return [one for one in door.json("parked", "list")["parked"] if one["message_id"] == event.id]

    letter = eventually(parked)[0]
    assert (letter["code"], letter["routing_key"]) == ("unbound", "placement.moon.risen.v1")

    assert door.json("parked", "replay", event.id)["replayed"] == 1
    assert eventually(parked)[0]["id"] == letter["id"]
    assert door.json("dead-letters", "list")["count"] == 0
