"""Whether a clause affirms or denies what it speaks of.

A word that denies reaches some words; what is denied in one clause and affirmed in the other sets
them against each other. 不超过 and "at most" bound a number and deny nothing. Opposites, such as
before and after, do the same.
"""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from functools import reduce

from app.rag.grounding.sentences import split_clauses
from app.rag.grounding.wording import topic_terms

# The character or word is there, and denies nothing.
_NO_DENIAL = re.compile(
    r"不(?:同|仅|但|断|久|少于|管|论|如|妨|锈|动产|良|可抗力|定期|限|止|只|时|过|超过|多于|高于|大于|低于|小于|足|满"
    r"|到(?=\s*[\d一二三四五六七八九十两])"
    r"|得超过|得多于|得高于|得少于|得低于|能超过|能少于|应超过|应少于|应低于|迟于|晚于|早于|得晚于|得迟于|得早于)"
    r"|无(?:论|线|人机|形|菌)|非(?:常)|未(?:来|成年|婚)|没(?:收|事)|别(?:墅|名|人|的)|[分特级类性区个]别"
    r"|\bnot? (?:only|(?:more|less|fewer|later|earlier|longer) than|(?:to )?exceed\w*)\b|\bno\. ?\d"
    r"|\bcannot exceed\b|n't exceed\b"
)
# What follows the word is denied, up to some words; or else what precedes it.
_DENIES_NEXT = re.compile(
    r"(?:(?:不|没有?|未|无[需须法权]|禁止|严禁|禁|勿|切忌|莫|别|免(?!费)|拒绝)(?=(?P<zh>[\u3400-\u9fff]{1,5}))"
    r"|无(?=(?P<zh1>[\u3400-\u9fff])))"
    r"|(?:\b(?:not|no|never|cannot|without|neither|nor|unable to|forbid\w*|prohibit\w*|lacks?"
    r"|except|exempt\w* from|refus\w+ to)\b|n't\b)(?=(?P<en>(?:\W+[\w'-]+){1,6}))"
)
_DENIES_BEFORE = re.compile(
    r"(?P<zh>[\u3400-\u9fff]+)(?:除外|无效|作废)|(?P<en>.*?)\b(?:(?:is|are|was|were|be|been)\s+(?:also\s+)?"
    r"(?:forbidden|prohibited|rejected|excluded|banned|refused|unavailable|invalid|ineligible|exempt))\b"
)
_ORDERS = re.compile(r"\b(?:not|n't|never)\b.*\b(?:before|until|unless)\b|(?:不|勿|禁).*(?<!提)前")
_EXCEPTION = re.compile(
    r"(?:未经|未获|除非)([^，。；]+)|除(?!非)([^，。；]{1,40}?)之?外|但?([^，。；]{1,40}?)的?除外"
    r"|\b(?:unless|without|except)\b([^,.;]+)"
)
# Words and their opposites.
_OPPOSITES = tuple(
    (re.compile(one), re.compile(other))
    for one, other in (
        (
            r"增加|增长|上升|上涨|提高|升高|\b(?:increas\w+|rise[sn]?|rose|grew|grow\w*)",
            r"减少|下降|下跌|降低|下滑|持平|不变|\b(?:decreas\w+|f[ae]ll\w*|declin\w+|drop\w*|unchanged)",
        ),
        (
            r"打开|开启|启用|\b(?:open\w*|switch(?:ed)? on|enabl\w+)",
            r"关闭|关上|停用|\b(?:clos\w+|switch(?:ed)? off|disabl\w+)",
        ),
        (
            r"最[高多大长]|\b(?:maximum|highest|most)\b",
            r"最[低少小短]|\b(?:minimum|lowest|least)\b",
        ),
        (r"带薪", r"无薪|停薪"),
        (r"有效", r"失效|作废"),
        (r"批准|通过|同意|\b(?:approv|adopt|accept)\w+", r"驳回|否决|拒绝|\b(?:reject|refus)\w+"),
        (r"包括|包含|\binclud\w+", r"不含|除外|\bexclud\w+"),
    )
)
# Parties to a contract, a suit or a letter, one beside the other.
_ROLES = tuple(
    (re.compile(one), re.compile(other))
    for one, other in (
        (r"甲方|\bparty a\b", r"乙方|\bparty b\b"),
        (
            r"买方|买家|买受人|采购方|需方|\b(?:buyer|purchaser)s?\b",
            r"卖方|卖家|出卖人|销售方|供方|\b(?:seller|vendor)s?\b",
        ),
        (
            r"出租[人方]|房东|\b(?:lessor|landlord)s?\b",
            r"承租[人方]|租客|房客|\b(?:lessee|tenant)s?\b",
        ),
        (r"原告|\b(?:plaintiff|claimant)s?\b", r"被告|\b(?:defendant|respondent)s?\b"),
        (r"用人单位|雇主|\bemployers?\b", r"劳动者|雇员|\bemployees?\b"),
        (r"委托[人方]|\bprincipals?\b", r"受托[人方]|\bagents?\b"),
        (r"发包[人方]|定作[人方]", r"承包[人方]|承揽[人方]"),
        (r"出借[人方]|贷款人|\blenders?\b", r"借款[人方]|\bborrowers?\b"),
        (r"债权人|\bcreditors?\b", r"债务人|\bdebtors?\b"),
        (r"(?<!受)转让[人方]|出让[人方]|\bassignors?\b", r"受让[人方]|\bassignees?\b"),
        (r"(?<!被)许可[人方]|\blicensors?\b", r"被许可[人方]|\blicensees?\b"),
        (r"投保人|\bpolicyholders?\b", r"保险人|\binsurers?\b"),
        (r"(?<!被)(?:申请|上诉)人|\bappellants?\b", r"被(?:申请|上诉)人|\bappellees?\b"),
        (r"付款[人方]|\bpayers?\b", r"收款[人方]|\bpayees?\b"),
        (r"[寄发]件人|\bsenders?\b", r"收件人|\b(?:recipient|addressee)s?\b"),
    )
)
_ONE, _OTHER = "\ue000\ue000", "\ue001\ue001"  # stand for two such parties
_EXCHANGED = str.maketrans("\ue000\ue001", "\ue001\ue000")
_LIKE = 0.6  # similarity of two clauses, so that a party stands in the other's place
# Says the same from the other's side, or of both alike.
_TURNED = re.compile(r"被(?!告|申请|上诉|许可)|从|收[到取]|\b(?:by|from)\b")
_TOGETHER = re.compile("[\ue000\ue001](?:[和与及或、]| (?:and|or) (?:the )?)[\ue000\ue001]")

# "Register, then enter" is "enter after registering" and "register before entering": which one is
# meant shows in the order of the words, which translations change.
_ORDER = (
    re.compile(r"之?前(?![往提台面])|\b(?:before|prior to)\b"),
    re.compile(r"之?后(?![续台面])|\bafter\b"),
)


def opposed(clause: str, other: str) -> bool:
    """Whether two clauses on the same matter, in lower case, cannot both be right."""
    mine, theirs = denied(clause), denied(other)
    shared = topic_terms(clause) & topic_terms(other)
    if _exchanged(clause, other):
        return True
    if mine and theirs:
        # One denial more: 未休完的不能顺延, where 未休完的可顺延.
        odd = (len(_scopes(clause)) - len(_scopes(other))) % 2
        within = mine & shared <= theirs or theirs & shared <= mine
        return bool(odd and within and shared & (mine ^ theirs))
    return bool(shared & (mine ^ theirs)) or _opposites(clause, other, (*_OPPOSITES, _ORDER))


def exceptions_in(sentence: str) -> list[str]:
    """What a denial does not hold for: 甲方同意 of 未经甲方同意不得转让."""
    return [next(filter(None, found.groups())) for found in _EXCEPTION.finditer(sentence)]


def opposed_across(sentence: str, other: str) -> bool:
    """The same of two sentences in two languages, of one meaning but for that: where only some
    clauses of a sentence deny, it is open which ones are meant."""
    mine, theirs = ([bool(denied(c)) for c in split_clauses(text)] for text in (sentence, other))
    denies = (any(mine) and not any(theirs)) or (all(theirs) and not any(mine))
    return denies or _opposites(sentence, other, (*_OPPOSITES, *_ROLES))


def _exchanged(clause: str, other: str) -> bool:
    """Whether a party has the other's place: with both exchanged, one clause is more like the
    other than as it stands."""
    for one, contrary in _ROLES:
        mine, theirs = (contrary.sub(_OTHER, one.sub(_ONE, text)) for text in (clause, other))
        named, others = ({c for c in text if c in _ONE + _OTHER} for text in (mine, theirs))
        if not named or len(named) != len(others):
            continue
        turned = bool(_TURNED.search(clause)) != bool(_TURNED.search(other))
        if len(named) > 1 and (turned or _TOGETHER.search(mine) or _TOGETHER.search(theirs)):
            continue
        exchanged = _likeness(mine.translate(_EXCHANGED), theirs)
        if exchanged >= _LIKE and exchanged > _likeness(mine, theirs):
            return True
    return False


def _likeness(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other, autojunk=False).ratio()


def _opposites(
    clause: str, other: str, pairs: Sequence[tuple[re.Pattern[str], re.Pattern[str]]]
) -> bool:
    return any(
        (_only(one, contrary, clause) and _only(contrary, one, other))
        or (_only(contrary, one, clause) and _only(one, contrary, other))
        for one, contrary in pairs
    )


def denied(clause: str) -> frozenset[str]:
    """Terms that the clause denies. "Not before" orders two things and denies neither."""
    # What is denied twice is affirmed.
    return reduce(frozenset.symmetric_difference, _scopes(clause), frozenset[str]())


def _scopes(clause: str) -> list[frozenset[str]]:
    """Of each word that denies, what it reaches."""
    if _ORDERS.search(clause):
        return []
    plain = _NO_DENIAL.sub(" ", clause)
    whole = topic_terms(clause)
    return [
        topic_terms(next(filter(None, found.groups()))) or whole  # "not 10 %" denies all of it
        for pattern in (_DENIES_NEXT, _DENIES_BEFORE)
        for found in pattern.finditer(plain)
    ]


def _only(one: re.Pattern[str], other: re.Pattern[str], clause: str) -> bool:
    return bool(one.search(clause)) and not other.search(clause)
