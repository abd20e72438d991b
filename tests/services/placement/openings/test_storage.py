"""What is kept of openings, applications and rankings is what they are; older documents are read too."""

from __future__ import annotations

from typing import Any

from services.placement.openings.model import Evidence
from services.placement.openings.storage import ApplicationCodec, OpeningCodec, RankingCodec
from tests.services.placement.openings.hall import HOST, Hall

#: Fields that openings and their placements did not have at first.
NEW = (
    *("dong", "waitlist", "offer_minutes", "scores", "target_group", "hosts", "direct_job", "engagement", "seed"),
    *("offers", "lapsed", "asked", "selecting_since", "order_hash", "candidates"),
)


def again(codec: Any, thing: Any) -> Any:
    read = codec.from_document({"_id": thing.id, "tenant": thing.tenant, **codec.to_document(thing)})
    read.version = thing.version
    return read


def test_nothing_is_lost_on_the_way_to_the_database_and_back(hall: Hall) -> None:
    hall.evidence.by["res-1"] = Evidence(served=3, completed=1)
    hall.an_opening(mode="ranked", places=3, dong="첨단2동", by=HOST, target_group="youth")
    hall.applies(1, 2, 3, 4, 5)
    hall.limits.refused, hall.limits.lower = {"res-2"}, {"res-3"}
    hall.passes(hours=6)
    hall.accepts(hall.offered()[0])
    hall.clock.move(hall.opening().offers[0].until - hall.clock.now())
    hall.desk.close_overdue()
    opening = hall.opening()
    assert opening.placements
    assert opening.lapsed

    assert again(OpeningCodec(), opening) == opening
    ranking = hall.selection.rankings.get("opn-1")
    assert again(RankingCodec(), ranking) == ranking
    hall.hears()
    for number in range(1, 6):
        application = hall.desk.applications.get(f"opn-1:res-{number}")
        assert again(ApplicationCodec(), application) == application


def test_an_opening_from_before_there_were_offers_is_read_as_it_was(hall: Hall) -> None:
    hall.an_opening(mode="officer")
    hall.applies(1)
    hall.selects(1)
    document = hall.database.collection("openings").find_one({"_id": "opn-1"})
    assert document is not None
    for placement in document["placements"]:
        for name in ("act_id", "earned", "revision"):
            del placement[name]
    for name in NEW:
        del document[name]

    opening = OpeningCodec().from_document(document)

    assert (opening.free, opening.spare, opening.state) == (2, 2, "open")
    assert opening.terms.offer_minutes == 1_440
    assert opening.wanted_grant.committed == 20_640
