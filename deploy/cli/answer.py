"""How every command answers.

Progress goes to stderr. The answer goes to stdout: a table for people or, with `--json`, exactly one JSON document as
the last line. The exit status tells: 0 all is well, 1 a problem was found, 2 wrong usage, 3 the set-up is missing.

    @app.command()
    def command(as_json: AsJson = False) -> None:
        say("세는 중입니다 ...")
        give({"fills": 60, "lost": 0}, as_json=as_json, people="60 fills, nothing lost")
"""

import json
import sys
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console, RenderableType

OK = 0
PROBLEM = 1
USAGE = 2
MISSING = 3

#: The option every command has whose result a machine may want.
AsJson = Annotated[bool, typer.Option("--json", help="결과를 JSON 한 줄로 (one JSON document, last line of stdout)")]

#: Progress and pictures for people.
aside = Console(stderr=True, highlight=False)
#: Answers.
out = Console(highlight=False)


def say(text: RenderableType) -> None:
    """Tell progress on stderr."""
    aside.print(text, soft_wrap=isinstance(text, str))


def give(document: Any, *, as_json: bool, people: RenderableType = "", status: int = OK) -> NoReturn:
    """Give the answer and end the command with `status`.

    `document` is what a machine reads, `people` what a person does.
    """
    if as_json:
        sys.stdout.write(json.dumps(document, ensure_ascii=False, default=str) + "\n")
        sys.stdout.flush()
    elif people:
        # A person's terminal wraps long lines by itself; wrapped here, a key or a document could not be copied.
        out.print(people, soft_wrap=isinstance(people, str))
    raise typer.Exit(status)


def fail(code: str, message: str, *, fix: str = "", as_json: bool, status: int = PROBLEM) -> NoReturn:
    """End the command with what went wrong and how to put it right.

    As JSON: `{"ok": false, "error": {"code", "message", "fix"}}`.
    """
    aside.print(message, style="red", markup=False)
    if fix:
        aside.print(f"  {fix}", markup=False)
    error = {"code": code, "message": message, "fix": fix}
    give({"ok": False, "error": error}, as_json=as_json, status=status)
