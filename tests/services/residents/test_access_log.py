"""From where staff looked at somebody: kept on the access log, and nowhere else."""

from __future__ import annotations

from shared.caller import asked_from
from tests.services.residents.conftest import Office, an_officer


def test_the_access_log_says_from_which_address_staff_looked(office: Office) -> None:
    office.register()

    with asked_from("203.0.113.7"):
        office.registry.get(an_officer(), resident_id="res-1")
    office.registry.get(an_officer(), resident_id="res-1")

    assert sorted(str(line["address"]) for line in office.trail.access.find({"resident": "res-1"})) == [
        "203.0.113.7",
        "None",
    ]
