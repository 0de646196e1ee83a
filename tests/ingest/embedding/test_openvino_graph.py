"""The converted model gives torch's vectors, is made once, and is made again for other weights."""

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from ingest.embedding.openvino_graph import (
    HOME,
    KEY,
    Graph,
    batches,
    is_converted,
    padded,
    padded_length,
    token_ids,
)
from ingest.embedding.sentence_transformer import SentenceTransformerEmbedder
from tests.ingest.embedding.bge_folder import DIM, write_bge_folder

BGE = "BAAI/bge-small-zh-v1.5"
TEXTS = ["试用期三个月", "合同", "离职提前三十天书面通知" * 20, "thirty days of notice", ""]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_bge_folder(tmp_path_factory.mktemp("bge"))
    SentenceTransformerEmbedder(folder, name=BGE).warm_up()
    return folder


def copied(folder: Path, into: Path) -> Path:
    """A copy with its conversion, which takes ten seconds to make."""
    return Path(shutil.copytree(folder, into / folder.name))


@pytest.mark.parametrize("kind", ["query", "document"])
def test_the_graph_gives_torchs_vectors(folder: Path, kind: str) -> None:
    assert is_converted(folder)
    torch = SentenceTransformerEmbedder(folder, name=BGE, backend="torch")
    graph = SentenceTransformerEmbedder(folder, name=BGE, batch_tokens=100)
    expected = torch.embed(TEXTS, kind=kind)  # type: ignore[arg-type]
    vectors = graph.embed(TEXTS, kind=kind)  # type: ignore[arg-type]
    assert vectors.shape == (len(TEXTS), DIM) and vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert (vectors * expected).sum(axis=1).min() > 0.995
    # in the order given, whatever the order they were computed in
    assert (vectors @ expected.T).argmax(axis=1).tolist() == list(range(len(TEXTS)))


def test_threads_may_share_it(folder: Path) -> None:
    graph = SentenceTransformerEmbedder(folder, name=BGE, threads=2, batch_tokens=100)
    texts = [TEXTS[number % 4] * (number % 7 + 1) for number in range(60)]
    expected = graph.embed(texts, kind="document")
    with ThreadPoolExecutor(4) as pool:
        for vectors in pool.map(lambda _: graph.embed(texts, kind="document"), range(8)):
            np.testing.assert_array_equal(vectors, expected)


def test_lengths_are_rounded_up_but_not_over_what_the_model_reads() -> None:
    assert [padded_length(n, 512) for n in (1, 16, 17, 500, 512)] == [16, 16, 32, 512, 512]
    assert padded_length(17, 20) == 20
    found = padded([[1] * 5, [1] * 17], 32)
    assert found["input_ids"].shape == (2, 32)
    assert found["attention_mask"].sum(axis=1).tolist() == [5, 17]


def test_batches_hold_no_more_tokens_than_they_may() -> None:
    lengths = [5, 64, 1, 0, 30, 64, 200, 7]
    found = list(batches(lengths, 100))
    assert sorted(row for rows in found for row in rows) == list(range(len(lengths)))
    assert [lengths[row] for rows in found for row in rows] == sorted(lengths, reverse=True)
    for rows in found:
        assert len(rows) == 1 or len(rows) * max(lengths[row] for row in rows) <= 100
    assert found[0] == [6], "what is too long for a batch has one of its own"


def test_long_texts_are_cut_off_and_keep_their_last_token(folder: Path) -> None:
    tokenizer = SentenceTransformerEmbedder(folder, name=BGE).tokenizer
    short, long = token_ids(tokenizer, ["合同", "合同" * 500], 10)
    assert len(short) == 4 and len(long) == 10
    assert (long[0], long[-1]) == (short[0], short[-1])


def test_once_converted_nothing_heavy_is_loaded(folder: Path) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "from ingest.embedding.sentence_transformer import SentenceTransformerEmbedder\n"
        f"embedder = SentenceTransformerEmbedder(Path({str(folder)!r}), name={BGE!r})\n"
        "assert embedder.embed(['合同'], kind='query').shape[0] == 1\n"
        "heavy = {'torch', 'transformers', 'sentence_transformers'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


FIRST_BATCHES_TOGETHER = """
import os, sys, threading
from pathlib import Path
import numpy as np, openvino
from ingest.embedding.openvino_graph import GRAPH, HOME, Graph, compile_model, padded
model = openvino.Core().read_model(Path(sys.argv[1]) / HOME / GRAPH)
graph = Graph(compile_model(model, 2), None, 64)
sys.setswitchinterval(1e-6)
together = threading.Barrier(2)
def embed():
    together.wait()
    graph._infer(padded([[1, 2, 3]], 16))
threads = [threading.Thread(target=embed, daemon=True) for _ in range(2)]
for thread in threads: thread.start()
for thread in threads: thread.join(20)
os._exit(sum(thread.is_alive() for thread in threads))
"""


def test_the_first_two_batches_may_come_at_once(folder: Path) -> None:
    """OpenVINO's NumPy bindings deadlock in one of three fresh processes when two threads are the
    first to use them; eight of them would not all get away."""
    command = [sys.executable, "-c", FIRST_BATCHES_TOGETHER, str(folder)]
    for _ in range(4):
        pair = [subprocess.Popen(command) for _ in range(2)]
        assert [process.wait(120) for process in pair] == [0, 0]


def test_other_weights_are_converted_anew(folder: Path, tmp_path: Path) -> None:
    folder = copied(folder, tmp_path)
    key = (folder / HOME / KEY).read_text("utf-8")
    os.utime(folder / "model.safetensors", ns=(1, 1))
    assert not is_converted(folder)
    SentenceTransformerEmbedder(folder, name=BGE).warm_up()
    assert is_converted(folder) and (folder / HOME / KEY).read_text("utf-8") != key


def test_a_half_written_graph_is_not_taken(folder: Path, tmp_path: Path) -> None:
    folder = copied(folder, tmp_path)
    assert is_converted(folder)
    (folder / HOME / "encoder.bin").unlink()
    assert not is_converted(folder)


def test_where_it_cannot_be_kept_torch_embeds(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = write_bge_folder(tmp_path)
    (folder / HOME).write_text("a file where the folder should be", "utf-8")
    embedder = SentenceTransformerEmbedder(folder, name=BGE)
    vectors = embedder.embed(TEXTS, kind="document")
    torch = SentenceTransformerEmbedder(folder, name=BGE, backend="torch")
    np.testing.assert_array_equal(vectors, torch.embed(TEXTS, kind="document"))
    assert not isinstance(embedder._loaded, Graph)
    assert "stays with torch" in caplog.text
