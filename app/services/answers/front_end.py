"""Tells the prompts that a chat front end sends for itself from the questions of its users.

After an answer, front ends ask the same model for a title of the conversation, tags, follow-up
questions or search queries. No document can answer that. The prompts differ by product, release and
language, and people edit them, so they are told by what they have in common:

- they are about a conversation: its turns stand in the prompt, marked by speaker, or before it;
- they ask for one small thing of it, named in the same sentence: a title, tags, a topic, …;
- they fix the form of the reply at least twice: JSON, a number of words, nothing else, no
  punctuation, a language.

A question taken for such a prompt would be answered without documents, so all three are needed.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

from app.llm.messages import Message

_SPEAKERS = (
    r"user|human|you|me|用户|使用者|人类|我",
    r"assistant|ai|bot|model|gpt|response|answer|助手|助理|机器人|模型|回答",
)
_TURNS = tuple(
    re.compile(
        rf"^[\W_]{{0,6}}(?:role\W{{1,5}})?(?:{names})\b\W{{0,3}}[:：\"']",
        re.IGNORECASE | re.MULTILINE,
    )
    for names in _SPEAKERS
)
_TAGGED = re.compile(r"<(?:chat_?history|conversation|messages|transcript)>", re.IGNORECASE)
_JSON = re.compile(r"\{\s*\"\w+\"\s*:")

_CONVERSATION = (
    r"conversation|chat\b|chat history|discussion|dialog(?:ue)?|thread|(?:first|following) message"
    r"|对话|会话|聊天|谈话|这[句段]话"
)
_PRODUCT = (
    r"titles?|tags?|topic|subject|summar(?:y|i[sz]e)|keywords?|emojis?|follow-?up|quer(?:y|ies)"
    r"|标题|题目|标签|主题|名称|名字|总结|概括|摘要|关键词|后续问题|追问"
)
# Up to the end of a sentence; the number of a list's item ends none.
_WITHIN = r"(?:(?![a-z)]\.\s|[。？！?!]|\n\s*\n).){0,120}?"
_ASKED = re.compile(
    rf"(?:{_CONVERSATION}){_WITHIN}(?:{_PRODUCT})|(?:{_PRODUCT}){_WITHIN}(?:{_CONVERSATION})"
    rf"|\bname (?:this|the|our) (?:{_CONVERSATION})|(?:{_CONVERSATION}) a name",
    re.IGNORECASE | re.DOTALL,
)
_COUNT = r"(?:\d+|one|two|three|four|five|six|seven|eight|ten)"
_COUNT_ZH = r"[\d一二两三四五六七八九十]+"
_FORMS = tuple(
    re.compile("|".join(form), re.IGNORECASE)
    for form in (
        # JSON
        (r"\bjson\b", _JSON.pattern),
        # so many words, characters, tags
        (
            rf"\b{_COUNT}(?:\s*(?:-|–|to|or)\s*{_COUNT})?[\s-]+(?:[a-z]+\s)?"
            r"(?:words?|characters?|tags?)\b",
            rf"{_COUNT_ZH}(?:\s*[-~–到至]\s*{_COUNT_ZH})?\s*个?(?:汉?字|词|单词|标签)",
        ),
        # and nothing else
        (
            r"\bonly\b|nothing else",
            r"(?:without|no|avoid) (?:any |additional |extra |other )*"
            r"(?:lead-?in|text|explanations?|comments?|prefix\w*)",
            r"只(?:输出|返回|回复|需|要)|仅(?:输出|返回|回复)|直接(?:返回|输出)",
            r"(?:不要|不需要|无需)[^。，,\n]{0,4}(?:解释|说明|多余)",
        ),
        # no punctuation, no quotation marks
        (
            r"\bpunctuation|\bquot(?:es|ation)|special (?:symbols|characters|formatting)",
            r"标点|引号|特殊(?:符号|字符)",
        ),
        # in a language
        (
            r"\b(?:same|detected|primary|user'?s?|chat'?s|given|output) [a-z ]{0,12}language",
            r"language\b.{0,40}(?:consistent|same|\bis\b)|\bin [A-Z][a-z]+ language",
            r"语种|输出语言|(?:使用|语言)[^。\n]{0,12}(?:语言|一致)",
        ),
    )
)
_LEAST_FORMS = 2
_LEAST_SYSTEM_FORMS = 3  # a person's standing instructions look much like it


def prompt_of_front_end(messages: Sequence[Message]) -> Message | None:
    """What the front end asks for itself, as one message of the user; None if a person asks.

    The instructions are in the last message, or in a system message before the only one.
    """
    last = messages[-1]
    spoken = [message for message in messages[:-1] if message.role != "system"]
    after_turns = _has_pair(spoken)
    if last.role == "user" and _is_own(last.content, after_turns=after_turns):
        return Message("user", last.content)
    if last.role == "system" and _is_own(last.content, after_turns=after_turns, least=1):
        return Message("user", last.content)  # no person asks by a system message
    system = "\n\n".join(message.content for message in messages[:-1] if message.role == "system")
    if last.role == "user" and not spoken and _asks_in_form(system, _LEAST_SYSTEM_FORMS):
        return Message("user", f"{system}\n\n{last.content}")
    return None


def _is_own(text: str, *, after_turns: bool, least: int = _LEAST_FORMS) -> bool:
    holds_turns = _holds_turns(text)
    if holds_turns and _JSON.search(text):
        return True
    return (holds_turns or after_turns or "```" in text) and _asks_in_form(text, least)


def _holds_turns(text: str) -> bool:
    return bool(_TAGGED.search(text)) or all(turn.search(text) for turn in _TURNS)


def _asks_in_form(text: str, least: int) -> bool:
    forms = sum(form.search(text) is not None for form in _FORMS)
    return forms >= least and _ASKED.search(text) is not None


def _has_pair(turns: Sequence[Message]) -> bool:
    return any((a.role, b.role) == ("user", "assistant") for a, b in pairwise(turns))
