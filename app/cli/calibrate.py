"""`zhiwen calibrate [NAME]`."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.errors import CliError
from app.cli.output.console import say

if TYPE_CHECKING:
    from app.services.calibration.record import Calibration


def calibrate(
    name: Annotated[
        str, typer.Argument(help="Embedding model; that of the settings by default.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure an embedding model's fusion weight and the score above which questions are answered.

    Takes a minute or two for a small model, with built-in texts, and is kept beside the
    models. The service does the same by itself for a model without measured thresholds.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    from app.config import Settings
    from app.wiring.calibration import build_calibrator
    from app.wiring.models import build_embedder, embedder_name, model_store

    settings = Settings()
    store = model_store(settings)
    name = name or embedder_name(settings, store)
    if name == "hashing":
        raise CliError("The hashing embedder knows no meanings, so there is nothing to calibrate.")
    changed = settings.model_copy(update={"embedder": name})
    embedder = build_embedder(changed, store, threads=settings.embed_threads)
    calibrator = build_calibrator(changed, store, embedder)
    columns = (TextColumn("calibrating"), BarColumn(), TaskProgressColumn())
    with Progress(*columns, console=Console(stderr=True)) as bars:
        task = bars.add_task("calibrating", total=1.0)
        found = calibrator.run(lambda share: bars.update(task, completed=share))
    if as_json:
        typer.echo(json.dumps(found.model_dump(mode="json"), ensure_ascii=False, indent=2))
        return
    _show(found)
    if calibrator.in_registry:
        say(f"The registry has measured values for {name}, which come before these.")
    elif not found.measured.answerable_from:
        say(f"{name} can't tell unrelated questions apart, so every question is answered.")
    else:
        say("Restart Zhiwen to use it.")


def _show(found: "Calibration") -> None:
    from rich.console import Console
    from rich.table import Table

    measured = found.measured
    say(
        f"{found.embedder}: dense_weight {measured.dense_weight:.2f}, growth {measured.growth:.3f}"
        f" for each factor of ten chunks; {found.seconds:.0f} s"
    )
    columns = ("", "answered from", "good refused", "near refused", "foreign refused")
    table = Table(*columns, box=None)
    for language, curve in measured.curves.items():
        for point in curve:
            chosen = measured.answerable_from.get(language) == point.threshold
            shares = (point.false_refusal, point.refused_near, point.refused_foreign)
            table.add_row(
                language,
                f"{point.threshold:.3f}{' *' if chosen else ''}",
                *(f"{share:.3f}" for share in shares),
            )
    Console(markup=False, emoji=False).print(table)
    untold = [language for language in measured.curves if language not in measured.answerable_from]
    say("* chosen", *(f"; none for {language}" for language in untold))
