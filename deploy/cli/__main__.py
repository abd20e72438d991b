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

from deploy.commands import COMMANDS, STATUSES, TITLE, module_of


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
    help=TITLE,
    epilog=STATUSES,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@door.callback()
def opened() -> None:
    """Nothing is common to all commands."""


if __name__ == "__main__":
    door(prog_name="./sipbun")
