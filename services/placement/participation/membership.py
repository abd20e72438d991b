"""For whom a place is (대상 집단), and whether the resident is known to belong: asked when it is needed, never kept here.

What residents declare of themselves stands with the residents service alone. It is asked for one place at a time, and only
where the opening, or a row of the limits in force on the first day of the work, says that it matters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from services.placement.limits.model import LimitTable
from services.placement.participation.model import Objection
from services.placement.participation.wanted import ANYONE, MEMBERSHIPS, PREFERRED, REQUIRED, Wanted

#: What is known of a resident and some groups: they belong to one of them; they say so and an officer must still see a
#: proof; nothing, because they did not declare any, or took it or the consent back.
MEMBER, UNCONFIRMED, UNKNOWN = "member", "unconfirmed", "unknown"
#: What a row of the limits makes of a place.
BY_EFFECT = {"refuse": REQUIRED, "warn": PREFERRED}
#: What is said of somebody who is not known to belong. Never whether they declared: it is kept with an application.
CODES = {REQUIRED: "target_group_needed", PREFERRED: "target_group_preferred"}


class Groups(Protocol):
    """Where it is known who belongs to a target group."""

    def belongs(
        self, resident_id: str, groups: Sequence[str], *, opening_id: str, officer: str | None = None
    ) -> str:
        """Return ``MEMBER``, ``UNCONFIRMED`` or ``UNKNOWN``; ``officer`` who is told. Raises ``Unavailable``."""


class NoGroups:
    """Where nobody declares anything."""

    def belongs(
        self,
        resident_id: str,  # noqa: ARG002  (nobody is known)
        groups: Sequence[str],  # noqa: ARG002
        *,
        opening_id: str,  # noqa: ARG002
        officer: str | None = None,  # noqa: ARG002
    ) -> str:
        """Know nothing."""
        return UNKNOWN


@dataclass(frozen=True)
class ForWhom:
    """For whom a place is, and what is known of the resident who wants it."""

    membership: str
    groups: tuple[str, ...]
    known: str

    @property
    def objection(self) -> Objection | None:
        """What is said of it, or None; it refuses where membership is required, and warns where it is preferred."""
        if self.membership == ANYONE or self.known == MEMBER:
            return None
        return Objection(CODES[self.membership], "resident_id", {"groups": list(self.groups)})

    def to_wire(self) -> dict[str, Any]:
        """Return it JSON-ready."""
        return {"membership": self.membership, "groups": list(self.groups), "known": self.known}


def membership_of(wanted: Wanted, limits: LimitTable) -> str:
    """Return whether one must belong to the place's groups: the stricter of what it says itself and of the limits.

    Raises ``Refused`` (``limit_row_missing``) where the operator's file requires a row that is not there.
    """
    if not wanted.groups:
        return ANYONE
    row = limits.of(
        "target_group",
        programme_code=wanted.programme_code,
        regions=wanted.regions,
        direct_job=wanted.direct_job,
        engagement=wanted.engagement,
        day=wanted.first_day,
    )
    return max(wanted.membership, ANYONE if row is None else BY_EFFECT[row.effect], key=MEMBERSHIPS.index)


def for_whom(wanted: Wanted, limits: LimitTable, groups: Groups) -> ForWhom | None:
    """Return for whom the place is and what is known of the resident, or None where it is for anyone: nobody is asked."""
    membership = membership_of(wanted, limits)
    if membership == ANYONE:
        return None
    known = groups.belongs(
        wanted.resident_id, wanted.groups, opening_id=wanted.opening_id, officer=wanted.looked_by or None
    )
    return ForWhom(membership, wanted.groups, known)
