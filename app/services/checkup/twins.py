"""Documents with the same text: by what it says, and nearly, by vectors and then by shared words.

The mean vectors of two documents say which pairs are worth a look; how much of their text they
share decides. Near vectors alone would call two contracts of one template the same.
"""

import hashlib
import unicodedata
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.services.checkup.finding import Pairs

NEAR_FROM = 0.8  # share of their 8-character pieces that two texts have in common (Jaccard)
RELATED_FROM = 0.4  # of versions that only a date in the name tells apart
_PIECE = 8  # characters
_SKETCH = 256  # smallest hashes kept: an error of ±0.03 or so
_NEAREST = 5  # documents that each one is compared with
_LEAST_CHARS = 40
_PRIME = np.uint64(0x9E3779B97F4A7C15)

Sketch = NDArray[np.uint32]


_MARKUP = str.maketrans("", "", "#*`~|")


def bare(text: str) -> str:
    """Without white space, width, case and Markdown's marks."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().translate(_MARKUP).split())


def digest(bared: str) -> bytes:
    return hashlib.sha256(bared.encode("utf-8", "replace")).digest()


def sketch(bared: str) -> Sketch:
    """The smallest hashes of its pieces, ascending: a sample that is the same for the same text.

    Broder, On the resemblance and containment of documents, 1997.
    """
    codes = np.frombuffer(bared.encode("utf-32-le", "replace"), "<u4").astype(np.uint64)
    count = max(0, len(codes) - _PIECE + 1)
    hashes = np.zeros(count, np.uint64)
    for place in range(_PIECE):  # of all pieces at once, modulo 2^64
        hashes = (hashes ^ codes[place : place + count]) * _PRIME
    hashes = (hashes ^ (hashes >> np.uint64(29))) * _PRIME
    return np.unique((hashes >> np.uint64(32)).astype(np.uint32))[:_SKETCH]


def resemblance(one: Sketch, other: Sketch) -> float:
    """Jaccard similarity of the two texts' pieces, estimated: 0 to 1."""
    if not len(one) or not len(other):
        return 0.0
    smallest = np.union1d(one, other)[:_SKETCH]
    return float(np.isin(smallest, np.intersect1d(one, other)).mean())


def same_texts(digests: Sequence[bytes], lengths: Sequence[int]) -> Pairs:
    """Each further document with the first of the same text."""
    groups: dict[bytes, list[int]] = defaultdict(list)
    for place, (each, length) in enumerate(zip(digests, lengths, strict=True)):
        if length >= _LEAST_CHARS:
            groups[each].append(place)
    return [(later, places[0]) for places in groups.values() for later in places[1:]]


def near_texts(
    means: NDArray[np.float32], sketches: Sequence[Sketch], lengths: Sequence[int]
) -> list[tuple[int, int, float]]:
    """Pairs of almost the same text, the shorter one first, with their resemblance.

    `means`: mean vectors `(documents, dim)`, L2-normalised; zero rows where there are none.
    """
    found: dict[tuple[int, int], float] = {}
    nearest = min(_NEAREST, len(means))
    for place, mean in enumerate(means):
        cosines = means @ mean
        cosines[place] = -1.0
        for other in np.argpartition(-cosines, nearest - 1)[:nearest]:
            one, two = sorted((place, int(other)), key=lambda at: (lengths[at], at))
            if cosines[other] <= 0 or (one, two) in found or lengths[one] < _LEAST_CHARS:
                continue
            found[one, two] = resemblance(sketches[one], sketches[two])
    return [(one, two, share) for (one, two), share in found.items() if share >= NEAR_FROM]
