"""Reads damaged files through the sandbox: `python -m tests.fuzz.run --count 10000 --seed 1`.

Whatever a file does, the caller must get a document or an IngestError in time. Exit code 1 where it
got anything else. Files that hit a fault of a parser (`internal`, `crashed`) are kept in `--keep`.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from ingest.errors import IngestError
from ingest.sandbox.sandbox import Limits, Sandbox
from tests.fuzz.corpus import corpus, pictures
from tests.fuzz.mutate import mutated

LIMITS = Limits(stall_s=20, total_s=30, memory_mib=2048, max_characters=5_000_000)
_SLACK_S = 10.0  # to stop a process and start the next
_PICTURE_SHARE = 0.02  # they take a hundred times longer than the rest


@dataclass
class Findings:
    """`outcomes` counts `read` and the codes of refusals; the lists name what must not be."""

    outcomes: Counter[str] = field(default_factory=Counter)
    service_crashes: list[str] = field(default_factory=list)
    hangs: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def cases(count: int, seed: int, *, picture_share: float) -> Iterator[tuple[int, str, bytes]]:
    """Number, name and bytes of each damaged file; a number and a seed give the same file."""
    files, drawn = corpus(), pictures()
    plain = sorted(set(files) - set(drawn))
    others = [files[name] for name in plain]
    for number in range(count):
        random = Random(f"{seed}/{number}")
        names = sorted(drawn) if random.random() < picture_share else plain
        name = random.choice(names)
        yield number, name, mutated(files[name], others, random)


def fuzz(
    count: int, seed: int, *, picture_share: float = _PICTURE_SHARE, keep: Path | None = None
) -> Findings:
    findings = Findings()
    with Sandbox(LIMITS) as sandbox:
        for number, name, data in cases(count, seed, picture_share=picture_share):
            began = time.monotonic()
            try:
                sandbox.parse(data, name)
                outcome = "read"
            except IngestError as error:
                outcome = error.code
            except Exception as error:
                outcome = f"raised {type(error).__name__}"
                findings.service_crashes.append(f"{number} {name}: {error!r}")
            if time.monotonic() - began > LIMITS.total_s + _SLACK_S:
                findings.hangs.append(f"{number} {name}")
            if outcome in ("internal", "crashed", "timeout", "memory"):
                findings.faults.append(f"{number} {name}: {outcome}")
                if keep is not None:
                    (keep / f"{seed}-{number}-{outcome}-{name}").write_bytes(data)
            findings.outcomes[outcome] += 1
    return findings


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.run")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="folder for files that hit a fault")
    arguments = parser.parse_args()
    if arguments.keep:
        arguments.keep.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    found = fuzz(arguments.count, arguments.seed, keep=arguments.keep)
    took_s = time.monotonic() - began
    lines = [f"{count:7,} {outcome}" for outcome, count in found.outcomes.most_common()]
    lines += [f"parser fault in {fault}" for fault in found.faults]
    lines += [f"SERVICE CRASH {crash}" for crash in found.service_crashes]
    lines += [f"HANG {hang}" for hang in found.hangs]
    lines.append(
        f"{arguments.count:,} damaged files, seed {arguments.seed}, in {took_s:.0f} s: "
        f"{len(found.service_crashes)} service crashes, {len(found.hangs)} hangs, "
        f"{len(found.faults)} faults contained"
    )
    sys.stdout.write("\n".join(lines) + "\n")
    sys.exit(bool(found.service_crashes or found.hangs))


if __name__ == "__main__":
    main()
