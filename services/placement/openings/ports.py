"""What openings need of other subjects, and what stands in where a town has none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from services.placement.openings.model import Evidence, Ranking
from services.placement.participation.wanted import Wanted
from services.placement.programmes.model import Programme, Tenant
from services.placement.wages.pay import Earned
from shared.actors import Actor
from shared.errors import Refused


class Tenants(Protocol):
    """Where tenants are read."""

    def get(self, aggregate_id: str) -> Tenant:
        """Return the tenant; raise ``NotFound``."""


class Programmes(Protocol):
    """Where programmes are read."""

    def get(self, aggregate_id: str) -> Programme:
        """Return the programme; raise ``NotFound``."""


class Objection(Protocol):
    """Why a place may not be given."""

    def refused(self) -> Refused:
        """Return it as an error."""

    def to_wire(self) -> dict[str, Any]:
        """Return ``{code, field, values}``, JSON-ready."""


class Outlook(Protocol):
    """What would be, if a resident got a place."""

    @property
    def objections(self) -> Sequence[Objection]:
        """What would refuse it."""

    @property
    def ranked_lower(self) -> bool:
        """Whether the resident had places in so many of the last months that others come first."""

    def to_wire(self) -> dict[str, Any]:
        """Return it JSON-ready."""


class Limits(Protocol):
    """What a resident may not pass: hours, months, overlapping direct jobs, over all openings at once."""

    def must_know(self, actor: Actor, resident_id: str) -> None:
        """Raise ``NotFound`` for an officer who asks for a resident of another tenant, or for nobody."""

    def is_registered(self, resident_id: str, tenant: str) -> bool:
        """Return whether this tenant registered the resident; raise ``Unavailable`` when nobody can say."""

    def quote(self, wanted: Wanted) -> Outlook:
        """Say what would be; nothing is written. Raises ``Unavailable`` when what it needs of others is away."""

    def hold(self, *, act_id: str, wanted: Wanted) -> Any:
        """Keep room for the place; raise ``Refused`` with the first objection, or when the act was made impossible.

        It stands for a minute at least; holding again for the same act changes nothing.
        """

    def release_unless_done(self, *, act_id: str, wanted_key: str, resident_id: str, opening_id: str) -> Any:
        """Give the room back after the act was refused."""


class Orders(Protocol):
    """Where the order of an opening's candidates is read."""

    def find(self, aggregate_id: str) -> Ranking | None:
        """Return the order, or None."""


class Evidences(Protocol):
    """What is known of candidates."""

    def of(self, resident_ids: Sequence[str]) -> Mapping[str, Evidence]:
        """Return it by resident id; who is missing is neutral: unknown, or does not consent to be judged by it."""


class Sheets(Protocol):
    """Where attendance is read."""

    def earned(self, application_id: str, attempt: int, shifts: int) -> Earned | None:
        """Return what the place has earned, or None until all its shifts are settled."""


@dataclass(frozen=True)
class NothingSaid:
    """An outlook on which there is nothing to say."""

    objections: tuple[Objection, ...] = ()
    ranked_lower: bool = False

    def to_wire(self) -> dict[str, Any]:
        """Return it JSON-ready."""
        return {"objections": [], "warnings": [], "weeks": [], "months": [], "ranked_lower": False, "for_whom": None}


class NoLimits:
    """Limits of a town that has none."""

    def must_know(self, actor: Actor, resident_id: str) -> None:
        """Know everybody."""

    def is_registered(self, resident_id: str, tenant: str) -> bool:  # noqa: ARG002  (everybody is)
        """Take everybody for registered."""
        return True

    def quote(self, wanted: Wanted) -> NothingSaid:  # noqa: ARG002  (there is nothing to look at)
        """Have nothing to say."""
        return NothingSaid()

    def hold(self, *, act_id: str, wanted: Wanted) -> None:
        """Hold nothing."""

    def release_unless_done(self, *, act_id: str, wanted_key: str, resident_id: str, opening_id: str) -> None:
        """Give nothing back."""


class NoOrders:
    """Orders of a town in which nobody ranks."""

    def find(self, aggregate_id: str) -> None:
        """Find none."""


class NothingKnown:
    """Evidence where none is kept: everybody is neutral."""

    def of(self, resident_ids: Sequence[str]) -> Mapping[str, Evidence]:  # noqa: ARG002  (nobody is known)
        """Know nothing."""
        return {}


class NoSheets:
    """Attendance where none is kept."""

    def earned(self, application_id: str, attempt: int, shifts: int) -> None:
        """Know of none."""
