"""Reading what one run left behind, past the services: databases, the mail server, and the bank's own book."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pymongo.errors

from shared.errors import CrossesTheDoor
from shared.messaging.relaying import OUTBOXES
from tests.chaos.account import MAIL_SETTLED, in_outbox
from tests.chaos.load import NeverAnswered, People
from tests.chaos.pay.bank import Bank, Entry
from tests.chaos.pay.stage import OFFICERS, OPERATOR, Stage
from tests.chaos.world import World

Document = Mapping[str, Any]

#: Services with a database that take part.
SERVICES = ("placement", "residents", "notifications", "statistics")
#: Tables of figures that are compared.
FIGURES = ("pay", "attendance", "jobs")
#: A sweeper passes by this often, at least, once a hold is overdue.
SWEPT_WITHIN = timedelta(seconds=15)


@dataclass(frozen=True)
class Account:
    """Everything that one run left behind, as plain documents."""

    now: datetime
    openings: Sequence[Document] = ()
    applications: Sequence[Document] = ()
    participations: Sequence[Document] = ()
    budgets: Sequence[Document] = ()
    sheets: Sequence[Document] = ()
    works: Sequence[Document] = ()
    months: Sequence[Document] = ()
    batches: Sequence[Document] = ()
    letters: Sequence[Document] = ()
    archive: Sequence[Document] = ()
    #: (Message-ID, recipients) of each mail that the server accepted.
    mails: Sequence[tuple[str, tuple[str, ...]]] = ()
    #: What the bank was told to pay, line by line, and what it found wrong with a file.
    book: Sequence[Entry] = ()
    complaints: Sequence[str] = ()
    #: Totals of the figures by table, and what the services' own comparison says by programme.
    figures: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    balance: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    #: Facts still in an outbox, by state.
    outbox: Mapping[str, int] = field(default_factory=dict)
    #: Dead and parked messages, by queue; and those that still wait.
    dead: Mapping[str, int] = field(default_factory=dict)
    waiting: Mapping[str, int] = field(default_factory=dict)


def keep_account(world: World, people: People, stage: Stage, bank: Bank) -> Account:
    """Read everything."""
    placement, mine = world.database("placement"), {"tenant": stage.tenant}
    depths = world.depths()
    return Account(
        now=datetime.now(UTC),
        openings=_whole(placement["openings"].find(mine)),
        applications=_whole(placement["applications"].find(mine)),
        participations=_whole(placement["participations"].find(mine)),
        budgets=_whole(placement["budgets"].find(mine)),
        sheets=_whole(placement["sheets"].find(mine)),
        works=_whole(placement["placements_work"].find(mine)),
        months=_whole(placement["pay_months"].find(mine)),
        batches=_whole(placement["batches"].find(mine)),
        letters=list(world.database("notifications")["letters"].find(mine)),
        archive=list(world.database("statistics")["archive"].find(mine)),
        mails=[(mail.message_id, mail.recipients) for mail in world.mails()],
        book=tuple(bank.book),
        complaints=tuple(bank.complaints),
        figures={about: _figures(people, about) for about in FIGURES},
        balance={programme: _balance(people, programme) for programme in stage.programmes},
        outbox=_outboxes(world),
        dead=world.dead(depths),
        waiting=world.waiting(depths),
    )


def _whole(documents: Any) -> list[Document]:
    """Return what was made; acts that were made impossible leave a tombstone."""
    return [document for document in documents if not document.get("tombstone")]


def _figures(people: People, about: str) -> dict[str, Any]:
    """Return the figures as anybody reads them; an empty answer counts as nothing counted."""
    try:
        told = people.insist("statistics_figures", "figures", OPERATOR, tenant=people.tenant, about=about)
    except (NeverAnswered, CrossesTheDoor):
        return {}
    return dict(told["total"])


def _balance(people: People, programme: str) -> dict[str, Any]:
    try:
        return dict(people.insist("placement_allowance", "check", OFFICERS[0], programme_id=programme))
    except (NeverAnswered, CrossesTheDoor):
        return {}


def _outboxes(world: World) -> dict[str, int]:
    found = {"new": 0, "stuck": 0}
    for service in SERVICES:
        database = world.database(service)
        for name in database.list_collection_names():
            for state, count in in_outbox(database[name]).items():
                found[state] += count
    return found


def is_under_way(deadline: datetime | None, now: datetime) -> bool:
    """Whether something is held for an act that may still come."""
    return deadline is not None and deadline + SWEPT_WITHIN > now


# -- rest


def unrest(world: World, stage: Stage) -> list[str]:
    """What has not come to rest yet, in words; empty when everything has. Servers that are away count too."""
    depths = world.broker_answers()
    if depths is None:
        return ["the broker is away"]
    try:
        found = {f"waiting in {queue}": depth for queue, depth in world.waiting(depths).items()}
        return [f"{name} {count}" for name, count in (found | _restless(world, stage)).items() if count]
    except pymongo.errors.PyMongoError:
        return ["the database is away"]


def _restless(world: World, stage: Stage) -> dict[str, int]:
    mine, placement = {"tenant": stage.tenant}, world.database("placement")
    budgets = _whole(placement["budgets"].find(mine, ["moving", "pending", "tombstone"]))
    return {
        "outbox": sum(
            in_outbox(world.database(service)[name])["new"]
            for service, names in OUTBOXES.items()
            if service in SERVICES
            for name in names
        ),
        "mails under way": world.database("notifications")["letters"].count_documents(
            {**mine, "mail.s": {"$nin": list(MAIL_SETTLED)}}
        ),
        "openings that select": placement["openings"].count_documents({**mine, "state": "selecting"}),
        "batches to be moved on": placement["batches"].count_documents({**mine, "due": {"$exists": True}}),
        "budgets that move": sum(bool(one["moving"]) or bool(one.get("pending")) for one in budgets),
        "shifts to be counted": len(_uncounted(world, stage)),
    }


def uncounted(world: World, stage: Stage) -> list[str]:
    """Return settled shifts whose latest revision no month of pay has counted; one word more while anything is away."""
    try:
        return _uncounted(world, stage)
    except pymongo.errors.PyMongoError:
        return ["the database is away"]


def _uncounted(world: World, stage: Stage) -> list[str]:
    mine, placement = {"tenant": stage.tenant}, world.database("placement")
    counted = {
        row["attendance_id"]: row["revision"]
        for month in placement["pay_months"].find(mine, ["counted"])
        for row in month.get("counted", ())
    }
    return [
        sheet["_id"]
        for sheet in placement["sheets"].find(mine, ["revisions"])
        if sheet.get("revisions") and counted.get(sheet["_id"]) != len(sheet["revisions"])
    ]


def held(world: World, stage: Stage) -> tuple[int, timedelta]:
    """Return how many places and sums are held for an act, and until when the last of them is."""
    mine, now, placement = {"tenant": stage.tenant}, datetime.now(UTC), world.database("placement")
    try:
        deadlines = [
            holder["deadline"]
            for one in _whole(placement["participations"].find(mine, ["claims", "tombstone"]))
            for claim in one["claims"]
            for holder in claim["holders"]
        ]
        deadlines += [
            hold["deadline"] for one in _whole(placement["budgets"].find(mine, ["holds", "tombstone"])) for hold in one["holds"]
        ]
    except pymongo.errors.PyMongoError:
        return 1, timedelta()
    return len(deadlines), max((deadline - now for deadline in deadlines), default=timedelta())
