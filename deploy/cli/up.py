"""`./sipbun up`: start the town and watch it; with `--detach`, come back when everything is ready."""

import signal
import threading
import time
from collections import deque
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Group
from rich.live import Live
from rich.text import Text

from deploy.broker import NotInstalled
from deploy.cli.answer import MISSING, PROBLEM, USAGE, AsJson, aside, fail, give, say
from deploy.cli.view import headline, process_table, queue_table
from deploy.health import look_at
from deploy.pids import Process
from deploy.running import Running, state_dir
from deploy.supervisor import HTTP_PORT, replicas_from
from deploy.town import NotUp, bring_down, follow_events, launch, running, sentence, wait_until_ready

app = typer.Typer(add_completion=False)

#: What becomes of letters, where no mail server of the town's sends them.
MAIL = {
    "inbox": "메일은 나가지 않습니다. 알림은 알림함에만 있습니다. (no mail goes out: SIPBUN_SMTP_URL is not set)",
    "sink": "메일은 모아 두기만 하고 보내지 않습니다. (a sink keeps every mail and delivers none)",
}


@app.command(help="플랫폼을 켜고 지켜본다 (start the town and watch it).")
def command(
    detach: Annotated[bool, typer.Option("--detach", "-d", help="모두 준비되면 돌아온다 (return once ready)")] = False,
    replicas: Annotated[
        list[str] | None, typer.Option(metavar="NAME=COUNT", help="몇 개씩 (how many of each), placement=2")
    ] = None,
    http_port: Annotated[int | None, typer.Option(help="관문의 포트 (the gateway's port); 8080 if free")] = None,
    wait: Annotated[float, typer.Option(help="준비를 기다리는 초 (seconds to wait until ready)")] = 180.0,
    mail_sink: Annotated[
        bool, typer.Option("--mail-sink", help="메일을 보내지 않고 모아 둔다 (keep letters, deliver none)")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Start what does not run yet."""
    state = state_dir()
    town = running(state)
    already = town is not None
    try:
        supervisor = (
            town.supervisor
            if town is not None
            else launch(
                state,
                say=say,
                replicas=replicas_from(replicas or []),
                http_port=http_port,
                environment={"SIPBUN_MAIL_SINK": "1"} if mail_sink else {},
            )
        )
    except ValueError as wrong:
        fail("usage", str(wrong), as_json=as_json, status=USAGE)
    except NotInstalled as missing:
        fail("setup_missing", "RabbitMQ 가 없습니다 (is missing)", fix=str(missing), as_json=as_json, status=MISSING)
    stop = stop_on_signal(enabled=not already)
    try:
        if town is None or town.state != "ready":
            town = wait_until_ready(state, supervisor, say=say, seconds=wait)
    except NotUp as why:
        if not already:
            bring_down(state, say=say, only=supervisor)
        fail("not_ready", str(why), as_json=as_json, status=PROBLEM)
    except KeyboardInterrupt:
        if not already:
            bring_down(state, say=say, only=supervisor)
        raise typer.Exit(PROBLEM) from None
    ready = {"ready": True, "already": already, "gateway": town.gateway_url, "pid": town.supervisor.pid}
    ready["mail"] = town.mail
    if town.mail != "server":
        say(MAIL[town.mail])
    if not already and http_port is None and town.gateway_url and not town.gateway_url.endswith(f":{HTTP_PORT}"):
        say(f"{HTTP_PORT} 은 쓰이고 있습니다 (is in use): {town.gateway_url}; --http-port N")
    if detach or already:
        where = f"관문 (gateway): {town.gateway_url}" if town.gateway_url else "준비되었습니다 (ready)."
        told = "이미 켜져 있습니다 (already running). " if already else ""
        give(ready, as_json=as_json, people=told + where)
    stop.clear_interrupt()
    watch(state, town.supervisor, stop.event)
    bring_down(state, say=say, only=town.supervisor)
    give(ready | {"ready": False, "stopped": True}, as_json=as_json, people="멈췄습니다 (stopped).")


class Stop:
    """Turns SIGINT and SIGTERM into KeyboardInterrupt while starting, and into an event while watching."""

    def __init__(self) -> None:
        self.event = threading.Event()
        self._interrupts = True

    def clear_interrupt(self) -> None:
        """From now on signals set the event."""
        self._interrupts = False

    def __call__(self, *_: Any) -> None:
        """Take a signal."""
        self.event.set()
        if self._interrupts:
            raise KeyboardInterrupt


def stop_on_signal(*, enabled: bool) -> Stop:
    """Take over SIGINT, SIGTERM and SIGHUP: a town watched in a terminal ends with it."""
    stop = Stop()
    if enabled:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, stop)
    return stop


def watch(state: Path, supervisor: Process, stop: threading.Event) -> None:
    """Show the live table until told to stop or until the supervisor is gone.

    Without a terminal only what happens is told, a line each.
    """
    happened: deque[str] = deque(maxlen=6)
    events = follow_events(state, supervisor)
    for event in events:
        if event is None:
            break
    if not aside.is_terminal:
        while not stop.wait(0.2) and supervisor.alive:
            for event in events:
                if event is None:
                    break
                say(sentence(event))
        return
    say("Ctrl-C 로 끕니다 (stops it).")
    with Live(console=aside, refresh_per_second=4, transient=True) as live:
        asked = 0.0
        while not stop.wait(0.1) and supervisor.alive:
            for event in events:
                if event is None:
                    break
                happened.append(f"{event['at'][11:19]} {sentence(event)}")
            town = Running.read(state)
            if town is not None and time.monotonic() - asked > 1.0:
                health = look_at(town)
                asked = time.monotonic()
                live.update(
                    Group(headline(health), process_table(health), queue_table(health), Text("\n".join(happened)))
                )
