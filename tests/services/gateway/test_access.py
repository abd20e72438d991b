"""Who is refused at each address that is not for everybody, where every service of the town is really there.

A route that nobody has thought of is red: it has a row here, or its refusals stand in another test that is named below.
"""

from __future__ import annotations

import re

import pytest

from services.notifications import service as notifications
from services.spaces import service as spaces
from services.statistics import service as statistics
from tests.services.gateway.neighbourhood import (
    BYEOL,
    DISTRICT,
    EUNHA,
    HOST,
    OFFICER,
    OTHER_TOWN,
    PROGRAMME,
    TENANT,
    Neighbourhood,
    a_neighbourhood,
)
from tests.services.gateway.refusals import (
    CALL,
    CITY,
    NEAR,
    OF_HERE,
    PARTY,
    PLAN,
    SPAN,
    TERMS,
    WEEK,
    R,
)
from tests.services.gateway.refusals_of_people import ELSEWHERE_TOLD, PEOPLE
from tests.services.gateway.refusals_of_rooms import ROOMS
from tests.services.gateway.test_rooms import a_facility

ROWS = {**ROOMS, **PEOPLE}


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Neighbourhood:
    """A town with all its services: somebody works there, has booked, waits, and missed a booking."""
    town = a_neighbourhood(tmp_path_factory.mktemp("town"), (spaces, notifications, statistics))
    town.works()
    town.does(OFFICER, "POST", "/v1/facilities", **a_facility(facility_id="fac-1", managers=[HOST.subject], weekly=WEEK))
    for space_id in ("spc-1", "spc-2"):
        space = {"space_id": space_id, "name": "모임방", "kind": "회의실", "capacity": 8}
        town.does(OFFICER, "POST", "/v1/facilities/fac-1/spaces", **space)
    town.does(OFFICER, "PATCH", "/v1/facilities/fac-1/policy", check_in_needed=True)
    town.does(OFFICER, "POST", "/v1/feeds", feed_id="fed-1", space_id="spc-2", adapter="person")
    town.does(OFFICER, "POST", "/v1/plans", plan_id="pln-1", **TERMS, **OF_HERE)
    town.does(EUNHA, "POST", "/v1/subscriptions", subscription_id="sub-1", plan_id="pln-1")
    soon = {"start": "2026-11-23T10:00:00+09:00", "end": "2026-11-23T12:00:00+09:00"}
    town.does(EUNHA, "POST", "/v1/bookings", booking_id="bkg-1", space_id="spc-1", **SPAN)
    town.does(EUNHA, "POST", "/v1/bookings", booking_id="bkg-2", space_id="spc-1", **soon)
    town.does(EUNHA, "POST", "/v1/series", series_id="ser-1", space_id="spc-2", every_days=7, times=2, **SPAN)
    town.does(BYEOL, "POST", "/v1/wishes", wish_id="wsh-1", space_id="spc-1", **SPAN)
    town.does(EUNHA, "POST", "/v1/calendars", address_id="cal-1", kind="resident")
    for purpose in ("location", "news_near_me"):
        town.does(EUNHA, "PUT", f"/v1/residents/{R}/consents/{purpose}", text_version="2026-01")
    town.does(EUNHA, "PUT", f"/v1/residents/{R}/interests/{R}:home", **NEAR)
    town.does(CITY, "POST", "/v1/calls", **CALL)
    town.does(
        OFFICER, "POST", "/v1/proposals", proposal_id="pro-1", code="meals-2027", call_id="call-1", district=DISTRICT, **PLAN
    )
    bori = {"code": "bori", "name": "은하수 마을 협동조합", "kind": "cooperative", "district": DISTRICT}
    town.does(OFFICER, "POST", f"/v1/tenants/{TENANT}/organisations", **bori)
    draft = {"agreement_id": "agr-1", "programme_id": PROGRAMME, "title": "식사 보조 협약", "partners": [PARTY]}
    town.does(OFFICER, "POST", "/v1/agreements", **draft)
    town.passes(days=1, hours=2)
    town.sweeps("spaces_bookings", "move_on")
    town.sweeps("spaces_conduct", "move_on")
    return town


def test_every_address_that_is_not_for_everybody_is_thought_of(town: Neighbourhood) -> None:
    paths = town.door.get("/openapi.json").json["paths"]
    guarded = {
        f"{method.upper()} {path.translate(str.maketrans('{}', '<>'))}"
        for path, operations in paths.items()
        for method, operation in operations.items()
        if method != "parameters" and {} not in operation["security"]
    }

    assert guarded == ROWS.keys() | ELSEWHERE_TOLD
    assert not ROWS.keys() & ELSEWHERE_TOLD


@pytest.mark.parametrize("route", sorted(ELSEWHERE_TOLD))
def test_nobody_gets_in_without_signing_in(town: Neighbourhood, route: str) -> None:
    method, path = route.split(" ")

    assert town.status(None, method, re.sub("<[a-z_]+>", "은하수-1", path))[0] == 401


@pytest.mark.parametrize("route", ROWS)
def test_who_may_not_is_told_so_and_nothing_is_done(town: Neighbourhood, route: str) -> None:
    path, body, refusals = ROWS[route]
    if "LETTER" in path:
        (letter, *_) = town.does(EUNHA, "GET", f"/v1/residents/{R}/letters")["letters"]
        path = path.replace("LETTER", letter["letter_id"])

    for actor, code in refusals.items():
        told = town.status(actor, route.partition(" ")[0], path, **body)
        assert told == (401 if code == "sign_in_needed" else 403, code), actor and actor.subject


@pytest.mark.parametrize(
    "path",
    [f"/v1/residents/{R}/subscriptions", f"/v1/residents/{R}/bookings", f"/v1/residents/{R}/applications"],
)
def test_officers_of_another_town_find_nothing_of_a_resident_of_ours(town: Neighbourhood, path: str) -> None:
    (found,) = [told for told in town.does(OTHER_TOWN, "GET", path).values() if isinstance(told, list)]
    (known,) = [told for told in town.does(EUNHA, "GET", path).values() if isinstance(told, list)]

    assert known
    assert not found
