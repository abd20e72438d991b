"""What crosses the RPC door of bookings."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from services.spaces.schemas import REACHABLE, Command, an_id, instant, maybe_id, new_booking_id


class Quote(Schema):
    """A span of a space, before it is asked for."""

    space_id = an_id()
    start = instant()
    end = instant()
    subscription_id = maybe_id()
    resident_id = maybe_id()


class Request(Command):
    """A span of a space. ``resident_id`` left out: whoever asks."""

    booking_id = new_booking_id()
    space_id = an_id()
    start = instant()
    end = instant()
    subscription_id = maybe_id()
    resident_id = maybe_id()
    #: The waiting list's offer that is accepted by this.
    offer_id = maybe_id()


class RequestSeries(Command):
    """A span and its repeats every ``every_days`` days, ``times`` in all."""

    series_id = new_booking_id(60)
    space_id = an_id()
    start = instant()
    end = instant()
    every_days = fields.Integer(required=True, strict=True)
    times = fields.Integer(required=True, strict=True)
    subscription_id = maybe_id()
    resident_id = maybe_id()


class OneSeries(Schema):
    """Which series."""

    series_id = an_id()


class SeriesAct(Command):
    """An act on a series."""

    series_id = an_id()


class OneBooking(Schema):
    """Which booking."""

    booking_id = an_id()


class BookingAct(Command):
    """An act on one booking."""

    booking_id = an_id()


class Answer(BookingAct):
    """A facility's answer."""

    accept = fields.Boolean(required=True)


class CheckIn(BookingAct):
    """The code that the room shows; staff leave it out."""

    code = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=12))


class Mine(Schema):
    """A resident's bookings that end after ``since``; left out: now."""

    resident_id = maybe_id()
    since = fields.AwareDateTime(load_default=None, allow_none=True, format="iso", validate=REACHABLE)
    limit = fields.Integer(strict=True)


class OfSpace(Schema):
    """The active bookings of a space, page by page."""

    space_id = an_id()
    limit = fields.Integer(strict=True)
    cursor = fields.String(allow_none=True)
