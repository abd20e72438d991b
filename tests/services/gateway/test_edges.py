"""At the edge: who asks from where, what nobody asked for, notices, and for which tenants an outsider speaks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from werkzeug.routing import Rule

from services.gateway.app import create_app
from shared.caller import current_address
from shared.config import Misconfigured
from tests.services.gateway.test_events_in import BATCH, STRUCTURED, a_shelter_opened
from tests.services.gateway.twins import OFFICER, Door, a_gateway


@pytest.fixture
def door(tmp_path: Path) -> Door:
    """A gateway whose services answer everything with an empty object."""
    return a_gateway(tmp_path)


# From where


def whence(tmp_path: Path, *, proxies: int, forwarded: str) -> list[str | None]:
    """Return the addresses that residents and placement were told of one staff member's questions."""
    told: list[str | None] = []

    def note(**_: Any) -> dict[str, Any]:
        told.append(current_address())
        return {}

    door = a_gateway(tmp_path, {"residents_registry": note, "placement_openings": note}, proxies=proxies)
    app = create_app(door.ports)
    door.client = app.test_client()
    for path in ("/v1/residents/res-1", "/v1/openings/opn-1"):
        door.get(path, by=OFFICER, headers={"X-Forwarded-For": forwarded})
    return told


def test_residents_is_told_from_where_staff_asks_and_nobody_else_is(tmp_path: Path) -> None:
    assert whence(tmp_path, proxies=0, forwarded="198.51.100.9") == ["127.0.0.1", None]


def test_behind_a_proxy_of_ours_the_address_is_the_one_it_saw_and_not_one_that_was_claimed(tmp_path: Path) -> None:
    assert whence(tmp_path, proxies=1, forwarded="198.51.100.9, 203.0.113.7") == ["203.0.113.7", None]


def test_a_number_of_proxies_that_is_none_is_a_mistake_of_the_operators() -> None:
    from services.gateway.ports import _proxies  # noqa: PLC0415

    with pytest.raises(Misconfigured, match="SIPBUN_TRUSTED_PROXIES"):
        _proxies({"SIPBUN_TRUSTED_PROXIES": "all"})


# What nobody asked for


def test_a_query_parameter_that_nobody_knows_is_refused_at_every_address(door: Door) -> None:
    rules: list[Rule] = [
        rule
        for rule in door.app.url_map.iter_rules()
        if rule.rule.startswith("/v1/") and (rule.methods or set()) & {"GET", "POST", "PUT", "PATCH", "DELETE"}
    ]
    assert len(rules) > 30

    for rule in rules:
        path = "/".join("x" if part.startswith("<") else part for part in rule.rule.split("/"))
        (method,) = (rule.methods or set()) - {"HEAD", "OPTIONS"}
        answer = door.ask(method, f"{path}?raduis=700", by=OFFICER, json={} if method != "GET" else None)
        assert answer.status_code == 422, (method, rule.rule, answer.status_code)
    assert not door.asked


# Notices and languages


def test_notices_of_a_tenant_are_read_by_anyone_in_their_language(door: Door) -> None:
    assert door.get("/v1/tenants/gwangsan/notices?district=29200&lang=en").status_code == 200
    assert door.get("/v1/tenants/gwangsan/notices?lang=jp").status_code == 422

    (asked,) = door.asked
    assert asked.method == "notifications_letters.notices"
    assert asked.named == {"tenant": "gwangsan", "district": "29200", "lang": "en"}


def test_a_letter_is_asked_for_in_the_readers_language(door: Door) -> None:
    door.get("/v1/letters/k:res-1?lang=en", by=OFFICER)
    door.get("/v1/residents/res-1/letters?lang=en&limit=3", by=OFFICER)

    assert [asked.named["lang"] for asked in door.asked] == ["en", "en"]


def test_pages_are_asked_for_by_cursor(door: Door) -> None:
    door.get("/v1/openings/opn-1/applications?limit=200&cursor=abc", by=OFFICER)
    door.get("/v1/tenants/gwangsan/figures?limit=5&cursor=abc")
    door.get("/v1/tenants/gwangsan/openings?limit=100&cursor=abc")

    assert [asked.named["cursor"] for asked in door.asked] == ["abc"] * 3
    assert door.get("/v1/tenants/gwangsan/openings?limit=101").status_code == 422


# For whom an outsider speaks


def test_a_publisher_speaks_for_its_own_tenants_only(door: Door) -> None:
    foreign = a_shelter_opened(tenant="bukgu")

    told = door.tell(json.dumps(foreign), content_type=STRUCTURED)
    batch = door.tell(json.dumps([a_shelter_opened(), foreign]), content_type=BATCH)

    assert (told.status_code, told.json["code"], told.json["field"]) == (403, "tenant_not_yours", "tenant")
    assert "gwangsan" in told.json["detail"]
    assert batch.json["field"] == "[1].tenant"
    assert not door.desk.published
