"""The OpenAPI document: names that stay, every answer under its own type, and nothing that its makers warn of."""

from __future__ import annotations

import re
import warnings
from typing import Any

import pytest

from services.gateway.app import create_app
from services.statistics.sheets import MEDIA_TYPES
from tests.services.gateway.twins import a_gateway


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The document of an application that was made with every warning an error."""
    ports = a_gateway(tmp_path_factory.mktemp("door")).ports
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        told = create_app(ports).test_client().get("/openapi.json").json
    assert isinstance(told, dict)
    return told


def test_no_two_schemas_share_a_name_so_that_no_name_depends_on_the_order_of_views(document: dict[str, Any]) -> None:
    names = document["components"]["schemas"].keys()

    assert len(names) > 200
    assert not [name for name in names if re.search(r"\d$", name)]


@pytest.mark.parametrize(
    ("path", "types"),
    [
        ("/v1/openings/{opening_id}/job-posting", {"application/ld+json"}),
        ("/v1/tenants/{tenant}/openings.geojson", {"application/geo+json"}),
        ("/v1/tenants/{tenant}/spaces.geojson", {"application/geo+json"}),
        ("/calendars/{secret}.ics", {"text/calendar"}),
        ("/v1/tenants/{tenant}/figures/file", {one.partition(";")[0] for one in MEDIA_TYPES.values()}),
        ("/metrics", {"text/plain"}),
    ],
)
def test_an_answer_that_is_no_json_is_described_by_its_own_type(
    document: dict[str, Any], path: str, types: set[str]
) -> None:
    assert document["paths"][path]["get"]["responses"]["200"]["content"].keys() == types


def test_each_way_to_send_an_event_is_described(document: dict[str, Any]) -> None:
    body = document["paths"]["/events"]["post"]["requestBody"]

    assert body["content"].keys() == {
        "application/cloudevents+json",
        "application/cloudevents-batch+json",
        "application/json",
    }
