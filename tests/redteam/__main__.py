"""`python -m tests.redteam`: tries every attack, prints what got through and a table by class.

With `--postgresql`, those that reach the database, on a PostgreSQL of its own.
"""

import argparse
import sys
import tempfile
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

from evals.postgres import running_server
from tests.postgres import fresh_database
from tests.redteam.attack import attempt
from tests.redteam.attacks import ALL, IN_DATABASE
from tests.redteam.world import attacked


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.redteam")
    parser.add_argument("--only", default="", help="attacks with this in their class or name")
    parser.add_argument("--postgresql", action="store_true", help="what reaches the database")
    given = parser.parse_args()
    tried, through = Counter[str](), Counter[str]()
    with ExitStack() as stack:
        folder, database_url = stack.enter_context(tempfile.TemporaryDirectory()), ""
        if given.postgresql:
            server = stack.enter_context(running_server())
            database_url = stack.enter_context(fresh_database(server, migrated=True))
        world = stack.enter_context(attacked(Path(folder), database_url))
        for attack in ALL:
            elsewhere = given.postgresql and attack.kind not in IN_DATABASE
            if elsewhere or given.only not in str(attack):
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
