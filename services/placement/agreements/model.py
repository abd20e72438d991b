"""An agreement (업무협약) among several partners, for one programme.

    draft (partners and documents may change) --> signed --> ended (by an officer, or the day after its last)

Days are KST. What was signed stays: the hash of each document is kept, never the document.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from shared.aggregate import Aggregate
from shared.clock import kst_day, start_of_kst_day
from shared.errors import Refused
from shared.events.placement import plans as events

DRAFT, SIGNED, ENDED = "draft", "signed", "ended"
#: Parties of one agreement, and documents that belong to it.
MOST_PARTNERS, MOST_DOCUMENTS = 50, 20

#: The last day that still has a next one in every time zone.
LAST_DAY = date(2999, 12, 31)


@dataclass(frozen=True)
class Partner:
    """One party, as it is named, and what it does."""

    name: str
    does: str


@dataclass(kw_only=True)
class Agreement(Aggregate):
    """One agreement."""

    programme_id: str
    district: str | None
    title: str
    partners: tuple[Partner, ...]
    #: SHA-256 of each signed document, hex.
    documents: tuple[str, ...] = ()
    #: Its last day; None: it has none.
    ends_on: date | None = None
    signed_on: date | None = None
    ended_on: date | None = None
    reason: str | None = None
    state: str = DRAFT

    @property
    def due(self) -> datetime | None:
        """When it ends by itself; None while it is a draft, has no last day, or has ended."""
        if self.state != SIGNED or self.ends_on is None:
            return None
        return start_of_kst_day(self.ends_on + timedelta(days=1))

    def draft(self) -> None:
        """Check what it begins with; raise ``Refused``."""
        self._must_name_each_once()
        if self.ends_on is not None and self.ends_on > LAST_DAY:
            raise Refused("out_of_range", field="ends_on", low=date.min.isoformat(), high=LAST_DAY.isoformat())

    def add_partner(self, partner: Partner) -> None:
        """Add a party before it is signed; naming one again changes what it does."""
        self._must_be_draft()
        if any(known.name == partner.name for known in self.partners):
            self.partners = tuple(partner if known.name == partner.name else known for known in self.partners)
            return
        self.partners = (*self.partners, partner)
        self._must_name_each_once()

    def remove_partner(self, name: str) -> None:
        """Take a party out before it is signed."""
        self._must_be_draft()
        left = tuple(known for known in self.partners if known.name != name)
        if len(left) == len(self.partners):
            raise Refused("no_such_partner", field="name", name=name)
        self.partners = left

    def sign(self, day: date, documents: tuple[str, ...], *, today: date) -> None:
        """Note that all parties signed on a day; raise ``Refused`` without a party, for a day to come, or past its end."""
        self._must_be_draft()
        if not self.partners:
            raise Refused("agreement_has_no_partner", field="partners")
        if day > today:
            raise Refused("day_to_come", field="day", today=today.isoformat())
        if self.ends_on is not None and self.ends_on < day:
            raise Refused("ends_before_it_begins", field="ends_on", begins=day.isoformat())
        self.state, self.signed_on, self.documents = SIGNED, day, documents
        self.say(events.AGREEMENT_SIGNED.fact(**self._named(day)))

    def end(self, day: date, reason: str, *, today: date) -> None:
        """End it, once; raise ``Refused`` before it was signed, for a day before that, to come, or after its last."""
        if self.state != SIGNED or self.signed_on is None:
            raise Refused(f"agreement_is_{self.state}", field="agreement_id")
        if day < self.signed_on:
            raise Refused("ends_before_it_begins", field="day", begins=self.signed_on.isoformat())
        if day > today:
            raise Refused("day_to_come", field="day", today=today.isoformat())
        if self.ends_on is not None and day > self.ends_on:
            low, high = self.signed_on.isoformat(), self.ends_on.isoformat()
            raise Refused("out_of_range", field="day", low=low, high=high)
        self.state, self.ended_on, self.reason = ENDED, day, reason
        self.say(events.AGREEMENT_ENDED.fact(**self._named(day)))

    def pass_time(self, now: datetime) -> None:
        """End it when its last day is over."""
        if self.due is not None and self.ends_on is not None and now >= self.due:
            self.end(self.ends_on, "term_over", today=kst_day(now))

    def _must_be_draft(self) -> None:
        if self.state != DRAFT:
            raise Refused(f"agreement_is_{self.state}", field="agreement_id")

    def _must_name_each_once(self) -> None:
        names = [partner.name for partner in self.partners]
        if len(set(names)) != len(names):
            raise Refused("partner_named_twice", field="partners")
        if len(names) > MOST_PARTNERS:
            raise Refused("too_many_partners", field="partners", most=MOST_PARTNERS)

    def _named(self, day: date) -> dict[str, object]:
        return {
            "agreement_id": self.id,
            "programme_id": self.programme_id,
            "partners": len(self.partners),
            "day": day.isoformat(),
        }
