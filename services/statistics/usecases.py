"""What can be done with facts: archive them when told, and answer how many there were.

Figures have two clocks. ``through`` is the KST day up to which facts count (the "as of" of a table). ``known_at`` is
the instant up to which we had heard of them (what a published figure was bound to).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from services.statistics import groups
from services.statistics.intake import Intake
from services.statistics.model import PARTS, Sums, added
from services.statistics.months import Asked, Months
from services.statistics.outcomes import against
from services.statistics.publishing import GroupTables, Remembered
from services.statistics.reading import Reading
from services.statistics.register import Register
from services.statistics.sheets import MEDIA_TYPES, Sheet, name_of, written
from services.statistics.storage import Archive, event_of
from services.statistics.tables import TABLES
from shared.actors import Actor, must_be
from shared.clock import Clock, from_iso, iso
from shared.errors import Refused
from shared.events import residents
from shared.events.envelope import Event
from shared.ids import Ids
from shared.pages import after, checked_limit, page

#: Whoever stores events for longer than this may have to begin again, because somebody asked (batches.py).
SETTLED_AFTER = timedelta(seconds=30)
#: Who may ask for everything as known at an instant.
STAFF = ("officer", "operator", "service")
#: Rows of figures in one answer, which must cross the broker.
MOST_ROWS = 400
#: Rows of figures in one file: with base64 and headings it still crosses the broker.
MOST_EXPORTED = 300


@dataclass(frozen=True)
class Statistics:
    """The use cases of the archive and its figures."""

    archive: Archive
    months: Months
    register: Register
    clock: Clock
    ids: Ids
    remembered: Remembered = field(default_factory=Remembered)

    @property
    def _reading(self) -> Reading:
        return Reading(self.archive, self.months, self.ids)

    def keep(self, events: Sequence[Event]) -> None:
        """Archive each event once, and mark the days of its facts stale; raise ``KeyReused`` or ``Conflict``."""
        Intake(self.archive, self.months, self.register, self.clock, self.ids).keep(events)

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

        The answer is bound to its ``known_at``: the instant asked for, or this one. Asked for with an instant, from
        ``SETTLED_AFTER`` after it on, the figure is always the same. Raises ``Refused`` ``known_at_too_late`` before
        that, ``no_plans_there`` and ``no_such_rows``, and ``month_or_programme_needed``: such a figure is read from
        the facts themselves, so the public narrows it.

        At most ``limit`` rows (1 to 400) in an answer; the total is of all of them.

        ``about``: a table (tables.py). A row: ``{programme_id, district, month, ...}`` with the measures and ratios of
        that table; ``by`` ``plan`` (rooms) or ``call`` (proposals): a row a plan or call. A ratio is null where there
        is nothing to divide by; a total of nulls says that nothing is known. Figures of ``groups`` are by group
        always, masked, and as of the last publication (groups.py): ``through`` and ``known_at`` say of which.
        """
        table = TABLES[about]
        if by is not None and by != table.part:
            raise Refused("no_plans_there" if by == "plan" else "no_such_rows", field="by")
        by_part = by is not None or about == "groups"
        since = after(cursor, 4 if by_part else 3)
        now, instant = self._instants(actor, known_at, narrowed=month is not None or programme_id is not None)
        asked = {"programme": programme_id, "district": district, "month": month}
        if about == "groups":
            settled = min(now if instant is None else instant, now - SETTLED_AFTER)
            what, told = GroupTables(self._reading, self.remembered).told(tenant, settled, through, asked)
            through, instant = what.through, what.instant
        else:
            told = table.figures(self._reading.sums(Asked(about, tenant, through=through, **asked), instant), by_part=by_part)
        rest = (row for row in told["rows"] if since is None or _key(row) > since)
        rows, further = page(rest, checked_limit(limit, MOST_ROWS), _key)
        known = iso(now if instant is None else instant)
        return {"through": through, "known_at": known, "rows": rows, "cursor": further, "total": told["total"]}

    def outcomes(
        self,
        actor: Actor,
        *,
        tenant: str,
        programme_id: str | None = None,
        umbrella: str | None = None,
        district: str | None = None,
        month: str | None = None,
        through: str | None = None,
        known_at: str | None = None,
        limit: int = MOST_ROWS,
        cursor: str | None = None,
    ) -> dict[str, Any]:
        """Return targets against outcomes: ``{"through", "known_at", "rows", "cursor", "total"}``; anyone may ask.

        Of one programme, of an umbrella with all that stands under it now, or of all. ``month``: the outcome of that
        month against the target at its end. Rows and total: ``against`` (outcomes.py). Raises ``Refused`` as
        ``figures`` does, and ``programme_or_umbrella`` for both.
        """
        if programme_id is not None and umbrella is not None:
            raise Refused("programme_or_umbrella", field="umbrella")
        since = after(cursor, 2)
        narrowed = month is not None or programme_id is not None
        now, instant = self._instants(actor, known_at, narrowed=narrowed)
        parents = self.register.parents(tenant) if umbrella is None else self.register.family(tenant, umbrella)
        if programme_id is not None:
            parents = {programme_id: parents.get(programme_id)}
        asked = {"programme": programme_id, "district": district}

        def known(about: str, until: str | None, **more: str | None) -> dict[str, dict[str, int]]:
            sums: dict[str, list[Sums]] = {}
            for one, amounts in self._reading.sums(Asked(about, tenant, through=until, **asked, **more), instant):
                if umbrella is None or one.programme in parents:
                    sums.setdefault(one.programme, []).append(amounts)
            return {programme: added(amounts) for programme, amounts in sums.items()}

        until = through if month is None else min(through or "9999-12-31", groups.last_day(month))
        jobs = known("jobs", through, month=month)
        running = jobs if month is None else known("jobs", until)
        told = against(known("programmes", until), jobs, known("attendance", through, month=month), parents, running)
        rest = (row for row in told["rows"] if since is None or [row["programme_id"], row["measure"]] > since)
        rows, further = page(rest, checked_limit(limit, MOST_ROWS), lambda row: (row["programme_id"], row["measure"]))
        at = iso(now if instant is None else instant)
        return {"through": through, "known_at": at, "rows": rows, "cursor": further, "total": told["total"]}

    def export(
        self,
        actor: Actor,
        *,
        format: str = "csv",  # noqa: A002  (as the caller says it)
        about: str = "jobs",
        by: str | None = None,
        umbrella: str | None = None,
        limit: int = MOST_EXPORTED,
        cursor: str | None = None,
        **asked: Any,
    ) -> dict[str, Any]:
        """Return a page of figures, or of ``outcomes``, as a file; anyone may ask.

        ``{"name", "media_type", "encoding", "content", "rows", "cursor"}``: ``content`` is text, or base64 where
        ``encoding`` says so. At most ``limit`` rows (1 to 300) a file; the next page is asked for with ``cursor``. CSV
        and its pages are one file when put together; the total is on the last page. Raises as ``figures`` does.
        """
        checked_limit(limit, MOST_EXPORTED)
        if about == "outcomes":
            if by is not None:
                raise Refused("no_such_rows", field="by")
            answer = self.outcomes(actor, umbrella=umbrella, limit=limit, cursor=cursor, **asked)
        else:
            if umbrella is not None:
                raise Refused("umbrella_of_outcomes", field="umbrella")
            answer = self.figures(actor, about=about, by=by, limit=limit, cursor=cursor, **asked)
        sheet = Sheet(about, answer, continued=cursor is not None)
        named = (asked.get("programme_id") or umbrella, asked.get("district"), asked.get("month"))
        return {
            "name": name_of(sheet, format, named, as_known=asked.get("known_at") is not None),
            "media_type": MEDIA_TYPES[format],
            "encoding": "base64" if format == "xlsx" else "text",
            "content": written(sheet, format),
            "rows": len(answer["rows"]),
            "cursor": answer["cursor"],
        }

    def _instants(self, actor: Actor, known_at: str | None, *, narrowed: bool) -> tuple[datetime, datetime | None]:
        """Return this instant, and the one that is asked for if any; raise ``Refused``."""
        now = self.clock.now()
        instant = None if known_at is None else _instant(known_at)
        if instant is not None and instant > now - SETTLED_AFTER:
            latest = iso(now - SETTLED_AFTER)
            raise Refused("known_at_too_late", field="known_at", latest=latest)
        if instant is not None and not narrowed and not actor.is_any(*STAFF):
            raise Refused("month_or_programme_needed", field="month")
        return now, instant

    def event(self, actor: Actor, *, event_id: str) -> dict[str, Any]:
        """Return ``{"events": [...]}``: what is archived under that id, with its key and the instant we knew it.

        What is counted of target groups is told to services only: a single count has a moment, and who applied then is
        known to officers.
        """
        must_be(actor, "operator", "service")
        return {
            "events": [
                _shown(document)
                for document in self.archive.with_id(event_id)
                if actor.is_any("service")
                or (document["tenant"] == actor.tenant and document["event"]["type"] != residents.GROUP_COUNTED.type)
            ]
        }

    def count(self, actor: Actor, *, tenant: str) -> dict[str, Any]:
        """Return ``{"events": n}``: how many events of a tenant are archived.

        To people without those of target groups: whoever counts before and after an application must not learn of any.
        """
        must_be(actor, "officer", "operator", "service", tenant=tenant)
        events = self.archive.count(tenant)
        if not actor.is_any("service"):
            events -= self.archive.count(tenant, residents.GROUP_COUNTED.type)
        return {"events": events}

    def rebuild(self, actor: Actor, *, tenant: str | None = None) -> dict[str, Any]:
        """Derive facts and buckets again from the archive; return ``{"buckets": n}``, to people without those of groups.

        Of one tenant; without one, of the operator's own, or of all for a service. Nothing is dropped: figures may be
        asked and facts may come meanwhile, and one that was killed is simply done again.
        """
        must_be(actor, "operator", "service", tenant=tenant)
        whose = tenant if tenant is not None or actor.is_any("service") else actor.tenant
        for one in self.months.tenants() if whose is None else {whose}:
            # What any process remembers to have marked may have been dropped.
            self.months.begin_epoch(one)
        for touched, events in self.archive.refold(whose):
            self.register.note(events)
            self.months.mark_stale(touched)
        # What no fact adds to any more is computed again too.
        marked = self.months.mark_all_stale(whose)
        # A month more of a group, after one more has applied, would tell who that one is.
        return {"buckets": sum(n for about, n in marked.items() if about != "groups" or actor.is_any("service"))}


def _key(row: Mapping[str, Any]) -> list[str]:
    parts = [row[name] or "" for name in PARTS.values() if name in row]
    return [row["programme_id"], row["district"] or "", row["month"], *parts]


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
