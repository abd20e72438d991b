"""How openings are reached: asked (RPC), told (events), due (timers), fed (the index)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.placement.openings import schemas
from services.placement.openings.nearby import OpeningsFeed
from services.placement.openings.reactions import reactions, with_candidates
from services.placement.wiring import furnish
from shared.actors import Actor
from shared.messaging.core import Reaction
from shared.messaging.entrypoints import asked, desk, due, fed, told


class OpeningsService:
    """Openings with N places, and the applications for them."""

    name = "placement_openings"
    rooms = desk(furnish)

    @asked(schemas.Publish)
    def publish(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Publish an opening."""
        return self.rooms.openings.publish(actor, **asked_for)

    @asked(schemas.Apply)
    def apply(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Apply for an opening."""
        return self.rooms.openings.apply(actor, **asked_for)

    @asked(schemas.ApplicationAct)
    def withdraw(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Take an application, or the place it won, back."""
        return self.rooms.openings.withdraw(actor, **asked_for)

    @asked(schemas.Select)
    def select(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Give a place to an applicant."""
        return self.rooms.openings.select(actor, **asked_for)

    @asked(schemas.ApplicationAct)
    def not_select(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Tell an applicant that there is no place for them."""
        return self.rooms.openings.not_select(actor, **asked_for)

    @asked(schemas.ResidentAct)
    def release_place(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Take a place back and offer it again."""
        return self.rooms.openings.release_place(actor, **asked_for)

    @asked(schemas.OpeningAct)
    def close(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Take no more applications."""
        return self.rooms.openings.close(actor, **asked_for)

    @asked(schemas.Cancel)
    def cancel(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Call an opening off."""
        return self.rooms.openings.cancel(actor, **asked_for)

    @asked(schemas.OpeningAct)
    def rank(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Begin to ask candidates in order."""
        return self.rooms.selection.rank(actor, **asked_for)

    @asked(schemas.ListApplications)
    def ranking(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Return the candidates in order, with reasons."""
        return self.rooms.selection.ranking(actor, **asked_for)

    @asked(schemas.ApplicationAct)
    def accept_offer(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Confirm an offered place."""
        return self.rooms.selection.accept_offer(actor, **asked_for)

    @asked(schemas.ApplicationAct)
    def decline_offer(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Let an offered place go to the next."""
        return self.rooms.selection.decline_offer(actor, **asked_for)

    @asked(schemas.OneApplication)
    def why(self, actor: Actor, *, application_id: str) -> Mapping[str, Any]:
        """Return an applicant's rank and the reasons for it."""
        return self.rooms.selection.why(actor, application_id=application_id)

    @asked(schemas.ListApplications)
    def draw(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Return what is public of a draw."""
        return self.rooms.selection.draw(actor, **asked_for)

    @asked(schemas.Quote)
    def quote(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Return what a place would do to a resident's limits, and what it pays."""
        return self.rooms.openings.quote(actor, **asked_for)

    @asked(schemas.Hosted)
    def hosted(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Return a host's openings."""
        return self.rooms.openings.hosted(actor, **asked_for)

    @asked(schemas.OneOpening)
    def posting(self, actor: Actor, *, opening_id: str) -> Mapping[str, Any]:
        """Return an opening as a schema.org JobPosting."""
        return self.rooms.openings.posting(actor, opening_id=opening_id)

    @asked(schemas.OnMap)
    def geojson(self, actor: Actor, **filters: Any) -> Mapping[str, Any]:
        """Return open openings for a map."""
        return self.rooms.openings.geojson(actor, **filters)

    @asked(schemas.OneOpening)
    def get(self, actor: Actor, *, opening_id: str) -> Mapping[str, Any]:
        """Return an opening."""
        return self.rooms.openings.read(actor, opening_id=opening_id)

    @asked(schemas.ListOpenings)
    def list(self, actor: Actor, **filters: Any) -> Mapping[str, Any]:
        """Return a tenant's openings."""
        return self.rooms.openings.listed(actor, **filters)

    @asked(schemas.Near)
    def nearby(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Return open openings within a walk."""
        return self.rooms.nearby.find(actor, **asked_for)

    @asked(schemas.ListApplications)
    def applications(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Return an opening's applications."""
        return self.rooms.openings.applications_of(actor, **asked_for)

    @asked(schemas.OneResident)
    def my_applications(self, actor: Actor, *, resident_id: str) -> Mapping[str, Any]:
        """Return a resident's own applications."""
        return self.rooms.openings.applications_by(actor, resident_id=resident_id)

    @told("placement.openings")
    def hears(self) -> Mapping[str, Reaction]:
        """Return the table of reactions."""
        return with_candidates(reactions(self.rooms.openings), self.rooms.selection)

    @due(every=1.0)
    def close_overdue(self) -> bool:
        """Close openings whose deadline is there, or let them select; let offers lapse."""
        return self.rooms.openings.close_overdue()

    @due(every=1.0)
    def ask_candidates(self) -> bool:
        """Rank, draw and ask where an opening selects and nobody is asked."""
        return self.rooms.selection.sweep()

    @due(every=5.0)
    def release_overdue_holds(self) -> bool:
        """Make acts that never came impossible, and release what they held."""
        return self.rooms.budgets.sweep()

    @fed("placement.nearby")
    def index(self) -> OpeningsFeed:
        """Return the feed of the index of nearby openings."""
        return self.rooms.feed
