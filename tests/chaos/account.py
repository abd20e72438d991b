"""Reading what one run left behind, past the services: the databases, the outboxes, the queues and the mail server."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pymongo.errors

from shared.messaging.relaying import OUTBOXES
from tests.chaos.load import Stage
from tests.chaos.world import World

Document = Mapping[str, Any]

#: Where mails come to rest. Any other state still waits for somebody.
MAIL_SETTLED = ("sent", "none")
#: Services with a database.
SERVICES = ("placement", "residents", "notifications", "statistics")


@dataclass(frozen=True)
class Account:
    """Everything that one run left behind, as plain documents."""

    openings: Sequence[Document] = ()
    applications: Sequence[Document] = ()
    budgets: Sequence[Document] = ()
    letters: Sequence[Document] = ()
    archive: Sequence[Document] = ()
    #: (Message-ID, recipients) of each mail that the server accepted.
    mails: Sequence[tuple[str, tuple[str, ...]]] = ()
    #: Facts still in an outbox, by state.
    outbox: Mapping[str, int] = field(default_factory=dict)
    #: Dead and parked messages, by queue; and those that still wait.
    dead: Mapping[str, int] = field(default_factory=dict)
    waiting: Mapping[str, int] = field(default_factory=dict)
    #: What the figures say of the tenant: `total` of `statistics_figures.figures`.
    figures: Mapping[str, Any] = field(default_factory=dict)


def keep_account(world: World, stage: Stage, figures: Mapping[str, Any]) -> Account:
    """Read everything of the tenant from the databases and the mail server, past the services."""
    placement, notifications = world.database("placement"), world.database("notifications")
    mine = {"tenant": stage.tenant}
    depths = world.depths()
    return Account(
        openings=list(placement["openings"].find(mine)),
        applications=list(placement["applications"].find(mine)),
        budgets=list(placement["budgets"].find(mine)),
        letters=list(notifications["letters"].find(mine)),
        archive=list(world.database("statistics")["archive"].find(mine)),
        mails=[(mail.message_id, mail.recipients) for mail in world.mails()],
        outbox=outboxes(world),
        dead=world.dead(depths),
        waiting=world.waiting(depths),
        figures=figures,
    )


def outboxes(world: World) -> dict[str, int]:
    """How many facts wait in every collection there is, by state: also where the relay does not look."""
    found: Counter[str] = Counter()
    for service in SERVICES:
        database = world.database(service)
        for name in database.list_collection_names():
            found.update(in_outbox(database[name]))
    return dict(found)


def in_outbox(collection: Any) -> Counter[str]:
    """How many facts wait in the outboxes of one collection, by state."""
    waiting = collection.find({"outbox.s": {"$in": ["new", "stuck"]}}, ["outbox.s"])
    return Counter(entry["s"] for document in waiting for entry in document["outbox"])


def unrest(world: World, stage: Stage) -> list[str]:
    """What has not come to rest yet, in words; empty when everything has. Servers that are away count too."""
    depths = world.broker_answers()
    if depths is None:
        return ["the broker is away"]
    try:
        waiting = [f"{queue} {depth}" for queue, depth in world.waiting(depths).items()]
        new = sum(
            in_outbox(world.database(service)[name])["new"] for service, names in OUTBOXES.items() for name in names
        )
        mine = {"tenant": stage.tenant}
        placement = world.database("placement")
        pending = placement["applications"].count_documents({**mine, "state": "pending"})
        moving = [
            one["_id"] for one in placement["budgets"].find(mine, ["holds", "moving"]) if one["holds"] or one["moving"]
        ]
        mails = world.database("notifications")["letters"].count_documents(
            {**mine, "mail.s": {"$nin": list(MAIL_SETTLED)}}
        )
    except pymongo.errors.PyMongoError:
        return ["the database is away"]
    return [
        *waiting,
        *([f"outbox {new}"] if new else []),
        *([f"pending applications {pending}"] if pending else []),
        *([f"budgets moving {len(moving)}"] if moving else []),
        *([f"mails under way {mails}"] if mails else []),
    ]


def local_part(message_id: str) -> str:
    """`<key.resident@domain>` -> `key.resident`."""
    return message_id.strip("<>").rpartition("@")[0]
