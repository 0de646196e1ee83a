"""`zhiwen users`: accounts."""

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.output.console import say
from app.cli.people.database import people_services, welcome

if TYPE_CHECKING:
    from app.db.tables import Person
    from app.wiring.people import PeopleServices

app = typer.Typer(
    name="users",
    help="Accounts: add, list, change, reset, disable, enable, remove, export.",
    no_args_is_help=True,
)

NameArgument = Annotated[str, typer.Argument(help="Name of the account.")]


class Conversations(StrEnum):
    DELETE = "delete"
    ANONYMISE = "anonymise"


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Name to sign in with.")],
    admin: Annotated[
        bool,
        typer.Option(
            "--admin",
            help="Can manage people. The first one takes over what was created without a login.",
        ),
    ] = False,
    display_name: Annotated[str, typer.Option(help="Name shown to others.")] = "",
    email: Annotated[str, typer.Option(help="Address, for your own use.")] = "",
) -> None:
    """Create an account and print a link with which its person chooses a password."""
    from app.services.people.access import SHELL

    with people_services() as people:
        person, token = people.accounts.create(SHELL, name, display_name, email, admin=admin)
    say(f"added {person.name}; this link works once, for seven days:")
    say(welcome(token))
    _say_how()


def _say_how() -> None:
    from app.config import Settings

    if Settings().auth == "none":
        say(
            "Sign-in is off, so the link does nothing yet. Turn it on with: "
            "ZHIWEN_AUTH=password zhiwen up"
        )


@app.command("list")
def list_users(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List accounts."""
    with people_services() as people:
        accounts = people.accounts.all()
    if as_json:
        hidden = {"password_hash"}
        found = [
            {
                **account.person.model_dump(mode="json", exclude=hidden),
                "groups": [group.name for group in account.groups],
            }
            for account in accounts
        ]
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    for account in accounts:
        person = account.person
        seen = f"last seen {person.seen_at:%Y-%m-%d}" if person.seen_at else "never seen"
        facts = [person.state, *(["admin"] if person.admin else []), seen]
        facts += [f"in {group.name}" for group in account.groups]
        shown = f" ({person.display_name})" if person.display_name else ""
        say(f"{person.name}{shown}: {', '.join(facts)}")


@app.command()
def change(
    name: NameArgument,
    admin: Annotated[
        bool | None, typer.Option("--admin/--no-admin", help="Can manage people.")
    ] = None,
    display_name: Annotated[str | None, typer.Option(help="Name shown to others.")] = None,
    email: Annotated[str | None, typer.Option(help="Address.")] = None,
) -> None:
    """Change an account."""
    from app.services.people.access import SHELL

    with people_services() as people:
        person = people.accounts.named(name)
        people.accounts.update(
            SHELL, person.id, display_name=display_name, email=email, admin=admin
        )
    say(f"changed {person.name}")


@app.command()
def disable(name: NameArgument) -> None:
    """Keep somebody out: their sessions end and their keys stop at once."""
    _switch(name, disabled=True)


@app.command()
def enable(name: NameArgument) -> None:
    """Let somebody in again."""
    _switch(name, disabled=False)


def _switch(name: str, *, disabled: bool) -> None:
    from app.services.people.access import SHELL

    with people_services() as people:
        person = people.accounts.update(SHELL, people.accounts.named(name).id, disabled=disabled)
    say(f"{person.name}: {person.state}")


@app.command()
def reset(name: NameArgument) -> None:
    """Print a link with which somebody chooses a new password."""
    from app.services.people.access import SHELL

    with people_services() as people:
        token = people.accounts.link(SHELL, people.accounts.named(name).id)
    say(welcome(token))


@app.command()
def remove(
    name: NameArgument,
    conversations: Annotated[
        Conversations,
        typer.Option(help="Delete them, or keep them without their owner."),
    ] = Conversations.DELETE,
    bases_to: Annotated[str, typer.Option(help="Who gets their knowledge bases.")] = "",
) -> None:
    """Remove an account with its sessions, keys and grants."""
    from app.services.people.access import SHELL

    with people_services() as people:
        heir = people.accounts.named(bases_to).id if bases_to else ""
        person = people.accounts.named(name)
        people.leaving.remove(SHELL, person.id, conversations=conversations.value, bases_to=heir)
    say(f"removed {person.name}")


@app.command()
def export(name: NameArgument) -> None:
    """Print everything that is stored about a person, as JSON."""
    from app.services.people.access import SHELL

    with people_services() as people:
        found = people.leaving.export(SHELL, people.accounts.named(name).id)
    typer.echo(json.dumps(found, ensure_ascii=False, indent=2))


def person_of(people: "PeopleServices", name: str) -> "Person":
    """The person of that name; without one, the only one of an installation without a login.

    Raises CliError where there are several.
    """
    from app.cli.errors import CliError
    from app.db.tables import OWNER_ID

    if name:
        return people.accounts.named(name)
    if people.accounts.all():
        raise CliError("Say whose: --person NAME")
    return people.accounts.get(OWNER_ID).person
