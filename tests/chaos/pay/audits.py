"""Audits of places and money, each from the records alone, with sums of their own. Pure.

    places     nobody is placed twice, no opening has more people than places, now or at any time before
    overlaps   nobody has two direct jobs on the same day, now or at any time before
    earned     sheets against lines, months of pay, and what places have noted
    paid       batches against rows, payments and the budget; the services' own comparison; the figures
    bank       the bank's book against payments, rows and what could ever be due
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import combinations
from typing import Any

from shared.clock import kst_day
from tests.chaos.pay.account import Account, Document
from tests.chaos.pay.bank import Entry
from tests.chaos.pay.stage import Stage, minutes_of, won_of

UNBALANCED, PAID_TWICE, OVER_FILLED, OVERLAPPING = "unbalanced", "paid_twice", "over_filled", "overlapping"
FOUR_EYES, LOST, DUPLICATED, LEFT = "four_eyes_broken", "lost", "duplicated", "left"
#: States in which an opening may still give places.
RUNNING = frozenset({"open", "selecting", "filled"})
WENT_THROUGH = "paid"


@dataclass(frozen=True)
class Finding:
    """Something that is not as it must be. `about` and `act` say whose it is, when that is known."""

    kind: str
    what: str
    about: str = ""
    act: str = ""


def events(account: Account, suffix: str) -> Iterator[Mapping[str, Any]]:
    """Yield archived events of placement of that type, such as ``allowance.paid``."""
    for kept in account.archive:
        if kept["event"]["type"].startswith(f"kr.sipbun.placement.{suffix}."):
            yield kept["event"]


# -- places


@dataclass(frozen=True)
class Had:
    """Somebody's place, from when until when it was theirs."""

    opening: str
    resident: str
    since: datetime
    until: datetime | None = None


def places_had(account: Account) -> Iterator[Had | Finding]:
    """Yield every place that was ever given, as the archived facts of each opening tell, in their order."""
    told: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for suffix in ("placement.selected", "placement.withdrawn"):
        for event in events(account, suffix):
            told[event["data"]["opening_id"]].append(event)
    for opening, facts in told.items():
        now: dict[str, datetime] = {}
        for event in sorted(facts, key=lambda one: str(one["sequence"])):
            who, came = event["data"]["resident_id"], ".selected." in event["type"]
            if came == (who in now):
                yield Finding(OVER_FILLED, f"{who} is {'placed twice' if came else 'withdrawn without a place'}", opening)
            elif came:
                now[who] = event["time"]
            else:
                yield Had(opening, who, now.pop(who), event["time"])
        yield from (Had(opening, who, since) for who, since in now.items())


def places(account: Account) -> Iterator[Finding]:
    """Yield every opening with more people than places, now or at any time before."""
    had = list(places_had(account))
    yield from (one for one in had if isinstance(one, Finding))
    those = [one for one in had if isinstance(one, Had)]
    for opening in account.openings:
        name = opening["_id"]
        now = Counter(one["resident_id"] for one in opening["placements"])
        taken = len(opening["placements"]) + len(opening["offers"])
        if taken > opening["places"]:
            yield Finding(OVER_FILLED, f"{taken} are placed or asked for {opening['places']} places", name)
        if now and max(now.values()) > 1:
            yield Finding(OVER_FILLED, f"{now.most_common(1)} has several places", name)
        mine = [one for one in those if one.opening == name]
        most = max((sum(_both_at(one, other) for other in mine) for one in mine), default=0)
        if most > opening["places"]:
            yield Finding(OVER_FILLED, f"{most} had a place at one time, of {opening['places']}", name)
        told = Counter(one.resident for one in mine if one.until is None)
        for who in sorted(who for who in {*now, *told} if now[who] != told[who]):
            kind = LOST if who in now else DUPLICATED
            yield Finding(kind, f"{who}: placed {now[who]} times, the facts say {told[who]}", name, "placement.selected")


def _both_at(one: Had, other: Had) -> bool:
    """Whether the other had a place when the one was given theirs."""
    return other.since <= one.since and (other.until is None or one.since < other.until)


def overlaps(account: Account) -> Iterator[Finding]:
    """Yield every two direct jobs of one resident on the same day; and places and claims that don't agree."""
    direct = {one["_id"]: _days(one) for one in account.openings if one["direct_job"]}
    by_resident: dict[str, list[Had]] = defaultdict(list)
    for one in places_had(account):
        if isinstance(one, Had) and one.opening in direct:
            by_resident[one.resident].append(one)
    for who, had in by_resident.items():
        for one, other in combinations(had, 2):
            shared = direct[one.opening] & direct[other.opening]
            if one.opening != other.opening and shared and (_both_at(one, other) or _both_at(other, one)):
                yield Finding(OVERLAPPING, f"{one.opening} and {other.opening} on {min(shared)}", who)
    yield from _claims(account)


def _claims(account: Account) -> Iterator[Finding]:
    given = {
        f"{one['application_id']}:{one['attempt']}": one["resident_id"]
        for opening in account.openings
        for one in opening["placements"]
    }
    taken = {
        claim["key"]: one["_id"] for one in account.participations for claim in one["claims"] if claim["state"] == "taken"
    }
    for key in sorted(given.keys() - taken.keys()):
        yield Finding(LOST, f"the place {key} has no claim", given[key], "placement.selected")
    for key in sorted(taken.keys() - given.keys()):
        yield Finding(LEFT, f"{key} is claimed, and is no place", taken[key])


def _days(opening: Document) -> frozenset[date]:
    """Return the days from the first to the last of the work."""
    days = sorted(kst_day(shift["start"]) for shift in opening["shifts"])
    return frozenset(date.fromordinal(day) for day in range(days[0].toordinal(), days[-1].toordinal() + 1))


# -- earned


def earned(stage: Stage, account: Account) -> Iterator[Finding]:
    """Yield every shift, month of pay and place whose won don't agree with what was settled."""
    worked: dict[str, dict[str, Document]] = defaultdict(dict)
    for sheet in account.sheets:
        if sheet["revisions"]:
            worked[_month_of(sheet)][sheet["_id"]] = sheet
    months = {month["_id"]: month for month in account.months}
    for name in sorted({*worked, *months}):
        if name not in months:
            yield Finding(LOST, f"{len(worked[name])} settled shifts have no month of pay", name, "attendance.settled")
            continue
        for what in _wrong_in_month(months[name], worked[name], stage.cap.get(months[name]["programme_id"])):
            yield Finding(UNBALANCED, what, name)
    yield from _noted_by_places(account)


def _month_of(sheet: Document) -> str:
    return f"{sheet['programme_id']}:{sheet['resident_id']}:{kst_day(sheet['start']):%Y-%m}"


def won_of_sheet(sheet: Document) -> int:
    """Return what a sheet pays now."""
    return won_of(sheet["revisions"][-1]["minutes"], sheet["hourly_won"]) if sheet["revisions"] else 0


def _wrong_in_month(month: Document, worked: Mapping[str, Document], cap: int | None) -> Iterator[str]:
    for line, times in Counter(line["id"] for line in month["lines"]).items():
        if times > 1:
            yield f"the line {line} stands there {times} times"
    sums: Counter[str] = Counter()
    for line in month["lines"]:
        sums[line["attendance_id"]] += line["won"]
    for name in sorted({*sums, *worked}):
        must = won_of_sheet(worked[name]) if name in worked else 0
        if sums[name] != must:
            yield f"{name}: its lines say {sums[name]} won, its sheet {must}"
    for name, sheet in worked.items():
        planned = minutes_of((sheet["start"], sheet["end"]))
        if any(not 0 <= one["minutes"] <= planned for one in sheet["revisions"]):
            yield f"{name}: counts more than its {planned} minutes"
    if (month["cap"] and month["cap"]["won"]) != cap:
        yield f"its cap is {month['cap']}, must be {cap}"
    yield from _wrong_payments(month, cap)


def _wrong_payments(month: Document, cap: int | None) -> Iterator[str]:
    """Fold the payments in their order: each pays what was due of the lines that stood there by then, and no more."""
    out = 0
    for payment in month["payments"]:
        due = min(sum(line["won"] for line in month["lines"][: payment["upto"]]), _none_is_large(cap)) - out
        if payment["won"] != due:
            yield f"{payment['batch_id']} pays {payment['won']} won, {due} were due of its {payment['upto']} lines"
        if sum(part["won"] for part in payment["dongs"]) != payment["won"]:
            yield f"{payment['batch_id']}: its parts by 동 don't add up"
        out += payment["won"] if payment["state"] != "returned" else 0
    back = sum(one["won"] for one in month["paid_back"])
    if back > out:
        yield f"{back} won came back, {out} went out"


def _none_is_large(cap: int | None) -> int:
    return 10**15 if cap is None else cap


def _noted_by_places(account: Account) -> Iterator[Finding]:
    """Every place has all its sheets, and has noted what they come to; the opening's grant follows from that."""
    sheets: dict[str, list[Document]] = defaultdict(list)
    for sheet in account.sheets:
        sheets[sheet["placement"]].append(sheet)
    for opening in account.openings:
        full = sum(won_of(minutes_of((one["start"], one["end"])), opening["hourly_won"]) for one in opening["shifts"])
        committed = 0
        for place in (*opening["placements"], *opening.get("left", ())):
            key = f"{place['application_id']}:{place['attempt']}"
            mine = sheets[key]
            if len(mine) != len(opening["shifts"]):
                yield Finding(LOST, f"{key} has {len(mine)} sheets of {len(opening['shifts'])}", key, "placement.selected")
            done = bool(mine) and all(sheet["state"] != "open" for sheet in mine)
            must = sum(won_of_sheet(sheet) for sheet in mine) if done else None
            if place["earned"] != must:
                yield Finding(UNBALANCED, f"{key} has noted {place['earned']} won, its sheets say {must}", opening["_id"])
            committed += full if place["earned"] is None else place["earned"]
        granted = max(full * opening["places"], committed) if opening["state"] in RUNNING else committed
        grant = (opening["grant"]["granted"], opening["grant"]["committed"])
        if grant != (granted, committed):
            yield Finding(UNBALANCED, f"its grant is {grant}, its places come to {(granted, committed)}", opening["_id"])


# -- paid


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


def _rows(batch: Document) -> list[tuple[str, str, int, int, dict[str, int], str | None]]:
    """Return (resident, month of pay, won, lines, won by 동, outcome) of each row."""
    return [
        (who, month, won, lines, dict(zip(dongs[::2], dongs[1::2], strict=True)), outcome)
        for who, month, won, lines, dongs, outcome in batch["rows"]
    ]


def _wrong_in_batch(batch: Document, payments: Mapping[str, Document]) -> Iterator[str]:
    rows = _rows(batch)
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
        for row in _rows(batch):
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


# -- the bank


def bank(stage: Stage, account: Account) -> Iterator[Finding]:
    """Yield every line of the bank's book that is not a payment of ours, or the other way; and whatever is paid twice."""
    booked: dict[tuple[str, int], list[Entry]] = defaultdict(list)
    for entry in account.book:
        booked[entry.batch, entry.seq].append(entry)
    wanted: dict[tuple[str, int], tuple[str, str, int, str | None]] = {
        (batch["_id"], seq): (row[0], row[1], row[2], row[5])
        for batch in account.batches
        if batch["filed_on"] is not None
        for seq, row in enumerate(_rows(batch), 1)
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
        sheets[_month_of(sheet)].append(sheet)
    for month in account.months:
        name, got = month["_id"], sum(entry.won for entry in by_month.get(month["_id"], ()))
        known = sum(payment["won"] for payment in month["payments"] if payment["state"] == "paid")
        if got != known:
            yield Finding(PAID_TWICE if got > known else UNBALANCED, f"the bank paid {got} won, it says {known}", name)
        cap, running, by_lines = _none_is_large(stage.cap.get(month["programme_id"])), 0, 0
        for line in month["lines"]:
            running += line["won"]
            by_lines = max(by_lines, min(running, cap))
        by_sheets = min(sum(_most_of(sheet) for sheet in sheets[name]), cap)
        if got > min(by_lines, by_sheets):
            what = f"the bank paid {got} won; at most {by_lines} were ever due by its lines, {by_sheets} by its sheets"
            yield Finding(PAID_TWICE, what, name)


def _most_of(sheet: Document) -> int:
    return max((won_of(one["minutes"], sheet["hourly_won"]) for one in sheet["revisions"]), default=0)
