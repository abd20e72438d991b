"""What the mail server says it took, read from its log: the proof that settles a mail in doubt.

A line with ``message-id=<...>`` says that the message was taken. Postfix writes that line while the message is still
coming in, so for such a line the same queue id must also have become active (a line of ``qmgr``). A line without its
end was being written when the server died: that sender was never told yes.

That a mail is *not* in the log proves something only if the log was there when it was sent: its first line must be
older than the claim. A time needs its date and zone for that (``2026-11-22T09:30:01.123456+09:00``, as rsyslog and our
own sink write it); of an older style of line (``Nov 22 09:30:01``) nothing is concluded but what it says.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from shared.clock import from_iso

_MESSAGE_ID = re.compile(rb"message-id=(<[^<>\s]{1,500}>)")
_ARRIVING = re.compile(rb"/cleanup\[\d+\]: ([0-9A-Za-z]+): message-id=(<[^<>\s]{1,500}>)")
_ACTIVE = re.compile(rb"/qmgr\[\d+\]: ([0-9A-Za-z]+): from=.*queue active")


class LogFile:
    """The log at ``path``, and the one before it (``<path>.1``) when the log was rotated."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def taken(self, tries: Mapping[str, datetime]) -> dict[str, bool | None]:
        """Return of each Message-ID, by when its claim was made: taken, not taken, or None where the log can't tell."""
        look = _Look({message_id.encode() for message_id in tries})
        before = self._path.with_name(self._path.name + ".1")
        try:
            stood = self._path.stat()
            spans = [look.read(before)] if before.exists() else []
            spans.append(look.read(self._path))
            whole = _grew(stood, self._path.stat())
        except OSError:
            return dict.fromkeys(tries)
        found = look.found()
        covers = [span for span in spans if span is not None] if whole else []
        return {
            message_id: True if message_id.encode() in found else False if _reached(covers, since) else None
            for message_id, since in tries.items()
        }


#: The instants of a file's first and last line; the last is None for the file that is still being written.
_Span = tuple[datetime, datetime | None]


def _reached(spans: list[_Span], since: datetime) -> bool:
    """Return whether a file was being written at that instant: between two files lines may have been lost."""
    return any(first <= since and (last is None or since <= last) for first, last in spans)


def _grew(before: os.stat_result, after: os.stat_result) -> bool:
    """Return whether it is the same file, and nothing was cut off it: otherwise it was rotated while it was read."""
    return before.st_ino == after.st_ino and before.st_size <= after.st_size


class _Look:
    def __init__(self, wanted: set[bytes]) -> None:
        self._wanted = wanted
        self._plain: set[bytes] = set()
        self._arriving: dict[bytes, bytes] = {}
        self._active: set[bytes] = set()

    def read(self, path: Path) -> _Span | None:
        """Read a file; return its span, or None when its times don't say."""
        first = last = b""
        with path.open("rb") as lines:
            for line in lines:
                if not line.endswith(b"\n"):
                    continue
                first, last = first or line, line
                self._note(line)
        began, ended = _instant(first), _instant(last)
        if began is None or ended is None:
            return None
        return began, ended if path.suffix == ".1" else None

    def found(self) -> set[bytes]:
        """Return the wanted Message-IDs that were taken."""
        return self._plain | {name for queue_id, name in self._arriving.items() if queue_id in self._active}

    def _note(self, line: bytes) -> None:
        if b"message-id=" in line:
            if postfix := _ARRIVING.search(line):
                if postfix[2] in self._wanted:
                    self._arriving[postfix[1]] = postfix[2]
            elif (plain := _MESSAGE_ID.search(line)) and plain[1] in self._wanted:
                self._plain.add(plain[1])
        elif self._arriving and (began := _ACTIVE.search(line)) and began[1] in self._arriving:
            self._active.add(began[1])


def _instant(line: bytes) -> datetime | None:
    """Return the instant with which a line begins, or None when it does not say date and zone."""
    try:
        return from_iso(line.split(b" ", 1)[0].decode())
    except (ValueError, UnicodeDecodeError):
        return None
