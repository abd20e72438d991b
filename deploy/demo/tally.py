"""Counts what is there too often and what is missing: every effect once for its natural key. Pure: it asks nobody."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deploy.words import application_word, letter_word

_ACCEPTED = re.compile(r"message-id=(<[^>]+>)")


@dataclass(frozen=True)
class Readings:
    """What was read back, for counting."""

    #: Event key -> its archive entries.
    archive: Mapping[str, Sequence[Any]]
    #: Resident -> letters, as their inbox shows them.
    inboxes: Mapping[str, Sequence[Mapping[str, Any]]]
    #: Applicant -> state of the application.
    states: Mapping[str, str]
    #: The opening whose applicants these are.
    opening_id: str
    figures: Mapping[str, Any]
    #: What the figures must be, acts acknowledged.
    acknowledged: Mapping[str, int]
    #: Archive keys of ``opening.filled`` of the opening.
    filled: Collection[str]
    #: Lines of the mail server's own log, where it is ours.
    mail_log: Sequence[str] = ()


def duplicates(told: Readings) -> list[str]:
    """Name each effect beyond one for its natural key."""
    found = [f"이벤트 {key}: 기록 {len(kept)}건" for key, kept in told.archive.items() for _ in kept[1:]]
    for resident, letters in told.inboxes.items():
        tally = Counter((letter["kind"], letter["about"]) for letter in letters)
        found += _beyond_one(tally, lambda name, n, who=resident: f"{who}: {letter_word(name[0]).ko} 알림 {n}건")
    mails = Counter(mail for line in told.mail_log for mail in _ACCEPTED.findall(line) if _is_of(mail, told.inboxes))
    found += _beyond_one(mails, lambda name, n: f"메일 {name}: {n}번 나감")
    found += ["모집 완료가 한 번 더 알려짐"] * (len(told.filled) - 1)
    for name, expected in told.acknowledged.items():
        counted = told.figures.get(name) or 0
        found += [f"지표 {name}: {counted}"] * max(0, counted - expected)
    return found


def missing(told: Readings, *, applicants: Iterable[tuple[str, str]]) -> list[str]:
    """Name each acknowledged act that lacks one of its effects; ``applicants`` are ids and names."""
    found = [f"기록되지 않은 이벤트 {key}" for key, kept in told.archive.items() if not kept]
    for resident, name in applicants:
        state = told.states.get(resident, "없음")
        if state not in ("selected", "closed"):
            found.append(f"{name}: 지원이 {application_word(state).ko}")
        elif not any(
            letter["kind"] == state and letter["about"] == told.opening_id for letter in told.inboxes.get(resident, ())
        ):
            found.append(f"{name}: {letter_word(state).ko} 알림 없음")
    for name, expected in told.acknowledged.items():
        counted = told.figures.get(name) or 0
        found += [f"지표 {name}: {counted}"] * max(0, expected - counted)
    if not told.filled:
        found.append("모집 완료가 기록되지 않음")
    return found


def _beyond_one(tally: Counter[Any], said: Any) -> list[str]:
    return [said(name, n) for name, n in tally.items() for _ in range(n - 1)]


def _is_of(message_id: str, residents: Collection[str]) -> bool:
    return any(f".{resident}@" in message_id or f".{resident}." in message_id for resident in residents)
