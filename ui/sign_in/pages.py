"""The pages of signing in. They are plain HTML: no script runs in them."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from jinja2 import Environment, FileSystemLoader, Template
from markupsafe import Markup
from starlette.responses import HTMLResponse

from ui.words.texts import LANGUAGES, Count, name_of_provider, words

_FOLDER = Path(__file__).parent
_TAGS = {"zh": "zh-CN", "en": "en"}
MAX_PASSWORD = 256


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    label: str
    type: str
    autocomplete: str
    value: str = ""
    most: int = MAX_PASSWORD
    readonly: bool = False
    focus: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    address: str
    label: str


_ADDRESSES = ("/login", "/welcome")


@dataclass(frozen=True, slots=True)
class Place:
    """A page: its path, what its address says besides, the language it is in, and whether that
    was chosen here."""

    path: str
    language: str
    parameters: Mapping[str, str]
    chosen: bool = False

    def say(self, key: str, **values: object) -> str:
        counted = {name: Count(v) if type(v) is int else v for name, v in values.items()}
        return words(self.language)[key].format(**counted)

    def refusal(self, code: str, retry_after_s: int = 0) -> str:
        """Why the API refused, in words."""
        if code == "too_many_attempts" and retry_after_s:
            return self.say("login.too_many_attempts_until", n=-(-retry_after_s // 60))
        key = f"login.{code}"
        return self.say(key if key in words(self.language) else "login.error")

    def provider(self, provider: Mapping[str, Any]) -> str:
        """Its name: what it is called here, or in this language if we know it."""
        return name_of_provider(str(provider["kind"]), str(provider["label"]), self.language)

    @property
    def hidden(self) -> dict[str, str]:
        """Fields that keep it when a form is sent."""
        return {**self.parameters, **({"lang": self.language} if self.chosen else {})}

    def in_language(self, language: str) -> str:
        """Its address in another language; empty where a form led to it, not an address."""
        if self.path not in _ADDRESSES:
            return ""
        return f"{self.path}?{urlencode({**self.parameters, 'lang': language})}"


def login(
    place: Place,
    session: Mapping[str, Any],
    *,
    name: str = "",
    error: str = "",
    notice: str = "",
    status: int = 200,
) -> HTMLResponse:
    """`session` is the API's: how people sign in here."""
    after = urlencode(place.parameters)
    by_proxy = session.get("auth") == "proxy"  # then a password is the way back in
    providers = [
        Link(
            f"/login/{quote(str(provider['name']), safe='')}?{after}",
            place.say("login.with", provider=place.provider(provider)),
        )
        for provider in session.get("providers", [])
    ]
    fields = [
        Field("name", place.say("login.name"), "text", "username", name, 120, focus=not name),
        Field(
            "password",
            place.say("login.password"),
            "password",
            "current-password",
            focus=bool(name),
        ),
    ]
    return _page(
        place,
        status,
        title=place.say("login.title"),
        error=error,
        notice=notice,
        providers=providers,
        form=fields,
        fold=by_proxy or (session.get("auth") != "password" and bool(providers)),
        action="/login",
        hidden=place.hidden,
        submit=place.say("login.submit"),
        back=Link(f"/login?{after}", place.say("login.by_proxy")) if by_proxy else None,
    )


def welcome(
    place: Place, name: str, purpose: str, *, error: str = "", status: int = 200
) -> HTMLResponse:
    """Chooses a password. `purpose`: invite or reset."""
    new = "new-password"
    fields = [
        Field("name", place.say("login.name"), "text", "username", name, readonly=True),
        Field("password", place.say("login.new_password"), "password", new, focus=True),
        Field("again", place.say("login.again"), "password", new),
    ]
    return _page(
        place,
        status,
        title=place.say("login.reset" if purpose == "reset" else "login.welcome"),
        text=place.say("login.reset_what" if purpose == "reset" else "login.welcome_what"),
        error=error,
        form=fields,
        hint=place.say("login.password_hint"),
        action="/welcome",
        hidden=place.hidden,
        submit=place.say("login.save"),
    )


def confirm(
    place: Place, name: str, provider: Mapping[str, Any], *, error: str = "", status: int = 200
) -> HTMLResponse:
    """Asks for the password of the account `name`, before it is connected."""
    field = Field(
        "password", place.say("login.password"), "password", "current-password", focus=True
    )
    return _page(
        place,
        status,
        title=place.say("login.connect_title", provider=place.provider(provider)),
        text=place.say("login.confirm_what", name=name),
        error=error,
        form=[field],
        action=place.path,
        hidden=place.hidden,
        submit=place.say("login.continue"),
        back=Link("/", place.say("login.back")),
    )


def connect(place: Place, name: str, url: str, provider: Mapping[str, Any]) -> HTMLResponse:
    """Leads to a provider from a form: a browser follows no redirect of one to another site, which
    the policy of the page before may forbid."""
    called = place.provider(provider)
    return _page(
        place,
        200,
        title=place.say("login.connect_title", provider=called),
        text=place.say("login.connect_what", provider=called, name=name),
        providers=[Link(url, place.say("login.connect_go", provider=called))],
        fold=True,
        back=Link("/", place.say("login.back")),
    )


def message(place: Place, title: str, text: str, back: Link, status: int) -> HTMLResponse:
    return _page(place, status, title=title, text=text, back=back)


def _page(
    place: Place, status: int, *, title: str, form: Sequence[Field] = (), **parts: object
) -> HTMLResponse:
    other = next(language for language in LANGUAGES if language != place.language)
    html = _template().render(
        say=place.say,
        style=Markup(_style()),  # noqa: S704  # a file of ours, without anything filled in
        title=title,
        form=form,
        tag=_TAGS[place.language],
        other_tag=_TAGS[other],
        other_label=LANGUAGES[other],
        other_address=place.in_language(other),
        **parts,
    )
    return HTMLResponse(html, status, _headers())


@cache
def _template() -> Template:
    environment = Environment(
        autoescape=True, loader=FileSystemLoader(_FOLDER), trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("page.html")


@cache
def _style() -> str:
    return (_FOLDER / "page.css").read_text("utf-8")


@cache
def _headers() -> dict[str, str]:
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    policy = {
        "default-src": "'none'",
        "style-src": f"'sha256-{digest}'",
        "img-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    return {
        "content-security-policy": "; ".join(f"{name} {what}" for name, what in policy.items()),
        "x-frame-options": "DENY",
        "cache-control": "no-store",
        # The address may hold a token. Without any referrer, forms would have no Origin either.
        "referrer-policy": "same-origin",
        "vary": "Accept-Language, Cookie",
    }
