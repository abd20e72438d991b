"""One Korean word per thing, wherever people read it: refusals, letters, the operators' commands, the READMEs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from deploy import words
from deploy.commands import COMMANDS
from services.statistics.headings import HEADINGS
from tests.harness import ROOT

TEXTS = (
    ROOT / "services" / "gateway" / "texts" / "ko.yaml",
    ROOT / "services" / "notifications" / "texts" / "ko.yaml",
    ROOT / "deploy" / "words.py",
    ROOT / "README.ko.md",
    *sorted((ROOT / "deploy" / "demo").rglob("*.py")),
    *sorted((ROOT / "services" / "gateway").rglob("*.py")),
    ROOT / "deploy" / "monitoring" / "alerts.yml",
    # But for the programmes, which quote their sources.
    *sorted(one for one in (ROOT / "deploy" / "data").glob("*.yaml") if one.stem != "programmes"),
)

#: A word that was used beside the right one, and the right one.
OTHERS = {
    r"구청 담당자|일터 담당자": "담당 공무원, 시설 담당자",
    r"(?<!시설 )(?<!\w)담당자(?! 선정)": "담당 공무원 or 시설 담당자",
    r"채용": "선정",
    r"탈락": "미선정",
    r"자치구": "구",
    r"근로시간": "근무 시간",
    r"이의를 (내|제기)": "이의를 신청",
    r"회원님": "본인",
    r"이유": "까닭",
    r"재생": "재처리",
    r"거두|거둠|거둔|거둬": "취소 or 철회",
    r"(?<!지급 )(?<![\w:])묶음(?!번호|\(JSON)": "지급 묶음",
}


@pytest.mark.parametrize("text", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_text_has_a_second_word_for_a_thing(text: Path) -> None:
    found = [
        (number, line.strip()[:90], right)
        for number, line in enumerate(text.read_text(encoding="utf-8").splitlines(), start=1)
        for other, right in OTHERS.items()
        if re.search(other, line)
    ]

    assert found == []


def test_a_placement_and_a_batch_of_payments_are_never_called_the_same() -> None:
    def called(name: str) -> str:
        return " ".join(word.ko for event, word in words.EVENTS.items() if event.startswith(f"placement.{name}."))

    assert "지급" in called("batch")
    assert "배치" in called("placement")
    assert "배치" not in called("batch") + called("allowance")
    assert "묶음" not in called("placement") + called("application")


def test_what_has_a_word_in_the_glossary_is_called_so() -> None:
    told = " ".join([*COMMANDS.values(), *(word.ko for word in words.QUEUES.values())])

    assert "처리 실패함" in told
    assert "보류함" in told
    assert words.QUEUES["city.parked"].ko == "보류함"
    assert "신청" not in HEADINGS["jobs"]["applications"]
    assert words.EVENTS["placement.application.submitted"].ko == "지원함"
