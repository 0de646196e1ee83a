"""Sessions, guesses, names of accounts, and what is written down about them."""

import json
from collections.abc import Callable
from typing import Any

from app.api.deps import SESSION_COOKIE
from tests.api.people.house import PASSWORD, sign_in
from tests.redteam.attack import Attack, faults, lacks, sends, status
from tests.redteam.world import World, fresh_sign_in

FIXATION, GUESSING, LOGS = "session fixation", "brute force, enumeration", "secrets in logs"
_Act = Callable[[World], str]


def _row(kind: str, name: str) -> Callable[[_Act], _Act]:
    def add(act: _Act) -> _Act:
        ATTACKS.append(Attack(kind, name, act))
        return act

    return add


ATTACKS: list[Attack] = []


@_row(FIXATION, "plant a made-up token")
def _plant(world: World) -> str:
    with world.house.browser(**world.new_address()) as browser:
        browser.cookies.set(SESSION_COOKIE, "planted" * 6)
        sign_in(browser, "victim")
        kept = browser.cookies.get(SESSION_COOKIE, domain="127.0.0.1")
    with world.house.browser(cookie=f"{SESSION_COOKIE}={'planted' * 6}") as attacker:
        person = attacker.get("/api/session").json()["person"]
    return "the planted token is signed in" if person or kept == "planted" * 6 else ""


@_row(FIXATION, "plant the attacker's session")
def _plant_own(world: World) -> str:
    """Signing in ends the session that was there, so that it is nobody's."""
    with world.house.browser(**world.new_address()) as browser:
        sign_in(browser, "victim")
        token = str(browser.cookies.get(SESSION_COOKIE))
        sign_in(browser, "victim")
        again = browser.cookies.get(SESSION_COOKIE)
    return _alive(world, token) or ("keeps its token" if token == again else "")


def _alive(world: World, token: str) -> str:
    with world.house.browser(Cookie=f"{SESSION_COOKIE}={token}") as browser:
        return "is still signed in" if browser.get("/api/me").status_code == 200 else ""


def _token(world: World, name: str = "victim") -> str:
    answer = fresh_sign_in(world, name, PASSWORD)
    return str(answer.cookies[SESSION_COOKIE])


@_row(FIXATION, "use a link that was sent before the password was changed")
def _old_link(world: World) -> str:
    owner = world.house.person("linked")
    path = f"/api/people/{world.house.person_id('linked')}/link"
    token = world.people["boss"].post(path).json()["link"].split("token=")[1]
    body = {"old": PASSWORD, "new": "a painted brass lantern"}
    owner.put("/api/me/password", json=body).raise_for_status()
    with world.house.browser(**world.new_address()) as browser:
        taken = {"token": token, "password": "a stolen violet door"}
        answer = browser.post("/api/session/link", json=taken)
    return "the link opens the account" if answer.is_success else faults(world, answer)


@_row(FIXATION, "use a token after signing out")
def _after(world: World) -> str:
    token = _token(world)
    with world.house.browser(Cookie=f"{SESSION_COOKIE}={token}") as browser:
        browser.delete("/api/session")
    return _alive(world, token)


@_row(FIXATION, "use a token after an administrator has ended it")
def _ended(world: World) -> str:
    token = _token(world)
    world.people["boss"].delete(f"/api/people/{world.house.person_id('victim')}/sessions")
    return _alive(world, token)


@_row(FIXATION, "use a token of somebody who was disabled")
def _disabled(world: World) -> str:
    token, path = _token(world), f"/api/people/{world.house.person_id('victim')}"
    world.people["boss"].patch(path, json={"state": "disabled"})
    found = _alive(world, token)
    world.people["boss"].patch(path, json={"state": "active"})
    return found or _alive(world, token)


@_row(FIXATION, "use another session after the password was changed")
def _changed(world: World) -> str:
    token = _token(world)
    with world.house.browser(Cookie=f"{SESSION_COOKIE}={_token(world)}") as browser:
        for old, new in ((PASSWORD, "another violet door"), ("another violet door", PASSWORD)):
            browser.put("/api/me/password", json={"old": old, "new": new}).raise_for_status()
    return _alive(world, token)


@_row(FIXATION, "give the token in the address, in a body or as key")
def _elsewhere(world: World) -> str:
    token = _token(world)
    with world.house.browser() as browser:
        answers = [
            browser.get("/api/me", params={SESSION_COOKIE: token}),
            browser.get("/api/me", headers={"Authorization": f"Bearer {token}"}),
            browser.get("/api/me", headers={"X-Session": token}),
        ]
    return "signed in" if any(a.status_code == 200 for a in answers) else ""


@_row(FIXATION, "read the cookie with a script, or send it from another website")
def _attributes(world: World) -> str:
    cookie = fresh_sign_in(world, "victim", PASSWORD).headers["set-cookie"].lower()
    missing = [each for each in ("httponly", "samesite=lax", "path=/") if each not in cookie]
    return f"lacks {missing}" if missing or "domain=" in cookie else ""


@_row(FIXATION, "listen to the cookie without TLS, where there is TLS")
def _secure(world: World) -> str:
    answer = fresh_sign_in(world, "victim", PASSWORD, **{"X-Forwarded-Proto": "https"})
    return "" if "secure" in answer.headers["set-cookie"].lower() else "not Secure"


@_row(FIXATION, "use a link twice")
def _link_twice(world: World) -> str:
    with world.house.browser() as browser:
        body = {"token": world.house.invite("twice"), "password": PASSWORD}
        browser.post("/api/session/link", json=body).raise_for_status()
        return faults(world, browser.post("/api/session/link", json=body), status(404))


@_row(GUESSING, "guess a password")
def _guess(world: World) -> str:
    return _refused_within(world, 11, lambda _: ("victim", {"X-Forwarded-For": "198.51.100.1"}))


def _refused_within(
    world: World, attempts: int, of: Callable[[int], tuple[str, dict[str, str]]]
) -> str:
    with world.house.browser() as browser:
        for number in range(attempts):
            name, headers = of(number)
            body = {"name": name, "password": f"wrong {number}"}
            if browser.post("/api/session", json=body, headers=headers).status_code == 429:
                return ""
    return f"{attempts} attempts"


@_row(GUESSING, "guess a password from many addresses")
def _many_addresses(world: World) -> str:
    return _refused_within(world, 51, lambda n: ("stranger", world.new_address()))


@_row(GUESSING, "guess with the name written differently")
def _written(world: World) -> str:
    writings = ("reader", "READER", " reader ", "\uff52\uff45\uff41\uff44\uff45\uff52", "Reader")
    address = {"X-Forwarded-For": "198.51.100.2"}
    return _refused_within(world, 11, lambda n: (writings[n % 5], address))


@_row(GUESSING, "try one password with many names")
def _spray(world: World) -> str:
    return _refused_within(world, 101, lambda n: (f"n{n}", {"X-Forwarded-For": "198.51.100.3"}))


@_row(GUESSING, "tell names by the answer")
def _enumerate(world: World) -> str:
    """Unknown, wrong, invited and disabled: the same words."""
    world.house.invite("invited")
    world.house.person("gone")
    path = f"/api/people/{world.house.person_id('gone')}"
    world.people["boss"].patch(path, json={"state": "disabled"})
    answers = [
        fresh_sign_in(world, name, password)
        for name, password in (
            *(("unknown", "x"), ("victim", "x"), ("invited", "x"), ("gone", "x")),
            ("gone", PASSWORD),
        )
    ]
    told = {(a.status_code, a.text, tuple(sorted(set(a.headers) - {"date"}))) for a in answers}
    return f"{len(told)} different answers" if len(told) > 1 else ""


@_row(GUESSING, "tell names by the time: as many hashes for any name")
def _hashes(world: World) -> str:
    hasher = world.house.api.application.password_sign_in.passwords.hasher
    counted = []
    verify = hasher.verify_and_update

    def counting(*given: Any) -> Any:
        counted.append(given)
        return verify(*given)

    hasher.verify_and_update = counting  # type: ignore[method-assign]
    try:
        numbers = []
        for name in ("victim", "unknown", "gone"):
            counted.clear()
            fresh_sign_in(world, name, "x" * 20)
            numbers.append(len(counted))
    finally:
        del hasher.verify_and_update  # type: ignore[method-assign]
    return f"{numbers} hashes" if len(set(numbers)) > 1 else ""


@_row(GUESSING, "keep a person out by failing in their name")
def _lock_out(world: World) -> str:
    """Who is signed in stays so."""
    me = world.people["stranger"].get("/api/me")
    return "locked out" if me.status_code != 200 else ""


@_row(GUESSING, "guess the old password in an open session")
def _old(world: World) -> str:
    for number in range(11):
        body = {"old": f"wrong {number}", "new": "a stolen violet door"}
        if world.people["reader"].put("/api/me/password", json=body).status_code == 429:
            return ""
    return "11 attempts"


ATTACKS += [
    sends(GUESSING, "guess a link", "nobody", "GET", "/api/session/link", status(404),
          params={"token": "a" * 43}),
    sends(GUESSING, "guess a key", "nobody", "GET", "/api/bases", status(401),
          headers={"Authorization": "Bearer zk_" + "a" * 43}),
    sends(GUESSING, "SQL as name", "nobody", "POST", "/api/session", status(401),
          json={"name": "' OR 1=1 --", "password": "' OR 1=1 --"},
          headers={"X-Forwarded-For": "198.51.100.5"}),
    sends(GUESSING, "objects as name and password", "nobody", "POST", "/api/session", status(422),
          json={"name": {"$ne": ""}, "password": {"$ne": ""}}),
    sends(GUESSING, "a password of a megabyte", "nobody", "POST", "/api/session", status(422),
          json={"name": "victim", "password": "x" * (1 << 20)}),
    sends(GUESSING, "list people without a session", "nobody", "GET", "/api/directory",
          status(401)),
    sends(GUESSING, "tell ids by the answer", "stranger", "GET", "/api/bases/{base_id}",
          status(404), lacks("forbidden")),
]  # fmt: skip


def _unlogged(name: str, act: Callable[[World], str]) -> None:
    """`act` returns the secret, which is then in no log, audit entry, metric or answer."""

    def attack(world: World) -> str:
        secret = act(world)
        boss = world.people["boss"]
        places = {
            "log": world.logged(),
            "audit": boss.get("/api/audit.jsonl").text,
            "metrics": boss.get("/metrics").text,
            "people": boss.get("/api/people").text,
            "sessions": boss.get(f"/api/people/{world.house.person_id('victim')}/sessions").text,
            "keys": world.people["keeper"].get("/api/keys").text,
            "export": world.people["keeper"].get("/api/me/export").text,
        }
        return ", ".join(f"in the {place}" for place, text in places.items() if secret in text)

    ATTACKS.append(Attack(LOGS, name, attack))


def _bad_key(world: World) -> str:
    with world.house.browser(Authorization="Bearer zk_logged-key-7731") as program:
        program.get("/api/bases")
        program.get("/api/bases", params={"key": "zk_logged-key-7731"})
    return "logged-key-7731"


def _good_key(world: World) -> str:
    with world.house.browser(Authorization=f"Bearer {world.keys['read']}") as program:
        program.get("/api/bases")
        program.get("/api/documents/x?start=nine")
    return world.keys["read"]


def _wrong_password(world: World) -> str:
    fresh_sign_in(world, "victim", "logged-pw-7732")
    fresh_sign_in(world, "logged-pw-7732", "x")  # typed where the name belongs
    world.send("ui nobody", "POST", "/login", data={"name": "x", "password": "logged-pw-7732"})
    return "logged-pw-7732"


def _right_password(world: World) -> str:
    fresh_sign_in(world, "victim", PASSWORD)
    world.send("nobody", "POST", "/api/session", content=json.dumps({"password": PASSWORD}))
    return PASSWORD


def _link(world: World) -> str:
    path = f"/api/people/{world.house.person_id('victim')}/link"
    token = str(world.people["boss"].post(path).json()["link"].split("token=")[1])
    world.send("ui nobody", "GET", "/welcome", params={"token": token})
    world.send("nobody", "GET", "/api/session/link", params={"token": token})
    return token


def _hash(world: World) -> str:
    return "$argon2"


def _question(world: World) -> str:
    return "heron-9055" if "heron-9055" in world.logged() else "no question at all"


for _name, _act in (
    ("a key that does not exist", _bad_key),
    ("a key that exists", _good_key),
    ("a session's token", _token),
    ("a wrong password", _wrong_password),
    ("a right password", _right_password),
    ("the token of a link", _link),
    ("the hash of a password", _hash),
    ("a question and its answer", _question),
):
    _unlogged(_name, _act)

ATTACKS.append(
    sends(LOGS, "a password in the error about a body", "nobody", "POST", "/api/session",
          status(422), lacks("logged-pw-7733"),
          json={"name": "x", "passwort": "logged-pw-7733"})
)  # fmt: skip
