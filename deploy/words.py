"""What people call things: events, queues and letters, in Korean with the English beside it.

An unknown name is shown as it is, so that a new event needs nothing here to be visible.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Word(NamedTuple):
    """One thing's name in both languages."""

    ko: str
    en: str

    @property
    def both(self) -> str:
        """``모집 완료 (filled)``."""
        return f"{self.ko} ({self.en})"


EVENTS: dict[str, Word] = {
    "placement.opening.published": Word("공고가 올라옴", "opening published"),
    "placement.opening.filled": Word("모집 완료", "opening filled"),
    "placement.opening.reopened": Word("다시 모집", "opening reopened"),
    "placement.opening.closed": Word("공고가 마감됨", "opening closed"),
    "placement.opening.cancelled": Word("공고가 취소됨", "opening cancelled"),
    "placement.placement.selected": Word("배치가 정해짐", "placement selected"),
    "placement.placement.withdrawn": Word("배치가 취소됨", "placement withdrawn"),
    "placement.application.submitted": Word("지원함", "application submitted"),
    "placement.application.selected": Word("지원이 선정됨", "application selected"),
    "placement.application.withdrawn": Word("지원 취소", "application withdrawn"),
    "placement.application.closed": Word("지원이 끝남", "application closed"),
    "placement.application.waitlisted": Word("예비로 등록됨", "application waitlisted"),
    "placement.opening.ranked": Word("순번이 정해짐", "opening ranked"),
    "placement.offer.made": Word("자리를 제안함", "place offered"),
    "placement.offer.lapsed": Word("제안이 끝남", "offer lapsed"),
    "placement.placement.completed": Word("활동 완료", "placement completed"),
    "placement.placement.unworked": Word("활동 없이 끝남", "placement unworked"),
    "placement.programme.set": Word("사업이 정해짐", "programme set"),
    "placement.target.set": Word("목표가 정해짐", "target set"),
    "placement.budget.appropriated": Word("예산이 편성됨", "budget appropriated"),
    "placement.budget.posted": Word("예산이 집행됨", "budget posted"),
    "placement.call.opened": Word("제안 공모가 열림", "call opened"),
    "placement.call.closed": Word("제안 공모가 닫힘", "call closed"),
    "placement.proposal.submitted": Word("제안이 들어옴", "proposal submitted"),
    "placement.proposal.withdrawn": Word("제안을 철회함", "proposal withdrawn"),
    "placement.proposal.reviewed": Word("제안을 심사함", "proposal reviewed"),
    "placement.proposal.decided": Word("제안이 결정됨", "proposal decided"),
    "placement.agreement.signed": Word("업무협약을 맺음", "agreement signed"),
    "placement.agreement.ended": Word("업무협약이 끝남", "agreement ended"),
    "placement.participation.overlapped": Word("참여가 겹침", "participation overlapped"),
    "placement.attendance.witnessed": Word("출근을 확인함", "attendance witnessed"),
    "placement.attendance.settled": Word("출근이 확정됨", "attendance settled"),
    "placement.attendance.delayed": Word("출근 확정이 미뤄짐", "attendance delayed"),
    "placement.attendance.disputed": Word("출근에 이의가 있음", "attendance disputed"),
    "placement.attendance.dispute_answered": Word("이의에 답함", "dispute answered"),
    "placement.allowance.earned": Word("수당이 쌓임", "allowance earned"),
    "placement.allowance.held_back": Word("월 상한을 넘음", "above the monthly cap"),
    "placement.allowance.paid": Word("수당이 지급됨", "allowance paid"),
    "placement.allowance.returned": Word("지급이 되돌아옴", "payment returned"),
    "placement.allowance.paid_back": Word("수당을 돌려받음", "allowance paid back"),
    "placement.batch.prepared": Word("지급 묶음을 만듦", "batch prepared"),
    "placement.batch.approved": Word("지급 묶음을 승인함", "batch approved"),
    "placement.batch.filed": Word("지급 파일을 제출함", "payout file handed in"),
    "placement.batch.settled": Word("지급 결과를 맞춤", "batch settled"),
    "placement.batch.cancelled": Word("지급 묶음을 취소함", "batch cancelled"),
    "placement.evaluation.opened": Word("후기를 청함", "evaluation opened"),
    "placement.evaluation.given": Word("후기를 남김", "evaluation given"),
    "placement.evaluation.revealed": Word("후기가 열림", "evaluation revealed"),
    "placement.appeal.made": Word("후기에 이의", "appeal made"),
    "placement.appeal.answered": Word("후기 이의에 답함", "appeal answered"),
    "residents.group.counted": Word("대상 집단을 셈", "target group counted"),
    "residents.resident.registered": Word("주민이 가입함", "resident registered"),
    "residents.consent.given": Word("동의함", "consent given"),
    "residents.consent.withdrawn": Word("동의 철회", "consent withdrawn"),
    "residents.interest.set": Word("관심 소식을 정함", "interest set"),
    "residents.interest.removed": Word("관심 소식을 지움", "interest removed"),
    "spaces.facility.opened": Word("시설이 등록됨", "facility opened"),
    "spaces.facility.changed": Word("시설 정보가 바뀜", "facility changed"),
    "spaces.facility.closed": Word("시설이 닫힘", "facility closed"),
    "spaces.hours.changed": Word("운영 시간이 바뀜", "hours changed"),
    "spaces.space.opened": Word("공간이 열림", "space opened"),
    "spaces.space.changed": Word("공간 정보가 바뀜", "space changed"),
    "spaces.space.closed": Word("공간이 닫힘", "space closed"),
    "spaces.plan.offered": Word("구독 상품이 나옴", "plan offered"),
    "spaces.subscription.started": Word("구독을 시작함", "subscription started"),
    "spaces.subscription.paused": Word("구독을 쉼", "subscription paused"),
    "spaces.subscription.resumed": Word("구독을 다시 시작함", "subscription resumed"),
    "spaces.subscription.ended": Word("구독이 끝남", "subscription ended"),
    "spaces.seat.taken": Word("좌석이 정해짐", "seat taken"),
    "spaces.seat.queued": Word("좌석을 기다림", "seat queued"),
    "spaces.seat.offered": Word("좌석을 제안함", "seat offered"),
    "spaces.seat.left": Word("좌석을 비움", "seat left"),
    "spaces.quota.moved": Word("이용 시간이 움직임", "quota moved"),
    "spaces.quota.sealed": Word("이용 주기가 끝남", "quota sealed"),
    "spaces.booking.requested": Word("예약을 신청함", "booking requested"),
    "spaces.booking.confirmed": Word("예약 확정", "booking confirmed"),
    "spaces.booking.refused": Word("예약 거절", "booking refused"),
    "spaces.booking.displaced": Word("시설 사정 취소", "booking displaced"),
    "spaces.booking.cancelled": Word("예약 취소", "booking cancelled"),
    "spaces.booking.expired": Word("예약 기한 만료", "booking expired"),
    "spaces.booking.checked_in": Word("입실 확인", "checked in"),
    "spaces.booking.missed": Word("노쇼", "no-show"),
    "spaces.booking.used": Word("이용을 마침", "booking used"),
    "spaces.booking.doubted": Word("시설 달력이 조용함", "calendar silent"),
    "spaces.diary.overlapped": Word("중복 예약", "overlap found"),
    "spaces.diary.freed": Word("시간이 빔", "span freed"),
    "spaces.day.counted": Word("하루 이용을 셈", "day counted"),
    "spaces.offer.made": Word("빈 시간을 제안함", "offer made"),
    "spaces.wish.made": Word("빈 시간을 기다림", "wish made"),
    "spaces.wish.ended": Word("기다림이 끝남", "wish ended"),
    "spaces.case.opened": Word("중복 예약 처리를 시작함", "case opened"),
    "spaces.case.resolved": Word("중복 예약 처리를 마침", "case resolved"),
    "spaces.feed.connected": Word("시설 달력을 연결함", "feed connected"),
    "spaces.feed.reconciled": Word("예약 대사를 마침", "feed reconciled"),
    "spaces.feed.died": Word("시설 달력이 끊김", "feed died"),
    "spaces.feed.recovered": Word("시설 달력이 돌아옴", "feed recovered"),
    "spaces.conduct.struck": Word("노쇼가 기록됨", "no-show recorded"),
    "spaces.conduct.cleared": Word("노쇼 기록이 해제됨", "no-show cleared"),
    "spaces.conduct.appealed": Word("노쇼에 이의", "appeal made"),
    "spaces.conduct.answered": Word("노쇼 이의에 답함", "appeal answered"),
    "muni1.calendar_entry.set": Word("시설 일정이 정해짐", "calendar entry set"),
    "muni1.calendar_entry.removed": Word("시설 일정이 지워짐", "calendar entry removed"),
    "muni1.door.opened": Word("문이 열림", "door opened"),
    "muni1.shelter.opened": Word("무더위 쉼터가 열림", "heat shelter opened"),
}

#: Queues and the feeds of one process each.
QUEUES: dict[str, Word] = {
    "placement.openings": Word("일자리", "openings"),
    "placement.nearby": Word("지도", "map"),
    "placement.proposals": Word("제안", "proposals"),
    "placement.participation": Word("참여 기준", "participation"),
    "placement.attendance": Word("출근", "attendance"),
    "placement.allowance": Word("수당", "allowance"),
    "placement.trust": Word("후기", "trust"),
    "residents.accounts": Word("지급 계좌", "payout accounts"),
    "residents.groups": Word("대상 집단", "target groups"),
    "spaces.bookings": Word("예약", "bookings"),
    "spaces.plans": Word("구독", "plans"),
    "spaces.waiting": Word("대기", "waiting list"),
    "spaces.conduct": Word("노쇼", "conduct"),
    "spaces.cases": Word("중복 예약", "cases"),
    "spaces.agreement": Word("예약 대사", "agreement"),
    "spaces.occupancy": Word("이용률", "occupancy"),
    "spaces.nearby": Word("빈 공간 지도", "map of rooms"),
    "notifications.letters": Word("알림", "letters"),
    "notifications.news": Word("동네 소식", "news"),
    "residents.withdrawals": Word("동의 철회", "withdrawals"),
    "residents.reach": Word("이웃", "reach"),
    "statistics.archive": Word("통계", "archive"),
    "rpc.dead": Word("답할 수 없는 요청", "unanswerable requests"),
    "city.parked": Word("보류함", "parked"),
}

LETTERS: dict[str, Word] = {
    "selected": Word("선정", "selected"),
    "closed": Word("모집 완료", "closed"),
    "place_withdrawn": Word("선정 취소", "place withdrawn"),
    "published": Word("새 일자리", "new nearby"),
    "place_offered": Word("선정 확인 요청", "place offered"),
    "place_lapsed": Word("제안 종료", "offer over"),
    "waitlisted": Word("예비", "waitlisted"),
    "application_withdrawn": Word("지원 취소", "application withdrawn"),
    "attendance_settled": Word("근무 인정", "attendance settled"),
    "attendance_delayed": Word("근무 확인 중", "attendance delayed"),
    "attendance_disputed": Word("수당 보류", "pay on hold"),
    "dispute_answered": Word("이의 답변", "dispute answered"),
    "allowance_recovered": Word("환수", "to be paid back"),
    "allowance_held_back": Word("상한 초과", "above the cap"),
    "allowance_paid": Word("지급", "paid"),
    "allowance_returned": Word("지급 안 됨", "came back"),
    "evaluation_revealed": Word("후기 공개", "evaluation shown"),
    "evaluation_opened": Word("후기 요청", "evaluation asked"),
    "appeal_answered": Word("후기 이의 답변", "appeal answered"),
    "booking_confirmed": Word("예약 확정", "booking confirmed"),
    "booking_refused": Word("예약 불가", "booking refused"),
    "booking_expired": Word("신청 만료", "request expired"),
    "booking_displaced": Word("시설 사정 취소", "booking displaced"),
    "booking_cancelled": Word("예약 취소", "booking cancelled"),
    "booking_missed": Word("노쇼", "no-show"),
    "booking_doubted": Word("시설 확인 필요", "calendar silent"),
    "case_opened": Word("예약 확인 중", "being checked"),
    "case_kept": Word("예약 유지", "booking stands"),
    "offer_made": Word("빈자리", "offered"),
    "wish_ended": Word("대기 종료", "waiting over"),
    "seat_taken": Word("좌석 배정", "seat assigned"),
    "seat_queued": Word("좌석 대기", "waiting for a seat"),
    "seat_offered": Word("좌석 제안", "seat offered"),
    "conduct_struck": Word("노쇼 기록", "no-show counted"),
    "conduct_cleared": Word("노쇼 기록 해제", "no-show cleared"),
    "conduct_answered": Word("노쇼 기록 유지", "not accepted"),
}

OPENINGS: dict[str, Word] = {
    "open": Word("모집 중", "open"),
    "selecting": Word("선정 중", "selecting"),
    "filled": Word("모집 완료", "filled"),
    "closed": Word("마감", "closed"),
    "cancelled": Word("취소", "cancelled"),
}

APPLICATIONS: dict[str, Word] = {
    "pending": Word("검토 중", "pending"),
    "waitlisted": Word("예비", "waitlisted"),
    "selected": Word("선정", "selected"),
    "withdrawn": Word("지원 취소", "withdrawn"),
    "closed": Word("끝남", "closed"),
}

MAILS: dict[str, Word] = {
    "new": Word("보낼 것", "to send"),
    "sending": Word("보내는 중", "sending"),
    "sent": Word("보냄", "sent"),
    "failed": Word("실패", "failed"),
    "unknown": Word("알 수 없음", "unknown"),
    "none": Word("메일 없음", "no mail"),
}


def event_word(name: str) -> Word:
    """Return what an event is called, by the name of its contract (``placement.opening.filled``)."""
    return EVENTS.get(name, Word(name, name))


def queue_word(name: str) -> Word:
    """Return what a queue or a feed is called; a dead queue by the name of the queue that refused."""
    alive = name.removesuffix(".dead")
    return QUEUES.get(name) or QUEUES.get(alive) or Word(name, name)


def letter_word(kind: str) -> Word:
    """Return what a kind of letter is called."""
    return LETTERS.get(kind, Word(kind, kind))


def opening_word(state: str) -> Word:
    """Return what the state of an opening is called."""
    return OPENINGS.get(state, Word(state, state))


def application_word(state: str) -> Word:
    """Return what the state of an application is called."""
    return APPLICATIONS.get(state, Word(state, state))


def mail_word(state: str) -> Word:
    """Return what the state of a mail is called."""
    return MAILS.get(state, Word(state, state))


#: Why a message waits for an operator: the code, what it means, and what to do.
CODES: dict[str, Word] = {
    "rejected": Word("거절됨", "refused by the service"),
    "delivery_limit": Word("너무 여러 번 배달됨", "delivered too often"),
    "unbound": Word("듣는 곳이 없음", "nobody listens for it"),
    "unanswerable": Word("답할 곳이 없음", "nobody to answer"),
    "stuck": Word("내보내지 못함", "the broker refused it"),
}

#: What services write as the reason -> the same for people. The first that matches; groups are filled in.
_REASONS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), told)
    for pattern, told in (
        (r"not JSON: (?P<why>.*)", "JSON 이 아닙니다: {why}"),
        (r"not a JSON object", "JSON 객체가 아닙니다"),
        (r"nested more than (?P<n>\d+) levels", "{n}단계보다 깊게 겹쳐 있습니다"),
        (r"(?P<n>\d+) bytes: an event is at most (?P<most>\d+)", "너무 큽니다: {n}바이트 (많아야 {most})"),
        (r"content type: (?P<type>[^;]+);", "내용 종류가 {type} 입니다; CloudEvents JSON 이어야 합니다"),
        (r"message id: the message says (?P<a>.*), the event says (?P<b>.*)", "겉의 id({a})와 속의 id({b})가 다릅니다"),
        (r"user_id: missing", "브로커 사용자가 적혀 있지 않습니다"),
        (r"(?P<field>\w+): missing;", "{field} 항목이 없습니다"),
        (r"specversion", "CloudEvents 1.0 이 아닙니다"),
        (r"time: (?P<why>.*)", "시각을 읽을 수 없습니다: {why}"),
        (r"type: (?P<type>\S+) is not heard by (?P<queue>\S+)", "{queue} 대기열은 {type} 을 듣지 않습니다"),
        (r"type: (?P<type>\S+) has no contract", "약속에 없는 이벤트입니다: {type}"),
        (r"type: the message says (?P<a>.*), the event says (?P<b>.*)", "겉의 종류({a})와 속의 종류({b})가 다릅니다"),
        (r"routing key: (?P<key>\S+) does not belong", "길 이름(routing key) {key} 이 이벤트와 맞지 않습니다"),
        (r"source: (?P<source>\S+) may not say", "{source} 은(는) 이 이벤트를 말할 수 없는 곳입니다"),
        (r"tenant: (?P<user>\S+) may not speak for (?P<tenant>.*)", "{user} 은(는) 운영기관 {tenant} 의 일을 말할 수 없습니다"),
        (r"user_id: (?P<user>\S+) may not say", "브로커 사용자 {user} 은(는) 이 이벤트를 말할 수 없습니다"),
        (r"(?P<type>\S+): (?P<field>data[\w.]*): (?P<why>.*)", "약속과 다릅니다: {field} ({why})"),
        (r"refused: (?P<why>.*)", "규칙이 거절했습니다: {why}"),
        (r"nobody binds (?P<key>.*)", "이 이벤트를 듣는 대기열이 없습니다: {key}"),
        (r"delivered too often", "처리하던 곳이 거듭 멈추어 너무 여러 번 배달되었습니다; 나아지면 저절로 다시 갑니다"),
        (r"refused; the reason is no longer kept", "거절된 까닭이 더는 남아 있지 않습니다"),
        (r"the request says no reply_to", "어디로 답할지 적지 않은 요청입니다"),
        (r".*same key.*|.*another body.*|.*different body.*", "같은 id 로 다른 내용이 왔습니다"),
    )
)


def reason_word(reason: str) -> str:
    """Return a reason in Korean; one that nobody has put into words stays as the service wrote it."""
    for pattern, told in _REASONS:
        if found := pattern.match(reason):
            return told.format(**found.groupdict())
    return reason


def code_word(code: str) -> Word:
    """Return what a code of a waiting message means."""
    return CODES.get(code, Word(code, code))
