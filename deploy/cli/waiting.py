"""What `dead-letters` and `parked` have in common: choosing, showing and settling messages that wait for an operator."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

import typer
from rich import box
from rich.console import Group, RenderableType
from rich.json import JSON
from rich.table import Table
from rich.text import Text

from deploy.cli.answer import OK, PROBLEM, USAGE, fail, give
from deploy.cli.console import Console
from deploy.words import code_word, event_word, queue_word, reason_word
from shared.clock import KST, from_iso
from shared.errors import Unavailable
from shared.events.registry import contract_of
from shared.messaging.dead import DeadLetter, Settled

#: Characters of an id that a table shows; as many name it on the command line.
SHORT = 8


@contextmanager
def answered(*, as_json: bool) -> Iterator[None]:
    """End the command with what to do when the broker or a database doesn't answer."""
    try:
        yield
    except Unavailable as away:
        fail("unavailable", f"대답이 없습니다 (no answer): {away}", fix="./sipbun status", as_json=as_json)


def chosen(
    letters: Sequence[DeadLetter], ids: Sequence[str], *, queue: str | None, everything: bool, as_json: bool
) -> list[DeadLetter]:
    """Return the letters that the words of a command name; end the command when they name nothing.

    ``queue`` is a queue's name, its dead queue's name or the beginning of either.
    """
    if not ids and not everything:
        fail(
            "usage",
            "무엇을 할지 골라 주십시오 (say which): id 또는 --all",
            fix="id 의 앞 6글자 이상, 또는 메시지 id (6 characters of the id, or the message id)",
            as_json=as_json,
            status=USAGE,
        )
    here = in_queue(letters, queue)
    found = [letter for letter in here if everything or any(names(one, letter) for one in ids)]
    missing = [one for one in ids if not any(names(one, letter) for letter in here)]
    if missing:
        fail("not_found", f"그런 것이 없습니다 (no such message): {', '.join(missing)}", as_json=as_json)
    return found


def names(given: str, letter: DeadLetter) -> bool:
    """Return whether what a person typed names this letter."""
    return given in (letter.id, letter.message_id) or (len(given) >= 6 and letter.id.startswith(given))


def in_queue(letters: Sequence[DeadLetter], queue: str | None) -> list[DeadLetter]:
    """Return those of one queue, or all."""
    if queue is None:
        return list(letters)
    return [letter for letter in letters if letter.queue.startswith(queue.removesuffix(".dead"))]


def as_json_of(letter: DeadLetter, *, body: bool = False) -> dict[str, Any]:
    """Return what a machine reads of a letter."""
    told: dict[str, Any] = {
        "id": letter.id,
        "queue": letter.queue,
        "message_id": letter.message_id,
        "type": letter.type,
        "source": letter.source,
        "time": letter.time,
        "code": letter.code,
        "reason": letter.reason,
        "reason_ko": reason_word(letter.reason),
        "age_s": None if letter.age is None else round(letter.age, 1),
        "routing_key": letter.routing_key,
        "bytes": len(letter.body),
    }
    if body:
        told["body"] = readable(letter.body)
        told["headers"] = {key: str(value) for key, value in letter.headers.items()}
    return told


def readable(body: bytes) -> str:
    """Return the body as text; bytes that are none are shown as escapes."""
    return body.decode("utf-8", "backslashreplace")


def listed(letters: Sequence[DeadLetter], *, title: str, nothing: str, aging: bool = True) -> RenderableType:
    """Return the table for people; where these have no age (``aging``), with the time at which each happened."""
    if not letters:
        return Text(nothing, style="green")
    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", expand=True)
    table.add_column("id", no_wrap=True, style="bold")
    table.add_column("대기열\nqueue", overflow="fold")
    table.add_column("무엇\nwhat", overflow="fold", ratio=3)
    table.add_column("까닭\nwhy", overflow="fold", ratio=4)
    table.add_column("나이\nage" if aging else "일어난 때\nhappened (KST)", justify="right", no_wrap=True)
    for letter in letters:
        table.add_row(
            shortened(letter),
            Text.assemble(queue_word(letter.queue).ko, ("\n" + letter.queue, "dim")),
            Text.assemble(called(letter.type), ("\n" + (letter.message_id or "id 없음 (no id)"), "dim")),
            Text.assemble(reason_word(letter.reason), ("\n" + letter.reason, "dim")),
            aged(letter.age) if aging else happened(letter.time),
        )
    return table


def shown(letter: DeadLetter) -> RenderableType:
    """Return everything about one letter for people."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    code = code_word(letter.code)
    for name, value in (
        ("id", letter.id),
        ("대기열 (queue)", f"{queue_word(letter.queue).ko}  {letter.queue}"),
        ("무엇 (what)", f"{called(letter.type)}  {letter.type or ''}"),
        ("메시지 id", letter.message_id or "없음 (none)"),
        ("말한 곳 (source)", letter.source or "알 수 없음 (unknown)"),
        ("때 (time)", letter.time or "알 수 없음 (unknown)"),
        ("상태 (state)", code.both),
        ("까닭 (why)", reason_word(letter.reason)),
        ("", letter.reason),
        ("길 이름 (routing key)", letter.routing_key or "없음 (none)"),
    ):
        table.add_row(name, value)
    return Group(table, Text(""), _body(letter.body))


def called(event_type: str | None) -> str:
    """Return what people call a type."""
    contract = contract_of(event_type) if event_type else None
    return event_word(contract.name).ko if contract else event_type or "알 수 없는 것 (unknown)"


def shortened(letter: DeadLetter) -> str:
    """Return the beginning of an id; a stuck fact's id is shown whole."""
    return letter.id if letter.code == "stuck" else letter.id[:SHORT]


def aged(seconds: float | None) -> str:
    """Return an age: ``12초``, ``3분``, ``5시간``, ``2일``."""
    if seconds is None:
        return "?"
    for size, unit in ((86_400, "일"), (3_600, "시간"), (60, "분")):
        if seconds >= size:
            return f"{seconds / size:.0f}{unit}"
    return f"{max(seconds, 0):.0f}초"


def happened(instant: str | None) -> str:
    """Return when an event says it happened, as a clock in Seoul shows it."""
    return "?" if instant is None else f"{from_iso(instant).astimezone(KST):%Y-%m-%d %H:%M}"


def show(letters: Sequence[DeadLetter], given: str, *, as_json: bool) -> NoReturn:
    """Answer ``show``."""
    if not letters:
        fail("not_found", f"그런 것이 없습니다 (no such message): {given}", as_json=as_json)
    people: list[RenderableType] = []
    for letter in letters:
        people += [shown(letter), Text("")]
    give({"messages": [as_json_of(letter, body=True) for letter in letters]}, as_json=as_json, people=Group(*people))


def settle(
    console: Console,
    letters: Sequence[DeadLetter],
    act: Callable[[list[str]], Settled],
    *,
    done: tuple[str, str],
    as_json: bool,
) -> NoReturn:
    """Carry out ``replay`` or ``drop`` and answer; ``done`` is the JSON name and what people read."""
    name, word = done
    settled = act([letter.id for letter in letters]) if letters else Settled()
    people = Text(f"{len(settled.done)}건을 {word}")
    for letter_id, why in settled.kept.items():
        people.append(f"\n  남음 (kept) {letter_id[:SHORT]}: {reason_word(why)} ({why})", style="yellow")
    give(
        {
            name: len(settled.done),
            "ids": [letter.id for letter in settled.done],
            "kept": [{"id": letter_id, "why": why} for letter_id, why in settled.kept.items()],
        },
        as_json=as_json,
        people=people,
        status=PROBLEM if settled.kept else OK,
    )


def agreed(question: str, *, yes: bool, as_json: bool) -> None:
    """Ask before something is forgotten for good; end the command unless a person agrees."""
    if yes:
        return
    if not sys.stdin.isatty():
        fail("usage", "되돌릴 수 없습니다 (there is no way back): --yes", as_json=as_json, status=USAGE)
    if not typer.confirm(question, err=True):
        fail("not_agreed", "그대로 두었습니다 (nothing was done).", as_json=as_json)


def _body(body: bytes) -> RenderableType:
    text = readable(body)
    try:
        return JSON(text, ensure_ascii=False)
    except ValueError:
        return Text(text[:4000])
