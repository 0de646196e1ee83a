"""Signing in and out over HTTP, and the gate before everything else."""

import re
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from tests.serving import serving
from tests.ui.conftest import served
from tests.ui.stand_in.house import COOKIE, PASSWORD, House, house
from tests.ui.stand_in.service import Application
from ui import passed_on
from ui.client import renewed
from ui.client.http import Client, connections
from ui.sign_in import routes as sign_in
from ui.sign_in.api import SessionApi
from ui.sign_in.gate import Gate
from ui.sign_in.visits import local_path, visitor_of
from ui.words.texts import words

PAGE = {"accept": "text/html", "accept-language": "zh-CN,zh;q=0.9,en;q=0.8"}
ZH, EN = words("zh"), words("en")


def interface(api_url: str, client: tuple[str, int] = ("testclient", 50000)) -> TestClient:
    """The gate and the pages, before something that stands for Streamlit."""

    async def shown(_request: object) -> PlainTextResponse:
        return PlainTextResponse("in")

    async def stream(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text("in")
        await websocket.close()

    api = SessionApi(api_url)
    paths = ["/", "/documents", "/media/x", "/static/x", "/_stcore/health", "/_stcore/upload"]
    app = Starlette(
        routes=[
            *(Route(path, shown, methods=["GET", "PUT"]) for path in paths),
            WebSocketRoute("/_stcore/stream", stream),
            *sign_in.routes(api),
        ],
        middleware=[Middleware(Gate, api=api)],
    )
    return TestClient(
        app, "http://zhiwen.example", headers=PAGE, follow_redirects=False, client=client
    )


@pytest.fixture
def home(application: Application) -> House:
    application.house = house()
    return application.house


@pytest.fixture
def browser(application: Application, home: House) -> Iterator[TestClient]:
    with served(application) as url, interface(url) as client:
        yield client


def sign_in_as(browser: TestClient, name: str, password: str = PASSWORD, **more: str) -> str:
    """Where it leads, or the error that is shown."""
    answer = browser.post("/login", data={"name": name, "password": password, **more})
    shown = re.search(r'role="alert"[^>]*>([^<]+)<', answer.text)
    return shown[1] if shown else str(answer.headers["location"])


def test_a_page_without_a_session_leads_to_the_login_and_back(browser: TestClient) -> None:
    away = browser.get("/documents?base=7&lang=en")
    assert away.status_code == 303
    assert away.headers["location"] == "/login?next=%2Fdocuments%3Fbase%3D7%26lang%3Den&lang=en"
    login = browser.get(away.headers["location"])
    assert EN["login.title"] in login.text
    assert 'name="next" value="/documents?base=7&amp;lang=en"' in login.text
    wanted = "/documents?base=7&lang=en"
    assert sign_in_as(browser, "li", next=wanted) == wanted
    assert browser.get(wanted).text == "in"
    assert browser.get("/login?next=/documents").headers["location"] == "/documents"


@pytest.mark.parametrize("path", ["/media/x", "/_stcore/upload", "/zhiwen/pages/0a/1", "/other"])
def test_everything_else_is_refused_without_a_session(browser: TestClient, path: str) -> None:
    assert browser.get(path, headers={"accept": "*/*"}).status_code == 401
    assert browser.put(path).status_code == 401
    browser.cookies.set(COOKIE, "made-up")
    assert browser.get(path, headers={"accept": "*/*"}).status_code == 401


@pytest.mark.parametrize("path", ["/static/x", "/_stcore/health"])
def test_what_is_nobodys_is_open(browser: TestClient, path: str) -> None:
    assert browser.get(path).text == "in"


def test_a_websocket_needs_a_session(browser: TestClient, home: House) -> None:
    for cookies in ({}, {COOKIE: "made-up"}):
        browser.cookies.update(cookies)
        with pytest.raises(WebSocketDisconnect), browser.websocket_connect("/_stcore/stream"):
            pass
    browser.cookies.set(COOKIE, home.sign_in("wang"))
    with browser.websocket_connect("/_stcore/stream") as stream:
        assert stream.receive_text() == "in"


def test_a_session_that_ended_does_not_pass(browser: TestClient, home: House) -> None:
    sign_in_as(browser, "li")
    assert browser.get("/").text == "in"
    home.sessions.clear()
    assert browser.get("/").headers["location"] == "/login?next=%2F"


def test_the_cookie_is_the_apis(browser: TestClient) -> None:
    answer = browser.post("/login", data={"name": "li", "password": PASSWORD})
    (cookie,) = answer.headers.get_list("set-cookie")
    assert cookie.startswith(f"{COOKIE}=")
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie


def test_the_api_hears_of_the_visitor(browser: TestClient, home: House) -> None:
    browser.post("/login", data={"name": "li"}, headers={"x-forwarded-for": "203.0.113.9"})
    heard = next(heard for heard in home.heard if heard["path"] == "/api/session")
    assert heard["x-forwarded-for"] == "203.0.113.9, testclient"
    assert heard["user-agent"] == "testclient"


def test_a_proxy_on_this_machine_is_named_as_one(application: Application, home: House) -> None:
    """As uvicorn hands its requests on: the forwarded address in place of the proxy's."""
    with served(application) as url, interface(url, client=("203.0.113.9", 0)) as browser:
        browser.post("/login", data={"name": "li"}, headers={"x-forwarded-for": "203.0.113.9"})
    heard = next(heard for heard in home.heard if heard["path"] == "/api/session")
    assert heard["x-forwarded-for"] == "203.0.113.9, 127.0.0.1"


@pytest.mark.parametrize(("name", "password"), [("li", "wrong"), ("nobody", PASSWORD)])
def test_refusals_say_the_same(browser: TestClient, name: str, password: str) -> None:
    assert sign_in_as(browser, name, password) == ZH["login.sign_in_failed"]
    assert COOKIE not in browser.cookies


def test_logout_ends_the_session_and_forgets_the_cookie(browser: TestClient, home: House) -> None:
    sign_in_as(browser, "li")
    assert browser.get("/logout").status_code == 405
    away = browser.post("/logout")
    assert (away.status_code, away.headers["location"]) == (303, "/login?out=1")
    assert not home.sessions
    assert COOKIE not in browser.cookies
    assert ZH["login.signed_out"] in browser.get("/login?out=1").text


def test_an_invitation_lets_its_holder_choose_a_password(browser: TestClient, home: House) -> None:
    home.links["t0k"] = home.named("chen")["id"]
    page = browser.get("/welcome?token=t0k&lang=en").text
    assert EN["login.welcome"] in page
    assert 'autocomplete="new-password"' in page
    form = {"token": "t0k", "lang": "en"}

    def choose(password: str, again: str) -> str:
        return browser.post("/welcome", data={**form, "password": password, "again": again}).text

    assert EN["login.not_the_same"] in choose("a long password", "another one")
    assert EN["login.weak_password"] in choose("short", "short")
    assert COOKIE not in browser.cookies
    chosen = {**form, "password": "a long password", "again": "a long password"}
    assert browser.post("/welcome", data=chosen).headers["location"] == "/?lang=en"
    assert browser.get("/").text == "in"
    used = browser.get("/welcome?token=t0k")
    assert used.status_code == 404
    assert ZH["login.link_invalid"] in used.text


def test_a_provider_signs_in(browser: TestClient, home: House) -> None:
    home.auth = "oidc"
    home.providers = [{"name": "corp", "label": "公司账号", "kind": "oidc"}]
    page = browser.get("/login?next=/documents").text
    assert 'href="/login/corp?next=%2Fdocuments"' in page
    assert "<details>" in page
    away = browser.get("/login/corp?next=/documents").headers["location"]
    assert away == "https://login.example/authorize?for=corp&next=/documents"
    callback = "/login/corp/callback?next=//evil.example&state="
    assert ZH["login.state_invalid"] in browser.get(f"{callback}forged").text
    assert browser.get(f"{callback}state").headers["location"] == "/"
    assert browser.get("/").text == "in"
    assert browser.get("/login/..%2f..%2fapi").status_code == 404


def test_a_new_token_reaches_the_browser_and_open_pages(browser: TestClient, home: House) -> None:
    sign_in_as(browser, "li")
    before = browser.cookies[COOKIE]
    home.successor = "the-next-token"
    assert browser.get("/").text == "in"
    assert browser.cookies[COOKIE] == "the-next-token"
    assert renewed.latest(before) == "the-next-token"
    browser.cookies.clear()
    browser.cookies.set(COOKIE, before)  # only pages that are open are told
    assert browser.get("/").status_code == 303


@pytest.mark.parametrize(
    "given",
    [
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "https://evil.example/",
        "javascript:alert(1)",
        "evil",
        "/login?next=/",
        "/logout",
        "/a\r\nSet-Cookie: a=b",
        "",
    ],
)
def test_other_places_are_not_returned_to(browser: TestClient, given: str) -> None:
    assert local_path(given) == "/"
    assert sign_in_as(browser, "li", next=given) == "/"


def test_our_own_places_are() -> None:
    for path in ("/", "/documents", "/?c=7&lang=en", "/loginless"):
        assert local_path(path) == path


def test_pages_run_no_script_and_show_what_is_given_as_text(browser: TestClient) -> None:
    name = '"><script>alert(1)</script>'
    answer = browser.post("/login", data={"name": name, "password": "x"})
    assert "<script" not in answer.text
    assert "&#34;&gt;&lt;script&gt;" in answer.text
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "'unsafe-inline'" not in policy
    assert answer.headers["cache-control"] == "no-store"


def test_an_oversized_form_is_not_read(browser: TestClient, home: House) -> None:
    browser.post("/login", data={"name": "li", "password": "x" * 100_000})
    assert not [heard for heard in home.heard if int(heard.get("content-length", 0)) > 1000]


@pytest.mark.parametrize(
    ("wanted", "title"),
    [("en-GB,en;q=0.9,zh;q=0.8", EN), ("de,zh-TW;q=0.5", ZH), ("fr", ZH), ("", ZH)],
)
def test_pages_speak_the_browsers_language(
    browser: TestClient, wanted: str, title: dict[str, str]
) -> None:
    page = browser.get("/login", headers={"accept-language": wanted}).text
    assert title["login.title"] in page


def test_without_a_login_the_gate_asks_once_and_adds_nothing() -> None:
    asked: list[str] = []

    async def session(request: Request) -> JSONResponse:
        asked.append(request.url.path)
        return JSONResponse({"auth": "none", "providers": [], "person": None})

    api = Starlette(routes=[Route("/api/session", session)])
    with serving(api) as url, interface(url) as browser:
        for path in ("/documents", "/", "/media/x"):
            answer = browser.get(path)
            assert (answer.text, answer.headers.get("set-cookie")) == ("in", None)
        with browser.websocket_connect("/_stcore/stream") as stream:
            assert stream.receive_text() == "in"
        assert len(asked) == 1
        assert browser.get("/login?next=/documents").headers["location"] == "/documents"


def test_an_api_that_is_down_is_said(home: House, application: Application) -> None:
    server = ExitStack()
    with interface(server.enter_context(served(application))) as browser:
        signed_in = {"cookie": f"{COOKIE}={home.sign_in('li')}"}
        assert browser.get("/", headers=signed_in).text == "in"
        server.close()
        page = browser.get("/login")
        assert page.status_code == 503
        assert ZH["login.down"] in page.text
        assert browser.get("/").status_code == 303
        kept = {**signed_in, "accept": "*/*"}
        kept["cookie"] += "-other"
        assert browser.get("/media/x", headers=kept).status_code == 503
        # The script says so, and goes on once the API is back.
        assert browser.get("/", headers=signed_in).text == "in"
        assert browser.post("/logout").headers["location"] == "/login?out=1"


def test_pictures_of_pages_are_asked_for_with_the_visitors_session() -> None:
    async def picture(request: Request) -> PlainTextResponse:
        headers = {"set-cookie": f"{COOKIE}=of-another; Path=/"}
        return PlainTextResponse(request.headers.get("cookie", "nobody"), headers=headers)

    api = Starlette(routes=[Route("/api/documents/{key}/pages/{page:int}", picture)])
    with serving(api) as url, TestClient(Starlette(routes=passed_on.routes(url))) as browser:
        address = f"/{passed_on.PAGES}/0123abcd/1"
        asked = [browser.get(address, headers={"cookie": f"{COOKIE}=li; other=1"}).text]
        asked.append(browser.get(address).text)
    assert asked == [f"{COOKIE}=li", "nobody"]


def test_who_comes_with_an_old_token_while_the_api_is_down_gets_no_new_one(
    home: House, application: Application
) -> None:
    """Such a token may be a stolen one; only pages that were open with it are told the next."""
    server = ExitStack()
    url = server.enter_context(served(application))

    async def stream(websocket: WebSocket) -> None:
        await websocket.accept()
        client = Client(connections(url), visitor_of(websocket))
        await websocket.send_text(client._headers()["cookie"])
        await websocket.close()

    route = WebSocketRoute("/_stcore/stream", stream)
    gate = Middleware(Gate, api=SessionApi(url))
    old = home.sign_in("li")
    renewed.remember(old, "the-token-after-it")
    with TestClient(Starlette(routes=[route], middleware=[gate])) as browser:
        browser.cookies.set(COOKIE, old)

        def sends() -> str:
            with browser.websocket_connect("/_stcore/stream") as stream:
                return stream.receive_text()

        assert sends() == f"{COOKIE}=the-token-after-it"
        server.close()
        assert sends() == f"{COOKIE}={old}"
