"""The dev sign-in: take on a demo persona. It is a 404 unless ``SIPBUN_DEV_SIGN_IN`` says otherwise.

Anybody who reaches it may become an operator: it is for a platform on one's own machine. Signing in with the town's
identity provider takes its place.
"""

from __future__ import annotations

from typing import Any

from flask import abort
from marshmallow import fields, validate

from services.gateway.api.common import id_field, text
from services.gateway.asking import at
from services.gateway.personas import PERSONAS
from services.gateway.subject import Body, Subject, Told
from shared.auth import GOOD_FOR

sign_in = Subject("sign-in", __name__, description="개발용 로그인 · dev sign-in with demo personas")


class SignIn(Body):
    persona = fields.String(required=True, validate=validate.OneOf(sorted(PERSONAS)))
    subject = id_field(required=False, description="다른 아이디로 · under another id")
    tenant = id_field(required=False, description="다른 운영기관에서 · in another tenant")
    districts = fields.List(text(20), validate=validate.Length(max=50), metadata={"example": ["29200"]})


class Token(Told):
    token = fields.String()
    expires_in = fields.Integer(metadata={"description": "초 · seconds"})
    persona = fields.String()
    name = fields.String()
    about = fields.String()
    about_en = fields.String()
    subject = fields.String()
    roles = fields.List(fields.String())
    tenant = fields.String()
    districts = fields.List(fields.String())


class DemoPerson(Told):
    persona = fields.String()
    name = fields.String()
    about = fields.String()
    about_en = fields.String()


class Personas(Told):
    personas = fields.List(fields.Nested(DemoPerson))


@sign_in.asks("GET", "/dev/sign-in", "시연용 인물 목록", told=Personas, anyone=True)
def personas() -> Any:
    """List the demo personas."""
    _must_be_on()
    return {
        "personas": [
            {"persona": one.key, "name": one.name, "about": one.about, "about_en": one.about_en}
            for one in PERSONAS.values()
        ]
    }


@sign_in.asks(
    "POST", "/dev/sign-in", "시연용 인물로 로그인", body=SignIn, told=Token, status=201, anyone=True, acts=False
)
def become(body: dict[str, Any]) -> Any:
    """Return a token, good for five minutes, for a demo persona."""
    _must_be_on()
    persona = PERSONAS[body["persona"]]
    actor = persona.actor(subject=body.get("subject"), tenant=body.get("tenant"), districts=body.get("districts"))
    return {
        "token": at().keys.issue(actor, at().clock.now()),
        "expires_in": int(GOOD_FOR.total_seconds()),
        "persona": persona.key,
        "name": persona.name,
        "about": persona.about,
        "about_en": persona.about_en,
        "subject": actor.subject,
        "roles": sorted(actor.roles),
        "tenant": actor.tenant,
        "districts": sorted(actor.districts),
    }


def _must_be_on() -> None:
    if not at().dev_sign_in:
        abort(404)
