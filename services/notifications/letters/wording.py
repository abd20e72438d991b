"""How letters are put into words, from the catalogues in texts/.

A letter whose opening or room is not known yet (its own event is still on the way) is worded without the details.
"""

from __future__ import annotations

from dataclasses import dataclass

from services.notifications.letters.formats import catalogue, day_and_time, words
from services.notifications.letters.matters import NOTHING, Known, details
from services.notifications.letters.model import ADVERTISING, Letter, Notice
from shared.clock import from_iso


@dataclass(frozen=True)
class Words:
    """A title and a text, ready to read."""

    title: str
    text: str


@dataclass(frozen=True)
class Sender:
    """Who a mail says it is from: name, address, how to reach a person, and how to refuse (정보통신망법 제50조)."""

    name: str
    address: str
    contact: str
    refusal: str

    @property
    def domain(self) -> str:
        """The domain of Message-IDs."""
        return self.address.rpartition("@")[2]


def words_of(letter: Letter, known: Known = NOTHING, language: str = "ko") -> Words:
    """Return what a letter says.

    Where a kind has several reasons, each has its own words, or one name in the common words: ``why``.
    """
    texts = catalogue(language)["letters"][letter.kind]
    filled = details(letter, known, language)
    reason = letter.values.get("reason")
    if "why" in texts:
        filled["why"] = texts["why"][reason]
    elif reason is not None:
        texts = texts[reason]
    lines = words(language)["lines"]
    added = [lines[name].format_map(filled) for name in texts.get("lines", ()) if name in filled]
    return Words(
        title=texts["title"].format_map(filled),
        text="\n".join([texts["text"].format_map(filled), *added]),
    )


def words_of_notice(notice: Notice, language: str = "ko") -> Words:
    """Return what a notice says."""
    texts = catalogue(language)["notices"][notice.kind]
    filled = {
        **notice.values,
        "level": texts["level"][notice.values["level"]],
        "opened": day_and_time(from_iso(notice.values["opened_at"]), language),
    }
    return Words(texts["title"].format_map(filled), texts["text"].format_map(filled))


def mail_words(letter: Letter, known: Known, sender: Sender, language: str = "ko") -> Words:
    """Return subject and body of a letter's mail: advertising says so first, and how to refuse it last."""
    said = words_of(letter, known, language)
    texts = catalogue(language)["mail"]
    footer = texts["footer"].format(sender=sender.name, contact=sender.contact)
    if letter.mail.message_class != ADVERTISING:
        return Words(said.title, f"{said.text}\n\n{footer}\n")
    refusal = texts["refusal"].format(refusal=sender.refusal)
    return Words(texts["advertising"].format(title=said.title), f"{said.text}\n\n{footer}\n{refusal}\n")
