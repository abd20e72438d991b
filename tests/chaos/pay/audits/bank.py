"""Whether the bank paid what we filed, and never more than could be due."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from tests.chaos.finding import LOST, Finding
from tests.chaos.pay.account import Account, Document
from tests.chaos.pay.audits.earned import month_of, none_is_large
from tests.chaos.pay.audits.finding import PAID_TWICE, UNBALANCED
from tests.chaos.pay.audits.paid import WENT_THROUGH, rows_of
from tests.chaos.pay.bank import Entry
from tests.chaos.pay.stage import Stage, won_of


def bank(stage: Stage, account: Account) -> Iterator[Finding]:
    """Yield every line of the bank's book that is not a payment of ours, or the other way; and whatever is paid twice."""
    booked: dict[tuple[str, int], list[Entry]] = defaultdict(list)
    for entry in account.book:
        booked[entry.batch, entry.seq].append(entry)
    wanted: dict[tuple[str, int], tuple[str, str, int, str | None]] = {
        (batch["_id"], seq): (row[0], row[1], row[2], row[5])
        for batch in account.batches
        if batch["filed_on"] is not None
        for seq, row in enumerate(rows_of(batch), 1)
    }
    by_month: dict[str, list[Entry]] = defaultdict(list)
    for key in sorted({*booked, *wanted}):
        entries, row = booked.get(key, []), wanted.get(key)
        if row is None:
            yield Finding(PAID_TWICE, f"the bank booked row {key[1]}, which is none that was filed", key[0])
            continue
        who, month, won, outcome = row
        by_month[month] += [one for one in entries if one.failed is None]
        if len(entries) != 1:
            kind = PAID_TWICE if len(entries) > 1 else LOST
            yield Finding(kind, f"the bank booked row {key[1]} ({won} won to {who}) {len(entries)} times", key[0], "mark_filed")
            continue
        (entry,) = entries
        if (entry.won, stage.owner_of(entry.number)) != (won, who):
            what = f"row {key[1]}: the bank paid {entry.won} to {stage.owner_of(entry.number)}, it is {won} for {who}"
            yield Finding(UNBALANCED, what, key[0])
        if outcome is not None and (entry.failed is None) != (outcome == WENT_THROUGH):
            yield Finding(UNBALANCED, f"row {key[1]}: the bank answered {entry.failed}, we noted {outcome}", key[0])
    for what in account.complaints:
        yield Finding(UNBALANCED, f"the bank complains: {what}", what.partition(":")[0])
    yield from _paid_too_much(stage, account, by_month)


def _paid_too_much(stage: Stage, account: Account, by_month: Mapping[str, Sequence[Entry]]) -> Iterator[Finding]:
    """No month of pay ever got more than it could be due at one time: by its lines, and by its sheets alone."""
    sheets: dict[str, list[Document]] = defaultdict(list)
    for sheet in account.sheets:
        sheets[month_of(sheet)].append(sheet)
    for month in account.months:
        name, got = month["_id"], sum(entry.won for entry in by_month.get(month["_id"], ()))
        known = sum(payment["won"] for payment in month["payments"] if payment["state"] == "paid")
        if got != known:
            yield Finding(PAID_TWICE if got > known else UNBALANCED, f"the bank paid {got} won, it says {known}", name)
        cap, running, by_lines = none_is_large(stage.cap.get(month["programme_id"])), 0, 0
        for line in month["lines"]:
            running += line["won"]
            by_lines = max(by_lines, min(running, cap))
        by_sheets = min(sum(_most_of(sheet) for sheet in sheets[name]), cap)
        if got > min(by_lines, by_sheets):
            what = f"the bank paid {got} won; at most {by_lines} were ever due by its lines, {by_sheets} by its sheets"
            yield Finding(PAID_TWICE, what, name)


def _most_of(sheet: Document) -> int:
    return max((won_of(one["minutes"], sheet["hourly_won"]) for one in sheet["revisions"]), default=0)
