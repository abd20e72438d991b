"""The environment is read when asked for, and a mistake in it names the variable and the fix."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.config import Misconfigured, settings

WELL = {"SIPBUN_AMQP_URL": "amqp://sipbun:x@127.0.0.1:5672/sipbun", "SIPBUN_MONGO_URL": "mongodb://127.0.0.1:27017"}


def test_what_is_not_said_has_a_default() -> None:
    told = settings(WELL)

    assert told.token_keys == Path(".sipbun/keys/tokens.json")
    assert told.metrics_port is None
    assert told.db_prefix == "sipbun_"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SIPBUN_AMQP_URL", ""),
        ("SIPBUN_AMQP_URL", "http://x"),
        ("SIPBUN_MONGO_URL", "127.0.0.1"),
        ("SIPBUN_METRICS_PORT", "many"),
        ("SIPBUN_METRICS_PORT", "70000"),
        ("SIPBUN_LOG_LEVEL", "loud"),
        ("SIPBUN_SMTP_URL", "127.0.0.1:25"),
    ],
)
def test_a_mistake_names_the_variable(name: str, value: str) -> None:
    with pytest.raises(Misconfigured, match=name):
        settings({**WELL, name: value})


def test_passwords_are_not_shown() -> None:
    assert "sipbun:x" not in repr(settings(WELL))
