"""Does a question lean on the one before it?

One that stands alone is searched alone: along with an unrelated question before it, what that one
finds would count as an answer to this one. In doubt a question leans: what it finds by itself
counts all the same.
"""

import re

from app.rag.language import language_of

_SHORT_CHARACTERS = 5
_SHORT_WORDS = 3
_LEANS = {
    "zh": re.compile(
        # it begins without a subject, or with a word that points back
        r"^(?:那|这|它|他|她|其|该|此|还|另外|如果|为什么|怎么|如何|什么时候|多久|多少|几|要|需要|可以|能|会|有|是)"
        r"|[它他她]|这[个些种样项]|那[个些种样项]|上述|前者|后者|呢[？?！!。\s]*$"
    ),
    "en": re.compile(
        r"^(?:and|but|or|so|then|also|if|why|what about|how about)\b"
        r"|\b(?:it|its|they|them|their|that|this|these|those|one|ones|he|she|his|her)\b",
        re.IGNORECASE,
    ),
}


def leans(question: str) -> bool:
    """Whether the question may be understood only with the one before it."""
    text = question.strip()
    language = language_of(text)
    if language == "zh":
        short = len(text.rstrip("？?！!。 ")) <= _SHORT_CHARACTERS
    else:
        short = len(text.split()) <= _SHORT_WORDS
    return short or bool(_LEANS[language].search(text))
