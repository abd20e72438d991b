"""What the mail server says it took, read from its log: the proof that settles a mail in doubt.

A line with ``message-id=<...>`` says that the message was taken. Postfix writes that line while the message is still
coming in, so for such a line the same queue id must also have become active (a line of ``qmgr``). A line without its
end was being written when the server died: that sender was never told yes.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

_MESSAGE_ID = re.compile(rb"message-id=(<[^<>\s]{1,500}>)")
_ARRIVING = re.compile(rb"/cleanup\[\d+\]: ([0-9A-Za-z]+): message-id=(<[^<>\s]{1,500}>)")
_ACTIVE = re.compile(rb"/qmgr\[\d+\]: ([0-9A-Za-z]+): from=.*queue active")


class LogFile:
    """The log at ``path``, and the one before it (``<path>.1``) when the log was rotated."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def taken(self, message_ids: Collection[str]) -> set[str] | None:
        """Return which of these Message-IDs the server took, or None when the log can't be read."""
        wanted = {message_id.encode() for message_id in message_ids}
        found: set[bytes] = set()
        arriving: dict[bytes, bytes] = {}
        active: set[bytes] = set()
        try:
            for path in (self._path.with_name(self._path.name + ".1"), self._path):
                if path == self._path or path.exists():
                    _read(path, wanted, found, arriving, active)
        except OSError:
            return None
        found |= {message_id for queue_id, message_id in arriving.items() if queue_id in active}
        return {message_id.decode() for message_id in found}


def _read(path: Path, wanted: set[bytes], found: set[bytes], arriving: dict[bytes, bytes], active: set[bytes]) -> None:
    with path.open("rb") as lines:
        for line in lines:
            if not line.endswith(b"\n"):
                continue
            if b"message-id=" in line:
                if postfix := _ARRIVING.search(line):
                    if postfix[2] in wanted:
                        arriving[postfix[1]] = postfix[2]
                elif (plain := _MESSAGE_ID.search(line)) and plain[1] in wanted:
                    found.add(plain[1])
            elif arriving and (began := _ACTIVE.search(line)) and began[1] in arriving:
                active.add(began[1])
