"""What was read back from the services, what was promised, and whether the two agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from deploy.demo.cast import APPLICANTS, EVERYTHING_OPEN, NEIGHBOURS, PLACES, REDELIVERIES, WITHIN_A_WALK
from deploy.words import mail_word, opening_word

#: Metres by which a distance may differ from the scenario's: it names whole metres.
ROUNDING = 1


@dataclass(frozen=True)
class Found:
    """One opening as ``nearby`` told it."""

    name: str
    title: str
    distance_m: int
    walk_minutes: int


@dataclass(frozen=True)
class Promise:
    """One promise, kept or not, with what was found."""

    kept: bool
    ko: str
    en: str
    found: str


class Judged(Protocol):
    """What a demo found, to be shown."""

    @property
    def ok(self) -> bool:
        """Whether every promise was kept."""

    @property
    def duplicates(self) -> Sequence[str]:
        """A sentence for each effect too many."""

    @property
    def missing(self) -> Sequence[str]:
        """A sentence for each effect missing."""

    @property
    def filled_id(self) -> str:
        """The event to follow, for whoever wants to."""

    def promises(self) -> list[Promise]:
        """Return the promises, judged."""

    def as_json(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""


@dataclass
class Outcome:
    """Everything that was read back. Nothing here is an expectation."""

    tenant: str
    opening_id: str = ""
    programmes: Mapping[str, int] = field(default_factory=dict)
    near: Sequence[Found] = ()
    #: Within ``cast.WIDE`` metres: what is known and open.
    wide: Sequence[Found] = ()
    #: State of the openings that must not be found: F filled, G closed.
    states: Mapping[str, str] = field(default_factory=dict)
    #: Code and Korean text of the refusal to search by a device's position without consent.
    device_refusal: tuple[str, str] | None = None
    #: What residents keeps of the searcher's place.
    place_kept: Any = None
    #: Letters about opening A in each neighbour's inbox.
    neighbours_told: Mapping[str, int] = field(default_factory=dict)
    placements: int = 0
    #: Codes with which officers were refused in the race for the last place.
    refusals: Sequence[str] = ()
    filled_events: int = 0
    #: The event that was delivered again, for whoever wants to follow it.
    filled_id: str = ""
    letters: Mapping[str, int] = field(default_factory=dict)
    #: Mails of the applicants' letters by state; None where no mail server of ours runs.
    mails: Mapping[str, int] | None = None
    figures: Mapping[str, Any] = field(default_factory=dict)
    redelivered: int = 0
    #: Deliveries of the redelivered event that each queue has dealt with, by the services' own counters.
    dealt_with: Mapping[str, int] = field(default_factory=dict)
    #: A sentence for each effect too many, and for each one missing.
    duplicates: Sequence[str] = ()
    missing: Sequence[str] = ()
    events: int = 0
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether every promise was kept."""
        return all(promise.kept for promise in self.promises())

    def promises(self) -> list[Promise]:
        """Return the promises of the README, judged."""
        kept_far = [found.name for found in self.wide]
        judged = [
            Promise(
                self._only_within_a_walk() and kept_far == list(EVERYTHING_OPEN),
                "걸어서 10분 안의 열린 자리만, 가까운 것부터",
                "only open places within a walk, nearest first",
                ", ".join(f"{one.name} {one.distance_m} m · 도보 {one.walk_minutes}분" for one in self.near) or "없음",
            ),
            Promise(
                self.states == {"F": "filled", "G": "closed"},
                "찬 자리(F)와 끝난 자리(G)는 보이지 않는다",
                "filled and ended ones are not shown",
                ", ".join(f"{name} {opening_word(state).ko}" for name, state in self.states.items()),
            ),
            Promise(
                self.device_refusal is not None
                and self.device_refusal[0] == "location_consent_needed"
                and self.place_kept is None,
                "동의 없이는 기기 위치로 찾지 않고, 찾은 곳을 남기지 않는다",
                "no device position without consent, nothing kept of a search",
                self.device_refusal[1] if self.device_refusal else "거절되지 않음 (not refused)",
            ),
            Promise(
                list(self.neighbours_told.values()) == [1] * len(NEIGHBOURS),
                "가까이 사는 이웃에게 새 일자리 알림 한 건씩",
                "one letter to each neighbour in reach",
                ", ".join(f"{name} {count}건" for name, count in self.neighbours_told.items()),
            ),
            Promise(
                self.placements == PLACES and list(self.refusals) == ["no_place_left"],
                "세 자리에 세 사람: 마지막 자리를 다툰 두 담당 공무원 가운데 하나는 거절",
                "three places, three people; one of two racing officers refused",
                f"선정 {self.placements} · 거절 {len(self.refusals)}",
            ),
            Promise(
                self.filled_events == 1,
                "모집 완료는 한 번만 알려진다",
                "filled is said once",
                f"{self.filled_events}번",
            ),
            Promise(
                self.letters.get("selected") == PLACES and self.letters.get("closed") == len(APPLICANTS) - PLACES,
                "선정 3건, 모집 완료 7건: 한 사람에게 한 건",
                "3 selected, 7 recruitment-complete, one letter a person",
                f"선정 {self.letters.get('selected', 0)} · 모집 완료 {self.letters.get('closed', 0)}",
            ),
        ]
        if self.mails is not None:
            judged.append(
                Promise(
                    self.mails == {"sent": len(APPLICANTS)},
                    "알림은 메일로도 나간다",
                    "each letter went out by mail",
                    ", ".join(f"{mail_word(state).ko} {count}" for state, count in self.mails.items()),
                )
            )
        return [
            *judged,
            Promise(
                self.figures.get("filled") == PLACES
                and self.figures.get("applications") == len(APPLICANTS)
                and self.figures.get("competition") == 3.33,
                "지표: 선정 3, 지원 10, 경쟁률 10/3 = 3.33",
                "figures: filled 3, applications 10, competition 3.33",
                f"선정 {self.figures.get('filled')} · 지원 {self.figures.get('applications')}"
                f" · 경쟁률 {self.figures.get('competition')}",
            ),
            Promise(
                self.redelivered == REDELIVERIES
                and all(count >= REDELIVERIES for count in self.dealt_with.values())
                and not self.duplicates,
                "다섯 번 다시 배달되어도 아무것도 두 번 되지 않는다",
                "redelivered five times, nothing doubled",
                f"다시 배달 {self.redelivered} · 겹침 {len(self.duplicates)}",
            ),
            Promise(
                not self.missing,
                "받아들인 일은 하나도 사라지지 않는다",
                "nothing acknowledged is lost",
                f"이벤트 {self.events}건 · 잃음 {len(self.missing)}",
            ),
        ]

    def as_json(self) -> dict[str, Any]:
        """Return what ``demo --json`` prints."""
        return {
            "scenario": "main",
            "ok": self.ok,
            "nearby": [found.name for found in self.near],
            "distances_m": [found.distance_m for found in self.near],
            "placements": self.placements,
            "refused": len(self.refusals),
            "filled_events": self.filled_events,
            "letters": dict(self.letters),
            "figures": {name: self.figures.get(name) for name in ("filled", "applications", "competition")},
            "redelivered": self.redelivered,
            "duplicated": len(self.duplicates),
            "lost": len(self.missing),
            "seconds": round(self.seconds, 2),
        }

    def _only_within_a_walk(self) -> bool:
        found = [(one.name, one.distance_m) for one in self.near]
        return (
            [name for name, _ in found] == [name for name, _ in WITHIN_A_WALK]
            and all(
                abs(metres - expected) <= ROUNDING
                for (_, metres), (_, expected) in zip(found, WITHIN_A_WALK, strict=True)
            )
            and all(one.walk_minutes == 10 for one in self.near)
        )
