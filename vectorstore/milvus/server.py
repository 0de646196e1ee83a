"""The connection to a Milvus server, made when it is first needed; pymilvus is imported then."""

import json
import logging
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING

from vectorstore.protocol import EngineFailed, EngineMissing, SnapshotError

if TYPE_CHECKING:
    from grpc import StatusCode
    from pymilvus import MilvusClient

INSTALL = "pymilvus is not installed. Run: pip install 'zhiwen[milvus]'"
TIMEOUT_S = 30.0  # of one call
RETRIES = 5  # over a second or so, of calls to which pymilvus passes no timeout
_CONNECT_TIMEOUT_S = 10.0
_PAUSE_S = 5.0  # after a call that was not answered
_NO_SUCH_COLLECTION = 100  # https://github.com/milvus-io/milvus/blob/master/pkg/util/merr/errors.go
_NO_DOTENV = "PYTHON_DOTENV_DISABLED"
_IMPORTING = threading.Lock()


@dataclass(slots=True)
class Server:
    """Thread-safe: calls of several threads share one channel.

    `url`: `http://host:19530`, with the name of a database behind it where it is not the default
    one. `token`: `user:password` or an API key; empty where the server asks for none. `timeout_s`:
    of each call. Once one was not answered, others fail at once for `pause_s`: those who search
    should not wait one after the other.
    """

    url: str
    token: str = field(default="", repr=False)
    timeout_s: float = TIMEOUT_S
    pause_s: float = _PAUSE_S
    _client: "MilvusClient | None" = None
    _away_until: float = -1.0  # of the monotonic clock
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @contextmanager
    def client(self, *, look_s: float | None = None) -> Iterator["MilvusClient"]:
        """The connection. What fails inside is raised as an error of this package: SnapshotError
        where a collection is gone, EngineMissing without pymilvus, and else EngineFailed.

        `look_s`: connect within that time, and keep a failure from others, who have more of it.
        """
        if find_spec("pymilvus") is None:
            raise EngineMissing(INSTALL)
        _import_quietly()
        # pymilvus raises some of gRPC's errors as they are: DEADLINE_EXCEEDED above all.
        from grpc import RpcError
        from pymilvus.exceptions import MilvusException

        self._fail_while_away()
        try:
            yield self._connected(min(look_s or _CONNECT_TIMEOUT_S, self.timeout_s))
        except (MilvusException, RpcError) as error:
            if isinstance(error, MilvusException) and error.code == _NO_SUCH_COLLECTION:
                raise SnapshotError(f"a collection of Milvus is gone: {error.message}") from error
            status = _status(error)
            if look_s is None and status is not None and status.name in _UNANSWERED:
                self._away_until = time.monotonic() + self.pause_s
            raise EngineFailed(f"Milvus at {self.url} failed: {_said(error, status)}") from error

    def close(self) -> None:
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None

    def _connected(self, timeout_s: float) -> "MilvusClient":
        from pymilvus import MilvusClient

        with self._lock:
            if self._client is None:
                self._fail_while_away()  # whoever had the lock may have noticed
                self._client = MilvusClient(
                    self.url,
                    token=self.token,
                    timeout=timeout_s,
                    grpc_options={"grpc.service_config": self._deadlines()},
                )
            return self._client

    def _deadlines(self) -> str:
        """A deadline for all calls: pymilvus makes some for which it takes none, as when it asks
        for the fields of a collection before it lists its rows. gRPC lets such a one end up to two
        seconds early, so it is later than those that are passed with a call."""
        # https://github.com/grpc/grpc/issues/34547
        every = {"name": [{}], "timeout": f"{self.timeout_s + 2:.3f}s"}
        return json.dumps({"methodConfig": [every]})

    def _fail_while_away(self) -> None:
        if time.monotonic() < self._away_until:
            raise EngineFailed(f"Milvus at {self.url} did not answer some seconds ago")


_UNANSWERED = {"UNAVAILABLE", "DEADLINE_EXCEEDED"}
_CAUSES = 5  # looked at: pymilvus makes some errors their own cause
_REFUSED = {"UNAUTHENTICATED", "PERMISSION_DENIED"}


def _status(error: BaseException | None) -> "StatusCode | None":
    """gRPC's status of an error, or of what caused it."""
    from grpc import Call

    for _ in range(_CAUSES):
        if error is None or isinstance(error, Call):
            break
        error = error.__cause__
    return error.code() if isinstance(error, Call) else None


def _said(error: Exception, status: "StatusCode | None") -> str:
    if status is not None and status.name in _REFUSED:
        return f"it refuses this user ({status.name}). Check ZHIWEN_MILVUS_TOKEN"
    return str(getattr(error, "message", "")) or (status.name if status else str(error))


def _import_quietly() -> None:
    """Importing pymilvus would copy a `.env` in a folder above it to the environment of this
    process; and it logs each error that it raises, with a traceback."""
    with _IMPORTING:
        if "pymilvus" in sys.modules:
            return
        before = os.environ.get(_NO_DOTENV)
        os.environ[_NO_DOTENV] = "1"
        try:
            import pymilvus  # noqa: F401
        finally:
            if before is None:
                del os.environ[_NO_DOTENV]
            else:
                os.environ[_NO_DOTENV] = before
        logging.getLogger("pymilvus").setLevel(logging.CRITICAL)
