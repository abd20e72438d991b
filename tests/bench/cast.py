"""What the acts of a bench are done on: openings with a pending application each, and the facts they cause."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

from services.placement.openings.model import Application, Opening, Shift, Terms, Workplace
from services.placement.openings.storage import ApplicationCodec, OpeningCodec
from shared.clock import iso, kst_day
from shared.events import placement
from shared.events.envelope import Event
from shared.geo import Point
from shared.mongo.port import Database, Document

TENANT = "gwangsan"
DISTRICT = "29200"
PROGRAMME = f"{TENANT}:gs-citizen-allowance"
#: Acts that one writer process has under way at once.
WRITERS = 4
#: Documents written at once while preparing.
PAGE = 500


def at_once(act: Callable[[int], None], first: int, count: int) -> None:
    """Do ``act`` for so many numbers, by as many threads as a writer has: one alone would wait for the database's disk."""
    with ThreadPoolExecutor(WRITERS) as pool:
        for _ in pool.map(act, range(first, first + count)):
            pass


def opening_id(name: str) -> str:
    """Return an opening's id."""
    return f"opn-{name}"


def resident_id(name: str) -> str:
    """Return the id of the one resident who applied for it."""
    return f"res-{name}"


def an_opening(name: str, now: datetime) -> Opening:
    """Return an opening of two places, so that one selection says one fact."""
    work = now + timedelta(days=2)
    terms = Terms(
        title="은하수 작은도서관 책 정리",
        place=Workplace("은하수 작은도서관", "광주광역시 광산구 월곡동", Point(35.1395, 126.7937)),
        shifts=(Shift(work, work + timedelta(hours=2)),),
        places=2,
        hourly_won=10_320,
        mode="officer",
        deadline=now + timedelta(days=1),
    )
    return Opening(
        id=opening_id(name),
        tenant=TENANT,
        programme_id=PROGRAMME,
        district=DISTRICT,
        terms=terms,
        published_at=now,
    )


def an_application(name: str, now: datetime) -> Application:
    """Return the pending application for it."""
    return Application(
        id=Application.id_of(opening_id(name), resident_id(name)),
        tenant=TENANT,
        opening_id=opening_id(name),
        programme_id=PROGRAMME,
        district=DISTRICT,
        resident_id=resident_id(name),
        state="pending",
        attempt=1,
        submitted_at=now,
    )


def prepare_openings(database: Database, names: Sequence[str]) -> None:
    """Store an opening and its application for each name, quietly: nothing waits in an outbox."""
    now = datetime.now(UTC).replace(microsecond=0)
    for start in range(0, len(names), PAGE):
        openings: list[Document] = []
        applications: list[Document] = []
        for name in names[start : start + PAGE]:
            opening = an_opening(name, now)
            application = an_application(name, now)
            openings.append(_document(opening, OpeningCodec().to_document(opening)))
            applications.append(_document(application, ApplicationCodec().to_document(application)))
        database.collection("openings").insert_many(openings)
        database.collection("applications").insert_many(applications)


def _document(aggregate: Any, fields: Document) -> Document:
    return {"_id": aggregate.id, "version": 1, "tenant": aggregate.tenant, **fields, "outbox": [], "acts": []}


def an_event(name: str) -> Event:
    """Return the fact that a selection causes."""
    now = datetime.now(UTC).replace(microsecond=0)
    return Event(
        id=f"{opening_id(name)}.2.0",
        source="/sipbun/placement/openings",
        type=placement.PLACEMENT_SELECTED.type,
        subject=opening_id(name),
        tenant=TENANT,
        time=now,
        sequence="0000000002.000",
        data=selected(name, kst_day(now).isoformat()),
    )


def selected(name: str, day: str) -> dict[str, Any]:
    """Return the data of ``placement.selected``."""
    return {
        "opening_id": opening_id(name),
        "programme_id": PROGRAMME,
        "district": DISTRICT,
        "round": 1,
        "resident_id": resident_id(name),
        "application_id": f"{opening_id(name)}:{resident_id(name)}",
        "won": 20_640,
        "day": day,
    }


def an_entry(name: str) -> Document:
    """Return the outbox entry of that fact."""
    event = an_event(name)
    return {
        "id": event.id,
        "s": "new",
        "type": event.type,
        "source": event.source,
        "subject": event.subject,
        "tenant": event.tenant,
        "sequence": event.sequence,
        "time": event.time,
        "trace": None,
        "data": dict(event.data),
    }


#: What a public question about an opening answers.
SHOWN = {
    "opening_id": "opn-01J8ZQ4T9V5N6K7M8P9R0S1T2V",
    "tenant": TENANT,
    "programme_id": PROGRAMME,
    "district": DISTRICT,
    "state": "open",
    "title": "은하수 작은도서관 책 정리",
    "place": {"name": "은하수 작은도서관", "address": "광주광역시 광산구 월곡동", "lat": 35.1395, "lon": 126.7937},
    "shifts": [{"start": iso(datetime(2026, 12, 1, 1, tzinfo=UTC)), "end": iso(datetime(2026, 12, 1, 3, tzinfo=UTC))}],
    "places": 2,
    "free": 2,
    "hourly_won": 10_320,
    "mode": "officer",
}
