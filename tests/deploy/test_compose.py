"""docker-compose.yml and the broker's files say what the code says. No container runs here: they are read."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import Any

import pytest
import yaml

from deploy.broker import MAX_MESSAGE_SIZE
from deploy.processes import PYTHON, Spec, town
from deploy.rabbitmq.definitions import FILE, definitions, written
from shared.messaging.message import DEAD, EVENTS, PARKED
from shared.messaging.topology import QUEUES
from tests.harness import ROOT

#: Containers that are no process of the table: engines, steps and the operator's tools.
BESIDE = {"broker", "database", "keys", "topology", "tools"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """The file, with its anchors resolved."""
    told: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    return told


def in_a_container(command: tuple[str, ...]) -> list[str]:
    """Return a command of the table as a container runs it."""
    return ["python", *command[1:]] if command[0] == PYTHON else list(command)


def test_every_process_of_the_table_is_a_container_with_the_same_command(compose: dict[str, Any]) -> None:
    commands = {name: one.get("command") for name, one in compose["services"].items() if name not in BESIDE}

    assert commands == {spec.name: in_a_container(spec.command) for spec in town().processes}


def test_every_step_is_a_container_that_runs_once(compose: dict[str, Any]) -> None:
    for step in town().steps:
        container = compose["services"][step.name]
        assert container["command"] == in_a_container(step.command)
        assert container["restart"] == "no"


def test_every_process_is_restarted_and_watched(compose: dict[str, Any]) -> None:
    for name, one in compose["services"].items():
        if name in {"keys", "topology", "tools"}:
            continue
        assert one["restart"] == "unless-stopped", name
        assert one["healthcheck"]["test"], name


def test_there_is_no_default_password(compose: dict[str, Any]) -> None:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")

    for name in re.findall(r"\$\{(\w*(?:PASSWORD|KEY|SECRET)\w*)([^}]*)\}", text):
        assert name[1].startswith(":?"), name
    for container in compose["services"].values():
        for name, value in (container.get("environment") or {}).items():
            if re.search(r"PASS|KEY|SECRET", name) and name != "SIPBUN_TOKEN_KEYS":
                assert re.fullmatch(r"\$\{\w+:\?[^}]*\}", value), name
            assert not re.search(r"://\w+:(?!\$\{\w+:\?)[^@]+@", str(value)), name


def test_the_example_names_every_variable_that_must_be_set() -> None:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    example = (ROOT / "deploy" / "compose.env.example").read_text(encoding="utf-8")

    needed = set(re.findall(r"\$\{(\w+):\?", text))

    assert needed == set(re.findall(r"^(\w+)=$", example, re.MULTILINE))
    assert set(re.findall(r"\$\{(SIPBUN_\w+)", text)) - {"SIPBUN_VERSION"} == set(
        re.findall(r"^(?:# )?(SIPBUN_\w+)=", example, re.MULTILINE)
    )


def test_every_variable_a_container_gets_is_one_that_the_code_reads(compose: dict[str, Any]) -> None:
    code = [*(ROOT / "shared").rglob("*.py"), *(ROOT / "services").rglob("*.py"), *(ROOT / "deploy").rglob("*.py")]
    read = {name for path in code for name in re.findall(r"SIPBUN_[A-Z_]+", path.read_text(encoding="utf-8"))}

    for name, container in compose["services"].items():
        if name in ("broker", "database"):
            continue
        given = {one for one in container.get("environment") or {} if one.startswith("SIPBUN_")}
        assert given <= read, name


def test_no_mail_goes_anywhere_and_no_log_is_believed_unless_somebody_says_so(compose: dict[str, Any]) -> None:
    told = compose["services"]["notifications"]["environment"]
    smtp = {"SIPBUN_SMTP_URL": "smtp://mail.example.org:25"}

    assert compose["services"]["mail-sink"]["profiles"] == ["mail-sink"]
    assert interpolated(told["SIPBUN_SMTP_URL"], {}) == ""
    assert interpolated(told["SIPBUN_MAIL_LOG"], {}) == interpolated(told["SIPBUN_MAIL_LOG"], smtp) == ""


def test_only_who_sends_or_keeps_letters_sees_them_and_the_sink_sees_no_keys(compose: dict[str, Any]) -> None:
    kept = {name: {one.split(":")[0] for one in of.get("volumes", ())} for name, of in compose["services"].items()}

    assert kept["mail-sink"] == {"letters"}
    assert {name for name, volumes in kept.items() if "letters" in volumes} == {"mail-sink", "notifications"}
    assert all("keys" in kept[name] for name in ("keys", "placement", "gateway", "notifications"))


def interpolated(text: str, given: dict[str, str]) -> str:
    """Return a value as docker compose fills it in: ``-``, ``:-``, ``+``, ``:+``, ``?`` and ``:?``, from the inside."""
    while hole := re.search(r"\$\{(\w+)(?:(:?)([-+?])([^${}]*))?\}", text):
        name, strict, mark, word = hole.groups()
        value = given.get(name)
        is_there = bool(value) if strict else value is not None
        if mark == "?" and not is_there:
            filled = f"\0{word}\0"
        else:
            filled = {"-": value if is_there else word, "+": word if is_there else ""}.get(mark, value) or ""
        text = text[: hole.start()] + filled + text[hole.end() :]
    if "\0" in text:
        raise LookupError(text)
    return text


def test_the_gateway_is_given_no_database(compose: dict[str, Any]) -> None:
    assert "SIPBUN_MONGO_URL" not in compose["services"]["gateway"]["environment"]


def test_nothing_listens_to_the_world_unless_somebody_says_so(compose: dict[str, Any]) -> None:
    for name, container in compose["services"].items():
        for port in container.get("ports", ()):
            assert re.match(r"(127\.0\.0\.1|\$\{SIPBUN_\w+_BIND:-127\.0\.0\.1\}):", port), name


@pytest.mark.parametrize("spec", town().processes, ids=lambda spec: spec.name)
def test_every_command_is_there(spec: Spec) -> None:
    """Each module that a container runs can be imported with nothing but its code."""
    modules = [word for word in spec.command[2:] if re.fullmatch(r"(deploy|shared|services)(\.\w+)+(:app)?", word)]
    assert modules

    for module in modules:
        done = subprocess.run(
            [sys.executable, "-c", f"import {module.partition(':')[0]}"],
            cwd=ROOT,
            env={name: value for name, value in os.environ.items() if not name.startswith("SIPBUN_")}
            | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr[-2000:]


def test_gunicorn_accepts_its_file() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "gunicorn",
            "--check-config",
            "-c",
            "deploy/gunicorn.conf.py",
            "services.gateway.app:app",
        ],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr[-2000:]


def test_the_committed_definitions_are_those_of_the_topology() -> None:
    assert FILE.read_text(encoding="utf-8") == written(), "python -m deploy.rabbitmq.definitions"


def test_definitions_hold_every_queue_and_no_user() -> None:
    told = definitions()

    assert {one["name"] for one in told["exchanges"]} == {EVENTS, PARKED, DEAD}
    for spec in QUEUES:
        bound = {one["routing_key"] for one in told["bindings"] if one["destination"] == spec.name}
        assert bound == {contract.routing_key for contract in spec.hears}
    assert "users" not in told


def test_the_brokers_file_keeps_to_the_size_that_the_private_node_keeps_to() -> None:
    conf = (ROOT / "deploy" / "rabbitmq" / "rabbitmq.conf").read_text(encoding="utf-8")

    assert f"max_message_size = {MAX_MESSAGE_SIZE}\n" in conf
    assert "loopback_users = none\n" in conf


def test_the_image_takes_pinned_packages_and_runs_as_nobody() -> None:
    dockerfile = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")

    assert "--require-hashes" in dockerfile
    assert re.search(r"^USER sipbun$", dockerfile, re.MULTILINE)
    assert "://" not in dockerfile
    for copied in re.findall(r"^COPY (\w[\w.]*) ", dockerfile, re.MULTILINE):
        assert (ROOT / copied).exists(), copied


def test_every_alert_says_what_to_do() -> None:
    told = yaml.safe_load((ROOT / "deploy" / "monitoring" / "alerts.yml").read_text(encoding="utf-8"))

    rules = [rule for group in told["groups"] for rule in group["rules"]]
    assert {rule["alert"] for rule in rules} >= {"ProcessDown", "OutboxLate", "QueueDeep", "DeadLetters", "Parked"}
    metrics = (ROOT / "shared" / "telemetry" / "metrics.py").read_text(encoding="utf-8") + (
        ROOT / "services" / "gateway" / "passage.py"
    ).read_text(encoding="utf-8")
    for rule in rules:
        assert rule["annotations"]["fix"]
        for name in re.findall(r"\bsipbun_\w+", rule["expr"]):
            assert f'"{name.removesuffix("_total")}"' in metrics, name
