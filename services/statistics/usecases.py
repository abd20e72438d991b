"""What can be done with facts: archive them when told, and answer how many there were.

Figures have two clocks. ``through`` is the KST day up to which facts count (the "as of" of a table). ``known_at`` is
the instant up to which we had heard of them (what a published figure was bound to).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from services.statistics.model import Bucket, Table
from services.statistics.storage import Archive, Buckets, Kept, event_of
from services.statistics.tables import TABLES, addition_of
from shared.actors import Actor, must_be
from shared.clock import Clock, from_iso, iso
from shared.errors import Refused
from shared.events.envelope import Event
from shared.ids import Ids
from shared.pages import after, checked_limit, page

#: A batch is stamped before it is stored: after this long, nothing of an earlier stamp is still on its way.
SETTLED_AFTER = timedelta(seconds=30)
#: Who may ask for everything as known at an instant.
STAFF = ("officer", "operator", "service")
#: Rows of figures in one answer, which must cross the broker.
MOST_ROWS = 400


@dataclass(frozen=True)
class Statistics:
    """The use cases of the archive and its figures."""

    archive: Archive
    buckets: Buckets
    clock: Clock
    ids: Ids

    def keep(self, events: Sequence[Event]) -> None:
        """Archive each event once, and mark the buckets of its facts stale; raise ``KeyReused``.

        Repeats are marked too: the first time may have died between the two.
        """
        self.archive.keep(events, self.clock.now())
        additions = (addition_of(event) for event in events)
        self.buckets.mark_stale({one.bucket for one in additions if one is not None}, self.ids.new("gen"))

    def figures(
        self,
        actor: Actor,
        *,
        tenant: str,
        about: str = "jobs",
        by: str | None = None,
        programme_id: str | None = None,
        district: str | None = None,
        month: str | None = None,
        through: str | None = None,
        known_at: str | None = None,
        limit: int = MOST_ROWS,
        cursor: str | None = None,
    ) -> dict[str, Any]:
        """Return ``{"through", "known_at", "rows", "cursor", "total"}``; anyone may ask.

        The answer is bound to its ``known_at``: the instant asked for, or this one. Asked for again with it, once
        ``SETTLED_AFTER`` has passed, the figure is the same. Raises ``Refused`` ``known_at_too_late`` before that,
        ``no_plans_there``, and ``month_or_programme_needed``: such a figure is read from the facts themselves, so the public narrows it.

        At most ``limit`` rows (1 to 400) in an answer; the total is of all of them.

        ``about`` ``jobs`` or ``rooms``. A row: ``{programme_id, district, month, ...}`` with the measures and ratios of
        that table (jobs.py, rooms.py); ``by`` ``plan``: a row a plan, with ``plan_id``. A ratio is null where there is
        nothing to divide by; a total of nulls says that nothing is known.
        """
        now = self.clock.now()
        instant = None if known_at is None else _instant(known_at)
        if instant is not None and instant > now - SETTLED_AFTER:
            latest = iso(now - SETTLED_AFTER)
            raise Refused("known_at_too_late", field="known_at", latest=latest)
        if instant is not None and month is None and programme_id is None and not actor.is_any(*STAFF):
            raise Refused("month_or_programme_needed", field="month")
        table, by_plan = TABLES[about], by == "plan"
        if by_plan and about != "rooms":
            raise Refused("no_plans_there", field="by")
        since = after(cursor, 4 if by_plan else 3)
        kept = self.buckets.find(
            about, tenant, programme=programme_id, district=district, month=month, through=through
        )
        sums = self._fresh(table, kept) if instant is None else self._as_known(table, kept, instant)
        told = table.figures(sums, by_plan=by_plan)
        rest = (row for row in told["rows"] if since is None or _key(row) > since)
        rows, further = page(rest, checked_limit(limit, MOST_ROWS), _key)
        known = iso(now if instant is None else instant)
        return {"through": through, "known_at": known, "rows": rows, "cursor": further, "total": told["total"]}

    def _fresh(self, table: Table, kept: Sequence[Kept]) -> dict[Bucket, Mapping[str, int]]:
        """Return the sums of each bucket of which something is known, computing those that are stale.

        A bucket without facts stays stale: a rebuild by other rules leaves such ones behind.
        """
        stale = [one for one in kept if one.stale]
        facts = self.archive.facts([one.bucket.id for one in stale])
        computed = [(one, table.summed(facts[one.bucket.id])) for one in stale if one.bucket.id in facts]
        self.buckets.store(table.about, computed)
        return {one.bucket: one.sums for one in kept if not one.stale} | {one.bucket: sums for one, sums in computed}

    def _as_known(
        self, table: Table, kept: Sequence[Kept], instant: datetime
    ) -> dict[Bucket, Mapping[str, int]]:
        """Return the sums of each bucket of which something was known then, straight from the facts."""
        facts = self.archive.facts([one.bucket.id for one in kept], instant)
        return {one.bucket: table.summed(facts[one.bucket.id]) for one in kept if one.bucket.id in facts}

    def event(self, actor: Actor, *, event_id: str) -> dict[str, Any]:
        """Return ``{"events": [...]}``: what is archived under that id, with its key and the instant we knew it."""
        must_be(actor, "operator", "service")
        return {
            "events": [
                _shown(document)
                for document in self.archive.with_id(event_id)
                if actor.is_any("service") or document["tenant"] == actor.tenant
            ]
        }

    def count(self, actor: Actor, *, tenant: str) -> dict[str, Any]:
        """Return ``{"events": n}``: how many events of a tenant are archived."""
        must_be(actor, "officer", "operator", "service", tenant=tenant)
        return {"events": self.archive.count(tenant)}

    def rebuild(self, actor: Actor, *, tenant: str | None = None) -> dict[str, Any]:
        """Derive facts and buckets again from the archive; return ``{"buckets": n}``.

        Of one tenant; without one, of the operator's own, or of all for a service. Nothing is dropped: figures may be
        asked and facts may come meanwhile, and one that was killed is simply done again.
        """
        must_be(actor, "operator", "service", tenant=tenant)
        whose = tenant if tenant is not None or actor.is_any("service") else actor.tenant
        for touched in self.archive.refold(whose):
            # A new one each time: whoever computed a bucket between two shelves must not be believed.
            self.buckets.mark_stale(touched, self.ids.new("gen"))
        # What no fact adds to any more is computed again too.
        return {"buckets": self.buckets.mark_all_stale(whose, self.ids.new("gen"))}


def _key(row: Mapping[str, Any]) -> list[str]:
    plan = [row["plan_id"] or ""] if "plan_id" in row else []
    return [row["programme_id"], row["district"], row["month"], *plan]


def _instant(text: str) -> datetime:
    try:
        return from_iso(text)
    except ValueError as error:
        raise Refused("wrong_input", field="known_at", why=str(error)) from error


def _shown(document: Mapping[str, Any]) -> dict[str, Any]:
    event = event_of(document)
    return {
        "event_id": event.id,
        "event_key": event.key,
        "source": event.source,
        "type": event.type,
        "subject": event.subject,
        "tenant": event.tenant,
        "time": iso(event.time),
        "sequence": event.sequence,
        "data": event.data,
        "traceparent": event.traceparent,
        "known_at": iso(document["known_at"]),
        "counted": document.get("fact"),
    }
