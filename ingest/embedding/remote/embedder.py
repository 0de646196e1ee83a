"""An embedder whose model runs in a server: neither API nor workers hold its weights."""

import hashlib
import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import httpx
import numpy as np

from ingest.embedding.embedder import TextKind, Vectors
from ingest.embedding.remote.lengths import EstimatedLengths, TextLengths
from ingest.embedding.remote.protocols import Protocol, body, path, vectors_of
from ingest.errors import EmbedderError, EmbedderUnavailable

log = logging.getLogger(__name__)

_CONNECT_S = 3.0
_KEEPALIVE_S = 2.0  # less than the 5 s after which uvicorn closes an idle connection
_MAX_REASON = 200  # characters of what a server says
_SPECIAL_TOKENS = 4  # more than any tokenizer puts around a text
_PROBE = "知问"
_BUSY = frozenset({429, 503})
_AGAIN = frozenset({502, 504})
_ABOUT_THE_TEXT = frozenset({400, 413, 422})
# float16 rounds a unit vector's length by less than this
_UNIT_TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True)
class Patience:
    """`waits_s`: pauses before further tries; `longest_s`: that a server may ask for by
    Retry-After. `finds_fault`: find out whether texts are at fault, which takes more requests."""

    waits_s: tuple[float, ...]
    longest_s: float
    finds_fault: bool


SOMEBODY_WAITS = Patience((0.2, 0.5), 1.0, finds_fault=False)
NOBODY_WAITS = Patience((0.2, 0.5, 1.0, 2.0, 4.0), 30.0, finds_fault=True)


@dataclass(frozen=True, slots=True)
class RemoteModel:
    """What is known of a model before its server answers.

    `url` is without a slash at the end, and ends with /v1 for the protocols `openai` and `zhiwen`.
    `name` is recorded with every knowledge base; `served_as` is the server's name for the model.
    `max_tokens` includes prompts and special tokens. With `zhiwen` the prompts are the server's.
    """

    url: str
    name: str
    served_as: str
    dim: int
    max_tokens: int
    protocol: Protocol = "openai"
    query_prompt: str = ""
    document_prompt: str = ""
    api_key: str = field(default="", repr=False)

    def prompt(self, kind: TextKind) -> str:
        if self.protocol == "zhiwen":
            return ""
        return self.query_prompt if kind == "query" else self.document_prompt

    @property
    def identity(self) -> str:
        """SHA-256 over what decides the vectors, as far as it is known here."""
        known = (self.served_as, self.dim, self.prompt("query"), self.prompt("document"))
        return hashlib.sha256(repr(known).encode()).hexdigest()


class RemoteEmbedder:
    """Batches of texts, some of them on their way at the same time. Threads may share it.

    The constructor asks the server nothing, so that a service starts without it. The first request
    compares the model of a TEI server, and every answer the width of its vectors.
    """

    def __init__(
        self,
        model: RemoteModel,
        *,
        lengths: TextLengths | None = None,
        batch: int = 32,
        requests: int = 4,
        timeout_s: float = 30.0,
        patience: Patience = NOBODY_WAITS,
        probe_s: float = 10.0,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        """`batch` texts a request, `requests` of them at once; `probe_s`: how long what is known
        of the server counts as new. `lengths`: an estimate where none is given."""
        self.name, self.dim, self.max_tokens = model.name, model.dim, model.max_tokens
        self.model = model
        self._lengths = lengths or EstimatedLengths()
        self._batch = batch
        self._timeout = httpx.Timeout(timeout_s, connect=_CONNECT_S)
        self._pool = ThreadPoolExecutor(requests, thread_name_prefix="embed")
        self.patience = patience
        self._probe_s = probe_s
        self._sleep = sleep
        self._lock = threading.Lock()
        self._identified = False
        self._heard_at = -float("inf")
        self._error = ""

    def embed(self, texts: Sequence[str], *, kind: TextKind) -> Vectors:
        """`(len(texts), dim)` float32, L2-normalised; texts are cut off at `max_tokens`.

        Raises EmbedderUnavailable where the server gives no vectors now, and EmbedderError where
        it gives none for these texts: with `patience.finds_fault`, whatever it answers to them.
        """
        if not texts:
            return np.zeros((0, self.dim), dtype=np.float32)
        prompt = self.model.prompt(kind)
        room = self.max_tokens - _SPECIAL_TOKENS - sum(self._lengths.counts([prompt]))
        prompted = [prompt + self._lengths.cut(_well_formed(text), room) for text in texts]
        batches = [
            prompted[begin : begin + self._batch] for begin in range(0, len(texts), self._batch)
        ]
        if len(batches) == 1:  # a query doesn't wait for documents
            return self._embed_batch(batches[0], kind)
        return np.concatenate(
            list(self._pool.map(lambda part: self._embed_batch(part, kind), batches))
        )

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        """By the tokenizer or an estimate, without special tokens and prompts."""
        return self._lengths.counts([_well_formed(text) for text in texts])

    def why_down(self) -> str:
        """Why the server gives no vectors, in a sentence; empty if it does, or has too many
        requests. Asks it, unless it was heard of in the last `probe_s`."""
        if time.monotonic() - self._heard_at >= self._probe_s:
            try:
                self._identify()
                self._checked(self._request([_PROBE], "query"))
                self._heard()
            except EmbedderError as error:
                self._failed(error)
        return self._error

    @cached_property
    def _client(self) -> httpx.Client:
        key = self.model.api_key
        return httpx.Client(
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=self._timeout,
            limits=httpx.Limits(keepalive_expiry=_KEEPALIVE_S),
            follow_redirects=False,  # the key and the texts are for this server only
            trust_env=False,  # the environment's proxies are for the internet
        )

    def _embed_batch(self, texts: Sequence[str], kind: TextKind) -> Vectors:
        try:
            self._identify()
            vectors = self._patiently(texts, kind)
        except EmbedderUnavailable as error:
            if self.patience.finds_fault and not isinstance(error, _Busy):
                return self._second_time(texts, kind)
            self._failed(error)
            raise
        self._heard()
        return vectors

    def _second_time(self, texts: Sequence[str], kind: TextKind) -> Vectors:
        """One text that the server chokes on must not look like a server that is away: documents
        would wait behind it for good. It is at fault where the server fails a second time, while
        other texts get vectors before and after. Raises as `embed`."""
        try:
            self._identify()
            self._patiently([_PROBE], kind)
            try:
                vectors = self._patiently(texts, kind)
            except _Busy:
                raise
            except EmbedderUnavailable as error:
                self._patiently([_PROBE], kind)
                self._heard()
                said = str(error).rstrip(".")
                raise EmbedderError(f"{said}. It gives vectors for other texts.") from error
        except EmbedderUnavailable as error:
            self._failed(error)
            raise
        self._heard()
        return vectors

    def _patiently(self, texts: Sequence[str], kind: TextKind) -> Vectors:
        """Tried again where the server is busy, starts or is not reached."""
        for wait_s in self.patience.waits_s:
            try:
                return self._checked(self._request(texts, kind))
            except _Passing as error:
                wanted_s = error.retry_after_s or wait_s
                log.info("%s; trying again in %.1f s", error, wanted_s)
                self._sleep(min(wanted_s, self.patience.longest_s))
        return self._checked(self._request(texts, kind))

    def _request(self, texts: Sequence[str], kind: TextKind) -> Vectors:
        """As the server gives them. Raises EmbedderError; _Passing where another try may help."""
        model = self.model
        asked = body(model.protocol, model.served_as, texts, kind)
        document = self._answer("POST", path(model.protocol), asked)
        return vectors_of(model.protocol, document, len(texts))

    def _answer(self, method: str, below: str, asked: Any = None) -> Any:
        try:
            response = self._client.request(method, self.model.url + below, json=asked)
        except httpx.TimeoutException as error:
            raise EmbedderUnavailable(
                f"{self._where} did not answer in time ({type(error).__name__}): lower "
                "ZHIWEN_EMBEDDER_BATCH or raise ZHIWEN_EMBEDDER_TIMEOUT_S if it is slow."
            ) from error
        except httpx.TransportError as error:
            raise _Passing(f"{self._where} is not reached ({type(error).__name__}).") from error
        if response.status_code != httpx.codes.OK:
            raise self._refusal(response)
        try:
            return response.json()
        except ValueError as error:
            raise EmbedderUnavailable(f"{self._where} gave an answer that is no JSON.") from error

    def _refusal(self, response: httpx.Response) -> EmbedderError:
        status = response.status_code
        said = f"{self._where} answered {status}"
        if status in (401, 403):  # some servers repeat the key in what they say
            return EmbedderUnavailable(f"{said}: check ZHIWEN_EMBEDDER_API_KEY.")
        if response.is_redirect:
            return EmbedderUnavailable(f"{said}: redirects are not followed.")
        reason = response.text.strip()
        if self.model.api_key:
            reason = reason.replace(self.model.api_key, "…")
        said = f"{said}: {reason[:_MAX_REASON]}"
        if status in _BUSY:
            return _Busy(said, _seconds(response.headers.get("Retry-After", "")), status == 429)
        if status in _AGAIN:
            return _Passing(said, _seconds(response.headers.get("Retry-After", "")))
        return EmbedderError(said) if status in _ABOUT_THE_TEXT else EmbedderUnavailable(said)

    def _identify(self) -> None:
        """A TEI server has one model and takes no name: it is asked once which."""
        if self.model.protocol != "tei" or self._identified:
            return
        info = self._answer("GET", "/info")
        served = str(info.get("model_id", "")) if isinstance(info, dict) else ""
        if _last(served) != _last(self.model.served_as):
            raise EmbedderUnavailable(
                f"{self._where} serves {served!r}, not {self.model.served_as!r}."
            )
        self._identified = True

    def _checked(self, vectors: Vectors) -> Vectors:
        """Normalised where the server did not. Raises EmbedderError."""
        if vectors.shape[1] != self.dim:
            raise EmbedderUnavailable(
                f"{self._where} gave vectors of {vectors.shape[1]} dimensions; {self.name} has "
                f"{self.dim}. Set ZHIWEN_EMBEDDER_DIM, or the model that it should serve."
            )
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not np.all(np.isfinite(norms)) or not norms.all():
            raise EmbedderError(f"{self._where} gave a vector that is zero or not a number.")
        if np.all(np.abs(norms - 1) < _UNIT_TOLERANCE):
            return vectors
        normalised: Vectors = vectors / norms
        return normalised

    def _heard(self) -> None:
        with self._lock:
            if self._error:
                log.info("%s gives vectors again", self._where)
            self._heard_at, self._error = time.monotonic(), ""

    def _failed(self, error: EmbedderError) -> None:
        if isinstance(error, _Busy) and error.is_limit:  # it gives others theirs
            self._heard()
            return
        with self._lock:
            self._heard_at, self._error = time.monotonic(), str(error)

    @property
    def _where(self) -> str:
        return f"The embedding server {urlsplit(self.model.url).netloc}"


class _Passing(EmbedderUnavailable):
    """Another try may help."""

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class _Busy(_Passing):
    """It has too much to do, or starts: no fault of a text. `is_limit`: it is up, and counts."""

    def __init__(self, message: str, retry_after_s: float | None, is_limit: bool) -> None:
        super().__init__(message, retry_after_s)
        self.is_limit = is_limit


def _last(model: str) -> str:
    """TEI may know the model by its hub name or by a folder."""
    return model.rstrip("/").rpartition("/")[2].casefold()


def _seconds(text: str) -> float | None:
    """`Retry-After` in seconds; its date form counts as nothing."""
    try:
        return max(0.0, float(text))
    except ValueError:
        return None


def _well_formed(text: str) -> str:
    """JSON has no lone surrogates."""
    return text.encode("utf-8", errors="replace").decode("utf-8")
