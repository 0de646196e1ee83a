"""`zhiwen export`."""

import json
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from app.cli.errors import CliError
from app.cli.output.console import say


class Rating(StrEnum):
    UP = "up"
    DOWN = "down"


class Format(StrEnum):
    """The values of `app.tuning.Format`, copied so that commands start quickly."""

    MESSAGES = "messages"
    SHAREGPT = "sharegpt"
    ALPACA = "alpaca"
    DPO = "dpo"
    KTO = "kto"


def export(
    format: Annotated[
        Format, typer.Option("--format", help="Format of the rows.")
    ] = Format.MESSAGES,
    kb: Annotated[str | None, typer.Option("--kb", help="Only answers from this base.")] = None,
    rating: Annotated[Rating | None, typer.Option(help="Only answers with this rating.")] = None,
    since: Annotated[datetime | None, typer.Option(help="Rated at this time or later.")] = None,
    until: Annotated[datetime | None, typer.Option(help="Rated before this time.")] = None,
    supported_only: Annotated[
        bool, typer.Option("--supported-only", help="Leave out answers without support.")
    ] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File to write.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Export rated answers as JSON Lines for fine-tuning, and list the excluded ones."""
    from app.cli.client import service

    client = service()
    filters = {
        "format": format.value,
        "base_id": client.base_id(kb) if kb else None,
        "rating": rating.value if rating else None,
        "since": since.astimezone().isoformat() if since else None,
        "until": until.astimezone().isoformat() if until else None,
        "supported_only": "true" if supported_only else None,
    }
    lines = client.text("/api/export", **filters)
    report = client.get("/api/export/report", **filters)
    if output is None:
        typer.echo(lines, nl=False)
    else:
        try:
            output.write_text(lines, encoding="utf-8", newline="\n")
        except OSError as error:
            raise CliError(f"{output} cannot be written: {error.strerror}.") from error
    if as_json:
        typer.echo(json.dumps(report, ensure_ascii=False, indent=2), err=True)
        return
    say(f"{report['exported']} rows from {report['considered']} rated answers", stderr=True)
    for item in report["left_out"]:
        say(f"  excluded {item['message_id']}: {item['reason']}", stderr=True)
