"""`zhiwen train DATASET`."""

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.errors import CliError
from app.cli.improving.dataset import plain_errors
from app.cli.output.console import say

if TYPE_CHECKING:
    from app.db.tables import Job
    from app.services.improvement.training import Trainings
    from app.services.jobs.queue import Jobs

_POLL_S = 1.0


def train(
    dataset: Annotated[str, typer.Argument(help="Name from `zhiwen dataset list`.")],
    model: Annotated[str, typer.Option(help="Served model; that of the first engine.")] = "",
    weights: Annotated[
        str, typer.Option(help="Model whose weights are trained on; the served one in 16 bits.")
    ] = "",
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", help="A setting as key=value: rank, alpha, epochs, learning_rate, …"),
    ] = None,
    wait: Annotated[bool, typer.Option(help="Show progress until it has ended.")] = True,
) -> None:
    """Train an adapter on a data set. A worker does it; interrupting this command does not stop it.

    Needs `make train-env` on the machine of the worker.
    """
    from app.config import Settings
    from app.services.jobs.queue import Jobs
    from app.services.people.access import SHELL_OWNER
    from app.wiring.improvement import TrainerMissing, build_trainings, trained_on, trainer_python

    settings = Settings()
    trainings = build_trainings(settings)
    try:
        trainer_python(settings)
    except TrainerMissing as error:
        raise CliError(str(error)) from error
    with plain_errors():
        base = trained_on(settings, model, weights)
        job = trainings.start(SHELL_OWNER, dataset, base, _changes(changes or []))
    say(f"training {job.id}: {base.model} on {dataset}")
    if wait:
        _follow(job.id, trainings, Jobs(trainings.db))


def _changes(given: list[str]) -> dict[str, Any]:
    """`key=value` pairs; numbers where they are numbers."""
    found: dict[str, Any] = {}
    for item in given:
        key, separator, value = item.partition("=")
        if not separator:
            raise typer.BadParameter(f"{item!r} is not of the form key=value")
        found[key.strip()] = _value(value.strip())
    return found


def _value(text: str) -> int | float | bool | str:
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _follow(job_id: str, trainings: "Trainings", jobs: "Jobs") -> None:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    from app.services.people.access import SHELL_OWNER

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[now]}"))
    with Progress(*columns, console=Console(stderr=True)) as bars:
        task = bars.add_task("queued", total=None, now="")
        while (job := jobs.get(SHELL_OWNER, job_id)).state in ("queued", "running"):
            curve = trainings.curve(job_id)
            bars.update(
                task,
                description=job.stage,
                total=job.total or None,
                completed=job.done,
                now=_now(curve[-1]) if curve else "",
            )
            time.sleep(_POLL_S)
    _end(job)


def _now(step: dict[str, Any]) -> str:
    left = step.get("seconds_left")
    minutes = f", {left // 60}:{left % 60:02} left" if left is not None else ""
    return f"step {step['step']}/{step['steps']}, loss {step['loss']:.3f}{minutes}"


def _end(job: "Job") -> None:
    if job.state != "done":
        raise CliError(f"The training {job.state}: {job.error_detail}")
    name = job.request["adapter"]
    say(f"made {name}. The worker measures it next: zhiwen adapters show {name}")
