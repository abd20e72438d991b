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

from deploy.cli.answer import USAGE, aside
from deploy.commands import COMMANDS, STATUSES, TITLE, module_of, no_such


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

    def resolve_command(self, context: Any, args: list[str]) -> Any:
        """Find the command that was called; say in the door's own words that there is none."""
        if args and not args[0].startswith("-") and self.get_command(context, args[0]) is None:
            aside.print(no_such(args[0]), markup=False, soft_wrap=True)
            raise typer.Exit(USAGE)
        return super().resolve_command(context, args)

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
