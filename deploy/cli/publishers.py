"""`./sipbun publishers`: which outside systems may publish, each with a broker user and an HTTP key of its own.

    add NAME --type-prefix kr.NAME --tenant TENANT    a user limited to its own prefix, and a key; both are told once
    list                                              who may
    remove NAME                                       neither works any more; what was published stays

The broker's rights: nothing to declare, nothing to read, and to write only `city.events` under routing keys that begin
with the publisher's own name. A forged `user_id` is refused by the broker. The broker can't see for which tenant an
event speaks: over AMQP an event of another tenant is taken, and refused by every queue that hears it.
"""

import re
import secrets
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from deploy.cli.admission import address_of_broker, broker_of, no_broker
from deploy.cli.answer import AsJson, fail, give
from deploy.management import ManagementAway, ManagementRefused
from deploy.running import state_dir
from deploy.server import write_private
from services.gateway.publishers import NotAllowed, Publisher, check, hash_of, new_key, read, written
from shared.clock import KST
from shared.messaging.message import EVENTS

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="이벤트를 발행하는 시스템 (outside systems that may publish)"
)

Name = Annotated[str, typer.Argument(help="이름: 소문자, 숫자, _ (its broker user and the start of its routing keys)")]


@app.command(help="발행 시스템을 더한다: 비밀번호와 열쇠는 한 번만 보인다 (add one; password and key are told once).")
def add(
    name: Name,
    type_prefix: Annotated[str, typer.Option(help="유형의 앞부분 (reverse DNS), 예: kr.muni1")],
    tenant: Annotated[
        list[str], typer.Option(help="어느 운영기관의 일을 말하는가, 여러 번 (for which tenants), 예: gwangsan")
    ],
    renew: Annotated[
        bool, typer.Option("--renew", help="있던 시스템의 비밀번호와 열쇠를 바꾼다 (new password and key)")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Admit a publishing system."""
    broker = broker_of(as_json=as_json)
    known = {one.name: one for one in _known(as_json=as_json)}
    try:
        check(name, type_prefix, tenant, known.values())
    except NotAllowed as refused:
        fail("not_allowed", f"더할 수 없습니다 (not allowed): {refused}", as_json=as_json)
    password, key = secrets.token_urlsafe(24), new_key(name)
    now = datetime.now(KST).isoformat(timespec="seconds")
    try:
        if not renew and name in known:
            fail(
                "already_there",
                f"이미 있습니다 (already there): {name}",
                fix="--renew",
                as_json=as_json,
            )
        if name not in known and broker.knows(name):
            fail(
                "not_ours_to_renew",
                f"그 이름의 브로커 사용자는 이 명령이 만들지 않았습니다 (a broker user that this did not make): {name}",
                fix="다른 이름을 고르십시오 (choose another name)",
                as_json=as_json,
            )
        # Known before it is there: whatever happens in between, --renew finds a user that is ours.
        first = known.get(name) or Publisher(name, type_prefix, "", now, tuple(tenant))
        _keep([*(one for one in known.values() if one.name != name), first])
        broker.admit(name, password, exchange=EVENTS, routing_keys=rf"^{re.escape(name)}\..*")
    except (ManagementAway, ManagementRefused) as trouble:
        no_broker(trouble, as_json=as_json)
    admitted = Publisher(name, type_prefix, hash_of(key), first.added, tuple(tenant))
    _keep([*(one for one in known.values() if one.name != name), admitted])
    give(
        {
            "ok": True,
            "name": name,
            "type_prefix": type_prefix,
            "types": f"{type_prefix}.<subject>.<past>.vN",
            "source": f"/{name}/...",
            "tenants": tenant,
            "amqp": {
                "user": name,
                "password": password,
                "vhost": broker.vhost,
                "exchange": EVENTS,
                "routing_keys": f"{name}.<subject>.<past>.vN",
            },
            "http": {"path": "/events", "key": key},
        },
        as_json=as_json,
        people=_told_once(admitted, password=password, key=key, vhost=broker.vhost),
    )


@app.command("list", help="누가 발행할 수 있는가 (who may publish).")
def list_publishers(as_json: AsJson = False) -> None:
    """List the publishing systems."""
    known = _known(as_json=as_json)
    table = Table(box=None)
    for column in ("이름 (name)", "유형 (types)", "운영기관 (tenants)", "더한 때 (added)"):
        table.add_column(column)
    for one in known:
        table.add_row(one.name, f"{one.type_prefix}.*", ", ".join(one.tenants), one.added)
    rows = [
        {"name": one.name, "type_prefix": one.type_prefix, "tenants": one.tenants, "added": one.added} for one in known
    ]
    give({"publishers": rows}, as_json=as_json, people=table if known else "아직 없습니다 (none yet)")


@app.command(help="발행 시스템을 뺀다: 비밀번호도 열쇠도 더는 통하지 않는다 (remove one).")
def remove(name: Name, as_json: AsJson = False) -> None:
    """Dismiss a publishing system."""
    known = _known(as_json=as_json)
    if name not in {one.name for one in known}:
        fail("not_there", f"그런 발행 시스템이 없습니다 (no such publisher): {name}", as_json=as_json)
    broker = broker_of(as_json=as_json)
    # The key first: it is the gateway's to refuse, whether or not the broker answers.
    _keep([replace(one, key_hash="") if one.name == name else one for one in known])
    try:
        broker.dismiss(name)
    except (ManagementAway, ManagementRefused) as trouble:
        no_broker(trouble, as_json=as_json)
    _keep([one for one in known if one.name != name])
    give({"ok": True, "removed": name}, as_json=as_json, people=f"뺐습니다 (removed): {name}")


def _file() -> Path:
    return state_dir() / "publishers.json"


def _known(*, as_json: bool) -> tuple[Publisher, ...]:
    try:
        return read(_file())
    except ValueError as malformed:
        fail("file_malformed", str(malformed), as_json=as_json)


def _keep(publishers: list[Publisher]) -> None:
    _file().parent.mkdir(parents=True, exist_ok=True)
    write_private(_file(), written(publishers))


def _told_once(publisher: Publisher, *, password: str, key: str, vhost: str) -> str:
    return (
        f"{publisher.name} 이(가) 알릴 수 있습니다. 아래 비밀은 다시 보이지 않습니다. (told once, keep it safe)\n\n"
        f"  AMQP  주소 (address)         {address_of_broker()}\n"
        f"        사용자 (user)          {publisher.name}\n"
        f"        비밀번호 (password)    {password}\n"
        f"        가상 호스트 (vhost)    {vhost}\n"
        f"        교환기 (exchange)      {EVENTS}\n"
        f"        라우팅 키              {publisher.name}.<subject>.<past>.vN\n"
        f"        user_id                {publisher.name}\n"
        f"  HTTP  POST /events\n"
        f"        Authorization: Bearer {key}\n"
        f"  유형 (type)    {publisher.type_prefix}.<subject>.<past>.vN\n"
        f"  출처 (source)  /{publisher.name}/...\n"
        f"  운영기관 (tenant)  {', '.join(publisher.tenants)}"
    )
