"""The dev sign-in: off unless asked for, and never with a real town's keys by accident."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.gateway.personas import PERSONAS
from services.gateway.ports import ports
from shared.auth import make_keys
from shared.config import Misconfigured
from tests.services.gateway.twins import NOW, a_gateway


def test_nobody_can_tell_that_there_is_a_dev_sign_in_where_it_is_off(tmp_path: Path) -> None:
    door = a_gateway(tmp_path)

    assert door.get("/dev/sign-in").status_code == 404
    assert door.post("/dev/sign-in", json={"persona": "operator"}).status_code == 404


@pytest.mark.parametrize("persona", sorted(PERSONAS))
def test_a_persona_gets_a_token_for_its_role_only(tmp_path: Path, persona: str) -> None:
    door = a_gateway(tmp_path, dev_sign_in=True)

    told = door.post("/dev/sign-in", json={"persona": persona, "tenant": "demo-ab12"}).json

    actor = door.ports.keys.verify(told["token"], NOW)
    assert actor.roles == {PERSONAS[persona].role}
    assert actor.tenant == "demo-ab12"
    assert told["expires_in"] == 300


def test_a_persona_may_take_another_id_and_other_districts(tmp_path: Path) -> None:
    door = a_gateway(tmp_path, dev_sign_in=True)

    told = door.post(
        "/dev/sign-in", json={"persona": "officer", "subject": "officer-2", "tenant": "t-1", "districts": []}
    ).json

    actor = door.ports.keys.verify(told["token"], NOW)
    assert (actor.subject, actor.districts) == ("officer-2", frozenset())


def test_nobody_becomes_a_service(tmp_path: Path) -> None:
    door = a_gateway(tmp_path, dev_sign_in=True)

    assert door.post("/dev/sign-in", json={"persona": "service"}).status_code == 422
    assert door.post("/dev/sign-in", json={"persona": "resident", "roles": ["service"]}).status_code == 422


def an_environment(tmp_path: Path, keys: Path, sign_in: str) -> dict[str, str]:
    """Return a gateway's environment whose keys are in that file."""
    make_keys(keys)
    return {
        "SIPBUN_AMQP_URL": "amqp://127.0.0.1/",
        "SIPBUN_STATE_DIR": str(tmp_path / "state"),
        "SIPBUN_TOKEN_KEYS": str(keys),
        "SIPBUN_DEV_SIGN_IN": sign_in,
    }


def test_it_signs_with_keys_that_the_platform_made_for_itself(tmp_path: Path) -> None:
    own = tmp_path / "state" / "keys" / "tokens.json"

    assert ports(an_environment(tmp_path, own, "1")).dev_sign_in
    assert not ports(an_environment(tmp_path, own, "")).dev_sign_in


def test_with_keys_from_outside_the_gateway_does_not_start_unless_that_is_meant(tmp_path: Path) -> None:
    given = tmp_path / "secrets" / "tokens.json"

    with pytest.raises(Misconfigured, match="SIPBUN_DEV_SIGN_IN"):
        ports(an_environment(tmp_path, given, "1"))
    assert ports(an_environment(tmp_path, given, "with-given-keys")).dev_sign_in
    assert not ports(an_environment(tmp_path, given, "0")).dev_sign_in


def test_a_gateway_without_keys_says_which_variable_is_wrong(tmp_path: Path) -> None:
    told = an_environment(tmp_path, tmp_path / "keys.json", "0") | {"SIPBUN_TOKEN_KEYS": str(tmp_path / "none.json")}

    with pytest.raises(Misconfigured, match="SIPBUN_TOKEN_KEYS"):
        ports(told)
