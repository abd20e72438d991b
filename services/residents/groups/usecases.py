"""What can be done about target groups: declare, leave, verify, see, and count without naming; what services are told:
``telling``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.residents.admission import admit
from services.residents.beside import act_or_create
from services.residents.groups.model import APPLICATIONS, COMPLETED, PLACED, GroupCount, Memberships
from services.residents.groups.ports import Counts, Outcome
from services.residents.groups.telling import MOST, Telling
from services.residents.registry.model import TARGET_GROUPS, Resident
from shared.actors import Actor, must_be
from shared.aggregate import Act
from shared.clock import iso
from shared.errors import Refused
from shared.events.envelope import Event
from shared.trace import within

__all__ = ["MOST", "GroupDesk"]


@dataclass(frozen=True, kw_only=True)
class GroupDesk(Telling):
    """The acts. Each may be repeated with its ``act_id``."""

    counts: Counts

    def known(self, _actor: Actor) -> Outcome:
        """Return ``{"groups": [{group, ko, en, basis, sensitive, proof}]}``: what may be declared; anyone may ask."""
        return {
            "groups": [
                {name: value for name, value in vars(kind).items() if name not in ("code", "retired")}
                | {"group": kind.code}
                for kind in self.kinds.values()
                if not kind.retired
            ]
        }

    def declare(self, actor: Actor, *, act_id: str, resident_id: str, group: str) -> Outcome:
        """Note that the resident belongs to a group; by their own hand only, with the consent ``target_groups``."""
        resident = self._own(actor, resident_id)
        kind = self.kinds.get(group)
        if kind is None or kind.retired:
            codes = [kind.code for kind in self.kinds.values() if not kind.retired]
            raise Refused("group_unknown", field="group", groups=codes)
        now = self.clock.now()
        # Read after the clock: a withdrawal that this doesn't see is later than ``now``, and destroys what is kept.
        if not self.residents.get(resident_id).consents_to(TARGET_GROUPS):
            raise Refused("target_groups_consent_needed", field="resident_id", needs=TARGET_GROUPS)

        def decide(memberships: Memberships) -> Outcome:
            memberships.declare(group, now)
            # An outcome outlives the membership in the document, so it says nothing of it.
            return {"resident_id": resident_id}

        act = Act.of(act_id, "declare_group", sealed=resident.sealed(group=group))
        return act_or_create(self.memberships, act, Memberships(id=resident_id, tenant=resident.tenant), decide)

    def leave(self, actor: Actor, *, act_id: str, resident_id: str, group: str) -> Outcome:
        """Destroy a membership, by the resident's own hand; one that is not there is gone already."""
        resident = self._own(actor, resident_id)

        def decide(memberships: Memberships) -> Outcome:
            memberships.leave(group)
            return {"resident_id": resident_id}

        act = Act.of(act_id, "leave_group", sealed=resident.sealed(group=group))
        return act_or_create(self.memberships, act, Memberships(id=resident_id, tenant=resident.tenant), decide)

    def verify(self, actor: Actor, *, act_id: str, resident_id: str, group: str) -> Outcome:
        """Note that this officer saw a proof of what the resident declared; the proof itself is never kept."""
        must_be(actor, "officer")
        resident = admit(self.residents, self.trail, actor, resident_id, "verify_group", staff=("officer",))
        if resident_id == actor.subject:
            raise Refused("not_ones_own_proof", field="resident_id")
        since = resident.agreed_since(TARGET_GROUPS)
        if since is None:
            raise Refused("target_groups_consent_needed", field="resident_id", needs=TARGET_GROUPS)
        now = self.clock.now()

        def decide(memberships: Memberships) -> Outcome:
            memberships.verify(group, actor.subject, now, since)
            return {"resident_id": resident_id}

        act = Act.of(act_id, "verify_group", sealed=resident.sealed(group=group))
        return act_or_create(self.memberships, act, Memberships(id=resident_id, tenant=resident.tenant), decide)

    def list(self, actor: Actor, *, resident_id: str) -> Outcome:
        """Return ``{"groups": [...]}`` with who verified each, to the resident or to an officer of their tenant."""
        must_be(actor, "resident", "officer")
        resident = admit(self.residents, self.trail, actor, resident_id, "list_groups", staff=("officer",))
        kept = self.memberships.find(resident_id)
        standing = () if kept is None else kept.in_force(resident.agreed_since(TARGET_GROUPS))
        return {
            "resident_id": resident_id,
            "groups": [
                {
                    "group": one.group,
                    "declared_at": iso(one.declared_at),
                    "verified_by": one.verified_by,
                    "verified_at": None if one.verified_at is None else iso(one.verified_at),
                }
                for one in standing
            ],
        }

    # -- told

    def count_application(self, submitted: Event) -> None:
        """Count an application once for each group its resident had declared by then; applying again is the same one."""
        self._count(submitted, APPLICATIONS, attempt=1)

    def count_placed(self, selected: Event) -> None:
        """Count a place once for each group; taken back at once when it was given back meanwhile."""
        self._count(selected, PLACED)
        names, application_id, attempt = self.counts.names(), *_place(selected)
        # Counted first, then looked: whoever gives it back marks first, then looks for counts. One of the two sees.
        if self.counts.is_gone(names.gone(application_id, attempt)):
            self._take_back(application_id, attempt)

    def take_back_place(self, withdrawn: Event) -> None:
        """Take back the counts of a place that was given back, on the days they were counted for."""
        application_id, attempt = _place(withdrawn)
        self.counts.mark_gone(self.counts.names().gone(application_id, attempt), withdrawn.tenant)
        self._take_back(application_id, attempt)

    def count_completed(self, completed: Event) -> None:
        """Count completed work once for each group, however often it is said again."""
        self._count(completed, COMPLETED)

    def forget(self, withdrawn: Event) -> None:
        """Destroy the memberships of somebody who withdrew ``target_groups``, up to that instant; counts stay."""
        if withdrawn.data["purpose"] != TARGET_GROUPS:
            return
        resident_id, until = withdrawn.data["resident_id"], withdrawn.time

        def decide(memberships: Memberships) -> Outcome:
            memberships.forget(until)
            return {}

        fresh = Memberships(id=resident_id, tenant=withdrawn.tenant)
        act_or_create(self.memberships, Act.own(f"forget-{withdrawn.id}", "forget"), fresh, decide)

    def _count(self, event: Event, measure: str, *, attempt: int | None = None) -> None:
        application_id, told = _place(event)
        names = self.counts.names()
        for group in self._groups_at(event):
            count = GroupCount(
                id=names.of(application_id, attempt or told, measure, group),
                tenant=event.tenant,
                programme_id=event.data["programme_id"],
                district=event.data["district"],
                group=group,
                measure=measure,
                day=event.data["day"],
            )
            count.say_counted()
            # Outside the trace: it would lead from the count to what the resident did.
            with within(None):
                self.counts.create(Act.own("count", "count"), count, {})

    def _take_back(self, application_id: str, attempt: int) -> None:
        names = self.counts.names()
        ids = [names.of(application_id, attempt, PLACED, group) for group in self.kinds]

        def decide(count: GroupCount) -> Outcome:
            count.take_back()
            return {}

        for count_id in self.counts.get_many(ids):
            with within(None):
                self.counts.act(None, count_id, decide)

    def _groups_at(self, event: Event) -> Sequence[str]:
        """Return the groups that what happened counts for: as they were declared by then, and are still agreed to."""
        resident_id = event.data["resident_id"]
        kept = self.memberships.find(resident_id)
        resident = None if kept is None else self.residents.find(resident_id)
        if kept is None or resident is None or resident.tenant != event.tenant:
            return []
        return [
            one.group
            for one in kept.in_force(resident.agreed_since(TARGET_GROUPS))
            if one.group in self.kinds and one.counts_at(event.time, proof=self._proof(one.group))
        ]

    def _own(self, actor: Actor, resident_id: str) -> Resident:
        must_be(actor, "resident")
        return admit(self.residents, self.trail, actor, resident_id, "own_groups", staff=())


def _place(event: Event) -> tuple[str, int]:
    """Return which application, and which attempt of it. Early facts of a first place name no attempt."""
    return event.data["application_id"], int(event.data.get("attempt") or 1)
