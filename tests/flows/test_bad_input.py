"""README: bad input neither stops the town nor loses anything. A corpus against every queue and every RPC method.

Real processes, a real broker whose consumer timeout is seconds instead of half an hour, and a real database that a test
may hold down for longer than that.
"""

from __future__ import annotations

import shutil
import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from typing import Any

import orjson
import pymongo
import pytest

from deploy.pids import Process
from services.placement.programmes.model import District, Programme
from services.placement.programmes.storage import programmes
from shared.actors import ROLES, Actor
from shared.aggregate import Act
from shared.clock import SystemClock
from shared.errors import Unavailable
from shared.events import city, placement, residents, spaces
from shared.events.contract import Contract
from shared.events.placement import participation, plans, work
from shared.messaging import outsiders
from shared.messaging.dead import DeadLetter, DeadLetters
from shared.messaging.message import EVENTS, PARKED
from shared.messaging.rpc import queue_of
from shared.messaging.topology import QUEUES, RPC_DEAD
from shared.mongo.real import RealDatabase
from shared.serial import KeyedQueue
from tests.chaos.corpus import (
    HOSTILE_VALUES,
    TENANT,
    Thrown,
    events_for,
    good,
    hostile_headers,
    malformed_requests,
    properties_of,
)
from tests.chaos.load import PLACE
from tests.chaos.throwing import Asker, Thrower, a_publishing_system, methods
from tests.chaos.world import World, a_world, new_folder
from tests.harness import eventually

#: Seconds. RabbitMQ's own is 1,800.
CONSUMER_TIMEOUT = 8.0
#: Between them every queue hears one of these; most are heard by two or three.
CONTRACTS = (
    placement.PLACEMENT_SELECTED,
    plans.PROPOSAL_DECIDED,
    participation.OVERLAPPED,
    spaces.BOOKING_REQUESTED,
    residents.CONSENT_WITHDRAWN,
    city.HEAT_SHELTER_OPENED,
)
#: One contract a queue for what is put straight into it.
DIRECT = {
    "placement.openings": placement.PLACEMENT_SELECTED,
    "placement.proposals": plans.PROPOSAL_DECIDED,
    "placement.participation": placement.PLACEMENT_WITHDRAWN,
    "placement.attendance": placement.PLACEMENT_WITHDRAWN,
    "placement.allowance": work.ATTENDANCE_SETTLED,
    "placement.trust": work.ATTENDANCE_SETTLED,
    "spaces.bookings": spaces.BOOKING_CONFIRMED,
    "spaces.plans": spaces.SEAT_QUEUED,
    "spaces.waiting": spaces.DIARY_FREED,
    "spaces.conduct": spaces.BOOKING_USED,
    "spaces.cases": spaces.DIARY_OVERLAPPED,
    "spaces.agreement": spaces.BOOKING_CONFIRMED,
    "spaces.occupancy": spaces.SPACE_CLOSED,
    "notifications.letters": placement.PLACEMENT_SELECTED,
    "notifications.news": placement.OPENING_PUBLISHED,
    "residents.withdrawals": residents.CONSENT_WITHDRAWN,
    "residents.accounts": residents.CONSENT_WITHDRAWN,
    "residents.groups": work.PLACEMENT_COMPLETED,
    "statistics.archive": city.HEAT_SHELTER_OPENED,
}
ONE_EACH = {"placement": 1, "spaces": 1, "notifications": 1, "residents": 1, "statistics": 1, "relay": 1, "gateway": 0}
_numbers = count(1)


@pytest.fixture(scope="module")
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """A town whose servers this module may stop; its folder stays when a test fails."""
    folder, failed_before = new_folder(), request.session.testsfailed
    folder.mkdir(parents=True)
    (folder / outsiders.FILE).write_bytes(orjson.dumps({"publishers": [{"name": "muni1", "tenants": [TENANT]}]}))
    with a_world(folder, held=True, consumer_timeout=CONSUMER_TIMEOUT, replicas=ONE_EACH) as up:
        know_the_programme(up)
        yield up
    if request.session.testsfailed == failed_before:
        shutil.rmtree(folder)


def know_the_programme(world: World) -> None:
    """Keep the programme that samples speak of: pay for one that nobody knows is dead, and does not vanish."""
    kept = world.database("placement")
    programmes(RealDatabase(kept.client, kept.name), clock=SystemClock(), serial=KeyedQueue()).create(
        Act.own("corpus", "load"),
        Programme(
            id=str(work.ATTENDANCE_SETTLED.sample["programme_id"]),
            tenant=TENANT,
            code="gs-citizen-allowance",
            name_ko="광산시민수당",
            name_en=None,
            kind="pairing",
            role="hosted",
            parent=None,
            district=District("29200", "광산구", "광주광역시"),
            year=None,
        ),
        {},
    )


@pytest.fixture
def nobody_dies(world: World) -> Iterator[None]:
    """No process of the town dies, or is started again, while a test runs."""
    before = world.lives()
    yield
    died = [name for name, life in world.lives().items() if life != before[name]]
    assert died == [], "\n".join(f"{name}: {world.last_words(name)}" for name in died)


def unique(name: str) -> str:
    """An id that no other message of this run has."""
    return f"{name}-{next(_numbers)}"


def dead_letters(world: World) -> list[DeadLetter]:
    """What an operator sees with `./sipbun dead-letters list` and `./sipbun parked list`."""
    running = world.running
    mongo: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(running.mongo_url, tz_aware=True)
    with mongo:
        desk = DeadLetters(
            running.amqp_url,
            lambda service: RealDatabase(mongo, f"{running.db_prefix}{service}"),
            {},
            SystemClock(),
        )
        try:
            return desk.look()
        except Unavailable as away:
            # The timeout is short for an operator with much to look at, too.
            raise AssertionError(str(away)) from away


def forget_the_dead(world: World) -> None:
    """Start the next test with empty dead queues."""
    with Thrower(world.running.amqp_url) as thrower:
        channel = thrower.channel()
        for name in (PARKED, RPC_DEAD, *(spec.dead for spec in QUEUES)):
            channel.queue_purge(name)


def archived(world: World, ids: set[str]) -> set[str]:
    """Which of these events are in the archive."""
    kept = world.database("statistics")["archive"].find({"event.id": {"$in": sorted(ids)}}, ["event.id"])
    return {one["event"]["id"] for one in kept}


def hearers(contract: Contract) -> list[str]:
    """The queues that hear a contract."""
    return [spec.name for spec in QUEUES if contract.type in spec.types]


def explain(letters: list[DeadLetter], expected: dict[tuple[str, bytes], Thrown]) -> list[str]:
    """Say what died that should not have, did not die that should have, or died with a reason that does not tell."""
    wrong = []
    found = {(letter.queue, letter.body): letter for letter in letters}
    for key, thrown in expected.items():
        letter = found.get(key)
        if letter is None:
            wrong.append(f"{key[0]}: {thrown.name}: did not die, expected: {thrown.why}")
        elif thrown.why is None or thrown.why not in letter.reason:
            wrong.append(f"{key[0]}: {thrown.name}: died of {letter.reason!r}, expected: {thrown.why}")
    for (name, body), letter in found.items():
        if (name, body) not in expected:
            wrong.append(f"{name}: {letter.message_id} died of {letter.reason!r}; body {body[:200]!r}")
    return wrong


@pytest.mark.timeout(600)
@pytest.mark.parametrize("through", ["the exchange", "the queue itself"])
def test_everything_bad_dies_with_a_reason_a_person_understands_and_everything_good_around_it_passes(
    world: World, nobody_dies: None, through: str
) -> None:
    forget_the_dead(world)
    expected: dict[tuple[str, bytes], Thrown] = {}
    must_pass: Counter[str] = Counter()
    wanted: set[str] = set()
    with Thrower(world.running.amqp_url) as thrower:

        def throw(thrown: Thrown, contract: Contract, only: str | None) -> None:
            exchange, key = (EVENTS, contract.routing_key) if only is None else ("", only)
            assert thrower.throw(thrown, exchange=exchange, routing_key=key).taken, thrown.name
            for name in hearers(contract) if only is None else [only]:
                if thrown.must_die_in(name):
                    expected[name, thrown.body] = thrown
                elif name == "statistics.archive":
                    wanted.add(orjson.loads(thrown.body)["id"])
                must_pass[name] += not thrown.must_die_in(name)

        where = DIRECT.items() if through == "the queue itself" else [(None, contract) for contract in CONTRACTS]
        for only, contract in where:
            for number, thrown in enumerate(events_for(contract, unique("corpus"))):
                throw(thrown, contract, only)
                # Each piece of news asks residents who is in reach: a few among the bad ones are enough.
                if only != "notifications.news" or number % 10 == 0:
                    throw(good(contract, unique("good")), contract, only)

    eventually(lambda: world.waiting(world.depths()), until=lambda left: not left, within=200)
    eventually(lambda: explain(dead_letters(world), expected), until=lambda wrong: not wrong, every=0.5)
    assert eventually(lambda: archived(world, wanted), until=lambda found: found == wanted) == wanted
    # The whole corpus, not a part of it, was thrown and survived.
    assert len(expected) > 150
    assert sum(must_pass.values()) > 150


def test_every_queue_there_is_gets_the_corpus() -> None:
    assert set(DIRECT) == {spec.name for spec in QUEUES}


def test_a_type_or_version_that_nobody_binds_is_parked(world: World, nobody_dies: None) -> None:
    forget_the_dead(world)
    with Thrower(world.running.amqp_url) as thrower:
        for key in ("placement.opening.published.v2", "placement.opening.forgotten.v1", "은하수", "x" * 255, ""):
            thrown = good(placement.OPENING_PUBLISHED, unique("unknown"))
            assert thrower.throw(thrown, exchange=EVENTS, routing_key=key).taken
        garbage = Thrown("no event at all", b"\xff" * 100, None)
        assert thrower.throw(garbage, exchange=EVENTS, routing_key=b"\xff\xfe").taken

    def parked() -> list[DeadLetter]:
        return [letter for letter in dead_letters(world) if letter.queue == PARKED]

    letters = eventually(parked, until=lambda found: len(found) == 6)

    assert {letter.code for letter in letters} == {"unbound"}


def test_the_broker_refuses_what_is_too_large_and_the_publisher_is_told(world: World, nobody_dies: None) -> None:
    forget_the_dead(world)
    contract = placement.OPENING_PUBLISHED
    with Thrower(world.running.amqp_url) as thrower:
        for size in (256 * 1024 + 1, 20_000_000):
            large = Thrown("too large", b"x" * size, None, properties_of(contract, unique("large")))
            for exchange, key in ((EVENTS, contract.routing_key), ("", "placement.openings")):
                receipt = thrower.throw(large, exchange=exchange, routing_key=key)
                assert (receipt.taken, receipt.code) == (False, 406), receipt
                assert "larger than configured max size" in receipt.text
        asked = thrower.throw(
            Thrown("a megabyte to ask", orjson.dumps({"args": [], "kwargs": {"tenant": "x" * 2**20}}), None),
            exchange="nameko-rpc",
            routing_key="statistics_figures.figures",
        )
        assert (asked.taken, asked.code) == (False, 406)
        after = good(contract, unique("good"))
        assert thrower.throw(after, exchange=EVENTS, routing_key=contract.routing_key).taken

    event_id = orjson.loads(after.body)["id"]
    assert eventually(lambda: archived(world, {event_id}))
    assert dead_letters(world) == []


def test_a_publishing_system_speaks_for_itself_only_and_is_told_so(world: World, nobody_dies: None) -> None:
    forget_the_dead(world)
    running = world.running
    ours, theirs = placement.PLACEMENT_SELECTED, city.HEAT_SHELTER_OPENED
    with a_publishing_system(world.management, running.amqp_url, "muni1", unique("secret")) as url, Thrower(url) as muni:
        forged = replace(good(theirs, unique("forged")), properties=properties_of(theirs, "", message_id=None, user_id="sipbun"))
        receipt = muni.throw(forged, exchange=EVENTS, routing_key=theirs.routing_key)
        assert (receipt.taken, receipt.code) == (False, 406)
        assert "user_id" in receipt.text
        foreign = replace(good(ours, unique("foreign")), properties=properties_of(ours, "", message_id=None, user_id="muni1"))
        for exchange, key in ((EVENTS, ours.routing_key), ("", "placement.openings"), ("city.parked", "")):
            receipt = muni.throw(foreign, exchange=exchange, routing_key=key)
            assert (receipt.taken, receipt.code) == (False, 403), (exchange, receipt)
        under_its_own_key = muni.throw(foreign, exchange=EVENTS, routing_key=theirs.routing_key)
        assert under_its_own_key.taken
        true = good(theirs, unique("true"))
        assert muni.throw(true, exchange=EVENTS, routing_key=theirs.routing_key).taken

    event_id = orjson.loads(true.body)["id"]
    assert eventually(lambda: archived(world, {event_id}))
    notices = world.database("notifications")["notices"]
    assert eventually(lambda: notices.count_documents({"cause.id": event_id})) == 1
    letters = eventually(lambda: dead_letters(world), until=lambda found: len(found) == 2)
    assert {letter.queue for letter in letters} == set(hearers(theirs))
    for letter in letters:
        assert "does not belong to" in letter.reason or "is not heard by" in letter.reason


@pytest.mark.timeout(600)
def test_every_method_answers_malformed_requests_with_what_is_wrong(world: World, nobody_dies: None) -> None:
    asker = Asker(world.running.amqp_url)
    wrong = []
    for method in methods():
        for asked in malformed_requests():
            answer = asker.ask(method.key, asked.body, asked.properties, asked.headers)
            error = answer["error"] if answer else None
            if error is None or error["exc_type"] != asked.exc_type or asked.says not in error["value"]:
                wrong.append(f"{method.key}: {asked.name}: {error}, expected {asked.exc_type}: {asked.says}")
        for arguments in ([1, 2, 3], [None]):
            answer = asker.ask(method.key, orjson.dumps({"args": arguments, "kwargs": {}}))
            if answer is None or answer["error"] is None or answer["error"]["exc_type"] == "InternalError":
                wrong.append(f"{method.key}: args {arguments}: {answer}")
        answer = asker.call(method.key, {"은하수": 1})
        if answer is None or answer["error"] is None or answer["error"]["exc_type"] == "InternalError":
            wrong.append(f"{method.key}: an unknown argument: {answer}")
    asker.close()
    assert wrong == [], "\n".join(wrong)


@pytest.mark.timeout(600)
def test_no_value_of_any_argument_makes_a_method_fail_inside_or_tell_what_nobody_asked_for(
    world: World, nobody_dies: None
) -> None:
    asker = Asker(world.running.amqp_url)
    wrong = []
    for method in methods():
        token = world.keys.issue(everybody(), SystemClock().now())
        known = {**USUAL, **USUAL_OF.get(method.key.partition(".")[0], {})}
        usual = {name: known[name] for name in method.arguments if name in known}
        for name in method.arguments:
            for value in HOSTILE_VALUES:
                answer = asker.call(method.key, {**usual, "token": token, name: value})
                error = answer["error"] if answer else {"exc_type": "no answer"}
                if error is not None and error["exc_type"] in ("InternalError", "no answer"):
                    wrong.append(f"{method.key}({name}={str(value)[:40]!r}): {error}")
                if error is None and isinstance(value, dict | list):
                    wrong.append(f"{method.key}({name}={str(value)[:40]!r}) was answered: {str(answer)[:100]}")
    asker.close()
    assert wrong == [], "\n".join(wrong)


def test_hostile_headers_and_half_a_megabyte_of_arguments_change_no_answer(world: World, nobody_dies: None) -> None:
    asker = Asker(world.running.amqp_url)
    token = world.keys.issue(everybody(), SystemClock().now())
    body = orjson.dumps({"args": [], "kwargs": {"tenant": TENANT, "token": token}})
    usual = asker.ask("statistics_figures.count", body)
    assert usual is not None
    assert usual["error"] is None
    for headers in hostile_headers():
        assert asker.ask("statistics_figures.count", body, headers=headers) == usual
    assert asker.ask("statistics_figures.count", body, correlation_id=None) == usual
    large = asker.call("statistics_figures.figures", {"tenant": "x" * 200_000})
    assert large is not None
    assert large["error"]["sipbun"]["field"] == "tenant"
    assert asker.call("statistics_figures.no_such_method", {})["error"]["exc_type"] == "MethodNotFound"
    assert asker.call("statistics_figures.__class__", {})["error"]["exc_type"] == "MethodNotFound"
    assert asker.ask(b"statistics_figures.\xff\xfe", body)["error"]["exc_type"] == "MethodNotFound"
    assert asker.call("no_such_service.figures", {}) is None
    asker.close()


def test_a_request_that_nobody_can_be_answered_for_is_kept_and_stops_nobody(world: World, nobody_dies: None) -> None:
    forget_the_dead(world)
    services = sorted({method.key.partition(".")[0] for method in methods()})
    expected: set[bytes] = set()
    with Thrower(world.running.amqp_url) as thrower:
        for service in services:
            nobody = [{}, {"reply_to": "placement_openings.apply"}, {"reply_to": ""}]
            for properties in nobody:
                body = orjson.dumps({"args": [], "kwargs": {"number": unique("asked")}})
                expected.add(body)
                thrown = Thrown("nobody to answer", body, None, {"content_type": "application/json", **properties})
                assert thrower.throw(thrown, exchange="nameko-rpc", routing_key=f"{service}.get").taken
            # These name somebody who isn't there: answered, and nobody hears it.
            for reply_to in ("nobody-there", "amq.rabbitmq.reply-to.x", "amq.rabbitmq.reply-to.g2dkABF!.==", "은하수"):
                thrown = Thrown("gone", body, None, {"content_type": "application/json", "reply_to": reply_to})
                assert thrower.throw(thrown, exchange="nameko-rpc", routing_key=f"{service}.get").taken

    # One that waits for its ack while another breaks the connection comes again: kept twice rather than not at all.
    letters = eventually(
        lambda: dead_letters(world), until=lambda found: {letter.body for letter in found} == expected
    )
    assert {letter.queue for letter in letters} == {RPC_DEAD}
    assert all("reply_to" in letter.reason for letter in letters)
    eventually(lambda: not world.waiting(world.depths()))
    asker = Asker(world.running.amqp_url)
    for service in services:
        answer = asker.call(f"{service}.no_such_method", {})
        assert answer is not None, queue_of(service)
        assert answer["error"]["exc_type"] == "MethodNotFound"
    asker.close()


def test_a_database_away_for_longer_than_the_consumer_timeout_kills_nothing_that_was_good(
    world: World, nobody_dies: None
) -> None:
    forget_the_dead(world)
    eventually(lambda: not world.waiting(world.depths()))
    engine = world.engine.process
    assert engine is not None
    sent = throw_good(world, 40)
    eventually(lambda: len(archived(world, sent)) == 40)

    # First it hangs, with batches at work in it and a connection that only falls silent.
    hung = throw_while_hung(world, engine)
    sent |= hung
    eventually(lambda: archived(world, sent) == sent)

    # Then it is down.
    world.engine.stop()
    sent |= throw_good(world, 40)
    eventually(lambda: sum(world.waiting(world.depths()).values()) >= 40)
    longer_than_the_timeout(world)
    world.engine.start()
    world.engine.wait_ready()

    eventually(lambda: archived(world, sent) == sent)
    eventually(lambda: not world.waiting(world.depths()))
    assert dead_letters(world) == []
    letters = world.database("notifications")["letters"]
    assert letters.count_documents({"cause.id": {"$in": sorted(sent)}}) == len(sent)


def throw_good(world: World, number: int) -> set[str]:
    """Publish good events that a letter, an archived fact and a reaction of placement come from; return their ids."""
    contract = placement.PLACEMENT_SELECTED
    ids = [unique("kept") for _ in range(number)]
    with Thrower(world.running.amqp_url) as thrower:
        for event_id in ids:
            assert thrower.throw(good(contract, event_id), exchange=EVENTS, routing_key=contract.routing_key).taken
    return set(ids)


def throw_while_hung(world: World, engine: Process) -> set[str]:
    """Publish while the database does not move, for longer than the consumer timeout."""
    engine.signal(signal.SIGSTOP)
    try:
        sent = throw_good(world, 40)
        longer_than_the_timeout(world)
    finally:
        engine.signal(signal.SIGCONT)
    return sent


def longer_than_the_timeout(world: World) -> None:
    """Wait until the broker, which looks every second, has had more than its patience."""
    start = SystemClock().now()
    eventually(
        lambda: (SystemClock().now() - start).total_seconds() > 1.5 * CONSUMER_TIMEOUT + 1,
        every=0.2,
    )


def everybody() -> Actor:
    """An actor with every role: whatever refuses them, it is not their role."""
    return Actor("corpus", frozenset(ROLES), "corpus")


#: Arguments that pass where another one is being tried.
USUAL: dict[str, Any] = {
    "act_id": "corpus-act",
    "tenant": "corpus",
    "name": "은하수",
    "programme_id": "corpus:gs-walk10",
    "wage_floor": "minimum",
    "total": 1,
    "programmes": [{"id": "gs-x", "name_ko": "은하수", "kind": "pairing", "role": "hosted"}],
    "opening_id": "opn-corpus",
    "title": "작은도서관 도서 정리",
    "place": PLACE,
    "shifts": [{"start": "2026-11-23T10:00:00+09:00", "end": "2026-11-23T12:00:00+09:00"}],
    "places": 1,
    "hourly_won": 10320,
    "mode": "officer",
    "deadline": "2026-11-23T09:00:00+09:00",
    "resident_id": "res-corpus",
    "application_id": "opn-corpus:res-corpus",
    "reason": "officer",
    "consents": [{"purpose": "service", "text_version": "2026-01"}],
    "purpose": "service",
    "text_version": "2026-01",
    "lat": 35.1457,
    "lon": 126.7937,
    "resident_ids": ["res-corpus"],
    "interest_id": "res-corpus:home",
    "topic": "jobs",
    "letter_id": "k:res-corpus",
    "about": "opn-corpus",
    "event_key": "k",
    "event_id": "e",
    "month": "2026-11",
    "day": "2026-11-22",
    "first_day": "2026-11-01",
    "last_day": "2026-11-22",
    "measure": "people",
    "value": 1,
    "source": "은하수 신문",
    "as_of": "2026-11-22",
    "hosts": ["host-corpus"],
    "tags": ["gs-walk10"],
    "target_groups": [{"code": "elder", "name_ko": "어르신", "legal_basis": "노인복지법 제23조"}],
    "organisation_id": "corpus:bori",
    "operator_kind": "entrusted",
    "call_id": "call-corpus",
    "year": 2027,
    "opens_at": "2026-11-23T09:00:00+09:00",
    "closes_at": "2026-12-23T09:00:00+09:00",
    "fields": ["돌봄"],
    "criteria": [{"code": "need", "name_ko": "필요성"}],
    "reviews_needed": 1,
    "proposal_id": "pro-corpus",
    "summary": "이웃을 돕습니다.",
    "field": "돌봄",
    "won": 1,
    "scores": {"need": 50},
    "comment": "좋습니다.",
    "outcome": "selected",
    "agreement_id": "agr-corpus",
    "partners": [{"name": "은하수 마을회", "does": "장소"}],
    "does": "장소",
    "funder": "city",
    "attendance_id": "opn-corpus:res-corpus:1:0",
    "attendance_ids": ["opn-corpus:res-corpus:1:0"],
    "days": ["2026-11-22"],
    "said": "absent",
    "minutes": 60,
    "text": "그날은 나왔습니다.",
    "shift": 0,
    "pay_month_id": "corpus:gs-walk10:res-corpus:2026-11",
    "batch_id": "bat-corpus",
    "file_hash": "0" * 64,
    "row": 1,
    "content": "H,bat-corpus",
    "placement_id": "opn-corpus:res-corpus:1",
    "side": "resident",
    "group": "elder",
}
#: Where another service means something else by the same word.
USUAL_OF: dict[str, dict[str, Any]] = {
    "placement_programmes": {"direct_job": True},
    "placement_organisations": {"district": "29200", "kind": "cooperative", "code": "bori", "measure": "members"},
    "placement_proposals": {"district": "29200", "kind": "job_matching"},
    "placement_attendance": {"code": "123456", "answer": "upheld"},
    "placement_batches": {"method": "bank"},
    "placement_trust": {"answer": "upheld"},
    "residents_accounts": {"method": "bank", "code": "039", "number": "110-000-000001", "holder": "김은하"},
    "statistics_figures": {"about": "jobs"},
}
