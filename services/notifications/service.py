"""How notifications is reached: asked for letters, told facts that cause them, due to send their mails."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.notifications import config
from services.notifications.letters import storage
from services.notifications.letters.delivery import Contacts, Delivery, Mail, MailLog
from services.notifications.letters.notes import Openings, RoomNotes
from services.notifications.letters.reactions import news, reactions
from services.notifications.letters.schemas import About, ByEvent, Inbox, ListNotices, OneLetter, Resend
from services.notifications.letters.usecases import Letters, Reach
from services.notifications.mail.log import LogFile
from services.notifications.mail.smtp import SmtpMail
from services.notifications.neighbours import ResidentsContacts, ResidentsInReach
from shared.actors import Actor
from shared.messaging.core import Reaction
from shared.messaging.entrypoints import asked, desk, due, told
from shared.town import Town


@dataclass(frozen=True)
class Desk:
    """What notifications does. ``delivery`` is None where no mail server is named: letters then stay in the inbox."""

    letters: Letters
    delivery: Delivery | None


def build(town: Town) -> Desk:
    """Return the desk on the mail server and the log that the settings name."""
    mail: Mail | None = None
    mail_log: MailLog | None = None
    if town.settings.smtp_url:
        mail = SmtpMail(town.settings.smtp_url, domain=config.sender(os.environ).domain)
    if town.settings.mail_log is not None:
        mail_log = LogFile(town.settings.mail_log)
    return furnish(town, mail=mail, mail_log=mail_log)


def furnish(
    town: Town,
    *,
    mail: Mail | None,
    mail_log: MailLog | None,
    reach: Reach | None = None,
    contacts: Contacts | None = None,
) -> Desk:
    """Return the desk on these ports; residents is asked over RPC unless ``reach`` and ``contacts`` are given."""
    database = town.database("notifications")
    letters, openings, rooms = storage.Letters(database), Openings(database), RoomNotes(database)
    delivery = None
    if mail is not None:
        delivery = Delivery(
            letters=letters,
            openings=openings,
            rooms=rooms,
            contacts=contacts or ResidentsContacts(town),
            mail=mail,
            mail_log=mail_log,
            sender=config.sender(os.environ),
            clock=town.clock,
            ids=town.ids,
            pace=config.pace(os.environ),
        )
    return Desk(
        Letters(
            letters=letters,
            openings=openings,
            rooms=rooms,
            notices=storage.Notices(database),
            reach=reach or ResidentsInReach(town),
            clock=town.clock,
        ),
        delivery,
    )


def prepare(town: Town) -> None:
    """Make the indexes."""
    database = town.database("notifications")
    storage.Letters(database).prepare()
    storage.Notices(database).prepare()


class LettersService:
    """Letters to residents and notices for districts."""

    name = "notifications_letters"
    desk = desk(build)

    @asked(Inbox)
    def inbox(self, actor: Actor, **asked: Any) -> dict[str, Any]:
        """Return a resident's own letters."""
        return self.desk.letters.inbox(actor, **asked)

    @asked(OneLetter)
    def letter(self, actor: Actor, **asked: Any) -> dict[str, Any]:
        """Return one letter."""
        return self.desk.letters.letter(actor, **asked)

    @asked(About)
    def counts(self, actor: Actor, **asked: Any) -> dict[str, Any]:
        """Return how many letters about something there are, and where their mails stand."""
        return self.desk.letters.counts(actor, **asked)

    @asked(ByEvent)
    def by_event(self, actor: Actor, **asked: Any) -> dict[str, Any]:
        """Return what an event caused."""
        return self.desk.letters.by_event(actor, **asked)

    @asked(ListNotices)
    def notices(self, actor: Actor, **asked: Any) -> dict[str, Any]:
        """Return the notices of a tenant."""
        return self.desk.letters.list_notices(actor, **asked)

    @asked(Resend)
    def resend(self, actor: Actor, **asked: Any) -> dict[str, Any]:
        """Send a mail again that is unknown or failed."""
        return self.desk.letters.resend(actor, **asked)

    @told("notifications.letters")
    def hears(self) -> Mapping[str, Reaction]:
        """React to the facts that cause letters."""
        return reactions(self.desk.letters)

    @told("notifications.news")
    def hears_news(self) -> Mapping[str, Reaction]:
        """Tell everyone in reach of a published opening."""
        return news(self.desk.letters)

    @due(every=1.0)
    def send_mails(self) -> bool:
        """Send what is due."""
        return self.desk.delivery is not None and bool(self.desk.delivery.sweep())


SERVICES = (LettersService,)
