"""The one door: `python -m deploy.cli`, behind `./sipbun`.

A command is a module of this package with an attribute `app` (typer.Typer) or a function `command`. It is imported
only when it is called or helped with, so the door opens fast.
"""

import importlib
import importlib.util
from typing import Any

import typer
import typer.core
import typer.main

#: In the order of the help: name and what it does. The module's name is the command's with `_` for `-`.
COMMANDS = {
    "up": "플랫폼을 켜고 지켜본다 (start the town and watch it)",
    "down": "플랫폼을 끈다 (stop it)",
    "status": "지금 어떤지 (how it is)",
    "demo": "자리 하나가 채워지기까지, 처음부터 끝까지 (a place is filled, from end to end)",
    "follow": "이벤트 하나를 따라간다 (one event through the town)",
    "dead-letters": "거절된 것: 목록, 보기, 재생, 버림 (what was refused: list, show, replay, drop)",
    "parked": "아무도 듣지 않은 것 (what nobody listens for: list, show, replay)",
    "contracts": "이벤트의 약속 (the events there are)",
    "publishers": "밖에서 알리는 기관: 더함, 목록, 뺌 (outside systems that may publish: add, list, remove)",
    "front-ends": "브로커로 묻는 화면: 더함, 목록, 뺌 (front-ends that ask over the broker: add, list, remove)",
    "draw": "추첨을 다시 계산해 본다 (recompute a draw from public data)",
    "simulate": "가짜 도시를 수없이 무너뜨려 본다 (break a town of twins, many times)",
    "chaos": "진짜 프로세스를 죽여 본다 (kill real processes while places are filled)",
    "bench": "얼마나 빠른가 (how fast, beside its peers)",
    "test": "모든 검사 (every check)",
    "doctor": "이 컴퓨터에 무엇이 모자라는가 (what this machine lacks)",
}


def module_of(name: str) -> str:
    """Return the module of a command."""
    return f"deploy.cli.{name.replace('-', '_')}"


class Door(typer.core.TyperGroup):
    """Finds commands by name, when they are asked for."""

    def list_commands(self, _context: Any) -> list[str]:
        """Return the commands whose module is there."""
        return [name for name in COMMANDS if importlib.util.find_spec(module_of(name)) is not None]

    def get_command(self, _context: Any, name: str) -> Any:
        """Import one command, or return None when there is none of that name."""
        if name not in COMMANDS or importlib.util.find_spec(module_of(name)) is None:
            return None
        module = importlib.import_module(module_of(name))
        app = getattr(module, "app", None)
        if app is None:
            app = typer.Typer(add_completion=False)
            app.command()(module.command)
        found = typer.main.get_command(app)
        found.name = name
        return found

    def format_commands(self, context: Any, formatter: Any) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name]) for name in self.list_commands(context)])


door = typer.Typer(
    cls=Door,
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    help="십분 (Sipbun): 걸어서 십 분 안의 일, 방, 소식. (Jobs, rooms and news within a ten-minute walk.)",
    epilog="끝값 (exit status): 0 좋음 (well), 1 문제 있음 (a problem), 2 잘못 부름 (usage), 3 준비 안 됨 (set-up missing).",
    context_settings={"help_option_names": ["-h", "--help"]},
)


@door.callback()
def opened() -> None:
    """Nothing is common to all commands."""


if __name__ == "__main__":
    door(prog_name="./sipbun")
