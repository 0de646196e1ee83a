"""Ctrl-C for this process alone."""

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
    # A group that is not in the foreground is stopped by this signal when it asks for it.
    earlier = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    os.setpgid(0, 0)
    os.tcsetpgrp(0, os.getpid())
    try:
        yield
    finally:
        os.tcsetpgrp(0, before)
        os.setpgid(0, before)
        signal.signal(signal.SIGTTOU, earlier)
