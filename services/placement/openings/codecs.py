"""Openings, applications and rankings as documents, and back. What older documents lack has its usual value."""

from __future__ import annotations

from typing import Any

from services.placement.budgets.model import Grant
from services.placement.openings.model import (
    Application,
    Entry,
    Lapse,
    Offer,
    Opening,
    Part,
    Placement,
    Ranking,
    Score,
    Shift,
    Standing,
    Terms,
    Workplace,
)
from shared.geo import Point
from shared.mongo.port import Document


class OpeningCodec:
    """Opening <-> document."""

    def to_document(self, opening: Opening) -> Document:
        """Return the fields to keep; ``ends`` is repeated for whoever reads fields only."""
        terms = opening.terms
        document: Document = {
            "programme_id": opening.programme_id,
            "district": opening.district,
            "state": opening.state,
            "round": opening.round,
            "published_at": opening.published_at,
            "title": terms.title,
            "place": {
                "name": terms.place.name,
                "address": terms.place.address,
                "lat": terms.place.point.lat,
                "lon": terms.place.point.lon,
            },
            "shifts": [{"start": shift.start, "end": shift.end} for shift in terms.shifts],
            "ends": terms.deadline if terms.rehearsal else min(terms.deadline, terms.ends),
            "places": terms.places,
            "hourly_won": terms.hourly_won,
            "mode": terms.mode,
            "deadline": terms.deadline,
            "rehearsal": terms.rehearsal,
            "placements": [vars(placement).copy() for placement in opening.placements],
            "left": [vars(placement).copy() for placement in opening.left],
            "grant": vars(opening.grant).copy(),
            "unsettled": list(opening.unsettled),
            "dong": terms.dong,
            "waitlist": terms.waitlist,
            "offer_minutes": terms.offer_minutes,
            "scores": [vars(score).copy() for score in terms.scores],
            "target_group": terms.target_group,
            "membership": terms.membership,
            "groups": list(opening.groups),
            "hosts": list(opening.hosts),
            "direct_job": opening.direct_job,
            "engagement": opening.engagement,
            "seed": opening.seed,
            "offers": [vars(offer).copy() for offer in opening.offers],
            "lapsed": [vars(lapse).copy() for lapse in opening.lapsed],
            "asked": opening.asked,
            "selecting_since": opening.selecting_since,
            "order_hash": opening.order_hash,
            "candidates": opening.candidates,
            "ended_at": opening.ended_at,
            "looks_again_at": opening.looks_again_at,
        }
        if opening.due is not None:
            document["due"] = opening.due
        return document

    def from_document(self, document: Document) -> Opening:
        """Return the opening."""
        place = document["place"]
        return Opening(
            id=document["_id"],
            tenant=document["tenant"],
            programme_id=document["programme_id"],
            district=document["district"],
            state=document["state"],
            round=document["round"],
            published_at=document["published_at"],
            terms=Terms(
                title=document["title"],
                place=Workplace(place["name"], place["address"], Point(place["lat"], place["lon"])),
                shifts=tuple(Shift(shift["start"], shift["end"]) for shift in document["shifts"]),
                places=document["places"],
                hourly_won=document["hourly_won"],
                mode=document["mode"],
                deadline=document["deadline"],
                rehearsal=document["rehearsal"],
                dong=document.get("dong"),
                waitlist=document.get("waitlist", False),
                offer_minutes=document.get("offer_minutes", Terms.offer_minutes),
                scores=tuple(Score(**score) for score in document.get("scores", ())),
                target_group=document.get("target_group"),
                membership=document.get("membership", Terms.membership),
            ),
            placements=tuple(Placement(**placement) for placement in document["placements"]),
            left=tuple(Placement(**placement) for placement in document.get("left", ())),
            grant=Grant(**document["grant"]),
            unsettled=tuple(document["unsettled"]),
            hosts=tuple(document.get("hosts", ())),
            direct_job=document.get("direct_job", False),
            engagement=document.get("engagement", Opening.engagement),
            groups=tuple(document.get("groups", ())),
            seed=document.get("seed", ""),
            offers=tuple(Offer(**offer) for offer in document.get("offers", ())),
            lapsed=tuple(Lapse(**lapse) for lapse in document.get("lapsed", ())),
            asked=document.get("asked", 0),
            selecting_since=document.get("selecting_since"),
            order_hash=document.get("order_hash"),
            candidates=document.get("candidates"),
            ended_at=document.get("ended_at"),
            looks_again_at=document.get("looks_again_at"),
        )


class ApplicationCodec:
    """Application <-> document."""

    _FIELDS = (
        "opening_id",
        "programme_id",
        "district",
        "resident_id",
        "state",
        "attempt",
        "submitted_at",
        "reason",
        "proxy",
    )

    def to_document(self, application: Application) -> Document:
        """Return the fields to keep."""
        document: Document = {name: getattr(application, name) for name in self._FIELDS}
        if application.why is not None:
            document["why"] = dict(application.why)
        if application.withdrawn_by is not None:
            document["withdrawn_by"] = application.withdrawn_by
        return document

    def from_document(self, document: Document) -> Application:
        """Return the application."""
        fields: dict[str, Any] = {name: document[name] for name in self._FIELDS}
        fields |= {name: document.get(name) for name in ("why", "withdrawn_by")}
        return Application(id=document["_id"], tenant=document["tenant"], **fields)


class RankingCodec:
    """Ranking <-> document."""

    def to_document(self, ranking: Ranking) -> Document:
        """Return the fields to keep."""
        return {
            "method": ranking.method,
            "made_at": ranking.made_at,
            "entries": [
                {
                    "application_id": entry.application_id,
                    "attempt": entry.attempt,
                    "ticket": entry.ticket,
                    "rank": entry.rank,
                    "objection": None if entry.standing.objection is None else dict(entry.standing.objection),
                    "ranked_lower": entry.standing.ranked_lower,
                    "parts": [{**vars(part), "values": dict(part.values)} for part in entry.parts],
                }
                for entry in ranking.entries
            ],
        }

    def from_document(self, document: Document) -> Ranking:
        """Return the ranking."""
        return Ranking(
            id=document["_id"],
            tenant=document["tenant"],
            method=document["method"],
            made_at=document["made_at"],
            entries=tuple(
                Entry(
                    row["application_id"],
                    row["attempt"],
                    row["ticket"],
                    row["rank"],
                    Standing(row["objection"], row["ranked_lower"]),
                    tuple(Part(**part) for part in row["parts"]),
                )
                for row in document["entries"]
            ),
        )
