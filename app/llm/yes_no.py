"""What a served model answers to a question of yes or no, as a probability."""

from app.llm.chat_model import ChatModel, Messages

_YES = frozenset({"yes", "y", "true", "是", "是的", "有", "能", "对"})
_NO = frozenset({"no", "n", "false", "not", "否", "不", "没", "没有", "无", "不是", "不能"})


async def yes_probability(model: ChatModel, messages: Messages) -> float | None:
    """Of yes against no, 0 to 1, read off the first token; None where it is neither.

    Raises LlmError.
    """
    tokens = await model.first_tokens(messages)
    said = [(token.strip(" \n.。,，").casefold(), share) for token, share in tokens.items()]
    yes = sum(share for token, share in said if token in _YES)
    no = sum(share for token, share in said if token in _NO)
    return yes / (yes + no) if yes + no > 0 else None
