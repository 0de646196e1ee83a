"""Greetings, thanks and goodbyes: a short reply, without looking anything up.

A closed grammar: a message counts only if nothing else is in it, so that 你好，年假有几天？
remains a question.
"""

import re
import unicodedata
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Literal

from app.rag.clock import Clock
from app.rag.events import AnswerEvent, Question, TextDelta
from app.rag.language import Language, language_of
from app.rag.types import Answer

Kind = Literal["hello", "thanks", "goodbye", "agreed"]

_NO_LETTER = re.compile(r"[^\w']+|_+")
_ZH: Mapping[Kind, str] = {
    "hello": r"(?:你|您|大家)好(?:[呀啊哇]|吗)?|(?:早上|上午|中午|下午|晚上)好|早安?"
    r"|哈[喽啰罗]|嗨|喂|在(?:吗|不在|么)",
    "thanks": r"(?:非常|太|十分|万分|真是太|多|很)?感?谢谢?(?:你|您|啦|了|大家)?(?:们)?"
    r"(?:的(?:帮助|帮忙|解答|回答))?"
    r"|(?:辛苦|麻烦|有劳)(?:你|您)?了?",
    "goodbye": r"再见|拜拜|晚安|回头见|下次见|先这样",
    "agreed": r"好[的嘞吧]?|行|可以了|明白了?|知道了|了解了?|收到|懂了|没(?:事|问题)了?|不用了",
}
_EN: Mapping[Kind, str] = {
    "hello": r"(?:hi+|hello+|hey+|hiya|howdy|greetings)(?: (?:there|again|all|everyone|everybody))?"
    r"|good (?:morning|afternoon|evening|day)|how are you(?: doing)?(?: today)?|how's it going"
    r"|are you there|nice to meet you",
    "thanks": r"(?:many |a thousand )?(?:thanks|thank (?:you|u)|thankyou|thx|ty|cheers)"
    r"(?: (?:so|very|ever so) much| a (?:lot|million|bunch|ton)| again| all| indeed)*"
    r"(?: for (?:your|the|all (?:your|the)) (?:help|answers?|time|explanation))?"
    r"|much appreciated|i appreciate it|you've been (?:very |really |so )?helpful",
    "goodbye": r"(?:good ?)?bye(?: bye)?(?: for now)?|good night"
    r"|see (?:you|ya)(?: later| soon| tomorrow)?"
    r"|have a (?:nice|good|great|lovely) (?:day|evening|weekend|one)(?: too)?",
    "agreed": r"ok(?:ay)?|all right|alright|great|perfect|cool|got it|i see|understood|sounds good"
    r"|that'?s (?:all|it|great|perfect|helpful)|no problem|wonderful|excellent|awesome",
}
_NAME = r"知问|zhiwen"
_ORDER: tuple[Kind, ...] = ("thanks", "goodbye", "hello", "agreed")  # what is replied to first

_REPLIES: Mapping[Kind, Mapping[Language, str]] = {
    "hello": {
        "zh": "你好！想了解所选知识库里的什么内容？直接提问就可以。",
        "en": "Hello! What would you like to know from the selected knowledge bases?",
    },
    "thanks": {
        "zh": "不客气！还有别的问题，随时问我。",
        "en": "You're welcome! Ask me whenever you have another question.",
    },
    "goodbye": {"zh": "再见！需要时随时来问。", "en": "Goodbye! Come back whenever you need me."},
    "agreed": {
        "zh": "好的。还有别的问题，随时问我。",
        "en": "Good. Ask me whenever you have another question.",
    },
}


def _grammar(kinds: Mapping[Kind, str], between: str) -> re.Pattern[str]:
    one = "|".join(f"(?P<{kind}>{words})" for kind, words in kinds.items())
    tail = "[啊呀哦喔啦哈呢哟嘛哇]*"
    return re.compile(rf"(?:{one}|{_NAME}){tail}{between}")


_PARTS = _grammar(_ZH, ""), _grammar(_EN, r"(?: |$|(?=[\u3400-\u9fff]))")


def greeting_in(text: str) -> Kind | None:
    """What the whole text is, if it is nothing but a greeting; marks and emoji do not count."""
    plain = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    left = " ".join(_NO_LETTER.sub(" ", plain).split())
    found: set[str] = set()
    while left:
        parts = [part for grammar in _PARTS if (part := grammar.match(left)) and part.end()]
        if not parts:
            return None
        longest = max(parts, key=lambda part: part.end())
        found |= {name for name, said in longest.groupdict().items() if said}
        left = left[longest.end() :].strip()
    return next((kind for kind in _ORDER if kind in found), None)


@dataclass(frozen=True, slots=True)
class Greeting:
    async def stream(self, question: Question) -> AsyncGenerator[AnswerEvent, None]:
        """The reply, in the language of the question, which must be a greeting."""
        clock = Clock()
        text = _REPLIES[greeting_in(question.text) or "hello"][language_of(question.text)]
        yield TextDelta(text, "")
        yield said_by_us(text, "greeting", clock)


def said_by_us(text: str, finish_reason: Literal["greeting", "listed"], clock: Clock) -> Answer:
    """An answer that no model wrote and no document supports."""
    clock.lap("total")
    return Answer(text, (), (), "", finish_reason, timings_ms=clock.timings_ms)
