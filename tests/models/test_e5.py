"""The converted embedder against vectors the package's own engine gave for our texts, once."""

import json
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.models.build.e5 import convert_e5
from app.models.errors import ModelFormatError
from tests.weights import EMBEDDER, store_with

REFERENCE = json.loads(Path(__file__).with_name("e5_reference.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def model() -> Any:
    folder = store_with(EMBEDDER).path(EMBEDDER)
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(folder), device="cpu", local_files_only=True)


def test_the_folder_is_an_ordinary_sentence_transformer(model: Any) -> None:
    assert model.prompts == {"query": "query: ", "document": "passage: "}
    assert model.max_seq_length == 512
    assert model.get_embedding_dimension() == 384


@pytest.mark.parametrize("case", REFERENCE, ids=lambda case: f"{case['kind']}-{case['tokens']}")
def test_vectors_and_tokens_are_those_of_the_packages_engine(
    model: Any, case: dict[str, Any]
) -> None:
    prompt = model.prompts[case["kind"]]
    assert len(model.tokenizer(prompt + case["text"])["input_ids"]) == case["tokens"]
    vector = model.encode(case["text"], prompt_name=case["kind"])
    assert vector.dtype == np.float32
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)
    assert float(vector @ np.asarray(case["vector"])) >= 0.999


def test_characters_are_normalised_as_xlm_r_does(model: Any) -> None:
    normalise = model.tokenizer.backend_tokenizer.normalizer.normalize_str
    assert normalise("ＡＢＣ①　ｶﾅ") == unicodedata.normalize("NFKC", "ＡＢＣ① ｶﾅ")
    assert normalise("第5～10条") == "第5～10条"
    assert normalise(" a\n\n\tb\u200b\x07c\u2028d \n") == "a b cd".replace("cd", "c d")


def test_white_space_around_a_text_changes_nothing(model: Any) -> None:
    plain, padded = model.encode(["备份保留三十天。", "\n 备份保留三十天。 \n\n"])
    assert float(plain @ padded) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("data", [b"GGUF" + bytes(100), b"E5S1" + bytes(10), b"E5S1" + bytes(200)])
def test_another_file_is_refused(tmp_path: Path, data: bytes) -> None:
    source = tmp_path / "e5.bin"
    source.write_bytes(data)
    with pytest.raises(ModelFormatError):
        convert_e5(source, tmp_path)
