"""Paydays: several officers prepare at once, others approve, one files; the bank pays, keeps its book, and answers.

    prepare, prepare (in the same moment) --> approve (another officer) --> file --> mark_filed --> bank --> read_returns
                                   +--> a row dropped, a batch cancelled, an officer approving their own: refused
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from hashlib import sha256
from random import Random
from typing import Any

from shared.errors import Refused
from tests.chaos.load import NeverAnswered
from tests.chaos.pay.asking import Acting, Story, Told, Who
from tests.chaos.pay.bank import BANK, WALLET, Bank, Entry
from tests.chaos.pay.stage import OFFICERS, Stage, set_account

BATCHES, ALLOWANCE = "placement_batches", "placement_allowance"
#: Times that a file is composed anew because an account changed meanwhile.
COMPOSED = 8


class Paying:
    """The officers who pay."""

    def __init__(self, acting: Acting, stage: Stage, bank: Bank) -> None:
        self.bank = bank
        self._acting = acting
        self._stage = stage

    def pay(self, story: Story, programme: str, step: Callable[[], None], *, plain: bool = False) -> None:
        """Pay a programme by all methods; ``step`` is called twice. ``plain``: nothing is dropped or called off."""
        self._acting.hold_back()
        # Two prepare for the same people, each their own batch; a third for those who are paid otherwise.
        wanted = [(OFFICERS[0], BANK, "a"), (OFFICERS[1], BANK, "b"), (OFFICERS[2], WALLET, "c")]
        prepared = self._acting.at_once(
            *(partial(self._prepare, story, programme, method, f"{story.name}{letter}", who) for who, method, letter in wanted)
        )
        step()
        for (who, method, _), told in zip(wanted, prepared, strict=True):
            if told.refused is None:
                self._finish(story, told.about, method, who, Random(f"{self._stage.seed}/{told.about}"), plain=plain)
        step()

    def owing(self, story: Story) -> list[str]:
        """Return the programmes of which something is due that a batch could pay."""
        return [programme for programme in self._stage.programmes if any(row["due_now"] for row in self.months(story, programme))]

    def months(self, story: Story, programme: str) -> list[Mapping[str, Any]]:
        """Return a programme's months of pay."""
        found: list[Mapping[str, Any]] = []
        cursor: str | None = None
        while True:
            told = self._acting.read(
                story, OFFICERS[0], ALLOWANCE, "months", programme_id=programme, month=self._stage.month, cursor=cursor
            )
            found += told["months"]
            cursor = told["cursor"]
            if cursor is None:
                return found

    def take_back(self, story: Story) -> None:
        """Note that residents gave back what they were paid too much."""
        for programme in self._stage.programmes:
            for row in self.months(story, programme):
                if row["to_recover"]:
                    about = row["pay_month_id"]
                    self._acting.act(
                        story,
                        OFFICERS[0],
                        ALLOWANCE,
                        "note_paid_back",
                        about,
                        pay_month_id=about,
                        won=row["to_recover"],
                        day=f"{self._stage.month}-28",
                    )

    def _prepare(self, story: Story, programme: str, method: str, batch: str, who: Who) -> Told:
        return self._acting.act(
            story,
            who,
            BATCHES,
            "prepare",
            batch,
            batch_id=batch,
            programme_id=programme,
            month=self._stage.month,
            method=method,
        )

    def _finish(self, story: Story, batch: str, method: str, preparer: Who, random: Random, *, plain: bool) -> None:
        self._acting.until(lambda: self._get(story, batch)["state"] != "gathering", f"{batch}: gathered")
        others = [one for one in OFFICERS if one != preparer]
        rows = self._rows(story, batch)
        if not rows:
            self._act(story, preparer, "cancel", batch)
            return
        if random.random() < 0.5:
            self._act(story, preparer, "approve", batch)  # four eyes: always refused
        if not plain and random.random() < 0.2:
            self._act(story, preparer, "drop_row", batch, pay_month_id=random.choice(rows)["pay_month_id"])
        if not plain and random.random() < 0.15:
            # One approves what another calls off, in the same moment.
            told = self._acting.at_once(
                partial(self._act, story, others[0], "approve", batch), partial(self._act, story, preparer, "cancel", batch)
            )
            if told[1].refused is None:
                return
        else:
            self._acting.at_once(*(partial(self._act, story, who, "approve", batch) for who in others))
        told_state = self._get(story, batch)
        if told_state["state"] == "prepared" and not told_state["people"]:
            self._act(story, preparer, "cancel", batch)
            return
        content = self._file(story, batch, others[0])
        if content is not None:
            self._hand_in(story, batch, method, preparer, content, random)

    def _file(self, story: Story, batch: str, who: Who) -> bytes | None:
        """Compose the file and mark it filed; None when the batch was called off meanwhile."""
        for _ in range(COMPOSED):
            try:
                content = self._content(story, batch, who)
            except Refused as refused:
                if refused.code == "batch_is_not_so_far":
                    return None
                raise
            told = self._act(story, who, "mark_filed", batch, file_hash=sha256(content).hexdigest())
            if told.refused is None:
                return content
            if told.refused != "file_hash_differs":
                return None
        raise NeverAnswered(f"{batch}: its file was never the same twice")

    def _content(self, story: Story, batch: str, who: Who) -> bytes:
        pages: list[bytes] = []
        cursor: str | None = None
        while True:
            told = self._acting.read(story, who, BATCHES, "file", batch_id=batch, cursor=cursor)
            pages.append(base64.b64decode(told["content"]))
            cursor = told["cursor"]
            if cursor is None:
                return b"".join(pages)

    def _hand_in(self, story: Story, batch: str, method: str, who: Who, content: bytes, random: Random) -> None:
        entries, answer = self.bank.take(batch, method, content)
        story.tell(f"the bank booked {batch}: {len(entries)} rows, {sum(one.failed is not None for one in entries)} failed")
        lines = answer.splitlines(keepends=True)
        if random.random() < 0.5 and len(lines) > 2:
            cut = random.randrange(1, len(lines) - 1)
            self._read_returns(story, who, batch, "".join(lines[:cut]), part=1, last=False)
            self._read_returns(story, who, batch, "".join(lines[cut:]), part=2, last=True)
        else:
            self._read_returns(story, who, batch, answer, part=1, last=True)
        self._acting.until(lambda: self._get(story, batch)["state"] == "settled", f"{batch}: settled")
        self._correct_accounts(entries)

    def _read_returns(self, story: Story, who: Who, batch: str, content: str, *, part: int, last: bool) -> None:
        self._act(story, who, "read_returns", batch, content=content, part=part, last=last, is_text=True)

    def _correct_accounts(self, entries: Sequence[Entry]) -> None:
        """Whoever's account does not exist gives another."""
        wrong = set(self._stage.wrong_numbers)
        for entry in entries:
            if entry.number in wrong:
                owner = self._stage.owner_of(entry.number)
                if owner is not None:
                    set_account(self._acting.people, self._stage.residents[owner], 1)

    def _rows(self, story: Story, batch: str) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = []
        cursor: str | None = None
        while True:
            told = self._acting.read(story, OFFICERS[0], BATCHES, "rows", batch_id=batch, limit=100, cursor=cursor)
            found += told["rows"]
            cursor = told["cursor"]
            if cursor is None:
                return found

    def _get(self, story: Story, batch: str) -> Mapping[str, Any]:
        told: Mapping[str, Any] = self._acting.read(story, OFFICERS[0], BATCHES, "get", batch_id=batch)
        return told

    def _act(self, story: Story, who: Who, verb: str, batch: str, **asked: Any) -> Told:
        return self._acting.act(story, who, BATCHES, verb, batch, batch_id=batch, **asked)
