"""BGE's path, proved with a random BERT: our vectors are those computed by hand."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from ingest.embedding.embedder import Vectors
from ingest.embedding.sentence_transformer import SentenceTransformerEmbedder
from ingest.errors import EmbedderError
from tests.ingest.embedding.bge_folder import DIM, MAX_TOKENS, write_bge_folder

BGE = "BAAI/bge-small-zh-v1.5"
INSTRUCTION = "为这个句子生成表示以用于检索相关文章："
TEXTS = ["试用期三个月", "离职提前三十天书面通知合同", "thirty days of notice", "合同"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bge_folder(tmp_path_factory.mktemp("bge"))


@pytest.fixture(scope="module")
def embedder(folder: Path) -> SentenceTransformerEmbedder:
    return SentenceTransformerEmbedder(folder, name=BGE, backend="torch")


def by_hand(folder: Path, texts: list[str]) -> Vectors:
    """The CLS token's last hidden state, normalised; one text at a time, so without padding."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModel.from_pretrained(folder).eval()
    rows = []
    for text in texts:
        tokens = tokenizer(text, return_tensors="pt", truncation=True, max_length=MAX_TOKENS)
        with torch.no_grad():
            rows.append(model(**tokens).last_hidden_state[0, 0].numpy())
    vectors = np.stack(rows).astype(np.float32)
    normalised: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return normalised


def test_documents_are_embedded_without_an_instruction(
    folder: Path, embedder: SentenceTransformerEmbedder
) -> None:
    vectors = embedder.embed(TEXTS, kind="document")
    assert vectors.shape == (len(TEXTS), DIM) and vectors.dtype == np.float32
    np.testing.assert_allclose(vectors, by_hand(folder, TEXTS), atol=1e-5)


def test_queries_get_bges_instruction(folder: Path, embedder: SentenceTransformerEmbedder) -> None:
    expected = by_hand(folder, [INSTRUCTION + text for text in TEXTS])
    vectors = embedder.embed(TEXTS, kind="query")
    np.testing.assert_allclose(vectors, expected, atol=1e-5)
    assert np.abs(vectors - embedder.embed(TEXTS, kind="document")).max() > 0.01


@pytest.mark.parametrize(
    ("name", "query", "document"),
    [
        ("BAAI/bge-m3", "", ""),
        ("intfloat/multilingual-e5-small", "query: ", "passage: "),
        ("BAAI/bge-base-en-v1.5", "Represent this sentence for searching relevant passages: ", ""),
        ("somebody/unknown", "", ""),
    ],
)
def test_prompts_follow_the_model_family(
    folder: Path, name: str, query: str, document: str
) -> None:
    embedder = SentenceTransformerEmbedder(folder, name=name, backend="torch")
    np.testing.assert_allclose(
        embedder.embed(["合同"], kind="query"), by_hand(folder, [query + "合同"]), atol=1e-5
    )
    np.testing.assert_allclose(
        embedder.embed(["合同"], kind="document"), by_hand(folder, [document + "合同"]), atol=1e-5
    )


def test_prompts_of_the_folder_win(tmp_path: Path) -> None:
    folder = write_bge_folder(tmp_path)
    prompts = {"prompts": {"query": "notice ", "document": ""}}
    (folder / "config_sentence_transformers.json").write_text(json.dumps(prompts), "utf-8")
    embedder = SentenceTransformerEmbedder(folder, name=BGE, backend="torch")
    expected = by_hand(folder, ["notice 合同"])
    np.testing.assert_allclose(embedder.embed(["合同"], kind="query"), expected, atol=1e-5)


def test_long_texts_are_cut_off(folder: Path, embedder: SentenceTransformerEmbedder) -> None:
    long = "合同" * 500
    vectors = embedder.embed([long], kind="document")
    np.testing.assert_allclose(vectors, by_hand(folder, ["合同" * MAX_TOKENS]), atol=1e-5)
    assert embedder.max_tokens == MAX_TOKENS


def test_tokens_are_counted_without_special_ones(embedder: SentenceTransformerEmbedder) -> None:
    assert embedder.token_counts(["合同三months", "", "合同" * 500]) == [5, 0, 1000]
    assert embedder.token_counts([]) == []
    many = ["合同" * (number % 5) for number in range(2500)]
    assert embedder.token_counts(many) == [2 * (number % 5) for number in range(2500)]


def test_counting_needs_no_torch(folder: Path) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "from ingest.pipeline import read\n"
        "from ingest.embedding.sentence_transformer import SentenceTransformerEmbedder\n"
        f"embedder = SentenceTransformerEmbedder(Path({str(folder)!r}), name={BGE!r})\n"
        "_, chunks = read('合同三月。'.encode(), 'a.md', embedder.token_counts)\n"
        "assert len(chunks) == 1 and 'torch' not in sys.modules, sorted(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_threads_may_share_one(embedder: SentenceTransformerEmbedder) -> None:
    alone = embedder.embed(TEXTS, kind="query")
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda _: embedder.embed(TEXTS, kind="query"), range(8)))
        counts = list(pool.map(lambda _: embedder.token_counts(TEXTS), range(8)))
    for vectors in together:
        np.testing.assert_allclose(vectors, alone, atol=1e-6)
    assert counts == [embedder.token_counts(TEXTS)] * 8


def test_lone_surrogates_and_no_texts_at_all(embedder: SentenceTransformerEmbedder) -> None:
    assert embedder.embed([], kind="query").shape == (0, DIM)
    assert np.isfinite(embedder.embed(["合\ud83d同", ""], kind="query")).all()


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(EmbedderError, match="no-such-place"):
        SentenceTransformerEmbedder(tmp_path / "no-such-place", name=BGE)


@pytest.mark.parametrize("part", ["modules.json", "tokenizer.json", "model.safetensors"])
def test_a_folder_without_a_part_is_refused(tmp_path: Path, part: str) -> None:
    folder = write_bge_folder(tmp_path)
    (folder / part).unlink()
    with pytest.raises(EmbedderError) as caught:
        SentenceTransformerEmbedder(folder, name=BGE)
    assert caught.value.code == "embedder_unavailable"


def test_damaged_weights_are_refused_when_loaded(tmp_path: Path) -> None:
    folder = write_bge_folder(tmp_path)
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    embedder = SentenceTransformerEmbedder(folder, name=BGE)
    with pytest.raises(EmbedderError, match="cannot be loaded"):
        embedder.warm_up()
