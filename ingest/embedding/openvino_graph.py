"""The same model, several times faster on a CPU: what sentence-transformers does, as a graph.

`openvino_convert.py` traces the whole model once, pooling and normalisation included, compares
the vectors and keeps the graph beside the weights. From then on neither torch nor
sentence-transformers is loaded to embed. `make bench-ingest` sets both side by side.
"""

import json
import logging
import math
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from itertools import takewhile
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ingest.embedding.embedder import Vectors
from ingest.embedding.model_folder import ModelFolder

if TYPE_CHECKING:
    from openvino import CompiledModel, InferRequest, Model
    from tokenizers import Tokenizer

log = logging.getLogger(__name__)

HOME, GRAPH, WEIGHTS, KEY = "openvino", "encoder.xml", "encoder.bin", "encoder.json"
BATCH_TOKENS = 2048
_LENGTH_STEP = 16  # tokens; the runtime prepares itself for each new shape, which takes 10 ms
_MOST_STREAMS = 4  # each holds a batch in memory
_TIMEOUT_S = 600.0


class Graph:
    """Embeds batches of texts that are ready, prompts in front. Threads may share it.

    Batches run side by side, one a stream: two cores on one batch wait for each other, which took
    a fifth more processor time for documents and made a short question no faster.
    """

    def __init__(
        self,
        compiled: "CompiledModel",
        tokenizer: "Tokenizer",
        max_tokens: int,
        batch_tokens: int = BATCH_TOKENS,
    ) -> None:
        """`tokenizer` neither cuts off nor pads; a batch holds `batch_tokens`, padding included."""
        streams = int(compiled.get_property("NUM_STREAMS"))
        self._idle: SimpleQueue[InferRequest] = SimpleQueue()
        for _ in range(streams):
            request = compiled.create_infer_request()
            # The first access to a tensor's data sets up OpenVINO's NumPy bindings, behind a lock
            # that is taken with the GIL held and waits for it: two threads that do so at the same
            # time wait for each other for ever. Here there is one thread.
            _ = request.input_tensors[0].data
            self._idle.put(request)
        self._pool = ThreadPoolExecutor(streams, thread_name_prefix="embed")
        self._tokenizer = tokenizer
        self._max_tokens = max_tokens
        self._batch_tokens = batch_tokens

    def encode(self, texts: Sequence[str]) -> Vectors:
        """`(len(texts), dim)` float32, L2-normalised, of one text at least; texts are cut off at
        `max_tokens`."""
        ids = token_ids(self._tokenizer, texts, self._max_tokens)
        lengths = [padded_length(len(each), self._max_tokens) for each in ids]
        rows = list(batches(lengths, self._batch_tokens))
        parts = [
            padded([ids[row] for row in batch], max(lengths[row] for row in batch))
            for batch in rows
        ]
        if len(parts) == 1:  # a query: not worth handing to another thread
            found = [self._infer(parts[0])]
        else:
            found = list(self._pool.map(self._infer, parts))
        vectors = np.empty((len(texts), found[0].shape[1]), dtype=np.float32)
        for batch, part in zip(rows, found, strict=True):
            vectors[batch] = part
        return vectors

    def _infer(self, inputs: dict[str, NDArray[np.int64]]) -> Vectors:
        request = self._idle.get()
        try:
            return np.array(request.infer(inputs)[0], dtype=np.float32)
        finally:
            self._idle.put(request)


def batches(lengths: Sequence[int], batch_tokens: int) -> Iterator[list[int]]:
    """Rows in batches, longest first, so that a batch holds little padding. As many rows as fit
    into `batch_tokens` when padded, one at least: memory stays the same whatever the lengths."""
    order = sorted(range(len(lengths)), key=lambda row: -lengths[row])
    begin = 0
    while begin < len(order):
        count = max(1, batch_tokens // max(1, lengths[order[begin]]))
        yield order[begin : begin + count]
        begin += count


def token_ids(tokenizer: "Tokenizer", texts: Sequence[str], max_tokens: int) -> list[list[int]]:
    """Ids with special tokens, `max_tokens` at most: those behind the text are kept."""
    found = []
    for encoding in tokenizer.encode_batch_fast(list(texts)):
        ids = encoding.ids
        if len(ids) > max_tokens:
            tail = len(list(takewhile(bool, reversed(encoding.special_tokens_mask))))
            ids = ids[: max_tokens - tail] + ids[len(ids) - tail :]
        found.append(ids)
    return found


def padded_length(length: int, max_tokens: int) -> int:
    """Rounded up, so that few lengths occur; `max_tokens` at most."""
    return min(math.ceil(length / _LENGTH_STEP) * _LENGTH_STEP, max_tokens)


def padded(ids: list[list[int]], length: int) -> dict[str, NDArray[np.int64]]:
    """Token ids as the graph takes them: `input_ids` and `attention_mask`, each `(n, length)`."""
    input_ids = np.zeros((len(ids), length), dtype=np.int64)
    mask = np.zeros_like(input_ids)
    for row, tokens in enumerate(ids):
        input_ids[row, : len(tokens)] = tokens
        mask[row, : len(tokens)] = 1
    return {"input_ids": input_ids, "attention_mask": mask}


def load_graph(
    folder: ModelFolder, tokenizer: "Tokenizer", *, threads: int, batch_tokens: int = BATCH_TOKENS
) -> Graph | None:
    """The graph of the model in `folder`, converted first where it is not there yet.

    `tokenizer` neither cuts off nor pads; `threads` 0 means all cores. None, with the reason in
    the log, where OpenVINO is not installed, or the model cannot be converted or kept.
    """
    try:
        import openvino
    except ImportError:
        log.info("openvino is not installed: torch embeds, several times slower")
        return None
    if not is_converted(folder.path) and not _convert(folder):
        return None
    model = openvino.Core().read_model(folder.path / HOME / GRAPH)
    compiled = compile_model(model, threads)
    return Graph(compiled, tokenizer, folder.max_tokens, batch_tokens)


def _convert(folder: ModelFolder) -> bool:
    """In a process of its own, since torch would keep a gigabyte of this one for nothing."""
    from filelock import FileLock

    log.info("converting %s for this machine, once", folder.name)
    command = [
        sys.executable,
        "-m",
        "ingest.embedding.openvino_convert",
        str(folder.path),
        folder.name,
    ]
    try:
        (folder.path / HOME).mkdir(exist_ok=True)
        with FileLock(folder.path / HOME / ".lock", timeout=_TIMEOUT_S):
            if not is_converted(folder.path):  # another process may have been faster
                subprocess.run(
                    command, check=True, timeout=_TIMEOUT_S, capture_output=True, text=True
                )
    except subprocess.CalledProcessError as error:
        log.warning("%s stays with torch: %s", folder.name, error.stderr.strip()[-500:])
        return False
    except (OSError, TimeoutError, subprocess.TimeoutExpired) as error:
        log.warning("%s stays with torch: %s", folder.name, error)
        return False
    return True


def is_converted(folder: Path) -> bool:
    """Whether the graph is there, made from these weights by this version of OpenVINO."""
    try:
        key = json.loads((folder / HOME / KEY).read_text("utf-8"))
    except (OSError, ValueError):
        return False
    whole = all((folder / HOME / part).is_file() for part in (GRAPH, WEIGHTS))
    return whole and key == conversion_key(folder)


def conversion_key(folder: Path) -> dict[str, Any]:
    """What a conversion depends on: the model's files and the version that converted them."""
    files = sorted((*folder.glob("*.json"), *folder.glob("*.safetensors"), *folder.glob("*.bin")))
    return {
        "openvino": version("openvino"),
        "files": [[file.name, file.stat().st_size, file.stat().st_mtime_ns] for file in files],
    }


def compile_model(model: "Model", threads: int) -> "CompiledModel":
    """Ready to run on the CPU, in bfloat16 where it has that; `threads` 0 means all cores that
    this process may use."""
    import openvino

    core = openvino.Core()
    threads = threads or core.get_property("CPU", "RANGE_FOR_STREAMS")[1]
    config = {"NUM_STREAMS": min(threads, _MOST_STREAMS), "INFERENCE_NUM_THREADS": threads}
    return core.compile_model(model, "CPU", config)
