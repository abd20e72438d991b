"""Acts and facts against their effects: what was acknowledged is there, what happened was told once, and by one letter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from tests.chaos.finding import DUPLICATED, LOST, Finding, letters_found
from tests.chaos.pay.account import Account, Document
from tests.chaos.pay.asking import FOR_A_PLACE, Story, Told
from tests.chaos.pay.audits.finding import events

#: What follows from a fact, or None: (kind of letter, what it is about).
Owed = Callable[[Mapping[str, Any]], tuple[str, str] | None]


def _of(kind: str, about: str = "opening_id") -> Owed:
    return lambda data: (kind, data[about])


def _settled(data: Mapping[str, Any]) -> tuple[str, str] | None:
    as_planned = data["result"] == "worked" and data["revision"] == 1
    return None if as_planned else ("attendance_settled", data["opening_id"])


#: Facts that a resident gets a letter about.
LETTERS: Mapping[str, Owed] = {
    "placement.selected": _of("selected"),
    "placement.withdrawn": _of("place_withdrawn"),
    # A lapsed offer is told by its own letter, and nobody is told what they did themselves.
    "application.closed": lambda data: (
        None if data["reason"] in ("offer_expired", "offer_declined") else ("closed", data["opening_id"])
    ),
    "application.waitlisted": _of("waitlisted"),
    "offer.made": _of("place_offered"),
    "offer.lapsed": lambda data: ("place_lapsed", data["opening_id"]) if data["reason"] in ("expired", "declined") else None,
    "attendance.settled": _settled,
    "attendance.delayed": _of("attendance_delayed"),
    "attendance.disputed": lambda data: (
        ("attendance_disputed", data["opening_id"]) if data.get("by_role") not in (None, "resident") else None
    ),
    "attendance.dispute_answered": _of("dispute_answered"),
    "allowance.held_back": _of("allowance_held_back", "pay_month_id"),
    "allowance.paid": _of("allowance_paid", "pay_month_id"),
    "allowance.returned": _of("allowance_returned", "pay_month_id"),
    "evaluation.opened": _of("evaluation_opened"),
    "evaluation.revealed": lambda data: (
        ("evaluation_revealed", data["opening_id"]) if "host" in data.get("sides", ()) else None
    ),
}


def letters(account: Account) -> Iterator[Finding]:
    """One letter for each fact that tells a resident something, and none for anything else."""
    owed: dict[tuple[str, str], tuple[str, str]] = {}
    for kept in account.archive:
        fact = kept["event"]["type"].removeprefix("kr.sipbun.placement.").rpartition(".")[0]
        told = LETTERS[fact](kept["event"]["data"]) if fact in LETTERS else None
        if told is not None:
            owed[kept["_id"], kept["event"]["data"]["resident_id"]] = told
    yield from letters_found(owed, account.letters)


# -- facts


def facts(account: Account) -> Iterator[Finding]:
    """What stands in the documents was told: each step of it exactly once, and nothing else."""
    wanted = Counter(_wanted(account))
    named = {key[0] for key in wanted} | set(KEYS)
    found = Counter(
        (fact, *(str(event["data"][name]) for name in KEYS[fact]))
        for fact in named
        for event in events(account, fact)
    )
    for key in sorted((wanted | found).keys()):
        must, told = wanted[key], found[key]
        if told != must:
            kind = LOST if told < must else DUPLICATED
            yield Finding(kind, f"{' '.join(key)} is archived {told} times, must be {must}", key[1], key[0])
    ended = {
        (end, event["data"]["application_id"]) for end in ENDS for event in events(account, f"application.{end}")
    }
    for application in account.applications:
        state, name = application["state"], application["_id"]
        if state in ENDS and (state, name) not in ended:
            yield Finding(LOST, f"it is {state}, and application.{state} is not archived", name, state)


#: States of an application that are told when they come.
ENDS = ("selected", "withdrawn", "closed")
#: By what a fact is recognised.
KEYS: Mapping[str, tuple[str, ...]] = {
    "opening.published": ("opening_id",),
    "opening.ranked": ("opening_id",),
    "offer.made": ("opening_id",),
    "application.submitted": ("application_id",),
    "attendance.settled": ("attendance_id", "revision", "minutes"),
    "attendance.witnessed": ("attendance_id",),
    "attendance.delayed": ("attendance_id",),
    "attendance.disputed": ("attendance_id", "dispute"),
    "attendance.dispute_answered": ("attendance_id", "dispute"),
    "allowance.earned": ("pay_month_id", "line_id", "won"),
    "allowance.paid": ("pay_month_id", "batch_id", "won"),
    "allowance.returned": ("pay_month_id", "batch_id", "won"),
    "batch.filed": ("batch_id", "won"),
    "batch.settled": ("batch_id", "paid", "returned"),
    "batch.cancelled": ("batch_id",),
    "budget.posted": ("posting_id", "paid", "returned"),
}


def _wanted(account: Account) -> Iterator[tuple[str, ...]]:
    for opening in account.openings:
        yield "opening.published", opening["_id"]
        if opening["order_hash"] is not None:
            yield "opening.ranked", opening["_id"]
        yield from [("offer.made", opening["_id"])] * opening["asked"]
    for application in account.applications:
        yield from [("application.submitted", application["_id"])] * application["attempt"]
    for sheet in account.sheets:
        name = sheet["_id"]
        yield from (("attendance.settled", name, str(one["number"]), str(one["minutes"])) for one in sheet["revisions"])
        yield from [("attendance.witnessed", name)] * len(sheet["words"])
        if sheet.get("unclear_until") is not None:
            yield "attendance.delayed", name
        for dispute in sheet["disputes"]:
            yield "attendance.disputed", name, str(dispute["number"])
            if dispute["answer"] is not None:
                yield "attendance.dispute_answered", name, str(dispute["number"])
    for month in account.months:
        yield from (("allowance.earned", month["_id"], line["id"], str(line["won"])) for line in month["lines"])
        for payment in month["payments"]:
            if payment["state"] != "claimed":
                yield f"allowance.{payment['state']}", month["_id"], payment["batch_id"], str(payment["won"])
        for number, _ in enumerate(month["paid_back"], 1):
            yield "budget.posted", f"{month['_id']}:paid_back:{number}", "0", "0"
    for batch in account.batches:
        yield from _wanted_of_batch(batch)


def _wanted_of_batch(batch: Document) -> Iterator[tuple[str, ...]]:
    name = batch["_id"]
    if batch["filed_on"] is not None:
        yield "batch.filed", name, str(batch["won"])
        if batch["won"]:
            yield "budget.posted", f"{name}:paid", str(batch["won"]), "0"
    if batch["state"] == "settled":
        yield "batch.settled", name, str(batch["paid"]), str(batch["returned"])
        if batch["returned"]:
            yield "budget.posted", f"{name}:returned", "0", str(batch["returned"])
    if batch["state"] == "cancelled":
        yield "batch.cancelled", name


# -- acts


def acts(stories: Sequence[Story], account: Account) -> Iterator[Finding]:
    """What was acknowledged is there; what was refused is not."""
    known = _Known(account)
    asked = {told.about for story in stories for told in story.told if told.verb == "prepare"}
    failed = any(story.failed for story in stories)
    for story in stories:
        for told in story.told:
            if told.refused is None:
                for what, is_there in _effects(told, known):
                    if not is_there:
                        yield Finding(LOST, f"{told.act} lacks {what}", told.about, told.act)
            elif told.verb in FOR_A_PLACE and f"asked:{told.act}" in known.gave:
                yield Finding(DUPLICATED, f"{told.act} was refused ({told.refused}), and gave a place", told.about)
    for name in known.batches.keys() - asked:
        if not failed:
            yield Finding(DUPLICATED, "a batch that nobody asked for", name)


class _Known:
    """The account by what it is about."""

    def __init__(self, account: Account) -> None:
        self.openings = {one["_id"]: one for one in account.openings}
        self.applications = {one["_id"]: one for one in account.applications}
        self.sheets = {one["_id"]: one for one in account.sheets}
        self.months = {one["_id"]: one for one in account.months}
        self.batches = {one["_id"]: one for one in account.batches}
        #: Acts that gave a place that is there, or was left in the middle; and who lost a place.
        self.gave = {
            place["act_id"] for one in account.openings for place in (*one["placements"], *one.get("left", ()))
        }
        self.withdrawn = {event["data"]["application_id"] for event in events(account, "placement.withdrawn")}
        self.facts = Counter(
            (event["type"].removeprefix("kr.sipbun.placement.").rpartition(".")[0], event["subject"])
            for kept in account.archive
            for event in [kept["event"]]
        )
        self.declined = {
            event["data"]["application_id"] for event in events(account, "offer.lapsed") if event["data"]["reason"] == "declined"
        }


def _effects(told: Told, known: _Known) -> Iterator[tuple[str, bool]]:
    """Yield every effect that an acknowledged act must have, with whether it is there."""
    if told.verb == "publish":
        yield "the opening", told.about in known.openings
    elif told.verb == "apply":
        yield "the application", known.applications.get(told.about, {}).get("attempt", 0) >= 1
    elif told.verb in ("select", "accept_offer"):
        yield "its place", f"asked:{told.act}" in known.gave or told.about in known.withdrawn
    elif told.verb == "decline_offer":
        yield "the archived offer.lapsed", told.about in known.declined
    elif told.verb == "withdraw":
        yield "the archived application.withdrawn", known.facts["application.withdrawn", told.about] > 0
    elif told.verb == "release_place":
        yield "the archived placement.withdrawn", told.about in known.withdrawn
    elif told.about in known.sheets:
        yield from _effects_on_sheet(told, known.sheets[told.about])
    elif told.about in known.batches:
        yield from _effects_on_batch(told, known.batches[told.about])
    elif told.verb == "note_paid_back":
        back = known.months.get(told.about, {}).get("paid_back", ())
        yield "the won that came back", told.asked["won"] in [one["won"] for one in back]
    elif told.verb not in ("rank", "close"):
        yield "what it is about", False


def _effects_on_sheet(told: Told, sheet: Document) -> Iterator[tuple[str, bool]]:
    if told.verb == "witness":
        yield "its word", (told.by, told.asked["said"]) in [(one["account"], one["said"]) for one in sheet["words"]]
    elif told.verb == "dispute":
        number = told.answer["dispute"]
        yield "its dispute", len(sheet["disputes"]) >= number and sheet["disputes"][number - 1]["account"] == told.by
    else:
        number = told.answer["revision"]
        rejected = told.asked.get("answer") == "rejected"
        one = sheet["revisions"][number - 1] if len(sheet["revisions"]) >= number else None
        yield "its revision", one is not None and one["minutes"] == told.answer["minutes"]
        yield "its word in it", rejected or (one is not None and one["account"] == told.by)
    if told.verb == "answer":
        yield "its answer", told.by in [one["answered_by"] for one in sheet["disputes"]]


def _effects_on_batch(told: Told, batch: Document) -> Iterator[tuple[str, bool]]:
    if told.verb == "prepare":
        yield "who prepared it", batch["preparer"] == told.by
    elif told.verb == "drop_row":
        yield "the row gone", told.asked["pay_month_id"] not in [row[1] for row in batch["rows"]]
    elif told.verb == "cancel":
        yield "its end", batch["state"] == "cancelled"
    elif told.verb == "approve":
        yield "its approval", batch["approver"] is not None
    elif told.verb == "mark_filed":
        yield "its file", batch["file_hash"] == told.asked["file_hash"]
    elif told.verb == "read_returns" and told.asked["last"]:
        yield "its answer", batch["state"] == "settled"
