"""What can be done about evaluations: say one's word, read what may be read, object, answer, and reveal in time."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from services.placement.trust.model import REJECTED, UPHELD, Appeal, Evaluation, Word
from services.placement.trust.ports import Evaluations, Openings, Outcome, WorkRecords
from services.placement.trust.rules import HOST, RESIDENT, Rules, own_side
from services.placement.trust.shown import evaluation_row
from shared.actors import Actor, must_be, must_be_self
from shared.aggregate import Act
from shared.clock import Clock, iso
from shared.errors import NotFound, Refused
from shared.events.envelope import Event
from shared.ids import content_hash
from shared.mongo.port import Document
from shared.pages import checked_limit, instant_after, page

#: Rows on a page.
PAGE = 50
#: Evaluations revealed in one sweep.
SWEEP = 200
#: The answers an officer may give to an appeal, as they are said and kept.
ANSWERS = {"upheld": UPHELD, "rejected": REJECTED}


@dataclass(frozen=True)
class EvaluationDesk:
    """The acts. Each may be repeated with its ``act_id``."""

    evaluations: Evaluations
    records: WorkRecords
    openings: Openings
    rules: Rules
    clock: Clock

    def known(self, _actor: Actor) -> Outcome:
        """Return ``{recommendations: {resident: [...], host: [...]}}``: by who speaks, code and words of what may be said."""
        said = {"resident": self.rules.of_workplace, "host": self.rules.of_resident}
        return {
            "recommendations": {
                side: [{"code": one.code, "ko": one.ko, "en": one.en} for one in those if not one.retired]
                for side, those in said.items()
            }
        }

    def evaluate(
        self,
        actor: Actor,
        *,
        act_id: str,
        placement_id: str,
        side: str,
        recommendations: Sequence[str],
        would_again: bool,
        comment: str | None = None,
    ) -> Outcome:
        """Take the word of one side about the other, once, by ``until``.

        The resident speaks for themselves, a host of the opening (or an officer, which is recorded) for the workplace.
        Raises ``Refused`` ``no_attendance_yet`` where nobody worked: not selected, not settled yet, corrected to nothing.
        """
        evaluation = self._worked(actor, placement_id)
        on_behalf = self._speaks_for(actor, evaluation, side)
        told = " ".join((comment or "").split()) or None
        word = Word(
            side=side,
            recommendations=self.rules.checked(side, recommendations),
            would_again=would_again,
            comment=told,
            given_at=self.clock.now(),
            given_by=actor.subject,
            officer=on_behalf,
        )

        record = self.records.get_many([placement_id]).get(placement_id)

        def decide(evaluation: Evaluation) -> Outcome:
            if record is not None and record.undone:
                raise Refused("no_attendance_yet", field="placement_id")
            evaluation.give(word, self.rules.appeal_window)
            return {"placement_id": placement_id, "side": side, "until": iso(evaluation.until)}

        act = Act.of(
            act_id,
            "evaluate",
            side=side,
            recommendations=list(word.recommendations),
            would_again=would_again,
            comment=told,
        )
        return self.evaluations.act(act, placement_id, decide)

    def evaluation(self, actor: Actor, *, placement_id: str) -> Outcome:
        """Return one evaluation to its resident, to hosts of the opening, and to officers: what each may read of it."""
        must_be(actor, "resident", "host", "officer")
        found = self.evaluations.find(placement_id)
        if found is None:
            raise NotFound("no_such_evaluation", field="placement_id", id=placement_id)
        sides = self._sides(actor, found)
        return evaluation_row(found, sides=sides, officer=not sides)

    def my_evaluations(
        self, actor: Actor, *, side: str | None = None, limit: int = PAGE, cursor: str | None = None
    ) -> Outcome:
        """Return ``{"evaluations", "cursor"}``, latest first: those in which the caller speaks for that side."""
        side = side or own_side(actor)
        must_be(actor, "host" if side == HOST else "resident")
        checked_limit(limit, PAGE)
        own: Document = {"hosts": actor.subject} if side == HOST else {"resident_id": actor.subject}
        found = self.evaluations.latest({**own, "tenant": actor.tenant}, instant_after(cursor), limit + 1)
        rows, further = page(
            # In what is about themselves, a resident who is a host as well speaks for themselves only.
            (evaluation_row(one, sides=(RESIDENT if one.resident_id == actor.subject else side,)) for one in found),
            limit,
            key=lambda row: (row["opened_at"], row["placement_id"]),
        )
        return {"evaluations": rows, "cursor": further}

    def appeal(self, actor: Actor, *, act_id: str, placement_id: str, side: str, reason: str) -> Outcome:
        """Object, for one's own side, to what the other said of it; an officer looks at it."""
        evaluation = self._worked(actor, placement_id)
        if self._speaks_for(actor, evaluation, side):
            raise Refused("role_not_allowed", field="token", needs=[side])
        why = " ".join(reason.split())
        if not why:
            raise Refused("appeal_reason_needed", field="reason")
        appeal = Appeal(side, why, self.clock.now())

        def decide(evaluation: Evaluation) -> Outcome:
            evaluation.object_to(appeal, self.rules.appeal_window)
            return {"placement_id": placement_id, "appeal_id": evaluation.appeal_id(side)}

        return self.evaluations.act(Act.of(act_id, "appeal", side=side, reason=why), placement_id, decide)

    def answer_appeal(
        self, actor: Actor, *, act_id: str, placement_id: str, side: str, answer: str, reason: str
    ) -> Outcome:
        """Answer a side's objection, by an officer who is no part of it; ``upheld``: the word counts no more."""
        evaluation = self._worked(actor, placement_id)
        must_be(actor, "officer", tenant=evaluation.tenant, district=evaluation.district)
        if _part_of(actor, evaluation):
            raise Refused("not_ones_own_word", field="placement_id")
        why, now = " ".join(reason.split()), self.clock.now()
        if not why:
            raise Refused("appeal_reason_needed", field="reason")

        def decide(evaluation: Evaluation) -> Outcome:
            evaluation.answer(side, state=ANSWERS[answer], officer=actor.subject, why=why, now=now)
            return {"placement_id": placement_id, "appeal_id": evaluation.appeal_id(side), "answer": answer}

        act = Act.of(act_id, "answer_appeal", side=side, answer=answer, reason=why)
        return self.evaluations.act(act, placement_id, decide)

    def open_appeals(self, actor: Actor, *, tenant: str, limit: int = PAGE, cursor: str | None = None) -> Outcome:
        """Return ``{"evaluations", "cursor"}``, longest waiting first: appeals in the officer's districts."""
        must_be(actor, "officer", tenant=tenant)
        checked_limit(limit, PAGE)
        found = self.evaluations.waiting(tenant, actor.districts, instant_after(cursor), limit + 1)
        since = {one.id: iso(one.waiting_since or one.opened_at) for one in found}
        rows, further = page(
            # An officer who is part of one reads it as that part, and can't answer it.
            (evaluation_row(one, sides=(own := _part_of(actor, one)), officer=not own) for one in found),
            limit,
            key=lambda row: (since[row["placement_id"]], row["placement_id"]),
        )
        return {"evaluations": rows, "cursor": further}

    def reveal_due(self) -> bool:
        """Reveal what there is where the time is over; return whether there may be more."""
        now = self.clock.now()
        overdue = self.evaluations.overdue(now, SWEEP)

        def decide(evaluation: Evaluation) -> Outcome:
            evaluation.pass_deadline(now, self.rules.appeal_window)
            return {}

        for placement_id in overdue:
            self.evaluations.act(None, placement_id, decide)
        return len(overdue) == SWEEP

    # -- told

    def open(self, completed: Event) -> None:
        """Let both sides of a place evaluate each other, once: a correction said later opens nothing again."""
        data = completed.data
        placement_id = placement_of(completed)
        if self.evaluations.find(placement_id) is not None:
            return
        opening = self.openings.get(data["opening_id"])
        now = self.clock.now()
        fresh = Evaluation(
            id=placement_id,
            tenant=completed.tenant,
            opening_id=data["opening_id"],
            programme_id=data["programme_id"],
            district=data["district"],
            resident_id=data["resident_id"],
            application_id=data["application_id"],
            attempt=data["attempt"],
            hosts=tuple(opening.hosts),
            workplace_id=workplace_id(completed.tenant, opening.terms.place.name),
            workplace=opening.terms.place.name,
            title=opening.terms.title,
            opened_at=now,
            until=now + self.rules.window,
        )
        fresh.say_opened()
        # Whoever else hears the same fact does the same act: the first one's document stands.
        self.evaluations.create(Act.own("open", "open"), fresh, {})

    def forget_comments(self, resident_id: str) -> None:
        """Destroy what was written in people's own words in the evaluations of a resident who left."""

        def decide(evaluation: Evaluation) -> Outcome:
            evaluation.forget_comments()
            return {}

        for evaluation in self.evaluations.of_resident(resident_id):
            self.evaluations.act(None, evaluation.id, decide)

    # -- who may

    def _worked(self, actor: Actor, placement_id: str) -> Evaluation:
        must_be(actor, "resident", "host", "officer")
        found = self.evaluations.find(placement_id)
        if found is None:
            raise Refused("no_attendance_yet", field="placement_id")
        return found

    def _speaks_for(self, actor: Actor, evaluation: Evaluation, side: str) -> bool:
        """Raise ``Refused`` unless the caller may speak for that side; return whether on its behalf, as an officer."""
        if side == RESIDENT:
            must_be(actor, "resident", tenant=evaluation.tenant)
            must_be_self(actor, evaluation.resident_id, tenant=evaluation.tenant)
            return False
        if actor.subject == evaluation.resident_id:
            raise Refused("not_ones_own_word", field="placement_id")
        if HOST in self._sides(actor, evaluation):
            return False
        must_be(actor, "officer", tenant=evaluation.tenant, district=evaluation.district)
        return True

    def _sides(self, actor: Actor, evaluation: Evaluation) -> Collection[str]:
        """Return the sides the caller speaks for: one, or none for an officer; raise ``Refused`` for all others.

        A resident who is a host as well speaks for themselves only in what is about them.
        """
        if actor.subject == evaluation.resident_id:
            must_be(actor, "resident", tenant=evaluation.tenant)
            return (RESIDENT,)
        if actor.is_any("host") and actor.subject in evaluation.hosts:
            must_be(actor, "host", tenant=evaluation.tenant)
            return (HOST,)
        if not actor.is_any("officer"):
            raise Refused("not_of_this_placement", field="placement_id")
        must_be(actor, "officer", tenant=evaluation.tenant, district=evaluation.district)
        return ()


def _part_of(actor: Actor, evaluation: Evaluation) -> tuple[str, ...]:
    """Return the side of which this account is a part, whatever it asks as; none for all others."""
    if actor.subject == evaluation.resident_id:
        return (RESIDENT,)
    return (HOST,) if actor.subject in evaluation.hosts else ()


def placement_of(event: Event) -> str:
    """Return which place a fact is about: ``application:attempt``."""
    return f"{event.data['application_id']}:{event.data['attempt']}"


def workplace_id(tenant: str, name: str) -> str:
    """Return what names a workplace: it is known by its name in its tenant."""
    return content_hash({"tenant": tenant, "name": " ".join(name.split())})
