"""The tables of all subjects. An event counts in one of them at most."""

from __future__ import annotations

from collections.abc import Mapping

from services.statistics.attendance import ATTENDANCE
from services.statistics.groups import GROUPS
from services.statistics.jobs import JOBS
from services.statistics.model import Addition, Table
from services.statistics.pay import PAY
from services.statistics.programmes import PROGRAMMES
from services.statistics.proposals import PROPOSALS
from services.statistics.rooms import ROOMS
from services.statistics.trust import TRUST
from shared.events.envelope import Event

#: What figures can be about.
TABLES: Mapping[str, Table] = {
    table.about: table for table in (JOBS, ROOMS, PROGRAMMES, ATTENDANCE, PAY, GROUPS, TRUST, PROPOSALS)
}


def addition_of(event: Event) -> Addition | None:
    """Return what the event adds to which bucket, or None when no figure counts it."""
    found = (table.addition_of(event) for table in TABLES.values())
    return next((addition for addition in found if addition is not None), None)
