"""Handles Ctrl-C in this process alone."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def own_terminal() -> Iterator[None]:
    """Be the terminal's foreground process group meanwhile, as a shell arranges for its jobs.

    Ctrl-C goes to the whole foreground group. Under `make up` that includes make, which would
    report an interrupt and fail although everything was stopped in order.
    """
    if not (sys.stdin.isatty() and os.tcgetpgrp(0) == os.getpgrp() != os.getpid()):
        yield  # no terminal, in the background, or the foreground group is ours already
        return
    before = os.getpgrp()
    # SIGTTOU stops a group that asks for the foreground; SIGTSTP, Ctrl-Z, would now stop this
    # group alone and leave the terminal with nobody to answer.
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
