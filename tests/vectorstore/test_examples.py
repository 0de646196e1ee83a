"""The examples in the protocols' docstrings run as they are written."""

import doctest
import subprocess
import sys

from vectorstore import protocol


def test_the_examples_of_the_protocols() -> None:
    found = doctest.testmod(protocol)
    assert (found.failed, found.attempted > 5) == (0, True)


def test_no_engine_is_imported_before_it_is_asked_for() -> None:
    script = (
        "import sys; from pathlib import Path; from vectorstore import vector_engine;"
        "vector_engine('exact'); assert 'vectorstore.faiss.engine' not in sys.modules;"
        "vector_engine('faiss', Path('nowhere')); assert 'faiss' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_a_missing_package_ends_in_the_command_that_installs_it() -> None:
    script = (
        "import sys; sys.modules['faiss'] = None; from vectorstore import vector_engine;"
        "vector_engine('faiss')"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=False, text=True
    )
    assert "EngineMissing: faiss-cpu is not installed. Run: pip install faiss-cpu" in done.stderr
