"""What was read back from the services and from the facility's calendar, what was promised, and whether they agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from deploy.demo.office.cast import SEATS
from deploy.demo.verdict import Promise

_STATES = {"awaiting": "승인 대기", "confirmed": "예약 확정", "displaced": "시설 사정 취소", "refused": "거절"}


@dataclass
class Outcome:
    """Everything that was read back. Nothing here is an expectation."""

    tenant: str
    #: State of the request right after it was made, while the facility's calendar server is down.
    state_at_once: str = ""
    server_was_down: bool = False
    #: How long that answer took, milliseconds.
    answered_ms: int = 0
    state_after_recovery: str = ""
    #: Letters about the first booking in its booker's inbox, before the blackout.
    confirmed_letters: int = 0
    #: Letters by kind, over everybody.
    letters: Mapping[str, int] = field(default_factory=dict)
    #: Entries of ours that the facility's own calendar holds once all is at rest, and those it should.
    in_calendar: int = 0
    ours: int = 0
    displaced: int = 0
    alternatives: Sequence[Mapping[str, Any]] = ()
    #: Minutes charged for the displaced booking, and minutes left of the plan before and after.
    charged: int = 0
    balance_before: int = 0
    balance_after: int = 0
    alternative_state: str = ""
    seats_confirmed: int = 0
    seats_waiting: int = 0
    promoted: int = 0
    promoted_is_first_in_line: bool = False
    adjacent_confirmed: int = 0
    #: Differences that the first and the second reconciliation found.
    first_reconcile: Mapping[str, int] = field(default_factory=dict)
    second_reconcile_changes: int = -1
    duplicates: Sequence[str] = ()
    missing: Sequence[str] = ()
    events: int = 0
    #: The event to follow: the displacement.
    filled_id: str = ""
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether every promise was kept."""
        return all(promise.kept for promise in self.promises())

    def promises(self) -> list[Promise]:
        """Return the promises of the README, judged."""
        return [
            Promise(
                self.server_was_down and self.state_at_once == "awaiting",
                "시설의 달력이 꺼져 있어도 신청은 바로 받는다",
                "a request is taken at once though the facility's calendar is down",
                f"{_word(self.state_at_once)} · {self.answered_ms} ms",
            ),
            Promise(
                self.state_after_recovery == "confirmed" and self.confirmed_letters == 1,
                "달력이 돌아오면 대사하여 확정하고, 알림은 한 건",
                "confirmed once the calendar is back, with one letter",
                f"{_word(self.state_after_recovery)} · 알림 {self.confirmed_letters}건",
            ),
            Promise(
                self.displaced == 1 and self.letters.get("booking_displaced") == 1,
                "뒤늦게 온 시설 일정은 시설 사정 취소가 되고, 알림은 한 건",
                "a late blackout displaces the booking, with one letter",
                f"시설 사정 취소 {self.displaced} · 알림 {self.letters.get('booking_displaced', 0)}건",
            ),
            Promise(
                self.charged == 0 and self.balance_after == self.balance_before,
                "시설 사정 취소에는 이용 시간을 차감하지 않는다",
                "nothing is charged for it",
                f"차감 {self.charged}분 · 남은 시간 {self.balance_before} → {self.balance_after}분",
            ),
            Promise(
                bool(self.alternatives) and self.alternative_state == "confirmed",
                "걸어서 10분 안의 다른 공간을 제안하고, 고르면 바로 예약된다",
                "another room within a walk is offered, and booked when taken",
                ", ".join(f"{one['metres']} m · 도보 {one['walk_minutes']}분" for one in self.alternatives) or "없음",
            ),
            Promise(
                self.seats_confirmed == SEATS and self.seats_waiting == 1,
                "여덟 자리에 아홉 사람: 여덟은 입주, 하나는 대기",
                "nine people for eight seats: eight seated, one waits",
                f"입주 {self.seats_confirmed} · 대기 {self.seats_waiting}",
            ),
            Promise(
                self.promoted == 1 and self.promoted_is_first_in_line,
                "한 사람이 나가면 기다리던 사람이 이어받는다",
                "when one leaves, the one who waits gets the seat",
                f"이어받음 {self.promoted}",
            ),
            Promise(
                self.adjacent_confirmed == 2,
                "10–12시와 12–14시는 겹치지 않는다",
                "10-12 and 12-14 do not overlap",
                f"확정 {self.adjacent_confirmed}",
            ),
            Promise(
                self.second_reconcile_changes == 0 and self.in_calendar == self.ours,
                "두 번 대사해도 바뀌는 것이 없고, 시설 달력과 우리가 같다",
                "reconciled twice, nothing changes; both sides agree",
                f"둘째 대사 {self.second_reconcile_changes}건 · 달력 {self.in_calendar}/{self.ours}건",
            ),
            Promise(
                not self.duplicates and not self.missing,
                "잃은 것도 두 번 된 것도 없다",
                "nothing lost, nothing twice",
                f"이벤트 {self.events}건 · 겹침 {len(self.duplicates)} · 잃음 {len(self.missing)}",
            ),
        ]

    def as_json(self) -> dict[str, Any]:
        """Return what ``demo office --json`` prints."""
        return {
            "scenario": "office",
            "ok": self.ok,
            "awaiting_at_once": self.server_was_down and self.state_at_once == "awaiting",
            "confirmed_after_recovery": self.state_after_recovery == "confirmed",
            "letters": dict(self.letters),
            "displaced": self.displaced,
            "alternatives": len(self.alternatives),
            "charged": self.charged,
            "seats_confirmed": self.seats_confirmed,
            "seats_waiting": self.seats_waiting,
            "promoted": self.promoted,
            "adjacent_confirmed": self.adjacent_confirmed,
            "second_reconcile_changes": self.second_reconcile_changes,
            "duplicated": len(self.duplicates),
            "lost": len(self.missing),
            "seconds": round(self.seconds, 2),
        }


def _word(state: str) -> str:
    return _STATES.get(state, state or "없음")
