"""A city's programmes on a twin: the desks, the shipped data, and what is said."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import yaml

from services.placement.organisations.storage import organisation_counts, organisations
from services.placement.organisations.usecases import OrganisationDesk
from services.placement.programmes.files import read_districts, read_kinds
from services.placement.programmes.reports import ReportDesk
from services.placement.programmes.schemas import LoadProgrammes
from services.placement.programmes.storage import programme_figures, programmes, tenants
from services.placement.programmes.terms import TermsDesk
from services.placement.programmes.usecases import ProgrammeDesk
from shared.actors import Actor
from shared.clock import StoppedClock
from shared.mongo.port import Database
from shared.mongo.twin import TwinDatabase
from shared.serial import KeyedQueue
from tests.harness import ROOT

TENANT = "gwangsan"
#: A Sunday, 14:00 in Seoul.
NOW = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
OPERATOR = Actor("operator-1", frozenset({"operator"}), TENANT)
OFFICER = Actor("officer-1", frozenset({"officer"}), TENANT)
OF_GWANGSAN = Actor("officer-2", frozenset({"officer"}), TENANT, frozenset({"29200"}))
OF_BUPYEONG = Actor("officer-3", frozenset({"officer"}), TENANT, frozenset({"28237"}))
OF_ELSEWHERE = Actor("officer-4", frozenset({"officer"}), "elsewhere")
RESIDENT = Actor("res-1", frozenset({"resident"}), TENANT)
HOST = Actor("host-1", frozenset({"host"}), TENANT)
NOBODY = Actor("", frozenset(), "")
DATA = ROOT / "deploy" / "data"


def the_rows() -> list[dict[str, Any]]:
    """Return the shipped rows, as they come through the door."""
    rows = yaml.safe_load((DATA / "programmes.yaml").read_text(encoding="utf-8"))["programmes"]
    return list(LoadProgrammes().load({"tenant": TENANT, "programmes": rows})["programmes"])


def a_row(**changes: Any) -> dict[str, Any]:
    """Return one row, as it comes through the door."""
    row = {
        "id": "byeolbit",
        "name_ko": "별빛 경로당 돌봄",
        "kind": "job_matching",
        "role": "hosted",
        "district": "광산구",
        "district_code": "29200",
        **changes,
    }
    return dict(LoadProgrammes().load({"tenant": TENANT, "programmes": [row]})["programmes"][0])


def named(code: str) -> str:
    """Return the id of a programme."""
    return f"{TENANT}:{code}"


@dataclass
class City:
    """All that the city's officers work with."""

    programmes: ProgrammeDesk
    terms: TermsDesk
    reports: ReportDesk
    organisations: OrganisationDesk
    database: Database
    clock: StoppedClock
    _numbers: Any = field(default_factory=lambda: count(1))

    def act_id(self) -> str:
        """Return an id for an act."""
        return f"act-{next(self._numbers)}"

    def load(self, *rows: dict[str, Any]) -> dict[str, Any]:
        """Load rows."""
        return self.programmes.load(OPERATOR, tenant=TENANT, programmes=rows)

    def report(self, code: str, **asked: Any) -> dict[str, Any]:
        """Return an umbrella's dashboard."""
        return self.reports.report(NOBODY, programme_id=named(code), **asked)

    def read(self, code: str) -> dict[str, Any]:
        """Return a programme."""
        return self.programmes.read(NOBODY, programme_id=named(code))

    def under(self, code: str) -> list[str]:
        """Return the codes of what appears under an umbrella."""
        return [row["code"] for row in self.programmes.listed(NOBODY, tenant=TENANT, under=code)["programmes"]]

    def said(self, type_: str, code: str = "byeolbit") -> list[dict[str, Any]]:
        """Return the data of what a programme said, in order."""
        document = self.database.collection("programmes").find_one({"_id": named(code)})
        assert document is not None
        return [entry["data"] for entry in document["outbox"] if entry["type"] == f"kr.sipbun.placement.{type_}.v1"]


def a_city(database: Database | None = None, districts: Path = DATA / "districts.yaml") -> City:
    """Return a city with an open tenant and no programmes; ``districts`` is the operator's file."""
    kept = database or TwinDatabase("placement")
    clock, named = StoppedClock(NOW), read_districts(districts)
    ports: dict[str, Any] = {"clock": clock, "serial": KeyedQueue()}
    all_tenants, all_programmes = tenants(kept, **ports), programmes(kept, **ports)
    figures = programme_figures(kept, **ports)
    register, counts = organisations(kept, **ports), organisation_counts(kept, **ports)
    for one in (all_tenants, all_programmes, figures, register, counts):
        one.prepare()
    city = City(
        programmes=ProgrammeDesk(
            tenants=all_tenants,
            programmes=all_programmes,
            clock=clock,
            kinds=read_kinds(DATA / "kinds.yaml"),
            districts=named,
        ),
        terms=TermsDesk(all_tenants, all_programmes, figures, clock),
        reports=ReportDesk(all_programmes, figures, named, clock),
        organisations=OrganisationDesk(all_tenants, register, counts, clock),
        database=kept,
        clock=clock,
    )
    city.programmes.open_tenant(OPERATOR, act_id="open", tenant=TENANT, name="광산구", rehearsal=False)
    return city
