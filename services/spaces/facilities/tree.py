"""Which space is a part of which, what each claims, and whose calendar speaks for it. Pure.

A root claims all of itself (``WHOLE``), a leaf its own id, a middle level the leaves it named when it was opened.
Two middle levels may share leaves, as halls with movable walls do. What a space claims never changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from services.spaces.diary.model import WHOLE
from services.spaces.facilities.values import Hours
from shared.errors import Refused

#: Leaves of one middle level.
MOST_LEAVES = 50


@dataclass(frozen=True)
class Admitted:
    """A space's place in its facility: where it hangs, what it claims, its own hours and its own calendar."""

    root_id: str
    parent_id: str | None
    parts: tuple[str, ...]
    hours: Hours | None = None
    feed_id: str | None = None

    def is_leaf(self, space_id: str) -> bool:
        """Return whether it has no parts of its own."""
        return self.parts == (space_id,)

    def shares_parts_with(self, other: Admitted) -> bool:
        """Return whether a claim on the one can clash with a claim on the other."""
        if self.root_id != other.root_id:
            return False
        return WHOLE in (self.parts, other.parts) or not set(self.parts).isdisjoint(other.parts)


Tree = Mapping[str, Admitted]


def hung(
    tree: Tree, space_id: str, *, parent_id: str | None, is_kit: bool, leaves: tuple[str, ...]
) -> tuple[str, tuple[str, ...]]:
    """Return the root and the parts of a space that is let into the tree; raise ``Refused``.

    ``leaves`` makes it a middle level, and names parts that are open or still to be opened.
    """
    named = {leaf for known in tree.values() if known.parts != WHOLE for leaf in known.parts}
    if parent_id is None:
        if leaves or space_id in named:
            raise Refused("root_has_no_parts", field="leaves" if leaves else "parent_id")
        return space_id, WHOLE
    parent = tree.get(parent_id)
    if parent is None:
        raise Refused("no_such_parent", field="parent_id", id=parent_id)
    if is_kit:
        raise Refused("kit_is_its_own_root", field="parent_id")
    if parent.is_leaf(parent_id):
        raise Refused("parent_is_a_leaf", field="parent_id", id=parent_id)
    for leaf in leaves or (space_id,):
        if parent.parts != WHOLE and leaf not in parent.parts:
            raise Refused("part_not_named", field="leaves" if leaves else "space_id", id=leaf)
        if any(leaf in other.parts and other.root_id != parent.root_id for other in tree.values()):
            raise Refused("part_of_another_root", field="leaves" if leaves else "parent_id", id=leaf)
    if leaves:
        _may_be_leaves(tree, space_id, leaves, named)
    return parent.root_id, tuple(sorted(leaves)) or (space_id,)


def _may_be_leaves(tree: Tree, space_id: str, leaves: tuple[str, ...], named: set[str]) -> None:
    if len(leaves) > MOST_LEAVES:
        raise Refused("too_many_at_once", field="leaves", most=MOST_LEAVES)
    if space_id in named or space_id in leaves or len(set(leaves)) != len(leaves):
        raise Refused("leaves_wrong", field="leaves", id=space_id)
    for leaf in leaves:
        if leaf in tree and not tree[leaf].is_leaf(leaf):
            raise Refused("leaves_wrong", field="leaves", id=leaf)


def feed_of(tree: Tree, space_id: str) -> str | None:
    """Return the calendar that speaks for a space: its own, else that of what it is a part of, else of a part of it.

    A calendar says nothing about a space that shares no part with the one it is connected to.
    """
    known = tree.get(space_id)
    if known is None or known.feed_id is not None:
        return None if known is None else known.feed_id
    above = known.parent_id
    while above is not None:
        parent = tree[above]
        if parent.feed_id is not None:
            return parent.feed_id
        above = parent.parent_id
    near = [(one, other) for one, other in tree.items() if other.feed_id and known.shares_parts_with(other)]
    # The largest speaks first; by id where they are alike, so that it is the same every time.
    near.sort(key=lambda pair: (-len(pair[1].parts), pair[0]))
    return near[0][1].feed_id if near else None
