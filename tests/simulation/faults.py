"""Faults: each replaces one named line of shipped code by a wrong one, and an invariant must notice.

Only the code objects of the functions that hold the line are exchanged, so everything else stays as shipped.
"""

from __future__ import annotations

import importlib
import inspect
import types
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Fault:
    """One wrong line. ``line`` must stand exactly once in the module's source."""

    name: str
    module: str
    line: str
    becomes: str
    #: What a person would call it.
    what: str
    #: The story that shows it.
    story: str = "jobs"


FAULTS: tuple[Fault, ...] = (
    Fault(
        "no-version-guard",
        "shared.mongo.aggregates",
        '{"_id": aggregate_id, "version": document["version"]}, change',
        '{"_id": aggregate_id}, change',
        "an act is saved although somebody else changed the document meanwhile",
    ),
    Fault(
        "ack-before-effect",
        "shared.messaging.core",
        "            for event_type in dict.fromkeys(read.event.type for read in good):",
        "            for event_type in settlement.ack([r.delivery for r in good]) or dict.fromkeys(r.event.type for r in good):",
        "a message is acked before its effect is stored",
    ),
    Fault(
        "letter-id-not-from-event",
        "services.notifications.letters.model",
        '        return f"{self.cause.key}:{self.resident}"',
        '        return f"{self.written.isoformat()}:{self.resident}"',
        "a letter's id is not derived from the event",
    ),
    Fault(
        "any-log-is-proof",
        "services.notifications.mail.twin",
        "            name: True if name in known else False if server.log_begins <= since else None",
        "            name: name in known",
        "a mail that a fresh log does not know is sent again",
    ),
    Fault(
        "pull-before-confirm",
        "shared.messaging.relay",
        "        receipt = self._publisher.publish([message for _, message in ready])",
        "        take_out([item for item, _ in ready]); receipt = self._publisher.publish([m for _, m in ready])",
        "a fact leaves the outbox before the broker has confirmed it",
    ),
    Fault(
        "sweeper-only-asks",
        "services.placement.budgets.usecases",
        "                if self.openings.make_impossible(hold, budget.tenant):",
        "                if self.openings.granted(hold.opening_id) is None:",
        "the sweeper asks whether an act was done instead of making it impossible",
    ),
    Fault(
        "key-without-source",
        "shared.ids",
        '    return hashlib.sha256(f"{source}\\n{event_id}".encode()).hexdigest()[:32]',
        "    return hashlib.sha256(event_id.encode()).hexdigest()[:32]",
        "an event's key forgets who said it",
    ),
    Fault(
        "release-without-reopening",
        "services.placement.openings.opening",
        "        if self.state == FILLED and now < self.terms.deadline:",
        "        if False:",
        "a place that comes free closes the opening instead of offering it again",
    ),
    Fault(
        "late-application-not-read",
        "services.placement.openings.reactions",
        "        said.APPLICATION_SUBMITTED.type: both(agree, give),",
        "        said.APPLICATION_SUBMITTED.type: give,",
        "an application that comes after the last place was given is never answered",
    ),
    Fault(
        "nobody-checks-the-source",
        "shared.messaging.core",
        "        if wrong is not None:",
        "        if False:",
        "a publisher may speak in another's name",
    ),
    Fault(
        "contract-is-not-read",
        "shared.messaging.core",
        "        contract.check(event.data)",
        "        contract.type",
        "an event that breaks its contract is let in",
    ),
    Fault(
        "promises-are-not-counted",
        "services.placement.budgets.model",
        "Sums(move.to.granted - since.granted, move.to.committed - since.committed)",
        "Sums(move.to.granted - since.granted)",
        "the budget forgets what it promised to people",
    ),
    Fault(
        "parts-are-forgotten",
        "services.spaces.diary.model",
        "        if not self.shares_parts_with(other.parts):",
        "        if self.parts != other.parts:",
        "a hall is booked over its parts",
        "office",
    ),
    Fault(
        "buffers-are-forgotten",
        "services.spaces.diary.model",
        "        return self.padded.overlaps(other.span) or self.span.overlaps(other.padded)",
        "        return self.span.overlaps(other.span)",
        "nobody has time to clean between two bookings",
        "office",
    ),
    Fault(
        "room-sweepers-only-ask",
        "services.spaces.bookings.requesting",
        "        return self.bookings.make_impossible(",
        "        return (lambda *_, **__: self.bookings.find(booking_id) is None)(",
        "the sweepers of spans and minutes ask whether a booking was made instead of making it impossible",
        "office",
    ),
    Fault(
        "one-span-for-two-offers",
        "services.spaces.diary.model",
        "        return WHOLE in (self.parts, wanted) or not set(self.parts).isdisjoint(wanted)",
        "        return self.kind != OFFER and (WHOLE in (self.parts, wanted) or bool(set(self.parts) & set(wanted)))",
        "a span is offered to two people at once",
        "office",
    ),
    Fault(
        "minutes-are-not-checked",
        "services.spaces.quota.model",
        "        if line.held > self.available:",
        "        if False:",
        "more minutes are spent than there are",
        "office",
    ),
    Fault(
        "older-charge-wins",
        "services.spaces.quota.model",
        "        if version < line.version:",
        "        if False:",
        "what a booking cost before replaces what it costs now",
        "office",
    ),
    Fault(
        "nothing-is-carried-on",
        "services.spaces.quota.model",
        "        self.carried_out, self.sealed = carry, True",
        "        self.carried_out, self.sealed = 0, True",
        "minutes that should be carried on vanish with the cycle",
        "office",
    ),
    Fault(
        "one-seat-for-two",
        "services.spaces.seats.model",
        "        taken = {one.seat for one in self.occupants}",
        "        taken = set()",
        "two people have one seat",
        "office",
    ),
    Fault(
        "their-removed-entry-stays",
        "services.spaces.agreement.diff",
        "            gone.setdefault(day, []).append(key)",
        "            gone.setdefault(day, [])",
        "what the facility took out of its calendar keeps people out for ever",
        "office",
    ),
    Fault(
        "unchanged-file-is-empty",
        "services.spaces.agreement.ours",
        "        return href in self.kept or self.is_as_noted(href, uid)",
        "        return self.is_as_noted(href, uid)",
        "a calendar that has not changed loses its entries while a request is answered",
        "office",
    ),
    Fault(
        "their-deletion-is-undone",
        "services.spaces.agreement.ours",
        '        return None if is_known else Step("ours_removed_by_them", booking.id)',
        '        return None if is_known else Step("ours_to_change", booking.id, seen)',
        "a booking that the facility took out of its calendar is written again, and nobody is asked",
        "office",
    ),
    Fault(
        "answered-case-keeps-both",
        "services.spaces.cases.model",
        "    if booking.state in ACTIVE:",
        "    if case.state == OPEN and booking.state in ACTIVE:",
        "who chooses an alternative quickly keeps the booking that the facility took back as well",
        "office",
    ),
    Fault(
        "participation-sweeper-only-asks",
        "services.placement.participation.usecases",
        "        impossible = self.places.make_impossible(act_id=act_id, opening_id=claim.opening_id, tenant=known.tenant)",
        "        impossible = not self.places.has_place(claim.opening_id, known.id, attempt_of(claim.key))",
        "the sweeper of claims asks whether a place was given instead of making it impossible",
        "pay",
    ),
    Fault(
        "given-without-holding",
        "services.placement.openings.giving",
        "            self.limits.hold(act_id=act.id, wanted=wanted)",
        "            self.limits.quote(wanted)",
        "a place is given without a look at what else is about to be given to the same resident",
        "pay",
    ),
    Fault(
        "posted-without-asking",
        "services.placement.budgets.once",
        "        if noted():",
        "        if False:",
        "a budget counts a batch again whose posting it has forgotten",
        "pay",
    ),
    Fault(
        "claimed-in-bulk-unguarded",
        "services.placement.allowance.storage",
        '        return [] if change is None else [Change({"_id": month.id, "version": month.version}, change)]',
        '        return [] if change is None else [Change({"_id": month.id}, change)]',
        "two batches claim one month of pay, or a claim is lost under a line",
        "pay",
    ),
    Fault(
        "older-revision-counts",
        "services.placement.allowance.model",
        "        if known is not None and worked.revision <= known.revision:",
        "        if known is not None and worked.revision == known.revision:",
        "what was corrected since is counted again when the older word comes late",
        "pay",
    ),
    Fault(
        "offer-has-no-end",
        "services.placement.openings.rules",
        "    if now >= offer.until:",
        "    if False:",
        "a place is taken after the time for it was over",
        "pay",
    ),
    Fault(
        "done-after-one-shift",
        "services.placement.attendance.work",
        "    return len(sheets) >= shifts > 0 and all(sheet.state in (SETTLED, VOID) for sheet in sheets)",
        "    return len(sheets) >= shifts > 0 and any(sheet.state in (SETTLED, VOID) for sheet in sheets)",
        "a place's work is done although a shift of it was not confirmed",
        "pay",
    ),
    Fault(
        "two-eyes",
        "services.placement.batches.model",
        "        if by == self.preparer or by in self.changers:",
        "        if by in self.changers:",
        "who prepared a batch approves it",
        "pay",
    ),
    Fault(
        "payable-without-cap",
        "services.placement.allowance.sums",
        "        return self.earned if self.cap is None else min(self.earned, self.cap.won)",
        "        return self.earned",
        "more is paid in a month than its cap",
        "pay",
    ),
    Fault(
        "disputed-for-ever",
        "services.placement.allowance.lines",
        "        return self.asked > max(self.answered, self.lapsed)",
        "        return self.asked > self.answered",
        "pay waits for ever for an answer that nobody gives",
        "pay",
    ),
    Fault(
        "returned-is-paid",
        "services.placement.allowance.sums",
        "        gone = sum(payment.won for payment in self.payments if payment.state != RETURNED)",
        "        gone = sum(payment.won for payment in self.payments)",
        "what the bank sent back is never paid again",
        "pay",
    ),
    Fault(
        "came-back-later-twice",
        "services.placement.allowance.model",
        "        if paid is None or any(sent.batch_id == batch_id for sent in self.sent_back):",
        "        if paid is None:",
        "a payment that came back after it was paid is given back twice, and so paid twice",
        "pay",
    ),
    Fault(
        "group-keeps-lost-places",
        "services.residents.groups.usecases",
        "        self.counts.mark_gone(self.counts.names().gone(application_id, attempt), withdrawn.tenant)",
        "        return",
        "a place that was given back still counts for its group",
        "pay",
    ),
)
BY_NAME = {fault.name: fault for fault in FAULTS}


@contextmanager
def planted(fault: Fault | None) -> Iterator[None]:
    """Run a block with the wrong line in place."""
    if fault is None:
        yield
        return
    exchanged = _exchange(fault)
    try:
        yield
    finally:
        for function, code in exchanged:
            function.__code__ = code


def _exchange(fault: Fault) -> list[tuple[types.FunctionType, types.CodeType]]:
    module = importlib.import_module(fault.module)
    file = Path(inspect.getfile(module))
    source = file.read_text(encoding="utf-8")
    if source.count(fault.line) != 1:
        raise ValueError(f"{fault.name}: the line stands {source.count(fault.line)} times in {fault.module}")
    wrong = dict(_codes(compile(source.replace(fault.line, fault.becomes), str(file), "exec")))
    exchanged = []
    for name, function in _functions(module):
        code = wrong.get(name)
        if code is not None and code.co_code + repr(_plain(code)).encode() != function.__code__.co_code + repr(
            _plain(function.__code__)
        ).encode():
            exchanged.append((function, function.__code__))
            function.__code__ = code
    if not exchanged:
        raise ValueError(f"{fault.name}: no function of {fault.module} changed")
    return exchanged


def _plain(code: types.CodeType) -> tuple[Any, ...]:
    """Return what of a code object says what it does: nested code by its own content, never by its address."""
    constants = tuple(_plain(one) if isinstance(one, types.CodeType) else repr(one) for one in code.co_consts)
    return code.co_code, constants, code.co_names


def _codes(code: types.CodeType, prefix: str = "") -> Iterator[tuple[str, types.CodeType]]:
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield constant.co_qualname, constant
            yield from _codes(constant)


def _functions(module: types.ModuleType) -> Iterator[tuple[str, types.FunctionType]]:
    for value in vars(module).values():
        if isinstance(value, types.FunctionType) and value.__module__ == module.__name__:
            yield value.__code__.co_qualname, value
        elif isinstance(value, type) and value.__module__ == module.__name__:
            for member in vars(value).values():
                function = member.__func__ if isinstance(member, staticmethod | classmethod) else member
                if isinstance(function, property):
                    function = function.fget
                if isinstance(function, types.FunctionType):
                    yield function.__code__.co_qualname, function
