"""What notifications asks of residents, by name over RPC: who is in reach, and how to reach them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from services.notifications.letters.delivery import Contact
from shared.errors import Refused
from shared.town import Town

#: Residents a page.
PAGE = 1000


class ResidentsInReach:
    """``residents_interests.reach``, page by page."""

    def __init__(self, town: Town) -> None:
        self._town = town

    def pages(self, *, tenant: str, lat: float, lon: float, topic: str) -> Iterator[Sequence[str]]:
        """Yield pages of resident ids; raise ``Unavailable``."""
        cursor = None
        while True:
            page = self._town.ask.call(
                "residents_interests",
                "reach",
                token=self._town.service_token("notifications"),
                tenant=tenant,
                lat=lat,
                lon=lon,
                topic=topic,
                cursor=cursor,
                limit=PAGE,
            )
            if page["resident_ids"]:
                yield page["resident_ids"]
            cursor = page.get("cursor")
            if cursor is None:
                return


class ResidentsContacts:
    """``residents_registry.contacts``: those who consented to mail, and nobody else."""

    def __init__(self, town: Town) -> None:
        self._town = town

    def of(self, residents: Sequence[str]) -> Mapping[str, Contact]:
        """Return the contacts of those who consented to mail; raise ``Unavailable``.

        An id that residents can't even read belongs to nobody, and must not hold up the mails of the others: it is
        found by halving.
        """
        try:
            told = self._town.ask.call(
                "residents_registry",
                "contacts",
                token=self._town.service_token("notifications"),
                resident_ids=list(residents),
            )
        except Refused as refused:
            if not (refused.field or "").startswith("resident_ids"):
                raise
            if len(residents) == 1:
                return {}
            middle = len(residents) // 2
            return {**self.of(residents[:middle]), **self.of(residents[middle:])}
        return {
            resident: Contact(contact["mail"], bool(contact.get("night_news")))
            for resident, contact in told["contacts"].items()
            if contact.get("mail")
        }
