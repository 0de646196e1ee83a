"""`zhiwen keys`: keys for programs."""

import json
from enum import StrEnum
from typing import Annotated

import typer

from app.cli.output.console import say
from app.cli.people.database import base_id_of, people_services
from app.cli.people.users import person_of

app = typer.Typer(name="keys", help="Keys for programs: list, add, revoke.", no_args_is_help=True)

PersonOption = Annotated[
    str,
    typer.Option(
        "--person", help="The account the key belongs to; required once there are accounts."
    ),
]


class Scope(StrEnum):
    ASK = "ask"
    READ = "read"
    WRITE = "write"
    EXPORT = "export"
    WIDGET = "widget"


@app.command("list")
def list_keys(
    person: PersonOption = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List somebody's keys."""
    with people_services() as people:
        keys = people.keys.of(person_of(people, person).id)
    if as_json:
        hidden = {"token_hash", "revoked_at"}
        found = [key.model_dump(mode="json", exclude=hidden) for key in keys]
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    for key in keys:
        used = f"last used {key.used_at:%Y-%m-%d}" if key.used_at else "never used"
        ends = f"expires {key.expires_at:%Y-%m-%d}" if key.expires_at else "does not expire"
        say(f"{key.name} (…{key.hint}): {', '.join(key.scopes)}; {used}; {ends}")


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="What it is for.")],
    scope: Annotated[
        list[Scope] | None,
        typer.Option("--scope", help="What it may do; ask and read by default."),
    ] = None,
    kb: Annotated[
        list[str] | None,
        typer.Option("--kb", help="Name or id of a base it is for; all by default."),
    ] = None,
    days: Annotated[int, typer.Option(min=0, help="Days until it expires; 0 = never.")] = 0,
    person: PersonOption = "",
) -> None:
    """Create a key and print it. It is not shown again."""
    from datetime import timedelta

    from app.db.tables import utc_now
    from app.services.people.access import SHELL

    with people_services() as people:
        _, token = people.keys.create(
            SHELL,
            name,
            [each.value for each in scope or (Scope.ASK, Scope.READ)],
            [base_id_of(people, name) for name in kb] if kb else None,
            utc_now() + timedelta(days=days) if days else None,
            person_id=person_of(people, person).id,
        )
    typer.echo(token)


@app.command()
def revoke(
    name: Annotated[str, typer.Argument(help="Name of the key.")], person: PersonOption = ""
) -> None:
    """Revoke a key; it stops at once."""
    from app.services.errors import NotFound
    from app.services.people.access import SHELL

    with people_services() as people:
        of = person_of(people, person)
        found = [key for key in people.keys.of(of.id) if key.name == name]
        if not found:
            raise NotFound("key", name)
        people.keys.revoke(SHELL, found[0].id, of=of.id)
    say(f"revoked {name}")
