"""`python -m tests.redteam`: tries every attack, prints what got through and a table by class."""

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.redteam.attack import attempt
from tests.redteam.attacks import ALL
from tests.redteam.world import attacked


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.redteam")
    parser.add_argument("--only", default="", help="attacks with this in their class or name")
    only = parser.parse_args().only
    tried, through = Counter[str](), Counter[str]()
    with tempfile.TemporaryDirectory() as folder, attacked(Path(folder)) as world:
        for attack in ALL:
            if only not in str(attack):
                continue
            tried[attack.kind] += 1
            if found := attempt(attack, world):
                through[attack.kind] += 1
                sys.stdout.write(f"GOT THROUGH {attack}: {found}\n")
    lines = [f"{kind:28} {n:4} tried {n - through[kind]:4} blocked" for kind, n in tried.items()]
    lines.append(f"{'all':28} {tried.total():4} tried {tried.total() - through.total():4} blocked")
    sys.stdout.write("\n".join(lines) + "\n")
    sys.exit(bool(through))


if __name__ == "__main__":
    main()
