"""One opening from its publication to its last settled shift: residents race, hosts and officers confirm and correct.

    publish --> apply --> first come | two officers at the last place | offers, accepted or not --> attendance settled
                              +--> somebody leaves while the host confirms --> the next is asked
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from random import Random
from typing import Any

from shared.clock import from_iso, iso
from tests.chaos.load import NeverAnswered
from tests.chaos.pay.asking import LIMITS, TOO_LATE, Acting, Story, Told, Who
from tests.chaos.pay.stage import HOST, OFFICERS, PLACE, Job, Stage

OPENINGS, ATTENDANCE = "placement_openings", "placement_attendance"
#: Acts that are given up meanwhile are asked anew so often.
ANEW = 5
Sheet = Mapping[str, Any]


class Working:
    """Everybody around the openings. ``settled``: sheets that can still be corrected, for whoever comes later."""

    def __init__(self, acting: Acting, stage: Stage) -> None:
        self.settled: list[Sheet] = []
        self._acting = acting
        self._stage = stage

    def play(self, story: Story, jobs: Sequence[Job], step: Callable[[], None]) -> None:
        """Play one opening, or a pair of direct jobs; ``step`` is called three times."""
        random = Random(f"{self._stage.seed}/{story.name}")
        self._acting.hold_back()
        jobs = [self._publish(story, job) for job in jobs]
        for job in jobs:
            self._apply(story, job)
        step()
        if len(jobs) > 1:
            self._select_for_both(story, jobs)
        for job in jobs:
            self._give_places(story, job, random)
        step()
        for job in jobs:
            self._see_to(story, job, Random(f"{self._stage.seed}/{job.id}"))
        step()

    def correct_late(self, story: Story, sheets: Sequence[Sheet]) -> None:
        """Correct what may be paid already."""
        for sheet in sheets:
            self._acting.hold_back()
            random = Random(f"{self._stage.seed}/late/{sheet['attendance_id']}")
            self._correct(story, sheet, OFFICERS[2], random.choice((0, sheet["planned"] // 2, sheet["planned"])))

    # Who gets a place.

    def _publish(self, story: Story, job: Job) -> Job:
        """Publish it; an act that was given up meanwhile has used its id up, so the next try is another opening."""
        for number in range(1, ANEW + 1):
            tried = job if number == 1 else replace(job, id=f"{job.id}-{number}")
            told = self._acting.act(
                story,
                OFFICERS[0],
                OPENINGS,
                "publish",
                tried.id,
                opening_id=tried.id,
                programme_id=job.programme,
                title="경로당 식사 보조",
                place=PLACE,
                shifts=[{"start": iso(start), "end": iso(end)} for start, end in job.shifts],
                places=job.places,
                hourly_won=job.hourly_won,
                mode=job.mode,
                deadline=self._stage.deadline,
                dong=job.dong,
                hosts=[HOST[0]],
            )
            if told.refused is None:
                return tried
            self._acting.people.stopping.wait(1.0)
        raise NeverAnswered(f"{told.act}: {told.refused}, {ANEW} times")

    def _apply(self, story: Story, job: Job) -> None:
        applicants = [
            partial(
                self._acting.act,
                story,
                (name, "resident"),
                OPENINGS,
                "apply",
                f"{job.id}:{name}",
                opening_id=job.id,
            )
            for name in job.applicants
        ]
        self._acting.at_once(*applicants)

    def _select_for_both(self, story: Story, jobs: Sequence[Job]) -> None:
        """Two officers give the same resident two direct jobs on the same days, in the same moment."""
        who = jobs[0].applicants[0]
        if all(who in self._applied(story, job) for job in jobs):
            self._acting.at_once(
                *(partial(self._select, story, job, who, by) for job, by in zip(jobs, OFFICERS, strict=False))
            )

    def _give_places(self, story: Story, job: Job, random: Random) -> None:
        if job.mode == "officer":
            self._choose(story, job, random)
        elif job.mode == "first_come":
            self._acting.until(
                lambda: not any(row["state"] == "pending" for row in self._applications(story, job)),
                f"{job.id}: everybody who came is answered",
            )
        else:
            self._act_on(story, job, "rank")
            self._acting.until(lambda: self._offers_are_answered(story, job), f"{job.id}: all offers are answered")

    def _choose(self, story: Story, job: Job, random: Random) -> None:
        """Select one by one; the last place is given by two officers in the same moment, to two or to one and the same."""
        applied = self._applied(story, job)
        left = [name for name in job.applicants if name in applied]
        while left and self._opening(story, job)["state"] == "open":
            free = self._opening(story, job)["free"]
            first = left.pop(0)
            if free > 1 or not left:
                self._select(story, job, first, OFFICERS[0])
                continue
            second = first if random.random() < 0.3 else left[0]
            told = self._acting.at_once(
                partial(self._select, story, job, first, OFFICERS[0]), partial(self._select, story, job, second, OFFICERS[1])
            )
            if second != first and told[1].refused is None:
                left.remove(second)

    def _applied(self, story: Story, job: Job) -> set[str]:
        """Return who could apply: whoever has a place at the same hours by now was refused."""
        return {row["resident_id"] for row in self._applications(story, job)}

    def _select(self, story: Story, job: Job, resident: str, by: Who) -> Told:
        about = f"{job.id}:{resident}"
        return self._do_anew(
            lambda: self._acting.act(story, by, OPENINGS, "select", about, opening_id=job.id, resident_id=resident)
        )

    def _offers_are_answered(self, story: Story, job: Job) -> bool:
        """Let everybody with an offer answer it, all at once; return whether none is open and nobody is to be asked."""
        asked = [row for row in self._applications(story, job) if row["offer"] is not None]
        if asked:
            self._acting.at_once(*(partial(self._answer_offer, story, job, row) for row in asked))
            return False
        return bool(self._opening(story, job)["state"] != "selecting")

    def _answer_offer(self, story: Story, job: Job, row: Mapping[str, Any]) -> Told:
        about, who = row["application_id"], (row["resident_id"], "resident")
        shy = Random(f"{self._stage.seed}/offer/{about}/{row['attempt']}").random() < 0.25
        if not shy:
            told = self._do_anew(
                lambda: self._acting.act(story, who, OPENINGS, "accept_offer", about, application_id=about)
            )
            if told.refused not in LIMITS:
                return told
        return self._acting.act(story, who, OPENINGS, "decline_offer", about, application_id=about)

    # Who was there.

    def _see_to(self, story: Story, job: Job, random: Random) -> None:
        """Confirm every shift of every place; in some openings somebody leaves meanwhile, and another comes."""
        seen: set[str] = set()
        leaves = random.random() < 0.5
        if leaves and (placed := self._placed(story, job)):
            self._acting.until(
                lambda: len(self._sheets(story, job)) >= len(placed) * len(job.shifts), f"{job.id}: its sheets"
            )
            self._leave(story, job, random.choice(placed), random)
            self._come_instead(story, job, random)
        self._acting.until(partial(self._all_is_settled, story, job, seen), f"{job.id}: every shift settled")
        if random.random() < 0.4:
            self._act_on(story, job, "close")
            self._acting.until(partial(self._all_is_settled, story, job, seen), f"{job.id}: every shift settled")
        self.settled += [sheet for sheet in self._sheets(story, job) if sheet["state"] == "settled"]

    def _leave(self, story: Story, job: Job, who: str, random: Random) -> None:
        """Somebody gives the place back (or an officer takes it) while the host confirms their first shift."""
        mine = [sheet for sheet in self._sheets(story, job) if sheet["resident_id"] == who]
        about = f"{job.id}:{who}"
        if random.random() < 0.7:
            leaving = partial(
                self._acting.act, story, (who, "resident"), OPENINGS, "withdraw", about, application_id=about
            )
        else:
            leaving = partial(
                self._acting.act,
                story,
                OFFICERS[1],
                OPENINGS,
                "release_place",
                about,
                opening_id=job.id,
                resident_id=who,
            )
        told = self._acting.at_once(leaving, *(partial(self._confirm, story, sheet, HOST) for sheet in mine[:1]))
        if told[0].refused is None:
            self._acting.until(lambda: who not in self._placed(story, job), f"{about} has left")

    def _come_instead(self, story: Story, job: Job, random: Random) -> None:
        """Where nobody waits in line the place is open again: somebody else comes."""
        if self._opening(story, job)["state"] != "open":
            return
        who = random.choice([name for name in self._stage.residents if name not in job.applicants])
        told = self._acting.act(story, (who, "resident"), OPENINGS, "apply", f"{job.id}:{who}", opening_id=job.id)
        if told.refused is None and job.mode == "officer":
            if self._select(story, job, who, OFFICERS[0]).refused is None:
                self._acting.until(lambda: who in self._placed(story, job), f"{job.id}:{who} has come")
        elif told.refused is None:
            self._acting.until(
                lambda: not any(row["state"] == "pending" for row in self._applications(story, job)),
                f"{job.id}: whoever came instead is answered",
            )

    def _all_is_settled(self, story: Story, job: Job, seen: set[str]) -> bool:
        """Do what is to be done on each open sheet; return whether every place has all its sheets, and none is open."""
        self._acting.hold_back()
        if job.mode in ("draw", "ranked") and not self._offers_are_answered(story, job):
            return False
        sheets = self._sheets(story, job)
        for sheet in sheets:
            if sheet["state"] == "open" and sheet["attendance_id"] not in seen:
                seen.add(sheet["attendance_id"])
                self._settle(story, sheet)
            elif sheet["state"] == "open":
                self._confirm(story, sheet, HOST)
        placed, opening = self._placed(story, job), self._opening(story, job)
        if opening["state"] == "selecting" or len(placed) != opening["places"] - opening["free"]:
            # Somebody is to be asked; or the opening has decided, and the applications have not heard of it yet.
            return False
        there = {(sheet["resident_id"], sheet["shift"]) for sheet in sheets if sheet["state"] != "void"}
        wanted = {(who, shift) for who in placed for shift in range(len(job.shifts))}
        return wanted <= there and not any(sheet["state"] == "open" for sheet in self._sheets(story, job))

    def _settle(self, story: Story, sheet: Sheet) -> None:
        random = Random(f"{self._stage.seed}/sheet/{sheet['attendance_id']}")
        how = random.random()
        if how < 0.12:
            self._witness(story, sheet, "absent")
            self._confirm(story, sheet, HOST, said=False)
            if random.random() < 0.5:
                self._excuse(story, sheet)
        elif how < 0.18:
            self._excuse(story, sheet)
        elif how < 0.3:
            # Two say different things in the same moment: one settles, the other is told so.
            self._acting.at_once(
                partial(self._confirm, story, sheet, HOST), partial(self._confirm, story, sheet, OFFICERS[1], early=45)
            )
        else:
            self._confirm(story, sheet, HOST, early=random.choice((0, 0, 0, 60)))
        after = random.random()
        if after < 0.15:
            self._dispute(story, sheet, random)
        elif after < 0.3:
            # Two corrections in the same moment: both count, one after the other, unless the officer was first.
            self._acting.at_once(
                partial(self._correct, story, sheet, HOST, sheet["planned"] - 30),
                partial(self._correct, story, sheet, OFFICERS[0], sheet["planned"] - 15),
            )

    def _witness(self, story: Story, sheet: Sheet, said: str) -> Told:
        about = sheet["attendance_id"]
        return self._acting.act(story, HOST, ATTENDANCE, "witness", about, attendance_id=about, said=said)

    def _confirm(self, story: Story, sheet: Sheet, by: Who, *, early: int = 0, said: bool = True) -> Told:
        about = sheet["attendance_id"]
        words: dict[str, str] = {}
        if said:
            left = from_iso(sheet["end"]) - timedelta(minutes=early)
            words = {"came": sheet["start"], "left": iso(left)}
        return self._acting.act(story, by, ATTENDANCE, "confirm", about, attendance_id=about, **words)

    def _correct(self, story: Story, sheet: Sheet, by: Who, minutes: int) -> Told:
        about, why = sheet["attendance_id"], "다시 세어 봄"
        return self._acting.act(
            story, by, ATTENDANCE, "correct", about, attendance_id=about, minutes=minutes, reason=why
        )

    def _excuse(self, story: Story, sheet: Sheet) -> Told:
        about, why = sheet["attendance_id"], "병원에 감"
        return self._acting.act(story, OFFICERS[0], ATTENDANCE, "excuse", about, attendance_id=about, reason=why)

    def _dispute(self, story: Story, sheet: Sheet, random: Random) -> None:
        about, who = sheet["attendance_id"], (sheet["resident_id"], "resident")
        text = "그날은 조금 달랐습니다."
        told = self._acting.act(story, who, ATTENDANCE, "dispute", about, attendance_id=about, text=text)
        if told.refused is not None:
            return
        if random.random() < 0.6:
            minutes = sheet["planned"] - random.choice((0, 20))
            upheld = self._answer(story, about, answer="upheld", minutes=minutes)
            if upheld.refused != "nothing_to_correct":
                return
        self._answer(story, about, answer="rejected")

    def _answer(self, story: Story, about: str, **said: Any) -> Told:
        return self._acting.act(
            story, OFFICERS[1], ATTENDANCE, "answer", about, attendance_id=about, reason="살펴봄", **said
        )

    # How they look and ask.

    def _act_on(self, story: Story, job: Job, verb: str) -> Told:
        return self._acting.act(story, OFFICERS[0], OPENINGS, verb, job.id, opening_id=job.id)

    def _do_anew(self, act: Callable[[], Told]) -> Told:
        for _ in range(ANEW):
            told = act()
            if told.refused != TOO_LATE:
                return told
            self._acting.people.stopping.wait(1.0)
        raise NeverAnswered(f"{told.act}: {told.refused}, {ANEW} times")

    def _opening(self, story: Story, job: Job) -> Mapping[str, Any]:
        told: Mapping[str, Any] = self._acting.read(story, OFFICERS[0], OPENINGS, "get", opening_id=job.id)
        return told

    def _applications(self, story: Story, job: Job) -> list[dict[str, Any]]:
        told = self._acting.read(story, OFFICERS[0], OPENINGS, "applications", opening_id=job.id)
        rows: list[dict[str, Any]] = told["applications"]
        return rows

    def _placed(self, story: Story, job: Job) -> list[str]:
        return [row["resident_id"] for row in self._applications(story, job) if row["state"] == "selected"]

    def _sheets(self, story: Story, job: Job) -> list[Sheet]:
        found: list[Sheet] = []
        cursor: str | None = None
        while True:
            told = self._acting.read(story, HOST, ATTENDANCE, "sheets_of", opening_id=job.id, limit=100, cursor=cursor)
            found += told["sheets"]
            cursor = told["cursor"]
            if cursor is None:
                return found
