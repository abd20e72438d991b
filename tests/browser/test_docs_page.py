"""The OpenAPI page, as whoever builds a front-end sees it."""

from __future__ import annotations

from playwright.sync_api import Page, expect


def test_the_api_can_be_read_without_asking_anybody_outside(page: Page, address: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    page.goto(f"{address}/docs")
    expect(page.locator(".opblock").first).to_be_visible(timeout=20_000)

    assert page.locator("html").get_attribute("lang") == "ko"
    assert page.locator(".opblock").count() > 30
    assert {url.split("/")[2] for url in asked if url.startswith("http")} == {address.removeprefix("http://")}


def test_what_a_call_needs_can_be_opened_with_the_keyboard(page: Page, address: str) -> None:
    page.goto(f"{address}/docs")
    call = page.locator(".opblock-summary-control").first
    expect(call).to_be_visible(timeout=20_000)

    call.focus()
    page.keyboard.press("Enter")

    expect(page.locator(".opblock.is-open")).to_have_count(1)


def test_where_a_problem_points_is_told_what_it_means_in_korean(page: Page, address: str) -> None:
    page.goto(f"{address}/problems/no_place_left")

    expect(page.locator("body")).to_contain_text("자리")
