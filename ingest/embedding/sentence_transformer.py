"""Embeddings by a local sentence-transformers folder: BGE, E5 and the like. Never the network."""

import threading
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from ingest.embedding.embedder import TextKind, Vectors
from ingest.embedding.model_folder import read_model_folder
from ingest.embedding.openvino_graph import BATCH_TOKENS, Graph, load_graph
from ingest.errors import EmbedderError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from tokenizers import Tokenizer

Backend = Literal["auto", "torch"]

_COUNTED_AT_ONCE = 1000
_TORCH_BATCH = 16  # texts
_LOADING_ERRORS = (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError)


class SentenceTransformerEmbedder:
    """Pooling and normalisation are the folder's own, prompts too where it has some.

    The constructor reads a few JSON files; the model is loaded by the first `embed` or by
    `warm_up`, the tokenizer by the first `token_counts`. May be shared between threads; with torch
    one of them computes at a time.
    """

    def __init__(
        self,
        folder: Path,
        *,
        name: str,
        threads: int = 0,
        batch_tokens: int = BATCH_TOKENS,
        backend: Backend = "auto",
    ) -> None:
        """`name` is recorded with every knowledge base; `threads` 0 uses all cores. `backend` auto
        takes OpenVINO where it is installed and gives the same vectors, else torch;
        `batch_tokens` is for OpenVINO.

        Raises EmbedderError where the folder is missing or incomplete.
        """
        self._folder = read_model_folder(folder, name)
        self._threads = threads
        self._batch_tokens = batch_tokens
        self._backend = backend
        self._lock = threading.Lock()
        self._loaded: Graph | SentenceTransformer | None = None
        self.name = name
        self.dim = self._folder.dim
        self.max_tokens = self._folder.max_tokens

    def embed(self, texts: Sequence[str], *, kind: TextKind) -> Vectors:
        """`(len(texts), dim)` float32, L2-normalised; texts are cut off at `max_tokens`.

        Raises EmbedderError where the model cannot be loaded.
        """
        if not texts:
            return np.zeros((0, self.dim), dtype=np.float32)
        prompt = self._folder.query_prompt if kind == "query" else self._folder.document_prompt
        prompted = [prompt + _well_formed(text) for text in texts]
        with self._lock:
            model = self._model()
        if isinstance(model, Graph):
            return model.encode(prompted)
        with self._lock:
            # sentence-transformers sorts by length before it cuts batches
            vectors = model.encode(
                prompted,
                batch_size=_TORCH_BATCH,
                normalize_embeddings=True,
                show_progress_bar=False,
                convert_to_numpy=True,
            )
        return np.ascontiguousarray(vectors, dtype=np.float32)

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text without special tokens and prompts. Raises EmbedderError."""
        found: list[int] = []
        for begin in range(0, len(texts), _COUNTED_AT_ONCE):
            part = [_well_formed(text) for text in texts[begin : begin + _COUNTED_AT_ONCE]]
            encoded = self.tokenizer.encode_batch_fast(part, add_special_tokens=False)
            found += [len(encoding) for encoding in encoded]
        return found

    def warm_up(self) -> None:
        """Load the model and run it once, so that the first question doesn't wait for it."""
        self.embed(["warm"], kind="query")
        self.token_counts(["warm"])

    @cached_property
    def tokenizer(self) -> "Tokenizer":
        """Neither cuts off nor pads. Raises EmbedderError.

        One for everything: with a vocabulary of 250,000 it weighs 300 MB.
        """
        from tokenizers import Tokenizer

        path = self._folder.path / "tokenizer.json"
        try:
            tokenizer = Tokenizer.from_file(str(path))
        except Exception as error:  # the library raises nothing narrower
            raise EmbedderError(f"{path} cannot be read: {error}") from error
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer

    def _model(self) -> "Graph | SentenceTransformer":
        """The loaded model; the caller holds the lock."""
        if self._loaded is None:
            self._loaded = self._load()
        return self._loaded

    def _load(self) -> "Graph | SentenceTransformer":
        if self._backend == "auto":
            graph = load_graph(
                self._folder,
                self.tokenizer,
                threads=self._threads,
                batch_tokens=self._batch_tokens,
            )
            if graph is not None:
                return graph
        return self.load_torch()

    def load_torch(self) -> "SentenceTransformer":
        """The model as sentence-transformers loads it. Raises EmbedderError."""
        import torch
        from safetensors import SafetensorError
        from sentence_transformers import SentenceTransformer
        from transformers.utils.logging import disable_progress_bar

        # A bar for half a second of reading weights helps nobody.
        disable_progress_bar()  # type: ignore[no-untyped-call]  # theirs
        if self._threads > 0:
            torch.set_num_threads(self._threads)
        try:
            model = SentenceTransformer(
                str(self._folder.path),
                device="cpu",
                local_files_only=True,
                trust_remote_code=False,
                model_kwargs={"dtype": torch.float32},
            )
        except (*_LOADING_ERRORS, SafetensorError) as error:
            raise EmbedderError(
                f"The embedding model {self.name} at {self._folder.path} cannot be loaded: {error}"
            ) from error
        if model.get_embedding_dimension() != self.dim:
            raise EmbedderError(f"{self.name} gives vectors of another width than {self.dim}.")
        model.max_seq_length = self.max_tokens
        return model


def _well_formed(text: str) -> str:
    """Lone surrogates, which JSON can carry, would break the tokenizer."""
    return text.encode("utf-8", errors="replace").decode("utf-8")
