"""How batches are reached: asked (RPC), due (timers)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.placement.batches import schemas
from services.placement.wiring import furnish
from shared.actors import Actor
from shared.messaging.entrypoints import asked, desk, due


class BatchesService:
    """Batches of pay, their payout files, and what the bank answers."""

    name = "placement_batches"
    rooms = desk(furnish)

    @asked(schemas.Prepare)
    def prepare(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Gather what is due."""
        return self.rooms.batches.prepare(actor, **asked_for)

    @asked(schemas.BatchAct)
    def approve(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Approve with other eyes."""
        return self.rooms.batches.approve(actor, **asked_for)

    @asked(schemas.BatchAct)
    def cancel(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Call a batch off."""
        return self.rooms.batches.cancel(actor, **asked_for)

    @asked(schemas.DropRow)
    def drop_row(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Take a row out."""
        return self.rooms.batches.drop_row(actor, **asked_for)

    @asked(schemas.File)
    def file(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Return a page of the payout file."""
        return self.rooms.files.file(actor, **asked_for)

    @asked(schemas.MarkFiled)
    def mark_filed(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Know that the file was given to the bank."""
        return self.rooms.files.mark_filed(actor, **asked_for)

    @asked(schemas.ReadReturns)
    def read_returns(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Read a part of the return file."""
        return self.rooms.files.read_returns(actor, **asked_for)

    @asked(schemas.ReturnRow)
    def return_row(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Say, as one of two officers, that a paid row came back."""
        return self.rooms.batches.return_row(actor, **asked_for)

    @asked(schemas.OneBatch)
    def get(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Return a batch."""
        return self.rooms.batches.get(actor, **asked_for)

    @asked(schemas.Rows)
    def rows(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Return a batch's rows."""
        return self.rooms.batches.rows(actor, **asked_for)

    @asked(schemas.ListBatches)
    def list(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Return a programme's batches."""
        return self.rooms.batches.listed(actor, **asked_for)

    @due(every=1.0)
    def move_on(self) -> bool:
        """Gather, release, post and settle what waits."""
        return self.rooms.settler.sweep()

    @due(every=30.0)
    def release_overdue_claims(self) -> bool:
        """Deal with claims that ran out."""
        return self.rooms.settler.sweep_claims()

    @due(every=30.0)
    def check_balance(self) -> bool:
        """Compare what moved."""
        return self.rooms.balance.sweep()
