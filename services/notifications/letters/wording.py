"""How letters are put into words, from the catalogues in texts/: amounts, days and times as people write them.

A letter whose opening is not known yet (its own event is still on the way) is worded without the details.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from services.notifications.letters.model import ADVERTISING, Letter, Notice, Opening
from shared.clock import KST, from_iso

LANGUAGES = ("ko", "en")
#: Shifts that a letter names one by one.
_SHIFTS_NAMED = 3


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


@cache
def catalogue(language: str) -> Mapping[str, Any]:
    """Return the texts of a language; read once, when first asked for."""
    path = Path(__file__).parent.parent / "texts" / f"{language}.yaml"
    loaded: Mapping[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return loaded


def won(amount: int, language: str = "ko") -> str:
    """Return an amount of won.

    >>> won(10920)
    '10,920원'
    """
    return str(_words(language)["won"]).format(amount=f"{amount:,}")


def day(instant: datetime, language: str = "ko") -> str:
    """Return the day in Seoul, such as ``2026. 11. 22.(일)``."""
    local = instant.astimezone(KST)
    words = _words(language)
    return str(words["day"]).format(
        year=local.year, month=local.month, day=local.day, weekday=words["weekdays"][local.weekday()]
    )


def day_and_time(instant: datetime, language: str = "ko") -> str:
    """Return day and time in Seoul, such as ``2026. 11. 22.(일) 14:00``."""
    return f"{day(instant, language)} {instant.astimezone(KST):%H:%M}"


def span(start: datetime, end: datetime, language: str = "ko") -> str:
    """Return a span, such as ``2026. 11. 22.(일) 14:00~16:00``; the end's day is named when it is another one."""
    same_day = start.astimezone(KST).date() == end.astimezone(KST).date()
    until = f"{end.astimezone(KST):%H:%M}" if same_day else day_and_time(end, language)
    return f"{day_and_time(start, language)}~{until}"


def words_of(letter: Letter, opening: Opening | None, language: str = "ko") -> Words:
    """Return what a letter says."""
    texts = catalogue(language)["letters"][letter.kind]
    if "reason" in letter.values:
        texts = texts[letter.values["reason"]]
    filled = _filled(letter, opening, language)
    lines = _words(language)["lines"]
    details = [lines[name].format_map(filled) for name in texts.get("lines", ()) if name in filled]
    return Words(
        title=texts["title"].format_map(filled),
        text="\n".join([texts["text"].format_map(filled), *details]),
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


def mail_words(letter: Letter, opening: Opening | None, sender: Sender, language: str = "ko") -> Words:
    """Return subject and body of a letter's mail: advertising says so first, and how to refuse it last."""
    said = words_of(letter, opening, language)
    texts = catalogue(language)["mail"]
    footer = texts["footer"].format(sender=sender.name, contact=sender.contact)
    if letter.mail.message_class != ADVERTISING:
        return Words(said.title, f"{said.text}\n\n{footer}\n")
    refusal = texts["refusal"].format(refusal=sender.refusal)
    return Words(texts["advertising"].format(title=said.title), f"{said.text}\n\n{footer}\n{refusal}\n")


def _words(language: str) -> Mapping[str, Any]:
    words: Mapping[str, Any] = catalogue(language)["words"]
    return words


def _filled(letter: Letter, opening: Opening | None, language: str) -> dict[str, str]:
    filled: dict[str, str] = {"title": str(_words(language)["some_opening"])}
    if "won" in letter.values:
        filled["won"] = won(letter.values["won"], language)
    if opening is not None:
        filled |= {
            "title": opening.title,
            "place": opening.place,
            "shifts": _shifts(opening, language),
            "wage": won(opening.hourly_won, language),
            "places": str(opening.places),
            "deadline": day_and_time(opening.deadline, language),
        }
    return filled


def _shifts(opening: Opening, language: str) -> str:
    named = [span(start, end, language) for start, end in opening.shifts[:_SHIFTS_NAMED]]
    more = len(opening.shifts) - len(named)
    if more:
        named.append(str(_words(language)["more_shifts"]).format(count=more))
    return ", ".join(named)
