"""What an attack is: a row with its class, its name, and an act that says what got through."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from tests.redteam.world import World

Check = Callable[[World, httpx.Response], str]
"""What a response gave away or did; empty where that is nothing."""


@dataclass(frozen=True, slots=True)
class Attack:
    """`act` returns what got through, empty where it was blocked."""

    kind: str
    name: str
    act: Callable[[World], str]

    def __str__(self) -> str:
        return f"{self.kind}: {self.name}"


def attempt(attack: Attack, world: World) -> str:
    """What got through: what the attack says itself, and what none may cause."""
    connections, internal = world.canary.connections, world.internal_errors()
    try:
        found = attack.act(world)
    except httpx.TransportError as error:
        found = f"the connection broke: {error}"
    if world.canary.connections != connections:
        return f"connected to an address of the attacker; {found}"
    if world.internal_errors() != internal:
        return f"an internal error; {found}"
    return found


def sends(
    kind: str, name: str, who: str, method: str, path: str, *checks: Check, **request: Any
) -> Attack:
    """A request of `who`. `{ids}` in its path, parameters and body are those of the world."""

    def act(world: World) -> str:
        answer = world.send(who, method, path, **request)
        return faults(world, answer, *checks)

    return Attack(kind, name, act)


def faults(world: World, answer: httpx.Response, *checks: Check) -> str:
    return "; ".join(filter(None, (check(world, answer) for check in (no_500, *checks))))


def no_500(_: World, answer: httpx.Response) -> str:
    return f"status {answer.status_code}" if answer.status_code in (500, 502) else ""


def refused(world: World, answer: httpx.Response) -> str:
    """Whatever the reason, nothing was done and nothing said."""
    allowed = "" if answer.status_code >= 400 else f"status {answer.status_code}"
    return allowed or silent(world, answer)


def silent(world: World, answer: httpx.Response) -> str:
    """No word of what others keep."""
    return world.told(answer.text + str(answer.headers))


def status(*expected: int) -> Check:
    return lambda _, answer: (
        "" if answer.status_code in expected else f"status {answer.status_code}"
    )


def lacks(*texts: str) -> Check:
    """None of the texts is in body or headers."""

    def check(_: World, answer: httpx.Response) -> str:
        whole = answer.text + str(answer.headers)
        return ", ".join(f"says {text!r}" for text in texts if text in whole)

    return check


def not_a_page(_: World, answer: httpx.Response) -> str:
    """A browser does not take the answer for a page of ours."""
    kind = answer.headers.get("content-type", "")
    as_page = kind.startswith(("text/html", "image/svg", "application/xhtml", "text/xml"))
    guessed = answer.headers.get("x-content-type-options") != "nosniff"
    return "is a page" if as_page else "its type can be guessed" if guessed else ""
