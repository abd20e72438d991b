"""What a process says of itself: structured logs (one line an act), and Prometheus metrics."""

from shared.telemetry.logs import log

__all__ = ["log"]
