"""Where letters and notices are kept: two collections of plain documents.

A letter's document changes in one place only, ``mail``, and every change is guarded by the state, the claim and the
due instant it was decided on. ``mail.due`` is unset by the write that settles a mail, and is asked for with a lower
bound too: an engine that indexes a missing field as null would otherwise read every settled letter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection as Group
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from services.notifications.letters.model import (
    RESENDABLE,
    Cause,
    Letter,
    MailRecord,
    Next,
    Notice,
)
from shared.messaging.core import KeyReused
from shared.mongo.port import Change, Collection, Database, Document, Index

#: Acts of resending that a letter remembers: a repeat of one of them sends nothing.
RESENDS_KEPT = 20
#: Before any letter: the lower bound of a question for what is due.
_EVER = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Tally:
    """How many letters about one thing there are, by kind, where their mails stand, and in which districts it lies."""

    kinds: dict[str, int]
    mails: dict[str, int]
    districts: frozenset[str]


class Letters:
    """The letters."""

    def __init__(self, database: Database) -> None:
        self._collection = database.collection("letters")

    def prepare(self) -> None:
        """Make the indexes: an inbox, what a letter is about, what an event caused, and work that is due."""
        self._collection.ensure([Index(("resident",)), Index(("about",)), Index(("cause.key",)), Index(("mail.due",))])

    def write(self, letters: Sequence[Letter]) -> None:
        """Store those that are not there yet; raise ``KeyReused`` when one is there with another event's hash."""
        there = self._collection.insert_many([_letter_document(letter) for letter in letters])
        _refuse_reused(self._collection, there, [(letter.id, letter.cause) for letter in letters])

    def get(self, letter_id: str) -> Letter | None:
        """Return the letter, or None."""
        found = self._collection.find_one({"_id": letter_id})
        return None if found is None else _letter(found)

    def inbox(self, resident: str, tenant: str | None, limit: int) -> list[Letter]:
        """Return a resident's letters, latest first; of one tenant, or of every one."""
        query = {"resident": resident} if tenant is None else {"resident": resident, "tenant": tenant}
        return [_letter(found) for found in self._collection.find(query, limit=limit, newest="at")]

    def tally(self, about: str, tenant: str | None) -> Tally:
        """Count the letters about something."""
        query = {"about": about} if tenant is None else {"about": about, "tenant": tenant}
        found = self._collection.find(query, ["kind", "mail.s", "district"])
        return Tally(
            dict(Counter(document["kind"] for document in found)),
            dict(Counter(document["mail"]["s"] for document in found)),
            frozenset(document["district"] for document in found if document["district"]),
        )

    def caused_by(self, event_key: str, tenant: str | None, most: int) -> list[Letter]:
        """Return letters that one event caused; of one tenant, or of every one."""
        return [_letter(found) for found in self._collection.find(_caused(event_key, tenant), limit=most)]

    def count_caused_by(self, event_key: str, tenant: str | None) -> int:
        """Return how many letters one event caused."""
        return self._collection.count(_caused(event_key, tenant))

    def due(self, now: datetime, most: int) -> list[Letter]:
        """Return letters whose mail somebody must look at."""
        found = self._collection.find({"mail.due": {"$gte": _EVER, "$lte": now}}, limit=most)
        return [_letter(document) for document in found]

    def claim(
        self, letters: Sequence[Letter], claim: str, since: datetime, deadline: datetime, moves: Sequence[Change]
    ) -> set[str]:
        """Make these mails ours from ``since`` to ``deadline``, carry out ``moves`` beside it, return the ids we got."""
        ours = {"mail.s": "sending", "mail.claim": claim, "mail.since": since, "mail.due": deadline}
        marks = [Change(_as_seen(letter), {"$set": ours}) for letter in letters]
        self._collection.update_each([*moves, *marks])
        ids = [letter.id for letter in letters]
        return {found["_id"] for found in self._collection.find({"_id": {"$in": ids}, "mail.claim": claim}, ["mail"])}

    def carry_out(self, moves: Sequence[Change]) -> int:
        """Carry out guarded changes; return how many still applied."""
        return self._collection.update_each(moves)

    def resend(self, letter: Letter, act_id: str, now: datetime) -> bool:
        """Start again with a new Message-ID, for a person; False when the mail is not unknown or failed any more."""
        return bool(
            self._collection.update_one(
                {"_id": letter.id, "mail.s": {"$in": list(RESENDABLE)}, "mail.round": letter.mail.round},
                {
                    "$set": {
                        "mail.s": "new",
                        "mail.due": now,
                        "mail.claim": None,
                        "mail.why": None,
                        "mail.attempts": 0,
                        "mail.round": letter.mail.round + 1,
                    },
                    "$unset": {"mail.since": ""},
                    "$push": {"mail.resends": {"$each": [act_id], "$slice": -RESENDS_KEPT}},
                },
            )
        )

    def resends(self, letter_id: str) -> list[str]:
        """Return the acts that had this letter sent again, as far as they are remembered."""
        found = self._collection.find_one({"_id": letter_id}, ["mail.resends"])
        return [] if found is None else list(found.get("mail", {}).get("resends", ()))


def _caused(event_key: str, tenant: str | None) -> Document:
    return {"cause.key": event_key} if tenant is None else {"cause.key": event_key, "tenant": tenant}


def moved(letter: Letter, to: Next, now: datetime, claim: str | None = None) -> Change:
    """Return the change of a mail as it was seen (or as claimed by us) to where it stands next."""
    told: Document = {
        "mail.s": to.state,
        "mail.attempts": to.attempts,
        "mail.why": to.why,
        "mail.claim": None,
        "mail.at": now,
    }
    gone = {}
    for name, value in (("mail.due", to.due), ("mail.since", to.since)):
        if value is None:
            gone[name] = ""
        else:
            told[name] = value
    query = _as_seen(letter) if claim is None else {"_id": letter.id, "mail.s": "sending", "mail.claim": claim}
    return Change(query, {"$set": told, "$unset": gone} if gone else {"$set": told})


def _as_seen(letter: Letter) -> Document:
    mail = letter.mail
    return {"_id": letter.id, "mail.s": mail.state, "mail.claim": mail.claim, "mail.due": mail.due}


class Notices:
    """Notices for districts; one an event."""

    def __init__(self, database: Database) -> None:
        self._collection = database.collection("notices")

    def prepare(self) -> None:
        """Make the index of a tenant's notices."""
        self._collection.ensure([Index(("tenant",))])

    def write(self, notices: Sequence[Notice]) -> None:
        """Store those that are not there yet; raise ``KeyReused``."""
        there = self._collection.insert_many([_notice_document(notice) for notice in notices])
        _refuse_reused(self._collection, there, [(notice.cause.key, notice.cause) for notice in notices])

    def of(self, tenant: str, district: str | None, limit: int) -> list[Notice]:
        """Return a tenant's notices, latest first; of one district, or of all."""
        query = {"tenant": tenant} if district is None else {"tenant": tenant, "district": district}
        return [_notice(found) for found in self._collection.find(query, limit=limit, newest="at")]

    def caused_by(self, event_key: str) -> list[Notice]:
        """Return the notice that an event caused."""
        found = self._collection.find_one({"_id": event_key})
        return [] if found is None else [_notice(found)]


def _refuse_reused(collection: Collection, there: Group[Any], causes: Sequence[tuple[str, Cause]]) -> None:
    """Compare each one with what is kept under its id: a batch may hold the same id several times."""
    if not there:
        return
    kept = {found["_id"]: found["cause"]["hash"] for found in collection.find({"_id": {"$in": list(there)}}, ["cause"])}
    for name, cause in causes:
        if kept.get(name, cause.hash) != cause.hash:
            raise KeyReused(f"event {cause.id} came before with another body")


def cause_document(cause: Cause) -> Document:
    """Return how a cause is kept."""
    return {"id": cause.id, "key": cause.key, "hash": cause.hash}


def cause_of(document: Mapping[str, Any]) -> Cause:
    """Return the cause that a document keeps."""
    return Cause(**document["cause"])


def _letter_document(letter: Letter) -> Document:
    mail = letter.mail
    document: Document = {
        "_id": letter.id,
        "tenant": letter.tenant,
        "resident": letter.resident,
        "kind": letter.kind,
        "about": letter.about,
        "district": letter.district,
        "at": letter.at,
        "written": letter.written,
        "cause": cause_document(letter.cause),
        "values": dict(letter.values),
        "mail": {
            "s": mail.state,
            "class": mail.message_class,
            "attempts": mail.attempts,
            "claim": mail.claim,
            "why": mail.why,
            "round": mail.round,
        },
    }
    if mail.due is not None:
        document["mail"]["due"] = mail.due
    return document


def _letter(document: Document) -> Letter:
    mail = document["mail"]
    return Letter(
        tenant=document["tenant"],
        resident=document["resident"],
        kind=document["kind"],
        about=document["about"],
        district=document["district"],
        at=document["at"],
        written=document["written"],
        cause=cause_of(document),
        values=document["values"],
        mail=MailRecord(
            state=mail["s"],
            message_class=mail["class"],
            attempts=mail["attempts"],
            due=mail.get("due"),
            claim=mail["claim"],
            why=mail["why"],
            since=mail.get("since"),
            round=mail["round"],
        ),
    )


def _notice_document(notice: Notice) -> Document:
    return {
        "_id": notice.cause.key,
        "tenant": notice.tenant,
        "district": notice.district,
        "kind": notice.kind,
        "at": notice.at,
        "cause": cause_document(notice.cause),
        "values": dict(notice.values),
    }


def _notice(document: Document) -> Notice:
    return Notice(
        tenant=document["tenant"],
        district=document["district"],
        kind=document["kind"],
        at=document["at"],
        cause=cause_of(document),
        values=document["values"],
    )
