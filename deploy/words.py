"""What people call things: events, queues and letters, in Korean with the English beside it.

An unknown name is shown as it is, so that a new event needs nothing here to be visible.
"""

from __future__ import annotations

from typing import NamedTuple


class Word(NamedTuple):
    """One thing's name in both languages."""

    ko: str
    en: str

    @property
    def both(self) -> str:
        """``모집 완료 (filled)``."""
        return f"{self.ko} ({self.en})"


EVENTS: dict[str, Word] = {
    "placement.opening.published": Word("공고가 올라옴", "opening published"),
    "placement.opening.filled": Word("모집 완료", "opening filled"),
    "placement.opening.reopened": Word("다시 모집", "opening reopened"),
    "placement.opening.closed": Word("공고가 마감됨", "opening closed"),
    "placement.opening.cancelled": Word("공고가 취소됨", "opening cancelled"),
    "placement.placement.selected": Word("자리가 정해짐", "placement selected"),
    "placement.placement.withdrawn": Word("자리가 비워짐", "placement withdrawn"),
    "placement.application.submitted": Word("지원함", "application submitted"),
    "placement.application.selected": Word("지원이 선정됨", "application selected"),
    "placement.application.withdrawn": Word("지원을 거둠", "application withdrawn"),
    "placement.application.closed": Word("지원이 끝남", "application closed"),
    "residents.resident.registered": Word("주민이 가입함", "resident registered"),
    "residents.consent.given": Word("동의함", "consent given"),
    "residents.consent.withdrawn": Word("동의를 거둠", "consent withdrawn"),
    "residents.interest.set": Word("관심 지역을 정함", "interest set"),
    "residents.interest.removed": Word("관심 지역을 지움", "interest removed"),
    "muni1.shelter.opened": Word("무더위 쉼터가 열림", "heat shelter opened"),
}

#: Queues and the feeds of one process each.
QUEUES: dict[str, Word] = {
    "placement.openings": Word("일자리", "openings"),
    "placement.nearby": Word("주변 찾기", "nearby index"),
    "notifications.letters": Word("편지", "letters"),
    "residents.withdrawals": Word("동의 철회", "withdrawals"),
    "residents.reach": Word("이웃 찾기", "reach index"),
    "statistics.archive": Word("통계", "archive"),
    "rpc.dead": Word("답할 수 없는 요청", "unanswerable requests"),
    "city.parked": Word("아무도 듣지 않는 것", "parked"),
}

LETTERS: dict[str, Word] = {
    "selected": Word("선정", "selected"),
    "closed": Word("모집 완료", "closed"),
    "place_withdrawn": Word("선정 취소", "place withdrawn"),
    "published": Word("새 일자리", "new nearby"),
}

MAILS: dict[str, Word] = {
    "new": Word("보낼 것", "to send"),
    "sending": Word("보내는 중", "sending"),
    "sent": Word("보냄", "sent"),
    "failed": Word("실패", "failed"),
    "unknown": Word("알 수 없음", "unknown"),
    "none": Word("메일 없음", "no mail"),
}


def event_word(name: str) -> Word:
    """Return what an event is called, by the name of its contract (``placement.opening.filled``)."""
    return EVENTS.get(name, Word(name, name))


def queue_word(name: str) -> Word:
    """Return what a queue or a feed is called; a dead queue by the name of the queue that refused."""
    alive = name.removesuffix(".dead")
    return QUEUES.get(name) or QUEUES.get(alive) or Word(name, name)


def letter_word(kind: str) -> Word:
    """Return what a kind of letter is called."""
    return LETTERS.get(kind, Word(kind, kind))
