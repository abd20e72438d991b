"""Agreements: drafted, signed by all parties, ended; who may, and what everybody reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.placement.agreements.model import MOST_PARTNERS
from services.placement.agreements.storage import agreements
from services.placement.agreements.usecases import AgreementDesk
from services.placement.programmes.model import Tenant
from shared.actors import ANYONE, Actor
from shared.clock import StoppedClock
from shared.errors import NotFound, Refused
from shared.messaging.outbox import event_of
from shared.mongo.twin import TwinDatabase
from shared.serial import KeyedQueue
from tests.services.placement.budgets.makers import (
    ALLOWANCE,
    CITY,
    GWANGSAN,
    LIBRARY,
    OF_BUKGU,
    OF_GWANGSAN,
    RESIDENT,
    STRANGER,
    TENANT,
    UMBRELLA,
    PaperProgrammes,
    a_programme,
)

#: 14:00 in Seoul.
NOW = datetime(2026, 12, 1, 5, 0, tzinfo=UTC)
HASH = "a" * 64
#: 영유아 수면 코칭: ten partners on one agreement.
TEN = [
    {"name": f"{name} 어린이집", "does": "참여 가정을 알린다."}
    for name in ("은하수", "별빛", "달빛", "햇살", "구름", "무지개", "새싹", "나무", "바람", "이슬")
]
DANGGEUN = {"name": "㈜당근마켓", "does": "가까운 일자리를 앱에서 알린다."}


class PaperTenants(dict[str, Tenant]):
    """Tenants on paper, open unless they are closed here."""

    def get(self, aggregate_id: str) -> Tenant:  # type: ignore[override]
        """Return the tenant."""
        return self.setdefault(aggregate_id, Tenant(id=aggregate_id, tenant=aggregate_id, name="광주광역시"))


@dataclass
class Registry:
    """The desk, its clock, and what it said."""

    desk: AgreementDesk
    tenants: PaperTenants
    clock: StoppedClock
    database: TwinDatabase
    numbers: Any

    def act_id(self) -> str:
        """Return an id for an act."""
        return f"act-{next(self.numbers)}"

    def drafts(self, agreement_id: str = "agr-1", *, actor: Actor = CITY, **changes: Any) -> dict[str, Any]:
        """Prepare an agreement."""
        asked: dict[str, Any] = {
            "act_id": self.act_id(),
            "programme_id": ALLOWANCE,
            "title": "광산프로젝트 업무협약",
            "partners": [DANGGEUN],
            **changes,
        }
        return self.desk.draft(actor, agreement_id=agreement_id, **asked)

    def signs(self, agreement_id: str = "agr-1", *, actor: Actor = CITY, **changes: Any) -> dict[str, Any]:
        """Note that all signed."""
        asked = {"act_id": self.act_id(), "day": "2026-12-01", "documents": [HASH], **changes}
        return self.desk.sign(actor, agreement_id=agreement_id, **asked)

    def adds(self, name: str, does: str = "돕는다.", *, actor: Actor = CITY) -> dict[str, Any]:
        """Add a party."""
        return self.desk.add_partner(actor, act_id=self.act_id(), agreement_id="agr-1", name=name, does=does)

    def removes(self, name: str, *, actor: Actor = CITY) -> dict[str, Any]:
        """Take a party out."""
        return self.desk.remove_partner(actor, act_id=self.act_id(), agreement_id="agr-1", name=name)

    def ends(self, day: str = "2026-12-01", *, actor: Actor = CITY) -> dict[str, Any]:
        """End the agreement."""
        return self.desk.end(actor, act_id=self.act_id(), agreement_id="agr-1", day=day, reason="함께 정함")

    def read(self, agreement_id: str = "agr-1", *, actor: Actor = CITY) -> dict[str, Any]:
        """Read an agreement."""
        return self.desk.read(actor, agreement_id=agreement_id)

    def said(self) -> list[tuple[str, str, int]]:
        """Return what was said: its name, the day, and how many partners."""
        found = [entry for kept in self.database.collection("agreements").everything() for entry in kept["outbox"]]
        return [
            (event.type.split(".")[-2], event.data["day"], event.data["partners"]) for event in map(event_of, found)
        ]


def a_registry() -> Registry:
    """Return a registry of a city with three programmes."""
    database, clock = TwinDatabase("placement"), StoppedClock(NOW)
    programmes = PaperProgrammes()
    for programme in (
        a_programme("win-win", None),
        a_programme("allowance", GWANGSAN),
        a_programme("little-library", "29170"),
    ):
        programmes[programme.id] = programme
    kept = agreements(database, clock=clock, serial=KeyedQueue())
    kept.prepare()
    tenants = PaperTenants()
    return Registry(AgreementDesk(kept, programmes, tenants, clock), tenants, clock, database, count(1))


@pytest.fixture
def registry() -> Registry:
    return a_registry()


def test_row_1_the_agreement_with_danggeun_market_of_13_april_2023(registry: Registry) -> None:
    registry.drafts()
    registry.signs(day="2023-04-13")

    [told] = registry.desk.listed(ANYONE, programme_id=ALLOWANCE)["agreements"]

    assert told["signed_on"] == "2023-04-13"
    assert [partner["name"] for partner in told["partners"]] == ["㈜당근마켓"]
    assert told["documents"] == [HASH]
    assert registry.said() == [("signed", "2023-04-13", 1)]


def test_row_11_ten_partners_stand_on_one_agreement(registry: Registry) -> None:
    registry.drafts(partners=TEN[:1])
    for partner in TEN[1:]:
        registry.adds(partner["name"], partner["does"])
    registry.signs()

    assert registry.read(actor=ANYONE)["partners"] == TEN
    assert registry.said() == [("signed", "2026-12-01", 10)]


def test_a_party_that_is_named_again_does_something_else_then(registry: Registry) -> None:
    registry.drafts(partners=TEN[:2])

    registry.adds(TEN[0]["name"], "교육실을 빌려 준다.")
    registry.removes(TEN[1]["name"])

    assert registry.read()["partners"] == [{"name": TEN[0]["name"], "does": "교육실을 빌려 준다."}]
    with pytest.raises(Refused, match="no_such_partner"):
        registry.removes("모르는 곳")


def test_what_was_signed_stays(registry: Registry) -> None:
    registry.drafts()
    registry.signs()

    changes: tuple[Callable[[], object], ...] = (
        lambda: registry.adds("늦은 곳"),
        lambda: registry.removes("㈜당근마켓"),
        registry.signs,
    )
    for change in changes:
        with pytest.raises(Refused, match="agreement_is_signed"):
            change()


def test_a_party_is_named_once_and_there_is_one_at_least(registry: Registry) -> None:
    with pytest.raises(Refused, match="partner_named_twice"):
        registry.drafts(partners=[DANGGEUN, DANGGEUN])

    registry.drafts(partners=[])
    with pytest.raises(Refused, match="agreement_has_no_partner"):
        registry.signs()


def test_parties_have_a_bound(registry: Registry) -> None:
    registry.drafts(partners=[{"name": f"기관 {number}", "does": ""} for number in range(MOST_PARTNERS)])

    with pytest.raises(Refused, match="too_many_partners"):
        registry.adds("하나 더")


def test_nobody_signs_tomorrow_or_after_the_end(registry: Registry) -> None:
    registry.drafts(ends_on="2026-11-30")

    with pytest.raises(Refused, match="day_to_come"):
        registry.signs(day="2026-12-02")
    with pytest.raises(Refused, match="ends_before_it_begins") as refused:
        registry.signs(day="2026-12-01")
    assert refused.value.field == "ends_on"


def test_an_agreement_ends_by_itself_when_its_last_day_is_over_in_seoul(registry: Registry) -> None:
    registry.drafts(ends_on="2026-12-31")
    registry.signs()

    registry.clock.at = datetime(2026, 12, 31, 14, 59, tzinfo=UTC)
    registry.desk.move_on()
    assert registry.read()["state"] == "signed"

    registry.clock.move(timedelta(minutes=1))
    registry.desk.move_on()
    registry.desk.move_on()
    assert (registry.read()["state"], registry.read()["ended_on"]) == ("ended", "2026-12-31")
    assert registry.said() == [("signed", "2026-12-01", 1), ("ended", "2026-12-31", 1)]


def test_an_officer_ends_it_once_and_not_before_it_began(registry: Registry) -> None:
    registry.drafts()
    with pytest.raises(Refused, match="agreement_is_draft"):
        registry.ends()
    registry.signs()
    with pytest.raises(Refused, match="ends_before_it_begins"):
        registry.ends("2026-11-30")

    registry.ends()

    with pytest.raises(Refused, match="agreement_is_ended"):
        registry.ends()
    assert registry.read(actor=ANYONE)["reason"] == "함께 정함"


def test_nobody_ends_it_on_a_day_to_come_or_after_its_last(registry: Registry) -> None:
    registry.drafts(ends_on="2026-12-31")
    registry.signs()

    for day, code in (("2026-12-02", "day_to_come"), ("2999-12-31", "day_to_come")):
        with pytest.raises(Refused, match=code):
            registry.ends(day)
    registry.clock.move(timedelta(days=40))
    with pytest.raises(Refused, match="out_of_range"):
        registry.ends("2027-01-01")
    assert registry.read()["state"] == "signed"

    registry.ends("2026-12-30")
    assert registry.said()[-1] == ("ended", "2026-12-30", 1)


def test_a_closed_tenant_makes_no_agreement_and_ends_those_it_has(registry: Registry) -> None:
    registry.drafts()
    registry.signs()
    registry.drafts("agr-2")
    registry.tenants.get(TENANT).close(NOW)

    acts: tuple[Callable[[], Any], ...] = (
        lambda: registry.drafts("agr-3"),
        lambda: registry.signs("agr-2"),
        lambda: registry.adds("은하수 마을회"),
        lambda: registry.removes("㈜당근마켓"),
    )
    for act in acts:
        with pytest.raises(Refused, match="tenant_is_closed"):
            act()
    registry.ends()
    assert registry.read()["state"] == "ended"


def test_a_repeated_act_is_the_same_act(registry: Registry) -> None:
    first = registry.drafts(act_id="tap")
    assert registry.drafts(act_id="tap") == first
    with pytest.raises(Refused, match="act_id_reused"):
        registry.drafts(act_id="tap", title="다른 협약")

    signed = registry.signs(act_id="sign")
    assert registry.signs(act_id="sign") == signed
    assert len(registry.said()) == 1


def test_a_draft_is_for_officers_of_its_district(registry: Registry) -> None:
    registry.drafts()

    for actor, code in ((ANYONE, "sign_in_needed"), (RESIDENT, "role_not_allowed"), (OF_BUKGU, "other_district")):
        with pytest.raises(Refused, match=code):
            registry.read(actor=actor)
        assert registry.desk.listed(actor, programme_id=ALLOWANCE)["agreements"] == []
    assert registry.read(actor=OF_GWANGSAN)["state"] == "draft"
    assert len(registry.desk.listed(OF_GWANGSAN, programme_id=ALLOWANCE)["agreements"]) == 1


@pytest.mark.parametrize(
    ("actor", "code"),
    [
        (ANYONE, "sign_in_needed"),
        (RESIDENT, "role_not_allowed"),
        (Actor("host-1", frozenset({"host"}), TENANT), "role_not_allowed"),
        (STRANGER, "other_tenant"),
        (OF_BUKGU, "other_district"),
    ],
)
def test_only_officers_of_the_district_act(registry: Registry, actor: Actor, code: str) -> None:
    registry.drafts()
    acts: tuple[Callable[[], object], ...] = (
        lambda: registry.drafts("agr-2", actor=actor),
        lambda: registry.adds("새 기관", actor=actor),
        lambda: registry.removes("㈜당근마켓", actor=actor),
        lambda: registry.signs(actor=actor),
        lambda: registry.ends(actor=actor),
    )
    for act in acts:
        with pytest.raises(Refused, match=code):
            act()
    assert registry.read()["state"] == "draft"


def test_an_agreement_of_the_whole_city_is_the_citys(registry: Registry) -> None:
    registry.drafts("agr-city", programme_id=UMBRELLA)

    with pytest.raises(Refused, match="other_district"):
        registry.signs("agr-city", actor=OF_GWANGSAN)
    registry.signs("agr-city")


def test_agreements_are_told_page_by_page(registry: Registry) -> None:
    for number in range(3):
        registry.drafts(f"agr-{number}", programme_id=LIBRARY)

    first = registry.desk.listed(CITY, programme_id=LIBRARY, limit=2)
    rest = registry.desk.listed(CITY, programme_id=LIBRARY, limit=2, cursor=first["cursor"])

    told = [row["agreement_id"] for row in first["agreements"] + rest["agreements"]]
    assert told == ["agr-0", "agr-1", "agr-2"]
    assert rest["cursor"] is None


def test_what_is_not_there(registry: Registry) -> None:
    with pytest.raises(NotFound, match="no_such_agreement"):
        registry.read("agr-x")
    with pytest.raises(NotFound, match="no_such_programme"):
        registry.drafts(programme_id="gwangju:nothing")


def test_an_end_beyond_every_calendar_is_refused(registry: Registry) -> None:
    with pytest.raises(Refused, match="out_of_range"):
        registry.drafts(ends_on="9999-12-31")


@given(st.lists(st.sampled_from(["add", "remove", "sign", "end", "sweep"]), max_size=12))
def test_whatever_is_tried_an_agreement_is_signed_once_and_ended_once_after_that(acts: list[str]) -> None:
    registry = a_registry()
    registry.drafts(ends_on="2026-12-02")
    for number, act in enumerate(acts):
        try:
            if act == "add":
                registry.adds(f"기관 {number}")
            elif act == "remove":
                registry.removes("㈜당근마켓")
            elif act == "sign":
                registry.signs()
            elif act == "end":
                registry.ends()
            else:
                registry.clock.move(timedelta(hours=12))
                registry.desk.move_on()
        except Refused:
            continue

    said = [name for name, _day, _partners in registry.said()]
    assert said in ([], ["signed"], ["signed", "ended"])
