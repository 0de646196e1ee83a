"""Handles Ctrl-C in this process alone."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def own_terminal() -> Iterator[None]:
    """Makes this process the terminal's foreground process group, as a shell does for its jobs.

    Ctrl-C goes to the whole foreground group. Under `make up` that includes make, which would
    report an interrupt and fail although everything was stopped properly.
    """
    if not (sys.stdin.isatty() and os.tcgetpgrp(0) == os.getpgrp() != os.getpid()):
        yield  # no terminal, in the background, or already the foreground group
        return
    before = os.getpgrp()
    # SIGTTOU stops a group that asks for the foreground; SIGTSTP (Ctrl-Z) would now stop
    # only this group and leave the terminal unresponsive.
    earlier = {n: signal.signal(n, signal.SIG_IGN) for n in (signal.SIGTTOU, signal.SIGTSTP)}
    os.setpgid(0, 0)
    os.tcsetpgrp(0, os.getpid())
    try:
        yield
    finally:
        os.tcsetpgrp(0, before)
        os.setpgid(0, before)
        for number, handler in earlier.items():
            signal.signal(number, handler)
