"""Converts a sentence-transformers folder to OpenVINO.

`python -m ingest.embedding.openvino_convert FOLDER NAME`.

Exit code 1, with the reason on standard error, where the graph gives other vectors than torch.
"""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingest.embedding.openvino_graph import (
    GRAPH,
    HOME,
    KEY,
    Graph,
    compile_model,
    conversion_key,
    padded,
    token_ids,
)
from ingest.embedding.sentence_transformer import SentenceTransformerEmbedder

if TYPE_CHECKING:
    from openvino import Model
    from sentence_transformers import SentenceTransformer

LEAST_COSINE = 0.995  # between a text's vectors by torch and by the graph, which may be bfloat16
# Of unequal lengths, so that padding is traced and compared too.
_PROBES = ("知问", "年假怎么算？入职满一年的员工每年有五天。" * 8, "How long is the warranty?", "1")


def main(folder: Path, name: str) -> int:
    embedder = SentenceTransformerEmbedder(folder, name=name, backend="torch")
    model = embedder.load_torch()
    traced = _trace(model, token_ids(embedder.tokenizer, _PROBES, embedder.max_tokens))
    expected = model.encode(list(_PROBES), normalize_embeddings=True, show_progress_bar=False)
    graph = Graph(compile_model(traced, 0), embedder.tokenizer, embedder.max_tokens)
    cosines = (expected * graph.encode(_PROBES)).sum(axis=1)
    if not cosines.min() >= LEAST_COSINE:  # NaN is refused as well
        sys.stderr.write(f"openvino gives other vectors, cosine {cosines.min():.4f}\n")
        return 1
    _keep(traced, folder)
    return 0


def _trace(model: "SentenceTransformer", ids: list[list[int]]) -> "Model":
    import openvino
    import torch

    class Whole(torch.nn.Module):
        """Token ids to sentence vectors, in one call that a tracer can follow."""

        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            features: dict[str, Any] = {"input_ids": input_ids, "attention_mask": attention_mask}
            vectors: torch.Tensor = self.model(features)["sentence_embedding"]
            return torch.nn.functional.normalize(vectors, dim=1)

    example = padded(ids, max(map(len, ids)))
    inputs = {name: torch.from_numpy(values) for name, values in example.items()}
    with torch.inference_mode():
        return openvino.convert_model(Whole().eval(), example_input=inputs)


def _keep(model: "Model", folder: Path) -> None:
    """The key is written last: a half-written graph is never taken for a whole one."""
    import openvino

    home = folder / HOME
    (home / KEY).unlink(missing_ok=True)
    openvino.save_model(model, home / GRAPH, compress_to_fp16=True)
    partial = home / f"{KEY}.partial"
    partial.write_text(json.dumps(conversion_key(folder)), "utf-8")
    partial.replace(home / KEY)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
