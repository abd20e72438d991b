"""What may be asked over the broker: `<service>.<method>`, as the services' own classes say."""

import importlib
import warnings
from collections.abc import Collection
from difflib import get_close_matches

from deploy.processes import SERVICES

#: How alike a name must be, from 0 to 1, to be offered instead of one that there is not.
ALIKE = 0.6


def our_methods() -> frozenset[str]:
    """Return every RPC method of every service, such as `placement_openings.nearby`. Takes seconds: imports them all."""
    # Known, and decided: eventlet stays at the edge, behind our own entrypoints.
    warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")
    from shared.messaging.entrypoints import Asked  # noqa: PLC0415

    return frozenset(
        f"{service.name}.{name}"
        for module in SERVICES
        for service in importlib.import_module(f"services.{module}.service").SERVICES
        for name, method in vars(service).items()
        if any(isinstance(one, Asked) for one in getattr(method, "nameko_entrypoints", ()))
    )


def nearest(asked: str, known: Collection[str]) -> str | None:
    """Return the known name most like the one asked for; None where none is like it."""
    return next(iter(get_close_matches(asked, sorted(known), n=1, cutoff=ALIKE)), None)
