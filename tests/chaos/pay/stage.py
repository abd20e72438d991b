"""What stands before the first opening is published: programmes with money, residents with accounts, and who works where.

Everything is made from the seed: the work lies in one KST month that is over, as a rehearsal's may.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import yaml

from services.placement.wages.storage import read_wages
from shared.clock import KST, iso, kst_day
from shared.config import Settings
from tests.chaos.load import CALLERS, People, hosted_rows
from tests.chaos.pay.bank import BANK, WALLET

OPERATOR = ("operator-chaos", "operator")
OFFICERS = tuple((f"officer-{number}", "officer") for number in (1, 2, 3))
HOST = ("host-chaos", "host")
#: The programme whose monthly cap the data knows; and the sum, past which the heavy opening goes.
CAPPED, HEAVY_SHIFTS, HEAVY_HOURS = "gs-citizen-allowance", 8, 8
#: One with a cap, two of direct jobs.
PROGRAMMES = 3
#: Openings for each resident; a pair of direct jobs on the same days is one.
OPENINGS_A_RESIDENT = 0.5
#: In this order, again and again; ``pair``: two direct jobs on the same days, for the same applicants.
SHAPES = ("first_come", "officer", "draw", "pair", "ranked", "officer")
DONGS = ("첨단1동", "첨단2동", None)
PLACE = {"name": "별빛 경로당", "address": "광주광역시 광산구 별빛로 12", "lat": 35.1395, "lon": 126.8013}
#: Every so many residents: may be written to by mail; is paid in local currency; has an account that does not exist;
#: has none at first.
MAILED, IN_WALLETS, WRONG, WITHOUT = 4, 5, 6, 9
SCHEME = "gwangju-sangsaeng"


@dataclass(frozen=True)
class Resident:
    """Somebody who works. ``mail``: where they may be written to, or None."""

    id: str
    number: int
    method: str
    mail: str | None

    @property
    def is_wrong_at_first(self) -> bool:
        """Whether the first account does not exist."""
        return self.number % WRONG == 1

    @property
    def has_none_at_first(self) -> bool:
        """Whether there is no account before the last payday."""
        return self.number % WITHOUT == 7

    def account(self, version: int) -> dict[str, Any]:
        """Return the account of that version, as it is set."""
        if self.method == WALLET:
            return {"method": WALLET, "code": SCHEME, "number": f"gj-{self.number:06d}-{version}"}
        return {"method": BANK, "code": "039", "number": f"110-{self.number:06d}-{version}", "holder": "예금주"}

    def number_in_file(self, version: int) -> str:
        """Return its number as a payout file has it."""
        number = str(self.account(version)["number"])
        return number if self.method == WALLET else number.replace("-", "")


@dataclass(frozen=True)
class Job:
    """One opening as it will be published."""

    id: str
    mode: str
    programme: str
    places: int
    shifts: tuple[tuple[datetime, datetime], ...]
    hourly_won: int
    dong: str | None
    applicants: tuple[str, ...]
    direct: bool = False

    @property
    def won_a_place(self) -> int:
        """What one place costs at most."""
        return sum(won_of(minutes_of(shift), self.hourly_won) for shift in self.shifts)


@dataclass(frozen=True)
class Stage:
    """The stage. ``jobs``: what is told in one story; mostly one opening, sometimes a pair."""

    tenant: str
    prefix: str
    seed: int
    month: str
    programmes: tuple[str, ...]
    cap: Mapping[str, int]
    residents: Mapping[str, Resident]
    jobs: tuple[tuple[Job, ...], ...]
    deadline: str
    hosted: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def openings(self) -> dict[str, Job]:
        """Every opening by its id."""
        return {job.id: job for together in self.jobs for job in together}

    @property
    def wrong_numbers(self) -> list[str]:
        """Account numbers that don't exist."""
        return [one.number_in_file(0) for one in self.residents.values() if one.is_wrong_at_first]

    def owner_of(self, number: str) -> str | None:
        """Return whose account number in a file it is."""
        found = (one.id for one in self.residents.values() for version in (0, 1) if one.number_in_file(version) == number)
        return next(found, None)

    def mail_of(self, resident: str) -> str | None:
        """Where a resident may be written to."""
        return self.residents[resident].mail if resident in self.residents else None


def openings_for(residents: int) -> int:
    """Return how many stories of openings so many residents have."""
    return max(len(SHAPES), int(residents * OPENINGS_A_RESIDENT))


def minutes_of(shift: tuple[datetime, datetime]) -> int:
    """Return its whole minutes."""
    return int((shift[1] - shift[0]).total_seconds() // 60)


def won_of(minutes: int, hourly_won: int) -> int:
    """Return what minutes pay, rounded up to a whole won; written again here, so that the services' own is checked."""
    return -(-minutes * hourly_won // 60)


def a_stage(prefix: str, tenant: str, *, residents: int, seed: int, today: date) -> Stage:
    """Return the stage, not set yet."""
    rows = hosted_rows()
    capped = next(row for row in rows if row["id"] == CAPPED)
    direct = [row for row in rows if row["id"] != CAPPED][: PROGRAMMES - 1]
    hosted = {
        f"{tenant}:{row['id']}": {**row, "direct_job": row is not capped, "engagement": "participation_allowance"}
        for row in (capped, *direct)
    }
    wages = read_wages(Settings.data_dir / "wages.yaml")
    last = min(today, wages.newest_day()).replace(day=1) - timedelta(days=1)
    won = wages.won_an_hour(kind="minimum", regions=(), day=last)
    people = {
        name: Resident(
            name,
            number,
            WALLET if number % IN_WALLETS == 4 else BANK,
            f"{name}@chaos.example" if number % MAILED == 0 else None,
        )
        for number in range(residents)
        for name in [f"{prefix}-res-{number:03d}"]
    }
    random = Random(f"{seed}/jobs")
    caster = _Caster(prefix, tuple(hosted), tuple(people), last.replace(day=1), won, random)
    limit = _cap_of(CAPPED)
    return Stage(
        tenant=tenant,
        prefix=prefix,
        seed=seed,
        month=f"{last:%Y-%m}",
        programmes=tuple(hosted),
        cap={f"{tenant}:{CAPPED}": limit},
        residents=people,
        jobs=tuple(caster.cast(openings_for(residents))),
        deadline=iso(datetime.now(UTC) + timedelta(hours=6)),
        hosted=hosted,
    )


def _cap_of(code: str) -> int:
    told = yaml.safe_load((Settings.data_dir / "limits.yaml").read_text(encoding="utf-8"))
    return int(next(row["value"] for row in told["limits"] if row["kind"] == "monthly_cap" and row["scope"] == code))


@dataclass(frozen=True)
class _Caster:
    prefix: str
    programmes: tuple[str, ...]
    people: tuple[str, ...]
    first: date
    won: int
    random: Random

    def cast(self, count: int) -> Iterator[tuple[Job, ...]]:
        for number in range(count):
            shape = SHAPES[number % len(SHAPES)]
            name = f"{self.prefix}-opn-{number:03d}"
            if shape == "pair":
                days, applicants = self._shifts(), self._applicants(4)
                yield tuple(
                    self._job(f"{name}{letter}", "officer", programme, days, applicants, places=1)
                    for letter, programme in zip("ab", self.programmes[1:], strict=True)
                )
            else:
                heavy = number == 0
                programme = self.programmes[0] if heavy or self.random.random() < 0.7 else self.random.choice(self.programmes[1:])
                places = 2 if heavy else self.random.randint(1, 3)
                shifts = self._heavy() if heavy else self._shifts()
                applicants = self._applicants(places + self.random.randint(2, 3))
                yield (self._job(name, shape, programme, shifts, applicants, places=places),)

    def _job(
        self,
        name: str,
        mode: str,
        programme: str,
        shifts: tuple[tuple[datetime, datetime], ...],
        applicants: tuple[str, ...],
        *,
        places: int,
    ) -> Job:
        dong = self.random.choice(DONGS)
        direct = programme != self.programmes[0]
        return Job(name, mode, programme, places, shifts, self.won, dong, applicants, direct)

    def _applicants(self, count: int) -> tuple[str, ...]:
        return tuple(self.random.sample(self.people, min(count, len(self.people))))

    def _shifts(self) -> tuple[tuple[datetime, datetime], ...]:
        first = self.random.randint(1, 24)
        return tuple(
            self._shift(first + number, self.random.choice((120, 165, 200, 240)))
            for number in range(self.random.randint(1, 3))
        )

    def _heavy(self) -> tuple[tuple[datetime, datetime], ...]:
        return tuple(self._shift(day, HEAVY_HOURS * 60) for day in range(2, 2 + HEAVY_SHIFTS))

    def _shift(self, day: int, minutes: int) -> tuple[datetime, datetime]:
        start = datetime(self.first.year, self.first.month, day, 9, tzinfo=KST).astimezone(UTC)
        return start, start + timedelta(minutes=minutes)


def set_the_stage(people: People, *, residents: int) -> Stage:
    """Build everything over RPC."""
    stage = a_stage(
        people.prefix, people.tenant, residents=residents, seed=people.seed, today=kst_day(datetime.now(UTC))
    )
    people.insist(
        "placement_tenants",
        "open",
        OPERATOR,
        act_id=f"{stage.prefix}-tenant",
        tenant=stage.tenant,
        name="은하구 지급 (쓰러뜨려 보기)",
        rehearsal=True,
    )
    people.insist("placement_programmes", "load", OPERATOR, tenant=stage.tenant, programmes=list(stage.hosted.values()))
    for programme in stage.programmes:
        cost = sum(job.places * job.won_a_place for job in stage.openings.values() if job.programme == programme)
        people.insist(
            "placement_programmes",
            "set_budget",
            OFFICERS[0],
            act_id=f"{programme}-budget",
            programme_id=programme,
            # Whoever leaves in the middle and whoever comes for the rest may cost more together than one place.
            total=2 * cost + 1_000_000,
        )

    def register(one: Resident) -> None:
        purposes = ["service", "payout"] + (["contact_mail"] if one.mail else [])
        people.insist(
            "residents_registry",
            "register",
            (one.id, "resident"),
            act_id=f"{one.id}-register",
            resident_id=one.id,
            name="은하 이웃",
            mail=one.mail or f"{one.id}@never.example",
            over_14=True,
            consents=[{"purpose": purpose, "text_version": "2026-01"} for purpose in purposes],
        )
        if not one.has_none_at_first:
            set_account(people, one, 0)

    with ThreadPoolExecutor(CALLERS) as callers:
        list(callers.map(register, stage.residents.values()))
    return stage


def set_account(people: People, one: Resident, version: int) -> None:
    """Let a resident say where they are paid."""
    people.insist(
        "residents_accounts",
        "set",
        (one.id, "resident"),
        act_id=f"{one.id}-account-{version}",
        resident_id=one.id,
        **one.account(version),
    )
