"""A LangChain retriever and an answering Runnable.

    retriever = ZhiwenRetriever(bases=["Handbook"], top_k=4)
    answer = answer_line(bases=["Handbook"])

Both use the HTTP API of a running service, local or remote. Where people sign in, give them a key
of yours as `api_key`.
"""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from functools import reduce
from operator import add
from typing import Any

from langchain_core.callbacks import (
    AsyncCallbackManagerForRetrieverRun,
    CallbackManagerForRetrieverRun,
)
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableGenerator
from langchain_core.runnables.utils import AddableDict
from pydantic import Field, SecretStr

from app.interop.client import DEFAULT_URL, Service, ZhiwenError, base_ids

Asked = str | Mapping[str, Any]


class ZhiwenRetriever(BaseRetriever):
    """The `top_k` best passages, best first, without an answer. Raises ZhiwenError.

    `bases` are names or ids of knowledge bases; all are searched if none is given. Metadata of
    a document: `document`, `document_id`, `page`, `start` and `end` (characters of the document's
    text), `headings`, `chunk_id`, `score` (weighted mean of cosine and BM25 share, higher is
    better, comparable within one search only).
    """

    base_url: str = DEFAULT_URL
    bases: list[str] = Field(default_factory=list)
    top_k: int = Field(6, ge=1, le=50)
    timeout_s: float = 120.0
    api_key: SecretStr = SecretStr("")

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        service = self._service()
        ids = base_ids(service.call("GET", "/api/bases"), self.bases)
        found = service.call("POST", "/api/search", self._body(query, ids))
        return [_document(passage) for passage in found["passages"]]

    async def _aget_relevant_documents(
        self, query: str, *, run_manager: AsyncCallbackManagerForRetrieverRun
    ) -> list[Document]:
        service = self._service()
        ids = base_ids(await service.acall("GET", "/api/bases"), self.bases)
        found = await service.acall("POST", "/api/search", self._body(query, ids))
        return [_document(passage) for passage in found["passages"]]

    def _service(self) -> Service:
        return Service(self.base_url, self.timeout_s, self.api_key.get_secret_value())

    def _body(self, query: str, ids: Sequence[str]) -> dict[str, Any]:
        return {"query": query, "base_ids": ids, "top_k": self.top_k}


def answer_line(
    base_url: str = DEFAULT_URL,
    *,
    bases: Sequence[str] = (),
    timeout_s: float = 120.0,
    api_key: str = "",
) -> Runnable[Asked, dict[str, Any]]:
    """A Runnable from a question to an answer with citations. Raises ZhiwenError.

    Input: the question, or `{"question": …}` with optional `bases` (names or ids, by default those
    given here) and the `conversation_id` of an earlier answer for a follow-up.
    Output: `answer`, as the model wrote it; `citations` and `checks`, the verdicts on its
    statements, as in `GET /api/messages/{id}`; `message_id`, to rate it; `conversation_id`.
    A stream yields `{"answer": …}` pieces and finally the other keys, so that the sum of all pieces
    is the output. To stream only the text: `answer_line().pick("answer").stream(…)`.
    """
    service = Service(base_url, timeout_s, api_key)

    def stream(inputs: Iterator[Asked]) -> Iterator[dict[str, Any]]:
        asked = _asked(reduce(add, inputs), bases)
        body = _chat(asked, base_ids(service.call("GET", "/api/bases"), asked["bases"]))
        for name, data in service.events("/api/chat", body):
            yield from _pieces(name, data)

    async def astream(inputs: AsyncIterator[Asked]) -> AsyncIterator[dict[str, Any]]:
        asked = _asked(reduce(add, [piece async for piece in inputs]), bases)
        body = _chat(asked, base_ids(await service.acall("GET", "/api/bases"), asked["bases"]))
        async for name, data in service.aevents("/api/chat", body):
            for piece in _pieces(name, data):
                yield piece

    return RunnableGenerator(stream, astream, name="zhiwen")


def _asked(asked: Asked, bases: Sequence[str]) -> dict[str, Any]:
    """The input as a dict. Raises ZhiwenError for unknown keys."""
    given = {"question": asked} if isinstance(asked, str) else dict(asked)
    unknown = given.keys() - {"question", "bases", "base_ids", "conversation_id"}
    if unknown or "question" not in given:
        raise ZhiwenError(f"`question` is needed, and unknown: {sorted(unknown)}", "invalid")
    wanted = given.get("bases") or given.get("base_ids") or bases
    return {**given, "bases": [wanted] if isinstance(wanted, str) else list(wanted)}


def _chat(asked: Mapping[str, Any], ids: Sequence[str]) -> dict[str, Any]:
    conversation_id = asked.get("conversation_id")
    return {
        "question": asked["question"],
        "base_ids": ids,
        "conversation_id": conversation_id,
    }


def _pieces(name: str, data: Any) -> Iterator[AddableDict]:
    if name == "delta":
        yield AddableDict(answer=data["text"])
    elif name == "done":
        message = data["message"]
        yield AddableDict(
            citations=message["citations"],
            checks=message["checks"],
            message_id=message["id"],
            conversation_id=message["conversation_id"],
        )


def _document(passage: Mapping[str, Any]) -> Document:
    keys = ("document_id", "page", "start", "end", "headings", "chunk_id", "score")
    metadata = {"document": passage["document_name"], **{key: passage[key] for key in keys}}
    return Document(page_content=passage["text"], metadata=metadata, id=str(passage["chunk_id"]))
