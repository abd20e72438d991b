"""What is true of a resident: a name, consents given to texts, perhaps a mail address, a home neighbourhood, interests.

The mandatory consent (``service``) stands apart from the optional ones: nothing is refused to somebody for not giving
an optional one, except what cannot be done without it (개인정보 보호법 제16조, 제22조). Whatever rests on a consent goes
away in the same act that withdraws it: that is why home and interests live in the resident's own document.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from services.residents.interests.model import MOST, Interest
from shared.aggregate import Aggregate, Fact
from shared.errors import Refused
from shared.events import residents as says
from shared.events.contract import Contract
from shared.geo import Point
from shared.ids import content_hash

#: Without it there is no registration; withdrawing it is leaving.
MANDATORY = "service"
#: Each is asked for by itself.
OPTIONAL = tuple(purpose for purpose in says.PURPOSES if purpose != MANDATORY)
LOCATION, CONTACT_MAIL, NEWS_NEAR_ME, NIGHT_NEWS = "location", "contact_mail", "news_near_me", "night_news"
#: What rests on these is kept in collections of its own (groups/, accounts/, or by placement).
TARGET_GROUPS, PAYOUT, TRUST_PROFILE = "target_groups", "payout", "trust_profile"
#: An interest holds a place and is for news: both must be agreed to.
FOR_INTERESTS = (LOCATION, NEWS_NEAR_ME)

#: How a consent reached us: by the resident's own hand, over a counter or the phone, or from another service.
CHANNELS = ("self", "counter", "service")
#: Records in one document. Each change is also a fact in the archive, so an older settled record may go from here.
RECORDS_KEPT = 50
#: Characters: RFC 5321 4.5.3.1 (a path of 256 with its brackets; a local part of 64).
MAIL_LONGEST, LOCAL_LONGEST = 254, 64
_MAIL = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]"
)


@dataclass(frozen=True)
class Agreement:
    """What somebody agrees to when asked: one purpose, as one version of its text puts it."""

    purpose: str
    text_version: str


@dataclass(frozen=True)
class Consent:
    """The record of one consent. Items and retention are what ``text_version`` of the purpose's text says."""

    purpose: str
    text_version: str
    given_at: datetime
    channel: str
    #: The account that entered it, when it was not the resident.
    entered_by: str | None = None
    withdrawn_at: datetime | None = None

    @property
    def stands(self) -> bool:
        """Whether it has not been withdrawn."""
        return self.withdrawn_at is None


@dataclass(frozen=True)
class Hand:
    """By which channel an act came, at which instant, and who entered it if that was not the resident."""

    channel: str
    at: datetime
    entered_by: str | None = None


@dataclass(kw_only=True)
class Resident(Aggregate):
    """Somebody whom the town knows by an id, as far as they let it."""

    name: str
    registered_at: datetime
    mail: str | None = None
    consents: tuple[Consent, ...] = ()
    home: Point | None = None
    interests: tuple[Interest, ...] = ()
    left_at: datetime | None = None
    #: Random, and gone when they leave: without it nobody can try out which place or address an act's hash was of.
    salt: str | None = field(default=None, repr=False)

    @staticmethod
    def register(
        *,
        resident_id: str,
        tenant: str,
        name: str,
        mail: str | None,
        agreed: Iterable[Agreement],
        over_14: bool,
        hand: Hand,
        salt: str,
    ) -> Resident:
        """Return a new resident who agreed to these texts.

        Raises ``Refused``: ``under_14`` (a guardian would have to consent, 개인정보 보호법 제22조의2: we refuse instead),
        ``service_consent_needed``, ``consent_twice``, ``mail_malformed``, ``name_needed``.
        """
        agreed = list(agreed)
        if not over_14:
            raise Refused("under_14", field="over_14", least_age=14)
        if MANDATORY not in {agreement.purpose for agreement in agreed}:
            raise Refused("service_consent_needed", field="consents", needs=MANDATORY)
        resident = Resident(
            id=resident_id,
            tenant=tenant,
            name=written_name(name),
            registered_at=hand.at,
            mail=None if mail is None else written_mail(mail),
            salt=salt,
        )
        resident.say(says.RESIDENT_REGISTERED.fact(resident_id=resident_id))
        for agreement in agreed:
            if resident.consents_to(agreement.purpose):
                raise Refused("consent_twice", field="consents", purpose=agreement.purpose)
            resident.give(agreement, hand)
        return resident

    def sealed(self, **personal: Any) -> str:
        """Return what an act's hash holds instead of these JSON-ready values: the same for the same, and no way back."""
        return content_hash({"salt": self.salt, **personal})

    def consents_to(self, *purposes: str) -> bool:
        """Return whether a consent stands for each of these purposes."""
        standing = {consent.purpose for consent in self.consents if consent.stands}
        return standing.issuperset(purposes)

    def agreed_since(self, purpose: str) -> datetime | None:
        """Return since when they agree to the purpose without a break, whatever the text's version; None: they don't.

        What was kept before that instant rested on a consent that was withdrawn, and counts as destroyed already.
        """
        standing = self._standing(purpose)
        if standing is None:
            return None
        since = standing.given_at
        for consent in reversed(self.consents):
            if consent.purpose == purpose and consent.withdrawn_at == since:
                since = consent.given_at
        return since

    def give(self, agreement: Agreement, hand: Hand) -> None:
        """Record a consent. To the same text again changes nothing; to another text replaces the one that stands."""
        self._must_be_here()
        _must_be_purpose(agreement.purpose)
        standing = self._standing(agreement.purpose)
        if standing is not None and standing.text_version == agreement.text_version:
            return
        if standing is not None:
            self._settle(standing, hand.at)
        fresh = Consent(agreement.purpose, agreement.text_version, hand.at, hand.channel, hand.entered_by)
        self.consents = _bounded((*self.consents, fresh))
        self.say(self._changed(says.CONSENT_GIVEN, fresh))

    def withdraw(self, purpose: str, hand: Hand) -> None:
        """Withdraw a consent, and let go at once of what rests on it. What is not given is withdrawn already.

        ``location`` takes the home neighbourhood along (위치정보법 제24조), and with ``news_near_me`` the interests;
        ``service`` takes everything: the name, the mail address, the places, and every other consent.
        """
        _must_be_purpose(purpose)
        for name in says.PURPOSES if purpose == MANDATORY else (purpose,):
            standing = self._standing(name)
            if standing is not None:
                self._settle(standing, hand.at)
                self.say(self._changed(says.CONSENT_WITHDRAWN, standing))
        if not self.consents_to(LOCATION):
            self.home = None
        if not self.consents_to(*FOR_INTERESTS):
            self._drop(self.interests)
        if purpose == MANDATORY and self.left_at is None:
            self.left_at, self.name, self.mail, self.salt = hand.at, "", None, None

    def settle_home(self, point: Point) -> None:
        """Keep the home neighbourhood; raise ``Refused`` ``location_consent_needed``."""
        self._must_be_here()
        if not self.consents_to(LOCATION):
            raise Refused("location_consent_needed", field="lat", needs=LOCATION)
        self.home = point

    def set_interest(self, interest: Interest) -> None:
        """Keep an interest, new or instead of the one with its id.

        Raises ``Refused``: ``location_consent_needed``, ``news_near_me_consent_needed``, ``too_many_interests``.
        """
        self._must_be_here()
        for purpose, about in zip(FOR_INTERESTS, ("lat", "topics"), strict=True):
            if not self.consents_to(purpose):
                raise Refused(f"{purpose}_consent_needed", field=about, needs=purpose)
        others = tuple(known for known in self.interests if known.id != interest.id)
        if len(others) >= MOST:
            raise Refused("too_many_interests", field="interest_id", most=MOST)
        if interest in self.interests:
            return
        self.interests = (*others, interest)
        self.say(says.INTEREST_SET.fact(resident_id=self.id, interest_id=interest.id))

    def remove_interest(self, interest_id: str) -> None:
        """Let go of an interest; one that is not there is gone already."""
        self._drop([interest for interest in self.interests if interest.id == interest_id])

    def let_interests_end(self, at: datetime) -> None:
        """Let go of the interests that are over."""
        self._drop([interest for interest in self.interests if interest.is_over(at)])

    def due(self) -> datetime | None:
        """Return the instant at which the next interest ends by itself, or None."""
        return min((interest.until for interest in self.interests if interest.until is not None), default=None)

    def hears_of(self, point: Point, topic: str, at: datetime) -> bool:
        """Return whether news of ``topic`` at ``point`` may and should reach them at that instant."""
        return self.consents_to(*FOR_INTERESTS) and any(own.concerns(point, topic, at) for own in self.interests)

    def correct(self, *, name: str | None, mail: str | None) -> None:
        """Change the name or the mail address (개인정보 보호법 제36조); None leaves it, an empty ``mail`` removes it."""
        self._must_be_here()
        if name is not None:
            self.name = written_name(name)
        if mail is not None:
            self.mail = written_mail(mail) if mail.strip() else None

    def may_be_written_to(self) -> bool:
        """Return whether there is an address, and consent to use it for letters."""
        return self.mail is not None and self.consents_to(CONTACT_MAIL)

    def _standing(self, purpose: str) -> Consent | None:
        return next((consent for consent in self.consents if consent.purpose == purpose and consent.stands), None)

    def _settle(self, standing: Consent, at: datetime) -> None:
        self.consents = tuple(
            replace(consent, withdrawn_at=at) if consent is standing else consent for consent in self.consents
        )

    def _drop(self, gone: Iterable[Interest]) -> None:
        for interest in gone:
            self.interests = tuple(known for known in self.interests if known.id != interest.id)
            self.say(says.INTEREST_REMOVED.fact(resident_id=self.id, interest_id=interest.id))

    def _changed(self, contract: Contract, consent: Consent) -> Fact:
        return contract.fact(resident_id=self.id, purpose=consent.purpose, text_version=consent.text_version)

    def _must_be_here(self) -> None:
        if self.left_at is not None:
            raise Refused("resident_left", field="resident_id")


def written_name(name: str) -> str:
    """Return the name with single spaces; raise ``Refused`` ``name_needed`` when nothing is left."""
    written = " ".join(name.split())
    if not written:
        raise Refused("name_needed", field="name")
    return written


def written_mail(mail: str) -> str:
    """Return the address without surrounding spaces; raise ``Refused`` ``mail_malformed`` with an example.

    ASCII without quoting, a domain with a dot: what any mail server takes (a Korean domain as ``xn--...``). Whether
    somebody reads there is only known by sending.
    """
    written = mail.strip()
    fits = len(written) <= MAIL_LONGEST and len(written.partition("@")[0]) <= LOCAL_LONGEST
    if not fits or not _MAIL.fullmatch(written):
        raise Refused("mail_malformed", field="mail", example="eunha@example.org")
    return written


def _must_be_purpose(purpose: str) -> None:
    if purpose not in says.PURPOSES:
        raise Refused("unknown_purpose", field="purpose", purposes=list(says.PURPOSES))


def _bounded(consents: tuple[Consent, ...]) -> tuple[Consent, ...]:
    """Return at most ``RECORDS_KEPT`` records: all that stand, and the latest of the settled ones."""
    settled = [consent for consent in consents if not consent.stands]
    gone = settled[: max(0, len(consents) - RECORDS_KEPT)]
    return tuple(consent for consent in consents if consent not in gone)
