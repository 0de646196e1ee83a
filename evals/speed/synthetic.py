"""Generates meaningless Chinese and English texts with word frequencies by Zipf's law (1949)."""

import random
from dataclasses import dataclass
from itertools import accumulate

_VOCABULARY = 4000
_CHARACTERS = range(0x4E00, 0x4E00 + 1200)
_SYLLABLES = [c + v for c in "bdfgklmnprstvz" for v in ("a", "e", "i", "o", "u", "an", "er", "ol")]
PASSAGES_PER_FILE = 20
_SENTENCES = (4, 7)
_WORDS = (6, 14)
_QUESTION_WORDS = 5


@dataclass(frozen=True, slots=True)
class Corpus:
    """Markdown files by name, and questions made of words of one passage."""

    files: dict[str, bytes]
    questions: list[str]


def generate(
    passage_count: int,
    question_count: int,
    *,
    seed: int = 0,
    passages_per_file: int = PASSAGES_PER_FILE,
) -> Corpus:
    """A deterministic corpus. Every second passage is Chinese."""
    choose = random.Random(seed)
    chinese = _Language(_chinese_words(choose), "", "。", "？")
    english = _Language(_english_words(choose), " ", ". ", "?")
    passages: list[str] = []
    questions: list[str] = []
    asked = set(choose.sample(range(passage_count), question_count))
    for number in range(passage_count):
        language = (chinese, english)[number % 2]
        sentences = [language.words(choose) for _ in range(choose.randint(*_SENTENCES))]
        body = "".join(language.joiner.join(words) + language.stop for words in sentences)
        title = language.joiner.join(sentences[0][:3])
        passages.append(f"# {title}\n\n{body.strip()}\n")
        if number in asked:
            words = choose.choice(sentences)[:_QUESTION_WORDS]
            questions.append(language.joiner.join(words) + language.asks)
    files = {
        f"synthetic-{begin:05}.md": "\n".join(passages[begin : begin + passages_per_file]).encode()
        for begin in range(0, passage_count, passages_per_file)
    }
    return Corpus(files, questions)


class _Language:
    def __init__(self, vocabulary: list[str], joiner: str, stop: str, asks: str) -> None:
        self._vocabulary = vocabulary
        self._weights = list(accumulate(1 / rank for rank in range(1, len(vocabulary) + 1)))
        self.joiner, self.stop, self.asks = joiner, stop, asks

    def words(self, choose: random.Random) -> list[str]:
        count = choose.randint(*_WORDS)
        return choose.choices(self._vocabulary, cum_weights=self._weights, k=count)


def _chinese_words(choose: random.Random) -> list[str]:
    def word() -> str:
        length = choose.choices((1, 2, 3), (1, 6, 1))[0]
        return "".join(chr(choose.choice(_CHARACTERS)) for _ in range(length))

    return [word() for _ in range(_VOCABULARY)]


def _english_words(choose: random.Random) -> list[str]:
    return ["".join(choose.choices(_SYLLABLES, k=choose.randint(1, 4))) for _ in range(_VOCABULARY)]
