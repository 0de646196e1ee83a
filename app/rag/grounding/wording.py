"""What a text is about, as a set of terms, so that texts can be compared."""

import re
import unicodedata
from functools import lru_cache

from app.rag.grounding.facts.numbers import numerals_as_digits
from ingest.terms import terms, without_asking

# Function words: no statement is about them.
_FUNCTION_CHARACTERS = re.compile(
    r"[每的了是在和与及也为于被将会都就其该此并或从对以之个把让但而且则所着吗呢吧请您你我他她它们这那]"
    r"|例如|比如|达到|分别|其中|此外|同时|首先|其次|最后|另外|总之|因此|因为|所以|如果|若是|可以|能够|应当|应该|需要|必须|需|须|应|进行|根据|按照|通过|关于|以及|等"
)
_FUNCTION_WORDS = frozenset(
    re.findall(
        r"[^ \n]+",
        """a an the and or but nor so yet for of in on at to from by with without within as into
        onto
        about than that this these those there here it its they them their he she his her we our you
        your i is are was were be been being am do does did done has have had having will would
        shall should can could may might must not no if then else when while where which who whom
        whose what how all any each every both some such only also just too very more most other own
        same per via according please therefore thus hence comes come total example eg ie
        reached amounted respectively however
        additionally furthermore moreover finally firstly secondly also""",
    )
)
_IRREGULAR = dict(
    pair.split(":")
    for pair in re.findall(
        r"[^ \n]+",
        """taken:take took:take written:write wrote:write held:hold kept:keep paid:pay made:make
        given:give gave:give sold:sell built:build led:lead left:leave lost:lose found:find
        bought:buy brought:bring sent:send spent:spend met:meet meeting:meet began:begin begun:begin
        went:go gone:go ran:run rose:rise risen:rise fell:fall fallen:fall grew:grow grown:grow
        taught:teach chosen:choose chose:choose driven:drive drove:drive broken:break broke:break
        worn:wear shown:show known:know seen:see saw:see drawn:draw cut:cut came:come became:become
        got:get stood:stand sale:sell sales:sell payment:pay children:child people:person men:man
        women:woman""",
    )
)


@lru_cache(maxsize=8192)  # the same sources are compared again and again
def topic_terms(text: str) -> frozenset[str]:
    """Stems of words, Chinese characters and pairs of them; no function words, no numbers."""
    return frozenset(
        _stem(term) if term.isascii() else term
        for term in terms(_FUNCTION_CHARACTERS.sub(" ", text))
        if not (term.isascii() and len(term) == 1)
        and not term[0].isdigit()
        and term not in _FUNCTION_WORDS
    )


def asked_terms(question: str) -> frozenset[str]:
    """What a question is about, without what only asks; of Chinese the pairs of characters."""
    found = topic_terms(without_asking(question))
    return frozenset(term for term in found if len(term) > 1) or found or topic_terms(question)


def content_terms(text: str) -> frozenset[str]:
    """Words, numbers and pairs of Chinese characters; single characters where that is all."""
    found = terms(text)
    strong = {term for term in found if len(term) > 1 or term.isdigit()}
    return frozenset(strong or found)


def source_terms(text: str) -> frozenset[str]:
    """A source that says 三年 holds the 3 of "3 years" too."""
    return content_terms(text) | content_terms(numerals_as_digits(text))


@lru_cache(maxsize=20_000)
def _stem(word: str) -> str:
    return terms(_IRREGULAR.get(word, word))[-1]


def plain(text: str) -> str:
    """In one form: half width, lower case, single spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
