"""Embeddings by a local sentence-transformers folder: BGE, E5 and the like. Never the network."""

import threading
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from ingest.embedder import TextKind, Vectors
from ingest.errors import EmbedderError
from ingest.model_folder import read_model_folder
from ingest.openvino_graph import Graph, load_graph

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from tokenizers import Tokenizer

Backend = Literal["auto", "torch"]

_LOADING_ERRORS = (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError)


class SentenceTransformerEmbedder:
    """Pooling and normalisation are the folder's own, prompts too where it has some.

    The constructor reads a few JSON files; the model is loaded by the first `embed` or by
    `warm_up`, the tokenizer by the first `count_tokens`. May be shared between threads; one of
    them computes at a time.
    """

    def __init__(
        self,
        folder: Path,
        *,
        name: str,
        threads: int = 0,
        batch_size: int = 16,
        backend: Backend = "auto",
    ) -> None:
        """`name` is recorded with every knowledge base; `threads` 0 uses all cores. `backend` auto
        takes OpenVINO where it is installed and gives the same vectors, else torch.

        Raises EmbedderError where the folder is missing or incomplete.
        """
        self._folder = read_model_folder(folder, name)
        self._threads = threads
        self._batch_size = batch_size
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
                return model.encode(prompted, batch_size=self._batch_size)
            # sentence-transformers sorts by length before it cuts batches
            vectors = model.encode(
                prompted,
                batch_size=self._batch_size,
                normalize_embeddings=True,
                show_progress_bar=False,
                convert_to_numpy=True,
            )
        return np.ascontiguousarray(vectors, dtype=np.float32)

    def count_tokens(self, text: str) -> int:
        """Tokens of `text` without special tokens and prompts. Raises EmbedderError."""
        return len(self._tokenizer.encode(_well_formed(text), add_special_tokens=False).ids)

    def warm_up(self) -> None:
        """Load the model and run it once, so that the first question doesn't wait for it."""
        self.embed(["warm"], kind="query")
        self.count_tokens("warm")

    @cached_property
    def _tokenizer(self) -> "Tokenizer":
        return self._read_tokenizer()

    def _read_tokenizer(self) -> "Tokenizer":
        """A new one: truncation and padding are set on the object."""
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
            graph = load_graph(self._folder, self.truncating_tokenizer(), threads=self._threads)
            if graph is not None:
                return graph
        return self.load_torch()

    def truncating_tokenizer(self) -> "Tokenizer":
        """The tokenizer of texts that are to be embedded. Raises EmbedderError."""
        tokenizer = self._read_tokenizer()
        tokenizer.enable_truncation(self.max_tokens)
        return tokenizer

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
