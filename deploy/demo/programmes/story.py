"""The scenario, step by step: figures as published, then a programme from its proposal to its payout file.

Each step asks a service, waits until what follows from it can be read, and notes what was read in ``Outcome``.
"""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml

from deploy.demo.board import Board
from deploy.demo.desk import Desk
from deploy.demo.player import FIGURES, TENANTS, Player, plain
from deploy.demo.programmes import cast
from deploy.demo.programmes.verdict import Outcome
from deploy.running import Running
from deploy.words import letter_word, opening_word
from services.gateway import catalogue
from services.placement.openings.draw import verify
from shared.actors import Actor
from shared.clock import iso
from shared.errors import Refused
from shared.ids import Ids

PROGRAMMES, REGISTRY = "placement_programmes", "residents_registry"
CALLS, PROPOSALS, BUDGETS = "placement_calls", "placement_proposals", "placement_budgets"
OPENINGS, ATTENDANCE = "placement_openings", "placement_attendance"
ALLOWANCE, BATCHES, ACCOUNTS = "placement_allowance", "placement_batches", "residents_accounts"
CONSENT = "2026-01"
CONSENTS = ("service", "payout")


def told_in_words(refused: Refused) -> str:
    """Return the Korean title of a refusal, as the gateway words it."""
    return catalogue.words(refused.code, "ko", field=refused.field, values=refused.values).title


class Story(Player):
    """One demo in a tenant of its own."""

    def __init__(self, town: Running, desk: Desk, ids: Ids, *, tenant: str, board: Board) -> None:
        super().__init__(town, desk, ids, tenant=tenant, board=board)
        #: Of the whole city; one of the district, who proposes; two who do the money.
        self.city = self._actor("officer-city", "officer")
        self.district = self._actor("officer-district", "officer", cast.DISTRICT)
        self.payer, self.approver = (self._actor(name, "officer", cast.DISTRICT) for name in ("officer-1", "officer-2"))
        self.host = self._actor("host-demo", "host")
        self.hosted = f"{tenant}:{cast.PROPOSED}"
        self.watcher.programmes = dict.fromkeys(range(6), self.hosted)
        self.outcome = Outcome(tenant)
        self.people: list[Actor] = []
        self.opening = self.proposal = ""
        self.placed: list[Actor] = []
        self._expected_letters: Counter[str] = Counter()

    def play(self) -> Outcome:
        """Play everything and return what was read back; the tenant is closed whatever happens.

        Raises ``Refused``, ``NotFound`` or ``Unavailable`` when a step that must succeed doesn't.
        """
        self.watcher.open()
        opened = False
        try:
            self._read_what_was_published()
            opened = True
            self._propose()
            self._draw()
            self._work()
            self._pay()
            self._read_everything_back()
        finally:
            if opened:
                self._close_the_tenant()
            self.watcher.close()
            self.board.end()
        self.outcome.seconds = self.board.seconds
        return self.outcome

    # Chapter 0: figures as their sources published them.

    def _read_what_was_published(self) -> None:
        self.board.chapter("발표된 숫자 (figures as published)")
        self._do(self.operator, TENANTS, "open", tenant=self.tenant, name=f"시연 {self.tenant}", rehearsal=True)
        data = Path(__file__).parents[2] / "data" / "programmes.yaml"
        rows = yaml.safe_load(data.read_text(encoding="utf-8"))["programmes"]
        told = self._ask(
            self.operator, PROGRAMMES, "load", tenant=self.tenant,
            programmes=[plain(row) for row in rows if row["id"] != cast.PROPOSED],
        )
        self.board.act("운영자", f"사업 {told['loaded']}개를 올림", "deploy/data/programmes.yaml")
        self.outcome.incheon = self._report(cast.INCHEON)
        self.outcome.seoul = self._report(cast.SEOUL)
        items = self.outcome.incheon["itemised"]["rows"]
        self.outcome.old_names = sorted({row["district"]["name"] for row in items})
        self.outcome.freelug_district = next(
            (row["district"]["name"] for row in items if row["programme_id"].endswith(":ic-gyeyang-freelug")), ""
        )
        incheon = self.outcome.as_json()["incheon_2019"]
        self.board.act("누구나", "인천 2019년 발표 합계와 항목 합계를 봄",
                       f"발표 {incheon['reported']} · 항목 {incheon['itemised']} · 차이 {incheon['gap']}",
                       good=incheon["gap"] == 37)
        seoul = self.outcome.as_json()["seoul"]
        self.board.act("누구나", "서울 목표와 예산을 봄", f"{seoul['target']}개 · {seoul['budget_krw'] or 0:,}원")

    def _report(self, umbrella: str) -> dict[str, Any]:
        told: dict[str, Any] = self._ask(None, PROGRAMMES, "report", programme_id=f"{self.tenant}:{umbrella}")
        return told

    # Chapter 1: bottom-up, from a district's proposal to a programme.

    def _propose(self) -> None:
        self.board.chapter("제안에서 사업으로 (from a proposal)")
        now = self.desk.clock.now()
        call, self.proposal = self.ids.new("call"), f"{self.tenant}-proposal"
        self._do(
            self.city, CALLS, "publish", call_id=call, programme_id=f"{self.tenant}:{cast.UMBRELLA}", year=2027,
            title="2027년 상향적 일자리 제안 공모", opens_at=iso(now), closes_at=iso(now + timedelta(days=30)),
            fields=["돌봄", "문화"], criteria=[{"code": "need", "name_ko": "필요성"}], reviews_needed=1,
            districts=[cast.DISTRICT], civil_body_needed=True,
        )
        self.desk.wait(
            lambda: self._ask(self.city, CALLS, "get", call_id=call)["state"], lambda state: state == "open"
        )
        self._do(
            self.district, PROPOSALS, "submit", proposal_id=self.proposal, code=cast.PROPOSED, call_id=call, district=cast.DISTRICT,
            title="광산시민수당: 경로당 식사 보조", summary="경로당에서 식사를 돕는 짧은 일을 이웃에게 연결합니다.",
            field="돌봄", kind="job_matching", won=cast.WON, targets={"jobs": cast.PLACES}, civil_body="은하수 마을회",
        )
        self.board.act("광산구", "민간단체와 함께 사업을 제안함", f"{cast.WON:,}원")
        self._do(self.city, CALLS, "close", call_id=call)
        try:
            self._review(self.district)
        except Refused as refused:
            self.outcome.own_review_refused = refused.code
            self.outcome.own_review_told = told_in_words(refused)
        self.board.act("광산구", "자기 제안을 심사하려 함 → 거절", self.outcome.own_review_told,
                       good=bool(self.outcome.own_review_refused))
        self._review(self.city)
        self._do(
            self.city, PROPOSALS, "decide", proposal_id=self.proposal, outcome="selected", reason="가까운 돌봄 일자리",
            funders={"city": cast.WON // 2, "district": cast.WON // 2},
        )
        told = self.desk.wait(
            lambda: self._ask(self.city, PROPOSALS, "get", proposal_id=self.proposal),
            lambda proposal: bool(proposal.get("hosted_id")),
        )
        self.outcome.proposal_state, self.outcome.hosted_id = told["state"], told.get("hosted_id") or ""
        ledger = self.desk.wait(self._budget, lambda row: row.get("appropriated") == cast.WON)
        self.board.act("시", "제안을 뽑음 → 사업과 예산이 생김", f"예산 {ledger.get('appropriated') or 0:,}원",
                       good=ledger.get("appropriated") == cast.WON)
        self._do(self.district, PROGRAMMES, "set_hosts", programme_id=self.hosted, hosts=[self.host.subject])

    def _review(self, who: Actor) -> None:
        self._do(who, PROPOSALS, "review", proposal_id=self.proposal, scores={"need": 90}, comment="꼭 필요합니다.")

    # Chapter 2: a draw that anyone can recompute, and offers that are confirmed or lost.

    def _draw(self) -> None:
        self.board.chapter("추첨과 확인 (the draw)")
        self.people = [self._resident(name, number) for number, name in enumerate(cast.APPLICANTS)]
        self.opening = self.ids.new("opn")
        published = self._do(
            self.host, OPENINGS, "publish", opening_id=self.opening, programme_id=self.hosted,
            title="경로당 식사 보조", place=cast.PLACE, shifts=cast.shifts(), places=cast.PLACES,
            hourly_won=cast.HOURLY, mode="draw", deadline=iso(cast.deadline(self.desk.clock.now())), dong="첨단2동",
        )
        self.board.act("경로당", "모집 공고를 올림: 추첨", f"{cast.PLACES}자리, 시드의 해시를 먼저 공개")
        quoted = self._ask(self.people[0], OPENINGS, "quote", opening_id=self.opening)
        above = sum(month["above_cap"] or 0 for month in quoted["limits"]["months"])
        self.board.act(cast.APPLICANTS[0], "지원 전에 한도와 수당을 봄",
                       f"최대 {quoted['pay']['won']:,}원, 월 상한 초과 {above:,}원", good=above > 0)
        for who in self.people:
            self._do(who, OPENINGS, "apply", opening_id=self.opening)
        self.board.act("주민", f"{len(self.people)}명이 지원함", opening_word(published["state"]).ko)
        drawn = self.desk.wait(lambda: self._ask(None, OPENINGS, "draw", opening_id=self.opening), lambda told: told["seed"])
        self.outcome.drawn = len(drawn["tickets"])
        self.outcome.draw_verified = verify(drawn).ok
        self.board.act("누구나", "추첨을 다시 계산해 봄", f"시드 {str(drawn['seed'])[:8]}…",
                       good=self.outcome.draw_verified)
        self._answer_offers()

    def _answer_offers(self) -> None:
        first = self.desk.wait(self._offered, lambda found: len(found) == cast.PLACES)
        shy = first[-1]
        self._do(shy, OPENINGS, "decline_offer", application_id=self._application(shy))
        self.outcome.declined = 1
        self.board.act("주민", "한 사람이 사양함", good=len(first) == cast.PLACES)
        for who in first[:-1]:
            self._do(who, OPENINGS, "accept_offer", application_id=self._application(who))
        asked = self.desk.wait(self._offered, bool)
        self.outcome.asked_next = len(asked)
        self.board.act("십분", "다음 사람에게 저절로 물음", good=bool(asked))
        for who in asked:
            self._do(who, OPENINGS, "accept_offer", application_id=self._application(who))
        self.placed = self.desk.wait(
            lambda: [who for who in self.people if self._application_of(who)["state"] == "selected"],
            lambda found: len(found) == cast.PLACES,
        )
        self.outcome.placements = len(self.placed)
        self.outcome.open_offers = len(self._offered())
        self.board.act("십분", "모집 완료", f"선정 {len(self.placed)}", good=len(self.placed) == cast.PLACES)

    def _offered(self) -> list[Actor]:
        """Return who has an offer that waits for their word."""
        told = self._ask(self.district, OPENINGS, "applications", opening_id=self.opening)["applications"]
        asked = {row["resident_id"] for row in told if row["offer"] is not None}
        return [who for who in self.people if who.subject in asked]

    # Chapter 3: attendance.

    def _work(self) -> None:
        self.board.chapter("출근 확인 (attendance)")
        sheets = {
            who.subject: self.desk.wait(lambda w=who: self._sheets(w), lambda found: len(found) == len(cast.SHIFTS))  # type: ignore[misc]
            for who in self.placed
        }
        absent, disputed = sheets[self.placed[1].subject][-1], sheets[self.placed[2].subject][0]
        for rows in sheets.values():
            for sheet in rows:
                if sheet is absent:
                    self._do(self.host, ATTENDANCE, "witness", attendance_id=sheet["attendance_id"], said="absent")
                    self._do(self.host, ATTENDANCE, "confirm", attendance_id=sheet["attendance_id"])
                    continue
                self._do(self.host, ATTENDANCE, "confirm", attendance_id=sheet["attendance_id"],
                         came=sheet["start"], left=sheet["end"])
        self.board.act("경로당", f"{len(self.placed)}명의 {len(cast.SHIFTS)}번 근무를 확인함", "한 번은 결근")
        self._do(self.placed[2], ATTENDANCE, "dispute", attendance_id=disputed["attendance_id"],
                 text="그날은 한 시간 일찍 나왔습니다.")
        self._do(self.district, ATTENDANCE, "answer", attendance_id=disputed["attendance_id"], answer="upheld",
                 minutes=300, reason="본인 말이 맞음")
        self.board.act("주민", "한 시간을 바로잡음: 이의 → 정정", "지우지 않고 덧붙임")
        self.outcome.pay = self.desk.wait(self._months, self._all_earned)
        names = dict(zip((who.subject for who in self.people), cast.APPLICANTS, strict=True))
        for one in self.outcome.pay:
            self.board.act("십분", f"{names[one['resident_id']]}의 수당이 쌓임", f"{one['earned']:,}원, 보류 {one['held_back']:,}원")

    def _sheets(self, who: Actor) -> list[dict[str, Any]]:
        told = self._ask(who, ATTENDANCE, "my_sheets", limit=100)["sheets"]
        return sorted((row for row in told if row["opening_id"] == self.opening), key=lambda row: row["start"])

    def _all_earned(self, months: Sequence[Mapping[str, Any]]) -> bool:
        minutes = len(cast.SHIFTS) * 360
        worked = sorted(one["minutes"] for one in months) == sorted([minutes, minutes - 360, minutes - 60])
        return worked and not any(one["in_dispute"] for one in months)

    def _months(self) -> list[dict[str, Any]]:
        told = self._ask(self.payer, ALLOWANCE, "months", programme_id=self.hosted, month=cast.MONTH)["months"]
        return [
            {**row, "lines": len(self._ask(self.payer, ALLOWANCE, "month", pay_month_id=row["pay_month_id"])["lines"])}
            for row in told
        ]

    # Chapter 4: a batch, four eyes, the file, and what the bank answers.

    def _pay(self) -> None:
        self.board.chapter("지급 (payout)")
        first = self._batch()
        try:
            self._do(self.payer, BATCHES, "approve", batch_id=first)
        except Refused as refused:
            self.outcome.four_eyes_refused = refused.code
            self.outcome.four_eyes_told = told_in_words(refused)
        self.board.act("담당 공무원", "자기가 만든 지급 묶음을 승인하려 함 → 거절", self.outcome.four_eyes_told,
                       good=bool(self.outcome.four_eyes_refused))
        content = self._file(first)
        self.outcome.file_lines = content.count(b"\r\n")
        rows = self._ask(self.payer, BATCHES, "rows", batch_id=first)["rows"]
        bounced = rows[-1]
        self._return(first, rows, {bounced["row"]: "0011"})
        self.outcome.same_file_twice = self._content(first) == content
        self.board.act("은행", "결과 파일: 한 건이 되돌아옴", "계좌 오류")
        who = next(one for one in self.placed if one.subject == bounced["resident_id"])
        self._account(who, "110-000-000099")
        self.board.act("주민", "계좌를 고침")
        second = self._batch()
        self._file(second)
        again = self._ask(self.payer, BATCHES, "rows", batch_id=second)["rows"]
        self._return(second, again, {})
        self.outcome.batches = self._ask(self.payer, BATCHES, "list", programme_id=self.hosted)["batches"]
        self.board.act("담당 공무원", "다음 지급 묶음에서 다시 지급함", f"{sum(row['won'] for row in again):,}원")

    def _batch(self) -> str:
        batch = self.ids.new("bat")
        self._do(self.payer, BATCHES, "prepare", batch_id=batch, programme_id=self.hosted, month=cast.MONTH, method="bank")
        told = self.desk.wait(
            lambda: self._ask(self.payer, BATCHES, "get", batch_id=batch), lambda now: now["state"] == "prepared"
        )
        self.board.act("담당 공무원", "지급 묶음을 만듦", f"{told['people']}명 · {told['won']:,}원")
        return batch

    def _file(self, batch: str) -> bytes:
        self._do(self.approver, BATCHES, "approve", batch_id=batch)
        content = self._content(batch)
        self._do(self.approver, BATCHES, "mark_filed", batch_id=batch, file_hash=sha256(content).hexdigest())
        self.board.act("다른 담당 공무원", "승인하고 지급 파일을 제출함", f"{len(content)}바이트")
        return content

    def _content(self, batch: str) -> bytes:
        pages, cursor = [], None
        while True:
            told = self._ask(self.approver, BATCHES, "file", batch_id=batch, cursor=cursor)
            pages.append(base64.b64decode(told["content"]))
            cursor = told["cursor"]
            if cursor is None:
                return b"".join(pages)

    def _return(self, batch: str, rows: Sequence[Mapping[str, Any]], bad: Mapping[int, str]) -> None:
        """Answer as the bank of the general layout does: every row, and its own sums."""
        good = [row for row in rows if row["row"] not in bad]
        failed = [row for row in rows if row["row"] in bad]
        lines = [
            f"H,{batch}",
            *(f"D,{row['row']:07d},{row['won']},{bad.get(row['row'], '0000')}" for row in rows),
            f"T,{len(good)},{sum(row['won'] for row in good)},{len(failed)},{sum(row['won'] for row in failed)}",
        ]
        content = "".join(f"{line}\r\n" for line in lines)
        self._do(self.payer, BATCHES, "read_returns", batch_id=batch, content=content, is_text=True)
        told = self.desk.wait(
            lambda: self._ask(self.payer, BATCHES, "get", batch_id=batch), lambda now: now["state"] == "settled"
        )
        self.outcome.returned += len(failed) if told["state"] == "settled" else 0

    # At the end everything is read back.

    def _read_everything_back(self) -> None:
        self.board.chapter("되읽기 (read back)")
        self.outcome.pay = self.desk.wait(self._months, lambda months: all(one["paid"] == one["payable"] for one in months))
        self.outcome.balance = self._ask(self.payer, ALLOWANCE, "check", programme_id=self.hosted)
        self.outcome.budget = self.desk.wait(
            self._budget, lambda row: (row.get("paid") or 0) - (row.get("returned") or 0) == self.outcome.paid
        )
        self.outcome.figures = self.desk.wait(self._figures, lambda told: told.get("paid") == self.outcome.paid)
        self.board.act("담당 공무원", "지급 묶음·수당·예산·통계를 맞춰 봄", f"{self.outcome.paid:,}원", good=self.outcome.balanced)
        wanted = {"place_offered": cast.PLACES + 1, "selected": cast.PLACES, "allowance_paid": cast.PLACES,
                  "allowance_returned": 1, "evaluation_opened": cast.PLACES}
        counted = self.desk.wait(
            lambda: Counter(letter["kind"] for who in self.people for letter in self._inbox(who)),
            lambda found: all(found[kind] >= count for kind, count in wanted.items()),
        )
        self.outcome.letters = dict(sorted(counted.items()))
        archive = self._archive()
        self.outcome.events = len(archive)
        self.outcome.duplicates = [
            *(f"이벤트 {key}: 기록 {len(kept)}건" for key, kept in archive.items() for _ in kept[1:]),
            *(f"{letter_word(kind).ko} 알림 {counted[kind]}건" for kind, count in wanted.items() if counted[kind] > count),
        ]
        self.outcome.missing = [
            *(f"기록되지 않은 이벤트 {key}" for key, kept in archive.items() if not kept),
            *(f"{letter_word(kind).ko} 알림 {count - counted[kind]}건" for kind, count in wanted.items() if counted[kind] < count),
        ]
        seen = self.watcher.seen("placement.batch.filed")
        self.outcome.filled_id = seen[0].event.id if seen else ""

    def _budget(self) -> Mapping[str, Any]:
        rows = self._ask(self.city, BUDGETS, "ledger", tenant=self.tenant, programme_id=self.hosted)["rows"]
        return rows[0] if rows else {}

    def _figures(self) -> Mapping[str, Any]:
        told: Mapping[str, Any] = self._ask(
            self.operator, FIGURES, "figures", tenant=self.tenant, about="pay", programme_id=self.hosted
        )["total"]
        return told

    # How it asks.

    def _resident(self, name: str, number: int) -> Actor:
        resident = self.ids.new("res")
        who = self._actor(resident, "resident")
        self._do(
            who, REGISTRY, "register", resident_id=resident, name=name, mail=None, over_14=True,
            consents=[{"purpose": purpose, "text_version": CONSENT} for purpose in CONSENTS],
        )
        self._account(who, cast.ACCOUNTS[number], name)
        return who

    def _account(self, who: Actor, number: str, holder: str = "예금주") -> None:
        self._do(who, ACCOUNTS, "set", resident_id=who.subject, method="bank", code="039", number=number, holder=holder)

    def _application(self, who: Actor) -> str:
        return f"{self.opening}:{who.subject}"

    def _application_of(self, who: Actor) -> Mapping[str, Any]:
        rows = self._ask(who, OPENINGS, "my_applications", resident_id=who.subject)["applications"]
        return next((row for row in rows if row["opening_id"] == self.opening), {"state": ""})
