"""Two records the law asks for, kept beside what they are about and never said in an event.

``access_log``: which account of ours looked at or changed whose data, when, from where, by which action (안전성 확보조치 기준 제8조);
two years. ``location_log``: every collection, use and provision of a resident's place (위치정보법 제16조제2항); six
months, but gone at once with the consent (제24조제4항). Both are written *before* what they record: a record too many
is harmless, one too few is not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.actors import Actor
from shared.caller import current_address
from shared.clock import Clock, iso
from shared.ids import Ids
from shared.mongo.port import Change, Collection, Database, Document, Duplicate, Index

DAY = 24 * 3600
#: Seconds. At least one year, two from 50,000 people on: two for everybody.
ACCESS_KEPT = 2 * 366 * DAY
#: Seconds. "Six months or more": the longest six months have 184 days.
LOCATION_KEPT = 184 * DAY


@dataclass(frozen=True)
class Trail:
    """Writes both records, and shows a resident their own."""

    access: Collection
    location: Collection
    clock: Clock
    ids: Ids

    def prepare(self) -> None:
        """Make the indexes; those on ``at`` let records go when their time is over."""
        self.access.ensure([Index(("at",), expire_after=ACCESS_KEPT), Index(("resident",))])
        self.location.ensure([Index(("at",), expire_after=LOCATION_KEPT), Index(("residents.id",))])

    def staff_acted(self, actor: Actor, action: str, resident_id: str, tenant: str) -> None:
        """Record that an account of the town's staff is about to see or change a resident's data."""
        self.access.insert_one(
            {
                "_id": self.ids.new("acc"),
                "at": self.clock.now(),
                "account": actor.subject,
                "roles": sorted(actor.roles),
                "action": action,
                "resident": resident_id,
                "tenant": tenant,
                "address": current_address(),
            }
        )

    def service_reads(
        self,
        actor: Actor,
        action: str,
        tenants: Mapping[str, str],
        *,
        reason: str,
        purpose: str,
        officer: str | None = None,
    ) -> None:
        """Record that another service is about to be told these residents' data. ``tenants``: by resident.

        ``reason`` is what it is told for, such as a batch; ``officer`` whose account sees it then, if anybody's does.
        """
        if not tenants:
            return
        now, address = self.clock.now(), current_address()
        self.access.insert_many(
            [
                {
                    "_id": self.ids.new("acc"),
                    "at": now,
                    "account": actor.subject,
                    "roles": sorted(actor.roles),
                    "action": action,
                    "resident": resident_id,
                    "tenant": tenant,
                    "address": address,
                    "reason": reason,
                    "purpose": purpose,
                    **({} if officer is None else {"officer": officer}),
                }
                for resident_id, tenant in tenants.items()
            ]
        )

    def collects(self, act_id: str, resident_id: str, *, kind: str, tenant: str) -> None:
        """Record that a place is about to be kept, as a ``kind``: ``home`` or ``interest``. Once an act."""
        self._keep(f"{resident_id}:{act_id}", "collected", kind, tenant, "residents", [resident_id])

    def uses(self, resident_ids: Sequence[str], *, kind: str, tenant: str, receiver: str) -> None:
        """Record that these residents' places were used for a ``kind`` of thing on behalf of ``receiver``."""
        if resident_ids:
            self._keep(self.ids.new("loc"), "used", kind, tenant, receiver, resident_ids)

    def location_records(self, resident_id: str, most: int) -> list[dict[str, Any]]:
        """Return ``[{at, act, kind, receiver}]`` about one resident, latest first (위치정보법 제24조제3항)."""
        found = self.location.find(
            {"residents.id": resident_id}, ["at", "act", "kind", "receiver"], limit=most, newest="at"
        )
        return [
            {"at": iso(row["at"]), "act": row["act"], "kind": row["kind"], "receiver": row["receiver"]} for row in found
        ]

    def forget_places(self, resident_id: str, *, until: datetime) -> None:
        """Destroy the records about a resident who withdrew the consent at that instant; safe to repeat.

        A later consent has later records, and they stay: the news of a withdrawal may come late.
        """
        found = self.location.find({"residents.id": resident_id, "at": {"$lte": until}}, ["_id"])
        self.location.update_each(
            [Change({"_id": row["_id"]}, {"$pull": {"residents": {"id": resident_id}}}) for row in found]
        )

    def _keep(
        self, record_id: str, act: str, kind: str, tenant: str, receiver: str, resident_ids: Sequence[str]
    ) -> None:
        record: Document = {
            "_id": record_id,
            "at": self.clock.now(),
            "act": act,
            "kind": kind,
            "tenant": tenant,
            "receiver": receiver,
            "residents": [{"id": resident_id} for resident_id in resident_ids],
        }
        try:
            self.location.insert_one(record)
        except Duplicate:
            return


def trail(database: Database, *, clock: Clock, ids: Ids) -> Trail:
    """Return the records kept in the service's database."""
    return Trail(database.collection("access_log"), database.collection("location_log"), clock, ids)
