"""`./sipbun demo [main|office|programmes]`: a scenario from end to end on the running town; it starts one if none runs.

main: a place is filled. office: a room is booked whose facility keeps its own calendar, and nine people want eight seats.
programmes: figures as cities published them, and a programme from its proposal to its payout file.
"""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, NoReturn

import typer
from rich.console import Group
from rich.live import Live

from deploy.broker import NotInstalled
from deploy.cli.answer import MISSING, OK, PROBLEM, AsJson, aside, fail, give, say
from deploy.demo.board import Board, View
from deploy.demo.desk import Desk
from deploy.demo.office.story import Story as OfficeStory
from deploy.demo.programmes.story import Story as ProgrammesStory
from deploy.demo.story import Story
from deploy.demo.timeline import WIDE, drawn, judged, latest, save_picture, sentence
from deploy.demo.verdict import Judged
from deploy.radicale import Radicale
from deploy.running import Running, state_dir
from deploy.town import NotUp, bring_down, ensure_up, running
from shared.auth import Keys
from shared.clock import SystemClock
from shared.errors import CrossesTheDoor, Unavailable
from shared.ids import SystemIds
from shared.messaging.rpc import NotUnderstood, RemoteFailure, RpcClient

app = typer.Typer(add_completion=False)

#: Lines of a terminal that the frame around the timeline takes, and those a row takes at most on average: where the
#: columns stand side by side, and where they are stacked.
FRAME, ROW, STACKED = 8, 2, 4


class Scenario(StrEnum):
    """What is played."""

    main = "main"
    office = "office"
    programmes = "programmes"


#: What each is called on the screen.
TITLES = {
    Scenario.main: "자리 하나가 채워지기까지",
    Scenario.office: "구독 오피스: 방 하나, 좌석 여덟",
    Scenario.programmes: "제안에서 지급까지",
}
#: The scenario's own calendar server is on this machine; a town that we start may read it.
HERE = "127.0.0.1"
OWN_MACHINE = f"{HERE}/32"


@app.command(
    help="처음부터 끝까지 한 번 (from end to end): main 자리 하나가 채워짐, office 구독 오피스와 시설 달력, "
    "programmes 제안에서 지급까지."
)
def command(
    scenario: Annotated[Scenario, typer.Argument(help="무엇을 (which)", show_default=True)] = Scenario.main,
    as_json: AsJson = False,
    picture: Annotated[
        Path | None, typer.Option(metavar="FILE.svg", help="마지막 화면을 그림으로 (keep the last screen as a picture)")
    ] = None,
) -> None:
    """Play a scenario in a tenant of its own, and read everything back."""
    state = state_dir()
    ours = running(state) is None
    try:
        # A town of our own keeps the demo's letters itself; one that runs does with them what it does with all.
        networks = with_own_machine(os.environ.get("SIPBUN_CALENDAR_NETWORKS", ""))
        environment = {"SIPBUN_MAIL_SINK": "1", "SIPBUN_CALENDAR_NETWORKS": networks}
        town = ensure_up(state, say=say, environment=environment)
    except NotInstalled as missing:
        fail("setup_missing", "RabbitMQ 가 없습니다 (is missing)", fix=str(missing), as_json=as_json, status=MISSING)
    except NotUp as why:
        fail("not_ready", str(why), as_json=as_json)
    if scenario is Scenario.office and not town.reads_calendars_at(HERE):
        refuse_closed_to_calendars(town, as_json=as_json)
    board = Board(f"demo-{secrets.token_hex(3)}", SystemClock(), TITLES[scenario])
    try:
        outcome = play(town, board, scenario)
    except (CrossesTheDoor, Unavailable, NotUnderstood, RemoteFailure) as error:
        say(drawn(board.view()))
        fail(
            getattr(error, "code", type(error).__name__),
            f"한 걸음이 되지 않았습니다 (a step failed): {error}",
            fix=f"./sipbun status, {state / 'log'}",
            as_json=as_json,
        )
    finally:
        if ours:
            bring_down(state, say=say)
    if picture is not None:
        save_picture(picture, board.view(), outcome, command=_command(scenario))
    if as_json and outcome.filled_id:
        say(f"따라가 보기, 켜진 뒤에 (follow it, after ./sipbun up): ./sipbun follow {outcome.filled_id}")
    give(
        outcome.as_json(),
        as_json=as_json,
        people=Group(drawn(board.view()), judged(outcome)),
        status=OK if outcome.ok else PROBLEM,
    )


def with_own_machine(networks: str) -> str:
    """Return these networks of calendar servers, and this machine's own address among them."""
    return ",".join(dict.fromkeys([*filter(None, map(str.strip, networks.split(","))), OWN_MACHINE]))


def refuse_closed_to_calendars(town: Running, *, as_json: bool) -> NoReturn:
    """End the command: the running town would refuse the facility's calendar, and the scenario wait for it in vain."""
    again = f"SIPBUN_CALENDAR_NETWORKS={with_own_machine(town.calendar_networks)} ./sipbun up --detach"
    fail(
        "calendar_not_allowed",
        "켜져 있는 플랫폼은 이 컴퓨터의 달력 서버를 읽지 않습니다 "
        f"(the running town was not started to read a calendar server at {OWN_MACHINE})",
        fix="./sipbun down 을 먼저 하십시오. 그다음 ./sipbun demo office 는 스스로 켭니다. 켜 둔 채 보려면 "
        f"(first ./sipbun down, then the demo starts its own town; to keep one up):\n  {again}",
        as_json=as_json,
        status=MISSING,
    )


def _command(scenario: Scenario) -> str:
    return "./sipbun demo" if scenario is Scenario.main else f"./sipbun demo {scenario}"


def play(town: Running, board: Board, scenario: Scenario = Scenario.main) -> Judged:
    """Play the story on a running town, and show the timeline on the terminal while it goes on."""
    clock = SystemClock()
    rpc = RpcClient(town.amqp_url, "demo")
    try:
        desk = Desk(rpc, Keys.read(Path(town.token_keys)), clock)
        if scenario is Scenario.main:
            story = Story(town, desk, SystemIds(), tenant=board.tenant, board=board)
            with shown(board):
                return story.play()
        if scenario is Scenario.programmes:
            with shown(board):
                return ProgrammesStory(town, desk, SystemIds(), tenant=board.tenant, board=board).play()
        with a_facilitys_calendar() as calendar, shown(board):
            return OfficeStory(town, desk, SystemIds(), tenant=board.tenant, board=board, calendar=calendar).play()
    finally:
        rpc.close()


@contextmanager
def a_facilitys_calendar() -> Iterator[Radicale]:
    """Run the facility's own calendar server beside the town; it ends with the demo, and so do its files."""
    with TemporaryDirectory(prefix="sipbun-calendar-") as folder:
        calendar = Radicale(Path(folder))
        calendar.start()
        try:
            calendar.wait_ready()
            yield calendar
        finally:
            calendar.kill()


@contextmanager
def shown(board: Board) -> Iterator[None]:
    """Show a live timeline on a terminal; elsewhere a line for each act."""
    if aside.is_terminal:
        with Live(
            console=aside,
            refresh_per_second=8,
            transient=True,
            get_renderable=lambda: drawn(board.view(), rows=_rows_that_fit()),
        ):
            yield
        return
    stop = threading.Event()
    teller = threading.Thread(target=_tell, args=(board, stop), daemon=True)
    teller.start()
    try:
        yield
    finally:
        stop.set()
        teller.join(5)


def _rows_that_fit() -> int:
    size = aside.size
    return max(4, (size.height - FRAME) // (ROW if size.width >= WIDE else STACKED))


def _tell(board: Board, stop: threading.Event) -> None:
    told = 0
    ended = False
    while not ended:
        ended = stop.wait(0.1)
        view: View = board.view()
        for line in latest(view.lines, told):
            aside.print(sentence(line), markup=False, soft_wrap=True)
            told += 1
