"""Tables of processes and queues, for `up` and `status`."""

from datetime import UTC, datetime

from rich.table import Table
from rich.text import Text

from deploy.health import DEAD, PARKED, Health

COLOURS = {"ready": "green", "starting": "yellow", "unready": "yellow", "backing off": "red", "stopped": "dim"}


def headline(health: Health) -> Text:
    """One line on how it all is, and the complaints under it."""
    town = health.town
    line = Text("십분 Sipbun  ", style="bold")
    if health.healthy:
        line.append("건강합니다 (healthy)", style="green")
    else:
        line.append("살펴 주세요 (degraded)", style="yellow")
    if town.gateway_url:
        line.append(f"   {town.gateway_url}", style="cyan")
    for complaint in health.complaints:
        line.append(f"\n  - {complaint}")
    for note in health.notes:
        line.append(f"\n  · {note}", style="dim")
    return line


def process_table(health: Health) -> Table:
    """Who runs, since when, how often restarted."""
    table = Table(title="프로세스 (processes)", title_justify="left", expand=False)
    for name in ("이름\nname", "상태\nstate", "\npid", "\nport", "부터\nfor", "다시\nrestarts", "\nMB"):
        left = name.endswith(("name", "state"))
        table.add_column(name, justify="left" if left else "right", no_wrap=True)
    for one in health.town.processes:
        memory = health.memory.get(one.name)
        table.add_row(
            one.name,
            Text(one.state, style=COLOURS.get(one.state, "")),
            str(one.process.pid) if one.process else "",
            str(one.port or ""),
            since(one.since),
            str(one.restarts or ""),
            f"{memory / 1e6:.0f}" if memory else "",
        )
    return table


def queue_table(health: Health) -> Table:
    """The queues; empty dead queues are left out."""
    table = Table(title="대기열 (queues)", title_justify="left", expand=False)
    for name in ("이름\nname", "기다림\nready", "처리 중\nunacked", "듣는 이\nconsumers"):
        table.add_column(name, justify="left" if name.endswith("name") else "right", no_wrap=True)
    for one in health.queues or ():
        total = one["ready"] + one["unacknowledged"]
        if one["name"].endswith(DEAD) and not total:
            continue
        style = "red" if one["name"].endswith(DEAD) else "yellow" if one["name"] == PARKED and total else ""
        cells = (one["name"], str(one["ready"]), str(one["unacknowledged"]), str(one["consumers"]))
        table.add_row(*cells, style=style)
    return table


def since(at: str) -> str:
    """Say how long ago an instant was: `12s`, `3m`, `5h`, `2d`."""
    if not at:
        return ""
    seconds = (datetime.now(UTC) - datetime.fromisoformat(at)).total_seconds()
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds / size:.0f}{unit}"
    return f"{max(seconds, 0):.0f}s"
