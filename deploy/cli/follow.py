"""`./sipbun follow EVENT_ID`: one event through the town: who said it, who heard it, and what came of it.

said ──> published ──> queue ──> effect        archive, letters, notices
                           └──> dead or parked, with the reason
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from deploy.cli.answer import OK, PROBLEM, AsJson, fail, give
from deploy.cli.console import Console, console, log_folder
from deploy.cli.waiting import aged, as_json_of, called
from deploy.words import QUEUES, event_word, letter_word, mail_word, queue_word, reason_word
from shared.clock import KST, from_iso
from shared.errors import CrossesTheDoor, Unavailable
from shared.events.registry import contract_of
from shared.messaging.dead import DeadLetter
from shared.messaging.rpc import NotUnderstood, RemoteFailure
from shared.messaging.topology import FEEDS
from shared.messaging.topology import QUEUES as SPECS

app = typer.Typer(add_completion=False)

#: Letters that are named one by one; of more, only how many.
NAMED = 12
#: Facts of one act that are looked for.
FACTS = 50
#: Lines of the processes' logs shown of one trace, and bytes of each log that are looked through, from its end.
JOURNAL, LOOKED_THROUGH = 20, 5_000_000


@dataclass
class Followed:
    """What is known of one event id; two publishers may have used the same one."""

    event_id: str
    #: As ``statistics_figures.event`` tells them.
    archived: Sequence[Mapping[str, Any]] = ()
    #: By event key: letters and notices.
    caused: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    #: Copies that wait for an operator.
    waiting: Sequence[DeadLetter] = ()
    #: Ids and types of what the same act said beside it.
    beside: Sequence[Mapping[str, str]] = ()
    #: Log lines of its trace.
    journal: Sequence[Mapping[str, Any]] = ()

    @property
    def known(self) -> bool:
        """Whether anybody knows of it."""
        return bool(self.archived or self.waiting)

    @property
    def well(self) -> bool:
        """Whether it is archived and no copy of it waits."""
        return bool(self.archived) and not self.waiting

    def as_json(self) -> dict[str, Any]:
        """Return what a machine reads."""
        return {
            "event_id": self.event_id,
            "ok": self.well,
            "events": [
                {
                    **event,
                    "archived_after_ms": milliseconds(event["time"], event["known_at"]),
                    "queues": [one["name"] for one in hearers(event["type"])],
                    "letters": self.caused.get(event["event_key"], {}).get("letters", []),
                    "notices": self.caused.get(event["event_key"], {}).get("notices", []),
                }
                for event in self.archived
            ],
            "same_act": list(self.beside),
            "waiting": [as_json_of(letter) for letter in self.waiting],
            "journal": list(self.journal),
        }


@app.command(help="이벤트 하나를 따라간다 (one event through the town): 말한 곳, 들은 곳, 그래서 일어난 일.")
def command(
    event_id: Annotated[str, typer.Argument(metavar="EVENT_ID", help="이벤트의 id (the event's id)")],
    as_json: AsJson = False,
) -> None:
    """Follow an event by its id; exit 1 when it is not known, not archived, or a copy of it waits."""
    here = console(as_json=as_json)
    try:
        found = followed(here, event_id)
    except (CrossesTheDoor, Unavailable, NotUnderstood, RemoteFailure) as error:
        fail("unavailable", f"대답이 없습니다 (no answer): {error}", fix="./sipbun status", as_json=as_json)
    if not found.known:
        fail(
            "not_found",
            f"아무도 모르는 이벤트입니다 (nobody knows of this event): {event_id}",
            fix="아직 나오지 않았을 수 있습니다 (it may still be in an outbox): ./sipbun status",
            as_json=as_json,
        )
    give(found.as_json(), as_json=as_json, people=drawn(found), status=OK if found.well else PROBLEM)


def followed(here: Console, event_id: str) -> Followed:
    """Ask everybody about an event."""
    archived = here.ask("statistics_figures", "event", event_id=event_id)["events"]
    caused = {
        event["event_key"]: here.ask("notifications_letters", "by_event", event_key=event["event_key"])
        for event in archived
    }
    waiting = [letter for letter in here.dead_letters.look() if letter.message_id == event_id]
    beside = [
        {"event_id": event["event_id"], "type": event["type"], "subject": event["subject"]}
        for event in of_same_act(here, event_id)
    ]
    traces = {event["traceparent"][3:35] for event in archived if event["traceparent"]}
    folder = log_folder(here.town)
    journal = list(lines_of(folder, traces)) if folder is not None and traces else []
    journal = sorted(journal, key=lambda line: str(line.get("at")))[:JOURNAL]
    return Followed(event_id, archived, caused, waiting, beside, journal)


def of_same_act(here: Console, event_id: str) -> list[Mapping[str, Any]]:
    """Return the archived events that the same act said: each fact of one has the id ``<aggregate>.<version>.<n>``."""
    found = re.fullmatch(r"(.+\.\d+)\.\d+", event_id)
    if found is None:
        return []
    said: list[Mapping[str, Any]] = []
    for number in range(FACTS):
        events = here.ask("statistics_figures", "event", event_id=f"{found[1]}.{number}")["events"]
        if not events:
            break
        said += events
    return [event for event in said if event["event_id"] != event_id]


def hearers(event_type: str) -> list[dict[str, str]]:
    """Return the queues and feeds that hear a type: ``{"name", "kind"}``."""
    queues = [{"name": spec.name, "kind": "queue"} for spec in SPECS if event_type in spec.types]
    feeds = [
        {"name": name, "kind": "feed"}
        for name, heard in FEEDS.items()
        if any(contract.type == event_type for contract in heard)
    ]
    return queues + feeds


def milliseconds(since: str, until: str) -> int:
    """Return whole milliseconds between two instants."""
    return int((from_iso(until) - from_iso(since)).total_seconds() * 1000)


def lines_of(folder: Path, traces: set[str]) -> Iterator[dict[str, Any]]:
    """Yield the log lines of these traces, without the texts of exceptions."""
    for log in sorted(folder.glob("*.log")):
        with log.open("rb") as lines:
            lines.seek(max(0, log.stat().st_size - LOOKED_THROUGH))
            for line in lines:
                if not any(trace.encode() in line for trace in traces):
                    continue
                try:
                    told = json.loads(line)
                except ValueError:
                    continue
                if isinstance(told, dict) and told.get("trace") in traces:
                    yield {name: value for name, value in told.items() if name not in ("exception", "trace")}


def drawn(found: Followed) -> RenderableType:
    """Return the picture for people."""
    parts: list[RenderableType] = [_event(found, event) for event in found.archived]
    if found.waiting:
        parts.append(_waiting(found.waiting))
    if not found.archived:
        parts.append(Text("기록에는 없습니다 (not in the archive).", style="yellow"))
    if found.journal:
        parts.append(_journal(found.journal))
    return Group(*parts)


def _event(found: Followed, event: Mapping[str, Any]) -> RenderableType:
    contract = contract_of(event["type"])
    name = contract.name if contract else event["type"]
    at = from_iso(event["time"]).astimezone(KST)
    root = Tree(Text.assemble((event_word(name).ko, "bold"), (f"  {event['type']}", "dim")), guide_style="dim")
    said = root.add(Text.assemble("말한 곳 (said by)  ", (event["source"], "cyan")))
    said.add(Text(f"{event['subject']}  #{event['sequence']}  {event['tenant']}"))
    said.add(Text(f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03d} KST"))
    for key, value in event["data"].items():
        said.add(Text.assemble((f"{key}: ", "dim"), json.dumps(value, ensure_ascii=False)))
    heard = root.add("들은 곳 (heard by)")
    dead = {letter.queue: letter for letter in found.waiting}
    for one in hearers(event["type"]):
        branch = heard.add(_hearer(one["name"], one["kind"], dead.get(one["name"])))
        if one["name"] == "statistics.archive":
            took = milliseconds(event["time"], event["known_at"])
            counted = "지표에 들어감 (counted)" if event.get("counted") else "지표에는 들지 않음 (no figure counts it)"
            branch.add(Text.assemble(("✓ ", "green"), f"기록 (archived) +{took} ms · {counted}"))
        if one["name"] == "notifications.letters":
            _letters(branch, event, found.caused.get(event["event_key"], {}))
    if found.beside:
        beside = root.add("같은 일에서 나온 이벤트 (said by the same act)")
        for other in found.beside:
            beside.add(Text.assemble(called(other["type"]), (f"  {other['event_id']}", "dim")))
    return Panel(root, title=f"이벤트 {found.event_id}", title_align="left", border_style="blue")


def _hearer(name: str, kind: str, dead: DeadLetter | None) -> Text:
    word = queue_word(name)
    mark = ("✗ ", "red") if dead else ("● ", "green")
    feed = "  각 프로세스의 지도 (an index in each process)" if kind == "feed" else ""
    return Text.assemble(mark, word.ko, (f"  {name}{feed}", "dim"))


def _letters(branch: Tree, event: Mapping[str, Any], caused: Mapping[str, Any]) -> None:
    letters = caused.get("letters", [])
    for letter in letters[:NAMED]:
        took = milliseconds(event["time"], letter["written"])
        why = f" ({letter['mail_why']})" if letter.get("mail_why") else ""
        branch.add(
            Text.assemble(
                ("✉ ", "yellow"),
                letter_word(letter["kind"]).ko,
                f" → {letter['resident_id']} +{took} ms · 메일 {mail_word(letter['mail']).ko}{why}",
            )
        )
    if len(letters) > NAMED:
        branch.add(Text(f"… 모두 {caused.get('count', len(letters))}건 (letters in all)", style="dim"))
    for notice in caused.get("notices", []):
        branch.add(Text.assemble(("✉ ", "yellow"), f"알림: {notice['title']} ({notice['district']})"))
    if not letters and not caused.get("notices"):
        branch.add(Text("알림 없음 (no letter)", style="dim"))


def _waiting(letters: Sequence[DeadLetter]) -> RenderableType:
    table = Table(box=box.SIMPLE_HEAD, title="기다리는 사본 (copies that wait)", title_justify="left", expand=True)
    for column in ("대기열 (queue)", "무엇 (what)", "까닭 (why)", "나이 (age)", "할 일 (do)"):
        table.add_column(column, overflow="fold")
    for letter in letters:
        command = "parked" if letter.code == "unbound" else "dead-letters"
        where = queue_word(letter.queue).ko if letter.queue in QUEUES else letter.queue
        table.add_row(
            where,
            called(letter.type),
            Text.assemble(reason_word(letter.reason), ("\n" + letter.reason, "dim")),
            aged(letter.age),
            f"./sipbun {command} show {letter.id[:8]}",
        )
    return table


def _journal(lines: Sequence[Mapping[str, Any]]) -> RenderableType:
    table = Table(
        box=box.SIMPLE_HEAD, title="같은 흐름의 기록 (log lines of its trace)", title_justify="left", expand=True
    )
    for column in ("때 (at)", "곳 (service)", "무엇 (event)", "더 (more)"):
        table.add_column(column, overflow="fold")
    for line in lines:
        more = {name: value for name, value in line.items() if name not in ("at", "service", "event", "level")}
        table.add_row(
            str(line.get("at", ""))[11:23],
            str(line.get("service", "")),
            str(line.get("event", "")),
            ", ".join(f"{name}={value}" for name, value in more.items())[:300],
        )
    return table
