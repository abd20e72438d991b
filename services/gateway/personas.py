"""Demo people for the dev sign-in. All of them are made up; a persona says who somebody is, never a real person's data."""

from __future__ import annotations

from dataclasses import dataclass

from shared.actors import Actor

#: 광산구, in the series of 법정동 codes valid before 2026-07-01.
GWANGSAN = "29200"
DEMO_TENANT = "demo"


@dataclass(frozen=True)
class Persona:
    """A made-up person: ``name`` is Korean, ``about`` says who they are in both languages."""

    key: str
    name: str
    about: str
    about_en: str
    role: str
    subject: str
    districts: frozenset[str] = frozenset()

    def actor(self, *, subject: str | None, tenant: str | None, districts: list[str] | None) -> Actor:
        """Return the actor, in another tenant, under another id or for other districts where asked."""
        return Actor(
            subject=subject or self.subject,
            roles=frozenset({self.role}),
            tenant=tenant or DEMO_TENANT,
            districts=frozenset(self.districts if districts is None else districts),
        )


PERSONAS: dict[str, Persona] = {
    one.key: one
    for one in (
        Persona(
            "resident",
            "은하 씨",
            "첨단동에 사는 58세 주민. 걸어서 10분 안의 일자리를 찾습니다.",
            "A resident of Cheomdan-dong, 58, looking for work within ten minutes' walk.",
            "resident",
            "res-demo-eunha",
        ),
        Persona(
            "host",
            "별이 씨",
            "은하수 작은도서관 시설 담당자",
            "In charge of the Milky Way Little Library.",
            "host",
            "host-demo-library",
        ),
        Persona(
            "officer",
            "다온 주무관",
            "광산구 일자리 담당 공무원",
            "A district officer for jobs in Gwangsan.",
            "officer",
            "officer-demo-daon",
            frozenset({GWANGSAN}),
        ),
        Persona(
            "approver",
            "누리 주무관",
            "다온 주무관이 만든 지급을 확인하는 공무원",
            "The second officer: looks at what the first one prepared to pay.",
            "officer",
            "officer-demo-nuri",
            frozenset({GWANGSAN}),
        ),
        Persona(
            "operator",
            "새벽 운영자",
            "밤에 대기열을 지켜보는 운영자",
            "An operator who watches the queues at night.",
            "operator",
            "operator-demo-saebyeok",
        ),
    )
}
