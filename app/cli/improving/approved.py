"""`zhiwen approved`: answers that a person approved."""

import json
from typing import Annotated

import typer

from app.cli.output.console import say

app = typer.Typer(
    name="approved",
    help="Answers that people approved: list, add, remove.",
    no_args_is_help=True,
)

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list")
def list_approved(
    kb: Annotated[str | None, typer.Option("--kb", help="Only those of this base.")] = None,
    as_json: JsonOption = False,
) -> None:
    """List approved answers, newest first, and which are not given any more."""
    from app.cli.client import service

    client = service()
    found = client.get("/api/approved", base_id=client.base_id(kb) if kb else None)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    for each in found:
        say(f"{each['id']}  {each['question']}")
        say(f"    {each['answer']}")
        if each["standing"] != "current":
            say((f"    not given: a document it rests on was {each['standing']}", "yellow"))


@app.command()
def add(
    question: Annotated[str, typer.Argument(help="The question; empty with --message.")] = "",
    answer: Annotated[str, typer.Argument(help="The answer to give.")] = "",
    kb: Annotated[list[str] | None, typer.Option("--kb", help="For these bases; or all.")] = None,
    message: Annotated[
        str | None, typer.Option(help="Id of a rated answer whose correction is approved.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Approve an answer; it is given to the same question from now on."""
    from app.cli.client import service

    client = service()
    if message is not None:
        body: dict[str, object] = {"message_id": message, "question": question, "answer": answer}
    else:
        ids = client.base_ids(kb or [])
        body = {"question": question, "answer": answer, "base_ids": ids}
    made = client.post("/api/approved", body)
    if as_json:
        typer.echo(json.dumps(made, ensure_ascii=False, indent=2))
        return
    sources = ", ".join(made["document_names"]) or "no source was found for it"
    say(f"approved as {made['id']} ({sources})")


@app.command()
def remove(
    approved_id: Annotated[str, typer.Argument(help="Id from `zhiwen approved list`.")],
) -> None:
    """Withdraw an approved answer."""
    from app.cli.client import service

    service().delete(f"/api/approved/{approved_id}")
    say(f"withdrew {approved_id}")
