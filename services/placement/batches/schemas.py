"""What crosses the RPC door of batches. Months are KST, ``YYYY-MM``; money whole won; files base64, page by page."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from services.placement.allowance.schemas import Paged, a_month, an_id
from services.placement.batches.model import APPROVED, CANCELLED, FILED, GATHERING, PREPARED, SETTLED
from services.placement.programmes.schemas import Command
from shared.events.placement.pay import METHODS, RETURN_REASONS

STATES = (GATHERING, PREPARED, APPROVED, FILED, SETTLED, CANCELLED)
#: Characters of one part of a return file: with the rest of the request it crosses the broker.
MOST_CONTENT = 200 * 1024
#: It stands in the payout file, whatever its encoding, and comes back from the bank: a formula or a blank must not.
FOR_A_FILE = validate.Regexp(
    r"\A[A-Za-z0-9][A-Za-z0-9._-]*\Z", error="Letters a to z, digits, and . _ - within; first a letter or a digit."
)
SHA256 = validate.Regexp(r"^[0-9a-f]{64}$", error="64 hex characters: the SHA-256 of the file.")


class Prepare(Command):
    """A new batch: of which programme, up to which month, paid how, in which institution's layout."""

    batch_id = fields.String(required=True, validate=[validate.Length(min=1, max=64), FOR_A_FILE])
    programme_id = an_id()
    month = a_month()
    method = fields.String(required=True, validate=validate.OneOf(METHODS))
    layout = fields.String(allow_none=True, validate=validate.Length(min=1, max=64))


class OneBatch(Schema):
    """Which batch."""

    batch_id = an_id(64)


class BatchAct(Command):
    """An act on one batch."""

    batch_id = an_id(64)


class DropRow(BatchAct):
    """Which month of pay is taken out."""

    pay_month_id = an_id()


class ReturnRow(BatchAct):
    """Which month of pay came back after it was paid, and why."""

    pay_month_id = an_id()
    reason = fields.String(required=True, validate=validate.OneOf(RETURN_REASONS))


class File(OneBatch):
    """Which page of the payout file."""

    cursor = fields.String(allow_none=True)


class MarkFiled(BatchAct):
    """Which file was given to the bank."""

    file_hash = fields.String(required=True, validate=SHA256)


class ReadReturns(BatchAct):
    """A part of a return file: base64 of its bytes, or text."""

    content = fields.String(required=True, validate=validate.Length(min=1, max=MOST_CONTENT))
    part = fields.Integer(strict=True, validate=validate.Range(min=1, max=1000))
    last = fields.Boolean()
    is_text = fields.Boolean()


class Rows(Paged):
    """A batch's rows."""

    batch_id = an_id(64)


class ListBatches(Paged):
    """A programme's batches: of a month, in a state."""

    programme_id = an_id()
    month = a_month(required=False)
    state = fields.String(allow_none=True, validate=validate.OneOf(STATES))
