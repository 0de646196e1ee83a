"""Loads what the first question needs, and retries until it succeeds."""

import logging
import threading
from collections.abc import Callable
from itertools import chain, repeat

log = logging.getLogger(__name__)

PAUSES_S = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)  # the last one repeats


class WarmUp:
    """Runs `load` until it succeeds. `error` is the last failure, empty after success.

    `wait` waits the given seconds between attempts, or less if `stop` is called.
    """

    def __init__(
        self, load: Callable[[], object], wait: Callable[[float], object] | None = None
    ) -> None:
        self.error = ""
        self.failures = 0
        self.pause_s = 0.0  # between the last failure and the next attempt
        self._load = load
        self._ready = threading.Event()
        self._stopped = threading.Event()
        self.wait = wait or self._stopped.wait

    @property
    def ready(self) -> bool:
        return self._ready.is_set()

    def run(self) -> bool:
        """Loads, retrying with growing pauses. Returns False if `stop` ended the attempts."""
        for pause_s in chain(PAUSES_S, repeat(PAUSES_S[-1])):
            if self._stopped.is_set():
                break
            try:
                self._load()
            except Exception as error:  # any error is reported and retried
                self._note(error, pause_s)
            else:
                self.error = ""
                self._ready.set()
                break
            self.wait(pause_s)
        return self.ready

    def stop(self) -> None:
        """Gives up after the current attempt."""
        self._stopped.set()

    def _note(self, error: Exception, pause_s: float) -> None:
        self.failures += 1
        self.error = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        self.pause_s = pause_s
        log.error(
            "the embedding model could not be loaded; retrying in %.0f s: %s",
            pause_s,
            self.error,
            exc_info=error if self.failures == 1 else None,  # further ones would repeat it
        )
