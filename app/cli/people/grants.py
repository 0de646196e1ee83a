"""`zhiwen grants`: who may use a knowledge base."""

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.errors import CliError
from app.cli.output.console import say
from app.cli.people.database import base_id_of, people_services

if TYPE_CHECKING:
    from app.services.people.access import Subject
    from app.wiring.people import PeopleServices

app = typer.Typer(
    name="grants",
    help="Who may use a knowledge base: list, add, remove.",
    no_args_is_help=True,
)

BaseArgument = Annotated[str, typer.Argument(help="Name or id of the base.")]
PersonOption = Annotated[str, typer.Option("--person", help="Name of an account.")]
GroupOption = Annotated[str, typer.Option("--group", help="Name of a group.")]
EveryoneOption = Annotated[
    bool, typer.Option("--everyone", help="Everybody with an account, as reader.")
]


class Role(StrEnum):
    READER = "reader"
    EDITOR = "editor"
    OWNER = "owner"


@app.command("list")
def list_grants(
    base: BaseArgument,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List who a base is shared with, apart from its owner."""
    from app.services.people.access import SHELL

    with people_services() as people:
        grants = people.sharing.grants(SHELL, base_id_of(people, base))
    found = [
        {"kind": grant.to.subject[0], "name": grant.to.name, "role": grant.role.word}
        for grant in grants
    ]
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    for each in found:
        say(f"{' '.join(filter(None, (each['kind'], each['name'])))}: {each['role']}")


@app.command()
def add(
    base: BaseArgument,
    person: PersonOption = "",
    group: GroupOption = "",
    everyone: EveryoneOption = False,
    role: Annotated[Role, typer.Option("--role", help="What they may do in it.")] = Role.READER,
) -> None:
    """Share a base with somebody, or change their role."""
    from app.services.people.access import SHELL
    from app.services.people.access import Role as Given

    with people_services() as people:
        subject = _subject(people, person, group, everyone=everyone)
        grant = people.sharing.grant(SHELL, base_id_of(people, base), subject, Given.of(role.value))
    say(f"{grant.to.name or 'everyone'}: {grant.role.word} of {base}")


@app.command()
def remove(
    base: BaseArgument,
    person: PersonOption = "",
    group: GroupOption = "",
    everyone: EveryoneOption = False,
) -> None:
    """Stop sharing a base with somebody."""
    from app.services.people.access import SHELL

    with people_services() as people:
        subject = _subject(people, person, group, everyone=everyone)
        people.sharing.revoke(SHELL, base_id_of(people, base), subject)
    say(f"{person or group or 'everyone'}: no longer has access to {base}")


def _subject(people: "PeopleServices", person: str, group: str, *, everyone: bool) -> "Subject":
    """Raises CliError where it is not one, and NotFound."""
    from app.services.people.access import EVERYONE

    if sum((bool(person), bool(group), everyone)) != 1:
        raise CliError("Say with whom: --person NAME, --group NAME or --everyone")
    if everyone:
        return EVERYONE
    if person:
        return "person", people.accounts.named(person).id
    return "group", people.groups.named(group).id
