"""An opening as others read it: schema.org JobPosting (JSON-LD) and a GeoJSON Feature (RFC 7946). Pure; public data only.

Both are made from ``shown.shown``: who applied, who has a place and the seed of a draw are never in it. A posting has what
job searches need and wish (developers.google.com/search/docs/appearance/structured-data/job-posting). People read it as it
is, so its instants and hours are Seoul's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from services.placement.programmes.model import District
from shared.clock import KST, from_iso, kst_day

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
#: How somebody is chosen, as the description says it.
CHOSEN = {
    "officer": "담당자가 지원자 가운데 선정합니다.",
    "first_come": "지원한 순서대로 선정합니다.",
    "ranked": "공개한 배점에 따른 순위로 선정합니다.",
    "draw": "추첨으로 선정합니다.",
}


def job_posting(
    shown: Mapping[str, Any], *, organisation: str, where: District | None = None, url: str | None = None
) -> dict[str, Any]:
    """Return the JSON-LD of a shown opening; ``organisation`` is the operating agency's name (운영기관).

    ``where``: the 시·군·구 of the workplace. Pay is won an hour before tax. What was closed or called off early was valid
    until then.
    """
    place = shown["place"]
    begins = min(from_iso(shift["start"]) for shift in shown["shifts"])
    known_as = {} if where is None else {"addressRegion": where.municipality, "addressLocality": where.name}
    until = min((one for one in (shown["deadline"], shown.get("ended_at")) if one is not None), key=from_iso)
    posting = {
        "@context": "https://schema.org/",
        "@type": "JobPosting",
        "title": shown["title"],
        "description": _described(shown),
        "identifier": {"@type": "PropertyValue", "name": organisation, "value": shown["opening_id"]},
        "datePosted": _in_seoul(shown["published_at"]),
        "validThrough": _in_seoul(until),
        "employmentType": EMPLOYMENT.get(shown["engagement"], ["OTHER"]),
        "hiringOrganization": {"@type": "Organization", "name": organisation},
        "jobLocation": {
            "@type": "Place",
            "name": place["name"],
            "address": {
                "@type": "PostalAddress",
                "streetAddress": place["address"],
                **{name: value for name, value in known_as.items() if value is not None},
                "addressCountry": "KR",
            },
            "geo": {"@type": "GeoCoordinates", "latitude": place["lat"], "longitude": place["lon"]},
        },
        "jobStartDate": kst_day(begins).isoformat(),
        "workHours": _hours(shown),
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


def _described(shown: Mapping[str, Any]) -> str:
    """Return what the work is, in Korean: HTML, as job searches want it, so what an officer wrote is escaped."""
    place, won = shown["place"], shown["hourly_won"]
    deadline = from_iso(shown["deadline"]).astimezone(KST)
    lines = (
        shown["title"],
        f"일하는 곳: {place['name']}, {place['address']}",
        f"일하는 시간: {_hours(shown)}",
        f"시간당 {won:,}원" if won else "보수 없음",
        f"모집 인원: {shown['places']}명. {CHOSEN.get(shown['mode'], '')}".rstrip(),
        f"지원 마감: {deadline:%Y-%m-%d %H:%M}",
    )
    return "".join(f"<p>{escape(line)}</p>" for line in lines)


def _hours(shown: Mapping[str, Any]) -> str:
    """Return every shift as people write it, KST: ``2026-12-03 10:00–12:00``, the day again where it ends on another."""
    told = []
    for shift in shown["shifts"]:
        start, end = (from_iso(shift[name]).astimezone(KST) for name in ("start", "end"))
        until = f"{end:%H:%M}" if start.date() == end.date() else f"{end:%Y-%m-%d %H:%M}"
        told.append(f"{start:%Y-%m-%d %H:%M}–{until}")
    return ", ".join(told)


def _in_seoul(instant: str) -> str:
    """Return an instant with Seoul's offset."""
    return from_iso(instant).astimezone(KST).isoformat(timespec="milliseconds")


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
