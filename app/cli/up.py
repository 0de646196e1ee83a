"""`zhiwen up`."""

from typing import TYPE_CHECKING

from app.cli.console import say
from app.cli.models import pull_needed
from app.cli.terminal import own_terminal

if TYPE_CHECKING:
    from app.config import Settings
    from app.supervisor import Supervisor

_START_TIMEOUT_S = 1800.0  # vLLM on busy cores; a process that ends is noticed at once
_NAMES = {"engine": "model engine", "api": "API", "worker": "worker", "ui": "interface"}


def up() -> None:
    """Start everything and stop it on Ctrl-C: models, engine, API, worker, interface."""
    from app.config import Settings
    from app.services.operations.samples import will_create_sample_base
    from app.supervisor import Supervisor, check_ports, children
    from app.wiring.models import model_store

    settings = Settings()
    with own_terminal():
        try:
            check_ports(settings)
            store = model_store(settings)
            pull_needed(settings, store)
            first_start = settings.sample_base and will_create_sample_base(settings.data_dir)
            supervisor = Supervisor(children(settings, store))
            with supervisor:
                _start(supervisor, settings, first_start=first_start)
                supervisor.run()
        except KeyboardInterrupt:  # before there was anything to stop
            pass
        say("stopped")


def _start(supervisor: "Supervisor", settings: "Settings", *, first_start: bool) -> None:
    """Start all and say where it is, unless the start is broken off."""
    from rich.console import Console

    with Console().status("starting") as line:

        def show(waiting: list[str]) -> None:
            line.update("starting " + ", ".join(_NAMES[name] for name in waiting))

        if not supervisor.start(timeout_s=_START_TIMEOUT_S, on_wait=show):
            return
        if first_start:
            line.update("reading the sample documents")
            _wait_for_samples(supervisor, settings)
    if supervisor.stopping:
        return
    say()
    say(("知问 Zhiwen", "bold"), f" is ready: http://{settings.ui_host}:{settings.ui_port}")
    say(f"API and its documentation: {settings.api_base_url}/docs")
    say(f"Logs: {settings.data_dir / 'logs'}    Stop: Ctrl-C")
    say()


def _wait_for_samples(supervisor: "Supervisor", settings: "Settings") -> None:
    """On a first start the sample base is being read; the first question should find it."""
    from app.cli.client import ServiceClient
    from app.cli.errors import CliError

    client = ServiceClient(settings.api_base_url)
    while supervisor.watch():
        try:
            if not any(client.get("/api/jobs", state=state) for state in ("queued", "running")):
                return
        except CliError:
            continue  # the API is being started again
