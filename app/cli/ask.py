"""`zhiwen ask` and `zhiwen search`."""

import json
import sys
from typing import Annotated, Any

import typer
from rich.console import Console

from app.cli.client import CliError, ServiceClient
from app.config import Settings

Bases = Annotated[
    list[str] | None, typer.Option("--kb", help="Knowledge base; can be repeated. All if left out.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def ask(question: str, kb: Bases = None, as_json: AsJson = False) -> None:
    """Ask a question; the answer streams, its sources follow."""
    client = ServiceClient(Settings().api_base_url)
    body = {"question": question, "base_ids": client.base_ids(kb or [])}
    message: dict[str, Any] = {}
    for name, data in client.chat(body):
        if name == "delta" and not as_json:
            sys.stdout.write(data["text"])
            sys.stdout.flush()
        elif name == "error":
            raise CliError(data["detail"])
        elif name == "done":
            message = data["message"]
    citations = [
        {
            "marker": citation["marker"],
            "document": citation["document_name"],
            "page": citation["page"],
            "text": citation["text"],
        }
        for citation in message["citations"]
    ]
    if as_json:
        keys = ("model", "finish_reason", "prompt_tokens", "completion_tokens", "timings_ms")
        more = {key: message[key] for key in keys}
        whole = {"answer": message["content"], "citations": citations, **more}
        typer.echo(json.dumps(whole, ensure_ascii=False, indent=2))
        return
    typer.echo("\n")
    console = Console()
    for citation in citations:
        page = f", page {citation['page']}" if citation["page"] else ""
        head = f"\\[{citation['marker']}] {citation['document']}{page}"
        console.print(f"{head}: [dim]{citation['text']}[/]", highlight=False)


def search(
    query: str,
    kb: Bases = None,
    top_k: Annotated[int, typer.Option("--top-k", min=1, max=50)] = 6,
    as_json: AsJson = False,
) -> None:
    """Show what retrieval finds, without an answer."""
    client = ServiceClient(Settings().api_base_url)
    body = {"query": query, "base_ids": client.base_ids(kb or []), "top_k": top_k}
    found = client.post("/api/search", body)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    console = Console()
    for number, passage in enumerate(found["passages"], start=1):
        page = f", page {passage['page']}" if passage["page"] else ""
        console.print(
            f"[bold]{number}. {passage['document_name']}{page}[/]  {passage['score']:.4f}",
            highlight=False,
        )
        console.print(passage["text"].strip(), style="dim", highlight=False, markup=False)
