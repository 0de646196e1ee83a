"""`zhiwen adapters`: trained adapters, and which one is served."""

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.errors import CliError
from app.cli.improving.dataset import JsonOption, plain_errors
from app.cli.output.console import say

if TYPE_CHECKING:
    from app.services.improvement.adapters import Adapters, AdapterView

app = typer.Typer(
    name="adapters",
    help="Trained adapters: list, show, gate, canary, promote, rollback, merge. They are used "
    "on the machine that has the database.",
    no_args_is_help=True,
)


class Alias(StrEnum):
    """The values of `app.services.improvement.moves.Alias`, copied."""

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


ForceOption = Annotated[bool, typer.Option("--force", help="Even if it did not pass the gate.")]
ForEveryoneOption = Annotated[
    bool,
    typer.Option(
        "--for-everyone", help="Even if not everyone may read the bases that it was trained on."
    ),
]
ReasonOption = Annotated[str, typer.Option(help="Why; stored with the change.")]
ModelOption = Annotated[str, typer.Option(help="Served model; that of the first engine.")]


@app.command()
def promote(
    name: str,
    alias: Annotated[Alias, typer.Option("--as", help="What it becomes.")] = Alias.CHAMPION,
    force: ForceOption = False,
    for_everyone: ForEveryoneOption = False,
    reason: ReasonOption = "",
) -> None:
    """Serve an adapter: running services notice within a second."""
    from app.services.improvement.adapters import Consent
    from app.services.people.access import SHELL

    consent = Consent(force, for_everyone)
    with plain_errors():
        found = _adapters().promote(SHELL, name, alias.value, reason=reason, consent=consent)
    say(f"{found.adapter.name} is the {alias.value} of {found.adapter.base_model}")


@app.command()
def canary(
    name: Annotated[str, typer.Argument(help="The adapter; empty to see how it does.")] = "",
    share: Annotated[
        int, typer.Option(min=0, max=99, help="Percent of the conversations that it answers.")
    ] = 0,
    shadow: Annotated[
        bool, typer.Option("--shadow", help="Answer in the background, unseen.")
    ] = False,
    force: ForceOption = False,
    for_everyone: ForEveryoneOption = False,
    reason: ReasonOption = "",
    model: ModelOption = "",
    as_json: JsonOption = False,
) -> None:
    """Have an adapter answer a share of the conversations, or all of them unseen in shadow mode;
    without a name, compare it with the version before. A worker rolls it back if it is clearly
    worse."""
    from app.services.improvement.adapters import Consent
    from app.services.people.access import SHELL

    if not name:
        _show_canary(model, as_json=as_json)
        return
    with plain_errors():
        found = _adapters().try_out(
            SHELL,
            name,
            share=share,
            shadow=shadow,
            reason=reason,
            consent=Consent(force, for_everyone),
        )
    how = "in the shadow of all conversations" if shadow else f"{share} % of the conversations"
    say(f"{name} answers {how} of {found.adapter.base_model}")
    say("to see how it does: zhiwen adapters canary; to end it: zhiwen adapters rollback")


@app.command()
def rollback(
    model: ModelOption = "",
    alias: Annotated[
        Alias | None, typer.Option(help="What is taken back; the challenger if there is one.")
    ] = None,
    reason: ReasonOption = "rolled back",
) -> None:
    """End the canary. Without one, go back to the previous champion, or to the bare model if there
    is none."""
    from app.config import Settings
    from app.services.people.access import SHELL
    from app.wiring.improvement import trained_on

    with plain_errors():
        model = model or trained_on(Settings()).model
        moved, name = _adapters().rollback(
            SHELL, model, alias.value if alias else None, reason=reason
        )
    if moved == "challenger":
        say(f"the canary of {model} has ended")
    else:
        say(f"{model} is served {f'with {name}' if name else 'without an adapter'} again")


class Form(StrEnum):
    SAFETENSORS = "safetensors"
    AWQ = "awq"
    GGUF = "gguf"


@app.command()
def merge(
    name: str,
    to: Annotated[Path, typer.Option("--to", help="A new folder.")],
    form: Annotated[
        Form,
        typer.Option(help="safetensors: 16 bits; awq: 4 bits, for vLLM; gguf: for llama.cpp."),
    ] = Form.SAFETENSORS,
    weights: Annotated[
        str, typer.Option(help="Model that was trained on; the served one in 16 bits.")
    ] = "",
) -> None:
    """Merge an adapter into its model, for servers that take no adapters."""
    from app.config import Settings
    from app.models.errors import ModelError
    from app.wiring.improvement import merged

    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise CliError(f"{to} already exists and is not empty. Choose a new folder.")
    with plain_errors():
        try:
            merged(Settings(), name, to, form.value, weights)
        except (ModelError, ValueError) as error:
            raise CliError(str(error)) from error
    say(f"wrote {name} with its model to {to}")


def _show_canary(model: str, *, as_json: bool) -> None:
    from dataclasses import asdict

    from app.config import Settings
    from app.services.improvement.canary.guard import RATED_FOR_5_POINTS
    from app.wiring.improvement import build_guard, trained_on

    settings = Settings()
    guard = build_guard(settings)
    with plain_errors():
        model = model or trained_on(settings).model
        watched, back = guard.watched(model), guard.adapters.taken_back(model)
    if as_json:
        found = {"watched": list(map(asdict, watched)), "taken_back": list(map(asdict, back))}
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2, default=str))
        return
    for taken in back:
        say(f"the {taken.alias} was rolled back at {taken.at:%Y-%m-%d %H:%M}: {taken.reason}")
    if not watched:
        say(f"no new adapter of {model} answers")
    for each in watched:
        how = "in the shadow" if each.shadow else f"{each.share} %" if each.share else "everything"
        say(f"{each.alias} {each.name}: {how}, against {each.before or 'the bare model'}")
        for metric, measure in each.measures.items():
            before, after = measure.before, measure.after
            say(
                f"  {metric.replace('_', ' ')}: {after.bad} of {after.of} conversations, "
                f"before {before.bad} of {before.of}"
            )
    if any(not each.shadow for each in watched):
        say(
            f"To tell 80 % of good answers from 85 % takes about {RATED_FOR_5_POINTS} rated "
            "conversations on each side."
        )


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
