"""Draws the demo: the timeline while it happens, and the verdict at its end.

때 | 누가 · 무엇이 | 대기열 | 반응 | 알림 | 지표
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from html import escape, unescape
from io import StringIO
from pathlib import Path
from typing import Any, Final

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.panel import Panel
from rich.table import Table
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from deploy.demo.board import Line, View
from deploy.demo.verdict import Judged, Promise
from deploy.words import event_word, letter_word, queue_word

#: Columns of a terminal below which what became of an event stands in one column, not in four.
WIDE: Final = 120
_KEPT, _BROKEN = Text("✓", style="bold green"), Text("✗", style="bold red")
#: Colour of whoever says a fact.
_SPEAKERS: Final = {"placement": "cyan", "spaces": "blue", "residents": "magenta"}
_QUEUES: Final = {
    "placement.openings": "cyan",
    "placement.nearby": "blue",
    "spaces.bookings": "blue",
    "spaces.agreement": "blue",
    "spaces.cases": "blue",
    "spaces.plans": "blue",
    "notifications.letters": "yellow",
    "notifications.news": "yellow",
    "residents.withdrawals": "magenta",
    "residents.reach": "magenta",
    "statistics.archive": "green",
}
#: What the service that says a fact, and hears it itself, does because of it.
_REACTIONS: Final = {
    "placement.opening.published": "예산 확정",
    "placement.opening.filled": "남은 지원을 끝냄",
    "placement.opening.closed": "남은 예산을 풂",
    "placement.placement.selected": "지원에 적음, 예산 집행",
    "placement.application.submitted": "공고와 맞춰 봄",
    "placement.application.selected": "공고와 맞춰 봄",
    "placement.application.closed": "공고와 맞춰 봄",
    "placement.proposal.decided": "사업과 예산을 만듦",
    "placement.opening.ranked": "먼저인 사람에게 물음",
    "placement.offer.lapsed": "다음 사람에게 물음",
    "placement.attendance.settled": "수당에 적음",
    "placement.placement.completed": "후기를 청함",
    "residents.interest.set": "소식 지도에 더함",
    "spaces.booking.requested": "달력을 바로 읽으러 감",
    "spaces.booking.confirmed": "시간을 적고 이용 시간을 씀",
    "spaces.booking.displaced": "시간을 풀고 이용 시간을 돌려줌",
    "spaces.diary.overlapped": "대안을 찾아 처리를 시작함",
    "spaces.seat.left": "기다리던 사람에게",
    "spaces.subscription.started": "이용 시간을 줌",
}
#: Which figures an event moves.
_FIGURES: Final = {
    "placement.opening.published": (("모집", "places"),),
    "placement.application.submitted": (("지원", "applications"), ("경쟁률", "competition")),
    "placement.placement.selected": (("선정", "filled"),),
    "placement.opening.filled": (("모집 완료", "openings_filled"),),
    "spaces.booking.confirmed": (("예약", "bookings"), ("시간(분)", "booked_minutes")),
    "spaces.booking.displaced": (("시설 취소", "displaced"),),
    "spaces.seat.taken": (("좌석", "seats_taken"),),
    "spaces.seat.left": (("나감", "seats_left"),),
}


@dataclass(frozen=True)
class Timeline:
    """The timeline, as wide as the terminal; with ``rows``, only its latest part, for one that is not higher."""

    view: View
    rows: int | None = None

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw it."""
        wide = options.max_width >= WIDE
        table = Table(box=box.SIMPLE_HEAD, expand=True, pad_edge=False, header_style="bold", collapse_padding=True)
        table.add_column("때\nms", justify="right", style="dim", no_wrap=True, width=6)
        for title, ratio, least in _COLUMNS if wide else _NARROW:
            table.add_column(title, ratio=ratio, min_width=least, overflow="fold")
        rows = list(_rows(self.view))
        cut = len(rows) - self.rows if self.rows is not None and len(rows) > self.rows else 0
        if cut:
            table.add_row("", Text(f"… 위로 {cut}줄 ({cut} more above)", style="dim"))
        for row in rows[cut:]:
            table.add_row(*(row if wide else _stacked(row)))
        heading = Text.assemble(
            ("십분 Sipbun", "bold"),
            f"  {self.view.title}  ",
            (f"{self.view.tenant}  {self.view.seconds:.1f} s", "dim"),
        )
        yield Panel(table, title=heading, title_align="left", border_style="blue", padding=(0, 1))


#: Heading, share of the width and least width of each column, after the time.
_COLUMNS: Final = (
    ("누가 · 무엇이\nwho · what", 44, 26),
    ("대기열\nqueue", 22, 10),
    ("반응\nreaction", 26, 16),
    ("알림\nletter", 16, 10),
    ("지표\nfigure", 13, 9),
)
_NARROW: Final = (("누가 · 무엇이\nwho · what", 1, 24), ("그래서\nwhat became of it", 1, 24))


def drawn(view: View, *, rows: int | None = None) -> RenderableType:
    """Return the timeline; with ``rows``, only its latest part."""
    return Timeline(view, rows)


def judged(outcome: Judged) -> RenderableType:
    """Return the summary: every promise, and what was found."""
    table = Table(box=box.SIMPLE_HEAD, expand=True, pad_edge=False, header_style="bold")
    table.add_column("", width=1)
    table.add_column("약속 (promise)", ratio=6, overflow="fold")
    table.add_column("읽어 본 것 (read back)", ratio=5, overflow="fold")
    for promise in outcome.promises():
        table.add_row(_KEPT if promise.kept else _BROKEN, _said(promise), promise.found)
    lines: list[RenderableType] = [table]
    for title, sentences in (("겹친 것 (too many)", outcome.duplicates), ("사라진 것 (missing)", outcome.missing)):
        if sentences:
            lines.append(Text("\n".join([title, *(f"  - {one}" for one in sentences[:10])]), style="red"))
    lines.append(_last_line(outcome))
    if outcome.filled_id:
        told = f"따라가 보기, 켜진 뒤에 (follow it, after ./sipbun up):\n  ./sipbun follow {outcome.filled_id}"
        lines.append(Text(told, style="dim"))
    style = "green" if outcome.ok else "red"
    return Panel(Group(*lines), title="약속 (promises)", title_align="left", border_style=style, padding=(0, 1))


def sentence(line: Line) -> str:
    """Say an act in one line, for where there is no terminal."""
    mark = {True: "✓", False: "✗", None: " "}[line.good]
    return f"{line.at:>6} ms {mark} {line.who} · {line.what}" + (f" ({line.detail})" if line.detail else "")


def save_picture(file: Path, view: View, outcome: Judged, *, command: str = "./sipbun demo", width: int = 136) -> None:
    """Write timeline and verdict as SVG that needs no font from elsewhere."""
    console = Console(record=True, width=width, file=StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text(f"$ {command}", style="bold"))
    console.print(drawn(view))
    console.print(judged(outcome))
    picture = console.export_svg(
        title=command, theme=_THEME, code_format=_SVG, unique_id="demo", font_aspect_ratio=_ASPECT
    )
    file.write_text(_tidy(picture), encoding="utf-8")


def _rows(view: View) -> Iterator[tuple[Text, ...]]:
    for number, title in enumerate(view.chapters):
        yield (Text(""), Text(f"■ {title}", style="bold blue"))
        for line in view.lines:
            if line.chapter == number:
                yield _event(view, line) if line.name else _act(line)


def _stacked(row: tuple[Text, ...]) -> tuple[Text, ...]:
    """Return a row with what became of it one under the other, and a chapter's name beside its English."""
    at, said, *became = row
    if not became:
        ko, _, en = said.plain.partition(" (")
        return (at, Text(ko, style="bold blue"), Text(en and f"({en}", style="blue"))
    short = (Text(" · ", style="dim").join(cell.split("\n")) for cell in became[2:])
    return (at, said, Text("\n").join(cell for cell in (*became[:2], *short) if cell.plain))


def _act(line: Line) -> tuple[Text, ...]:
    mark = _KEPT if line.good else _BROKEN
    said = Text.assemble(mark, " ", (line.who, "bold"), f" · {line.what}")
    return (Text(str(line.at)), said, Text(""), Text(line.detail))


def _event(view: View, line: Line) -> tuple[Text, ...]:
    speaker, _, rest = line.name.partition(".")
    many = f" {len(line.keys)}건" if len(line.keys) > 1 else ""
    said = Text.assemble(
        ("● ", _SPEAKERS.get(speaker, "")),
        (event_word(line.name).ko, ""),
        (many, "bold"),
        (f"\n  {rest}", "dim"),
    )
    if line.again:
        said.append(f"  다시 배달 {line.again}번", style="bold yellow")
    queues = Text(" · ", style="dim").join(Text(queue_word(name).ko, style=_QUEUES.get(name, "")) for name in line.queues)
    reaction = Text(_REACTIONS.get(line.name, ""))
    if reaction.plain:
        reaction.append("\n")
    everything = len(line.archived) == len(line.keys)
    reaction.append(
        f"기록 {len(line.archived)}/{len(line.keys)}" + (f" · {line.archive_ms} ms" if line.archived else ""),
        style="green" if everything else "dim",
    )
    return (Text(str(line.at)), said, queues, reaction, _letters(line), _figure(view, line))


def _letters(line: Line) -> Text:
    if not line.written:
        return Text("")
    counts = ", ".join(f"{letter_word(kind).ko} {count}" for kind, count in sorted(line.written.items()))
    return Text.assemble(("✉ " + counts, "yellow"), (f"\n{line.letter_ms} ms", "dim"))


def _figure(view: View, line: Line) -> Text:
    total: Mapping[str, Any] = view.figures.get(line.chapter, {})
    told = [f"{word} {total[name]}" for word, name in _FIGURES.get(line.name, ()) if total.get(name) is not None]
    return Text("\n".join(told), style="green")


def _said(promise: Promise) -> Text:
    return Text.assemble(promise.ko, ("\n" + promise.en, "dim"))


def _last_line(outcome: Judged) -> Text:
    told = outcome.as_json()
    if outcome.ok:
        return Text.assemble(
            ("모두 지켰습니다", "bold green"), f"  {told['seconds']} s  ", ("(every promise kept)", "dim")
        )
    broken = sum(not promise.kept for promise in outcome.promises())
    return Text(f"{broken}가지를 지키지 못했습니다 ({broken} promises broken)  {told['seconds']} s", style="bold red")


# The picture. Rich's own template asks a server for its font, which a README must not.

_THEME: Final = TerminalTheme(
    (250, 250, 247),
    (38, 42, 51),
    [
        (38, 42, 51),
        (190, 40, 50),
        (22, 128, 61),
        (170, 105, 0),
        (30, 84, 183),
        (140, 60, 150),
        (0, 117, 133),
        (110, 115, 125),
    ],
)
_SVG: Final = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: "D2Coding", "Noto Sans Mono CJK KR", "Nanum Gothic Coding", Menlo, Consolas,
"DejaVu Sans Mono", "Apple SD Gothic Neo", "Malgun Gothic", monospace; font-size: {char_height}px;
line-height: {line_height}px; }}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: "Noto Sans KR", "Malgun Gothic", sans-serif; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g></g></svg>
"""


#: Width of a cell in font heights: half of a Korean letter, which fits Korean and Latin fonts alike.
_ASPECT: Final = 0.53
#: Pixels: rich draws letters this high.
_CELL: Final = 20 * _ASPECT
_PIECE: Final = re.compile(r'<text class="([^"]*)" x="([^"]*)" y="([^"]*)" textLength="[^"]*"[^>]*>([^<]*)</text>')
_RUN: Final = re.compile(r"[ᄀ-퟿豈-﫿＀-￦]+|[^\s\xa0ᄀ-퟿豈-﫿＀-￦]+")


def _tidy(picture: str) -> str:
    """Return the picture with every word in its cells: rich counts a Korean letter as one cell wide, it is two."""

    def piece(found: re.Match[str]) -> str:
        kind, left, top, said = found.groups()
        text = unescape(said)
        words = []
        for run in _RUN.finditer(text):
            at = float(left) + cell_len(text[: run.start()]) * _CELL
            wide = cell_len(run[0]) * _CELL
            words.append(f'<text class="{kind}" x="{at:g}" y="{top}" textLength="{wide:g}">{escape(run[0])}</text>')
        return "".join(words)

    return re.sub(r"[ \t]+$", "", _PIECE.sub(piece, picture), flags=re.MULTILINE)


def latest(lines: Iterable[Line], told: int) -> list[Line]:
    """Return the acts after the first ``told`` ones."""
    return [line for line in lines if not line.name][told:]
