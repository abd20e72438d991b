"""Hold, act, settle on diaries: every (root, day) that a span with its buffers touches, in order of the days.

Each step is one guarded document. Held claims are kept past their deadline until the sweeper has made their act
impossible; who owns the act (a booking, an offer) is asked through ``Owner``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from services.spaces.diary.model import Claim, Diary
from services.spaces.diary.storage import Diaries
from shared.clock import Clock
from shared.errors import NotFound, Refused
from shared.telemetry import log

#: Overdue diaries looked at in one sweep.
SWEPT_AT_ONCE = 50


@dataclass(frozen=True)
class Root:
    """Whose diaries they are."""

    id: str
    tenant: str
    facility_id: str
    district: str


class Owner(Protocol):
    """Whoever's act a held claim waits for."""

    def make_impossible(self, claim: Claim, tenant: str) -> bool:
        """Make the act of a held claim impossible; False when it is done."""

    def settle(self, claim_id: str) -> None:
        """Bring the act's document and its claims together."""


@dataclass(frozen=True)
class DiaryDesk:
    """The acts on diaries."""

    diaries: Diaries
    clock: Clock

    def hold(self, root: Root, claim: Claim, *, hours_version: int, instead_of: str | None = None) -> None:
        """Hold a claim on every day it touches; raise ``Refused``, and then nothing of it is held."""
        held: list[date] = []
        try:
            for day in claim.padded.days:
                self._hold(root, day, claim, hours_version, instead_of)
                held.append(day)
        except Refused:
            self.give_back(root.id, claim.id, held, claim.act_id)
            raise

    def settle(self, root_id: str, claim_id: str, days: Iterable[date]) -> bool:
        """Let the claim stay on all these days; return False when it was missing on one."""
        kept = True
        for day in days:

            def decide(diary: Diary) -> dict[str, Any]:
                return {"kept": diary.settle(claim_id)}

            kept = self._still(root_id, day, decide) and kept
        return kept

    def extend(self, root_id: str, claim_id: str, days: Iterable[date], deadline: datetime) -> bool:
        """Hold longer on all these days; return False when it was missing on one."""
        kept = True
        for day in days:

            def decide(diary: Diary) -> dict[str, Any]:
                return {"kept": diary.extend(claim_id, deadline)}

            kept = self._still(root_id, day, decide) and kept
        return kept

    def give_back(self, root_id: str, claim_id: str, days: Iterable[date], act_id: str) -> None:
        """Give back what a refused act held on these days, unless a repeat of it is under way."""
        for day in days:

            def decide(diary: Diary) -> dict[str, Any]:
                diary.give_back(claim_id, act_id)
                return {}

            self._if_there(root_id, day, decide)

    def drop(self, root_id: str, claim_id: str, days: Iterable[date], act_id: str | None = None) -> None:
        """Give the claim back on all these days; with ``act_id``, only if that act made it."""
        for day in days:
            self._drop(root_id, day, claim_id, act_id)

    def agree(self, root: Root, day: date, put: Iterable[Claim], gone: Iterable[str]) -> None:
        """Take a facility's own entries of one day as they are now."""
        put, gone = tuple(put), tuple(gone)

        def decide(diary: Diary) -> dict[str, Any]:
            diary.agree(put, gone)
            return {}

        self.diaries.act_on(Diary.id_of(root.id, day), decide, lambda: _blank(root, day))

    def bump(self, diary_ids: Iterable[str], hours_version: int) -> None:
        """Let these days be decided on newer hours."""
        for diary_id in diary_ids:

            def decide(diary: Diary) -> dict[str, Any]:
                diary.bump(hours_version)
                return {}

            self.diaries.act(None, diary_id, decide)

    def sweep(self, owners: Mapping[str, Owner]) -> bool:
        """Deal with held claims past their deadline, by kind: first make the act impossible, only then release.

        A claim whose act turns out to be done is settled instead. One that stays held after that is none of what the
        act made (its name was used to ask for something else meanwhile): it is released. Returns whether there may be
        more.
        """
        now = self.clock.now()
        overdue = self.diaries.overdue(now, SWEPT_AT_ONCE)
        for diary in overdue:
            for claim in list(diary.claims.values()):
                if claim.deadline is None or claim.deadline > now:
                    continue
                owner = owners[claim.kind]
                if owner.make_impossible(claim, diary.tenant):
                    self.drop(diary.root_id, claim.id, [diary.day], claim.act_id)
                else:
                    owner.settle(claim.id)
                    self._release_if_held(diary, claim, now)
        return len(overdue) == SWEPT_AT_ONCE

    def _release_if_held(self, diary: Diary, claim: Claim, now: datetime) -> None:
        found = self.diaries.get(diary.id).claims.get(claim.id)
        if found is not None and found.deadline is not None and found.deadline <= now:
            log.error("claim_not_settled", diary=diary.id, claim=claim.id, kind=claim.kind)
            self.drop(diary.root_id, claim.id, [diary.day], claim.act_id)

    def _hold(self, root: Root, day: date, claim: Claim, hours_version: int, instead_of: str | None) -> None:
        def decide(diary: Diary) -> dict[str, Any]:
            diary.hold(claim, hours_version=hours_version, instead_of=instead_of)
            return {}

        self.diaries.act_on(Diary.id_of(root.id, day), decide, lambda: _blank(root, day))

    def _drop(self, root_id: str, day: date, claim_id: str, act_id: str | None) -> None:
        def decide(diary: Diary) -> dict[str, Any]:
            diary.drop(claim_id, act_id)
            return {}

        self._if_there(root_id, day, decide)

    def _if_there(self, root_id: str, day: date, decide: Callable[[Diary], dict[str, Any]]) -> None:
        try:
            self.diaries.act(None, Diary.id_of(root_id, day), decide)
        except NotFound:
            return  # a day that nobody ever wrote holds nothing

    def _still(self, root_id: str, day: date, decide: Callable[[Diary], dict[str, Any]]) -> bool:
        try:
            return bool(self.diaries.act(None, Diary.id_of(root_id, day), decide)["kept"])
        except NotFound:
            return False


def _blank(root: Root, day: date) -> Diary:
    """Return a day that nobody wrote yet."""
    return Diary(
        id=Diary.id_of(root.id, day),
        tenant=root.tenant,
        root_id=root.id,
        facility_id=root.facility_id,
        district=root.district,
        day=day,
    )
