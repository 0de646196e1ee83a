"""Two people click at random: `python -m tests.browser.clicking --seconds 600 --seed 1`."""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.browser.clicking.clicks import click
from tests.browser.conftest import browser_started
from tests.browser.everyone.house import furnished


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        furnished(Path(folder)) as house,
        browser_started() as browser,
    ):
        clicks = click(browser, house, given.seconds, given.seed)
    for line in clicks.broken:
        sys.stdout.write(f"{line}\n")
    ended = "broken" if clicks.broken else "nothing broke"
    sys.stdout.write(f"{clicks.done.total()} steps, {ended}\n")
    return 1 if clicks.broken else 0


if __name__ == "__main__":
    sys.exit(main())
