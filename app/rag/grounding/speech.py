"""What an answer says without stating anything from a source: greetings, lead-ins, questions."""

import re
from collections.abc import Sequence

from app.rag.grounding.facts.fact import Fact

_PHATIC = re.compile(
    r"^(?:您?好|你好|谢谢|感谢|不客气|抱歉|很抱歉|对不起|当然|好的|没问题|很?高兴|乐意|希望|祝|如果?[您你]?[还仍]?有.{0,6}(?:问题|疑问|需要)|如需"
    r"|欢迎|请(?:随时|告诉我)|以下(?:是|为)|下面(?:是|为)|如下|综上所述[，。]?$|总之[，。]?$|根据.{0,12}资料[，：:]?$"
    r"|hi\b|hello\b|hey\b|thanks?\b|thank you|you're welcome|sorry\b|sure[!,.]|of course\b"
    r"|certainly\b|great question|i hope|hope (?:this|that)|let me know|feel free|please let me"
    r"|if you (?:have|need) (?:any|more|further|other)|happy to help|here(?: is|'s| are)\b"
    r"|below (?:is|are)\b|the following (?:is|are|table|list|steps)\b|in (?:summary|short)[:,.]?$)",
    re.IGNORECASE,
)
# Saying that nothing was found is not a statement from the sources.
_REFUSAL = re.compile(
    r"(?:资料|来源|文档|文件|上下文|手册)[^。]{0,8}(?:没有|未|不包含|并无)[^。]{0,6}"
    r"(?:找到|提到|提及|提供|包含|相关|答案|说明|规定|给出|涉及)|(?:没有|未)找到"
    r"|(?:sources?|documents?|passages?|excerpts?|context)\b[^.]{0,30}"
    r"(?:(?:do|does|did)(?: not|n't) (?:contain|mention|say|provide|hold|state|specify|cover|give)"
    r"|(?:is|are) silent)"
    r"|no (?:information|mention) (?:about|on|of)",
    re.IGNORECASE,
)
_LEAD_IN = re.compile(r"[:：]\s*$|如下[。.]?$")
_QUESTION = re.compile(r"[?？]\s*[\"'”’」』）)]*$")
_REFERENCE = re.compile(
    r"^[\W_]*(?:(?:以上|上述|信息|内容|均|来自|摘自|出自|依据|详?见|参[见阅]|来源|资料|出处|参考(?:资料|文献)?|引用"
    r"|all|the|this|above|information|is|comes|taken|from|sources?|references?|see|also|cf)[\W_]*)+$",
    re.IGNORECASE,
)
_SYMBOL = re.compile(r"^(?:[\W_]*|n/?a|x|无|是|否|有|yes|no|none)$", re.IGNORECASE)


def refuses(text: str) -> bool:
    """Whether the words say that the sources do not have it."""
    return bool(_REFUSAL.search(text))


def states_nothing(text: str, facts: Sequence[Fact], documents: Sequence[str]) -> bool:
    """Whether a sentence, markers left out, needs no support. `documents` are names of files."""
    if _QUESTION.search(text) or refuses(text):
        return True
    bare = text
    for name in documents:
        bare = bare.replace(name, "").replace(name.rpartition(".")[0] or name, "")
    if _REFERENCE.match(bare) or _SYMBOL.match(bare.strip()):
        return True
    # "There are three steps:" counts what follows; "within 14 days:" states something.
    exact = [fact for fact in facts if fact.dimension or fact.kind in ("date", "time")]
    return not exact and bool(_LEAD_IN.search(text) or _PHATIC.match(text.strip("*_ ")))
