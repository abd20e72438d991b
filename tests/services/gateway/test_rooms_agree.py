"""The door and the services of rooms know the same methods and the same fields: neither can drift away unnoticed."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

import pytest
from marshmallow import Schema, fields

from services.gateway.api import (
    bookings,
    calendars,
    cases,
    common,
    conduct,
    facilities,
    feeds,
    health,
    plans,
    rooms,
    spaces,
    waiting,
)
from services.spaces.agreement import schemas as agreement
from services.spaces.bookings import schemas as booked
from services.spaces.calendars_out import schemas as calendars_out
from services.spaces.cases import schemas as contradicted
from services.spaces.conduct import schemas as behaved
from services.spaces.doors import schemas as doors
from services.spaces.facilities import schemas as registered
from services.spaces.idle import schemas as idle
from services.spaces.plans import schemas as planned
from services.spaces.service import SERVICES
from services.spaces.waiting import schemas as waited
from shared.messaging.entrypoint import Asked
from tests.harness import ROOT

MODULES = (bookings, calendars, cases, conduct, facilities, feeds, plans, spaces, waiting)


def answered() -> dict[str, type[Schema] | None]:
    """Return every RPC method of spaces, by ``service.method``, with what it takes."""
    found: dict[str, type[Schema] | None] = {}
    for service in SERVICES:
        for name in dir(service):
            for entrypoint in getattr(getattr(service, name), "nameko_entrypoints", ()):
                if isinstance(entrypoint, Asked):
                    schema = entrypoint.schema
                    found[f"{service.name}.{name}"] = None if schema is None else type(schema)
    return found


def calls() -> Iterator[str]:
    """Yield ``service.method`` of every call that a view makes."""
    for module in MODULES:
        path = ROOT / "services" / "gateway" / "api" / f"{module.__name__.rpartition('.')[2]}.py"
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in ("ask", "act"):
                service, method = call.args
                assert isinstance(service, ast.Name)
                assert isinstance(method, ast.Constant)
                assert isinstance(method.value, str)
                yield f"{getattr(module, service.id)}.{method.value}"


def test_every_call_of_the_door_is_answered() -> None:
    assert set(calls()) - answered().keys() == set()


def test_every_method_of_spaces_can_be_reached_over_http() -> None:
    assert answered().keys() - set(calls()) == set()


def test_the_door_asks_every_service_of_spaces_whether_it_is_there() -> None:
    hosted = {method.partition(".")[0] for method in answered()}

    assert hosted <= set(health.SERVICES)


PAIRS: tuple[tuple[type[Schema], set[str], type[Schema]], ...] = (
    (facilities.OpenFacility, set(), registered.OpenFacility),
    (facilities.FacilityChange, {"facility_id"}, registered.ChangeFacility),
    (facilities.SetHours, {"facility_id"}, registered.SetHours),
    (facilities.SetExceptions, {"facility_id"}, registered.SetExceptions),
    (rooms.Policy, {"facility_id"}, registered.SetPolicy),
    (facilities.ImportFile, {"tenant"}, registered.ImportRows),
    (facilities.WhichFacilities, {"tenant"}, registered.ListFacilities),
    (facilities.ByAddress, {"tenant"}, registered.FindByAddress),
    (spaces.OpenSpace, {"facility_id"}, registered.OpenSpace),
    (spaces.SpaceChange, {"space_id"}, registered.ChangeSpace),
    (spaces.WhichSpaces, {"tenant"}, registered.ListSpaces),
    (spaces.WhichDays, {"space_id"}, registered.HoursOfDays),
    (spaces.IdleNear, {"tenant"}, idle.Near),
    (rooms.AskedFor, {"space_id"}, booked.Quote),
    (bookings.Request, set(), booked.Request),
    (bookings.RequestSeries, set(), booked.RequestSeries),
    (bookings.AnswerRequest, {"booking_id"}, booked.Answer),
    (bookings.CheckIn, {"booking_id"}, booked.CheckIn),
    (bookings.WhichBookings, {"resident_id"}, booked.Mine),
    (common.WhichPage, {"space_id"}, booked.OfSpace),
    (bookings.CodePage, {"space_id"}, doors.Show),
    (waiting.MakeWish, set(), waited.Wish),
    (waiting.MyWishes, set(), waited.Mine),
    (common.WhichPage, {"space_id"}, waited.OfSpace),
    (plans.OfferPlan, set(), planned.Offer),
    (plans.Terms, {"plan_id"}, planned.Change),
    (plans.WhichPlans, {"tenant"}, planned.ListPlans),
    (plans.Subscribe, set(), planned.Subscribe),
    (plans.Pause, {"subscription_id"}, planned.Pause),
    (plans.End, {"subscription_id"}, planned.End),
    (plans.WhichSubscriptions, {"resident_id"}, planned.OfResident),
    (plans.WhichCycle, {"subscription_id"}, planned.Statement),
    (cases.Decide, {"case_id"}, contradicted.Decide),
    (cases.TakeAlternative, {"case_id"}, contradicted.TakeAlternative),
    (common.WhichPage, {"facility_id"}, contradicted.OfFacility),
    (cases.MyCases, set(), contradicted.Mine),
    (conduct.WhichRecord, {"resident_id"}, behaved.Read),
    (conduct.Excuse, {"booking_id"}, behaved.Excuse),
    (conduct.Appeal, {"booking_id"}, behaved.Appeal),
    (conduct.AnswerStrike, {"booking_id"}, behaved.Answer),
    (conduct.WhoseStrike, {"booking_id"}, behaved.StrikeAct),
    (common.WhichPage, {"space_id"}, behaved.Excuses),
    (common.WhichPage, {"tenant"}, behaved.Appeals),
    (feeds.ConnectFeed, set(), agreement.ConnectFeed),
    (feeds.FeedAddress, {"feed_id"}, agreement.ChangeFeed),
    (calendars.OpenAddress, set(), calendars_out.Open),
    (calendars.WhichAddresses, set(), calendars_out.ListAddresses),
)


@pytest.mark.parametrize(
    ("told", "in_path", "taken"), PAIRS, ids=[f"{told.__name__}-{taken.__module__.split('.')[2]}" for told, _, taken in PAIRS]
)
def test_what_the_door_lets_in_is_what_the_service_takes(
    told: type[Schema], in_path: set[str], taken: type[Schema]
) -> None:
    ours, theirs = told().fields, taken().fields

    assert {*ours, *in_path} == theirs.keys() - {"act_id"}
    for name, field in ours.items():
        nested(field, theirs[name], name)


def nested(ours: Any, theirs: Any, path: str) -> None:
    """Compare what lies within: lists and objects."""
    if isinstance(theirs, fields.List):
        assert isinstance(ours, fields.List), path
        nested(ours.inner, theirs.inner, f"{path}.0")
    elif isinstance(theirs, fields.Nested):
        assert isinstance(ours, fields.Nested), path
        assert ours.schema.fields.keys() == theirs.schema.fields.keys(), path
        for name, field in ours.schema.fields.items():
            nested(field, theirs.schema.fields[name], f"{path}.{name}")
