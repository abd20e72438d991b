"""What a view does: ask a service, as the caller, with the act's id. There is nothing else a view may do.

Authorization: Bearer <token>  -> g.token, verified here and again by the service
Idempotency-Key: <key>         -> the act's id, so that a repeat returns the first outcome
"""

from __future__ import annotations

import re
from typing import Any

from flask import current_app, g, request

from services.gateway.ports import Ports
from services.gateway.problems import Problem
from shared.actors import Actor
from shared.caller import asked_from
from shared.errors import Refused
from shared.ids import content_hash

#: Seconds a service has to answer; a person is waiting.
PATIENCE = 5.0
#: Seconds for what reads or writes a lot: loading programmes, refolding the archive.
LONG = 25.0
KEY_HEADER = "Idempotency-Key"
_KEY = re.compile(r"^[\x21-\x7e]{1,128}$")
UNSAFE = ("POST", "PUT", "PATCH", "DELETE")


def at() -> Ports:
    """Return the ports of this application."""
    ports: Ports = current_app.extensions["sipbun"]
    return ports


def ask(service: str, method: str, /, *, patience: float = PATIENCE, **asked: Any) -> Any:
    """Ask a service as the caller. Raises what the service told, or ``Unavailable``."""
    # Who keeps personal data must keep from where staff looked at it; nobody else is told.
    with asked_from(request.remote_addr if service.startswith("residents_") else None):
        return at().ask.call(service, method, token=g.token, timeout=patience, **asked)


def act(service: str, method: str, /, *, patience: float = PATIENCE, **asked: Any) -> Any:
    """Ask for an act, under the act's id."""
    return ask(service, method, patience=patience, act_id=g.act_id, **asked)


def made(prefix: str, given: str | None = None) -> str:
    """Return the id of what this act creates: as the caller chose, or one that a repeat of the act will have too."""
    return given or f"{prefix}-{content_hash([prefix, g.act_id])}"


def caller() -> Actor:
    """Return who asks."""
    actor: Actor = g.actor
    return actor


def recognise(*, anyone: bool) -> None:
    """Verify the caller's token; raise ``Refused`` when it is bad, or missing where not ``anyone`` may ask."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if not scheme:
        if not anyone:
            raise Refused("sign_in_needed", field="token")
        g.token = None
    elif scheme.lower() != "bearer" or not token.strip():
        raise Refused("token_invalid", field="token")
    else:
        g.token = token.strip()
    g.actor = at().keys.verify(g.token, at().clock.now())


def name_the_act() -> None:
    """Take the act's id from ``Idempotency-Key``, or make one up.

    Two people may both call their act ``1``, so a given key counts together with who gave it.
    """
    given = request.headers.get(KEY_HEADER)
    if given is None:
        g.act_key = g.act_id = at().ids.new("act")
        return
    if not _KEY.match(given):
        raise Problem("idempotency_key_wrong", field=KEY_HEADER)
    named = f"{caller().subject}:{given}"
    g.act_key = given
    g.act_id = named if len(named) <= 160 else f"act-{content_hash([caller().subject, given])}"
