"""Ids in 128 bits, so that a row costs 16 bytes for what names it, and not a Python string of 80.

    0 | 124 bits                 <prefix>-<ULID>, as shared.ids makes them (until the year 2527); never all zero
    1 | 0000 | 15 bytes          any other id of at most 15 ASCII characters, as it is
    2 | 124 bits of BLAKE2b      any other id: its text is kept beside, at about 250 bytes an id

Packed ids of one kind compare as their texts do (the third kind: by digest), in every process alike: this is the order
in which pages are cut, so a cursor made by one replica is good for another, and after a reload.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from shared.errors import Refused
from shared.reach.kernel import CROCKFORD, Letters, Words

#: Characters. Longer ids are refused: nothing in the system makes them.
LONGEST = 64

_BASE_32 = b"0123456789abcdefghijklmnopqrstuv"
_ULID = 26
_INLINE = 15
_TO_BASE_32 = bytes(_BASE_32[CROCKFORD.index(code)] if code in CROCKFORD else ord("!") for code in range(256))
_KIND = 124
_HALF = 2**64 - 1


class Names:
    """Packs and spells ids; ``prefix`` is what stands before the ULID, as ``"res-"``."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix.encode("ascii")
        #: The prefix as code points, for the kernel.
        self.letters = np.frombuffer(self._prefix, np.uint8).astype(np.uint32)
        self._width = max(len(prefix) + _ULID, _INLINE)
        self._long: dict[int, str] = {}

    def pack(self, name: str) -> int:
        """Return the id in 128 bits; raise ``Refused`` ``bad_id`` when it is empty, too long or holds a zero."""
        length = len(name)
        if name.isascii():
            text = name.encode("ascii")
            if length == len(self._prefix) + _ULID and text.startswith(self._prefix):
                digits = text[len(self._prefix) :].translate(_TO_BASE_32)
                if b"!" not in digits and 0 < (packed := int(digits, 32)) < 1 << _KIND:
                    return packed
            if 0 < length <= _INLINE and b"\0" not in text:
                return 1 << _KIND | int.from_bytes(text.ljust(_INLINE, b"\0"), "big")
        if not 0 < length <= LONGEST or "\0" in name:
            raise Refused("bad_id", field="id")
        digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        return 2 << _KIND | int.from_bytes(digest, "big") >> 4

    def remember(self, packed: int, name: str) -> None:
        """Keep the text of an id that goes into the index, where its 128 bits do not hold it."""
        if packed >> _KIND == 2:
            self._long[packed] = name

    def forget(self, packed: int) -> None:
        """Drop the kept text of an id that left the index."""
        self._long.pop(packed, None)

    def paper(self, lines: int) -> tuple[Letters, NDArray[np.str_]]:
        """Return room for ids as code points [lines, width], and the same memory seen as ``lines`` strings."""
        letters = np.zeros((lines, self._width), np.uint32)
        return letters, letters.view(f"=U{self._width}").reshape(lines)

    def read(self, texts: NDArray[np.str_], names: Words, digests: int) -> list[str]:
        """Return what the kernel spelled, with the kept texts of the ``digests`` ids that it could not."""
        spelled: list[str] = texts.tolist()
        if digests:
            for place, text in enumerate(spelled):
                if not text:
                    spelled[place] = self._long[int(names[place, 0]) << 64 | int(names[place, 1])]
        return spelled


def halves(packed: int) -> tuple[np.uint64, np.uint64]:
    """Return the upper and the lower 64 bits."""
    return np.uint64(packed >> 64), np.uint64(packed & _HALF)
