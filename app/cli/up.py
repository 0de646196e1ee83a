"""`zhiwen up`."""

from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.models import pull_needed
from app.cli.output.console import say
from app.cli.output.terminal import own_terminal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.cli.client import ServiceClient
    from app.config import Settings
    from app.install.steps import Step
    from app.supervisor import Supervisor

_START_TIMEOUT_S = 1800.0  # for vLLM on busy cores; a process that exits is noticed at once
_NAMES = {"engine": "model engine", "api": "API", "worker": "worker", "ui": "interface"}
_STEPS = ("models", "services", "documents")


def up(
    first_step: Annotated[
        int,
        typer.Option(hidden=True, min=1, help="Number of the first step, if others came before."),
    ] = 1,
) -> None:
    """Start models, engine, API, worker and interface; Ctrl-C stops them."""
    from app.config import Settings
    from app.services.operations.samples import will_create_sample_base
    from app.supervisor import Supervisor, check_door, check_ports, children
    from app.wiring.models import model_store

    settings = Settings()
    steps = _steps(first_step)
    with own_terminal():
        try:
            check_door(settings)
            check_ports(settings)
            store = model_store(settings)
            with next(steps) as step:
                pull_needed(settings, store, step)
            first_start = settings.sample_base and will_create_sample_base(settings.data_dir)
            supervisor = Supervisor(children(settings, store), _explain_slow_stop)
            with supervisor:
                if _start(supervisor, settings, steps, first_start=first_start):
                    _say_ready(settings)
                    _say_advice(settings)
                supervisor.run()
        except KeyboardInterrupt:  # nothing has been started yet
            pass
        say("stopped")


def _explain_slow_stop() -> None:
    from app.shutdown import ANSWERS_S

    say(f"waiting up to {ANSWERS_S} s for running answers; Ctrl-C again stops them now")


def _steps(first: int) -> "Iterator[Step]":
    """Yields the steps of a start as they begin."""
    from app.install.steps import Step

    last = first + len(_STEPS) - 1
    for number, name in enumerate(_STEPS, first):
        yield Step(f"{number}/{last} {name}")


def _start(
    supervisor: "Supervisor", settings: "Settings", steps: "Iterator[Step]", *, first_start: bool
) -> bool:
    """Starts all processes. Returns False if interrupted."""
    names = [_NAMES[process.name] for process in supervisor.processes]
    with next(steps) as step:

        def show(waiting: list[str]) -> None:
            share = 1 - len(waiting) / len(names)
            step.show(share, "starting " + ", ".join(_NAMES[name] for name in waiting))

        if not supervisor.start(timeout_s=_START_TIMEOUT_S, on_wait=show):
            return False
        step.end(", ".join(names))
    with next(steps) as step:
        return _wait_for_documents(supervisor, settings, step, first_start=first_start)


def _wait_for_documents(
    supervisor: "Supervisor", settings: "Settings", step: "Step", *, first_start: bool
) -> bool:
    """On first start, waits for the sample base, so that the first question finds it. Returns
    False if interrupted."""
    from app.cli.client import client_of
    from app.cli.errors import CliError, ServiceDown

    if settings.auth != "none" and not settings.api_key:
        step.end("for those who sign in")
        return True
    client = client_of(settings)
    while not supervisor.stopping:
        try:
            bases = client.get("/api/bases")
            documents = sum(base["document_count"] for base in bases)
            readable = sum(base["ready_count"] for base in bases)
            if not (first_start and _reads(client)):
                step.end(f"{readable} ready")
                return True
            step.show(readable / max(1, documents), f"{readable}/{documents} sample documents")
        except ServiceDown:
            pass  # the API is restarting
        except CliError as error:
            step.end(str(error))
            return True
        supervisor.watch()
    return False


def _reads(client: "ServiceClient") -> bool:
    return any(client.get("/api/jobs", state=state) for state in ("queued", "running"))


def _say_ready(settings: "Settings") -> None:
    say()
    say(("知问 Zhiwen", "bold"), f" is ready: {settings.ui_base_url}")
    if settings.auth != "none" and not _has_accounts():
        say("Nobody can sign in yet. Create the first account: zhiwen users add NAME --admin")
    say(f"API documentation: {settings.api_base_url}/docs")
    say(f"Logs: {settings.data_dir / 'logs'}    Stop: Ctrl-C")
    say()


def _has_accounts() -> bool:
    from app.cli.people.database import people_services

    with people_services() as people:
        return bool(people.accounts.all())


def _say_advice(settings: "Settings") -> None:
    """What was measured of this machine; later it is on the page and in `zhiwen doctor`."""
    from app.cli.client import client_of
    from app.cli.errors import CliError

    try:
        advice = client_of(settings).get("/api/status")["advice"]
    except CliError:
        return
    for each in advice:
        if each["code"] != "smallest_model":
            say(each["detail"])
            say()
