"""Coverage-guided fuzzing: `python -m tests.fuzz.atheris_harness [-max_total_time=600]`.

Runs within this process, so a crash of a library ends it and libFuzzer keeps the file. The last
byte of an input chooses the format. Faults are what `ingest.parsers.parse` must not raise.
"""

import contextlib
import sys

import atheris

with atheris.instrument_imports(include=["ingest"]):
    from ingest.errors import IngestError
    from ingest.parsers import parse

from tests.fuzz.corpus import corpus, pictures


def main() -> None:
    names = sorted(set(corpus()) - set(pictures()))

    def one(data: bytes) -> None:
        if data:
            with contextlib.suppress(IngestError):
                parse(data[:-1], names[data[-1] % len(names)])

    atheris.Setup(sys.argv, one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
