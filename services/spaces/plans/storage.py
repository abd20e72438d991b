"""Plans and subscriptions, one document each, in spaces' database."""

from __future__ import annotations

from datetime import date, datetime

from services.spaces.plans.cycles import CycleRule, Days
from services.spaces.plans.model import PauseRule, Plan, Terms
from services.spaces.plans.subscription import Pause, Subscription
from shared.aggregate import Act
from shared.clock import Clock
from shared.errors import Conflict, Refused
from shared.mongo.aggregates import INDEXES, Aggregates, Outcome
from shared.mongo.port import Collection, Database, Document, Index, Query
from shared.serial import Serial

PLANS_SOURCE = "/sipbun/spaces/plans"
SUBSCRIPTIONS_SOURCE = "/sipbun/spaces/subscriptions"
_TERMS = (
    "name",
    "kind",
    "included_minutes",
    "rollover_cap",
    "most_members",
    "seats",
    "least_months",
    "promote",
    "offer_hours",
)


class PlanCodec:
    """Plan <-> document."""

    def to_document(self, plan: Plan) -> Document:
        """Return the fields to keep."""
        terms = plan.terms
        return {
            "district": plan.district,
            "programme_id": plan.programme_id,
            "offered_at": plan.offered_at,
            "state": plan.state,
            **{name: getattr(terms, name) for name in _TERMS},
            "cycle_days": terms.cycle.days,
            "facility_ids": list(terms.facility_ids),
            "space_ids": list(terms.space_ids),
            "pause": vars(terms.pause).copy(),
        }

    def from_document(self, document: Document) -> Plan:
        """Return the plan."""
        return Plan(
            id=document["_id"],
            tenant=document["tenant"],
            district=document["district"],
            programme_id=document["programme_id"],
            offered_at=document["offered_at"],
            state=document["state"],
            terms=Terms(
                cycle=CycleRule(document["cycle_days"]),
                facility_ids=tuple(document["facility_ids"]),
                space_ids=tuple(document["space_ids"]),
                pause=PauseRule(**document["pause"]),
                **{name: document[name] for name in _TERMS},
            ),
        )


class SubscriptionCodec:
    """Subscription <-> document; days are text."""

    _PLAIN = ("plan_id", "programme_id", "district", "kind", "resident_id", "requested_at", "state", "proxy", "seat")
    _DAYS = ("started", "least_until", "until", "seated_on")

    def to_document(self, subscription: Subscription) -> Document:
        """Return the fields to keep; ``live`` is there while no other may be like it."""
        document: Document = {name: getattr(subscription, name) for name in self._PLAIN}
        for name in self._DAYS:
            day = getattr(subscription, name)
            document[name] = None if day is None else day.isoformat()
        document["cycle_days"] = subscription.cycle.days
        document["members"] = list(subscription.members)
        document["pauses"] = [
            {"start": pause.days.start.isoformat(), "until": pause.days.until.isoformat(), "over": pause.over}
            for pause in subscription.pauses
        ]
        if subscription.live is not None:
            document["live"] = subscription.live
        if subscription.due is not None:
            document["due"] = subscription.due
        return document

    def from_document(self, document: Document) -> Subscription:
        """Return the subscription."""
        days = {name: None if document[name] is None else date.fromisoformat(document[name]) for name in self._DAYS}
        return Subscription(
            id=document["_id"],
            tenant=document["tenant"],
            cycle=CycleRule(document["cycle_days"]),
            members=tuple(document["members"]),
            pauses=tuple(
                Pause(Days(date.fromisoformat(row["start"]), date.fromisoformat(row["until"])), row["over"])
                for row in document["pauses"]
            ),
            **{name: document[name] for name in self._PLAIN},
            **days,  # type: ignore[arg-type]  # which of them may be None is the aggregate's to know
        )


class Plans(Aggregates[Plan]):
    """All plans."""

    named = "plan_id"

    def __init__(self, collection: Collection, *, clock: Clock, serial: Serial) -> None:
        super().__init__(collection, PlanCodec(), source=PLANS_SOURCE, clock=clock, serial=serial)

    def prepare(self) -> None:
        """Make the indexes."""
        self.collection.ensure([*INDEXES, Index(("tenant", "state"))])

    def latest(self, query: Query, since: tuple[datetime, str] | None, most: int) -> list[Plan]:
        """Return plans, latest first: those after ``since`` (offered at, id)."""
        wanted: Document = {**query, "tombstone": {"$exists": False}}
        if since is not None:
            wanted["offered_at"] = {"$lte": since[0]}
        read = most + 1
        while True:
            found = self.collection.find(wanted, limit=read, newest="offered_at")
            fresh = [one for one in found if since is None or (one["offered_at"], one["_id"]) < since]
            if len(fresh) >= most or len(found) < read:
                return [self.read(document) for document in fresh[:most]]
            # Many were offered in the same instant, and told already.
            read *= 2


class Subscriptions(Aggregates[Subscription]):
    """All subscriptions; at most one that runs for each resident and plan."""

    named = "subscription_id"

    def __init__(self, collection: Collection, *, clock: Clock, serial: Serial) -> None:
        super().__init__(collection, SubscriptionCodec(), source=SUBSCRIPTIONS_SOURCE, clock=clock, serial=serial)

    def prepare(self) -> None:
        """Make the indexes."""
        self.collection.ensure(
            [
                *INDEXES,
                Index(("due",), where_exists="due"),
                Index(("live",), unique=True, where_exists="live"),
                Index(("resident_id",)),
                Index(("members",)),
            ]
        )

    def create(self, act: Act, aggregate: Subscription, outcome: Outcome) -> Outcome:
        """Store a new subscription; raise ``Refused`` (``already_subscribed``) while the resident has one like it."""
        try:
            return super().create(act, aggregate, outcome)
        except Conflict:
            known = self.collection.find_one({"live": aggregate.live}, ["live"])
            if known is None:
                raise
            raise Refused("already_subscribed", field="plan_id", subscription_id=known["_id"]) from None

    def overdue(self, now: datetime, most: int) -> list[str]:
        """Return the ids of subscriptions of which a pause or the end is there."""
        return [document["_id"] for document in self.collection.find({"due": {"$lte": now}}, ["due"], limit=most)]

    def of_resident(self, resident_id: str, most: int) -> list[Subscription]:
        """Return a resident's subscriptions, their own and those they are a member of, latest first."""
        own = self.collection.find({"resident_id": resident_id}, limit=most, newest="requested_at")
        shared = self.collection.find({"members": resident_id}, limit=most, newest="requested_at")
        found = {document["_id"]: self.read(document) for document in [*own, *shared]}
        return sorted(found.values(), key=lambda one: (one.requested_at, one.id), reverse=True)[:most]


def plans(database: Database, *, clock: Clock, serial: Serial) -> Plans:
    """Return the plans kept in spaces' database."""
    return Plans(database.collection("plans"), clock=clock, serial=serial)


def subscriptions(database: Database, *, clock: Clock, serial: Serial) -> Subscriptions:
    """Return the subscriptions kept in spaces' database."""
    return Subscriptions(database.collection("subscriptions"), clock=clock, serial=serial)
