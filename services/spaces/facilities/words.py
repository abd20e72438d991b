"""By which words a facility is found: its name, and its address by road, by lot (지번) and by building. Pure.

Every word is kept with all its beginnings, so that a search by equality finds ``소촌`` in ``소촌로85번길``; a road name
with a number is also kept in two, because people write ``소촌로 85번길``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from services.spaces.facilities.values import Address

#: Letters of a beginning; what is longer is compared by these.
LONGEST_WORD = 16
#: Words of a search that count.
MOST_WORDS = 8
_BREAKS = re.compile(r"[\s,()\[\]·/]+")
_ROAD_AND_NUMBER = re.compile(r"^(.*(?:로|길))(\d.*)$")


def words_of(name: str, address: Address) -> list[str]:
    """Return every beginning of every word, in order, once."""
    texts = (name, address.road_address, address.jibun, address.building_name, address.dong, address.sigungu)
    found = {word[:length] for text in texts for word in _words(text) for length in range(1, len(word) + 1)}
    return sorted(found)


def asked_words(text: str) -> list[str]:
    """Return the words of a search, each as it is kept."""
    return list(dict.fromkeys(_split(text)))[:MOST_WORDS]


def _words(text: str) -> Iterator[str]:
    for word in _split(text):
        yield word
        parts = _ROAD_AND_NUMBER.match(word)
        if parts:
            yield from parts.groups()


def _split(text: str) -> Iterator[str]:
    plain = unicodedata.normalize("NFKC", text).casefold()
    return (word[:LONGEST_WORD] for word in _BREAKS.split(plain) if word)
