"""What an answer says without stating anything from a source: greetings, lead-ins, questions."""

import re
from collections.abc import Iterator, Sequence

from app.rag.grounding.facts.fact import facts_in

# What is said to the reader, one clause at a time.
_POLITE = (
    r"(?:您?好|你好|谢谢|感谢|不客气|很?抱歉|对不起|不好意思|没问题|当然|好的?|可以|是的|没错|明白了?)"
    r"(?:[您你]|大家|各位)?(?:的?[^，。]{0,6}(?:提问|询问|咨询|等待|理解|支持|关注|耐心|来信|告知))?[啊呀的了哦吧呢以]{0,2}"
    r"|(?:我)?(?:很高兴|乐意)(?:[能为帮回解认].*)?|(?:好的)?(?:让我|我[来将会可]|下面我).{0,4}(?:[您你]|回答|解答|说明|介绍|整理).*"
    r"|希望(?:这|以上|上述|我的|对|能|可以|您|你).*|祝(?:您|你|大家|好|一切|生活|工作|学习|愉快|顺利).*"
    r"|(?:以下|下面)[是为].*|如下(?:所示)?|(?:综上(?:所述)?|总之|总的来说)|根据.{0,12}资料.{0,6}|(?:详情|具体)?如上"
    r"|(?:hi|hello|hey)(?: there| everyone| all)?|great question"
    r"|(?:many )?thanks?(?: you)?(?: (?:again|so much|very much|a lot))?(?: for .*)?"
    r"|(?:i'm |i am )?(?:very |so )?sorry(?: (?:about|for) .*)?"
    r"|sure(?: thing)?|of course|certainly|absolutely|yes|no|okay|ok|got it|understood|no problem"
    r"|you're welcome"
    r"|(?:i )?hope (?:this|that|it|the) .*|(?:i'm |i am )?happy to .*"
    r"|(?:here|below)(?: is| are|'s|'re)\b.*|the following (?:is|are|table|list|steps)\b.*"
    r"|in (?:summary|short)|to sum up"
)
# A condition under which the reader is to ask, and what asks or sends him.
_IF_ASKED = (
    r"(?:如果?|若)[您你]?[还仍]?有.{0,6}(?:问题|疑问|需要|不清楚).*|如需(?:更多|进一步|其他|详细|了解|帮助).*"
    r"|if you (?:have|need) (?:any|more|further|other)\b.*"
)
_ASKS = (
    r"(?:欢迎|请)?(?:随时|继续|告诉我|您?再)(?:向我|和我|与我)?.*|欢迎(?:您|你|继续|随时|提问|咨询|联系).*"
    r"|(?:please |just )?(?:let me know|feel free|don't hesitate|do not hesitate)\b.*"
)
_SENDS = (
    r"(?:建议|请|可以?|[您你]可以?).{0,4}(?:咨询|联系|询问|查阅|参考|参阅|提问|告知|说明|查看|提供|补充|上传).*"
    r"|(?:please|you (?:can|may|could|should))\b.*"
    r"\b(?:contact|ask|consult|check|see|provide|upload)\b.*"
)
_PHATIC, _CLOSES, _AFTER = (
    re.compile(rf"[\W_]*(?:{words})[\W_]*", re.IGNORECASE)
    for words in (f"{_POLITE}|{_IF_ASKED}|{_ASKS}", _IF_ASKED, f"{_SENDS}|{_ASKS}")
)
# Saying that nothing was found is not a statement from the sources.
_REFUSAL = re.compile(
    r"(?:资料|来源|文档|文件|上下文|手册)[^。]{0,8}(?:没有|未|不包含|并无)[^。]{0,6}"
    r"(?:找到|提到|提及|提供|包含|相关|答案|说明|规定|给出|涉及)|(?:没有|未)找到"
    r"|(?:sources?|documents?|passages?|excerpts?|context)\b[^.]{0,30}"
    r"(?:(?:do|does|did)(?: not|n't) (?:contain|mention|say|provide|hold|state|specify|cover|give)"
    r"|(?:is|are) silent)"
    r"|no (?:information|mention) (?:about|on|of)"
    r"|我.{0,4}(?:无法|不能|没能|未能|没有办法).{0,12}(?:找到|回答|作答|确定|判断|得知|确认|提供|帮)"
    r"|\bI (?:cannot|(?:am|was) unable to|(?:can|could|did|do)(?: not|n't))\b.{0,40}"
    r"\b(?:find|answer|tell|determine|say|know|see|have|help)\b",
    re.IGNORECASE,
)
# The same without naming the sources, in a sentence that has named them.
_NOR = re.compile(
    r"(?:没有|未|并无|也无|不)(?:明确|具体|有|能)?"
    r"(?:找到|提到|提及|提供|包含|相关|答案|说明|规定|给出|涉及|任何|作答|回答|得知|确定)|无法|不能"
    r"|\b(?:nor|not|n't|cannot|unable|no)\b",
    re.IGNORECASE,
)
_BUT = re.compile(
    r"\W*(?:但是?|不过|然而|只是|仅|而(?!且)|but\b|however\b|though\b|only\b)", re.IGNORECASE
)
_PART = re.compile(r".*?(?:[，；。！？]+|[,;.!?](?!\S)|[:：](?=\D)|$)\s*", re.DOTALL)
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


def claims_of(text: str, documents: Sequence[str]) -> str:
    """What of a sentence, markers left out, needs support: without clauses that are only said to
    the reader or say that the sources lack something. `documents` are names of files."""
    bare = text
    for name in documents:
        bare = bare.replace(name, "").replace(name.rpartition(".")[0] or name, "")
    if _QUESTION.search(text) or _REFERENCE.match(bare) or _SYMBOL.match(bare.strip()):
        return ""
    if _LEAD_IN.search(text) and not _exact(text):
        return ""
    parts = [part[0] for part in _PART.finditer(text) if part[0]]
    kept = _not_refused(parts) if refuses(text) else parts
    closed = False
    claims = ""
    for part in kept:
        said = part.strip("*_ ")
        phatic = _PHATIC.fullmatch(said) or (closed and _AFTER.fullmatch(said))
        closed = closed or bool(_CLOSES.fullmatch(said))
        if not phatic or _exact(said):
            claims += part
    return claims


def _not_refused(parts: Sequence[str]) -> Iterator[str]:
    """Of a sentence that refuses, what it gives nonetheless: an amount or a day, or what follows
    a "but"."""
    for part in parts:
        denies = refuses(part) or _NOR.search(part) or _AFTER.fullmatch(_BUT.sub("", part, 1))
        if not denies and (_exact(part) or _BUT.match(part)):
            yield part


def _exact(text: str) -> bool:
    """ "There are three steps:" counts what follows; "within 14 days:" states something."""
    return any(fact.dimension or fact.kind in ("date", "time") for fact in facts_in(text))
