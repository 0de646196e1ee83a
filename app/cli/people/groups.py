"""`zhiwen groups`: groups of people."""

import json
from typing import Annotated

import typer

from app.cli.output.console import say
from app.cli.people.database import people_services

app = typer.Typer(
    name="groups",
    help="Groups of people: list, add, rename, remove, join, leave.",
    no_args_is_help=True,
)

GroupArgument = Annotated[str, typer.Argument(help="Name of the group.")]
PersonArgument = Annotated[str, typer.Argument(help="Name of the account.")]


@app.command("list")
def list_groups(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List groups with their members."""
    with people_services() as people:
        groups = people.groups.all()
    members = {each.group.name: [person.name for person in each.members] for each in groups}
    if as_json:
        typer.echo(json.dumps(members, ensure_ascii=False, indent=2))
        return
    for name, names in members.items():
        say(f"{name}: {', '.join(names) or 'nobody'}")


@app.command()
def add(group: GroupArgument) -> None:
    """Create a group."""
    from app.services.people.access import SHELL

    with people_services() as people:
        say(f"added {people.groups.create(SHELL, group).name}")


@app.command()
def rename(
    group: GroupArgument, new_name: Annotated[str, typer.Argument(help="The new name.")]
) -> None:
    """Rename a group."""
    from app.services.people.access import SHELL

    with people_services() as people:
        renamed = people.groups.rename(SHELL, people.groups.named(group).id, new_name)
    say(f"renamed to {renamed.name}")


@app.command()
def remove(group: GroupArgument) -> None:
    """Remove a group; its members lose access to what was shared with it."""
    from app.services.people.access import SHELL

    with people_services() as people:
        people.groups.remove(SHELL, people.groups.named(group).id)
    say(f"removed {group}")


@app.command()
def join(group: GroupArgument, person: PersonArgument) -> None:
    """Put a person into a group."""
    from app.services.people.access import SHELL

    with people_services() as people:
        member = people.accounts.named(person)
        people.groups.add_member(SHELL, people.groups.named(group).id, member.id)
    say(f"{member.name} is in {group}")


@app.command()
def leave(group: GroupArgument, person: PersonArgument) -> None:
    """Take a person out of a group."""
    from app.services.people.access import SHELL

    with people_services() as people:
        member = people.accounts.named(person)
        people.groups.remove_member(SHELL, people.groups.named(group).id, member.id)
    say(f"{member.name} is not in {group}")
