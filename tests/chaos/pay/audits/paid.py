"""Whether what went out adds up: batches, their rows and payments, the budget, the figures; and whether two officers agreed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from tests.chaos.finding import Finding
from tests.chaos.pay.account import Account, Document
from tests.chaos.pay.audits.finding import FOUR_EYES, PAID_TWICE, UNBALANCED

#: What the bank says of a row whose won reached the account.
WENT_THROUGH = "paid"


def paid(account: Account) -> Iterator[Finding]:
    """Yield every batch, budget and figure that doesn't agree with the others."""
    payments: dict[str, dict[str, Document]] = defaultdict(dict)
    for month in account.months:
        for payment in month["payments"]:
            if month["_id"] in payments[payment["batch_id"]]:
                yield Finding(PAID_TWICE, f"two payments of {payment['batch_id']}", month["_id"])
            payments[payment["batch_id"]][month["_id"]] = payment
    known = {batch["_id"] for batch in account.batches}
    for batch in account.batches:
        for what in _wrong_in_batch(batch, payments[batch["_id"]]):
            yield Finding(UNBALANCED, what, batch["_id"])
        if batch["approver"] is not None and batch["approver"] in {batch["preparer"], *batch["changers"]}:
            yield Finding(FOUR_EYES, f"{batch['approver']} approved what they made", batch["_id"])
        if batch["filed_on"] is not None and batch["approver"] is None:
            yield Finding(FOUR_EYES, "filed, and nobody has approved it", batch["_id"])
    for name in sorted(payments.keys() - known):
        yield Finding(UNBALANCED, f"{len(payments[name])} payments of a batch that is none", name)
    for budget in account.budgets:
        for what in _wrong_in_budget(account, budget):
            yield Finding(UNBALANCED, what, budget["_id"])
    for programme, told in account.balance.items():
        if not told.get("balanced") or told.get("settling"):
            yield Finding(UNBALANCED, f"the services' own comparison: {dict(told)}", programme)
    for about, must in (("pay", _pay_figures(account)), ("attendance", _attendance_figures(account))):
        told = account.figures.get(about, {})
        for measure, value in must.items():
            if told.get(measure) != value:
                what = f"the figures say {measure} {told.get(measure)}, placement says {value}"
                yield Finding(UNBALANCED, what, f"figures of {about}")


def rows_of(batch: Document) -> list[tuple[str, str, int, int, dict[str, int], str | None]]:
    """Return (resident, month of pay, won, lines, won by 동, outcome) of each row."""
    return [
        (who, month, won, lines, dict(zip(dongs[::2], dongs[1::2], strict=True)), outcome)
        for who, month, won, lines, dongs, outcome in batch["rows"]
    ]


def _wrong_in_batch(batch: Document, payments: Mapping[str, Document]) -> Iterator[str]:
    rows = rows_of(batch)
    if batch["state"] == "cancelled":
        if payments:
            yield f"it was called off, and {len(payments)} months of pay have a payment of it"
        return
    if sum(row[2] for row in rows) != batch["won"] or len({row[0] for row in rows}) != batch["people"]:
        yield f"it says {batch['won']} won for {batch['people']}, its rows {sum(row[2] for row in rows)}"
    twice = [name for name, times in Counter(row[1] for row in rows).items() if times > 1]
    if twice:
        yield f"two rows for {twice}"
    for _who, month, won, lines, dongs, outcome in rows:
        payment = payments.get(month)
        if payment is None:
            yield f"{month}: a row of {won} won and no payment"
            continue
        if (payment["won"], payment["lines"]) != (won, lines) or sum(dongs.values()) != won:
            yield f"{month}: its row says {won} won for {lines} lines, its payment {payment['won']} for {payment['lines']}"
        must = "claimed" if outcome is None else "paid" if outcome == WENT_THROUGH else "returned"
        if payment["state"] != must:
            yield f"{month}: the bank said {outcome}, its payment is {payment['state']}"
    extra = payments.keys() - {row[1] for row in rows}
    if extra:
        yield f"payments without a row: {sorted(extra)}"
    if batch["answered_on"] is not None:
        went = sum(row[2] for row in rows if row[5] == WENT_THROUGH)
        if (batch["paid"], batch["returned"]) != (went, batch["won"] - went):
            yield f"it says paid {batch['paid']} and returned {batch['returned']}, its rows paid {went}"


def _wrong_in_budget(account: Account, budget: Document) -> Iterator[str]:
    mine = [batch for batch in account.batches if batch["programme_id"] == budget["_id"]]
    filed = [batch for batch in mine if batch["filed_on"] is not None]
    settled = [batch for batch in mine if batch["state"] == "settled"]
    must = (sum(batch["won"] for batch in filed), sum(batch["returned"] for batch in settled))
    if (budget["paid"], budget["returned"]) != must:
        yield f"it paid and got back {(budget['paid'], budget['returned'])}, its batches {must}"
    by_dong: Counter[str] = Counter()
    for batch in filed:
        for row in rows_of(batch):
            for dong, won in row[4].items():
                by_dong[dong] += won - (won if row[5] not in (None, WENT_THROUGH) else 0)
    told = {row["dong"]: row["paid"] - row["returned"] for row in budget["dongs"]}
    if {dong: won for dong, won in told.items() if won} != {dong: won for dong, won in by_dong.items() if won}:
        yield f"by 동 it says {told}, its batches {dict(by_dong)}"
    for name in ("granted", "committed"):
        grants = sum(one["grant"][name] for one in account.openings if one["programme_id"] == budget["_id"])
        if budget[name] != grants:
            yield f"{name} {budget[name]}, its openings have {grants}"
    for name in ("granted", "committed", "paid", "returned"):
        if budget[name] != sum(row[name] for row in budget["dongs"]):
            yield f"{name} by 동 does not add up to {budget[name]}"
    holds = sum(hold["amount"] for hold in budget["holds"])
    if budget["total"] is not None and holds + budget["granted"] > budget["total"]:
        yield f"held {holds} and granted {budget['granted']} pass {budget['total']}"
    if not 0 <= budget["returned"] <= budget["paid"] or budget["committed"] > budget["granted"]:
        yield f"paid {budget['paid']}, returned {budget['returned']}, committed {budget['committed']} of {budget['granted']}"
    months = [month for month in account.months if month["programme_id"] == budget["_id"]]
    back, recoverable = sum(map(_back, months)), sum(map(_to_recover, months))
    if budget.get("recovered", 0) != back:
        yield f"it says that {budget.get('recovered', 0)} won were given back, months of pay say {back}"
    if budget["paid"] - budget["returned"] - back > budget["committed"] + recoverable:
        yield (
            f"paid {budget['paid'] - budget['returned']} won, {back} were given back, {budget['committed']} are committed, "
            f"{recoverable} to recover"
        )


def _payable(month: Document) -> int:
    won = sum(line["won"] for line in month["lines"])
    return int(won if month["cap"] is None else min(won, month["cap"]["won"]))


def _back(month: Document) -> int:
    return int(sum(one["won"] for one in month["paid_back"]))


def _to_recover(month: Document) -> int:
    out = sum(one["won"] for one in month["payments"] if one["state"] != "returned")
    return max(0, int(out) - _back(month) - _payable(month))


def _pay_figures(account: Account) -> dict[str, int]:
    lines = [line for month in account.months for line in month["lines"]]
    filed = [batch for batch in account.batches if batch["filed_on"] is not None]
    settled = [batch for batch in account.batches if batch["state"] == "settled"]
    payable = sum(_payable(month) for month in account.months)
    states = Counter(payment["state"] for month in account.months for payment in month["payments"])
    won = sum(line["won"] for line in lines)
    return {
        "earned": won,
        "payable": payable,
        "held_back": won - payable,
        "lines": len(lines),
        "batches": len(filed),
        "filed": sum(batch["won"] for batch in filed),
        "paid": sum(batch["paid"] for batch in settled),
        "returned": sum(batch["returned"] for batch in settled),
        "payments": states["paid"],
        "payments_returned": states["returned"],
    }


def _attendance_figures(account: Account) -> dict[str, int]:
    settled = [sheet for sheet in account.sheets if sheet["revisions"]]
    results = Counter(sheet["revisions"][-1]["result"] for sheet in settled)
    return {
        "settled": len(settled),
        "worked_minutes": sum(sheet["revisions"][-1]["minutes"] for sheet in settled),
        "corrections": sum(len(sheet["revisions"]) - 1 for sheet in settled),
        **{result: results[result] for result in ("worked", "partly", "absent", "excused")},
    }
