"""Why answers are left out of a data set, in words; the interface has them in Chinese too."""

from app.tuning import dataset
from app.tuning.types import Exclusion

_WORDS = {
    dataset.OTHER_STYLE: "Its prompt has another style than this model's.",
    dataset.NEAR_DUPLICATE: "An earlier row says nearly the same.",
    dataset.LIKE_HELD_OUT: "It asks nearly what a held-out question asks.",
    dataset.SYNTHETIC_HELD_OUT: "It was made by a model, from a document that is held out.",
    dataset.NO_OTHER_SOURCE: "A refusal was not made from it: the prompt has no other source.",
}


def reason(code: str) -> str:
    """What the code means; the code itself where it is unknown."""
    if code in _WORDS:
        return _WORDS[code]
    return Exclusion(code).words if code in set(Exclusion) else code
