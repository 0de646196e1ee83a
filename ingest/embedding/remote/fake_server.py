"""An embeddings server without a model that fails as it is told, for tests.

    python -m ingest.embedding.remote.fake_server --port N

Vectors are those of the hashing embedder. It speaks `/v1/embeddings` and TEI's `/embed`, `/info`.
"""

import argparse
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from ingest.embedding.hashing import HashingEmbedder


@dataclass(frozen=True, slots=True)
class Fault:
    """One answer that is not vectors. `status` 0 breaks the connection off."""

    status: int = 503
    text: str = "fake: loading"
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class FakeEmbeddings:
    """`faults` are answered first, in their order, one a request, and `choking` to each request
    with `chokes_on` in a text. `scale` multiplies the vectors; `busiest` is the most requests that
    were under way at once, each at least `delay_s`."""

    dim: int = 256
    scale: float = 1.0
    model_id: str = "hashing"
    info: Any = None  # what /info answers; the model's name unless given
    delay_s: float = 0.0
    faults: list[Fault] = field(default_factory=list)
    chokes_on: str = ""
    choking: Fault = Fault(500, "unsupported value: NaN")
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    busiest: int = 0
    _under_way: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, path: str, asked: dict[str, Any], headers: dict[str, str]) -> Fault | Any:
        """The document of an answer, or the fault to show."""
        with self._lock:
            if self.faults:
                return self.faults.pop(0)
            self.bodies.append(asked)
            self.headers.append(headers)
            self._under_way += 1
            self.busiest = max(self.busiest, self._under_way)
        try:
            time.sleep(self.delay_s)
            return self._vectors(path, asked)
        finally:
            with self._lock:
                self._under_way -= 1

    def _vectors(self, path: str, asked: dict[str, Any]) -> Any:
        texts = asked["inputs" if path == "/embed" else "input"]
        if self.chokes_on and any(self.chokes_on in text for text in texts):
            return self.choking
        vectors = HashingEmbedder(self.dim).embed(texts, kind="document") * self.scale
        rows = [[float(number) for number in row] for row in vectors]
        if path == "/embed":
            return rows
        data = [{"index": index, "embedding": row} for index, row in enumerate(rows)]
        return {"object": "list", "data": data[::-1], "model": asked["model"]}

    @contextmanager
    def serving(self, port: int = 0) -> Iterator[str]:
        """On loopback; the address, without a slash at the end."""
        server = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        server.daemon_threads = True
        thread = threading.Thread(
            target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


def _handler(fake: FakeEmbeddings) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # else headers wait 40 ms for the body

        def do_GET(self) -> None:
            self._send(200, json.dumps(fake.info or {"model_id": fake.model_id}))

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            found = fake.answer(self.path, asked, dict(self.headers))
            if not isinstance(found, Fault):
                self._send(200, json.dumps(found))
            elif found.status:
                self._send(found.status, found.text, found.headers)
            else:
                self.close_connection = True

        def _send(self, status: int, text: str, headers: tuple[tuple[str, str], ...] = ()) -> None:
            data = text.encode()
            self.send_response(status)
            for name, value in (*headers, ("Content-Length", str(len(data)))):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing."""

    return Handler


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m ingest.embedding.remote.fake_server")
    parser.add_argument("--port", type=int, required=True)
    with FakeEmbeddings().serving(parser.parse_args().port):
        threading.Event().wait()


if __name__ == "__main__":
    main()
