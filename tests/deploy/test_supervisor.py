"""The supervisor: what dies comes back and it says so; down leaves nothing behind."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from deploy.broker import BrokerNode
from deploy.database import EmbeddedDatabase
from deploy.keeper import Keeper, cut_short
from deploy.pids import Process
from deploy.processes import GATEWAY, Table, town
from deploy.running import ROOT, Running, http_status
from deploy.supervisor import Supervisor, replicas_from
from deploy.town import bring_down, launch, wait_until_ready
from tests.harness import Servers, eventually


def quiet(_: str) -> None:
    """Nobody listens."""


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    """A folder for a town; whatever runs in it is stopped afterwards."""
    yield tmp_path
    bring_down(tmp_path, say=quiet)


@pytest.fixture
def joined(servers: Servers) -> dict[str, str]:
    """The environment of a town that stands on the test run's own servers, so that it is up in a second."""
    amqp, admin = servers.broker()
    return {"SIPBUN_AMQP_URL": amqp, "SIPBUN_AMQP_ADMIN_URL": admin, "SIPBUN_MONGO_URL": servers.database()}


def up(state: Path, table: str, environment: Mapping[str, str], **how: Any) -> Running:
    """Start a town of fake processes and wait until it is ready."""
    named = {"SIPBUN_PROCESSES": f"tests.deploy.fake_town:{table}"}
    supervisor = launch(state, say=quiet, environment={**environment, **named}, **how)
    return wait_until_ready(state, supervisor, say=quiet, seconds=180)


def happened(state: Path) -> list[dict[str, Any]]:
    """Everything the supervisor told."""
    return [json.loads(line) for line in (state / "log" / "supervisor.jsonl").read_text().splitlines()]


def process(state: Path, name: str) -> Any:
    """The record of one process."""
    found = Running.read(state)
    assert found is not None
    return found.find(name)


def test_a_killed_process_is_started_again_and_the_log_says_so(state: Path, joined: dict[str, str]) -> None:
    before = up(state, "small_town", joined).find("placement")
    assert before is not None
    assert before.process is not None

    before.process.signal(signal.SIGKILL)

    after = eventually(lambda: process(state, "placement"), until=lambda one: one.restarts == 1 and one.state == "ready")
    assert after.process.pid != before.process.pid
    died = next(event for event in happened(state) if event["what"] == "died")
    assert died["process"] == "placement"
    assert died["signal"] == "SIGKILL"
    assert died["restart_in_s"] == 1.0


def test_two_callers_at_once_get_the_same_town(state: Path, joined: dict[str, str]) -> None:
    environment = {**joined, "SIPBUN_PROCESSES": "tests.deploy.fake_town:small_town"}
    callers = [launch(state, say=quiet, environment=environment) for _ in range(2)]

    towns = [wait_until_ready(state, caller, say=quiet, seconds=180) for caller in callers]

    assert towns[0].supervisor == towns[1].supervisor
    loser = next(caller for caller in callers if caller != towns[0].supervisor)
    assert not bring_down(state, say=quiet, only=loser)
    assert towns[0].alive


def test_down_stops_every_process_and_leaves_no_record(state: Path, joined: dict[str, str]) -> None:
    found = up(state, "small_town", joined)
    assert http_status(f"{found.gateway_url}/readyz") == 200

    assert bring_down(state, say=quiet)

    assert not found.alive
    assert not any(one.alive for one in found.processes)
    assert Running.read(state) is None
    assert not bring_down(state, say=quiet)


def test_what_a_killed_supervisor_left_behind_is_found_and_stopped(state: Path, joined: dict[str, str]) -> None:
    found = up(state, "small_town", joined)
    found.supervisor.signal(signal.SIGKILL)
    assert found.supervisor.wait_gone(5)
    assert all(one.alive for one in found.processes)

    bring_down(state, say=quiet)

    assert not any(one.alive for one in found.processes)


def test_a_process_deaf_to_sigterm_is_shot_and_the_others_are_not_kept_waiting(
    state: Path, joined: dict[str, str]
) -> None:
    found = up(state, "deaf_town", joined)

    bring_down(state, say=quiet)

    assert not any(one.alive for one in found.processes)
    assert [event["process"] for event in happened(state) if event["what"] == "shot"] == ["placement"]


def test_a_supervisor_whose_folder_was_removed_ends_its_processes_and_touches_nothing_new(
    state: Path, joined: dict[str, str]
) -> None:
    found = up(state, "small_town", joined)
    shutil.rmtree(state)

    assert found.supervisor.wait_gone(20)
    assert not any(one.alive for one in found.processes)
    assert not (state / "run.json").exists()


def test_a_step_that_fails_ends_the_start_and_its_last_words_are_told(state: Path, joined: dict[str, str]) -> None:
    with pytest.raises(Exception, match="은하수 작은도서관 queue refused"):
        up(state, "town_without_topology", joined)


def test_replicas_get_names_and_ports_of_their_own_and_the_record_says_what_calendars_it_reads(
    state: Path, joined: dict[str, str]
) -> None:
    networks = {"SIPBUN_CALENDAR_NETWORKS": "10.20.0.0/16"}
    found = up(state, "small_town", joined | networks, replicas={"placement": 2})

    assert found.calendar_networks == "10.20.0.0/16"
    assert [one.name for one in found.processes] == ["placement-1", "placement-2", GATEWAY]
    assert len({one.port for one in found.processes}) == 3


@pytest.mark.timeout(400)
def test_two_towns_run_beside_each_other_on_servers_of_their_own(tmp_path: Path) -> None:
    folders = [tmp_path / "은하수", tmp_path / "샛별"]
    named = {"SIPBUN_PROCESSES": "tests.deploy.fake_town:small_town"}
    try:
        starting = [launch(folder, say=quiet, own_servers=True, environment=named) for folder in folders]
        towns = [
            wait_until_ready(folder, supervisor, say=quiet, seconds=180)
            for folder, supervisor in zip(folders, starting, strict=True)
        ]

        assert len({found.amqp_url for found in towns}) == 2
        assert len({found.gateway_url for found in towns}) == 2
        BrokerNode(folders[0] / "rabbitmq").kill()
        eventually(
            lambda: process(folders[0], "rabbitmq"),
            until=lambda one: one.restarts == 1 and one.state == "ready",
        )
        assert process(folders[1], "rabbitmq").restarts == 0
    finally:
        for folder in folders:
            bring_down(folder, say=quiet)
    for folder in folders:
        assert not BrokerNode(folder / "rabbitmq").running
        assert not EmbeddedDatabase(folder / "database").running


class Mayfly:
    """Dies as soon as it is looked at, until it has died often enough."""

    def __init__(self, deaths: int) -> None:
        self.deaths = deaths

    def launch(self) -> Process:
        """Be somebody who lives."""
        return Process.of(os.getpid())

    def gone(self) -> int | None:
        """Die again, or live."""
        self.deaths -= 1
        return 7 if self.deaths >= 0 else None

    def ready(self) -> bool:
        """Say yes."""
        return True

    def end(self) -> None:
        """Nothing to end."""


def test_the_pause_grows_with_each_death_in_a_row() -> None:
    told: list[dict[str, Any]] = []
    stopping = threading.Event()
    keeper = Keeper(
        "mayfly",
        Mayfly(deaths=4),
        stopping=stopping,
        changed=lambda _: None,
        tell=lambda what, name, **more: told.append({"what": what, **more}),
        back_off=(0.01, 0.02, 0.03),
    )
    keeper.start()

    assert keeper.was_ready.wait(60)
    stopping.set()
    keeper.join(5)

    deaths = [event for event in told if event["what"] == "died"]
    assert [event["restart_in_s"] for event in deaths] == [0.01, 0.02, 0.03, 0.03]
    assert {event["status"] for event in deaths} == {7}


def test_a_disk_that_takes_no_line_stops_neither_keeping_nor_stopping(tmp_path: Path) -> None:
    (tmp_path / "full").write_text("no folder: nothing can be written under it")
    supervisor = Supervisor(tmp_path / "full", Table((), ()))
    mayfly = Mayfly(deaths=2)
    keeper = supervisor._keeper("mayfly", mayfly, back_off=(0.01,))
    supervisor.keepers = [keeper]
    keeper.start()

    assert keeper.was_ready.wait(60)
    assert keeper.restarts == 2
    supervisor._stop()
    assert not keeper.is_alive()
    assert keeper.state == "stopped"


def test_a_living_process_goes_on_writing_to_a_log_that_was_cut_short(tmp_path: Path) -> None:
    log = tmp_path / "placement.log"
    with log.open("ab", buffering=0) as out:
        out.write("옛 줄\n".encode() * 10)
        cut_short(log, limit=1000)
        assert not (tmp_path / "placement.log.1").exists()
        cut_short(log, limit=50)
        out.write("새 줄\n".encode())

    assert log.read_text() == "새 줄\n"
    assert (tmp_path / "placement.log.1").read_text() == "옛 줄\n" * 10


def test_the_shipped_table_names_every_process_once() -> None:
    names = [spec.name for spec in town().processes]

    assert names[0] == "mail-sink"
    assert names[-1] == "gateway"
    assert len(names) == len(set(names)) == 8
    with pytest.raises(ValueError, match="placment"):
        town().with_replicas({"placment": 2})


def test_a_replica_count_is_a_name_and_a_number() -> None:
    assert replicas_from(["placement=2", "relay=0"]) == {"placement": 2, "relay": 0}
    with pytest.raises(ValueError, match="NAME=COUNT"):
        replicas_from(["placement"])


def test_a_pid_that_went_to_somebody_else_is_not_ours() -> None:
    other = Process(pid=os.getpid(), born=1.0)

    assert not other.alive
    other.signal(signal.SIGKILL)
    assert Process.of(os.getpid()).alive


def test_status_says_3_when_nothing_runs(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "deploy.cli", "status", "--json"],
        env=os.environ | {"SIPBUN_STATE_DIR": str(tmp_path), "PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 3
    told = json.loads(done.stdout.splitlines()[-1])
    assert {"processes", "queues", "outbox_age_s", "parked", "dead"} <= set(told)
