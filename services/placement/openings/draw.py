"""A draw (추첨) that anybody can recompute. Pure; uses nothing but SHA-256.

    when published   seed_hash = sha256(seed)                      the seed is 32 random bytes, hex, and secret
    applying         ticket    = sha256(opening_id | resident_id)  decided by the two ids: nobody can choose a better one
    once closed      order     = tickets by sha256(seed | opening_id | ticket)
                     order_hash = sha256(tickets in that order, one a line)

The seed was fixed before anybody applied, so nobody could fit it to the candidates; the tickets are fixed by the ids,
so no candidate could fit theirs to the seed. What is published names no resident: only who knows their own id finds
their ticket. Ties of a ranking are broken by the same order, which favours neither early comers nor names.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

#: Hex characters of a SHA-256, and of a seed.
HEX = 64


def sha256(text: str) -> str:
    """Return the SHA-256 of a text in UTF-8, hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def seed_hash(seed: str) -> str:
    """Return what is published of a seed before the draw: the hash of its hex text."""
    return sha256(seed)


def ticket_of(opening_id: str, resident_id: str) -> str:
    """Return a resident's ticket in an opening's draw.

    >>> ticket_of("opn-은하수", "res-1")[:12]
    'f078a0209128'
    """
    return sha256(f"{opening_id}|{resident_id}")


def lot(seed: str, opening_id: str, ticket: str) -> str:
    """Return what a ticket is ordered by, ascending."""
    return sha256(f"{seed}|{opening_id}|{ticket}")


def in_order(seed: str, opening_id: str, tickets: Iterable[str]) -> tuple[str, ...]:
    """Return the tickets as they are drawn."""
    return tuple(sorted(tickets, key=lambda ticket: lot(seed, opening_id, ticket)))


def order_hash(tickets: Sequence[str]) -> str:
    """Return the hash of an order."""
    return sha256("\n".join(tickets))


def _can_be_hashed(text: str) -> bool:
    # JSON can name half of a character, which UTF-8 has not.
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


@dataclass(frozen=True)
class Verdict:
    """What came of recomputing a draw: ``faults`` are codes, empty when everything matches."""

    faults: tuple[str, ...]
    candidates: int = 0

    @property
    def ok(self) -> bool:
        """Whether everything matches."""
        return not self.faults


def verify(public: Mapping[str, Any]) -> Verdict:
    """Recompute a draw from what is published of it (``placement_openings.draw``); never raises.

    Faults: ``not_a_draw`` (a field is missing or malformed), ``not_drawn_yet`` (no seed is published), ``seed`` (it is
    not what was committed), ``tickets_missing`` (not all are there), ``ticket_twice``, ``order`` (another one than the
    seed gives), ``order_hash``, ``places`` (more given and offered than there are places, or than were asked, or more
    asked than there are candidates).
    """
    opening_id, committed, seed = (public.get(name) for name in ("opening_id", "seed_hash", "seed"))
    if not isinstance(opening_id, str) or not isinstance(committed, str) or len(committed) != HEX:
        return Verdict(("not_a_draw",))
    if seed is None:
        return Verdict(("not_drawn_yet",))
    tickets, counts = public.get("tickets"), [public.get(name) for name in ("candidates", "places", "given")]
    counts += [public.get("offered", 0), public.get("asked", public.get("candidates"))]
    if (
        not isinstance(seed, str)
        or not isinstance(tickets, list)
        or not all(isinstance(ticket, str) for ticket in tickets)
        or not all(isinstance(count, int) and not isinstance(count, bool) and count >= 0 for count in counts)
        or not all(_can_be_hashed(text) for text in (opening_id, seed, *tickets))
    ):
        return Verdict(("not_a_draw",))
    candidates, places, given, offered, asked = (int(count or 0) for count in counts)
    checks = {
        "seed": seed_hash(seed) == committed,
        "tickets_missing": len(tickets) == candidates,
        "ticket_twice": len(set(tickets)) == len(tickets),
        "order": tuple(tickets) == in_order(seed, opening_id, tickets),
        "order_hash": public.get("order_hash") == order_hash(tickets),
        "places": given + offered <= min(places, asked) and asked <= candidates,
    }
    return Verdict(tuple(name for name, holds in checks.items() if not holds), len(tickets))
