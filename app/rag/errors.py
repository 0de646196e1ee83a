"""Errors of retrieval and answering.

RagError
├── QuestionTooLong   question and instructions alone exceed the prompt budget
├── NothingToRead     the document to be summarised has no text any more
└── RerankerUnusable  the configured reranker cannot be loaded
"""


class RagError(Exception):
    """Base of all errors of this package."""


class QuestionTooLong(RagError):
    """Question and instructions alone exceed the prompt budget."""

    code = "question_too_long"

    def __init__(self, tokens: int, max_prompt_tokens: int) -> None:
        super().__init__(
            f"The question takes {tokens} tokens with its instructions; "
            f"the prompt may have {max_prompt_tokens}. Shorten the question."
        )
        self.facts = {"tokens": tokens, "max_tokens": max_prompt_tokens}


class NothingToRead(RagError):
    """The document to be summarised has no text, or is gone."""

    code = "document_gone"


class RerankerUnusable(RagError):
    """The configured reranker cannot be loaded."""
