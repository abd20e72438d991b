"""Prometheus metrics, all named ``sipbun_*``: what an operator watches at night, and what the bench reads."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

#: Seconds: from a cached answer to a database that is nearly away.
_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_SIZES: Final = (1, 2, 5, 10, 20, 50, 100, 200)

EVENTS_DONE = Counter("sipbun_events_done", "Events whose effect was stored and that were acked", ["queue"])
EVENTS_DEAD = Counter("sipbun_events_dead", "Events refused for good", ["queue"])
EVENTS_GIVEN_BACK = Counter("sipbun_events_given_back", "Events returned to their queue to come again", ["queue"])
BATCH_SIZE = Histogram("sipbun_batch_size", "Events in one batch", ["queue"], buckets=_SIZES)
BATCH_SECONDS = Histogram("sipbun_batch_seconds", "Time from batch to ack", ["queue"], buckets=_SECONDS)

CALLS = Counter("sipbun_rpc_calls", "RPC requests answered", ["method", "outcome"])
CALL_SECONDS = Histogram("sipbun_rpc_seconds", "Time inside a method", ["method"], buckets=_SECONDS)
CALLS_UNANSWERABLE = Counter("sipbun_rpc_unanswerable", "RPC requests without a usable reply_to", ["service"])

TIMER_RUNS = Counter("sipbun_timer_runs", "Runs of a timer", ["method", "outcome"])

RELAY_PUBLISHED = Counter("sipbun_relay_published", "Facts published and confirmed", ["key"])
RELAY_STUCK = Counter("sipbun_relay_stuck", "Facts that the broker refused for good")
RELAY_ROUND_SECONDS = Histogram("sipbun_relay_round_seconds", "One round through every outbox", buckets=_SECONDS)
OUTBOX_WAITING = Gauge("sipbun_outbox_waiting", "Facts found waiting in the last round", ["collection"])
OUTBOX_AGE = Gauge("sipbun_outbox_age_seconds", "Age of the oldest fact found waiting in the last round")

FEED_APPLIED = Counter("sipbun_feed_applied", "Events applied to an index of this process", ["feed"])
FEED_LOADS = Counter("sipbun_feed_loads", "Loads of an index of this process", ["feed"])

#: 1 once the database answered, every intake is open and every index has caught up.
READY = Gauge("sipbun_ready", "Whether this process takes work")

CALENDAR_READINGS = Counter("sipbun_calendar_readings", "Readings of facilities' calendars", ["adapter", "outcome"])
CALENDARS_DIED = Counter("sipbun_calendars_died", "Facilities' calendars silent beyond their alarm", ["adapter"])

#: Rises at each check while a budget breaks an identity of the ledger; it should stay at 0.
BUDGETS_UNBALANCED = Counter("sipbun_budgets_unbalanced", "Identities found broken in programmes' budgets", ["fault"])

ATTENDANCE_UNCLEAR_LATE = Counter(
    "sipbun_attendance_unclear_late", "Shifts that nobody said enough to settle, and no officer decided in time"
)
DISPUTES_ESCALATED = Counter("sipbun_disputes_escalated", "Disputes about attendance that nobody answered in time")

PAY_UNBALANCED = Gauge("sipbun_pay_unbalanced", "Differences the last check of a programme's pay found", ["programme"])
