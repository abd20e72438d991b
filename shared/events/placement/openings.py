"""Openings, applications, offers, draws and placements."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from shared.events.contract import Contract, DayText, InstantText, name_of_id, number, short, whole

#: ``not_allowed``: a limit objected. ``offer_expired``, ``offer_declined``: a place was offered and not confirmed.
CLOSING_REASONS = (
    *("filled", "closed", "cancelled", "not_selected"),
    *("not_allowed", "offer_expired", "offer_declined"),
)
WITHDRAWAL_REASONS = ("resident", "officer", "application_withdrawn", "opening_cancelled")
#: How places are given: an officer chooses, the first to come, the best ranked, or the luck of a draw.
MODES = ("officer", "first_come", "ranked", "draw")
#: Why an offer of a place came to nothing.
LAPSES = ("expired", "declined", "application_withdrawn", "not_allowed", "opening_closed", "opening_cancelled")


class PlaceOfWork(Schema):
    """Where a public facility stands: not a resident's coordinates."""

    name = short(120)
    lat = number(-90, 90)
    lon = number(-180, 180)


class ShiftSpan(Schema):
    """A half-open span of work, RFC 3339."""

    start = InstantText(required=True)
    end = InstantText(required=True)


class OpeningPublished(Schema):
    """An opening takes applications. ``cost`` is what the whole opening may cost, in won."""

    opening_id = name_of_id()
    programme_id = name_of_id()
    district = short(20)
    title = short(120)
    place = fields.Nested(PlaceOfWork, required=True)
    shifts = fields.List(fields.Nested(ShiftSpan), required=True, validate=validate.Length(min=1, max=100))
    places = whole(1)
    hourly_won = whole(0)
    mode = fields.String(required=True, validate=validate.OneOf(MODES))
    deadline = InstantText(required=True)
    day = DayText(required=True)
    cost = whole(0)
    act_id = name_of_id()
    #: 동 of the place of work, as the town's list has it; left out where it is not known.
    dong = fields.String(validate=validate.Length(max=40))
    #: Of a draw, and of a ranking's ties: SHA-256 of the seed, hex. The seed is published once nobody can apply any more.
    seed_hash = fields.String(validate=validate.Length(max=64))
    direct_job = fields.Boolean()
    engagement = fields.String(validate=validate.Length(max=40))


class OpeningRef(Schema):
    """Which opening, of which programme, where."""

    opening_id = name_of_id()
    programme_id = name_of_id()
    district = short(20)
    round = whole(1)


class OpeningReopened(OpeningRef):
    """A place came free; ``round`` is the new round."""

    free = whole(1)


class OpeningCancelled(OpeningRef):
    """The opening will not happen; its places leave the figures of the day it was published."""

    places = whole(1)
    published_day = DayText(required=True)
    reason = short(200)


class PlacementSelected(OpeningRef):
    """A resident has a place. ``won`` is what this place may cost at most."""

    resident_id = name_of_id()
    application_id = name_of_id()
    won = whole(0)
    day = DayText(required=True)
    #: Which attempt of the application has the place.
    attempt = fields.Integer(strict=True, validate=validate.Range(min=1))


class PlacementWithdrawn(OpeningRef):
    """A place was given back; it leaves the figures of the day on which it was given."""

    resident_id = name_of_id()
    application_id = name_of_id()
    won = whole(0)
    #: Which attempt of the application had the place.
    attempt = whole(1)
    selected_day = DayText(required=True)
    reason = fields.String(required=True, validate=validate.OneOf(WITHDRAWAL_REASONS))
    #: The instant at which it was given: what had ended by then was never this resident's to work.
    selected_at = InstantText()


class OfferMade(OpeningRef):
    """A place is kept for one applicant, who confirms before ``until`` or loses it. At most one offer a place."""

    resident_id = name_of_id()
    application_id = name_of_id()
    attempt = whole(1)
    until = InstantText(required=True)
    #: Their place in the ranking, from 1.
    rank = whole(1)


class OfferLapsed(OpeningRef):
    """An offer came to nothing; the next candidate is asked."""

    resident_id = name_of_id()
    application_id = name_of_id()
    attempt = whole(1)
    reason = fields.String(required=True, validate=validate.OneOf(LAPSES))


class OpeningRanked(OpeningRef):
    """The candidates of an opening have an order. ``order_hash``: SHA-256, hex, of the tickets in that order."""

    method = fields.String(required=True, validate=validate.OneOf(["ranked", "draw"]))
    candidates = whole(0)
    order_hash = short(64)
    #: Of a draw, and of a ranking's ties: what its ``seed_hash`` was of.
    seed = fields.String(validate=validate.Length(max=128))


class ApplicationRef(Schema):
    """Which application; ``attempt`` counts from 1 and rises when a resident applies again."""

    application_id = name_of_id()
    opening_id = name_of_id()
    programme_id = name_of_id()
    district = short(20)
    resident_id = name_of_id()
    attempt = whole(1)


class ApplicationClosed(ApplicationRef):
    """The application came to an end without a place."""

    reason = fields.String(required=True, validate=validate.OneOf(CLOSING_REASONS))


class ApplicationWithdrawn(ApplicationRef):
    """The application was taken back; ``by_officer``: it waited, and an officer did so for the resident."""

    by_officer = fields.Boolean()


class ApplicationWaitlisted(ApplicationRef):
    """The application waits (예비) in case a place comes free. ``rank`` from 1."""

    rank = whole(1)


_REF = {"opening_id": "opn-은하수", "programme_id": "gs-citizen-allowance", "district": "29200", "round": 1}
_APPLICATION = {
    "application_id": "opn-은하수:res-1",
    "opening_id": "opn-은하수",
    "programme_id": "gs-citizen-allowance",
    "district": "29200",
    "resident_id": "res-1",
    "attempt": 1,
}
_PLACED = {**_REF, "resident_id": "res-1", "application_id": "opn-은하수:res-1", "won": 20640}

OPENING_PUBLISHED = Contract(
    "placement.opening.published",
    1,
    OpeningPublished,
    {
        "opening_id": "opn-은하수",
        "programme_id": "gs-citizen-allowance",
        "district": "29200",
        "title": "작은도서관 도서 정리",
        "place": {"name": "은하수 작은도서관", "lat": 35.1457, "lon": 126.7937},
        "shifts": [{"start": "2026-12-01T10:00:00+09:00", "end": "2026-12-01T12:00:00+09:00"}],
        "places": 3,
        "hourly_won": 10320,
        "mode": "officer",
        "deadline": "2026-11-30T18:00:00+09:00",
        "day": "2026-11-22",
        "cost": 61920,
        "act_id": "act-1",
    },
)
OPENING_FILLED = Contract("placement.opening.filled", 1, OpeningRef, _REF)
OPENING_REOPENED = Contract("placement.opening.reopened", 1, OpeningReopened, {**_REF, "round": 2, "free": 1})
OPENING_CLOSED = Contract("placement.opening.closed", 1, OpeningRef, _REF)
OPENING_CANCELLED = Contract(
    "placement.opening.cancelled",
    1,
    OpeningCancelled,
    {**_REF, "places": 3, "published_day": "2026-11-22", "reason": "시설 공사"},
)
PLACEMENT_SELECTED = Contract("placement.placement.selected", 1, PlacementSelected, {**_PLACED, "day": "2026-11-22"})
PLACEMENT_WITHDRAWN = Contract(
    "placement.placement.withdrawn",
    1,
    PlacementWithdrawn,
    {**_PLACED, "attempt": 1, "selected_day": "2026-11-22", "reason": "resident"},
)
APPLICATION_SUBMITTED = Contract(
    "placement.application.submitted",
    1,
    type("ApplicationSubmitted", (ApplicationRef,), {"day": DayText(required=True)}),
    {**_APPLICATION, "day": "2026-11-22"},
)
APPLICATION_SELECTED = Contract("placement.application.selected", 1, ApplicationRef, _APPLICATION)
APPLICATION_WITHDRAWN = Contract("placement.application.withdrawn", 1, ApplicationWithdrawn, _APPLICATION)
APPLICATION_CLOSED = Contract(
    "placement.application.closed", 1, ApplicationClosed, {**_APPLICATION, "reason": "filled"}
)

OPENING_RANKED = Contract(
    "placement.opening.ranked",
    1,
    OpeningRanked,
    {**_REF, "method": "draw", "candidates": 10, "order_hash": "0" * 64, "seed": "6f1d"},
)
_OFFERED = {**_REF, "resident_id": "res-1", "application_id": "opn-은하수:res-1", "attempt": 1}
OFFER_MADE = Contract(
    "placement.offer.made", 1, OfferMade, {**_OFFERED, "until": "2026-11-30T18:00:00+09:00", "rank": 1}
)
OFFER_LAPSED = Contract("placement.offer.lapsed", 1, OfferLapsed, {**_OFFERED, "reason": "expired"})
APPLICATION_WAITLISTED = Contract(
    "placement.application.waitlisted", 1, ApplicationWaitlisted, {**_APPLICATION, "rank": 4}
)

CONTRACTS = (
    OPENING_PUBLISHED,
    OPENING_FILLED,
    OPENING_REOPENED,
    OPENING_CLOSED,
    OPENING_CANCELLED,
    PLACEMENT_SELECTED,
    PLACEMENT_WITHDRAWN,
    APPLICATION_SUBMITTED,
    APPLICATION_SELECTED,
    APPLICATION_WITHDRAWN,
    APPLICATION_CLOSED,
    OPENING_RANKED,
    OFFER_MADE,
    OFFER_LAPSED,
    APPLICATION_WAITLISTED,
)
