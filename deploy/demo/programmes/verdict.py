"""What was read back, what was promised, and whether the two agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from deploy.demo.programmes.cast import PLACES, SHIFTS
from deploy.demo.verdict import Promise

#: What the data's own sources say, and nothing else (``deploy/data/programmes.yaml``).
_INCHEON = {"districts": 8, "programmes": 9, "reported": 142, "itemised": 105, "gap": 37, "trained_apart": 30}
_SEOUL = {"target": 400, "budget_krw": 6_000_000_000, "named_programmes": 11, "named_districts": 10}
_NO_FIGURE = ("서구", "남동구")


@dataclass
class Outcome:
    """Everything that was read back. Nothing here is an expectation."""

    tenant: str
    #: The two dashboards, as ``placement_programmes.report`` told them.
    incheon: Mapping[str, Any] = field(default_factory=dict)
    seoul: Mapping[str, Any] = field(default_factory=dict)
    #: District under which Free-lug is counted, and names of districts whose code has changed since.
    freelug_district: str = ""
    old_names: Sequence[str] = ()
    hosted_id: str = ""
    proposal_state: str = ""
    #: The refusal's code, and its words.
    own_review_refused: str = ""
    own_review_told: str = ""
    draw_verified: bool = False
    drawn: int = 0
    declined: int = 0
    asked_next: int = 0
    placements: int = 0
    open_offers: int = -1
    #: Of the month of pay of everybody: earned, payable, held back, paid in won.
    pay: Sequence[Mapping[str, Any]] = ()
    four_eyes_refused: str = ""
    four_eyes_told: str = ""
    file_lines: int = 0
    same_file_twice: bool = False
    batches: Sequence[Mapping[str, Any]] = ()
    returned: int = 0
    balance: Mapping[str, Any] = field(default_factory=dict)
    budget: Mapping[str, Any] = field(default_factory=dict)
    figures: Mapping[str, Any] = field(default_factory=dict)
    letters: Mapping[str, int] = field(default_factory=dict)
    duplicates: Sequence[str] = ()
    missing: Sequence[str] = ()
    events: int = 0
    #: The event to follow: the payout file.
    filled_id: str = ""
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether every promise was kept."""
        return all(promise.kept for promise in self.promises())

    @property
    def paid(self) -> int:
        """Won paid to people, net of what came back."""
        return sum(int(one["paid"]) for one in self.pay)

    @property
    def flagged(self) -> int:
        """Months of pay above the cap."""
        return sum(int(one["held_back"]) > 0 for one in self.pay)

    @property
    def lines(self) -> int:
        """Lines of the months of pay."""
        return sum(int(one["lines"]) for one in self.pay)

    @property
    def balanced(self) -> bool:
        """Whether batches, months of pay and the budget say the same."""
        moved = int(self.budget.get("paid", -1)) - int(self.budget.get("returned", 0))
        return bool(self.balance.get("balanced")) and moved == self.paid

    def promises(self) -> list[Promise]:
        """Return the promises of the README, judged."""
        incheon, seoul = self._incheon(), self._seoul()
        return [
            Promise(
                all(incheon[name] == value for name, value in _INCHEON.items())
                and sorted(incheon["no_figure"]) == sorted(_NO_FIGURE),
                "발표 합계 142와 항목 합계 105를 섞지 않고, 차이 37을 보인다",
                "reported 142 and itemised 105 are never mixed; the gap of 37 is shown",
                f"발표 {incheon['reported']} · 항목 {incheon['itemised']} · 차이 {incheon['gap']}"
                f" · 교육 {incheon['trained_apart']} 따로",
            ),
            Promise(
                sorted(incheon["no_figure"]) == sorted(_NO_FIGURE)
                and self.freelug_district == "계양구"
                and set(self.old_names) >= {"동구", "서구"},
                "모르는 값은 ‘자료 없음’, 바뀐 구는 그때의 이름으로",
                "unknown is no figure, not 0; districts keep the names they had",
                f"자료 없음 {', '.join(incheon['no_figure'])} · 프리러그 {self.freelug_district}",
            ),
            Promise(
                all(seoul[name] == value for name, value in _SEOUL.items()) and seoul["krw_per_job"] == 15_000_000,
                "서울 400개, 60억 원, 11개 사업·10개 구가 이름을 가진다",
                "Seoul: 400 jobs, 6,000,000,000 won, 11 programmes and 10 districts named",
                f"목표 {seoul['target']} · {seoul['krw_per_job'] or 0:,}원/개",
            ),
            Promise(
                self.proposal_state == "selected" and bool(self.hosted_id) and bool(self.own_review_refused),
                "구의 제안이 심사를 거쳐 사업이 된다; 자기 제안은 심사하지 못한다",
                "a district's proposal becomes a programme; nobody reviews their own",
                f"사업 {'1개가 생김' if self.hosted_id else '없음'} · 거절: {self.own_review_told or '없음'}",
            ),
            Promise(
                self.draw_verified and self.drawn > 0,
                "추첨은 누구나 다시 계산해 볼 수 있다",
                "anyone can recompute the draw",
                f"{self.drawn}명 · {'맞음' if self.draw_verified else '다름'}",
            ),
            Promise(
                self.placements == PLACES and self.declined == 1 and self.asked_next >= 1 and self.open_offers == 0,
                "한 사람이 사양하면 다음 사람에게 저절로 묻는다",
                "who declines makes way for the next, by itself",
                f"선정 {self.placements} · 사양 {self.declined} · 다음 {self.asked_next}",
            ),
            Promise(
                self.flagged == 1 and self.lines >= PLACES * len(SHIFTS),
                "상한을 넘은 수당은 버리지 않고 보류로 남긴다",
                "what is above the cap is flagged, never dropped",
                f"줄 {self.lines} · 상한 초과 {self.flagged}",
            ),
            Promise(
                bool(self.four_eyes_refused) and self.same_file_twice,
                "지급은 두 사람이 보고, 파일은 다시 만들어도 같다",
                "four eyes, and the payout file is the same bytes again",
                f"거절: {self.four_eyes_told or '없음'} · 파일 {self.file_lines}줄",
            ),
            Promise(
                self.balanced and self.returned == 1,
                "되돌아온 지급은 다음에 다시, 지급 묶음과 수당과 예산이 맞는다",
                "a returned payment is paid later; batches, pay and budget agree",
                f"지급 {self.paid:,}원 · 되돌아옴 {self.returned} · {'맞음' if self.balanced else '다름'}",
            ),
            Promise(
                self.figures.get("paid") == self.paid and self.figures.get("earned") is not None,
                "통계도 같은 금액을 말한다",
                "the figures say the same amount",
                f"통계 지급 {self.figures.get('paid') or 0:,}원",
            ),
            Promise(
                not self.duplicates and not self.missing,
                "하나도 사라지거나 겹치지 않는다",
                "nothing lost, nothing doubled",
                f"이벤트 {self.events}건 · 겹침 {len(self.duplicates)} · 잃음 {len(self.missing)}",
            ),
        ]

    def as_json(self) -> dict[str, Any]:
        """Return what ``demo programmes --json`` prints."""
        seoul = self._seoul()
        return {
            "scenario": "programmes",
            "ok": self.ok,
            "incheon_2019": self._incheon(),
            "seoul": {name: seoul[name] for name in (*_SEOUL, "krw_per_job")},
            "payout": {
                "lines": self.lines,
                "paid": self.paid,
                "flagged": self.flagged,
                "balanced": self.balanced,
            },
            "letters": dict(self.letters),
            "duplicated": len(self.duplicates),
            "lost": len(self.missing),
            "seconds": round(self.seconds, 2),
        }

    def _incheon(self) -> dict[str, Any]:
        told = self.incheon
        return {
            "districts": told.get("named_districts"),
            "programmes": told.get("named_programmes"),
            "reported": (told.get("reported") or {}).get("value"),
            "itemised": (told.get("itemised") or {}).get("value"),
            "gap": told.get("gap"),
            "trained_apart": (told.get("trained_apart") or {}).get("value"),
            "no_figure": [one["district"] for one in told.get("no_figure", ())],
        }

    def _seoul(self) -> dict[str, Any]:
        told = self.seoul
        return {
            "target": ((told.get("targets") or {}).get("jobs") or {}).get("value"),
            "budget_krw": told.get("budget_krw"),
            "named_programmes": told.get("named_programmes"),
            "named_districts": told.get("named_districts"),
            "krw_per_job": told.get("krw_per_job"),
        }
