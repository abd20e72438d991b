"""The ledger names districts from the operator's table where no row does."""

from __future__ import annotations

from dataclasses import replace

from services.placement.budgets.ledger import Ledger
from services.placement.programmes.districts import Districts, Named
from tests.services.placement.budgets.makers import CITY, GWANGSAN, TENANT, a_treasury


def test_a_district_that_no_row_names_has_the_name_of_today_in_the_ledger() -> None:
    treasury = a_treasury()
    for code in ("allowance", "little-library"):
        known = treasury.programmes[f"{TENANT}:{code}"]
        treasury.programmes[known.id] = replace(known, district=replace(known.district, name=None, municipality=None))
    table = Districts({GWANGSAN: (Named("광산구", "광주광역시"),)})

    def named(ledger: Ledger, by: str) -> dict[str, str | None]:
        told = ledger.read(CITY, tenant=TENANT, by=by)["rows"]
        return {str(row["district"]): row.get("name_ko") for row in told}

    assert named(replace(treasury.ledger, districts=table), "district")[GWANGSAN] == "광산구"
    assert named(treasury.ledger, "district")[GWANGSAN] is None
    told = replace(treasury.ledger, districts=table).read(CITY, tenant=TENANT, by="municipality")["rows"]
    assert {row["municipality"]: row["known"]["programmes"] + row["unknown"]["programmes"] for row in told} == {
        # The umbrella says it itself; nobody knows where the library is.
        "광주광역시": 2,
        None: 1,
    }
