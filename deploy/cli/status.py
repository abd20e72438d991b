"""`./sipbun status`: processes, queues, the age of the oldest fact not yet published, what is parked and dead."""

import typer
from rich.console import Group

from deploy.cli.answer import MISSING, OK, PROBLEM, AsJson, give
from deploy.cli.view import headline, process_table, queue_table
from deploy.health import look_at
from deploy.running import Running, state_dir

app = typer.Typer(add_completion=False)


@app.command(help="지금 어떤지 (how it is): 끝값 0 건강, 1 불편, 3 꺼짐 (0 healthy, 1 degraded, 3 not running).")
def command(as_json: AsJson = False) -> None:
    """Show how the town is."""
    town = Running.read(state_dir())
    if town is None or (not town.alive and not any(one.alive for one in town.processes)):
        nothing = {"running": False, "processes": [], "queues": [], "outbox_age_s": None, "parked": None, "dead": None}
        people = "켜져 있지 않습니다 (not running): ./sipbun up"
        if town is not None and town.error:
            nothing["error"] = town.error
            people += f"\n지난번에는 (last time): {town.error}"
        give(nothing, as_json=as_json, people=people, status=MISSING)
    health = look_at(town)
    give(
        health.as_json(),
        as_json=as_json,
        people=Group(headline(health), process_table(health), queue_table(health)),
        status=OK if health.healthy else PROBLEM,
    )
