"""The tools a model may call. Failures are returned to the model as text, never raised.

`search_knowledge` and `open_document` return numbered sources, which are cited as usual. Documents
are opened by the number of a source, so that the model can only reach documents in the selected
bases.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from app.llm.messages import ToolCall
from app.rag.answer import Retrieve
from app.rag.events import Question
from app.rag.language import language_of
from app.rag.prompting.prompt import source_text
from app.rag.retrieval.pack import widen
from app.rag.retrieval.retrieve import ChunksOf
from app.rag.types import Passage
from app.tasks.calculator import CalculationError, calculate

TOP_K = 3
_AROUND = 3  # chunks to open before and after


def _tool(name: str, what: str, argument: str, kind: str, meaning: str) -> dict[str, Any]:
    parameters = {
        "type": "object",
        "properties": {argument: {"type": kind, "description": meaning}},
        "required": [argument],
    }
    function = {"name": name, "description": what, "parameters": parameters}
    return {"type": "function", "function": function}


TOOLS = (
    _tool(
        "search_knowledge",
        "Find passages in the user's documents.",
        "query",
        "string",
        "What is looked for, in the language of the documents",
    ),
    _tool(
        "open_document",
        "Read the text before and after a source that was found.",
        "source",
        "integer",
        "The number of the source",
    ),
    _tool(
        "calculator",
        "Evaluate an arithmetic expression.",
        "expression",
        "string",
        "For example (1200 + 350) * 0.06",
    ),
)


class ToolError(Exception):
    """A tool call failed. The message is for the model."""


@dataclass(slots=True)
class Toolbox:
    """Tools of one answer. `sources[n - 1]` is source number n."""

    retriever: Retrieve
    chunks: ChunksOf
    question: Question
    sources: list[Passage] = field(default_factory=list)

    def run(self, call: ToolCall, max_chars: int) -> str:
        """The result of any call as text of about `max_chars` at most. Blocks."""
        try:
            return self._run(call, max_chars)
        except (ToolError, CalculationError) as error:
            return f"Error: {error}"

    def _run(self, call: ToolCall, max_chars: int) -> str:
        try:
            arguments = json.loads(call.arguments or "{}")
        except ValueError as error:
            raise ToolError(f"the arguments are not JSON: {error}") from error
        match call.name, arguments:
            case "search_knowledge", {"query": str(query)} if query.strip():
                found = self.retriever.retrieve(query, self.question.scope, TOP_K).passages
                return self._numbered(found, max_chars) or "Nothing was found."
            case "open_document", {"source": int(number)}:
                return self._numbered([self._around(number)], max_chars)
            case "calculator", {"expression": str(expression)}:
                return calculate(expression)
        known = ", ".join(tool["function"]["name"] for tool in TOOLS)
        raise ToolError(f"no tool {call.name!r} takes these arguments; there are: {known}")

    def _around(self, number: int) -> Passage:
        if not 1 <= number <= len(self.sources):
            raise ToolError(f"there is no source {number}; {len(self.sources)} were found so far")
        source = self.sources[number - 1]
        near = [
            chunk
            for chunk in self.chunks(source.document_id)
            if abs(chunk.ordinal - source.ordinal) <= _AROUND
        ]
        if not near:
            raise ToolError("the document was deleted")
        return widen(near, {}, len(near))[0]

    def _numbered(self, passages: Sequence[Passage], max_chars: int) -> str:
        """The sources that fit, with their numbers; at least one, shortened if necessary."""
        said, language = "", language_of(self.question.text)
        for passage in passages:
            shorter = replace(passage, text=passage.text[:max_chars])
            block = source_text(len(self.sources) + 1, shorter, language)
            if said and len(said) + len(block) > max_chars:
                break
            self.sources.append(passage)
            said += block
        return said
