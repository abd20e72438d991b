"""Structured logs: one JSON line an act on standard error, with its trace; never personal data."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import orjson
import structlog

from shared.trace import current_traceparent

log: structlog.stdlib.BoundLogger = structlog.get_logger("sipbun")


def configure(service: str, level: str = "info") -> None:
    """Send this process's log lines to standard error as JSON, each naming ``service``. Call it once, at the start.

    Lines of libraries that use ``logging`` are kept from ``warning`` on, in the same form.
    """
    threshold = logging.getLevelNamesMapping()[level.upper()]
    stamp = structlog.processors.TimeStamper(fmt="iso", utc=True, key="at")

    def named(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["service"] = service
        trace = current_traceparent()
        if trace is not None:
            event["trace"] = trace[3:35]
        return event

    shared: list[Any] = [
        structlog.processors.add_log_level,
        stamp,
        named,
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer(serializer=_written)],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(serializer=_written),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(threshold, logging.WARNING))


def _written(event: Any, **_options: Any) -> str:
    try:
        return orjson.dumps(event, default=str).decode()
    except TypeError:
        # Numbers that no JSON library of ours writes, keys that are no text: a log line must never be what fails.
        return json.dumps({str(name): repr(value) for name, value in event.items()})
