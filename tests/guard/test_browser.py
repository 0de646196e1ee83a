"""A real browser on a page of somebody else: what it is made to send changes nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from tests.application import RunningApi, running_api
from tests.browser.conftest import browser
from tests.guard.test_interface import interface
from tests.serving import serving

__all__ = ["browser"]

# Multipart needs no preflight, and no-cors lets the page send it without reading the response.
UPLOAD = """async (url) => {
    const form = new FormData();
    form.append("file", new Blob(["injected"]), "injected.md");
    await fetch(url, {method: "POST", body: form, mode: "no-cors"});
}"""
OPENS = """(url) => new Promise((resolve) => {
    const socket = new WebSocket(url, ["streamlit"]);
    socket.onopen = () => resolve(true);
    socket.onerror = () => resolve(false);
})"""
FRAME = """(url) => new Promise((resolve) => {
    const frame = document.createElement("iframe");
    frame.onload = resolve;
    frame.src = url;
    document.body.append(frame);
})"""


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApi]:
    with running_api(tmp_path_factory.mktemp("api")) as running:
        yield running


async def _foreign(_request: Request) -> HTMLResponse:
    return HTMLResponse("<p>Somebody else's page</p>")


@pytest.fixture
def foreign_page(browser: Browser) -> Iterator[Page]:
    """A page of another server on this machine, which is another site for the browser."""
    with serving(Starlette(routes=[Route("/", _foreign)])) as address:
        page = browser.new_page()
        page.goto(address)
        yield page
        page.close()


def test_a_foreign_page_uploads_no_file(foreign_page: Page, api: RunningApi) -> None:
    base_id = api.http.post("/api/bases", json={"name": "库"}).json()["id"]
    path = f"/api/bases/{base_id}/documents"
    with foreign_page.expect_response(f"{api.url}{path}") as answer:
        foreign_page.evaluate(UPLOAD, f"{api.url}{path}")
    assert answer.value.status == 403
    assert api.http.get(path).json()["total"] == 0


def test_the_interface_runs_on_its_own_page_only(foreign_page: Page, tmp_path: Path) -> None:
    with interface(tmp_path) as url:
        stream = f"{url.replace('http', 'ws', 1)}/_stcore/stream"
        assert foreign_page.evaluate(OPENS, stream) is False
        foreign_page.evaluate(FRAME, url)
        assert foreign_page.frames[-1].url.startswith("chrome-error:")
        foreign_page.goto(url)
        foreign_page.locator(".st-key-api-down").wait_for()  # the script ran: there is no API
        assert foreign_page.evaluate(OPENS, stream) is True
