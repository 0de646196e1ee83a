"""`zhiwen export`."""

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from app.cli.client import ServiceClient
from app.config import Settings
from app.tuning.types import FORMATS


def export(
    format: Annotated[str, typer.Option("--format", help=" | ".join(FORMATS))] = "messages",
    kb: Annotated[str | None, typer.Option("--kb", help="Only answers from this base.")] = None,
    rating: Annotated[str | None, typer.Option(help="up or down")] = None,
    since: Annotated[datetime | None, typer.Option(help="Judged then or later.")] = None,
    until: Annotated[datetime | None, typer.Option(help="Judged before then.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File to write.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Write judged answers as JSON Lines for fine-tuning, and say what was left out and why."""
    client = ServiceClient(Settings().api_base_url)
    filters = {
        "format": format,
        "base_id": client.base_id(kb) if kb else None,
        "rating": rating,
        "since": since.astimezone().isoformat() if since else None,
        "until": until.astimezone().isoformat() if until else None,
    }
    lines = client.text("/api/export", **filters)
    report = client.get("/api/export/report", **filters)
    if output is None:
        typer.echo(lines, nl=False)
    else:
        output.write_text(lines, encoding="utf-8", newline="\n")
    console = Console(stderr=True)
    if as_json:
        typer.echo(json.dumps(report, ensure_ascii=False, indent=2), err=True)
        return
    console.print(
        f"{report['exported']} rows from {report['considered']} judged answers", highlight=False
    )
    for item in report["left_out"]:
        console.print(f"  left out {item['message_id']}: {item['reason']}", highlight=False)
