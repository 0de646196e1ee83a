"""What it costs that people sign in: the same request to two services over one database, with and
without a login, alternating."""

import secrets
import time
from collections.abc import Mapping
from typing import Any

import httpx

from app.config import Settings
from app.db.engine import Database
from app.db.tables import OWNER_ID
from app.services.people.access import LOCAL_OWNER
from app.wiring.people import build_people
from evals.figures import Figure, of_many
from evals.speed.processes import free_ports, running

ADDED_MS = 2.0
_ROUNDS = 300
_WARM = 30
_GROUPS = 20
_PATH = "/api/conversations?limit=1"


def signing_in(changes: Mapping[str, Any]) -> list[Figure]:
    """`changes` are settings whose `data_dir` has a database."""
    ports = free_ports(2)
    each = [
        {**changes, "api_port": port, "auth": auth}
        for port, auth in zip(ports, ("none", "password"), strict=True)
    ]
    cookie, key = _credentials(Settings(**each[1]))
    without, signed = (f"http://127.0.0.1:{port}" for port in ports)
    with (
        running(("app.api",), f"{without}/readyz", each[0]),
        running(("app.api",), f"{signed}/readyz", each[1]),
        httpx.Client(base_url=without, trust_env=False) as nobody,
        httpx.Client(
            base_url=signed, trust_env=False, cookies={"zhiwen_session": cookie}
        ) as person,
        httpx.Client(
            base_url=signed, trust_env=False, headers={"Authorization": f"Bearer {key}"}
        ) as program,
    ):
        clients = (nobody, person, program)
        for _ in range(_WARM):
            for client in clients:
                client.get(_PATH).raise_for_status()
        taken = [[_ms(client) for client in clients] for _ in range(_ROUNDS)]
    return [
        of_many("a request without a login", [times[0] for times in taken], "ms"),
        of_many("added by a session", [times[1] - times[0] for times in taken], "ms", ADDED_MS),
        of_many("added by a key", [times[2] - times[0] for times in taken], "ms", ADDED_MS),
        _hashing(Settings(**each[1])),
    ]


def _ms(client: httpx.Client) -> float:
    began = time.perf_counter()
    client.get(_PATH)
    return (time.perf_counter() - began) * 1000


def _credentials(settings: Settings) -> tuple[str, str]:
    """A session and a key of the account that owns what is there, in some groups."""
    db = Database(settings.sql_url)
    db.migrate()
    people = build_people(settings, db)
    for n in range(_GROUPS):
        group = people.groups.create(LOCAL_OWNER, f"group {n}")
        people.groups.add_member(LOCAL_OWNER, group.id, OWNER_ID)
    cookie = people.sessions.open(OWNER_ID, "password").token
    _, key = people.keys.create(LOCAL_OWNER, "bench", ["ask", "read"])
    db.dispose()
    return cookie, key


def _hashing(settings: Settings) -> Figure:
    """Of one password, as at each sign-in."""
    passwords = build_people(settings, Database(settings.sql_url)).accounts.passwords
    hashed = passwords.hash(password := secrets.token_hex(8))
    taken = []
    for _ in range(6):
        began = time.perf_counter()
        passwords.verify(password, hashed)
        taken.append((time.perf_counter() - began) * 1000)
    taken = taken[1:]  # the first makes a hash to compare unknown names with
    return of_many("verifying a password", taken, "ms")


if __name__ == "__main__":
    import tempfile

    from rich.console import Console

    from evals.figures import table

    with tempfile.TemporaryDirectory(prefix="zhiwen-bench-") as folder:
        models = Settings().models_path.absolute()
        settings = {"data_dir": folder, "models_dir": models, "embedder": "hashing"}
        Console().print(table(signing_in({**settings, "sample_base": False})))
