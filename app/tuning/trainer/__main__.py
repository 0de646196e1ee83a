"""Entry point of a training."""

import os
import signal
import sys
import threading
from pathlib import Path

# Nothing is told to anybody and nothing is looked for; read when the libraries are imported.
os.environ.update(
    HF_HUB_OFFLINE="1",
    HF_HUB_DISABLE_TELEMETRY="1",
    TRANSFORMERS_OFFLINE="1",
    DO_NOT_TRACK="1",
    TOKENIZERS_PARALLELISM="false",
)
_BEHIND_PEOPLE = 15  # niceness: whoever asks something comes first
_REFUSED = 3  # exit code for errors whose message is for a person


def main() -> int:
    from app.error_codes import leave_reason
    from app.tuning.trainer.errors import TrainingError
    from app.tuning.trainer.training import train

    os.nice(_BEHIND_PEOPLE)
    threading.Thread(target=_end_with_parent, name="input", daemon=True).start()
    folder = Path(sys.argv[1])
    try:
        train(folder)
    except TrainingError as error:
        leave_reason(folder, error)
        return _REFUSED
    return 0


def _end_with_parent() -> None:
    """The worker holds the other end of standard input, and is gone when it closes."""
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
