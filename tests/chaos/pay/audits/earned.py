"""Whether what was worked is what is owed: sheets, the lines and payments of a month of pay, what places have noted."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from shared.clock import kst_day
from tests.chaos.finding import LOST, Finding
from tests.chaos.pay.account import Account, Document
from tests.chaos.pay.audits.finding import UNBALANCED
from tests.chaos.pay.stage import Stage, minutes_of, won_of

#: States in which an opening may still give places.
RUNNING = frozenset({"open", "selecting", "filled"})


def earned(stage: Stage, account: Account) -> Iterator[Finding]:
    """Yield every shift, month of pay and place whose won don't agree with what was settled."""
    worked: dict[str, dict[str, Document]] = defaultdict(dict)
    for sheet in account.sheets:
        if sheet["revisions"]:
            worked[month_of(sheet)][sheet["_id"]] = sheet
    months = {month["_id"]: month for month in account.months}
    for name in sorted({*worked, *months}):
        if name not in months:
            yield Finding(LOST, f"{len(worked[name])} settled shifts have no month of pay", name, "attendance.settled")
            continue
        for what in _wrong_in_month(months[name], worked[name], stage.cap.get(months[name]["programme_id"])):
            yield Finding(UNBALANCED, what, name)
    yield from _noted_by_places(account)


def month_of(sheet: Document) -> str:
    """Return the month of pay that a sheet goes into."""
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
        due = min(sum(line["won"] for line in month["lines"][: payment["upto"]]), none_is_large(cap)) - out
        if payment["won"] != due:
            yield f"{payment['batch_id']} pays {payment['won']} won, {due} were due of its {payment['upto']} lines"
        if sum(part["won"] for part in payment["dongs"]) != payment["won"]:
            yield f"{payment['batch_id']}: its parts by 동 don't add up"
        out += payment["won"] if payment["state"] != "returned" else 0
    back = sum(one["won"] for one in month["paid_back"])
    if back > out:
        yield f"{back} won came back, {out} went out"


def none_is_large(cap: int | None) -> int:
    """Return a cap in won, to compare with: without one, more than anybody could get."""
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
