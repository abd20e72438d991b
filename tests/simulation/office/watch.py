"""What must never be, at any moment: looked at right after every write, before anybody else goes on."""

from __future__ import annotations

from collections.abc import Iterator

from tests.simulation.office import rooms
from tests.simulation.world import World


class Watch:
    """Notes what should not have been."""

    def __init__(self, world: World) -> None:
        self.world = world
        #: Complaints, each once, in order.
        self.seen: dict[str, None] = {}
        self._looks = {
            "bookings": self._two_in_one_room,
            "diaries": self._two_claims_on_one_span,
            "wishes": self._one_span_offered_to_two,
            "seat_plans": self._more_people_than_seats,
            "ledgers": self._minutes_below_zero,
        }
        world.watchers.append(self)

    def __call__(self, what: str) -> None:
        """Look at what was written."""
        look = self._looks.get(what.removeprefix("database ").partition(".")[0])
        if look is not None:
            for complaint in look():
                if complaint not in self.seen:
                    self.seen[complaint] = None
                    self.world.scheduler.tell(f"NEVER {complaint}")

    def _rows(self, collection: str) -> list[rooms.Row]:
        found = self.world.databases["spaces"].collection(collection).everything()
        return [row for row in found if not row.get("tombstone")]

    def _two_in_one_room(self) -> Iterator[str]:
        """Whatever diaries say: no two bookings that have their span clash, parts and buffers included."""
        by_root: dict[str, list[rooms.Row]] = {}
        for booking in self._rows("bookings"):
            if booking["state"] in rooms.HAVE_SPAN:
                by_root.setdefault(booking["root_id"], []).append(booking)
        for bookings in by_root.values():
            for one, other in rooms.clashing(bookings):
                yield f"{rooms.name(one)} and {rooms.name(other)} are both booked"

    def _two_claims_on_one_span(self) -> Iterator[str]:
        for diary in self._rows("diaries"):
            claims = [claim for claim in diary["claims"] if claim["kind"] != "feed"]
            for one, other in rooms.clashing(claims):
                yield f"{rooms.name(one)} and {rooms.name(other)} both have their claim in {diary['_id']}"

    def _one_span_offered_to_two(self) -> Iterator[str]:
        """An offer is kept by its claim: who is offered a span that somebody else has as an offer was promised too much."""
        now = self.world.scheduler.now()
        offered = [wish for wish in self._rows("wishes") if wish["state"] == "offered" and wish["offer_until"] > now]
        for one, other in rooms.clashing(offered):
            if one["root_id"] == other["root_id"]:
                yield f"{rooms.name(one)} and {rooms.name(other)} are offered at once"

    def _more_people_than_seats(self) -> Iterator[str]:
        for plan in self._rows("seat_plans"):
            numbers = [one["seat"] for one in plan["occupants"]]
            who = [one["subscription_id"] for one in (*plan["occupants"], *plan["line"])]
            if len(set(numbers)) < len(numbers) or len(set(who)) < len(who):
                yield f"{plan['_id']} has {numbers} for {who}"

    def _minutes_below_zero(self) -> Iterator[str]:
        for ledger in self._rows("ledgers"):
            taken = sum(line["held"] + line["consumed"] for line in ledger["lines"])
            came = ledger["granted"] + ledger["carried"] + sum(one["minutes"] for one in ledger["received"])
            left = came - ledger["expired"] - ledger["carried_out"] - ledger["handed_out"] - taken
            if left < 0:
                yield f"{ledger['_id']} has {left} minutes left"
