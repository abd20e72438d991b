"""The scenario, step by step: walk ten minutes (V1), recruitment complete (V2), and the same news five times more.

Each step asks a service, waits until what follows from it can be read, and notes what was read in ``Outcome``.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

from deploy.demo import cast
from deploy.demo.again import dealt_with, deliver_again
from deploy.demo.board import Board, heard_by
from deploy.demo.desk import Desk
from deploy.demo.player import FIGURES, LETTERS, TENANTS, Player, plain
from deploy.demo.tally import Readings, duplicates, missing
from deploy.demo.verdict import Found, Outcome
from deploy.running import Running
from services.gateway import catalogue
from services.placement.wages.storage import read_wages
from shared.actors import Actor
from shared.clock import iso
from shared.errors import Refused
from shared.events import placement
from shared.ids import Ids
from shared.messaging.topology import QUEUES

OPENINGS, PROGRAMMES = "placement_openings", "placement_programmes"
REGISTRY, INTERESTS = "residents_registry", "residents_interests"

#: What the data calls its rows.
_ROLES = {
    "core": "중심 사업",
    "hosted": "함께하는 사업",
    "external_system": "바깥 시스템",
    "not_a_programme": "사업 아님",
}
#: Seconds after which opening G's deadline is there.
G_ENDS_AFTER = 2
#: Seconds to wait for mails, which go out in rounds of a second.
MAILS = 15.0


class Story(Player):
    """One demo in a tenant of its own."""

    def __init__(self, town: Running, desk: Desk, ids: Ids, *, tenant: str, board: Board) -> None:
        super().__init__(town, desk, ids, tenant=tenant, board=board)
        self.officers = tuple(
            (name, self._actor(f"officer-{number}", "officer", cast.DISTRICT))
            for number, name in enumerate(("담당 공무원 한결", "담당 공무원 슬기"), start=1)
        )
        self.outcome = Outcome(tenant)
        self._openings: dict[str, str] = {}
        self._data = Path(__file__).parents[1] / "data"
        self._work = cast.work_for(read_wages(self._data / "wages.yaml"), desk.clock.now())

    def play(self) -> Outcome:
        """Play everything and return what was read back; the tenant is closed whatever happens.

        Raises ``Refused``, ``NotFound`` or ``Unavailable`` when a step that must succeed doesn't.
        """
        self.watcher.open()
        opened = False
        try:
            self._open_the_tenant()
            opened = True
            self._walk_ten_minutes()
            self._recruit_until_complete()
            self._deliver_again()
            self._read_everything_back()
        finally:
            if opened:
                self._close_the_tenant()
            self.watcher.close()
            self.board.end()
        self.outcome.seconds = self.board.seconds
        return self.outcome

    # Chapter 0: a tenant of its own, with all programmes, and residents.

    def _open_the_tenant(self) -> None:
        self.board.chapter("준비 (getting ready)")
        self._do(self.operator, TENANTS, "open", tenant=self.tenant, name=f"시연 {self.tenant}", rehearsal=True)
        rows = yaml.safe_load((self._data / "programmes.yaml").read_text(encoding="utf-8"))["programmes"]
        loaded = self._ask(self.operator, PROGRAMMES, "load", tenant=self.tenant, programmes=plain(rows))
        listed = self._ask(None, PROGRAMMES, "list", tenant=self.tenant)["programmes"]
        self.outcome.programmes = {"rows": len(rows), "loaded": loaded["loaded"], "listed": len(listed)}
        roles = Counter(row["role"] for row in listed)
        self.board.act(
            "운영자",
            f"사업 {loaded['loaded']}건을 불러옴",
            ", ".join(f"{_ROLES.get(role, role)} {count}" for role, count in roles.most_common()),
            good=len(listed) == len(rows),
        )
        self.walker = self._register(*cast.WALKER)
        self.neighbours = [self._register(*one) for one in cast.NEIGHBOURS]
        self.applicants = [self._register(*one) for one in cast.APPLICANTS]
        self.board.act("주민", f"{1 + len(self.neighbours) + len(self.applicants)}명이 가입함", "저마다 동의한 만큼만")
        library = cast.JOBS[0]
        for one in self.neighbours:
            self._do(
                self._resident(one),
                INTERESTS,
                "set",
                resident_id=one.resident_id,
                interest_id=f"{one.resident_id}:home",
                lat=library.lat,
                lon=library.lon,
                topics=["jobs"],
            )
        self.board.act("이웃 하나·두리", "도서관 둘레 소식을 청함", "관심 소식, 반경 700 m")

    def _register(self, name: str, mail: str | None, consents: Sequence[str]) -> cast.Who:
        who = cast.Who(self.ids.new("res"), name, mail, tuple(consents))
        self._do(
            self._resident(who),
            REGISTRY,
            "register",
            resident_id=who.resident_id,
            name=name,
            mail=mail,
            over_14=True,
            consents=[{"purpose": purpose, "text_version": cast.CONSENT_TEXT} for purpose in consents],
        )
        return who

    # Chapter 1: V1.

    def _walk_ten_minutes(self) -> None:
        self.board.chapter("걸어서 10분 (walk ten minutes)")
        self.watcher.programmes[1] = self._programme(cast.WALK)
        jobs = {job.name: job for job in cast.JOBS}
        now = self.desk.clock.now()
        self._publish(jobs["G"], cast.WALK, 1, deadline=now + timedelta(seconds=G_ENDS_AFTER))
        self._publish(jobs["F"], cast.WALK, 1)
        self._fill_f()
        self.outcome.states = {
            "F": self._state_until("F", "filled"),
            "G": self._state_until("G", "closed"),
        }
        for job in cast.JOBS:
            if job.name not in cast.FIRST:
                self._publish(job, cast.WALK, 1)
        self._search()
        self._search_by_device()
        self._neighbours_hear()

    def _fill_f(self) -> None:
        one = self.neighbours[0]
        name, officer = self.officers[0]
        self._do(self._resident(one), OPENINGS, "apply", opening_id=self._openings["F"])
        at = self.board.now()
        self._do(officer, OPENINGS, "select", opening_id=self._openings["F"], resident_id=one.resident_id)
        self.board.act(name, f"{one.name} 님을 F에 선정", "한 자리뿐이라 모집 완료", at=at)

    def _state_until(self, name: str, state: str) -> str:
        told = self.desk.wait(
            lambda: self._ask(None, OPENINGS, "get", opening_id=self._openings[name]), lambda one: one["state"] == state
        )
        return str(told["state"])

    def _search(self) -> None:
        names = list(cast.EVERYTHING_OPEN)
        wide = self.desk.wait(
            lambda: self._nearby(radius=cast.WIDE), lambda found: [one.name for one in found] == names
        )
        near = self._nearby()
        self.outcome.wide, self.outcome.near = wide, near
        walker = self.walker
        kept = self._ask(self._resident(walker), REGISTRY, "get", resident_id=walker.resident_id)
        self.outcome.place_kept = kept["home"]
        told = ", ".join(f"{one.name} {one.distance_m} m 도보 {one.walk_minutes}분" for one in near) or "없음"
        left_out = [f"{one.name} {one.distance_m} m" for one in wide if one not in near]
        self.board.act(
            f"{walker.name} (58)",
            "주소로 찾음",
            f"{told}; 밖: {', '.join(left_out)}",
            good=[one.name for one in near] == [name for name, _ in cast.WITHIN_A_WALK],
        )

    def _nearby(self, **how: Any) -> list[Found]:
        lat, lon = cast.HERE
        told = self._ask(None, OPENINGS, "nearby", tenant=self.tenant, lat=lat, lon=lon, **how)
        names = {opening_id: name for name, opening_id in self._openings.items()}
        return [
            Found(names.get(row["opening_id"], "?"), row["title"], row["distance_m"], row["walk_minutes"])
            for row in told["openings"]
        ]

    def _search_by_device(self) -> None:
        lat, lon = cast.HERE
        try:
            self._ask(
                self._resident(self.walker),
                OPENINGS,
                "nearby",
                tenant=self.tenant,
                lat=lat,
                lon=lon,
                source="device",
            )
        except Refused as refused:
            words = catalogue.words(refused.code, "ko", field=refused.field, values=refused.values)
            self.outcome.device_refusal = (refused.code, words.detail)
            self.board.act(f"{self.walker.name} (58)", "기기 위치로 찾음 → 거절", words.detail)
            return
        self.board.act(f"{self.walker.name} (58)", "기기 위치로 찾음", "동의가 없는데 거절되지 않았습니다", good=False)

    def _neighbours_hear(self) -> None:
        about = self._openings["A"]
        told = {
            one.name: len(
                self.desk.wait(
                    lambda one=one: [  # type: ignore[misc]
                        letter
                        for letter in self._letters_of(one)
                        if letter["about"] == about and letter["kind"] == "published"
                    ],
                    bool,
                )
            )
            for one in self.neighbours
        }
        self.outcome.neighbours_told = told

    # Chapter 2: V2.

    def _recruit_until_complete(self) -> None:
        self.board.chapter("모집 완료 (recruitment complete)")
        self.watcher.programmes[2] = self._programme(cast.MEALS)
        self._publish(cast.MEAL_HELPERS, cast.MEALS, cast.PLACES)
        opening_id = self.outcome.opening_id = self._openings["V2"]
        for one in self.applicants:
            self._do(self._resident(one), OPENINGS, "apply", opening_id=opening_id)
        (_, first), (_, second) = self.officers
        for (name, officer), one in zip(self.officers, self.applicants, strict=False):
            at = self.board.now()
            self._do(officer, OPENINGS, "select", opening_id=opening_id, resident_id=one.resident_id)
            self.board.act(name, f"{one.name} 님을 선정", at=at)
        at = self.board.now()
        answers = self._race(opening_id, (first, self.applicants[2]), (second, self.applicants[3]))
        self.outcome.refusals = [answer.code for answer in answers if isinstance(answer, Refused)]
        for (name, _), one, answer in zip(self.officers, self.applicants[2:4], answers, strict=True):
            if isinstance(answer, Refused):
                words = catalogue.words(answer.code, "ko", field=answer.field, values=answer.values)
                self.board.act(name, f"동시에 {one.name} 님 → 거절", words.title, at=at)
            else:
                self.board.act(name, f"동시에 {one.name} 님을 선정", "마지막 자리", at=at)
        self._letters_until_complete(opening_id)

    def _race(self, opening_id: str, *presses: tuple[Actor, cast.Who]) -> list[Mapping[str, Any] | Refused]:
        """Let officers press ``select`` for the last place at the same moment; return what each was told."""
        ready = threading.Barrier(len(presses))

        def press(officer: Actor, one: cast.Who) -> Mapping[str, Any] | Refused:
            ready.wait(10)
            # Both at once, so that each has a connection of its own and nobody starts late.
            self.desk.ask(None, OPENINGS, "get", opening_id=opening_id)
            ready.wait(10)
            try:
                told: Mapping[str, Any] = self._do(
                    officer, OPENINGS, "select", opening_id=opening_id, resident_id=one.resident_id
                )
            except Refused as refused:
                return refused
            return told

        with ThreadPoolExecutor(len(presses)) as pool:
            pressed = [pool.submit(press, officer, one) for officer, one in presses]
            return [one.result() for one in pressed]

    def _letters_until_complete(self, opening_id: str) -> None:
        rest = len(self.applicants) - cast.PLACES
        self.desk.wait(
            lambda: self._counts(opening_id)["letters"],
            lambda letters: letters.get("selected") == cast.PLACES and letters.get("closed") == rest,
        )
        self._figures_until_complete()

    def _figures_until_complete(self) -> Mapping[str, Any]:
        return self.desk.wait(
            lambda: self._figures(cast.MEALS),
            lambda total: total["filled"] == cast.PLACES and total["applications"] == len(self.applicants),
        )

    # Chapter 3: the same news, five times more.

    def _deliver_again(self) -> None:
        self.board.chapter("다시 배달 다섯 번 (redelivered)")
        opening_id = self.outcome.opening_id
        filled = self.desk.wait(lambda: self._filled_events(opening_id), bool)
        if not filled:
            self.board.act("운영자", "다시 배달할 모집 완료 이벤트가 없음", good=False)
            return
        seen = filled[0]
        self.outcome.filled_id = seen.event.id
        dealt = dealt_with(self.town)
        at = self.board.now()
        confirmed = deliver_again(self.town.amqp_url, seen, cast.REDELIVERIES)
        self.board.act("운영자", f"모집 완료 이벤트를 {confirmed}번 다시 보냄", "같은 id, 같은 내용으로", at=at)
        queues = [spec.name for spec in QUEUES if spec.name in heard_by(placement.OPENING_FILLED.type)]
        self.outcome.dealt_with = self.desk.wait(
            lambda: dealt(queues),
            lambda told: bool(told) and all(count >= cast.REDELIVERIES for count in told.values()),
        )
        copies = self.desk.wait(
            lambda: self.watcher.copies(seen.event), lambda count: count > cast.REDELIVERIES, seconds=5
        )
        self.outcome.redelivered = copies - 1
        # The queues keep order: once this later fact is archived, so has been everything before it.
        name, officer = self.officers[0]
        at = self.board.now()
        self._do(officer, OPENINGS, "close", opening_id=opening_id)
        self.board.act(name, "공고를 마감함", "늘어난 것이 없어야 한다", at=at)
        self.desk.wait(lambda: self._archived("placement.opening.closed", opening_id), bool)

    def _filled_events(self, opening_id: str) -> list[Any]:
        return self.watcher.seen("placement.opening.filled", lambda data: data["opening_id"] == opening_id)

    def _archived(self, name: str, opening_id: str) -> list[Mapping[str, Any]]:
        """Return the archive entries of an opening's events of one contract."""
        return [
            kept
            for seen in self.watcher.seen(name, lambda data: data["opening_id"] == opening_id)
            for kept in self._kept(seen.event.id)
        ]

    # At the end everything is read back.

    def _read_everything_back(self) -> None:
        opening_id = self.outcome.opening_id
        _, officer = self.officers[0]
        applications = self._ask(officer, OPENINGS, "applications", opening_id=opening_id)["applications"]
        states = {row["resident_id"]: row["state"] for row in applications}
        self.outcome.placements = sum(state == "selected" for state in states.values())
        self.outcome.figures = self._figures_until_complete()
        self.outcome.letters = self._counts(opening_id)["letters"]
        if self.town.find("mail-sink") is not None:
            self.outcome.mails = self.desk.wait(
                self._mails, lambda mails: mails == {"sent": len(self.applicants)}, seconds=MAILS
            )
        archive = self._archive()
        self.outcome.events = len(archive)
        told = Readings(
            archive=archive,
            inboxes={one.resident_id: self._letters_of(one) for one in (*self.neighbours, *self.applicants)},
            states=states,
            opening_id=opening_id,
            figures=self.outcome.figures,
            acknowledged={"applications": len(self.applicants), "filled": cast.PLACES, "openings": 1},
            filled={kept["event_key"] for kept in self._archived("placement.opening.filled", opening_id)},
            mail_log=self._mail_log(),
        )
        self.outcome.filled_events = len(told.filled)
        self.outcome.duplicates = duplicates(told)
        published = {seen.event.subject for seen in self.watcher.seen("placement.opening.published")}
        self.outcome.missing = [
            *missing(told, applicants=[(one.resident_id, one.name) for one in self.applicants]),
            *(f"알려지지 않은 공고 {name}" for name, known in self._openings.items() if known not in published),
        ]

    def _mail_log(self) -> list[str]:
        """Return what our own mail server says it took; nothing where another one is used."""
        log = Path(self.town.mail_log)
        if self.town.find("mail-sink") is None or not log.is_file():
            return []
        return log.read_text(encoding="utf-8").splitlines()

    # How it asks.

    def _publish(self, job: cast.Job, programme: str, places: int, *, deadline: Any = None) -> None:
        opening_id = self.ids.new("opn")
        _, officer = self.officers[0]
        self._do(
            officer,
            OPENINGS,
            "publish",
            opening_id=opening_id,
            programme_id=self._programme(programme),
            title=job.title,
            place=job.workplace,
            shifts=self._work.shifts,
            places=places,
            hourly_won=self._work.hourly_won,
            mode="officer",
            deadline=iso(deadline or self.desk.clock.now() + timedelta(hours=1)),
        )
        self._openings[job.name] = opening_id

    def _programme(self, code: str) -> str:
        return f"{self.tenant}:{code}"

    def _counts(self, opening_id: str) -> Mapping[str, Mapping[str, int]]:
        told: Mapping[str, Mapping[str, int]] = self._ask(self.operator, LETTERS, "counts", about=opening_id)
        return told

    def _figures(self, programme: str) -> Mapping[str, Any]:
        told = self._ask(None, FIGURES, "figures", tenant=self.tenant, programme_id=self._programme(programme))
        total: Mapping[str, Any] = told["total"]
        return total

    def _letters_of(self, one: cast.Who) -> list[Mapping[str, Any]]:
        return self._inbox(self._resident(one))

    def _mails(self) -> dict[str, int]:
        about = self.outcome.opening_id
        return dict(
            Counter(
                letter["mail"] for one in self.applicants for letter in self._letters_of(one) if letter["about"] == about
            )
        )

    def _resident(self, one: cast.Who) -> Actor:
        return self._actor(one.resident_id, "resident")
