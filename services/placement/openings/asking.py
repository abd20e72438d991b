"""How an opening asks its candidates: an order made once, offers with a deadline, the next one, and the end. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.placement.openings.call import Call
from services.placement.openings.given import Candidate, Lapse, Offer, key_of
from services.placement.openings.rules import CLOSED, ENDS_WITH, OPEN, SELECTING
from shared.clock import iso
from shared.errors import Refused
from shared.events import placement as events


@dataclass(kw_only=True)
class Asking(Call):
    """An opening whose places are offered. Who takes one is decided by ``Opening``."""

    def begin_selection(self, now: datetime) -> None:
        """Take no more applications and ask candidates in order; raise ``Refused`` where there is no order.

        Not before the deadline that was published, but in a rehearsal: who chose the moment would choose the candidates.
        """
        if not self.terms.goes_in_order:
            raise Refused("opening_has_no_order", field="opening_id", mode=self.terms.mode)
        if self.state != OPEN:
            raise Refused(f"opening_is_{self.state}", field="opening_id", state=self.state)
        if now < self.terms.deadline and not self.terms.rehearsal:
            raise Refused("order_waits_for_deadline", field="opening_id", deadline=iso(self.terms.deadline))
        self.state, self.selecting_since = SELECTING, now

    def note_order(self, order_hash: str, candidates: int) -> None:
        """Note that the candidates have an order, and publish the seed that it was made with."""
        if not self.needs_order:
            return
        self.order_hash, self.candidates = order_hash, candidates
        self.say(
            events.OPENING_RANKED.fact(
                **self._named(),
                method=self.terms.mode,
                candidates=candidates,
                order_hash=order_hash,
                seed=self.seed,
            )
        )

    def can_ask(self, now: datetime) -> bool:
        """Return whether a place waits to be offered."""
        return self.state == SELECTING and not self.needs_order and self.spare > 0 and now < self.terms.over

    def ask(self, candidates: Sequence[Candidate], now: datetime) -> None:
        """Offer a place to each of the candidates; raise ``Refused`` rather than offer one twice."""
        for candidate in candidates:
            if not self.can_ask(now):
                raise Refused("no_place_left", field="opening_id")
            if self.placement_of(candidate.resident_id) is not None:
                raise Refused("already_selected", field="resident_id")
            if self.offer_of(candidate.resident_id) is not None or self.lapse_of(
                candidate.application_id, candidate.attempt
            ):
                raise Refused("already_offered", field="resident_id")
            until = self.terms.confirm_by(now)
            offer = Offer(
                candidate.resident_id, candidate.application_id, candidate.attempt, candidate.rank, now, until
            )
            self.offers, self.asked = (*self.offers, offer), self.asked + 1
            self.say(events.OFFER_MADE.fact(**self._offered(offer), until=iso(until), rank=offer.rank))

    def lapse(self, resident_id: str, attempt: int, reason: str, by: str | None = None) -> bool:
        """Let an open offer come to nothing, for one of ``events.LAPSES``; return False when there is none.

        ``by``: the officer who declines for the resident.
        """
        offer = self.offer_of(resident_id)
        if offer is None or offer.attempt != attempt:
            return False
        self._lapse(offer, reason, by)
        return True

    def forget_lapse(self, application_id: str, attempt: int) -> None:
        """Forget an offer that came to nothing, or a place that was lost: its application has ended."""
        self.lapsed = tuple(one for one in self.lapsed if one.key != key_of(application_id, attempt))

    def run_out(self, now: datetime) -> None:
        """End asking: nobody is left to ask. Without an order the opening is open again before its deadline."""
        if self.state != SELECTING or self.needs_order or self.offers:
            return
        if not self.terms.goes_in_order and now < self.terms.deadline:
            self.state, self.selecting_since = OPEN, None
            self._reopen()
        else:
            self.close(now)

    def close(self, now: datetime) -> None:
        """Take no more applications and ask nobody; places given stay."""
        if not self.is_running:
            raise Refused(f"opening_is_{self.state}", field="opening_id", state=self.state)
        for offer in self.offers:
            self._lapse(offer, "opening_closed")
        self.state, self.ended_at = CLOSED, now
        self.say(events.OPENING_CLOSED.fact(**self._named()))

    # Steps.

    def _reopen(self) -> None:
        self.round += 1
        self.say(events.OPENING_REOPENED.fact(**self._named(), free=self.free))

    def _lapse(self, offer: Offer, reason: str, by: str | None = None) -> None:
        self.offers = tuple(other for other in self.offers if other is not offer)
        if reason in ENDS_WITH:
            self.lapsed = (*self.lapsed, Lapse(offer.application_id, offer.attempt, reason, by))
        self.say(events.OFFER_LAPSED.fact(**self._offered(offer), reason=reason))

    def _offered(self, offer: Offer) -> dict[str, str | int]:
        return {
            **self._named(),
            "resident_id": offer.resident_id,
            "application_id": offer.application_id,
            "attempt": offer.attempt,
        }

    def _named(self) -> dict[str, str | int]:
        return {
            "opening_id": self.id,
            "programme_id": self.programme_id,
            "district": self.district,
            "round": self.round,
        }
