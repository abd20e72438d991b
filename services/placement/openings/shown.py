"""What is told of openings and applications, JSON-ready."""

from __future__ import annotations

from typing import Any

from services.placement.openings.model import Application, Entry, Offer, Opening, Terms
from services.placement.openings.terms import USUAL_OFFER
from services.placement.participation.wanted import ANYONE
from shared.clock import iso


def answered(application: Application) -> dict[str, Any]:
    """Return what became of an application."""
    return {"application_id": application.id, "state": application.state, "attempt": application.attempt}


def for_officer(application: Application, opening: Opening) -> dict[str, Any]:
    """Return an application for an officer's list, with what was known and said when its place was given."""
    placement = opening.placement_of(application.resident_id)
    given: dict[str, Any] = {"registered": None, "selected_because": None}
    if placement is not None and placement.attempt == application.attempt:
        given = {"registered": placement.registered, "selected_because": placement.reason}
    return {**of_application(application, opening.offer_of(application.resident_id)), **given}


def of_application(application: Application, offer: Offer | None = None) -> dict[str, Any]:
    """Return an application for a list; ``offer`` is the open one for this attempt."""
    stands = offer is not None and offer.attempt == application.attempt
    return {
        **answered(application),
        "opening_id": application.opening_id,
        "resident_id": application.resident_id,
        "submitted_at": iso(application.submitted_at),
        "reason": application.reason,
        "why": None if application.why is None else dict(application.why),
        "proxy": application.proxy,
        "withdrawn_by": application.withdrawn_by,
        "waiting": application.waits,
        "offer": {"until": iso(offer.until), "rank": offer.rank} if offer is not None and stands else None,
    }


def unregistered(registered: bool | None) -> dict[str, Any]:
    """Return the warning about a place for somebody whom nobody registered; None: nobody could say."""
    code = "registration_not_checked" if registered is None else "resident_not_registered"
    return {"code": code, "field": "resident_id", "values": {}}


def spelled(terms: Terms) -> dict[str, Any]:
    """Return the terms JSON-ready, to recognise the same command."""
    told = {
        "title": terms.title,
        "place": [terms.place.name, terms.place.address, terms.place.point.lat, terms.place.point.lon],
        "shifts": [[iso(shift.start), iso(shift.end)] for shift in terms.shifts],
        "places": terms.places,
        "hourly_won": terms.hourly_won,
        "mode": terms.mode,
        "deadline": iso(terms.deadline),
    }
    others = {
        "dong": terms.dong,
        "waitlist": terms.waitlist or None,
        "offer_minutes": None if terms.offer_minutes == USUAL_OFFER else terms.offer_minutes,
        "scores": [[score.rule, score.weight] for score in terms.scores] or None,
        "target_group": terms.target_group,
        "membership": None if terms.membership == ANYONE else terms.membership,
    }
    return told | {name: value for name, value in others.items() if value is not None}


def shown(opening: Opening) -> dict[str, Any]:
    """Return what everybody may know of an opening: never who has a place, never the seed."""
    terms = opening.terms
    return {
        "opening_id": opening.id,
        "tenant": opening.tenant,
        "programme_id": opening.programme_id,
        "district": opening.district,
        "dong": terms.dong,
        "title": terms.title,
        "place": {
            "name": terms.place.name,
            "address": terms.place.address,
            "lat": terms.place.point.lat,
            "lon": terms.place.point.lon,
        },
        "shifts": [{"start": iso(shift.start), "end": iso(shift.end)} for shift in terms.shifts],
        "places": terms.places,
        "free": opening.free,
        "hourly_won": terms.hourly_won,
        "won_a_place": terms.won_a_place,
        "mode": terms.mode,
        "deadline": iso(terms.deadline),
        "waitlist": terms.waitlist,
        "offer_minutes": terms.offer_minutes,
        "scores": [{"rule": score.rule, "weight": score.weight} for score in terms.scores],
        "target_group": terms.target_group,
        "membership": terms.membership,
        "groups": list(opening.groups),
        "direct_job": opening.direct_job,
        "engagement": opening.engagement,
        "seed_hash": opening.seed_hash,
        "published_at": iso(opening.published_at),
        "ended_at": None if opening.ended_at is None else iso(opening.ended_at),
        "state": opening.state,
        "round": opening.round,
        "version": opening.version,
    }


def explained(entry: Entry) -> dict[str, Any]:
    """Return why a candidate has their rank; points are hundredths, rules are codes with words in the catalogue."""
    return {
        "application_id": entry.application_id,
        "attempt": entry.attempt,
        "rank": entry.rank,
        "ticket": entry.ticket,
        "tier": ("first", "worked_recently", "limit_objects")[entry.tier],
        "objection": None if entry.standing.objection is None else dict(entry.standing.objection),
        "points": entry.points,
        "parts": [
            {"rule": part.rule, "points": part.points, "most": part.most, "values": dict(part.values)}
            for part in entry.parts
        ],
    }
