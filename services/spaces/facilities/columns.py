"""What the columns of a facility's own list are called, and what stands in their cells. Pure.

One row is one space in its facility; the facility's columns are repeated, as public offices' lists do. A row without a
space's name is the facility alone. Blanks, brackets, units and stars in a header don't matter. Required are the
facility's name, its road address and its point; everything else has a default.

| column | also read as | in the cell |
|---|---|---|
| 시설명* | 개방시설명, 기관명 | 은하수 작은도서관 |
| 도로명주소* | 소재지도로명주소, 주소, 소재지 | 광주광역시 광산구 소촌로 46 |
| 위도*, 경도* | lat, lon | 35.1457, 126.7937 |
| 시설번호 | 시설관리번호 | the facility's own key; else name and address are |
| 시설유형 | 시설구분, 개방시설유형구분 | 작은도서관 |
| 운영방식 | 운영형태 | 직영, 위탁 |
| 상세주소, 지번주소, 건물명, 우편번호, 전화번호 | | |
| 평일운영시간, 토요일, 일요일, 주말운영시간, 월 .. 일 | 평일운영시작시각 with 평일운영종료시각, 주말… | 09:00~18:00, 24시간, 휴관 |
| 휴관일 | 휴무일, 정기휴일 | 월요일, 공휴일; 연중무휴 |
| 공간명 | 개방장소명, 장소명, 실명, 장비명 | 모임방 |
| 공간번호 | 관리번호, 번호 | the space's own key; else its name in its facility |
| 공간유형 | 장소유형 | 회의실; 장비 is a kit that is lent |
| 수용인원 | 정원, 수용가능인원수, 최대수용인원 | 8명 |
| 비품 | 장비, 부대시설, 부대시설정보 | 빔프로젝터, 화이트보드 |
| 편의시설 | 장애인편의시설, 무장애시설 | 경사로, 승강기 |
| 예약방식 | 승인방식, 신청방법구분 | 즉시, 승인 |
| 준비시간, 정리시간, 최소이용시간, 최대이용시간, 예약단위 | with (분) | minutes |
| 상위공간 | 포함하는공간 | the name of the hall it is a part of, in an earlier row |
"""

from __future__ import annotations

import re
import unicodedata

DAYS = ("월", "화", "수", "목", "금", "토", "일")

#: Field -> the names of its column, each as ``plain_header`` leaves it; the first is the one we show.
HEADERS: dict[str, tuple[str, ...]] = {
    "facility_number": ("시설번호", "시설관리번호"),
    "name": ("시설명", "개방시설명", "기관명", "시설이름"),
    "kind": ("시설유형", "시설구분", "시설종류", "개방시설유형구분"),
    "operator_kind": ("운영방식", "운영형태", "운영구분"),
    "road_address": ("도로명주소", "소재지도로명주소", "시설주소", "주소", "소재지"),
    "detail": ("상세주소",),
    "jibun": ("지번주소", "소재지지번주소", "지번"),
    "building_name": ("건물명",),
    "zip": ("우편번호",),
    "lat": ("위도", "lat", "latitude"),
    "lon": ("경도", "lon", "lng", "longitude"),
    "contact": ("전화번호", "연락처", "대표전화", "사용안내전화번호"),
    "weekdays": ("평일운영시간", "평일", "운영시간", "이용시간"),
    "weekdays_open": ("평일운영시작시각", "평일시작", "운영시작시각"),
    "weekdays_close": ("평일운영종료시각", "평일종료", "운영종료시각"),
    "weekend": ("주말운영시간", "주말"),
    "weekend_open": ("주말운영시작시각", "주말시작"),
    "weekend_close": ("주말운영종료시각", "주말종료"),
    **{f"day_{n}": (f"{day}요일", day, f"{day}요일운영시간") for n, day in enumerate(DAYS)},
    "closed_on": ("휴관일", "휴무일", "정기휴일", "휴관"),
    "space_number": ("공간번호", "관리번호", "번호"),
    "space_name": ("공간명", "개방장소명", "장소명", "실명", "장비명", "대관공간"),
    "space_kind": ("공간유형", "장소유형", "공간구분"),
    "capacity": ("수용인원", "정원", "수용가능인원수", "최대수용인원", "수용가능인원"),
    "equipment": ("비품", "장비", "부대시설", "부대시설정보", "설비"),
    "accessibility": ("편의시설", "장애인편의시설", "무장애시설"),
    "mode": ("예약방식", "승인방식", "신청방법구분"),
    "before_minutes": ("준비시간", "준비"),
    "after_minutes": ("정리시간", "정리"),
    "min_minutes": ("최소이용시간", "최소시간"),
    "max_minutes": ("최대이용시간", "최대시간"),
    "step_minutes": ("예약단위", "이용단위"),
    "parent": ("상위공간", "포함하는공간"),
}
#: Of the facility, the same in every row of its spaces.
FACILITY_FIELDS = frozenset(list(HEADERS)[: list(HEADERS).index("space_number")])
FIELD_OF = {header: field for field, headers in HEADERS.items() for header in headers}

#: Words for equipment and accessibility that have a code; any other word is its own code.
CODES = {
    "빔프로젝터": "projector",
    "프로젝터": "projector",
    "화이트보드": "whiteboard",
    "칠판": "whiteboard",
    "마이크": "microphone",
    "음향": "sound",
    "음향시설": "sound",
    "와이파이": "wifi",
    "무선인터넷": "wifi",
    "컴퓨터": "computer",
    "PC": "computer",
    "TV": "screen",
    "모니터": "screen",
    "피아노": "piano",
    "주방": "kitchen",
    "경사로": "ramp",
    "휠체어": "wheelchair",
    "승강기": "elevator",
    "엘리베이터": "elevator",
    "장애인화장실": "accessible_toilet",
    "장애인주차장": "accessible_parking",
    "장애인주차구역": "accessible_parking",
    "점자블록": "tactile_paving",
    "수어": "sign_language",
}
#: What a kit is called in a list.
KIT_WORDS = frozenset({"장비", "키트", "물품", "kit"})
MODES = {
    "즉시": "instant",
    "자동": "instant",
    "자동승인": "instant",
    "instant": "instant",
    "승인": "approval",
    "담당자승인": "approval",
    "확인": "approval",
    "approval": "approval",
}
OPERATORS = {"직영": "direct", "direct": "direct", "위탁": "entrusted", "민간위탁": "entrusted", "entrusted": "entrusted"}

_BRACKETS = re.compile(r"\([^)]*\)|\[[^\]]*\]")
_NOT_A_WORD = re.compile(r"[\s*_·.:※-]+")


def plain_header(text: str) -> str:
    """Return a header without what doesn't matter: ``수용 인원(명)*`` is ``수용인원``."""
    normal = unicodedata.normalize("NFKC", text).casefold()
    return _NOT_A_WORD.sub("", _BRACKETS.sub("", normal))


def fields_of(header: list[str]) -> dict[int, str]:
    """Return which column holds which field; the first of two columns for one field counts."""
    found: dict[int, str] = {}
    for column, text in enumerate(header):
        field = FIELD_OF.get(plain_header(text))
        if field is not None and field not in found.values():
            found[column] = field
    return found


def shown(field: str) -> str:
    """Return what a field's column is called."""
    return HEADERS[field][0]
