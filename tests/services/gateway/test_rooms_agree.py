"""The door and the services of rooms know the same methods and the same fields: neither can drift away unnoticed."""

from __future__ import annotations

import pytest
from marshmallow import Schema

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
from tests.services.gateway.agreeing import answered, calls, must_fit

MODULES = (bookings, calendars, cases, conduct, facilities, feeds, plans, spaces, waiting)


def test_every_call_of_the_door_is_answered() -> None:
    assert set(calls(MODULES)) - answered(SERVICES) == set()


def test_every_method_of_spaces_can_be_reached_over_http() -> None:
    assert answered(SERVICES) - set(calls(MODULES)) == set()


def test_the_door_asks_every_service_of_spaces_whether_it_is_there() -> None:
    hosted = {method.partition(".")[0] for method in answered(SERVICES)}

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
    must_fit(told, in_path, taken)
