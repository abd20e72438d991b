"""What of a service can be asked, for tests that must leave no method out."""

from __future__ import annotations

from shared.messaging.entrypoints import Asked


def methods_of(service: type) -> set[str]:
    """Return the names of a service's RPC methods."""
    return {
        name
        for name, method in vars(service).items()
        if any(isinstance(one, Asked) for one in getattr(method, "nameko_entrypoints", ()))
    }
