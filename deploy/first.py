"""What `./sipbun` does before its environment is there: help and the doctor answer at once, all else is prepared for.

    python -I deploy/first.py STATE_FOLDER [the words given to ./sipbun]

Standard library only. Exit status: 0 the environment is ready for the command; 10 it was answered here, and well;
else it was answered here, and this is the command's own exit status.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from deploy import prepare
from deploy.commands import COMMANDS, STATUSES, TITLE, no_such, options_of
from deploy.machine import MARKS, OK, QUESTIONS, status_of

#: Exit status: answered without the environment, nothing is left to do.
ANSWERED = 10
#: Exit status of a command that there is not.
USAGE = 2
#: Columns of a command's or an option's name.
NAME = 16


def main(arguments: list[str]) -> int:
    """Answer, or make the environment."""
    state, words = Path(arguments[0]), arguments[1:]
    if not prepare.is_ready(state, words):
        status = answer(state, words)
        if status is not None:
            return status or ANSWERED
    return prepare.main(arguments)


def answer(state: Path, words: list[str]) -> int | None:
    """Answer what needs no package and return the exit status; None for what has to be prepared."""
    name = prepare.command_in(words)
    if name and name not in COMMANDS:
        print(no_such(name), file=sys.stderr)
        return USAGE
    if not name or prepare.asks_for_help(words):
        print(help_of(name))
        return OK if words else USAGE
    return doctor(state, as_json="--json" in words) if name == "doctor" else None


def help_of(name: str) -> str:
    """Return the help of one command, or of the door ("")."""
    if name:
        lines = [f"./sipbun {name}", "", f"  {COMMANDS[name]}", "", *_listed(options_of(name))]
    else:
        lines = ["./sipbun COMMAND", "", f"  {TITLE}", "", *_listed(list(COMMANDS.items())), "", f"  {STATUSES}"]
    told = "꾸러미를 아직 설치하지 않아 간단히 적었습니다. 명령을 처음 쓸 때 설치합니다, 몇 분 걸립니다."
    return "\n".join([*lines, "", f"  {told}", "  (Nothing is installed yet, so this is the short help. The first command installs.)"])


def doctor(state: Path, *, as_json: bool) -> int:
    """Say what is there and what is missing, install nothing, and return the exit status."""
    findings = [ask(state) for ask in QUESTIONS]
    status = status_of(findings)
    if as_json:
        print(json.dumps({"ok": status == OK, "checks": [vars(one) for one in findings]}, ensure_ascii=False))
        return status
    for one in findings:
        print(f"{MARKS[one.level]} {one.name:<10} {one.found}" + (f"\n    -> {one.fix}" if one.fix else ""))
    return status


def _listed(rows: list[tuple[str, str]]) -> list[str]:
    return [f"  {name:<{NAME}} {told}" for name, told in rows]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
