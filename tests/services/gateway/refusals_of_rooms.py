"""Who is refused at the addresses of rooms."""

from __future__ import annotations

from tests.services.gateway.neighbourhood import (
    BYEOL,
    EUNHA,
    HOST,
    OPERATOR,
    OTHER_TOWN,
    TENANT,
)
from tests.services.gateway.refusals import (
    MANAGERS,
    NOBODY,
    OF_HERE,
    OFFICERS,
    OWN,
    OWN_OR_MANAGER,
    OWN_OR_OFFICER,
    RESIDENTS,
    SET_ASIDE,
    SPAN,
    STRANGERS,
    STRIKE,
    TERMS,
    WEEK,
    WHEN,
    R,
    Rows,
)
from tests.services.gateway.test_rooms import a_facility

#: By route.
ROOMS: Rows = {
    # Facilities and spaces
    "POST /v1/facilities": ("/v1/facilities", a_facility(facility_id="fac-9"), OFFICERS),
    "PATCH /v1/facilities/<facility_id>": ("/v1/facilities/fac-1", {"name": "은하수"}, OFFICERS),
    "POST /v1/facilities/<facility_id>/close": ("/v1/facilities/fac-1/close", {}, OFFICERS),
    "PUT /v1/facilities/<facility_id>/hours": ("/v1/facilities/fac-1/hours", {"weekly": WEEK}, MANAGERS),
    "PUT /v1/facilities/<facility_id>/exceptions": ("/v1/facilities/fac-1/exceptions", {"exceptions": []}, MANAGERS),
    "PATCH /v1/facilities/<facility_id>/policy": ("/v1/facilities/fac-1/policy", {"check_in_needed": True}, OFFICERS),
    "POST /v1/tenants/<tenant>/facilities/import": (f"/v1/tenants/{TENANT}/facilities/import", SET_ASIDE, OFFICERS),
    "POST /v1/facilities/<facility_id>/spaces": (
        "/v1/facilities/fac-1/spaces",
        {"name": "모임방", "kind": "회의실", "capacity": 1},
        OFFICERS,
    ),
    "PATCH /v1/spaces/<space_id>": ("/v1/spaces/spc-1", {"name": "모임방"}, OFFICERS),
    "POST /v1/spaces/<space_id>/close": ("/v1/spaces/spc-1/close", {}, OFFICERS),
    # Facilities' calendars, and calendars out
    "POST /v1/feeds": ("/v1/feeds", {"space_id": "spc-1", "adapter": "person"}, MANAGERS),
    "GET /v1/feeds/<feed_id>": ("/v1/feeds/fed-1", {}, MANAGERS),
    "PATCH /v1/feeds/<feed_id>": ("/v1/feeds/fed-1", {"every": 600}, MANAGERS),
    "POST /v1/feeds/<feed_id>/disconnect": ("/v1/feeds/fed-1/disconnect", {}, MANAGERS),
    "POST /v1/feeds/<feed_id>/reconcile": ("/v1/feeds/fed-1/reconcile", {}, MANAGERS),
    "GET /v1/facilities/<facility_id>/feeds": ("/v1/facilities/fac-1/feeds", {}, MANAGERS),
    "POST /v1/calendars": ("/v1/calendars", {"kind": "space", "subject_id": "spc-1"}, MANAGERS),
    "GET /v1/calendars": (f"/v1/calendars?kind=resident&subject_id={R}", {}, OWN),
    "POST /v1/calendars/<address_id>/renew": ("/v1/calendars/cal-1/renew", {}, OWN),
    "POST /v1/calendars/<address_id>/revoke": ("/v1/calendars/cal-1/revoke", {}, OWN),
    # Plans
    "POST /v1/plans": ("/v1/plans", {**TERMS, **OF_HERE}, OFFICERS),
    "PUT /v1/plans/<plan_id>": ("/v1/plans/pln-1", TERMS, OFFICERS),
    "POST /v1/plans/<plan_id>/withdraw": ("/v1/plans/pln-1/withdraw", {}, OFFICERS),
    "POST /v1/subscriptions": ("/v1/subscriptions", {"plan_id": "pln-1", "resident_id": R}, OWN_OR_OFFICER),
    "GET /v1/subscriptions/<subscription_id>": ("/v1/subscriptions/sub-1", {}, OWN_OR_OFFICER),
    "GET /v1/residents/<resident_id>/subscriptions": (
        f"/v1/residents/{R}/subscriptions",
        {},
        {**NOBODY, BYEOL: "only_for_oneself", HOST: "role_not_allowed"},
    ),
    "GET /v1/subscriptions/<subscription_id>/statement": ("/v1/subscriptions/sub-1/statement", {}, OWN_OR_OFFICER),
    "POST /v1/subscriptions/<subscription_id>/pause": (
        "/v1/subscriptions/sub-1/pause",
        {"pause_from": "2027-01-01", "pause_until": "2027-01-05"},
        OWN_OR_OFFICER,
    ),
    "POST /v1/subscriptions/<subscription_id>/resume": ("/v1/subscriptions/sub-1/resume", {}, OWN_OR_OFFICER),
    "POST /v1/subscriptions/<subscription_id>/end": ("/v1/subscriptions/sub-1/end", {}, OWN_OR_OFFICER),
    "PUT /v1/subscriptions/<subscription_id>/members/<resident_id>": (
        "/v1/subscriptions/sub-1/members/res-2",
        {},
        OWN_OR_OFFICER,
    ),
    "DELETE /v1/subscriptions/<subscription_id>/members/<resident_id>": (
        "/v1/subscriptions/sub-1/members/res-2",
        {},
        OWN_OR_OFFICER,
    ),
    "POST /v1/subscriptions/<subscription_id>/seat/accept": ("/v1/subscriptions/sub-1/seat/accept", {}, OWN_OR_OFFICER),
    "POST /v1/subscriptions/<subscription_id>/seat/decline": ("/v1/subscriptions/sub-1/seat/decline", {}, OWN_OR_OFFICER),
    # Bookings and waiting
    "GET /v1/spaces/<space_id>/quote": (f"/v1/spaces/spc-1/quote?{WHEN}&resident_id={R}", {}, OWN_OR_OFFICER),
    "POST /v1/bookings": ("/v1/bookings", {"space_id": "spc-1", "resident_id": R, **SPAN}, OWN_OR_OFFICER),
    "GET /v1/bookings/<booking_id>": ("/v1/bookings/bkg-1", {}, OWN_OR_MANAGER),
    "GET /v1/residents/<resident_id>/bookings": (
        f"/v1/residents/{R}/bookings",
        {},
        {**NOBODY, BYEOL: "only_for_oneself", HOST: "role_not_allowed"},
    ),
    "GET /v1/spaces/<space_id>/bookings": ("/v1/spaces/spc-1/bookings", {}, MANAGERS),
    "POST /v1/bookings/<booking_id>/answer": ("/v1/bookings/bkg-1/answer", {"accept": True}, MANAGERS),
    "POST /v1/bookings/<booking_id>/cancel": ("/v1/bookings/bkg-1/cancel", {}, OWN_OR_MANAGER),
    "POST /v1/bookings/<booking_id>/check-in": ("/v1/bookings/bkg-1/check-in", {}, OWN_OR_MANAGER),
    "POST /v1/series": (
        "/v1/series",
        {"space_id": "spc-1", "resident_id": R, "every_days": 7, "times": 2, **SPAN},
        OWN_OR_OFFICER,
    ),
    "GET /v1/series/<series_id>": ("/v1/series/ser-1", {}, OWN_OR_MANAGER),
    "POST /v1/series/<series_id>/cancel": ("/v1/series/ser-1/cancel", {}, OWN_OR_MANAGER),
    "GET /v1/spaces/<space_id>/check-in-code": ("/v1/spaces/spc-1/check-in-code", {}, MANAGERS),
    "POST /v1/spaces/<space_id>/check-in-code/change": ("/v1/spaces/spc-1/check-in-code/change", {}, MANAGERS),
    "POST /v1/wishes": ("/v1/wishes", {"space_id": "spc-1", **SPAN}, RESIDENTS),
    "GET /v1/wishes": ("/v1/wishes", {}, RESIDENTS),
    "GET /v1/wishes/<wish_id>": ("/v1/wishes/wsh-1", {}, {**NOBODY, EUNHA: "only_for_oneself", **STRANGERS}),
    "POST /v1/wishes/<wish_id>/decline": ("/v1/wishes/wsh-1/decline", {}, {**RESIDENTS, EUNHA: "only_for_oneself"}),
    "POST /v1/wishes/<wish_id>/withdraw": ("/v1/wishes/wsh-1/withdraw", {}, {**RESIDENTS, EUNHA: "only_for_oneself"}),
    "GET /v1/spaces/<space_id>/wishes": ("/v1/spaces/spc-1/wishes", {}, MANAGERS),
    # Conduct and cases
    "GET /v1/residents/<resident_id>/conduct": (
        f"/v1/residents/{R}/conduct",
        {},
        {**NOBODY, BYEOL: "role_not_allowed", OPERATOR: "role_not_allowed"},
    ),
    "POST /v1/bookings/<booking_id>/excuse": ("/v1/bookings/bkg-2/excuse", {"reason": "ill"}, RESIDENTS),
    "POST /v1/bookings/<booking_id>/excuse/answer": (
        "/v1/bookings/bkg-2/excuse/answer",
        {**STRIKE, "accept": False},
        MANAGERS,
    ),
    "POST /v1/bookings/<booking_id>/appeal": ("/v1/bookings/bkg-2/appeal", {"text": "있었습니다."}, RESIDENTS),
    "POST /v1/bookings/<booking_id>/appeal/answer": (
        "/v1/bookings/bkg-2/appeal/answer",
        {**STRIKE, "accept": False},
        OFFICERS,
    ),
    "POST /v1/bookings/<booking_id>/no-show/correct": ("/v1/bookings/bkg-2/no-show/correct", STRIKE, OFFICERS),
    "GET /v1/spaces/<space_id>/excuses": ("/v1/spaces/spc-1/excuses", {}, MANAGERS),
    "GET /v1/tenants/<tenant>/appeals": (
        f"/v1/tenants/{TENANT}/appeals",
        {},
        {**NOBODY, EUNHA: "role_not_allowed", HOST: "role_not_allowed", OTHER_TOWN: "other_tenant"},
    ),
    "GET /v1/cases": ("/v1/cases", {}, RESIDENTS),
    "GET /v1/facilities/<facility_id>/cases": ("/v1/facilities/fac-1/cases", {}, MANAGERS),
}
