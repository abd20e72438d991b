"""What must hold in the office when it has come to rest."""

from __future__ import annotations

from tests.simulation.invariants import Invariant, effects_once, mails_once

INVARIANTS: tuple[Invariant, ...] = (effects_once, mails_once)
