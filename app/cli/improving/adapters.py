"""`zhiwen adapters`: trained adapters, and which one is served."""

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.improving.dataset import JsonOption, plain_errors
from app.cli.output.console import say

if TYPE_CHECKING:
    from app.services.improvement.adapters import Adapters, AdapterView

app = typer.Typer(
    name="adapters",
    help="Trained adapters: list, show, gate, promote, rollback. They are used on the machine that "
    "has the database.",
    no_args_is_help=True,
)


class Alias(StrEnum):
    """The values of `app.services.improvement.adapters.Alias`, copied."""

    CHAMPION = "champion"
    CHALLENGER = "challenger"


@app.command("list")
def list_adapters(as_json: JsonOption = False) -> None:
    """List adapters, newest first, with the gate's verdict and what is served."""
    found = _adapters().all()
    if as_json:
        typer.echo(json.dumps([_plain(each) for each in found], ensure_ascii=False, indent=2))
        return
    for each in found:
        aliases = ", ".join(each.aliases)
        say(
            f"{each.adapter.name}  {each.adapter.created_at:%Y-%m-%d %H:%M}  "
            f"{each.adapter.base_model}  {_verdict(each)}  {aliases}"
        )


@app.command()
def show(name: str, as_json: JsonOption = False) -> None:
    """Show where an adapter comes from, how it was trained, and why it passed the gate or not."""
    with plain_errors():
        found = _adapters().get(name)
    if as_json:
        typer.echo(json.dumps(_plain(found), ensure_ascii=False, indent=2))
        return
    adapter = found.adapter
    say(f"{adapter.name} of {adapter.base_model} (weights {adapter.base_sha256[:12]})")
    say(f"  data set {adapter.dataset_name}, training {adapter.job_id or 'unknown'}")
    losses = [step["loss"] for step in adapter.curve]
    if losses:
        say(f"  loss {losses[0]:.3f} → {losses[-1]:.3f} in {len(losses)} steps")
    say(f"  {_verdict(found)}")
    for line in (adapter.verdict or {}).get("reasons", ()):
        say(f"    {line['text']}")


@app.command()
def gate(name: str, as_json: JsonOption = False) -> None:
    """Measure an adapter on held-out questions, on the running engine, and keep the verdict.

    Exit code 1 if it does not pass.
    """
    import asyncio

    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from app.config import Settings
    from app.wiring.improvement import build_gate

    columns = (TextColumn("questions answered"), BarColumn(), MofNCompleteColumn())
    with plain_errors(), Progress(*columns, console=Console(stderr=True)) as bars:
        task = bars.add_task("gate", total=None)
        made = build_gate(Settings(), name)
        verdict = asyncio.run(
            made.measure(name, lambda done, of: bars.update(task, completed=done, total=of))
        )
        made.adapters.judge(name, verdict.as_json())
    if as_json:
        typer.echo(json.dumps(verdict.as_json(), ensure_ascii=False, indent=2))
    else:
        for metric, figure in verdict.figures.items():
            say(
                f"{metric}: {figure.base:.3f} → {figure.tuned:.3f} "
                f"({figure.low:+.3f} to {figure.high:+.3f}, {figure.questions} questions)"
            )
        say("passed" if verdict.passed else "did not pass")
        for reason in verdict.reasons:
            say(f"  {reason.text}")
    if not verdict.passed:
        raise typer.Exit(1)


@app.command()
def promote(
    name: str,
    alias: Annotated[Alias, typer.Option("--as", help="What it becomes.")] = Alias.CHAMPION,
    force: Annotated[bool, typer.Option(help="Even if it did not pass the gate.")] = False,
    reason: Annotated[str, typer.Option(help="Kept with it.")] = "",
) -> None:
    """Serve an adapter: running services notice within a second."""
    with plain_errors():
        found = _adapters().promote(name, alias.value, reason=reason, force=force)
    say(f"{found.adapter.name} is the {alias.value} of {found.adapter.base_model}")


@app.command()
def rollback(
    model: Annotated[str, typer.Option(help="Served model; that of the first engine.")] = "",
    reason: Annotated[str, typer.Option(help="Kept with it.")] = "rolled back",
) -> None:
    """Serve what was served before the present champion; the bare model at last."""
    from app.config import Settings
    from app.wiring.improvement import trained_on

    with plain_errors():
        model = model or trained_on(Settings()).model
        name = _adapters().rollback(model, reason=reason)
    say(f"{model} is served {f'with {name}' if name else 'without an adapter'} again")


def _adapters() -> "Adapters":
    from app.config import Settings
    from app.wiring.improvement import build_adapters

    return build_adapters(Settings())


def _verdict(found: "AdapterView") -> str:
    if found.adapter.verdict is None:
        return "not measured"
    return "passed" if found.passed else "did not pass"


def _plain(found: "AdapterView") -> dict[str, Any]:
    return {**found.adapter.model_dump(mode="json"), "aliases": list(found.aliases)}
