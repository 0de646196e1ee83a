"""Starts the embedded chat engine for a run, as `zhiwen up` does."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from app.child_process import StartError
from app.config import Settings
from app.supervisor import children
from app.wiring.models import model_store
from evals.errors import EngineDown

_START_S = 300.0
_STOP_S = 10.0
_POLL_S = 0.2


@contextmanager
def engine(settings: Settings) -> Iterator[None]:
    """Runs the embedded engine, unless another is configured at `settings.engine_base_url`.

    Raises EngineDown.
    """
    if not settings.embedded_engine:
        yield
        return
    child = next(
        each for each in children(settings, model_store(settings)) if each.name == "engine"
    )
    child.start()
    try:
        deadline = time.monotonic() + _START_S
        while not child.ready():
            if time.monotonic() > deadline:
                raise EngineDown(f"The engine was not ready after {_START_S:.0f} s.")
            time.sleep(_POLL_S)
        yield
    except StartError as error:
        raise EngineDown(str(error)) from error
    finally:
        child.terminate()
        child.wait_or_kill(time.monotonic() + _STOP_S)
