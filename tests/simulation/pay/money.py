"""What must hold of money when the town has come to rest: lines, months, batches, the bank, budgets, figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from tests.simulation.folk import SERVICE, TENANT
from tests.simulation.invariants import Facts, Invariant, documents
from tests.simulation.pay.people import People
from tests.simulation.pay.watch import payable_of
from tests.simulation.world import World

FILED = ("filed", "settled")


def sent_back(month: dict[str, Any]) -> int:
    """Return what came back of a month after it was paid."""
    return sum(one["won"] for one in month["sent_back"])


def sent_back_of(batch: dict[str, Any]) -> int:
    """Return what came back of a batch after it was paid."""
    return sum(one["won"] for one in batch["reversals"])


def won_of(minutes: int, hourly: int) -> int:
    """Return what minutes pay: rounded up, shift by shift."""
    return -(-minutes * hourly // 60)


def lines_are_attendance(world: World, _people: People, _facts: Facts) -> Iterator[str]:
    """A month's lines add up to its shifts as they count now, less what is recovered; no line is there twice."""
    worked: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for sheet in documents(world, "placement", "sheets"):
        if sheet["revisions"]:
            # Every shift of the story begins at 10:00 in Seoul, on the same day as in UTC.
            key = (sheet["programme_id"], sheet["resident_id"], f"{sheet['start']:%Y-%m}")
            worked.setdefault(key, []).append(sheet)
    months = {
        (row["programme_id"], row["resident_id"], row["month"]): row
        for row in documents(world, "placement", "pay_months")
    }
    for key in worked.keys() ^ months.keys():
        yield f"{':'.join(key)}: {'no month of pay' if key in worked else 'a month of pay without work'}"
    for key in worked.keys() & months.keys():
        month = months[key]
        asked = {sheet["_id"] for sheet in worked[key] if any(one["answer"] is None for one in sheet["disputes"])}
        known = {one["attendance_id"] for one in month["disputes"] if one["asked"] > one["answered"]}
        if asked != known:
            yield f"{month['_id']} waits for disputes of {sorted(known)}, those of {sorted(asked)} stand"
        recovered = {row["attendance_id"] for row in month["recoveries"] if row["active"]}
        earned = sum(
            won_of(sheet["revisions"][-1]["minutes"], sheet["hourly_won"])
            for sheet in worked[key]
            if sheet["_id"] not in recovered
        )
        lines = sum(line["won"] for line in month["lines"])
        if lines != earned:
            yield f"{month['_id']} has lines of {lines} won, its shifts come to {earned}"
        for line_id, times in Counter(line["id"] for line in month["lines"]).items():
            if times > 1:
                yield f"{month['_id']} has the line {line_id} {times} times"


def nobody_is_paid_twice(world: World, people: People, _facts: Facts) -> Iterator[str]:
    """A month was never paid more than it could be at some moment; what came back, or is owed, waits to be paid."""
    for month in documents(world, "placement", "pay_months"):
        out = sum(one["won"] for one in month["payments"] if one["state"] != "returned") - sent_back(month)
        back = sum(one["won"] for one in month["paid_back"])
        if out - back > people.watch.most_payable[month["_id"]]:
            yield f"{month['_id']} was paid {out - back} won, of {people.watch.most_payable[month['_id']]} at most"
        claimed = any(one["state"] == "claimed" for one in month["payments"])
        owing = payable_of(month) > out - back and not claimed
        # Nobody waits for a dispute by now: it was answered, or should have been.
        if owing != ("owing" in month):
            yield f"{month['_id']}: {payable_of(month)} payable, {out} paid, {back} paid back, owing: {'owing' in month}"


def batches_balance(world: World, people: People, _facts: Facts) -> Iterator[str]:
    """A batch is its rows, is its payments, is what the bank was given; nothing of it waits, and no claim is stray."""
    payments: dict[str, dict[str, dict[str, Any]]] = {}
    back: dict[str, dict[str, dict[str, Any]]] = {}
    for month in documents(world, "placement", "pay_months"):
        for payment in month["payments"]:
            payments.setdefault(payment["batch_id"], {})[month["_id"]] = payment
        for one in month["sent_back"]:
            back.setdefault(one["batch_id"], {})[month["_id"]] = one
        if "claim_due" in month:
            yield f"{month['_id']} still waits for its batch to know of it"
    batches = {row["_id"]: row for row in documents(world, "placement", "batches")}
    for batch_id in payments.keys() - batches.keys():
        yield f"{batch_id} pays {sorted(payments[batch_id])}, and is no batch"
    for batch_id, batch in batches.items():
        rows = {} if batch["state"] == "cancelled" else {row[1]: row for row in batch["rows"]}
        of_batch = payments.get(batch_id, {})
        if "due" in batch:
            yield f"{batch_id} is {batch['state']} and still waits to be moved on"
        if batch["won"] != sum(row[2] for row in batch["rows"]):
            yield f"{batch_id} has {batch['won']} won, and rows of {sum(row[2] for row in batch['rows'])}"
        for name in rows.keys() ^ of_batch.keys():
            yield f"{batch_id}: {name} is {'a row without a payment' if name in rows else 'a payment without a row'}"
        for name in rows.keys() & of_batch.keys():
            if rows[name][2] != of_batch[name]["won"] or sum(rows[name][4][1::2]) != rows[name][2]:
                yield f"{batch_id}: {name} is {rows[name]}, its payment {of_batch[name]}"
        order = people.bank.orders.get(batch_id)
        if (batch["state"] in FILED) != (order is not None):
            yield f"{batch_id} is {batch['state']}, the bank has {'a' if order else 'no'} file of it"
        if order is None:
            continue
        given = sorted((row[0], row[2]) for row in batch["rows"])
        if sorted(order.rows.values()) != given:
            yield f"{batch_id} has {given}, the bank was given {sorted(order.rows.values())}"
        came_back = batch["returned"] + sent_back_of(batch)
        if batch["state"] == "settled" and (batch["won"] - came_back, came_back) != (order.paid, order.returned):
            yield f"{batch_id} says {came_back} of {batch['won']} came back; the bank {order.paid} paid, {order.returned} back"
        gone = [row for one in batch["reversals"] for row, _ in one["rows"]]
        if len(set(gone)) < len(gone) or any(batch["rows"][row - 1][5] != "paid" for row in gone):
            yield f"{batch_id} had the rows {sorted(gone)} sent back, of which one was not paid, or came back twice"
        noted = {name: one["won"] for name, one in back.get(batch_id, {}).items()}
        if noted != {batch["rows"][row - 1][1]: batch["rows"][row - 1][2] for row in gone}:
            yield f"{batch_id} had the rows {sorted(gone)} sent back, its months know of {sorted(noted)}"


def the_bank_agrees(world: World, people: People, _facts: Facts) -> Iterator[str]:
    """What residents really have is what their months say."""
    yield from people.bank.complaints
    states = {row["_id"]: row["state"] for row in documents(world, "placement", "batches")}
    paid: Counter[str] = Counter()
    for month in documents(world, "placement", "pay_months"):
        for payment in month["payments"]:
            if payment["state"] == "paid":
                paid[month["resident_id"]] += payment["won"]
        paid[month["resident_id"]] -= sent_back(month)
    if any(states.get(batch_id) != "settled" for batch_id in people.bank.orders):
        return  # somebody has not read the bank's answer yet
    for resident in paid.keys() | people.bank.paid_to().keys():
        if paid[resident] != people.bank.paid_to()[resident]:
            yield f"{resident} has {people.bank.paid_to()[resident]} won, by the books {paid[resident]}"


def budgets_are_kept(world: World, people: People, _facts: Facts) -> Iterator[str]:
    """A budget is the sum of its parts: of its openings, and of what the bank got and sent back."""
    sheets: dict[str, list[dict[str, Any]]] = {}
    for sheet in documents(world, "placement", "sheets"):
        sheets.setdefault(sheet["placement"], []).append(sheet)
    granted: Counter[str] = Counter()
    committed: Counter[str] = Counter()
    for opening in documents(world, "placement", "openings"):
        cost = opening["places"] * sum(_won(shift, opening["hourly_won"]) for shift in opening["shifts"])
        promised = 0
        for place in (*opening["placements"], *opening["left"]):
            those = sheets.get(f"{place['application_id']}:{place['attempt']}", [])
            if len(those) >= len(opening["shifts"]) and all(row["state"] in ("settled", "void") for row in those):
                promised += sum(
                    won_of(row["revisions"][-1]["minutes"], row["hourly_won"]) for row in those if row["revisions"]
                )
            elif place in opening["placements"]:
                promised += sum(
                    _won(shift, opening["hourly_won"])
                    for shift in opening["shifts"]
                    if shift["end"] > place["selected_at"]
                )
            else:
                promised += place["earned"]
        committed[opening["programme_id"]] += promised
        is_running = opening["state"] in ("open", "filled", "selecting")
        granted[opening["programme_id"]] += max(cost, promised) if is_running else promised
    batches = documents(world, "placement", "batches")
    for budget in documents(world, "placement", "budgets"):
        mine = [row for row in batches if row["programme_id"] == budget["_id"]]
        expected = {
            "granted": granted[budget["_id"]],
            "committed": committed[budget["_id"]],
            "paid": sum(row["won"] for row in mine if row["state"] in FILED),
            "returned": sum(row["returned"] + sent_back_of(row) for row in mine if row["state"] == "settled"),
        }
        orders = [people.bank.orders[row["_id"]] for row in mine if row["_id"] in people.bank.orders]
        if expected["paid"] != sum(won for order in orders for _, won in order.rows.values()):
            yield f"{budget['_id']}: batches send {expected['paid']} won, the bank was given something else"
        for name, won in expected.items():
            if budget[name] != won:
                yield f"{budget['_id']} counts {budget[name]} won {name}, it is {won}"
            if sum(part[name] for part in budget["dongs"]) != won:
                yield f"{budget['_id']}: its parts by dong are not {won} won {name}"
        for name in ("holds", "moving", "pending"):
            if budget[name]:
                yield f"{budget['_id']} still has {name}: {budget[name]}"


def pay_figures(world: World, _people: People, _facts: Facts) -> Iterator[str]:
    """The figures of pay are what placement has."""
    months = documents(world, "placement", "pay_months")
    batches = documents(world, "placement", "batches")
    payments = [payment for month in months for payment in month["payments"]]
    later, later_won = sum(len(month["sent_back"]) for month in months), sum(map(sent_back, months))
    count = {
        "earned": sum(line["won"] for month in months for line in month["lines"]),
        "payable": sum(map(payable_of, months)),
        "lines": sum(len(month["lines"]) for month in months),
        "batches": sum(batch["state"] in FILED for batch in batches),
        "filed": sum(batch["won"] for batch in batches if batch["state"] in FILED),
        "paid": sum(payment["won"] for payment in payments if payment["state"] == "paid") - later_won,
        "returned": sum(payment["won"] for payment in payments if payment["state"] == "returned") + later_won,
        "payments": sum(payment["state"] == "paid" for payment in payments) - later,
        "payments_returned": sum(payment["state"] == "returned" for payment in payments) + later,
    }
    count["held_back"] = count["earned"] - count["payable"]
    figures = world.call("statistics_figures", "figures", token=SERVICE, tenant=TENANT, about="pay")["total"]
    for name, wanted in count.items():
        if (figures[name] or 0) != wanted:
            yield f"figure {name} is {figures[name]}, placement has {wanted}"


def _won(shift: dict[str, Any], hourly: int) -> int:
    return won_of(int((shift["end"] - shift["start"]).total_seconds() // 60), hourly)


MONEY: tuple[Invariant, ...] = (
    lines_are_attendance,
    nobody_is_paid_twice,
    batches_balance,
    the_bank_agrees,
    budgets_are_kept,
    pay_figures,
)
