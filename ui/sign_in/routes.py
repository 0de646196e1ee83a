"""`/login`, `/logout` and `/welcome`: they call the API, and give its cookie to the browser."""

import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ui.client.visitor import SESSION_COOKIE
from ui.sign_in import pages
from ui.sign_in.api import Answer, SessionApi, Unreachable
from ui.sign_in.pages import Link, Place
from ui.sign_in.visits import language_of, local_path
from ui.words.texts import LANGUAGES

log = logging.getLogger(__name__)

_MAX_FORM_BYTES = 16 * 1024
_PROVIDER = re.compile(r"[\w-]{1,64}", re.ASCII)
_FORGET = f"{SESSION_COOKIE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"

Endpoint = Callable[[Request], Awaitable[Response]]


def routes(api: SessionApi) -> list[Route]:
    pages_ = _SignIn(api)
    table: list[tuple[str, Endpoint, str]] = [
        ("/login", pages_.login_page, "GET"),
        ("/login", pages_.login, "POST"),
        ("/logout", pages_.logout, "POST"),
        ("/welcome", pages_.welcome_page, "GET"),
        ("/welcome", pages_.welcome, "POST"),
        ("/login/{provider}", pages_.to_provider, "GET"),
        ("/login/{provider}/connect", pages_.connect, "POST"),
        ("/login/{provider}/callback", pages_.from_provider, "GET"),
    ]
    return [Route(path, _answering(does), methods=[method]) for path, does, method in table]


def _answering(endpoint: Endpoint) -> Endpoint:
    """Says so where the API doesn't respond."""

    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except Unreachable:
            place = _place(request)
            title, text = place.say("down.title"), place.say("login.down")
            again = Link("/login", place.say("action.retry"))
            return pages.message(place, title, text, again, 503)

    return answer


class _SignIn:
    def __init__(self, api: SessionApi) -> None:
        self._api = api

    async def login_page(self, request: Request) -> Response:
        wanted = local_path(request.query_params.get("next", "/"))
        place = _place(request, next=wanted)
        session = await self._api.session(request)
        if session.body.get("auth") == "none" or session.body.get("person"):
            return _go(_in_language(wanted, request.query_params), session)
        if session.body.get("auth") == "proxy" and "out" not in request.query_params:
            known = await self._api.sign_in_by_proxy(request)
            if known.ok:
                return _go(wanted, known)
            error = place.refusal(known.code)
            return pages.login(place, session.body, error=error, status=known.status)
        notice = place.say("login.signed_out") if "out" in request.query_params else ""
        return _with_cookies(pages.login(place, session.body, notice=notice), session)

    async def login(self, request: Request) -> Response:
        form = await _form(request)
        wanted, name = local_path(form.get("next", "/")), form.get("name", "").strip()[:120]
        answer = await self._api.sign_in(request, name, form.get("password", ""))
        if answer.ok:
            return _go(_in_language(wanted, form), answer)
        place = _place(request, form, next=wanted)
        session = await self._api.session(request)
        error = place.refusal(answer.code, answer.retry_after_s)
        return pages.login(place, session.body, name=name, error=error, status=answer.status)

    async def logout(self, request: Request) -> Response:
        """Forgets the session in the browser even where the API doesn't respond."""
        to = RedirectResponse("/login?out=1", 303)
        to.headers.append("set-cookie", _FORGET)
        try:
            answer = await self._api.sign_out(request)
        except Unreachable:
            log.warning("signed out of the browser, but the API did not respond")
            return to
        return _with_cookies(to, answer)

    async def welcome_page(self, request: Request) -> Response:
        token = request.query_params.get("token", "")[:512]
        place = _place(request, token=token)
        link = await self._api.link(request, token)
        if not link.ok:
            return _link_invalid(place)
        return pages.welcome(place, str(link.body["name"]), str(link.body["purpose"]))

    async def welcome(self, request: Request) -> Response:
        form = await _form(request)
        token, password = form.get("token", "")[:512], form.get("password", "")
        place = _place(request, form, token=token)
        link = await self._api.link(request, token)
        if not link.ok:
            return _link_invalid(place)
        error, status = place.say("login.not_the_same"), 422
        if password == form.get("again"):
            answer = await self._api.use_link(request, token, password)
            if answer.ok:
                return _go(_in_language("/", form), answer)
            error, status = place.refusal(answer.code, answer.retry_after_s), answer.status
        name, purpose = str(link.body["name"]), str(link.body["purpose"])
        return pages.welcome(place, name, purpose, error=error, status=status)

    async def to_provider(self, request: Request) -> Response:
        provider = request.path_params["provider"]
        wanted = local_path(request.query_params.get("next", "/"))
        if not _PROVIDER.fullmatch(provider):
            return Response(status_code=404)
        answer = await self._api.begin(request, provider, wanted)
        url = str(answer.body.get("url", ""))
        if answer.ok and urlsplit(url).scheme in {"http", "https"}:
            return _with_cookies(RedirectResponse(url, 303), answer)
        return await self._refused(request, wanted, answer)

    async def connect(self, request: Request) -> Response:
        name = request.path_params["provider"]
        if not _PROVIDER.fullmatch(name):
            return Response(status_code=404)
        form = await _form(request)
        place = _place(request, form)
        session = (await self._api.session(request)).body
        provider = next((p for p in session.get("providers", []) if p["name"] == name), None)
        if not session.get("person") or provider is None:
            return RedirectResponse("/login", 303)
        person = str(session["person"]["name"])
        answer = await self._api.connect(request, name, form.get("password", ""))
        url = str(answer.body.get("url", ""))
        if answer.ok and urlsplit(url).scheme in {"http", "https"}:
            return _with_cookies(pages.connect(place, person, url, provider), answer)
        if answer.code == "sign_in_again":
            title, text = place.say("login.not_connected"), place.refusal(answer.code)
            again = Link(f"/login/{name}", place.say("session.again"))
            return pages.message(place, title, text, again, answer.status)
        if answer.code not in {"password_needed", "wrong_password"}:
            return await self._refused(request, "/", answer)
        asked = answer.code == "password_needed"
        error, status = ("", 200) if asked else (place.refusal(answer.code), answer.status)
        return pages.confirm(place, person, provider, error=error, status=status)

    async def from_provider(self, request: Request) -> Response:
        provider = request.path_params["provider"]
        if not _PROVIDER.fullmatch(provider):
            return Response(status_code=404)
        answer = await self._api.finish(request, provider, dict(request.query_params))
        if answer.ok:
            return _go(local_path(str(answer.body.get("next", "/"))), answer)
        return await self._refused(request, "/", answer)

    async def _refused(self, request: Request, wanted: str, answer: Answer) -> Response:
        """By a provider."""
        place = Place("/login", language_of(request), {"next": wanted})
        session = await self._api.session(request)
        if session.body.get("person"):  # they wanted to connect their account
            title, text = place.say("login.not_connected"), place.refusal(answer.code)
            back = Link("/", place.say("login.back"))
            return _with_cookies(pages.message(place, title, text, back, answer.status), answer)
        code = "provider_refused" if answer.code == "sign_in_failed" else answer.code
        error, status = place.refusal(code), max(answer.status, 400)
        return _with_cookies(pages.login(place, session.body, error=error, status=status), answer)


def _place(request: Request, form: Mapping[str, str] | None = None, **parameters: str) -> Place:
    said = (form or request.query_params).get("lang", "")
    chosen = said in LANGUAGES
    language = said if chosen else language_of(request)
    return Place(request.url.path, language, parameters, chosen)


def _link_invalid(place: Place) -> Response:
    title, text = place.say("login.link_invalid"), place.say("login.link_invalid_what")
    return pages.message(place, title, text, Link("/login", place.say("login.to_login")), 404)


def _in_language(path: str, said: Mapping[str, str]) -> str:
    """The path, with the language that was chosen on the way to it."""
    language = said.get("lang", "")
    if language not in LANGUAGES or "lang=" in urlsplit(path).query:
        return path
    return f"{path}{'&' if urlsplit(path).query else '?'}{urlencode({'lang': language})}"


def _go(path: str, answer: Answer) -> Response:
    return _with_cookies(RedirectResponse(path, 303), answer)


def _with_cookies(response: Response, answer: Answer) -> Response:
    for cookie in answer.cookies:
        response.headers.append("set-cookie", cookie)
    response.headers["cache-control"] = "no-store"
    return response


async def _form(request: Request) -> dict[str, str]:
    """The fields of a submitted form; nothing of one that is far too large."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _MAX_FORM_BYTES:
            return {}
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=20))
    except ValueError:
        return {}
