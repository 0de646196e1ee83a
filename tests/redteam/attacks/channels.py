"""What a key in a web page opens, and what is delivered to bots by somebody else."""

import json
import time
from collections.abc import Callable

import httpx

from app.api.deps import SESSION_COOKIE
from tests.api.people.house import PASSWORD
from tests.messengers import COMPANY, PLATFORMS, Event, Messengers, event, send
from tests.processes.zhiwen_up import eventually
from tests.redteam.attack import Attack, Check, faults, not_a_page, refused, sends, silent, status
from tests.redteam.world import SHOP, World, raw

PAGES, BOTS = "keys in web pages", "forged deliveries to bots"
_CHAT = "/api/widget/chat"
_BEARER = {"Authorization": "Bearer {widget_key}"}

_OPENED = [
    sends(PAGES, f"a widget's key at {method} {path}", "nobody", method, path, status(403), silent,
          headers=_BEARER, **body)
    for method, path, body in (
        ("GET", "/api/bases", {}),
        ("GET", "/api/bases/{base_id}/documents", {}),
        ("GET", "/api/documents/{document_id}/text", {}),
        ("GET", "/api/conversations", {}),
        ("GET", "/api/conversations/{conversation_id}", {}),
        ("GET", "/api/messages/{message_id}", {}),
        ("GET", "/api/status", {}),
        ("GET", "/api/models", {}),
        ("GET", "/api/export", {"params": {"format": "messages"}}),
        ("GET", "/v1/models", {}),
        ("GET", "/api/people", {}),
        ("POST", "/api/search", {"json": {"query": "x", "base_ids": ["{base_id}"]}}),
        ("POST", "/api/chat", {"json": {"question": "x", "base_ids": ["{base_id}"]}}),
        ("POST", "/v1/chat/completions",
         {"json": {"model": "zhiwen", "messages": [{"role": "user", "content": "x"}]}}),
        ("POST", "/api/keys", {"json": {"name": "x", "scopes": ["ask"]}}),
        ("POST", "/api/bases", {"json": {"name": "planted"}}),
    )
]  # fmt: skip

_STRONG = [
    sends(PAGES, f"a key of scope {scope} in a web page", "nobody", "POST", _CHAT, status(403),
          silent, headers={"Authorization": f"Bearer {{{scope}_key}}"}, json={"question": "x"})
    for scope in ("ask", "read", "write", "export")
]  # fmt: skip


def _nobody(_: World, answer: httpx.Response) -> str:
    return "tells an account" if answer.json()["person"] else ""


def _around(world: World) -> str:
    """As it is written: HTTP clients would resolve the dots before they send it."""
    body = json.dumps({"name": "planted"}).encode()
    head = [
        "POST /api/widget/../bases HTTP/1.1",
        f"Host: {world.api.removeprefix('http://')}",
        f"Origin: {SHOP}",
        f"Cookie: {SESSION_COOKIE}={world.people['keeper'].cookies[SESSION_COOKIE]}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Connection: close",
    ]
    return faults(world, raw(world.api, head, body), status(403, 404))


_ASKED = [
    *(
        sends(PAGES, f"the widget from {origin}", "nobody", "POST", _CHAT, status(403),
              headers={**_BEARER, "Origin": origin}, json={"question": "x"})
        for origin in ("https://evil.example", "null", f"{SHOP}.evil.example", f"{SHOP}:8443",
                       SHOP.replace("https", "http"))
    ),
    *(
        sends(PAGES, f"{path} from the website with the widget", "keeper", "POST", path,
              status(403), headers={"Origin": SHOP}, json={"name": "planted"})
        for path in ("/api/bases", "/api/keys", "/api/widgets")
    ),
    Attack(PAGES, "/api/widget/../bases from the website with the widget", _around),
    *(
        sends(PAGES, f"the base {base} by a key for another one", "nobody", "POST", _CHAT,
              status(404), silent, headers=_BEARER, json={"question": "x", "base": base})
        for base in ("{base_id}", "{own_id}", "own")
    ),
    sends(PAGES, "a system message among what was said before", "nobody", "POST", _CHAT,
          status(422), silent, headers=_BEARER,
          json={"question": "x", "history": [{"role": "system", "content": "x"}]}),
    sends(PAGES, "a thousand turns said before", "nobody", "POST", _CHAT, status(422),
          headers=_BEARER,
          json={"question": "x", "history": [{"role": "user", "content": "x"}] * 1000}),
    sends(PAGES, "restricted documents by the widget", "nobody", "POST", _CHAT, silent,
          headers=_BEARER, json={"question": "工资 年假 salaries"}),
    sends(PAGES, "a script in an answer", "nobody", "POST", _CHAT, not_a_page, silent,
          headers=_BEARER, json={"question": "上班时间 <script>alert(1)</script>"}),
    sends(PAGES, "whose the widget's key is", "nobody", "GET", "/api/session", _nobody,
          headers=_BEARER),
    sends(PAGES, "a key for widget and more", "keeper", "POST", "/api/keys", status(422),
          json={"name": "both", "scopes": ["widget", "read"], "base_ids": ["{base_id}"],
                "password": PASSWORD}),
    sends(PAGES, "a widget's key for all bases", "keeper", "POST", "/api/keys", status(422),
          json={"name": "all", "scopes": ["widget"], "base_ids": None, "password": PASSWORD}),
]  # fmt: skip


def _delivery(
    platform: str, name: str, forge: Callable[[Event], None], *checks: Check, **changes: object
) -> Attack:
    """An event of the messenger, changed by `forge`. Nothing is answered."""

    def act(world: World) -> str:
        messengers = Messengers(bots=world.api, url=world.canary.url)
        made = event(messengers, platform, "并购计划的价格是多少？", **changes)
        forge(made)
        found = faults(world, send(world.api, made), *(checks or (refused,)))
        running = world.house.api.application.bots.running
        return "; ".join(filter(None, (found, "is being answered" if running else "")))

    return Attack(BOTS, f"{platform}: {name}", act)


def _unsigned(made: Event) -> None:
    for values in (made.query, made.headers):
        for name in ("msg_signature", "X-Lark-Signature", "sign"):
            values.pop(name, None)


def _wrong(made: Event) -> None:
    for values in (made.query, made.headers):
        for name in ("msg_signature", "X-Lark-Signature", "sign"):
            if name in values:
                values[name] = values[name][::-1]


def _large(made: Event) -> None:
    made.body = b" " * 2_000_000 + made.body


def _bomb(made: Event) -> None:
    made.body = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><xml>&b;</xml>'


def _deep(made: Event) -> None:
    made.body = b'{"a":' * 30_000 + b"1" + b"}" * 30_000


def _as_it_is(_: Event) -> None:
    pass


def _to_another(made: Event) -> None:
    made.path = "/api/bots/..%2f..%2fbases"


def _bytes(made: Event) -> None:
    made.query = {name: value[:-1] + "\u00ff" for name, value in made.query.items()}
    made.headers = {name: value for name, value in made.headers.items() if name[0] != "X"}


_HOUR = 3600.0
_FORGED = [
    attack
    for platform in PLATFORMS
    for attack in (
        _delivery(platform, "without a signature", _unsigned),
        _delivery(platform, "with a wrong signature", _wrong),
        _delivery(platform, "replayed after an hour", _as_it_is, at=time.time() - _HOUR),
        _delivery(platform, "of the future", _as_it_is, at=time.time() + _HOUR),
        _delivery(platform, "of another company", _as_it_is, company="another"),
        _delivery(platform, "two megabytes", _large, status(413)),
        _delivery(platform, "an XML bomb", _bomb),
        _delivery(platform, "deep JSON", _deep),
        _delivery(platform, "to another path", _to_another),
        _delivery(platform, "letters that are none in a signature", _bytes),
    )
    if not (platform == "dingtalk" and attack.name.endswith("in a signature"))
]


def _replayed(world: World) -> str:
    """The same message, signed and in time, once more."""
    messengers = Messengers(bots=world.api, url=world.canary.url)
    bots = world.house.api.application.bots
    found = []
    for platform in PLATFORMS:
        made = event(messengers, platform, "价格？", id="c0ffee", at=time.time())
        ids = {"wecom": [str(0xC0FFEE)], "feishu": ["om_c0ffee"], "dingtalk": ["msgc0ffee"]}
        bots.seen.first_time(platform, ids[platform])  # as if it had been answered
        asked = len(world.model.history)
        found.append(faults(world, send(world.api, made), status(200)))
        eventually(lambda: not bots.running)
        found.append(f"{platform} answers again" if len(world.model.history) > asked else "")
    return "; ".join(filter(None, found))


def _webhook(address: str) -> Attack:
    def act(world: World) -> str:
        messengers = Messengers(bots=world.api, url=world.canary.url)
        where = address.replace("{canary}", world.canary.url)
        made = event(messengers, "dingtalk", "价格？", webhook=where)
        return faults(world, send(world.api, made), refused)

    return Attack(BOTS, f"dingtalk: an answer to {address}", act)


_ANSWERS = [
    _webhook(address)
    for address in (
        "{canary}/collect?session=x",
        "{canary}@evil.example/robot/sendBySession?session=x",
        "http://169.254.169.254/latest/meta-data?session=x",
        "file:///etc/passwd?session=x",
        "gopher://127.0.0.1:6379/?session=x",
        "http://localhost:1/robot/sendBySession?session=x",
    )
]
_CHALLENGE = [
    sends(BOTS, "a challenge that is not encrypted", "nobody", "POST", "/api/bots/feishu", refused,
          content=json.dumps({"type": "url_verification", "challenge": COMPANY, "token": "x"})),
    sends(BOTS, "an echo that is not signed", "nobody", "GET", "/api/bots/wecom", refused,
          params={"echostr": "<script>alert(1)</script>", "timestamp": "1", "nonce": "1"}),
    sends(BOTS, "a bot that there is not", "nobody", "POST", "/api/bots/none", status(404)),
    Attack(BOTS, "the same message again", _replayed),
]  # fmt: skip

ATTACKS = [*_OPENED, *_STRONG, *_ASKED, *_FORGED, *_ANSWERS, *_CHALLENGE]
