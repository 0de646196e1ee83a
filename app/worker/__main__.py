"""Entry point of the worker and of its reader."""

import argparse
import os

from app.config import Settings
from app.logs import start_logging
from app.worker.reader import drain
from app.worker.watch import watch

_BEHIND_QUESTIONS = 10  # niceness of the reader: where cores are few, people go first


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m app.worker")
    parser.add_argument("--drain", metavar="NAME", help="empty the queue as worker NAME and end")
    arguments = parser.parse_args()
    settings = Settings()
    start_logging(settings)
    if arguments.drain:
        os.nice(_BEHIND_QUESTIONS)
        drain(settings, arguments.drain)
    else:
        watch(settings)


if __name__ == "__main__":
    main()
