"""What is within reach of what: places near a point, and residents whom a point concerns.

    Places      openings, rooms           nearby(point) -> the nearest, with metres
    Interests   residents' areas          reach(point, topics) -> pages of distinct resident ids
    Feed        keeps one of them fresh   opened, told, lost; catch_up, ready

Both are the same uniform grid in the memory of the process that answers (``grid``, ``kernel``): a database would spend
its time on the socket, and on everything but the distance. Live updates need no delta to be merged later: a cell keeps
its spare rows beside its rows, so an update is one row written or moved.
"""

from shared.reach.feed import Change, Feed, Index
from shared.reach.interests import Area, Interest, Interests, Reached, topics
from shared.reach.places import Near, Nearby, Place, Places
from shared.reach.warming import warm

__all__ = [
    "Area",
    "Change",
    "Feed",
    "Index",
    "Interest",
    "Interests",
    "Near",
    "Nearby",
    "Place",
    "Places",
    "Reached",
    "topics",
    "warm",
]
