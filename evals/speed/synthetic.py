"""Generates meaningless Chinese and English texts with word frequencies by Zipf's law (1949), and
vectors with the structure of embeddings."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from vectorstore.protocol import Vectors

_VOCABULARY = 4000
_CHARACTERS = range(0x4E00, 0x4E00 + 1200)
_SYLLABLES = [c + v for c in "bdfgklmnprstvz" for v in ("a", "e", "i", "o", "u", "an", "er", "ol")]
PASSAGES_PER_FILE = 20
_SENTENCES = (4, 7)
_WORDS = (6, 14)
_QUESTION_WORDS = 5
_PER_TOPIC = 100
_DECAY = 0.5  # the n-th direction has n^-0.5 of the first one's deviation
_TOPIC, _OWN = 0.7, 0.7
_ASKED = 0.5  # how far a question is from the passage that it is about
_ROWS_AT_ONCE = 50_000


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


class SyntheticVectors:
    """A deterministic corpus of `count` rows `(dim,)`, float32 and L2-normalised.

    Independent normal components would be the hardest case and say nothing: each vector is then
    equally far from every other. Embeddings of documents stand in topics, and most of their
    variance lies in some dozen directions.
    """

    def __init__(self, count: int, dim: int = 384, *, seed: int = 0) -> None:
        self.count = count
        self.dim = dim
        self._seed = seed
        choose = np.random.default_rng(seed)
        self._spread = (np.arange(1, dim + 1) ** -_DECAY).astype(np.float32)
        self._turned = np.linalg.qr(choose.normal(size=(dim, dim)))[0].astype(np.float32)
        self._topics = self._normal(choose, max(1, count // _PER_TOPIC))

    def batches(self) -> Iterator[tuple[int, Vectors]]:
        """The number of the first row, and rows `(n, dim)`."""
        for begin in range(0, self.count, _ROWS_AT_ONCE):
            choose = np.random.default_rng((self._seed, begin))
            rows = min(_ROWS_AT_ONCE, self.count - begin)
            topics = choose.integers(len(self._topics), size=rows)
            yield (
                begin,
                self._unit(_TOPIC * self._topics[topics] + _OWN * self._normal(choose, rows)),
            )

    def queries(self, count: int) -> Vectors:
        """Rows `(count, dim)`, each near a topic, none in the corpus."""
        choose = np.random.default_rng((self._seed, self.count, count))
        topics = choose.integers(len(self._topics), size=count)
        return self._unit(_TOPIC * self._topics[topics] + _ASKED * self._normal(choose, count))

    def _normal(self, choose: np.random.Generator, rows: int) -> Vectors:
        drawn = choose.standard_normal((rows, self.dim), dtype=np.float32)
        spread: Vectors = drawn * self._spread
        return spread

    def _unit(self, rows: Vectors) -> Vectors:
        turned = rows @ self._turned
        normed: Vectors = turned / np.linalg.norm(turned, axis=1, keepdims=True)
        return normed
