"""How the town writes amounts, days, times and distances, in Korean and English; and the texts themselves."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from shared.clock import KST

LANGUAGES = ("ko", "en")


@cache
def catalogue(language: str) -> Mapping[str, Any]:
    """Return the texts of a language; read once, when first asked for."""
    path = Path(__file__).parent.parent / "texts" / f"{language}.yaml"
    loaded: Mapping[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return loaded


def words(language: str) -> Mapping[str, Any]:
    """Return the small words of a language."""
    told: Mapping[str, Any] = catalogue(language)["words"]
    return told


def won(amount: int, language: str = "ko") -> str:
    """Return an amount of won.

    >>> won(10920)
    '10,920원'
    """
    return str(words(language)["won"]).format(amount=f"{amount:,}")


def day(instant: datetime, language: str = "ko") -> str:
    """Return the day in Seoul, such as ``2026. 11. 22.(일)``."""
    return date_words(instant.astimezone(KST).date(), language)


def date_words(on: date, language: str = "ko") -> str:
    """Return a calendar day, such as ``2026. 11. 22.(일)``."""
    told = words(language)
    return str(told["day"]).format(year=on.year, month=on.month, day=on.day, weekday=told["weekdays"][on.weekday()])


def month_words(month: str, language: str = "ko") -> str:
    """Return a month.

    >>> month_words("2026-11")
    '2026년 11월'
    """
    year, number = month.split("-")
    return str(words(language)["month"]).format(year=int(year), month=int(number))


def day_and_time(instant: datetime, language: str = "ko") -> str:
    """Return day and time in Seoul, such as ``2026. 11. 22.(일) 14:00``."""
    return f"{day(instant, language)} {instant.astimezone(KST):%H:%M}"


def span(start: datetime, end: datetime, language: str = "ko") -> str:
    """Return a span, such as ``2026. 11. 22.(일) 14:00~16:00``; the end's day is named when it is another one."""
    same_day = start.astimezone(KST).date() == end.astimezone(KST).date()
    until = f"{end.astimezone(KST):%H:%M}" if same_day else day_and_time(end, language)
    return f"{day_and_time(start, language)}~{until}"


def length(minutes: int, language: str = "ko") -> str:
    """Return a length of time.

    >>> length(90)
    '1시간 30분'
    """
    hours, rest = divmod(minutes, 60)
    told = words(language)
    parts = [told["hours"].format(count=hours)] if hours else []
    if rest or not hours:
        parts.append(told["minutes"].format(count=rest))
    return " ".join(parts)


def one_line(text: str) -> str:
    """Return the text without line breaks, which would end a mail's subject."""
    return " ".join(text.split())
