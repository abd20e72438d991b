"""What figures are called in a file: Korean headings, by table. Pure."""

from __future__ import annotations

from collections.abc import Mapping

#: Of every table.
COMMON: Mapping[str, str] = {
    "programme_id": "사업",
    "district": "시·군·구 코드",
    "month": "월",
    "plan_id": "구독 상품",
    "call_id": "공모",
    "group": "대상 집단",
    "parent": "상위 사업",
    "measure": "지표",
    "masked": "가림 여부",
}
#: By table: every measure and ratio, in words an officer knows.
HEADINGS: Mapping[str, Mapping[str, str]] = {
    "jobs": {
        "places": "모집 인원",
        "applications": "지원(건)",
        "filled": "배치(명)",
        "openings": "모집(건)",
        "openings_filled": "모집 완료(회)",
        "offers": "자리 제안(건)",
        "offers_lapsed": "제안 무산(건)",
        "waitlisted": "예비 편성(건)",
        "ranked": "순위 확정(회)",
        "competition": "경쟁률",
    },
    "rooms": {
        "bookings": "예약(건)",
        "booked_minutes": "예약(분)",
        "used_minutes": "이용(분)",
        "no_shows": "노쇼(건)",
        "displaced": "시설 사정 취소(건)",
        "seats_taken": "입주 좌석 시작",
        "seats_left": "입주 좌석 종료",
        "open_minutes": "개방(분)",
        "facility_minutes": "시설 자체 사용(분)",
        "idle_minutes": "유휴(분)",
        "occupied_minutes": "가동(분)",
        "occupancy": "가동률",
        "idle_use": "유휴 시간 활용률",
    },
    "programmes": {
        "target_jobs": "목표 일자리(개)",
        "target_people": "목표 인원(명)",
        "target_trained": "목표 교육(명)",
        "target_sessions": "목표 운영(회)",
        "target_sites": "목표 장소(곳)",
        "appropriated": "예산 편성(원)",
        "paid": "예산 지급(원)",
        "returned": "지급 반송(원)",
        "agreements_signed": "협약 체결(건)",
        "agreements_ended": "협약 종료(건)",
    },
    "attendance": {
        "settled": "확정 근무(회)",
        "worked": "출근(회)",
        "partly": "일부 근무(회)",
        "absent": "결근(회)",
        "excused": "사유 결근(회)",
        "planned_minutes": "계획(분)",
        "worked_minutes": "근무(분)",
        "corrections": "정정(회)",
        "completed": "활동 완료(건)",
        "attended": "근무시간 이행률(근무분/계획분)",
    },
    "pay": {
        "earned": "발생 수당(원)",
        "payable": "지급 대상(원)",
        "held_back": "상한 초과 보류(원)",
        "recovered": "환수(원)",
        "lines": "수당 내역(건)",
        "batches": "지급 묶음(건)",
        "filed": "지급 의뢰(원)",
        "paid": "지급 완료(원)",
        "returned": "지급 반송(원)",
        "payments": "지급(건)",
        "payments_returned": "반송(건)",
    },
    "groups": {"applications": "지원(명)", "placed": "배치(명)", "completed": "활동 완료(명)"},
    "trust": {
        "opened": "후기 대상(건)",
        "given_by_resident": "주민 후기(건)",
        "given_by_host": "시설 후기(건)",
        "revealed": "후기 공개(건)",
        "appeals": "이의 신청(건)",
        "appeals_upheld": "이의 인용(건)",
        "appeals_rejected": "이의 기각(건)",
    },
    "proposals": {
        "submitted": "제안 접수(건)",
        "withdrawn": "제안 철회(건)",
        "reviewed": "제안 검토(건)",
        "selected": "선정(건)",
        "rejected": "미선정(건)",
    },
    "outcomes": {"target": "목표", "outcome": "실적", "achieved": "달성률"},
}
TITLES: Mapping[str, str] = {
    "jobs": "일자리 통계",
    "rooms": "공간 통계",
    "programmes": "사업 통계",
    "attendance": "근무 통계",
    "pay": "수당 통계",
    "groups": "대상 집단 통계",
    "trust": "후기 통계",
    "proposals": "제안 통계",
    "outcomes": "목표 대비 실적",
}
#: What a measure of a target is called in a row of outcomes.
MEASURED: Mapping[str, str] = {
    "jobs": "일자리(개)",
    "people": "인원(명)",
    "trained": "교육(명)",
    "sessions": "운영(회)",
    "sites": "장소(곳)",
}
#: Where nothing is known. Never 0.
UNKNOWN = "자료 없음"
#: Where there are too few to be told (groups.py).
MASKED = "5 미만"
TOTAL = "합계"
#: What stands for the day of a file that was asked for without one.
EVERY_DAY = "기준일 없음(앞으로의 날짜까지 모두 포함)"
#: Above the figures of every file; some tables have a word of their own first.
NOTES: Mapping[str, str] = {
    "": "자료 없음은 0이 아니라 알려진 값이 없다는 뜻입니다.",
    "programmes": "월별 목표와 예산은 그달에 늘거나 준 만큼이고, 합계는 기준일까지 더한 값입니다.",
    "outcomes": "합계의 달성률은 목표가 있는 사업마다 실적이 있고, 실적이 있는 사업마다 목표가 있을 때에만 적습니다"
    "(상위 사업의 목표 포함).",
    "groups": "동의한 사람만 셉니다. 개인을 알아볼 수 없도록 5명 단위로 내림하고 5명 미만(0명 포함)은 가립니다. "
    "매월 1일에 지난달까지를 한 번만 공표하며, 새로 온 사람이 5명이 될 때마다 다시 셉니다. 그 밖의 사람이 늘 5명 이상 남도록 "
    "하므로 실제보다 적을 수 있고, 자리를 반납해도 줄이지 않습니다. 합계는 공표한 값을 더한 것입니다.",
}


def heading(about: str, name: str) -> str:
    """Return what a column is called."""
    return HEADINGS[about].get(name) or COMMON[name]
