"""Facilities and spaces from a file that a public office can produce."""

from __future__ import annotations

import base64
import io
import zipfile
from datetime import time, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from services.spaces.facilities.columns import HEADERS, plain_header
from services.spaces.facilities.importing import parsed
from services.spaces.facilities.sheets import MOST_BYTES, MOST_UNPACKED, Row, rows_of
from shared.errors import Refused
from tests.services.spaces.facilities.office import HOST, NINE_TO_SIX, OFFICER, PROGRAMME, RESIDENT, TENANT, Office

HEADER = (
    "시설명,시설유형,도로명주소,위도,경도,평일운영시간,주말운영시간,휴관일,공간명,공간유형,수용인원(명),비품,편의시설,예약방식"
)
LIBRARY = "은하수 작은도서관,작은도서관,광주광역시 광산구 소촌로 46,35.1457,126.7937,09:00~18:00,10:00~14:00,월요일"
LINES = (
    f'{LIBRARY},모임방,회의실,8명,"빔프로젝터, 화이트보드","경사로, 승강기",승인',
    f"{LIBRARY},열람실,열람실,30,,,즉시",
    "별빛 경로당,경로당,광주광역시 광산구 사암로 340,35.1601,126.8052,24시간,24시간,연중무휴,,,,,,",
)


def a_csv(*lines: str, header: str = HEADER, encoding: str = "utf-8-sig") -> bytes:
    """Return a file as Excel saves it."""
    return "\r\n".join((header, *(lines or LINES), "")).encode(encoding)


def an_xlsx(*rows: list[Any]) -> bytes:
    """Return a workbook."""
    book = Workbook()
    for row in rows:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def took(office: Office, content: bytes | None = None, **asked: Any) -> dict[str, Any]:
    """Return what the import answers."""
    given = {} if content is None else {"file": base64.b64encode(content).decode()}
    told: dict[str, Any] = {
        "act_id": office.act(),
        "tenant": TENANT,
        "district": "29200",
        "programme_id": PROGRAMME,
        **given,
        **asked,
    }
    return office.intake.import_rows(told.pop("actor", OFFICER), **told)


def spaces(office: Office) -> dict[str, Any]:
    """Return every space by its name, in its facility."""
    found = office.desk.spaces.listed({"tenant": TENANT}, None, 100)
    return {place.space.name: place for place in office.desk.placed(found).values()}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "cp949", "utf-16"])
def test_a_file_in_any_of_excels_encodings_is_taken(office: Office, encoding: str) -> None:
    told = took(office, a_csv(encoding=encoding))

    assert (told["opened"], told["errors"], told["next_row"]) == (3, [], None)
    room = spaces(office)["모임방"]
    assert (room.space.capacity, room.space.mode) == (8, "approval")
    assert room.space.equipment == ("projector", "whiteboard")
    assert room.space.accessibility == ("ramp", "elevator")
    assert room.hours.weekly == ((), *(((540, 1080),),) * 4, *(((600, 840),),) * 2)
    assert room.facility.holidays == "closed"
    assert spaces(office)["열람실"].facility.id == room.facility.id
    facilities = office.desk.facilities.listed({"tenant": TENANT}, None, 10)
    around_the_clock = next(one for one in facilities if one.name == "별빛 경로당")
    assert (around_the_clock.holidays, around_the_clock.hours.weekly[6]) == ("open", ((0, 1440),))


def test_the_same_file_again_changes_nothing(office: Office) -> None:
    took(office, a_csv())
    said = office.said()
    office.clock.move(timedelta(days=1))

    told = took(office, a_csv())

    assert (told["opened"], told["changed"], told["unchanged"]) == (0, 0, 3)
    assert office.said() == said


def test_a_corrected_file_changes_what_it_corrects_and_nothing_that_it_does_not_name(office: Office) -> None:
    took(office, a_csv())
    room = spaces(office)["모임방"]
    office.desk.set_hours(OFFICER, act_id="x", facility_id=room.facility.id, weekly=NINE_TO_SIX)
    office.desk.change_space(OFFICER, act_id="y", space_id=room.space.id, before_minutes=10)
    short = "시설명,도로명주소,위도,경도,공간명,정원"

    told = took(
        office,
        a_csv("은하수 작은도서관,광주광역시 광산구 소촌로 46,35.1457,126.7937,모임방,12", header=short),
    )

    assert (told["changed"], told["errors"]) == (1, [])
    now = office.desk.place(room.space.id)
    assert (now.space.capacity, now.space.before, now.space.equipment) == (
        12,
        timedelta(minutes=10),
        ("projector", "whiteboard"),
    )
    assert now.hours.weekly[0] == ((540, 1080),)


def test_good_rows_are_taken_and_wrong_ones_named_with_their_column(office: Office) -> None:
    told = took(
        office,
        a_csv(
            LINES[0],
            ",작은도서관,소촌로 9,북위35도,200,저녁,,,모임방,회의실,많음,,,아마도",
            LINES[0],
            "달빛 쉼터,쉼터,=HYPERLINK(1),35.1,126.8,09:00~18:00,,,,,,,,",
            "은하수 작은도서관,박물관,광주광역시 광산구 소촌로 46,35.1457,126.7937,09:00~18:00,,,서고,,,,,",
        ),
    )

    assert (told["opened"], told["wrong"]) == (1, 4)
    named = [(one["row"], one["column"], one["code"]) for one in told["errors"]]
    assert named == [
        (3, "시설명", "row_value_missing"),
        (3, "평일운영시간", "row_hours_wrong"),
        (3, "위도", "row_not_a_number"),
        (3, "경도", "row_out_of_range"),
        (3, "수용인원", "row_not_a_number"),
        (4, "행", "row_named_twice"),
        (5, "도로명주소", "row_formula"),
        (6, "시설유형", "row_facility_differs"),
    ]
    assert told["errors"][5]["values"] == {"other": 2}


def test_a_dry_run_tells_the_same_and_writes_nothing(office: Office) -> None:
    told = took(office, a_csv(*LINES, "달빛 쉼터,,,,,,,,,,,,,"), dry_run=True)

    assert (told["opened"], told["wrong"], told["dry_run"]) == (3, 1, True)
    assert not list(office.database.collection("facilities").everything())


def test_a_long_file_is_taken_in_pieces_each_judged_like_the_whole(office: Office) -> None:
    rooms = [f"{LIBRARY},모임방 {number % 5},회의실,8,,,즉시" for number in range(7)]
    told, first_row = [], 0
    while True:
        piece = took(office, a_csv(*rooms), limit=2, first_row=first_row)
        told.append(piece)
        if piece["next_row"] is None:
            break
        first_row = piece["next_row"]

    assert [one["next_row"] for one in told] == [4, 6, 8, None]
    assert sum(one["opened"] for one in told) == 5
    assert [one["code"] for piece in told for one in piece["errors"]] == ["row_named_twice"] * 2
    assert len(spaces(office)) == 5


def test_a_title_above_the_header_merged_cells_times_and_formulas_of_a_workbook_are_read(office: Office) -> None:
    header = ["번호", "시설명 *", "소재지도로명주소", "위도", "경도"]
    hours = ["평일운영시작시각", "평일운영종료시각", "주말운영시작시각", "주말운영종료시각"]
    told = took(
        office,
        an_xlsx(
            ["광산구 공공시설 개방 현황"],
            [],
            [*header, *hours, "개방장소명", "수용가능\n인원수"],
            [1, "은하수 작은도서관", "소촌로 46", 35.1457, 126.7937, time(9), time(18), "00:00", "00:00", "모임방", 8.0],
            [2, None, None, None, None, None, None, None, None, "서재", "12명"],
        ),
    )

    assert (told["opened"], told["errors"]) == (2, [])
    assert spaces(office)["서재"].facility.id == spaces(office)["모임방"].facility.id
    assert spaces(office)["서재"].hours.weekly == ((((540, 1080),),) * 5 + ((),) * 2)


def test_parsed_rows_are_taken_too(office: Office) -> None:
    row = {"시설명": "은하수 작은도서관", "주소": "소촌로 46", "lat": 35.1457, "lon": 126.7937, "공간명": "모임방"}

    told = took(office, rows=[row, {**row, "공간명": "장구 세트", "공간유형": "장비", "비고": "모르는 칸"}])

    assert told["opened"] == 2
    kit = spaces(office)["장구 세트"].space
    assert (kit.kind, kit.hours_apply, kit.root_id) == ("kit", "ends", kit.id)


def test_a_part_follows_its_hall_in_the_same_file(office: Office) -> None:
    row = {"시설명": "은하수 작은도서관", "주소": "소촌로 46", "위도": "35.1457", "경도": "126.7937"}
    rows = [{**row, "공간명": "강당"}, {**row, "공간명": "동관", "상위공간": "강당"}]

    assert took(office, rows=rows[::-1])["errors"] == [
        {"row": 1, "column": "상위공간", "code": "row_without_parent", "values": {}}
    ]
    assert took(office, rows=rows)["errors"] == []
    assert spaces(office)["동관"].space.root_id == spaces(office)["강당"].space.id
    moved = [*rows, {**row, "공간명": "서관"}, {**row, "공간명": "동관", "상위공간": "서관"}]
    assert took(office, rows=moved[2:])["errors"][0]["code"] == "row_moves_space"


def test_a_number_of_its_own_keeps_a_space_the_same_under_a_new_name(office: Office) -> None:
    row = {"시설명": "은하수 작은도서관", "주소": "소촌로 46", "위도": 35.1457, "경도": 126.7937, "관리번호": "A-7"}

    took(office, rows=[{**row, "공간명": "모임방"}])
    told = took(office, rows=[{**row, "공간명": "큰 모임방"}])

    assert told["changed"] == 1
    assert list(spaces(office)) == ["큰 모임방"]


def test_a_closed_facility_takes_no_rows(office: Office) -> None:
    took(office, a_csv())
    facility = spaces(office)["모임방"].facility
    office.desk.close_facility(OFFICER, act_id="x", facility_id=facility.id)

    told = took(office, a_csv())

    assert {one["code"] for one in told["errors"]} == {"facility_closed"}


@pytest.mark.parametrize("actor", [HOST, RESIDENT])
def test_only_officers_import(office: Office, actor: Any) -> None:
    with pytest.raises(Refused, match="role_not_allowed"):
        took(office, a_csv(), actor=actor)


def fault_of(content: bytes) -> Refused | None:
    """Return why a file can't be taken, or None."""
    try:
        rows_of(content)
    except Refused as refused:
        return refused
    return None


def a_bomb() -> bytes:
    """Return a zip that would unpack to more than is good."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b" " * (MOST_UNPACKED + 1))
    return file.getvalue()


def an_xlsx_with(part: str, content: str) -> bytes:
    """Return a workbook one part of which was made up."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(an_xlsx(["시설명"]))) as made, zipfile.ZipFile(file, "w") as archive:
        for name in made.namelist():
            archive.writestr(name, content if name == part else made.read(name))
    return file.getvalue()


def with_a_password() -> bytes:
    """Return a workbook whose directory says that each part takes a password."""
    content = bytearray(an_xlsx(["시설명"]))
    entry = content.find(b"PK\x01\x02")
    while entry >= 0:
        content[entry + 8] |= 1
        entry = content.find(b"PK\x01\x02", entry + 1)
    return bytes(content)


ENTITIES = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "시설명"><!ENTITY b "&a;&a;&a;&a;">]>'
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1">'
    '<c r="A1" t="inlineStr"><is><t>&b;</t></is></c></row></sheetData></worksheet>'
)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"x" * (MOST_BYTES + 1), "file_too_large"),
        (a_bomb(), "file_too_large"),
        (an_xlsx_with("xl/worksheets/sheet1.xml", ENTITIES), "file_not_understood"),
        (an_xlsx_with("xl/workbook.xml", "<"), "file_not_understood"),
        (with_a_password(), "file_not_understood"),
        (b"PK\x03\x04 no zip at all", "file_not_understood"),
        (b"\xd0\xcf\x11\xe0 an old xls", "file_not_understood"),
        (b"\x00" * 40, "file_without_header"),
        ("시설명,주소".encode(), "file_without_header"),
        (b"", "file_without_header"),
        ("\n".join([HEADER, *["가"] * 2001]).encode(), "file_has_too_many_rows"),
    ],
)
def test_a_file_that_can_not_be_taken_is_refused_as_a_whole(content: bytes, code: str) -> None:
    with pytest.raises(Refused) as refused:
        rows_of(content)

    assert (refused.value.code, refused.value.field) == (code, "file")


def test_a_file_that_is_not_base64_is_refused(office: Office) -> None:
    with pytest.raises(Refused, match="file_not_understood"):
        took(office, file="시설")
    with pytest.raises(Refused, match="file_or_rows"):
        took(office)


@given(st.binary(max_size=400) | st.binary(max_size=200).map(lambda some: b"PK\x03\x04" + some))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    refused = fault_of(content)

    assert refused is None or refused.field == "file"


@given(st.dictionaries(st.sampled_from(sorted(HEADERS)), st.text(max_size=30) | st.from_regex(r"\d\d:\d\d~\d\d:\d\d")))
def test_any_cells_are_taken_or_named(cells: dict[str, str]) -> None:
    asked, faults = parsed(Row(7, cells), tenant=TENANT)

    assert (asked is None) == bool(faults)
    assert all(fault.field for fault in faults)
    assert len(orjson.dumps([fault.to_wire() for fault in faults])) < 10_000


@given(st.binary(max_size=2000))
def test_a_workbook_damaged_anywhere_is_read_or_refused(noise: bytes) -> None:
    content = bytearray(an_xlsx(["시설명", "주소", "위도", "경도"], ["은하수 작은도서관", "소촌로 46", 35.1, 126.8]))
    for place, value in enumerate(noise[:40]):
        content[(place * 8191 + value * 127) % len(content)] = value

    refused = fault_of(bytes(content))

    assert refused is None or refused.field == "file"


@pytest.mark.parametrize(
    ("header", "plain"), [("수용 인원(명)*", "수용인원"), ("도로명\n주소", "도로명주소"), (" 위도 ", "위도"), ("LAT", "lat")]
)
def test_blanks_brackets_and_stars_in_a_header_do_not_matter(header: str, plain: str) -> None:
    assert plain_header(header) == plain


def test_no_header_stands_for_two_fields() -> None:
    every = [header for headers in HEADERS.values() for header in headers]

    assert len(every) == len(set(every))
    assert every == [plain_header(header) for header in every]


@pytest.mark.parametrize(
    ("cell", "windows"),
    [
        ("09:00~18:00", [[540, 1080]]),
        ("9시 ~ 18시", [[540, 1080]]),
        ("0900-1800", [[540, 1080]]),
        ("09:00~12:00, 13:00~18:00", [[540, 720], [780, 1080]]),
        ("22:00~02:00", [[1320, 1560]]),
        ("18:00~24:00", [[1080, 1440]]),
        ("24시간", [[0, 1440]]),
        ("휴관", []),
    ],
)
def test_hours_are_read_as_people_write_them(cell: str, windows: list[list[int]]) -> None:
    asked, faults = parsed(
        Row(2, {"name": "은하수", "road_address": "소촌로 46", "lat": "35.1", "lon": "126.8", "weekdays": cell}),
        tenant=TENANT,
    )

    assert not faults
    assert asked is not None
    assert asked.facility["weekly"][0] == windows
