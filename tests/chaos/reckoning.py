"""The reckoning: what was acknowledged against what the databases and the mail server really hold. Pure.

    lost        an acknowledged act that lacks an effect it must have
    duplicated  an effect beyond the one its natural key allows, or one that nobody asked for
    left        what should have come to rest and has not: dead, parked, stuck, held, pending, in doubt
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.events import placement as said
from tests.chaos.account import MAIL_SETTLED, Account, Document, local_part
from tests.chaos.load import Fill, Stage
from tests.chaos.world import Shot


@dataclass(frozen=True)
class Finding:
    """Something that is not as it must be. `opening` and `act` say whose it is, when that is known."""

    kind: str
    what: str
    opening: str = ""
    act: str = ""


@dataclass(frozen=True)
class Reckoning:
    """The findings, and the three figures of them."""

    findings: tuple[Finding, ...]
    dead: int

    @property
    def lost(self) -> int:
        """Acknowledged acts that lack an effect: one with several missing effects counts once."""
        return len({(one.opening, one.act) if one.act else (one.what, "") for one in self._of("lost")})

    @property
    def duplicated(self) -> int:
        """Effects too many."""
        return len(self._of("duplicated"))

    @property
    def left(self) -> tuple[Finding, ...]:
        """What did not come to rest."""
        return tuple(self._of("left"))

    @property
    def clean(self) -> bool:
        """Whether nothing at all was found."""
        return not self.findings and self.dead == 0

    def _of(self, kind: str) -> list[Finding]:
        return [one for one in self.findings if one.kind == kind]


def reckon(stage: Stage, fills: Sequence[Fill], account: Account) -> Reckoning:
    """Compare what people were told with what is there."""
    findings = [
        *_of_the_fills(stage, fills, account),
        *_of_the_mails(stage, account),
        *_keys_used_twice(account),
        *_strangers(stage, fills, account),
        *_of_the_money(stage, fills, account),
        *_of_the_figures(fills, account),
        *_not_at_rest(account),
    ]
    stuck = account.outbox.get("stuck", 0)
    return Reckoning(tuple(findings), dead=sum(account.dead.values()) + stuck)


class _Counts:
    """The account by what it is about."""

    def __init__(self, account: Account) -> None:
        self.openings = {one["_id"]: one for one in account.openings if not one.get("tombstone")}
        self.applications = {one["_id"]: one for one in account.applications}
        self.facts: Counter[tuple[str, str, str]] = Counter()
        for kept in account.archive:
            event = kept["event"]
            data = event["data"]
            self.facts[(event["type"], str(data.get("opening_id", "")), str(data.get("resident_id", "")))] += 1
        self.letters: Counter[tuple[str, str, str]] = Counter(
            (one["kind"], one["about"], one["resident"]) for one in account.letters
        )

    def fact(self, event_type: str, opening: str, resident: str = "") -> int:
        """How often a fact is archived."""
        return self.facts[(event_type, opening, resident)]


def _of_the_fills(stage: Stage, fills: Sequence[Fill], account: Account) -> Iterator[Finding]:
    counts = _Counts(account)
    for fill in fills:
        for act in sorted(fill.acknowledged):
            for what, times in _effects(stage, fill, act, counts):
                if times == 0:
                    yield Finding("lost", f"{act} lacks {what}", fill.opening, act)
                elif times > 1:
                    yield Finding("duplicated", f"{act} has {what} {times} times", fill.opening, act)


def _effects(stage: Stage, fill: Fill, act: str, counts: _Counts) -> Iterator[tuple[str, int]]:
    """Yield every effect that an acknowledged act must have exactly once, with how often it is there."""
    opening = counts.openings.get(fill.opening)
    if act == "publish":
        yield "the opening", int(opening is not None)
        yield "the archived opening.published", counts.fact(said.OPENING_PUBLISHED.type, fill.opening)
        for onlooker in stage.onlookers:
            yield f"the letter published to {onlooker}", counts.letters["published", fill.opening, onlooker]
    elif act == "select":
        yield from _effects_of_selection(fill, opening, counts)
    else:
        resident = act.partition(":")[2]
        yield "the application", int(f"{fill.opening}:{resident}" in counts.applications)
        yield (
            "the archived application.submitted",
            counts.fact(said.APPLICATION_SUBMITTED.type, fill.opening, resident),
        )


def _effects_of_selection(fill: Fill, opening: Document | None, counts: _Counts) -> Iterator[tuple[str, int]]:
    placements = [] if opening is None else [one["resident_id"] for one in opening["placements"]]
    yield "the placement", placements.count(fill.chosen)
    yield "the opening filled", int(opening is not None and opening["state"] == "filled")
    for resident, state in ((fill.chosen, "selected"), (fill.other, "closed")):
        application = counts.applications.get(f"{fill.opening}:{resident}", {})
        yield f"{resident}'s application {state}", int(application.get("state") == state)
    yield "the archived opening.filled", counts.fact(said.OPENING_FILLED.type, fill.opening)
    yield (
        "the archived placement.selected",
        counts.fact(said.PLACEMENT_SELECTED.type, fill.opening, fill.chosen),
    )
    yield (
        "the archived application.selected",
        counts.fact(said.APPLICATION_SELECTED.type, fill.opening, fill.chosen),
    )
    yield "the archived application.closed", counts.fact(said.APPLICATION_CLOSED.type, fill.opening, fill.other)
    yield f"the letter selected to {fill.chosen}", counts.letters["selected", fill.opening, fill.chosen]
    yield f"the letter closed to {fill.other}", counts.letters["closed", fill.opening, fill.other]


def _of_the_mails(stage: Stage, account: Account) -> Iterator[Finding]:
    """A letter to somebody who may be written to arrives by mail once; nobody else gets a mail."""
    arrived = Counter(local_part(message_id) for message_id, _ in account.mails)
    owed = set()
    for letter in account.letters:
        address = stage.mail_of(letter["resident"])
        if address is None or letter["kind"] == "published":
            continue
        name = f"{letter['cause']['key']}.{letter['resident']}"
        owed.add(name)
        act = "select" if letter["kind"] in ("selected", "closed") else letter["kind"]
        if not arrived[name]:
            yield Finding("lost", f"the mail of letter {letter['_id']} ({letter['mail']})", letter["about"], act)
    for name, times in arrived.items():
        if name not in owed:
            yield Finding("duplicated", f"a mail that nobody was owed: {name}")
        elif times > 1:
            yield Finding("duplicated", f"the mail {name} arrived {times} times")
    for message_id, recipients in account.mails:
        for recipient in recipients:
            if recipient.endswith("@never.example"):
                yield Finding("duplicated", f"{message_id} went to {recipient}, who never agreed to mail")


def _keys_used_twice(account: Account) -> Iterator[Finding]:
    """Natural keys, counted by what they are made of rather than by the `_id` that should enforce them."""
    events = Counter((one["event"]["source"], one["event"]["id"]) for one in account.archive)
    letters = Counter((one["cause"]["key"], one["resident"]) for one in account.letters)
    for key, times in (*events.items(), *letters.items()):
        if times > 1:
            yield Finding("duplicated", f"{key} is kept {times} times")
    for opening in account.openings:
        placements = opening.get("placements", ())
        if len(placements) > opening.get("places", 0):
            yield Finding("duplicated", f"{len(placements)} placements for {opening['places']} places", opening["_id"])


def _strangers(stage: Stage, fills: Sequence[Fill], account: Account) -> Iterator[Finding]:
    """What is there and that no act of ours explains: a letter of a wrong kind, a fact that never happened."""
    known = {fill.opening: fill for fill in fills}
    expected = {said.OPENING_PUBLISHED.type, said.OPENING_FILLED.type, said.PLACEMENT_SELECTED.type}
    expected |= {said.APPLICATION_SUBMITTED.type, said.APPLICATION_SELECTED.type, said.APPLICATION_CLOSED.type}
    for kept in account.archive:
        event = kept["event"]
        opening = event["data"].get("opening_id")
        if opening is not None and (opening not in known or event["type"] not in expected):
            yield Finding("duplicated", f"{event['type']} {event['id']} was archived and never asked for", str(opening))
    for letter in account.letters:
        fill = known.get(letter["about"])
        allowed = {
            "selected": {fill.chosen} if fill else set(),
            "closed": {fill.other} if fill else set(),
            "published": set(stage.onlookers) if fill else set(),
        }.get(letter["kind"], set())
        if letter["resident"] not in allowed:
            yield Finding("duplicated", f"a letter {letter['kind']} to {letter['resident']}", letter["about"])


def _of_the_money(stage: Stage, fills: Sequence[Fill], account: Account) -> Iterator[Finding]:
    """A programme's budget has granted and committed exactly what its filled openings cost."""
    filled = Counter(fill.programme for fill in fills if "select" in fill.acknowledged)
    published = Counter(fill.programme for fill in fills if "publish" in fill.acknowledged)
    budgets = {one["_id"]: one for one in account.budgets}
    for programme in stage.programmes:
        budget = budgets.get(programme, {"granted": 0, "committed": 0, "total": 0, "holds": [], "moving": []})
        wanted = {"granted": published[programme] * stage.cost, "committed": filled[programme] * stage.cost}
        for name, won in wanted.items():
            if budget[name] != won:
                kind = "lost" if budget[name] < won else "duplicated"
                yield Finding(kind, f"budget of {programme}: {name} {budget[name]} won, expected {won}")
        if budget["total"] is not None and budget["granted"] > budget["total"]:
            yield Finding("duplicated", f"budget of {programme}: {budget['granted']} won of {budget['total']}")
        if budget["holds"] or budget["moving"]:
            yield Finding("left", f"budget of {programme}: holds {budget['holds']}, moving {budget['moving']}")


def _of_the_figures(fills: Sequence[Fill], account: Account) -> Iterator[Finding]:
    wanted = {
        "openings": _acknowledged(fills, "publish"),
        "places": _acknowledged(fills, "publish"),
        "applications": _acknowledged(fills, "apply:"),
        "filled": _acknowledged(fills, "select"),
        "openings_filled": _acknowledged(fills, "select"),
    }
    for name, count in wanted.items():
        told = account.figures.get(name) or 0
        if told != count:
            yield Finding("lost" if told < count else "duplicated", f"figures: {name} {told}, expected {count}")


def _acknowledged(fills: Iterable[Fill], act: str) -> int:
    return sum(one == act or (act.endswith(":") and one.startswith(act)) for fill in fills for one in fill.acknowledged)


def _not_at_rest(account: Account) -> Iterator[Finding]:
    if account.outbox.get("new"):
        yield Finding("left", f"{account.outbox['new']} facts are not published")
    for queue, depth in account.waiting.items():
        yield Finding("left", f"{depth} messages wait in {queue}")
    states = {one["_id"]: one.get("state") for one in account.openings}
    for application in account.applications:
        if application["state"] == "pending" and states.get(application["opening_id"]) != "open":
            yield Finding("left", f"{application['_id']} is pending", application["opening_id"])
    for letter in account.letters:
        if letter["mail"]["s"] not in MAIL_SETTLED:
            yield Finding("left", f"the mail of {letter['_id']} is {letter['mail']['s']}", letter["about"])


# -- telling


def story_of(finding: Finding, fills: Sequence[Fill], shots: Sequence[Shot], account: Account) -> list[str]:
    """Tell one finding from the start: what people asked, who was shot meanwhile, what is kept of it."""
    lines: list[tuple[datetime, str]] = []
    fill = next((one for one in fills if one.opening == finding.opening), None)
    if fill is not None:
        lines += fill.story
        lines += [
            (kept["known_at"], f"archived {kept['event']['type']} {kept['event']['id']}")
            for kept in account.archive
            if kept["event"]["data"].get("opening_id") == fill.opening
        ]
        lines += [
            (letter["written"], f"letter {letter['kind']} to {letter['resident']}, mail {letter['mail']['s']}")
            for letter in account.letters
            if letter["about"] == fill.opening
        ]
    lines += [(shot.at, f"kill -9 {shot.process} (pid {shot.pid})") for shot in shots]
    told = [f"{finding.kind}: {finding.opening} {finding.what}".replace("  ", " ")]
    told += [f"  {at:%H:%M:%S.%f} {what}" for at, what in sorted(lines, key=lambda line: line[0])]
    opening = next((one for one in account.openings if one["_id"] == finding.opening), None)
    if opening is not None:
        kept = {name: opening.get(name) for name in ("state", "version", "placements", "grant", "unsettled", "outbox")}
        told.append(f"  kept: {kept}")
    return told
