"""Actor tokens say who asks, for five minutes; anything else is refused with the reason."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from shared.actors import ANYONE, Actor
from shared.auth import Keys, make_keys
from shared.errors import Refused

AT = datetime(2026, 7, 1, 3, 0, tzinfo=UTC)
OFFICER = Actor("officer-가람", frozenset({"officer"}), "gwangsan", frozenset({"29200"}))


def test_a_token_brings_back_who_it_was_issued_to() -> None:
    keys = Keys.new()

    assert keys.verify(keys.issue(OFFICER, AT), AT) == OFFICER


def test_no_token_is_anyone() -> None:
    assert Keys.new().verify(None, AT) is ANYONE


def test_a_token_ends_after_five_minutes_although_it_was_verified_before() -> None:
    keys = Keys.new()
    token = keys.issue(OFFICER, AT)
    keys.verify(token, AT + timedelta(seconds=299))

    with pytest.raises(Refused) as refused:
        keys.verify(token, AT + timedelta(seconds=300))

    assert (refused.value.code, refused.value.field) == ("token_expired", "token")


@pytest.mark.parametrize("spoil", [lambda t: t[:-8] + "AAAAAAAA", lambda _: "", lambda _: "a.b.c", lambda _: 7])
def test_a_spoilt_token_is_refused(spoil: object) -> None:
    keys = Keys.new()
    assert callable(spoil)

    with pytest.raises(Refused) as refused:
        keys.verify(spoil(keys.issue(OFFICER, AT)), AT)

    assert refused.value.code == "token_invalid"


def test_another_towns_token_and_another_algorithm_are_refused() -> None:
    keys = Keys.new()
    secret = OctKey.generate_key(256)
    weak = jwt.encode({"alg": "HS256"}, {"sub": "x", "roles": ["operator"], "tenant": "", "exp": 2**31}, secret)

    for token in (Keys.new().issue(OFFICER, AT), weak):
        with pytest.raises(Refused):
            keys.verify(token, AT)


def test_a_key_file_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "tokens.json"
    make_keys(path)
    first = path.read_bytes()
    make_keys(path)

    assert path.read_bytes() == first
    assert path.stat().st_mode & 0o077 == 0
    assert [entry.name for entry in path.parent.iterdir()] == ["tokens.json"]
    assert Keys.read(path).verify(Keys.read(path).issue(OFFICER, AT), AT) == OFFICER


def test_a_file_that_holds_no_keys_says_which_file(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    path.write_text('{"keys": "none"}')

    with pytest.raises(ValueError, match=r"tokens\.json"):
        Keys.read(path)
