"""Host the nameko classes of one service module in one process: ``python -m shared.host services.placement.service``.

A service module says what there is, and nothing about how it runs::

    def build(town: Town) -> Openings:               # opens nothing; one object a process
        return Openings(storage=..., clock=town.clock, ids=town.ids)

    def prepare(town: Town) -> None:                 # makes indexes, once the database answers; safe to repeat
        openings_storage(town).prepare()

    class OpeningsService:
        name = "placement_openings"
        openings = desk(build)

        @asked(ApplySchema)                          # RPC: the verified actor first, then the loaded arguments
        def apply(self, actor: Actor, **asked: Any) -> dict[str, Any]:
            return self.openings.apply(actor, **asked)

        @told("placement.openings")                  # events: type -> reaction
        def hears(self) -> Mapping[str, Reaction]:
            return reactions(self.openings)

        @due(every=1.0)                              # timer, seconds; a positive number means: there is more
        def sweep_overdue(self) -> int:
            return self.openings.sweep_overdue()

        @fed("placement.nearby")                     # an index in memory
        def nearby_index(self) -> Feed:
            return self.openings.feed

    SERVICES = (OpeningsService,)

The order of things: logs, doors (``/healthz`` at once), extensions start, the database answers, ``prepare`` runs, the
intakes open, ``/readyz`` turns 200. SIGTERM: intakes stop, what is at work finishes and is acked, exit 0. When
anything fails that should not, the process exits 1 and its supervisor starts it again.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    """Host the module named by the only argument until SIGTERM; return the exit status."""
    # Known, and decided: eventlet stays at the edge, behind our own entrypoints.
    warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")
    import eventlet  # noqa: PLC0415  (a process that only imports this module is not to be patched)

    eventlet.monkey_patch()
    from shared.house import serve  # noqa: PLC0415  (what it imports must find green sockets, threads and locks)

    if len(arguments) != 1:
        sys.stderr.write("usage: python -m shared.host services.placement.service\n")
        return 2
    serve(arguments[0])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
