"""Letters (알림): a resident's inbox, and for operators what became of each letter."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from services.gateway.api.common import Nothing, counted, id_field, lang, text
from services.gateway.asking import act, ask
from services.gateway.subject import Body, Subject, Told

SERVICE = "notifications_letters"
letters = Subject("letters", __name__, description="알림 · letters")


class HowMany(Body):
    limit = counted(1, 200)
    lang = lang()


class InWhich(Body):
    lang = lang()


class Letter(Told):
    letter_id = fields.String()
    kind = fields.String()
    title = fields.String()
    text = fields.String()
    about = fields.String()
    at = fields.String()
    mail = fields.String(allow_none=True, metadata={"description": "메일 상태 · state of the mail"})


class Letters(Told):
    letters = fields.List(fields.Nested(Letter))


class About(Body):
    about = id_field(description="공고 등 · what the letters are about, such as an opening's id")


class Counts(Told):
    letters = fields.Dict(keys=fields.String(), values=fields.Integer())
    mail = fields.Dict(keys=fields.String(), values=fields.Integer())


class ByEvent(Body):
    event_key = id_field()
    limit = counted(1, 200)


class Caused(Letters):
    count = fields.Integer(metadata={"description": "모두 몇 통 · how many there are"})
    notices = fields.List(fields.Dict(keys=fields.String()))


class WhichNotices(Body):
    district = text(20, required=False, example="29200")
    limit = counted(1, 200)
    lang = lang()


class Notice(Told):
    notice_id = fields.String()
    kind = fields.String()
    title = fields.String()
    text = fields.String()
    district = fields.String(allow_none=True)
    at = fields.String()


class Notices(Told):
    notices = fields.List(fields.Nested(Notice))


@letters.asks("GET", "/v1/residents/<resident_id>/letters", "내 알림함", query=HowMany, told=Letters)
def inbox(query: dict[str, Any], resident_id: str) -> Any:
    """Show a resident their letters, newest first."""
    return ask(SERVICE, "inbox", resident_id=resident_id, **query)


@letters.asks("GET", "/v1/letters/counts", "알림 수", query=About, told=Counts)
def counts(query: dict[str, Any]) -> Any:
    """Count the letters about something (officer, operator)."""
    return ask(SERVICE, "counts", **query)


@letters.asks("GET", "/v1/letters", "사실 하나가 낳은 알림", query=ByEvent, told=Caused)
def by_event(query: dict[str, Any]) -> Any:
    """List the letters that one event caused (operator)."""
    return ask(SERVICE, "by_event", **query)


@letters.asks("GET", "/v1/letters/<letter_id>", "알림 보기", query=InWhich, told=Letter)
def letter(query: dict[str, Any], letter_id: str) -> Any:
    """Show a letter."""
    return ask(SERVICE, "letter", letter_id=letter_id, **query)


@letters.asks("GET", "/v1/tenants/<tenant>/notices", "소식", query=WhichNotices, told=Notices, anyone=True)
def notices(query: dict[str, Any], tenant: str) -> Any:
    """Show a tenant's notices, latest first, such as a heat shelter that opened. Open to anyone."""
    return ask(SERVICE, "notices", tenant=tenant, **query)


@letters.asks(
    "POST", "/v1/letters/<letter_id>/resend", "메일 다시 보내기", body=Nothing, body_needed=False, told=Letter
)
def resend(body: dict[str, Any], letter_id: str) -> Any:
    """Send an unknown or failed mail again (operator)."""
    return act(SERVICE, "resend", letter_id=letter_id, **body)
