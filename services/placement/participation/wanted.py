"""A place that a resident wants, or is about to be given: what the limits look at. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

#: Whether one must belong to a place's target groups, ever stricter: nobody asks, those who don't are told, or refused.
MEMBERSHIPS = ("anyone", "preferred", "required")
ANYONE, PREFERRED, REQUIRED = MEMBERSHIPS


@dataclass(frozen=True)
class Wanted:
    """One place for one resident. ``key`` = ``application:attempt``: it names the place everywhere."""

    key: str
    resident_id: str
    tenant: str
    opening_id: str
    programme_id: str
    #: The programme's row id, and the regions under which its rules are looked up, nearest first.
    programme_code: str
    regions: tuple[str, ...]
    #: Where the work is, by name: hours are added up for one employer as well as in total.
    workplace: str
    direct_job: bool
    engagement: str
    #: Half-open spans of work, UTC, by their start.
    shifts: tuple[tuple[datetime, datetime], ...]
    hourly_won: int
    #: The first and last KST day of taking part. Shifts' days when left out of the opening.
    first_day: date
    last_day: date
    #: The target groups that it is for, any of them, and whether one must belong (``MEMBERSHIPS``).
    groups: tuple[str, ...] = ()
    membership: str = ANYONE
    #: The officer who is told what is found, if it is not for the resident themselves.
    looked_by: str = ""
