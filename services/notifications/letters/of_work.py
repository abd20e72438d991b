"""What facts of offers, attendance, pay and evaluation have to tell a resident, and what such letters name. Pure.

A shift that was worked as planned has no letter: the resident was there. Every payment has one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from services.notifications.letters.formats import date_words, day_and_time, length, month_words, won, words
from services.notifications.letters.model import Letter, Matter
from services.notifications.letters.of_jobs import Opening
from shared.clock import from_iso
from shared.events.placement import openings, pay, trust, work

_Data = Mapping[str, Any]
#: Ends of an offer that no other letter tells: what the limits forbid is told by the end of the application. An officer
#: may decline for a resident, who must hear of it.
_LAPSES_TOLD = ("expired", "declined")


def _of_opening(kind: str, *kept: str, reason: str | None = None) -> Callable[[_Data], Matter]:
    def matter(data: _Data) -> Matter:
        why = {} if reason is None else {"reason": data[reason]}
        return Matter(kind, data["opening_id"], {**{name: data[name] for name in kept}, **why})

    return matter


def _withdrawn(data: _Data) -> Matter | None:
    return _of_opening("application_withdrawn")(data) if data.get("by_officer") else None


def _lapsed(data: _Data) -> Matter | None:
    return _of_opening("place_lapsed", reason="reason")(data) if data["reason"] in _LAPSES_TOLD else None


def _settled(data: _Data) -> Matter | None:
    if data["result"] == "worked" and data["revision"] == 1:
        return None
    reason = data["result"] if data["revision"] == 1 else "corrected"
    return Matter(
        "attendance_settled", data["opening_id"], {"day": data["day"], "minutes": data["minutes"], "reason": reason}
    )


def _disputed(data: _Data) -> Matter | None:
    # Not to whoever said it, nor where an older fact does not tell who did.
    if data.get("by_role", "resident") == "resident":
        return None
    return _of_opening("attendance_disputed", "day", "until", reason="by_role")(data)


def _of_pay(kind: str, *kept: str) -> Callable[[_Data], Matter]:
    return lambda data: Matter(kind, data["pay_month_id"], {name: data[name] for name in ("month", "won", *kept)})


def _earned(data: _Data) -> Matter | None:
    if data["reason"] not in ("recovery", "recovery_lifted"):
        return None
    values = {"month": data["month"], "won": abs(data["won"]), "day": data["day"], "reason": data["reason"]}
    return Matter("allowance_recovered", data["pay_month_id"], values)


def _revealed(data: _Data) -> Matter | None:
    # Only a word about the resident is news to them; they may object to it.
    told = "host" in data.get("sides", ())
    return Matter("evaluation_revealed", data["opening_id"], {"until": data["appeal_until"]}) if told else None


def _appeal(data: _Data) -> Matter | None:
    return _of_opening("appeal_answered", reason="answer")(data) if data["by"] == "resident" else None


#: Type of a person's own fact -> what it has to tell, or None when this one has nothing to tell.
PERSONAL: Mapping[str, Callable[[_Data], Matter | None]] = {
    openings.OFFER_MADE.type: _of_opening("place_offered", "until", "rank"),
    openings.OFFER_LAPSED.type: _lapsed,
    openings.APPLICATION_WITHDRAWN.type: _withdrawn,
    openings.APPLICATION_WAITLISTED.type: _of_opening("waitlisted", "rank"),
    work.ATTENDANCE_SETTLED.type: _settled,
    work.ATTENDANCE_DELAYED.type: _of_opening("attendance_delayed", "day", "until", reason="missing"),
    work.ATTENDANCE_DISPUTED.type: _disputed,
    work.ATTENDANCE_DISPUTE_ANSWERED.type: _of_opening("dispute_answered", "day", reason="answer"),
    pay.ALLOWANCE_EARNED.type: _earned,
    pay.ALLOWANCE_HELD_BACK.type: _of_pay("allowance_held_back", "cap"),
    pay.ALLOWANCE_PAID.type: _of_pay("allowance_paid"),
    pay.ALLOWANCE_RETURNED.type: _of_pay("allowance_returned"),
    trust.EVALUATION_OPENED.type: _of_opening("evaluation_opened", "until"),
    trust.EVALUATION_REVEALED.type: _revealed,
    trust.APPEAL_ANSWERED.type: _appeal,
}


def details(letter: Letter, known: Mapping[str, Opening], language: str) -> dict[str, str]:
    """Return what the texts of such a letter may name."""
    values = letter.values
    named = {"title": str(words(language)["some_opening"])}
    opening = known.get(letter.about)
    if opening is not None:
        named |= {"title": opening.title, "place": opening.place}
    for amount in ("won", "cap"):
        if amount in values:
            named[amount] = won(values[amount], language)
    if "until" in values:
        named["until"] = day_and_time(from_iso(values["until"]), language)
    if "rank" in values:
        named["rank"] = str(values["rank"])
    if "day" in values:
        named["day"] = date_words(date.fromisoformat(values["day"]), language)
    if "month" in values:
        named["month"] = month_words(values["month"], language)
    if "minutes" in values:
        named["counted"] = length(values["minutes"], language)
    return named


def best_before(letter: Letter) -> datetime | None:
    """Return from when on the letter's mail would be of no use: an offer, or a word, that is not waited for any more."""
    if letter.kind in ("place_offered", "evaluation_opened", "evaluation_revealed"):
        return from_iso(letter.values["until"])
    return None
