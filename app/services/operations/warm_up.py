"""Loading what the first question needs, tried again until it succeeds."""

import logging
import threading
from collections.abc import Callable
from itertools import chain, repeat

log = logging.getLogger(__name__)

PAUSES_S = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)  # the last one from then on


class WarmUp:
    """Runs `load` until it returns. `error` is why it failed last, empty once it succeeded.

    `wait` waits that many seconds between two tries, or less where `stop` was called.
    """

    def __init__(
        self, load: Callable[[], object], wait: Callable[[float], object] | None = None
    ) -> None:
        self.error = ""
        self.failures = 0
        self.pause_s = 0.0  # between the last failure and the next try
        self._load = load
        self._ready = threading.Event()
        self._stopped = threading.Event()
        self.wait = wait or self._stopped.wait

    @property
    def ready(self) -> bool:
        return self._ready.is_set()

    def run(self) -> bool:
        """Load, and after a failure again, later each time. Whether it is there: false where
        `stop` ended the tries."""
        for pause_s in chain(PAUSES_S, repeat(PAUSES_S[-1])):
            if self._stopped.is_set():
                break
            try:
                self._load()
            except Exception as error:  # whatever it is, the service shall say it and try again
                self._note(error, pause_s)
            else:
                self.error = ""
                self._ready.set()
                break
            self.wait(pause_s)
        return self.ready

    def stop(self) -> None:
        """Give up after the present try."""
        self._stopped.set()

    def _note(self, error: Exception, pause_s: float) -> None:
        self.failures += 1
        self.error = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        self.pause_s = pause_s
        log.error(
            "the embedding model could not be loaded and is tried again in %.0f s: %s",
            pause_s,
            self.error,
            exc_info=error if self.failures == 1 else None,  # the others say the same
        )
