"""The reckoning: what people were told against what the databases, letters, mails and the bank really hold. Pure.

    unbalanced        sums that must be equal and are not
    paid_twice        money that went out and was not due
    over_filled       more people than places, now or at any time before
    overlapping       two direct jobs of one resident on the same day
    four_eyes_broken  a batch approved by who made it
    lost              an acknowledged act, or a fact, that lacks an effect it must have
    duplicated        an effect beyond the one its natural key allows, or one that nobody asked for
    left              what should have come to rest and has not
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.chaos.account import MAIL_SETTLED, local_part
from tests.chaos.finding import DUPLICATED, LEFT, LOST, Finding
from tests.chaos.pay.account import Account, is_under_way
from tests.chaos.pay.asking import Story
from tests.chaos.pay.audits.bank import bank
from tests.chaos.pay.audits.earned import earned
from tests.chaos.pay.audits.finding import FOUR_EYES, OVER_FILLED, OVERLAPPING, PAID_TWICE, UNBALANCED
from tests.chaos.pay.audits.paid import paid
from tests.chaos.pay.audits.places import overlaps, places
from tests.chaos.pay.effects import acts, facts, letters
from tests.chaos.pay.stage import Stage
from tests.chaos.world import Shot

#: Figures that count whose they are, and not how often it was found.
BY_WHOM = (UNBALANCED, PAID_TWICE, OVER_FILLED, OVERLAPPING, FOUR_EYES)


@dataclass(frozen=True)
class Reckoning:
    """The findings, and the figures of them."""

    findings: tuple[Finding, ...]
    dead: int

    @property
    def lost(self) -> int:
        """Acknowledged acts and facts that lack an effect: one with several missing effects counts once."""
        return len({(one.about, one.act) if one.act else (one.what, "") for one in self.of(LOST)})

    @property
    def clean(self) -> bool:
        """Whether nothing at all was found."""
        return not self.findings and self.dead == 0

    def of(self, kind: str) -> list[Finding]:
        """The findings of one kind."""
        return [one for one in self.findings if one.kind == kind]

    def as_json(self) -> dict[str, int]:
        """The figures."""
        return {
            **{kind: len({one.about for one in self.of(kind)}) for kind in BY_WHOM},
            "lost": self.lost,
            "duplicated": len(self.of(DUPLICATED)),
            "dead": self.dead,
            "left": len(self.of(LEFT)),
        }


def reckon(stage: Stage, stories: Sequence[Story], account: Account) -> Reckoning:
    """Compare what people were told with what is there."""
    findings = [
        *places(account),
        *overlaps(account),
        *earned(stage, account),
        *paid(account),
        *bank(stage, account),
        *acts(stories, account),
        *facts(account),
        *letters(account),
        *_mails(stage, account),
        *_keys_used_twice(account),
        *_not_at_rest(account),
    ]
    return Reckoning(tuple(findings), dead=sum(account.dead.values()) + account.outbox.get("stuck", 0))


def _mails(stage: Stage, account: Account) -> Iterator[Finding]:
    """A letter to somebody who may be written to arrives by mail once; nobody else gets a mail."""
    arrived = Counter(local_part(message_id) for message_id, _ in account.mails)
    owed = {
        f"{letter['cause']['key']}.{letter['resident']}": letter
        for letter in account.letters
        if stage.mail_of(letter["resident"]) is not None
    }
    for name, letter in owed.items():
        if not arrived[name]:
            yield Finding(LOST, f"the mail of letter {letter['_id']} ({letter['mail']})", letter["about"], letter["kind"])
    for name, times in arrived.items():
        if name not in owed:
            yield Finding(DUPLICATED, f"a mail that nobody was owed: {name}")
        elif times > 1:
            yield Finding(DUPLICATED, f"the mail {name} arrived {times} times")
    for message_id, recipients in account.mails:
        for recipient in recipients:
            if recipient.endswith("@never.example"):
                yield Finding(DUPLICATED, f"{message_id} went to {recipient}, who never agreed to mail")


def _keys_used_twice(account: Account) -> Iterator[Finding]:
    """Natural keys, counted by what they are made of rather than by the `_id` that should enforce them."""
    keys: Counter[Any] = Counter((one["event"]["source"], one["event"]["id"]) for one in account.archive)
    keys.update((one["cause"]["key"], one["resident"]) for one in account.letters)
    for key, times in keys.items():
        if times > 1:
            yield Finding(DUPLICATED, f"{key} is kept {times} times")


def _not_at_rest(account: Account) -> Iterator[Finding]:
    if account.outbox.get("new"):
        yield Finding(LEFT, f"{account.outbox['new']} facts are not published")
    for queue, depth in account.waiting.items():
        yield Finding(LEFT, f"{depth} messages wait in {queue}")
    for opening in account.openings:
        if opening["state"] == "selecting" or opening["offers"]:
            yield Finding(LEFT, f"is {opening['state']} with {len(opening['offers'])} offers", opening["_id"])
    for sheet in account.sheets:
        if sheet["state"] == "open":
            yield Finding(LEFT, "is still to be settled", sheet["_id"])
    for month in account.months:
        claim = next((one for one in month["payments"] if one["state"] == "claimed"), None)
        if claim is not None:
            yield Finding(LEFT, f"waits for {claim['batch_id']}", month["_id"])
        out = sum(one["won"] for one in month["payments"] if one["state"] != "returned")
        out -= sum(one["won"] for one in month["paid_back"])
        won = sum(line["won"] for line in month["lines"])
        due = min(won, month["cap"]["won"]) - out if month["cap"] else won - out
        if due:
            yield Finding(LEFT, f"{due} won are still due", month["_id"])
    for batch in account.batches:
        if batch["state"] not in ("settled", "cancelled"):
            yield Finding(LEFT, f"is {batch['state']}", batch["_id"])
    for budget in account.budgets:
        if budget["moving"] or budget.get("pending"):
            yield Finding(LEFT, f"moves {budget['moving']} {budget.get('pending')}", budget["_id"])
        for hold in budget["holds"]:
            if not is_under_way(hold["deadline"], account.now):
                yield Finding(LEFT, f"holds {hold['amount']} won for {hold['act_id']}", budget["_id"])
    for one in account.participations:
        for claim in one["claims"]:
            deadlines = [holder["deadline"] for holder in claim["holders"]]
            if claim["state"] == "held" and not any(is_under_way(deadline, account.now) for deadline in deadlines):
                yield Finding(LEFT, f"holds {claim['key']}", one["_id"])
    for letter in account.letters:
        if letter["mail"]["s"] not in MAIL_SETTLED:
            yield Finding(LEFT, f"the mail of {letter['_id']} is {letter['mail']['s']}", letter["about"])


# -- telling


def story_of(finding: Finding, stories: Sequence[Story], shots: Sequence[Shot], account: Account) -> list[str]:
    """Tell one finding from the start: what people asked, who was shot meanwhile, what is kept of it."""
    about = finding.about
    lines: list[tuple[datetime, str]] = []
    for story in stories:
        if about and (about == story.name or any(about == told.about for told in story.told)):
            lines += [(at, what) for at, what in story.lines if about in what or about == story.name]
    lines += [
        (kept["known_at"], f"archived {kept['event']['type']} {kept['event']['id']} {_short(kept['event']['data'])}")
        for kept in account.archive
        if about and about in _named(kept["event"])
    ]
    lines += [(shot.at, f"kill -9 {shot.process} (pid {shot.pid})") for shot in shots]
    told = [f"{finding.kind}: {about} {finding.what}".replace("  ", " ")]
    told += [f"  {at:%H:%M:%S.%f} {what}" for at, what in sorted(lines, key=lambda line: line[0])]
    for name in ("openings", "sheets", "months", "batches", "budgets"):
        told += [f"  kept in {name}: {_kept(one)}" for one in getattr(account, name) if one["_id"] == about]
    return told


def _named(event: Mapping[str, Any]) -> set[str]:
    return {str(value) for value in event["data"].values() if isinstance(value, str)} | {event["subject"]}


def _short(data: Mapping[str, Any]) -> dict[str, Any]:
    left_out = ("programme_id", "district", "place", "shifts", "title")
    return {name: value for name, value in data.items() if name not in left_out}


def _kept(document: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in ("acts", "outbox")}
