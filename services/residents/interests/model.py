"""What is true of an interest: a circle somebody cares about, what they want to hear of there, perhaps until when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from shared.errors import Refused
from shared.geo import WALK_RADIUS, Point, distance_m

#: What one can ask to hear of. The order numbers the bits in the reach index and never changes; add at the end.
TOPICS = ("jobs", "training", "rooms", "news")
#: Metres. Less than a block says where somebody lives; more than half an hour by bus is not "near me".
NARROWEST, WIDEST = 100, 10_000
#: Home, work, the parents' home, and some more. The reach index holds 16 areas a resident.
MOST = 10


@dataclass(frozen=True)
class Interest:
    """A circle of ``radius`` metres, edge included. ``id`` is ``<resident id>:<name>``, as ``res-1:home``."""

    id: str
    centre: Point
    topics: tuple[str, ...]
    radius: int = WALK_RADIUS
    #: The instant at which it ends by itself, or None.
    until: datetime | None = None

    def concerns(self, point: Point, topic: str, at: datetime) -> bool:
        """Return whether something about ``topic`` at ``point`` is of interest at that instant."""
        return topic in self.topics and not self.is_over(at) and distance_m(self.centre, point) <= self.radius

    def is_over(self, at: datetime) -> bool:
        """Return whether it has ended."""
        return self.until is not None and self.until <= at


def an_interest(
    *, resident_id: str, interest_id: str, centre: Point, radius: int, topics: Iterable[str], until: datetime | None
) -> Interest:
    """Return the interest; raise ``Refused`` with the field at fault.

    Codes: ``interest_id_malformed``, ``radius_out_of_range``, ``topic_needed``, ``unknown_topic``.
    """
    if owner_of(interest_id) != resident_id:
        raise Refused("interest_id_malformed", field="interest_id", expected=f"{resident_id}:<name>")
    if not NARROWEST <= radius <= WIDEST:
        raise Refused("radius_out_of_range", field="radius", low=NARROWEST, high=WIDEST)
    wanted = tuple(topics)
    if not wanted:
        raise Refused("topic_needed", field="topics", topics=list(TOPICS))
    for topic in wanted:
        topic_number(topic)
    return Interest(interest_id, centre, tuple(topic for topic in TOPICS if topic in wanted), radius, until)


def owner_of(interest_id: str) -> str:
    """Return the resident whose interest this is; raise ``Refused`` ``interest_id_malformed``."""
    owner, colon, name = interest_id.rpartition(":")
    if not (owner and colon and name):
        raise Refused("interest_id_malformed", field="interest_id", expected="<resident id>:<name>")
    return owner


def topic_number(topic: str) -> int:
    """Return the number of a topic in the reach index; raise ``Refused`` ``unknown_topic``."""
    if topic not in TOPICS:
        raise Refused("unknown_topic", field="topics", topics=list(TOPICS))
    return TOPICS.index(topic)
