"""CloudEvents over HTTP: three modes, each publisher under its own name only, answered after the confirm."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from services.gateway.event_desk import MAX_BATCH, BrokerDesk
from services.gateway.publishers import NotAllowed, Publisher, Publishers, check, hash_of, new_key, written
from shared.errors import Unavailable
from shared.events.city import HEAT_SHELTER_OPENED
from shared.events.envelope import MAX_BYTES, decode
from shared.events.placement import OPENING_FILLED
from shared.messaging.message import Message, Receipt
from tests.services.gateway.twins import Door, a_gateway

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"


@pytest.fixture
def door(tmp_path: Path) -> Door:
    """A gateway that knows ``muni1``."""
    return a_gateway(tmp_path)


def a_shelter_opened(**changed: Any) -> dict[str, Any]:
    """Return what the heat-wave system of ``muni1`` tells."""
    event = {
        "specversion": "1.0",
        "id": "쉼터-2026-07-22-1",
        "source": "/muni1/heat",
        "type": HEAT_SHELTER_OPENED.type,
        "subject": "쉼터-첨단2동",
        "time": "2026-07-22T03:00:00Z",
        "tenant": "gwangsan",
        "sequence": "1",
        "data": dict(HEAT_SHELTER_OPENED.sample),
        **changed,
    }
    return {name: value for name, value in event.items() if value is not None}


def test_a_structured_event_is_taken_after_the_confirm(door: Door) -> None:
    answer = door.tell(json.dumps(a_shelter_opened()), content_type=STRUCTURED)

    assert (answer.status_code, answer.json) == (202, {"id": "쉼터-2026-07-22-1", "parked": False})
    ((publisher, message),) = door.desk.published
    assert publisher == "muni1"
    assert message.routing_key == HEAT_SHELTER_OPENED.routing_key == "muni1.shelter.opened.v1"
    assert (message.exchange, message.type, message.message_id) == (
        "city.events",
        HEAT_SHELTER_OPENED.type,
        "쉼터-2026-07-22-1",
    )


def test_binary_mode_says_the_same_event(door: Door) -> None:
    told = a_shelter_opened()
    headers = {f"ce-{name}": quote(value) for name, value in told.items() if name != "data"}

    answer = door.tell(json.dumps(told["data"]), headers=headers, content_type="application/json")

    assert answer.status_code == 202
    door.tell(json.dumps(told), content_type=STRUCTURED)
    binary, structured = (decode(message.body) for _, message in door.desk.published)
    assert binary.key == structured.key
    assert binary.hash == structured.hash


def test_a_batch_is_taken_whole_or_not_at_all(door: Door) -> None:
    good, bad = a_shelter_opened(id="하나"), a_shelter_opened(id="둘", time="어제")

    refused = door.tell(json.dumps([good, bad]), content_type=BATCH)
    assert (refused.status_code, refused.json["field"]) == (400, "[1].time")
    assert not door.desk.published

    taken = door.tell(json.dumps([good, a_shelter_opened(id="둘")]), content_type=BATCH)
    assert taken.json == {"events": [{"id": "하나", "parked": False}, {"id": "둘", "parked": False}]}
    assert len(door.desk.published) == 2


@pytest.mark.parametrize("batch", [[], [{}] * (MAX_BATCH + 1), {"id": "1"}])
def test_a_batch_has_bounds(door: Door, batch: Any) -> None:
    assert door.tell(json.dumps(batch), content_type=BATCH).status_code == 400


def test_a_type_nobody_knows_yet_is_taken_and_said_to_be_parked(door: Door) -> None:
    event = a_shelter_opened(type="kr.muni1.streetlight.broke.v1", data={"lamp": "가로등-7"})

    answer = door.tell(json.dumps(event), content_type=STRUCTURED)

    assert (answer.status_code, answer.json["parked"]) == (202, True)
    assert door.desk.published[0][1].routing_key == "muni1.streetlight.broke.v1"


def test_extensions_of_a_publisher_survive(door: Door) -> None:
    door.tell(json.dumps(a_shelter_opened(dataschema="https://example.org/s", weather="폭염")), content_type=STRUCTURED)

    assert json.loads(door.desk.published[0][1].body)["weather"] == "폭염"


def test_the_trace_of_the_request_goes_along_unless_the_event_brought_its_own(door: Door) -> None:
    own = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    request = "00-11111111111111111111111111111111-2222222222222222-01"

    for event in (a_shelter_opened(), a_shelter_opened(traceparent=own)):
        door.tell(json.dumps(event), content_type=STRUCTURED, headers={"traceparent": request})

    first, second = (decode(message.body) for _, message in door.desk.published)
    assert str(first.traceparent).startswith("00-" + "1" * 32)
    assert second.traceparent == own


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"id": None}, "id"),
        ({"time": None}, "time"),
        ({"time": "2026-07-22T12:00:00"}, "time"),
        ({"source": None}, "source"),
        ({"subject": ""}, "subject"),
        ({"tenant": None}, "tenant"),
        ({"sequence": 1}, "sequence"),
        ({"specversion": "0.3"}, "specversion"),
        ({"data": "문자열"}, "data"),
        ({"data": None}, "data"),
    ],
)
def test_a_bad_envelope_names_its_field(door: Door, changed: dict[str, Any], field: str) -> None:
    answer = door.tell(json.dumps(a_shelter_opened(**changed)), content_type=STRUCTURED)

    assert (answer.status_code, answer.json["field"]) == (400, field)
    assert answer.json["code"] == "event_wrong"
    assert not door.desk.published


def test_data_that_breaks_a_known_contract_is_told_now_instead_of_dying_later(door: Door) -> None:
    answer = door.tell(json.dumps(a_shelter_opened(data={"shelter_id": "쉼터"})), content_type=STRUCTURED)

    assert (answer.status_code, answer.json["code"]) == (422, "event_breaks_contract")
    assert answer.json["field"].startswith("data.")
    assert not door.desk.published


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"type": OPENING_FILLED.type}, "type_not_yours"),
        ({"type": "kr.muni2.shelter.opened.v1"}, "type_not_yours"),
        ({"type": "kr.muni1"}, "type_not_yours"),
        ({"type": "kr.muni1.shelter.opened"}, "type_not_yours"),
        ({"type": "kr.muni1.#.v1"}, "type_not_yours"),
        ({"type": "kr.muni12.shelter.opened.v1"}, "type_not_yours"),
        ({"source": "/sipbun/placement"}, "source_not_yours"),
        ({"source": "/muni1"}, "source_not_yours"),
        ({"source": "/muni12/heat"}, "source_not_yours"),
    ],
)
def test_a_publisher_speaks_for_itself_only(door: Door, changed: dict[str, Any], code: str) -> None:
    answer = door.tell(json.dumps(a_shelter_opened(**changed)), content_type=STRUCTURED)

    assert (answer.status_code, answer.json["code"]) == (403, code)
    assert not door.desk.published


@pytest.mark.parametrize("key", ["", "nonsense", "sbp.muni1.", "sbp.muni2.x", new_key("muni1")])
def test_a_key_that_is_not_ours_is_refused(door: Door, key: str) -> None:
    answer = door.tell(json.dumps(a_shelter_opened()), key=key or " ", content_type=STRUCTURED)

    assert (answer.status_code, answer.json["code"]) == (401, "publisher_unknown")


def test_too_large_is_too_large_however_it_comes(door: Door) -> None:
    fat = a_shelter_opened(data={"s": "가" * MAX_BYTES})

    single = door.tell(json.dumps(fat), content_type=STRUCTURED)
    batch = door.tell(json.dumps([fat], ensure_ascii=False), content_type=BATCH)

    assert (single.status_code, batch.status_code) == (413, 413)
    assert not door.desk.published


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        ("{", STRUCTURED, 400),
        ("[]", STRUCTURED, 400),
        ("[", BATCH, 400),
        ('{"__type__": "datetime"}', STRUCTURED, 400),
        ("{}", "text/plain", 415),
        ("{}", "application/json", 415),
        ('{"data":' + '{"a":' * 40 + "1" + "}" * 41, STRUCTURED, 400),
    ],
)
def test_what_is_no_event_is_refused(door: Door, body: str, content_type: str, status: int) -> None:
    assert door.tell(body, content_type=content_type).status_code == status
    assert not door.desk.published


def test_without_a_confirm_the_publisher_is_told_to_come_again(door: Door) -> None:
    door.desk.away = True

    answer = door.tell(json.dumps(a_shelter_opened()), content_type=STRUCTURED)

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")


# The desk and its connections


class Line:
    """A connection that answers once for each entry of ``fates``."""

    def __init__(self, fates: list[Any]) -> None:
        self.fates = fates
        self.sent = 0

    def publish(self, messages: list[Message]) -> Receipt:
        self.sent += 1
        fate = self.fates.pop(0) if self.fates else Receipt(frozenset(range(len(messages))))
        if isinstance(fate, Exception):
            raise fate
        return fate


MUNI1 = Publisher("muni1", "kr.muni1", tenants=("gwangsan",))
A_MESSAGE = [Message("city.events", "muni1.shelter.opened.v1", b"{}", "1")]


def test_a_connection_is_used_again() -> None:
    made: list[Line] = []
    desk = BrokerDesk("amqp://", lambda _url, _name: made.append(Line([])) or made[-1])

    for _ in range(3):
        desk.publish(MUNI1, A_MESSAGE)

    assert [line.sent for line in made] == [3]


def test_an_idle_connection_that_died_is_replaced_and_the_batch_sent_again() -> None:
    confirmed = Receipt(frozenset({0}))
    made = [Line([confirmed, Unavailable("gone")]), Line([])]
    desk = BrokerDesk("amqp://", lambda _url, _name: made.pop(0))

    desk.publish(MUNI1, A_MESSAGE)
    desk.publish(MUNI1, A_MESSAGE)

    assert not made


def test_what_the_broker_refuses_is_not_said_to_be_taken() -> None:
    desk = BrokerDesk("amqp://", lambda _url, _name: Line([Receipt(frozenset(), {0: "broker: 406"})]))

    with pytest.raises(Unavailable):
        desk.publish(MUNI1, A_MESSAGE)


# Who may publish


@pytest.mark.parametrize(
    ("name", "prefix"),
    [
        ("placement", "kr.muni1"),
        ("sipbun", "kr.muni1"),
        ("muni1", "kr.sipbun"),
        ("muni1", "kr.sipbun.heat"),
        ("muni1", "kr"),
        ("muni1", "kr.muni2.heat"),
        ("Muni1", "kr.muni1"),
        ("m.*", "kr.muni1"),
        ("muni1", "muni1"),
    ],
)
def test_nobody_becomes_a_publisher_under_a_name_of_others(name: str, prefix: str) -> None:
    with pytest.raises(NotAllowed):
        check(name, prefix, ["gwangsan"], [Publisher("muni2", "kr.muni2")])


def test_a_publisher_added_while_the_gateway_runs_is_known_at_once(tmp_path: Path) -> None:
    file = tmp_path / "publishers.json"
    publishers = Publishers(file)
    key = new_key("muni2")
    assert publishers.by_key(key) is None

    file.write_text(written([Publisher("muni2", "kr.muni2", hash_of(key))]))

    assert publishers.by_key(key) == Publisher("muni2", "kr.muni2", hash_of(key))
    assert key not in file.read_text()
