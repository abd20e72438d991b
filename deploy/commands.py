"""The commands of the one door, by name. Standard library only: help is given before anything is installed, too."""

import ast
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

#: In the order of the help: name and what it does. The module's name is the command's with `_` for `-`.
COMMANDS = {
    "up": "플랫폼을 켜고 지켜본다 (start the town and watch it)",
    "down": "플랫폼을 끈다 (stop it)",
    "status": "지금 어떤지 (how it is)",
    "demo": "처음부터 끝까지 한 번: main 자리 하나, office 방과 시설 달력, programmes 제안에서 지급까지 "
    "(from end to end: a place, a room, a programme)",
    "follow": "이벤트 하나를 따라간다 (one event through the town)",
    "dead-letters": "처리 실패함: 목록, 보기, 재처리, 버림 (what was refused: list, show, replay, drop)",
    "parked": "보류함: 목록, 보기, 재처리 (what nobody listens for: list, show, replay)",
    "contracts": "이벤트의 약속 (the events there are)",
    "publishers": "이벤트를 발행하는 시스템: 더함, 목록, 뺌 (outside systems that may publish: add, list, remove)",
    "front-ends": "브로커로 묻는 화면: 더함, 목록, 뺌 (front-ends that ask over the broker: add, list, remove)",
    "draw": "추첨을 다시 계산해 본다 (recompute a draw from public data)",
    "simulate": "가짜 도시를 수없이 무너뜨려 본다 (break a town of twins, many times)",
    "chaos": "진짜 프로세스를 죽여 본다 (kill real processes while places are filled)",
    "bench": "얼마나 빠른가 (how fast, beside its peers)",
    "test": "모든 검사 (every check)",
    "doctor": "이 컴퓨터에 무엇이 모자라는가 (what this machine lacks)",
}

TITLE = "십분 (Sipbun): 걸어서 십 분 안의 일, 방, 소식. (Jobs, rooms and news within a ten-minute walk.)"
STATUSES = "끝값 (exit status): 0 좋음 (well), 1 문제 있음 (a problem), 2 잘못 부름 (usage), 3 준비 안 됨 (set-up missing)."


def module_of(name: str) -> str:
    """Return the module of a command."""
    return f"deploy.cli.{name.replace('-', '_')}"


def no_such(name: str) -> str:
    """Say that there is no such command, and which one may have been meant."""
    alike = get_close_matches(name, COMMANDS, n=1)
    meant = [f"  혹시 이것입니까 (did you mean): ./sipbun {one}" for one in alike]
    return "\n".join([f"그런 명령은 없습니다 (no such command): {name}", *meant, "  ./sipbun --help"])


def options_of(name: str) -> list[tuple[str, str]]:
    """Return a command's own options and what each does, read from its source: its module may not be importable yet.

    Those of all its sub-commands where it has some, each once; of a text that is put together, the part that is fixed.
    """
    tree = _source(name)
    shared = _named(tree)
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.arg) and node.annotation is not None:
            known = shared.get(node.annotation.id) if isinstance(node.annotation, ast.Name) else None
            for call in _calls(known or node.annotation):
                names = [str(one.value) for one in call.args if isinstance(one, ast.Constant)] or [_flag(node.arg)]
                found[", ".join(names)] = _help(call)
    return list(found.items())


def _source(name: str) -> ast.Module:
    return ast.parse(Path(__file__).with_name("cli").joinpath(f"{name.replace('-', '_')}.py").read_text("utf-8"))


def _named(tree: ast.Module) -> dict[str, ast.expr]:
    """Return what a module gives a name, its neighbours' included: options that several commands have."""
    found: dict[str, ast.expr] = {}
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("deploy.cli."):
            found |= _named(_source(str(node.module).rpartition(".")[2]))
        elif isinstance(node, ast.Assign):
            found |= {target.id: node.value for target in node.targets if isinstance(target, ast.Name)}
    return found


def _calls(annotation: ast.expr) -> Iterator[ast.Call]:
    for node in ast.walk(annotation):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "Option":
            yield node


def _flag(argument: str) -> str:
    return f"--{argument.replace('_', '-')}"


def _help(call: ast.Call) -> str:
    told = next((one.value for one in call.keywords if one.arg == "help"), None)
    parts = told.values if isinstance(told, ast.JoinedStr) else [told]
    return "".join(str(part.value) for part in parts if isinstance(part, ast.Constant)).rstrip(": ")
