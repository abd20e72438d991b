"""Each file of the corpus gives what stands beside it. A pair is one failure of the real world, named in its first line.

``of``, ``from`` and ``to`` are Seoul's wall clock; ``of`` is the RECURRENCE-ID. The window is March 2026 where none is
given. ``no-uid-1`` stands for the first UID that was made up.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.spaces.ical.reading import Limits, Reading, Unreadable, read_calendar
from services.spaces.spans import Span
from shared.clock import KST, from_iso

CORPUS = Path(__file__).parent / "corpus"
NAMES = sorted(path.stem for path in CORPUS.glob("*.ics"))
MARCH = {"from": "2026-03-01 00:00", "to": "2026-04-01 00:00"}


def told(path: Path) -> dict[str, Any]:
    return dict(yaml.safe_load(path.read_text()))


def window_of(expected: dict[str, Any]) -> Span:
    window = expected.get("window", MARCH)
    return Span(at(window["from"]), at(window["to"]))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=KST)


def shown(instant: datetime) -> str:
    text = instant.astimezone(KST).strftime("%Y-%m-%d %H:%M:%S")
    return text.removesuffix(":00")


def in_words(reading: Reading) -> dict[str, Any]:
    made_up: dict[str, str] = {}
    uids = [occurrence.uid for occurrence in reading.occurrences] + [fault.uid for fault in reading.faults]
    for uid in uids:
        if uid.startswith("no-uid-") and uid != "no-uid-freebusy":
            made_up.setdefault(uid, f"no-uid-{len(made_up) + 1}")
    return {
        "occurrences": [
            {
                "uid": made_up.get(one.uid, one.uid),
                "of": one.occurrence and shown(from_iso(one.occurrence)),
                "from": shown(one.span.start),
                "to": shown(one.span.end),
                "busy": one.busy,
                "cancelled": one.cancelled,
            }
            for one in reading.occurrences
        ],
        "faults": sorted(
            (made_up.get(fault.uid, fault.uid), fault.code, fault.field, fault.done) for fault in reading.faults
        ),
        "unread": set(reading.unread),
        "method": reading.method,
        "zone": reading.zone,
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_file_of_the_corpus_gives_what_stands_beside_it(name: str) -> None:
    expected = told(CORPUS / f"{name}.yaml")
    raw = (CORPUS / f"{name}.ics").read_bytes()

    if "unreadable" in expected:
        with pytest.raises(Unreadable) as refused:
            read_calendar(raw, window=window_of(expected))
        assert refused.value.code == expected["unreadable"]
        return

    found = in_words(
        read_calendar(raw, window=window_of(expected), limits=Limits(**expected.get("limits", {})))
    )
    wanted = sorted(
        ({"cancelled": False, **one} for one in expected["occurrences"]),
        key=lambda one: (one["from"], one["to"], one["uid"], one["of"]),
    )
    assert found["occurrences"] == wanted
    assert found["faults"] == sorted(
        (one["uid"], one["code"], one["field"], one["done"]) for one in expected.get("faults", ())
    )
    assert found["unread"] == set(expected.get("unread", ()))
    for fact in {"method", "zone"} & expected.keys():
        assert found[fact] == expected[fact]


@pytest.mark.parametrize("name", NAMES)
def test_every_pair_of_the_corpus_says_first_which_failure_it_guards(name: str) -> None:
    first = (CORPUS / f"{name}.yaml").read_text().splitlines()[0]

    assert first.startswith("# ")
    assert len(first) > 20


def test_every_expectation_of_the_corpus_has_its_file() -> None:
    assert {path.stem for path in CORPUS.glob("*.yaml")} == set(NAMES)


def test_where_a_fault_stands_is_told_by_its_line() -> None:
    raw = (CORPUS / "one_bad_among_good.ics").read_bytes()

    (fault,) = read_calendar(raw, window=window_of({})).faults

    assert raw.decode().splitlines()[fault.line - 1] == "DTSTART:20260230T010000Z"
