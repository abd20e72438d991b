"""`./sipbun front-ends`: who may ask services over the broker, and which methods; each with a broker user of its own.

    add NAME --method placement_openings.nearby    a user limited to these methods; its password is told once
    list                                           who may ask what
    remove NAME                                    it may no longer

The broker's rights: nothing to declare, nothing to read, and to write only `nameko-rpc` under the routing keys of the
listed methods. Answers come by RabbitMQ's direct reply-to, as to `shared.messaging.rpc.RpcClient`, which needs no right.
nameko's own client declares the exchange and a reply queue: who may declare `nameko-rpc` may delete it, and who may bind
a queue to it hears what others ask, so it works for our own user only. What a person may do is decided by their actor
token, in the service; this says which doors a program stands at.
"""

import json
import re
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from deploy.cli.admission import Broker, address_of_broker, broker_of, no_broker
from deploy.cli.answer import USAGE, AsJson, fail, give
from deploy.management import ManagementAway, ManagementRefused
from deploy.methods import nearest, our_methods
from deploy.running import state_dir
from deploy.server import write_private
from shared.clock import KST
from shared.messaging.rpc import DIRECT_REPLY, EXCHANGE, queue_of

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="브로커로 묻는 화면 (front-ends that ask over the broker)"
)

#: `<service>.<method>`, the routing key of a question.
METHOD = re.compile(r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")
NAME = re.compile(r"^[a-z][a-z0-9-]{1,39}$")

Name = Annotated[str, typer.Argument(help="이름: 소문자, 숫자, - (its broker user)")]


@dataclass(frozen=True)
class FrontEnd:
    """A program that asks services over the broker."""

    name: str
    methods: tuple[str, ...]
    #: RFC 3339.
    added: str


@app.command(help="화면을 더한다: 비밀번호는 한 번만 보인다 (add one; its password is told once).")
def add(
    name: Name,
    method: Annotated[
        list[str], typer.Option(help="물을 수 있는 것, 여러 번 (what it may ask): placement_openings.nearby")
    ],
    renew: Annotated[
        bool, typer.Option("--renew", help="있던 것의 비밀번호와 방법을 바꾼다 (new password and methods)")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Admit a front-end."""
    if not NAME.match(name):
        fail("usage", f"이름을 쓸 수 없습니다 (not a name): {name}", as_json=as_json, status=USAGE)
    wrong = [one for one in method if not METHOD.match(one)]
    if wrong:
        told = f"SERVICE.METHOD 가 아닙니다 (is no SERVICE.METHOD): {', '.join(wrong)}"
        fail("usage", told, as_json=as_json, status=USAGE)
    broker = broker_of(as_json=as_json)
    refuse_unknown(method, broker, as_json=as_json)
    known = {one.name: one for one in _known()}
    methods, password = tuple(sorted(set(method))), secrets.token_urlsafe(24)
    try:
        if name in known and not renew:
            fail("already_there", f"이미 있습니다 (already there): {name}", fix="--renew", as_json=as_json)
        if name not in known and broker.knows(name):
            told = (
                f"그 이름의 브로커 사용자는 이 명령이 만들지 않았습니다 (a broker user that this did not make): {name}"
            )
            fail("not_ours_to_renew", told, fix="다른 이름을 고르십시오 (choose another name)", as_json=as_json)
        added = known[name].added if name in known else datetime.now(KST).isoformat(timespec="seconds")
        # Known before it is there: whatever happens in between, --renew finds a user that is ours.
        _keep([*(one for one in known.values() if one.name != name), FrontEnd(name, methods, added)])
        keys = rf"^({'|'.join(re.escape(one) for one in methods)})$"
        broker.admit(name, password, exchange=EXCHANGE, routing_keys=keys)
    except (ManagementAway, ManagementRefused) as trouble:
        no_broker(trouble, as_json=as_json)
    answer = {
        "ok": True,
        "name": name,
        "methods": methods,
        "amqp": {
            "user": name,
            "password": password,
            "vhost": broker.vhost,
            "exchange": EXCHANGE,
            "reply_to": DIRECT_REPLY,
        },
    }
    people = (
        f"{name} 이(가) 물을 수 있습니다. 비밀번호는 다시 보이지 않습니다. (told once, keep it safe)\n\n"
        f"  AMQP  주소 (address)         {address_of_broker()}\n"
        f"        사용자 (user)          {name}\n"
        f"        비밀번호 (password)    {password}\n"
        f"        가상 호스트 (vhost)    {broker.vhost}\n"
        f"        교환기 (exchange)      {EXCHANGE}\n"
        f"        라우팅 키              {', '.join(methods)}\n"
        f"        reply_to               {DIRECT_REPLY}"
    )
    give(answer, as_json=as_json, people=people)


def refuse_unknown(asked: Sequence[str], broker: Broker, *, as_json: bool) -> None:
    """End the command where a method is none of ours and its service is no other one that the broker has a queue of."""
    ours = our_methods()
    names = {one.partition(".")[0] for one in ours}
    for one in dict.fromkeys(asked):
        service = one.partition(".")[0]
        if one in ours:
            continue
        try:
            if service not in names and broker.has_queue(queue_of(service)):
                continue
        except (ManagementAway, ManagementRefused) as trouble:
            no_broker(trouble, as_json=as_json)
        alike = nearest(one, ours)
        fail(
            "no_such_method",
            f"그런 방법은 없습니다 (no such method): {one}",
            fix=f"--method {alike}" if alike else "서비스마다 README.md 에 있습니다 (services/*/README.md list them)",
            as_json=as_json,
            status=USAGE,
        )


@app.command("list", help="누가 무엇을 물을 수 있는가 (who may ask what).")
def list_front_ends(as_json: AsJson = False) -> None:
    """List the front-ends."""
    known = _known()
    table = Table(box=None)
    for column in ("이름 (name)", "방법 (methods)", "더한 때 (added)"):
        table.add_column(column)
    for one in known:
        table.add_row(one.name, "\n".join(one.methods), one.added)
    rows = [asdict(one) for one in known]
    give({"front_ends": rows}, as_json=as_json, people=table if known else "아직 없습니다 (none yet)")


@app.command(help="화면을 뺀다 (remove one).")
def remove(name: Name, as_json: AsJson = False) -> None:
    """Dismiss a front-end."""
    known = _known()
    if name not in {one.name for one in known}:
        fail("not_there", f"그런 화면이 없습니다 (no such front-end): {name}", as_json=as_json)
    try:
        broker_of(as_json=as_json).dismiss(name)
    except (ManagementAway, ManagementRefused) as trouble:
        no_broker(trouble, as_json=as_json)
    _keep([one for one in known if one.name != name])
    give({"ok": True, "removed": name}, as_json=as_json, people=f"뺐습니다 (removed): {name}")


def _file() -> Path:
    return state_dir() / "front-ends.json"


def _known() -> list[FrontEnd]:
    try:
        told = json.loads(_file().read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    return [FrontEnd(row["name"], tuple(row["methods"]), row["added"]) for row in told["front_ends"]]


def _keep(front_ends: list[FrontEnd]) -> None:
    _file().parent.mkdir(parents=True, exist_ok=True)
    rows = [asdict(one) for one in sorted(front_ends, key=lambda one: one.name)]
    write_private(_file(), json.dumps({"front_ends": rows}, ensure_ascii=False, indent=1))
