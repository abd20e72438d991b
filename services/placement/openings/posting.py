"""An opening as others read it: schema.org JobPosting (JSON-LD) and a GeoJSON Feature (RFC 7946). Pure; public data only.

Both are made from ``shown.shown``: who applied, who has a place and the seed of a draw are never in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from shared.clock import from_iso, iso, kst_day

#: schema.org's employmentType by how somebody takes part (참여 유형).
EMPLOYMENT = {
    "employment": ["PART_TIME", "TEMPORARY"],
    "participation_allowance": ["OTHER", "TEMPORARY"],
    "volunteer": ["VOLUNTEER"],
}
SHOWN_ON_A_MAP = (
    *("opening_id", "tenant", "programme_id", "district", "dong", "title", "places", "free", "hourly_won"),
    *("won_a_place", "mode", "deadline", "state", "engagement", "direct_job", "shifts"),
)


def job_posting(shown: Mapping[str, Any], *, organisation: str, url: str | None = None) -> dict[str, Any]:
    """Return the JSON-LD of a shown opening; ``organisation`` is the operating agency's name (운영기관).

    Pay is won an hour before tax; instants are UTC, the start a KST day.
    """
    place, shifts = shown["place"], shown["shifts"]
    begins = min(from_iso(shift["start"]) for shift in shifts)
    ends = max(from_iso(shift["end"]) for shift in shifts)
    posting = {
        "@context": "https://schema.org/",
        "@type": "JobPosting",
        "title": shown["title"],
        "description": f"{shown['title']} · {place['name']}",
        "identifier": {"@type": "PropertyValue", "name": organisation, "value": shown["opening_id"]},
        "datePosted": shown["published_at"],
        "validThrough": shown["deadline"],
        "employmentType": EMPLOYMENT.get(shown["engagement"], ["OTHER"]),
        "hiringOrganization": {"@type": "Organization", "name": organisation},
        "jobLocation": {
            "@type": "Place",
            "name": place["name"],
            "address": {"@type": "PostalAddress", "streetAddress": place["address"], "addressCountry": "KR"},
            "geo": {"@type": "GeoCoordinates", "latitude": place["lat"], "longitude": place["lon"]},
        },
        "jobStartDate": kst_day(begins).isoformat(),
        "workHours": f"{iso(begins)}/{iso(ends)}",
        "totalJobOpenings": shown["places"],
        "directApply": shown["state"] == "open",
    }
    if shown["hourly_won"]:
        posting["baseSalary"] = {
            "@type": "MonetaryAmount",
            "currency": "KRW",
            "value": {"@type": "QuantitativeValue", "value": shown["hourly_won"], "unitText": "HOUR"},
        }
    if url is not None:
        posting["url"] = url
    return posting


def feature(shown: Mapping[str, Any]) -> dict[str, Any]:
    """Return a shown opening as a GeoJSON Feature: longitude first, WGS 84."""
    place = shown["place"]
    return {
        "type": "Feature",
        "id": shown["opening_id"],
        "geometry": {"type": "Point", "coordinates": [place["lon"], place["lat"]]},
        "properties": {
            **{name: shown[name] for name in SHOWN_ON_A_MAP},
            "place": place["name"],
            "address": place["address"],
        },
    }


def features(all_shown: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return shown openings as a GeoJSON FeatureCollection."""
    return {"type": "FeatureCollection", "features": [feature(shown) for shown in all_shown]}
