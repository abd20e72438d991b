"""What is true of a membership in a target group, and of one count.

    declared by the resident --> verified by an officer who saw a proof --> destroyed with the consent

A count is a document per place (or application), measure and group whose id nobody can lead back to a resident
without the secret kept here (``CountNames``). It says +1 once, and -1 once when the place is given back.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256

from services.residents.registry.model import TARGET_GROUPS
from shared.aggregate import Aggregate
from shared.errors import Refused
from shared.events import residents as says

#: What is counted (shared/events/residents.py ``GROUP_MEASURES``).
APPLICATIONS, PLACED, COMPLETED = "applications", "placed", "completed"


@dataclass(frozen=True)
class Kind:
    """A target group as the town's list has it. ``basis``: the law or call that makes it one."""

    code: str
    ko: str
    en: str
    basis: str
    #: Sensitive, or as delicate as what is (개인정보 보호법 제23조).
    sensitive: bool = False
    #: Counted only once an officer saw a proof.
    proof: bool = False
    #: Declared no more; its counts stay.
    retired: bool = False


Kinds = Mapping[str, Kind]


@dataclass(frozen=True)
class Membership:
    """One group somebody says they belong to. Who saw a proof and when; never the proof."""

    group: str
    declared_at: datetime
    verified_by: str | None = None
    verified_at: datetime | None = None

    def counts_at(self, at: datetime, *, proof: bool) -> bool:
        """Return whether something that happened at that instant counts for the group: never backwards."""
        since = self.verified_at if proof else self.declared_at
        return since is not None and since <= at


@dataclass(kw_only=True)
class Memberships(Aggregate):
    """The groups of one resident. Its id is the resident's."""

    groups: tuple[Membership, ...] = ()
    #: The consent was withdrawn at that instant: nothing that came before it is kept.
    forgotten_until: datetime | None = None

    def declare(self, group: str, at: datetime) -> None:
        """Note that they belong to the group; raise ``Refused`` when the consent went after ``at``."""
        if self.forgotten_until is not None and at <= self.forgotten_until:
            raise Refused("target_groups_consent_needed", field="resident_id", needs=TARGET_GROUPS)
        if self._of(group) is None:
            self.groups = (*self.groups, Membership(group, at))

    def leave(self, group: str) -> None:
        """Destroy the membership; one that is not there is gone already."""
        self.groups = tuple(known for known in self.groups if known.group != group)

    def verify(self, group: str, officer: str, at: datetime, agreed_since: datetime) -> None:
        """Note who saw a proof, and when; the first word stands. Raises ``Refused`` ``group_not_declared``."""
        known = self._of(group)
        if known is None or known.declared_at < agreed_since:
            raise Refused("group_not_declared", field="group", group=group)
        if known.verified_at is None:
            seen = replace(known, verified_by=officer, verified_at=at)
            self.groups = tuple(seen if other is known else other for other in self.groups)

    def forget(self, until: datetime) -> None:
        """Destroy what was declared up to that instant, and let nothing of before it in later; safe to repeat."""
        self.groups = tuple(known for known in self.groups if known.declared_at > until)
        self.forgotten_until = until if self.forgotten_until is None else max(self.forgotten_until, until)

    def in_force(self, agreed_since: datetime | None) -> tuple[Membership, ...]:
        """Return the memberships that rest on the consent that stands since then."""
        if agreed_since is None:
            return ()
        return tuple(known for known in self.groups if known.declared_at >= agreed_since)

    def _of(self, group: str) -> Membership | None:
        return next((known for known in self.groups if known.group == group), None)


@dataclass(kw_only=True)
class GroupCount(Aggregate):
    """One more of a group in a programme, on a KST day; perhaps taken back. Holds nothing of a resident."""

    programme_id: str
    district: str
    group: str
    measure: str
    day: str
    taken_back: bool = False

    def say_counted(self) -> None:
        """Say that there is one more."""
        self._say(1)

    def take_back(self) -> None:
        """Say one fewer, on the day of the one more; once."""
        if not self.taken_back:
            self.taken_back = True
            self._say(-1)

    def _say(self, amount: int) -> None:
        self.say(
            says.GROUP_COUNTED.fact(
                programme_id=self.programme_id,
                district=self.district,
                group=self.group,
                measure=self.measure,
                amount=amount,
                day=self.day,
            )
        )


@dataclass(frozen=True)
class CountNames:
    """Names documents of ``group_counts``: the same for the same, and no way back without the secret."""

    secret: bytes

    def of(self, application_id: str, attempt: int, measure: str, group: str) -> str:
        """Return the id of one count, 64 hex characters."""
        return self._name("count", application_id, str(attempt), measure, group)

    def gone(self, application_id: str, attempt: int) -> str:
        """Return the id under which it is noted that this place was given back, whoever had it."""
        return self._name("gone", application_id, str(attempt))

    def _name(self, *parts: str) -> str:
        # Each part with its length, so that no two lists of parts read alike.
        message = b"".join(b"%d:%s" % (len(part.encode()), part.encode()) for part in parts)
        return hmac.new(self.secret, message, sha256).hexdigest()
